"""Split Cypher into tokens, and refuse what is not a read.

Only the surface is read here (strings, comments, quoted names, words), which is what it takes to tell a clause from a
word inside a string. The grammar is the engine's business.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg.errors import QueryError

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n\r]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<quoted>`(?:[^`]|``)*`)
  | (?P<parameter>\$(?:\w+|`(?:[^`]|``)*`))
  | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<symbol><>|<=|>=|=~|\+=|\.\.|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_READS = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})
_PREFIXES = frozenset({"EXPLAIN", "PROFILE"})
_REFUSED = frozenset(
    {
        "ALTER", "ATTACH", "COPY", "CREATE", "DELETE", "DETACH", "DROP", "EXPORT", "FOREACH", "IMPORT", "INSERT",
        "INSTALL", "LOAD", "MERGE", "REMOVE", "SET", "UNINSTALL", "UPDATE", "USE",
    }
)  # fmt: skip
BEGINNINGS = _READS | _PREFIXES | _REFUSED
"""Words, in capitals, with which Cypher begins; no named query has such a name."""

_PROCEDURES = frozenset(
    {
        "show_tables", "table_info", "show_connection", "show_functions", "show_macros", "db_version",
        "db.labels", "db.relationshiptypes", "db.propertykeys", "db.schema.visualization",
        "db.schema.nodetypeproperties", "db.schema.reltypeproperties", "dbms.components",
    }
)  # fmt: skip
_DEEPEST = 100
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query; ``start`` counts characters from 0."""

    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """The token in capitals when it is an unquoted word, else an empty string."""
        return self.text.upper() if self.kind == "word" else ""


def place(text: str, start: int) -> str:
    """Say where ``start`` is in ``text``, counted from 1.

    >>> place("MATCH (n)\\nRETURN n", 10)
    'line 2, column 1'
    """
    line = text.count("\n", 0, start)
    return f"line {line + 1}, column {start - (text.rfind(chr(10), 0, start) + 1) + 1}"


def tokenise(text: str) -> list[Token]:
    """Split ``text`` into tokens that join to it again.

    >>> [t.text for t in tokenise("RETURN 'a // b' // c") if t.kind != "space"]
    ['RETURN', "'a // b'", '// c']
    """
    if len(text) > _LONGEST:
        raise QueryError(f"the query is longer than {_LONGEST:,} characters; pass long values as parameters")
    tokens = []
    for match in _PATTERN.finditer(text):
        kind, piece = match.lastgroup or "symbol", match.group()
        start = match.start()
        if kind == "symbol" and (piece in "'\"`\\" or text.startswith("/*", start)):
            raise QueryError(f"{place(text, start)}: {_UNCLOSED[piece]}")
        # Neo4j reads \u0027 as a quote before it looks for the ends of strings, so what a string hides could differ.
        if kind in ("string", "quoted", "parameter") and re.search(r"\\u+00(22|27|5c|60|0a|0d)", piece, re.I):
            raise QueryError(f"{place(text, start)}: write the character itself instead of its \\u escape")
        tokens.append(Token(kind, piece, start))
    return tokens


_UNCLOSED = {
    "'": "this string has no end; close it with '",
    '"': 'this string has no end; close it with "',
    "`": "this name has no end; close it with `",
    "/": "this comment has no end; close it with */",
    "\\": "a backslash belongs inside a string only",
}


def meaningful(tokens: Iterable[Token]) -> list[Token]:
    """Leave out spaces and comments."""
    return [token for token in tokens if token.kind not in ("space", "comment")]


def without_comments(tokens: Iterable[Token]) -> str:
    """Join the tokens with each comment blanked, so that positions stay and no comment reaches an engine."""
    return "".join(re.sub(r"[^\n]", " ", t.text) if t.kind == "comment" else t.text for t in tokens)


