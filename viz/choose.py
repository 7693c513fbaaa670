"""Choose the part of a graph that fits a picture, by support; the caller's graph is only read.

What is chosen comes back as a new graph in the order of its ids. Its ``graph["papers"]`` holds title, year and address
of every paper that its evidence names, because the papers themselves are seldom in the picture.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import networkx as nx

from kg.errors import UsageError
from kg.model import ENTITY_LABELS, Relation

if TYPE_CHECKING:
    from kg.graph import Graph

Edge = tuple[str, str, str]

LINKS_PER_NODE = 2
"""Links kept for each node unless told otherwise; with more the picture is a hairball."""

MOST = 300
"""Nodes that a picture by pyvis holds at most."""

_SHARE = 5
_CRUMB = 2


def graph_in(graph: "nx.MultiDiGraph | Graph") -> nx.MultiDiGraph:
    """Give the graph of what `kg.build` or `kg.open` gave; raises UsageError for anything else."""
    found = graph if isinstance(graph, nx.MultiDiGraph) else getattr(graph, "graph", None)
    if not isinstance(found, nx.MultiDiGraph):
        raise UsageError(f"{type(graph).__name__} is no graph; give what kg.build(...) or kg.open(FOLDER) returns")
    return found


def top(
    graph: nx.MultiDiGraph, *, limit: int = 150, kinds: Collection[str] = ENTITY_LABELS, links: int | None = None
) -> nx.MultiDiGraph:
    """Give the best supported part of ``graph``: at most ``limit`` nodes of the labels ``kinds``, and their links.

    Nodes are ranked by the papers behind all their links; each label gets a fifth of the places where it has nodes to
    fill them. Of the links stay the strongest, at most ``links`` (twice the nodes where None), and those that hold the
    parts together. A node or a pair without a link to the rest is left out.
    """
    _check(limit)
    inside = {key for key, label in graph.nodes(data="label") if label in kinds}
    strength = dict.fromkeys(inside, 0)
    for source, target, properties in graph.edges(data=True):
        if source in inside and target in inside and source != target:
            strength[source] += _support(properties)
            strength[target] += _support(properties)
    ranked = sorted(inside, key=lambda key: (-strength[key], -_papers(graph, key), key))
    linked = [key for key in ranked if strength[key]] or ranked
    chosen: dict[str, None] = {}
    for kind in sorted(kinds):
        of_kind = [key for key in linked if graph.nodes[key].get("label") == kind]
        chosen.update(dict.fromkeys(of_kind[: limit // max(_SHARE, len(kinds))]))
    for key in linked:
        if len(chosen) >= limit:
            break
        chosen[key] = None
    part = _part(graph, chosen, links=links, kept=())
    pieces = list(nx.weakly_connected_components(part))
    if max(map(len, pieces), default=0) > _CRUMB:
        part.remove_nodes_from([key for piece in pieces if len(piece) <= _CRUMB for key in piece])
        part.graph["papers"] = _cited(graph, part)
    return part


def neighbourhood(
    graph: nx.MultiDiGraph,
    node_id: str,
    *,
    hops: int = 1,
    limit: int = 300,
    kinds: Collection[str] | None = None,
    links: int | None = None,
) -> nx.MultiDiGraph:
    """Give the nodes within ``hops`` links of ``node_id``, the best supported first, at most ``limit``.

    ``kinds`` are the labels to show: by default entities, and papers where no entity is linked to the node; all labels
    around a paper, author or result.
    The links by which nodes were reached stay; of the others the strongest, ``links`` in all (None: twice the nodes).
    Raises `UsageError` where there is no such node.
    """
    _check(limit)
    if node_id not in graph:
        raise UsageError(f"no node {node_id!r} in the graph; give the id of a node, such as 'dataset:cifar-10'")
    if kinds is None:
        kinds = _kinds_around(graph, node_id)
    chosen: dict[str, None] = {node_id: None}
    kept: list[Edge] = []
    ring = [node_id]
    for _ in range(hops):
        reached: dict[str, tuple[tuple[int, int, int, str], Edge]] = {}
        for near in ring:
            for edge, far, properties in _incident(graph, near):
                if far in chosen or graph.nodes[far].get("label") not in kinds:
                    continue
                # Entities come before papers, authors and results, of which a hub has hundreds.
                entity = graph.nodes[far].get("label") in ENTITY_LABELS
                proposed = edge[2] == Relation.PROPOSES
                order = (0 if entity else 1, -_support(properties) - proposed, -_papers(graph, far), far)
                if far not in reached or (order, edge) < reached[far]:
                    reached[far] = order, edge
        ring = sorted(reached, key=lambda key: reached[key])[: limit - len(chosen)]
        chosen.update(dict.fromkeys(ring))
        kept.extend(reached[key][1] for key in ring)
    return _part(graph, chosen, links=links, kept=kept)


def _kinds_around(graph: nx.MultiDiGraph, node_id: str) -> Collection[str]:
    if graph.nodes[node_id].get("label") not in ENTITY_LABELS:
        return (*ENTITY_LABELS, "Paper", "Author", "Result")
    near = {graph.nodes[far].get("label") for _, far, _ in _incident(graph, node_id)}
    return ENTITY_LABELS if near & set(ENTITY_LABELS) else (*ENTITY_LABELS, "Paper")


def _check(limit: int) -> None:
    if limit < 1:
        raise UsageError(f"limit is {limit}; give the number of nodes to show, at least 1")


def _support(properties: dict[str, Any]) -> int:
    return int(properties.get("papers") or 1)


def _papers(graph: nx.MultiDiGraph, key: str) -> int:
    return int(graph.nodes[key].get("papers") or 0)


def _incident(graph: nx.MultiDiGraph, key: str) -> Iterable[tuple[Edge, str, dict[str, Any]]]:
    for source, target, relation, properties in graph.out_edges(key, keys=True, data=True):
        yield (source, target, str(relation)), target, properties
    for source, target, relation, properties in graph.in_edges(key, keys=True, data=True):
        yield (source, target, str(relation)), source, properties


def _part(
    graph: nx.MultiDiGraph, chosen: Collection[str], *, links: int | None, kept: Iterable[Edge]
) -> nx.MultiDiGraph:
    edges = [
        (source, target, str(relation), properties)
        for source, target, relation, properties in graph.subgraph(chosen).edges(keys=True, data=True)
        if source != target
    ]
    edges.sort(key=lambda edge: (-_support(edge[3]), edge[:3]))
    strong = {edge[:3]: edge[3] for edge in edges}
    wanted = dict.fromkeys(kept)
    wanted.update(dict.fromkeys(_spanning(strong)))
    most = LINKS_PER_NODE * len(chosen) if links is None else links
    for edge in strong:
        if len(wanted) >= most:
            break
        wanted[edge] = None
    part = nx.MultiDiGraph()
    part.add_nodes_from((key, dict(graph.nodes[key])) for key in sorted(chosen))
    part.add_edges_from((*edge, dict(strong[edge])) for edge in sorted(wanted))
    part.graph["papers"] = _cited(graph, part)
    return part


def _spanning(edges: Iterable[Edge]) -> Iterable[Edge]:
    """The edges that first join two parts, strongest first (Kruskal 1956): what is linked stays in one piece."""
    parts = nx.utils.UnionFind()
    for edge in edges:
        if parts[edge[0]] != parts[edge[1]]:
            parts.union(edge[0], edge[1])
            yield edge


def _cited(graph: nx.MultiDiGraph, part: nx.MultiDiGraph) -> dict[str, dict[str, Any]]:
    known = graph.graph.get("papers", {})
    cited = sorted({paper for *_, found in part.edges(data="evidence_papers") for paper in found or ()})
    return {
        paper: {name: properties.get(name) for name in ("title", "year", "url")}
        for paper in cited
        if (properties := graph.nodes[paper] if paper in graph else known.get(paper))
    }
