"""Place the nodes of a small graph (some hundred) so that communities show and no two labels overlap.

Distances on the page follow distances in the graph (stress majorization, Gansner, Koren and North 2004), links between
communities (Louvain, Blondel et al. 2008) being longer; parts without a link between them are laid side by side; then
boxes of node and label are pushed apart. Stress converges where a force layout wanders, so that the last bits of a
float do not decide the picture. Everything is counted in the order of the nodes given, and chance comes from a fixed
seed alone. Knows no file and no pyvis.
"""

import math
from collections.abc import Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Box = tuple[float, float, float]
"""Half the width of a node with its label, what it needs above its centre, and below."""

_STEPS = 120
_GOLDEN = math.pi * (3 - math.sqrt(5))
_BETWEEN = 1.7
_FILL = 0.54
_EVEN = 0.45
_FEW = 40
_GAP = 24.0


def positions(
    count: int, links: Sequence[tuple[int, int, float]], boxes: Sequence[Box], *, aspects: Sequence[float] = (1.6,)
) -> list[list[tuple[int, int]]]:
    """Place nodes 0..count-1, joined by ``links`` (from, to, weight), once for each of ``aspects`` (width / height).

    >>> positions(1, [], [(10, 5, 5)])
    [[(0, 0)]]
    """
    if count == 0:
        return [[] for _ in aspects]
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    for source, target, weight in links:
        if source != target:
            known = graph.get_edge_data(source, target, {"weight": 0.0})["weight"]
            graph.add_edge(source, target, weight=known + weight)
    parts = sorted(map(sorted, nx.connected_components(graph)), key=lambda part: (-len(part), part[0]))
    shapes = [_upright(_stress(_induced(graph, part))) for part in parts]
    sizes = np.array(boxes, dtype=float)
    return [_page(parts, shapes, sizes, aspect) for aspect in aspects]


def _induced(graph: nx.Graph, part: list[int]) -> nx.Graph:
    """The subgraph of ``part``, its nodes numbered and its edges inserted in that order."""
    number = {node: at for at, node in enumerate(part)}
    inside = nx.Graph()
    inside.add_nodes_from(range(len(part)))
    edges = ((*sorted((number[a], number[b])), weight) for a, b, weight in graph.edges(part, data="weight"))
    inside.add_weighted_edges_from(sorted(edges))
    return inside


