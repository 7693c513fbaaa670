"""Assemble in the plainest way, all in memory: what `kg.assemble` has to come to; and papers to try it on."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import networkx as nx

from kg.assemble import EVIDENCE_LIMIT, Families, number, result_id, unite
from kg.model import (
    SHAPES,
    TEXT_RELATIONS,
    Entity,
    Evidence,
    Extraction,
    Field,
    Kind,
    Mention,
    Paper,
    Relation,
    Result,
    Role,
    Statement,
    author_id,
    entity_id,
)


def assembled(extractions: Iterable[Extraction], families: Families) -> nx.MultiDiGraph:
    """Give the graph."""
    by_id: dict[str, Extraction] = {}
    for extraction in extractions:
        known = by_id.get(extraction.paper.id)
        by_id[extraction.paper.id] = unite(known, extraction) if known else extraction
    graph = nx.MultiDiGraph()
    authors: dict[str, Counter[str]] = defaultdict(Counter)
    seen: dict[str, list[tuple[Entity, Paper]]] = defaultdict(list)
    said: dict[tuple[str, Relation, str], list[tuple[Evidence, Paper] | tuple[None, Paper]]] = defaultdict(list)
    for one in by_id.values():
        paper = one.paper
        names = ("id", "title", "abstract", "year", "venue", "url")
        lists = {name: list(getattr(paper, name)) for name in ("authors", "sources", "ids")}
        graph.add_node(paper.id, label="Paper", **{name: getattr(paper, name) for name in names}, **lists)
        for author in paper.authors:
            authors[author_id(author)][author] += 1
            graph.add_edge(author_id(author), paper.id, key="WROTE")
        for entity in one.entities:
            seen[entity.id].append((entity, paper))
        for statement in one.statements:
            ends = statement.subject, statement.relation, statement.object
            said[ends] += [(e, paper) for e in statement.evidence] or [(None, paper)]
    for key, spelt in authors.items():
        graph.add_node(key, label="Author", id=key, name=_first(spelt))
    entities = {key: _entity(key, some) for key, some in seen.items()}
    _families(graph, entities, families)
    for key, entity in entities.items():
        of = {paper.id: paper.year for _, paper in seen.get(key, ())}
        years = [year for year in of.values() if year is not None]
        more = {"benchmark": entity.kind is Kind.BENCHMARK} if entity.kind.label == "Dataset" else {}
        graph.add_node(
            key, label=entity.kind.label, id=key, name=entity.name, aliases=list(entity.aliases), papers=len(of),
            first_year=min(years, default=None), last_year=max(years, default=None), **more,
        )  # fmt: skip
    for (subject, relation, target), found in said.items():
        assert (graph.nodes[subject]["label"], graph.nodes[target]["label"]) in SHAPES[relation]
        graph.add_edge(subject, target, key=relation.value, **_support(found) if relation in TEXT_RELATIONS else {})
    for one in by_id.values():
        for result in one.results:
            key = result_id(result)
            graph.add_node(
                key, label="Result", id=key, metric=result.metric, value=number(result.value), unit=result.unit,
                kind=result.kind, text=result.evidence.sentence,
            )  # fmt: skip
            graph.add_edge(result.paper_id, key, key="REPORTS")
            for end, name in ((result.method, "OF_METHOD"), (result.dataset, "ON_DATASET")):
                if end is not None:
                    graph.add_edge(key, end, key=name)
    ordered = nx.MultiDiGraph()
    ordered.add_nodes_from((key, graph.nodes[key]) for key in sorted(graph))
    ordered.add_edges_from(sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3]))
    return ordered


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def _entity(key: str, some: list[tuple[Entity, Paper]]) -> Entity:
    name = _first(Counter(entity.name for entity, _ in some))
    kind = Kind(_first(Counter(entity.kind.value for entity, _ in some)))
    forms = {form for e, _ in some for form in (e.name, *e.aliases, *(m.text for m in e.mentions))}
    return Entity(key, kind, name, tuple(sorted(forms - {name})))


def _families(graph: nx.MultiDiGraph, entities: dict[str, Entity], families: Families) -> None:
    waiting = [entities[key] for key in sorted(entities)]
    while waiting:
        child = waiting.pop()
        family = families(child)
        if family is not None and family.id != child.id:
            graph.add_edge(child.id, family.id, key="VARIANT_OF")
            if family.id not in entities:
                entities[family.id] = family
                waiting.append(family)


def _support(found: list[Any]) -> dict[str, Any]:
    papers = {paper.id: paper.year for _, paper in found}
    years = [year for year in papers.values() if year is not None]
    evidence = sorted(
        (e for e, _ in found if e), key=lambda e: (-e.score, e.paper_id, e.field != "title", e.start, e.end)
    )
    rounds: dict[int, list[Evidence]] = defaultdict(list)
    of_paper: Counter[str] = Counter()
    for one in evidence:
        rounds[of_paper[one.paper_id]].append(one)
        of_paper[one.paper_id] += 1
    kept = [one for turn in sorted(rounds) for one in rounds[turn]][:EVIDENCE_LIMIT]
    return {
        "papers": len(papers),
        "mentions": len(evidence),
        "score": round(max((e.score for e in evidence), default=0.0), 4),
        "first_year": min(years, default=None),
        "last_year": max(years, default=None),
        "evidence_papers": [e.paper_id for e in kept],
        "evidence_fields": [e.field for e in kept],
        "evidence_starts": [e.start for e in kept],
        "evidence_ends": [e.end for e in kept],
        "evidence_sentences": [e.sentence for e in kept],
    }


_NAMES = {
    "ResNet-50": Kind.METHOD, "ResNet": Kind.METHOD, "Zoë": Kind.METHOD, "\U0001f600 Net": Kind.METHOD,
    "\uffeeNet": Kind.METHOD, "BERT": Kind.METHOD, "CIFAR-10": Kind.DATASET, "GLUE": Kind.BENCHMARK,
    "parsing": Kind.TASK,
}  # fmt: skip
_BEGINNINGS = ("a", "é", "\U0001f600", "\uffee", "Z")
_FIELDS: tuple[Field, Field] = ("title", "abstract")
_PAIRS = {
    ("Method", "Dataset"): (Relation.EVALUATED_ON, Relation.TRAINED_ON),
    ("Method", "Method"): (Relation.BASED_ON, Relation.COMPARED_WITH),
    ("Method", "Task"): (Relation.USED_FOR,),
    ("Dataset", "Task"): (Relation.BENCHMARK_FOR,),
}


def family(entity: Entity) -> Entity | None:
    """ResNet for ResNet-50, and Nets for ResNet."""
    name = {"ResNet-50": "ResNet", "ResNet": "Nets"}.get(entity.name)
    return Entity(entity_id(Kind.METHOD, name), Kind.METHOD, name) if name else None


def corpus(seed: int, papers: int, *, again: int = 0) -> list[Extraction]:
    """Papers of few names, so that they say much of the same things; ``again`` of them come twice, in other words."""
    rng = random.Random(seed)
    made = [_extraction(rng, f"{rng.choice(_BEGINNINGS)}-{number}") for number in range(papers)]
    return [*made, *(_extraction(rng, one.paper.id) for one in rng.sample(made, again))]


def copies(seed: int, number: int) -> list[Extraction]:
    """One paper in several wordings."""
    rng = random.Random(seed)
    return [_extraction(rng, "a") for _ in range(number)]


def _extraction(rng: random.Random, key: str) -> Extraction:
    text = "".join(rng.choices("abc é\U0001f600", k=rng.randint(20, 60)))
    year = rng.choice([None, *range(2010, 2020)])
    writers = tuple(rng.choice(["Ada Lo", "ada lo", "Bo Pé", "Ci"]) for _ in range(rng.randint(0, 3)))
    paper = Paper(key, f"Title {key} {rng.random()}", text, writers, year, "", "", (f"a.bib:{rng.randint(0, 9)}",))

    def evidence() -> tuple[Evidence, ...]:
        found = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            start, score = rng.randint(0, 9), rng.choice((0.5, 0.9, 0.123456))
            where = rng.choice(_FIELDS)
            found.append(Evidence(key, where, start, start + 9, paper.text(where)[start : start + 9], "test", score))
        return tuple(found)

    entities = []
    for name in rng.sample(list(_NAMES), rng.randint(0, 6)):
        kind = Kind.BENCHMARK if name == "CIFAR-10" and rng.random() < 0.4 else _NAMES[name]
        spelt = rng.choice((name, name, name.lower()))
        mention = Mention(key, "title", 0, 4, rng.choice((spelt, spelt.upper())), kind, 1.0, "test")
        entities.append(Entity(entity_id(kind, name), kind, spelt, (f"the {name}",), (mention,)))
    statements = [Statement(key, rng.choice(list(Role)).relation, e.id, evidence()) for e in entities]
    for a in entities:
        for b in entities:
            relations = _PAIRS.get((a.kind.label, b.kind.label))
            if relations and a is not b and rng.random() < 0.5:
                statements.append(Statement(a.id, rng.choice(relations), b.id, evidence()))
    methods = [e.id for e in entities if e.kind is Kind.METHOD]
    sets = [e.id for e in entities if e.kind.label == "Dataset"]
    said = Evidence(key, "title", 0, 5, paper.title[:5], "test", 1.0)
    result = Result(
        key, rng.choice([None, *methods]), rng.choice([None, *sets]), "F1", rng.choice(("9%", "x")), "", "gain", said
    )
    return replace(Extraction(paper, tuple(entities), tuple(statements), ()), results=(result,) * rng.randint(0, 2))
