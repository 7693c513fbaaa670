"""Write a file so that it appears whole or not at all, and escape text for XML."""

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r'[&<>"\t\n\r]')


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Open a temporary UTF-8 file beside ``path`` that takes its place when the block ends, and goes if it fails."""
    # A lone surrogate is no character; the formats that must keep one escape it before it gets here.
    with (
        replacing_bytes(path) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="") as file,
    ):
        yield file
        file.flush()
        os.fsync(raw.fileno())


@contextmanager
def replacing_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Do as `replacing` for a binary file, which the block may close."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def whole(text: str) -> str:
    """Put the replacement character where ``text`` has half a surrogate pair, which no encoding knows."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def xml(value: str) -> str:
    """Escape text for XML 1.0, in an element or an attribute; characters that XML forbids are dropped.

    Tabs and line ends become references, because a parser would otherwise turn them into spaces or newlines.

    >>> xml('a < "b"' + chr(0))
    'a &lt; &quot;b&quot;'
    """
    if value.isprintable():
        # Nearly all text ends here, several times as fast.
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _ESCAPED.sub(lambda m: _ESCAPES[m.group()], _FORBIDDEN.sub("", value))
