"""Tokens and sentences of scientific prose, on a blank spaCy pipeline.

The tokenizer keeps names whole (``ResNet-50``, ``CIFAR-10/100``, ``ViT-B/16``, ``top-1``, ``x2``) and parts words that
only lean on a hyphen (``CNN-based``). Sentence boundaries survive "et al.", "e.g.", "vs." and a missing space after a
full stop, as pasted pages have them. There is no tagger or parser here: nothing in the line needs one.
"""

import re
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """e.g i.e et al cf vs resp approx fig figs eq eqs sec secs tab no nos vol pp dr mr mrs ms prof st w.r.t a.k.a
        etc ca viz incl inc ltd dept est min max avg std ref refs def thm prop app ch""",
    )
)
_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s|$)|(?<=[a-z0-9%)\]])[.!?](?=[A-Z][a-z]+[\s,])|\n+")
_LAST_WORD = re.compile(r"[\w.]+$")
_LEANING = "based|like|free|aware|style|level|wise|driven|guided|specific|trained|agnostic|inspired|only|type|scale"


def make_language() -> Language:
    """Make the blank English pipeline with this module's tokenizer and sentence boundaries."""
    import spacy

    language = spacy.blank("en")
    language.tokenizer = make_tokenizer(language)
    language.add_pipe("kg_sentences")
    return language


def make_tokenizer(language: Language) -> "Tokenizer":
    """Make a tokenizer that keeps names whole.

    >>> import spacy
    >>> tokenize = make_tokenizer(spacy.blank("en"))
    >>> [t.text for t in tokenize("ResNet-50 on CIFAR-10/100, a CNN-based top-1 x2.")]
    ['ResNet-50', 'on', 'CIFAR-10/100', ',', 'a', 'CNN', '-', 'based', 'top-1', 'x2', '.']
    """
    from spacy.tokenizer import Tokenizer

    quotes = r"""[\"'`“”‘’]"""
    prefixes = [r"\(", r"\[", r"\{", quotes, r"\$", "§", "~", "<", "=", r"\.\.+", ","]
    suffixes = [
        r"\)",
        r"\]",
        r"\}",
        quotes,
        r"\$",
        "%",
        ",",
        ";",
        ":",
        r"\?",
        "!",
        r"\.\.+",
        r"\.",
        "'s",
        "’s",
        "=",
        ">",
    ]
    infixes = [
        rf"(?<=[A-Za-z0-9])-(?=(?:{_LEANING})\b)",
        r"(?<=[a-z)\]])[.;,!?](?=[A-Z])",
        r"(?<=[A-Za-z]),(?=[A-Za-z])",
        "—|–(?=[A-Za-z])|--+",
        r"(?<=[A-Za-z])[()\[\]](?=[A-Za-z])",
        r"(?<=\w)[=<>](?=\w)",
    ]
    rules = {
        k: v for k, v in (language.Defaults.tokenizer_exceptions or {}).items() if k in ("e.g.", "i.e.", "vs.", "cf.")
    }
    rules["al."] = [{65: "al."}]
    return Tokenizer(
        language.vocab,
        rules=rules,
        prefix_search=compile_prefix_regex(prefixes).search,
        suffix_search=compile_suffix_regex(suffixes).search,
        infix_finditer=compile_infix_regex(infixes).finditer,
    )


def sentence_ends(text: str) -> list[int]:
    """Give the offsets behind the end of each sentence; the last is ``len(text)``.

    A line break ends a sentence always (the title is a line of its own).

    >>> text = "We follow Ba et al. closely.It works, e.g. on MNIST. Done"
    >>> [text[a:b] for a, b in zip([0, *sentence_ends(text)], sentence_ends(text))]
    ['We follow Ba et al. closely.', 'It works, e.g. on MNIST.', ' Done']
    """
    ends = []
    for match in _END.finditer(text):
        if match.group()[0] == "." and _not_an_end(text, match.start(), match.end()):
            continue
        ends.append(match.end())
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    return ends


def _not_an_end(text: str, dot: int, end: int) -> bool:
    word = _LAST_WORD.search(text, max(0, dot - 24), dot)
    rest = text[end : end + 3].lstrip()
    if rest and rest[0].islower() and len(text[end : end + 2].strip()) > 0:
        return True
    if not word:
        return False
    last = word.group().lower().strip(".")
    if last in _ABBREVIATIONS:
        # "et al." and "etc." may end a sentence; a capital after them decides.
        return not (
            last in ("etc", "al") and rest[:1].isupper() and re.match(r"\s+(?:We|The|In|This|Our|It)\b", text[end:])
        )
    return len(last) == 1 and last.isalpha() and text[dot - 1].isupper() and text[max(0, dot - 2)].isspace()


def sentences(text: str) -> list[tuple[int, int]]:
    """Give the (start, end) of each sentence, outer whitespace left out.

    >>> sentences("One. Two.")
    [(0, 4), (5, 9)]
    """
    spans, start = [], 0
    for end in sentence_ends(text):
        chunk = text[start:end]
        if chunk.strip():
            spans.append((start + len(chunk) - len(chunk.lstrip()), start + len(chunk.rstrip())))
        start = end
    return spans


def text_of(doc: Doc) -> str:
    """Give the text of a document; spaCy puts it together anew each time that it is asked."""
    text = doc.user_data.get("kg_text")
    if text is None:
        text = doc.user_data["kg_text"] = doc.text
    return str(text)


@Language.component("kg_sentences")
def mark_sentences(doc: Doc) -> Doc:
    """Set sentence starts on the tokens of ``doc``."""
    import numpy as np
    from spacy.attrs import IDX, SENT_START

    if not len(doc):
        return doc
    places = doc.to_array([IDX]).ravel()
    starts = np.full(len(doc), -1, dtype=np.int64)
    # The first token that starts at or behind the sentence's first character.
    first = np.searchsorted(places, [start for start, _ in sentences(text_of(doc))])
    starts[first[first < len(doc)]] = 1
    starts[0] = 1
    flags: Any = starts.astype(np.uint64)[:, None]  # spaCy's own type for this argument is not exported
    return doc.from_array([SENT_START], flags)
