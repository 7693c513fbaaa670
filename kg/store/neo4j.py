"""Neo4j 5 and later: load the graph into a server, and ask it with the same rows as the embedded engine.

Loading uses core Cypher alone (no plugin; Community is enough) and MERGE on ids, so that loading again, or after a load
that broke off, gives the same graph. Nodes and relationships that the graph no longer has stay unless ``prune`` is
asked for, and what has no ``id`` or another label is never touched.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kg.errors import QueryError, StoreError
from kg.store import plain
from kg.store.base import ROW_LIMIT, TIME_LIMIT, Rows
from kg.store.schema import ENDS, ENTITIES, NODES, RELATIONSHIPS
from kg.store.tokens import check_parameters, check_read, meaningful, without_comments

if TYPE_CHECKING:
    import networkx as nx

BATCH = 5_000
"""Rows sent in one transaction."""

LONGEST = 8_000
"""Bytes of a name or id; a little less than what an index of Neo4j takes."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a Neo4j is and who asks; the password is not shown."""

    uri: str = "bolt://localhost:7687"
    username: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load wrote, and with ``prune`` what it removed."""

    nodes: int
    relationships: int
    removed_nodes: int = 0
    removed_relationships: int = 0


def server(environment: Mapping[str, str] = os.environ) -> Server:
    """Read NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE.

    >>> server({"NEO4J_PASSWORD": "secret"})
    Server(uri='bolt://localhost:7687', username='neo4j', database=None)
    """
    usual = Server()
    return Server(
        uri=environment.get("NEO4J_URI") or usual.uri,
        username=environment.get("NEO4J_USERNAME") or usual.username,
        password=environment.get("NEO4J_PASSWORD", ""),
        database=environment.get("NEO4J_DATABASE") or None,
    )


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


def relationship_statement(relation: str, start: str, end: str) -> str:
    """Give the statement that writes relationships of one type between two labels from ``$rows``.

    A row is a list: the two ids, then the values of `RELATIONSHIPS`, in order.
    """
    return (
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row[0]}}) MATCH (b:{end} {{id: row[1]}}) "
        f"MERGE (a)-[r:{relation}]->(b) SET r = {_map(RELATIONSHIPS[relation], 2)}"
    )


def _map(names: Iterable[str], first: int) -> str:
    # Rows are lists because a map would send every property name with every row.
    return "{" + ", ".join(f"{name}: row[{place}]" for place, name in enumerate(names, first)) + "}"


def batches(graph: "nx.MultiDiGraph", *, size: int = BATCH) -> Iterator[tuple[str, list[list[Any]], bool]]:
    """Give each statement with up to ``size`` of its rows, nodes before relationships; the flag tells nodes."""
    nodes: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for key, data in graph.nodes(data=True):
        label = data.get("label", "")
        if label not in NODES:
            raise StoreError(f"node {key!r} has no label of the schema; build the graph with kg.assemble")
        _check_length(label, "id", key)
        _check_length(label, "name", data.get("name") or "")
        nodes[label, bool(data.get("benchmark"))].append(key)
    edges: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for a, b, relation in graph.edges(keys=True):
        ends = graph.nodes[a]["label"], graph.nodes[b]["label"]
        if ends not in ENDS.get(relation, ()):
            raise StoreError(f"{relation} cannot join {ends[0]} {a!r} and {ends[1]} {b!r}")
        edges[relation, *ends].append((a, b))
    for (label, benchmark), keys in nodes.items():
        names = list(NODES[label])[1:]
        for start in range(0, len(keys), size):
            rows = [[key, *map(graph.nodes[key].get, names)] for key in keys[start : start + size]]
            yield node_statement(label, benchmark=benchmark), rows, True
    for (relation, a, b), pairs in edges.items():
        names = list(RELATIONSHIPS[relation])
        for start in range(0, len(pairs), size):
            part = pairs[start : start + size]
            rows = [[a_id, b_id, *map(graph.edges[a_id, b_id, relation].get, names)] for a_id, b_id in part]
            yield relationship_statement(relation, a, b), rows, False


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

    with _session(where, lost=lost, patience=patience) as session:
        for statement in schema_statements():
            session.run(statement).consume()
        counts = {True: 0, False: 0}
        for statement, rows, are_nodes in batches(graph, size=batch_size):
            session.execute_write(_write, statement, rows)
            counts[are_nodes] += len(rows)
            done += len(rows)
            if progress:
                progress(done, total)
        removed_relationships = _prune_relationships(session, graph, batch_size) if prune else 0
        removed_nodes = _prune_nodes(session, graph, batch_size) if prune else 0
    return Loaded(counts[True], counts[False], removed_nodes, removed_relationships)


def _write(transaction: Any, statement: str, rows: Sequence[Any]) -> None:
    transaction.run(statement, rows=rows).consume()


def _prune_relationships(session: Any, graph: "nx.MultiDiGraph", size: int) -> int:
    removed = 0
    for relation, ends in ENDS.items():
        kept = {(a, b) for a, b, key in graph.edges(keys=True) if key == relation}
        for start, end in ends:
            found = session.run(
                f"MATCH (a:{start})-[r:{relation}]->(b:{end}) WHERE a.id IS NOT NULL AND b.id IS NOT NULL "
                "RETURN a.id, b.id, elementId(r)"
            )
            gone = [key for a, b, key in found if (a, b) not in kept]
            for first in range(0, len(gone), size):
                session.execute_write(
                    _write,
                    f"UNWIND $rows AS row MATCH (:{start})-[r:{relation}]->(:{end}) WHERE elementId(r) = row DELETE r",
                    gone[first : first + size],
                )
            removed += len(gone)
    return removed


def _prune_nodes(session: Any, graph: "nx.MultiDiGraph", size: int) -> int:
    removed = 0
    for label in NODES:
        found = session.run(f"MATCH (n:{label}) WHERE n.id IS NOT NULL RETURN n.id")
        gone = [key for (key,) in found if key not in graph or graph.nodes[key].get("label") != label]
        for first in range(0, len(gone), size):
            session.execute_write(
                _write,
                f"UNWIND $rows AS row MATCH (n:{label} {{id: row}}) DETACH DELETE n",
                gone[first : first + size],
            )
        removed += len(gone)
    return removed


@contextmanager
def _session(where: Server, *, lost: Callable[[], str], patience: float) -> Iterator[Any]:
    """Open a session for writing; every failure becomes one line."""
    import neo4j

    with _errors(where, lost), _driver(where, patience) as driver:
        driver.verify_connectivity()
        with driver.session(database=where.database, default_access_mode=neo4j.WRITE_ACCESS) as session:
            yield session


def _driver(where: Server, patience: float) -> Any:
    try:
        import neo4j
    except ImportError:
        raise StoreError("the Neo4j driver is not installed; pip install 'papergraph[neo4j]'") from None
    try:
        return neo4j.GraphDatabase.driver(
            where.uri,
            auth=(where.username, where.password),
            max_transaction_retry_time=patience,
            connection_timeout=10.0,
            notifications_min_severity="OFF",
        )
    except (ValueError, neo4j.exceptions.ConfigurationError):
        raise StoreError(
            f"{where.uri}: not an address of a Neo4j server; NEO4J_URI looks like bolt://localhost:7687"
        ) from None


@contextmanager
def _errors(where: Server, lost: Callable[[], str] = str) -> Iterator[None]:
    import neo4j

    errors = neo4j.exceptions
    try:
        yield
    except errors.AuthError:
        raise StoreError(f"{where.uri}: wrong user name or password; set NEO4J_USERNAME and NEO4J_PASSWORD") from None
    except (errors.ServiceUnavailable, errors.SessionExpired, OSError):
        broken = lost()
        if broken:
            raise StoreError(f"{where.uri}: the server was lost{broken}") from None
        raise StoreError(
            f"{where.uri}: no Neo4j answers there; start one with docker compose up --wait, or set NEO4J_URI"
        ) from None
    except errors.Neo4jError as error:
        code = error.code or ""
        message = _line(error.message or str(error))
        if re.search(r"Forbidden|AccessMode|ReadOnly|NotALeader", code):
            raise StoreError(
                f"{where.uri}: user {where.username} may not write to this database; use one that may"
            ) from None
        if "DatabaseNotFound" in code:
            raise StoreError(f"{where.uri}: there is no database {where.database!r}; set NEO4J_DATABASE") from None
        raise StoreError(f"{where.uri}: {message}{lost()}") from None
    except errors.DriverError as error:
        raise StoreError(f"{where.uri}: {_line(str(error))}{lost()}") from None


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


class Neo4jStore:
    """A graph in a Neo4j server, for reading."""

    dialect = "neo4j"

    def __init__(self, where: Server | None = None) -> None:
        """Connect to ``where``, or to what the environment names; raises StoreError where nothing answers."""
        self.server = where or server()
        self._driver = _driver(self.server, 5.0)
        try:
            with _errors(self.server):
                self._driver.verify_connectivity()
        except BaseException:
            self._driver.close()
            raise

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = TIME_LIMIT,
        limit: int | None = ROW_LIMIT,
    ) -> Rows:
        """Answer ``cypher``; see `kg.store.base.Store.query`."""
        import neo4j

        tokens = check_read(cypher)
        given = plain.parameters(check_parameters(meaningful(tokens), parameters or {}))
        text = without_comments(tokens)

        def ask(transaction: Any) -> Rows:
            result = transaction.run(text, given)
            names = tuple(result.keys())
            records: list[Any] = []
            truncated = False
            for record in result:
                if limit is not None and len(records) >= limit:
                    truncated = True
                    break
                records.append(record)
            result.consume()
            ids = _ids(transaction, records)
            return Rows(names, [tuple(_plain(value, ids) for value in record) for record in records], truncated)

        work = neo4j.unit_of_work(timeout=timeout)(ask)
        with _errors(self.server):
            try:
                with self._driver.session(
                    database=self.server.database, default_access_mode=neo4j.READ_ACCESS
                ) as session:
                    rows: Rows = session.execute_read(work)
                    return rows
            except neo4j.exceptions.Neo4jError as error:
                raise self._explained(error, timeout) from None

    def _explained(self, error: Any, timeout: float | None) -> Exception:
        code, message = error.code or "", error.message or str(error)
        if "TimedOut" in code or "Terminated" in code:
            return QueryError(f"the query took longer than {timeout or 0:g} s; narrow it or raise --timeout")
        if re.search(r"AccessMode|Forbidden", code):
            return QueryError("refused by the server; queries only read the graph")
        if ".Statement." in code or "Arguments" in code:
            place = re.search(r"\(line (\d+), column (\d+) \(offset: \d+\)\)", message)
            said = _line(re.split(r"\s*\(line \d+|\n", message)[0])
            return QueryError(f"line {place[1]}, column {place[2]}: {said}" if place else said)
        return error if isinstance(error, Exception) else StoreError(message)

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ids(transaction: Any, records: Sequence[Any]) -> dict[str, str]:
    """Find the ids of the nodes that relationships join, of which the driver gives only the server's own."""
    known: dict[str, str] = {}
    wanted: set[str] = set()
    for record in records:
        for value in record:
            _collect(value, known, wanted)
    missing = sorted(wanted - known.keys())
    if missing:
        found = transaction.run("MATCH (n) WHERE elementId(n) IN $ids RETURN elementId(n), n.id", ids=missing)
        known.update({key: name or key for key, name in found})
    return known


def _collect(value: Any, known: dict[str, str], wanted: set[str]) -> None:
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        known[value.element_id] = value.get("id", value.element_id)
    elif isinstance(value, Relationship):
        wanted.update(node.element_id for node in value.nodes if node is not None)
    elif isinstance(value, Path):
        for item in (*value.nodes, *value.relationships):
            _collect(item, known, wanted)
    elif isinstance(value, list):
        for item in value:
            _collect(item, known, wanted)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, known, wanted)


def _plain(value: Any, ids: Mapping[str, str]) -> Any:
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        label = next((name for name in NODES if name in value.labels), "".join(sorted(value.labels)[:1]))
        return plain.node(label, dict(value))
    if isinstance(value, Relationship):
        start, end = (ids[node.element_id] if node is not None else "" for node in value.nodes)
        return plain.relationship(value.type, start, end, dict(value))
    if isinstance(value, Path):
        return {
            "_nodes": [_plain(item, ids) for item in value.nodes],
            "_relationships": [_plain(item, ids) for item in value.relationships],
        }
    if isinstance(value, list):
        return [_plain(item, ids) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, ids) for key, item in value.items()}
    if hasattr(value, "iso_format"):
        return value.iso_format()
    return plain.scalar(value)
