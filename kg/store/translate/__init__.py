"""Rewrite Neo4j's Cypher into the embedded engine's where the two say the same thing differently.

What is rewritten, token by token: functions that count from 0 or go by another name, list positions and slices, list
comprehensions, ``reduce``, map projections, ``EXISTS { (a)-->(b) }``, ``shortestPath``, labels asked as conditions, the
labels Entity and Benchmark, relationships that may not repeat in a variable-length pattern, ``WITH ... ORDER BY``.
What is not is left as it is, and the engine's error explains it (`kg.store.dialect`).
"""

from bisect import bisect_right
from collections.abc import Sequence

from kg.store.tokens import Token
from kg.store.translate.clauses import clauses
from kg.store.translate.expressions import one
from kg.store.translate.words import Grammar, Guess, Piece, Writer

__all__ = ["Guess", "Translation", "translate"]


class Translation:
    """A query in the embedded engine's dialect, with the way back from its positions to those of the original."""

    def __init__(self, pieces: Sequence[Piece], *, inline: bool) -> None:
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
    writer = Writer(text, words, guess or Guess(), Grammar(one, clauses))
    writer.clauses(0, len(words))
    return Translation(writer.out, inline=writer.guess.values is not None)
