"""Run the measurements, gather them in one file, and write the README's table from it.

    python -m benchmarks all -o bench.json              everything; about two hours on two cores
    python -m benchmarks build pages -o bench.json      some; what the file has of others stays
    python -m benchmarks quick -o bench.json            everything, small: does it still run?
    python -m benchmarks table bench.json               write README's table (between its marks) from the file

Each is a module of its own with options of its own (``python -m benchmarks.build --help``) and runs in a process of its
own. The machine is named by the file, with its load: figures of a busy machine are worth nothing.
"""

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.build import GROWTH_BAR
from benchmarks.processes import machine, versions

README = Path(__file__).parents[1] / "README.md"

PARTS: dict[str, list[str]] = {
    "extract": ["--papers", "2000", "--processes", "1", "2"],
    "build": [],
    "assemble": [],
    "store": ["--neo4j"],
    "pages": [],
    "kills": [],
    "increments": [],
    "compare": [],
}
"""What is measured, with its options, in the order in which it is."""

QUICK: dict[str, list[str]] = {
    "extract": ["--papers", "40", "--processes", "1"],
    "build": ["--sizes", "100", "200", "--taggers", "rules"],
    "assemble": ["--papers", "2000"],
    "store": ["--scale", "0.1"],
    "pages": ["--nodes", "60", "--times", "1", "--papers", "50"],
    "kills": ["--kills", "3", "--papers", "30"],
    "increments": ["--cases", "6"],
    "compare": ["--rounds", "1", "--scale", "0.01", "--nodes", "60", "--patience", "10"],
}


FLAGS = {"pages": "-o", "assemble": None}
"""Where a part's figures go, if not to the file after ``--json``: None is standard output."""


