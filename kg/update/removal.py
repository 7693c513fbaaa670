"""Find the papers that a user wants out of a graph folder.

A paper is named by its id, an identifier (DOI, arXiv, ...), its title however it is spelt, or a place that it was read
from. A place and a file take only what was read there: a paper that was read elsewhere too stays as it is told there.
Nothing is written here; `kg.update.remove_papers` does it.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kg.assemble import versions_of
from kg.errors import GraphError, QueryError
from kg.model import Paper
from kg.read.identifiers import identifiers
from kg.store.names import fold


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go: papers by id, places, and all places of files and folders."""

    papers: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()

    def sift(self, paper: str, places: tuple[str, ...]) -> tuple[str, ...] | None:
        """Give where a version of a paper was read for all that stays, or None where nothing does."""
        if paper in self.papers:
            return None
        if not (self.places or self.files):
            return places
        left = tuple(place for place in places if not (place in self.places or self.has_read(place)))
        return left if left or not places else None

    def has_read(self, place: str) -> bool:
        """Tell whether a place is in one of the files."""
        return any(within(place.rpartition(":")[0], file) for file in self.files)


def within(name: str, file: str) -> bool:
    """Tell whether a name of a file, or of a member of an archive, is that of ``file`` or in it.

    >>> within("papers/a.bib", "./papers/"), within("papers.zip/a.bib", "papers.zip"), within("b.bib", "a.bib")
    (True, True, False)
    """
    name, file = os.path.normpath(name), os.path.normpath(file)
    return name == file or name.startswith(file + os.sep)


def find_unwanted(papers: Iterable[Paper], names: Collection[str], files: Collection[str]) -> Removal:
    """Find what ``names`` and ``files`` mean among ``papers``.

    Raises QueryError for a name that means no paper, or a title of several; GraphError for a file of none.
    """
    wanted = {name.strip() for name in names}
    keys = {key: name for name in wanted for key in (name, *identifiers([name]))}
    folded = {fold(name): name for name in wanted}
    by_key: dict[str, set[str]] = {name: set() for name in wanted}
    by_title: dict[str, set[str]] = {name: set() for name in wanted}
    places: set[str] = set()
    unread = set(files)
    titles: dict[str, str] = {}
    for paper in papers:
        titles[paper.id] = paper.title
        for version in versions_of(paper):
            for key in (paper.id, version.id, *version.ids):
                if key in keys:
                    by_key[keys[key]].add(paper.id)
            if fold(version.title) in folded:
                by_title[folded[fold(version.title)]].add(paper.id)
            places |= wanted.intersection(version.sources)
            if unread:
                unread = {f for f in unread if not any(within(p.rpartition(":")[0], f) for p in version.sources)}
    if unread:
        raise GraphError(f"{min(unread)}: no paper of this graph was read from it; see `kg info` for its inputs")
    found: set[str] = set()
    for name in sorted(wanted):
        if name not in places:
            found |= by_key[name] or {_only(name, by_title[name], titles)}
    return Removal(frozenset(found), frozenset(places), tuple(sorted(files)))


def _only(name: str, found: Collection[str], titles: dict[str, str]) -> str:
    """Give the one paper of a title."""
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise QueryError(f"{len(found)} papers are called {name!r}; name one by its id: {', '.join(sorted(found))}")
    import networkx as nx

    from kg.store.names import suggest

    graph = nx.MultiDiGraph()
    graph.add_nodes_from((key, {"label": "Paper", "title": title}) for key, title in titles.items())
    near = suggest(graph, name, ("Paper",), limit=3)
    hint = "nearest: " + "; ".join(near) if near else "name it by its id, an identifier or its title"
    raise QueryError(f"no paper {name!r} in this graph; {hint}")
