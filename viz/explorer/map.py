"""Draw the map of a graph: where each node lies, and the topics that its regions are.

Methods, datasets and tasks shape it. They fall into communities (Louvain, Blondel et al. 2008); each is laid out inside
a disc, the discs are packed beside those they have most to do with and turned towards them, and papers, results and
authors lie by what they speak of. What nothing ties to the rest lies around it. The map depends on the set of nodes and
links alone, not on their order. This module knows neither how a map is stored nor how it is drawn.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from viz.explorer.discs import GOLDEN, inside, pack, shore, spread, turned
from viz.explorer.ties import Follower, Ties, followers, ties
from viz.explorer.topics import name_topics, topics_of

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

NOWHERE = 65535
"""The community of a node that belongs to none."""

_FILL = 0.6
"""How much of a disc its nodes cover."""

_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Community:
    """A topic of the map: its name, its disc, and how many nodes lie in it."""

    name: str
    x: float
    y: float
    r: float
    nodes: int


@dataclass(frozen=True, slots=True)
class Map:
    """Where each node lies. The arrays follow the ids of the nodes in order (``sorted(graph)``); nodes lie about one
    unit apart."""

    x: Floats
    y: Floats
    community: NDArray[np.uint16]
    communities: tuple[Community, ...]


def lay_out(graph: nx.MultiDiGraph) -> Map:
    """Draw the map of ``graph``, which is only read.

    >>> graph = nx.MultiDiGraph()
    >>> graph.add_node("method:a", label="Method", name="A")
    >>> lay_out(graph).x.tolist()
    [0.0]
    """
    ids = sorted(graph)
    number = {key: at for at, key in enumerate(ids)}
    found, following = ties(graph, number), followers(graph, number)
    led = {at for at, _ in following}
    topics, islands = topics_of([at for at in range(len(ids)) if at not in led], found)
    group = np.full(len(ids), -1, dtype=np.int64)
    for place, members in enumerate(topics + islands):
        group[members] = place
    host = _join(following, group)
    size = _sizes(graph, ids)
    area = np.bincount(group, size**2, len(topics) + len(islands))
    radius = np.sqrt(area / _FILL) + _GAP
    points: Floats = np.zeros((len(ids), 2))
    centres = np.zeros((len(radius), 2))
    shaping = np.array([at for members in topics for at in members], dtype=np.int64)
    room: Floats = np.bincount(host, size**2, len(ids)).astype(float)
    centres[: len(topics)] = _continents(points, shaping, group, found, room=room, radius=radius[: len(topics)])
    centres[len(topics) :] = _islands(points, islands, centres[: len(topics)], radius)
    _follow(points, following, group, host)
    points = spread(points, size)
    return _finished(points, group, centres, radius, name_topics(graph, ids, group, len(topics), found))


def _join(following: Sequence[Follower], group: Ints) -> Ints:
    """Give each follower the community that counts most for it; tell the shaping node that each node lies by."""
    host = np.arange(len(group))
    for at, near in following:
        counts: dict[int, float] = defaultdict(float)
        for other, weight in near:
            counts[int(group[other])] += weight
        home = min(counts, key=lambda place: (-round(counts[place], 9), place))
        group[at] = home
        best = min((-weight, other) for other, weight in near if group[other] == home)
        host[at] = host[best[1]]
    return host


def _sizes(graph: nx.MultiDiGraph, ids: Sequence[str]) -> Floats:
    """The radius of the room that each node takes on the map: half a unit, more for what many papers name."""
    papers = np.array([int(graph.nodes[key].get("papers") or 0) for key in ids], dtype=float)
    return np.asarray(np.minimum(0.5 * (1 + 0.16 * np.log2(1 + papers)), 1.4))


def _continents(points: Floats, shaping: Ints, group: Ints, found: Ties, *, room: Floats, radius: Floats) -> Floats:
    """Place what shapes the topics; give the centres of their discs."""
    topics = len(radius)
    place = np.full(len(group), -1, dtype=np.int64)
    place[shaping] = np.arange(len(shaping))
    one, other = found.one, found.other
    home = group[one] < topics
    within, across = home & (group[one] == group[other]), home & (group[one] != group[other])
    ends = place[one[within]], place[other[within]]
    flat = inside(group[shaping], room[shaping], *ends, found.weight[within])
    pull = np.zeros((topics, topics))
    a, b = one[across], other[across]
    np.add.at(pull, (group[a], group[b]), found.strong[across])
    pull += pull.T
    mass = np.sqrt(np.maximum(pull.sum(axis=1), 1e-9))
    centres = pack(radius, pull / np.outer(mass, mass))
    away = centres[group[b]] - centres[group[a]]
    away = away / np.maximum(np.sqrt((away**2).sum(axis=1)), 1e-9)[:, None] * found.weight[across][:, None]
    toward = np.zeros((len(group), 2))
    np.add.at(toward, a, away)
    np.add.at(toward, b, -away)
    of = group[shaping]
    for topic in range(topics):
        members = np.flatnonzero(of == topic)
        nodes = shaping[members]
        points[nodes] = centres[topic] + turned(flat[members], toward[nodes]) * (radius[topic] - _GAP)
    return centres


def _islands(points: Floats, islands: Sequence[Sequence[int]], centres: Floats, radius: Floats) -> Floats:
    """Place what has no tie to a topic around the map; give the centres."""
    found = shore(centres, radius[: len(centres)], radius[len(centres) :] - _GAP / 2)
    for centre, members in zip(found, islands, strict=True):
        for at, node in enumerate(members):
            out = math.sqrt(at)
            points[node] = centre + np.array([out * math.cos(at * GOLDEN), out * math.sin(at * GOLDEN)])
    return found


def _follow(points: Floats, following: Sequence[Follower], group: Ints, host: Ints) -> None:
    """Place each follower amid what it follows in its own community; many with the same host lie around in a spiral."""
    before: Counter[int] = Counter()
    for at, near in following:
        x = y = total = 0.0
        for other, weight in near:
            if group[other] == group[at]:
                x, y, total = x + weight * points[other, 0], y + weight * points[other, 1], total + weight
        rank = before[int(host[at])]
        before[int(host[at])] += 1
        aside, angle = 0.7 * math.sqrt(rank + 1), (int(host[at]) + rank) * GOLDEN
        points[at] = x / total + aside * math.cos(angle), y / total + aside * math.sin(angle)


def _finished(points: Floats, group: Ints, centres: Floats, radius: Floats, names: Sequence[str]) -> Map:
    """Number the communities by size."""
    topics = len(names)
    members = np.bincount(group, minlength=len(radius))
    order = sorted(range(topics), key=lambda place: (-int(members[place]), names[place], place))
    new = np.full(len(radius) + 1, NOWHERE)
    new[order] = np.arange(topics)
    communities = tuple(
        Community(names[p], float(centres[p, 0]), float(centres[p, 1]), float(radius[p]), int(members[p]))
        for p in order
    )
    return Map(points[:, 0], points[:, 1], new[group].astype(np.uint16), communities)
