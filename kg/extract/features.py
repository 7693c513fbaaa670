"""The numbers about entities and pairs that the tagger's small heads take besides word vectors.

Shared by training (torch) and use (numpy), so that both see the same. Positions are word indices of `Pieces.words`.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.candidates import Candidate
from kg.extract.pieces import Pieces, Word
from kg.model import LINK_RELATIONS, Relation, Role

LABELS = ("O", "B-Method", "I-Method", "B-Dataset", "I-Dataset", "B-Task", "I-Task")
KINDS = ("Method", "Dataset", "Task")
ROLES = tuple(Role)
RELATIONS: tuple[Relation, ...] = tuple(sorted(LINK_RELATIONS))
VALUES = ("none", "absolute", "gain")

HINTS = 13
"""What the vocabulary says of a word: nothing, or begin or inside of each kind, sure or in need of context."""

ENTITY_FEATURES = 12
PAIR_FEATURES = 12

Words = tuple[int, int]
"""A span of words: first, behind last."""


def hints(pieces: Pieces, candidates: Sequence[Candidate], split: int) -> list[int]:
    """Give the vocabulary's hint for each word. ``split``: where the abstract begins in the document's text."""
    found = [0] * len(pieces.words)
    for candidate in candidates:
        span = word_span(pieces, candidate.start, candidate.end, split)
        if span is None or candidate.rule != "vocabulary":
            continue
        base = 1 + 2 * KINDS.index(candidate.kind.label) + 6 * (candidate.score < 0.5)
        for i in range(*span):
            found[i] = base + (i > span[0])
    return found


def word_span(pieces: Pieces, start: int, end: int, split: int) -> Words | None:
    """Give the words that lie in ``[start, end)`` of the document's text; None where there is none."""

    def offset(word: Word) -> int:
        return 0 if word.field == "title" else split

    first = bisect_left(pieces.words, start, key=lambda word: word.start + offset(word))
    behind = bisect_right(pieces.words, end, key=lambda word: word.end + offset(word))
    return (first, behind) if first < behind else None


def entity_features(kind: str, spans: Sequence[Words], pieces: Pieces) -> NDArray[np.float32]:
    """Describe an entity: its kind, how often and where it stands, its case shape. Shape `ENTITY_FEATURES`."""
    count = len(pieces.words) or 1
    first = min(span[0] for span in spans)
    titles = sum(pieces.words[span[0]].field == "title" for span in spans)
    made = any(pieces.shapes[pieces.firsts[i]] % 10 in (4, 5, 8) for span in spans for i in range(*span))
    begins = first == 0
    colon = begins and any(
        s[1] < len(pieces.words) and pieces.words[s[1]].end - pieces.words[s[1]].start == 1 and s[0] == 0 for s in spans
    )
    return np.array(
        [
            *(kind == k for k in KINDS),
            math.log1p(len(spans)),
            titles > 0,
            titles == len(spans),
            first / count,
            max(span[1] for span in spans) / count,
            made,
            begins,
            colon,
            min(5, max(b - a for a, b in spans)) / 5,
        ],
        dtype=np.float32,
    )


def pair_features(a: Sequence[Words], b: Sequence[Words]) -> NDArray[np.float32]:
    """Describe where two entities stand to each other. Shape `PAIR_FEATURES`."""
    gaps = [(max(y[0] - x[1], x[0] - y[1], 0), x[0] < y[0]) for x in a for y in b]
    gap, before = min(gaps, key=lambda g: g[0])
    buckets = [gap <= limit for limit in (0, 1, 3, 6, 12, 25, 50, 100)]
    return np.array(
        [*buckets, before, min(x[0] for x in a) < min(y[0] for y in b), math.log1p(gap) / 5, len(gaps) > 2],
        dtype=np.float32,
    )
