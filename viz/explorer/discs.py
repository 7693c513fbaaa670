"""Lay communities out inside discs and pack the discs: the geometry of the map.

Inside a disc, nodes start at the smooth coordinates of the ties (Koren 2005), are drawn together by them with constant
force, which keeps groups apart (LinLog, Noack 2007), and pushed from each other by a potential on a grid
(particle-mesh, Hockney and Eastwood 1988; for maps of points Linderman et al. 2019), all communities at once. Discs are
packed side by side (as Wang et al. 2006 do), here beside those that pull the most. Everything is counted in the order
given, without chance. Knows no graph, only numbers.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

GOLDEN = math.pi * (3 - math.sqrt(5))

_GRID = 32
_SMOOTH = 40
_STEPS = 90
_BEARINGS = 720


def inside(group: Ints, mass: Floats, one: Ints, other: Ints, weight: Floats) -> Floats:
    """Place nodes of communities ``group`` (0..), joined by ties within them; each community fills the unit disc.

    ``mass`` is the room that a node needs beside that of others.
    """
    count = len(group)
    if not count:
        return np.zeros((0, 2))
    groups = int(group.max()) + 1
    points = _even(_spectral(group, groups, one, other, weight), group, groups, mass)
    degree = np.bincount(one, weight, count) + np.bincount(other, weight, count)
    members: Floats = np.bincount(group, mass, groups).astype(float)
    # A tie is as long as the free way to the next node, where everything is evenly spread.
    free = 1 / np.sqrt(np.maximum(members, 1))
    share = weight / np.maximum(np.minimum(degree[one], degree[other]), 1e-12)
    for step in range(_STEPS):
        apart = points[other] - points[one]
        length = np.sqrt((apart**2).sum(axis=1))
        rest = free[group[one]]
        pull = (
            (share * np.maximum(length - rest, 0) / (length + 0.05 + rest))[:, None]
            * apart
            / np.maximum(length, 1e-9)[:, None]
        )
        force = _sums(one, pull, count) - _sums(other, pull, count)
        force += 0.9 * _push(points, group, groups, mass, members)
        force -= 0.25 * points
        size = np.sqrt((force**2).sum(axis=1))
        most = 0.12 * (1 - step / _STEPS) + 0.004
        points = points + force * np.minimum(0.35, most / np.maximum(size, 1e-12))[:, None]
    return _even(points, group, groups, mass)


def _sums(at: Ints, values: Floats, count: int) -> Floats:
    # Without an entry, the sums of bincount are whole numbers.
    return np.column_stack([np.bincount(at, values[:, axis], count).astype(float) for axis in (0, 1)])


def _spectral(group: Ints, groups: int, one: Ints, other: Ints, weight: Floats) -> Floats:
    """The two smoothest coordinates on the ties of each community, by repeated averaging over neighbours."""
    count = len(group)
    degree = np.bincount(one, weight, count) + np.bincount(other, weight, count)
    degree = np.maximum(degree, 1e-9)
    total = np.bincount(group, degree, groups)
    # A spiral is a start that is even and not symmetric.
    rank = _rank(group, groups)
    angle, radius = rank * GOLDEN, np.sqrt(rank + 0.5)
    axes = [radius * np.cos(angle), radius * np.sin(angle)]
    for _ in range(_SMOOTH):
        for place, axis in enumerate(axes):
            mean = np.bincount(one, weight * axis[other], count) + np.bincount(other, weight * axis[one], count)
            new = 0.5 * axis + 0.5 * np.where(degree > 1e-8, mean / degree, 0)
            new -= (np.bincount(group, degree * new, groups) / total)[group]
            for before in axes[:place]:
                along = np.bincount(group, degree * new * before, groups)
                new -= (along / np.maximum(np.bincount(group, degree * before**2, groups), 1e-300))[group] * before
            scale = np.sqrt(np.bincount(group, degree * new**2, groups) / total)
            axes[place] = new / np.maximum(scale, 1e-12)[group]
    # The rounding makes equal what is equal but for the last bits.
    return np.column_stack(axes).round(9)


def _rank(group: Ints, groups: int) -> Ints:
    """The place of each node in its community, in order."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(groups))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - starts[group[order]]
    return rank


def _even(points: Floats, group: Ints, groups: int, mass: Floats) -> Floats:
    """Move nodes along their radius so that each community fills its unit disc evenly."""
    total = np.maximum(np.bincount(group, mass, groups), 1e-12)
    centre = np.column_stack([np.bincount(group, mass * points[:, k], groups) / total for k in (0, 1)])
    points = points - centre[group]
    radius = np.sqrt((points**2).sum(axis=1))
    rank = _rank(group, groups)
    order = np.lexsort((rank, radius.round(9), group))
    running = np.cumsum(mass[order]) - mass[order] / 2
    before = np.concatenate([[0.0], np.cumsum(np.bincount(group, mass, groups))[:-1]])
    wanted = np.empty(len(points))
    wanted[order] = np.sqrt(np.maximum(running - before[group[order]], 0) / total[group[order]])
    still = radius < 1e-9
    angle = rank * GOLDEN
    unit = np.where(
        still[:, None], np.column_stack([np.cos(angle), np.sin(angle)]), points / np.maximum(radius, 1e-9)[:, None]
    )
    return unit * wanted[:, None]


