"""Change a database of the embedded engine where it is: what goes is deleted, what is new is copied in.

To be done on a copy, since a crash leaves it with a part of the changes. The room of what was deleted is not all given
back, so that a database that changed much is better made anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.model import Changes
from kg.store.arrow import node_table, spool_nodes, spool_relationships
from kg.store.embedded import BUFFERS, PLAIN, line, writing
from kg.store.schema import NODES, RELATIONSHIPS
from kg.store.spool import Spool

if TYPE_CHECKING:
    import pyarrow as pa

_HELD = 256 * 2**20


def amend(path: Path, changes: Changes) -> dict[str, dict[str, int]]:
    """Make the ``changes`` in the database at ``path``; give how many nodes and relationships it has then.

    Raises StoreError where they do not fit the database.
    """
    try:
        with (
            Spool[str](path.with_name(f"{path.name}.nodes"), held=_HELD) as nodes,
            Spool[tuple[str, str, str]](path.with_name(f"{path.name}.links"), held=_HELD) as links,
        ):
            spool_nodes(changes, nodes)
            spool_relationships(changes, links)
            with writing(path, compression=True, buffers=BUFFERS) as connection:
                _delete_edges(connection, changes)
                _delete_nodes(connection, changes)
                _set_properties(connection, changes)
            plain = [label for label in nodes.names() if label in PLAIN]
            with writing(path, compression=False, buffers=BUFFERS) as connection:
                _copy_nodes(connection, nodes, plain)
            with writing(path, compression=True, buffers=BUFFERS) as connection:
                _copy_nodes(connection, nodes, nodes.names())
                _copy_relationships(connection, links)
                return _counts(connection)
    except RuntimeError as error:
        raise StoreError(f"{path}: cannot change the database: {line(error)}") from None


def _delete_edges(connection: Any, changes: Changes) -> None:
    import pyarrow as pa

    tables: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for source, target, relation in changes.gone_edges():
        start, end = changes.ends(source, relation, target)
        tables[relation, start, end].append((source, target))
    for (relation, start, end), pairs in tables.items():
        _each(
            connection,
            pa.table({"_from": [a for a, _ in pairs], "_to": [b for _, b in pairs]}),
            f"MATCH (a:`{start}`)-[r:`{relation}`]->(b:`{end}`) WHERE a.id = _from AND b.id = _to DELETE r",
        )


def _delete_nodes(connection: Any, changes: Changes) -> None:
    import pyarrow as pa

    tables: dict[str, list[str]] = defaultdict(list)
    for node, label in changes.gone_nodes():
        tables[label].append(node)
    for label, ids in tables.items():
        _each(connection, pa.table({"_id": ids}), f"MATCH (n:`{label}`) WHERE n.id = _id DETACH DELETE n")


def _set_properties(connection: Any, changes: Changes) -> None:
    tables: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for node, properties in changes.changed_nodes():
        tables[properties["label"]].append((node, properties))
    for label, nodes in tables.items():
        names = [name for name in NODES[label] if name != "id"]
        rows = node_table(label, nodes)
        rows = rows.rename_columns([f"_{name}" for name in rows.column_names])
        sets = ", ".join(f"n.`{name}` = _{name}" for name in names)
        _each(connection, rows, f"MATCH (n:`{label}`) WHERE n.id = _id SET {sets}")


def _each(connection: Any, rows: "pa.Table", change: str) -> None:
    connection.execute(f"LOAD FROM $rows {change}", {"rows": rows})


def _copy_nodes(connection: Any, nodes: Spool[str], labels: Iterable[str]) -> None:
    for label in labels:
        for table in nodes.pieces(label, _HELD):
            connection.execute(f"COPY `{label}` FROM $rows", {"rows": table})


def _copy_relationships(connection: Any, links: Spool[tuple[str, str, str]]) -> None:
    for relation, start, end in links.names():
        for table in links.pieces((relation, start, end), _HELD):
            connection.execute(f"COPY `{relation}` FROM $rows (from='{start}', to='{end}')", {"rows": table})


def _counts(connection: Any) -> dict[str, dict[str, int]]:
    def count(query: str) -> int:
        return int(connection.execute(query).get_all()[0][0])

    nodes = {label: count(f"MATCH (n:`{label}`) RETURN count(n)") for label in NODES}
    relationships = {name: count(f"MATCH ()-[r:`{name}`]->() RETURN count(r)") for name in RELATIONSHIPS}
    return {
        "nodes": {name: number for name, number in sorted(nodes.items()) if number},
        "relationships": {name: number for name, number in sorted(relationships.items()) if number},
    }
