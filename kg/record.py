"""The extraction record: what one paper says, as one line of JSON.

The record is a contract (DESIGN, "Extraction record"): other tools read and score it, and the graph folder stores it
as the source of truth. ``id``, ``title``, ``abstract``, ``entities``, ``links`` and ``results`` are as the design has
them; the further keys (authors, year, venue, url, sources, ids, versions, aliases, ids of the ends of links, rule and
score of each piece of evidence) make the round trip exact. A sentence is stored only where it is not the text between
its offsets.

This module opens no file and judges no outside data: a record that lacks a key raises KeyError or ValueError, and
``kg.folder`` says which file it was in.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kg.model import (
    ROLE_RELATIONS,
    Entity,
    Evidence,
    Extraction,
    Kind,
    Mention,
    Paper,
    Relation,
    Result,
    Role,
    Statement,
)

Record = dict[str, Any]


def to_json(extraction: Extraction) -> str:
    """Write an extraction as one line of JSON: sorted keys, no spaces, no line end, the same bytes every time."""
    return json.dumps(to_record(extraction), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def from_json(line: str | bytes) -> Extraction:
    """Read an extraction from a line of `to_json`; raise ValueError or KeyError when it is not one."""
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not an extraction record")
    return from_record(record)


def to_record(extraction: Extraction) -> Record:
    """Turn an extraction into the record of plain values.

    Raises ValueError for an extraction that contradicts itself: a link of an entity that is not among the entities, two
    roles of one entity, evidence of another paper.
    """
    paper = extraction.paper
    names = {entity.id: entity.name for entity in extraction.entities}
    roles: dict[str, Statement] = {}
    links = []
    for statement in extraction.statements:
        if statement.relation not in ROLE_RELATIONS:
            links.append(_link_record(statement, names, paper))
        elif statement.object in roles or statement.object not in names or statement.subject != paper.id:
            raise ValueError(f"{paper.id}: the role of {statement.object!r} is not one role of one of its entities")
        else:
            roles[statement.object] = statement
    return {
        **_paper_record(paper),
        "entities": [_entity_record(entity, roles.get(entity.id), paper) for entity in extraction.entities],
        "links": links,
        "results": [_result_record(result, names, paper) for result in extraction.results],
    }


def from_record(record: Mapping[str, Any]) -> Extraction:
    """Turn a record back into the extraction; role statements come first, in the order of the entities."""
    paper = paper_from(record)
    roles = tuple(
        Statement(paper.id, Role(entity["role"]).relation, entity["id"], _evidence(entity["evidence"], paper))
        for entity in record["entities"]
        if entity["role"] is not None
    )
    links = tuple(
        Statement(link["subject_id"], Relation(link["relation"]), link["object_id"], _evidence(link["evidence"], paper))
        for link in record["links"]
    )
    return Extraction(
        paper=paper,
        entities=tuple(_entity(entity, paper) for entity in record["entities"]),
        statements=roles + links,
        results=tuple(_result(result, paper) for result in record["results"]),
    )


def about(extraction: Extraction, paper: Paper) -> Extraction:
    """Give an extraction as one of ``paper``, which has the same text and may have another id; raises ValueError."""
    if (paper.title, paper.abstract) != (extraction.paper.title, extraction.paper.abstract):
        raise ValueError(f"{paper.id}: an extraction of another text")
    if paper.id == extraction.paper.id:
        return replace(extraction, paper=paper)
    return from_record({**to_record(extraction), **_paper_record(paper)})


def paper_from(record: Mapping[str, Any]) -> Paper:
    """Read the paper alone of a record, with the versions that it was made of."""
    paper = Paper(
        id=record["id"],
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record["authors"]),
        year=record["year"],
        venue=record["venue"],
        url=record["url"],
        sources=tuple(record["sources"]),
        ids=tuple(record.get("ids", ())),
    )
    versions = tuple(paper_from({**record, "versions": (), **version}) for version in record.get("versions", ()))
    return replace(paper, versions=versions)


def _paper_record(paper: Paper) -> Record:
    record: Record = {
        "id": paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "year": paper.year,
        "venue": paper.venue,
        "url": paper.url,
        "sources": list(paper.sources),
        "ids": list(paper.ids),
    }
    # Of a version only what the paper does not say already.
    versions = [_paper_record(version) for version in paper.versions]
    return {
        **record,
        "versions": [{k: v for k, v in version.items() if k in record and v != record[k]} for version in versions],
    }


def _entity_record(entity: Entity, role: Statement | None, paper: Paper) -> Record:
    return {
        "id": entity.id,
        "name": entity.name,
        "kind": entity.kind.value,
        "role": Role(role.relation.value.lower()).value if role else None,
        "score": entity.score,
        "aliases": list(entity.aliases),
        "evidence": [_evidence_record(evidence, paper) for evidence in role.evidence] if role else [],
        "mentions": [_mention_record(mention, paper) for mention in entity.mentions],
    }


def _entity(record: Mapping[str, Any], paper: Paper) -> Entity:
    return Entity(
        id=record["id"],
        kind=Kind(record["kind"]),
        name=record["name"],
        aliases=tuple(record["aliases"]),
        mentions=tuple(_mention(mention, paper) for mention in record["mentions"]),
        score=record["score"],
    )


def _mention_record(mention: Mention, paper: Paper) -> Record:
    _same_paper(mention.paper_id, paper)
    return {
        "field": mention.field,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "kind": mention.kind.value,
        "rule": mention.rule,
        "score": mention.score,
    }


def _mention(record: Mapping[str, Any], paper: Paper) -> Mention:
    return Mention(
        paper_id=paper.id,
        field=record["field"],
        start=record["start"],
        end=record["end"],
        text=record["text"],
        kind=Kind(record["kind"]),
        score=record["score"],
        rule=record["rule"],
    )


def _link_record(link: Statement, names: Mapping[str, str], paper: Paper) -> Record:
    if link.subject not in names or link.object not in names:
        raise ValueError(f"{paper.id}: {link.subject} {link.relation} {link.object} joins what is not an entity of it")
    return {
        "subject": names[link.subject],
        "subject_id": link.subject,
        "relation": link.relation.value,
        "object": names[link.object],
        "object_id": link.object,
        "evidence": [_evidence_record(evidence, paper) for evidence in link.evidence],
    }


def _result_record(result: Result, names: Mapping[str, str], paper: Paper) -> Record:
    _same_paper(result.paper_id, paper)
    for entity in (result.method, result.dataset):
        if entity is not None and entity not in names:
            raise ValueError(f"{paper.id}: a result of {entity}, which is not an entity of it")
    return {
        "method": None if result.method is None else names[result.method],
        "method_id": result.method,
        "dataset": None if result.dataset is None else names[result.dataset],
        "dataset_id": result.dataset,
        "metric": result.metric,
        "value": result.value,
        "unit": result.unit,
        "kind": result.kind,
        "evidence": _evidence_record(result.evidence, paper),
    }


def _result(record: Mapping[str, Any], paper: Paper) -> Result:
    return Result(
        paper_id=paper.id,
        method=record["method_id"],
        dataset=record["dataset_id"],
        metric=record["metric"],
        value=record["value"],
        unit=record["unit"],
        kind=record["kind"],
        evidence=_evidence([record["evidence"]], paper)[0],
    )


def _evidence_record(evidence: Evidence, paper: Paper) -> Record:
    _same_paper(evidence.paper_id, paper)
    record: Record = {
        "field": evidence.field,
        "start": evidence.start,
        "end": evidence.end,
        "rule": evidence.rule,
        "score": evidence.score,
    }
    if evidence.sentence != paper.text(evidence.field)[evidence.start : evidence.end]:
        record["sentence"] = evidence.sentence
    return record


def _evidence(records: list[Mapping[str, Any]], paper: Paper) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            paper_id=paper.id,
            field=record["field"],
            start=record["start"],
            end=record["end"],
            sentence=record.get("sentence", paper.text(record["field"])[record["start"] : record["end"]]),
            rule=record["rule"],
            score=record["score"],
        )
        for record in records
    )


def _same_paper(key: str, paper: Paper) -> None:
    if key != paper.id:
        raise ValueError(f"{paper.id}: carries a mention, evidence or result of {key}")
