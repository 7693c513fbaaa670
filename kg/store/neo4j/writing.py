"""Load a graph into a Neo4j server: core Cypher alone, in transactions that are tried again.

Nodes are merged by id, and relationships by their ends, but for the labels and types that the database has none of:
those are created, which takes the server half of the work. Relationships find their ends by the element ids that the
nodes were given. Loading again, or after a load that broke off, gives the same graph. One load at a time: of two that
begin together in an empty database, one may be refused for a node that the other made, or both create the
relationships.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.model import Stream
from kg.store.neo4j.connection import Server, connect, explained
from kg.store.neo4j.places import Places
from kg.store.schema import ENDS, ENTITIES, NODES, RELATIONSHIPS

if TYPE_CHECKING:
    import networkx as nx

Batch = tuple[str, list[list[Any]]]
"""A statement and its rows."""

BATCH = 5_000
"""Rows sent in one transaction."""

WRITERS = 2
"""Transactions under way at once: while the server runs one, the rows of the next are made ready and sent."""

LONGEST = 8_000
"""Bytes of a name or id; a little less than what an index of Neo4j takes."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load wrote, and with ``prune`` what it removed."""

    nodes: int
    relationships: int
    removed_nodes: int = 0
    removed_relationships: int = 0


def schema_statements() -> list[str]:
    """Give the statements that declare keys and indexes; running them again changes nothing."""
    # Labels get their numbers here, and labels(n) lists them in that order: the kind first, then Entity.
    statements = [
        f"CREATE CONSTRAINT kg_{label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
        for label in NODES
    ]
    statements += [
        f"CREATE INDEX kg_{label.lower()}_name IF NOT EXISTS FOR (n:{label}) ON (n.name)"
        for label in (*ENTITIES, "Author", "Entity")
    ]
    statements += [
        "CREATE INDEX kg_paper_year IF NOT EXISTS FOR (n:Paper) ON (n.year)",
        "CREATE INDEX kg_dataset_benchmark IF NOT EXISTS FOR (n:Dataset) ON (n.benchmark)",
    ]
    return statements


def node_statement(label: str, *, benchmark: bool = False, fresh: bool = False) -> str:
    """Give the statement that writes nodes of ``label`` from ``$rows``: lists of the values of `NODES`, in order.

    It tells the id and the element id of each. ``fresh`` creates them without looking for those that are there.
    """
    more = ""
    if label in ENTITIES:
        more = ":Entity:Benchmark" if benchmark else ":Entity"
    properties = _map(NODES[label], 0)
    told = "RETURN collect([row[0], elementId(n)])"
    if fresh:
        return f"UNWIND $rows AS row CREATE (n:{label}{more} {properties}) {told}"
    if more:
        more = f" SET n{more}" + (" REMOVE n:Benchmark" if label == "Dataset" and not benchmark else "")
    return f"UNWIND $rows AS row MERGE (n:{label} {{id: row[0]}}) SET n = {properties}{more} {told}"


def relationship_statement(relation: str, *, fresh: bool = False) -> str:
    """Give the statement that writes relationships of one type from ``$rows``.

    A row is a list: the element ids of the two ends, then the values of `RELATIONSHIPS`, in order. ``fresh`` creates
    them without looking for those that are there.
    """
    ends = "UNWIND $rows AS row MATCH (a) WHERE elementId(a) = row[0] MATCH (b) WHERE elementId(b) = row[1] "
    properties = _map(RELATIONSHIPS[relation], 2)
    if fresh:
        return f"{ends}CREATE (a)-[:{relation} {properties}]->(b)"
    return f"{ends}MERGE (a)-[r:{relation}]->(b) SET r = {properties}"


def _map(names: Iterable[str], first: int) -> str:
    # Rows are lists because a map would send every property name with every row.
    return "{" + ", ".join(f"{name}: row[{place}]" for place, name in enumerate(names, first)) + "}"


def node_batches(
    graph: "nx.MultiDiGraph | Stream", fresh: Container[str] = (), *, size: int = BATCH
) -> Iterator[Batch]:
    """Give each statement that writes nodes with up to ``size`` rows; for the labels ``fresh`` see `node_statement`.

    Raises StoreError where a node does not fit.
    """
    waiting: dict[tuple[str, bool], list[list[Any]]] = defaultdict(list)

    def batch(kind: tuple[str, bool]) -> Batch:
        return node_statement(kind[0], benchmark=kind[1], fresh=kind[0] in fresh), waiting.pop(kind)

    for key, data in _nodes_of(graph):
        label = data.get("label", "")
        if label not in NODES:
            raise StoreError(f"node {key!r} has no label of the schema; build the graph with kg.assemble")
        _check_length(label, "id", key)
        _check_length(label, "name", data.get("name") or "")
        kind = label, bool(data.get("benchmark"))
        waiting[kind].append([key, *map(data.get, _NODE_VALUES[label])])
        if len(waiting[kind]) == size:
            yield batch(kind)
    for kind in list(waiting):
        yield batch(kind)


