"""The graph folder: a manifest, the extraction records in parts, the embedded database.

::

    papers.kg/
        manifest.json                              what belongs to the graph, with the digest of every file
        records/<extractor>-<digest>.jsonl.gz      extraction records, the source of truth
        records/<extractor>-<digest>.facts.gz      what the identity of their papers goes by, made from them
        graph-<key>.lbug                           the database, made from the records
        graph-<key>.lbug.wal                       its changes since, read by the engine, if it was changed
        assembly-<key>.sqlite                      what the next build changes instead of assembling all, if it is large
        overrides.toml                             papers that are one, or are not; the user's, if any
        quarantine.jsonl                           papers that could not be extracted, with the tracebacks, if any
        .lock                                      held by a build

Files are named by what is in them, or by what they are made from, and never changed. New ones are written and synced
first, then ``manifest.json`` is replaced in one step, then files that it does not name are removed: a crash at any
point leaves the old graph or the new one. Record parts that a crashed build finished are still there for the next
build to take up (`unclaimed_parts`). What the records of papers in quarantine are made by is `QUARANTINE`, so that
each build tries them again.

This module knows what a folder looks like, not how a graph is made (see ``kg.update``) and not what is in the database.
"""

import contextlib
import gzip
import hashlib
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kg.errors import GraphError
from kg.model import Extraction, Paper
from kg.record import from_json, paper_from, to_json

FORMAT = 1
"""Version of the layout; a folder with a higher one is refused."""

PART_PAPERS = 2048
"""Papers in one full part of the records: what a crash can cost."""

QUARANTINE = "quarantined"
"""The extractor of papers that could not be extracted."""

MANIFEST = "manifest.json"
_REPORT = "quarantine.jsonl"
_LOCK = ".lock"
_RECORDS = "records"
_DIGEST = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of extraction records, all made by one extractor."""

    file: str
    sha256: str
    papers: int
    extractor: str


@dataclass(frozen=True, slots=True)
class Database:
    """The file of the embedded engine; ``key`` digests what it was made from, ``log`` the changes beside it, if any."""

    file: str
    sha256: str
    key: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The file of what was assembled. ``context`` digests all that goes into a database but the records.

    ``changed`` counts the papers that came or went since all was assembled.
    """

    file: str
    sha256: str
    context: str
    changed: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that papers were read from; ``sha256`` is empty for standard input."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a graph folder holds."""

    program: str
    extractor: str
    tagger: str
    vocabulary: str
    inputs: tuple[Source, ...]
    records: tuple[Part, ...]
    database: Database
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Nodes by label under ``nodes``, relationships by type under ``relationships``."""
    kept: Kept | None = None
    format: int = FORMAT

    @property
    def papers(self) -> int:
        """How many papers the graph is made of."""
        return sum(part.papers for part in self.records)

    @property
    def files(self) -> set[str]:
        """The files that it names."""
        kept = {_beside(part.file) for part in self.records}
        log = {log_beside(Path(self.database.file)).as_posix()} if self.database.log else set()
        return kept | log | {file.file for file in (*self.records, self.database, self.kept) if file}

    @property
    def quarantined(self) -> int:
        """How many of them could not be extracted."""
        return sum(part.papers for part in self.records if part.extractor == QUARANTINE)


def read_manifest(folder: Path) -> Manifest:
    """Read what a graph folder holds; raise GraphError when it is none, damaged or of a newer version."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        what = "not a graph folder (no manifest.json)" if folder.exists() else "no such graph folder"
        raise GraphError(f"{folder}: {what}; make one with: kg build INPUT... -o {folder}") from None
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise _damaged(path, "not JSON") from None
    version = found.get("format") if isinstance(found, dict) else None
    if not isinstance(version, int):
        raise _damaged(path, "no format version")
    if version > FORMAT:
        raise GraphError(f"{folder}: format {version}, made by a newer kg; this one reads up to {FORMAT}: upgrade kg")
    try:
        return _manifest(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path, "keys are missing or wrong") from None


def _manifest(found: dict[str, Any]) -> Manifest:
    manifest = Manifest(
        program=str(found["program"]),
        extractor=str(found["extractor"]),
        tagger=str(found["tagger"]),
        vocabulary=str(found["vocabulary"]),
        inputs=tuple(Source(**source) for source in found["inputs"]),
        records=tuple(Part(**part) for part in found["records"]),
        database=Database(**found["database"]),
        counts={
            of: {str(name): int(count) for name, count in counts.items()} for of, counts in found["counts"].items()
        },
        kept=Kept(**found["kept"]) if found.get("kept") else None,
        format=found["format"],
    )
    for name in manifest.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(name)
    return manifest


