"""Open what the user named and give its text, block by block or line by line, without holding it.

A `Source` is one file (or stdin, or a member of an archive), unpacked by `kg.read.unpack`: decoded as UTF-8 (UTF-16
with a byte order mark, XML as it declares), a line that is not UTF-8 as Windows-1252 with a report. It does not know
what the text means. Folders are walked in sorted order without hidden files, each once; a link that leads back to a
folder above it is refused.
"""

import codecs
import itertools
import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple

from kg.errors import InputError
from kg.read.record import NoAbstractError, RefusedError
from kg.read.unpack import BLOCK, BROKEN, UnpackError

MAX_RECORD = 16 << 20
"""Longest line or record that is held in memory, in bytes or characters; a longer one is refused."""

log = logging.getLogger(__name__)


class GuessedEncodingError(InputError):
    """Text that is not UTF-8 and was read as Windows-1252: a warning, the record is kept."""


class Line(NamedTuple):
    """A line of text without its end, numbered from 1."""

    number: int
    text: str


class Source:
    """The text of one input; it can be read once, by `blocks` or by `lines`."""

    def __init__(self, name: str, blocks: Iterator[bytes], report: Callable[[InputError], None]) -> None:
        """Look at the first of the ``blocks``; ``name`` is the path as the user gave it."""
        self.name = name
        self._report = report
        self._guessed = False
        self.failed = False
        self.silent = True
        """Whether nothing was said of this source yet."""
        first = self._guard(blocks)
        self._bytes: Iterator[bytes] = itertools.chain([first] if first else [], iter(lambda: self._guard(blocks), b""))
        self._encoding = _bom(first) or _declared(first)
        if self._encoding == "utf-8":
            self._bytes = _transcoded(self._bytes, codecs.getincrementaldecoder("utf-8-sig")("surrogateescape"))
        elif self._encoding:
            self._bytes = _transcoded(self._bytes, codecs.getincrementaldecoder(self._encoding)("replace"))
        start = b""
        self.first = 1
        """The line with which `blocks` begins: what is blank before the first text is passed over, however long."""
        for block in self._bytes:
            if block.strip():
                start = block
                break
            self.first += block.count(b"\n") or block.count(b"\r")
        self._bytes = itertools.chain([start], self._bytes)
        self.empty = not start
        self.binary = _looks_binary(start)
        self._newline = b"\r" if b"\r" in start and b"\n" not in start else b"\n"
        self.head = start.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        """The first text of the source, at most `BLOCK` bytes of it, for recognising the format."""

    def problem(self, line: int | None, what: str) -> None:
        """Report one problem at ``line`` (None: of the whole file); raises where the reading is strict."""
        self.silent = False
        self._report(InputError(f"{self.name}:{line}: {what}" if line else f"{self.name}: {what}"))

    def refuse(self, line: int, refusal: RefusedError, skip_empty: bool) -> None:
        """Report a record that is not a paper, unless it only lacks its abstract and such are skipped."""
        self.silent = False
        if not (skip_empty and isinstance(refusal, NoAbstractError)):
            self.problem(line, str(refusal))

    def place(self, line: int) -> str:
        """The place that a paper remembers as its source."""
        return f"{self.name}:{line}"

    def lines(self) -> Iterator[Line]:
        """Iterate over the lines; one longer than `MAX_RECORD` is reported and given as an empty line."""
        number, rest, dropped = self.first, b"", False
        for block in self._bytes:
            first, *more = block.split(self._newline)
            if not more:
                rest += first
                if len(rest) > MAX_RECORD:
                    rest, dropped = b"", True
                continue
            yield self._line(number, rest + first, dropped)
            dropped = False
            for part in more[:-1]:
                number += 1
                yield self._line(number, part)
            number, rest = number + 1, more[-1]
        if rest or dropped:
            yield self._line(number, rest, dropped)

    def blocks(self) -> Iterator[str]:
        """Iterate over the text in pieces that end with a line where lines are of common length."""
        number, rest = self.first, b""
        for block in self._bytes:
            cut = block.rfind(self._newline) + 1
            if not cut and len(rest) < BLOCK * 4:
                rest += block
                continue
            cut = cut or _character_end(block)
            text = rest + block[:cut]
            yield self._decode(number, text)
            number += text.count(self._newline)
            rest = block[cut:]
        if rest:
            yield self._decode(number, rest)

    def _line(self, number: int, text: bytes, dropped: bool = False) -> Line:
        if dropped:
            self.problem(number, f"line of more than {MAX_RECORD >> 20} MB; put each record on a line of its own")
            return Line(number, "")
        return Line(number, self._decode(number, text.removesuffix(b"\r")))

    def _decode(self, number: int, text: bytes) -> str:
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            if not self._guessed:
                self._guessed = True
                number += text.count(self._newline, 0, error.start)
                what = "not UTF-8, read as Windows-1252; save the file as UTF-8 if letters look wrong"
                self._report(GuessedEncodingError(f"{self.name}:{number}: {what}"))
            # Latin-1 fills the five bytes that Windows-1252 leaves undefined, so that every byte sequence reads.
            return "\n".join(_fallback(line) for line in text.split(b"\n"))

    def _guard(self, blocks: Iterator[bytes]) -> bytes:
        if self.failed:
            return b""
        try:
            return next(blocks, b"")
        except UnpackError as error:
            self.failed = True
            self.problem(None, str(error))
            return b""
        except BROKEN as error:
            self.failed = True
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            reason = " ".join(said.split())[:200] or type(error).__name__
            self.problem(None, f"cannot be read to its end ({reason}); check the file")
            return b""