_NODE_VALUES = {label: list(properties)[1:] for label, properties in NODES.items()}


def relationship_batches(
    graph: "nx.MultiDiGraph | Stream", places: Places, fresh: Container[str] = (), *, size: int = BATCH
) -> Iterator[Batch]:
    """Do as `node_batches` for relationships; for the types ``fresh`` see `relationship_statement`.

    The nodes are at ``places``. Raises StoreError where one is not, or a relationship may not join two.
    """
    waiting: dict[str, list[list[Any]]] = defaultdict(list)
    labels = _labels_of(graph)

    def batch(relation: str) -> Batch:
        rows = waiting.pop(relation)
        for end in (0, 1):
            for row, place in zip(rows, places.of([row[end] for row in rows]), strict=True):
                row[end] = place
        return relationship_statement(relation, fresh=relation in fresh), rows

    for a, b, relation, data in _edges_of(graph):
        start, end = ends = labels(a, relation, b)
        if ends not in ENDS.get(relation, ()):
            raise StoreError(f"{relation} cannot join {start} {a!r} and {end} {b!r}")
        rows = waiting[relation]
        rows.append([a, b, *map(data.get, RELATIONSHIPS[relation])])
        if len(rows) == size:
            yield batch(relation)
    for relation in list(waiting):
        yield batch(relation)


def _nodes_of(graph: "nx.MultiDiGraph | Stream") -> Iterable[tuple[str, Mapping[str, Any]]]:
    return graph.nodes() if isinstance(graph, Stream) else graph.nodes(data=True)


def _edges_of(graph: "nx.MultiDiGraph | Stream") -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    return graph.edges() if isinstance(graph, Stream) else graph.edges(keys=True, data=True)


def _labels_of(graph: "nx.MultiDiGraph | Stream") -> Callable[[str, str, str], tuple[str, str]]:
    """Give what tells the labels of the ends of a relationship; asked once, as to look for a `Stream` takes long."""
    if isinstance(graph, Stream):
        return graph.ends
    labels = dict(graph.nodes(data="label"))
    return lambda source, _, target: (labels[source], labels[target])


def _check_length(label: str, name: str, text: str) -> None:
    if len(text) > LONGEST // 4 and len(text.encode()) > LONGEST:
        raise StoreError(
            f"{label} {text[:40]!r}…: its {name} is longer than the {LONGEST:,} bytes that Neo4j can index; "
            "mend the record and build again"
        )


def load(
    graph: "nx.MultiDiGraph | Stream",
    where: Server,
    *,
    prune: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    total: int | None = None,
    batch_size: int = BATCH,
    patience: float = 30.0,
) -> Loaded:
    """Write ``graph`` into the server, or bring what is there up to it.

    ``progress`` is called with rows done and rows in all: ``total``, where the graph is a stream. A transaction that
    fails for a passing reason is tried again for ``patience`` seconds. Raises StoreError, after which the same call
    completes the load.
    """
    if not isinstance(graph, Stream):
        total = graph.number_of_nodes() + graph.number_of_edges()
    done, places = 0, Places()

    def lost() -> str:
        of = "" if total is None else f" of {total:,}"
        return f" after {done:,}{of} rows; load again to complete it" if done else ""

    def written(rows: int, found: list[list[Any]]) -> None:
        nonlocal done
        done += rows
        for (nodes,) in found:
            places.add(nodes)
        if progress:
            progress(done, total)

    with explained(where, lost), _database(where, patience) as database:
        database.run(*schema_statements())
        new, fresh = _absent(database)
        _write_all(database, node_batches(graph, new, size=batch_size), written)
        nodes = done
        # MERGE locks both ends, and hubs are ends of most: two at once would wait for each other.
        writers = WRITERS if fresh == RELATIONSHIPS.keys() else 1
        _write_all(database, relationship_batches(graph, places, fresh, size=batch_size), written, writers=writers)
        relationships = done - nodes
        removed = _prune(database, graph, batch_size) if prune else (0, 0)
    return Loaded(nodes, relationships, *removed)


