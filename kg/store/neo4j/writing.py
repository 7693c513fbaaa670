"""Load a graph into a Neo4j server: core Cypher alone, in transactions that are tried again.

Nodes are merged by id. So are relationships, but for the types that the database has none of: those are created, which
takes the server half of the work. Loading again, or after a load that broke off, gives the same graph. One load at a
time: of two that begin together in an empty database, each would create the relationships.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.store.neo4j.connection import Server, connect, explained
from kg.store.schema import ENDS, ENTITIES, NODES, RELATIONSHIPS

if TYPE_CHECKING:
    import networkx as nx

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


def node_statement(label: str, *, benchmark: bool = False) -> str:
    """Give the statement that writes nodes of ``label`` from ``$rows``: lists of the values of `NODES`, in order."""
    if label not in ENTITIES:
        more = ""
    elif label != "Dataset":
        more = " SET n:Entity"
    else:
        more = " SET n:Entity:Benchmark" if benchmark else " SET n:Entity REMOVE n:Benchmark"
    return f"UNWIND $rows AS row MERGE (n:{label} {{id: row[0]}}) SET n = {_map(NODES[label], 0)}{more}"


def relationship_statement(relation: str, start: str, end: str, *, fresh: bool = False) -> str:
    """Give the statement that writes relationships of one type between two labels from ``$rows``.

    A row is a list: the two ids, then the values of `RELATIONSHIPS`, in order. ``fresh`` creates them without looking
    for those that are there.
    """
    ends = f"UNWIND $rows AS row MATCH (a:{start} {{id: row[0]}}) MATCH (b:{end} {{id: row[1]}}) "
    properties = _map(RELATIONSHIPS[relation], 2)
    if fresh:
        return f"{ends}CREATE (a)-[:{relation} {properties}]->(b)"
    return f"{ends}MERGE (a)-[r:{relation}]->(b) SET r = {properties}"


def _map(names: Iterable[str], first: int) -> str:
    # Rows are lists because a map would send every property name with every row.
    return "{" + ", ".join(f"{name}: row[{place}]" for place, name in enumerate(names, first)) + "}"


def node_batches(graph: "nx.MultiDiGraph", *, size: int = BATCH) -> Iterator[tuple[str, list[list[Any]]]]:
    """Give each statement that writes nodes with up to ``size`` rows; raises StoreError where one does not fit."""
    nodes: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for key, data in graph.nodes(data=True):
        label = data.get("label", "")
        if label not in NODES:
            raise StoreError(f"node {key!r} has no label of the schema; build the graph with kg.assemble")
        _check_length(label, "id", key)
        _check_length(label, "name", data.get("name") or "")
        nodes[label, bool(data.get("benchmark"))].append(key)
    for (label, benchmark), keys in nodes.items():
        names = list(NODES[label])[1:]
        for start in range(0, len(keys), size):
            rows = [[key, *map(graph.nodes[key].get, names)] for key in keys[start : start + size]]
            yield node_statement(label, benchmark=benchmark), rows


def relationship_batches(
    graph: "nx.MultiDiGraph",
    relations: Container[str] = RELATIONSHIPS,
    *,
    fresh: bool = False,
    size: int = BATCH,
) -> Iterator[tuple[str, list[list[Any]]]]:
    """Do as `node_batches` for relationships of the types ``relations``; for ``fresh`` see `relationship_statement`."""
    edges: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for a, b, relation in graph.edges(keys=True):
        ends = graph.nodes[a]["label"], graph.nodes[b]["label"]
        if ends not in ENDS.get(relation, ()):
            raise StoreError(f"{relation} cannot join {ends[0]} {a!r} and {ends[1]} {b!r}")
        if relation in relations:
            edges[relation, *ends].append((a, b))
    for (relation, a, b), pairs in edges.items():
        names = list(RELATIONSHIPS[relation])
        statement = relationship_statement(relation, a, b, fresh=fresh)
        for start in range(0, len(pairs), size):
            part = pairs[start : start + size]
            yield statement, [[x, y, *map(graph.edges[x, y, relation].get, names)] for x, y in part]


def _check_length(label: str, name: str, text: str) -> None:
    if len(text) > LONGEST // 4 and len(text.encode()) > LONGEST:
        raise StoreError(
            f"{label} {text[:40]!r}…: its {name} is longer than the {LONGEST:,} bytes that Neo4j can index; "
            "mend the record and build again"
        )


def load(
    graph: "nx.MultiDiGraph",
    where: Server,
    *,
    prune: bool = False,
    progress: Callable[[int, int], None] | None = None,
    batch_size: int = BATCH,
    patience: float = 30.0,
) -> Loaded:
    """Write ``graph`` into the server, or bring what is there up to it.

    ``progress`` is called with rows done and rows in all. A transaction that fails for a passing reason is tried again
    for ``patience`` seconds. Raises StoreError, after which the same call completes the load.
    """
    total = graph.number_of_nodes() + graph.number_of_edges()
    done = 0

    def lost() -> str:
        return f" after {done:,} of {total:,} rows; load again to complete it" if done else ""

    def written(rows: int) -> None:
        nonlocal done
        done += rows
        if progress:
            progress(done, total)

    with explained(where, lost), _database(where, patience) as database:
        for statement in schema_statements():
            database.run(statement)
        fresh = {relation for relation in RELATIONSHIPS if not database.run(_COUNT.format(relation))[0][0]}
        _write_all(database, node_batches(graph, size=batch_size), written)
        _write_all(database, relationship_batches(graph, fresh, fresh=True, size=batch_size), written)
        # MERGE locks both ends, and hubs are ends of most: two at once would wait for each other.
        known = RELATIONSHIPS.keys() - fresh
        _write_all(database, relationship_batches(graph, known, size=batch_size), written, writers=1)
        removed_relationships = _prune_relationships(database, graph, batch_size) if prune else 0
        removed_nodes = _prune_nodes(database, graph, batch_size) if prune else 0
    return Loaded(graph.number_of_nodes(), graph.number_of_edges(), removed_nodes, removed_relationships)


_COUNT = "MATCH ()-[r:{}]->() RETURN count(r)"


@dataclass(frozen=True, slots=True)
class _Database:
    """A database to write to; each statement has its own session, and sees what those before it did."""

    driver: Any
    name: str | None

    def run(self, statement: str) -> list[Any]:
        with self._session() as session:
            return list(session.run(statement))

    def write(self, statement: str, rows: Sequence[Any]) -> int:
        with self._session() as session:
            session.execute_write(lambda transaction: transaction.run(statement, rows=rows).consume())
        return len(rows)

    def _session(self) -> Any:
        import neo4j

        return self.driver.session(
            database=self.name,
            default_access_mode=neo4j.WRITE_ACCESS,
            bookmark_manager=self.driver.execute_query_bookmark_manager,
        )


@contextmanager
def _database(where: Server, patience: float) -> Iterator[_Database]:
    with connect(where, patience) as driver:
        driver.verify_connectivity()
        yield _Database(driver, where.database)


def _write_all(
    database: _Database,
    batches: Iterable[tuple[str, list[list[Any]]]],
    written: Callable[[int], None],
    *,
    writers: int = WRITERS,
) -> None:
    """Write ``batches`` with so many transactions at once, and tell ``written`` of each how many rows it had."""
    with ThreadPoolExecutor(writers) as pool:
        pending: deque[Future[int]] = deque()
        try:
            for statement, rows in batches:
                pending.append(pool.submit(database.write, statement, rows))
                if len(pending) > writers:
                    written(pending.popleft().result())
            while pending:
                written(pending.popleft().result())
        finally:
            for one in pending:
                one.cancel()


def _prune_relationships(database: _Database, graph: "nx.MultiDiGraph", size: int) -> int:
    removed = 0
    for relation, ends in ENDS.items():
        kept = {(a, b) for a, b, key in graph.edges(keys=True) if key == relation}
        for start, end in ends:
            found = database.run(
                f"MATCH (a:{start})-[r:{relation}]->(b:{end}) WHERE a.id IS NOT NULL AND b.id IS NOT NULL "
                "RETURN a.id, b.id, elementId(r)"
            )
            gone = [key for a, b, key in found if (a, b) not in kept]
            for first in range(0, len(gone), size):
                database.write(
                    f"UNWIND $rows AS row MATCH (:{start})-[r:{relation}]->(:{end}) WHERE elementId(r) = row DELETE r",
                    gone[first : first + size],
                )
            removed += len(gone)
    return removed


def _prune_nodes(database: _Database, graph: "nx.MultiDiGraph", size: int) -> int:
    removed = 0
    for label in NODES:
        found = database.run(f"MATCH (n:{label}) WHERE n.id IS NOT NULL RETURN n.id")
        gone = [key for (key,) in found if key not in graph or graph.nodes[key].get("label") != label]
        for first in range(0, len(gone), size):
            database.write(
                f"UNWIND $rows AS row MATCH (n:{label} {{id: row}}) DETACH DELETE n",
                gone[first : first + size],
            )
        removed += len(gone)
    return removed
