"""What must hold of a reader whatever the bytes: no exception but InputError, no hang, well-formed papers, plain lines.

How the bytes come, in one block or a few at a time, must not change what is read.
"""

import binascii
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType

import pytest

from kg.cli import pwc_dumps
from kg.errors import InputError
from kg.model import Paper, normalise_text
from kg.read import formats, read, source
from kg.read.identifiers import normal
from kg.read.source import Source

SECONDS = 10
"""Longest time of the processor for an input of some kilobytes; the usual one is a millisecond."""
_SMALL = 20_000
"""Longest input, in bytes, that is read a second time in small blocks."""
_MAY_BE_SILENT = ("zotero", "openreview", "oai")
"""Formats with records that are no papers and are passed over without a word: attachments, reviews, the deleted."""


class HangError(BaseException):
    """More than `SECONDS` of the processor; no reader may catch it."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Break off what takes more seconds of the processor, regular expressions too; raises HangError."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise HangError(f"more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def survives(path: Path, content: bytes, form: str | None) -> None:
    """Read these bytes as a file; check the papers, the problems and the time."""
    path.write_bytes(content)
    problems: list[InputError] = []
    began = time.process_time()
    with limited():
        found = list(read([path], format=form, on_problem=problems.append))
    assert time.process_time() - began < SECONDS
    assert found or problems or form in _MAY_BE_SILENT or b"itemType" in content or b"deleted" in content
    plain_lines(path, problems)
    for paper in found:
        well_formed(paper)
        assert paper.sources[0].startswith(str(path))


def plain_lines(path: Path, problems: list[InputError]) -> None:
    """Check that each problem is one line that begins with the path and holds nothing that a terminal would obey."""
    for problem in problems:
        assert str(problem).startswith(str(path))
        assert len(str(problem).splitlines()) == 1
        assert not any(c == "\x7f" or c < " " for c in str(problem))


def well_formed(paper: Paper) -> None:
    """Check that every text of a paper is normalised and can be written, and that its identifiers are."""
    assert paper.title == normalise_text(paper.title) != ""
    assert paper.abstract == normalise_text(paper.abstract) != ""
    assert paper.id == normalise_text(paper.id) != ""
    assert len(set(paper.authors)) == len(paper.authors)
    for text in (paper.id, paper.title, paper.abstract, paper.venue, paper.url, *paper.authors):
        text.encode()  # no half of a pair of surrogates
        assert text == normalise_text(text)
    assert paper.year is None or 1000 <= paper.year < 2200
    assert list(paper.ids) == sorted(set(paper.ids))
    assert all(normal(*one.split(":", 1)) == one for one in paper.ids)


def same_in_small_blocks(content: bytes, form: str, *, size: int) -> None:
    """Read the text in one block and in blocks of ``size`` bytes; check that the same is found and said.

    What is not UTF-8 is only read: of a line longer than some blocks, each part is decoded on its own.
    """
    reader = formats.format_named(form)
    assert reader
    if len(content) > _SMALL or not content.strip():
        return

    def tried(small: int) -> tuple[list[Paper], list[str]]:
        problems: list[str] = []
        text = Source("x", iter([content]), lambda problem: problems.append(str(problem)))
        if small:  # the first block alone tells encoding and format; it is cut only after that
            whole = b"".join(text._bytes)
            text._bytes = (whole[at : at + small] for at in range(0, len(whole), small))
        return list(reader.read(text, False)), problems

    with pytest.MonkeyPatch.context() as patch, limited():
        expected = tried(0)
        patch.setattr(source, "BLOCK", size)
        again = tried(size)
    guessed = any("not UTF-8" in problem for problem in expected[1])
    assert again == expected or guessed, f"{size}: {again} not {expected}"


def reads(form: str | None, folder: Path) -> Callable[[bytes], None]:
    """Give the check of one reader; ``form`` None is the one that recognises the format."""

    def check(content: bytes) -> None:
        survives(folder / "fuzz", content, form)
        if form:
            same_in_small_blocks(content, form, size=3 + binascii.crc32(content) % 300)

    return check


def reads_dump(folder: Path) -> Callable[[bytes], None]:
    """Give the check of the reader of Papers with Code."""

    def check(content: bytes) -> None:
        path = folder / "fuzz"
        path.write_bytes(content)
        problems: list[InputError] = []
        try:
            with limited():
                dump, records = pwc_dumps.read_dump(path, on_problem=problems.append)
                if dump == "papers":
                    for record in records:
                        title, url, methods, tasks = pwc_dumps.tags(record)
                        for text in (title, url, *methods, *tasks):
                            text.encode()
                else:
                    kept = list(islice(records, 10_000))
                    for entry in pwc_dumps.entries(dump, iter(kept), papers=0):
                        "\t".join((entry.name, *entry.aliases, *entry.tasks)).encode()
                    for record in kept if dump == "tables" else ():
                        for row in pwc_dumps.rows(record):
                            str(row).encode()
        except InputError as problem:
            problems.append(problem)
        plain_lines(path, problems)

    return check
