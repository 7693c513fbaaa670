"""The tokens of a query to look at and the pieces of its translation to write, for the grammar that walks them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kg.errors import QueryError
from kg.store.packed import column, macro
from kg.store.schema import PACKED
from kg.store.tokens import Token, place

CLAUSES = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL", "UNION"})
OPERATORS = frozenset(
    {
        "ALL", "AND", "AS", "ASC", "BY", "CASE", "CONTAINS", "DESC", "DISTINCT", "ELSE", "END", "ENDS", "IN", "IS",
        "LIMIT", "MATCH", "NOT", "NULL", "ON", "OR", "ORDER", "RETURN", "SKIP", "STARTS", "THEN", "UNWIND", "WHEN",
        "WHERE", "WITH", "XOR",
    }
)  # fmt: skip
OPEN = {"(": ")", "[": "]", "{": "}"}
LONG = "1000000000"


@dataclass(slots=True)
class Piece:
    """A part of the translation, and where in the original it comes from."""

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


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a `Writer` calls for parts of a query; the modules that know them import it, and not it them."""

    one: "Callable[[Writer, int, int], int]"
    clauses: "Callable[[Writer, int, int], None]"


class Writer:
    """Walks the tokens once, writing pieces; brackets are walked recursively."""

    def __init__(self, text: str, words: Sequence[Token], guess: Guess, grammar: "Grammar") -> None:
        self.source = text
        self.guess = guess
        self.grammar = grammar
        self.words = words
        self.pairs = self._match()
        self.out: list[Piece] = []
        self.began: dict[int, int] = {}
        self.ordered = 0
        self.links: dict[int, str] = {}

    def _match(self) -> dict[int, int]:
        pairs: dict[int, int] = {}
        stack: list[int] = []
        for number, token in enumerate(self.words):
            if token.text in OPEN:
                stack.append(number)
            elif token.text in OPEN.values():
                if not stack or OPEN[self.words[stack[-1]].text] != token.text:
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

    def word(self, i: int) -> str:
        return self.words[i].word if 0 <= i < len(self.words) else ""

    def text(self, i: int) -> str:
        return self.words[i].text if 0 <= i < len(self.words) else ""

    def name(self, i: int) -> str:
        """The name at ``i`` without backticks, empty where there is none."""
        return self.text(i).strip("`") if 0 <= i < len(self.words) and self.words[i].kind in ("word", "quoted") else ""

    def top(self, i: int, j: int) -> list[int]:
        """The tokens from ``i`` to ``j`` that no bracket among them encloses."""
        found = []
        while i < j:
            found.append(i)
            i = self.pairs[i] + 1 if self.text(i) in OPEN else i + 1
        return found

    def split(self, i: int, j: int) -> list[tuple[int, int]]:
        """The ranges between the commas from ``i`` to ``j``."""
        commas = [k for k in self.top(i, j) if self.text(k) == ","]
        return list(zip([i, *(k + 1 for k in commas)], [*commas, j], strict=True))

    def write(self, text: str, i: int) -> None:
        self.out.append(Piece(text, self.words[min(i, len(self.words) - 1)].start))

    def copy(self, i: int) -> None:
        token = self.words[i]
        end = self.words[i - 1].start + len(self.words[i - 1].text) if i else 0
        if i == 0 or token.start > end:
            self.out.append(Piece(" ", token.start))
        self.began[i] = len(self.out)
        self.out.append(Piece(token.text, token.start))

    def plain(self, k: int) -> int:
        self.copy(k)
        return k + 1

    def unpack(self, begun: int, name: str, i: int) -> None:
        """Take the list ``name`` out of the text that holds it; it was written from piece ``begun`` to the last."""
        if name in PACKED:
            before, _, after = self.out[-1].text.rpartition(name)
            self.out[-1].text = f"{before}{column(name)}{after}"
            self.out.insert(begun, Piece(f" {macro(name)}(", self.words[i].start))
            self.write(")", i)

    def absent(self, i: int, what: str, way: str) -> QueryError:
        where = place(self.source, self.words[i].start)
        return QueryError(f"{where}: {what} is not in the embedded engine; {way}, or run with --neo4j")

    def expression(self, i: int, j: int) -> None:
        """Write the expression or pattern from ``i`` to ``j``."""
        while i < j:
            i = self.one(i, j)

    def one(self, i: int, j: int) -> int:
        """Write what begins at ``i``, of what ends at ``j``; give where the next begins."""
        return self.grammar.one(self, i, j)

    def clauses(self, i: int, j: int) -> None:
        """Write the clauses from ``i`` to ``j``."""
        self.grammar.clauses(self, i, j)
