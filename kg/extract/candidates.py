"""Spans that a component of the pipeline proposes, before one place decides between them.

Offsets count in the text of the document, which is the title, a line break, and the abstract.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from spacy.tokens import Doc

from kg.model import Kind
from kg.vocabulary import Entry

Rule = Literal["vocabulary", "abbreviation", "shape", "tagger"]

WORD = re.compile(r"[^\W_]+")
"""A word as boundaries see it: a run of letters and digits."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed span ``[start, end)``; ``entry`` is what the vocabulary knows of it; ``score`` lies in 0..1."""

    start: int
    end: int
    kind: Kind
    score: float
    rule: Rule
    entry: Entry | None = None


def register() -> None:
    """Declare the document attributes that the components share; ``title_end`` is -1 where there is no title."""
    if not Doc.has_extension("candidates"):
        Doc.set_extension("title_end", default=-1)
        Doc.set_extension("candidates", default=())
        Doc.set_extension("definitions", default=())
        Doc.set_extension("tagged", default=None)


def words(text: str) -> Iterator[re.Match[str]]:
    """Iterate over the words of a text."""
    return WORD.finditer(text)


def occurrences(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Give each place where ``form`` stands in ``text`` between word boundaries, a plural "s" behind it included.

    >>> list(occurrences("GANs and a GAN-based CycleGAN", "GAN"))
    [(0, 4), (11, 14)]
    """
    # Not a regular expression: there would be one to compile for every name of every paper.
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        plural = end + 1 if text[end : end + 1] == "s" else end
        behind = next((e for e in (plural, end) if not text[e : e + 1].isalnum()), None)
        if behind is not None and behind > start and not text[max(0, start - 1) : start].isalnum():
            yield start, behind
            start = text.find(form, behind)
        else:
            start = text.find(form, start + 1)
