"""Read JSON: one record a line, an array of records, an array inside an object, or records one after the other.

A record a line is read line by line. Anything else is cut into records by a scanner that follows strings and brackets,
so that a file of any size streams and a broken record costs itself alone (ijson streams too, but gives no line numbers
and stops at the first error). What the fields mean is `kg.read.record`'s.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from kg.model import Paper
from kg.read.record import RefusedError, paper_from
from kg.read.services import is_note, plain_fields
from kg.read.source import MAX_RECORD, Source
from kg.read.values import folded

CONTAINERS = frozenset(
    """papers results items data notes records documents docs works entries publications articles response message hits
    hit result resultlist recommendedpapers content list""".split()  # noqa: SIM905 - one word a line would take a page
)
"""Keys under which services and exports put their records."""

_OBJECTS = CONTAINERS - {"content", "list"}
"""Those that may hold an object with the records in it; OpenReview's "content" is a part of one record."""

_WRAPPERS = CONTAINERS | {"info", "source", "paper", "citedpaper", "citingpaper", "item", "work"}
"""Keys under which a record may stand inside an object of its own, as DBLP, Elasticsearch and others have it."""

_AHEAD = 4096
"""Characters after an opening brace in which its first keys are looked for."""
_DEEPEST = 20
"""Containers inside one another; the real ones are three."""
_TOKEN = re.compile(r'["{}\[\]\n]')
_STRING_END = re.compile(r'["\n]|\\.', re.DOTALL)
_KEY = re.compile(r'"([^"\\\n]{1,40})"\s*:\s*$')


