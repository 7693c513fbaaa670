"""Read annotated papers and extraction records from JSON lines, and judge them.

An annotated paper is ``{"id", "title", "abstract", "entities": [{"canonical", "type", "surfaces", "role"}], "links":
[[subject, relation, object]], "results": [{"dataset", "value", ...}]}``. The text is taken exactly as given, never
normalised, because offsets are counted in it.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kg.errors import InputError
from kg.model import ENTITY_KINDS, LINK_RELATIONS, Paper, Role

Record = Mapping[str, Any]

_KINDS = {kind.value for kind in ENTITY_KINDS}
_ROLES = {role.value for role in Role}
_RELATIONS = {relation.value for relation in LINK_RELATIONS}


def read_gold(paths: Iterable[str | Path]) -> Iterator[Record]:
    """Read annotated papers from JSONL files, gzipped or not.

    Raises InputError with file and line for what is not an annotated paper, and for an id that comes twice.
    """
    seen: dict[str, str] = {}
    for path in paths:
        for place, record in _lines(Path(path)):
            if problem := _gold_problem(record):
                raise InputError(f"{place}: {problem}")
            if record["id"] in seen:
                raise InputError(f"{place}: paper {record['id']!r} is already at {seen[record['id']]}; remove one")
            seen[record["id"]] = place
            yield record


def read_records(paths: Iterable[str | Path]) -> Iterator[Record]:
    """Read extraction records, as ``kg extract`` prints them; raise InputError with file and line for anything else."""
    for path in paths:
        for place, record in _lines(Path(path)):
            if problem := _record_problem(record):
                raise InputError(f"{place}: {problem}; give records as `kg extract` prints them")
            yield record


def papers(gold: Iterable[Record]) -> Iterator[Paper]:
    """Give the papers to run the extraction on, their text exactly as annotated."""
    for record in gold:
        yield Paper(id=record["id"], title=record["title"], abstract=record["abstract"])


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Give (place, parsed line) of each line that is not blank."""
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}:{number}", json.loads(line)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except EOFError as error:
        raise InputError(f"{path}: the gzip file is cut short; copy it again") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{number}: not UTF-8; save the file as UTF-8") from error
    except ValueError as error:
        raise InputError(f"{path}:{number}: not JSON ({error}); give one JSON object a line") from error


def _gold_problem(record: Any) -> str | None:
    """Say what keeps ``record`` from being an annotated paper, or None."""
    if not isinstance(record, dict):
        return "not a JSON object; give one annotated paper a line"
    for key in ("id", "title", "abstract"):
        if not isinstance(record.get(key), str):
            return f'no text in "{key}"; give id, title and abstract'
    for key in ("entities", "links", "results"):
        if not isinstance(record.get(key), list):
            return f'no list in "{key}"; give entities, links and results, empty where there are none'
    names = set()
    for entity in record["entities"]:
        if not isinstance(entity, dict) or not isinstance(entity.get("canonical"), str):
            return 'an entity without "canonical"; give its canonical name'
        name = entity["canonical"]
        names.add(name)
        if entity.get("type") not in _KINDS:
            return f"{name!r} has type {entity.get('type')!r}; use one of {', '.join(sorted(_KINDS))}"
        if entity.get("role") not in _ROLES:
            return f"{name!r} has role {entity.get('role')!r}; use one of {', '.join(sorted(_ROLES))}"
        surfaces = entity.get("surfaces")
        if not isinstance(surfaces, list) or not all(isinstance(s, str) and s for s in surfaces):
            return f'{name!r} has no list of texts in "surfaces"'
    for link in record["links"]:
        if not isinstance(link, list) or len(link) != 3 or link[1] not in _RELATIONS:
            return f"link {link!r} is not [subject, relation, object] with one of {', '.join(sorted(_RELATIONS))}"
        for end in (link[0], link[2]):
            if end not in names:
                return f"link {link!r} names {end!r}, which is not the canonical name of an entity here"
    for result in record["results"]:
        if not isinstance(result, dict) or "value" not in result:
            return 'a result without "value"'
    return None


def _record_problem(record: Any) -> str | None:
    """Say what keeps ``record`` from being an extraction record that can be scored, or None."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return 'not an extraction record with an "id"'
    try:
        for entity in record["entities"]:
            entity["name"] + entity["kind"]
            for mention in entity.get("mentions", ()):
                if mention["field"] not in ("title", "abstract") or not isinstance(mention["text"], str):
                    return f"mention {mention!r} is not in title or abstract"
                range(mention["start"], mention["end"])
        for link in record.get("links", ()):
            link["subject"] + link["relation"] + link["object"]
        for result in record.get("results", ()):
            result["value"]
    except (KeyError, TypeError) as error:
        return f"an entity, link or result lacks something ({type(error).__name__}: {error})"
    return None
