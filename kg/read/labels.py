"""Label the lines of a pasted page: furniture, title, authors or abstract.

Nothing on such a page says what a line is, so all lines are labelled together. Each line has a cost for each label by
its shape (length, ending, sentences inside, names), each step from one label to the next has a cost, and the cheapest
labelling wins (Viterbi 1967). The costs are set by hand and know no page by name. Reading the page
and making papers of it is `kg.read.listing`'s.
"""

import math
import re
from dataclasses import dataclass
from enum import IntEnum

from kg.read.values import split_names


class Label(IntEnum):
    """What a line of a page is; MORE is a further line of an abstract."""

    FURNITURE = 0
    TITLE = 1
    AUTHORS = 2
    ABSTRACT = 3
    MORE = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is not blank; ``gap`` says that a blank line, or the start of the page, comes before it."""

    number: int
    text: str
    gap: bool


_DOTS = re.compile(r"\s[·•⋅∙・]\s")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?:(?:published|updated|posted|submitted)\s+(?:on\s+)?)?(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
    rf"(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)?\.?\s+{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+\d{{4}}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    r"|(?:an?|\d+)\s+(?:minute|hour|day|week|month|year)s?\s+ago|today|yesterday)",
    re.IGNORECASE,
)
_CONTROL = re.compile(
    r"(?:(?:subscribe|sign (?:in|up)|log ?(?:in|out)|newsletter|follow|share|upvote)\b"
    r"|(?:load|show|read|view|see) (?:more|all|less)|(?:next|previous|back|home|menu|search|new|hot|top|trending)$"
    r"|page \d+|(?:poster|oral|spotlight) session"
    r"|\d+\s*(?:comments?|upvotes?|likes?|authors?|views?|results?|papers?)\b"
    r"|(?:abstract|pdf|arxiv|html|code|github|cite|bibtex|project page)$)",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[a-z0-9)\]”\"'][.?!]\s+[A-Z]")
_END = re.compile(r"[.!?][\"'”’)\]]*$")
_STOP = re.compile(r"[.!?。！？:;][\"'”’)\]]*$")
_URL_END = re.compile(r"(?:https?://|www\.)\S+$|\S+\.(?:com|org|io|edu|net)/\S*$")
_VOICE = re.compile(
    r"\b(?:we|our|this (?:paper|work|article|study|report)|in this|is|are|has|have|shows?|can be|these)\b", re.I
)
_PARTICLES = frozenset(
    ("van", "von", "der", "den", "de", "la", "le", "di", "da", "del", "dos", "du", "el", "al", "bin", "ibn", "y")
)
_NAME_WORD = re.compile(r"[('\"“]?[^\W\d_][^\s,;:?!<>=%|/@\d]*,?")
_NAME_MARK = re.compile(r"[\d¹²³⁴⁵⁶⁷⁸⁹*†‡§]{1,4}")


def is_author_line(text: str) -> bool:
    """Whether a line is names joined by middle dots.

    >>> is_author_line("Ann Lee · Bo Chen"), is_author_line("Jun 10 · 5 comments")
    (True, False)
    """
    parts = _DOTS.split(text.strip())
    return len(parts) > 1 and sum(map(_name_like, parts)) >= 0.7 * len(parts)


def is_prose(text: str) -> bool:
    """Whether a line has or is a sentence, as an abstract has and a title seldom.

    >>> is_prose("Nets hold fish. They do so well"), is_prose("Wide Nets for Large Fish")
    (True, False)
    """
    return bool(_STOP.search(text[-200:]) or _URL_END.search(text[-200:]) or _SENTENCES.search(text[:2000]))


def label_rows(rows: list[Row], *, posters: bool, start: bool = True) -> list[Label]:
    """Label the lines of a page, or of a window of it that begins at a title unless ``start``."""
    if not rows:
        return []
    steps = _steps(posters=posters)
    mixed = _mixed(rows)
    before: list[float] = [0.0 if start else 2.0, 0.0, 99.0, 8.0, 99.0]
    costs: list[float] = []
    back: list[list[Label]] = []
    heading = start
    for position, row in enumerate(rows):
        own = _costs(row, posters=posters, heading=heading)
        if len(row.text) > 250:
            heading = False
        if position == 0:
            costs = [a + b for a, b in zip(before, own, strict=True)]
            back.append([])
            continue
        here: list[float] = []
        chosen: list[Label] = []
        for label in Label:
            ways = [
                (costs[last] + cost + (_gap(last, label, row) if mixed else 0.0), last) for last, cost in steps[label]
            ]
            least, best = min(ways)
            chosen.append(best)
            here.append(least + own[label])
        costs = here
        back.append(chosen)
    ending = [0.0, 6.0, 6.0, 0.0, 0.0]
    last = min(Label, key=lambda label: costs[label] + ending[label])
    labels = [last]
    for chosen in reversed(back[1:]):
        labels.append(chosen[labels[-1]])
    return labels[::-1]


def _steps(*, posters: bool) -> list[list[tuple[Label, float]]]:
    """For each label, in the order of `Label`, the labels that may come before it and the cost of that step."""
    f, t, a, b, m = Label
    direct, named = (4.0, 0.0) if posters else (0.0, 2.5)
    return [
        [(f, 0.0), (t, 8.0), (a, 8.0), (b, 1.5), (m, 1.5)],
        [(f, 0.0), (t, 7.0), (a, 8.0), (b, 0.0), (m, 0.0)],
        [(t, named), (a, 3.0)],
        [(f, 9.0), (t, direct), (a, 0.0)],
        [(b, 0.0), (m, 0.0)],
    ]


def _mixed(rows: list[Row]) -> bool:
    """Whether blank lines part the records (or paragraphs) of the page, rather than all of its lines or none."""
    gaps = sum(row.gap for row in rows[1:])
    return 0.1 < gaps / max(1, len(rows) - 1) < 0.8


def _gap(last: Label, label: Label, row: Row) -> float:
    if label is Label.TITLE and last in (Label.ABSTRACT, Label.MORE):
        return -0.5 if row.gap else 5.0
    if label is Label.MORE:
        # Lines of one paragraph are no evidence for a new record, however short they are.
        return 1.0 if row.gap else -_more(row.text)
    return 0.0


def _costs(row: Row, *, posters: bool, heading: bool) -> list[float]:
    text = row.text
    return [
        _furniture(text, heading=heading),
        _title(text),
        _authors(text, posters=posters),
        _abstract(text),
        _more(text),
    ]


def _furniture(text: str, *, heading: bool) -> float:
    size = len(text)
    if _DATE.fullmatch(text):
        return -4.0
    cost = size / 18 + (0.5 if heading else 2.5)
    if size <= 80 and _CONTROL.match(text):
        cost -= 3.0
    elif size <= 80 and _DOTS.search(text) and not is_author_line(text):
        cost -= 2.0
    if not any(c.isalpha() for c in text):
        cost -= 2.0
    return cost


def _title(text: str) -> float:
    size = len(text)
    cost = max(0.0, size - 130) / 60 + max(0, 12 - size) / 6
    if _DATE.fullmatch(text):
        cost += 6.0
    if text.endswith(".") and not text.endswith("..."):
        cost += 2.0 if _VOICE.search(text[:2000]) else 1.0
    cost += min(4.0, 1.5 * len(_SENTENCES.findall(text[:2000])))
    if is_author_line(text):
        cost += 6.0
    words = re.findall(r"[^\W\d_]{4,}", text[:300])
    if words and sum(word[0].isupper() for word in words) > 0.6 * len(words):
        cost -= 1.0
    return cost


def _authors(text: str, *, posters: bool) -> float:
    if is_author_line(text):
        return -6.0
    if _DOTS.search(text):
        parts = _DOTS.split(text)
        odd = any(len(part) > 80 or re.match(r"\d+(\s|$)", part) for part in parts)
        return 12.0 if odd else -4.0 * (posters or sum(map(_name_like, parts)) * 2 >= len(parts))
    parts = split_names(text) if len(text) <= 2000 else []
    if parts and all(map(_name_like, parts)) and len(text) <= 60 * len(parts):
        return -1.0 if len(parts) > 1 else 0.0 if " " in text else 2.0
    # On a page of posters the line below a title names somebody, however strange the name.
    return 5.0 if posters and len(text) <= 80 and not _END.search(text) else 12.0


def _name_like(text: str) -> bool:
    if text[:1].isdigit() or _DATE.fullmatch(text):
        return False
    words = [word for word in text.split() if not _NAME_MARK.fullmatch(word)]
    if not 1 <= len(words) <= 8 or len(text) > 70 or not all(map(_NAME_WORD.fullmatch, words)):
        return False
    capital = sum(word.lstrip("('\"“")[:1].isupper() or word.casefold() in _PARTICLES for word in words)
    # A few people write their names without capitals; a script without case has none.
    return capital == len(words) or (len(words) <= 4 and text.islower()) or text.upper() == text.lower()


def _abstract(text: str) -> float:
    size = len(text)
    cost = 2.2 * math.log(400 / size) if size < 400 else 0.0
    if size < 40:
        cost += (40 - size) / 4
    if not text.rstrip().endswith(".") and not _URL_END.search(text[-200:]):
        cost += 1.0 if _END.search(text[-4:]) else 1.5
    sentences = len(_SENTENCES.findall(text[:2000]))
    cost -= 0.5 * min(2, sentences)
    if _VOICE.search(text[:2000]):
        cost -= 1.0
    if _DATE.fullmatch(text) or is_author_line(text):
        cost += 6.0
    return cost


def _more(text: str) -> float:
    """The cost of a further paragraph of an abstract, against a title in its place."""
    size = len(text)
    ended = text.endswith((".", ":", ";", ",")) or bool(_URL_END.search(text[-200:]))
    cost = (0.5 if size > 250 else 2.0) + (0.0 if ended else 2.5)
    if size > 130 and not ended and not _SENTENCES.search(text[:2000]):
        cost += 1.0
    if size < 200 and not _VOICE.search(text):
        cost += 1.0
    if text[:1].islower() or re.match(r"[-*•–]\s|\(?\d{1,2}[.)]\s", text):
        cost -= 1.0
    return cost
