"""Update a graph folder: extract what is new, keep what is known, assemble, store.

A paper already in the folder is extracted again only where its text or the extractor changed. Papers that are in the
folder and not in the input stay. Building A and then B gives the same graph as building both at once.

This module decides what is to be done; ``kg.folder`` knows how a folder is written and ``kg.pipeline`` how papers are
extracted. It reads no paper files.
"""

import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx

from kg import __version__, folder
from kg.assemble import assemble, unite
from kg.errors import GraphError, InputError
from kg.folder import PART_PAPERS, Manifest, Part, Source
from kg.model import Extraction, Paper

if TYPE_CHECKING:
    from kg.extract import Tagger

MANY_PAPERS = 512
"""From so many papers on, it pays to start processes: each has to load the vocabulary and the tagger first."""

Progress = Callable[[str, int, int | None], None]
"""Told the step, how many papers it has done, and of how many."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. ``graph`` is None where nothing had changed."""

    manifest: Manifest
    extracted: int
    reused: int
    graph: nx.MultiDiGraph | None


def update_folder(
    papers: Iterable[Paper],
    path: Path,
    *,
    inputs: Iterable[Source] = (),
    tagger: "Tagger" = "model",
    processes: int | None = None,
    progress: Progress | None = None,
) -> Built:
    """Add ``papers`` to the graph folder at ``path``, made if missing; ``processes`` None means as many as help.

    Raises InputError where there is no paper, GraphError where the folder cannot be used or written; what was in it is
    then unchanged.
    """
    try:
        with folder.claim(path) as old:
            return _update(
                papers,
                path,
                old,
                inputs=tuple(inputs),
                tagger=tagger,
                processes=processes,
                progress=progress or _silent,
            )
    except OSError as error:
        where = error.filename or path
        raise GraphError(f"{where}: {error.strerror or error}; what was built before is unchanged") from error


