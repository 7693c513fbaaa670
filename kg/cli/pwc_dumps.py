"""Read the archived dumps of Papers with Code: methods, datasets, evaluation tables, papers with abstracts.

Each is a JSON array of records, plain or gzip, and is read record by record; which one it is, is told by the keys of
its first record. Their schema is that of https://github.com/paperswithcode/paperswithcode-data, and for evaluation
tables that of https://github.com/paperswithcode/sota-extractor. A record that is no JSON is reported and costs itself
alone; one that is not as it should be is passed over.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from kg.errors import InputError
from kg.model import Kind, normalise_text
from kg.vocabulary import Entry, fold

Dump = Literal["methods", "datasets", "tables", "papers"]
Record = Mapping[str, Any]

_KEYS: Mapping[Dump, frozenset[str]] = {
    "papers": frozenset({"paper_url", "title", "abstract"}),
    "tables": frozenset({"task", "datasets"}),
    "datasets": frozenset({"name", "variants"}),
    "methods": frozenset({"name", "full_name"}),
}
_DEPTH = 20
_LONGEST_RECORD = 64 << 20
"""Characters; a record of the evaluation tables holds all leaderboards of a task and of those below it."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a leaderboard: what a paper reports for a model on a dataset, by metric."""

    task: str
    dataset: str
    model: str
    title: str
    url: str
    metrics: tuple[tuple[str, str], ...]


def dumps(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Give the files that are named and those in the folders that are, sorted."""
    for path in paths:
        if path.is_dir():
            yield from sorted([*path.glob("*.json"), *path.glob("*.json.gz")])
        else:
            yield path


def read_dump(path: Path, *, on_problem: Callable[[InputError], None] | None = None) -> tuple[Dump, Iterator[Record]]:
    """Tell which dump ``path`` is and give its records; raises InputError where it is none.

    Each problem is given to ``on_problem``, or raised if there is none.
    """
    early: list[InputError] = []
    report: Callable[[InputError], None] = early.append

    def tell(problem: InputError) -> None:
        report(problem)

    records = _records(path, tell)
    first = next(records, None)
    for dump, keys in _KEYS.items():
        if first is not None and keys <= first.keys():
            if early and on_problem is None:
                raise early[0]
            report = on_problem or _raised
            for problem in early:
                report(problem)
            return dump, chain([first], records)
    for problem in early:
        if not re.match(r".*:\d+: ", str(problem)):
            raise problem  # of the whole file, which cannot be read
    raise InputError(
        f"{path}: not a dump of Papers with Code; give methods.json, datasets.json, evaluation-tables.json or"
        " papers-with-abstracts.json, as .json or .json.gz"
    )


def _raised(problem: InputError) -> None:
    raise problem


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and any(keys <= value.keys() for keys in _KEYS.values())


def _records(path: Path, report: Callable[[InputError], None]) -> Iterator[Record]:
    from kg.read.json_text import read_values
    from kg.read.source import Source, opened
    from kg.read.unpack import members

    try:
        with opened(str(path)) as stream:
            for member in members(str(path), stream, report):
                source = Source(member.name, member.blocks, report)
                values = iter(()) if source.binary else read_values(source, _is_record, longest=_LONGEST_RECORD)
                yield from (value for _, value in values if isinstance(value, dict))
    except OSError as error:
        report(InputError(f"{path}: {error.strerror or error}"))


def entries(dump: Dump, records: Iterator[Record], *, papers: int) -> Iterator[Entry]:
    """Give what a dump has for the vocabulary: names of methods and datasets in at least ``papers`` papers, and tasks.

    A variant of a dataset that carries its name is an entry of that family. A name that is an ordinary word needs its
    context to stand for one.
    """
    for record in records:
        if dump == "tables":
            yield from _tasks(record, 0)
        elif (name := _name(record.get("name"))) and _count(record.get("num_papers")) >= papers:
            kind = Kind.METHOD if dump == "methods" else Kind.DATASET
            tasks = [_name(task.get("task")) for task in _dicts(record.get("tasks"))] if dump == "datasets" else []
            yield _entry(kind, name, [record.get("full_name")], tasks=tuple(task for task in tasks[:3] if task))
            for variant in _list(record.get("variants")) if dump == "datasets" else ():
                other = _name(variant)
                if (
                    re.fullmatch(r"[\w .+-]+", other)
                    and fold(other).startswith(fold(name))
                    and fold(other) != fold(name)
                ):
                    yield _entry(kind, other, [], family=name)


def _tasks(record: Record, depth: int) -> Iterator[Entry]:
    if name := _name(record.get("task")):
        yield _entry(Kind.TASK, name, _list(record.get("synonyms")))
    for inner in _dicts(record.get("subtasks")) if depth < _DEPTH else ():
        yield from _tasks(inner, depth + 1)


def _entry(
    kind: Kind, name: str, aliases: list[Any], *, family: str | None = None, tasks: tuple[str, ...] = ()
) -> Entry:
    others = dict.fromkeys(alias for alias in map(_name, aliases) if alias and alias != name)
    plain = name.isalpha() and name[1:].islower()
    flags = frozenset({"ambiguous", "context"}) if plain else frozenset[str]()
    return Entry(name, kind, tuple(others), family, tasks, flags)


def rows(record: Record) -> Iterator[Row]:
    """Give the rows of all leaderboards in a record of the evaluation tables, those of its subtasks too."""
    yield from _rows(record, 0)


def _rows(record: Record, depth: int) -> Iterator[Row]:
    task = _text(record.get("task"))
    for table in _dicts(record.get("datasets")):
        yield from _of_table(task, table, 0)
    for inner in _dicts(record.get("subtasks")) if depth < _DEPTH else ():
        yield from _rows(inner, depth + 1)


def _of_table(task: str, table: Record, depth: int) -> Iterator[Row]:
    dataset = _text(table.get("dataset") or table.get("subdataset"))
    sota = table.get("sota")
    for row in _dicts(sota.get("rows")) if isinstance(sota, dict) else ():
        metrics = row.get("metrics")
        found = [(_text(name), _text(value)) for name, value in metrics.items()] if isinstance(metrics, dict) else []
        kept = tuple((name, value) for name, value in sorted(found) if re.search(r"\d", value))
        model, title = _text(row.get("model_name")), _text(row.get("paper_title"))
        if dataset and model and title and kept:
            yield Row(task, dataset, model, title, _text(row.get("paper_url")), kept)
    for inner in _dicts(table.get("subdatasets")) if depth < _DEPTH else ():
        yield from _of_table(task, inner, depth + 1)


def tags(record: Record) -> tuple[str, str, list[str], list[str]]:
    """Give title, address, methods and tasks of a record of the papers."""
    url = _text(record.get("url_abs")) or _text(record.get("paper_url"))
    if arxiv := _text(record.get("arxiv_id")):
        url = f"https://arxiv.org/abs/{arxiv}"
    methods = [_name(method.get("name")) for method in _dicts(record.get("methods"))]
    tasks = [_name(task) for task in _list(record.get("tasks"))]
    return _text(record.get("title")), url, [m for m in methods if m], [t for t in tasks if t]


def _text(value: object) -> str:
    return normalise_text(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _name(value: object) -> str:
    """A name that the vocabulary can hold, or ""."""
    name = _text(value)
    held = len(fold(name)) > 1 and len(name) <= _LONGEST and not re.search(r"[|\t]|\?$", name)
    return name if held and any(c.isalpha() for c in name) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[Record]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
