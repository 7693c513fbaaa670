"""Measure the stores on a synthetic graph of 100k papers, 10k methods, 3k datasets and 1M relationships.

    python -m benchmarks.store [--scale 1.0] [--neo4j] [--json FILE]

Prints load time, open to first answer, and the median of each named query, with the bars beside those that have one.
``--neo4j`` also loads the server that NEO4J_URI names (its own in-process one without), asks the same queries there and
compares the rows. Speed fails nothing here; the status is 1 where the two engines answer differently.
"""

import argparse
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import networkx as nx

import queries
from benchmarks.processes import machine
from kg.errors import QueryError
from kg.store.base import Rows, Store
from kg.store.embedded import EmbeddedStore, write
from kg.store.neo4j import Neo4jStore, Server, load, server

MAIN: dict[str, dict[str, str]] = {
    "methods-on-dataset": {"dataset": "Dataset 7"},
    "datasets-of-method": {"method": "Method 7"},
    "shared-datasets": {"a": "Method 1", "b": "Method 2"},
    "compared-with": {"method": "Method 7"},
    "builds-on": {"method": "Method 7"},
    "first-to-propose": {"name": "Method 7"},
    "leaderboard": {"dataset": "Dataset 7"},
    "evidence": {"from": "Method 7", "to": "Dataset 7"},
    "untried-datasets": {"method": "Method 40"},
    "used-together": {"method": "Method 40"},
}
"""The ten main questions; Method 7 is among the best connected, as names that people ask for are."""

ALSO: dict[str, dict[str, str]] = {
    "path": {"from": "Method 7", "to": "Method 900"},
    "by-year": {"name": "Dataset 7"},
    "papers-about": {"name": "Dataset 7"},
    "neighbours": {"name": "Method 40"},
    "new-in-year": {"year": "2012"},
    "who-beats-whom": {"dataset": "Dataset 0"},
}
"""What others are asked for; the rest, for `USUAL`."""

USUAL = {
    "Method": "Method 7", "Dataset": "Dataset 7", "Task": "Task 7", "Entity": "Method 7", "Author": "Author 7",
    "str": "thod 99",
}  # fmt: skip
"""Values of parameters, by their type."""

NAMED = 6
"""A paper that is asked for has more links than these."""

LOADS = 3
"""How often Neo4j is loaded, each time a fresh server."""

REPEATS = 3
"""How often a question that has no bar is asked, after a first time."""

PATIENCE = 20_000.0
"""Milliseconds after which a question is asked no more."""


def asked(graph: nx.MultiDiGraph) -> dict[str, dict[str, str]]:
    """Give every named question, the main ones first, with a value for each parameter that it needs."""
    papers = (title for key, title in graph.nodes(data="title") if title and graph.out_degree(key) > NAMED)
    usual = {**USUAL, "Paper": next(papers)}
    values = {
        name: {p.name: usual[p.type] for p in query.parameters if p.required} for name, query in queries.load().items()
    }
    return {**MAIN, **{name: ALSO.get(name, given) for name, given in values.items() if name not in MAIN}}


