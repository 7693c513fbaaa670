r"""Read text with labels: lines that begin with "Title:", "Authors:", "Abstract:" and the like, as in arXiv's mails.

A value goes on until the next label; a title begins a new paper. In arXiv's mails ``\\`` parts head and abstract.
"""

import re
from collections.abc import Iterator

from kg.model import Paper
from kg.read.record import MAX_ABSTRACT, RefusedError, paper_from
from kg.read.source import Source

_LABELS = "title|authors?|abstract|summary|year|date|venue|journal|journal-ref|conference|doi|url|link|arxiv"
_PASSED_OVER = "comments?|categories|subjects?|keywords?|report-no|msc-class|acm-class|license|pages|publisher|from"
_LABEL = re.compile(rf"[*_#>\s]*({_LABELS}|{_PASSED_OVER})[*_]*\s*:[*_]*\s*(.*)", re.IGNORECASE | re.DOTALL)
_RULE = re.compile(r"\s*[-=_*~]{4,}\s*$")
_LABELLED = re.compile(
    r"^[*_#>\s]*title[*_]*\s*:[*_]*[ \t]*\S.*$(?:\n.*){0,30}?\n(?:[*_#>\s]*(?:abstract|summary)[*_]*\s*:|\\\\\s*$)",
    re.IGNORECASE | re.MULTILINE,
)


def is_labelled(head: str) -> bool:
    r"""Tell text with labels by its first lines.

    >>> is_labelled("Title: Nets\nAbstract: We net."), is_labelled("Title: Nets\n\nWe net.")
    (True, False)
    """
    return _LABELLED.search("\n".join(line[:400] for line in head.splitlines()[:200])) is not None


def read_labelled(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read papers whose lines are labelled."""
    fields: dict[str, list[str]] = {}
    current, began, size, word = "", 1, 0, ""
    for line in source.lines():
        text = line.text.lstrip("\ufeff")
        found = _LABEL.match(text[: MAX_ABSTRACT * 4])
        name = found.group(1).lower() if found else ""
        name = "abstract" if name == "summary" else name
        if text.startswith("\\\\") or _RULE.match(text):
            address = re.search(r"https?://\S+", text[:1000])
            if address and fields:
                fields.setdefault("link", [address.group()])
            current = "abstract" if text.startswith("\\\\") and "title" in fields and "abstract" not in fields else ""
            continue
        if found and (name in fields or "abstract" in fields) and (name in ("title", "arxiv") or "title" not in fields):
            yield from _paper(source, began, fields, skip_empty)
            fields = {}
        if found:
            current = name
            if not fields or name == "title":
                began = line.number
            if name == "abstract" and word == found.group(1) and name in fields:
                what = 'a second abstract under one title, left out; begin each paper with "Title:"'
                source.problem(line.number, what)
            word = found.group(1) if name == "abstract" else word
            # What is said twice is said by the second time about something else.
            current = current if current not in fields else ""
            if current:
                fields[current], size = [found.group(2)[: 4 * MAX_ABSTRACT]], 0
        elif current and size <= MAX_ABSTRACT:
            fields.setdefault(current, []).append(text[: MAX_ABSTRACT + 1])
            size += len(text)
    yield from _paper(source, began, fields, skip_empty)


def _paper(source: Source, number: int, fields: dict[str, list[str]], skip_empty: bool) -> Iterator[Paper]:
    if "title" not in fields:
        if fields.get("abstract"):
            source.problem(number, 'abstract without a line "Title:" above it; add it')
        return
    values = {name: "\n".join(lines).strip() for name, lines in fields.items()}
    if "authors" in values:
        values["authors"] = re.sub(r"\s*\([^()]*\)", "", values["authors"])  # affiliations
    if "arxiv" in values:
        values["links"] = f"arXiv:{values.pop('arxiv')}".partition(" ")[0]
    try:
        yield paper_from(values, source.place(number))
    except RefusedError as refusal:
        source.refuse(number, refusal, skip_empty)
