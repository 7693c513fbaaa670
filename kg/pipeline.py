"""The line in order: read -> extract -> resolve -> link. The only module that knows it."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from itertools import islice
from typing import TYPE_CHECKING

from kg.assemble import Families
from kg.extract import Tagger, extract
from kg.link import link
from kg.model import Entity, Evidence, Extraction, Field, Mention, Paper, entity_id
from kg.readable import Readable, readable
from kg.resolve import resolve
from kg.vocabulary import load, use

if TYPE_CHECKING:
    from concurrent.futures import Future

BATCH = 64
"""Papers in one task of a worker process."""


def extract_papers(papers: Iterable[Paper], *, tagger: Tagger = "model", processes: int = 1) -> Iterator[Extraction]:
    """Extract papers in order; with several ``processes`` at most a few batches a process are under way at a time."""
    if processes <= 1:
        yield from _extract(papers, tagger)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    source = iter(papers)
    under_way: deque[Future[list[Extraction]]] = deque()
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=use, initargs=(load().folder,)) as pool:
        try:
            while True:
                while len(under_way) < 2 * processes and (batch := list(islice(source, BATCH))):
                    under_way.append(pool.submit(_extract_batch, batch, tagger))
                if not under_way:
                    return
                yield from under_way.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _extract(papers: Iterable[Paper], tagger: Tagger) -> Iterator[Extraction]:
    stored: deque[Paper] = deque()

    def copies() -> Iterator[Paper]:
        for paper in papers:
            stored.append(paper)
            yield replace(paper, title=readable(paper.title).text, abstract=readable(paper.abstract).text)

    for reading in extract(copies(), tagger=tagger):
        yield _in_stored_text(link(reading, resolve(reading)), stored.popleft())


def _in_stored_text(found: Extraction, paper: Paper) -> Extraction:
    """Give what was found in the readable copy of ``paper`` with the offsets and the text of the stored one."""
    maps: dict[Field, Readable] = {"title": readable(paper.title), "abstract": readable(paper.abstract)}
    if not any(text.starts for text in maps.values()):
        return replace(found, paper=paper)

    def mention(m: Mention) -> Mention:
        start, end = maps[m.field].stored(m.start, m.end)
        return replace(m, start=start, end=end, text=paper.text(m.field)[start:end])

    def evidence(e: Evidence) -> Evidence:
        start, end = maps[e.field].stored(e.start, e.end)
        return replace(e, start=start, end=end, sentence=paper.text(e.field)[start:end])

    return Extraction(
        paper,
        tuple(replace(e, mentions=tuple(mention(m) for m in e.mentions)) for e in found.entities),
        tuple(replace(s, evidence=tuple(evidence(e) for e in s.evidence)) for s in found.statements),
        tuple(replace(r, evidence=evidence(r.evidence)) for r in found.results),
    )


def _extract_batch(papers: list[Paper], tagger: Tagger) -> list[Extraction]:
    return list(_extract(papers, tagger))


def extractor_digest(tagger: Tagger = "model") -> str:
    """Give a digest of all that an extraction depends on besides the paper: code, vocabulary, model.

    Code is taken as the bytes of the modules of the steps, so that a changed rule re-extracts.
    """
    digest = hashlib.sha256(f"{tagger} {load().digest}".encode())
    package = resources.files("kg")
    for name in ("model.py", "readable.py", "resolve.py", "vocabulary", "extract", "link"):
        for path, data in sorted(_files(package / name)):
            digest.update(path.encode() + b"\0" + data)
    return digest.hexdigest()


def _files(place: resources.abc.Traversable) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        if place.name.endswith((".py", ".json", ".onnx", ".safetensors")):
            yield place.name, place.read_bytes()
        return
    for inner in place.iterdir():
        for path, data in _files(inner):
            yield f"{place.name}/{path}", data


def families() -> Families:
    """Give the function that knows the family of an entity: listed in the vocabulary, or told by a version suffix."""
    vocabulary = load()

    def family(entity: Entity) -> Entity | None:
        entry = vocabulary.family(entity.name, entity.kind.label)
        if entry is None or entry.name == entity.name:
            return None
        return Entity(entity_id(entry.kind, entry.name), entry.kind, entry.name)

    return family
