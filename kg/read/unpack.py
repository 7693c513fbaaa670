"""Unpack what is compressed (gzip, bzip2, xz, Zstandard) and go into archives (zip, tar), without writing any file.

Told by magic number. An archive inside an archive, a member that would lie outside of it, a link, an encrypted member
and what unpacks to far more than papers ever do (a bomb) are refused, each with one line.
"""

import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from kg.errors import InputError

if TYPE_CHECKING:
    from typing import Self

BLOCK = 1 << 16
MAX_MEMBERS = 100_000
"""Most files in an archive."""
MAX_RATIO = 200
"""Text that shrinks to less than one in so many is a bomb; papers shrink to one in three or four."""
FREE = 64 << 20
"""Bytes that may come out before the ratio counts."""
_MEMORY = 256 << 20
_STEP = 1 << 10
_TAR_BLOCK = 512


class UnpackError(Exception):
    """What cannot be unpacked; the text says why and what to do."""


class Member(NamedTuple):
    """One text to read: its name, its bytes, and whether it lies in an archive."""

    name: str
    blocks: Iterator[bytes]
    inside: bool


BROKEN = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error),
    *(RuntimeError, ValueError, IndexError, OverflowError),
)
"""What the libraries raise on a damaged file (RuntimeError: also NotImplementedError, of an unknown compression).

The last line is what `zipfile` lets through of names that are not text, negative sizes and the like.
"""


def members(name: str, stream: IO[bytes], report: Callable[[InputError], None]) -> Iterator[Member]:
    """Give the texts in a file: itself, unpacked, or the members of the archive that it is."""
    raw = _Counted(stream)
    start = raw.peek(6)
    said = False

    def tell(problem: InputError) -> None:
        nonlocal said
        said = True
        report(problem)

    def inside(archive: Iterator[Member]) -> Iterator[Member]:
        nonlocal said
        for member in archive:
            said = True
            yield member
        if not said:
            report(InputError(f"{name}: no files in this archive; give one that holds papers"))

    try:
        if start.startswith((b"PK\3\4", b"PK\5\6")):
            yield from inside(_zip(name, stream, tell))
            return
        text = _Joined(_bounded(_unpacked(raw), raw))
        try:
            head = text.peek(_TAR_BLOCK)
        except (*BROKEN, UnpackError):
            head = b""  # the reading of the text meets it again and reports it
        if head[257:262] == b"ustar":
            yield from inside(_tar(name, text, tell))
        else:
            yield Member(name, iter(lambda: text.read(BLOCK), b""), inside=False)
    except UnpackError as error:
        report(InputError(f"{name}: {error}"))
    except BROKEN as error:
        report(InputError(f"{name}: a broken archive ({_reason(error)}); make it anew"))


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


class _Counted:
    """A stream that counts what is read of it and can be looked into: stdin cannot seek."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held = b""
        self.count = 0

    def peek(self, size: int) -> bytes:
        while len(self._held) < size and (more := self._stream.read(size - len(self._held))):
            self._held += more
        return self._held

    def read(self, size: int = -1) -> bytes:
        block, self._held = self._held[:size] if size >= 0 else self._held, self._held[size:] if size >= 0 else b""
        block = block or self._stream.read(size)
        self.count += len(block)
        return block


class _Joined:
    """Blocks as a stream that gives as many bytes as are asked for; an error of the blocks comes again."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = bytearray()
        self._error: Exception | None = None

    def peek(self, size: int) -> bytes:
        self._fill(size)
        return bytes(self._held[:size])

    def read(self, size: int) -> bytes:
        # What came before a cut is given first, and only then the error.
        with suppress(*BROKEN, UnpackError):
            self._fill(size)
        if not self._held and self._error:
            raise self._error
        block = bytes(self._held[:size])
        del self._held[:size]
        return block

    def _fill(self, size: int) -> None:
        if self._error:
            raise self._error
        try:
            while len(self._held) < size and (block := next(self._blocks, b"")):
                self._held += block
        except (*BROKEN, UnpackError) as error:
            self._error = error
            raise


