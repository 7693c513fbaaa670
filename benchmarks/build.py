"""Measure builds of graph folders by `kg build` in processes of their own, as a person runs it.

    python -m benchmarks.build [CORPUS] [--taggers model rules] [--sizes 1000 5000 10000 20000 40000] [--json FILE]

For each tagger the corpus is built at growing sizes, each an even part of it (every second paper, every fourth), so
that the papers are alike. The cost of a paper is given as it is, and net of what a build of one paper costs, which is
the start of the program. To the largest graph 100 papers are then added, made of sentences of the corpus so that they
are as real ones and are new, and it is opened: by a first query, and as a graph in memory.
"""

import argparse
import gzip
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.processes import CORPUS, kg, machine, run, versions

SIZES = (1_000, 5_000, 10_000, 20_000, 40_000)
BARS = {"model": {"seconds": 1200, "peak_mb": 2000}, "rules": {"seconds": 300, "peak_mb": 2000}}
INCREMENT = 100
INCREMENT_BAR = 10.0
GROWTH_BAR = 0.15

OPEN = """
import sys, time
begun = time.perf_counter()
import kg
graph = kg.open(sys.argv[1])
{0}
print(time.perf_counter() - begun)
"""
OPENINGS = {
    "first_query": OPEN.format("graph.query('MATCH (d:Dataset {name: \"ImageNet\"}) RETURN d.papers')"),
    "named_query": OPEN.format("graph.query('methods-on-dataset', dataset='ImageNet')"),
    "graph_in_memory": OPEN.format("graph.graph"),
}


def records(corpus: Path) -> list[dict[str, Any]]:
    """Read a corpus of JSON lines."""
    with (
        gzip.open(corpus, "rt", encoding="utf-8") if corpus.suffix == ".gz" else corpus.open(encoding="utf-8") as lines
    ):
        return [json.loads(line) for line in lines]


def evenly(papers: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Take ``number`` papers from all over."""
    return [papers[at * len(papers) // number] for at in range(number)]


def invented(papers: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Make new papers of the sentences of others: the first half of one's abstract, the second of another's."""
    chance = random.Random(0)
    made = []
    for at in range(number):
        one, other = chance.sample(papers, 2)
        first, second = (re.split(r"(?<=[.!?])\s+", paper["abstract"]) for paper in (one, other))
        words = f"{one['title']} {other['title']}".split()
        chance.shuffle(words)
        abstract = " ".join([*first[: len(first) // 2 + 1], *second[len(second) // 2 :]])
        made.append({"id": f"benchmark-{at}", "title": " ".join(words[:14]), "abstract": abstract, "year": 2024})
    return made


def write(papers: list[dict[str, Any]], path: Path) -> Path:
    """Write papers as JSON lines."""
    path.write_text("".join(json.dumps(paper, ensure_ascii=False) + "\n" for paper in papers), "utf-8")
    return path


def measure(
    papers: list[dict[str, Any]], place: Path, *, tagger: str, sizes: list[int], processes: int
) -> dict[str, Any]:
    """Build at each size, the largest kept; add to it and open it."""
    options = ["--tagger", tagger, "--processes", str(processes)]
    one = write(papers[:1], place / "one.jsonl")
    starts = [kg("build", one, "-o", place / f"one-{turn}.kg", *options) for turn in range(3)]
    start = {name: statistics.median(started[name] for started in starts) for name in ("seconds", "cpu_seconds")}
    growth = []
    for size in sizes:
        folder = place / f"{size}.kg"
        built = kg("build", write(evenly(papers, size), place / "papers.jsonl"), "-o", folder, *options)
        counts = json.loads((folder / "manifest.json").read_text())["counts"]
        growth.append(
            {
                "papers": size,
                **{name: built[name] for name in ("seconds", "cpu_seconds", "peak_mb", "peak_shared_once_mb")},
                "ms_a_paper": round(1000 * built["seconds"] / size, 2),
                "net_ms_a_paper": round(1000 * (built["seconds"] - start["seconds"]) / size, 2),
                "net_cpu_ms_a_paper": round(1000 * (built["cpu_seconds"] - start["cpu_seconds"]) / size, 2),
                "nodes": sum(counts["nodes"].values()),
                "relationships": sum(counts["relationships"].values()),
                "folder_mb": round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1),
            }
        )
        print(json.dumps({"tagger": tagger, **growth[-1]}), file=sys.stderr)
        if size != sizes[-1]:
            shutil.rmtree(folder)
    net = [one["net_ms_a_paper"] for one in growth]
    largest = place / f"{sizes[-1]}.kg"
    opened = {
        name: statistics.median(
            float(run([sys.executable, "-c", source, largest])["output"].splitlines()[-1]) for _ in range(3)
        )
        for name, source in OPENINGS.items()
    }
    return {
        "processes": processes,
        "start_seconds": start["seconds"],
        "growth": growth,
        "growth_over_smallest": round(net[-1] / net[0] - 1, 3),
        "growth_widest": round(max(net) / min(net) - 1, 3),
        "open_seconds": {name: round(seconds, 3) for name, seconds in opened.items()},
        "increment": increment(papers, largest, place, ["--tagger", tagger]),
        "bars": BARS.get(tagger, {}),
    }


def increment(papers: list[dict[str, Any]], largest: Path, place: Path, options: list[str]) -> dict[str, Any]:
    """Add papers to copies of the largest graph, with as many processes as `kg build` thinks best."""
    new, runs = write(invented(papers, INCREMENT), place / "new.jsonl"), []
    before = _papers(largest)
    for _ in range(3):
        copy = place / "copy.kg"
        shutil.copytree(largest, copy)
        # The copy is not part of the build, nor is its way to the disk.
        os.sync()
        runs.append(kg("build", new, "-o", copy, *options))
        added = _papers(copy) - before
        shutil.rmtree(copy)
    return {
        "papers": added,
        "seconds": statistics.median(one["seconds"] for one in runs),
        "cpu_seconds": statistics.median(one["cpu_seconds"] for one in runs),
        "peak_mb": max(one["peak_mb"] or 0 for one in runs),
        "bar_seconds": INCREMENT_BAR,
    }


def _papers(folder: Path) -> int:
    return int(json.loads((folder / "manifest.json").read_text())["counts"]["nodes"]["Paper"])


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description=str(__doc__).partition("\n")[0])
    parser.add_argument("corpus", nargs="?", type=Path, default=CORPUS, help="JSON lines, gzipped or not")
    parser.add_argument("--taggers", nargs="+", default=["model", "rules"], choices=("model", "rules"))
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--place", type=Path, help="folder for the graphs; by default a temporary one")
    given = parser.parse_args()
    if not given.corpus.exists():
        parser.error(f"{given.corpus}: no such file; name a corpus of JSON lines")
    papers = records(given.corpus)
    sizes = sorted({min(size, len(papers)) for size in given.sizes})
    report: dict[str, Any] = {"machine": machine(), "versions": versions(), "corpus": given.corpus.name, "builds": {}}
    for tagger in given.taggers:
        with tempfile.TemporaryDirectory(dir=given.place) as place:
            report["builds"][tagger] = measure(
                papers, Path(place), tagger=tagger, sizes=sizes, processes=given.processes
            )
        if given.json:
            given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
