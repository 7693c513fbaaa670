"""Find where a text defines an abbreviation: "Batch Normalization (BN)", "BN (batch normalization)".

After A. Schwartz and M. Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text"
(PSB 2003): candidates come from parentheses, the long form lies within min(|SF| + 5, 2 |SF|) words of the short form
in the same sentence, its first letter is the first of the short form at a word start, and the other letters follow in
order. Where they take the rightmost fit, this takes the cheapest: letters at word starts cost nothing, letters inside
words and skipped words cost, and the shortest of equals wins; so "semi-supervised learning (SSL)" keeps its "semi".

It reads one text at a time and knows definitions only: it says nothing about abbreviations used without one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Abbreviation", "find_abbreviations"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A definition: the spans of the short and the long form, in code points of the text."""

    short: Span
    long: Span


LONGEST_SHORT = 16

_ROUND = re.compile(r"\(([^()]{2,200})\)")
_SQUARE = re.compile(r"\[([^\[\]()]{2,200})\]")
_CUED = re.compile(
    r",?\s+(?:which\s+(?:we|is)\s+)?(?:here(?:in)?after\s+)?"
    r"(?:dubbed|termed|coined|called|named|abbreviated|denoted|referred\s+to)(?:\s+(?:as|by|to))?\s+"
    r"(?:as\s+)?[\"'“‘]?([^\W_][\w+&/.-]*[\w+])"
)
_FOR_SHORT = re.compile(r",?\s+(?:or\s+)?[\"'“‘]?([^\W_][\w+&/-]+)[\"'”’]?,?\s+(?:for\s+short|in\s+short)\b")
_CUE_INSIDE = re.compile(
    r"(?:(?:also|here(?:in)?after|henceforth|we|or|is|which|the|short(?:ly)?|in\s+short)[\s,:]+)*"
    r"(?:(?:dubbed|termed|coined|called|named|abbreviated|abbr\.?|abbrev\.?|denoted|referred\s+to|known|a\.?k\.?a\.?|short)"
    r"(?:\s+(?:as|by|to|for))?[\s,:]+|(?:or|hereafter|henceforth|hereinafter|acronym)[\s,:]+)?(?:the\s+)?",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"(?:i\s?\.?\s?e|e\s?\.?\s?g|cf|see|vs|with|where|such|figs?|table|n|p|sec|eq)\b[.,\s=<>]", re.IGNORECASE
)
_MARKUP = re.compile(
    r"(?:\\(?:textbf|textit|textsc|texttt|emph|text|mathrm|textsf)\{|[\"'“‘`*{$\s]|\\(?:em|bf|it|sc)\s)+"
)
_MARKUP_END = " \t\n\"'”’`*}$"
_SHORT = re.compile(r"[^\W_][^\s,;:()\[\]]*(?: [^\s,;:()\[\]]+)?")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[^\W_a-zß-öø-ÿ])|[.!?](?=[A-Z][a-z])|[;:]\s|[\n\r]{2}|[()]")
_NO_SENTENCE_END = re.compile(r"(?:\b(?:al|vs|e\.g|i\.e|cf|resp|approx|etc|Fig|Dr|St|[A-Z]))\.$")
_CITATION_BEFORE = re.compile(r"(?:\s*\[[\d\s,;–-]{1,30}\]|\s*\\cite[pt]?\{[^{}]*\}|[\s\"'”’`*}$,~-])+$")
_WORD = re.compile(r"[^\W_]+")
_WORD_BEFORE = re.compile(r"(?:(?<=[\s(\"'“‘`*{$])|^)([^\W_][^\s()\[\],;:{}$*]*?)[\"'”’`*}$]*\s?$")
_STOP = frozenset(re.findall(r"\w+", """
    a an and as at by for from in into is its of on or over per the through to using via with
"""))  # fmt: skip
_NEVER_FIRST = frozenset(re.findall(r"\w+", """
    called coined develop develops dubbed introduce introduces namely our propose proposes termed these this
"""))  # fmt: skip
_SOUNDS = {
    "1": ("one", "first"),
    "2": ("to", "two", "second"),
    "3": ("three", "third"),
    "4": ("for", "four"),
    "&": ("and",),
}
_HEADS = frozenset(re.findall(r"\w+", """
    algorithm approach architecture benchmark corpus dataset framework layer loss mechanism method methods model models
    module network networks scheme system technique
"""))  # fmt: skip
_BOLD = re.compile(r"\$?\\(?:textbf|mathbf|underline|textit|emph|textsc|textcolor|text|bf|uline)\{?$")
_REST = re.compile(r"[^{}\s]{1,4}\}\$?[^\W_]")
_REPEATED = re.compile(r"([^\W\d_])\^?\{?([2-4])")
_X = ("ex", "cross", "trans")  # words for which people write an X
_ARTICLE = re.compile(
    r"(?:(?:the|an?|our|stands\s+for|short\s+for|standing\s+for|abbreviation\s+of|acronym\s+for)\s+)+", re.I
)

