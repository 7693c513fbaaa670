"""Find nodes by name while somebody types: a table of the names and aliases of entities and authors, made once.

Spellings lie in one long text, those of the best supported nodes first, so that a search is a few runs of ``str.find``
that stop when they have enough. Titles of papers, of which there may be millions, are asked of the database instead.
"""

import difflib
import re
import threading
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import Any

from kg.errors import QueryError
from kg.store.base import Store
from kg.store.names import fold
from kg.store.schema import ENTITIES
from viz.app.rows import BRIEF, brief

_END = "\n"
_NEAR = 0.75
_TITLE_SECONDS = 2.0


def folded(text: str) -> str:
    """Fold as `kg.store.names.fold` does, quicker where there are no accents.

    >>> folded("CIFAR-10"), folded("Poincaré"), folded("C++")
    ('cifar10', 'poincare', 'c++')
    """
    if text.isascii():
        return re.sub(r"[^a-z0-9+#*]+", "", text.lower()) or text.lower()
    return fold(text)


class Names:
    """The search table of a store. Made by the first search, or before it by `prepare`; safe between threads."""

    def __init__(self, store: Store) -> None:
        """Know the store; read nothing yet."""
        self.store = store
        self._lock = threading.Lock()
        self._ready = False
        self._nodes: list[tuple[Any, ...]] = []
        self._spellings: list[tuple[int, str | None]] = []
        self._starts = array("Q")
        self._text = _END

    def prepare(self) -> None:
        """Read the names."""
        with self._lock:
            if not self._ready:
                self._read()
                self._ready = True

    def _read(self) -> None:
        rows: list[tuple[tuple[Any, ...], list[str]]] = []
        for label in (*ENTITIES, "Author"):
            written = "n.aliases" if label != "Author" else "NULL"
            found = self.store.query(f"MATCH (n:{label}) RETURN {BRIEF[label]}, {written} AS aliases", limit=None)
            rows += [(row[:-1], row[-1] or []) for row in found]
        rows.sort(key=lambda row: (-(row[0][3] or 0), row[0][0]))
        parts: list[str] = []
        start = len(_END)
        for number, (node, aliases) in enumerate(rows):
            self._nodes.append(node)
            for at, spelling in enumerate(dict.fromkeys((str(node[1] or node[0]), *aliases))):
                plain = folded(spelling)
                parts.append(plain)
                self._spellings.append((number, spelling if at else None))
                self._starts.append(start)
                start += len(plain) + len(_END)
        self._text = _END + "".join(part + _END for part in parts)

    def search(self, text: str, limit: int, kinds: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Give the nodes whose name, alias, title or id is like ``text``, best first; ``kinds`` None for any kind.

        Whole names come before their beginnings, then what stands inside a name, then titles; then, where there is
        nothing, what is written much alike.
        """
        self.prepare()
        wanted = folded(text.strip())
        hits: dict[str, dict[str, Any]] = {}
        if not wanted:
            return []
        plain = wanted.replace(_END, "")
        tries = [_END + plain + _END, _END + plain] + ([plain] if len(plain) > 1 else [])
        for pattern in tries:
            for number, alias in self._find(pattern):
                if len(hits) >= limit:
                    break
                node = self._nodes[number]
                if node[0] not in hits and (kinds is None or node[2] in kinds):
                    hits[node[0]] = {**brief(node), "alias": alias}
        if len(hits) < limit and (kinds is None or "Paper" in kinds):
            for hit in self._titles(text, limit - len(hits)):
                hits.setdefault(hit["id"], hit)
        if not hits and len(plain) > 3:
            for number, alias in self._alike(plain):
                node = self._nodes[number]
                if kinds is None or node[2] in kinds:
                    hits.setdefault(node[0], {**brief(node), "alias": alias})
        return list(hits.values())[:limit]

    def _find(self, pattern: str) -> Iterator[tuple[int, str | None]]:
        """Give the spellings in which ``pattern`` occurs, best supported first."""
        skip = len(_END) if pattern.startswith(_END) else 0
        at = self._text.find(pattern)
        while at >= 0:
            place = bisect_right(self._starts, at + skip) - 1
            yield self._spellings[place]
            # On from the end of this spelling: one hit a spelling is enough.
            following = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._text)
            at = self._text.find(pattern, following - len(_END))

    def _titles(self, text: str, limit: int) -> list[dict[str, Any]]:
        words = sorted({word for word in re.split(r"[^\w+#*]+", text.lower()) if word}, key=len, reverse=True)[:8]
        if not words or len(words[0]) < 2:
            return []
        said = " AND ".join(f"toLower(n.title) CONTAINS $w{at}" for at in range(len(words)))
        query = f"MATCH (n:Paper) WHERE n.id = $id OR ({said}) RETURN {BRIEF['Paper']} ORDER BY name, id LIMIT {limit}"
        given = {"id": text.strip(), **{f"w{at}": word for at, word in enumerate(words)}}
        try:
            rows = self.store.query(query, given, timeout=_TITLE_SECONDS)
        except QueryError:
            # So many papers that reading their titles takes too long: names alone, then.
            return []
        return [{**brief(row), "alias": None} for row in rows]

    def _alike(self, plain: str) -> Iterator[tuple[int, str | None]]:
        """Spellings that begin alike and differ by a slip of the finger."""
        alike: dict[str, tuple[int, str | None]] = {}
        for place, start in enumerate(self._starts):
            if self._text.startswith(plain[:1], start):
                end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._text)
                if abs(end - len(_END) - start - len(plain)) <= 2:
                    alike.setdefault(self._text[start : end - len(_END)], self._spellings[place])
        for spelling in difflib.get_close_matches(plain, alike, 5, _NEAR):
            yield alike[spelling]
