"""Write CX2, the exchange format of Cytoscape and NDEx (version 2 of its specification).

A node's ``name``, which Cytoscape shows, is its name or title; ``represents`` is its id in the graph and ``type`` its
label there. An edge's ``interaction`` is its relation. Lists stay lists, what has no value is left out. There is no
layout and there are no colours: Cytoscape lays out what it opens.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from kg.export.files import replacing, whole
from kg.export.flat import Graph, Row, Table, Value, edges, nodes

_TYPES = {"boolean": "boolean", "int": "integer", "long": "long", "double": "double", "string": "string"}
_NODE: Mapping[str, str | None] = {"label": "name", "name": None}
"""Columns that have another name in the file, or none: a node's property ``name`` is what its ``label`` is made of."""
_EDGE: Mapping[str, str | None] = {"label": "interaction", "interaction": "interaction_"}


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as CX2."""
    node_table, edge_table = nodes(graph, lists=True), edges(graph, lists=True)
    places = {row.id: number for number, row in enumerate(node_table.rows())}
    counts = {"attributeDeclarations": 1, "networkAttributes": 1, "nodes": node_table.count, "edges": edge_table.count}
    declared = {
        "networkAttributes": {"name": {"d": "string"}},
        "nodes": {"represents": {"d": "string"}, **_declared(node_table, _NODE)},
        "edges": _declared(edge_table, _EDGE),
    }
    with replacing(path) as file:
        file.write(_json({"CXVersion": "2.0", "hasFragments": False}, start="["))
        file.write(_json({"metaData": [{"name": name, "elementCount": count} for name, count in counts.items()]}))
        file.write(_json({"attributeDeclarations": [declared]}))
        file.write(_json({"networkAttributes": [{"name": whole(path.name.removesuffix(".cx2"))}]}))
        _aspect(file, "nodes", (_node(row, places) for row in node_table.rows()))
        _aspect(file, "edges", (_edge(number, row, places) for number, row in enumerate(edge_table.rows())))
        file.write(_json({"status": [{"success": True}]}, end="]\n"))


def _json(value: object, *, start: str = "", end: str = ",\n") -> str:
    return start + json.dumps(value, ensure_ascii=False, allow_nan=False) + end


def _aspect(file: IO[str], name: str, elements: Iterable[object]) -> None:
    file.write(f'{{"{name}": [')
    for number, element in enumerate(elements):
        file.write(_json(element, start=",\n" if number else "\n", end=""))
    file.write("\n]},\n")


def _declared(table: Table, renamed: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    found = {}
    for column, kind in table.columns.items():
        if (name := renamed.get(column, column)) is not None:
            one = _TYPES[kind.removesuffix("[]")]
            found[whole(name)] = {"d": f"list_of_{one}" if kind.endswith("[]") else one}
    return found


def _values(row: Row, renamed: Mapping[str, str | None]) -> dict[str, Any]:
    named = ((renamed.get(column, column), value) for column, value in row.values.items())
    return {whole(name): _clean(value) for name, value in named if name is not None}


def _clean(value: Value) -> Value:
    if isinstance(value, str):
        return whole(value)
    return value if isinstance(value, bool | int | float) else [whole(v) if isinstance(v, str) else v for v in value]


def _node(row: Row, places: Mapping[str, int]) -> dict[str, Any]:
    return {"id": places[row.id], "v": {"represents": whole(row.id), **_values(row, _NODE)}}


def _edge(number: int, row: Row, places: Mapping[str, int]) -> dict[str, Any]:
    return {"id": number, "s": places[row.source], "t": places[row.target], "v": _values(row, _EDGE)}