def measure(name: str, options: list[str]) -> dict[str, Any]:
    """Run one part in a process of its own; give what it found, or why it failed."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "figures.json"
        flag = FLAGS.get(name, "--json")
        command = [sys.executable, "-m", f"benchmarks.{name}", *options, *([flag, str(out)] if flag else [])]
        begun = time.perf_counter()
        if flag:
            done = subprocess.run(command, stdout=sys.stderr, check=False)
        else:
            with out.open("w") as to:
                done = subprocess.run(command, stdout=to, check=False)
        text = out.read_text("utf-8") if out.exists() else ""
        found: dict[str, Any] = json.loads(text) if text.strip() else {}
    taken = {"status": done.returncode, "took_s": round(time.perf_counter() - begun)}
    return {**found, "run": {"options": options, "machine": machine(), **taken}}


def table(report: dict[str, Any]) -> str:
    """Write the figures as the README shows them."""
    rows = [(what, shown, bar) for what, shown, bar in _rows(report) if shown is not None]
    here = report["machine"]
    parts = [part for part in PARTS if set(report.get(part, {})) - {"run"}]
    lines = [
        f"Measured on {here['cpu']}, {here['cores']} cores, {here['memory_gb']} GB, no graphics card, "
        f"Python {here['python']}, by `python -m benchmarks {'all' if len(parts) == len(PARTS) else ' '.join(parts)}`:",
        "",
        "| what | figure | aim |",
        "|---|---|---|",
        *(f"| {what} | {shown} | {bar} |" for what, shown, bar in rows),
    ]
    beside = list(_beside(report.get("compare", {})))
    if beside:
        lines += [
            "",
            "Beside what one would take instead, on the same input:",
            "",
            "| what | here | instead |",
            "|---|---|---|",
            *(f"| {what} | {ours} | {theirs} |" for what, ours, theirs in beside),
        ]
    return "\n".join(lines)


def _rows(report: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    rows: list[tuple[str, str | None, str]] = []
    for run in report.get("extract", {}).get("runs", []):
        processes = "one process" if run["processes"] == 1 else f"{run['processes']} processes"
        rows.append(
            (f"extraction, {processes}", f"{run['abstracts_per_second']:.0f} abstracts/s, {run['peak_mb']} MB", "")
        )
    for tagger, built in report.get("build", {}).get("builds", {}).items():
        how = "with the tagger" if tagger == "model" else "by rules"
        last, bars = built["growth"][-1], built["bars"]
        rows += [
            (
                f"build of {last['papers']:,} abstracts {how}",
                f"{last['seconds'] / 60:.1f} min, {last['peak_mb'] / 1000:.2f} GB",
                f"{bars['seconds'] / 60:.0f} min, {bars['peak_mb'] / 1000:.0f} GB" if bars else "",
            ),
            (
                f"... cost of a paper, {built['growth'][0]['papers']:,} to {last['papers']:,}",
                f"{built['growth_over_smallest']:+.0%}",
                f"{100 * GROWTH_BAR:.0f} %",
            ),
            (
                f"... {built['increment']['papers']} papers more",
                f"{built['increment']['seconds']:.1f} s, {built['increment']['peak_mb'] / 1000:.2f} GB",
                f"{built['increment']['bar_seconds']:.0f} s",
            ),
            ("... open and answer", f"{1000 * built['open_seconds']['first_query']:.0f} ms", ""),
        ]
    store = report.get("store")
    if store and "queries" in store:
        main = [query["ms"] for query in store["queries"].values() if query["main"]]
        million = f"{store['relationships'] / 1e6:.1f} M relationships"
        rows += [
            (f"load of {million}", f"{store['load_s']:.1f} s", "10 s"),
            ("... open to first answer", f"{store['first_answer_ms']:.0f} ms", "300 ms"),
            ("... the ten main questions", f"{min(main):.0f} to {max(main):.0f} ms", "50 ms"),
        ]
        if "neo4j" in store:
            neo4j = store["neo4j"]
            shown = f"{neo4j['relationships_s']:,.0f} relationships/s, nodes included"
            shown += f" ({neo4j['after_nodes_s']:,.0f} after them)"
            rows.append(("... load into Neo4j", shown, "20,000 relationships/s"))
        if "same_rows" in store.get("neo4j", {}):
            same = f"{store['neo4j']['same_rows']} of {store['neo4j']['asked']}"
            rows.append(("named questions equal on both engines", same, "all"))
    for page in report.get("pages", {}).get("pages", []):
        bar = page["bars"].get("usable_ms") or page["bars"].get("drawn_ms")
        shown = f"{page['drawn_ms']:.0f} ms drawn, {page['usable_ms']:.0f} ms usable, {page['file_mb']:.1f} MB"
        rows.append(
            (f"page of {page['nodes']:,} nodes, {page['links']:,} links", shown, f"{bar:.0f} ms" if bar else "")
        )
    others = report.get("pages", {}).get("others", {})
    size = f"{others['nodes']:,} nodes, {others['links']:,} links" if others else ""
    for name, page in others.get("pages", {}).items():
        shown = f"{page['drawn_ms']:.0f} ms drawn, {page['usable_ms']:.0f} ms usable"
        shown += f", {page['file_mb']:.1f} MB" if "file_mb" in page else ""
        rows.append((f"page of `kg {name}`, of {size}", shown, ""))
    increments = report.get("increments", {})
    if "equal" in increments:
        rows.append(("incremental equals full", f"{increments['equal']} of {increments['cases']}", "all"))
    for mode, killed in report.get("kills", {}).get("modes", {}).items():
        how = "that change the database in place" if mode == "in_place" else "that make the database anew"
        hit = f"{killed['while_running']} of {killed['kills']} hit while running"
        rows.append((f"builds {how}, killed", f"{hit}, {killed['recovered']} recovered", "all, equal bytes"))
    assembled = report.get("assemble", {})
    for step, what in (("build", "assembled and stored"), ("export", "... as GraphML")):
        if step in assembled:
            shown = f"{assembled[step]['s'] / 60:.1f} min, {assembled[step]['peak_mb'] / 1000:.2f} GB"
            name = f"{assembled['papers']:,} extracted papers {what}" if step == "build" else what
            rows.append((name, shown, "4 GB"))
    return rows


def _beside(compared: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Put ours and theirs side by side; what could not be measured is left out."""
    rows = []
    if "spacy" in compared.get("names", {}):
        ours, theirs = compared["names"]["papergraph"], compared["names"]["spacy"]
        f1 = [one["scores"]["mentions"]["f1"] for one in (ours, theirs)]
        rows += [
            ("names found, F1 of mentions; plain spaCy trained on the same papers", f"{f1[0]:.2f}", f"{f1[1]:.2f}"),
            ("... abstracts/s (here with roles, links and results)",
             f"{ours['abstracts_s']:.0f}", f"{theirs['abstracts_s']:.0f}"),
        ]  # fmt: skip
    if "scispacy" in compared.get("abbreviations", {}):
        ours, theirs = compared["abbreviations"]["papergraph"], compared["abbreviations"]["scispacy"]
        rows += [
            ("abbreviations, F1; scispaCy", f"{ours['f1']:.2f}", f"{theirs['f1']:.2f}"),
            ("... texts/s", f"{ours['texts_s']:.0f}", f"{theirs['texts_s']:.0f}"),
        ]
    if "networkx" in compared.get("queries", {}):
        ours, theirs = compared["queries"]["papergraph"], compared["queries"]["networkx"]
        million = f"{compared['queries']['relationships'] / 1e6:.1f} M relationships"
        rows += [
            (f"open {million} and answer; NetworkX from a pickle",
             f"{ours['first_answer_ms'] / 1000:.1f} s", f"{theirs['first_answer_ms'] / 1000:.1f} s"),
            ("... memory", f"{ours['peak_mb']} MB", f"{theirs['peak_mb']} MB"),
            *(
                (f"... `{name}` once open", f"{ours['queries'][name]['ms']:.0f} ms", f"{query['ms']:.1f} ms")
                for name, query in theirs["queries"].items()
            ),
        ]  # fmt: skip
    if "pyvis" in compared.get("pages", {}):
        ours, theirs = compared["pages"]["papergraph"], compared["pages"]["pyvis"]
        usable = f"{theirs['usable_ms'] / 1000:.0f} s" if theirs["usable_ms"] else f"over {theirs['patience_s']:.0f} s"
        size = f"{compared['pages']['nodes']:,} nodes, {compared['pages']['links']:,} links"
        rows += [
            (f"page of {size}, until usable; pyvis", f"{ours['usable_ms'] / 1000:.1f} s", usable),
            ("... size of the file", f"{ours['file_mb']:.1f} MB", f"{theirs['file_mb']:.1f} MB"),
        ]
    return rows


