"""Write a folder for ``neo4j-admin database import``: CSV files, the command that imports them, and the schema.

For those who may not connect to the server, or whose graph is so large that an offline import pays. The command is in
``import.sh``; ``finish.cypher``, to be run once the database is up, holds the constraints, the indexes and the empty
lists, which these CSV files cannot express. Together they make what ``kg load`` makes, except that a list that holds
one empty text comes out empty.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import networkx as nx

from kg.export.cypher_script import schema
from kg.export.files import replacing
from kg.export.flat import neo4j_labels, order, sorted_edges

Type = Literal["string", "long", "double", "boolean", "string[]", "long[]"]

_BETWEEN = "\x1f"
"""Between the items of a list. No text has it, unlike any character that can be typed."""


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` into the folder ``path``, which is made if need be."""
    path.mkdir(parents=True, exist_ok=True)
    nodes: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for key in sorted(graph, key=order):
        data = graph.nodes[key]
        nodes[data["label"]].append((key, {n: v for n, v in data.items() if n not in ("label", "id")}))
    edges: dict[tuple[str, str, str], list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for a, b, relation, data in sorted_edges(graph):
        edges[relation, graph.nodes[a]["label"], graph.nodes[b]["label"]].append((a, b, data))
    arguments: list[str] = []
    empty: list[str] = []
    for label, found in sorted(nodes.items()):
        types = _types(data for _, data in found)
        header = ["id:ID", *(f"{name}:{kind}" for name, kind in types.items()), ":LABEL"]
        rows = ([key, *_values(data, types), _labels(label, data)] for key, data in found)
        _table(path / f"{label}.csv", header, rows)
        empty += (_fill(f"(n:{label})", name) for name in _emptied(types, (data for _, data in found)))
        arguments.append(f"--nodes={label}.csv")
    for (relation, start, end), links in sorted(edges.items()):
        types = _types(data for _, _, data in links)
        header = [":START_ID", *(f"{name}:{kind}" for name, kind in types.items()), ":END_ID"]
        lines = ([a, *_values(data, types), b] for a, b, data in links)
        table = f"{relation}-{start}-{end}.csv"
        _table(path / table, header, lines)
        pattern = f"(:{start})-[n:{relation}]->(:{end})"
        empty += (_fill(pattern, name) for name in _emptied(types, (data for _, _, data in links)))
        arguments.append(f"--relationships={relation}={table}")
    with replacing(path / "finish.cypher") as file:
        file.writelines(f"{statement};\n" for statement in [*schema(), *empty])
    with replacing(path / "import.sh") as file:
        file.write(_script(arguments))


def _emptied(types: Mapping[str, Type], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The list properties that are empty somewhere."""
    found = {name for row in rows for name in types if types[name].endswith("[]") and row.get(name) in ([], ())}
    return sorted(found)


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


def _types(rows: Iterable[Mapping[str, Any]]) -> dict[str, Type]:
    """The type of every property that has a value somewhere, by name."""
    values: dict[str, set[Type]] = defaultdict(set)
    for row in rows:
        for name, value in row.items():
            if value is not None:
                values[name].add(_type(value))
    return {name: _common(kinds) for name, kinds in sorted(values.items())}


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


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Write a CSV file in which a text is quoted, so that only what has no value is empty without quotes."""
    with replacing(path) as file:
        file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) + "\n")
