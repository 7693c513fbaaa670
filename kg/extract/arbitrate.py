"""Decide between the spans that vocabulary, abbreviations, shapes and tagger propose: the one place that does.

The vocabulary gives identity, the tagger boundary and kind in context. With a tagger, its spans stand; a name that
another component proposes stands beside them where the tagger all but sees it too; and a form that stands in one place
of a paper stands in every place where the tagger does not deny it. Without a tagger, the surest and longest span wins.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.abbreviations import Abbreviation
from kg.extract.candidates import Candidate, occurrences, register
from kg.extract.shapes import coined
from kg.extract.tokens import text_of
from kg.model import Kind
from kg.vocabulary import fold, load

Support = Callable[[int, int, str], float | None]
"""The tagger's probability that ``[start, end)`` is inside a span of a kind (Method, Dataset or Task); None where it
did not read."""

_NOTHING = frozenset(
    fold(name)
    for name in (
        *("deep learning", "DL", "machine learning", "ML", "artificial intelligence", "AI", "generative AI", "AGI"),
        *("natural language processing", "NLP", "computer vision", "robotics", "data science", "data mining"),
        *("neural network", "signal processing", "human-computer interaction", "bioinformatics", "Internet of Things"),
        *("OpenAI", "DeepMind", "Google DeepMind", "Google", "Microsoft", "NVIDIA", "Meta AI", "Facebook", "Anthropic"),
        *("Hugging Face", "OpenRouter", "Amazon", "Apple", "IBM", "Alibaba", "Tencent", "Baidu", "ByteDance", "Huawei"),
        *("GPU", "CPU", "TPU", "FPGA", "CUDA", "Python", "graphics processing unit", "graphical processing unit"),
    )
)
"""Fields of study, organisations and hardware, which are no method, dataset or task; never annotated as such."""

_SIZE = re.compile(r"\d[\d.]*\s?[KMBT](?:\s?[-–]\s?\d[\d.]*\s?[KMBT])?")
"""The size of a model without the model: "86M", "2B-38B"."""

FLOOR = 0.5
"""Least score of a span in a pipeline without tagger."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least support of a span by who proposes it, chosen on annotated papers.

    ``known``, ``made`` and ``plain`` are for the tagger's spans: names that the vocabulary knows, words that look
    coined, and ordinary words; they are asked of the surest mention of a name, and ``again`` of each other one.
    """

    known: float = 0.65
    made: float = 0.92
    plain: float = 0.85
    again: float = 0.45
    vocabulary: float = 0.9
    context: float = 0.95
    shape: float = 0.8
    repeated: float = 0.03


def arbitrate_tagged(
    text: str,
    candidates: Iterable[Candidate],
    support: Support,
    *,
    definitions: Iterable[Abbreviation] = (),
    thresholds: Thresholds | None = None,
) -> list[Candidate]:
    """Choose spans with a tagger's support; see the module's docstring."""
    least = thresholds or Thresholds()
    longs = {_name(text[slice(*d.short)]): _name(text[slice(*d.long)]) for d in definitions}

    def name(c: Candidate) -> str:
        key = _name(text[c.start : c.end])
        return longs.get(key, key)

    named = (c for c in candidates if name(c) not in _NOTHING and not _SIZE.fullmatch(text[c.start : c.end]))
    ranked = sorted(
        (_known_kind(c, text[c.start : c.end]) for c in named),
        key=lambda c: (c.rule != "tagger", -(c.end - c.start), c.start, c.kind, c.rule),
    )
    surest: dict[str, float] = defaultdict(float)
    for c in ranked:
        if c.rule == "tagger":
            surest[name(c)] = max(surest[name(c)], c.score)
    chosen: list[Candidate] = []
    for c in ranked:
        if c.rule == "tagger":
            stands = c.score >= least.again and surest[name(c)] >= _floor(text[c.start : c.end], c.kind, least)
        else:
            seen = support(c.start, c.end, c.kind.label)
            floor = least.vocabulary if c.rule == "vocabulary" else least.shape
            floor = least.context if c.entry is not None and "context" in c.entry.flags else floor
            stands = c.score >= FLOOR if seen is None else seen >= floor
            c = replace(c, score=c.score if seen is None else round(seen, 4))  # noqa: PLW2901 - scored anew
        if stands and not _overlaps(c, chosen):
            chosen.append(c)
    forms: dict[str, dict[Kind, float]] = defaultdict(lambda: defaultdict(float))
    for c in chosen:
        forms[text[c.start : c.end]][c.kind] += c.score
    for form in sorted(forms, key=lambda f: (-len(f), f)):
        kind = max(forms[form], key=lambda k: (forms[form][k], k))
        for start, end in occurrences(text, form):
            seen = support(start, end, kind.label)
            again = Candidate(start, end, kind, FLOOR if seen is None else round(seen, 4), "tagger")
            if again.score >= least.repeated and not _overlaps(again, chosen):
                chosen.append(again)
    return sorted(chosen, key=lambda c: (c.start, c.end))


def _known_kind(c: Candidate, form: str) -> Candidate:
    """Correct the kind of a tagger's span that the vocabulary knows as a dataset only: COCO is never a method."""
    if c.rule != "tagger" or c.kind.label == "Dataset":
        return c
    entries = load().lookup(form)
    if entries and all(e.kind.label == "Dataset" and not e.flags & {"ambiguous", "context"} for e in entries):
        return replace(c, kind=entries[0].kind)
    return c


def _name(form: str) -> str:
    return fold(form) or form


def _floor(form: str, kind: Kind, least: Thresholds) -> float:
    if load().canonical(form, kind.label) is not None:
        return least.known
    return least.made if any(coined(word) for word in form.split()) else least.plain


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
        doc._.candidates = tuple(
            arbitrate_tagged(text_of(doc), apart, doc._.tagged.support, definitions=doc._.definitions)
        )
    return doc


register()
