"""Update a graph folder: extract what is new, keep what is known, assemble, store.

A paper already in the folder is extracted again only where its text or the extractor changed. Papers that are in the
folder and not in the input stay. Every paper remembers the versions that it was made of, and which versions are one
paper is decided anew among all (`kg.update.identity`): building A and then B gives the same graph as building both at
once, what was wrongly united can be parted, and a removal gives back what was before.

A paper that cannot be extracted stops nothing: it is in the graph without entities, reported in ``quarantine.jsonl``,
and tried again by each build. The papers of a damaged record part are extracted again (`kg.update.damage`).

This module decides what is to be done; ``kg.folder`` knows how a folder is written and ``kg.pipeline`` how papers are
extracted. It reads no paper files.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kg import __version__, folder
from kg.assemble import unite_papers, version_key, versions_of
from kg.errors import GraphError, InputError
from kg.folder import PART_PAPERS, Manifest, Part, Source
from kg.model import Extraction, Paper
from kg.processes import cores
from kg.update.damage import set_aside
from kg.update.database import Progress, context, make_database
from kg.update.identity import Group, identify
from kg.update.known import known, note
from kg.update.overrides import NONE, Overrides, read_overrides
from kg.update.removal import Removal, find_unwanted
from kg.update.shelf import Versions, read_versions
from kg.update.sort import sort_papers, take_up

if TYPE_CHECKING:
    from kg.extract import Tagger
    from kg.pipeline import Failure

MANY_PAPERS = 512
"""From so many papers on, it pays to start processes: each has to load the vocabulary and the tagger first."""

VOCABULARY = "vocabulary"
"""Folder of a graph folder with the user's own names, as `kg.vocabulary.using` reads them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unwanted:
    """What a user calls the papers, and the files of papers, that are to go."""

    names: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: whether the graph is ``changed``, and the papers in quarantine as ``failures``."""

    manifest: Manifest
    extracted: int
    reused: int
    changed: bool
    failures: tuple["Failure", ...] = ()


def update_folder(
    papers: Iterable[Paper],
    path: Path,
    *,
    inputs: Iterable[Source] = (),
    tagger: "Tagger" = "model",
    processes: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    refresh: bool = False,
    unwanted: Unwanted | None = None,
) -> Built:
    """Add ``papers`` to the graph folder at ``path``, made if missing; ``processes`` None means as many as help.

    With ``cluster``, the address of a Dask scheduler, the workers there extract instead (`kg.cluster`).
    What is ``unwanted`` is taken out of what the folder has.

    Raises InputError where there is no paper, unless ``refresh``; GraphError where the folder cannot be used or
    written; what was in it is then unchanged.
    """
    from kg.vocabulary import using

    try:
        with folder.claim(path) as old, folder.scratch(path) as scratch, using(path / VOCABULARY):
            return _update(
                papers,
                path,
                old,
                scratch,
                inputs=tuple(inputs),
                tagger=tagger,
                processes=processes,
                cluster=cluster,
                progress=progress or _silent,
                refresh=refresh,
                unwanted=unwanted,
            )
    except OSError as error:
        where = error.filename or path
        raise GraphError(f"{where}: {error.strerror or error}; what was built before is unchanged") from error


def _silent(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def refresh_folder(path: Path, *, processes: int | None = None, progress: Progress | None = None) -> Built:
    """Make the graph folder at ``path`` anew of what it holds, as its overrides.toml says; extract what changes."""
    return update_folder((), path, tagger=_tagger(path), processes=processes, progress=progress, refresh=True)


def remove_papers(
    path: Path,
    names: Collection[str] = (),
    *,
    files: Collection[str] = (),
    processes: int | None = None,
    progress: Progress | None = None,
) -> Built:
    """Take papers out of the graph folder at ``path``: those that ``names`` mean, and what was read from ``files``.

    Raises QueryError and GraphError as `kg.update.removal.find_unwanted`.
    """
    unwanted = Unwanted(tuple(names), tuple(files))
    tagger = _tagger(path)
    return update_folder(
        (), path, tagger=tagger, processes=processes, progress=progress, refresh=True, unwanted=unwanted
    )


def _tagger(path: Path) -> "Tagger":
    return "rules" if folder.read_manifest(path).tagger == "rules" else "model"


def merge_papers(
    papers: Iterable[Paper], progress: Progress = _silent, *, overrides: Overrides = NONE
) -> dict[str, Paper]:
    """Make one paper of all versions of it: the fuller text, every source; by id, sorted."""
    versions = read_versions(papers, lambda number: progress("read", number, None))
    groups = identify(versions.facts.values(), overrides)
    return {group.id: unite_papers((versions[key] for key in group.keys), group.id) for group in groups}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The papers of a graph folder that are made of several versions, with the links that unite those.

    ``pending`` says that the folder is not yet as its overrides.toml has it.
    """

    papers: tuple[tuple[Paper, Group], ...]
    pending: bool


