"""Measure what a person would take instead, beside what is here, on the same input.

    python -m benchmarks.compare [names] [abbreviations] [queries] [pages] [--scale 1.0] [--json FILE]

* names: plain spaCy, its `ner` as it comes (vectors of words of the size of en_core_web_sm's), trained on the same
  annotated papers (../shared/gold/train.jsonl), scored on the same others by `kg eval`. The model en_core_web_sm itself
  is in no package registry under its makers' name, and it names people and places, not methods.
* abbreviations: scispaCy's detector, of the same algorithm (Schwartz and Hearst) as `kg.extract.abbreviations`, behind
  spaCy's English tokeniser, on the texts of ../shared/external. It is fetched by pip into a cache folder of its own,
  without what it depends on.
* queries: NetworkX alone: a graph unpickled into memory, the question asked by a loop in Python over its edges, with an
  index by name made first; against the embedded store.
* pages: pyvis on the same graph, its own file as `generate_html` makes it, in the same Chromium.

What cannot be had here is said and left out. Nothing of this becomes a dependency.
"""

import argparse
import json
import os
import pickle
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.processes import SHARED, machine, run, versions

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "papergraph-benchmarks"
SCISPACY = "scispacy==0.6.2"
T = TypeVar("T")
KINDS = ("Method", "Dataset", "Task")


# Names


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut into pieces of ``size``."""
    return (items[at : at + size] for at in range(0, len(items), size))


def spans(record: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Find the annotated names in the text of a paper, the longest first, none across another."""
    text = f"{record['title']}\n{record['abstract']}"
    named = {
        surface: {"Benchmark": "Dataset"}.get(entity["type"], entity["type"])
        for entity in record["entities"]
        for surface in entity["surfaces"]
    }
    found: list[tuple[int, int, str]] = []
    for surface in sorted(named, key=lambda surface: (-len(surface), surface)):
        for match in re.finditer(rf"(?<!\w){re.escape(surface)}(?!\w)", text):
            if all(match.end() <= start or end <= match.start() for start, end, _ in found):
                found.append((match.start(), match.end(), named[surface]))
    return sorted(found)


def train_spacy(records: list[dict[str, Any]], folder: Path, *, rounds: int) -> None:
    """Train a plain spaCy pipeline on annotated papers."""
    import spacy
    from spacy.training import Example
    from thinc.util import fix_random_seed

    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = []
    for record in records:
        doc = nlp.make_doc(f"{record['title']}\n{record['abstract']}")
        given = [doc.char_span(start, end, kind, alignment_mode="expand") for start, end, kind in spans(record)]
        doc.ents = spacy.util.filter_spans([span for span in given if span])
        examples.append(Example(nlp.make_doc(doc.text), doc))
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    chance = random.Random(0)
    for turn in range(rounds):
        chance.shuffle(examples)
        losses: dict[str, float] = {}
        for batch in batched(examples, 16):
            nlp.update(batch, sgd=optimizer, drop=0.2, losses=losses)
        print(f"spaCy, round {turn + 1} of {rounds}: loss {losses['ner']:.0f}", file=sys.stderr)
    nlp.to_disk(folder)


