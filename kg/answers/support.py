"""What every answer asks of a finished graph: names, years, papers and the sentences behind a link.

The graph is as `kg.assemble.assemble` gives it and is only read. Support is counted in distinct papers. `roll_up`
makes a second graph in which variants stand for their family; the first one keeps the specific nodes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from kg.model import ENTITY_LABELS, ROLE_RELATIONS, TEXT_RELATIONS, Relation

_EVIDENCE = ("evidence_papers", "evidence_fields", "evidence_starts", "evidence_ends", "evidence_sentences")
_ROLES = frozenset(relation.value for relation in ROLE_RELATIONS)
_TEXT = frozenset(relation.value for relation in TEXT_RELATIONS)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and the paper that says it."""

    paper: str
    title: str
    year: int | None
    sentence: str


def name_of(graph: nx.MultiDiGraph, node: str) -> str:
    """Give what a node is called; a paper by its title."""
    data = graph.nodes[node]
    return str(data.get("name") or data.get("title") or node)


def entities(graph: nx.MultiDiGraph, label: str | None = None) -> Iterator[str]:
    """Iterate over the entities, or those with one label, in the order of their ids."""
    labels = ENTITY_LABELS if label is None else (label,)
    return (node for node in sorted(graph) if graph.nodes[node].get("label") in labels)


def papers(graph: nx.MultiDiGraph) -> dict[str, int | None]:
    """Give the year of every paper, None where it is not known; in the order of their ids."""
    return {node: graph.nodes[node]["year"] for node in sorted(graph) if graph.nodes[node].get("label") == "Paper"}


def papers_of(graph: nx.MultiDiGraph, entity: str) -> dict[str, int | None]:
    """Give the year of every paper that has a role for an entity; in the order of their ids."""
    found = {source for source, _, relation in graph.in_edges(entity, keys=True) if relation in _ROLES}
    return {paper: graph.nodes[paper]["year"] for paper in sorted(found)}


def neighbours(
    graph: nx.MultiDiGraph, node: str, relations: Collection[Relation], *, inward: bool = False
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Iterate over (other end, properties) of a node's links of these relations, in the order of relation and id."""
    wanted = {relation.value for relation in relations}
    edges = graph.in_edges(node, keys=True, data=True) if inward else graph.out_edges(node, keys=True, data=True)
    found = [(key, source if inward else target, data) for source, target, key, data in edges if key in wanted]
    for _, other, data in sorted(found, key=lambda item: item[:2]):
        yield other, data


def said(graph: nx.MultiDiGraph, properties: Mapping[str, Any], *, limit: int | None = None) -> tuple[Said, ...]:
    """Give the sentences kept on a link, the best first."""
    pairs = zip(properties.get("evidence_papers", ()), properties.get("evidence_sentences", ()), strict=True)
    found = [saying(graph, paper, sentence) for paper, sentence in pairs]
    return tuple(found[:limit])


def saying(graph: nx.MultiDiGraph, paper: str, sentence: str) -> Said:
    """Give a sentence with its paper."""
    data = graph.nodes[paper] if paper in graph else {}
    return Said(paper, str(data.get("title") or paper), data.get("year"), sentence)


def support(properties: Mapping[str, Any]) -> int:
    """Give the distinct papers that state a link."""
    return int(properties.get("papers") or 0)


def proposed_in(graph: nx.MultiDiGraph, entity: str) -> tuple[int | None, str | None]:
    """Give the year and the paper that first proposes an entity; (None, None) where no paper of the graph does."""
    found = [
        (graph.nodes[paper]["year"], paper)
        for paper, _ in neighbours(graph, entity, (Relation.PROPOSES,), inward=True)
        if graph.nodes[paper]["year"] is not None
    ]
    return min(found, default=(None, None))


def family_roots(graph: nx.MultiDiGraph, labels: Collection[str] = ENTITY_LABELS) -> dict[str, str]:
    """Give the outermost family of each entity that has one; of a cycle of variants the first by id stands for all."""
    parents: dict[str, str] = {}
    for child, parent, relation in sorted(graph.edges(keys=True)):
        if relation == Relation.VARIANT_OF.value and graph.nodes[child].get("label") in labels:
            parents.setdefault(child, parent)
    roots = {}
    for child in parents:
        walked = [child]
        while (parent := parents.get(walked[-1])) is not None and parent not in walked:
            walked.append(parent)
        around = parents.get(walked[-1])
        root = walked[-1] if around is None else min(walked[walked.index(around) :])
        if root != child:
            roots[child] = root
    return roots


def roll_up(graph: nx.MultiDiGraph, *, labels: Collection[str] = ENTITY_LABELS) -> nx.MultiDiGraph:
    """Make a graph in which every variant is its family: CIFAR-10 and CIFAR-100 are CIFAR.

    Links that come to join the same ends are one. Its ``papers`` counts distinct papers; where a link had more papers
    than it keeps sentences of, that is a lower bound. Links within a family are left out. ``graph`` is not changed.
    """
    roots = family_roots(graph, labels)
    members: dict[str, list[str]] = defaultdict(list)
    for node in sorted(graph):
        members[roots.get(node, node)].append(node)
    rolled = nx.MultiDiGraph()
    for root, inside in members.items():
        rolled.add_node(root, **(graph.nodes[root] if inside == [root] else _family(graph, root, inside)))
    united: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for source, target, relation, data in graph.edges(keys=True, data=True):
        ends = roots.get(source, source), roots.get(target, target)
        if ends[0] != ends[1] or source == target:
            united[(*ends, relation)].append(data)
    for (source, target, relation), found in sorted(united.items(), key=lambda item: item[0]):
        rolled.add_edge(source, target, key=relation, **(_unite(found) if relation in _TEXT else found[0]))
    return rolled


def _family(graph: nx.MultiDiGraph, root: str, inside: list[str]) -> dict[str, Any]:
    seen = {paper: year for node in inside for paper, year in papers_of(graph, node).items()}
    years = [year for year in seen.values() if year is not None]
    names = {name for node in inside for name in (name_of(graph, node), *graph.nodes[node].get("aliases", ()))}
    return {
        **graph.nodes[root],
        "aliases": sorted(names - {name_of(graph, root)}),
        "papers": len(seen),
        "first_year": min(years, default=None),
        "last_year": max(years, default=None),
    }


def _unite(found: list[dict[str, Any]]) -> dict[str, Any]:
    if len(found) == 1:
        return found[0]
    sentences = sorted({row for data in found for row in zip(*(data[key] for key in _EVIDENCE), strict=True)})
    columns = [list(column) for column in zip(*sentences, strict=True)] or [[] for _ in _EVIDENCE]
    firsts = [data["first_year"] for data in found if data["first_year"] is not None]
    lasts = [data["last_year"] for data in found if data["last_year"] is not None]
    return {
        "papers": max(len(set(columns[0])), *(data["papers"] for data in found)),
        "mentions": sum(data["mentions"] for data in found),
        "score": max(data["score"] for data in found),
        "first_year": min(firsts, default=None),
        "last_year": max(lasts, default=None),
        **dict(zip(_EVIDENCE, columns, strict=True)),
    }


def by_support(items: Iterable[tuple[int, str]]) -> list[str]:
    """Order ids by how many papers they have, the most first; ties by id."""
    return [key for _, key in sorted(items, key=lambda item: (-item[0], item[1]))]