def _silent(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def merge_papers(papers: Iterable[Paper], progress: Progress = _silent) -> dict[str, Paper]:
    """Make one paper of each id: the fuller text, every source; sorted by id."""
    merged: dict[str, Paper] = {}
    for number, paper in enumerate(papers, 1):
        progress("read", number, None)
        merged[paper.id] = _united(merged[paper.id], paper) if paper.id in merged else paper
    return {key: merged[key] for key in sorted(merged)}


def _update(
    papers: Iterable[Paper],
    path: Path,
    old: Manifest | None,
    *,
    inputs: tuple[Source, ...],
    tagger: "Tagger",
    processes: int | None,
    progress: Progress,
) -> Built:
    from kg import pipeline

    extractor = pipeline.extractor_digest(tagger)
    todo = merge_papers(papers, progress)
    if not todo:
        raise InputError("no paper in the inputs; `kg formats` shows what can be read")
    kept, loose = _keep(path, old, extractor, todo)
    loose += _resume(path, old, extractor, todo)
    total, reused = len(todo), sum(part.papers for part in kept) + len(loose)
    waiting = [todo[key] for key in sorted(todo)]
    workers = processes or processes_for(total)
    extractions = _counted(pipeline.extract_papers(waiting, tagger=tagger, processes=workers), total, progress)
    for batch in _batches(extractions):
        if len(batch) == PART_PAPERS:
            kept.append(folder.write_part(path, batch, extractor))
        else:
            loose += batch
    loose.sort(key=lambda extraction: extraction.paper.id)
    kept += [folder.write_part(path, batch, extractor) for batch in _batches(loose)]
    records = tuple(sorted(kept, key=lambda part: part.file))
    key = folder.database_key(extractor, _database_code(), *(part.sha256 for part in records))
    sources = tuple(sorted({*inputs, *(old.inputs if old else ())}, key=lambda s: (s.name, s.sha256)))
    if old and old.database.key == key and path.joinpath(old.database.file).is_file():
        manifest = replace(old, inputs=sources, tagger=tagger, records=records)
        folder.write_manifest(path, manifest)
        return Built(manifest, total, reused, None)
    graph = _assemble(path, records, progress)
    with folder.new_database(path, key) as place:
        _store(graph, place, progress)
    manifest = Manifest(
        program=__version__,
        extractor=extractor,
        tagger=tagger,
        vocabulary=_vocabulary_digest(),
        inputs=sources,
        records=records,
        database=folder.database_entry(path, key),
        counts=count(graph),
    )
    folder.write_manifest(path, manifest)
    return Built(manifest, total, reused, graph)


def processes_for(papers: int) -> int:
    """Give how many processes help with this many papers: one a core, or one alone where starting takes longer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if papers < MANY_PAPERS else cores


def _keep(
    path: Path, old: Manifest | None, extractor: str, todo: dict[str, Paper]
) -> tuple[list[Part], list[Extraction]]:
    """Sort what the folder holds: parts that stay as they are, records for new parts; the rest is added to ``todo``."""
    kept: list[Part] = []
    loose: list[Extraction] = []
    again: dict[str, Paper] = {}
    for part in old.records if old else ():
        records, changed = [], False
        for record in folder.read_part(path, part):
            new = todo.pop(record.paper.id, None)
            paper = _united(record.paper, new) if new else record.paper
            if part.extractor != extractor or _text(paper) != _text(record.paper):
                again[paper.id] = paper
                changed = True
            else:
                records.append(replace(record, paper=paper))
                changed |= paper != record.paper
        if changed or part.papers < PART_PAPERS:
            loose += records
        else:
            kept.append(part)
    todo.update(again)
    return kept, loose


def _resume(path: Path, old: Manifest | None, extractor: str, todo: dict[str, Paper]) -> list[Extraction]:
    """Take what a build that did not end has already extracted; the papers leave ``todo``."""
    found = []
    for part in folder.unclaimed_parts(path, extractor, old) if todo else ():
        for record in folder.read_part(path, part):
            paper = todo.get(record.paper.id)
            if paper is not None and _text(paper) == _text(record.paper):
                found.append(replace(record, paper=todo.pop(paper.id)))
    return found


def _text(paper: Paper) -> tuple[str, str]:
    return paper.title, paper.abstract


def _united(a: Paper, b: Paper) -> Paper:
    return unite(Extraction(a, (), (), ()), Extraction(b, (), (), ())).paper


def _counted(extractions: Iterable[Extraction], total: int, progress: Progress) -> Iterator[Extraction]:
    for number, extraction in enumerate(extractions, 1):
        progress("extract", number, total)
        yield extraction


def _batches(extractions: Iterable[Extraction]) -> Iterator[list[Extraction]]:
    iterator = iter(extractions)
    while batch := list(itertools.islice(iterator, PART_PAPERS)):
        yield batch


def _assemble(path: Path, records: Sequence[Part], progress: Progress) -> nx.MultiDiGraph:
    from kg import pipeline

    progress("assemble", 0, None)
    extractions = (extraction for part in records for extraction in folder.read_part(path, part))
    return assemble(extractions, families=pipeline.families())


def _store(graph: nx.MultiDiGraph, place: Path, progress: Progress) -> None:
    from kg.store import embedded

    progress("store", 0, None)
    embedded.write(graph, place)


def _database_code() -> str:
    """Digest the code that decides what is in a database, so that a database of older code is made again."""
    digest = hashlib.sha256()
    for name in ("assemble.py", "store/schema.py", "store/dialect.py", "store/embedded.py"):
        digest.update((resources.files("kg") / name).read_bytes())
    return digest.hexdigest()


def _vocabulary_digest() -> str:
    from kg.vocabulary import load

    return load().digest


def count(graph: nx.MultiDiGraph) -> dict[str, dict[str, int]]:
    """Count the nodes of a graph by label and its relationships by type."""
    nodes = Counter(label for _, label in graph.nodes(data="label"))
    relationships = Counter(key for _, _, key in graph.edges(keys=True))
    return {
        "nodes": {label: nodes[label] for label in sorted(nodes)},
        "relationships": {name: relationships[name] for name in sorted(relationships)},
    }
