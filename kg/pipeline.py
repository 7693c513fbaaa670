"""The line in order: read -> extract -> resolve -> link. The only module that knows it."""

import hashlib
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kg.assemble import Families
from kg.errors import KGError
from kg.extract import Tagger, extract
from kg.link import link
from kg.model import Entity, Evidence, Extraction, Field, Mention, Paper, entity_id
from kg.readable import Readable, readable
from kg.resolve import resolve
from kg.vocabulary import load, use

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

BATCH = 64
"""Papers in one task of a worker process."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper that could not be extracted: the error in one line, and its traceback."""

    paper: Paper
    error: str
    trace: str


_Found = list[Extraction | Failure]

_PROBE = Paper("probe", "A probe", "We propose SkipNet and test it on CIFAR-10.")
"""A paper that is no trouble: where it is, the trouble is not with a paper."""


def extract_papers(
    papers: Iterable[Paper],
    *,
    tagger: Tagger = "model",
    processes: int = 1,
    cluster: str | None = None,
    on_failure: Callable[[Failure], None] | None = None,
) -> Iterator[Extraction]:
    """Extract papers in order; with several ``processes`` at most a few batches a process are under way at a time.

    A paper that cannot be extracted goes to ``on_failure`` and is given without entities; None raises its error. A
    process that dies costs its batch, which is tried once more in a fresh process and then paper by paper.
    """
    source = iter(papers)
    batches = iter(lambda: list(islice(source, BATCH)), [])
    careful = on_failure is not None
    done = (
        _in_processes(batches, _Task(tagger, careful), processes)
        if processes > 1
        else (_extract_batch(batch, tagger, careful) for batch in batches)
    )
    for batch in done:
        for found in batch:
            if isinstance(found, Extraction):
                yield found
            elif on_failure:
                on_failure(found)
                yield Extraction(found.paper, (), (), ())


def _extract_batch(papers: list[Paper], tagger: Tagger, careful: bool) -> _Found:
    """Extract a batch; if ``careful``, with a failure for each paper that is to blame for one."""
    try:
        return list(_extract(papers, tagger))
    except KGError:
        raise
    except Exception:
        if not careful:
            raise
    list(_extract([_PROBE], tagger))
    return [_extract_one(paper, tagger) for paper in papers]


def _extract_one(paper: Paper, tagger: Tagger) -> Extraction | Failure:
    try:
        return next(_extract([paper], tagger))
    except Exception as error:
        last = traceback.format_exception_only(error)[-1]
        return Failure(paper, " ".join(last.split()), traceback.format_exc())


@dataclass(frozen=True, slots=True)
class _Task:
    """What processes are to do; starts them."""

    tagger: Tagger
    careful: bool

    def start(self) -> "ProcessPoolExecutor":
        """Start one process."""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        return ProcessPoolExecutor(1, get_context("spawn"), _begin, (load().folder,))

    def submit(self, pool: "ProcessPoolExecutor", batch: list[Paper]) -> "Future[_Found]":
        """Have a batch extracted; raises BrokenProcessPool where the process is dead."""
        return pool.submit(_extract_batch, batch, self.tagger, self.careful)

    def alone(self, batch: list[Paper]) -> _Found:
        """Extract a batch in a process that does nothing else; raises BrokenProcessPool where that dies."""
        with self.start() as pool:
            return self.submit(pool, batch).result()

    def outlive(self, batch: list[Paper]) -> _Found:
        """Extract a batch whose process died."""
        try:
            return self.alone(batch)
        except BrokenProcessPool:
            pass
        try:
            self.alone([_PROBE])
        except BrokenProcessPool:
            what = "the processes that extract die at once; free some memory, or see why with --processes 1"
            raise KGError(what) from None
        found: _Found = []
        for paper in batch:
            try:
                found += self.alone([paper])
            except BrokenProcessPool:
                error = "the process that extracted it died twice (out of memory, or a fault in a library)"
                if not self.careful:
                    raise KGError(f"{paper.id}: {error}") from None
                found.append(Failure(paper, error, ""))
        return found


@dataclass(slots=True)
class _Lane:
    """One process and what it is to do; each has its own pool, so that a death breaks no other's work."""

    task: _Task
    pool: "ProcessPoolExecutor"
    given: "list[Future[_Found]]" = field(default_factory=list)

    def waiting(self) -> int:
        """Count the batches that it has not done."""
        self.given = [future for future in self.given if not future.done()]
        return len(self.given)

    def submit(self, batch: list[Paper]) -> "Future[_Found]":
        """Give the process another batch; one that is dead is replaced."""
        try:
            future = self.task.submit(self.pool, batch)
        except BrokenProcessPool:
            self.pool.shutdown(wait=False)
            self.pool = self.task.start()
            future = self.task.submit(self.pool, batch)
        self.given.append(future)
        return future


def _in_processes(batches: Iterator[list[Paper]], task: _Task, processes: int) -> Iterator[_Found]:
    lanes = [_Lane(task, task.start()) for _ in range(processes)]
    under_way: deque[tuple[list[Paper], Future[_Found]]] = deque()
    try:
        while True:
            while len(under_way) < 2 * processes and (batch := next(batches, None)):
                lane = min(lanes, key=_Lane.waiting)
                under_way.append((batch, lane.submit(batch)))
            if not under_way:
                return
            batch, future = under_way.popleft()
            try:
                found = future.result()
            except BrokenProcessPool:
                found = task.outlive(batch)
            yield found
    finally:
        for lane in lanes:
            lane.pool.shutdown(wait=False, cancel_futures=True)


def _begin(vocabulary: Path | None) -> None:
    """Make a process ready: it ends with the one that started it, however that ends, and at Ctrl-C without a word."""
    from multiprocessing import connection, parent_process

    parent = parent_process()

    def end_with_it() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    use(vocabulary)


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
