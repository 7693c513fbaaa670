"""What the panel of the explorer asks of the database: a node, its neighbours, evidence, papers.

Every question names the labels and relations that it is about, so that the engine finds nodes by their key and reads
only their links: the size of the graph does not matter.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from kg.model import TEXT_RELATIONS
from kg.store.base import Store
from kg.store.schema import ENDS, ENTITIES, NODES
from viz.app.problem import ProblemError
from viz.app.rows import BRIEF, brief
from viz.detail import web_address

Direction = Literal["out", "in"]

SECONDS = 10.0
"""What one of these questions may take."""

_FACTS: dict[str, tuple[str, ...]] = {
    "Paper": ("abstract", "venue", "url", "authors"),
    "Result": ("metric", "value", "unit", "text"),
}


def labels(store: Store, ids: Iterable[str]) -> dict[str, str]:
    """Give the label of each of ``ids`` that is in the graph."""
    wanted = sorted(set(ids))
    found: dict[str, str] = {}
    for label in NODES:
        left = [key for key in wanted if key not in found]
        if left:
            query = f"UNWIND $ids AS key MATCH (n:{label} {{id: key}}) RETURN n.id"
            found.update((key, label) for (key,) in store.query(query, {"ids": left}, timeout=SECONDS, limit=None))
    return found


def label_of(store: Store, key: str) -> str:
    """Give the label of a node; raises ProblemError 404 where there is none."""
    found = labels(store, [key])
    if key not in found:
        raise ProblemError(404, f"no node {key[:100]!r} in this graph; /api/search finds ids by name")
    return found[key]


def briefs(store: Store, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Give what is said of each of ``ids`` that is in the graph, by id."""
    found: dict[str, dict[str, Any]] = {}
    by_label: dict[str, list[str]] = {}
    for key, label in labels(store, ids).items():
        by_label.setdefault(label, []).append(key)
    for label, keys in by_label.items():
        query = f"UNWIND $ids AS key MATCH (n:{label} {{id: key}}) RETURN {BRIEF[label]}"
        found.update((row[0], brief(row)) for row in store.query(query, {"ids": keys}, timeout=SECONDS, limit=None))
    return found


def node(store: Store, key: str) -> dict[str, Any]:
    """Give a node with its facts and its groups of neighbours."""
    label = label_of(store, key)
    rows = store.query(f"MATCH (n:{label} {{id: $id}}) RETURN {BRIEF[label]}, n AS node", {"id": key}, timeout=SECONDS)
    row = rows.rows[0]
    about, all_of_it = brief(row), row[-1]
    facts = {name: all_of_it[name] for name in _FACTS.get(label, ()) if all_of_it.get(name) not in (None, "", [])}
    if "url" in facts:
        facts["url"] = web_address(facts["url"]) or ""
    return {
        **about,
        "aliases": all_of_it.get("aliases") or [],
        "facts": facts,
        "groups": list(_groups(store, key, label)),
    }


def _groups(store: Store, key: str, label: str) -> Iterator[dict[str, Any]]:
    for direction, arrow in (("out", "-[r]->"), ("in", "<-[r]-")):
        query = f"MATCH (n:{label} {{id: $id}}){arrow}(m) RETURN type(r) AS relation, count(*) AS total"
        totals = dict(store.query(query, {"id": key}, timeout=SECONDS).rows)
        for relation in ENDS:
            if relation in totals:
                yield {"relation": relation, "direction": direction, "total": totals[relation]}


def neighbours(
    store: Store, key: str, relation: str, direction: Direction, *, offset: int, limit: int
) -> dict[str, Any]:
    """Give the neighbours of a node by one relation, the best supported first."""
    label = label_of(store, key)
    far = sorted(
        {b if direction == "out" else a for a, b in ENDS[relation] if (a if direction == "out" else b) == label}
    )
    if not far:
        return {"total": 0, "neighbours": []}
    arrow = f"-[r:{relation}]->" if direction == "out" else f"<-[r:{relation}]-"
    text = relation in TEXT_RELATIONS
    support = ", r.papers AS said_by, r.score, r.first_year, r.last_year, r.papers AS support" if text else ""
    total = 0
    rows: list[tuple[Any, ...]] = []
    for name in far:
        match = f"MATCH (c:{label} {{id: $id}}){arrow}(n:{name})"
        total += store.query(f"{match} RETURN count(*)", {"id": key}, timeout=SECONDS).rows[0][0]
        order = "support DESC, papers DESC, id" if text else "first DESC, name, id"
        query = f"{match} RETURN {BRIEF[name]}{support} ORDER BY {order} LIMIT {offset + limit}"
        rows += store.query(query, {"id": key}, timeout=SECONDS, limit=None).rows
    if len(far) > 1:
        # A paper's entities are of three labels; each is in order, all of them are not yet.
        rows.sort(key=lambda row: (-(row[-1] or 0), -(row[3] or 0), row[0]) if text else (row[1] or "", row[0]))
    found = []
    for row in rows[offset : offset + limit]:
        about = brief(row)
        if text:
            about["papers"], about["score"], about["first"], about["last"] = row[-5:-1]
        found.append({"score": None, **about})
    return {"total": total, "neighbours": found}


