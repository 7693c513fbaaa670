"""Decide between the spans that vocabulary, abbreviations, shapes and tagger propose: the one place that does.

The vocabulary gives identity, the tagger boundary and kind in context. With a tagger, its spans stand; a name that
another component proposes stands beside them where the tagger all but sees it too; and a form that stands in one place
of a paper stands in every place where the tagger does not deny it. Without a tagger, the surest and longest span wins.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.candidates import Candidate, occurrences, register
from kg.model import Kind

Support = Callable[[int, int, str], float]
"""The tagger's probability that ``[start, end)`` is inside a span of a kind (Method, Dataset or Task)."""

FLOOR = 0.5
"""Least score of a span in a pipeline without tagger."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least support of a span by who proposes it, chosen on annotated papers."""

    tagger: float = 0.4
    vocabulary: float = 0.3
    context: float = 0.4
    shape: float = 0.3
    repeated: float = 0.15


def arbitrate_tagged(
    text: str, candidates: Iterable[Candidate], support: Support, *, thresholds: Thresholds | None = None
) -> list[Candidate]:
    """Choose spans with a tagger's support; see the module's docstring."""
    least = thresholds or Thresholds()
    ranked = sorted(candidates, key=lambda c: (c.rule != "tagger", -(c.end - c.start), c.start, c.kind, c.rule))
    chosen: list[Candidate] = []
    for c in ranked:
        seen = c.score if c.rule == "tagger" else round(support(c.start, c.end, c.kind.label), 4)
        floor = {"tagger": least.tagger, "vocabulary": least.vocabulary}.get(c.rule, least.shape)
        if c.entry is not None and "context" in c.entry.flags:
            floor = least.context
        if seen >= floor and not _overlaps(c, chosen):
            chosen.append(replace(c, score=seen))
    forms: dict[str, dict[Kind, float]] = defaultdict(lambda: defaultdict(float))
    for c in chosen:
        forms[text[c.start : c.end]][c.kind] += c.score
    for form in sorted(forms, key=lambda f: (-len(f), f)):
        kind = max(forms[form], key=lambda k: (forms[form][k], k))
        for start, end in occurrences(text, form):
            again = Candidate(start, end, kind, round(support(start, end, kind.label), 4), "tagger")
            if again.score >= least.repeated and not _overlaps(again, chosen):
                chosen.append(again)
    return sorted(chosen, key=lambda c: (c.start, c.end))


def _overlaps(c: Candidate, chosen: Iterable[Candidate]) -> bool:
    return any(c.start < o.end and o.start < c.end for o in chosen)


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
    split = doc._.title_end
    apart = [c for c in doc._.candidates if not c.start <= split < c.end]
    if doc._.tagged is None:
        doc._.candidates = tuple(arbitrate(apart))
    else:
        doc._.candidates = tuple(arbitrate_tagged(doc.text, apart, doc._.tagged.support))
    return doc


register()
