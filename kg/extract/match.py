"""Find the vocabulary's names in running text, in any spelling that `kg.vocabulary.fold` folds together.

A window of words slides over the text, longest first; a prefix table of skeletons, which no spelling changes, skips
nearly all windows without folding them.
Entries too generic to assert alone (flag ``context``) are proposed with a low score.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.candidates import Candidate, words
from kg.extract.tokens import text_of
from kg.vocabulary import Entry, Vocabulary, load

LONGEST = 9
"""Words in a window."""
CONTEXT_SCORE = 0.3

_BARE = re.compile(r"[\W_]+")
_SLASHED = re.compile(r"([A-Za-z][\w-]*?-?)(\d+)((?:\s?/\s?\d+)+)")


def match_vocabulary(text: str, vocabulary: Vocabulary) -> Iterator[Candidate]:
    """Give the names in ``text``, left to right, not overlapping (but for "CIFAR-10/100", which names two)."""
    known = _skeletons(vocabulary)
    found = list(words(text))
    bones = [_bones(w.group()) for w in found]
    i = 0
    while i < len(found):
        step = 1
        for j in reversed(_windows(text, found, bones, i, known)):
            start, end = found[i].start(), found[j].end()
            entry = _entry(text[start:end], vocabulary)
            if entry is not None:
                yield _candidate(start, end, entry)
                yield from _slashed(text, start, end, vocabulary)
                step = j - i + 1
                break
        i += step


def _windows(text: str, found: list[re.Match[str]], bones: list[str], i: int, known: Mapping[str, bool]) -> list[int]:
    """The last words of the windows from word ``i`` that may hold a name."""
    ends = []
    skeleton = ""
    for j in range(i, min(i + LONGEST, len(found))):
        if j > i and "\n" in text[found[j - 1].end() : found[j].start()]:
            break
        skeleton = _join(skeleton, bones[j])
        whole = known.get(skeleton)
        if whole is None:
            break
        if whole:
            ends.append(j)
    return ends


@lru_cache(maxsize=1 << 16)
def _bones(word: str) -> str:
    """What all spellings that `kg.vocabulary.fold` unites have in common: digits and most consonants, none twice.

    >>> _bones("modelling") == _bones("Modeling"), _bones("matrices") == _bones("matrix")
    (True, True)
    """
    word = unicodedata.normalize("NFKD", word).casefold()
    return re.sub(r"([^\W\d_])\1+", r"\1", re.sub(r"[aeiouyszcx]|[^\w]|_", "", word))


def _join(left: str, right: str) -> str:
    return left + (right[1:] if left and right and left[-1] == right[0] and not left[-1].isdigit() else right)


@lru_cache(maxsize=4)
def _skeletons(vocabulary: Vocabulary) -> Mapping[str, bool]:
    """The skeletons of all forms (True) and of their leading words and letters (False): a prefix table."""
    known: dict[str, bool] = {}
    for form, _, _ in vocabulary.forms():
        skeleton = _bones(form)
        for size in range(len(skeleton)):
            known.setdefault(skeleton[:size], False)
        known[skeleton] = True
    return known


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


@Language.component("kg_vocabulary")
def propose_vocabulary(doc: Doc) -> Doc:
    """Add the vocabulary's names to the candidates of ``doc``."""
    doc._.candidates = (*doc._.candidates, *match_vocabulary(text_of(doc), load()))
    return doc
