"""The lists of a relationship, its evidence, as texts: so the embedded engine keeps them.

That engine stores a column of a relationship twice, once for each direction, and a list costs it ten times a text, so
the places of the evidence are one text. Its sentences are another, which the engine keeps once for all relationships of
a type that one sentence speaks for.

A text is lists with U+001E between them, in which each item ends with U+001F; a list that is missing is U+001D. No text
of a paper has these characters (`kg.model.normalise_text`); in others they become spaces.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kg.store.schema import PACKED

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "evidence": tuple(name for name in PACKED if name != "evidence_sentences"),
        "evidence_sentences": ("evidence_sentences",),
    }
)
"""The lists that each column of the engine holds."""

_ITEM, _LIST, _MISSING = "\x1f", "\x1e", "\x1d"
_AS_SPACE = str.maketrans(dict.fromkeys(_ITEM + _LIST + _MISSING, " "))


def pack(columns: Sequence[Sequence[Any]]) -> list[str | None]:
    """Make one text of each row of ``columns``, which hold lists of texts or numbers, or None for one that is missing.

    >>> pack([[["p1"]], [["title"]], [[0]], [[9]]]), pack([[["a", "b"], [], None]])
    (['p1\\x1f\\x1etitle\\x1f\\x1e0\\x1f\\x1e9\\x1f'], ['a\\x1fb\\x1f', '', None])
    """
    # Most relationships have one sentence of evidence, and there may be a million of them: hence the branches for one.
    texts: list[str | None]
    if len(columns) == 1:
        texts = [f"{a[0]}\x1f" if a and len(a) == 1 else _text(a) for a in columns[0]]
    elif len(columns) == 4:
        texts = [
            f"{a[0]}\x1f\x1e{b[0]}\x1f\x1e{c[0]}\x1f\x1e{d[0]}\x1f"
            if a and b and c and d and len(a) == len(b) == len(c) == len(d) == 1
            else _text(a, b, c, d)
            for a, b, c, d in zip(*columns, strict=True)
        ]
    else:
        texts = [_text(*row) for row in zip(*columns, strict=True)]
    whole = "".join(filter(None, texts))
    items = sum(sum(map(len, filter(None, column))) for column in columns)
    lists = (len(texts) - texts.count(None)) * (len(columns) - 1)
    if whole.count(_ITEM) == items and whole.count(_LIST) == lists:
        return texts
    return pack([[one and [str(item).translate(_AS_SPACE) for item in one] for one in column] for column in columns])


def _text(*lists: Any) -> str | None:
    if lists.count(None) == len(lists):
        return None
    return _LIST.join([_MISSING if one is None else _ITEM.join((*map(str, one), "")) for one in lists])


def unpack(column: str, text: str) -> dict[str, list[str] | list[int]]:
    """Give the lists that ``column`` holds, without those that are missing.

    >>> unpack("evidence", "p1\\x1f\\x1etitle\\x1f\\x1e0\\x1f\\x1e\\x1d")
    {'evidence_papers': ['p1'], 'evidence_fields': ['title'], 'evidence_starts': [0]}
    """
    lists: dict[str, list[str] | list[int]] = {}
    for name, packed in zip(COLUMNS[column], text.split(_LIST), strict=True):
        if packed != _MISSING:
            items = packed.split(_ITEM)[:-1]
            lists[name] = [int(item) for item in items] if PACKED[name] == "ints" else items
    return lists


def unpacked(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give ``properties`` with the lists in place of each text that holds them."""
    if not COLUMNS.keys() & properties.keys():
        return properties
    lists: dict[str, Any] = dict(properties)
    for column, names in COLUMNS.items():
        text = properties.get(column)
        # A map that a query makes may have these keys too.
        if isinstance(text, str) and text.count(_LIST) == len(names) - 1:
            del lists[column]
            lists.update(unpack(column, text))
    return lists


def column(name: str) -> str:
    """Name the column that holds the list ``name``."""
    return next(column for column, names in COLUMNS.items() if name in names)


def macro(name: str) -> str:
    """Name the macro that takes the list ``name`` out of its column."""
    return f"kg_{name}"


def macros() -> list[str]:
    """Declare the macros, each called as `macro` says."""
    made = []
    for names in COLUMNS.values():
        for place, name in enumerate(names):
            before = f"(?:[^{_LIST}]*{_LIST}){{{place}}}" if place else ""
            one = f"regexp_extract(x, '(?s)^{before}([^{_LIST}]*)', 1)" if len(names) > 1 else "x"
            items = f"regexp_extract_all(nullif({one}, '{_MISSING}'), '([^{_ITEM}]*){_ITEM}', 1)"
            made.append(f"{macro(name)}(x) AS " + (f"CAST({items} AS INT64[])" if PACKED[name] == "ints" else items))
    return made
