"""Sort the papers of an update: parts that stay, records for new parts, papers to extract.

Which versions are one paper may change with any new version or override, so it is decided among all that the folder
holds and all that is new; but only what changes is read in full and written again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kg import folder
from kg.assemble import unite_papers, version_key, versions_of
from kg.folder import Manifest, Part
from kg.model import Extraction, Paper
from kg.record import about, from_json
from kg.update.identity import Group, identify
from kg.update.known import known_papers
from kg.update.likeness import Facts
from kg.update.overrides import Overrides
from kg.update.shelf import Shelf, Versions, everywhere, paper_shelf, record_shelf

Sift = Callable[[str, tuple[str, ...]], tuple[str, ...] | None]
"""Gives where a version of a paper, which is given by its id, was read for all that stays; None where it goes."""


def keep_all(_: str, places: tuple[str, ...]) -> tuple[str, ...]:
    """Let a version stay as it is."""
    return places


class _Stored(NamedTuple):
    """A version that the folder holds: in which part, in the record of which paper, whether with all its sources."""

    part: str
    paper: str
    facts: Facts
    whole: bool


class Sorted(NamedTuple):
    """The parts that stay, the records whose papers need no extraction, and the papers that do, both by id.

    ``facts`` has those of papers whose records are loose and as they were.
    """

    kept: list[Part]
    loose: Shelf[Extraction]
    todo: Shelf[Paper]
    facts: dict[str, tuple[Facts, ...]]


def sort_papers(
    path: Path,
    old: Manifest | None,
    new: Versions,
    *,
    extractor: str,
    overrides: Overrides,
    full: int,
    sift: Sift = keep_all,
    scratch: Path | None = None,
) -> Sorted:
    """Sort what the folder at ``path`` has and what is new; the shelves are to be closed.

    A part stays where nothing in it changes and it has ``full`` papers. ``sift`` says what stays of what is there.
    Texts go to the folder ``scratch`` where they are many.
    """
    parts = old.records if old else ()
    settled, moving, changed = _moving(path, parts, new, overrides, sift)
    facts: dict[str, tuple[Facts, ...]] = {}
    kept: list[Part] = []
    loose = record_shelf(scratch)
    versions = paper_shelf(scratch)
    places: dict[str, tuple[str, ...]] = {}
    done: dict[bytes, str] = {}
    extracted = record_shelf(scratch)
    for part in parts:
        current = part.extractor == extractor
        if current and part.papers >= full and part.file not in changed:
            kept.append(part)
            continue
        for (paper_id, known), line in zip(known_papers(path, part), folder.read_lines(path, part), strict=True):
            # What stays is not read in full, which takes most of the time.
            if current and paper_id in settled:
                facts[paper_id] = known
                loose.put(paper_id, line)
                continue
            record = from_json(line)
            if current:
                done[_text(record.paper)] = record.paper.id
                extracted[record.paper.id] = record
            elif record.paper.id in settled:
                moving.append(Group(record.paper.id, tuple(map(version_key, versions_of(record.paper))), ()))
            for version in _left(record.paper, sift):
                key = version_key(version)
                places[key] = everywhere(version.sources, places.get(key) or new.places(key))
                versions[key] = replace(version, sources=places[key])
    todo = paper_shelf(scratch)
    for group in moving:
        paper = unite_papers((versions[key] if key in versions else new[key] for key in group.keys), group.id)
        known_as = done.get(_text(paper))
        if known_as is not None:
            loose[paper.id] = about(extracted[known_as], paper)
        else:
            todo[paper.id] = paper
    versions.close()
    extracted.close()
    return Sorted(kept, loose, todo, facts)


def _moving(
    path: Path, parts: Iterable[Part], new: Versions, overrides: Overrides, sift: Sift
) -> tuple[set[str], list[Group], set[str]]:
    """Decide which versions are one paper: the ids that are as the folder has them, the rest, and the parts of that."""
    stored, lessened = _stored(path, parts, new, sift)
    facts = [version.facts for version in stored.values()]
    facts += [one for key, one in new.facts.items() if key not in stored]
    settled, moving = _settled(identify(facts, overrides), stored, lessened)
    changed = {version.part for version in stored.values() if version.paper not in settled} | set(lessened.values())
    return settled, moving, changed


def _left(paper: Paper, sift: Sift) -> Iterator[Paper]:
    for version in versions_of(paper):
        places = sift(paper.id, version.sources)
        if places is not None:
            yield replace(version, sources=places)


def _stored(path: Path, parts: Iterable[Part], new: Versions, sift: Sift) -> tuple[dict[str, _Stored], dict[str, str]]:
    """Find the versions that the folder holds, without their texts; and the part of each paper that loses one."""
    found: dict[str, _Stored] = {}
    lessened: dict[str, str] = {}
    for part in parts:
        for paper, versions in known_papers(path, part):
            for facts in versions:
                left = sift(paper, facts.sources)
                if left != facts.sources:
                    lessened[paper] = part.file
                if left is None:
                    continue
                same = new.facts.get(facts.key)
                sources = everywhere(left, new.places(facts.key))
                if same and sources == same.sources:
                    facts = same  # noqa: PLW2901 - one copy of it is enough
                elif sources != facts.sources:
                    facts = facts._replace(sources=sources)  # noqa: PLW2901
                held = facts.id if facts.id == paper else paper  # the same text, one copy of it
                found[facts.key] = _Stored(part.file, held, facts, sources == left)
    return found, lessened


def _settled(
    groups: Iterable[Group], stored: Mapping[str, _Stored], lessened: Container[str]
) -> tuple[set[str], list[Group]]:
    """Tell the papers that are as the folder has them from those that are not."""
    sizes = Counter(version.paper for version in stored.values())
    settled: set[str] = set()
    moving: list[Group] = []
    for group in groups:
        held = [stored.get(key) for key in group.keys]
        same = all(version and version.whole and version.paper == group.id for version in held)
        if same and sizes[group.id] == len(held) and group.id not in lessened:
            settled.add(group.id)
        else:
            moving.append(group)
    return settled, moving


def take_up(path: Path, old: Manifest | None, todo: Shelf[Paper], loose: Shelf[Extraction], *, extractor: str) -> None:
    """Take what a build that did not end has already extracted: the papers leave ``todo`` for ``loose``."""
    waiting: dict[bytes, list[str]] | None = None
    for part in folder.unclaimed_parts(path, extractor, old) if todo else ():
        if waiting is None:
            waiting = {}
            for paper in todo.values():
                waiting.setdefault(_text(paper), []).append(paper.id)
        for record in folder.read_part(path, part):
            for key in waiting.pop(_text(record.paper), ()):
                loose[key] = about(record, todo.pop(key))


def _text(paper: Paper) -> bytes:
    """Digest what is extracted from."""
    whole = f"{len(paper.title)} {paper.title}{paper.abstract}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()[:16]
