"""Take the part of a graph that a query gives. The caller's graph is only read.

A part for a file is whole: nothing is left out to make it fit a picture, as ``viz`` does.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import networkx as nx


def returned(graph: nx.MultiDiGraph, rows: Iterable[Iterable[Any]]) -> nx.MultiDiGraph:
    """Give what the rows of a query hold: nodes, relationships and paths, and nodes whose id, name or title is there.

    Where a row has a relationship or path, the relationships of the part are those alone, with their ends; else they
    are all that the graph has between the nodes.
    """
    named = _named(graph)
    nodes: dict[str, None] = {}
    edges: dict[tuple[str, str, str], None] = {}
    for value in _values(rows):
        if isinstance(value, str):
            nodes.update(dict.fromkeys([value] if value in graph else named.get(value, ())))
        elif "_type" in value:
            edge = value["_from"], value["_to"], value["_type"]
            if graph.has_edge(*edge):
                edges[edge] = None
                nodes.update(dict.fromkeys(edge[:2]))
        elif value.get("id") in graph:
            nodes[value["id"]] = None
    part = graph.subgraph(nodes).copy()
    if edges:
        part.remove_edges_from([edge for edge in part.edges(keys=True) if edge not in edges])
    return part


def _named(graph: nx.MultiDiGraph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, properties in graph.nodes(data=True):
        name = properties.get("name") or properties.get("title")
        if isinstance(name, str):
            found.setdefault(name, []).append(key)
    return found


def _values(rows: Iterable[Any]) -> Iterator[Any]:
    """The texts, nodes and relationships in rows, lists, maps and paths."""
    for value in rows:
        if isinstance(value, dict) and not ("_label" in value or "_type" in value):
            yield from _values(value.values())
        elif isinstance(value, list | tuple):
            yield from _values(value)
        elif isinstance(value, str | dict):
            yield value