def synthetic(scale: float) -> nx.MultiDiGraph:
    """Make the graph; names and links are drawn with a long tail, as they are in papers.

    Of one paper in ten the authors are nodes too, and one name in ten is a variant: there so that all can be asked for,
    few so that the relationships are those which texts state.
    """
    rng = random.Random(0)
    papers, methods, datasets, tasks, writers = (max(10, int(n * scale)) for n in (100_000, 10_000, 3_000, 300, 1_000))
    graph = nx.MultiDiGraph()
    sentence = "We evaluate the method on the dataset and find that it is better than what it is compared with. " * 2
    for i in range(writers):
        graph.add_node(f"author:{i}", label="Author", id=f"author:{i}", name=f"Author {i}")
    for i in range(papers):
        wrote = rng.sample(range(writers), 2)
        graph.add_node(
            f"paper-{i}", label="Paper", id=f"paper-{i}", title=f"Paper {i}", abstract=sentence * 5, venue="Venue",
            year=rng.randint(2012, 2025) if i % 50 else None, url="", authors=[f"Author {n}" for n in wrote],
            sources=[],
        )  # fmt: skip
        if i % 10 == 0:
            graph.add_edges_from((f"author:{n}", f"paper-{i}", "WROTE", {}) for n in wrote)
    for label, number in (("Method", methods), ("Dataset", datasets), ("Task", tasks)):
        for i in range(number):
            key = f"{label.lower()}:{i}"
            more = {"benchmark": i % 5 == 0} if label == "Dataset" else {}
            graph.add_node(
                key, label=label, id=key, name=f"{label} {i}", aliases=[f"{label}{i}"], papers=1 + number // (i + 1),
                first_year=2012, last_year=2025, **more,
            )  # fmt: skip

    def pick(label: str, number: int) -> str:
        return f"{label}:{min(int(rng.paretovariate(0.35)) - 1, 10**9) % number}"

    def support(paper: str) -> dict[str, object]:
        return {
            "papers": 1, "mentions": 1, "score": 0.9, "first_year": 2020, "last_year": 2020,
            "evidence_papers": [paper], "evidence_fields": ["abstract"], "evidence_starts": [0],
            "evidence_ends": [96], "evidence_sentences": [sentence],
        }  # fmt: skip

    for label, number in (("method", methods), ("dataset", datasets)):
        graph.add_edges_from((f"{label}:{i}", f"{label}:{i // 10}", "VARIANT_OF", {}) for i in range(10, number, 10))
    for i in range(0, methods, 10):
        graph.add_edge(f"method:{i}", f"dataset:{i // 10 % datasets}", key="TRAINED_ON", **support(f"paper-{i}"))
    wanted, made = int(1_000_000 * scale), graph.number_of_edges()
    while made < wanted:
        paper = f"paper-{rng.randrange(papers)}"
        a, b = pick("method", methods), pick("method", methods)
        d, t = pick("dataset", datasets), pick("task", tasks)
        links = [
            (paper, a, "PROPOSES"), (paper, b, "COMPARES"), (paper, d, "EVALUATES_ON"), (paper, t, "ADDRESSES"),
            (a, d, "EVALUATED_ON"), (a, b, "COMPARED_WITH"), (a, t, "USED_FOR"), (d, t, "BENCHMARK_FOR"),
        ]  # fmt: skip
        if rng.random() < 0.1:
            links.append((a, b, "BASED_ON"))
        for start, end, relation in links:
            if start != end and not graph.has_edge(start, end, relation):
                graph.add_edge(start, end, key=relation, **support(paper))
                made += 1
        if rng.random() < 0.2:
            key = f"result:{graph.number_of_nodes()}"
            graph.add_node(
                key, label="Result", id=key, metric="accuracy", value=rng.random() * 100, unit="%", kind="absolute",
                text=sentence,
            )  # fmt: skip
            for start, end, relation in ((paper, key, "REPORTS"), (key, a, "OF_METHOD"), (key, d, "ON_DATASET")):
                graph.add_edge(start, end, key=relation)
                made += 1
    return graph


def median(store: Store, name: str, values: dict[str, str], times: int) -> tuple[float, Rows | None]:
    """Give the median time of a query in milliseconds, and its answer; None where it had none in two minutes."""
    rows, taken = None, list[float]()
    # The first time warms up, and counts only where it is the only one.
    while len(taken) <= times and sum(taken) < PATIENCE:
        begun = time.perf_counter()
        try:
            rows = queries.run(store, name, values, timeout=120)
        except QueryError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return (time.perf_counter() - begun) * 1000, None
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken[1:] or taken), rows


FIRST = """
import sys, time
begun = time.perf_counter()
from kg.store.embedded import EmbeddedStore
EmbeddedStore(sys.argv[1]).query("MATCH (m:Method {name: 'Method 7'}) RETURN m.papers")
print(time.perf_counter() - begun)
"""


@contextmanager
def a_server() -> Iterator[Server]:
    """The server that is named, or one in a Java process."""
    if os.environ.get("NEO4J_URI"):
        yield server()
        return
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.neo4j_server import in_process

    # The heap that docker-compose.yml gives, and a page cache as a server takes by itself.
    with in_process(java=["-Xms1g", "-Xmx1g", f"-Dpagecache={2**30}"]) as where:
        yield where


