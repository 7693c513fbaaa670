"""How a graph changes where some of its papers go and others come.

What several papers say together was kept by the last assembly (`Assembly.keep`): what the papers touch of it is told
anew, the rest is not looked at. What one paper says alone goes and comes with it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kg.assemble.assembly import FORGET, KEPT, KINDS, NO_YEAR, TABLES, Assembly, Edge, Families, Node
from kg.assemble.results import result_id
from kg.assemble.rows import MEMORY, Rows, key, text
from kg.model import SHAPES, Extraction, Relation

_NOTES = {
    "authors": "(id BLOB PRIMARY KEY, old INTEGER, new INTEGER) WITHOUT ROWID",
    "named": "(id BLOB PRIMARY KEY) WITHOUT ROWID",
    "linked": "(s BLOB, r TEXT, o BLOB, old INTEGER, PRIMARY KEY (s, r, o)) WITHOUT ROWID",
    "others": "(id BLOB PRIMARY KEY, old INTEGER) WITHOUT ROWID",
}
"""The authors, entities and links that papers touch, and the entities that are new or have other properties.

``old`` tells what there was before, ``new`` what there is now.
"""

_LABELS = {value: kind.label for value, kind in KINDS.items()}
_TOUCHED = "(SELECT n FROM gone UNION ALL SELECT n FROM papers)"
_WRITING = "EXISTS (SELECT 1 FROM writers WHERE author = id AND n NOT IN (SELECT n FROM {}))"
_LINKING = "EXISTS (SELECT 1 FROM links WHERE (subject, relation, object) = (s, r, o) AND n NOT IN (SELECT n FROM {}))"
_LINKED = "WHERE (subject, relation, object) IN (SELECT s, r, o FROM linked)"
_NOTE = (
    f"INSERT INTO authors SELECT DISTINCT author, 0, 0 FROM writers WHERE n IN {_TOUCHED}",
    f"INSERT INTO named SELECT DISTINCT entity FROM mentions WHERE n IN {_TOUCHED}",
    f"INSERT INTO linked SELECT DISTINCT subject, relation, object, 0 FROM links WHERE n IN {_TOUCHED}",
    f"UPDATE authors SET old = 1 WHERE {_WRITING.format('papers')}",
    f"UPDATE authors SET new = 1 WHERE {_WRITING.format('gone')}",
    f"UPDATE linked SET old = 1 WHERE {_LINKING.format('papers')}",
    "DELETE FROM writers WHERE n IN (SELECT n FROM gone)",
    *FORGET,
)
_OTHERS = "WHERE papers = 0 OR id IN (SELECT id FROM named)"
"""The entities that papers touch, and those that are there only as families."""


class Change(Assembly):
    """What is new, as an assembly of that alone; what goes; and what stays with other properties."""

    def __init__(
        self,
        kept: Path,
        gone: Iterable[Extraction],
        added: Iterable[Extraction],
        *,
        families: Families | None = None,
        folder: Path | None = None,
        memory: int = MEMORY,
    ) -> None:
        """Take papers out and in, by records as they are assembled; the file ``kept`` is changed to fit.

        A paper that changes is in both. Raises ValueError for a paper to go that is not there, or one to come that is;
        OSError where there is no room. Until `commit`, ``kept`` is of no use.
        """
        self._begin(Rows({**TABLES, **_NOTES}, folder=folder, memory=memory, file=kept, kept=KEPT), families)
        self._gone: list[tuple[str, str]] = []
        try:
            parents = self._restore()
            self._first = len(self._ids)
            self._take_out(gone)
            self._take(map(self._not_there, added))
            for statement in _NOTE:
                self._rows.execute(statement)
            before = self._others()
            self._old = {entity: self._labels.pop(entity) for entity in before}
            self._rows.execute(f"DELETE FROM entities {_OTHERS}")
            self._name_entities("WHERE entity IN (SELECT id FROM named)")
            self._add_families()
            self._compare(before, self._others())
            self._new_parents = {child: of for child, of in self._parents.items() if parents.get(child) != of}
            self._old_parents = {child: of for child, of in parents.items() if self._parents.get(child) != of}
        except BaseException:
            self.close()
            raise

    @property
    def fits(self) -> bool:
        """Tell whether every node that stays keeps its label."""
        return all(self._labels.get(entity, label) == label for entity, label in self._old.items())

    def commit(self) -> None:
        """Make the file what `Assembly.keep` writes of the graph as it is now."""
        self._rows.execute("DELETE FROM numbers WHERE n IN (SELECT n FROM gone)")
        self._rows.execute("DELETE FROM parents")
        self._number_papers(self._first)
        self._rows.commit()

    def gone_nodes(self) -> Iterator[tuple[str, str]]:
        """Give the id and label of each node that goes, and of each that comes again as another."""
        yield from self._gone
        for (author,) in self._rows.select("SELECT id FROM authors WHERE old AND NOT new ORDER BY id"):
            yield text(author), "Author"
        for entity, label in self._old.items():
            if entity not in self._labels:
                yield entity, label

    def gone_edges(self) -> Iterator[tuple[str, str, str]]:
        """Give source, target and relation of each edge that goes, and of each that comes again as another.

        Those of papers and results that go are not told.
        """
        for source, target, relation in self._rows.select("SELECT s, o, r FROM linked WHERE old ORDER BY s, o, r"):
            yield text(source), text(target), relation
        for child, parent in sorted(self._old_parents.items()):
            yield child, parent, Relation.VARIANT_OF.value

    def changed_nodes(self) -> Iterator[Node]:
        """Give the nodes that stay but may have other properties, with those."""
        yield from self._author_nodes("WHERE author IN (SELECT id FROM authors WHERE old AND new)")
        yield from self._entity_nodes("WHERE id IN (SELECT id FROM others WHERE old)")

    def ends(self, source: str, relation: str, target: str) -> tuple[str, str]:
        """Give the labels of the nodes that an edge joins, or did before."""
        start, end = SHAPES[Relation(relation)][0]
        return (
            self._labels.get(source) or self._old.get(source, start),
            self._labels.get(target) or self._old.get(target, end),
        )

    def _restore(self) -> dict[str, str]:
        """Take up what was kept; give the families."""
        rows = self._rows
        for number, paper, year in rows.select("SELECT n, id, year FROM numbers ORDER BY n"):
            # The number of a paper that went before is not given again.
            while len(self._ids) < number:
                self._ids.append("")
                self._years.append(NO_YEAR)
            self._numbers[text(paper)] = number
            self._ids.append(text(paper))
            self._years.append(NO_YEAR if year is None else year)
        self._labels = {text(place): _LABELS[kind] for place, kind in rows.select("SELECT id, kind FROM entities")}
        return {text(child): text(of) for child, of in rows.select("SELECT child, parent FROM parents")}

    def _take_out(self, gone: Iterable[Extraction]) -> None:
        for extraction in gone:
            paper = extraction.paper.id
            if paper not in self._numbers:
                raise ValueError(f"{paper} is not there")
            self._rows.add("gone", (self._numbers.pop(paper),))
            self._gone.append((paper, "Paper"))
            self._gone += [(result_id(result), "Result") for result in extraction.results]

    def _not_there(self, extraction: Extraction) -> Extraction:
        if extraction.paper.id in self._numbers:
            raise ValueError(f"{extraction.paper.id} is there already")
        return extraction

    def _others(self) -> dict[str, tuple[object, ...]]:
        return {text(row[0]): row[1:] for row in self._rows.select(f"SELECT * FROM entities {_OTHERS}")}

    def _compare(self, before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]) -> None:
        for entity, properties in after.items():
            if before.get(entity) != properties:
                self._rows.add("others", (key(entity), entity in before))

    def _node_streams(self) -> Iterable[Iterator[Node]]:
        return (
            self._paper_nodes(),
            self._author_nodes("WHERE author IN (SELECT id FROM authors WHERE new AND NOT old)"),
            self._entity_nodes("WHERE id IN (SELECT id FROM others WHERE NOT old)"),
            self._result_nodes(),
        )

    def _edge_streams(self) -> Iterable[Iterator[Edge]]:
        return (
            self._authorships("WHERE n IN (SELECT n FROM papers)"),
            self._roles(),
            self._links(_LINKED),
            self._variants(self._new_parents),
            self._reports(),
        )
