"""The command import-pwc: what Papers with Code knew, as vocabulary and as results of the papers in a graph."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from kg.cli.ask import GRAPH
from kg.cli.output import Problems, count, note, progress
from kg.cli.pwc_dumps import Row, dumps, entries, read_dump, rows, tags
from kg.errors import InputError
from kg.model import Entity, Evidence, Extraction, Kind, Paper, Relation, Result, Role, Statement, entity_id, paper_id
from kg.vocabulary import COLUMNS, FILES, Entry, fold, load

RULE = "pwc"
SCORE = 0.9
"""Of what people and programs entered there: most of it is right."""

_PREFIX = "pwc-"


@click.command("import-pwc")
@GRAPH
@click.argument("files", metavar="DUMP...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--min-papers",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="Take the names of methods and datasets that had so many papers.",
)
@click.option("--only", type=click.Choice(["vocabulary", "results"]), help="Take these alone.")
def import_pwc(graph: Path, files: tuple[Path, ...], min_papers: int, only: str | None) -> None:
    """Add what the dumps of Papers with Code say to a graph.

    DUMP is methods.json, datasets.json, evaluation-tables.json or papers-with-abstracts.json of the archive, or a
    folder of them, gzip or not.

    Names of methods, datasets and tasks go to GRAPH/vocabulary/pwc-*.tsv, which may be edited: the graph is read again
    with them, and so is what is added later. Names that kg knows stay as they are.

    Leaderboards become results, and tags uses, of the papers that the graph has; their evidence begins "Papers with
    Code:". Import again after adding papers. A later import replaces an earlier one.

    \b
    Examples:
      kg import-pwc papers.kg evaluation-tables.json.gz
      kg import-pwc papers.kg dumps/ --min-papers 50
    """
    from kg.graph import Graph

    problems = _Problems()
    given = [(path, read_dump(path, on_problem=problems)[0]) for path in dumps(files)]
    if not given:
        raise InputError(f"{files[0]}: no .json or .json.gz in this folder")
    Graph(graph)
    lists = [(path, dump) for path, dump in given if dump != "papers" and only != "results"]
    boards = [(path, dump) for path, dump in given if dump in ("tables", "papers") and only != "vocabulary"]
    if lists:
        _import_names(graph, [path for path, _ in lists], problems, papers=min_papers)
    if boards:
        _import_results(graph, [path for path, _ in boards], problems)
    problems.summary()


class _Problems(Problems):
    """Reports each problem once: a dump is read once to know it, for names and for results."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def __call__(self, problem: InputError) -> None:
        if str(problem) not in self._said:
            self._said.add(str(problem))
            super().__call__(problem)


def _import_names(graph: Path, paths: Iterable[Path], problems: Problems, *, papers: int) -> None:
    from kg import folder
    from kg.update import VOCABULARY

    names: dict[Kind, dict[str, Entry]] = defaultdict(dict)
    for path in paths:
        dump, records = read_dump(path, on_problem=problems)
        for entry in _unknown(entries(dump, records, papers=papers)):
            names[entry.kind].setdefault(entry.name, entry)
    with folder.claim(graph):
        for kind, found in names.items():
            _write_entries(graph / VOCABULARY, kind, found.values())
    words = ", ".join(count(len(found), kind.value.lower()) for kind, found in sorted(names.items()))
    note(f"{graph / VOCABULARY}: {words or 'no name that kg does not know'}")
    _refresh(graph)


def _import_results(graph: Path, paths: Iterable[Path], problems: Problems) -> None:
    from kg import folder
    from kg.graph import Graph
    from kg.update import VOCABULARY
    from kg.update.imports import write_import
    from kg.vocabulary import using

    known = Graph(graph)
    papers = _Papers.of(extraction.paper for extraction in known.records())
    for path in paths:
        dump, records = read_dump(path, on_problem=problems)
        for record in records:
            if dump == "papers":
                papers.add_tags(*tags(record))
            else:
                for row in rows(record):
                    papers.add_row(row)
    with using(graph / VOCABULARY), folder.claim(graph):
        chosen = (extraction for extraction in known.records() if extraction.paper.id in papers.said)
        number = write_import(graph, RULE, (_extraction(one, papers.said[one.paper.id]) for one in chosen))
    note(f"{graph}: Papers with Code says something of {count(number, 'paper')}")
    _refresh(graph)


def _refresh(graph: Path) -> None:
    from kg.update import refresh_folder

    with progress() as update:
        built = refresh_folder(graph, progress=update)
    results = built.manifest.counts["nodes"].get("Result", 0)
    note(f"{graph}: {count(built.extracted, 'paper')} read again, {count(results, 'result')}")


@dataclass(slots=True)
class _Said:
    """What the dumps say of one paper."""

    rows: set[Row] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Papers:
    """The papers of the graph by what a dump may call them, and what is said of each."""

    ids: dict[str, str]
    said: dict[str, _Said] = field(default_factory=lambda: defaultdict(_Said))

    @classmethod
    def of(cls, papers: Iterable[Paper]) -> "_Papers":
        ids: dict[str, str] = {}
        for paper in papers:
            for key in (*paper.ids, paper_id(paper.title)):
                ids.setdefault(key, paper.id)
        return cls(ids)

    def find(self, title: str, url: str) -> str | None:
        from kg.read.identifiers import identifiers

        return next((self.ids[key] for key in (*identifiers([url]), paper_id(title)) if key in self.ids), None)

    def add_row(self, row: Row) -> None:
        if (paper := self.find(row.title, row.url)) is not None:
            self.said[paper].rows.add(row)

    def add_tags(self, title: str, url: str, methods: list[str], tasks: list[str]) -> None:
        if (methods or tasks) and (paper := self.find(title, url)) is not None:
            self.said[paper].methods.update(methods)
            self.said[paper].tasks.update(tasks)