def _push(points: Floats, group: Ints, groups: int, mass: Floats, members: Floats) -> Floats:
    """The gradient of a potential that falls with the logarithm of the distance, summed on a grid a community."""
    span = 1.3
    spot = np.clip((points + span) / (2 * span) * (_GRID - 1), 0, _GRID - 1.001)
    base = spot.astype(np.int64)
    part = spot - base
    cell = group * _GRID * _GRID + base[:, 0] * _GRID + base[:, 1]
    shares = [
        (cell + dx * _GRID + dy, np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1]))
        for dx in (0, 1)
        for dy in (0, 1)
    ]
    heaps = sum(np.bincount(at, mass * share, groups * _GRID * _GRID) for at, share in shares)
    heaps = np.asarray(heaps).reshape(groups, _GRID, _GRID)
    out = np.zeros((len(points), 2))
    found = np.fft.rfft2(heaps, s=(2 * _GRID, 2 * _GRID))
    for axis, kernel in enumerate(_kernels(span)):
        field = np.fft.irfft2(found * kernel, s=(2 * _GRID, 2 * _GRID))[:, :_GRID, :_GRID].ravel()
        out[:, axis] = sum(field[at] * share for at, share in shares)
    return out / np.maximum(members, 1e-9)[group][:, None]


def _kernels(span: float) -> list[NDArray[np.complex128]]:
    step = 2 * span / (_GRID - 1)
    away = (
        np.minimum(np.arange(2 * _GRID), 2 * _GRID - np.arange(2 * _GRID))
        * np.where(np.arange(2 * _GRID) < _GRID, 1, -1)
        * step
    )
    x, y = np.meshgrid(away, away, indexing="ij")
    square = x**2 + y**2 + (0.7 * step) ** 2
    return [np.fft.rfft2(x / square), np.fft.rfft2(y / square)]


def pack(radius: Floats, pull: Floats) -> Floats:
    """Give centres of touching discs: each is put beside two that lie, where it is pulled to, nearest the middle.

    ``pull`` (symmetric) says how strongly two discs belong together. The largest disc lies in the middle.
    """
    count = len(radius)
    centres = np.zeros((count, 2))
    if count < 2:
        return centres
    left = set(range(count))
    first = int(np.argmax(radius))
    placed = [first]
    left.remove(first)
    scale = pull / max(float(pull.max()), 1e-12)
    while left:
        waiting = np.array(sorted(left))
        # Next is what is large and has much to do with what is there.
        score = radius[waiting] ** 2 * (0.2 + scale[waiting][:, placed].sum(axis=1))
        this = int(waiting[np.argmax(score)])
        centres[this] = _beside(this, placed, centres, radius, scale)
        placed.append(this)
        left.remove(this)
    area = radius**2
    middle: Floats = (centres * area[:, None]).sum(axis=0) / area.sum()
    return centres - middle


def _beside(this: int, placed: list[int], centres: Floats, radius: Floats, scale: Floats) -> Floats:
    at, r = centres[placed], radius[placed] + radius[this]
    if len(placed) == 1:
        spots = np.array([[at[0, 0] + r[0], at[0, 1]]])
    else:
        a, b = np.triu_indices(len(placed), 1)
        between = at[b] - at[a]
        d = np.sqrt((between**2).sum(axis=1))
        near = d < r[a] + r[b]
        a, b, between, d = a[near], b[near], between[near], d[near]
        along = (d**2 + r[a] ** 2 - r[b] ** 2) / (2 * d)
        up = np.sqrt(np.maximum(r[a] ** 2 - along**2, 0))
        unit = between / d[:, None]
        foot = at[a] + unit * along[:, None]
        side = np.column_stack([-unit[:, 1], unit[:, 0]]) * up[:, None]
        spots = np.concatenate([foot + side, foot - side])
    gap = np.sqrt(((spots[:, None, :] - at[None, :, :]) ** 2).sum(axis=2))
    free = (gap - r[None, :]).min(axis=1) > -1e-6 * radius[this]
    spots, gap = spots[free], gap[free]
    middle = (at * (radius[placed] ** 2)[:, None]).sum(axis=0) / (radius[placed] ** 2).sum()
    far = np.sqrt(((spots - middle) ** 2).sum(axis=1))
    reach = math.sqrt(float((radius[placed] ** 2).sum()))
    cost = far / reach + 1.2 * (scale[this, placed][None, :] * gap).sum(axis=1) / (
        reach * max(scale[this, placed].sum(), 1e-12)
    )
    return np.asarray(spots[int(np.argmin(cost.round(9)))])


