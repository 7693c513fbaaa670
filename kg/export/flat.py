"""Give a property graph as two flat tables of plain, typed values, for formats that have no lists or missing values.

Rows come in the order of their ids. A node's ``label`` is its name or title, which is what Gephi and yEd show, and its
label in the graph (Method, Dataset, ...) is ``type``; asked for, ``labels`` gives the labels that it has in Neo4j, as
APOC writes them. An edge's ``label`` is its relation and its ``weight`` the number
of papers that say it (1 where it has no such number). What has no value (None, an empty text, a float that is not
finite) is left out; a list is its JSON text, or stays a list of values of one type where the format has lists. The
caller's graph is only read.

A graph is in memory, or a `Stream` that is walked once for the types of the columns and once for the rows.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import networkx as nx

from kg.model import ENTITY_LABELS, Stream

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str)

Scalar = bool | int | float | str
Value = Scalar | Sequence[Scalar]
One = Literal["boolean", "int", "long", "double", "string"]
Type = Literal[One, "boolean[]", "int[]", "long[]", "double[]", "string[]"]


Graph: TypeAlias = "nx.MultiDiGraph | Stream"


class Row(NamedTuple):
    """One node, or one edge between ``source`` and ``target``."""

    id: str
    values: Mapping[str, Value]
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Typed columns, and the rows, which may be walked again and again, and how many they are.

    The rows are made as they are walked, so that a table of any length takes no memory.
    """

    columns: Mapping[str, Type]
    rows: Callable[[], Iterator[Row]]
    count: int


def nodes(graph: Graph, *, labels: bool = False, lists: bool = False) -> Table:
    """Give the nodes as a table: ``label`` and ``type``, ``labels`` if asked for, then the properties by name."""
    first = ("labels", "label", "type") if labels else ("label", "type")

    def items() -> Iterator[_Item]:
        for key, properties in sorted_nodes(graph):
            own: tuple[object, ...] = name_of(key, properties), properties.get("label")
            if labels:
                own = "".join(f":{label}" for label in neo4j_labels(properties)), *own
            hidden = ("label", "id") if properties.get("id") == key else ("label",)
            yield _Item(str(key), own, properties, hidden)

    return _table(items, first, reserved=("id", *first), lists=lists)


def edges(graph: Graph, *, lists: bool = False) -> Table:
    """Give the edges as a table: ``label`` and ``weight``, then the properties by name. Ids are e0, e1, ..."""

    def items() -> Iterator[_Item]:
        for number, (source, target, key, properties) in enumerate(sorted_edges(graph)):
            own = str(key), float(properties.get("papers") or 1)
            yield _Item(f"e{number}", own, properties, (), str(source), str(target))

    first = ("label", "weight")
    return _table(items, first, reserved=("id", *first, "source", "target"), lists=lists)


def order(value: Hashable) -> tuple[str, str]:
    """Sort key of node ids and edge keys, which may be of different types."""
    return str(value), type(value).__name__


def sorted_nodes(graph: Graph) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Give all nodes as (id, properties) in the order of their ids."""
    if not isinstance(graph, nx.MultiDiGraph):
        yield from graph.nodes()
        return
    for key in sorted(graph, key=order):
        yield key, graph.nodes[key]


def sorted_edges(graph: Graph) -> Iterator[tuple[Any, Any, Any, Mapping[str, Any]]]:
    """Give all edges as (source, target, relation, properties) in the order of their ids."""
    if not isinstance(graph, nx.MultiDiGraph):
        yield from graph.edges()
        return
    for source in sorted(graph, key=order):
        for target in sorted(graph.succ[source], key=order):
            parallel = graph.succ[source][target]
            for key in sorted(parallel, key=order):
                yield source, target, key, parallel[key]


def ends(graph: Graph, source: Any, relation: Any, target: Any) -> tuple[str, str]:
    """Give the labels of the nodes that an edge joins."""
    if not isinstance(graph, nx.MultiDiGraph):
        return graph.ends(source, relation, target)
    return graph.nodes[source]["label"], graph.nodes[target]["label"]


def gathered(stream: Stream) -> nx.MultiDiGraph:
    """Gather a stream in memory."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(stream.nodes())
    graph.add_edges_from(stream.edges())
    return graph


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
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
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


class _Item(NamedTuple):
    """A node or an edge: the values of the first columns, and its properties, some of which are hidden."""

    id: str
    own: tuple[object, ...]
    properties: Mapping[str, Any]
    hidden: tuple[str, ...] = ()
    source: str = ""
    target: str = ""


