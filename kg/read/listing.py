"""Read pasted pages: titles and abstracts in turn, with or without author lines, blank lines and page furniture.

Nothing on such a page says what a line is, so all lines are labelled together: furniture, title, authors or abstract.
Each line has a cost for each label by its shape (length, ending, sentences inside, names), each step from one label to
the next has a cost, and the cheapest labelling wins (Viterbi 1967). The costs are hand-set and know no page by name.
The page is labelled in windows, so that memory does not grow with it; a line is never cut apart or mended.
"""

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from kg.model import Paper
from kg.read.record import MAX_ABSTRACT, NoAbstractError, RefusedError, make_paper, split_names
from kg.read.source import Line, Source

WINDOW = 1500
"""Lines labelled together."""
OVERLAP = 300
"""Lines at the end of a window whose labels the next window decides."""


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
    r"(?:subscribe|sign (?:in|up)|log ?(?:in|out)|get (?:trending|the latest|daily|weekly)|newsletter|follow|share"
    r"|(?:load|show|read|view|see) (?:more|all|less)|(?:next|previous|back|home|menu|search|new|hot|top|trending)$"
    r"|page \d+|(?:poster|oral|spotlight) session|upvote"
    r"|\d+\s*(?:comments?|upvotes?|likes?|authors?|views?|results?|papers?)\b"
    r"|(?:abstract|pdf|arxiv|html|code|github|cite|bibtex|project page)$|by ?[A-Z]\w* and )",
    re.IGNORECASE,
)
_GLUED = re.compile(r"Subscribe(?=[^\s.,:;!?'’-])(?!(?:r|rs|d|s)\b)")
_SENTENCES = re.compile(r"[a-z0-9)\]”\"'][.?!]\s+[A-Z]")
_END = re.compile(r"[.!?][\"'”’)\]]*$")
_URL_END = re.compile(r"(?:https?://|www\.)\S+$|\S+\.(?:com|org|io|edu|net)/\S*$")
_VOICE = re.compile(
    r"\b(?:we|our|this (?:paper|work|article|study|report)|in this|is|are|has|have|shows?|can be|these)\b", re.I
)
_PARTICLES = frozenset(
    ("van", "von", "der", "den", "de", "la", "le", "di", "da", "del", "dos", "du", "el", "al", "bin", "ibn", "y")
)
_NAME_WORD = re.compile(r"[('\"“]?[^\W\d_][^\s,;:?!<>=%|/@\d]*,?")
_NAME_MARK = re.compile(r"[\d¹²³⁴⁵⁶⁷⁸⁹*†‡§]{1,4}")


