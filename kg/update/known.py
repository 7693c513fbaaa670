"""What identity goes by (`kg.update.likeness.Facts`) of the papers in each record part, kept beside the part.

So a build need not read all records to decide which papers are one. Nothing is lost with these files: what is missing
or not of this version is made again from the part.
"""

import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from kg import folder
from kg.assemble import versions_of
from kg.folder import Part
from kg.model import Paper
from kg.update.likeness import Facts, facts_of

_CODE = ("update/likeness.py", "update/known.py", "assemble/versions.py", "model.py")
"""What decides what is in such a file."""

Known = tuple[str, tuple[Facts, ...]]
"""The id of a paper, and the facts of its versions."""


def known(paper: Paper) -> Known:
    """Give the facts of a paper."""
    return paper.id, tuple(map(facts_of, versions_of(paper)))


def note(path: Path, part: Part, papers: Iterable[Known]) -> None:
    """Keep the facts of the papers in a part of the graph folder at ``path``, in the order of its records."""
    written = f"{_code()}\n{json.dumps(list(papers))}"
    folder.write_beside(path, part, gzip.compress(written.encode(), 1, mtime=0))


def known_papers(path: Path, part: Part) -> Iterable[Known]:
    """Give the facts of the papers in a part, in the order of its records.

    Raises GraphError where they are to be made and the part is damaged.
    """
    try:
        code, _, written = gzip.decompress(folder.beside(path, part).read_bytes()).decode().partition("\n")
        if code == _code() and len(papers := json.loads(written)) == part.papers:
            return [(paper, tuple(map(_read, versions))) for paper, versions in papers]
    except (OSError, EOFError, zlib.error, ValueError, TypeError, IndexError):
        pass
    papers = list(map(known, folder.read_papers(path, part)))
    note(path, part, papers)
    return papers


def _read(written: list[Any]) -> Facts:
    key, own_id, own, title, ids, authors, year, sources, text = written
    return Facts(key, own_id, own, title, tuple(ids), tuple(map(sys.intern, authors)), year, tuple(sources), text)


@cache
def _code() -> str:
    package = resources.files("kg")
    return hashlib.sha256(b"".join((package / name).read_bytes() for name in _CODE)).hexdigest()