def _bounded(blocks: Iterator[bytes], raw: _Counted) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > FREE and size > MAX_RATIO * raw.count:
            raise UnpackError(f"unpacks to more than {MAX_RATIO} times its size, as a bomb does; unpack it yourself")
        yield block


def _unpacked(raw: _Counted) -> Iterator[bytes]:
    start = raw.peek(6)
    stream = cast(IO[bytes], raw)
    if start.startswith(b"\x1f\x8b"):
        import gzip

        stream = cast(IO[bytes], gzip.GzipFile(fileobj=cast(Any, raw), mode="rb"))
    elif re.match(rb"BZh[1-9](?:1A|\x17r)", start):
        import bz2

        stream = cast(IO[bytes], bz2.BZ2File(cast(Any, raw)))
    elif start == b"\xfd7zXZ\0":
        return _xz(raw)
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstandard(raw)
    return iter(lambda: stream.read(BLOCK), b"")


def _xz(raw: _Counted) -> Iterator[bytes]:
    """Unpack with a bound on memory, which `lzma.LZMAFile` does not offer."""
    data = raw.read(BLOCK)
    while data:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        while not unpacker.eof:
            block = unpacker.decompress(data, BLOCK)
            if block:
                yield block
            data = b""
            if unpacker.needs_input and not unpacker.eof:
                data = raw.read(BLOCK)
                if not data:
                    raise EOFError("the compressed data ends too early")
        # Streams may follow one another, with zeros between.
        data = unpacker.unused_data.lstrip(b"\0")
        while not data and (more := raw.read(BLOCK)):
            data = more.lstrip(b"\0")


def _zstandard(raw: _Counted) -> Iterator[bytes]:
    """Unpack in small steps: a step may give 128 kB for every four bytes, and a stream would not tell of a cut."""
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=_MEMORY >> 1)
    try:
        while data := raw.read(_STEP):
            frame = unpacker.decompressobj()
            while data or not frame.eof:
                block = frame.decompress(data)
                yield from (block[at : at + BLOCK] for at in range(0, len(block), BLOCK))
                if frame.eof:
                    data, frame = frame.unused_data, unpacker.decompressobj() if frame.unused_data else frame
                elif not (data := raw.read(_STEP)):
                    raise EOFError("the compressed data ends too early")
    except zstandard.ZstdError as error:
        raise UnpackError(f"cannot be unpacked ({_reason(error)}); check the file") from error


def _refused(name: str) -> str:
    """Why a member of that name is not read, or nothing."""
    if not 0 < len(name) <= 1000 or not name.isprintable():
        return "a name that is no path"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        return "a path that leads out of the archive"
    return ""


def _hidden(name: str) -> bool:
    # What the Mac adds to a zip is no file of the user's.
    return re.search(r"(^|/)(\.(?!\.?(/|$))|__MACOSX(/|$))", name) is not None


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:200])


def _contents(name: str, member: str, raw: _Counted) -> Member:
    """A member as a text of its own; it may be compressed, but is no archive."""
    text = _Joined(_bounded(_unpacked(raw), raw))
    head = raw.peek(6)
    with suppress(*BROKEN, UnpackError):
        head = text.peek(_TAR_BLOCK)
    if head.startswith(b"PK\3\4") or head[257:262] == b"ustar":
        raise UnpackError(f'"{_shown(member)}" is an archive in an archive, not read; unpack it first')
    return Member(f"{name}/{member}", iter(lambda: text.read(BLOCK), b""), inside=True)


