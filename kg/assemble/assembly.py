"""Assemble papers into nodes and edges that come as a stream, in the order of their ids.

What the papers say is put into rows (`kg.assemble.rows`), which are sorted and united as they are read. In memory stay
the ids of papers and the ids and labels of entities, not what is said of them: a million papers take some 400 MB.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kg.assemble.properties import Said, commonest, entity_properties, paper_properties, support
from kg.assemble.results import result_id, result_properties
from kg.assemble.rows import MEMORY, Rows, key, text
from kg.assemble.versions import fullness, paper_of, unite_papers, values_of
from kg.model import (
    ROLE_RELATIONS,
    SHAPES,
    TEXT_RELATIONS,
    Entity,
    Evidence,
    Extraction,
    Kind,
    Paper,
    Relation,
    author_id,
    entity_id,
)

if TYPE_CHECKING:
    import networkx as nx

Families = Callable[[Entity], Entity | None]
Node = tuple[str, dict[str, Any]]
Edge = tuple[str, str, str, dict[str, Any]]

TABLES = {
    "papers": "(n INTEGER PRIMARY KEY, id BLOB, paper TEXT)",
    "roles": "(n INTEGER, id BLOB, roles TEXT)",
    "writers": "(n INTEGER, author BLOB, paper BLOB, name TEXT)",
    "mentions": "(n INTEGER, entity BLOB, name TEXT, kind TEXT, forms TEXT)",
    "links": "(n INTEGER, subject BLOB, relation TEXT, object BLOB, evidence TEXT)",
    "gone": "(n INTEGER PRIMARY KEY)",
    "results": "(n INTEGER, id BLOB, paper BLOB, method BLOB, dataset BLOB, properties TEXT)",
    "entities": "(id BLOB PRIMARY KEY, kind TEXT, name TEXT, aliases TEXT, papers INTEGER, first, last, family TEXT) "
    "WITHOUT ROWID",
    "parents": "(child BLOB, parent BLOB)",
    "numbers": "(n INTEGER PRIMARY KEY, id BLOB, year INTEGER)",
}
"""Names and lists are JSON: SQLite takes no text that has half of a surrogate pair. ``n`` numbers extractions."""

KEPT = ("writers", "mentions", "links", "entities", "parents", "numbers")
"""The tables that `Assembly.keep` writes: of what several papers say together, all; the rest is told by one paper."""

INDEXES = {
    "writers_n": "writers (n)",
    "writers_author": "writers (author)",
    "mentions_n": "mentions (n)",
    "mentions_entity": "mentions (entity)",
    "links_n": "links (n)",
    "links_ends": "links (subject, object)",
    "entities_of_none": "entities (papers) WHERE papers = 0",
}
"""How a change finds what its papers touch there, without reading the rest."""

FORGET = (
    "DELETE FROM roles WHERE n IN (SELECT n FROM gone)",
    "DELETE FROM mentions WHERE n IN (SELECT n FROM gone)",
    "DELETE FROM links WHERE n IN (SELECT n FROM gone)",
    "DELETE FROM results WHERE n IN (SELECT n FROM gone)",
)
_ENTITIES = "SELECT id, kind, name, aliases, papers, first, last, family FROM entities"
_REPORTS = """
    SELECT paper, id, 'REPORTS' FROM results
    UNION SELECT id, method, 'OF_METHOD' FROM results WHERE method IS NOT NULL
    UNION SELECT id, dataset, 'ON_DATASET' FROM results WHERE dataset IS NOT NULL
    ORDER BY 1, 2, 3
