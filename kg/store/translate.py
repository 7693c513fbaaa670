"""Rewrite Neo4j's Cypher into the embedded engine's where the two say the same thing differently.

What is rewritten, token by token: functions that count from 0 or go by another name, list positions and slices, list
comprehensions, ``reduce``, map projections, ``EXISTS { (a)-->(b) }``, ``shortestPath``, labels asked as conditions, the
labels Entity and Benchmark, relationships that may not repeat in a variable-length pattern, ``WITH ... ORDER BY``.
What is not is left as it is, and the engine's error explains it (`kg.store.dialect`).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kg.errors import QueryError
from kg.store.packed import column, macro
from kg.store.plain import literal
from kg.store.schema import ENTITIES, PACKED
from kg.store.tokens import Token, place

_RENAMED = {
    "substring": "kg_substring",
    "log": "ln",
    "labels": "kg_labels",
    "tostring": "kg_string",
    "tostringornull": "kg_string",
    "tointeger": "kg_integer",
    "tointegerornull": "kg_integer",
    "tofloat": "kg_float",
    "tofloatornull": "kg_float",
    "round": "kg_round",
}
_POSITIONS = {"head": "0", "last": "-1"}
_CLAUSES = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL", "UNION"})
_OPERATORS = frozenset(
    {
        "ALL", "AND", "AS", "ASC", "BY", "CASE", "CONTAINS", "DESC", "DISTINCT", "ELSE", "END", "ENDS", "IN", "IS",
        "LIMIT", "MATCH", "NOT", "NULL", "ON", "OR", "ORDER", "RETURN", "SKIP", "STARTS", "THEN", "UNWIND", "WHEN",
        "WHERE", "WITH", "XOR",
    }
)  # fmt: skip
_RESERVED = frozenset(
    {"ACYCLIC", "COLUMN", "DBTYPE", "DEFAULT", "FOR", "GLOB", "GROUP", "INDEX", "MACRO", "PRIMARY", "TABLE", "TRAIL"}
)
"""Words that only the embedded engine reserves; a query uses them as names."""

_ABSENT = {
    "startnode": "name the node in the pattern",
    "endnode": "name the node in the pattern",
    "exists": "write n.x IS NOT NULL or EXISTS { (a)-->(b) }",
    "stdev": "compare min, avg and max",
    "stdevp": "compare min, avg and max",
    "datetime": "years are numbers here",
    "localdatetime": "years are numbers here",
    "localtime": "years are numbers here",
    "time": "years are numbers here",
    "duration": "years are numbers here",
    "point": "nothing here has a place",
    "rand": "order by a property",
}
_NATIVE = frozenset({"SHORTEST", "ALL", "TRAIL", "ACYCLIC", "WSHORTEST", "WALK"})
_OPEN = {"(": ")", "[": "]", "{": "}"}
_ENDLESS = "9223372036854775807"
_LONG = "1000000000"


@dataclass(slots=True)
class _Piece:
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Guess:
    """What cannot be read from the words alone, for the engine binds functions by type; it says where one is wrong."""

    at: str = "kg_at"
    """The macro for positions in lists: this one for lists of text and numbers, "kg_nth" for lists of anything."""

    reverse: str = "list_reverse"
    """The function that reverses: this one lists, "reverse" text."""

    values: Mapping[str, Any] | None = None
    """Values to write in place of the parameters, which the engine cannot copy into a macro or lambda; else None."""

    def other(self, message: str, values: Mapping[str, Any]) -> "Guess | None":
        """Give the next guess after the engine's error ``message``, or None where that is not the trouble."""
        if "parsed_parameter_expression" in message and self.values is None:
            return replace(self, values=values)
        if "LIST_MIN" in message and self.at == "kg_at":
            return replace(self, at="kg_nth")
        if "LIST_REVERSE" in message and self.reverse == "list_reverse":
            return replace(self, reverse="reverse")
        return None


