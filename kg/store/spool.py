"""Arrow tables that grow row by row: in memory while they are small, then in files beside the database."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

K = TypeVar("K", bound=Hashable)


class Spool(Generic[K]):
    """Tables by name. The files go when it is closed; they are named after ``path``, which is in their folder."""

    def __init__(self, path: Path, *, held: int) -> None:
        """Begin without a table; ``held`` bytes of all stay in memory."""
        self._path = path
        self._most = held
        self._held: dict[K, list[pa.Table]] = defaultdict(list)
        self._bytes = 0
        self._files: dict[K, tuple[Path, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path, writer in self._files.values():
            writer.close()
            path.unlink(missing_ok=True)

    def names(self) -> list[K]:
        """Name the tables, in the order in which they began."""
        return list(self._held)

    def add(self, name: K, rows: "pa.Table") -> None:
        """Add rows to a table."""
        self._held[name].append(rows)
        self._bytes += rows.nbytes
        if self._bytes > self._most:
            self._spill()

    def _spill(self) -> None:
        import pyarrow as pa

        for name, tables in self._held.items():
            for table in tables:
                if name not in self._files:
                    path = self._path.with_name(f"{self._path.name}.{len(self._files)}.rows")
                    self._files[name] = path, pa.ipc.new_stream(str(path), table.schema)
                self._files[name][1].write_table(table)
            tables.clear()
        self._bytes = 0

    def pieces(self, name: K, most: int) -> "Iterator[pa.Table]":
        """Give a table in pieces of about ``most`` bytes; it is then no longer here."""
        import pyarrow as pa

        some: list[pa.Table] = []
        size = 0
        for table in self._read(name):
            some.append(table)
            size += table.nbytes
            if size >= most:
                yield pa.concat_tables(some)
                some, size = [], 0
        if some:
            yield pa.concat_tables(some)

    def _read(self, name: K) -> "Iterator[pa.Table]":
        import pyarrow as pa

        if name in self._files:
            path, writer = self._files.pop(name)
            writer.close()
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
                for batch in reader:
                    yield pa.Table.from_batches([batch])
            path.unlink()
        yield from self._held.pop(name, ())
