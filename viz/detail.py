"""Say what the panel and the hover of a page show about a node or a link, as plain text in plain lists.

Nothing here is markup: the page puts every text in by ``textContent``. Texts are cut to what a person reads.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import networkx as nx

from viz.style import kind_of, words

NAME_LIMIT = 240
TEXT_LIMIT = 2000
ALIASES = 24

Fact = tuple[str, str]


def cut(text: str, limit: int) -> str:
    """Shorten ``text`` to ``limit`` characters.

    >>> cut("residual", 5)
    'resi…'
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def name_of(key: object, properties: Mapping[str, Any]) -> str:
    """Give the name to show for a node: its name or title, the number of a result, or else its id."""
    if properties.get("label") == "Result":
        value, unit = properties.get("value"), properties.get("unit") or ""
        number = f"{value:g}" if isinstance(value, float) else str(value or "")
        return f"{properties.get('metric') or 'result'} {number}{unit}".strip()
    return str(properties.get("name") or properties.get("title") or key)


def wrapped(name: str, *, width: int = 20, lines: int = 2) -> list[str]:
    """Break a name into at most ``lines`` lines of about ``width`` columns for its label in the picture.

    >>> wrapped("Fine-Grained Image Recognition of Birds and Bees")
    ['Fine-Grained Image', 'Recognition of Birds…']
    """
    words_left = " ".join(cut(name, 200).split()).split(" ")
    found = [""]
    for word in words_left:
        longer = f"{found[-1]} {word}".strip()
        if columns(longer) <= width or not found[-1]:
            found[-1] = longer
        elif len(found) < lines:
            found.append(word)
        else:
            found[-1] += "…"
            break
    return [cut(line, width + 4) for line in found]


def columns(text: str) -> float:
    """Give the width of ``text`` in average letters: East Asian characters and emoji are wide, marks have none."""
    return sum(
        0.0 if unicodedata.combining(c) else 1.75 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in text
    )


def describe_node(key: object, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give name, kind, facts and text of a node."""
    facts: list[Fact] = []
    if properties.get("papers"):
        facts.append(("Support", _papers(int(properties["papers"]))))
    years = _years(properties.get("first_year"), properties.get("last_year")) or _years(properties.get("year"), None)
    if years:
        facts.append(("Years" if "–" in years else "Year", years))
    if properties.get("authors"):
        facts.append(("Authors", cut(", ".join(map(str, properties["authors"])), 600)))
    if properties.get("venue"):
        facts.append(("Venue", cut(str(properties["venue"]), NAME_LIMIT)))
    aliases = [str(alias) for alias in properties.get("aliases") or ()]
    if aliases:
        more = f", and {len(aliases) - ALIASES} more" if len(aliases) > ALIASES else ""
        facts.append(("Also written", ", ".join(cut(alias, 80) for alias in aliases[:ALIASES]) + more))
    return {
        "name": cut(name_of(key, properties), NAME_LIMIT),
        "kind": kind_of(properties),
        "facts": facts,
        "text": cut(str(properties.get("abstract") or properties.get("text") or ""), TEXT_LIMIT),
        "url": web_address(properties.get("url")),
    }


def describe_edge(
    relation: str, properties: Mapping[str, Any], *, names: Iterable[str], numbers: Mapping[str, int]
) -> dict[str, Any]:
    """Give relation, facts and evidence of a link; ``names`` are marked in the sentences, ``numbers`` are of papers."""
    facts: list[Fact] = []
    if properties.get("papers"):
        facts.append(("Support", _papers(int(properties["papers"]))))
    years = _years(properties.get("first_year"), properties.get("last_year"))
    if years:
        facts.append(("Years" if "–" in years else "Year", years))
    if isinstance(properties.get("score"), float | int):
        facts.append(("Score", f"{properties['score']:.2f}"))
    pattern = _any_of(names)
    papers, sentences = properties.get("evidence_papers") or (), properties.get("evidence_sentences") or ()
    return {
        "relation": words(relation),
        "facts": facts,
        "evidence": [
            [numbers[paper], marked(cut(sentence, TEXT_LIMIT), pattern)]
            for paper, sentence in zip(papers, sentences, strict=False)
        ],
    }


def describe_paper(key: str, properties: Mapping[str, Any]) -> list[Any]:
    """Give a paper that evidence names as [title, year or None, address or None]."""
    title = cut(str(properties.get("title") or key), NAME_LIMIT)
    return [title, properties.get("year"), web_address(properties.get("url"))]


def marked(sentence: str, pattern: re.Pattern[str] | None) -> list[str]:
    """Split a sentence into pieces: those at odd places are what ``pattern`` finds.

    >>> marked("Quill beats Plain.", re.compile("(Quill|Plain)"))
    ['', 'Quill', ' beats ', 'Plain', '.']
    """
    return pattern.split(sentence) if pattern else [sentence]


def names_of(graph: nx.MultiDiGraph, key: object) -> list[str]:
    """Give the name and aliases of a node, as they may stand in a sentence."""
    properties = graph.nodes[key]
    return [name_of(key, properties), *(str(alias) for alias in properties.get("aliases") or ())]


def web_address(value: object) -> str | None:
    """Give ``value`` if a browser may be sent there, else None: no javascript: or file: address becomes a link.

    >>> web_address("https://example.org/1"), web_address("javascript:alert(1)")
    ('https://example.org/1', None)
    """
    text = str(value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    usable = sorted({name for name in names if 2 <= len(name) <= 200}, key=lambda name: (-len(name), name))
    if not usable:
        return None
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, usable))})(?!\w)", re.IGNORECASE)


def _papers(count: int) -> str:
    return f"{count:,} paper{'' if count == 1 else 's'}"


def _years(first: object, last: object) -> str:
    if first is None:
        return ""
    return f"{first}" if last is None or last == first else f"{first}–{last}"
