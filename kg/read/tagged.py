"""Read records of tagged lines: RIS and Web of Science by rispy, MEDLINE (nbib) in a few lines.

The file is cut into records by their first and last tags, so that it streams and a broken record costs itself alone.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from kg.model import Paper
from kg.read.record import RefusedError, paper_from
from kg.read.source import MAX_RECORD, Source
from kg.read.values import first_last

if TYPE_CHECKING:
    from rispy import RisParser  # type: ignore[import-untyped]

RIS_START = re.compile(r"\s*TY {0,3}- ?")
WOS_START = re.compile(r"(?:FN .*|PT [A-Z])$")
MEDLINE_START = re.compile(r"PMID ?- ?\d")
_WOS_TAG = re.compile(r"(?!FN|VR|EF)[A-Z][A-Z0-9] \S")
_RIS_TAG = re.compile(r"\s*([A-Z][A-Z0-9])  -(?: |$)(.*)", re.DOTALL)
_LOOSE_TAG = re.compile(r"\s*([A-Z][A-Z0-9]) {0,3}-(?: |$)(.*)", re.DOTALL)
_MEDLINE_TAG = re.compile(r"([A-Z]{2,4}) *- (.*)", re.DOTALL)


def read_ris(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read RIS: from TY to ER, two letters and a dash before each value."""
    end = re.compile(r"\s*ER {0,3}-")
    for number, lines in _records(source, RIS_START, end=end, tag=_LOOSE_TAG, said='"TY  - "'):
        # Some programs write one space before the dash; only there may a line of text look like a tag.
        tag = _RIS_TAG if _RIS_TAG.match(lines[0]) else _LOOSE_TAG
        tags = _tags("ris", "\n".join(tag.sub(r"\1  - \2", line, count=1) for line in lines))
        yield from _paper(source, number, tags and _ris(tags), skip_empty)


def read_wos(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the tagged text of Web of Science: from PT to ER."""
    end = re.compile(r"ER\s*$")
    for number, lines in _records(source, re.compile(r"PT [A-Z]"), end=end, tag=_WOS_TAG, said='"PT "'):
        tags = _tags("wos", "\n".join(lines))
        yield from _paper(source, number, tags and _wos(tags), skip_empty)


def read_medline(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the tagged text of PubMed (nbib): from PMID to the next one."""
    for number, lines in _records(source, MEDLINE_START, end=re.compile(r"\s*$"), tag=_MEDLINE_TAG, said=None):
        tags: dict[str, list[str]] = {}
        last = ""
        for line in lines:
            found = _MEDLINE_TAG.match(line)
            if found:
                last = found.group(1)
                tags.setdefault(last, []).append(found.group(2).strip())
            elif last and line[:1].isspace():
                tags[last][-1] += f" {line.strip()}"
        yield from _paper(source, number, _medline(tags), skip_empty)


def _records(
    source: Source, start: re.Pattern[str], *, end: re.Pattern[str], tag: re.Pattern[str], said: str | None
) -> Iterator[tuple[int, list[str]]]:
    """Cut the file into records: the line where one starts, and its lines. The next one ends one without an end.

    Lines with a ``tag`` that are in no record are reported; what a record begins with is ``said`` there. If None, they
    are a record too: only its number is lost.
    """
    held: list[str] = []
    began = size = 0
    told = False
    for line in source.lines():
        text = line.text.lstrip("\ufeff")
        if start.match(text):
            if held:
                yield began, held
            held, began, size, told = [text], line.number, 0, False
        elif not held and not told and tag.match(text):
            if said:
                source.problem(line.number, f"lines of no record; begin it with {said}")
                told = True
            else:
                held, began, size = [text], line.number, 0
        elif held:
            held.append(text)
            size += len(text) + 50  # a line takes memory, however short
            if size > MAX_RECORD:
                source.problem(began, f"record of more than {MAX_RECORD >> 20} MB; check where it ends")
                held, told = [], True
            elif end.match(text):
                yield began, held
                held = []
    if held:
        yield began, held


@cache
def _parser(kind: str) -> "RisParser":
    import rispy

    tags = {
        first + second for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    }
    # Tags under their own names, each a list: what comes twice is kept twice.
    parser = rispy.RisParser if kind == "ris" else rispy.WokParser
    mapping = {tag: tag for tag in tags}
    return parser(mapping=mapping, list_tags=tags, delimiter_tags_mapping={}, skip_unknown_tags=True)


def _tags(kind: str, text: str) -> Mapping[str, list[str]] | None:
    end = "\nER  - \n" if kind == "ris" else "\nER\n"
    try:
        records = _parser(kind).parse(text + end)
    except (KeyError, IndexError, AttributeError, TypeError, ValueError):
        return None
    return records[0] if records else None


def _ris(tags: Mapping[str, list[str]]) -> Mapping[str, Any]:
    def first(*names: str) -> str:
        return next((" ".join(tags[name]) for name in names if tags.get(name) and any(tags[name])), "")

    # The abstract stands in AB, or in N2; where a program writes paragraphs, it repeats the tag.
    return {
        "title": first("TI", "T1", "CT", "BT"),
        "abstract": first("AB", "N2"),
        "authors": [first_last(name) for name in tags.get("AU") or tags.get("A1") or []],
        "year": first("PY", "Y1", "DA"),
        "venue": first("T2", "JO", "JF", "JA", "J2"),
        "doi": first("DO"),
        "url": next(iter(tags.get("UR") or []), ""),
        "links": [*(tags.get("UR") or []), *(tags.get("L1") or []), *(tags.get("L2") or []), *(tags.get("M1") or [])],
        "note": tags.get("N1") or [],
    }


def _wos(tags: Mapping[str, list[str]]) -> Mapping[str, Any]:
    def whole(name: str) -> str:
        return " ".join(tags.get(name) or [])

    return {
        "title": whole("TI"),
        "abstract": whole("AB"),
        "authors": [first_last(name) for name in tags.get("AF") or tags.get("AU") or []],
        "year": whole("PY"),
        "venue": whole("SO"),
        "doi": whole("DI"),
        "pmid": whole("PM"),
    }


def _medline(tags: Mapping[str, list[str]]) -> Mapping[str, Any]:
    def first(*names: str) -> str:
        return next((tags[name][0] for name in names if tags.get(name)), "")

    number = first("PMID")
    places = [*tags.get("LID", []), *tags.get("AID", [])]
    return {
        "title": first("TI", "BTI", "TT"),
        "abstract": first("AB"),
        "authors": [first_last(name) for name in [*(tags.get("FAU") or tags.get("AU") or []), *tags.get("CN", [])]],
        "year": first("DP", "DEP"),
        "venue": first("JT", "TA"),
        "doi": next((place.removesuffix(" [doi]") for place in places if place.endswith(" [doi]")), ""),
        "pmid": number,
        "pmcid": first("PMC"),
        "url": f"https://pubmed.ncbi.nlm.nih.gov/{number}/" if number else "",
    }


def _paper(source: Source, number: int, fields: Mapping[str, Any] | None, skip_empty: bool) -> Iterator[Paper]:
    if fields is None:
        source.problem(number, "broken record; check its tags")
        return
    try:
        yield paper_from(fields, source.place(number))
    except RefusedError as refusal:
        source.refuse(number, refusal, skip_empty)
