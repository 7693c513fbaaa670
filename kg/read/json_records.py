"""Read JSON: an array of records, objects in a row, one a line, or any of these inside the objects that services add.

`kg.read.json_text` cuts the text; which record is whose, `kg.read.services` tells.
"""

from collections.abc import Iterator
from typing import Any

from kg.model import Paper
from kg.read.json_text import CONTAINERS, read_line_values, read_values
from kg.read.record import NoAbstractError, RefusedError, paper_from
from kg.read.services import is_note, plain_fields
from kg.read.source import Source
from kg.read.values import folded

_WRAPPERS = CONTAINERS | {"info", "source", "paper", "citedpaper", "citingpaper", "item", "work"}
"""Keys under which a record may stand inside an object of its own, as DBLP, Elasticsearch and others have it."""


def read_jsonl(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read one JSON object a line."""
    return _papers(source, read_line_values(source, _is_paper), skip_empty)


def read_json(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the records of a JSON document, or of several in a row."""
    return _papers(source, read_values(source, _is_paper), skip_empty)


def _papers(source: Source, values: Iterator[tuple[int, Any]], skip_empty: bool) -> Iterator[Paper]:
    for number, value in values:
        for record in _unwrapped(value):
            paper = _paper(source, number, record, skip_empty)
            if paper:
                yield paper


def _is_paper(value: Any) -> bool:
    """Tell a paper from a part of one, such as an author or a reference without a title."""
    for record in _unwrapped(value):
        try:
            fields = plain_fields(record) if isinstance(record, dict) else None
            if fields is not None and paper_from(fields, ""):
                return True
        except NoAbstractError:
            if any(folded(str(key)) == "title" for key in record):
                return True
        except RefusedError:
            continue
    return False


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
