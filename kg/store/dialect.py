"""Where the embedded engine differs from Neo4j: macros that bring it closer, and errors that name the way out."""

import difflib
import re

from kg.store.schema import NODES, PROPERTIES, RELATIONSHIPS
from kg.store.tokens import place

MACROS = (
    "type(r) AS label(r)",
    "toString(x) AS CAST(x AS STRING)",
    "elementId(x) AS CAST(id(x) AS STRING)",
    "split(a, b) AS string_split(a, b)",
)


FUNCTIONS = (
    "abs", "avg", "ceil", "coalesce", "collect", "count", "elementId", "exp", "floor", "id", "keys", "label", "left",
    "length", "log", "max", "min", "nodes", "percentileCont", "properties", "range", "rels", "replace", "reverse",
    "right", "round", "sign", "size", "split", "sqrt", "substring", "sum", "toLower", "toString", "toUpper", "trim",
    "type",
)  # fmt: skip
"""The functions most often meant, for suggestions."""


def explain(message: str, text: str) -> str:
    """Make one line of an engine's error: where, what and what to do."""
    found = re.search(r"\(line: (\d+), offset: (\d+)\)", message)
    if found:
        lines = text.split("\n")
        line, column = int(found[1]) - 1, int(found[2])
        start = sum(len(part) + 1 for part in lines[:line]) + column
        rest = re.match(r"\s*(\S{1,30})", text[start:])
        near = f"near {rest[1]}" if rest else "at the end"
        return f"{place(text, min(start, len(text)))}: syntax error {near}"
    for pattern, say, known in _KNOWN:
        named = re.search(pattern, message)
        if named:
            # The engine gives names in capitals; show them as they were written.
            written = re.search(rf"\b{re.escape(named[1])}\b", text, re.IGNORECASE)
            name = written[0] if written else named[1]
            close = difflib.get_close_matches(name, known, 3, 0.6)
            return f"{say} {name}" + (f"; nearest: {', '.join(close)}" if close else "")
    return re.sub(r"^(\w+ exception: )+", "", " ".join(message.split()))[:300]


_KNOWN = (
    (r"Table (\S+) does not exist", "there is no label or relationship type", (*NODES, *RELATIONSHIPS)),
    (r"Cannot find property (\S+) for", "there is no property", PROPERTIES),
    (r"function (\w+) does not exist", "there is no function", FUNCTIONS),
)
