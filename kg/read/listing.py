"""Read pasted pages: titles and abstracts in turn, with or without author lines, blank lines and page furniture.

What each line is, `kg.read.labels` decides. The page is labelled in windows, so that memory does not grow with it; a
line is never cut apart or mended, but for a title that is glued to a "Subscribe" button.
"""

import re
from collections import deque
from collections.abc import Iterator
from itertools import pairwise

from kg.model import Paper
from kg.read.labels import Label, Row, is_prose, label_rows
from kg.read.record import MAX_ABSTRACT, NoAbstractError, RefusedError, make_paper
from kg.read.source import Line, Source
from kg.read.values import split_names

WINDOW = 1500
"""Lines labelled together."""
OVERLAP = 300
"""Lines at the end of a window whose labels the next window decides."""
PATIENCE = 5000
"""A text without a paper on its first so many lines, such as a log, is read no further."""

TITLES = 240
"""Characters below which an abstract has to have the end of a sentence, or it may be a title itself."""

_GLUED = re.compile(r"Subscribe(?=[^\s.,:;!?'’-])(?!(?:r|rs|d|s)\b)")


def read_listing(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read titles and abstracts in turn."""
    return _read(source, skip_empty, posters=False)


def read_posters(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read title, author line and abstract in turn."""
    return _read(source, skip_empty, posters=True)


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
            if not found and line.number > PATIENCE:
                rows.clear()
                break
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
    if size < TITLES and not any(map(is_prose, abstract)):
        abstract = []  # a list of titles, in which every other one would pass for an abstract
    try:
        return make_paper(title, "\n".join(abstract), source.place(head.number), authors=authors)
    except NoAbstractError:
        source.silent = False
        if not skip_empty:
            source.problem(head.number, "no abstract below this title; add it or remove the line")
    except RefusedError as refusal:
        source.problem(head.number, str(refusal).replace('no title; give "title"', "no title above this text; add it"))
    return None
