"""Change a database of the embedded engine where it is: by a log beside it, which the engine reads when it opens it.

The file of the database stays as it is. To write the changes into it would take the engine as long as to load all: it
writes a table anew of which a row changes. So a log that grows long is better made an end of by a new database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.model import Changes
from kg.store.arrow import node_table, spool_nodes, spool_relationships
from kg.store.embedded import BUFFERS, line, run_with_rows, writing
from kg.store.schema import NODES, RELATIONSHIPS
from kg.store.spool import Spool

if TYPE_CHECKING:
    import pyarrow as pa

_HELD = 256 * 2**20

_Steps = Iterator[tuple[str, "pa.Table"]]
"""What is to be done for each row of a table, and the table."""


def amend(path: Path, changes: Changes) -> dict[str, dict[str, int]]:
    """Make the ``changes`` in the database at ``path``; give how many nodes and relationships it has then.

    Raises StoreError where they do not fit the database.
    """
    try:
        with (
            Spool[str](path.with_name(f"{path.name}.nodes"), held=_HELD) as nodes,
            Spool[tuple[str, str, str]](path.with_name(f"{path.name}.links"), held=_HELD) as links,
            writing(path, merge=False, buffers=BUFFERS) as connection,
        ):
            steps = chain(
                _delete_edges(changes),
                _delete_nodes(changes),
                _set_properties(changes),
                _add_nodes(changes, nodes),
                _add_relationships(changes, links),
            )
            run_with_rows(connection, ((f"LOAD FROM $rows {step}", rows) for step, rows in steps))
            return _counts(connection)
    except RuntimeError as error:
        raise StoreError(f"{path}: cannot change the database: {line(error)}") from None


def _delete_edges(changes: Changes) -> _Steps:
    import pyarrow as pa

    tables: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for source, target, relation in changes.gone_edges():
        start, end = changes.ends(source, relation, target)
        tables[relation, start, end].append((source, target))
    for (relation, start, end), pairs in tables.items():
        yield (
            f"MATCH (a:`{start}`)-[r:`{relation}`]->(b:`{end}`) WHERE a.id = _from AND b.id = _to DELETE r",
            pa.table({"_from": [a for a, _ in pairs], "_to": [b for _, b in pairs]}),
        )


def _delete_nodes(changes: Changes) -> _Steps:
    import pyarrow as pa

    tables: dict[str, list[str]] = defaultdict(list)
    for node, label in changes.gone_nodes():
        tables[label].append(node)
    for label, ids in tables.items():
        yield f"MATCH (n:`{label}`) WHERE n.id = _id DETACH DELETE n", pa.table({"_id": ids})


def _set_properties(changes: Changes) -> _Steps:
    tables: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for node, properties in changes.changed_nodes():
        tables[properties["label"]].append((node, properties))
    for label, nodes in tables.items():
        names = [name for name in NODES[label] if name != "id"]
        rows = node_table(label, nodes)
        rows = rows.rename_columns([f"_{name}" for name in rows.column_names])
        sets = ", ".join(f"n.`{name}` = _{name}" for name in names)
        yield f"MATCH (n:`{label}`) WHERE n.id = _id SET {sets}", rows


def _add_nodes(changes: Changes, nodes: Spool[str]) -> _Steps:
    spool_nodes(changes, nodes)
    for label in nodes.names():
        for table in nodes.pieces(label, _HELD):
            rows, properties = _named(table, table.column_names)
            yield f"CREATE (:`{label}` {{{properties}}})", rows


def _add_relationships(changes: Changes, links: Spool[tuple[str, str, str]]) -> _Steps:
    spool_relationships(changes, links)
    for relation, start, end in links.names():
        for table in links.pieces((relation, start, end), _HELD):
            rows, properties = _named(table, table.column_names[2:])
            # Two patterns in one MATCH would be paired before they are compared.
            ends = f"MATCH (a:`{start}`) WHERE a.id = __from MATCH (b:`{end}`) WHERE b.id = __to"
            yield f"{ends} CREATE (a)-[:`{relation}` {{{properties}}}]->(b)", rows


def _named(rows: "pa.Table", properties: Iterable[str]) -> "tuple[pa.Table, str]":
    """Give rows whose columns are called as no property is, and the properties that they are."""
    renamed = rows.rename_columns([f"_{name}" for name in rows.column_names])
    return renamed, ", ".join(f"`{name}`: _{name}" for name in properties)


def _counts(connection: Any) -> dict[str, dict[str, int]]:
    def count(query: str) -> int:
        return int(connection.execute(query).get_all()[0][0])

    nodes = {label: count(f"MATCH (n:`{label}`) RETURN count(n)") for label in NODES}
    relationships = {name: count(f"MATCH ()-[r:`{name}`]->() RETURN count(r)") for name in RELATIONSHIPS}
    return {
        "nodes": {name: number for name, number in sorted(nodes.items()) if number},
        "relationships": {name: number for name, number in sorted(relationships.items()) if number},
    }