def spacy_records(folder: Path, records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Extract with a spaCy pipeline; give records as `kg extract` does, without roles, links and results."""
    import spacy

    nlp = spacy.load(folder)
    for record in records:
        title = len(record["title"])
        doc = nlp(f"{record['title']}\n{record['abstract']}")
        entities: dict[tuple[str, str], dict[str, Any]] = {}
        for span in doc.ents:
            field, at = ("title", 0) if span.end_char <= title else ("abstract", title + 1)
            mention = {"field": field, "start": span.start_char - at, "end": span.end_char - at, "text": span.text}
            entity = entities.setdefault(
                (span.label_, span.text),
                {"name": span.text, "kind": span.label_, "role": "mentions", "mentions": []},
            )
            entity["mentions"].append(mention)
        yield {**{key: record[key] for key in ("id", "title", "abstract")}, "entities": list(entities.values()), "links": [], "results": []}  # fmt: skip # noqa: E501


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


RATE = """
import json, sys, time
from pathlib import Path
records = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
begun = time.perf_counter()
{0}
loaded = time.perf_counter()
count = sum(1 for _ in {1})
print(json.dumps({{"load_s": loaded - begun, "abstracts_s": count / (time.perf_counter() - loaded)}}))
"""
OURS = RATE.format(
    "from kg.extract.extract import load; load('model')\nfrom kg import pipeline\nfrom kg.model import Paper",
    "pipeline.extract_papers((Paper(r['id'], r['title'], r['abstract']) for r in records), processes=1)",
)
THEIRS = RATE.format(
    "from benchmarks.compare import spacy_records; import spacy",
    "spacy_records(Path(sys.argv[2]), records)",
)


def names(*, rounds: int, **_: Any) -> dict[str, Any]:
    """Compare finding names: how well, how fast, how large."""
    train, dev = SHARED / "gold" / "train.jsonl", SHARED / "gold" / "dev.jsonl"
    if not train.exists():
        return {"left_out": f"{train} is not here"}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder, records = Path(place) / "model", Path(place) / "records.jsonl"
        begun = time.perf_counter()
        train_spacy(_lines(train), folder, rounds=rounds)
        trained = time.perf_counter() - begun
        records.write_text("".join(json.dumps(one) + "\n" for one in spacy_records(folder, _lines(dev))), "utf-8")
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        for name, options, command in (
            ("spacy", ["--records", str(records)], [sys.executable, "-c", THEIRS, str(dev), str(folder)]),
            ("papergraph", ["--processes", "1"], [sys.executable, "-c", OURS, str(dev)]),
        ):
            scored = run([sys.executable, "-m", "kg.cli", "eval", str(dev), "--json", *options])
            rate = run(command)
            found[name] = {
                "scores": json.loads(scored["output"]),
                **{key: round(value, 2) for key, value in json.loads(rate["output"].splitlines()[-1]).items()},
                "peak_mb": rate["peak_mb"],
            }
        found["spacy"] |= {"size_mb": round(size, 1), "training_s": round(trained), "rounds": rounds}
        weights = Path(__file__).parents[1] / "kg" / "extract" / "weights"
        found["papergraph"]["size_mb"] = round(sum(file.stat().st_size for file in weights.iterdir()) / 1e6, 1)
    return found


# Abbreviations


def abbreviations(**_: Any) -> dict[str, Any]:
    """Compare scispaCy's detector of abbreviations on texts whose abbreviations are annotated."""
    gold = SHARED / "external" / "ab3p-all.jsonl"
    if not gold.exists():
        return {"left_out": f"{gold} is not here"}
    place = CACHE / SCISPACY.replace("==", "-")
    if not (place / "scispacy").is_dir():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), SCISPACY]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"left_out": f"pip cannot install {SCISPACY}: {done.stderr.strip()[-200:]}"}
    found = {}
    for name in ("scispacy", "papergraph"):
        command = [sys.executable, "-m", "benchmarks.compare", "--detect", name, "--place", str(place)]
        found[name] = json.loads(run(command)["output"].splitlines()[-1])
    return found


def detect(name: str, place: Path) -> dict[str, Any]:
    """Find abbreviations with one of the two, in a process of its own."""
    texts, wanted = [], []
    for record in _lines(SHARED / "external" / "ab3p-all.jsonl"):
        texts.append(record["text"])
        marked, gold = record.get("entities", []), set()
        for i, j, _ in record.get("relations", []):
            short, long = (marked[i], marked[j]) if marked[i][2] == "SF" else (marked[j], marked[i])
            gold.add((texts[-1][short[0] : short[1]], texts[-1][long[0] : long[1]].strip().lower()))
        wanted.append(gold)
    begun = time.perf_counter()
    find = _scispacy(place) if name == "scispacy" else _ours()
    loaded = time.perf_counter()
    given = [find(text) for text in texts]
    seconds = time.perf_counter() - loaded
    hit = sum(len(a & b) for a, b in zip(given, wanted, strict=True))
    precision, recall = hit / sum(map(len, given)), hit / sum(map(len, wanted))
    return {
        "texts": len(texts),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / (precision + recall), 4),
        "texts_s": round(len(texts) / seconds, 1),
        "load_s": round(loaded - begun, 2),
    }


def _scispacy(place: Path) -> Callable[[str], set[tuple[str, str]]]:
    sys.path.append(str(place))
    import spacy

    import_module("scispacy.abbreviation")  # it registers itself

    nlp = spacy.blank("en")
    nlp.add_pipe("abbreviation_detector")
    return lambda text: {(a.text, a._.long_form.text.lower()) for a in nlp(text)._.abbreviations}


def _ours() -> Callable[[str], set[tuple[str, str]]]:
    from kg.extract.abbreviations import find_abbreviations

    return lambda text: {(text[slice(*a.short)], text[slice(*a.long)].lower()) for a in find_abbreviations(text)}