def _damaged(path: Path, reason: str) -> GraphError:
    return GraphError(f"{path}: damaged ({reason}); build the graph again from its papers into a new folder")


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[Manifest | None]:
    """Hold ``folder`` for a build, made if missing; give its manifest, or None when it has none yet.

    Raises GraphError when the path is something else than a graph folder or another build holds it. On Windows, which
    has no ``fcntl``, nothing stops a second build.
    """
    if folder.exists() and not _may_hold_graph(folder):
        raise GraphError(f"{folder}: exists and is not a graph folder; give another path with -o")
    try:
        _make(folder.joinpath(_RECORDS))
        lock = folder.joinpath(_LOCK).open("a")
    except OSError as error:
        raise GraphError(f"{error.filename or folder}: {error.strerror}; give another path with -o") from None
    with lock, _leaving_nothing(folder):
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise GraphError(f"{folder}: another build is writing it; wait for that one to end") from None
        manifest = read_manifest(folder) if folder.joinpath(MANIFEST).exists() else None
        _clear(folder, ".new-*", f"{_RECORDS}/.new-*")
        yield manifest


@contextlib.contextmanager
def extracting(folder: Path) -> Iterator[bool]:
    """Note in a folder that is held that papers are extracted; give whether who did so last died at it."""
    lock = folder / _LOCK
    died = lock.stat().st_size > 0
    # Where there is no room for the note, what matters fails next and says so.
    with contextlib.suppress(OSError):
        lock.write_text("extracting\n")
    try:
        yield died
    finally:
        lock.write_bytes(b"")


@contextlib.contextmanager
def _leaving_nothing(folder: Path) -> Iterator[None]:
    """Remove the folder again where a build failed before anything was written to it."""
    try:
        yield
    except BaseException:
        if {path.name for path in folder.rglob("*")} == {_LOCK, _RECORDS}:
            folder.joinpath(_LOCK).unlink()
            folder.joinpath(_RECORDS).rmdir()
            folder.rmdir()
        raise


