"""Take a part of the graph out of the database and pack it for the explorer, without its evidence.

A part is what lies around a node, the best supported first (`viz.choose.neighbourhood` chooses from what is fetched
here), or a set of nodes that a query gave. A small graph can be taken whole.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

import viz
from kg.model import ENTITY_LABELS, TEXT_RELATIONS
from kg.store.base import Store
from kg.store.schema import ENDS, NODES
from viz.app.problem import ProblemError
from viz.app.reads import SECONDS, label_of, labels
from viz.explorer.map import Map
from viz.explorer.payload import pack

LINKS_PER_NODE = 6
"""Links kept for each node of a part: hubs of a large graph are all linked to each other."""

LINKS = 6_000
"""Links kept between nodes that a query gave."""

_PROPERTIES = {
    label: [name for name in ("name", "title", "aliases", "papers", "first_year", "last_year", "year", "benchmark",
                              "metric", "value", "unit", "kind") if name in properties]
    for label, properties in NODES.items()
}  # fmt: skip
_SUPPORT = ("papers", "score", "first_year", "last_year")


def around(store: Store, key: str, *, hops: int, limit: int) -> nx.MultiDiGraph:
    """Give the best supported nodes, at most ``limit``, within ``hops`` links of a node, and their links."""
    chosen = {key: label_of(store, key)}
    ring = dict(chosen)
    for _ in range(hops):
        entities = _next(store, ring, ENTITY_LABELS, limit)
        fresh = {at: label for at, label in entities.items() if at not in chosen}
        if key in ring or not fresh:
            # Papers, authors and results of the node in the middle alone: a hub's fill the page.
            rest = _next(store, ring, [label for label in NODES if label not in ENTITY_LABELS], max(limit // 3, 1))
            fresh.update((at, label) for at, label in rest.items() if at not in chosen)
        chosen.update(fresh)
        ring = fresh
        if not ring or len(chosen) > limit:
            break
    links = LINKS_PER_NODE * limit
    graph = _graph(store, chosen, links)
    graph.add_edges_from(_touching(store, key, chosen))
    return viz.neighbourhood(graph, key, hops=hops, limit=limit, kinds=tuple(NODES), links=links)


def these(store: Store, keys: Collection[str]) -> nx.MultiDiGraph:
    """Give these nodes, as far as they are in the graph, and the links among them."""
    found = labels(store, keys)
    if not found:
        raise ProblemError(404, "none of these nodes is in this graph; /api/search finds ids by name")
    return _graph(store, found)


def whole(store: Store) -> nx.MultiDiGraph:
    """Give the whole graph without evidence; for small ones."""
    graph = nx.MultiDiGraph()
    for label, names in _PROPERTIES.items():
        rows = store.query(f"MATCH (n:{label}) RETURN n.id, {_columns(names)}", limit=None)
        graph.add_nodes_from(_node(row, label, names) for row in rows)
    for way in _WAYS:
        match = f"MATCH (a:{'|'.join(way.near)})-[r:{'|'.join(way.relations)}]->(b:{'|'.join(way.far)})"
        graph.add_edges_from(_edges(store.query(f"{match} RETURN a.id, b.id, {_link(way)}", limit=None)))
    return graph


def packed(graph: nx.MultiDiGraph, title: str, where: Map | None = None) -> bytes:
    """Pack a part, laid out by itself unless ``where`` says how."""
    return pack(graph, title=title, where=where, evidence=False).core


@dataclass(frozen=True, slots=True)
class _Way:
    """Relations that join the same sort of nodes, and are asked for together."""

    near: tuple[str, ...]
    relations: tuple[str, ...]
    far: tuple[str, ...]
    text: bool


def _ways() -> Iterator[_Way]:
    found: dict[tuple[Any, ...], list[tuple[str, str, str]]] = defaultdict(list)
    for relation, ends in ENDS.items():
        for a, b in ends:
            sort = [label in ENTITY_LABELS or label for label in (a, b)]
            found[(*sort, relation in TEXT_RELATIONS)].append((a, relation, b))
    for (_, _, text), links in found.items():
        near, relations, far = (tuple(dict.fromkeys(column)) for column in zip(*links, strict=True))
        yield _Way(near, relations, far, text)


_WAYS = tuple(_ways())


def _next(store: Store, ring: Mapping[str, str], kinds: Collection[str], room: int) -> dict[str, str]:
    """Give the best supported nodes of ``kinds`` that are linked to ``ring``, at most ``room``."""
    best: dict[str, tuple[int, int, str]] = {}
    given = set(ring.values())
    for way in _WAYS:
        for arrow, near, far in (("-[r:{}]->", way.near, way.far), ("<-[r:{}]-", way.far, way.near)):
            ends = [label for label in far if label in kinds]
            starts = [label for label in near if label in given]
            if not starts or not ends:
                continue
            support = "max(r.papers)" if way.text else "1"
            papers = "m.papers" if ends[0] in ENTITY_LABELS else "0"
            query = (
                f"MATCH (n:{'|'.join(starts)}){arrow.format('|'.join(way.relations))}(m:{'|'.join(ends)}) "
                f"WHERE n.id IN $ids WITH m, {support} AS support "
                f"RETURN m.id AS id, support, {papers} AS papers, labels(m)[0] AS label "
                f"ORDER BY support DESC, papers DESC, id LIMIT {room}"
            )
            keys = sorted(key for key, label in ring.items() if label in starts)
            for key, strength, known, label in store.query(query, {"ids": keys}, timeout=SECONDS, limit=None):
                rank = (-(strength or 1), -(known or 0), label)
                best[key] = min(best.get(key, rank), rank)
    return {key: best[key][2] for key in sorted(best, key=lambda key: (*best[key][:2], key))[:room]}


def _graph(store: Store, chosen: Mapping[str, str], most: int = LINKS) -> nx.MultiDiGraph:
    """Give the nodes ``chosen``, by their labels, and the best supported links among them, ``most`` of a sort."""
    graph = nx.MultiDiGraph()
    groups: dict[str, list[str]] = defaultdict(list)
    for key in sorted(chosen):
        groups[chosen[key]].append(key)
    for label in sorted(groups):
        names = _PROPERTIES[label]
        query = f"UNWIND $ids AS key MATCH (n:{label} {{id: key}}) RETURN n.id, {_columns(names)}"
        rows = store.query(query, {"ids": groups[label]}, timeout=SECONDS, limit=None)
        graph.add_nodes_from(sorted((_node(row, label, names) for row in rows), key=lambda node: node[0]))
    for way in _WAYS:
        near, far = ([label for label in labels if label in groups] for labels in (way.near, way.far))
        if not near or not far:
            continue
        query = (
            f"MATCH (a:{'|'.join(near)})-[r:{'|'.join(way.relations)}]->(b:{'|'.join(far)}) "
            f"WHERE a.id IN $a AND b.id IN $b RETURN a.id, b.id, {_link(way)} "
            f"ORDER BY {'r.papers DESC, ' if way.text else ''}a.id, b.id LIMIT {most}"
        )
        ends = {name: [key for label in some for key in groups[label]] for name, some in (("a", near), ("b", far))}
        graph.add_edges_from(_edges(store.query(query, ends, timeout=SECONDS, limit=None)))
    return graph


def _touching(store: Store, key: str, chosen: Mapping[str, str]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Give all links between the node in the middle and those chosen: of a dense part `_graph` takes only some."""
    for way in _WAYS:
        for here, there, own, other in (("a", "b", way.near, way.far), ("b", "a", way.far, way.near)):
            ids = sorted(found for found, label in chosen.items() if label in other)
            if chosen[key] not in own or not ids:
                continue
            near, far = (chosen[key], "|".join(other)) if here == "a" else ("|".join(other), chosen[key])
            query = (
                f"MATCH (a:{near})-[r:{'|'.join(way.relations)}]->(b:{far}) "
                f"WHERE {here}.id = $id AND {there}.id IN $ids RETURN a.id, b.id, {_link(way)}"
            )
            yield from _edges(store.query(query, {"id": key, "ids": ids}, timeout=SECONDS, limit=None))


def _columns(names: Collection[str]) -> str:
    return ", ".join(f"n.{name}" for name in names)


def _node(row: tuple[Any, ...], label: str, names: Collection[str]) -> tuple[str, dict[str, Any]]:
    return row[0], {"label": label, "id": row[0], **dict(zip(names, row[1:], strict=True))}


def _link(way: _Way) -> str:
    return ", ".join(["type(r)", *(f"r.{name}" for name in _SUPPORT if way.text)])


def _edges(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for source, target, relation, *support in rows:
        yield source, target, relation, dict(zip(_SUPPORT, support, strict=False))