class Translation:
    """A query in the embedded engine's dialect, with the way back from its positions to those of the original."""

    def __init__(self, pieces: Sequence[_Piece], *, inline: bool) -> None:
        self.inline = inline
        self._starts: list[int] = []
        self._sources = [piece.start for piece in pieces]
        length = 0
        for piece in pieces:
            self._starts.append(length)
            length += len(piece.text)
        self.text = "".join(piece.text for piece in pieces)

    def source(self, offset: int) -> int:
        """Give the position in the original of ``offset`` in the translation."""
        if not self._starts:
            return 0
        return self._sources[max(0, bisect_right(self._starts, offset) - 1)]


def translate(text: str, words: Sequence[Token], *, guess: Guess | None = None) -> Translation:
    """Translate the query ``text``, of which ``words`` are the meaningful tokens, with ``guess`` of what has types."""
    guess = guess or Guess()
    return Translation(_Writer(text, words, guess).all(), inline=guess.values is not None)


@dataclass(slots=True)
class _Link:
    """A relationship pattern: where it is, its name and its types (none means any)."""

    place: int
    name: str
    types: frozenset[str]

    def may_be(self, other: "_Link") -> bool:
        """Whether both may match one relationship."""
        return not (self.types and other.types) or bool(self.types & other.types)