def _may_hold_graph(folder: Path) -> bool:
    """True for a graph folder, the start of one that a crash left, and an empty folder."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return MANIFEST in names or _LOCK in names or not names


def write_part(folder: Path, extractions: Iterable[Extraction], extractor: str) -> Part:
    """Write one part of the records and sync it; give its entry of the manifest."""
    return write_lines(folder, (to_json(extraction).encode() for extraction in extractions), extractor)


def write_lines(folder: Path, records: Iterable[bytes], extractor: str) -> Part:
    """Do as `write_part` with extraction records that are written already."""
    lines = [record + b"\n" for record in records]
    # A part that is not full is written again by every build that adds papers: there time counts more than size.
    data = gzip.compress(b"".join(lines), 6 if len(lines) == PART_PAPERS else 1, mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    name = f"{_RECORDS}/{extractor[:16]}-{digest[:_DIGEST]}.jsonl.gz"
    part = Part(name, digest, len(lines), extractor)
    if not is_whole(folder, part):
        _write(folder / name, data)
    return part


def read_part(folder: Path, part: Part) -> Iterator[Extraction]:
    """Read the records of a part; raise GraphError when it is missing or not what was written."""
    return _read_lines(folder, part, from_json)


def read_papers(folder: Path, part: Part) -> Iterator[Paper]:
    """Read the papers alone of the records of a part, which takes a fraction of the time; raises as `read_part`."""
    return _read_lines(folder, part, lambda line: paper_from(json.loads(line)))


def read_lines(folder: Path, part: Part) -> Iterator[bytes]:
    """Read the records of a part as they are written; raises as `read_part`."""
    return _read_lines(folder, part, bytes)


def _read_lines(folder: Path, part: Part, read: Callable[[bytes], T]) -> Iterator[T]:
    path = folder / part.file

    def broken(reason: str) -> GraphError:
        return GraphError(
            f"{path}: damaged ({reason}); the next build extracts its papers again: kg build INPUT... -o {folder}"
        )

    try:
        data = path.read_bytes()
    except OSError as error:
        raise broken(str(error.strerror)) from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise broken("its digest is not that of the manifest")
    try:
        lines = gzip.decompress(data).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise broken(str(error)) from None
    for number, line in enumerate(lines, 1):
        try:
            yield read(line)
        except (ValueError, KeyError, TypeError):
            raise broken(f"line {number} is not an extraction record") from None


def beside(folder: Path, part: Part) -> Path:
    """Give the path of what is made of a part and kept with it."""
    return folder / _beside(part.file)


def _beside(file: str) -> str:
    return file.removesuffix(".jsonl.gz") + ".facts.gz"


def write_beside(folder: Path, part: Part, data: bytes) -> None:
    """Write what is kept with a part; raises OSError."""
    _write(beside(folder, part), data)


def is_whole(folder: Path, file: Part | Database | Kept) -> bool:
    """Tell whether a file is there with the bytes that the manifest names."""
    try:
        path = folder / file.file
        if isinstance(file, Database) and (_digest(log_beside(path)) if file.log else "") != file.log:
            return False
        return _digest(path) == file.sha256
    except OSError:
        return False


def read_records(folder: Path, manifest: Manifest) -> Iterator[Extraction]:
    """Read all extraction records of a graph, part after part."""
    for part in manifest.records:
        yield from read_part(folder, part)


def unclaimed_parts(folder: Path, extractor: str, manifest: Manifest | None) -> Iterator[Part]:
    """Find whole parts by ``extractor`` that ``manifest`` does not name: the work of a build that did not end."""
    named = {part.file for part in manifest.records} if manifest else set()
    for path in sorted(folder.joinpath(_RECORDS).glob(f"{extractor[:16]}-*.jsonl.gz")):
        name = f"{_RECORDS}/{path.name}"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if name not in named and path.name == f"{extractor[:16]}-{digest[:_DIGEST]}.jsonl.gz":
            yield Part(name, digest, 0, extractor)


def database_key(*made_from: str) -> str:
    """Digest what a database is made from: as long as it stays, the database need not be made again."""
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:_DIGEST]


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a place for what a build need not keep, on the disk of the folder; it goes with the build."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder, ignore_cleanup_errors=True) as place:
        yield Path(place)


@contextlib.contextmanager
def new_database(folder: Path, key: str) -> Iterator[Path]:
    """Give a path to make the database at; on success it is synced and gets its name, else it is removed.

    So is what was assembled, where it was put at the path that `kept_beside` gives.
    """
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as place:
        path = Path(place) / "graph.lbug"
        yield path
        name = folder / database_name(key)
        # One that a crash left is not this one's.
        log_beside(name).unlink(missing_ok=True)
        for made, final in (
            (path, name),
            (log_beside(path), log_beside(name)),
            (kept_beside(path), folder / _kept_name(key)),
        ):
            if made.exists():
                sync(made)
                made.replace(final)
    sync(folder)


def log_beside(database: Path) -> Path:
    """Give the path where the engine keeps changes of a database."""
    return database.with_name(f"{database.name}.wal")


def kept_beside(database: Path) -> Path:
    """Give the path for what was assembled, beside a new database."""
    return database.with_name("assembly.sqlite")


def database_name(key: str) -> str:
    """Name the database file with this key."""
    return f"graph-{key}.lbug"


def database_entry(folder: Path, key: str, *, digest: str | None = None) -> Database:
    """Describe the database with this key; its file is digested, unless its ``digest`` is known."""
    path = folder / database_name(key)
    log = log_beside(path)
    return Database(path.name, digest or _digest(path), key, _digest(log) if log.exists() else "")


def kept_entry(folder: Path, key: str, context: str, changed: int) -> Kept | None:
    """Describe what was assembled for the database with this key, if it was kept."""
    path = folder / _kept_name(key)
    return Kept(path.name, _digest(path), context, changed) if path.exists() else None


def _kept_name(key: str) -> str:
    return f"assembly-{key}.sqlite"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make ``manifest`` what the folder holds, in one step, then remove the files that it does not name."""
    text = json.dumps(asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    _write(folder / MANIFEST, text.encode())
    sweep(folder, manifest)


def write_quarantine(folder: Path, problems: Iterable[Mapping[str, object]]) -> None:
    """Make ``problems`` what the folder says of papers that could not be extracted, a line each; no file for none."""
    lines = [json.dumps(problem, ensure_ascii=False) + "\n" for problem in problems]
    if lines:
        _write(folder / _REPORT, "".join(lines).encode())
    else:
        folder.joinpath(_REPORT).unlink(missing_ok=True)


def sweep(folder: Path, manifest: Manifest) -> None:
    """Remove the parts, databases and half-written files that ``manifest`` does not name; leave strangers alone."""
    records = f"{_RECORDS}/*.jsonl.gz", f"{_RECORDS}/*.facts.gz", f"{_RECORDS}/.new-*"
    _clear(folder, *records, "graph-*.lbug*", "assembly-*.sqlite", ".new-*", but=manifest.files)


def _clear(folder: Path, *patterns: str, but: Container[str] = ()) -> None:
    # A database goes before its log: without that it would open as it once was.
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        if path.relative_to(folder).as_posix() in but:
            continue
        # Windows keeps what somebody reads; the next build removes it.
        with contextlib.suppress(PermissionError):
            if path.is_dir():
                for left in path.iterdir():
                    left.unlink(missing_ok=True)
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    """Write a whole file or none: to a name beside it, synced, then renamed."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync(path.parent)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _make(path: Path) -> None:
    """Make a folder and those above it, so that a power cut does not take them away from what is then synced in it."""
    if path.is_dir():
        return
    _make(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before this returns."""
    if sys.platform == "win32" and path.is_dir():
        return
    # Windows syncs only what is open for writing.
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
