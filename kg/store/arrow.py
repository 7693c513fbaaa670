"""Make the Arrow tables that the embedded engine copies, one for each label and each relationship type between two.

Knows the schema and the shape of the graph, not the engine: `kg.store.embedded` declares the tables and copies them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from numbers import Integral
from operator import itemgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.store.packed import COLUMNS, pack
from kg.store.schema import ENDS, NODES, PACKED, RELATIONSHIPS, Type

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa

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


def relationship_tables(graph: "nx.MultiDiGraph") -> "Iterator[tuple[str, str, str, pa.Table]]":
    """Give each relationship type and the labels it joins with the table: ``_from``, ``_to``, then the properties.

    Lists are packed into one column (`kg.store.packed`). Raises StoreError for what does not fit the schema.
    """
    labels: dict[str, str] = dict(graph.nodes(data="label"))
    links: dict[tuple[str, str, str], _Links] = {}
    for start, successors in graph.adjacency():
        label = labels[start]
        for end, parallel in successors.items():
            other = labels[end]
            for relation, data in parallel.items():
                found = links.get((relation, label, other))
                if found is None:
                    if (label, other) not in ENDS.get(relation, ()):
                        raise StoreError(f"{relation} cannot join {label} {start!r} and {other} {end!r}")
                    found = links[relation, label, other] = _Links()
                found.starts.append(start)
                found.ends.append(end)
                found.data.append(data)
    for relation, label, other in list(links):
        found = links.pop((relation, label, other))
        yield (
            relation,
            label,
            other,
            _table({"_from": found.starts, "_to": found.ends}, found.data, RELATIONSHIPS[relation]),
        )


def _table(keys: Mapping[str, list[str]], rows: list[Mapping[str, Any]], properties: Mapping[str, Type]) -> "pa.Table":
    """Make a table of ``keys``, which are columns, and of the declared properties in their declared types."""
    import pyarrow as pa

    texts = {name: kind for name, kind in properties.items() if "_from" in keys and name in PACKED}
    plain = {name: kind for name, kind in properties.items() if name not in keys and name not in texts}
    types = {
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "strings": pa.list_(pa.string()),
        "ints": pa.list_(pa.int64()),
    }
    schema = pa.schema(
        [(name, pa.string()) for name in keys]
        + [(name, types[kind]) for name, kind in plain.items()]
        + ([(name, pa.string()) for name in COLUMNS] if texts else [])
    )
    parts = []
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        arrays = [pa.array(column[first : first + CHUNK], pa.string()) for column in keys.values()]
        for name, kind in plain.items():
            try:
                arrays.append(pa.array(_column(some, name), types[kind]))
            except (pa.ArrowException, ValueError, TypeError) as error:
                raise StoreError(f"property {name} is not of type {kind}: {' '.join(str(error).split())}") from None
        if texts:
            lists = {name: _lists(some, name, kind) for name, kind in texts.items()}
            arrays += [pa.array(pack([lists[name] for name in names]), pa.string()) for names in COLUMNS.values()]
        parts.append(pa.record_batch(arrays, schema))
    return pa.Table.from_batches(parts, schema)


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _lists(rows: Sequence[Mapping[str, Any]], name: str, kind: Type) -> list[Any]:
    column = _column(rows, name)
    item = str if kind == "strings" else Integral
    wrong = {type(one) for one in column} - {list, tuple, NoneType}
    if not wrong:
        wrong = {one for one in set(map(type, chain.from_iterable(filter(None, column)))) if not issubclass(one, item)}
    if wrong:
        raise StoreError(f"property {name} is not of type {kind}: it holds {min(one.__name__ for one in wrong)}")
    return column