def read_listing(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read titles and abstracts in turn."""
    return _read(source, skip_empty, posters=False)


def read_posters(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read title, author line and abstract in turn."""
    return _read(source, skip_empty, posters=True)


def is_author_line(text: str) -> bool:
    """Whether a line is names joined by middle dots.

    >>> is_author_line("Ann Lee · Bo Chen"), is_author_line("Jun 10 · 5 comments")
    (True, False)
    """
    parts = _DOTS.split(text.strip())
    return len(parts) > 1 and sum(map(_name_like, parts)) >= 0.7 * len(parts)


def _read(source: Source, skip_empty: bool, *, posters: bool) -> Iterator[Paper]:
    rows: deque[Row] = deque()
    gap, found, first = True, False, True
    for line in source.lines():
        if not line.text.strip():
            gap = True
            continue
        rows.append(_row(line, gap))
        gap = False
        if len(rows) >= WINDOW:
            for group in _take(rows, posters=posters, final=False, start=first):
                paper = _paper(source, group, skip_empty, start=first)
                found, first = found or paper is not None, False
                if paper:
                    yield paper
    for group in _take(rows, posters=posters, final=True, start=first):
        paper = _paper(source, group, skip_empty, start=first)
        found, first = True, False
        if paper:
            yield paper
    if not found:
        source.problem(None, "no title with an abstract found; give titles and abstracts in turn, or name the --format")


def _row(line: Line, gap: bool) -> Row:
    # One character over the limit is kept, enough for the record to be refused.
    return Row(line.number, line.text.lstrip("\ufeff").strip()[: MAX_ABSTRACT + 1], gap)


Group = list[tuple[Label, Row]]


def _take(rows: deque[Row], *, posters: bool, final: bool, start: bool) -> Iterator[Group]:
    """Label the rows and take the groups that begin with a title off their front."""
    labels = label_rows(list(rows), posters=posters, start=start)
    starts = [i for i, label in enumerate(labels) if label is Label.TITLE]
    if labels and labels[0] in (Label.ABSTRACT, Label.MORE):
        starts.insert(0, 0)
    if not final:
        keep = [i for i in starts if 0 < i <= len(labels) - OVERLAP]
        end = keep[-1] if keep else len(labels) - OVERLAP
        starts = [i for i in starts if i < end]
    else:
        end = len(labels)
    taken = [(labels[i], rows.popleft()) for i in range(end)]
    for begin, stop in pairwise([*starts, end]):
        yield taken[begin:stop]


def _paper(source: Source, group: Group, skip_empty: bool, *, start: bool) -> Paper | None:
    label, head = group[0]
    title = head.text if label is Label.TITLE else ""
    if start:
        title = _GLUED.sub("", title, count=1) if _GLUED.match(title) else title
    authors = [name for label, row in group if label is Label.AUTHORS for name in split_names(row.text)]
    abstract, size = [], 0
    for label, row in group:
        if label in (Label.ABSTRACT, Label.MORE) and size <= MAX_ABSTRACT:
            abstract.append(row.text)
            size += len(row.text)
    try:
        return make_paper(title, "\n".join(abstract), source.place(head.number), authors=authors)
    except NoAbstractError:
        source.silent = False
        if not skip_empty:
            source.problem(head.number, "no abstract below this title; add it or remove the line")
    except RefusedError as refusal:
        source.problem(head.number, str(refusal).replace('no title; give "title"', "no title above this text; add it"))
    return None


def label_rows(rows: list[Row], *, posters: bool, start: bool = True) -> list[Label]:
    """Label the lines of a page, or of a window of it that begins at a title unless ``start``."""
    if not rows:
        return []
    step = _steps(posters=posters)
    mixed = _mixed(rows)
    before: list[float] = [0.0 if start else 2.0, 0.0, 99.0, 8.0, 99.0]
    costs: list[float] = []
    back: list[list[int]] = []
    heading = start
    for position, row in enumerate(rows):
        own = _costs(row, posters=posters, heading=heading)
        if len(row.text) > 250:
            heading = False
        if position == 0:
            costs = [a + b for a, b in zip(before, own, strict=True)]
            back.append([0] * len(Label))
            continue
        here, chosen = [], []
        for label in Label:
            ways = [costs[last] + step[last][label] + _gap(last, label, row, mixed) for last in Label]
            best = min(Label, key=ways.__getitem__)
            chosen.append(int(best))
            here.append(ways[best] + own[label])
        costs = here
        back.append(chosen)
    ending = [0.0, 6.0, 6.0, 0.0, 0.0]
    last = min(Label, key=lambda label: costs[label] + ending[label])
    labels = [last]
    for chosen in reversed(back[1:]):
        labels.append(Label(chosen[labels[-1]]))
    return labels[::-1]


def _steps(*, posters: bool) -> list[list[float]]:
    """The cost of each label after each other, in the order of `Label`."""
    direct, named = (4.0, 0.0) if posters else (0.0, 2.5)
    return [
        # furniture, title, authors, abstract, more
        [0.0, 0.0, 99.0, 9.0, 99.0],
        [8.0, 7.0, named, direct, 99.0],
        [8.0, 8.0, 3.0, 0.0, 99.0],
        [1.5, 0.0, 99.0, 99.0, 0.0],
        [1.5, 0.0, 99.0, 99.0, 0.0],
    ]


def _mixed(rows: list[Row]) -> bool:
    """Whether blank lines part the records (or paragraphs) of the page, rather than all of its lines or none."""
    gaps = sum(row.gap for row in rows[1:])
    return 0.1 < gaps / max(1, len(rows) - 1) < 0.8


def _gap(last: Label, label: Label, row: Row, mixed: bool) -> float:
    if not mixed:
        return 0.0
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
