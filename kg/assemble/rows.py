"""Rows that need not fit into memory: a private SQLite database.

While small it stays in SQLite's page cache; what is more goes to temporary files that have no name and so vanish with
the process, however it ends. Tables may be kept in a file, to be gone on with later. Sorting is SQLite's external merge
sort. Ids are stored as UTF-8, which sorts as Python sorts texts: by code points.
"""

import contextlib
import errno
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MEMORY = 128 * 2**20
"""Bytes of rows that are kept in memory before they go to disk, and as many again while rows are sorted."""

_PAGE = 16_384
_BATCH = 256


class Rows:
    """Tables to append rows to and to read in an order; ``tables`` gives the columns of each as SQL has them."""

    def __init__(
        self,
        tables: Mapping[str, str],
        *,
        folder: Path | None = None,
        memory: int = MEMORY,
        file: Path | None = None,
        kept: Container[str] = (),
    ) -> None:
        """Open empty tables; those that are ``kept`` are in ``file`` as `keep` left them, and are changed there.

        What does not fit into ``memory`` goes to ``folder``; None is where SQLite puts temporary files:
        SQLITE_TMPDIR, TMPDIR, else /var/tmp.
        """
        # A generator may be closed, or read, in another thread than this one; never in two at once.
        self._connection = sqlite3.connect(str(file or ""), isolation_level=None, check_same_thread=False)
        # SQLite has one such place a process; a file that is open stays where it is.
        quoted = str(folder.resolve()).replace("'", "''") if folder else ""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")
        for setting in (
            f"page_size = {_PAGE}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "secure_delete = OFF",
            "temp_store = FILE",
            f"cache_size = -{max(1, memory // 1024)}",
        ):
            self._connection.execute(f"PRAGMA {setting}")
        # All is one transaction: a half of it is never wanted.
        self._connection.execute("BEGIN")
        self._tables = tables
        self._insert: dict[str, str] = {}
        self._waiting: dict[str, list[Sequence[Any]]] = {}
        for name, columns in tables.items():
            if file is None or name not in kept:
                self._connection.execute(f"CREATE {'TEMP ' if file else ''}TABLE {name} {columns}")
            width = len(self._connection.execute(f"SELECT * FROM {name}").description)
            self._insert[name] = f"INSERT OR REPLACE INTO {name} VALUES ({', '.join('?' * width)})"
            self._waiting[name] = []

    def add(self, table: str, row: Sequence[Any]) -> None:
        """Append a row to a table; one that has its primary key is replaced."""
        waiting = self._waiting[table]
        waiting.append(row)
        if len(waiting) >= _BATCH:
            self._write(table)

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Give the rows of a query over all that was added; they are read as they are asked for.

        Raises OSError where the disk is full or cannot be read.
        """
        self._write_all()
        return self._read(query, values)

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        """Change what was added; raises as `select`."""
        for _ in self.select(query, values):
            pass

    def keep(self, names: Iterable[str], file: Path, indexes: Mapping[str, str]) -> None:
        """Write tables to a new file, with ``indexes`` of them by what each is on; raises as `select`."""
        self._write_all()
        with _as_oserror():
            self._connection.execute("COMMIT")
            self._connection.execute("ATTACH ? AS kept", (str(file),))
            for setting in (f"page_size = {_PAGE}", "journal_mode = OFF", "synchronous = OFF"):
                self._connection.execute(f"PRAGMA kept.{setting}")
            self._connection.execute("BEGIN")
            for name in names:
                self._connection.execute(f"CREATE TABLE kept.{name} {self._tables[name]}")
                self._connection.execute(f"INSERT INTO kept.{name} SELECT * FROM main.{name}")
            for name, of in indexes.items():
                self._connection.execute(f"CREATE INDEX kept.{name} ON {of}")
            self._connection.execute("COMMIT")
            self._connection.execute("DETACH kept")
            self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Have all that was changed in the file there; raises as `select`."""
        self._write_all()
        with _as_oserror():
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN")

    def _write_all(self) -> None:
        for table, waiting in self._waiting.items():
            if waiting:
                self._write(table)

    def _read(self, query: str, values: Sequence[Any]) -> Iterator[Any]:
        with _as_oserror():
            for row in self._connection.execute(query, values):  # noqa: UP028 - would close the cursor, late
                yield row

    def _write(self, table: str) -> None:
        with _as_oserror():
            self._connection.executemany(self._insert[table], self._waiting[table])
        self._waiting[table].clear()

    def close(self) -> None:
        """Forget all rows."""
        self._connection.close()


@contextlib.contextmanager
def _as_oserror() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        full = "full" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, f"temporary files: {error}") from error


def key(text: str) -> bytes:
    """Write an id so that bytes sort as texts do; half of a surrogate pair is no trouble.

    >>> sorted(["é", "z", "\\U0001f600", "\\uffff"], key=key) == sorted(["é", "z", "\\U0001f600", "\\uffff"])
    True
    """
    return text.encode("utf-8", "surrogatepass")


def text(key: bytes) -> str:
    """Read an id that `key` wrote."""
    return key.decode("utf-8", "surrogatepass")
