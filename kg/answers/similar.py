"""Papers like a paper and methods like a method, by what they share, the rare counting more.

The measure is the cosine of binary vectors weighted by inverse document frequency, ln(N / n) (Salton and Buckley
1988): a paper is the set of entities it speaks of, a method the set of datasets, tasks and methods it is linked to.
What everything shares weighs nothing. Shared things are named, so that every score can be checked.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from kg.answers.support import entities, papers
from kg.model import LINK_RELATIONS, ROLE_RELATIONS

_ROLES = frozenset(relation.value for relation in ROLE_RELATIONS)
_LINKS = frozenset(relation.value for relation in LINK_RELATIONS)


@dataclass(frozen=True, slots=True)
class Alike:
    """A node like the one asked for; ``shared`` is what both have with its weight, the rarest first."""

    node: str
    score: float
    shared: tuple[tuple[str, float], ...]


def similar_papers(
    graph: nx.MultiDiGraph, paper: str, *, vectors: Mapping[str, Sequence[float]] | None = None
) -> list[Alike]:
    """Give the papers like a paper, the most alike first; see `similar` for ``vectors``."""
    held: dict[str, set[str]] = {key: set() for key in papers(graph)}
    for source, target, relation in graph.edges(keys=True):
        if relation in _ROLES and source in held:
            held[source].add(target)
    return similar(held, paper, vectors=vectors)


def similar_methods(
    graph: nx.MultiDiGraph, method: str, *, vectors: Mapping[str, Sequence[float]] | None = None
) -> list[Alike]:
    """Give the methods like a method, the most alike first; see `similar` for ``vectors``."""
    held: dict[str, set[str]] = {key: set() for key in entities(graph, "Method")}
    for source, target, relation in graph.edges(keys=True):
        if relation in _LINKS:
            for one, other in ((source, target), (target, source)):
                if one in held and one != other:
                    held[one].add(other)
    return similar(held, method, vectors=vectors)


def similar(
    held: Mapping[str, set[str]], wanted: str, *, vectors: Mapping[str, Sequence[float]] | None = None
) -> list[Alike]:
    """Rank what is like ``wanted`` by the things that each holds.

    With ``vectors`` of unit length (an encoder's) the score is the mean of both cosines, where anything is shared; what
    has no vector is left out.
    """
    spread = Counter(thing for things in held.values() for thing in things)
    weight = {thing: math.log(len(held) / count) for thing, count in spread.items()}
    holders: dict[str, list[str]] = defaultdict(list)
    for key in sorted(held):
        for thing in held[key]:
            holders[thing].append(key)

    def length(key: str) -> float:
        return math.sqrt(math.fsum(weight[thing] ** 2 for thing in held[key]))

    found = []
    for other in sorted({key for thing in held[wanted] for key in holders[thing]} - {wanted}):
        common = sorted(held[wanted] & held[other], key=lambda thing: (-weight[thing], thing))
        norm = length(wanted) * length(other)
        score = math.fsum(weight[thing] ** 2 for thing in common) / norm if norm else 0.0
        if score <= 0.0 or (vectors is not None and other not in vectors):
            continue
        if vectors is not None:
            score = (score + math.fsum(a * b for a, b in zip(vectors[wanted], vectors[other], strict=True))) / 2
        found.append(Alike(other, round(score, 6), tuple((thing, round(weight[thing], 4)) for thing in common)))
    return sorted(found, key=lambda alike: (-alike.score, alike.node))
