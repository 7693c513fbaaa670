"""What is new between two graphs: papers, entities and links that came and went, and how support changed.

Things are the same where their ids are; a paper, entity or link that the new graph has under another id is gone and
new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from kg.answers.support import Said, entities, name_of, papers, said, support
from kg.model import LINK_RELATIONS, Relation

_LINKS = frozenset(relation.value for relation in (*LINK_RELATIONS, Relation.VARIANT_OF))


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two entities, with its evidence in the graph that has it."""

    subject: str
    relation: str
    object: str
    names: tuple[str, str]
    papers: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """A paper or an entity; ``papers`` is 1 for a paper."""

    id: str
    label: str
    name: str
    papers: int
    year: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing or a link that both graphs have, with other support; ``new`` carries the sentences that came."""

    id: str
    name: str
    before: int
    after: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What `compare` finds. Lists are sorted: the best supported first, then by id."""

    new_papers: tuple[Thing, ...]
    gone_papers: tuple[Thing, ...]
    new_entities: tuple[Thing, ...]
    gone_entities: tuple[Thing, ...]
    new_links: tuple[Link, ...]
    gone_links: tuple[Link, ...]
    changed_entities: tuple[Changed, ...]
    changed_links: tuple[Changed, ...]

    def __bool__(self) -> bool:
        """True where the graphs differ."""
        return any(getattr(self, name) for name in self.__slots__)


def compare(old: nx.MultiDiGraph, new: nx.MultiDiGraph) -> Difference:
    """Give what ``new`` has that ``old`` has not, and the other way round."""
    papers_old, papers_new = papers(old), papers(new)
    known_old, known_new = set(entities(old)), set(entities(new))
    links_old, links_new = _links(old), _links(new)
    return Difference(
        new_papers=_things(new, papers_new.keys() - papers_old.keys()),
        gone_papers=_things(old, papers_old.keys() - papers_new.keys()),
        new_entities=_things(new, known_new - known_old),
        gone_entities=_things(old, known_old - known_new),
        new_links=_described(new, links_new, links_new.keys() - links_old.keys()),
        gone_links=_described(old, links_old, links_old.keys() - links_new.keys()),
        changed_entities=_sorted(
            Changed(node, name_of(new, node), old.nodes[node]["papers"], new.nodes[node]["papers"], ())
            for node in known_old & known_new
            if old.nodes[node]["papers"] != new.nodes[node]["papers"]
        ),
        changed_links=_sorted(
            _changed(new, key, links_old[key], links_new[key], papers_old)
            for key in links_old.keys() & links_new.keys()
            if support(links_old[key]) != support(links_new[key])
        ),
    )


Key = tuple[str, str, str]


def _links(graph: nx.MultiDiGraph) -> dict[Key, Mapping[str, Any]]:
    return {(s, r, t): data for s, t, r, data in graph.edges(keys=True, data=True) if r in _LINKS}


def _things(graph: nx.MultiDiGraph, nodes: set[str]) -> tuple[Thing, ...]:
    found = [
        Thing(
            node,
            graph.nodes[node]["label"],
            name_of(graph, node),
            int(graph.nodes[node].get("papers", 1)),
            graph.nodes[node].get("year", graph.nodes[node].get("first_year")),
        )
        for node in nodes
    ]
    return tuple(sorted(found, key=lambda t: (-t.papers, t.label, t.id)))


def _described(graph: nx.MultiDiGraph, links: Mapping[Key, Mapping[str, Any]], keys: set[Key]) -> tuple[Link, ...]:
    found = [
        Link(s, r, t, (name_of(graph, s), name_of(graph, t)), support(links[s, r, t]), said(graph, links[s, r, t]))
        for s, r, t in keys
    ]
    return tuple(sorted(found, key=lambda k: (-k.papers, k.relation, k.subject, k.object)))


def _changed(
    graph: nx.MultiDiGraph, key: Key, before: Mapping[str, Any], after: Mapping[str, Any], known: Mapping[str, Any]
) -> Changed:
    source, relation, target = key
    name = f"{name_of(graph, source)} {relation} {name_of(graph, target)}"
    come = tuple(s for s in said(graph, after) if s.paper not in known)
    return Changed(" ".join(key), name, support(before), support(after), come)


def _sorted(found: Any) -> tuple[Changed, ...]:
    return tuple(sorted(found, key=lambda c: (-abs(c.after - c.before), c.id)))