def main() -> int:
    """Run it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", type=float, default=1.0)
    arguments.add_argument("--neo4j", action="store_true")
    arguments.add_argument("--times", type=int, default=11)
    arguments.add_argument("--json", type=Path, metavar="FILE")
    given = arguments.parse_args()
    gc.set_threshold(200_000, 20, 20)  # as the command line does
    graph = synthetic(given.scale)
    questions = asked(graph)
    print(f"graph: {graph.number_of_nodes():,} nodes, {graph.number_of_edges():,} relationships")
    report: dict[str, Any] = {
        "machine": machine(),
        "nodes": graph.number_of_nodes(),
        "relationships": graph.number_of_edges(),
        "bars": {"load_s": 10, "first_answer_ms": 300, "query_ms": 50, "neo4j_relationships_s": 20_000},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.lbug"
        begun = time.perf_counter()
        write(graph, path)
        report["load_s"], report["file_mb"] = time.perf_counter() - begun, path.stat().st_size / 1e6
        print(f"embedded load: {report['load_s']:.1f} s (bar 10), {report['file_mb']:.0f} MB")
        first = []
        for _ in range(5):
            done = subprocess.run([sys.executable, "-c", FIRST, str(path)], check=True, capture_output=True, text=True)
            first.append(float(done.stdout))
        report["first_answer_ms"] = statistics.median(first) * 1000
        print(f"open to first answer, in a new process: {report['first_answer_ms']:.0f} ms (bar 300)")
        with EmbeddedStore(path) as store:
            answers: dict[str, Rows | None] = {}
            report["queries"] = {}
            for name, values in questions.items():
                times, bar = (given.times, "(bar 50)") if name in MAIN else (REPEATS, "")
                taken, answers[name] = median(store, name, values, times)
                rows = len(answers[name] or ())
                report["queries"][name] = {"ms": round(taken, 1), "rows": rows, "main": name in MAIN}
                print(f"  {name:22} {taken:8.1f} ms  {rows:3} rows {bar}")
        report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory: {report['peak_mb']:.0f} MB")
        if given.neo4j:
            report["neo4j"] = ask_neo4j(graph, questions, answers)
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return int(given.neo4j and report["neo4j"]["same_rows"] < len(answers))


def timed_load(graph: nx.MultiDiGraph, where: Server) -> tuple[float, float]:
    """Load the graph into a server; give the seconds of all, and of the nodes."""
    begun, nodes = time.perf_counter(), list[float]()

    def progress(done: int, _: int | None) -> None:
        if done >= graph.number_of_nodes() and not nodes:
            nodes.append(time.perf_counter() - begun)

    load(graph, where, progress=progress)
    return time.perf_counter() - begun, nodes[0]


def ask_neo4j(
    graph: nx.MultiDiGraph, questions: Mapping[str, dict[str, str]], answers: Mapping[str, Rows | None]
) -> dict[str, Any]:
    """Load the graph into a server, and ask it the same; say to how many questions it gives the same rows.

    The load is the median of several, each into a server that was just started; into one that is named it is one.
    """
    found: dict[str, Any] = {"queries": {}}
    loads = []
    for _ in range(0 if os.environ.get("NEO4J_URI") else LOADS - 1):
        with a_server() as where:
            loads.append(timed_load(graph, where))
    with a_server() as where:
        loads.append(timed_load(graph, where))
        found["loads_s"] = [round(whole, 1) for whole, _ in loads]
        found["load_s"], found["nodes_s"] = sorted(loads)[len(loads) // 2]
        found["relationships_s"] = graph.number_of_edges() / found["load_s"]
        found["after_nodes_s"] = graph.number_of_edges() / (found["load_s"] - found["nodes_s"])
        print(
            f"neo4j load: {found['load_s']:.1f} s of {found['loads_s']}, {found['relationships_s']:,.0f} "
            f"relationships/s, nodes included (bar 20,000); {found['after_nodes_s']:,.0f} after them"
        )
        with Neo4jStore(where) as neo:
            for name, values in questions.items():
                taken, rows = median(neo, name, values, REPEATS)
                same = rows is not None and rows == answers[name]
                found["queries"][name] = {"ms": round(taken, 1), "same_rows": same}
                print(f"  {name:22} {taken:8.1f} ms  {'same rows' if same else 'OTHER ROWS'}")
    found["asked"] = len(answers)
    found["same_rows"] = sum(query["same_rows"] for query in found["queries"].values())
    found["with_rows"] = sum(bool(rows) for rows in answers.values())
    of = f"{found['same_rows']} of {found['asked']}, {found['with_rows']} with rows"
    print(f"named questions equal on both engines: {of}")
    return found


if __name__ == "__main__":
    sys.exit(main())
