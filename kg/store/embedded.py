"""The embedded Cypher engine: Ladybug, one file, no server.

`write` loads a whole graph by COPY from Arrow tables; `EmbeddedStore` asks a read-only database. It changes nothing in
place: a changed graph is written anew and replaces the file, so that a crash leaves the old one or the new one. Small
changes are those of `kg.store.amend`.
"""

import contextlib
import os
import re
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import QueryError, StoreError, TimeLimitError
from kg.model import Stream
from kg.store import memory, plain
from kg.store.arrow import node_tables, relationship_tables, spool_nodes, spool_relationships
from kg.store.base import ROW_LIMIT, TIME_LIMIT, Rows, Store
from kg.store.dialect import MACROS, explain
from kg.store.packed import COLUMNS
from kg.store.schema import ENDS, NODES, PACKED, RELATIONSHIPS, Type
from kg.store.spool import Spool
from kg.store.tokens import check_parameters, check_read, columns, meaningful
from kg.store.translate import Guess, translate

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa

_SQL: Mapping[Type, str] = {
    "string": "STRING",
    "int": "INT64",
    "float": "DOUBLE",
    "bool": "BOOL",
    "strings": "STRING[]",
    "ints": "INT64[]",
}
PLAIN = frozenset(label for label, properties in NODES.items() if "float" in properties.values())
"""Labels whose tables are not compressed: Ladybug 0.22 misreads some compressed floats of nodes.

Where a vector of 2,048 rows lies across two segments of a column, of which the second is compressed and has exceptions
(numbers that it keeps beside), a scan for the nodes that a join asks for gives 0.0 for some of them. Tables of fewer
than 32,000 rows have one segment; columns of relationships are not scanned so.
"""
_PIECE = 96 * 2**20
"""Bytes of a graph that is given piece by piece to copy at a time; the engine takes about ten times as many."""

_HELD = 128 * 2**20
"""Bytes of such a graph that wait for their tables in memory; what is more waits on disk."""

BUFFERS = 1280 * 2**20
_SCANT = 64 * 2**20
"""Bytes that are free on a disk that is as good as full: the engine writes in pieces of some megabytes."""

_GRACE = 1.0
_TICK = 0.05


def write(graph: "nx.MultiDiGraph | Stream", path: Path) -> None:
    """Write ``graph`` (as `kg.assemble` makes it) as a database at ``path``, in place of one there.

    A graph in memory is loaded table by table. One that is given piece by piece need not fit there: what waits for
    its table is put beside ``path``, and a table is copied in pieces.

    Raises StoreError where the graph does not fit the schema or the place cannot be written.
    """
    path = Path(path)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    _remove(fresh)
    try:
        if isinstance(graph, Stream):
            _load_pieces(fresh, graph)
        else:
            _load(fresh, graph)
        fresh.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot write the database: {error.strerror or error}") from None
    except RuntimeError as error:
        free = shutil.disk_usage(path.parent).free
        if free < _SCANT:
            # What the engine says then is of transactions, at length.
            raise StoreError(f"{path}: no room left on the disk ({free / 1e6:.0f} MB free); free some") from None
        raise StoreError(f"{path}: cannot write the database: {line(error)}") from None
    finally:
        _remove(fresh)
    _remove(path.with_name(path.name + ".wal"))


def _load(path: Path, graph: "nx.MultiDiGraph") -> None:
    nodes = [(f"COPY `{label}` FROM $rows", label in PLAIN, table) for label, table in node_tables(graph)]
    with writing(path, compression=False) as connection:
        _declare(connection)
        run_with_rows(connection, ((statement, table) for statement, plain, table in nodes if plain))
    with writing(path, compression=True) as connection:
        compressed = ((statement, table) for statement, plain, table in nodes if not plain)
        run_with_rows(connection, chain(compressed, _relationships(graph)))


def _load_pieces(path: Path, graph: Stream) -> None:
    with writing(path, compression=False, buffers=BUFFERS) as connection:
        _declare(connection)
    with (
        Spool[str](path.with_name(f"{path.name}.nodes"), held=_HELD) as nodes,
        Spool[tuple[str, str, str]](path.with_name(f"{path.name}.links"), held=_HELD) as links,
        ThreadPoolExecutor(1) as copier,
    ):
        spool_nodes(graph, nodes)
        # The engine copies the nodes while the relationships are made ready here.
        copied = copier.submit(_copy_pieces, path, _node_pieces(nodes))
        spool_relationships(graph, links)
        copied.result()
        _copy_pieces(path, _link_pieces(links))


