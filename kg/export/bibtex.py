r"""Write the papers of a graph as BibTeX, in UTF-8, for biber, Zotero, JabRef and every LaTeX of today.

A key is the first author's surname, the year and the first words of the title: it depends on the paper alone, so that
it stays as papers come and go. Where two papers would have the same, both get a digest of their id.

Characters that mean something to TeX are escaped, except in math (``$\alpha$``) and where the text has them escaped
already (``90\%``). Words with capitals inside are kept from styles that lower the case. Nodes that are no papers are
not in the file.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kg.errors import ExportError
from kg.export.files import replacing
from kg.export.flat import Graph, sorted_nodes

_WORDS = 3
_PASSED_OVER = re.compile(
    "an?|and|are|as|at|by|can|do|does|for|from|how|in|into|is|it|of|on|or|the|towards?|to|via|what|when|why|with|using"
)
_MATH = re.compile(r"\$(?=\S)(?:[^$\\%#&\n]|\\[^\n]){1,300}(?<=\S)\$(?!\d)")
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_SPECIAL = re.compile(r"\\[%&_#$]|[\\{}~^%&_#$]")
_PREPRINT = "10.48550/"
_JOURNAL = re.compile(r"\b(?:journal|transactions|letters|review|annals|magazine|corr|arxiv)\b", re.IGNORECASE)


def write(graph: Graph, path: Path) -> None:
    """Write the papers of ``graph`` to ``path`` as BibTeX; raise `ExportError` where there is none."""
    uses = Counter(citation_key(properties) for _, properties in _papers(graph))
    if not uses:
        raise ExportError(f"{path}: no paper in what is to be exported; BibTeX holds papers alone")
    with replacing(path) as file:
        for key, properties in _papers(graph):
            wanted = citation_key(properties)
            short = wanted or "paper"
            if uses[wanted] > 1 or not wanted:
                short += "-" + hashlib.sha256(str(key).encode("utf-8", "replace")).hexdigest()[:8]
            kind, fields = _entry(properties)
            lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
            file.write(f"@{kind}{{{short},\n{lines}\n}}\n\n")


def _papers(graph: Graph) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    return ((key, data) for key, data in sorted_nodes(graph) if data.get("label") == "Paper")


def citation_key(properties: Mapping[str, Any]) -> str:
    """Make a key of author, year and title, in lower-case ASCII letters and digits.

    >>> citation_key({"title": "A Study of Small Nets", "year": 2019, "authors": ["Zoë Quill"]})
    'quill2019studysmallnets'
    """
    authors = properties.get("authors") or [""]
    surname = "".join(_ascii(_surname(str(authors[0]))))
    title = _ascii(str(properties.get("title") or ""))
    words = [word for word in title if not _PASSED_OVER.fullmatch(word)] or title
    return f"{surname}{properties.get('year') or ''}{''.join(words[:_WORDS])}"


def _surname(name: str) -> str:
    if "," in name:
        return name.partition(",")[0]
    words = [word for word in name.split() if word.rstrip(".").casefold() not in ("jr", "sr", "ii", "iii", "iv")]
    return words[-1] if words else ""


def _ascii(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+", plain.replace("'", "").lower())


def _entry(properties: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    venue, url = str(properties.get("venue") or ""), str(properties.get("url") or "")
    arxiv = re.findall(r"arxiv\.org/(?:abs|pdf)/([\w./-]+?)(?:v\d+)?(?:\.pdf)?$", url) or _known(properties, "arxiv")
    dois = re.findall(r"doi\.org/(10\.\S+)$", url) + _known(properties, "doi")
    # A DOI of the published paper comes before that of its preprint.
    doi = min(dois, key=lambda one: one.lower().startswith(_PREPRINT), default="")
    kind, place = "misc", "howpublished"
    if venue:
        kind, place = ("article", "journal") if _JOURNAL.search(venue) else ("inproceedings", "booktitle")
    fields = {
        "title": _title(str(properties.get("title") or "")),
        "author": " and ".join(_person(str(name)) for name in properties.get("authors") or []),
        "year": str(properties.get("year") or ""),
        place: tex(venue),
        "doi": _address(doi),
        "eprint": _address(arxiv[0] if arxiv else ""),
        "archiveprefix": "arXiv" if arxiv else "",
        "pmid": next(iter(_known(properties, "pmid")), ""),
        "url": _address(url),
        "abstract": tex(str(properties.get("abstract") or "")),
    }
    return kind, {name: value for name, value in fields.items() if value}


def _known(properties: Mapping[str, Any], scheme: str) -> list[str]:
    """The paper's identifiers of that scheme."""
    found = (str(one).partition(":") for one in properties.get("ids") or ())
    return [value for name, _, value in found if name == scheme]


def tex(text: str) -> str:
    r"""Escape a text for TeX; math and what is escaped already stay.

    >>> print(tex(r"50% of $\alpha$ & a_b, 90\% {x}"))
    50\% of $\alpha$ \& a\_b, 90\% \{x\}
    """
    return _even("".join(part if math else _SPECIAL.sub(_escape, part) for part, math in _parts(text)), text)


def _title(text: str) -> str:
    """Escape a title and put words with capitals inside in braces."""
    return _even("".join(part if math else re.sub(r"\S+", _word, part) for part, math in _parts(text)), text)


def _even(escaped: str, text: str) -> str:
    """Keep braces as braces where they pair up: BibTeX counts them whether escaped or not."""
    if not _balanced(text):
        return escaped
    return escaped.replace(_TEX["{"], "\\{").replace(_TEX["}"], "\\}")


def _word(match: re.Match[str]) -> str:
    escaped = _SPECIAL.sub(_escape, match[0])
    return f"{{{escaped}}}" if re.search(r".[A-Z]", match[0]) else escaped


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    return found if len(found) > 1 else _TEX.get(found, "\\" + found)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text into what is math and what is not."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split(" "))
    done = 0
    for match in _MATH.finditer(text):
        if _balanced(match[0]):
            yield text[done : match.start()], False
            yield match[0], True
            done = match.end()
    yield text[done:], False


def _balanced(text: str) -> bool:
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


def _person(name: str) -> str:
    one = tex(name)
    alone = re.search(r"\band\b", name, re.IGNORECASE) or name.count(",") > 2 or name.casefold() == "others"
    return f"{{{one}}}" if alone else one


def _address(url: str) -> str:
    """Give an address as it is, with what would break the entry percent-encoded."""
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]-._")
