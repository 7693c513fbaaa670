"""Run the spaCy pipeline over papers: `Paper` in, `Reading` out.

A document is the title, a line break, and the abstract; mentions are given back as spans of the two fields.
Nothing here knows canonical names beyond the vocabulary's entries; ``kg.resolve`` does.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

from kg.model import Field, Judge, Mention, Paper, Reading

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from kg.extract.tagger import Tagging

Tagger = Literal["model", "rules"]

_IMPORTING = Lock()


@lru_cache(maxsize=2)
def load(tagger: Tagger = "model") -> "Language":
    """Load the pipeline; ``rules`` is the one without a model.

    Raises ModelError where the weights are missing or damaged.
    """
    _import_spacy()
    import kg.extract.arbitrate
    import kg.extract.match
    import kg.extract.shapes
    from kg.extract.tokens import make_language

    language = make_language()
    for component in ("kg_vocabulary", "kg_abbreviations", "kg_shapes"):
        language.add_pipe(component)
    if tagger == "model":
        import kg.extract.tagger

        kg.extract.tagger.load_weights()
        language.add_pipe("kg_tagger")
    language.add_pipe("kg_arbitrate")
    return language


def _import_spacy() -> None:
    """Import spaCy without its command line, which nothing here calls; who asks spaCy for it, gets it then.

    It brings clients for the web and more: a third of the time that the import takes. spaCy imports it for a function
    of its own, ``spacy.info``, and has by that ``spacy.cli`` and ``spacy.displacy``.
    """
    with _IMPORTING:
        if "spacy" in sys.modules:
            return

        def info(*args: Any, **named: Any) -> Any:
            from spacy.cli.info import info as real

            return real(*args, **named)

        def attribute(name: str) -> Any:
            if name in ("cli", "displacy"):
                return import_module(f"spacy.{name}")
            raise AttributeError(f"module 'spacy' has no attribute {name!r}")

        name = "spacy.cli.info"
        sys.modules[name] = stand_in = ModuleType(name)
        stand_in.info = info  # type: ignore[attr-defined]
        try:
            import spacy

            spacy.__getattr__ = attribute  # type: ignore[method-assign]
        finally:
            del sys.modules[name]


@contextmanager
def ready(tagger: Tagger = "model") -> Iterator[None]:
    """Have all that extraction needs for as long as papers are extracted and linked; raises as `load`."""
    load(tagger)
    if tagger == "rules":
        yield
        return
    from kg.extract.tagger import one_thread

    with one_thread():
        yield


def extract(papers: Iterable[Paper], *, tagger: Tagger = "model", ahead: bool = False) -> Iterator[Reading]:
    """Read papers one by one, in order; with ``ahead``, the network is in one while another is made ready."""
    language = load(tagger)
    if tagger == "model":
        cast("Tagging", language.get_pipe("kg_tagger")).ahead = ahead

    def documents() -> Iterator[tuple["Doc", Paper]]:
        for paper in papers:
            doc = language.make_doc(f"{paper.title}\n{paper.abstract}")
            doc._.title_end = len(paper.title)
            yield doc, paper

    for doc, paper in language.pipe(documents(), as_tuples=True, batch_size=64):
        yield reading(doc, paper)


def reading(doc: "Doc", paper: Paper) -> Reading:
    """Turn a processed document into the paper's reading."""
    split = len(paper.title) + 1

    def place(start: int, end: int) -> tuple[Field, int, int]:
        return ("title", start, end) if start < split else ("abstract", start - split, end - split)

    from kg.extract.tokens import sentences, text_of

    text = text_of(doc)
    chosen = doc._.candidates
    mentions = []
    for c in chosen:
        field, start, end = place(c.start, c.end)
        mentions.append(Mention(paper.id, field, start, end, text[c.start : c.end], c.kind, round(c.score, 4), c.rule))
    return Reading(
        paper=paper,
        mentions=tuple(mentions),
        sentences=tuple(place(a, b) for a, b in sentences(text)),
        definitions=tuple((text[slice(*d.short)], text[slice(*d.long)]) for d in doc._.definitions),
        judge=_judge(doc),
    )


def _judge(doc: "Doc") -> Judge | None:
    """The learned judge of the chosen mentions; None in a pipeline without tagger."""
    tagged = doc._.tagged
    if tagged is None:
        return None
    from kg.extract.features import word_span
    from kg.extract.tagger import LearnedJudge, load_weights

    places = [(c.kind.label, word_span(tagged.pieces, c.start, c.end, tagged.split)) for c in doc._.candidates]
    return LearnedJudge(tagged, load_weights().heads, places)
