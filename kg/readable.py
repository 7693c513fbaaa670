r"""Make text readable for matching and names, with the way back to the text as it is stored.

Stored text says what its source says; offsets of mentions and evidence count in it. What reads it wants "90%" for
``90\%``, "α" for ``$\alpha$``, "distribution" for "distri- bution" (a hyphenation at the end of a line, as text taken
from PDF has it), no soft hyphens, and letters for ligatures. The line from extraction to linking works on such a copy,
and `kg.pipeline` maps what it finds back. Text that needs nothing costs one search.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Readable:
    """Readable ``text``, and for each of its characters where the piece of stored text that it stands for starts and
    ends; both empty where the text is the stored one."""

    text: str
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def stored(self, start: int, end: int) -> tuple[int, int]:
        """Give the span of the stored text behind ``text[start:end]``; the span may not be empty."""
        return (self.starts[start], self.ends[end - 1]) if self.starts else (start, end)


_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
_SUSPENDED = "and|or|nor|to|vs|versus|as|but|than|und|et"
"""Words behind a hyphen that is meant: "pre- and post-training"."""

_FIRST = ("self", "non", "real", "low", "high", "large", "long", "short", "well", "end", "state")
_SECOND = re.compile(
    r"(?:[a-z]+-[a-z]|(?:world|oriented|tolerant|theoretic|based|specific|level|aware|free|wise|driven|guided|agnostic"
    r"|label|labels|end|time|scale|order|dimensional|domain|source|task|shot|supervised|training|trained|tuning|tuned"
    r"|art|to|of|the|invariant|efficient|dependent|independent|rank|quality|resolution|range|grained)\b)"
)
"""Words whose hyphen is meant where a line ends behind it: "real- world", "task- oriented"."""

_NEEDED = re.compile(rf"[\\${_INVISIBLE}\ufb00-\ufb06]|[A-Za-z]- [a-z]|\(cid:173\)|``|[A-Za-z]~\w")
_STYLE = "text(?:bf|it|tt|sc|rm|sf|up|md|normal)?|emph|underline|math(?:rm|bf|it|sf|tt|bb|cal)|mbox|operatorname|url"
_SWITCHES = frozenset(("em", "it", "bf", "tt", "sc", "sl", "rm", "sf", "small", "large", "noindent", "xspace", "par"))
_SPECIAL = re.compile(
    rf"""
      (?P<style>\\(?:{_STYLE})\s*\{{)
    | (?P<math>\$\$(?:[^$\\]|\\.){{1,300}}\$\$ | \$(?:[^$\\]|\\.){{1,300}}\$ | \\\((?:[^\\]|\\(?!\))){{1,300}}\\\))
    | (?P<cite>\s?\\(?:cite[a-z]*|ref|label|footnote)\s*\{{[^{{}}]*\}})
    | (?P<accent>\\["'`^~=.](?:\{{\\?[A-Za-z]\}}|\\?[A-Za-z]) | \\[cvuHkrd]\{{[A-Za-z]\}})
    | (?P<escaped>\\[%&_\#$\{{\}}\ ])
    | (?P<command>\\[A-Za-z]+(?:\{{\}})?)
    | (?P<unseen>[{_INVISIBLE}] | \(cid:173\)\ ?)
    | (?P<ligature>[\ufb00-\ufb06])
    | (?P<hyphen>(?<=[A-Za-z])-\ (?=[a-z]{{2}})(?!(?:{_SUSPENDED})\b))
    | (?P<quote>``|'')
    | (?P<tie>(?<=[A-Za-z])~(?=\w))
    """,
    re.VERBOSE,
)
_LETTERS = re.compile("[\U0001d400-\U0001d7ff]")
"""Letters in the styles of mathematics."""

_MONEY = re.compile(r"\$\s?\d[\d.,]*\s?(?:[kKMB]\b|[a-z]{3,}|[,.;)])")


@lru_cache(maxsize=256)
def readable(text: str) -> Readable:
    r"""Give ``text`` as it is to be read.

    >>> readable(r"R\'enyi entropy, 90\% of $\ell_2$ distri- butions").text
    'Rényi entropy, 90% of ℓ2 distributions'
    >>> readable("pre- and post-training cost $5 and $6").text
    'pre- and post-training cost $5 and $6'
    """
    if not _NEEDED.search(text):
        return Readable(text)
    pieces = list(_pieces(text, 0, len(text)))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for shown, start, end in pieces:
        letters.append(shown)
        starts.extend(range(start, end) if len(shown) == end - start else [start] * len(shown))
        ends.extend(range(start + 1, end + 1) if len(shown) == end - start else [end] * len(shown))
    return Readable("".join(letters), tuple(starts), tuple(ends))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Cut ``text[start:end]`` into (what is shown, start, end) in order; what shows nothing is left out."""
    place = start
    while found := _SPECIAL.search(text, place, end):
        kind, at, behind = found.lastgroup, found.start(), found.end()
        if at > place:
            yield text[place:at], place, at
        place = behind
        if kind == "style":
            close = _closing(text, behind, end)
            yield from _pieces(text, behind, close)
            place = min(close + 1, end)
        elif kind == "math" and _MONEY.match(found.group()):
            yield "$", at, at + 1
            place = at + 1
        elif kind == "hyphen":
            word = re.search(r"[A-Za-z-]+$", text[max(start, at - 40) : at])
            if word and ("-" in word.group() or word.group().lower() in _FIRST or _SECOND.match(text, behind)):
                yield "-", at, at + 1
        else:
            shown = _shown(kind or "", found.group())
            if shown:
                yield shown, at, behind
    if place < end:
        yield text[place:end], place, end


def _closing(text: str, start: int, end: int) -> int:
    depth = 1
    for i in range(start, end):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if not depth:
            return i
    return end


@lru_cache(maxsize=4096)
def _shown(kind: str, found: str) -> str:
    """What is shown for a special piece of text, on one line; nothing where it says nothing."""
    match kind:
        case "escaped":
            return found[1]
        case "ligature":
            return unicodedata.normalize("NFKC", found)
        case "quote":
            return "“" if found == "``" else "”"
        case "tie":
            return " "
        case "accent":
            return _latex(found) or found[-1:]
        case "math":
            inner = _latex(found.strip("$") if found.startswith("$") else found[2:-2], math=True)
            return inner or found
        case "command":
            # A macro of the author's own, "\ours", says at least its name.
            name = found.removesuffix("{}")[1:]
            shown = _latex(found)
            return "" if name in _SWITCHES else name if not shown or "%s" in shown else shown
    return ""


def _latex(text: str, *, math: bool = False) -> str:
    try:
        shown = str(_decoder().latex_to_text(f"${text}$" if math else text))
    except Exception:  # pylatexenc raises many kinds; the text as written is better than none
        return ""
    if math:
        shown = re.sub(r"[_^](?=[\w(+*-])|[{}]", "", shown)
    shown = _LETTERS.sub(lambda found: unicodedata.normalize("NFKC", found.group()), shown)
    return unicodedata.normalize("NFC", " ".join(shown.split()))


@lru_cache(maxsize=1)
def _decoder() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text

    # What it cannot read stays as written; its warnings are of no use to who reads the graph.
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    return LatexNodes2Text(math_mode="text", keep_comments=True)