def evidence(store: Store, subject: str, relation: str, target: str) -> dict[str, Any]:
    """Give the sentences behind a link, each with its paper."""
    ends = labels(store, [subject, target])
    if (ends.get(subject), ends.get(target)) not in ENDS[relation]:
        raise ProblemError(404, f"no link {relation} between these two in this graph")
    columns = "r.evidence_papers, r.evidence_fields, r.evidence_starts, r.evidence_ends, r.evidence_sentences"
    query = (
        f"MATCH (a:{ends[subject]} {{id: $a}})-[r:{relation}]->(b:{ends[target]} {{id: $b}}) "
        f"RETURN {columns if relation in TEXT_RELATIONS else 1}"
    )
    rows = store.query(query, {"a": subject, "b": target}, timeout=SECONDS).rows
    if not rows:
        raise ProblemError(404, f"no link {relation} between these two in this graph")
    if relation not in TEXT_RELATIONS:
        return {"evidence": []}
    said = list(zip(*(column or () for column in rows[0]), strict=False))
    known = {paper["id"]: paper for paper in papers(store, {paper for paper, *_ in said})}
    return {
        "evidence": [
            {
                "paper": known.get(paper) or _nothing(paper),
                "field": field,
                "start": start,
                "end": end,
                "sentence": sentence,
            }
            for paper, field, start, end, sentence in said
        ]
    }


def papers(store: Store, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Give the papers of ``ids`` that are in the graph, by id."""
    query = (
        "UNWIND $ids AS key MATCH (p:Paper {id: key}) "
        "RETURN p.id AS id, p.title AS title, p.year AS year, p.url AS url, p.authors AS authors, p.venue AS venue"
    )
    rows = store.query(query, {"ids": sorted(set(ids))}, timeout=SECONDS, limit=None).dicts()
    return [
        {**row, "url": web_address(row["url"]) or "", "authors": row["authors"] or [], "venue": row["venue"] or ""}
        for row in sorted(rows, key=lambda row: str(row["id"]))
    ]


def _nothing(key: str) -> dict[str, Any]:
    return {"id": key, "title": key, "year": None, "url": "", "authors": [], "venue": ""}


def benchmarks(store: Store) -> int:
    """Count the datasets that are benchmarks."""
    return int(store.query("MATCH (d:Dataset) WHERE d.benchmark RETURN count(*)", timeout=SECONDS).rows[0][0])


def years(store: Store) -> list[int] | None:
    """Give the first and the last year of any paper."""
    first, last = store.query("MATCH (p:Paper) RETURN min(p.year), max(p.year)", timeout=SECONDS).rows[0]
    return None if first is None else [first, last]


def path_queries(store: Store, start: str, end: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the questions that find a shortest path, to be asked in turn until one has an answer.

    Between two entities, a path of what texts say of them comes before one through a paper that names both.
    """
    first, last = label_of(store, start), label_of(store, end)
    between = [relation for relation, ends in ENDS.items() if all(a in ENTITIES and b in ENTITIES for a, b in ends)]
    ways = [f":{'|'.join(between)}"] if first in ENTITIES and last in ENTITIES else []
    for way in (*ways, ""):
        yield (
            f"MATCH path = allShortestPaths((a:{first} {{id: $a}})-[{way}*..8]-(b:{last} {{id: $b}})) "
            "WITH path, reduce(ids = '', key IN [n IN nodes(path) | n.id] | ids + ' ' + key) AS ids, "
            "reduce(kinds = '', kind IN [r IN relationships(path) | type(r)] | kinds + ' ' + kind) AS kinds "
            "RETURN path ORDER BY ids, kinds LIMIT 1",
            {"a": start, "b": end},
        )
