"""Take what is near a node out of a database as a graph, so that the rest need not be in memory."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import networkx as nx

from kg.store.base import Store
from kg.store.schema import NODES, RELATIONSHIPS

_BATCH = 10_000
"""Nodes that one query asks for."""


def nearby(store: Store, node: str, *, hops: int = 1, cited: bool = False) -> nx.MultiDiGraph:
    """Give the nodes within ``hops`` relationships of ``node``, either way, and all relationships between them.

    They are as `kg.assemble.assemble` makes them; without ``node`` in the database the graph is empty. With ``cited``
    the graph's attribute ``papers`` has the title, year and url of the papers whose sentences the relationships carry
    and that are not near themselves.
    """
    near = {label: ids for label in NODES if (ids := {row[0] for row in _ask(store, label, [node], "RETURN n.id")})}
    edge = {label: set(ids) for label, ids in near.items()}
    for _ in range(hops):
        found: dict[str, set[str]] = {}
        for label in sorted(edge):
            for other, of in _ask(store, label, edge[label], "MATCH (n)-[]-(m) RETURN DISTINCT m.id, label(m)"):
                found.setdefault(of, set()).add(other)
        edge = {label: ids - near.get(label, set()) for label, ids in found.items()}
        for label, ids in edge.items():
            near.setdefault(label, set()).update(ids)
    graph = nx.MultiDiGraph()
    inside = {key for ids in near.values() for key in ids}
    rows = [(key, label, row) for label, ids in near.items() for key, row in _ask(store, label, ids, "RETURN n.id, n")]
    for key, label, row in sorted(rows, key=lambda found: found[0]):
        graph.add_node(key, label=label, **_all(NODES[label], row))
    links = [
        (start, end, row["_type"], row)
        for label, ids in near.items()
        for start, end, row in _ask(store, label, ids, "MATCH (n)-[r]->(m) RETURN n.id, m.id, r")
        if end in inside
    ]
    for start, end, relation, row in sorted(links, key=lambda found: found[:3]):
        graph.add_edge(start, end, key=relation, **_all(RELATIONSHIPS[relation], row))
    if cited:
        far = {paper for *_, papers in graph.edges(data="evidence_papers") for paper in papers or ()} - inside
        told = _ask(store, "Paper", far, "RETURN n.id, n.title, n.year, n.url")
        graph.graph["papers"] = {key: {"title": title, "year": year, "url": url} for key, title, year, url in told}
    return graph


def _ask(store: Store, label: str, ids: Iterable[str], rest: str) -> Iterator[Any]:
    """Ask something of each node ``n`` with these ids."""
    ordered = iter(sorted(ids))
    while some := list(islice(ordered, _BATCH)):
        query = f"UNWIND $ids AS i MATCH (n:{label} {{id: i}}) {rest}"
        yield from store.query(query, {"ids": some}, limit=None, timeout=None)


def _all(properties: Iterable[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """All properties: what has no value is None, which a database does not tell."""
    return {name: row.get(name) for name in properties}
