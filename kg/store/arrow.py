"""Make the Arrow tables that the embedded engine copies, one for each label and each relationship type between two.

Knows the schema and the shape of the graph, not the engine: `kg.store.embedded` declares the tables and copies them. A
graph is in memory, or a `Stream`, whose tables are put on a `kg.store.spool.Spool`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.model import Stream
from kg.store.packed import COLUMNS, pack
from kg.store.schema import ENDS, NODES, PACKED, RELATIONSHIPS, Type

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa

    from kg.store.spool import Spool

CHUNK = 1_000
"""Rows that are made into columns at a time: few enough that what one column reads of them the next finds in cache."""


@dataclass(slots=True)
class _Links:
    """Relationships of one type between two labels."""

    starts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    data: list[Mapping[str, Any]] = field(default_factory=list)


def node_tables(graph: "nx.MultiDiGraph") -> "Iterator[tuple[str, pa.Table]]":
    """Give each label with the table of its nodes; raises StoreError for a node that does not fit the schema."""
    nodes: dict[str, tuple[list[str], list[Mapping[str, Any]]]] = defaultdict(lambda: ([], []))
    for key, data in graph.nodes(data=True):
        label = data.get("label", "")
        if label not in NODES:
            raise StoreError(f"node {key!r} has no label of the schema; build the graph with kg.assemble")
        keys, rows = nodes[label]
        keys.append(key)
        rows.append(data)
    for label, (keys, rows) in nodes.items():
        yield label, _table({"id": keys}, rows, NODES[label])


def node_table(label: str, nodes: Iterable[tuple[str, Mapping[str, Any]]]) -> "pa.Table":
    """Make a table of nodes of one label; raises as `node_tables`."""
    keys, rows = zip(*nodes, strict=True)
    return _table({"id": list(keys)}, list(rows), NODES[label])


def relationship_tables(graph: "nx.MultiDiGraph") -> "Iterator[tuple[str, str, str, pa.Table]]":
    """Give each relationship type and the labels it joins with the table: ``_from``, ``_to``, then the properties.

    Lists are packed into one column (`kg.store.packed`). Raises StoreError for what does not fit the schema.
    """
    labels: dict[str, str] = dict(graph.nodes(data="label"))
    links: dict[tuple[str, str], dict[str, _Links]] = defaultdict(dict)
    for start, successors in graph.adjacency():
        label = labels[start]
        for end, parallel in successors.items():
            pair = label, labels[end]
            between = links[pair]
            for relation, data in parallel.items():
                found = between.get(relation)
                if found is None:
                    if pair not in ENDS.get(relation, ()):
                        raise StoreError(f"{relation} cannot join {label} {start!r} and {pair[1]} {end!r}")
                    found = between[relation] = _Links()
                found.starts.append(start)
                found.ends.append(end)
                found.data.append(data)
    for label, other in list(links):
        for relation, found in links.pop((label, other)).items():
            keys = {"_from": found.starts, "_to": found.ends}
            yield relation, label, other, _table(keys, found.data, RELATIONSHIPS[relation])


def spool_nodes(stream: Stream, spool: "Spool[str]") -> None:
    """Put the table of each label on ``spool``; raises as `node_tables`."""
    waiting: dict[str, tuple[list[str], list[Mapping[str, Any]]]] = {}

    def put(label: str) -> None:
        keys, rows = waiting.pop(label)
        spool.add(label, _table({"id": keys}, rows, NODES[label]))

    for key, data in stream.nodes():
        label = data.get("label", "")
        found = waiting.get(label)
        if found is None:
            if label not in NODES:
                raise StoreError(f"node {key!r} has no label of the schema; build the graph with kg.assemble")
            found = waiting[label] = [], []
        found[0].append(key)
        found[1].append(data)
        if len(found[0]) == CHUNK:
            put(label)
    for label in list(waiting):
        put(label)


def spool_relationships(stream: Stream, spool: "Spool[tuple[str, str, str]]") -> None:
    """Put the table of each relationship type and the labels it joins on ``spool``; raises as `relationship_tables`."""
    waiting: dict[tuple[str, str, str], _Links] = {}

    def put(table: tuple[str, str, str]) -> None:
        found = waiting.pop(table)
        spool.add(table, _table({"_from": found.starts, "_to": found.ends}, found.data, RELATIONSHIPS[table[0]]))

    for start, end, relation, data in stream.edges():
        label, other = stream.ends(start, relation, end)
        table = relation, label, other
        found = waiting.get(table)
        if found is None:
            if (label, other) not in ENDS.get(relation, ()):
                raise StoreError(f"{relation} cannot join {label} {start!r} and {other} {end!r}")
            found = waiting[table] = _Links()
        found.starts.append(start)
        found.ends.append(end)
        found.data.append(data)
        if len(found.starts) == CHUNK:
            put(table)
    for table in list(waiting):
        put(table)


def _table(keys: Mapping[str, list[str]], rows: list[Mapping[str, Any]], properties: Mapping[str, Type]) -> "pa.Table":
    """Make a table of ``keys``, which are columns, and of the declared properties in their declared types."""
    import pyarrow as pa

    packs = COLUMNS if "_from" in keys and PACKED.keys() <= properties.keys() else {}
    packed = {name for names in packs.values() for name in names}
    types = {name: _arrow(kind) for name, kind in properties.items() if name not in keys}
    schema = pa.schema(
        [(name, pa.string()) for name in keys]
        + [(name, kind) for name, kind in types.items() if name not in packed]
        + [(name, pa.string()) for name in packs]
    )
    parts = []
    for first in range(0, len(rows), CHUNK):
        columns = _columns(rows[first : first + CHUNK], list(types))
        made = {name: _array(name, column, properties[name]) for name, column in zip(types, columns, strict=True)}
        made.update((name, pack([made[one] for one in lists])) for name, lists in packs.items())
        made.update((name, pa.array(column[first : first + CHUNK], pa.string())) for name, column in keys.items())
        parts.append(pa.record_batch([made[name] for name in schema.names], schema))
    return pa.Table.from_batches(parts, schema)


def _arrow(kind: Type) -> "pa.DataType":
    import pyarrow as pa

    return {
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "strings": pa.list_(pa.string()),
        "ints": pa.list_(pa.int64()),
    }[kind]


def _columns(rows: Sequence[Mapping[str, Any]], names: list[str]) -> Iterable[Sequence[Any]]:
    """Turn rows into columns, one a name; what a row lacks is None."""
    if len(names) > 1:
        try:
            return zip(*map(itemgetter(*names), rows), strict=True)
        except KeyError:
            pass
    return [[row.get(name) for row in rows] for name in names]


def _array(name: str, column: Sequence[Any], kind: Type) -> "pa.Array":
    import pyarrow as pa

    try:
        made = pa.array(column, _arrow(kind))
        # Arrow takes a text for the list of its letters.
        strange = kind.endswith("s") and (str in set(map(type, column)) or made.values.null_count)
    except (pa.ArrowException, ValueError, TypeError) as error:
        if not kind.endswith("s"):
            raise StoreError(f"property {name} is not of type {kind}: {' '.join(str(error).split())}") from None
        strange = True
    if strange:
        item = str if kind == "strings" else int
        held = {type(one).__name__ for one in column if not isinstance(one, list | tuple | None)}
        held |= {
            type(i).__name__ for one in column if isinstance(one, list | tuple) for i in one if type(i) is not item
        }
        raise StoreError(f"property {name} is not of type {kind}: it holds {min(held, default='what cannot be kept')}")
    return made
