"""Write the results of a graph as leaderboards, in the JSON of Papers with Code (its evaluation-tables.json).

A table is a task and a dataset; a row of it is what one paper reports for one method. The task of a result is the one
that its paper addresses among those the dataset is a benchmark for, else the best supported of these, else the only
one that the paper addresses, else "". Gains, and results whose method or dataset the text leaves unnamed, are in no
table. Tables and rows come in the order of their names: which metrics are better when lower, the graph does not say.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from kg.export.files import replacing, whole
from kg.export.flat import order, text
from kg.model import Relation

Row = dict[str, Any]


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` to ``path`` as evaluation tables, one task a line."""
    with replacing(path) as file:
        file.write("[")
        for number, task in enumerate(tasks(graph)):
            line = whole(json.dumps(task, ensure_ascii=False, allow_nan=False))
            file.write(("," if number else "") + "\n" + line)
        file.write("\n]\n")


def tasks(graph: nx.MultiDiGraph) -> Iterator[dict[str, Any]]:
    """Give the tasks in the order of their names, each with its datasets and their rows."""
    tables: dict[tuple[str, str], dict[str, dict[str, list[Row]]]] = defaultdict(lambda: defaultdict(dict))
    for key in sorted(graph, key=order):
        if graph.nodes[key].get("label") != "Result" or graph.nodes[key].get("kind") == "gain":
            continue
        for paper, method, dataset in _ends(graph, key):
            task = _task(graph, paper, dataset)
            of_task = tables[_called(graph, task), task or ""]
            rows = of_task[dataset].setdefault(f"{_called(graph, method)}\n{method}\n{paper}", [])
            _add(rows, graph.nodes[key], graph.nodes[paper], _called(graph, method))
    for (name, task), datasets in sorted(tables.items()):
        yield {
            "task": name,
            "description": "",
            "categories": [],
            "synonyms": list(graph.nodes[task].get("aliases") or []) if task else [],
            "source_link": None,
            "subtasks": [],
            "datasets": [
                _table(_called(graph, dataset), [row for _, rows in sorted(found.items()) for row in rows])
                for dataset, found in sorted(datasets.items(), key=lambda item: (_called(graph, item[0]), item[0]))
            ],
        }


def _ends(graph: nx.MultiDiGraph, result: str) -> Iterator[tuple[str, str, str]]:
    """The paper, method and dataset of a result, where it has all three."""
    papers = sorted(s for s, _, key in graph.in_edges(result, keys=True) if key == Relation.REPORTS)
    methods = sorted(t for _, t, key in graph.out_edges(result, keys=True) if key == Relation.OF_METHOD)
    datasets = sorted(t for _, t, key in graph.out_edges(result, keys=True) if key == Relation.ON_DATASET)
    yield from ((p, m, d) for p in papers for m in methods for d in datasets)


def _task(graph: nx.MultiDiGraph, paper: str, dataset: str) -> str | None:
    addressed = {t for _, t, key in graph.out_edges(paper, keys=True) if key == Relation.ADDRESSES}
    support = {
        task: int(properties.get("papers") or 0)
        for _, task, key, properties in graph.out_edges(dataset, keys=True, data=True)
        if key == Relation.BENCHMARK_FOR
    }
    candidates = (support.keys() & addressed) or support.keys() or (addressed if len(addressed) == 1 else set())
    return min(candidates, key=lambda task: (-support.get(task, 0), task), default=None)


def _called(graph: nx.MultiDiGraph, key: str | None) -> str:
    return "" if key is None else str(graph.nodes[key].get("name") or key)


def _add(rows: list[Row], result: Mapping[str, Any], paper: Mapping[str, Any], method: str) -> None:
    """Put a value into the first row of its paper and method that has none for its metric."""
    value = result.get("value")
    if value is None:
        return
    metric, unit = str(result.get("metric") or ""), str(result.get("unit") or "")
    written = text(int(value) if float(value).is_integer() else value) + (
        unit if unit == "%" or not unit else f" {unit}"
    )
    for row in rows:
        if metric not in row["metrics"]:
            row["metrics"][metric] = written
            return
    year = paper.get("year")
    rows.append(
        {
            "model_name": method,
            "paper_title": str(paper.get("title") or ""),
            "paper_url": str(paper.get("url") or ""),
            "paper_date": f"{year:04d}-01-01" if isinstance(year, int) else None,
            "code_links": [],
            "model_links": [],
            "metrics": {metric: written},
            "uses_additional_data": False,
        }
    )


def _table(name: str, rows: list[Row]) -> dict[str, Any]:
    metrics = sorted({metric for row in rows for metric in row["metrics"]})
    rows = [{**row, "metrics": dict(sorted(row["metrics"].items()))} for row in rows]
    return {
        "dataset": name,
        "description": "",
        "subdatasets": [],
        "dataset_links": [],
        "dataset_citations": [],
        "sota": {"metrics": metrics, "rows": rows},
    }
