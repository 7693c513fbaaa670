"""Match what a user types to the names in a graph: ``cifar10`` is CIFAR-10.

A name is compared as written, then without case, then with letters and digits alone, and so are its aliases. A name
that matches nothing is answered with the nearest ones; nothing is guessed.
"""

import difflib
import unicodedata
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from kg.errors import QueryError
from kg.store.base import Store
from kg.store.schema import ENTITIES, NODES

if TYPE_CHECKING:
    import networkx as nx

LABELS = (*ENTITIES, "Author", "Paper")
"""Labels whose nodes have a name; a paper's is its title."""


@dataclass(frozen=True, slots=True)
class Named:
    """A node and what it is called."""

    id: str
    label: str
    name: str
    aliases: tuple[str, ...] = ()
    papers: int = 0


def fold(text: str) -> str:
    """Fold a name to its letters and digits, with ``+ # *`` kept.

    >>> fold("CIFAR 10") == fold("cifar-10"), fold("C++"), fold("Poincaré")
    (True, 'c++', 'poincare')
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in plain if c.isalnum() or c in "+#*")
    return kept or text.casefold()


def find(source: "nx.MultiDiGraph | Store", text: str, label: str | None = None) -> str:
    """Give the name in the graph that ``text`` means; see `find_named`."""
    return find_named(source, text, label).name


def find_named(source: "nx.MultiDiGraph | Store", text: str, label: str | None = None) -> Named:
    """Find the node that ``text`` means: an id, a name or an alias, written in any way.

    ``label`` is one of `LABELS`, "Entity" for any entity, or None for anything named. Of several that match equally
    well, the one in most papers is given. Raises QueryError with the nearest names when there is none.
    """
    labels = ENTITIES if label == "Entity" else (label,) if label else LABELS
    unknown = [name for name in labels if name not in LABELS]
    if unknown:
        raise QueryError(f"there are no names of kind {unknown[0]}; kinds: {', '.join(LABELS)}, Entity")
    wanted = text.strip()
    found = _exact(source, labels, wanted)
    if found:
        return found
    # Papers are many and their titles rarely typed by hand, so they are read last and only if need be.
    for group in ([name for name in labels if name != "Paper"], [name for name in labels if name == "Paper"]):
        found = _best(_named(source, group), wanted) if group else None
        if found:
            return found
    near = suggest(source, wanted, labels)
    what = label.lower() if label else "name"
    hint = f"nearest: {', '.join(near)}" if near else "the graph has none like it"
    raise QueryError(f"no {what} {_short(wanted)!r} in this graph; {hint}")


def suggest(
    source: "nx.MultiDiGraph | Store", text: str, labels: Iterable[str] = LABELS, *, limit: int = 5
) -> list[str]:
    """Give the names most like ``text``, best first."""
    spellings: dict[str, Named] = {}
    for named in _named(source, list(labels)):
        for spelling in (named.name, *named.aliases):
            known = spellings.get(fold(spelling))
            if known is None or (-named.papers, named.id) < (-known.papers, known.id):
                spellings[fold(spelling)] = named
    typed = fold(text)[:200]
    inside = sorted(
        (key for key in spellings if len(typed) >= 3 and typed in key),
        key=lambda key: (len(key), -spellings[key].papers, key),
    )
    close = difflib.get_close_matches(typed, spellings, limit, 0.6)
    return list(dict.fromkeys(spellings[key].name for key in [*close[:limit], *inside[:limit]]))[:limit]


def spellings(source: "nx.MultiDiGraph | Store") -> Iterator[str]:
    """Give the names of all entities and authors, those in most papers first."""
    found = _named(source, [label for label in LABELS if label != "Paper"])
    yield from (named.name for named in sorted(found, key=lambda named: (-named.papers, named.name)))


def _exact(source: "nx.MultiDiGraph | Store", labels: Iterable[str], wanted: str) -> Named | None:
    """Ask a store for a node called just so, which is quicker than to read all names and is how programs ask."""
    if hasattr(source, "nodes"):
        return None
    store = cast(Store, source)
    found = []
    for label in labels:
        name = "title" if label == "Paper" else "name"
        query = f"MATCH (n:{label}) WHERE n.{name} = $wanted OR n.id = $wanted RETURN {_columns(label)}"
        found += [_node(row, label) for row in store.query(query, {"wanted": wanted}, limit=None).dicts()]
    return min(found, key=lambda named: (-named.papers, named.id), default=None)


def _columns(label: str) -> str:
    name = "n.title AS name" if label == "Paper" else "n.name AS name"
    more = ", n.aliases AS aliases, n.papers AS papers" if "aliases" in NODES[label] else ""
    return f"n.id AS id, {name}{more}"


def _best(candidates: Iterable[Named], wanted: str) -> Named | None:
    folded, lowered = fold(wanted), wanted.casefold()
    ranked = []
    for named in candidates:
        rank = _rank(named, wanted, lowered, folded)
        if rank is not None:
            ranked.append((rank, -named.papers, named.id, named))
    return min(ranked, key=lambda item: item[:3])[3] if ranked else None


def _rank(named: Named, wanted: str, lowered: str, folded: str) -> int | None:
    if wanted in (named.id, named.name):
        return 0
    if named.name.casefold() == lowered:
        return 1
    if fold(named.name) == folded:
        return 2
    if wanted in named.aliases:
        return 3
    return 4 if any(fold(alias) == folded for alias in named.aliases) else None


_CACHE: "weakref.WeakKeyDictionary[Any, dict[str, list[Named]]]" = weakref.WeakKeyDictionary()


def _named(source: "nx.MultiDiGraph | Store", labels: list[str]) -> Iterator[Named]:
    # A graph is told by its nodes: importing NetworkX to ask would cost most of the time of a short query.
    nodes = getattr(source, "nodes", None)
    if nodes is not None:
        for key, data in nodes(data=True):
            if data.get("label") in labels:
                yield _node({**data, "id": key}, data["label"])
        return
    store = cast(Store, source)
    for label in labels:
        # An embedded database never changes while it is open; a server may, so it is asked each time.
        known = _CACHE.setdefault(store, {}) if store.dialect == "embedded" else {}
        if label not in known:
            rows = store.query(f"MATCH (n:{label}) RETURN {_columns(label)} ORDER BY id", limit=None)
            known[label] = [_node(row, label) for row in rows.dicts()]
        yield from known[label]


def _node(data: dict[str, Any], label: str) -> Named:
    name = data.get("name") or data.get("title") or ""
    return Named(data["id"], label, name, tuple(data.get("aliases") or ()), data.get("papers") or 0)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