# Queries


def _evaluated(graph: Any, key: str) -> dict[str, Mapping[str, Any]]:
    return {m: data for m, _, relation, data in graph.in_edges(key, keys=True, data=True) if relation == "EVALUATED_ON"}


def methods_on_dataset(graph: Any, index: Mapping[str, str], dataset: str) -> list[tuple[Any, ...]]:
    """Answer as the named query does."""
    rows = [
        (graph.nodes[m]["name"], e["papers"], e["mentions"], e["first_year"], e["last_year"])
        for m, e in _evaluated(graph, index[dataset]).items()
    ]
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))[:20]


def used_together(graph: Any, index: Mapping[str, str], method: str) -> list[tuple[str, int]]:
    """Answer as the named query does."""
    using, key = {"PROPOSES", "USES", "COMPARES"}, index[method]
    papers = {paper for paper, _, relation in graph.in_edges(key, keys=True) if relation in using}
    together: dict[str, set[str]] = defaultdict(set)
    for paper in papers:
        for _, other, relation in graph.out_edges(paper, keys=True):
            if relation in using and other != key and graph.nodes[other]["label"] == "Method":
                together[other].add(paper)
    rows = [(graph.nodes[m]["name"], len(found)) for m, found in together.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:20]


def untried_datasets(graph: Any, index: Mapping[str, str], method: str) -> list[tuple[str, int, int]]:
    """Answer as the named query does."""
    near, key = {"COMPARED_WITH", "BASED_ON", "VARIANT_OF"}, index[method]
    relatives = {m for _, m, relation in graph.out_edges(key, keys=True) if relation in near}
    relatives |= {m for m, _, relation in graph.in_edges(key, keys=True) if relation in near}
    tried = {d for _, d, relation in graph.out_edges(key, keys=True) if relation in ("EVALUATED_ON", "TRAINED_ON")}
    counts = Counter(
        d
        for m in relatives - {key}
        for _, d, relation in graph.out_edges(m, keys=True)
        if relation == "EVALUATED_ON" and d not in tried
    )
    rows = [(graph.nodes[d]["name"], count, graph.nodes[d]["papers"]) for d, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))[:20]


QUESTIONS: dict[str, tuple[Callable[..., list[Any]], dict[str, str]]] = {
    "methods-on-dataset": (methods_on_dataset, {"dataset": "Dataset 7"}),
    "used-together": (used_together, {"method": "Method 40"}),
    "untried-datasets": (untried_datasets, {"method": "Method 40"}),
}


def ask(name: str, path: Path) -> dict[str, Any]:
    """Open a graph with one of the two, in a process of its own, and ask it."""
    import queries as library

    found: dict[str, Any] = {"queries": {}}
    begun = time.perf_counter()
    if name == "networkx":
        with path.open("rb") as file:
            graph = pickle.load(file)
        index = {str(name): key for key, name in graph.nodes(data="name") if name}

        def answer(question: str) -> list[Any]:
            function, values = QUESTIONS[question]
            return function(graph, index, *values.values())
    else:
        from kg.store.embedded import EmbeddedStore

        store = EmbeddedStore(path)

        def answer(question: str) -> list[Any]:
            return [tuple(row) for row in library.run(store, question, QUESTIONS[question][1], timeout=120)]

    answer("methods-on-dataset")
    found["first_answer_ms"] = round(1000 * (time.perf_counter() - begun), 1)
    for question in QUESTIONS:
        taken = []
        for _ in range(7):
            begun = time.perf_counter()
            rows = answer(question)
            taken.append(1000 * (time.perf_counter() - begun))
        found["queries"][question] = {"ms": round(statistics.median(taken), 1), "rows": rows}
    return found


def queries(*, scale: float, **_: Any) -> dict[str, Any]:
    """Compare NetworkX alone with the store, on the graph of `benchmarks.store`."""
    from benchmarks.store import synthetic
    from kg.store.embedded import write

    with tempfile.TemporaryDirectory() as place:
        graph = synthetic(scale)
        pickled, stored = Path(place) / "graph.pickle", Path(place) / "graph.lbug"
        with pickled.open("wb") as file:
            pickle.dump(graph, file, protocol=5)
        write(graph, stored)
        relationships = graph.number_of_edges()
        del graph
        found: dict[str, Any] = {"relationships": relationships}
        for name, path in (("networkx", pickled), ("papergraph", stored)):
            done = run([sys.executable, "-m", "benchmarks.compare", "--ask", name, "--place", str(path)])
            found[name] = json.loads(done["output"].splitlines()[-1])
            found[name] |= {"peak_mb": done["peak_mb"], "file_mb": round(path.stat().st_size / 1e6, 1)}
    for question in QUESTIONS:
        answers = [found[name]["queries"][question].pop("rows") for name in ("networkx", "papergraph")]
        found["networkx"]["queries"][question]["same_rows"] = answers[0] == answers[1]
    return found


