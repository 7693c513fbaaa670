"""Sort the papers of an update: parts that stay, records for new parts, papers to extract.

Which versions are one paper may change with any new version or override, so it is decided among all that the folder
holds and all that is new; but only what changes is read in full and written again.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kg import folder
from kg.assemble import unite_papers, version_key, versions_of
from kg.folder import Manifest, Part
from kg.model import Extraction, Paper
from kg.record import about
from kg.update.identity import Group, identify
from kg.update.likeness import Facts, facts_of
from kg.update.overrides import Overrides

Text = tuple[str, str]

Sift = Callable[[Paper, Paper], Paper | None]
"""Gives what stays of a version of a paper, or None."""


def keep_all(_: Paper, version: Paper) -> Paper:
    """Let a version stay as it is."""
    return version


@dataclass(frozen=True, slots=True)
class _Stored:
    """A version that the folder holds: in which part, in the record of which paper, whether with all its sources."""

    part: str
    paper: str
    facts: Facts
    whole: bool


def read_versions(papers: Iterable[Paper], told: Callable[[int], None] | None = None) -> dict[str, Paper]:
    """Give the versions of papers by key, each with every place that it was read from."""
    versions: dict[str, Paper] = {}
    for number, paper in enumerate(papers, 1):
        if told:
            told(number)
        for version in versions_of(paper):
            key = version_key(version)
            versions[key] = _everywhere(version, versions.get(key))
    return versions


def _everywhere(version: Paper, same: Paper | None) -> Paper:
    """The version, with the sources of another copy of it."""
    if same is None or same.sources == version.sources:
        return version
    return replace(version, sources=tuple(sorted({*version.sources, *same.sources})))


def sort_papers(
    path: Path,
    old: Manifest | None,
    new: Mapping[str, Paper],
    *,
    extractor: str,
    overrides: Overrides,
    full: int,
    sift: Sift = keep_all,
) -> tuple[list[Part], list[Extraction], dict[str, Paper]]:
    """Give the parts that stay, the records whose papers need no extraction, and the papers by id that do.

    A part stays where nothing in it changes and it has ``full`` papers. ``sift`` says what stays of what is there.
    """
    parts = old.records if old else ()
    stored, lessened = _stored(path, parts, new, sift)
    facts = [version.facts for version in stored.values()]
    facts += [facts_of(paper) for key, paper in new.items() if key not in stored]
    settled, moving = _settled(identify(facts, overrides), stored, lessened)
    changed = {version.part for version in stored.values() if version.paper not in settled} | set(lessened.values())
    kept: list[Part] = []
    loose: list[Extraction] = []
    versions = dict(new)
    done: dict[Text, Extraction] = {}
    for part in parts:
        current = part.extractor == extractor
        if current and part.papers >= full and part.file not in changed:
            kept.append(part)
            continue
        for record in folder.read_part(path, part):
            if current and record.paper.id in settled:
                loose.append(record)
                continue
            if current:
                done[_text(record.paper)] = record
            elif record.paper.id in settled:
                moving.append(Group(record.paper.id, tuple(map(version_key, versions_of(record.paper))), ()))
            for version in _left(record.paper, sift):
                key = version_key(version)
                versions[key] = _everywhere(version, versions.get(key))
    todo: dict[str, Paper] = {}
    for group in moving:
        paper = unite_papers((versions[key] for key in group.keys), group.id)
        known = done.get(_text(paper))
        if known:
            loose.append(about(known, paper))
        else:
            todo[paper.id] = paper
    return kept, loose, todo


def _left(paper: Paper, sift: Sift) -> list[Paper]:
    return [left for version in versions_of(paper) if (left := sift(paper, version)) is not None]


def _stored(
    path: Path, parts: Iterable[Part], new: Mapping[str, Paper], sift: Sift
) -> tuple[dict[str, _Stored], dict[str, str]]:
    """Find the versions that the folder holds, without their texts; and the part of each paper that loses one."""
    found: dict[str, _Stored] = {}
    lessened: dict[str, str] = {}
    for part in parts:
        for paper in folder.read_papers(path, part):
            versions = versions_of(paper)
            left = _left(paper, sift)
            if tuple(left) != versions:
                lessened[paper.id] = part.file
            for version in left:
                both = _everywhere(version, new.get(version_key(version)))
                facts = facts_of(both)
                found[facts.key] = _Stored(part.file, paper.id, facts, both == version)
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


def take_up(path: Path, old: Manifest | None, todo: dict[str, Paper], *, extractor: str) -> list[Extraction]:
    """Take what a build that did not end has already extracted; the papers leave ``todo``."""
    waiting: dict[Text, list[str]] = {}
    for paper in todo.values():
        waiting.setdefault(_text(paper), []).append(paper.id)
    found: list[Extraction] = []
    for part in folder.unclaimed_parts(path, extractor, old) if todo else ():
        for record in folder.read_part(path, part):
            found += [about(record, todo.pop(key)) for key in waiting.pop(_text(record.paper), ())]
    return found


def _text(paper: Paper) -> Text:
    return paper.title, paper.abstract
