"""What nobody has tried: pairs of a method and a dataset that the graph lacks though their relatives have them.

Relatives of a method are those it is compared with, builds on or is built upon by, and the variants of its family.
Siblings of a dataset are those of its family, those for the same task, and those that papers evaluate on together with
it. A gap is the absence of EVALUATED_ON and TRAINED_ON from the abstracts of this graph: the full papers, or other
ones, may have it.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import networkx as nx

from kg.answers.support import Said, entities, name_of, neighbours, papers_of, said, support
from kg.model import Relation

_TRIED = (Relation.EVALUATED_ON, Relation.TRAINED_ON)
TOGETHER = 2
"""Papers that must evaluate on two datasets for these to be siblings by that."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a gap is one: a relative, how it is related, and who tried it there."""

    relative: str
    related: str
    """Such as "compared with" or "same task"; what joins the two."""
    papers: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A method that was not tried on a dataset, and the reasons to expect it; the best supported reason first."""

    method: str
    dataset: str
    reasons: tuple[Reason, ...]

    @property
    def papers(self) -> int:
        """Distinct papers behind the reasons, as far as their sentences are kept."""
        return len({s.paper for reason in self.reasons for s in reason.said})


def relatives(graph: nx.MultiDiGraph, method: str) -> dict[str, str]:
    """Give the relatives of a method and how each is related, the closest relation first."""
    found: dict[str, str] = {}
    for relation, inward, words in (
        (Relation.VARIANT_OF, False, "its family"),
        (Relation.VARIANT_OF, True, "a variant of it"),
        (Relation.COMPARED_WITH, False, "compared with it"),
        (Relation.COMPARED_WITH, True, "compared with it"),
        (Relation.BASED_ON, False, "what it builds on"),
        (Relation.BASED_ON, True, "builds on it"),
    ):
        for other, _ in neighbours(graph, method, (relation,), inward=inward):
            if other != method:
                found.setdefault(other, words)
        if relation is Relation.VARIANT_OF and not inward:
            for parent in [other for other, words in found.items() if words == "its family"]:
                for other, _ in neighbours(graph, parent, (relation,), inward=True):
                    if other != method:
                        found.setdefault(other, f"a variant of {name_of(graph, parent)} too")
    return found


def siblings(graph: nx.MultiDiGraph, dataset: str) -> dict[str, str]:
    """Give the siblings of a dataset and what joins each to it, the closest tie first."""
    found: dict[str, str] = {}
    for parent, _ in neighbours(graph, dataset, (Relation.VARIANT_OF,)):
        found.setdefault(parent, "its family")
        for other, _ in neighbours(graph, parent, (Relation.VARIANT_OF,), inward=True):
            found.setdefault(other, f"a variant of {name_of(graph, parent)} too")
    for other, _ in neighbours(graph, dataset, (Relation.VARIANT_OF,), inward=True):
        found.setdefault(other, "a variant of it")
    together: dict[str, int] = defaultdict(int)
    for paper in papers_of(graph, dataset):
        if graph.has_edge(paper, dataset, Relation.EVALUATES_ON.value):
            for other, _ in neighbours(graph, paper, (Relation.EVALUATES_ON,)):
                if graph.nodes[other]["label"] == "Dataset":
                    together[other] += 1
    for task, _ in neighbours(graph, dataset, (Relation.BENCHMARK_FOR,)):
        for other, _ in neighbours(graph, task, (Relation.BENCHMARK_FOR,), inward=True):
            found.setdefault(other, f"for {name_of(graph, task)} too")
    for other, count in sorted(together.items()):
        if count >= TOGETHER:
            found.setdefault(other, f"evaluated on together in {count} papers")
    found.pop(dataset, None)
    return found


def gaps_of_method(graph: nx.MultiDiGraph, method: str) -> list[Gap]:
    """Give the datasets that relatives of a method were evaluated on and it was not, the most papers first."""
    tried = _tried(graph, method)
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for relative, words in relatives(graph, method).items():
        for dataset, data in neighbours(graph, relative, (Relation.EVALUATED_ON,)):
            if dataset not in tried:
                reasons[dataset].append(_reason(graph, relative, words, data))
    return _ranked(Gap(method, dataset, _sorted(found)) for dataset, found in reasons.items())


def gaps_of_dataset(graph: nx.MultiDiGraph, dataset: str) -> list[Gap]:
    """Give the methods that were evaluated on siblings of a dataset and not on it, the most papers first."""
    here = {method for method, _ in neighbours(graph, dataset, _TRIED, inward=True)}
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for sibling, words in siblings(graph, dataset).items():
        for method, data in neighbours(graph, sibling, (Relation.EVALUATED_ON,), inward=True):
            if method not in here:
                reasons[method].append(_reason(graph, sibling, words, data))
    return _ranked(Gap(method, dataset, _sorted(found)) for method, found in reasons.items())


def widest_gaps(graph: nx.MultiDiGraph, *, methods: int = 30, limit: int = 20) -> list[Gap]:
    """Give the best supported gaps among the methods in most papers, at most two a method or dataset."""
    known = sorted(entities(graph, "Method"), key=lambda node: (-graph.nodes[node]["papers"], node))[:methods]
    kept: list[Gap] = []
    counts: dict[str, int] = defaultdict(int)
    for gap in _ranked([gap for method in known for gap in gaps_of_method(graph, method)]):
        if counts[gap.method] < 2 and counts[gap.dataset] < 2:
            counts[gap.method] += 1
            counts[gap.dataset] += 1
            kept.append(gap)
    return kept[:limit]


def _tried(graph: nx.MultiDiGraph, method: str) -> set[str]:
    """The datasets of a method, of its variants' too: ResNet-50 on ImageNet is ResNet on ImageNet."""
    found = {dataset for dataset, _ in neighbours(graph, method, _TRIED)}
    for variant, _ in neighbours(graph, method, (Relation.VARIANT_OF,), inward=True):
        found |= {dataset for dataset, _ in neighbours(graph, variant, _TRIED)}
    return found


def _reason(graph: nx.MultiDiGraph, relative: str, words: str, data: Any) -> Reason:
    return Reason(relative, words, support(data), said(graph, data))


def _sorted(reasons: list[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(reasons, key=lambda r: (-r.papers, r.relative)))


def _ranked(found: Any) -> list[Gap]:
    return sorted(found, key=lambda gap: (-gap.papers, -len(gap.reasons), gap.method, gap.dataset))