# Pages

WATCH = """what => {
    if (typeof network === "undefined") return false;
    if (!window.times) {
        window.times = {};
        network.once("afterDrawing", () => { window.times.drawn = performance.now(); });
        network.once("stabilized", () => { window.times.settled = performance.now(); });
        network.redraw();
    }
    const still = !network.physics.physicsEnabled || network.physics.stabilized;
    return window.times[what] || (what === "settled" && still && performance.now());
}"""


def reached(page: Any, what: str, patience: float) -> float | None:
    """Give the milliseconds that a page of pyvis took until ``what``; None after so many seconds of waiting.

    Not by a timer of the page: while it lays out a large graph, the page runs nothing else.
    """
    from playwright.sync_api import TimeoutError as Late

    try:
        found = page.wait_for_function(WATCH, arg=what, timeout=1000 * patience, polling=50)
        return float(found.json_value())
    except Late:
        return None


def pages(*, nodes: int, patience: float, **_: Any) -> dict[str, Any]:
    """Compare a page of pyvis with the explorer's."""
    from playwright.sync_api import Error, sync_playwright

    from benchmarks.pages import ARGUMENTS, figures
    from tests.topic_graph import topic_graph

    graph = topic_graph(nodes, 4 * nodes)
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    found: dict[str, Any] = {"nodes": len(graph), "links": graph.number_of_edges()}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        except Error as error:
            return {"left_out": f"no Chromium: {str(error).splitlines()[0]}"}
        ours = figures(browser, graph, Path(place), title="same graph", times=1)
        found["papergraph"] = {
            key: ours[key] for key in ("drawn_ms", "usable_ms", "usable_cpu_ms", "file_mb", "heap_mb", "requests")
        }
        path = Path(place) / "pyvis.html"
        write_pyvis(graph, path)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri(), wait_until="commit")
        drawn = reached(page, "drawn", patience)
        settled = reached(page, "settled", patience) if drawn else None
        found["pyvis"] = {
            "drawn_ms": round(drawn) if drawn else None,
            "usable_ms": round(settled) if settled else None,
            "patience_s": patience,
            "file_mb": round(path.stat().st_size / 1e6, 2),
            "requests": len([url for url in requests if not url.startswith(("data:", "blob:", "file:"))]),
        }
        browser.close()
    return found


def write_pyvis(graph: Any, path: Path) -> None:
    """Write a graph as pyvis does by itself: a name and a colour a node, a relation a link."""
    import networkx as nx
    from pyvis.network import Network

    plain = nx.MultiDiGraph()
    for key, properties in graph.nodes(data=True):
        name = str(properties.get("name") or properties.get("title") or key)
        plain.add_node(key, label=name[:40], title=name, group=str(properties["label"]))
    for start, end, relation in graph.edges(keys=True):
        plain.add_edge(start, end, title=str(relation))
    network = Network(height="760px", width="100%", directed=True, cdn_resources="in_line")
    network.from_nx(plain)
    path.write_text(network.generate_html(), "utf-8")


COMPARISONS: dict[str, Callable[..., dict[str, Any]]] = {
    "names": names,
    "abbreviations": abbreviations,
    "queries": queries,
    "pages": pages,
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=str(__doc__).partition("\n")[0])
    parser.add_argument("what", nargs="*", choices=[*COMPARISONS, []], help="by default all")
    parser.add_argument("--rounds", type=int, default=12, help="of training spaCy")
    parser.add_argument("--scale", type=float, default=1.0, help="1: a million relationships")
    parser.add_argument("--nodes", type=int, default=5000, help="of the graph for the pages")
    parser.add_argument("--patience", type=float, default=120, help="seconds to wait for a page to come to rest")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--detect", help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.detect or given.ask:
        print(json.dumps(detect(given.detect, given.place) if given.detect else ask(given.ask, given.place)))
        return
    report: dict[str, Any] = {"machine": machine(), "versions": versions()}
    for name in given.what or COMPARISONS:
        report[name] = COMPARISONS[name](**vars(given))
        print(json.dumps({name: report[name]}), file=sys.stderr)
        if given.json:
            given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