"""

NO_YEAR = -(2**31)
KINDS = {kind.value: kind for kind in Kind}
_RELATIONS = {relation.value: relation for relation in Relation}
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def _loads(written: str) -> Any:
    return _decode(written)[0]


class Assembly:
    """The nodes and edges of a graph, to be walked again and again; `kg.assemble.assemble` says what they hold."""

    def __init__(
        self,
        extractions: Iterable[Extraction],
        *,
        families: Families | None = None,
        folder: Path | None = None,
        memory: int = MEMORY,
    ) -> None:
        """Take in all extractions. Raises OSError where there is no room for temporary files.

        ``families`` gives the family of an entity. What does not fit into ``memory`` bytes goes to ``folder``.
        """
        self._begin(Rows(TABLES, folder=folder, memory=memory), families)
        try:
            self._take(extractions)
            if len(self._numbers) < len(self._ids):
                for delete in FORGET:
                    self._rows.execute(delete)
            self._name_entities()
            self._add_families()
        except BaseException:
            self.close()
            raise

    def _begin(self, rows: Rows, families: Families | None) -> None:
        self._rows = rows
        self._families = families
        self._numbers: dict[str, int] = {}
        self._ids: list[str] = []
        self._years = array("q")
        self._labels: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._counted_nodes: Counter[str] | None = None
        self._counted_edges: Counter[str] | None = None

    def close(self) -> None:
        """Give back the room that the rows take."""
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def nodes(self) -> Iterator[Node]:
        """Give each node as its id and properties."""
        streams = self._node_streams()
        counted: Counter[str] = Counter()
        last: Node | None = None
        for node in merge(*streams, key=itemgetter(0)):
            if last is not None and last[0] == node[0]:
                last = node[0], {**last[1], **node[1]}
                continue
            if last is not None:
                counted[last[1]["label"]] += 1
                yield last
            last = node
        if last is not None:
            counted[last[1]["label"]] += 1
            yield last
        self._counted_nodes = counted

    def edges(self) -> Iterator[Edge]:
        """Give each edge as source, target, relation and properties.

        Raises ValueError for a relation that may not join what it joins.
        """
        streams = self._edge_streams()
        counted: Counter[str] = Counter()
        last: Edge | None = None
        for edge in merge(*streams, key=itemgetter(0, 1, 2)):
            if last is not None and last[:3] == edge[:3]:
                last = *edge[:3], {**last[3], **edge[3]}
                continue
            if last is not None:
                counted[last[2]] += 1
                yield last
            last = edge
        if last is not None:
            counted[last[2]] += 1
            yield last
        self._counted_edges = counted

    def whole(self) -> "nx.MultiDiGraph":
        """Gather the nodes and edges in memory."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.nodes())
        # The ends of edges are the very texts that the nodes have: one copy of each.
        known = {key: key for key in graph}
        graph.add_edges_from((known[a], known[b], relation, data) for a, b, relation, data in self.edges())
        return graph

    def count_nodes(self) -> dict[str, int]:
        """Count the nodes by label; if they were walked, they are not walked again."""
        if self._counted_nodes is None:
            for _ in self.nodes():
                pass
        return dict(sorted((self._counted_nodes or {}).items()))

    def count_edges(self) -> dict[str, int]:
        """Count the edges by relation; if they were walked, they are not walked again."""
        if self._counted_edges is None:
            for _ in self.edges():
                pass
        return dict(sorted((self._counted_edges or {}).items()))

    def ends(self, source: str, relation: str, target: str) -> tuple[str, str]:
        """Give the labels of the nodes that an edge joins."""
        start, end = SHAPES[_RELATIONS[relation]][0]
        return self._labels.get(source, start), self._labels.get(target, end)

    def keep(self, file: Path) -> None:
        """Write to a new file what `kg.assemble.Change` goes on with; raises OSError where there is no room."""
        self._number_papers()
        self._rows.keep(KEPT, file, INDEXES)

    def _number_papers(self, first: int = 0) -> None:
        """Write the numbers of papers, from ``first`` on, and the families."""
        for paper, number in self._numbers.items():
            if number >= first:
                self._rows.add("numbers", (number, key(paper), self._year(number)))
        for child, parent in self._parents.items():
            self._rows.add("parents", (key(child), key(parent)))

    def _node_streams(self) -> Iterable[Iterator[Node]]:
        return self._paper_nodes(), self._author_nodes(), self._entity_nodes(), self._result_nodes()

    def _edge_streams(self) -> Iterable[Iterator[Edge]]:
        return self._authorships(), self._roles(), self._links(), self._variants(self._parents), self._reports()

    def _take(self, extractions: Iterable[Extraction]) -> None:
        for number, extraction in enumerate(extractions, len(self._ids)):
            paper = extraction.paper
            known = self._numbers.get(paper.id)
            self._ids.append(paper.id)
            self._years.append(_year(paper))
            if known is None:
                self._add_paper(number, paper)
                self._add_said(number, extraction)
            else:
                self._unite(known, number, extraction)

    def _unite(self, known: int, number: int, extraction: Extraction) -> None:
        """Take in a paper that is known already: what the fuller text says, and what both know of the paper."""
        rows = self._rows
        ((written,),) = rows.select("SELECT paper FROM papers WHERE n = ?", (known,))
        first = paper_of(extraction.paper.id, _loads(written))
        best = max(((first, known), (extraction.paper, number)), key=lambda one: fullness(one[0]))[1]
        if best == number:
            rows.add("gone", (known,))
            self._add_said(number, extraction)
        rows.execute(f"CREATE INDEX IF NOT EXISTS writers_n ON {INDEXES['writers_n']}")
        rows.execute("DELETE FROM writers WHERE n = ?", (known,))
        rows.execute("DELETE FROM papers WHERE n = ?", (known,))
        united = unite_papers((first, extraction.paper), first.id)
        self._years[best] = _year(united)
        self._add_paper(best, united)

    def _add_paper(self, number: int, paper: Paper) -> None:
        self._numbers[paper.id] = number
        place = key(paper.id)
        self._rows.add("papers", (number, place, _dumps(values_of(paper))))
        for name in paper.authors:
            self._rows.add("writers", (number, key(author_id(name)), place, _dumps(name)))

    def _add_said(self, number: int, extraction: Extraction) -> None:
        add = self._rows.add
        paper = extraction.paper
        for entity in extraction.entities:
            forms = {*entity.aliases, *[mention.text for mention in entity.mentions]} - {entity.name}
            kept = _dumps(list(forms)) if forms else None
            add("mentions", (number, key(entity.id), _dumps(entity.name), entity.kind.value, kept))
        roles: dict[tuple[str, str], list[Any]] = {}
        for statement in extraction.statements:
            evidence = [_written_evidence(one, paper.id) for one in statement.evidence]
            subject, relation, target = statement.subject, statement.relation, statement.object
            if relation not in ROLE_RELATIONS:
                add("links", (number, key(subject), relation.value, key(target), _dumps(evidence)))
            elif subject == paper.id:
                roles.setdefault((target, relation.value), []).extend(evidence)
            else:
                raise ValueError(f"{paper.id} says what another paper does: {subject} {relation} {target}")
        if roles:
            listed = [[*ends, roles[ends]] for ends in sorted(roles)]
            add("roles", (number, key(paper.id), _dumps(listed)))
        for result in extraction.results:
            method, dataset = (None if end is None else key(end) for end in (result.method, result.dataset))
            properties = _dumps(result_properties(result))
            add("results", (number, key(result_id(result)), key(result.paper_id), method, dataset, properties))

    def _name_entities(self, which: str = "") -> None:
        """Make one entity an id: its commonest name and kind, every surface form as an alias."""
        rows = self._rows.select(f"SELECT entity, n, name, kind, forms FROM mentions {which} ORDER BY entity, n")
        for place, group in groupby(rows, key=itemgetter(0)):
            names: Counter[str] = Counter()
            kinds: Counter[str] = Counter()
            forms: set[str] = set()
            papers = 0
            first = last = None
            before = -1
            for _, number, name, kind, more in group:
                names[name] += 1
                kinds[kind] += 1
                if more is not None:
                    forms.add(more)
                if number != before:
                    before = number
                    papers += 1
                    year = self._years[number]
                    if year != NO_YEAR:
                        first = year if first is None or year < first else first
                        last = year if last is None or year > last else last
            spelt = {_loads(name): times for name, times in names.items()}
            name = commonest(spelt)
            aliases = {form for some in forms for form in _loads(some)}.union(spelt) - {name}
            entity = Entity(text(place), KINDS[commonest(kinds)], name, tuple(sorted(aliases)))
            self._add_entity(entity, papers, first, last)

    def _add_entity(self, entity: Entity, papers: int = 0, first: int | None = None, last: int | None = None) -> None:
        self._labels[entity.id] = entity.kind.label
        family = self._family(entity)
        written = _dumps([family.id, family.kind.value, family.name, family.aliases]) if family else None
        properties = entity.kind.value, _dumps(entity.name), _dumps(entity.aliases), papers, first, last
        self._rows.add("entities", (key(entity.id), *properties, written))

    def _family(self, entity: Entity) -> Entity | None:
        family = self._families(entity) if self._families else None
        return replace(family, id=entity_id(family.kind, family.name)) if family else None

    def _entities(
        self, which: str = "", values: tuple[bytes, ...] = ()
    ) -> Iterator[tuple[Entity, int, Any, Any, Entity | None]]:
        """Give entities with the number of their papers, the first and last year, and their family."""
        rows = self._rows.select(f"{_ENTITIES} {which} ORDER BY id", values)
        for place, kind, name, aliases, papers, first, last, family in rows:
            entity = Entity(text(place), KINDS[kind], _loads(name), tuple(_loads(aliases)))
            yield entity, papers, first, last, _read_entity(_loads(family)) if family else None

    def _add_families(self) -> None:
        """Take up the families of all entities, those of families too; what no paper names becomes an entity."""
        added: dict[str, Entity] = {}
        for entity, *_, family in self._entities("WHERE family IS NOT NULL"):
            child, parent = entity, family
            while parent is not None:
                ends = child.kind.label, parent.kind.label
                if parent.id in (child.id, entity.id) or ends not in SHAPES[Relation.VARIANT_OF]:
                    break
                seen = child.id in self._parents
                self._parents[child.id] = parent.id
                if seen:
                    break
                if parent.id in self._labels:
                    known = next(self._entities("WHERE id = ?", (key(parent.id),)))
                    child, parent = known[0], known[-1]
                else:
                    child = added.setdefault(parent.id, parent)
                    parent = self._family(child)
        for entity in added.values():
            self._add_entity(entity)

    def _paper_nodes(self) -> Iterator[Node]:
        for place, written in self._rows.select("SELECT id, paper FROM papers ORDER BY id"):
            paper = paper_of(text(place), _loads(written))
            yield paper.id, paper_properties(paper)

    def _author_nodes(self, which: str = "") -> Iterator[Node]:
        rows = self._rows.select(f"SELECT author, name FROM writers {which} ORDER BY author")
        for place, group in groupby(rows, key=itemgetter(0)):
            names = Counter(name for _, name in group)
            author = text(place)
            yield (
                author,
                {
                    "label": "Author",
                    "id": author,
                    "name": commonest({_loads(name): times for name, times in names.items()}),
                },
            )

    def _entity_nodes(self, which: str = "") -> Iterator[Node]:
        for entity, papers, first, last, _ in self._entities(which):
            yield entity.id, entity_properties(entity, papers, (first, last))

    def _result_nodes(self) -> Iterator[Node]:
        for place, properties in self._rows.select("SELECT id, properties FROM results ORDER BY id, rowid"):
            yield text(place), _loads(properties)

    def _authorships(self, which: str = "") -> Iterator[Edge]:
        rows = self._rows.select(f"SELECT author, paper FROM writers {which} ORDER BY author, paper")
        for author, paper in rows:
            yield text(author), text(paper), Relation.WROTE.value, {}

    def _roles(self) -> Iterator[Edge]:
        for place, number, written in self._rows.select("SELECT id, n, roles FROM roles ORDER BY id"):
            paper = text(place)
            year = (self._year(number),)
            for target, relation, evidence in _loads(written):
                self._check(paper, relation, target)
                found = [_read_evidence(one, paper) for one in evidence]
                yield paper, target, relation, support(found, 1, year)

    def _links(self, which: str = "") -> Iterator[Edge]:
        columns = "subject, object, relation, n, evidence"
        query = f"SELECT {columns} FROM links {which} ORDER BY subject, object, relation, links.rowid"
        for ends, group in groupby(self._rows.select(query), key=itemgetter(0, 1, 2)):
            subject, target, relation = text(ends[0]), text(ends[1]), ends[2]
            self._check(subject, relation, target)
            found: list[Said] = []
            papers: set[int] = set()
            for *_, number, evidence in group:
                papers.add(number)
                found += [_read_evidence(one, self._ids[number]) for one in _loads(evidence)]
            supported = _RELATIONS[relation] in TEXT_RELATIONS
            years = map(self._year, papers)
            yield subject, target, relation, support(found, len(papers), years) if supported else {}

    def _variants(self, parents: Mapping[str, str]) -> Iterator[Edge]:
        for child, parent in sorted(parents.items()):
            yield child, parent, Relation.VARIANT_OF.value, {}

    def _reports(self) -> Iterator[Edge]:
        for source, target, relation in self._rows.select(_REPORTS):
            yield text(source), text(target), relation, {}

    def _year(self, number: int) -> int | None:
        year = self._years[number]
        return None if year == NO_YEAR else year

    def _check(self, subject: str, relation: str, target: str) -> None:
        """Look whether a relation may join two nodes; of what the text relates, all but the paper is an entity."""
        labels = self._labels
        start = labels.get(subject) or ("Paper" if subject in self._numbers else None)
        if (start, labels.get(target)) not in SHAPES[_RELATIONS[relation]]:
            end = labels.get(target, "no entity")
            raise ValueError(f"{relation} cannot join {start or 'no entity'} {subject!r} and {end} {target!r}")


def _read_entity(written: list[Any]) -> Entity:
    place, kind, name, aliases = written
    return Entity(place, KINDS[kind], name, tuple(aliases))


def _year(paper: Paper) -> int:
    return NO_YEAR if paper.year is None else paper.year


def _written_evidence(evidence: Evidence, paper: str) -> list[Any]:
    e = evidence
    written = [e.score, e.field, e.start, e.end, e.sentence]
    return written if e.paper_id == paper else [*written, e.paper_id]


def _read_evidence(written: list[Any], paper: str) -> Said:
    score, field, start, end, sentence, *other = written
    return Said(score, other[0] if other else paper, field, start, end, sentence)