def check_read(text: str) -> list[Token]:
    """Refuse a query that could change a graph or touch a file; give its tokens.

    >>> check_read("LOAD FROM '/etc/passwd' RETURN *")
    Traceback (most recent call last):
    ...
    kg.errors.QueryError: line 1, column 1: LOAD is refused; queries only read the graph
    """
    tokens = tokenise(text)
    words = meaningful(tokens)
    while words and words[-1].text == ";":
        words.pop()
    if not words:
        raise QueryError("the query is empty; give a Cypher query or the name of one")
    _check_nesting(text, words)
    first = 0
    while first < len(words) - 1 and (words[first].word in _PREFIXES or (first and words[first].word == "LOGICAL")):
        first += 1
    if words[first].word not in _READS:
        if words[first].word in _REFUSED:
            raise QueryError(f"{place(text, words[first].start)}: {words[first].word} is refused; {_ONLY_READS}")
        raise QueryError(
            f"{place(text, words[first].start)}: a query cannot start with {_short(words[first].text)}; "
            "start with MATCH, OPTIONAL MATCH, WITH, UNWIND, RETURN or CALL"
        )
    for number, token in enumerate(words):
        where = place(text, token.start)
        if token.text == ";":
            raise QueryError(f"{where}: one statement at a time; leave out what follows the ;")
        if token.word in _REFUSED:
            hint = "" if number == first else f", and a name of that kind goes in backticks: `{token.text}`"
            raise QueryError(f"{where}: {token.word} is refused; {_ONLY_READS}{hint}")
        if token.word == "CALL":
            _check_call(text, words, number)
    return tokens


_ONLY_READS = "queries only read the graph"


def _check_nesting(text: str, words: Sequence[Token]) -> None:
    depth = 0
    for token in words:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth > _DEEPEST:
            raise QueryError(f"{place(text, token.start)}: brackets are nested deeper than {_DEEPEST}")


def _check_call(text: str, words: Sequence[Token], number: int) -> None:
    name = ""
    for token in words[number + 1 :]:
        if token.kind not in ("word", "quoted") and token.text != ".":
            break
        name += token.text.strip("`")
    following = words[number + 1].text if number + 1 < len(words) else ""
    if following in ("{", "("):
        if any(
            words[i].word == "IN" and words[i + 1].word in ("TRANSACTIONS", "CONCURRENT")
            for i in range(number, len(words) - 1)
        ):
            raise QueryError(f"{place(text, words[number].start)}: CALL IN TRANSACTIONS is refused; {_ONLY_READS}")
        return
    if name.lower() not in _PROCEDURES:
        raise QueryError(
            f"{place(text, words[number].start)}: CALL {_short(name)} is refused; "
            "allowed are show_tables, table_info and, with --neo4j, db.labels, db.relationshipTypes, db.propertyKeys"
        )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def check_parameters(words: Iterable[Token], given: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the parameters of a query with those given; raises QueryError for one that is missing or unknown."""
    needed = {t.text[1:].strip("`"): None for t in words if t.kind == "parameter"}
    missing = [name for name in needed if name not in given]
    if missing:
        raise QueryError(f"no value for ${missing[0]}; give it with -p {missing[0]}=...")
    unknown = sorted(name for name in given if name not in needed)
    if unknown:
        known = ", ".join(f"${name}" for name in needed) or "none"
        raise QueryError(f"the query has no parameter ${unknown[0]}; it has: {known}")
    return dict(given)


def columns(text: str, words: Sequence[Token]) -> list[str] | None:
    """Name the columns as Neo4j does, by alias or by the text as written; None where only the engine can tell.

    >>> columns("RETURN n.name, count(*) AS n", meaningful(tokenise("RETURN n.name, count(*) AS n")))
    ['n.name', 'n']
    """
    depth, start = 0, None
    for number, token in enumerate(words):
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth == 0 and token.word == "UNION" and start is not None:
            break
        if depth == 0 and token.word == "RETURN":
            start = number + 1
    if start is None:
        return None
    if start < len(words) and words[start].word == "DISTINCT":
        start += 1
    names: list[str] = []
    item: list[Token] = []
    depth = 0
    for token in [*words[start:], Token("word", "LIMIT", len(text))]:
        ends = depth == 0 and (token.word in ("ORDER", "SKIP", "OFFSET", "LIMIT", "UNION") or token.text == ";")
        if depth == 0 and (token.text == "," or ends):
            if not item or item[0].text == "*":
                return None
            names.append(_column(text, item))
            item = []
            if ends:
                break
            continue
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        item.append(token)
    return names


def _column(text: str, item: Sequence[Token]) -> str:
    if len(item) > 2 and item[-2].word == "AS":
        name = item[-1].text
        return name[1:-1].replace("``", "`") if item[-1].kind == "quoted" else name
    if len(item) == 1 and item[0].kind == "quoted":
        return item[0].text[1:-1].replace("``", "`")
    return text[item[0].start : item[-1].start + len(item[-1].text)]
