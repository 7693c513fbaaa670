"""Measure extraction: abstracts a second, peak memory, and the time to load.

    python -m benchmarks.extract [CORPUS] --papers 2000 --processes 1 2 --json out.json

Each number of processes is measured in a fresh interpreter, which reads CORPUS with `kg.read` and runs
`kg.pipeline.extract_papers` over it, never holding more than a paper. This process only watches: it adds up the
resident memory of that interpreter and its children from /proc, so pages they share count more than once (an upper
bound). Rates are wall-clock, with reading and the start of the workers in them, and loading the pipeline once left out.
The records must be the same whatever the number of processes; the script fails where they are not.
"""

import argparse
import hashlib
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import CORPUS, machine, resident


def main(arguments: list[str] | None = None) -> int:
    """Run the measurements, print the table, and give the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extract", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("corpus", nargs="?", default=str(CORPUS), help="anything `kg build` reads")
    parser.add_argument("--papers", type=int, default=2000, help="how many of the corpus, from its start (0: all)")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tagger", default="model", choices=("model", "rules"))
    parser.add_argument("--json", nargs="?", const="-", help="write the figures as JSON to a file, or to stdout")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure is not None:
        print(json.dumps(measure(options.corpus, options.papers, options.measure, options.tagger)))
        return 0
    if not Path(options.corpus).exists():
        parser.error(f"{options.corpus}: no such file; name a corpus")
    here = machine()
    runs = [watch(options.corpus, options.papers, n, options.tagger) for n in options.processes]
    report = {
        "machine": here,
        "corpus": Path(options.corpus).name,
        "tagger": options.tagger,
        "runs": runs,
    }
    table = sys.stderr if options.json == "-" else sys.stdout
    print(format_table(report), file=table)
    if options.json == "-":
        print(json.dumps(report, indent=1))
    elif options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", "utf8")
    if len({run["digest"] for run in runs}) != 1:
        print("the records differ between the runs", file=sys.stderr)
        return 1
    return 0


def measure(corpus: str, papers: int, processes: int, tagger: Any) -> dict[str, Any]:
    """Extract from the corpus in this interpreter and give the figures of the run; seconds throughout."""
    start = time.perf_counter()
    from kg import pipeline
    from kg.extract.extract import load
    from kg.read import read
    from kg.record import to_json

    load(tagger)
    loaded = time.perf_counter()
    stream = itertools.islice(read([corpus]), papers or None)
    reading = sum(1 for _ in stream)
    read_all = time.perf_counter()
    digest, count, mentions, first = hashlib.sha256(), 0, 0, None
    stream = itertools.islice(read([corpus]), papers or None)
    for extraction in pipeline.extract_papers(stream, tagger=tagger, processes=processes):
        first = first or time.perf_counter() - read_all
        digest.update(to_json(extraction).encode())
        count += 1
        mentions += sum(len(entity.mentions) for entity in extraction.entities)
    seconds = time.perf_counter() - read_all
    return {
        "processes": processes,
        "papers": count,
        "mentions": mentions,
        "load_seconds": round(loaded - start, 2),
        "read_papers_per_second": round(reading / max(1e-9, read_all - loaded)),
        "first_seconds": round(first or 0.0, 2),
        "seconds": round(seconds, 2),
        "abstracts_per_second": round(count / max(1e-9, seconds), 1),
        "digest": digest.hexdigest()[:16],
    }


def watch(corpus: str, papers: int, processes: int, tagger: str) -> dict[str, Any]:
    """Run `measure` in a fresh interpreter and add the peak of resident memory of it and its children, in MB."""
    command = [sys.executable, "-m", "benchmarks.extract", corpus, "--papers", str(papers), "--tagger", tagger]
    command += ["--measure", str(processes)]
    peak = most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            sizes = resident(child.pid)
            peak, most = max(peak, sum(sizes)), max(most, len(sizes))
            time.sleep(0.05)
        output = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise SystemExit(child.returncode)
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    return figures | {"peak_mb": round(peak / 1e6) if peak else None, "most_processes": most}


def format_table(report: dict[str, Any]) -> str:
    """Write the figures as a small table."""
    m = report["machine"]
    lines = [
        f"{m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, load {m['load']} before, Python {m['python']}",
        f"{report['corpus']}, tagger {report['tagger']}",
        f"{'processes':>9} {'papers':>7} {'abstracts/s':>12} {'seconds':>8} {'first':>6} {'load':>6} {'peak MB':>8}",
    ]
    lines += [
        f"{r['processes']:9} {r['papers']:7} {r['abstracts_per_second']:12} {r['seconds']:8} {r['first_seconds']:6} "
        f"{r['load_seconds']:6} {r['peak_mb'] or '?':>8}"
        for r in report["runs"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
