"""Make the properties of nodes and edges of what papers say of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kg.model import Entity, Kind, Paper

EVIDENCE_LIMIT = 8
"""Sentences kept on one edge: the best of each paper first."""

EVIDENCE_KEYS = ("evidence_papers", "evidence_fields", "evidence_starts", "evidence_ends", "evidence_sentences")


class Said(NamedTuple):
    """What the graph needs of a piece of evidence."""

    score: float
    paper: str
    field: str
    start: int
    end: int
    sentence: str


def paper_properties(paper: Paper) -> dict[str, Any]:
    """Give the properties of a paper's node."""
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


def entity_properties(entity: Entity, papers: int, years: Sequence[int | None]) -> dict[str, Any]:
    """Give the properties of an entity's node; ``years`` are the first and the last."""
    properties: dict[str, Any] = {
        "label": entity.kind.label,
        "id": entity.id,
        "name": entity.name,
        "aliases": list(entity.aliases),
        "papers": papers,
        "first_year": years[0],
        "last_year": years[1],
    }
    if entity.kind.label == "Dataset":
        properties["benchmark"] = entity.kind is Kind.BENCHMARK
    return properties


def support(found: Sequence[Said], papers: int, years: Iterable[int | None]) -> dict[str, Any]:
    """Give the properties of an edge that ``papers`` papers of these years say with the evidence ``found``."""
    kept = found if len(found) == 1 else best(found)
    known = [year for year in years if year is not None]
    return {
        "papers": papers,
        "mentions": len(found),
        "score": round(max((e.score for e in found), default=0.0), 4),
        "first_year": min(known, default=None),
        "last_year": max(known, default=None),
        "evidence_papers": [e.paper for e in kept],
        "evidence_fields": [e.field for e in kept],
        "evidence_starts": [e.start for e in kept],
        "evidence_ends": [e.end for e in kept],
        "evidence_sentences": [e.sentence for e in kept],
    }


def best(found: Iterable[Said]) -> list[Said]:
    """The best sentence of each paper, then the second best of each, up to the limit."""
    rank: Counter[str] = Counter()
    ranked = []
    for e in sorted(found, key=lambda e: (-e.score, e.paper, e.field != "title", e.start, e.end)):
        ranked.append((rank[e.paper], -e.score, e.paper, e.field != "title", e.start, e.end, e))
        rank[e.paper] += 1
    ranked.sort(key=lambda item: item[:-1])
    return [item[-1] for item in ranked[:EVIDENCE_LIMIT]]


def commonest(counts: Mapping[str, int]) -> str:
    """Give what is counted most often; of several the first."""
    return min(counts, key=lambda name: (-counts[name], name))
