"""The lists of a relationship, its evidence, as texts: so the embedded engine keeps them.

That engine stores a column of a relationship twice, once for each direction, and a list costs it ten times a text, so
the places of the evidence are one text. Its sentences are another, which the engine keeps once for all relationships of
a type that one sentence speaks for.

A text is lists with U+001E between them, in which each item ends with U+001F; a list that is missing is U+001D. No text
of a paper has these characters (`kg.model.normalise_text`); in others they become spaces.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kg.store.schema import PACKED

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "evidence": tuple(name for name in PACKED if name != "evidence_sentences"),
        "evidence_sentences": ("evidence_sentences",),
    }
)
"""The lists that each column of the engine holds."""

_ITEM, _LIST, _MISSING = "\x1f", "\x1e", "\x1d"


def pack(lists: Sequence["pa.ListArray"]) -> "pa.StringArray":
    """Make one text of each row of ``lists``, columns of equal length; None for a row in which all are missing.

    >>> import pyarrow as pa
    >>> pack([pa.array([["p1"]]), pa.array([["title"]]), pa.array([[0]]), pa.array([[9]])]).to_pylist()
    ['p1\\x1f\\x1etitle\\x1f\\x1e0\\x1f\\x1e9\\x1f']
    >>> pack([pa.array([["a", "b"], [], None])]).to_pylist()
    ['a\\x1fb\\x1f', '', None]
    """
    import pyarrow.compute as pc

    texts = [_joined(column) for column in lists]
    if len(texts) == 1:
        return texts[0]
    whole = pc.binary_join_element_wise(*(text.fill_null(_MISSING) for text in texts), _LIST)
    if not all(text.null_count for text in texts):
        return whole
    return pc.if_else(reduce(pc.and_, (text.is_null() for text in texts)), None, whole)


def _joined(lists: "pa.ListArray") -> "pa.StringArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    values = lists.values
    if not pa.types.is_string(values.type):
        values = values.cast(pa.string())
    elif _has_separator(values):
        values = pc.replace_substring_regex(values, f"[{_MISSING}{_LIST}{_ITEM}]", " ")
    ended = pc.binary_join_element_wise(values, "", _ITEM)
    same = pa.ListArray.from_arrays(lists.offsets, ended, mask=lists.is_null() if lists.null_count else None)
    return pc.binary_join(same, "")


def _has_separator(texts: "pa.StringArray") -> bool:
    data = texts.buffers()[2]
    return data is not None and any(separator.encode() in data.to_pybytes() for separator in (_ITEM, _LIST, _MISSING))


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
