"""The line in order: read -> extract -> resolve -> link. The only module that knows it."""

import hashlib
import json
import socket
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib import metadata, resources
from itertools import islice
from unicodedata import unidata_version

from kg import __version__
from kg.assemble import Families
from kg.cluster import Questions, on_cluster
from kg.errors import ClusterError, KGError
from kg.extract import Tagger, extract, ready
from kg.link import link
from kg.model import Entity, Evidence, Extraction, Field, Mention, Paper, entity_id
from kg.processes import Work, cores, in_processes
from kg.readable import Readable, readable
from kg.record import Record, about, from_json, from_record, to_json
from kg.resolve import resolve
from kg.vocabulary import load, use, using_files

BATCH = 64
"""Papers in one task of a process or worker."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper that could not be extracted: the error in one line, and its traceback."""

    paper: Paper
    error: str
    trace: str


_Found = list[Extraction | Failure]

_LIBRARIES: dict[Tagger, tuple[str, ...]] = {
    "rules": ("pylatexenc", "spacy"),
    "model": ("numpy", "onnxruntime", "pylatexenc", "spacy", "tokenizers"),
}
"""The libraries that have a say in what is extracted."""

_DIED = "what extracted it died twice or more (out of memory, or a fault in a library)"
_ONE_AT_A_TIME = threading.Lock()

_PROBE = Paper("probe", "A probe", "We propose SkipNet and test it on CIFAR-10.")
"""A paper that is no trouble: where it is, the trouble is not with a paper."""


def extract_papers(
    papers: Iterable[Paper],
    *,
    tagger: Tagger = "model",
    processes: int = 1,
    apart: bool = False,
    cluster: str | None = None,
    on_failure: Callable[[Failure], None] | None = None,
) -> Iterator[Extraction]:
    """Extract papers in order; with several ``processes`` at most a few batches a process are under way at a time.

    A paper that cannot be extracted goes to ``on_failure`` and is given without entities; None raises its error. A
    process that dies costs its batch, which is tried once more in a fresh process and then paper by paper. One process
    is this one, unless it is to be ``apart``.

    With ``cluster``, the address of a Dask scheduler, its workers extract, with the vocabulary in use here; a worker
    whose kg is another is refused. Raises ClusterError.
    """
    source = iter(papers)
    batches = iter(lambda: list(islice(source, BATCH)), [])
    careful = on_failure is not None
    others = processes if processes > 1 or apart else 0
    for batch, done in _extract_batches(batches, tagger, careful=careful, others=others, cluster=cluster):
        if done is None and not careful:
            raise KGError(f"{batch[0].id}: {_DIED}")
        for found in [Failure(batch[0], _DIED, "")] if done is None else done:
            if isinstance(found, Extraction):
                yield found
            elif on_failure:
                on_failure(found)
                yield Extraction(found.paper, (), (), ())


def _extract_batches(
    batches: Iterator[list[Paper]], tagger: Tagger, *, careful: bool, others: int, cluster: str | None
) -> Iterator[tuple[list[Paper], _Found | None]]:
    """Extract batches here, in other processes or on a cluster; None for a paper that kills what extracts it."""
    here = partial(_extract_batch, tagger=tagger, careful=careful)
    if cluster is not None:
        ask = partial(_ask, tagger=tagger, careful=careful)
        for batch, reply in on_cluster(batches, Questions(ask, "kg.pipeline:answer", [_PROBE]), cluster):
            yield batch, None if reply is None else _told(batch, reply, tagger, cluster)
    elif others:
        yield from in_processes(batches, Work(here, partial(use, load().folder), [_PROBE]), others)
    else:
        for batch in batches:
            yield batch, here(batch, ahead=cores() > 1)


def _extract_batch(papers: list[Paper], tagger: Tagger, careful: bool, ahead: bool = False) -> _Found:
    """Extract a batch; if ``careful``, with a failure for each paper that is to blame for one."""
    with ready(tagger):
        try:
            return list(_extract(papers, tagger, ahead=ahead))
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
        return Failure(paper, _in_a_line(error), traceback.format_exc())


def _in_a_line(error: Exception) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())


