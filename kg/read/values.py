"""Read single values of a record, however they are wrapped: a text, the authors, a year.

Which field a value stands in is `kg.read.record`'s; nothing here raises.
"""

import re
from functools import lru_cache
from typing import Any


def folded(name: str) -> str:
    """Fold the name of a field: case, and each run of other signs as one underscore.

    >>> folded("Publication Year"), folded("abstract-note"), folded("paperId")
    ('publication_year', 'abstract_note', 'paperid')
    """
    return _folded(name) if len(name) <= 100 else name[:100]


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.strip().lstrip("\ufeff").casefold()).strip("_") or name.strip()


def split_names(text: str) -> list[str]:
    """Split authors written as one string: by middle dots, semicolons, "and", or commas between whole names.

    >>> split_names("Ann Lee, Bo Chen and Cy Doe"), split_names("Lee, Ann; Chen, Bo")
    (['Ann Lee', 'Bo Chen', 'Cy Doe'], ['Ann Lee', 'Bo Chen'])
    >>> split_names("Lee, Ann and Chen, Bo")
    ['Ann Lee', 'Bo Chen']
    """
    text = " ".join(text.split())
    if re.search(r"\s[·•⋅∙・|]\s", text):
        return [part.strip() for part in re.split(r"\s[·•⋅∙・|]\s", text) if part.strip()]
    if ";" in text:
        return [first_last(part) for part in text.split(";") if part.strip()]
    parts = [part for part in re.split(r",?\s+(?:and|&)\s+", text) if part.strip(" ,")]
    if len(parts) > 1 and all(part.count(",") <= 1 for part in parts):
        inverted = sum("," in part and " " not in part.split(",")[0].strip() for part in parts)
        if inverted * 2 > len(parts) or inverted == len(parts):
            return [first_last(part) for part in parts]
    names = [name.strip() for part in parts for name in part.split(",") if name.strip()]
    if len(names) == 2 and len(parts) == 1 and " " not in names[0]:
        return [first_last(text)]
    return names


def first_last(name: str) -> str:
    """Give "Lee, Ann" as "Ann Lee"; other names as they are."""
    last, _, first = name.strip(" ,").partition(",")
    return f"{first.strip()} {last.strip()}".strip() if first.strip() else last.strip()


def text_of(value: Any) -> str:
    """The text of a value that may be wrapped: a list of parts, or an object that holds it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # an integer of thousands of digits
            return ""
    if isinstance(value, list):
        return " ".join(text for text in (text_of(item) for item in value[:1000] if not isinstance(item, list)) if text)
    if isinstance(value, dict):
        for key in ("value", "text", "name", "title", "display_name", "raw"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return ""


def authors_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return split_names(value)
    if isinstance(value, dict):
        inner = next((value[key] for key in ("value", "author", "authors") if value.get(key)), None)
        # DBLP and IEEE put the list, or the one author, inside an object; an author of its own has a name.
        inner = [value] if inner is None else [inner] if isinstance(inner, dict) else inner
        return authors_of(inner) if isinstance(inner, list | str) else []
    if isinstance(value, list):
        return [first_last(name) if name.count(",") == 1 else name for name in map(_author, value) if name]
    return []


_WHOLE = ("name", "display_name", "full_name", "literal", "text", "creator")


def _author(value: Any) -> str:
    if isinstance(value, list):  # arXiv's authors_parsed: ["Lee", "Ann", ""]
        last, first = [*map(text_of, value[:2]), "", ""][:2]
        return f"{first} {last}".strip()
    if not isinstance(value, dict):
        return text_of(value)
    if isinstance(value.get("author"), dict):  # OpenAlex
        value = value["author"]
    folded_keys = {folded(str(key)): text_of(inner) for key, inner in value.items()}
    name = next((folded_keys[k] for k in _WHOLE if folded_keys.get(k)), "")
    if name:
        return name
    first = next((folded_keys[k] for k in ("first", "given", "firstname", "first_name") if folded_keys.get(k)), "")
    last = next((folded_keys[k] for k in ("last", "family", "lastname", "last_name") if folded_keys.get(k)), "")
    return f"{first} {last}".strip()


def year_of(value: Any) -> int | None:
    """The year in a number, a date as text or CSL's date parts."""
    if isinstance(value, dict):
        value = value.get("date-parts", value.get("value", value.get("year")))
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    if not isinstance(value, str) and 1000 <= value < 2200:
        return int(value)
    match = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)", str(value)[:200])
    return int(match.group()) if match else None
