"""Say how strongly the nodes that shape the map belong together: links between them and papers that name both.

Gives arrays for `communities` and `discs`; knows no positions. A tie is counted as association strength (van Eck and
Waltman 2009, there with the product of the totals, here with its root): what goes with everything, such as a famous
dataset, ties nothing together.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from kg.model import ENTITY_LABELS, LINK_RELATIONS, Relation

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

NEAREST = 12
"""Ties that a node keeps of its own; a tie stays if it is among these for one of its ends."""

_LONG = 24
_ROLE = {Relation.PROPOSES.value: 3.0, Relation.MENTIONS.value: 0.3}

Follower = tuple[int, list[tuple[int, float]]]
"""A node, and what it is placed by: other nodes and how much each counts."""


@dataclass(frozen=True, slots=True)
class Ties:
    """Undirected ties, ``one < other``, sorted; ``strong`` is plain weight, ``weight`` association strength."""

    one: Ints
    other: Ints
    strong: Floats
    weight: Floats


def ties(graph: nx.MultiDiGraph, number: Mapping[str, int]) -> Ties:
    """Collect the ties between entities of ``graph``."""
    found: dict[tuple[int, int], float] = defaultdict(float)
    named: dict[int, list[int]] = defaultdict(list)
    entity = {key for key, label in graph.nodes(data="label") if label in ENTITY_LABELS}
    for source, target, relation, papers in graph.edges(keys=True, data="papers"):
        if target not in entity:
            continue
        a, b = number[source], number[target]
        if source not in entity:
            if graph.nodes[source].get("label") == "Paper":
                named[a].append(b)
        elif a != b:
            found[min(a, b), max(a, b)] += min(int(papers or 1), 16) if relation in LINK_RELATIONS else 2.0
    for together in named.values():
        members = sorted(set(together))
        if 1 < len(members) <= _LONG:
            share = 1 / (len(members) - 1)
            for pair in combinations(members, 2):
                found[pair] += share
    return _kept(found, len(number))


def _kept(found: Mapping[tuple[int, int], float], count: int) -> Ties:
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    # Sums in the order of the pairs: the last bits of a float must not depend on the order of the graph.
    strong = np.array([found[a, b] for a, b in pairs.tolist()]).round(6)
    one, other = pairs[:, 0], pairs[:, 1]
    total = np.bincount(one, strong, count) + np.bincount(other, strong, count)
    weight = strong / np.sqrt(total[one] * total[other]) if len(pairs) else strong
    ends, far = np.concatenate([one, other]), np.tile(np.arange(len(pairs)), 2)
    order = np.lexsort((far, -np.concatenate([weight, weight]), ends))
    ranked = ends[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    keep = np.unique(far[order[rank < NEAREST]])
    return Ties(one[keep], other[keep], strong[keep], weight[keep])


def followers(graph: nx.MultiDiGraph, number: Mapping[str, int]) -> list[Follower]:
    """List papers, results and authors with what they say or belong to, in an order in which they can be placed.

    What few speak of counts more than what all do: a paper lies by the method that it proposes, not by ImageNet. A
    paper that names no entity, and an author without a paper, are not among them.
    """
    found: list[Follower] = []
    label = dict(graph.nodes(data="label"))
    keys = sorted(graph)
    for key in (key for key in keys if label[key] == "Paper"):
        near: dict[int, float] = defaultdict(float)
        for _, target, relation in sorted(graph.out_edges(key, keys=True)):
            if label[target] in ENTITY_LABELS:
                common = math.sqrt(1 + int(graph.nodes[target].get("papers") or 0))
                near[number[target]] += _ROLE.get(relation, 1.0) / common
        if near:
            found.append((number[key], sorted(near.items())))
    for key in (key for key in keys if label[key] == "Result"):
        near = {number[target]: 1.0 for _, target in graph.out_edges(key)}
        near.update((number[source], 0.6) for source, _ in graph.in_edges(key))
        if near:
            found.append((number[key], sorted(near.items())))
    for key in (key for key in keys if label[key] == "Author"):
        papers = sorted({number[target] for _, target in graph.out_edges(key) if label[target] == "Paper"})
        if papers:
            found.append((number[key], [(paper, 1.0) for paper in papers]))
    return found