def turned(points: Floats, toward: Floats) -> Floats:
    """Turn, and mirror if that is better, so that points lie where ``toward`` (directions, may be zero) points."""
    best, most = points, -math.inf
    for mirror in (1.0, -1.0):
        flipped = points * np.array([1.0, mirror])
        cos = float((flipped * toward).sum())
        sin = float((flipped[:, 0] * toward[:, 1] - flipped[:, 1] * toward[:, 0]).sum())
        size = math.hypot(cos, sin)
        if size > most + 1e-9:
            c, s = (cos / size, sin / size) if size > 1e-12 else (1.0, 0.0)
            best, most = flipped @ np.array([[c, s], [-s, c]]), size
    return best


def spread(points: Floats, size: Floats, *, steps: int = 30) -> Floats:
    """Push apart what overlaps: discs of radius ``size``. Pairs are looked for by a grid, now and then."""
    slack = 0.5
    cell = 2 * float(size.max(initial=0.5)) + slack
    for step in range(steps):
        if step % 5 == 0:
            a, b = _touching(points, cell)
            close = ((points[b] - points[a]) ** 2).sum(axis=1) < (size[a] + size[b] + slack) ** 2
            a, b = a[close], b[close]
            need = size[a] + size[b]
            # Two at the same place go apart in a direction of their own.
            angle = (a + b) * GOLDEN
            aside = np.column_stack([np.cos(angle), np.sin(angle)]) * 1e-6
        apart = points[b] - points[a] + aside
        length = np.sqrt((apart**2).sum(axis=1))
        lack = np.maximum(need - length, 0)
        if not (lack > 1e-3).any():
            if step % 5 == 0:
                break
            continue
        move = apart * (lack * 0.35 / np.maximum(length, 1e-12))[:, None]
        points = points + _sums(b, move, len(points)) - _sums(a, move, len(points))
    return points


def _touching(points: Floats, cell: float) -> tuple[Ints, Ints]:
    """All pairs of points in the same or in neighbouring cells, each once."""
    spot = np.floor(points / cell).astype(np.int64)
    spot -= spot.min(axis=0, initial=0) - 1
    wide = int(spot[:, 1].max(initial=0)) + 2
    key = spot[:, 0] * wide + spot[:, 1]
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    ones, others = [], []
    for offset in (0, 1, wide - 1, wide, wide + 1):
        start = np.searchsorted(sorted_key, key + offset, "left")
        end = np.searchsorted(sorted_key, key + offset, "right")
        number = end - start
        a = np.repeat(np.arange(len(points)), number)
        b = order[np.repeat(start - np.cumsum(number) + number, number) + np.arange(len(a))]
        if offset == 0:
            once = a < b
            a, b = a[once], b[once]
        ones.append(a)
        others.append(b)
    return np.concatenate(ones), np.concatenate(others)


def shore(centres: Floats, radius: Floats, own: Floats) -> Floats:
    """Give centres for discs of radius ``own`` around the others, each as near to the middle as there is room."""
    angle = np.arange(_BEARINGS) * (2 * math.pi / _BEARINGS)
    edge: Floats = np.zeros(_BEARINGS)
    for centre, r in zip(centres, radius, strict=True):
        edge = np.maximum(edge, _edge(centre, r, angle))
    found = np.zeros((len(own), 2))
    for at, r in enumerate(own):
        if not edge.any():
            edge = _edge(found[at], r, angle)
            continue
        wide = min(math.asin(r / (float(np.quantile(edge, 0.1)) + r)) * _BEARINGS / (2 * math.pi), _BEARINGS / 2 - 1)
        half = math.ceil(wide)
        around = np.concatenate([edge[_BEARINGS - half :], edge, edge[:half]])
        room = np.lib.stride_tricks.sliding_window_view(around, 2 * half + 1).max(axis=1)
        bearing = int(np.argmin(room.round(6)))
        found[at] = (room[bearing] + r) * np.array([math.cos(angle[bearing]), math.sin(angle[bearing])])
        edge = np.maximum(edge, _edge(found[at], r, angle))
    return found


def _edge(centre: Floats, radius: float, angle: Floats) -> Floats:
    """How far a disc reaches in each direction from the origin; 0 where it does not lie."""
    along = centre[0] * np.cos(angle) + centre[1] * np.sin(angle)
    aside = centre[0] * np.sin(angle) - centre[1] * np.cos(angle)
    inside_it = np.maximum(radius**2 - aside**2, 0)
    reach = np.where(aside**2 < radius**2, along + np.sqrt(inside_it), 0)
    return np.maximum(reach, 0)
