"""Turn gold annotations into what the tagger learns from: word labels, entities with roles, links, reported values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.extract.features import LABELS, RELATIONS, ROLES, VALUES, Words, hints, word_span
from kg.extract.match import match_vocabulary
from kg.extract.pieces import Pieces, cut
from kg.model import Paper
from kg.readable import readable
from kg.vocabulary import load

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Example:
    """One annotated paper: ``labels`` and ``values`` one integer a word; ``entities`` as (kind, spans, role);
    ``links`` as (subject, relation, object) by index."""

    id: str
    pieces: Pieces
    hints: tuple[int, ...]
    labels: tuple[int, ...]
    values: tuple[int, ...]
    entities: tuple[tuple[str, tuple[Words, ...], int], ...]
    links: tuple[tuple[int, int, int], ...]


def as_read(paper: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an annotated paper as the tagger will read it: with readable text."""

    def surfaces(key: str, items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [{**e, key: [shown(x) for x in e[key]]} if key in e else e for e in items]

    def shown(value: Any) -> Any:
        return {**value, "text": readable(value["text"]).text} if isinstance(value, Mapping) else readable(value).text

    entities = surfaces("mentions", surfaces("surfaces", paper["entities"]))
    return {
        **paper,
        "title": readable(paper["title"]).text,
        "abstract": readable(paper["abstract"]).text,
        "entities": entities,
    }


def as_annotation(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read an extraction record as if it were an annotated paper: silver, to learn from beside gold."""
    return {
        **{key: record[key] for key in ("id", "title", "abstract")},
        "entities": [
            {
                "canonical": e["name"],
                "type": e["kind"],
                "role": e["role"],
                "surfaces": sorted({m["text"] for m in e["mentions"]}),
            }
            for e in record["entities"]
        ],
        "links": [[x["subject"], x["relation"], x["object"]] for x in record["links"]],
        "results": record["results"],
    }


def examples(gold: Iterable[Mapping[str, Any]], tokenizer: "Tokenizer") -> Iterator[Example]:
    """Make an example of each annotated paper."""
    vocabulary = load()
    for paper in gold:
        title, abstract = paper["title"], paper["abstract"]
        pieces = cut(Paper(paper["id"], title, abstract), tokenizer)
        split = len(title) + 1
        text = f"{title}\n{abstract}"
        found = hints(pieces, list(match_vocabulary(text, vocabulary)), split)
        labels = [0] * len(pieces.words)
        spans: dict[int, list[Words]] = {}
        for start, end, kind, entity in gold_spans(paper, text):
            span = word_span(pieces, start, end, split)
            if span is None:
                continue
            spans.setdefault(entity, []).append(span)
            for i in range(*span):
                labels[i] = LABELS.index(("B-" if i == span[0] else "I-") + kind)
        places = {entity: i for i, entity in enumerate(sorted(spans))}
        entities = tuple(
            (_kind(paper["entities"][e]), tuple(spans[e]), ROLES.index(paper["entities"][e]["role"])) for e in places
        )
        names = {e["canonical"]: i for i, e in enumerate(paper["entities"])}
        links = tuple(
            (places[names[a]], RELATIONS.index(r), places[names[b]])
            for a, r, b in paper["links"]
            if names.get(a) in places and names.get(b) in places
        )
        yield Example(
            paper["id"], pieces, tuple(found), tuple(labels), _values(paper, pieces, text, split), entities, links
        )


def _kind(entity: Mapping[str, Any]) -> str:
    return "Dataset" if entity["type"] == "Benchmark" else str(entity["type"])


def gold_spans(paper: Mapping[str, Any], text: str) -> Iterator[tuple[int, int, str, int]]:
    """Give every occurrence of every surface, longest first, on word boundaries: (start, end, kind, entity's index)."""
    forms = sorted(
        ((s, _kind(e), i) for i, e in enumerate(paper["entities"]) for s in e["surfaces"]), key=lambda f: -len(f[0])
    )
    taken: list[tuple[int, int]] = []
    for surface, kind, entity in forms:
        for match in re.finditer(rf"(?<![^\W_]){re.escape(surface)}(?![^\W_])", text):
            start, end = match.span()
            if "\n" not in match.group() and all(end <= a or start >= b for a, b in taken):
                taken.append((start, end))
                yield start, end, kind, entity


def _values(paper: Mapping[str, Any], pieces: Pieces, text: str, split: int) -> tuple[int, ...]:
    """Mark the first word of each reported value."""
    marks = [0] * len(pieces.words)
    for result in paper["results"]:
        number = re.search(r"\d[\d.,]*", str(result["value"]))
        if number is None:
            continue
        for match in re.finditer(rf"(?<![\w.]){re.escape(number.group().rstrip('.,'))}(?![\w]|\.\d)", text):
            span = word_span(pieces, *match.span(), split)
            if span is not None:
                marks[span[0]] = VALUES.index(result["kind"])
    return tuple(marks)
