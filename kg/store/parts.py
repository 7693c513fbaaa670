"""Take a part of a graph out of a database, so that the rest need not be in memory."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import networkx as nx

from kg.store.base import Store
from kg.store.schema import ENTITIES, NODES, RELATIONSHIPS

_BATCH = 1_000
"""Nodes that one query asks for."""

_TOLD = ("title", "year", "url", "authors", "venue")
"""What is told of papers that are not in the part."""


def nearby(store: Store, node: str, *, hops: int = 1, cited: bool = False) -> nx.MultiDiGraph:
    """Give the nodes within ``hops`` relationships of ``node``, either way, and all relationships between them.

    They are as `kg.assemble.assemble` makes them; without ``node`` in the database the graph is empty. With ``cited``
    the graph's attribute ``papers`` has the title, year, url, authors and venue of the papers whose sentences the
    relationships carry and that are not near themselves.
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
    return _taken(store, near, cited=cited)


def in_most_papers(store: Store, number: int, *, cited: bool = False) -> nx.MultiDiGraph:
    """Give the ``number`` entities in most papers, ties by name, and all relationships between them; see `nearby`."""
    most: dict[str, set[str]] = {}
    least = 0
    for label, key, papers in store.query(
        f"MATCH (n:{_ENTITY}) RETURN label(n), n.id AS id, n.papers AS papers "
        f"ORDER BY papers DESC, n.name, id LIMIT {number}",
        timeout=None,
        limit=None,
    ):
        most.setdefault(label, set()).add(key)
        least = papers
    # Hubs have links to all others: most of those that are not wanted are left where they are.
    return _taken(store, most, f"(m:{_ENTITY}) WHERE m.papers >= {least}", cited=cited)


_ENTITY = "|".join(ENTITIES)


def _taken(store: Store, ids: Mapping[str, set[str]], other: str = "(m)", *, cited: bool) -> nx.MultiDiGraph:
    """Take the nodes with these ids, by label, and the relationships between them, whose ends ``other`` matches."""
    graph = nx.MultiDiGraph()
    inside = {key for some in ids.values() for key in some}
    rows = [(key, label, row) for label in ids for key, row in _ask(store, label, ids[label], "RETURN n.id, n")]
    for key, label, row in sorted(rows, key=lambda found: found[0]):
        graph.add_node(key, label=label, **_all(NODES[label], row))
    links = [
        (start, end, row["_type"], row)
        for label in ids
        for start, end, row in _ask(store, label, ids[label], f"MATCH (n)-[r]->{other} RETURN n.id, m.id, r")
        if end in inside
    ]
    for start, end, relation, row in sorted(links, key=lambda found: found[:3]):
        graph.add_edge(start, end, key=relation, **_all(RELATIONSHIPS[relation], row))
    if cited:
        far = {paper for *_, papers in graph.edges(data="evidence_papers") for paper in papers or ()} - inside
        told = _ask(store, "Paper", far, f"RETURN n.id, {', '.join(f'n.{name}' for name in _TOLD)}")
        graph.graph["papers"] = {key: dict(zip(_TOLD, values, strict=True)) for key, *values in told}
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
