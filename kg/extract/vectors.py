"""Vectors of papers and of names by the tagger's encoder: the mean over a paper's words, or over those of mentions.

The vectors are centred on their own mean, since those of an encoder all point one way and differ in what is left (Mu
and Viswanath 2018, arXiv:1702.01417). They compare what was encoded together and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kg.extract.extract import load
from kg.extract.features import word_span
from kg.extract.tagger import Array, Tagged
from kg.model import Mention, Paper

if TYPE_CHECKING:
    from spacy.tokens import Doc


def encode(wanted: Iterable[tuple[Paper, Mapping[str, Sequence[Mention]]]]) -> dict[str, tuple[float, ...]]:
    """Give a vector of unit length for each key: of its mentions in all papers, or of whole papers where it has none.

    A key that the encoder does not reach, for its mentions are too far back, has no vector.
    Raises ModelError where the weights are missing or damaged.
    """
    language = load("model")

    def documents() -> Iterator[tuple["Doc", Mapping[str, Sequence[Mention]]]]:
        for paper, keys in wanted:
            doc = language.make_doc(f"{paper.title}\n{paper.abstract}")
            doc._.title_end = len(paper.title)
            yield doc, keys

    found: dict[str, list[Array]] = defaultdict(list)
    for doc, keys in language.pipe(documents(), as_tuples=True, batch_size=16):
        if doc._.tagged is not None:
            for key, mentions in keys.items():
                found[key].extend(_rows(doc._.tagged, mentions) if mentions else [doc._.tagged.words])
    means = {key: np.concatenate(found[key]).mean(0, dtype=np.float64) for key in sorted(found) if found[key]}
    if not means:
        return {}
    centre = np.stack(list(means.values())).mean(0)
    vectors = {}
    for key, mean in means.items():
        length = float(np.linalg.norm(mean - centre))
        vectors[key] = tuple(round(float(x), 6) for x in (mean - centre) / (length or 1.0))
    return vectors


def _rows(tagged: Tagged, mentions: Sequence[Mention]) -> Iterator[Array]:
    for mention in mentions:
        shift = 0 if mention.field == "title" else tagged.split
        if mention.end + shift <= tagged.reach:
            span = word_span(tagged.pieces, mention.start + shift, mention.end + shift, tagged.split)
            if span is not None:
                yield tagged.words[span[0] : span[1]]
