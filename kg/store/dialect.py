"""Where the embedded engine differs from Neo4j: macros that bring it closer, and errors that name the way out."""

import difflib
import re

from kg.store.packed import macros
from kg.store.schema import NODES, PROPERTIES, RELATIONSHIPS
from kg.store.tokens import meaningful, place, tokenise
from kg.store.translate import Translation

_NUMBER = r"\\s*[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?\\s*"
_AS_NUMBER = f"CAST(CASE WHEN CAST(x AS STRING) =~ '{_NUMBER}' THEN trim(CAST(x AS STRING)) END AS DOUBLE)"

# A macro with a comparison in it cannot be read back from the file (Ladybug 0.22), hence sign() and IN.
MACROS = (
    "type(r) AS label(r)",
    "elementId(x) AS CAST(id(x) AS STRING)",
    # string_split leaves out empty texts.
    r"split(a, b) AS regexp_extract_all(concat(a, b), concat('(?s)(.*?)\\Q', b, '\\E'), 1)",
    "exp(x) AS 2.718281828459045 ^ x",
    "isEmpty(x) AS size(x) IN [0]",
    "randomUUID() AS CAST(gen_random_uuid() AS STRING)",
    # The names below are written by kg.store.translate, where the engine has a function of that name that differs.
    "kg_substring(s, start) AS substr(s, start + 1, size(s))",
    "kg_substring3(s, start, length) AS substr(s, start + 1, length)",
    "kg_labels(n) AS CASE WHEN label(n) IN ['Method', 'Dataset', 'Task'] THEN [label(n), 'Entity'] ELSE [label(n)] END",
    "kg_string(x) AS CASE typeof(x) WHEN 'BOOL' THEN lower(CAST(x AS STRING)) WHEN 'DOUBLE' "
    r"THEN regexp_replace(CAST(x AS STRING), '(\\.[0-9]+?)0+$', '\\1') ELSE CAST(x AS STRING) END",
    "kg_truncate(x) AS sign(x) * floor(abs(x))",
    f"kg_float(x) AS {_AS_NUMBER}",
    "kg_integer(x) AS CAST(kg_truncate(kg_float(x)) AS INT64)",
    "kg_round(x) AS floor(x + 0.5)",
    # Reading past the end of a list is an error in this engine and null in Neo4j; list_min of no element is null, but
    # knows no nodes, maps or lists, for which kg_nth is tried next.
    "kg_place(l, i) AS CASE sign(i) WHEN -1 THEN "
    "CASE sign(size(l) + i) WHEN -1 THEN size(l) + 1 ELSE size(l) + i + 1 END ELSE i + 1 END",
    "kg_at(l, i) AS list_min(list_slice(l, kg_place(l, i), kg_place(l, i)))",
    "kg_nth(l, i) AS list_extract(l, kg_place(l, i))",
    "kg_from(l, i) AS CASE sign(i) WHEN -1 THEN "
    "CASE sign(size(l) + i) WHEN -1 THEN 1 ELSE size(l) + i + 1 END ELSE i + 1 END",
    "kg_to(l, i) AS CASE sign(i) WHEN -1 THEN CASE sign(size(l) + i) WHEN -1 THEN 0 ELSE size(l) + i END ELSE i END",
    "kg_slice(l, a, b) AS list_slice(l, kg_from(l, a), kg_to(l, b))",
    *macros(),
)
"""Scalar macros that `kg.store.embedded.write` creates in every database."""

FUNCTIONS = (
    "abs", "avg", "ceil", "coalesce", "collect", "count", "elementId", "exp", "floor", "id", "keys", "label", "left",
    "length", "log", "max", "min", "nodes", "percentileCont", "properties", "range", "rels", "replace", "reverse",
    "right", "round", "sign", "size", "split", "sqrt", "substring", "sum", "toLower", "toString", "toUpper", "trim",
    "type",
)  # fmt: skip
"""The functions most often meant, for suggestions."""


def explain(message: str, text: str, translation: Translation) -> str:
    """Make one line of the engine's error on ``text``: where, what and what to do."""
    found = re.search(r"\(line: (\d+), offset: (\d+)\)", message)
    if found:
        lines = translation.text.split("\n")
        line, column = int(found[1]) - 1, int(found[2])
        start = translation.source(sum(len(part) + 1 for part in lines[:line]) + column)
        rest = re.match(r"\s*(\w{1,30}|\S{1,10})", text[start:])
        near = f"near {rest[1]}" if rest else "at the end"
        hint = _construct(text)
        return f"{place(text, min(start, len(text)))}: {hint or f'syntax error {near}'}"
    for sign, said in _SAID:
        if sign in message:
            return f"{said}, or run with --neo4j"
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


def _construct(text: str) -> str:
    """Name what the embedded engine cannot read in ``text``, and the way out; empty where nothing is known."""
    words = meaningful(tokenise(text))
    for number, token in enumerate(words):
        after = words[number + 1].text if number + 1 < len(words) else ""
        for begin, following, what, way in _CONSTRUCTS:
            if token.text.upper() == begin and after.upper() in following:
                return f"{what} is not in the embedded engine; {way}, or run with --neo4j"
    comparisons = re.search(r"[<>]=?\s*[\w.$]+\s*[<>]=?", text)
    if comparisons:
        return "a chained comparison is not in the embedded engine; write a < b AND b < c, or run with --neo4j"
    return ""


_SAID = (
    ("Lambda paramName", "a list comprehension inside another is not in the embedded engine; UNWIND one of them"),
    ("list_extract", "a position past the end of a list is an error in the embedded engine; ask size(...) first"),
    ("Order by", "ordering by a node, list or map is not in the embedded engine; order by a property"),
    ("UNREACHABLE_CODE", "the embedded engine cannot run this query; write it in smaller steps with WITH"),
)

_CONSTRUCTS = (
    ("CALL", ("{", "("), "CALL { }", "use WITH and another MATCH"),
    ("COLLECT", ("{",), "COLLECT { }", "use OPTIONAL MATCH and collect(...)"),
    (":", ("!", "%"), "a label expression", "write labels with | or NOT n:Label in WHERE"),
    (")", ("{", "+"), "a quantified path pattern", "write a variable-length relationship such as -[*1..3]->"),
)