def read_jsonl(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read one JSON object a line."""
    for line in source.lines():
        text = line.text.strip(" \t\r\ufeff\x1e")
        if text:
            yield from _papers(source, line.number, text, skip_empty)


def read_json(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the records of a JSON document, or of several in a row."""
    for number, indent, text in _records(source):
        yield from _papers(source, number, text, skip_empty, indent)


def _papers(source: Source, number: int, text: str, skip_empty: bool, indent: str = "") -> Iterator[Paper]:
    try:
        value = json.loads(text)
    except RecursionError:
        source.problem(number, "JSON nested too deeply; give one flat object a paper")
        return
    except ValueError as error:
        yield from _mended(source, number, text, skip_empty, error, indent=indent)
        return
    for record in _unwrapped(value):
        paper = _paper(source, number, record, skip_empty)
        if paper:
            yield paper


def _mended(
    source: Source, number: int, text: str, skip_empty: bool, error: ValueError, *, indent: str
) -> Iterator[Paper]:
    """Report broken JSON; where it has swallowed records that begin on lines of their own, read those."""
    if isinstance(error, json.JSONDecodeError):
        line = number + error.lineno - 1
        what = f"broken JSON ({error.msg}, column {error.colno})"
    else:
        line, what = number, "broken JSON (a number too long to read)"
    pieces = re.split(rf"\n{indent}(?=\{{)", text)
    whole = []
    at = number
    for piece in pieces:
        cut = piece.rstrip().rstrip(",]").rstrip()
        try:
            value = json.loads(cut)
        except (ValueError, RecursionError):
            value = None
        # Parts of the broken record itself, such as its authors, have no title.
        if isinstance(value, dict) and any(folded(str(key)) == "title" for key in value):
            whole.append((at, value))
        at += piece.count("\n") + 1
    source.problem(line, f"{what}; mend or remove this record")
    for at, value in whole:
        paper = _paper(source, at, value, skip_empty)
        if paper:
            yield paper


def _unwrapped(value: Any) -> Iterator[Any]:
    """The records in a value: itself, the items of an array, or of an array inside an object without a title."""
    while isinstance(value, dict) and not any(folded(str(key)) in ("title", "abstract") for key in value):
        inner = [value[key] for key in value if folded(str(key)) in _WRAPPERS and isinstance(value[key], list | dict)]
        if not inner or is_note(value):
            break
        value = inner[0]
    if isinstance(value, list):
        yield from value
    else:
        yield value


def _paper(source: Source, number: int, record: Any, skip_empty: bool) -> Paper | None:
    if not isinstance(record, dict):
        source.problem(number, f"not a record but {_kind(record)}; give one object a paper")
        return None
    try:
        fields = plain_fields(record)
        if fields is not None:
            return paper_from(fields, source.place(number))
    except RefusedError as refusal:
        source.refuse(number, refusal, skip_empty)
    return None


def _kind(value: Any) -> str:
    kinds = {"str": "text", "list": "a list", "NoneType": "null", "bool": "a truth value"}
    return kinds.get(type(value).__name__, "a number")


def _records(source: Source) -> Iterator[tuple[int, str, str]]:
    """Cut the text into records: the line where one starts, its indentation there, and its text.

    The brackets around records (an array, or the objects named in `CONTAINERS` around it) are passed over, and so is
    what stands beside the records in those objects. Strings end with their line, as JSON has it, so that a lost quote
    does not swallow the rest.
    """
    line, depth = 1, 0
    outer: list[str] = []
    held: list[str] = []
    size, began, indent, skipped = 0, 1, "", False
    in_string, escaped = False, False
    tail = ""
    for block, ahead in _looking_ahead(source.blocks()):
        at = start = 0
        while True:
            if in_string:
                if escaped:
                    at, escaped = at + 1, False
                found = _STRING_END.search(block, at)
                if not found:
                    escaped = block.endswith("\\") and (len(block) - len(block.rstrip("\\"))) % 2 == 1
                    break
                at = found.end()
                if found.group().endswith("\n"):
                    line += 1
                in_string = found.group() not in ('"', "\n")
                continue
            found = _TOKEN.search(block, at)
            if not found:
                break
            sign, here, at = found.group(), found.start(), found.end()
            if sign == "\n":
                line += 1
            elif sign == '"':
                in_string = True
            elif depth:
                depth += 1 if sign in "{[" else -1
                if not depth:
                    if not skipped:
                        yield began, indent, "".join([*held, block[start:at]])
                    held, size, skipped, tail, start = [], 0, False, "", at
            elif sign in "{[":
                before = (tail + block[max(start, here - 200) : here])[-200:]
                key = _KEY.search(before)
                named = bool(key and folded(key.group(1)) in CONTAINERS)
                inside = outer[-1] if outer else ""
                # An object in an array is a record, whatever it holds.
                after = (block[at : at + _AHEAD] + ahead)[:_AHEAD]
                holds = sign == "[" or (inside != "[" and (named or not outer) and _is_container(after))
                if (named or not key) and holds and len(outer) < _DEEPEST:
                    outer.append(sign)
                    tail, start = "", at
                else:
                    depth, began, start, skipped = 1, line, here, bool(key) and not named
                    white = before[len(before.rstrip(" \t")) :]
                    indent = white if before[: len(before) - len(white)].endswith("\n") else ""
            else:
                outer, tail, start = outer[:-1], "", at
        rest = block[start:]
        if not depth:
            tail = (tail + rest)[-200:]
        elif not skipped:
            held.append(rest)
            size += len(rest)
            if size > MAX_RECORD:
                source.problem(began, f"record of more than {MAX_RECORD >> 20} MB; check its brackets and quotes")
                held, skipped = [], True
    if depth and not skipped:
        yield began, indent, "".join(held)


def _looking_ahead(blocks: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Give each block with the first `_AHEAD` characters of what follows it."""
    held: deque[str] = deque()
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        while size - len(held[0]) >= _AHEAD:
            first = held.popleft()
            size -= len(first)
            yield first, "".join(held)[:_AHEAD]
    while held:
        yield held.popleft(), "".join(held)


def _is_container(after: str) -> bool:
    """Whether an object holds the records, by the keys that come first in it."""
    for pair in re.finditer(r'"([^"\\\n]{1,40})"\s*:\s*([\[{]?)', after):
        name = folded(pair.group(1))
        if name in ("title", "abstract", "summary"):
            return False
        if pair.group(2) and name in (_OBJECTS if pair.group(2) == "{" else CONTAINERS):
            return True
    return False
