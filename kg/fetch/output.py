"""Keep what is fetched in a file of one JSON record a line, such that an interrupted fetch can go on.

Beside ``papers.jsonl`` stands ``.papers.jsonl.fetch``: what was asked, how far it came and how long the file was then.
A page is written and synced whole, then that note is replaced in one step; what a crash left behind the noted length
is cut off before going on, and Ctrl-C leaves whole lines. The note stays when all is there: it says where the file came
from, and lets the same command with a larger number go on.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from kg.errors import FetchError, UsageError
from kg.fetch.fetch import Batch, Request, fetch
from kg.fetch.services import Params, Record, Service
from kg.fetch.transport import Transport

FORMAT = 1

Progress = Callable[[str, int, int | None], None]
"""Told the step, how many papers it has done, and of how many."""


@dataclass(frozen=True, slots=True)
class Saved:
    """How far a fetch has come; what the note beside the file holds."""

    service: str
    address: str
    query: str
    years: tuple[int | None, int | None]
    papers: int = 0
    left_out: int = 0
    total: int | None = None
    length: int = 0
    """Bytes of the file that hold these papers."""
    place: Params | None = None
    """The next page; empty for the first."""
    ended: bool = False
    """True where the service has no more."""
    format: int = FORMAT


def fetch_to(
    path: Path | BinaryIO,
    request: Request,
    transport: Transport,
    *,
    limit: int,
    restart: bool = False,
    progress: Progress | None = None,
) -> tuple[Saved, int]:
    """Fetch until ``path`` holds ``limit`` papers or the service has no more; give the state, and how many were there.

    The same request goes on where it stopped. Raises UsageError for a file that holds anything else, unless
    ``restart``, which begins anew; FetchError where the service or the file refuses. A stream is written from the
    start.
    """
    tell = progress or _silent
    if not isinstance(path, Path):
        return _stream(path, request, transport, limit, tell), 0
    try:
        with _held(path) as file:
            saved = _found(path, request, transport, restart)
            there = saved.papers
            if not saved.ended and saved.papers < limit:
                tell("Fetching", saved.papers, _expected(saved, limit))
                for now in _go_on(path, file, saved, request, transport, limit=limit):
                    saved = now
                    tell("Fetching", saved.papers, _expected(saved, limit))
            return saved, there
    except OSError as error:
        raise FetchError(f"{error.filename or path}: {error.strerror or error}; give another file with -o") from None


def _silent(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def _stream(stream: BinaryIO, request: Request, transport: Transport, limit: int, tell: Progress) -> Saved:
    saved = _nothing(request, transport)
    for batch in fetch(request, transport, limit=limit):
        stream.write(_lines(batch.records))
        stream.flush()
        saved = _after(saved, batch, 0)
        tell("Fetching", saved.papers, _expected(saved, limit))
    return saved


def _go_on(
    path: Path,
    file: BinaryIO,
    saved: Saved,
    request: Request,
    transport: Transport,
    *,
    limit: int,
) -> Iterator[Saved]:
    """Add page after page to the file, each whole; what it held beyond ``saved`` goes when the first page is here."""
    seen = _seen(file, saved.length, request.service)
    for batch in fetch(request, transport, limit=limit - saved.papers, seen=seen, place=saved.place or None):
        lines = _lines(batch.records)
        _write_note(path, saved)
        try:
            file.truncate(saved.length)
            file.seek(saved.length)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), saved.length)
            raise
        saved = _after(saved, batch, len(lines))
        _write_note(path, saved)
        yield saved


def _nothing(request: Request, transport: Transport) -> Saved:
    return Saved(request.service.name, transport.address, request.query.strip(), request.years)


def _after(saved: Saved, batch: Batch, length: int) -> Saved:
    return replace(
        saved,
        papers=saved.papers + len(batch.records),
        left_out=saved.left_out + batch.left_out,
        total=saved.total if batch.total is None else batch.total,
        length=saved.length + length,
        place=batch.next,
        ended=batch.next is None,
    )


def _expected(saved: Saved, limit: int) -> int:
    return limit if saved.total is None else min(limit, saved.total)


def _found(path: Path, request: Request, transport: Transport, restart: bool) -> Saved:
    """Find how far an earlier fetch into ``path`` came: this one's, or none."""
    nothing = _nothing(request, transport)
    if restart or not path.exists() or not path.stat().st_size:
        return nothing
    other = f"{path}: exists, and is not of this fetch; give another file with -o, or --restart to replace it"
    try:
        note = json.loads(_note(path).read_text("utf-8"))
        saved = Saved(**{**note, "years": tuple(note["years"])})
    except (OSError, ValueError, TypeError, KeyError):
        raise UsageError(other) from None
    same = [(s.service, s.address, s.query, s.years, s.format) for s in (saved, nothing)]
    if same[0] != same[1]:
        raise UsageError(other)
    if path.stat().st_size < saved.length:
        raise UsageError(f"{path}: shorter than it was fetched; give another file with -o, or --restart to fetch anew")
    return saved


def _seen(file: BinaryIO, length: int, service: Service) -> set[str]:
    """The records in the first ``length`` bytes of the file."""
    file.seek(0)
    seen: set[str] = set()
    while file.tell() < length:
        with contextlib.suppress(ValueError, AttributeError):
            seen.add(service.identify(json.loads(file.readline())))
    return seen


def _lines(records: Iterable[Record]) -> bytes:
    text = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    return text.encode("utf-8", "replace")


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.fetch")


def _write_note(path: Path, saved: Saved) -> None:
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(saved), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(_note(path))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """Open the file and hold it against a second fetch; remove it again where nothing came."""
    if path.is_dir() or not path.parent.is_dir():
        what = "a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise UsageError(f"{path}: {what}; give a file with -o")
    with path.open("a+b"):
        """Make it."""
    with path.open("r+b") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(f"{path}: another fetch is writing it; wait for that one to end") from None
        try:
            yield file
        finally:
            if not os.fstat(file.fileno()).st_size:
                path.unlink(missing_ok=True)
                _note(path).unlink(missing_ok=True)