class _Writer:
    """Walks the tokens once, writing pieces; brackets are walked recursively."""

    def __init__(self, text: str, words: Sequence[Token], guess: Guess) -> None:
        self.source = text
        self.guess = guess
        self.words = words
        self.pairs = self._match()
        self.out: list[_Piece] = []
        self.began: dict[int, int] = {}
        self.ordered = 0
        self.links: dict[int, str] = {}

    def _match(self) -> dict[int, int]:
        pairs: dict[int, int] = {}
        stack: list[int] = []
        for number, token in enumerate(self.words):
            if token.text in _OPEN:
                stack.append(number)
            elif token.text in _OPEN.values():
                if not stack or _OPEN[self.words[stack[-1]].text] != token.text:
                    raise QueryError(f"{place(self.source, token.start)}: syntax error near {token.text}")
                opened = stack.pop()
                pairs[opened], pairs[number] = number, opened
        if stack:
            opening = self.words[stack[-1]]
            # Where a clause begins inside open brackets, that is where people look for the missing one.
            for token in self.words[stack[-1] + 1 :]:
                if token.word in ("RETURN", "WHERE", "UNWIND") and opening.text != "{":
                    raise QueryError(f"{place(self.source, token.start)}: syntax error near {token.text}")
            raise QueryError(f"{place(self.source, opening.start)}: this {opening.text} is never closed")
        return pairs

    def all(self) -> list[_Piece]:
        self.clauses(0, len(self.words))
        return self.out

    # Helpers to look and to write

    def word(self, i: int) -> str:
        return self.words[i].word if 0 <= i < len(self.words) else ""

    def text(self, i: int) -> str:
        return self.words[i].text if 0 <= i < len(self.words) else ""

    def name(self, i: int) -> str:
        """The name at ``i`` without backticks, empty where there is none."""
        return self.text(i).strip("`") if 0 <= i < len(self.words) and self.words[i].kind in ("word", "quoted") else ""

    def unpack(self, begun: int, name: str, i: int) -> None:
        """Take the list ``name`` out of the text that holds it; it was written from piece ``begun`` to the last."""
        if name in PACKED:
            before, _, after = self.out[-1].text.rpartition(name)
            self.out[-1].text = f"{before}{column(name)}{after}"
            self.out.insert(begun, _Piece(f" {macro(name)}(", self.words[i].start))
            self.write(")", i)

    def write(self, text: str, i: int) -> None:
        self.out.append(_Piece(text, self.words[min(i, len(self.words) - 1)].start))

    def copy(self, i: int) -> None:
        token = self.words[i]
        end = self.words[i - 1].start + len(self.words[i - 1].text) if i else 0
        if i == 0 or token.start > end:
            self.out.append(_Piece(" ", token.start))
        self.began[i] = len(self.out)
        self.out.append(_Piece(token.text, token.start))

    def top(self, i: int, j: int) -> list[int]:
        """The tokens from ``i`` to ``j`` that no bracket among them encloses."""
        found = []
        while i < j:
            found.append(i)
            i = self.pairs[i] + 1 if self.text(i) in _OPEN else i + 1
        return found

    def split(self, i: int, j: int) -> list[tuple[int, int]]:
        """The ranges between the commas from ``i`` to ``j``."""
        commas = [k for k in self.top(i, j) if self.text(k) == ","]
        return list(zip([i, *(k + 1 for k in commas)], [*commas, j], strict=True))

    # Clauses

    def clauses(self, i: int, j: int) -> None:
        """Write the clauses from ``i`` to ``j``, with a LIMIT for each WITH that is ordered and has none."""
        top = self.top(i, j)
        heads = [k for k in top if self.word(k) in _CLAUSES and not self.is_operand(k)]
        for number, head in enumerate(heads):
            end = heads[number + 1] if number + 1 < len(heads) else j
            inside = [k for k in top if head < k < end]
            if number == 0:
                self.expression(i, head)
            limits = [k for k in inside if self.word(k) in ("LIMIT", "SKIP", "OFFSET")]
            order = [k for k in inside if self.word(k) == "ORDER"]
            self.check_lone_count(head, inside, end)
            if self.word(head) in ("MATCH", "OPTIONAL"):
                self.match(head, end, inside)
                continue
            if self.word(head) != "WITH" or not order:
                self.expression(head, end)
                continue
            where = next((k for k in inside if self.word(k) == "WHERE" and k > order[0]), end)
            self.expression(head, where)
            if not limits:
                self.write(f" LIMIT {_ENDLESS}", where - 1)
            self.expression(where, end)
            if self.text(end + 1) != "*":
                # Straight before an aggregate the engine drops the order, and with it the right rows of a LIMIT.
                self.ordered += 1
                self.write(f" UNWIND [1] AS kg_one{self.ordered}", end - 1)
        if not heads:
            self.match(i, j, top)

    def match(self, i: int, j: int, inside: Sequence[int]) -> None:
        """Write a MATCH with the condition that its relationships differ, which Neo4j implies."""
        where = next((k for k in inside if self.word(k) == "WHERE"), j)
        conditions = " AND ".join(f"id({a}) <> id({b})" for a, b in self.confusable(i, where))
        self.expression(i, where)
        if not conditions:
            self.expression(where, j)
        elif where == j:
            self.write(f" WHERE {conditions}", j - 1)
        else:
            self.write(f" WHERE {conditions} AND (", where)
            self.expression(where + 1, j)
            self.write(")", j - 1)

    def confusable(self, i: int, j: int) -> list[tuple[str, str]]:
        """The pairs of relationships in the pattern from ``i`` to ``j`` that could be one; names those without."""
        found = [link for k in self.top(i, j) if (link := self.link(k))]
        pairs = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :] if a.may_be(b)]
        for link in {id(link): link for pair in pairs for link in pair}.values():
            if not link.name:
                link.name = f"kg_link{len(self.links) + 1}"
                self.links[link.place] = link.name
        return [(a.name, b.name) for a, b in pairs if a.name != b.name]

    def link(self, k: int) -> "_Link | None":
        """The relationship of fixed length whose pattern has its bracket, or the first dash of two, at ``k``."""
        if self.text(k) == "-" and self.text(k + 1) == "-" and self.text(k - 1) in (")", "<"):
            return _Link(k, "", frozenset())
        if self.text(k) != "[" or self.text(k - 1) != "-" or self.text(self.pairs[k] + 1) != "-":
            return None
        inside = self.top(k + 1, self.pairs[k])
        if any(self.text(n) == "*" for n in inside):
            return None
        named = bool(inside) and self.words[k + 1].kind in ("word", "quoted")
        types = {
            self.text(n).strip("`") for n in inside[1 if named else 0 :] if self.words[n].kind in ("word", "quoted")
        }
        return _Link(k, self.text(k + 1) if named else "", frozenset(types))

    def absent(self, i: int, what: str, way: str) -> QueryError:
        where = place(self.source, self.words[i].start)
        return QueryError(f"{where}: {what} is not in the embedded engine; {way}, or run with --neo4j")

    def check_lone_count(self, head: int, inside: Sequence[int], end: int) -> None:
        """Refuse ``RETURN COUNT { ... }`` alone, of which the engine loses the rows that count 0."""
        if self.word(head) not in ("RETURN", "WITH") or not inside:
            return
        stop = next((k for k in inside if self.word(k) in ("ORDER", "SKIP", "LIMIT", "WHERE")), end)
        items = self.split(inside[0], stop)
        lone = [a for a, _ in items if self.word(a) == "COUNT" and self.text(a + 1) == "{"]
        if lone and len(lone) == len(items):
            raise self.absent(
                lone[0], f"COUNT {{ }} alone in {self.word(head)}", "add a column such as the id of the node"
            )

    def is_operand(self, k: int) -> bool:
        before = self.word(k - 1)
        if self.word(k) == "WITH" and before in ("STARTS", "ENDS"):
            return True
        if self.word(k) == "MATCH" and before == "OPTIONAL":
            return True
        return self.text(k - 1) in (".", ":", "$") or self.text(k + 1) in (":", ".") or before == "AS"

    # Expressions and patterns

    def expression(self, i: int, j: int) -> None:
        while i < j:
            i = self.one(i, j)

    def one(self, i: int, j: int) -> int:
        """Write what begins at ``i``; give where the next begins."""
        token, following = self.words[i], self.text(i + 1) if i + 1 < j else ""
        if token.kind == "word" and following == "(" and (token.word == "ALL" or token.word not in _OPERATORS):
            return self.call(i)
        if token.word in ("EXISTS", "COUNT") and following == "{":
            return self.subquery(i)
        if token.kind in ("word", "quoted") and following == "{" and self.projection(i):
            return self.pairs[i + 1] + 1
        if token.kind in ("word", "quoted") and following == ":" and self.predicate(i):
            return self.label_test(i, j)
        if token.text == ":" and self.text(i + 1) in ("Entity", "Benchmark", "`Entity`", "`Benchmark`"):
            return self.label(i)
        if token.text == "[":
            return self.bracket(i)
        if token.text == "|" and following == "|":
            self.write(" + ", i)
            return i + 2
        if token.word in _RESERVED:
            self.write(f" `{token.text}`", i)
            self.began[i] = len(self.out) - 1
            return i + 1
        if token.text in _OPEN:
            if token.text == "(" and any(self.word(k) == "WHERE" for k in self.top(i + 1, self.pairs[i])):
                raise self.absent(i, "WHERE inside a pattern", "write it after the pattern")
            self.copy(i)
            self.expression(i + 1, self.pairs[i])
            self.copy(self.pairs[i])
            self.began[self.pairs[i]] = self.began[i]
            return self.pairs[i] + 1
        if i in self.links and token.text == "-":
            self.write(f"-[{self.links[i]}]-", i)
            return i + 2
        if token.text == "." and i + 1 < j and self.name(i + 1) in PACKED and self.is_value(i - 1):
            begun = self.began.get(i - 1, len(self.out) - 1)
            self.copy(i)
            self.copy(i + 1)
            self.unpack(begun, self.name(i + 1), i)
            self.began[i + 1] = begun
            return i + 2
        if token.kind == "parameter" and self.guess.values is not None:
            self.write(" " + literal(self.guess.values[token.text[1:].strip("`")]), i)
            self.began[i] = len(self.out) - 1
            return i + 1
        self.copy(i)
        if token.text == "." and token.kind == "symbol":
            # a.b is one thing that a position may follow
            self.began[i] = self.began.get(i - 1, len(self.out) - 1)
        elif self.text(i - 1) == ".":
            self.began[i] = self.began.get(i - 1, len(self.out) - 1)
        return i + 1

    def call(self, i: int) -> int:
        name, close = self.text(i).lower(), self.pairs[i + 1]
        if name in ("shortestpath", "allshortestpaths"):
            return self.shortest(i, " ALL SHORTEST" if name == "allshortestpaths" else " SHORTEST")
        if name == "reduce":
            return self.reduce(i)
        if name in _ABSENT:
            raise self.absent(i, f"{self.text(i)}()", _ABSENT[name])
        begun = len(self.out)
        if name in _POSITIONS or name == "tail":
            self.write(" kg_slice(" if name == "tail" else f" {self.guess.at}(", i)
            self.expression(i + 2, close)
            self.write(f", 1, {_LONG})" if name == "tail" else f", {_POSITIONS[name]})", close)
            self.began[close] = begun
            return close + 1
        if name == "reverse":
            self.write(f" {self.guess.reverse}", i)
        elif name in _RENAMED:
            new = _RENAMED[name]
            if name in ("round", "substring") and len(self.split(i + 2, close)) > (1 if name == "round" else 2):
                new = "round" if name == "round" else "kg_substring3"
            self.write(f" {new}", i)
        else:
            self.copy(i)
        self.copy(i + 1)
        self.expression(i + 2, close)
        self.copy(close)
        self.began[close] = self.began[i] = begun
        return close + 1

    def shortest(self, i: int, how: str) -> int:
        close = self.pairs[i + 1]
        stars = [k for k in range(i + 2, close) if self.text(k) == "*" and self.text(k - 1) != "("]
        if not stars:
            raise QueryError(
                f"{place(self.source, self.words[i].start)}: {self.text(i)} needs a length, as in "
                "shortestPath((a)-[*..6]-(b))"
            )
        k = i + 2
        while k < close:
            if k == stars[0]:
                self.write(f"*{how}", k)
                k = self.lengths(k + 1)
            elif self.text(k) == "[":
                # Inside a relationship's brackets there is nothing else to rewrite.
                self.copy(k)
                k += 1
            else:
                k = self.one(k, close) if self.text(k) in "({" else self.plain(k)
        return close + 1

    def plain(self, k: int) -> int:
        self.copy(k)
        return k + 1

    def lengths(self, k: int) -> int:
        """Write the bounds that follow the star of a variable-length relationship, from 1 where no lower is given."""
        low = high = ""
        if self.words[k].kind == "number":
            low = high = self.text(k)
            k += 1
        if self.text(k) == "..":
            low, high = low or "1", ""
            k += 1
            if self.words[k].kind == "number":
                high = self.text(k)
                k += 1
        self.write(f" {low or '1'}..{high}", k)
        return k

    def reduce(self, i: int) -> int:
        """``reduce(sum = start, x IN list | step)`` as ``list_reduce([start] + list, (sum, x) -> step)``."""
        close = self.pairs[i + 1]
        parts = self.split(i + 2, close)
        bar = [k for k in self.top(i + 2, close) if self.text(k) == "|"]
        if len(parts) < 2 or not bar or self.text(i + 3) != "=" or self.word(parts[1][0] + 1) != "IN":
            raise QueryError(
                f"{place(self.source, self.words[i].start)}: write reduce(total = 0, x IN list | total + x)"
            )
        begun = len(self.out)
        self.write(" list_reduce([", i)
        self.expression(i + 4, parts[0][1])
        self.write("] + (", i)
        self.expression(parts[1][0] + 2, bar[0])
        self.write(f"), ({self.text(i + 2)}, {self.text(parts[1][0])}) -> (", i)
        self.expression(bar[0] + 1, close)
        self.write("))", close)
        self.began[close] = begun
        return close + 1

    def subquery(self, i: int) -> int:
        """``EXISTS { (a)-->(b) }`` needs a MATCH here."""
        close = self.pairs[i + 1]
        self.copy(i)
        self.copy(i + 1)
        if self.word(i + 2) not in _CLAUSES:
            self.write(" MATCH", i + 2)
        self.clauses(i + 2, close)
        self.copy(close)
        return close + 1

    def projection(self, i: int) -> bool:
        """Write ``n {.name, x: 1}`` as ``{name: n.name, x: 1}``; False where it is something else."""
        opened, close = i + 1, self.pairs[i + 1]
        items = self.split(opened + 1, close)
        if not any(self.text(a) == "." for a, _ in items) or self.text(i - 1) in ("(", ":", "|"):
            return False
        name = self.text(i)
        if len(items) == 1 and self.text(items[0][0] + 1) == "*":
            self.write(f" properties({name})", i)
            self.began[close] = len(self.out) - 1
            return True
        begun = len(self.out)
        self.write(" {", i)
        for number, (a, b) in enumerate(items):
            if number:
                self.write(", ", a)
            if self.text(a) != ".":
                if b - a == 1:
                    self.write(f"{self.text(a)}: ", a)
                self.expression(a, b)
                continue
            if self.text(a + 1) == "*":
                raise self.absent(a, ".* beside other items", "name the properties")
            self.write(f"{self.text(a + 1)}: ", a)
            at = len(self.out)
            self.write(f"{name}.{self.text(a + 1)}", a)
            self.unpack(at, self.name(a + 1), a)
        self.write("}", close)
        self.began[close] = begun
        return True

    def predicate(self, i: int) -> bool:
        before, after = self.word(i - 1), self.word(i + 3)
        if before in ("WHERE", "AND", "OR", "XOR", "NOT", "WHEN"):
            return True
        return self.text(i - 1) == "(" and after in ("AND", "OR", "XOR")

    def label_test(self, i: int, j: int) -> int:
        name, k = self.text(i), i + 1
        labels: list[str] = []
        while k + 1 < j and self.text(k) in (":", "|"):
            if self.text(k) == ":" and labels:
                raise QueryError(
                    f"{place(self.source, self.words[k].start)}: a node has one label in the embedded engine; "
                    "write n.benchmark or labels with |"
                )
            labels.append(self.text(k + 1).strip("`"))
            k += 2
        if labels == ["Benchmark"]:
            self.write(f" coalesce({name}.benchmark, false)", i)
            return k
        wide = [label for name in labels for label in (ENTITIES if name == "Entity" else (name,))]
        quoted = ", ".join("'" + label.replace("\\", "\\\\").replace("'", "\\'") + "'" for label in wide)
        self.write(f" (label({name}) IN [{quoted}])", i)
        return k

    def label(self, i: int) -> int:
        """Write the labels Entity and Benchmark, which only Neo4j has, in a node pattern."""
        if self.text(i + 1).strip("`") == "Entity":
            self.write(":" + "|".join(ENTITIES), i)
            # :Entity:Method is a Method
            if self.text(i + 2) == ":":
                self.out.pop()
            return i + 2
        self.write(":Dataset", i)
        if self.text(i + 2) == "{":
            self.write(" {benchmark: true, ", i)
            self.expression(i + 3, self.pairs[i + 2])
            self.copy(self.pairs[i + 2])
            return self.pairs[i + 2] + 1
        self.write(" {benchmark: true}", i)
        return i + 2

    # Square brackets: a relationship, a list, a comprehension, a position or a slice

    def bracket(self, i: int) -> int:
        close = self.pairs[i]
        before, after = self.text(i - 1), self.text(close + 1)
        if before in ("-", "<-") and after in ("-", "->"):
            return self.relationship(i)
        if self.is_value(i - 1):
            return self.position(i)
        if self.words[i + 1].kind in ("word", "quoted") and self.word(i + 2) == "IN":
            return self.comprehension(i)
        bar = any(self.text(k) == "|" for k in self.top(i + 1, close))
        if bar and (self.text(i + 1) == "(" or self.text(i + 2) == "="):
            raise self.absent(i, "a pattern comprehension", "MATCH the pattern and collect(...)")
        self.copy(i)
        self.expression(i + 1, close)
        self.copy(close)
        self.began[close] = self.began[i]
        return close + 1

    def relationship(self, i: int) -> int:
        close, k = self.pairs[i], i
        while k <= close:
            if self.text(k) == "*" and self.word(k + 1) in _NATIVE:
                k = self.plain(self.plain(k))
            elif self.text(k) == "*":
                # Neo4j follows no relationship twice in one pattern; the embedded engine has to be told.
                self.write("* TRAIL", k)
                k = self.lengths(k + 1)
            elif self.text(k) == "{":
                self.expression(k, self.pairs[k] + 1)
                k = self.pairs[k] + 1
            else:
                if self.word(k) == "WHERE":
                    raise self.absent(k, "WHERE inside a pattern", "write it after the pattern")
                k = self.plain(k)
                if k == i + 1 and i in self.links:
                    self.write(self.links[i], i)
        return close + 1

    def is_value(self, k: int) -> bool:
        if k < 0:
            return False
        token = self.words[k]
        if token.kind in ("quoted", "parameter"):
            return True
        return token.text in (")", "]", "}") or (token.kind == "word" and token.word not in _OPERATORS)

    def position(self, i: int) -> int:
        close = self.pairs[i]
        begun = self.began.get(i - 1, len(self.out) - 1)
        dots = [k for k in self.top(i + 1, close) if self.text(k) == ".."]
        at = self.words[i].start
        if not dots and close == i + 2 and self.words[i + 1].kind == "string":
            name = self.text(i + 1)[1:-1].replace("`", "``")
            self.write(f".`{name}`", i)
            self.unpack(begun, name, i)
        elif dots:
            self.out.insert(begun, _Piece(" kg_slice(", at))
            self.write(", ", i)
            self.bound(i + 1, dots[0], "0")
            self.write(", ", i)
            self.bound(dots[0] + 1, close, _LONG)
            self.write(")", close)
        else:
            self.out.insert(begun, _Piece(f" {self.guess.at}(", at))
            self.write(", ", i)
            self.expression(i + 1, close)
            self.write(")", close)
        self.began[close] = begun
        return close + 1

    def bound(self, i: int, j: int, default: str) -> None:
        if i == j:
            self.write(default, i)
        else:
            self.expression(i, j)

    def comprehension(self, i: int) -> int:
        """``[x IN list WHERE test | value]`` as ``list_transform(list_filter(list, x -> test), x -> value)``."""
        close, name = self.pairs[i], self.text(i + 1)
        top = self.top(i + 3, close)
        where = next((k for k in top if self.word(k) == "WHERE"), None)
        bar = next(
            (k for k in top if self.text(k) == "|" and self.text(k + 1) != "|" and self.text(k - 1) != "|"), None
        )
        begun = len(self.out)
        source_end = where if where is not None else bar if bar is not None else close
        self.write(
            " " + ("list_transform(" if bar is not None else "") + ("list_filter(" if where is not None else ""), i
        )
        self.expression(i + 3, source_end)
        if where is not None:
            self.write(f", {name} -> (", where)
            self.expression(where + 1, bar if bar is not None else close)
            self.write("))", where)
        if bar is not None:
            self.write(f", {name} -> (", bar)
            self.expression(bar + 1, close)
            self.write("))", bar)
        self.began[close] = begun
        return close + 1