def _node_pieces(spool: Spool[str]) -> "Iterator[tuple[str, bool, pa.Table]]":
    """Give each COPY statement, whether it compresses, and its rows."""
    for label in sorted(spool.names(), key=lambda label: label not in PLAIN):
        for table in spool.pieces(label, _PIECE):
            yield f"COPY `{label}` FROM $rows", label not in PLAIN, table


def _link_pieces(spool: Spool[tuple[str, str, str]]) -> "Iterator[tuple[str, bool, pa.Table]]":
    for relation, start, end in spool.names():
        for table in spool.pieces((relation, start, end), _PIECE):
            yield f"COPY `{relation}` FROM $rows (from='{start}', to='{end}')", True, table


def _copy_pieces(path: Path, pieces: "Iterable[tuple[str, bool, pa.Table]]") -> None:
    """Copy piece by piece; the database is closed after much, because only then the engine gives up its memory."""
    copied = 0
    before: bool | None = None
    with contextlib.ExitStack() as opened:
        for statement, compression, table in pieces:
            if compression is not before or copied > _PIECE // 2:
                opened.close()
                connection = opened.enter_context(writing(path, compression=compression, buffers=BUFFERS))
                before, copied = compression, 0
            connection.execute(statement, {"rows": table})
            copied += table.nbytes


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + ".wal"), path.with_name(path.name + ".shadow")):
        name.unlink(missing_ok=True)


def _declare(connection: Any) -> None:
    for label, properties in NODES.items():
        names = ", ".join(f"`{name}` {_SQL[kind]}" for name, kind in properties.items())
        connection.execute(f"CREATE NODE TABLE `{label}`({names}, PRIMARY KEY(`id`))")
    for relation, properties in RELATIONSHIPS.items():
        ends = [f"FROM `{a}` TO `{b}`" for a, b in ENDS[relation]]
        declared = [f"`{name}` {_SQL[kind]}" for name, kind in properties.items() if name not in PACKED]
        if len(declared) < len(properties):
            declared += [f"`{name}` STRING" for name in COLUMNS]
        connection.execute(f"CREATE REL TABLE `{relation}`({', '.join(ends + declared)})")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")


@contextlib.contextmanager
def writing(path: Path, *, compression: bool = True, merge: bool = True, buffers: int = 0) -> Iterator[Any]:
    """Open a database that is being made; ``compression`` is that of what is copied meanwhile.

    What is changed stays in the log beside the file, unless it is to ``merge``. ``buffers`` are the bytes that the
    engine may take for them, 0 for most of the machine's memory.
    """
    import ladybug

    with (
        ladybug.Database(
            str(path), compression=compression, buffer_pool_size=buffers, auto_checkpoint=merge
        ) as database,
        ladybug.Connection(database) as connection,
    ):
        if not merge:
            connection.execute("CALL force_checkpoint_on_close=false")
        yield connection


def run_with_rows(connection: Any, statements: "Iterable[tuple[str, pa.Table]]") -> None:
    """Execute statements, each with the rows that it is for, one after another.

    The engine is at one while the rows of the next are made ready here.
    """
    with ThreadPoolExecutor(1) as engine:
        pending: list[Future[Any]] = []
        for statement, rows in statements:
            pending.append(engine.submit(connection.execute, statement, {"rows": rows}))
            if len(pending) > 1:
                pending.pop(0).result()
        for last in pending:
            last.result()


def _relationships(graph: "nx.MultiDiGraph") -> "Iterator[tuple[str, pa.Table]]":
    for relation, start, end, table in relationship_tables(graph):
        yield f"COPY `{relation}` FROM $rows (from='{start}', to='{end}')", table


