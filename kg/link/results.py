"""Say of which method and dataset each reported number is said.

The dataset is the one that the number's own clause names; a list of numbers and a list of datasets ("76.1% and 82.3% on
A and B") are paired in order. Precision comes first: where the text leaves an end open, it stays None.
"""

import re
from collections.abc import Iterator

from kg.link.roles import Roles
from kg.link.sentences import Sentence, evidence, sentences_of
from kg.link.values import Value, find_values
from kg.model import Entity, Mention, Reading, Result, Role

_REACHES = re.compile(
    r"^[^,;:]{0,30}\b(?:achiev|reach|attain|obtain|scor|yield|perform|has|is|with|of|at)\w*\b[^;:]*$", re.IGNORECASE
)
_WITH = re.compile(r"^[^,;:]{0,40}\b(?:with|by|using|for|from)\s(?:an?\s|the\s)?$", re.IGNORECASE)
_ON = re.compile(r"\b(?:on|in|for|over|across|from|of|at)\b", re.IGNORECASE)


def find_results(reading: Reading, entities: tuple[Entity, ...], roles: Roles) -> Iterator[Result]:
    """Give the results stated in the abstract, in order."""
    by_id = {e.id: e for e in entities}
    subject = _proposed(entities, roles)
    last: str | None = None
    for sentence in sentences_of(reading, entities):
        if sentence.field == "title":
            continue
        here = [(key, m) for key, m in sentence.mentions if by_id[key].kind.label == "Dataset"]
        values = list(find_values(sentence.text))
        datasets = _pair(sentence, values, here)
        for value, dataset in zip(values, datasets, strict=True):
            method = _method(sentence, value, by_id, roles) or subject or _named_beside(sentence, value, by_id)
            said = evidence(reading, sentence, "number", 0.7)
            found = dataset or (last if not here else None)
            yield Result(reading.paper.id, method, found, value.metric, value.text, value.unit, value.kind, said)
        if here:
            names = {key for key, _ in here}
            last = here[0][0] if len(names) == 1 else None


def _pair(sentence: Sentence, values: list[Value], datasets: list[tuple[str, Mention]]) -> list[str | None]:
    """Give each value the dataset it is said of.

    The nearest dataset behind it in its own clause; else the nearest before it; numbers in a row and datasets in a row
    of the same length are paired in order.
    """
    places = [(key, m.start - sentence.start, m.end - sentence.start) for key, m in datasets]
    if not places:
        return [None] * len(values)
    if len(values) > 1 and len(values) == len(places) and _in_a_row(sentence.text, values, places):
        return [key for key, _, _ in places]
    paired: list[str | None] = []
    for i, value in enumerate(values):
        following = values[i + 1].start if i + 1 < len(values) else len(sentence.text)
        behind = [p for p in places if value.end <= p[1] < following and _ON.search(sentence.text[value.end : p[1]])]
        behind = behind or [p for p in places if value.end <= p[1] and p[1] - value.end < 8]
        before = [p for p in places if p[2] <= value.start]
        later = [p for p in places if p[1] >= value.end]
        chosen = (behind or before[-1:] or later)[:1]
        paired.append(chosen[0][0] if chosen else None)
    return paired


def _in_a_row(text: str, values: list[Value], places: list[tuple[str, int, int]]) -> bool:
    return values[-1].end <= places[0][1] and bool(re.search(r"\band\b|,", text[values[0].end : values[-1].start]))


def _proposed(entities: tuple[Entity, ...], roles: Roles) -> str | None:
    return next((e.id for e in entities if e.kind.label == "Method" and roles.role(e.id) is Role.PROPOSES), None)


def _methods(sentence: Sentence, by_id: dict[str, Entity]) -> list[tuple[str, int, int]]:
    """Give the methods named in a sentence with their places in its text."""
    return [
        (key, m.start - sentence.start, m.end - sentence.start)
        for key, m in sentence.mentions
        if by_id[key].kind.label == "Method"
    ]


def _method(sentence: Sentence, value: Value, by_id: dict[str, Entity], roles: Roles) -> str | None:
    """Give the method that a number is said of.

    The one that it stands behind in parentheses; else the subject of the sentence where it is a method: the last
    proposed one before the number, or the first that is not compared with, where the sentence speaks of no "we".
    """
    held = [(key, end) for key, _, end in _methods(sentence, by_id) if end <= value.start]
    if value.kind == "absolute" and held and re.fullmatch(r"\s?\(", sentence.text[held[-1][1] : value.start]):
        return held[-1][0]
    named = [key for key, _ in held if roles.role(key) is Role.PROPOSES] or [
        key
        for key, _ in held[:1]
        if roles.role(key) is not Role.COMPARES and not re.search(r"\b[Ww]e\b|\b[Oo]ur\b", sentence.text)
    ]
    return named[-1] if named else None


def _named_beside(sentence: Sentence, value: Value, by_id: dict[str, Entity]) -> str | None:
    """Give the method that reaches the number ("GPT-4 scores 82%"), or with which it is reached ("82% with GPT-4").

    For papers that propose none: in a study of others' methods each is compared with.
    """
    methods = _methods(sentence, by_id)
    for key, _, end in reversed([place for place in methods if place[2] <= value.start]):
        if _REACHES.search(sentence.text[end : value.start]):
            return key
    for key, start, _ in methods:
        if start >= value.end and _WITH.search(sentence.text[value.end : start]):
            return key
    return None
