"""The formats that can be read, and which of them a text is in: told by its content, never by its name."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from kg.model import Paper
from kg.read.bibtex import read_bibtex
from kg.read.json_records import CONTAINERS, read_json, read_jsonl
from kg.read.labels import is_author_line
from kg.read.listing import read_listing, read_posters
from kg.read.markdown import HEADING, read_markdown
from kg.read.source import Source
from kg.read.table import delimiter_of, read_csv, read_tsv
from kg.read.values import folded

Reader = Callable[[Source, bool], Iterator[Paper]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be read; ``matches`` looks at the first text of a file."""

    name: str
    description: str
    example: str
    matches: Callable[[str], bool] = field(repr=False)
    read: Reader = field(repr=False)


def _is_jsonl(head: str) -> bool:
    first, _, rest = head.lstrip("\ufeff\x1e \t\n").partition("\n")
    if not first.startswith("{"):
        return False
    try:
        value = json.loads(first)
    except RecursionError:
        return True
    except ValueError:
        # A broken first record among records a line is still that; an object over many lines is not.
        return first.rstrip().endswith("}") or rest.startswith("{")
    return isinstance(value, dict) and (bool(rest.strip()) or not any(folded(key) in CONTAINERS for key in value))


def _is_json(head: str) -> bool:
    return re.match(r'[\ufeff\s]*(\{\s*("|\}|$)|\[\s*(\{|\]\s*$))', head) is not None


def _is_bibtex(head: str) -> bool:
    return re.search(r"^[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(][ \t]*[^\s,={}]*[ \t]*[,=]", head, re.MULTILINE) is not None


def _is_markdown(head: str) -> bool:
    first = next((line for line in head.splitlines() if line.strip()), "")
    return HEADING.match(first[:4000]) is not None


def _is_posters(head: str) -> bool:
    lines = [line for line in head.splitlines() if line.strip()]
    return any(
        len(line) < 2000
        and len(below) > len(line) / 2
        and is_author_line(line)
        and line.count(" ") > 2 * line.count(" · ") + 0.7
        for line, below in pairwise(lines)
    )


FORMATS: tuple[Format, ...] = (
    Format("jsonl", "JSON, one record a line", '{"title": "...", "abstract": "..."}', _is_jsonl, read_jsonl),
    Format("json", "JSON, an array of records", '[{"title": "...", "abstract": "..."}]', _is_json, read_json),
    Format("bibtex", "BibTeX with abstracts", "@article{key, title={...}, abstract={...}}", _is_bibtex, read_bibtex),
    Format("tsv", "table with tabs and a header", "title\\tabstract", lambda h: delimiter_of(h) == "\t", read_tsv),
    Format("csv", "table with commas and a header", "title,abstract", lambda h: delimiter_of(h) is not None, read_csv),
    Format("markdown", "headings with text below", "# Title\\n\\nAbstract", _is_markdown, read_markdown),
    Format(
        "posters",
        "pasted title, authors, abstract",
        "Nets\\nAnn Lee · Bo Chen\\nWe net fish.",
        _is_posters,
        read_posters,
    ),
    Format("listing", "pasted titles and abstracts", "Title\\n\\nAbstract", lambda h: bool(h.strip()), read_listing),
)
"""Every format, in the order in which they are tried."""

STRUCTURED = frozenset(("jsonl", "json", "bibtex", "tsv", "csv"))
"""Formats that a file of any name may be in; the others are plain text."""


def format_named(name: str) -> Format | None:
    """The format of that name, or None."""
    return next((form for form in FORMATS if form.name == name), None)


def recognise(head: str) -> Format | None:
    """Tell the format from the first text of a file, or None.

    >>> recognise('{"title": "Nets"}').name, recognise("Nets\\n\\nWe net.").name
    ('jsonl', 'listing')
    """
    return next((form for form in FORMATS if form.matches(head)), None)
