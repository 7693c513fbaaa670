"""Give a property graph as two flat tables of plain, typed values, for formats that have no lists or missing values.

Rows come in the order of their ids. A node's ``label`` is its name or title, which is what Gephi and yEd show, and its
label in the graph (Method, Dataset, ...) is ``type``; asked for, ``labels`` gives the labels that it has in Neo4j, as
APOC writes them. An edge's ``label`` is its relation and its ``weight`` the number
of papers that say it (1 where it has no such number). What has no value (None, an empty text, a float that is not
finite) is left out; a list is its JSON text, or stays a list of values of one type where the format has lists. The
caller's graph is only read.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import networkx as nx

from kg.model import ENTITY_LABELS

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str)

Scalar = bool | int | float | str
Value = Scalar | Sequence[Scalar]
One = Literal["boolean", "int", "long", "double", "string"]
Type = Literal[One, "boolean[]", "int[]", "long[]", "double[]", "string[]"]


@dataclass(frozen=True, slots=True)
class Row:
    """One node, or one edge between ``source`` and ``target``."""

    id: str
    values: Mapping[str, Value]
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Typed columns, and the rows, which may be walked again and again.

    The rows are made as they are walked, so that a table of any length takes no memory.
    """

    columns: Mapping[str, Type]
    rows: Callable[[], Iterator[Row]]


def nodes(graph: nx.MultiDiGraph, *, labels: bool = False, lists: bool = False) -> Table:
    """Give the nodes as a table: ``label`` and ``type``, ``labels`` if asked for, then the properties by name."""
    return _typed(lambda dry: _node_rows(graph, labels=labels, lists=lists, dry=dry), first=("labels", "label", "type"))


def edges(graph: nx.MultiDiGraph, *, lists: bool = False) -> Table:
    """Give the edges as a table: ``label`` and ``weight``, then the properties by name. Ids are e0, e1, ..."""
    return _typed(lambda dry: _edge_rows(graph, lists=lists, dry=dry), first=("label", "weight"))


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
    return _ENCODER.encode(value)


def listed(value: object) -> list[Scalar] | None:
    """Give a list of scalars as it is, without what has no value; None where ``value`` is something else.

    >>> listed(["a", "", None]), listed("a"), listed([["a"]])
    (['a', ''], None, None)
    """
    if not isinstance(value, list | tuple) or any(isinstance(item, list | tuple | dict | set) for item in value):
        return None
    scalars = ("" if item == "" else plain(item) for item in value)
    return [item for item in scalars if item is not None]


def text(value: Value) -> str:
    """Write a value as XML Schema and CSV readers expect it.

    >>> text(True), text(3), text(0.5)
    ('true', '3', '0.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, int | float) else str(plain(value))


def neo4j_labels(properties: Mapping[str, object]) -> list[str]:
    """Name the labels that a node has in Neo4j.

    >>> neo4j_labels({"label": "Dataset", "benchmark": True})
    ['Dataset', 'Entity', 'Benchmark']
    """
    label = properties.get("label")
    more = ["Entity"] if label in ENTITY_LABELS else []
    return [*([str(label)] if label else []), *more, *(["Benchmark"] if properties.get("benchmark") is True else [])]


def name_of(key: Hashable, properties: Mapping[str, object]) -> str:
    """Give what a node is called: its name or title, else its id."""
    return str(properties.get("name") or properties.get("title") or key)


def _node_rows(graph: nx.MultiDiGraph, *, labels: bool, lists: bool, dry: bool) -> Iterator[Row]:
    reserved = ("id", "label", "type", *(["labels"] if labels else []))
    for key in sorted(graph, key=order):
        properties = graph.nodes[key]
        own = {"label": name_of(key, properties), "type": properties.get("label")}
        if labels:
            own["labels"] = "".join(f":{label}" for label in neo4j_labels(properties))
        rest = {k: v for k, v in properties.items() if k != "label" and not (k == "id" and v == key)}
        yield Row(str(key), _values(own, rest, reserved=reserved, lists=lists, dry=dry))


def _edge_rows(graph: nx.MultiDiGraph, *, lists: bool, dry: bool) -> Iterator[Row]:
    for number, (source, target, key, properties) in enumerate(sorted_edges(graph)):
        own = {"label": str(key), "weight": float(properties.get("papers") or 1)}
        reserved = ("id", "label", "weight", "source", "target")
        yield Row(
            f"e{number}", _values(own, properties, reserved=reserved, lists=lists, dry=dry), str(source), str(target)
        )


def _values(
    own: Mapping[str, object], properties: Mapping[str, object], *, reserved: tuple[str, ...], lists: bool, dry: bool
) -> dict[str, Value]:
    """Our own columns, then the properties by name; one that would clash with a reserved name gets a ``_``.

    A ``dry`` run is for the types alone: a list that is to be a text is not written out.
    """
    named = dict(own)
    for name in sorted(properties, key=str):
        free = str(name)
        while free in reserved or free in named:
            free += "_"
        named[free] = properties[name]
    found: dict[str, Value] = {}
    for name, raw in named.items():
        items = listed(raw) if lists else None
        value = items if items is not None else "[]" if dry and isinstance(raw, list | tuple) else plain(raw)
        if value is not None:
            found[name] = value
    return found


def _typed(rows: Callable[[bool], Iterator[Row]], *, first: tuple[str, ...]) -> Table:
    found: dict[str, set[Type]] = {}
    for row in rows(True):
        for name, value in row.values.items():
            found.setdefault(name, set()).add(_type(value))
    names = [name for name in first if name in found] + sorted(found.keys() - set(first))
    columns = {name: _common(found[name]) for name in names}
    return Table(columns, lambda: (_cast(row, columns) for row in rows(False)))


def _type(value: Value) -> Type:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "long" if -(2**63) <= value < 2**63 else "string"
    if isinstance(value, float | str):
        return "double" if isinstance(value, float) else "string"
    # An empty list tells nothing of its items; as "int[]" it gives way to whatever the others are.
    return cast(Type, f"{_one({_type(item) for item in value})}[]") if value else "int[]"


def _common(types: set[Type]) -> Type:
    """The one type that holds all: GraphML and Gephi know no column of two."""
    of_lists = {kind for kind in types if kind.endswith("[]")}
    if not of_lists:
        return _one(types)
    if of_lists == types:
        return cast(Type, f"{_one({cast(Type, kind.removesuffix('[]')) for kind in types})}[]")
    return "string"


def _one(types: set[Type]) -> Type:
    if len(types) == 1:
        return next(iter(types))
    if types <= {"int", "long"}:
        return "long"
    return "double" if types <= {"int", "double"} else "string"


def _cast(row: Row, columns: Mapping[str, Type]) -> Row:
    values = {name: _as(row.values[name], columns[name]) for name in columns if name in row.values}
    return Row(row.id, values, row.source, row.target)


def _as(value: Value, wanted: Type) -> Value:
    if wanted.endswith("[]"):
        return [
            cast(Scalar, _as(item, cast(Type, wanted.removesuffix("[]")))) for item in cast(Sequence[Scalar], value)
        ]
    if wanted == "string":
        return text(value)
    return float(cast(float, value)) if wanted == "double" else value
