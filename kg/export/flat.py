"""Give a property graph as two flat tables of plain, typed values, for formats that have no lists or missing values.

Rows come in the order of their ids. A node's ``label`` is its name or title, which is what Gephi and yEd show, and its
label in the graph (Method, Dataset, ...) is ``type``. An edge's ``label`` is its relation and its ``weight`` the number
of papers that say it (1 where it has no such number). What has no value (None, an empty text, a float that is not
finite) is left out; a list is its JSON text. The caller's graph is only read.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import networkx as nx

Scalar = bool | int | float | str
Type = Literal["boolean", "int", "long", "double", "string"]


@dataclass(frozen=True, slots=True)
class Row:
    """One node, or one edge between ``source`` and ``target``."""

    id: str
    values: Mapping[str, Scalar]
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Typed columns, and the rows, which may be walked again and again."""

    columns: Mapping[str, Type]
    rows: Callable[[], Iterator[Row]]


def nodes(graph: nx.MultiDiGraph) -> Table:
    """Give the nodes as a table: ``label`` and ``type``, then the properties by name."""
    return _typed(lambda: _node_rows(graph), first=("label", "type"))


def edges(graph: nx.MultiDiGraph) -> Table:
    """Give the edges as a table: ``label`` and ``weight``, then the properties by name. Ids are e0, e1, ..."""
    return _typed(lambda: _edge_rows(graph), first=("label", "weight"))


def order(value: Hashable) -> tuple[str, str]:
    """Sort key of node ids and edge keys, which may be of different types."""
    return str(value), type(value).__name__


def sorted_edges(graph: nx.MultiDiGraph) -> Iterator[tuple[Any, Any, Any, dict[str, Any]]]:
    """Give all edges as (source, target, relation, properties) in the order of their ids."""
    for source in sorted(graph, key=order):
        for target in sorted(graph.succ[source], key=order):
            parallel = graph.succ[source][target]
            for key in sorted(parallel, key=order):
                yield source, target, key, parallel[key]


def plain(value: object) -> Scalar | None:
    """Give ``value`` as a scalar, or None where there is nothing to say.

    >>> plain(["a", "é"]), plain(float("nan")), plain("")
    ('["a", "é"]', None, None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=order)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def text(value: Scalar) -> str:
    """Write a scalar as XML Schema and CSV readers expect it.

    >>> text(True), text(3), text(0.5)
    ('true', '3', '0.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _node_rows(graph: nx.MultiDiGraph) -> Iterator[Row]:
    for key in sorted(graph, key=order):
        properties = graph.nodes[key]
        label = properties.get("name") or properties.get("title") or key
        own = {"label": str(label), "type": properties.get("label")}
        rest = {k: v for k, v in properties.items() if k != "label" and not (k == "id" and v == key)}
        yield Row(str(key), _values(own, rest, reserved=("id", "label", "type")))


def _edge_rows(graph: nx.MultiDiGraph) -> Iterator[Row]:
    for number, (source, target, key, properties) in enumerate(sorted_edges(graph)):
        own = {"label": str(key), "weight": float(properties.get("papers") or 1)}
        reserved = ("id", "label", "weight", "source", "target")
        yield Row(f"e{number}", _values(own, properties, reserved=reserved), str(source), str(target))


def _values(
    own: Mapping[str, object], properties: Mapping[str, object], *, reserved: tuple[str, ...]
) -> dict[str, Scalar]:
    """Our own columns, then the properties by name; one that would clash with a reserved name gets a ``_``."""
    named = dict(own)
    for name in sorted(properties, key=str):
        free = str(name)
        while free in reserved or free in named:
            free += "_"
        named[free] = properties[name]
    return {name: value for name, raw in named.items() if (value := plain(raw)) is not None}


def _typed(rows: Callable[[], Iterator[Row]], *, first: tuple[str, ...]) -> Table:
    found: dict[str, set[Type]] = {}
    for row in rows():
        for name, value in row.values.items():
            found.setdefault(name, set()).add(_type(value))
    names = [name for name in first if name in found] + sorted(found.keys() - set(first))
    columns = {name: _common(found[name]) for name in names}
    return Table(columns, lambda: (_cast(row, columns) for row in rows()))


def _type(value: Scalar) -> Type:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "long" if -(2**63) <= value < 2**63 else "string"
    return "double" if isinstance(value, float) else "string"


def _common(types: set[Type]) -> Type:
    """The one type that holds all: GraphML and Gephi know no column of two."""
    if len(types) == 1:
        return next(iter(types))
    if types <= {"int", "long"}:
        return "long"
    return "double" if types <= {"int", "double"} else "string"


def _cast(row: Row, columns: Mapping[str, Type]) -> Row:
    values: dict[str, Scalar] = {}
    for name in columns:
        if name in row.values:
            value, wanted = row.values[name], columns[name]
            values[name] = text(value) if wanted == "string" else float(value) if wanted == "double" else value
    return Row(row.id, values, row.source, row.target)
