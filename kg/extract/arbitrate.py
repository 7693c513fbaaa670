"""Decide between the spans that vocabulary, abbreviations, shapes and tagger propose: the one place that does.

The vocabulary gives identity, the tagger boundary and kind in context. With a tagger, a span stands where the tagger
sees it or all but sees it; without, the surest and longest span wins. The tagger's score of a span that it did not
choose itself is asked for through ``support``.
"""

from collections.abc import Callable, Iterable

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.candidates import Candidate, register

Support = Callable[[Candidate], float]
"""The tagger's probability that a span of this kind stands exactly there."""

FLOOR = 0.5
"""Least score of a span in a pipeline without tagger."""


def arbitrate(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Choose spans without a tagger: longest of the sure ones first; "CIFAR-10/100" may hold "CIFAR-10"."""
    chosen: list[Candidate] = []
    taken: list[tuple[int, int]] = []
    ranked = sorted(
        (c for c in candidates if c.score >= FLOOR),
        key=lambda c: (-(c.end - c.start), c.entry is None, -c.score, c.start, c.kind, c.rule),
    )
    for c in ranked:
        if any(c.start < b and a < c.end and not _slashed(c, a, b) for a, b in taken):
            continue
        if (c.start, c.end) in taken:
            continue
        taken.append((c.start, c.end))
        chosen.append(c)
    return sorted(chosen, key=lambda c: (c.start, c.end))


def _slashed(c: Candidate, start: int, end: int) -> bool:
    """Tell whether ``c`` is the first name in a list such as "CIFAR-10/100" that spans ``start`` to ``end``."""
    return c.entry is not None and c.start == start and c.end < end


@Language.component("kg_arbitrate")
def choose(doc: Doc) -> Doc:
    """Keep, of the candidates of ``doc``, those that stand."""
    doc._.candidates = tuple(c for c in arbitrate(doc._.candidates) if not c.start < doc._.title_end < c.end)
    return doc


register()