@dataclass(slots=True)
class _Column:
    """A column: the types that were seen, and the classes of values that tell nothing new about it."""

    name: str
    types: set[Type] = field(default_factory=set)
    known: set[type] = field(default_factory=lambda: {type(None)})

    def note(self, raw: object, *, lists: bool) -> None:
        """Note the type of a value; a list that is to be a text is not written out."""
        cls = raw.__class__
        if cls is list and not lists:
            self.types.add("string")
            self.known.add(cls)
            return
        value = _value(raw, lists=lists)
        if value is None:
            return
        self.types.add(_type(value))
        if cls is str or cls is bool or cls is float or (cls is int and {"int", "long", "string"} <= self.types):
            self.known.add(cls)


class _Columns:
    """The columns of items; a property that would clash with a reserved name gets a ``_``.

    Most items have the same few sets of properties, so that columns are named once for all that are alike.
    """

    def __init__(self, first: tuple[str, ...], reserved: tuple[str, ...]) -> None:
        self.first = [_Column(name) for name in first]
        self.others: dict[str, _Column] = {}
        self._reserved = reserved
        self._known: dict[tuple[Any, ...], list[tuple[_Column, str]]] = {}

    def of(self, item: _Item) -> list[tuple[_Column, str]]:
        """Give column and property for each property of an item, by columns."""
        shape = item.hidden, *item.properties
        known = self._known.get(shape)
        if known is None:
            found: dict[str, str] = {}
            for name in sorted((name for name in item.properties if name not in item.hidden), key=str):
                free = str(name)
                while free in self._reserved or free in found:
                    free += "_"
                found[free] = name
            columns = ((self.others.setdefault(name, _Column(name)), found[name]) for name in sorted(found))
            known = self._known[shape] = list(columns)
        return known

    def all(self) -> list[_Column]:
        """Give the columns that have a value somewhere, in their order."""
        return [c for c in (*self.first, *(self.others[name] for name in sorted(self.others))) if c.types]


def _table(
    items: Callable[[], Iterator[_Item]], first: tuple[str, ...], *, reserved: tuple[str, ...], lists: bool
) -> Table:
    columns = _Columns(first, reserved)
    count = 0
    for count, item in enumerate(items(), 1):  # noqa: B007 - the last one is told
        for column, raw in zip(columns.first, item.own, strict=True):
            if raw.__class__ not in column.known:
                column.note(raw, lists=lists)
        properties = item.properties
        for column, name in columns.of(item):
            raw = properties[name]
            if raw.__class__ not in column.known:
                column.note(raw, lists=lists)
    types = {column.name: _common(column.types) for column in columns.all()}
    mixed = {column.name: types[column.name] for column in columns.all() if len(column.types) > 1}

    def rows() -> Iterator[Row]:
        for item in items():
            values: dict[str, Value] = {}
            for column, raw in zip(columns.first, item.own, strict=True):
                if (value := _value(raw, lists=lists)) is not None:
                    values[column.name] = value
            properties = item.properties
            for column, name in columns.of(item):
                if (value := _value(properties[name], lists=lists)) is not None:
                    values[column.name] = value
            for name in mixed.keys() & values.keys():
                values[name] = _as(values[name], mixed[name])
            yield Row(item.id, values, item.source, item.target)

    return Table(types, rows, count)


def _value(raw: Any, *, lists: bool) -> Value | None:
    cls = raw.__class__
    if cls is str:
        return raw or None
    if cls is int:
        return cast(int, raw)
    if cls is list and not lists:
        return _text_of(raw)
    items = listed(raw) if lists else None
    return items if items is not None else plain(raw)


def _text_of(items: list[Any]) -> str:
    """Write a list as the encoder does; lists of texts alone, or of integers, are most, and this is twice as fast."""
    classes = set(map(type, items))
    if classes == {str}:
        return f"[{', '.join(map(encode_basestring, items))}]"
    if classes == {int}:
        return f"[{', '.join(map(repr, items))}]"
    return _ENCODER.encode(items)


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


def _as(value: Value, wanted: Type) -> Value:
    if wanted.endswith("[]"):
        return [
            cast(Scalar, _as(item, cast(Type, wanted.removesuffix("[]")))) for item in cast(Sequence[Scalar], value)
        ]
    if wanted == "string":
        return text(value)
    return float(cast(float, value)) if wanted == "double" else value
