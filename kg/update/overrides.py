"""Read ``overrides.toml`` of a graph folder: papers that the user says are one, or are not.

::

    [[split]]
    papers = ["arxiv:2101.00001", "doi:10.1109/cvpr.2021.00001"]
    reason = "the journal paper is another study"

    [[merge]]
    papers = ["notes.md:12", "openreview:rJXMpikCZ"]

A paper is named by an identifier, by the id of its record, or by the place it was read from. What the names mean is
found among the versions of a graph; a name that is none of them is told in a warning and has no effect.

What the file says of entities is for ``kg.update.corrections``.
"""

import logging
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

from kg.errors import GraphError
from kg.read.identifiers import identifiers

FILE = "overrides.toml"

log = logging.getLogger(__name__)


class Version(Protocol):
    """What of a version the names in the file may mean."""

    @property
    def id(self) -> str:
        """The id of the record."""

    @property
    def ids(self) -> tuple[str, ...]:
        """What others call it."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it was read."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user says of identity: names of papers that are kept apart, and of papers that are one."""

    splits: tuple[tuple[str, ...], ...] = ()
    merges: tuple[tuple[str, ...], ...] = ()
    place: str = FILE

    def apart(self, versions: Sequence[Version]) -> Mapping[int, frozenset[int]]:
        """Give, for each version that is split from others, those others, by position."""
        found: dict[int, frozenset[int]] = {}
        for names in self.splits:
            for one, two in combinations(self._sides(names, versions), 2):
                for side, other in ((one, two), (two, one)):
                    for at in side:
                        found[at] = found.get(at, frozenset()) | other
        return found

    def together(self, versions: Sequence[Version]) -> Iterator[list[int]]:
        """Give the versions, by position, that each merge unites."""
        apart = self.apart(versions)
        for names in self.merges:
            named = [at for some in self._named(names, versions) for at in sorted(some)]
            for a, b in combinations(named, 2):
                if b in apart.get(a, ()):
                    raise GraphError(f"{self.place}: {', '.join(names)}: merged here and split there; remove one")
            yield list(dict.fromkeys(named))

    def _named(self, names: Sequence[str], versions: Sequence[Version]) -> list[frozenset[int]]:
        """The versions that each name means; a name that means none is told."""
        found = []
        for name in names:
            wanted = {name, *identifiers([name])}
            some = frozenset(
                at
                for at, version in enumerate(versions)
                if version.id in wanted or not wanted.isdisjoint(version.ids) or name in version.sources
            )
            if not some:
                log.warning("%s: no paper %r; name it by an identifier, its id or its place", self.place, name)
            found.append(some)
        return found

    def _sides(self, names: Sequence[str], versions: Sequence[Version]) -> list[frozenset[int]]:
        """The versions of each side of a split: what several names mean belongs to the one that means fewest."""
        named = self._named(names, versions)
        order = sorted(range(len(named)), key=lambda side: (len(named[side]), side))
        sides: list[frozenset[int]] = [frozenset()] * len(named)
        taken: set[int] = set()
        for side in order:
            sides[side] = named[side] - taken
            taken |= named[side]
        return sides


NONE = Overrides()


def read_overrides(folder: Path) -> Overrides:
    """Read the file of a graph folder, where there is one; raises GraphError for one that cannot be read."""
    path = folder / FILE
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return NONE
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise GraphError(f"{path}: not TOML ({error}); mend it, or remove it") from None
    strange = sorted(set(found) - {"split", "merge", "entities"})
    if strange:
        raise GraphError(f"{path}: {strange[0]}: not known; write [[split]] or [[merge]] with papers = [...]")
    return Overrides(_lists(path, found, "split"), _lists(path, found, "merge"), str(path))


def _lists(path: Path, found: Mapping[str, Any], kind: str) -> tuple[tuple[str, ...], ...]:
    entries = found.get(kind, [])
    lists = []
    for entry in entries if isinstance(entries, list) else [None]:
        papers = entry.get("papers") if isinstance(entry, dict) else None
        if not isinstance(papers, list) or len(papers) < 2 or not all(isinstance(name, str) for name in papers):
            raise GraphError(f'{path}: a [[{kind}]] without its papers; write papers = ["...", "..."]')
        lists.append(tuple(papers))
    return tuple(lists)