class EmbeddedStore(Store):
    """A read-only database that `write` made. Safe to share between threads: each query has its own connection."""

    dialect = "embedded"

    def __init__(self, path: Path | str, *, changed: bool = False, buffers: int | None = None) -> None:
        """Open the database at ``path``, with at most ``buffers`` bytes for the engine's (see `kg.store.memory`).

        One that was ``changed`` since it was made has a log beside it. Raises StoreError where there is none, its log
        is not there, or it cannot be read.
        """
        import ladybug

        self.path = Path(path)
        if not self.path.is_file():
            raise StoreError(f"{self.path}: no database here; make one with kg build")
        try:
            size = buffers or memory.buffers()
            self._database = ladybug.Database(str(self.path), read_only=True, buffer_pool_size=size)
            self._database.init_database()
        except RuntimeError as error:
            raise StoreError(f"{self.path}: cannot open the database: {line(error)}; build it again") from None
        # Looked for when all is read, as the engine says nothing without it and a build may just have removed both.
        if changed and not self.path.with_name(f"{self.path.name}.wal").exists():
            self.close()
            raise StoreError(f"{self.path}: its log of changes (.wal) is missing; copy it too, or build it again")
        self._tables: dict[int, str] | None = None

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = TIME_LIMIT,
        limit: int | None = ROW_LIMIT,
    ) -> Rows:
        """Answer ``cypher``; see `kg.store.base.Store.query`. Ctrl-C interrupts it."""
        words = meaningful(check_read(cypher))
        given = plain.parameters(check_parameters(words, parameters or {}))
        if self._database.is_closed:
            raise StoreError(f"{self.path}: the database is closed")

        def ask(connection: Any) -> Rows:
            result = connection.execute(translation.text, {} if translation.inline else given)
            if isinstance(result, list):
                result = result[-1]
            names = columns(cypher, words) or result.get_column_names()
            rows: list[list[Any]] = []
            while result.has_next() and (limit is None or len(rows) < limit):
                rows.append(result.get_next())
            truncated = result.has_next()
            result.close()
            ids = self._ids(connection, rows)
            return Rows(tuple(names), [tuple(plain.embedded(value, ids) for value in row) for row in rows], truncated)

        guess: Guess | None = Guess()
        while guess:
            translation = translate(cypher, words, guess=guess)
            try:
                return self._run(ask, timeout)
            except RuntimeError as error:
                message = str(error)
                guess = guess.other(message, given)
        if re.search(r"function KG_\w+ does not exist", message):
            raise StoreError(f"{self.path}: the database was made by another version of kg; run kg build again")
        if "buffer pool is full" in message:
            raise QueryError("the query took more memory than it may; narrow it")
        raise QueryError(explain(message, cypher, translation))

    def _run(self, ask: Callable[[Any], Rows], timeout: float | None) -> Rows:
        """Run ``ask`` in a thread, so that Ctrl-C and the clock reach a query that is deep in the engine."""
        import ladybug

        connection = ladybug.Connection(self._database)
        if timeout is not None:
            connection.set_query_timeout(max(1, int(timeout * 1000)))
        answer: list[Rows] = []
        failure: list[BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                answer.append(ask(connection))
            except BaseException as error:
                failure.append(error)
            finally:
                done.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        ends = None if timeout is None else time.monotonic() + timeout + _GRACE
        late = False
        try:
            # Short waits: a signal is only noticed between them when another thread took it.
            while not done.wait(_TICK):
                late = ends is not None and time.monotonic() > ends
                if late:
                    connection.interrupt()
        except BaseException:
            while not done.is_set():
                connection.interrupt()
                done.wait(_TICK)
            raise
        finally:
            thread.join()
            connection.close()
        if failure:
            if isinstance(failure[0], RuntimeError) and (late or "Interrupted" in str(failure[0])):
                raise TimeLimitError(timeout) from None
            raise failure[0]
        return answer[0]

    def _ids(self, connection: Any, rows: Iterable[Sequence[Any]]) -> dict[tuple[int, int], str]:
        """Find the ids of the nodes that relationships in ``rows`` join, of which the engine gives its own numbers."""
        known: dict[tuple[int, int], str] = {}
        wanted: set[tuple[int, int]] = set()
        for row in rows:
            for value in row:
                plain.collect_ids(value, known, wanted)
        missing: dict[int, list[int]] = defaultdict(list)
        for table, offset in sorted(wanted - known.keys()):
            missing[table].append(offset)
        if missing and self._tables is None:
            tables = connection.execute("CALL show_tables() RETURN id, name").get_all()
            self._tables = {int(number): str(name) for number, name in tables}
        for table, offsets in missing.items():
            found = connection.execute(
                f"UNWIND $offsets AS o MATCH (n:`{(self._tables or {})[table]}`) "
                f"WHERE id(n) = internal_id({table}, o) RETURN o, n.id",
                {"offsets": offsets},
            )
            known.update({(table, offset): key for offset, key in found.get_all()})
        return known

    def close(self) -> None:
        """Close the database; a query that runs is interrupted."""
        with contextlib.suppress(RuntimeError):
            self._database.close()


def line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
