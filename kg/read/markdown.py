"""Read Markdown: each heading is a title, the text below it the abstract, up to the next heading.

A heading that only says "Abstract" is passed over; one with no text below it (a chapter) is no paper. Emphasis and
links are taken off titles; the abstract stays as written.
"""

import re
from collections.abc import Iterator

from kg.model import Paper
from kg.read.record import MAX_ABSTRACT, RefusedError, make_paper
from kg.read.source import Line, Source
from kg.read.values import split_names

HEADING = re.compile(r" {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_LABEL = re.compile(r"[*_]*(abstract|summary)[*_]*\s*[:.—-]?[*_]*\s*", re.IGNORECASE)
_AUTHORS = re.compile(r"[*_]*authors?[*_]*\s*:[*_]*\s*(.+)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read_markdown(source: Source, _skip_empty: bool) -> Iterator[Paper]:
    """Read headings as titles and the text below them as abstracts."""
    heading: Line | None = None
    body: list[str] = []
    size, found = 0, False
    for line in source.lines():
        match = HEADING.match(line.text[:4000])
        if match and _LABEL.fullmatch(match.group(2)):
            continue
        if match:
            paper = _paper(source, heading, body)
            found = found or paper is not None
            if paper:
                yield paper
            heading, body, size = Line(line.number, match.group(2)), [], 0
        elif size <= MAX_ABSTRACT:
            body.append(line.text[: MAX_ABSTRACT + 1])
            size += len(body[-1])
    paper = _paper(source, heading, body)
    if paper:
        yield paper
    elif not found:
        source.problem(None, "no heading with text below it; give each paper a heading, and its abstract below")


def _paper(source: Source, heading: Line | None, body: list[str]) -> Paper | None:
    if heading is None or not any(line.strip() for line in body):
        return None
    title = re.sub(r"(\*\*|__|\*|`)(.+?)\1", r"\2", _LINK.sub(r"\1", heading.text))
    authors: list[str] = []
    rest = []
    for text in body:
        match = _AUTHORS.fullmatch(text.strip()) if not authors else None
        if match:
            authors = split_names(match.group(1))
        else:
            rest.append(text)
    abstract = "\n".join(rest).strip()
    label = _LABEL.match(abstract)
    if label and (label.group().strip() != label.group(1) or "\n" in label.group()):
        abstract = abstract[label.end() :]
    try:
        return make_paper(title, abstract, source.place(heading.number), authors=authors)
    except RefusedError as refusal:
        source.problem(heading.number, str(refusal))
        return None
