"""The extraction record: exact round trip, the keys that other tools score, refusal of contradictions."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.model import (
    ENTITY_KINDS,
    LINK_RELATIONS,
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
    entity_id,
)
from kg.record import from_json, from_record, to_json, to_record

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
scores = st.floats(0, 1)
fields: st.SearchStrategy[Field] = st.sampled_from(["title", "abstract"])


@st.composite
def spans(draw: st.DrawFn, paper: Paper) -> tuple[Field, int, int]:
    name = draw(fields)
    length = len(paper.text(name))
    start = draw(st.integers(0, length - 1))
    return name, start, draw(st.integers(start + 1, length))


@st.composite
def evidences(draw: st.DrawFn, paper: Paper) -> Evidence:
    name, start, end = draw(spans(paper))
    sentence = draw(st.just(paper.text(name)[start:end]) | texts)
    return Evidence(paper.id, name, start, end, sentence, draw(texts), draw(scores))


@st.composite
def entities(draw: st.DrawFn, paper: Paper, key: str) -> Entity:
    kind = draw(st.sampled_from(ENTITY_KINDS))
    mentions = []
    for name, start, end in draw(st.lists(spans(paper), max_size=3)):
        text = paper.text(name)[start:end]
        mentions.append(Mention(paper.id, name, start, end, text, kind, draw(scores), draw(texts)))
    aliases = tuple(draw(st.lists(texts, max_size=3)))
    return Entity(key, kind, draw(texts), aliases, tuple(mentions), draw(scores))


def links_of(paper: Paper, keys: list[str]) -> st.SearchStrategy[Statement]:
    ends = st.sampled_from(keys)
    relations = st.sampled_from(sorted(LINK_RELATIONS))
    return st.builds(Statement, ends, relations, ends, st.lists(evidences(paper), max_size=2).map(tuple))


def results(paper: Paper, keys: list[str]) -> st.SearchStrategy[Result]:
    ends = st.none() | st.sampled_from(keys)
    kinds = st.sampled_from(["absolute", "gain"])
    return st.builds(Result, st.just(paper.id), ends, ends, texts, texts, texts, kinds, evidences(paper))


@st.composite
def extractions(draw: st.DrawFn) -> Extraction:
    paper = Paper(
        id=draw(texts),
        title=draw(texts),
        abstract=draw(texts),
        authors=tuple(draw(st.lists(texts, max_size=3))),
        year=draw(st.none() | st.integers(1900, 2100)),
        venue=draw(texts | st.just("")),
        url=draw(texts | st.just("")),
        sources=tuple(draw(st.lists(texts, max_size=3))),
    )
    keys = draw(st.lists(texts, max_size=4, unique=True))
    found = [draw(entities(paper, key)) for key in keys]
    roles = [
        Statement(
            paper.id, draw(st.sampled_from(Role)).relation, key, tuple(draw(st.lists(evidences(paper), max_size=2)))
        )
        for key in keys
    ]
    links: list[Statement] = []
    found_results: list[Result] = []
    if keys:
        links = draw(st.lists(links_of(paper, keys), max_size=3))
        found_results = draw(st.lists(results(paper, keys), max_size=2))
    return Extraction(paper, tuple(found), tuple(roles + links), tuple(found_results))


@given(extractions())
def test_a_record_gives_back_the_same_extraction(extraction: Extraction) -> None:
    line = to_json(extraction)
    assert "\n" not in line
    assert repr(from_json(line)) == repr(extraction)  # repr: comparison leaves evidence and mentions out
    assert to_json(from_json(line)) == line
    assert from_record(to_record(extraction)) == extraction


PAPER = Paper(
    "skipping", "Skipping layers", "We present SkipNet. SkipNet reaches 93.1% on CIFAR-10.", ("Ada Ödön",), 2018
)
EVIDENCE = Evidence("skipping", "abstract", 20, 55, PAPER.abstract[20:55], "on", 0.9)
SKIPNET = Entity(
    entity_id(Kind.METHOD, "SkipNet"),
    Kind.METHOD,
    "SkipNet",
    mentions=(Mention("skipping", "abstract", 11, 18, "SkipNet", Kind.METHOD, 0.8, "shape"),),
)
CIFAR = Entity(entity_id(Kind.DATASET, "CIFAR-10"), Kind.DATASET, "CIFAR-10", ("CIFAR10",))
EXTRACTION = Extraction(
    PAPER,
    (SKIPNET, CIFAR),
    (
        Statement("skipping", Relation.PROPOSES, SKIPNET.id, (EVIDENCE,)),
        Statement("skipping", Relation.EVALUATES_ON, CIFAR.id, (EVIDENCE,)),
        Statement(SKIPNET.id, Relation.EVALUATED_ON, CIFAR.id, (EVIDENCE,)),
    ),
    (Result("skipping", SKIPNET.id, CIFAR.id, "accuracy", "93.1%", "%", "absolute", EVIDENCE),),
)


def test_the_record_has_the_keys_of_the_design() -> None:
    record = to_record(EXTRACTION)
    assert (record["id"], record["title"]) == ("skipping", "Skipping layers")
    first, second = record["entities"]
    assert (first["id"], first["name"], first["kind"], first["role"]) == (
        "method:skipnet",
        "SkipNet",
        "Method",
        "proposes",
    )
    assert first["mentions"][0] == {
        "field": "abstract",
        "start": 11,
        "end": 18,
        "text": "SkipNet",
        "kind": "Method",
        "rule": "shape",
        "score": 0.8,
    }
    assert second["role"] == "evaluates_on"
    (link,) = record["links"]
    assert (link["subject"], link["relation"], link["object"]) == ("SkipNet", "EVALUATED_ON", "CIFAR-10")
    assert {key: link["evidence"][0][key] for key in ("field", "start", "end")} == {
        "field": "abstract",
        "start": 20,
        "end": 55,
    }
    (result,) = record["results"]
    assert (result["method"], result["dataset"], result["value"]) == ("SkipNet", "CIFAR-10", "93.1%")


def test_the_line_is_utf8_sorted_and_does_not_repeat_sentences() -> None:
    line = to_json(EXTRACTION)
    assert "Ada Ödön" in line
    assert list(json.loads(line)) == sorted(json.loads(line))
    assert line.count("reaches 93.1%") == 1


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="not an entity"):
        to_record(replace(EXTRACTION, entities=(SKIPNET,), statements=EXTRACTION.statements[2:]))
    with pytest.raises(ValueError, match="one role"):
        to_record(replace(EXTRACTION, statements=EXTRACTION.statements[:1] * 2))
    with pytest.raises(ValueError, match="carries"):
        to_record(replace(EXTRACTION, results=(replace(EXTRACTION.results[0], paper_id="other"),)))


@pytest.mark.parametrize("line", ["[]", "{}", "{", "null", '{"id": 3}'])
def test_what_is_no_record_is_refused(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        from_json(line)
