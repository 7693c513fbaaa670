"""What the app says of a node wherever one is named, and the columns that it takes for that."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kg.store.schema import ENTITIES, NODES
from viz.explorer.payload import title_of

_ENTITY = "n.id AS id, n.name AS name, {kind} AS kind, n.papers AS papers, n.first_year AS first, n.last_year AS last"
_DATASET = "CASE WHEN n.benchmark THEN 'Benchmark' ELSE 'Dataset' END"
_RESULT = "n.metric AS metric, n.value AS value, n.unit AS unit, n.kind AS said"

BRIEF: Mapping[str, str] = MappingProxyType(
    {
        "Method": _ENTITY.format(kind="'Method'"),
        "Dataset": _ENTITY.format(kind=_DATASET),
        "Task": _ENTITY.format(kind="'Task'"),
        "Paper": "n.id AS id, n.title AS name, 'Paper' AS kind, 1 AS papers, n.year AS first, n.year AS last",
        "Author": "n.id AS id, n.name AS name, 'Author' AS kind, NULL AS papers, NULL AS first, NULL AS last",
        "Result": f"n.id AS id, NULL AS name, 'Result' AS kind, 1 AS papers, NULL AS first, NULL AS last, {_RESULT}",
    }
)
"""Columns to RETURN for a node ``n`` of each label; `brief` reads the first six, and four more of a result."""


def brief(row: Sequence[Any]) -> dict[str, Any]:
    """Give id, name, kind, papers and years of the node in ``row``.

    >>> brief(("method:resnet", "ResNet", "Method", 3, 2015, None))["name"]
    'ResNet'
    """
    key, name, kind, papers, first, last = row[:6]
    if kind == "Result":
        metric, value, unit, said = row[6:10]
        name = title_of(key, {"label": "Result", "metric": metric, "value": value, "unit": unit, "kind": said})
    return {"id": key, "name": name or key, "kind": kind, "papers": papers or 0, "first": first, "last": last}


def either(labels: Iterable[str]) -> str:
    """Write labels as one alternative, in the order of the schema.

    >>> either({"Task", "Method"})
    'Method|Task'
    """
    wanted = set(labels)
    return "|".join(label for label in NODES if label in wanted)


ANY_ENTITY = either(ENTITIES)
