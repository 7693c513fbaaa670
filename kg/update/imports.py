"""What other collections say of the papers of a graph: extraction records kept beside those made from the texts.

::

    papers.kg/imports/<name>.jsonl.gz      put there by a command such as ``kg import-pwc``; a build leaves it alone

An imported record speaks of a paper by its id, or by a title that gives the same one, and counts only where the graph
has that paper: it adds entities, statements and results, and takes nothing away. A role that the text gives an entity
stays; a result that the text reports too is not counted twice.

This module knows no collection; ``kg.cli.pwc`` reads the one of Papers with Code.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kg.assemble import number
from kg.errors import GraphError
from kg.model import ROLE_RELATIONS, Evidence, Extraction, Paper, Result, Statement, paper_id
from kg.record import from_json, to_json

FOLDER = "imports"


def write_import(path: Path, name: str, extractions: Iterable[Extraction]) -> int:
    """Make ``extractions`` the import ``name`` of the graph folder at ``path``, all or none; give how many they are."""
    folder = path / FOLDER
    folder.mkdir(exist_ok=True)
    lines = sorted(to_json(extraction) for extraction in extractions)
    data = gzip.compress("".join(line + "\n" for line in lines).encode(), 6, mtime=0)
    new = folder / f".{name}.new"
    new.write_bytes(data)
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    new.replace(folder / f"{name}.jsonl.gz")
    return len(lines)


def import_digests(path: Path) -> list[str]:
    """Digest the imports of a graph folder; what is made of them depends on that."""
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(path)]


Imports = Mapping[str, Sequence[Extraction]]
"""What is imported, by the id of the paper."""


def read_imports(path: Path) -> Imports:
    """Read the imports of the graph folder at ``path``; raise GraphError where one is damaged."""
    imports: dict[str, list[Extraction]] = {}
    for file in _files(path):
        for extraction in _read(file):
            imports.setdefault(extraction.paper.id, []).append(extraction)
    return imports


def joined(extractions: Iterable[Extraction], imports: Imports) -> Iterator[Extraction]:
    """Give each extraction with what the imports say of its paper."""
    for extraction in extractions:
        paper = extraction.paper
        found = [one for key in dict.fromkeys((paper.id, paper_id(paper.title))) for one in imports.get(key, ())]
        for one in found:
            extraction = join(extraction, one)  # noqa: PLW2901 - one after the other
        yield extraction


def join(text: Extraction, other: Extraction) -> Extraction:
    """Add to what a paper's text says what ``other`` says of the same paper."""
    paper = text.paper
    known = {entity.id for entity in text.entities}
    roles = {statement.object for statement in text.statements if statement.relation in ROLE_RELATIONS}
    statements = [
        _said_of(statement, paper)
        for statement in other.statements
        if statement.relation not in ROLE_RELATIONS or statement.object not in roles
    ]
    reported = {_reported(result) for result in text.results}
    results = [
        replace(result, paper_id=paper.id, evidence=_evidence(result.evidence, paper))
        for result in other.results
        if _reported(result) not in reported
    ]
    return Extraction(
        paper,
        (*text.entities, *(entity for entity in other.entities if entity.id not in known)),
        (*text.statements, *statements),
        (*text.results, *results),
    )


def _reported(result: Result) -> tuple[str | None, str | None, float | None]:
    return result.method, result.dataset, number(result.value)


def _said_of(statement: Statement, paper: Paper) -> Statement:
    subject = paper.id if statement.relation in ROLE_RELATIONS else statement.subject
    evidence = tuple(_evidence(one, paper) for one in statement.evidence)
    return replace(statement, subject=subject, evidence=evidence)


def _evidence(evidence: Evidence, paper: Paper) -> Evidence:
    return replace(evidence, paper_id=paper.id)


def _files(path: Path) -> list[Path]:
    return sorted((path / FOLDER).glob("*.jsonl.gz"))


def _read(file: Path) -> Iterator[Extraction]:
    try:
        with gzip.open(file) as lines:
            for line in lines:
                yield from_json(line)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        raise GraphError(f"{file}: damaged; import it again, or remove it") from None
