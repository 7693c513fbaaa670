"""Make the database of a graph folder: of all records, or by what changes where that is little."""

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from kg import folder
from kg.errors import GraphError, StoreError
from kg.folder import Database, Kept, Manifest, Part
from kg.model import Extraction
from kg.record import from_json
from kg.update.assembling import assembled, changed
from kg.update.corrections import read_corrections
from kg.update.imports import import_digests

log = logging.getLogger(__name__)

KEPT_FROM = 2048
"""From so many papers on, what was assembled is kept: fewer are assembled anew in no time."""

SHARE = 10
"""All is made anew where more than one in so many papers came or went since it was."""

LOG = 4 * 2**20
"""Bytes of changes beside a database, from which on it is made anew: the engine reads them each time that it opens it.

A hundred papers are about one MB, which takes it 0.1 s.
"""

LOG_A_PAPER = 8_000
"""Bytes of changes that a paper has, about: more than `LOG` of them need not be tried."""

Counts = dict[str, dict[str, int]]

Progress = Callable[[str, int, int | None], None]
"""Told the step, how many papers it has done, and of how many."""


class _Difference(NamedTuple):
    """The parts that hold records that go, and that come, and the digests of those records."""

    gone_from: tuple[Part, ...]
    gone: frozenset[bytes]
    added_in: tuple[Part, ...]
    added: frozenset[bytes]


def context(path: Path, extractor: str) -> str:
    """Digest what a database is made of, but for the records."""
    return folder.database_key(extractor, _code(), *import_digests(path), read_corrections(path).digest)


def make_database(
    path: Path,
    key: str,
    around: str,
    records: Sequence[Part],
    old: Manifest | None,
    *,
    scratch: Path,
    progress: Progress,
) -> tuple[Database, Counts, Kept | None]:
    """Make the database of ``records``, called ``key``, in the `context` ``around``.

    Gives it, how many nodes and relationships it has, and what is kept for the next build. Raises GraphError and
    StoreError where records, imports or corrections cannot be read or the place cannot be written.
    """
    papers = sum(part.papers for part in records)
    progress("assemble", 0, papers)
    difference = _difference(path, records, old, around)
    if old and old.kept and difference:
        number = old.kept.changed + max(len(difference.gone), len(difference.added))
        if number * SHARE <= papers and number * LOG_A_PAPER <= LOG:
            counts = _change(path, key, old, difference, scratch=scratch, progress=progress)
            if counts:
                database = folder.database_entry(path, key, digest=old.database.sha256)
                return database, counts, folder.kept_entry(path, key, around, number)
    read = _told(_read(path, records), lambda done: progress("assemble", done, papers))
    with assembled(read, path, spill=scratch) as assembly:
        from kg.store import embedded

        with folder.new_database(path, key) as place:
            progress("store", 0, None)
            embedded.write(assembly, place)
            if papers >= KEPT_FROM:
                assembly.keep(folder.kept_beside(place))
        counts = {"nodes": assembly.count_nodes(), "relationships": assembly.count_edges()}
    return folder.database_entry(path, key), counts, folder.kept_entry(path, key, around, 0)


def _change(
    path: Path, key: str, old: Manifest, difference: _Difference, *, scratch: Path, progress: Progress
) -> Counts | None:
    """Change copies of the database and of what was assembled; None where that cannot be."""
    from kg.store.amend import amend

    if not (old.kept and folder.is_whole(path, old.kept)):
        return None
    try:
        # The database is needed last, so it is read while what changes is found.
        with folder.new_database(path, key) as place, ThreadPoolExecutor(1) as pool:
            copying = pool.submit(_copy, path, old.database, place)
            kept = folder.kept_beside(place)
            shutil.copyfile(path / old.kept.file, kept)
            gone = _read(path, difference.gone_from, difference.gone)
            added = _read(path, difference.added_in, difference.added)
            with changed(kept, gone, added, path, spill=scratch) as change:
                if not change.fits:
                    raise StoreError("a node becomes one of another label")
                copied = copying.result()
                progress("store", 0, None)
                counts = amend(place, change)
                change.commit()
            # There is no log where the records say the same as before.
            if folder.log_beside(place).exists() and folder.log_beside(place).stat().st_size > LOG:
                raise StoreError("it has many changes")
            if place.stat().st_mtime_ns != copied:
                raise StoreError("the engine wrote into its file")
            return counts
    except StoreError as error:
        log.info("the database is made anew: %s", error)
        return None


def _copy(path: Path, database: Database, place: Path) -> int:
    """Copy a database with its log to the disk; give when the copy was written. Raises StoreError if it is damaged."""
    if not folder.is_whole(path, database):
        raise StoreError("it is damaged")
    shutil.copyfile(path / database.file, place)
    if database.log:
        shutil.copyfile(folder.log_beside(path / database.file), folder.log_beside(place))
    # It is synced again when it gets its name: then there is nothing left to write.
    folder.sync(place)
    return place.stat().st_mtime_ns


def _difference(path: Path, records: Sequence[Part], old: Manifest | None, around: str) -> _Difference | None:
    """Find the records that go and come; None where there is nothing to change or a part cannot be read."""
    if old is None or old.kept is None or old.kept.context != around:
        return None
    before = tuple(part for part in old.records if part not in records)
    after = tuple(part for part in records if part not in old.records)
    try:
        there, here = (frozenset(_digests(path, parts)) for parts in (before, after))
    except GraphError:
        return None
    return _Difference(before, there - here, after, here - there)


def _digests(path: Path, parts: Iterable[Part]) -> Iterator[bytes]:
    return (_digest(line) for part in parts for line in folder.read_lines(path, part))


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()[:16]


def _read(path: Path, parts: Iterable[Part], only: frozenset[bytes] | None = None) -> Iterator[Extraction]:
    for part in parts:
        if only is None:
            yield from folder.read_part(path, part)
        else:
            yield from (from_json(line) for line in folder.read_lines(path, part) if _digest(line) in only)


def _told(records: Iterable[Extraction], tell: Callable[[int], None]) -> Iterator[Extraction]:
    for number, record in enumerate(records, 1):
        yield record
        tell(number)


def _code() -> str:
    """Digest the code that decides what is in a database, so that a database of older code is made again."""
    digest = hashlib.sha256()
    package = resources.files("kg")
    steps = [path.name for path in package.joinpath("assemble").iterdir() if path.name.endswith(".py")]
    others = "record.py", "pipeline.py", "update/assembling.py", "update/imports.py", "update/corrections.py"
    for name in (*(f"assemble/{step}" for step in sorted(steps)), *others):
        digest.update((package / name).read_bytes())
    for name in ("schema", "dialect", "embedded", "amend", "arrow", "packed", "spool"):
        digest.update((package / f"store/{name}.py").read_bytes())
    return digest.hexdigest()