def _ask(papers: list[Paper], *, tagger: Tagger, careful: bool) -> bytes:
    """Write what a worker elsewhere is to extract, and with which names, as lines of JSON: `answer` reads it."""
    vocabulary = load()
    head = {
        "version": __version__,
        "extractor": _known_digest(tagger, vocabulary.digest),
        "tagger": tagger,
        "careful": careful,
        "vocabulary": [(name, data.decode()) for name, data in vocabulary.files],
    }
    return _lines(json.dumps(head), *(to_json(Extraction(paper, (), (), ())) for paper in papers))


def answer(question: bytes) -> bytes:
    """Extract what `_ask` asks: a line about this worker, then one a paper, as `_told` reads them.

    A worker with another kg, vocabulary or model extracts nothing. What goes wrong is told, not raised.
    """
    head, *lines = question.splitlines()
    asked = json.loads(head)
    own = {"host": socket.gethostname(), "version": __version__}
    try:
        # A worker may have several threads, and the pipeline is for one at a time.
        with _ONE_AT_A_TIME, using_files(tuple((name, text.encode()) for name, text in asked["vocabulary"])) as names:
            own["extractor"] = _known_digest(asked["tagger"], names.digest)
            if any(own[key] != asked[key] for key in ("version", "extractor")):
                return _lines(json.dumps(own))
            papers = [from_json(line).paper for line in lines]
            done = _extract_batch(papers, asked["tagger"], asked["careful"])
    except Exception as error:
        return _lines(json.dumps({**own, "error": _in_a_line(error), "trace": traceback.format_exc()}))
    return _lines(
        json.dumps(own),
        *(to_json(x) if isinstance(x, Extraction) else json.dumps({"error": x.error, "trace": x.trace}) for x in done),
    )


def _told(papers: list[Paper], reply: bytes, tagger: Tagger, cluster: str) -> _Found:
    """Read what `answer` said of ``papers``; raises ClusterError where it refused, failed or speaks of others."""
    head, *lines = reply.splitlines()
    try:
        own = json.loads(head)
        worker = f"{cluster}: the worker on {own['host']}"
        if "error" in own:
            raise ClusterError(f"{worker} cannot extract ({own['error']})") from RuntimeError(own["trace"])
        if own["version"] != __version__:
            raise ClusterError(f"{worker} runs kg {own['version']}, this is {__version__}; install the same there")
        if own["extractor"] != _known_digest(tagger, load().digest):
            what = f"{worker} runs a kg {own['version']} with other rules, names, weights or libraries than this one"
            raise ClusterError(f"{what}; install the same there")
        return [_told_of(paper, json.loads(line)) for paper, line in zip(papers, lines, strict=True)]
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{cluster}: a worker gave no extraction records of the papers it was given") from error


def _told_of(paper: Paper, record: Record) -> Extraction | Failure:
    if "error" in record:
        return Failure(paper, str(record["error"]), str(record["trace"]))
    # The same text, and so offsets that are those of this paper.
    return about(from_record(record), paper)


def _lines(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@lru_cache(maxsize=4)
def _known_digest(tagger: Tagger, vocabulary: str) -> str:
    """Give `extractor_digest` without reading all again; ``vocabulary`` is the digest of that in use."""
    del vocabulary
    return extractor_digest(tagger)


def _extract(papers: Iterable[Paper], tagger: Tagger, *, ahead: bool = False) -> Iterator[Extraction]:
    stored: deque[Paper] = deque()

    def copies() -> Iterator[Paper]:
        for paper in papers:
            stored.append(paper)
            yield replace(paper, title=readable(paper.title).text, abstract=readable(paper.abstract).text)

    for reading in extract(copies(), tagger=tagger, ahead=ahead):
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
    """Give a digest of all that an extraction depends on besides the paper: code, vocabulary, model, libraries.

    Code is taken as the bytes of the modules of the steps, so that a changed rule re-extracts; libraries by their
    versions.
    """
    libraries = ((name, metadata.version(name)) for name in _LIBRARIES[tagger])
    digest = hashlib.sha256(f"{tagger} {load().digest} {unidata_version} {sorted(libraries)}".encode())
    package = resources.files("kg")
    for name in ("model.py", "pipeline.py", "readable.py", "resolve.py", "vocabulary", "extract", "link"):
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