def fill(text: str, content: str) -> str:
    """Put a table between the marks in the README's text; raises ValueError where it has none."""
    match = re.search(r"(<!-- begin: benchmarks -->\n).*?(<!-- end: benchmarks -->)", text, re.DOTALL)
    if not match:
        raise ValueError("no part between <!-- begin: benchmarks --> and <!-- end: benchmarks -->")
    return f"{text[: match.end(1)]}{content}\n{text[match.start(2) :]}"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", metavar="all|quick|table FILE|" + "|".join(PARTS))
    parser.add_argument("-o", "--output", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.what[0] == "table":
        if len(given.what) != 2:
            parser.error("table takes the file of figures")
        report = json.loads(Path(given.what[1]).read_text("utf-8"))
        README.write_text(fill(README.read_text("utf-8"), table(report)), "utf-8")
        return 0
    whole = given.what[0] in ("all", "quick")
    options = QUICK if given.what[0] == "quick" else PARTS
    chosen = list(PARTS) if whole else given.what
    unknown = [name for name in chosen if name not in PARTS]
    if unknown or not given.output:
        parser.error(f"no measurement {unknown[0]}; there are {', '.join(PARTS)}" if unknown else "name a file with -o")
    report = json.loads(given.output.read_text("utf-8")) if given.output.exists() and not whole else {}
    report |= {"machine": machine(), "versions": versions(), "when": time.strftime("%Y-%m-%d")}
    for name in chosen:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            print(f"{name}: not here, left out", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr)
        report[name] = measure(name, options[name])
        given.output.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    failed = [name for name in chosen if report.get(name, {}).get("run", {}).get("status")]
    for name in failed:
        print(f"{name}: failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