# Costs of an alignment: a letter right after the one matched before it, elsewhere in the same word, inside a word whose
# start is not matched; a function word in front or matched; and leaving out a word, a function word, a part of a
# hyphenated word.
_NEXT, _SAME, _INSIDE = 0.05, 0.45, 1.2
_ON_STOP = 0.3
_SKIP, _SKIP_STOP, _SKIP_PART = 1.0, 0.15, 0.4
_ALLOWED, _ALLOWED_DOUBTFUL = 0.5, 0.2  # a letter; the second where the short form does not look like one


def find_abbreviations(text: str) -> Iterator[Abbreviation]:
    """Give each definition of an abbreviation in ``text``, in the order of the short forms.

    >>> text = "We use convolutional neural networks (CNNs) and BERT (bidirectional encoder representations)."
    >>> [(text[slice(*a.short)], text[slice(*a.long)]) for a in find_abbreviations(text)][0]
    ('CNNs', 'convolutional neural networks')
    """
    found: dict[Span, Span] = {}
    for match in _ROUND.finditer(text):
        if pair := _inside(text, *match.span(1)) or _outside(text, *match.span(1)):
            found.setdefault(*pair)
    for match in _SQUARE.finditer(text):
        if pair := _inside(text, *match.span(1)):
            found.setdefault(*pair)
    for match in (*_CUED.finditer(text), *_FOR_SHORT.finditer(text)):
        short = match.span(1)
        if _is_short(text[slice(*short)], strict=True) and (long := _long_before(text, match[1], match.start())):
            found.setdefault(short, long)
    for short, long in sorted(found.items()):
        yield Abbreviation(short, long)


def _inside(text: str, start: int, end: int) -> tuple[Span, Span] | None:
    """Read the parenthesis ``text[start:end]`` as the short form of what stands before it."""
    if _NEVER.match(text, start, end):
        return None
    at = start
    for pattern in (_MARKUP, _CUE_INSIDE, _MARKUP):
        if match := pattern.match(text, at, end):
            at = match.end()
    match = _SHORT.match(text, at, end)
    if not match:
        return None
    stop = match.start() + len(match[0].rstrip(_MARKUP_END + "."))
    rest = text[match.end() : end].lstrip(_MARKUP_END)
    if rest and rest[0] not in ",;:[":
        return None
    short = text[at:stop]
    sure = _is_short(short)
    if not sure and not (4 < len(short) <= 10 and short.isalpha()):
        return None
    long = _long_before(text, short, start - 1, _ALLOWED if sure else _ALLOWED_DOUBTFUL)
    if long and not sure and len(text[slice(*long)].split()) < 2:
        return None
    return ((at, stop), long) if long else None


def _outside(text: str, start: int, end: int) -> tuple[Span, Span] | None:
    """Read the parenthesis ``text[start:end]`` as the long form of the word before it."""
    match = _WORD_BEFORE.search(text, max(0, start - LONGEST_SHORT - 6), start - 1)
    if not match or _NEVER.match(text, start, end) or not (match[1][0].isupper() and _is_short(match[1])):
        return None
    short = match.span(1)
    cut = re.search(r"[;:]\s|\.\s", text[start:end])
    end = start + cut.start() if cut else end
    at = start
    for pattern in (_MARKUP, _ARTICLE, _MARKUP):
        if found := pattern.match(text, at, end):
            at = found.end()
    allowed = _ALLOWED if _is_short(match[1], strict=True) else _ALLOWED_DOUBTFUL
    best = _align(match[1], text, at, end, allowed)
    if not best or best[0] != at:
        return None
    return short, (at, start + len(text[start:end].rstrip(_MARKUP_END)))


def _is_short(short: str, *, strict: bool = False) -> bool:
    """Say whether ``short`` looks like an abbreviation; ``strict`` asks for more than one capital or digit."""
    letters = sum(c.isalpha() for c in short)
    marks = sum(c.isupper() or c.isdigit() for c in short)
    if not 2 <= len(short) <= LONGEST_SHORT or not letters or letters + sum(map(str.isdigit, short)) < 2:
        return False
    if strict:
        return marks >= 2
    return marks > 0 or (len(short) <= 4 and " " not in short and short.lower() not in _STOP)


def _long_before(text: str, short: str, end: int, allowed: float = _ALLOWED) -> Span | None:
    """Find the long form of ``short`` in the sentence that runs up to ``end``."""
    reach = max(0, end - 40 * len(short) - 100)
    if match := _CITATION_BEFORE.search(text, reach, end):
        end = match.start()
    start = reach
    for match in _SENTENCE_END.finditer(text, reach, end):
        if match[0][0] != "." or not _NO_SENTENCE_END.search(text, reach, match.start() + 1):
            start = match.end()
    size = sum(c.isalnum() for c in short)
    words = [m.start() for m in re.finditer(r"\S+", text[start:end])]
    most = min(size + 5, 2 * size)
    if len(words) > most:
        start += words[-most]
    return _align(short, text, start, end, allowed)