def _fallback(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _bom(start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _declared(start: bytes) -> str:
    """The encoding that an XML file says it has, where that is one of text other than UTF-8."""
    found = re.match(rb"""\s*<\?xml\s[^<>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", start[:1000])
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name if found else ""
        "".encode(name or "utf-8").decode(name or "utf-8")
    except (LookupError, UnicodeError):
        return ""
    # What says UTF-16 and shows no byte order mark is read as it is.
    return "" if name in ("utf-8", "ascii") or name.startswith(("utf-16", "utf-32", "utf-7", "idna")) else name


def _transcoded(blocks: Iterable[bytes], decoder: codecs.IncrementalDecoder) -> Iterator[bytes]:
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "surrogateescape")
    yield decoder.decode(b"", True).encode("utf-8", "surrogateescape")


def _character_end(block: bytes) -> int:
    """The length of ``block`` without a UTF-8 character that its end cuts."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) - back if width > back else len(block)
        if byte < 0x80:
            break
    return len(block)


def _looks_binary(start: bytes) -> bool:
    if start.startswith((b"%PDF-", b"PAR1", b"{\\rtf")):
        return True
    start = re.sub(rb"\0{2,}", b"\0", start)  # a block of zeros is damage, and costs what it lies in
    controls = len(start) - len(start.translate(None, bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))))
    return controls * 20 > len(start) or (b"\0" in start and controls > 3 and controls * 200 > len(start))


def check(inputs: Iterable[str | Path]) -> list[str]:
    """Give the inputs as they were named; raises InputError for one that does not exist."""
    names = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    for name in names:
        if str(name) != "-" and not os.path.exists(name):  # noqa: PTH110 - Path.exists raises on a name with NUL
            raise InputError(f"{_shown(str(name))}: no such file or folder; check the path")
    return [str(name) for name in names]


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)


def files(names: Iterable[str], report: Callable[[InputError], None]) -> Iterator[tuple[str, bool]]:
    """Give each file to read and whether it was named itself (not found in a folder)."""
    for name in names:
        if name == "-" or not Path(name).is_dir():
            yield name, True
            continue
        found = False
        for path in _walk(Path(name), report):
            found = True
            yield str(path), False
        if not found:
            report(InputError(f"{name}: no files in this folder; give a folder that holds papers"))


def _walk(top: Path, report: Callable[[InputError], None]) -> Iterator[Path]:
    above: list[tuple[tuple[int, int], Iterator[Path]]] = []
    seen: set[tuple[int, int]] = set()

    def enter(folder: Path) -> None:
        try:
            state = folder.stat()
            entries = sorted(folder.iterdir(), key=lambda path: path.name)
        except OSError as error:
            report(InputError(f"{folder}: cannot be opened ({error.strerror}); check its permissions"))
            return
        here = state.st_dev, state.st_ino
        if any(here == one for one, _ in above):
            report(InputError(f"{folder}: a link back to a folder above it, not followed; remove the link"))
        elif here in seen:
            # Twenty folders with two links each to the next one would be a million.
            report(InputError(f"{folder}: a folder read already under another name, not read again; remove the link"))
        else:
            seen.add(here)
            above.append((here, iter(entries)))

    enter(top)
    while above:
        path = next(above[-1][1], None)
        if path is None:
            above.pop()
            continue
        if path.name.startswith("."):
            continue
        try:
            mode = path.stat().st_mode
        except OSError as error:
            report(InputError(f"{path}: cannot be opened ({error.strerror}); remove or mend the link"))
            continue
        if stat.S_ISDIR(mode):
            enter(path)
        elif stat.S_ISREG(mode):
            yield path


def opened(name: str) -> AbstractContextManager[IO[bytes]]:
    """Open a file, or stdin for ``-``, as bytes; raises OSError."""
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")
