"""Find the vocabulary's names in running text, in any spelling that `kg.vocabulary.fold` folds together.

A window of words slides over the text, longest first; a prefix table skips nearly all windows without folding them.
Entries too generic to assert alone (flag ``context``) are proposed with a low score.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.candidates import Candidate, words
from kg.vocabulary import Entry, Vocabulary, load

LONGEST = 9
"""Words in a window."""
PREFIX = 3
CONTEXT_SCORE = 0.3

_BARE = re.compile(r"[\W_]+")
_SLASHED = re.compile(r"([A-Za-z][\w-]*?-?)(\d+)((?:\s?/\s?\d+)+)")


def match_vocabulary(text: str, vocabulary: Vocabulary) -> Iterator[Candidate]:
    """Give the names in ``text``, left to right, not overlapping (but for "CIFAR-10/100", which names two)."""
    lengths = _lengths(vocabulary)
    found = list(words(text))
    bare = [_BARE.sub("", w.group()).casefold() for w in found]
    i = 0
    while i < len(found):
        prefix = "".join(bare[i : i + PREFIX])[:PREFIX]
        limit = lengths.get(prefix, 0)
        best = 0
        size = 0
        ends = []
        for j in range(i, min(i + LONGEST, len(found))):
            size += len(bare[j])
            if size > limit + 3 or "\n" in text[found[i].start() : found[j].start()]:
                break
            ends.append(j)
        for j in reversed(ends):
            start, end = found[i].start(), found[j].end()
            entry = _entry(text[start:end], vocabulary)
            if entry is not None:
                yield _candidate(start, end, entry)
                yield from _slashed(text, start, end, vocabulary)
                best = j - i + 1
                break
        i += max(1, best)


def _candidate(start: int, end: int, entry: Entry) -> Candidate:
    score = CONTEXT_SCORE if "context" in entry.flags else 0.9
    return Candidate(start, end, entry.kind, score, "vocabulary", entry)


def _slashed(text: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Candidate]:
    """Read "CIFAR-10/100" on: each further number names a sibling whose surface is the whole."""
    match = _SLASHED.match(text, start)
    if match is None or match.end(2) != end:
        return
    for number in re.finditer(r"\d+", match.group(3)):
        entry = _entry(match.group(1) + number.group(), vocabulary)
        if entry is not None:
            yield _candidate(start, match.start(3) + number.end(), entry)


@lru_cache(maxsize=1 << 16)
def _entry(surface: str, vocabulary: Vocabulary) -> Entry | None:
    if ("(" in surface) or (")" in surface) or re.search(r"[.;:,!?]\s", surface):
        return None
    entry = next((e for e in vocabulary.lookup(surface) if not _weakly(surface, e)), None)
    if entry is None or (" " in surface and not _spaced(surface, entry)):
        return None
    return entry


def _weakly(surface: str, entry: Entry) -> bool:
    """Tell whether ``surface`` names the entry by a weak alias only, which is no evidence by itself."""
    key = _BARE.sub("", surface).casefold()
    strong = {_BARE.sub("", form).casefold() for form in (entry.name, *entry.aliases)}
    return (
        bool(entry.weak)
        and any(_BARE.sub("", w).casefold() in (key, key + "s", key[:-1]) for w in entry.weak)
        and (key not in strong)
    )


def _spaced(surface: str, entry: Entry) -> bool:
    """Accept a space only where the name has a separator or a digit begins: "Res Net" is not ResNet, "CIFAR 10" is."""
    forms = [form for form in (entry.name, *entry.aliases, *entry.weak) if re.search(r"[\s\-_/]", form)]
    return bool(forms) or all(part[0].isdigit() for part in surface.split()[1:])


@lru_cache(maxsize=4)
def _lengths(vocabulary: Vocabulary) -> dict[str, int]:
    """The longest bare form by its first letters."""
    longest: dict[str, int] = {}
    for form, _, _ in vocabulary.forms():
        key = _BARE.sub("", form).casefold()
        longest[key[:PREFIX]] = max(longest.get(key[:PREFIX], 0), len(key))
        if len(key) <= PREFIX:
            # A plural may lengthen the prefix of a short form.
            longest[(key + "s")[:PREFIX]] = max(longest.get((key + "s")[:PREFIX], 0), len(key) + 1)
    return longest


@Language.component("kg_vocabulary")
def propose_vocabulary(doc: Doc) -> Doc:
    """Add the vocabulary's names to the candidates of ``doc``."""
    doc._.candidates = (*doc._.candidates, *match_vocabulary(doc.text, load()))
    return doc
