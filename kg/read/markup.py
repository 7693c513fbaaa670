"""Decode the markup that a container puts around text: HTML entities, JATS and HTML tags, MathML.

What the paper itself says stays as written: LaTeX, a sign "<" between numbers, and tags such as ``<s>`` or ``<mask>``
that a language model reads. BibTeX is `kg.read.bibtex`'s.
"""

import html
import html.entities
import re

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCK = "p|sec|title|list|list-item|disp-formula|div|ul|ol|li|h[1-6]|section|label"
_INLINE = "i|b|em|strong|sub|sup|u|tt|sc|scp|small|big|span|font|a|italic|bold|monospace|underline|inline-formula"
_JATS = re.compile(r"</?jats:([a-z0-9-]+)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|hr)\s*/?>", re.IGNORECASE)
_PAIR = re.compile(rf"<({_BLOCK}|{_INLINE})(?:\s[^<>]*)?>|</({_BLOCK}|{_INLINE})\s*>", re.IGNORECASE)
_HEADING = re.compile(r"<(?:jats:)?title>\s*(?:abstract|summary)\s*:?\s*</(?:jats:)?title>", re.IGNORECASE)


def _element(name: str) -> re.Pattern[str]:
    # A second start before the end is never passed: a text full of starts would else take quadratic time.
    start = rf"<(?:jats:|mml:)?{name}\b"
    return re.compile(
        rf"{start}[^<>]*>((?:(?!{start}).)*?)</(?:jats:|mml:)?{name}\s*>",
        re.IGNORECASE | re.DOTALL,
    )


_TEX, _MATH, _ALTERNATIVES = _element("tex-math"), _element("math"), _element("alternatives")
_MATH_TAG = re.compile(r"</?(?:mml:)?m[a-z]+\b[^<>]*>", re.IGNORECASE)
_PREAMBLE = re.compile(r"\\documentclass.{0,2000}?\\begin\{document\}|\\end\{document\}|\\usepackage\{\w+\}", re.DOTALL)


def decoded(text: str) -> str:
    """Decode the entities and take off the tags of JATS and HTML.

    >>> decoded("<jats:title>Abstract</jats:title><jats:p>Fish &amp;amp; chips, CO<jats:sub>2</jats:sub></jats:p>")
    'Fish & chips, CO2'
    >>> decoded("p < 0.05 and q > 1 in <s> tokens"), decoded("<i>Drosophila</i> at 5&nbsp;mm")
    ('p < 0.05 and q > 1 in <s> tokens', 'Drosophila at 5\\xa0mm')
    """
    if "&" in text:
        # Services store what they were given, which may have been encoded already: decode twice.
        text = _ENTITY.sub(_entity, _ENTITY.sub(_entity, text))
    if "<" not in text or ">" not in text:
        return text
    text = _HEADING.sub(" ", text)
    if "math" in text:
        text = _MATH.sub(_math, _TEX.sub(_tex, _ALTERNATIVES.sub(_alternative, text)))
    text = _BREAK.sub("\n", _JATS.sub(_jats, text))
    return _unpaired(text).strip()


def _entity(found: re.Match[str]) -> str:
    # Not html.unescape for names: it finds "&not" in "&notaword;".
    name = found.group()[1:]
    decoded_one = html.unescape(found.group()) if name[0] == "#" else html.entities.html5.get(name)
    return decoded_one or found.group()


def _tex(found: re.Match[str]) -> str:
    inner = _PREAMBLE.sub("", found.group(1)).strip()
    return inner if inner.startswith(("$", r"\(", r"\[")) else f"${inner}$"


def _math(found: re.Match[str]) -> str:
    return " ".join(_MATH_TAG.sub("", found.group(1)).split())


def _alternative(found: re.Match[str]) -> str:
    """Of one formula in several writings, the one in TeX."""
    tex = _TEX.search(found.group(1))
    return tex.group() if tex else found.group(1)


def _jats(found: re.Match[str]) -> str:
    return "\n" if re.fullmatch(_BLOCK, found.group(1), re.IGNORECASE) else ""


def _unpaired(text: str) -> str:
    """Take off the HTML tags that come in pairs: one alone is more likely the paper's own sign."""
    opened: dict[str, list[tuple[int, int]]] = {}
    cuts: list[tuple[int, int, str]] = []
    for found in _PAIR.finditer(text):
        name = (found.group(1) or found.group(2)).lower()
        if found.group(1):
            opened.setdefault(name, []).append(found.span())
        elif opened.get(name):
            put = "\n" if re.fullmatch(_BLOCK, name) else ""
            cuts += [(*opened[name].pop(), put), (*found.span(), put)]
    parts, at = [], 0
    for start, end, put in sorted(cuts):
        parts += [text[at:start], put]
        at = end
    return "".join([*parts, text[at:]])