def _stress(graph: nx.Graph) -> Floats:
    count = len(graph)
    community, points = _start(graph)
    if count < 3:
        return points
    wanted = _distances(graph, community)
    weights = 1 / (wanted + np.eye(count)) ** 2
    np.fill_diagonal(weights, 0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.inv(laplacian + 1 / count)
    for _ in range(_STEPS):
        apart = points[:, None, :] - points[None, :, :]
        length = np.sqrt((apart**2).sum(axis=2))
        ratio = -weights * wanted / np.maximum(length, 1e-9)
        np.fill_diagonal(ratio, 0)
        np.fill_diagonal(ratio, -ratio.sum(axis=1))
        points = inverse @ (ratio @ points)
    return points


def _start(graph: nx.Graph) -> tuple[list[int], Floats]:
    """Communities on a sunflower, the largest in the middle, each a small sunflower itself."""
    groups = [sorted(group) for group in nx.community.louvain_communities(graph, weight="weight", seed=7)]
    groups.sort(key=lambda group: (-len(group), group[0]))
    points, community = np.zeros((len(graph), 2)), [0] * len(graph)
    placed = 0
    for number, group in enumerate(groups):
        centre = _sunflower(placed + len(group) / 2, 0.8)
        for rank, node in enumerate(group):
            points[node] = centre + _sunflower(rank + 0.5, 0.2)
            community[node] = number
        placed += len(group)
    return community, points


def _sunflower(index: float, spacing: float) -> Floats:
    radius = spacing * math.sqrt(index)
    return np.array([radius * math.cos(index * _GOLDEN), radius * math.sin(index * _GOLDEN)])


def _distances(graph: nx.Graph, community: list[int]) -> Floats:
    """Shortest paths (Floyd 1962) over links that are longer where their ends share few neighbours."""
    far = np.full((len(graph), len(graph)), np.inf)
    np.fill_diagonal(far, 0)
    for a, b in graph.edges:
        apart = len(set(graph[a]) ^ set(graph[b]))
        length = 1 + 0.22 * math.sqrt(apart)
        far[a, b] = far[b, a] = length * (1 if community[a] == community[b] else _BETWEEN)
    for middle in range(len(graph)):
        np.minimum(far, far[:, middle, None] + far[None, middle, :], out=far)
    return far


def _upright(points: Floats) -> Floats:
    """Turn the longest axis to the horizontal, the mean to the origin."""
    points = points - points.mean(axis=0)
    if len(points) < 2:
        return points
    (xx, xy), (_, yy) = points.T @ points
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned: Floats = points @ turn
    return turned


def _page(parts: list[list[int]], shapes: list[Floats], boxes: Floats, aspect: float) -> list[tuple[int, int]]:
    """Lay out every part by itself, the largest first, each where the earlier ones leave room for it."""
    placed = np.zeros((len(boxes), 2))
    done: list[int] = []
    for part, shape in zip(parts, shapes, strict=True):
        points = _place(shape, boxes[part], aspect)
        low, high = _corners(points, boxes[part])
        points -= low.min(axis=0)
        size = high.max(axis=0) - low.min(axis=0)
        placed[part] = points + _free(_corners(placed[done], boxes[done]), size, aspect)
        done += part
    low, high = _corners(placed, boxes)
    middle = (low.min(axis=0) + high.max(axis=0)) / 2
    return [(round(float(x)), round(float(y))) for x, y in placed - middle]


def _corners(points: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    return points - boxes[:, [0, 1]], points + boxes[:, [0, 2]]


def _free(taken: tuple[Floats, Floats], size: Floats, aspect: float) -> Floats:
    """The free corner for a box of ``size`` that keeps the whole nearest to the aspect."""
    low, high = taken
    if not len(low):
        return np.zeros(2)
    (left, top), (right, bottom) = low.min(axis=0), high.max(axis=0)
    x, y = (axis.ravel() for axis in np.meshgrid(_steps(left, right), _steps(top, bottom)))
    whole = np.maximum(np.maximum(right, x + size[0]) - left, (np.maximum(bottom, y + size[1]) - top) * aspect)
    # In a corner rather than in the middle, where links run.
    whole -= 0.01 * (np.abs(x + (size[0] - left - right) / 2) + np.abs(y + (size[1] - top - bottom) / 2))
    over = (low[:, 0, None] < x + size[0] + _GAP) & (high[:, 0, None] > x - _GAP)
    over &= (low[:, 1, None] < y + size[1] + _GAP) & (high[:, 1, None] > y - _GAP)
    best = int(np.argmin(np.where(over.any(axis=0), np.inf, whole)))
    return np.array([x[best], y[best]])


def _steps(first: float, last: float) -> Floats:
    return np.linspace(first, last + _GAP, 40)


def _place(points: Floats, boxes: Floats, aspect: float) -> Floats:
    """Stretch to the aspect and to the room that the boxes need, thin out where it is dense, push boxes apart."""
    if aspect < 1:
        points = points[:, ::-1]
    extent = np.ptp(points, axis=0)
    extent = np.maximum(extent, max(extent.max() / 4, 1e-6))
    points = (points - points.min(axis=0)) / extent
    if len(points) > _FEW:
        ranks = points.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / (len(points) - 1)
        points = (1 - _EVEN) * points + _EVEN * ranks
    # A few nodes have their relations written on the links, which takes room too.
    area = (2 * boxes[:, 0] * (boxes[:, 1] + boxes[:, 2])).sum() / min(_FILL, 0.14 + 0.0065 * len(boxes))
    return _apart(points * np.array([math.sqrt(area * aspect), math.sqrt(area / aspect)]), boxes, aspect)


def _apart(points: Floats, boxes: Floats, aspect: float) -> Floats:
    """Push overlapping boxes apart along the axis where they overlap least, until none does."""
    shift = np.column_stack([np.zeros(len(boxes)), (boxes[:, 2] - boxes[:, 1]) / 2])
    centres = points + shift
    width, height = boxes[:, 0], (boxes[:, 1] + boxes[:, 2]) / 2
    need_x, need_y = width[:, None] + width[None, :], height[:, None] + height[None, :]
    order = np.sign(np.arange(len(boxes))[:, None] - np.arange(len(boxes))[None, :]).astype(float)
    for step in range(1500):
        apart = centres[:, None, :] - centres[None, :, :]
        lack_x, lack_y = need_x - np.abs(apart[:, :, 0]), need_y - np.abs(apart[:, :, 1])
        clash = (lack_x > 0.5) & (lack_y > 0.5)
        np.fill_diagonal(clash, False)
        if not clash.any():
            break
        sideways = clash & (lack_x < lack_y * aspect)
        upright = clash & ~sideways
        sign = np.where(apart == 0, order[:, :, None], np.sign(apart))
        move_x = np.where(sideways, sign[:, :, 0] * lack_x, 0.0).sum(axis=1)
        move_y = np.where(upright, sign[:, :, 1] * lack_y, 0.0).sum(axis=1)
        crowd = np.sqrt(np.maximum(clash.sum(axis=1), 1))
        centres = centres + np.column_stack([move_x, move_y]) / crowd[:, None] * 0.5
        if step % 20 == 19:
            # Boxes that press on each other from all sides need more room, not more pushing.
            centres = centres * 1.03
    return centres - shift