def _align(short: str, text: str, start: int, end: int, allowed: float) -> Span | None:
    """Give the span within ``text[start:end]``, ending at ``end``, that ``short`` abbreviates most cheaply.

    None where none costs at most ``allowed`` a letter.
    """
    words = [m.span() for m in _WORD.finditer(text, start, end)]
    if not words:
        return None
    mixed = any(c.islower() for c in short.removesuffix("s"))
    letters = [(c.casefold()[:1], mixed and c.isupper()) for c in short if c.isalnum() or c == "&"]
    best = _cheapest(letters, text, words)
    if short.endswith("s") and len(letters) > 2 and text[words[-1][1] - 1] in "sS":
        singular = _cheapest(letters[:-1], text, words)
        best = min((b for b in (best, singular) if b), default=None)
    if not best and (repeated := _REPEATED.sub(lambda m: m[1] * int(m[2]), short)) != short:  # A2D: A A D
        allowed = min(allowed, _ALLOWED_DOUBTFUL)
        best = _cheapest([(c.casefold()[:1], False) for c in repeated if c.isalnum()], text, words)
    if not best or best[0] > allowed * len(letters):
        return None
    begin = -best[1]
    while begin > start and (text[begin - 1].isalnum() or text[begin - 1] in "-–‐'’."):
        begin -= 1
    while not text[begin].isalnum():
        begin += 1
    if _REST.match(text, begin, end) and (
        match := _BOLD.search(text, max(start, begin - 16), begin)
    ):  # \\textbf{G}raph
        begin = match.start()
    long = text[begin:end]
    if len(long) <= len(short) or short.casefold() in long.casefold().split():
        return None
    return begin, end


def _cheapest(letters: list[tuple[str, bool]], text: str, words: list[Span]) -> tuple[float, int] | None:
    """Give (cost, minus the start) of the cheapest alignment of ``letters``, the shortest of equals, or None.

    A letter comes with whether it is a capital among small ones ("MoM"), which starts a word.
    """
    skip = [0.0]  # what leaving out the words before this one costs, summed, so that a stretch is one subtraction
    stops = []
    for begin, stop in words:
        word, before = text[begin:stop].casefold(), text[begin - 1] if begin else " "
        part = before in "-–‐/'’"
        stops.append(word in _STOP and not part and text[stop : stop + 1] not in ("-", "–", "‐"))
        if before in "\\}" or text[max(0, begin - 2) : begin] == "}$":
            cost = 0.0
        elif stops[-1]:
            cost = _SKIP_STOP
        else:
            cost = _SKIP_PART if part or (stop == words[-1][1] and word in _HEADS) else _SKIP
        skip.append(skip[-1] + cost)
    at: dict[str, list[tuple[int, int, bool]]] = {letter: [] for letter, _ in letters}
    for w, (begin, stop) in enumerate(words):
        word = text[begin:stop]
        if begin and text[begin - 1] == "\\":
            continue
        folded = word.lower()
        for letter, places in at.items():
            if folded in _SOUNDS.get(letter, ()) or (letter == "x" and folded.startswith(_X)):
                places.append((begin, w, True))
                continue
            k = folded.find(letter)
            while k >= 0:
                if k < len(word):
                    capital = word[k].isupper() and not word[k - 1].isupper()
                    places.append((begin + k, w, k == 0 or capital or word[k].isdigit() != word[k - 1].isdigit()))
                k = folded.find(letter, k + 1)
    # (position, word, cost, minus the start) of each way to have matched the letters so far
    ways = []
    for k, w, _ in at[letters[0][0]]:
        word = text[slice(*words[w])]
        if k == words[w][0] and word not in _NEVER_FIRST:
            ways.append((k, w, _ON_STOP if stops[w] else 0.0, -k))
    for letter, starts in letters[1:]:
        after = []
        for k, w, first in at[letter]:
            cheapest: tuple[float, int] | None = None
            for j, v, cost, begin in ways:
                if j >= k:
                    continue
                if w == v:
                    step = _NEXT if k == j + 1 and (first or not starts) else 2 * _NEXT if first else _SAME
                else:
                    step = skip[w] - skip[v + 1] + (_ON_STOP * stops[w] if first else _INSIDE)
                if cheapest is None or (cost + step, begin) < cheapest:
                    cheapest = (cost + step, begin)
            if cheapest:
                after.append((k, w, *cheapest))
        ways = after
    return min(((cost + skip[-1] - skip[w + 1], begin) for _, w, cost, begin in ways), default=None)
