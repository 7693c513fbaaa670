"""Ask a Neo4j server, with the same rows as the embedded engine."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kg.errors import QueryError, StoreError, TimeLimitError
from kg.store import plain
from kg.store.base import ROW_LIMIT, TIME_LIMIT, Rows, Store
from kg.store.neo4j.connection import Server, connect, explained, line, server
from kg.store.schema import NODES
from kg.store.tokens import check_parameters, check_read, meaningful, without_comments


class Neo4jStore(Store):
    """A graph in a Neo4j server, for reading."""

    dialect = "neo4j"

    def __init__(self, where: Server | None = None) -> None:
        """Connect to ``where``, or to what the environment names; raises StoreError where nothing answers."""
        self.server = where or server()
        self._driver = connect(self.server, 5.0)
        try:
            with explained(self.server):
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
        with explained(self.server):
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
            return TimeLimitError(timeout)
        if re.search(r"AccessMode|Forbidden", code):
            return QueryError("refused by the server; queries only read the graph")
        if ".Statement." in code or "Arguments" in code:
            place = re.search(r"\(line (\d+), column (\d+) \(offset: \d+\)\)", message)
            said = line(re.split(r"\s*\(line \d+|\n", message)[0])
            return QueryError(f"line {place[1]}, column {place[2]}: {said}" if place else said)
        return error if isinstance(error, Exception) else StoreError(message)

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()


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
