"""Decode what BibTeX and arXiv write in LaTeX: accents, text commands and braces; math stays as written."""

import logging
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]


@cache
def _decoder() -> "LatexNodes2Text":
    from pylatexenc import latex2text  # type: ignore[import-untyped]

    # It logs what it cannot decode; here that stays as written.
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    context = latex2text.get_default_latex_context_db()
    texts = {"url": "%s", "LaTeX": "LaTeX", "TeX": "TeX", "cite": "", "citep": "", "citet": ""}
    texts |= {"textless": "<", "textgreater": ">", "textbar": "|", "textasciicircum": "^", "texttimes": "×", "S": "§"}
    texts |= {"copyright": "©", "pounds": "£", "euro": "€", "P": "¶"}
    macros = [latex2text.MacroTextSpec(name, simplify_repl=text) for name, text in texts.items()]
    context.add_context_category("plain", prepend=True, macros=macros)
    return latex2text.LatexNodes2Text(latex_context=context, math_mode="verbatim", keep_comments=True)


_SPECIAL = re.compile(r"[\\{}$~%]|``|''|--")
_PIECE = re.compile(r"\\[A-Za-z]+\*?\s*|\\.|\$\$?|[{}\s]|[^\\{}$\s]+", re.DOTALL)


def plain(text: str) -> str:
    r"""Decode LaTeX accents, commands and braces; math and what cannot be decoded stay as written.

    >>> plain(r'The {GAN} of {\"O}z: 90\% of $\alpha$')
    'The GAN of Öz: 90% of $\\alpha$'
    """
    if not _SPECIAL.search(text):
        return text
    # A bare percent sign in an abstract is a percent sign, not a comment.
    text = re.sub(r"(?<!\\)%", r"\%", text)
    text = re.sub(r"\\href\s*\{[^{}]*\}\s*(?=\{)", "", text)  # of a link, its text
    # The library looks at every character in Python: only the words that need it are given to it.
    return _decode(text) if r"\begin" in text else "".join(_by_words(text))


def _by_words(text: str) -> Iterator[str]:
    """Decode word by word; braces, math and what a command takes from behind it hold words together."""
    start = at = depth = 0
    math = ""
    while found := _PIECE.match(text, at):
        piece, at = found.group(), found.end()
        if piece[0] == "$":
            # "$a$$b$": the two signs end one formula and begin the next.
            math = piece if not math else "" if piece == math else math
        elif not math and piece in "{}":
            depth = max(0, depth + (1 if piece == "{" else -1))
        elif piece.isspace() and not depth and not math:
            word = text[start : found.start()]
            yield (_decode(word) if _SPECIAL.search(word) else word) + piece
            start = at
    word = text[start:]
    yield _decode(word) if _SPECIAL.search(word) else word


@lru_cache(maxsize=10_000)
def _decode(text: str) -> str:
    try:
        return str(_decoder().latex_to_text(text))
    except Exception:  # pylatexenc raises many kinds; the text as written is better than none
        return text