def _unknown(found: Iterable[Entry]) -> Iterator[Entry]:
    """Leave out the names, and of the others the aliases, that the program's vocabulary knows."""
    vocabulary = load()
    for entry in found:
        label = entry.kind.label
        if not vocabulary.lookup(entry.name, match_case=False):
            aliases = tuple(alias for alias in entry.aliases if not vocabulary.lookup(alias, match_case=False))
            known = vocabulary.canonical(entry.family, label) if entry.family else None
            family = known.name if known else entry.family
            yield Entry(entry.name, entry.kind, aliases, family, entry.tasks, entry.flags)


def _write_entries(folder: Path, kind: Kind, found: Iterable[Entry]) -> None:
    from kg.export.files import replacing

    folder.mkdir(exist_ok=True)
    with replacing(folder / f"{_PREFIX}{dict(FILES)[kind]}") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for entry in sorted(found, key=lambda entry: entry.name):
            lists = (entry.aliases, entry.family, entry.tasks, sorted(entry.flags))
            cells = (cell if isinstance(cell, str) else "|".join(cell or ()) for cell in lists)
            file.write("\t".join([entry.name, *cells]) + "\n")


def _extraction(text: Extraction, said: _Said) -> Extraction:
    """Say as a record what the dumps say of a paper; its own names for things are taken where it has them."""
    found = _Statements(text)
    for row in sorted(said.rows, key=lambda row: (row.task, row.dataset, row.model, row.metrics)):
        found.add_row(row)
    for name in sorted(said.methods):
        found.add_role(name, Kind.METHOD, Role.USES)
    for name in sorted(said.tasks):
        found.add_role(name, Kind.TASK, Role.ADDRESSES)
    paper = Paper(text.paper.id, text.paper.title, "", sources=("Papers with Code",))
    statements = [Statement(*key, tuple(evidence)) for key, evidence in found.statements.items()]
    return Extraction(paper, tuple(found.entities.values()), tuple(statements), tuple(found.results))


class _Statements:
    """The statements on one paper as they are collected."""

    def __init__(self, text: Extraction) -> None:
        self.paper = text.paper
        self.entities: dict[str, Entity] = {}
        self.roles: dict[str, Relation] = {}
        self.statements: dict[tuple[str, Relation, str], list[Evidence]] = defaultdict(list)
        self.results: list[Result] = []
        self._named: dict[tuple[str, str], Entity] = {}
        for entity in text.entities:
            for form in (entity.name, *entity.aliases, *(mention.text for mention in entity.mentions)):
                self._named.setdefault((entity.kind.label, fold(form)), entity)

    def add_row(self, row: Row) -> None:
        """Add the results of a row and what follows from them."""
        where = f"{row.dataset} ({row.task})" if row.task else row.dataset
        scores = ", ".join(f"{metric} {value}" for metric, value in row.metrics)
        evidence = self._evidence(f"{row.model} on {where}: {scores}.")
        method = self._entity(row.model, Kind.METHOD, Role.MENTIONS, evidence)
        dataset = self._entity(row.dataset, Kind.DATASET, Role.EVALUATES_ON, evidence)
        self._link(method, Relation.EVALUATED_ON, dataset, evidence)
        if row.task:
            task = self._entity(row.task, Kind.TASK, Role.ADDRESSES, evidence)
            self._link(dataset, Relation.BENCHMARK_FOR, task, evidence)
            self._link(method, Relation.USED_FOR, task, evidence)
        for metric, value in row.metrics:
            unit = "%" if value.endswith("%") else ""
            self.results.append(Result(self.paper.id, method, dataset, metric, value, unit, "absolute", evidence))

    def add_role(self, name: str, kind: Kind, role: Role) -> None:
        """Add a tag of the paper."""
        self._entity(name, kind, role, self._evidence(f"{kind.value.lower()} {name}."))

    def _entity(self, name: str, kind: Kind, role: Role, evidence: Evidence) -> str:
        entity = self._meant(name, kind)
        self.entities.setdefault(entity.id, entity)
        relation = self.roles.setdefault(entity.id, role.relation)
        said = self.statements[self.paper.id, relation, entity.id]
        if evidence not in said:
            said.append(evidence)
        return entity.id

    def _meant(self, name: str, kind: Kind) -> Entity:
        """The entity of a name: one of the paper's, one of the vocabulary's, or a new one; "Net (ours)" is Net."""
        short = name.partition(" (")[0] if kind is Kind.METHOD else name
        for form in dict.fromkeys((name, short)):
            if known := self._named.get((kind.label, fold(form))):
                return Entity(known.id, known.kind, known.name, score=SCORE)
            if entry := load().canonical(form, kind.label):
                return Entity(entity_id(entry.kind, entry.name), entry.kind, entry.name, score=SCORE)
        return Entity(entity_id(kind, short), kind, short, score=SCORE)

    def _link(self, subject: str, relation: Relation, target: str, evidence: Evidence) -> None:
        self.statements[subject, relation, target].append(evidence)

    def _evidence(self, sentence: str) -> Evidence:
        return Evidence(self.paper.id, "title", 0, 0, f"Papers with Code: {sentence}", RULE, SCORE)