def duplicates(path: Path) -> Duplicates:
    """Find the papers of a graph folder that are made of several versions, as overrides.toml is now."""
    manifest = folder.read_manifest(path)
    versions = Versions()
    stored: dict[str, tuple[str, ...]] = {}
    for paper in (paper for part in manifest.records for paper in folder.read_papers(path, part)):
        stored[paper.id] = tuple(sorted({version_key(version) for version in versions_of(paper)}))
        for version in versions_of(paper):
            versions.add(version)
    groups = identify(versions.facts.values(), read_overrides(path))
    return Duplicates(
        tuple((unite_papers((versions[k] for k in g.keys), g.id), g) for g in groups if len(g.keys) > 1),
        pending=stored != {group.id: group.keys for group in groups},
    )


def _update(
    papers: Iterable[Paper],
    path: Path,
    old: Manifest | None,
    scratch: Path,
    *,
    inputs: tuple[Source, ...],
    tagger: "Tagger",
    processes: int | None,
    cluster: str | None,
    progress: Progress,
    refresh: bool,
    unwanted: Unwanted | None,
) -> Built:
    from kg import pipeline

    extractor = pipeline.extractor_digest(tagger)
    new = read_versions(papers, lambda number: progress("read", number, None), folder=scratch)
    if not new and not refresh:
        raise InputError("no paper in the inputs; `kg formats` shows what can be read")
    present, removal = old, Removal()
    if old and unwanted:
        papers = (paper for part in old.records for paper in folder.read_papers(path, part))
        removal = find_unwanted(papers, unwanted.names, unwanted.files)
    elif old:
        present = set_aside(path, old, new, inputs)
    kept, loose, todo, facts = sort_papers(
        path,
        present,
        new,
        extractor=extractor,
        overrides=read_overrides(path),
        full=PART_PAPERS,
        sift=removal.sift,
        scratch=scratch,
    )
    new.close()
    take_up(path, old, todo, loose, extractor=extractor)
    total, reused = len(todo), sum(part.papers for part in kept) + len(loose)
    waiting = (todo[key] for key in sorted(todo))
    workers = processes or processes_for(total)
    failures: list[Failure] = []
    failed: list[Extraction] = []
    with folder.extracting(path) as died:
        extractions = pipeline.extract_papers(
            waiting, tagger=tagger, processes=workers, apart=died, cluster=cluster, on_failure=failures.append
        )
        for batch in _batches(_without(_counted(extractions, total, progress), failures, failed)):
            if len(batch) == PART_PAPERS:
                kept.append(_write(path, batch, extractor))
            else:
                loose.update((extraction.paper.id, extraction) for extraction in batch)
    todo.close()
    for keys in _batches(sorted(loose)):
        part = folder.write_lines(path, map(loose.written, keys), extractor)
        note(path, part, ((key, facts[key]) if key in facts else known(loose[key].paper) for key in keys))
        kept.append(part)
    loose.close()
    # The database is made next, and needs the memory.
    facts.clear()
    kept += [_write(path, batch, folder.QUARANTINE) for batch in _batches(failed)]
    folder.write_quarantine(path, map(_problem, failures))
    records = tuple(sorted(kept, key=lambda part: part.file))
    around = context(path, extractor)
    key = folder.database_key(around, *(part.sha256 for part in records))
    stay = [source for source in old.inputs if not removal.has_read(f"{source.name}:")] if old else []
    sources = tuple(sorted({*inputs, *stay}, key=lambda s: (s.name, s.sha256)))
    if old and old.database.key == key and folder.is_whole(path, old.database):
        manifest = replace(old, inputs=sources, tagger=tagger, records=records)
        folder.write_manifest(path, manifest)
        return Built(manifest, total, reused, False, tuple(failures))
    # What is taken out leaves no trace in a file: in a database that is changed, its text would stay.
    before = None if unwanted else old
    database, counts, keep = make_database(path, key, around, records, before, scratch=scratch, progress=progress)
    manifest = Manifest(
        program=__version__,
        extractor=extractor,
        tagger=tagger,
        vocabulary=_vocabulary_digest(),
        inputs=sources,
        records=records,
        database=database,
        counts=counts,
        kept=keep,
    )
    folder.write_manifest(path, manifest)
    return Built(manifest, total, reused, True, tuple(failures))


def processes_for(papers: int) -> int:
    """Give how many processes help with this many papers: one a core, or one alone where starting takes longer."""
    return 1 if papers < MANY_PAPERS else cores()


def _counted(extractions: Iterable[Extraction], total: int, progress: Progress) -> Iterator[Extraction]:
    for number, extraction in enumerate(extractions, 1):
        progress("extract", number, total)
        yield extraction


def _without(
    extractions: Iterable[Extraction], failures: Sequence["Failure"], failed: list[Extraction]
) -> Iterator[Extraction]:
    """Give the extractions of papers that have not failed; those of others go to ``failed``."""
    for extraction in extractions:
        # A failure is told just before its extraction is given.
        if failures and failures[-1].paper is extraction.paper:
            failed.append(extraction)
        else:
            yield extraction


def _write(path: Path, batch: Sequence[Extraction], extractor: str) -> Part:
    part = folder.write_part(path, batch, extractor)
    note(path, part, (known(extraction.paper) for extraction in batch))
    return part


def _problem(failure: "Failure") -> dict[str, object]:
    paper = failure.paper
    return {
        "id": paper.id,
        "title": paper.title,
        "sources": list(paper.sources),
        "error": failure.error,
        "traceback": failure.trace,
    }


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, PART_PAPERS)):
        yield batch


def _vocabulary_digest() -> str:
    from kg.vocabulary import load

    return load().digest
