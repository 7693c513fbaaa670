"""Papers and records that a build has to come back to, on disk: in memory stay their keys."""

import json
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Generic, Self, TypeVar

from kg.assemble import versions_of
from kg.assemble.rows import Rows
from kg.assemble.versions import paper_of, values_of
from kg.model import Extraction, Paper
from kg.record import from_json, to_json
from kg.update.likeness import Facts, facts_of

_MEMORY = 32 * 2**20

T = TypeVar("T")


class Shelf(MutableMapping[str, T], Generic[T]):
    """A dict whose values are on disk, where they are many."""

    def __init__(self, write: Callable[[T], bytes], read: Callable[[bytes], T], *, folder: Path | None = None) -> None:
        """Make an empty one; `kg.assemble.rows` says where the values go."""
        self._write = write
        self._read = read
        self._rows = Rows({"shelf": "(place INTEGER PRIMARY KEY, value BLOB)"}, folder=folder, memory=_MEMORY)
        self._places: dict[str, int] = {}
        self._next = 0

    def __setitem__(self, key: str, value: T) -> None:
        self.put(key, self._write(value))

    def put(self, key: str, written: bytes) -> None:
        """Set a value that is written already, as it is on disk."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._next
            self._next += 1
        self._rows.add("shelf", (place, written))

    def written(self, key: str) -> bytes:
        """Give a value as it is on disk."""
        for (value,) in self._rows.select("SELECT value FROM shelf WHERE place = ?", (self._places[key],)):
            return bytes(value)
        raise KeyError(key)

    def __getitem__(self, key: str) -> T:
        return self._read(self.written(key))

    def __delitem__(self, key: str) -> None:
        # What it takes on disk is given back with the rest.
        del self._places[key]

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Forget everything."""
        self._places.clear()
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def paper_shelf(folder: Path | None = None) -> Shelf[Paper]:
    """Make a shelf for papers."""

    def write(paper: Paper) -> bytes:
        return json.dumps([paper.id, *values_of(paper)]).encode()

    def read(value: bytes) -> Paper:
        key, *values = json.loads(value)
        return paper_of(key, values)

    return Shelf(write, read, folder=folder)


def record_shelf(folder: Path | None = None) -> Shelf[Extraction]:
    """Make a shelf for extraction records, which are as lines of a part."""
    return Shelf(lambda extraction: to_json(extraction).encode(), from_json, folder=folder)


class Versions:
    """The versions of papers by key, each with every place that it was read from.

    What identity goes by is in memory (``facts``), the texts are on a shelf.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Make an empty one."""
        self.facts: dict[str, Facts] = {}
        self._papers = paper_shelf(folder)

    def add(self, version: Paper) -> None:
        """Add a version; where it is known already, the places that it was read from."""
        facts = facts_of(version)
        known = self.facts.get(facts.key)
        if known is not None:
            sources = everywhere(version.sources, known.sources)
            if sources == known.sources:
                return
            version = replace(version, sources=sources)
            facts = facts._replace(sources=sources)
        self.facts[facts.key] = facts
        self._papers[facts.key] = version

    def places(self, key: str) -> tuple[str, ...] | None:
        """Give where a version was read from, or None for one that is not known."""
        known = self.facts.get(key)
        return known.sources if known else None

    def __getitem__(self, key: str) -> Paper:
        return self._papers[key]

    def __contains__(self, key: object) -> bool:
        return key in self.facts

    def __len__(self) -> int:
        return len(self.facts)

    def close(self) -> None:
        """Forget everything."""
        self.facts.clear()
        self._papers.close()


def everywhere(sources: tuple[str, ...], others: tuple[str, ...] | None) -> tuple[str, ...]:
    """Give the places of a version together with those of another copy of it."""
    if others is None or others == sources:
        return sources
    return tuple(sorted({*sources, *others}))


def read_versions(
    papers: Iterable[Paper], told: Callable[[int], None] | None = None, *, folder: Path | None = None
) -> Versions:
    """Read the versions of papers; where there are many, their texts go to ``folder``."""
    versions = Versions(folder)
    for number, paper in enumerate(papers, 1):
        if told:
            told(number)
        for version in versions_of(paper):
            versions.add(version)
    return versions
