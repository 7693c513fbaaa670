"""Named questions: one ``.cypher`` file each, and the few lines that read, check and run them.

A file begins with comments that say what it answers and what it takes::

    // Methods evaluated on a dataset, the best supported first.
    // param dataset: Dataset, such as "CIFAR-10"
    // param limit: int = 20

A parameter with ``such as`` is required and shows an example; one with ``=`` has a default. Types are str, int, float,
bool, and kinds of node (Method, Dataset, Task, Entity, Author, Paper), whose values are matched kindly to the names in
the graph; a Paper is passed to the query by its id, the others by name. The queries are written in the dialect that
both engines share (docs/cypher.md).
"""

import difflib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kg.errors import QueryError
from kg.store.base import ROW_LIMIT, TIME_LIMIT, Rows, Store
from kg.store.names import LABELS, find_named

_FOLDER = Path(__file__).parent
_PARAMETER = re.compile(r"// param (\w+): (\w+)(?:( = |, such as )(.+))?")
_TYPES = ("str", "int", "float", "bool", "Entity", *LABELS)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a named query takes; one without a default is required."""

    name: str
    type: str
    required: bool
    default: Any
    example: Any

    @property
    def names_a_node(self) -> bool:
        """Whether values are names in the graph, to be matched kindly."""
        return self.type in LABELS or self.type == "Entity"


@dataclass(frozen=True, slots=True)
class Query:
    """A named query."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    text: str

    @property
    def example(self) -> str:
        """A command that runs it, for people to change."""
        values = [f"-p {shlex.quote(f'{p.name}={p.example}')}" for p in self.parameters if p.required]
        return " ".join(["kg query GRAPH", self.name, *values])

    @property
    def takes(self) -> str:
        """Its parameters, each with its type and what it is unless given.

        >>> get("leaderboard").takes
        'dataset (Dataset), metric (str, ""), limit (int, 50)'
        """
        usual = ("" if p.required else f", {json.dumps(p.default)}" for p in self.parameters)
        return ", ".join(f"{p.name} ({p.type}{default})" for p, default in zip(self.parameters, usual, strict=True))

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check and convert the values given, and fill in defaults; raises QueryError for what is wrong."""
        known = {p.name: p for p in self.parameters}
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else f"it takes: {', '.join(known) or 'nothing'}"
                raise QueryError(f"{self.name} has no parameter {name}; {hint}")
        missing = [p for p in self.parameters if p.required and p.name not in given]
        if missing:
            needs = ", ".join(p.name for p in missing)
            raise QueryError(f"{self.name} needs {needs}; for example: {self.example}")
        return {p.name: _convert(self.name, p, given[p.name]) if p.name in given else p.default for p in known.values()}


@cache
def load() -> Mapping[str, Query]:
    """Read all named queries, by name in alphabetical order."""
    found = (parse(path.stem, path.read_text(encoding="utf-8")) for path in _FOLDER.glob("*.cypher"))
    return MappingProxyType({query.name: query for query in sorted(found, key=lambda query: query.name)})


def names() -> list[str]:
    """Give the names of all queries in alphabetical order."""
    return list(load())


def get(name: str) -> Query:
    """Give the query called ``name``; raises QueryError with the nearest names when there is none."""
    queries = load()
    folded = name.strip().lower().replace("_", "-").replace(" ", "-").removesuffix(".cypher")
    if folded in queries:
        return queries[folded]
    near = difflib.get_close_matches(folded, queries, 3, 0.5)
    hint = f"nearest: {', '.join(near)}" if near else "kg queries lists them"
    raise QueryError(f"no query named {name!r}; {hint}")


def run(
    store: Store,
    name: str,
    given: Mapping[str, Any] | None = None,
    *,
    timeout: float | None = TIME_LIMIT,
    limit: int | None = ROW_LIMIT,
) -> Rows:
    """Answer the query called ``name`` with the values given, as text or as what they are."""
    text, values = prepared(store, name, given or {})
    return store.query(text, values, timeout=timeout, limit=limit)


def prepared(store: Store, name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give the Cypher of the query called ``name`` and the values for it, checked; raises QueryError."""
    query = get(name)
    return query.text, resolve(store, query, query.values(given))


def resolve(store: Store, query: Query, values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what names a node by the name (or the id, for a Paper) that the graph has for it."""
    resolved = dict(values)
    for parameter in query.parameters:
        value = resolved[parameter.name]
        if parameter.names_a_node and value is not None:
            named = find_named(store, value, parameter.type)
            resolved[parameter.name] = named.id if parameter.type == "Paper" else named.name
    return resolved


def parse(name: str, text: str) -> Query:
    """Read the head of a ``.cypher`` file; raises QueryError with the line where it is not as it should be."""
    lines = text.splitlines()
    head = list(takewhile(lambda line: line.startswith("//"), lines))
    if not head:
        raise QueryError(f"{name}.cypher:1: the first line says what it answers: // ...")
    parameters = []
    for number, line in enumerate(head[1:], 2):
        match = _PARAMETER.fullmatch(line.strip())
        if not match or match[2] not in _TYPES or not match[3]:
            raise QueryError(f'{name}.cypher:{number}: write // param NAME: TYPE = VALUE, or ..., such as "VALUE"')
        try:
            value = json.loads(match[4])
        except json.JSONDecodeError as error:
            raise QueryError(f"{name}.cypher:{number}: {match[4]} is not a JSON value: {error.msg}") from None
        required = match[3] != " = "
        parameters.append(Parameter(match[1], match[2], required, None if required else value, value))
    return Query(name, head[0].removeprefix("//").strip(), tuple(parameters), "\n".join(lines[len(head) :]).strip())


def _convert(query: str, parameter: Parameter, value: Any) -> Any:
    if value is None and not parameter.required:
        return None
    if isinstance(value, str):
        try:
            return _from_text(parameter.type, value.strip())
        except ValueError:
            pass
    elif parameter.type == "bool":
        if isinstance(value, bool):
            return value
    elif parameter.type == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    elif parameter.type == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise QueryError(f"{query}: {parameter.name} is {_ARTICLE[parameter.type]}, not {str(value)[:80]!r}")


_ARTICLE = {"int": "a whole number", "float": "a number", "bool": "true or false"} | dict.fromkeys(
    ("str", "Entity", *LABELS), "text"
)


def _from_text(kind: str, value: str) -> Any:
    if kind == "int":
        return int(value)
    if kind == "float":
        return float(value)
    if kind == "bool":
        if value.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise ValueError(value)
        return value.lower() in ("true", "yes", "1")
    return value
