"""The evidence of a report: what its numbers rest on, numbered in the order in which the page first needs it.

A number of the page is a link to a place in these notes, or to a paper's entry in the list of papers. Every text of the
graph is escaped here or in ``page.py``; an address of a paper becomes a link only where it is http or https.
"""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

import networkx as nx

from kg.answers.support import Said, by_support, entities, name_of, papers, papers_of
from kg.model import ENTITY_LABELS


class Notes:
    """Collects the notes of one page."""

    def __init__(self, graph: nx.MultiDiGraph) -> None:
        """Number the papers: by year, then title."""
        self._graph = graph
        dated = papers(graph)
        ordered = sorted(dated, key=lambda key: (dated[key] or 9999, name_of(graph, key), key))
        self._papers = {key: number for number, key in enumerate(ordered, 1)}
        self._entities: dict[str, int] = {}
        self._sentences: dict[tuple[str, tuple[Said, ...]], int] = {}

    def papers_about(self, entity: str, text: str | None = None) -> str:
        """Link to the papers that speak of an entity; the text is their number where none is given."""
        number = self._entities.setdefault(entity, len(self._entities) + 1)
        shown = f"{len(papers_of(self._graph, entity)):,}" if text is None else text
        return f'<a class="n" href="#about-{number}">{escape(shown)}</a>'

    def address(self, entity: str) -> str:
        """Give the address, in the page, of the papers that speak of an entity."""
        return f"#about-{self._entities.setdefault(entity, len(self._entities) + 1)}"

    def sentences(self, what: str, said: Iterable[Said], text: str) -> str:
        """Link to the sentences that say ``what``."""
        return f'<a class="n" href="{self.sentences_address(what, said)}">{escape(text)}</a>'

    def sentences_address(self, what: str, said: Iterable[Said]) -> str:
        """Give the address, in the page, of the sentences that say ``what``."""
        return f"#said-{self._sentences.setdefault((what, tuple(said)), len(self._sentences) + 1)}"

    def number(self, key: str) -> int:
        """Give the number of a paper."""
        return self._papers[key]

    def paper(self, key: str) -> str:
        """Refer to a paper by its number."""
        number = self._papers.get(key)
        return f'<a class="ref" href="#paper-{number}">[{number}]</a>' if number else ""

    def quoted(self, said: Said) -> str:
        """A sentence with the number of its paper."""
        return f"<q>{escape(said.sentence)}</q> {self.paper(said.paper)}"

    def evidence(self) -> str:
        """All sentences that were referred to."""
        items = []
        for (what, said), number in self._sentences.items():
            quotes = "".join(f"<li>{self.quoted(one)}</li>" for one in said)
            items.append(f'<li id="said-{number}"><b>{escape(what)}</b><ul>{quotes}</ul></li>')
        return f'<ol class="notes">{"".join(items)}</ol>' if items else "<p>None.</p>"

    def subjects(self, most: int) -> str:
        """The entities with the papers that speak of each: those referred to, and others up to ``most`` a kind.

        Those in most papers come first.
        """
        text = ""
        for label in ENTITY_LABELS:
            known = [(len(papers_of(self._graph, node)), node) for node in entities(self._graph, label)]
            ordered = by_support(known)
            kept = [node for place, node in enumerate(ordered) if place < most or node in self._entities]
            items = "".join(self._subject(node) for node in kept)
            more = f"<p>and {len(ordered) - len(kept):,} more</p>" if len(kept) < len(ordered) else ""
            head = f'<h3 id="all-{label.lower()}">{label}s <span>{len(ordered):,}</span></h3>'
            text += f'{head}<ul class="notes subjects">{items}</ul>{more}'
        return text

    def _subject(self, node: str) -> str:
        number = self._entities.get(node)
        place = f' id="about-{number}"' if number else ""
        refs = " ".join(self.paper(key) for key in papers_of(self._graph, node))
        return f"<li{place}><b>{escape(name_of(self._graph, node))}</b> {refs}</li>"

    def list_of_papers(self) -> str:
        """Every paper of the graph, by number."""
        items = []
        for key, number in self._papers.items():
            data = self._graph.nodes[key]
            title = escape(str(data["title"]))
            if _is_web(str(data.get("url") or "")):
                title = f'<a href="{escape(str(data["url"]))}" rel="noopener noreferrer">{title}</a>'
            people = list(data.get("authors") or ())
            who = escape(", ".join(people[:3]) + (" and others" if len(people) > 3 else ""))
            where = escape(" ".join(str(part) for part in (data.get("venue"), data.get("year")) if part))
            about = ". ".join(part for part in (who, where) if part)
            items.append(f'<li id="paper-{number}" value="{number}"><b>{title}</b>{f" {about}." if about else ""}</li>')
        return f'<ol class="papers">{"".join(items)}</ol>'


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
