"""Write a folder for ``neo4j-admin database import``: CSV files, the command that imports them, and the schema.

For those who may not connect to the server, or whose graph is so large that an offline import pays. The command is in
``import.sh``; ``finish.cypher``, to be run once the database is up, holds the constraints, the indexes and the empty
lists, which these CSV files cannot express. Together they make what ``kg load`` makes, except that a list that holds
one empty text comes out empty.
"""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Literal, Self

from kg.export.cypher_script import schema
from kg.export.files import replacing
from kg.export.flat import Graph, ends, neo4j_labels, sorted_edges, sorted_nodes

Type = Literal["string", "long", "double", "boolean", "string[]", "long[]"]

_BETWEEN = "\x1f"
"""Between the items of a list. No text has it, unlike any character that can be typed."""


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` into the folder ``path``, which is made if need be."""
    path.mkdir(parents=True, exist_ok=True)
    arguments: list[str] = []
    empty: list[str] = []
    with _Tables(path) as tables:
        for _, data in sorted_nodes(graph):
            tables.note(data["label"], _own(data))
        for label in tables.begin(["id:ID"], [":LABEL"]):
            empty += (_fill(f"(n:{label})", name) for name in tables.emptied(label))
            arguments.append(f"--nodes={label}.csv")
        for key, data in sorted_nodes(graph):
            tables.write(data["label"], [key], _own(data), [_labels(data["label"], data)])
    with _Tables(path) as tables:
        for a, b, relation, data in sorted_edges(graph):
            tables.note("-".join((relation, *ends(graph, a, relation, b))), data)
        for table in tables.begin([":START_ID"], [":END_ID"]):
            relation, start, end = table.split("-")
            empty += (_fill(f"(:{start})-[n:{relation}]->(:{end})", name) for name in tables.emptied(table))
            arguments.append(f"--relationships={relation}={table}.csv")
        for a, b, relation, data in sorted_edges(graph):
            tables.write("-".join((relation, *ends(graph, a, relation, b))), [a], data, [b])
    with replacing(path / "finish.cypher") as file:
        file.writelines(f"{statement};\n" for statement in [*schema(), *empty])
    with replacing(path / "import.sh") as file:
        file.write(_script(arguments))


class _Tables:
    """CSV files, one a label or a relation between two: first their columns are found, then all are written at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = ExitStack()
        self._kinds: dict[str, dict[str, set[Type]]] = {}
        self._empty: dict[str, set[str]] = {}
        self._types: dict[str, Mapping[str, Type]] = {}
        self._files: dict[str, IO[str]] = {}

    def __enter__(self) -> Self:
        self._opened.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._opened.__exit__(*failure)

    def note(self, table: str, row: Mapping[str, Any]) -> None:
        """Note the types of a row."""
        kinds = self._kinds.setdefault(table, {})
        for name, value in row.items():
            if value is not None:
                kinds.setdefault(name, set()).add(_type(value))
                if value in ([], ()):
                    self._empty.setdefault(table, set()).add(name)

    def begin(self, first: Sequence[str], last: Sequence[str]) -> list[str]:
        """Open the tables, with these columns before and after those noted; give their names."""
        for table, kinds in sorted(self._kinds.items()):
            types = self._types[table] = {name: _common(some) for name, some in sorted(kinds.items())}
            self._files[table] = self._opened.enter_context(replacing(self._path / f"{table}.csv"))
            self._files[table].write(",".join((*first, *(f"{n}:{kind}" for n, kind in types.items()), *last)) + "\n")
        return list(self._files)

    def emptied(self, table: str) -> list[str]:
        """The list properties that are empty somewhere."""
        types = self._types[table]
        return sorted(name for name in self._empty.get(table, ()) if types[name].endswith("[]"))

    def write(self, table: str, first: Sequence[str], row: Mapping[str, Any], last: Sequence[str]) -> None:
        """Write a row; a text is quoted, so that only what has no value is empty without quotes."""
        cells = (*first, *_values(row, self._types[table]), *last)
        line = ",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
        self._files[table].write(line + "\n")


def _own(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("label", "id")}


def _fill(pattern: str, name: str) -> str:
    return f"MATCH {pattern} WHERE n.{name} IS NULL SET n.{name} = []"


def _script(arguments: Sequence[str]) -> str:
    options = ["--overwrite-destination", "--id-type=string", "--array-delimiter=U+001F", "--multiline-fields=true"]
    parts = ['neo4j-admin database import full "${1:-neo4j}"', *options, *map(shlex.quote, arguments)]
    return (
        "#!/bin/sh\n"
        "# Import this graph into a database that is stopped; what the database holds is replaced. Then start it and\n"
        "# run finish.cypher in it, as in: cypher-shell -f finish.cypher. The database is neo4j, or the one named:\n"
        "#   sh import.sh [DATABASE]\n"
        'cd "$(dirname "$0")" || exit\n' + " \\\n  ".join(parts) + "\n"
    )


def _labels(label: str, data: Mapping[str, Any]) -> str:
    return _BETWEEN.join(neo4j_labels({**data, "label": label}))


def _type(value: Any) -> Type:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list | tuple):
        return "long[]" if value and all(isinstance(item, int) for item in value) else "string[]"
    return "string"


def _common(kinds: set[Type]) -> Type:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {"long", "double"}:
        return "double"
    # An empty list is a list of anything.
    return "long[]" if kinds == {"long[]", "string[]"} else "string"


def _values(data: Mapping[str, Any], types: Mapping[str, Type]) -> list[str | None]:
    return [None if data.get(name) is None else _text(data[name]) for name in types]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return _BETWEEN.join(_text(item) for item in value)
    return str(value).replace(_BETWEEN, " ")
