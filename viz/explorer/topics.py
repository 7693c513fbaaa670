"""Divide the nodes that shape the map into topics, and name the topics.

Communities are Louvain's (Blondel et al. 2008, from networkx). A scrap that has ties goes to where most of them lead;
one that has none is an island, which gets no name. Knows no positions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np

from viz.detail import cut
from viz.explorer.ties import Ints, Ties

_SEED = 0
_LEAST = (3, 8)
_NAME = 36

Groups = list[list[int]]


def topics_of(shaping: Sequence[int], ties: Ties) -> tuple[Groups, Groups]:
    """Divide the nodes ``shaping`` into communities and islands, each a sorted list; both largest first."""
    tied = {*ties.one.tolist(), *ties.other.tolist()}
    graph = nx.Graph()
    graph.add_nodes_from(node for node in shaping if node in tied)
    graph.add_weighted_edges_from(zip(ties.one.tolist(), ties.other.tolist(), ties.weight.tolist(), strict=True))
    found = [sorted(part) for part in nx.community.louvain_communities(graph, seed=_SEED)] if graph else []
    least = min(max(len(shaping) // 200, _LEAST[0]), _LEAST[1])
    groups, islands = _united(found, ties, least)
    islands += [[node] for node in shaping if node not in tied]
    return _largest(groups), _largest(islands)


def _largest(groups: Groups) -> Groups:
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _united(found: Groups, ties: Ties, least: int) -> tuple[Groups, Groups]:
    """Put each scrap into the community that most of its ties lead to; scraps without such a tie are islands."""
    groups = dict(enumerate(_largest(found)))
    at = {node: place for place, members in groups.items() for node in members}
    pulls: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for one, other, weight in zip(ties.one.tolist(), ties.other.tolist(), ties.weight.tolist(), strict=True):
        a, b = at[one], at[other]
        if a != b:
            pulls[a][b] += weight
            pulls[b][a] += weight
    islands: Groups = []
    for place in sorted(groups, reverse=True):
        members = groups[place]
        if len(members) >= least:
            continue
        toward = pulls.pop(place, {})
        if not toward:
            islands.append(groups.pop(place))
            continue
        goal = min(toward, key=lambda other: (-round(toward[other], 6), other))
        groups[goal] = sorted(groups[goal] + groups.pop(place))
        for other, weight in toward.items():
            del pulls[other][place]
            if other != goal:
                pulls[goal][other] += weight
                pulls[other][goal] += weight
    return list(groups.values()), islands


def name_topics(graph: nx.MultiDiGraph, ids: Sequence[str], group: Ints, topics: int, ties: Ties) -> list[str]:
    """Name topics 0.. by their strongest task and method: what many papers there name, and few elsewhere.

    ``group`` says where each node belongs. Where papers do not tell, the ties do.
    """
    number = {key: at for at, key in enumerate(ids)}
    there = np.zeros(len(ids))
    for paper in (key for key in ids if graph.nodes[key].get("label") == "Paper"):
        named = {number[target] for target in graph.successors(paper)}
        there[[at for at in named if group[at] == group[number[paper]]]] += 1
    same = group[ties.one] == group[ties.other]
    one, other, strong = ties.one[same], ties.other[same], ties.strong[same]
    within = np.bincount(one, strong, len(ids)) + np.bincount(other, strong, len(ids))
    every = np.array([max(int(graph.nodes[key].get("papers") or 1), 1) for key in ids])
    score = there**2 / np.maximum(every, there + 1e-9) + within / max(float(within.max(initial=0)), 1) / 10
    members: Groups = [[] for _ in range(topics)]
    for at, place in enumerate(group.tolist()):
        if place < topics:
            members[place].append(at)
    return [_name(found, score, ids, graph.nodes) for found in members]


def _name(members: Iterable[int], score: Any, ids: Sequence[str], nodes: Mapping[str, Any]) -> str:
    ranked = sorted(members, key=lambda at: (-round(float(score[at]), 6), ids[at]))
    of: dict[str, list[int]] = defaultdict(list)
    for at in ranked:
        of[str(nodes[ids[at]].get("label"))].append(at)
    named = of["Task"][:1] + of["Method"][: 1 if of["Task"] else 2]
    if len(named) == 2 and of["Task"] and score[named[1]] > 2 * score[named[0]]:
        named.reverse()  # a task that hardly a paper names says less than the method that many do
    named = named or of["Dataset"][:2] or ranked[:1]
    found = nodes[ids[named[0]]], *(nodes[ids[at]] for at in named[1:])
    return " · ".join(cut(str(node.get("name") or node.get("title") or "…"), _NAME) for node in found)
