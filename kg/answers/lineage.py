"""Where a method comes from and what came of it: BASED_ON chains as a tree, and the family of VARIANT_OF.

A node that the tree already has is named again and not opened again, so cycles and crossings end. Years are those of
the first paper that proposes a method; where no paper of the graph does, the first that speaks of it, and
`Branch.proposed` is then False.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import networkx as nx

from kg.answers.support import Said, name_of, neighbours, proposed_in, said, support
from kg.model import Relation

Direction = Literal["origins", "descendants"]


@dataclass(frozen=True, slots=True)
class Branch:
    """A method in the tree, with the link to the one above it."""

    method: str
    name: str
    year: int | None
    proposed: bool
    """Whether ``year`` is that of a paper that proposes it."""
    papers: int
    """Distinct papers that state the link to the branch above; 0 at the root."""
    said: tuple[Said, ...]
    seen: bool
    """The tree has it elsewhere too, nearer the root, and opens it there."""
    left_out: int
    """Links that are not shown: beyond the depth or the width asked for."""
    branches: tuple["Branch", ...] = field(default=())

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Branch"]]:
        """Iterate over (depth, branch), each before those below it."""
        yield depth, self
        for branch in self.branches:
            yield from branch.walk(depth + 1)


def lineage(graph: nx.MultiDiGraph, method: str, direction: Direction, *, depth: int = 3, width: int = 12) -> Branch:
    """Give what a method is based on ("origins"), or what is based on it ("descendants"), as a tree.

    Each node has at most ``width`` branches: those that most papers state, then the earliest. For families instead of
    variants give a graph that is rolled up.
    """
    opened = _nearest(graph, method, direction, depth, width)
    return _grow(graph, method, direction, {}, opened, above=None, left=depth, width=width)


def _links(graph: nx.MultiDiGraph, method: str, direction: Direction) -> list[tuple[str, Mapping[str, Any]]]:
    found = neighbours(graph, method, (Relation.BASED_ON,), inward=direction == "descendants")
    return sorted(
        ((other, data) for other, data in found if other != method),
        key=lambda item: (-support(item[1]), _year(graph, item[0])[0] or 9999, item[0]),
    )


def _nearest(graph: nx.MultiDiGraph, root: str, direction: Direction, depth: int, width: int) -> dict[str, str | None]:
    """Give each method of the tree the one under which it is opened: breadth first, so nearest the root."""
    above: dict[str, str | None] = {root: None}
    waiting = deque([(root, 0)])
    while waiting:
        method, far = waiting.popleft()
        if far >= depth:
            continue
        for other, _ in _links(graph, method, direction)[:width]:
            if other not in above:
                above[other] = method
                waiting.append((other, far + 1))
    return above


def _grow(
    graph: nx.MultiDiGraph,
    method: str,
    direction: Direction,
    link: Mapping[str, Any],
    opened: Mapping[str, str | None],
    *,
    above: str | None,
    left: int,
    width: int,
) -> Branch:
    year, proposed = _year(graph, method)
    seen = opened.get(method) != above
    links = [] if seen else [item for item in _links(graph, method, direction) if item[0] != above]
    shown = links[:width] if left else []
    return Branch(
        method=method,
        name=name_of(graph, method),
        year=year,
        proposed=proposed,
        papers=support(link),
        said=said(graph, link),
        seen=seen,
        left_out=len(links) - len(shown),
        branches=tuple(
            _grow(graph, other, direction, data, opened, above=method, left=left - 1, width=width)
            for other, data in shown
        ),
    )


def _year(graph: nx.MultiDiGraph, method: str) -> tuple[int | None, bool]:
    year, _ = proposed_in(graph, method)
    return (year, True) if year is not None else (graph.nodes[method].get("first_year"), False)


@dataclass(frozen=True, slots=True)
class Family:
    """An entity among its relatives by name: what it is a variant of, and its own variants."""

    entity: str
    parents: tuple[str, ...]
    """Nearest first."""
    variants: tuple[tuple[int, str], ...]
    """(steps down, id), in the order of a tree."""


def family(graph: nx.MultiDiGraph, entity: str) -> Family:
    """Give the family of a method or dataset; cycles end where they began."""
    parents = [entity]
    while True:
        above = sorted(other for other, _ in neighbours(graph, parents[-1], (Relation.VARIANT_OF,)))
        if not above or above[0] in parents:
            break
        parents.append(above[0])
    variants: list[tuple[int, str]] = []
    seen = set(parents)

    def descend(node: str, depth: int) -> None:
        for other, _ in neighbours(graph, node, (Relation.VARIANT_OF,), inward=True):
            if other not in seen:
                seen.add(other)
                variants.append((depth, other))
                descend(other, depth + 1)

    descend(entity, 1)
    return Family(entity, tuple(parents[1:]), tuple(variants))