class _Rows(list[Any]):
    """Rows that are soon shown: the driver writes out every parameter for its log, also where nothing is logged."""

    def __repr__(self) -> str:
        return f"[{len(self)} rows]"


@dataclass(frozen=True, slots=True)
class _Database:
    """A database to write to; each statement has its own session, and sees what those before it did."""

    driver: Any
    name: str | None

    def run(self, *statements: str) -> list[Any]:
        """Run statements in one transaction; give the rows of the last."""
        with self._session() as session:
            rows: list[list[Any]] = session.execute_write(
                lambda transaction: [list(transaction.run(statement)) for statement in statements]
            )
            return rows[-1]

    def write(self, statement: str, rows: Sequence[Any]) -> list[list[Any]]:
        """Run a statement with ``$rows`` in one transaction; give what it returns."""
        with self._session() as session:
            found: list[list[Any]] = session.execute_write(
                lambda transaction: transaction.run(statement, rows=_Rows(rows)).values()
            )
            return found

    def _session(self) -> Any:
        import neo4j

        return self.driver.session(
            database=self.name,
            default_access_mode=neo4j.WRITE_ACCESS,
            bookmark_manager=self.driver.execute_query_bookmark_manager,
        )


def _absent(database: _Database) -> tuple[set[str], set[str]]:
    """Give the labels of which the database has no node, and the types of which it has no relationship."""
    if not database.run("MATCH (n) RETURN count(n)")[0][0]:
        return set(NODES), set(RELATIONSHIPS)
    return (
        {label for label in NODES if not database.run(f"MATCH (n:{label}) RETURN count(n)")[0][0]},
        {name for name in RELATIONSHIPS if not database.run(f"MATCH ()-[r:{name}]->() RETURN count(r)")[0][0]},
    )


@contextmanager
def _database(where: Server, patience: float) -> Iterator[_Database]:
    with connect(where, patience) as driver:
        driver.verify_connectivity()
        yield _Database(driver, where.database)


def _write_all(
    database: _Database,
    batches: Iterable[Batch],
    written: Callable[[int, list[list[Any]]], None],
    *,
    writers: int = WRITERS,
) -> None:
    """Write ``batches`` with so many transactions at once; tell ``written`` how many rows each had and what it gave."""
    with ThreadPoolExecutor(writers) as pool:
        pending: deque[tuple[int, Future[list[list[Any]]]]] = deque()

        def first() -> None:
            rows, future = pending.popleft()
            written(rows, future.result())

        try:
            for statement, rows in batches:
                pending.append((len(rows), pool.submit(database.write, statement, rows)))
                if len(pending) > writers:
                    first()
            while pending:
                first()
        finally:
            for _, one in pending:
                one.cancel()


def _prune(database: _Database, graph: "nx.MultiDiGraph | Stream", size: int) -> tuple[int, int]:
    """Remove the nodes and relationships that ``graph`` has not; give how many."""
    # Of millions of names their hashes alone are kept: two of 64 bits are the same once in some hundred thousand loads.
    links = {hash((a, b, relation)) for a, b, relation, _ in _edges_of(graph)}
    nodes = {hash((key, data["label"])) for key, data in _nodes_of(graph)}
    removed = 0
    for relation, ends in ENDS.items():
        for start, end in ends:
            found = database.run(
                f"MATCH (a:{start})-[r:{relation}]->(b:{end}) WHERE a.id IS NOT NULL AND b.id IS NOT NULL "
                "RETURN a.id, b.id, elementId(r)"
            )
            gone = [key for a, b, key in found if hash((a, b, relation)) not in links]
            for first in range(0, len(gone), size):
                database.write(
                    f"UNWIND $rows AS row MATCH (:{start})-[r:{relation}]->(:{end}) WHERE elementId(r) = row DELETE r",
                    gone[first : first + size],
                )
            removed += len(gone)
    return _prune_nodes(database, nodes, size), removed


def _prune_nodes(database: _Database, kept: Container[int], size: int) -> int:
    removed = 0
    for label in NODES:
        found = database.run(f"MATCH (n:{label}) WHERE n.id IS NOT NULL RETURN n.id")
        gone = [key for (key,) in found if hash((key, label)) not in kept]
        for first in range(0, len(gone), size):
            database.write(
                f"UNWIND $rows AS row MATCH (n:{label} {{id: row}}) DETACH DELETE n",
                gone[first : first + size],
            )
        removed += len(gone)
    return removed