def _zip(name: str, stream: IO[bytes], report: Callable[[InputError], None]) -> Iterator[Member]:
    if not stream.seekable():
        raise UnpackError("a zip archive cannot be read from a pipe; give it as a file")
    size = stream.seek(0, 2)
    _check_directory(stream, size)
    with zipfile.ZipFile(stream) as archive:
        inner = archive.infolist()
        names = {one.filename for one in inner}
        if "[Content_Types].xml" in names or "mimetype" in names:
            raise UnpackError("a document of an office program, not text; give text, BibTeX, JSON or CSV")
        if len(inner) > MAX_MEMBERS:
            raise UnpackError(f"more than {MAX_MEMBERS:,} files in an archive; unpack it and give the folder")
        if sum(one.file_size for one in inner) > max(FREE, MAX_RATIO * size):
            raise UnpackError(f"unpacks to more than {MAX_RATIO} times its size, as a bomb does; unpack it yourself")
        for one in sorted(inner, key=lambda member: member.filename):
            if one.filename.endswith("/") or _hidden(one.filename):
                continue
            why = _refused(one.filename) or ("encrypted" if one.flag_bits & 1 else "")
            if stat.S_ISLNK(one.external_attr >> 16):
                why = why or "a link"
            if why:
                report(InputError(f'{name}: "{_shown(one.filename)}" is {why}, not read; unpack it yourself'))
                continue
            try:
                with archive.open(one) as member:
                    yield _contents(name, one.filename, _Counted(member))
            except UnpackError as error:
                report(InputError(f"{name}: {error}"))
            except BROKEN as error:
                report(
                    InputError(f'{name}: "{_shown(one.filename)}" cannot be read ({_reason(error)}); unpack it first')
                )


def _check_directory(stream: IO[bytes], size: int) -> None:
    """Refuse a table of contents that would fill the memory, before `zipfile` holds all of it."""
    stream.seek(max(0, size - 70_000))
    tail = stream.read(70_000)
    at = tail.rfind(b"PK\5\6")
    length = struct.unpack_from("<I", tail, at + 12)[0] if 0 <= at <= len(tail) - 22 else 0
    far = tail.rfind(b"PK\6\6")
    if length == 0xFFFFFFFF and 0 <= far <= len(tail) - 56:
        length = struct.unpack_from("<Q", tail, far + 40)[0]
    if length > 200 * MAX_MEMBERS:
        raise UnpackError(f"more than {MAX_MEMBERS:,} files in an archive; unpack it and give the folder")
    stream.seek(0)


_EXTENSIONS = {b"L": 1 << 20, b"K": 1 << 20, b"x": 1 << 20, b"X": 1 << 20, b"g": 1 << 12}
"""The headers that `tarfile` reads into memory whole, and how long they may be in bytes."""


class _Header(tarfile.TarInfo):
    """A header that is refused where it would fill the memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str | None, errors: str) -> "Self":
        header = super().frombuf(buf, encoding or "utf-8", errors)
        if header.size > _EXTENSIONS.get(header.type, header.size):
            raise UnpackError(f"a broken archive (a header of {header.size:,} bytes); make it anew")
        return header


def _tar(name: str, text: _Joined, report: Callable[[InputError], None]) -> Iterator[Member]:
    with tarfile.open(fileobj=cast(IO[bytes], text), mode="r|", tarinfo=_Header) as archive:
        for _ in range(MAX_MEMBERS):
            one = archive.next()
            if one is None:
                return
            cast(Any, archive).members.clear()  # it would remember all of them
            if one.isdir() or _hidden(one.name):
                continue
            why = _refused(one.name)
            if one.issym() or one.islnk():
                why = why or "a link"
            elif not one.isreg() or one.issparse():
                why = why or "no plain file"
            member = None if why else archive.extractfile(one)
            if member is None:
                report(InputError(f'{name}: "{_shown(one.name)}" is {why}, not read; unpack it yourself'))
                continue
            try:
                yield _contents(name, one.name.removeprefix("./"), _Counted(member))
            except UnpackError as error:
                report(InputError(f"{name}: {error}"))
    raise UnpackError(f"more than {MAX_MEMBERS:,} files in an archive; unpack it and give the folder")
