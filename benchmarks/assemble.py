"""Measure what a graph of many papers takes: to assemble and store it, and to export it as GraphML.

    python benchmarks/assemble.py [--papers 1000000] [--folder DIR]

Makes a graph folder of synthetic extraction records (nothing is extracted), then runs `kg build` on it as it does when
nothing is new but the database is missing, and ``kg export FOLDER x.graphml``, each in a process of its own. Prints
JSON: seconds and the peak of the resident memory of each step in MB (bar: 4,000), seconds of CPU, sizes of the files.
Abstracts have about 1,100 characters; a paper has 4 authors, 6 entities, 9 statements with one or two sentences each
and half a result; names are drawn with a long tail, one new name a paper. Not a test: nothing fails here.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from kg import folder, pipeline
from kg.model import Kind, entity_id, paper_id

_KINDS = (Kind.METHOD,) * 11 + (Kind.DATASET,) * 3 + (Kind.BENCHMARK,) + (Kind.TASK,) * 5
_ROLES = ("proposes", "uses", "compares", "evaluates_on", "addresses", "mentions")
_LINKS = {
    ("Method", "Dataset"): "EVALUATED_ON",
    ("Method", "Method"): "BASED_ON",
    ("Method", "Task"): "USED_FOR",
    ("Dataset", "Task"): "BENCHMARK_FOR",
}
_STEPS = ("build", "export")


def words(rng: random.Random, number: int) -> list[str]:
    """Make words that compress about as English does."""
    parts = ["".join(rng.choices("bcdfglmnprst", k=1) + rng.choices("aeiou", k=1)) for _ in range(60)]
    return ["".join(rng.choices(parts, k=rng.randint(1, 4))) for _ in range(number)]


def records(papers: int) -> Iterator[bytes]:
    """Make extraction records, a line each."""
    rng = random.Random(0)
    vocabulary = words(rng, 8_000)
    sentences = [" ".join(rng.choices(vocabulary, k=rng.randint(14, 30))).capitalize() for _ in range(20_000)]
    names: list[tuple[str, Kind]] = []
    for number in range(papers):
        kind = _KINDS[number % len(_KINDS)]
        names.append(
            (f"{vocabulary[number % 7919].capitalize()}{rng.choice(('Net', 'Bench', ' Task', '-'))}{number}", kind)
        )
        chosen = {len(names) - 1, *(int(rng.paretovariate(0.6)) % len(names) for _ in range(5))}
        yield json.dumps(
            record(rng, number, [names[at] for at in sorted(chosen)], sentences),
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()


def record(rng: random.Random, number: int, named: list[tuple[str, Kind]], sentences: list[str]) -> dict[str, Any]:
    """Make one record, with a sentence for each entity."""
    title = f"{rng.choice(sentences)[:60]} {number}"
    entities: list[dict[str, Any]] = []
    places: dict[str, dict[str, Any]] = {}
    texts: list[str] = []
    at = 0
    for place, (name, kind) in enumerate(named):
        text = f"{name} {rng.choice(sentences)}."
        spot = {"field": "abstract", "start": at, "end": at + len(text), "rule": "verb", "score": 0.5 + place / 20}
        key = entity_id(kind, name)
        places[key] = spot
        mention = {"field": "abstract", "start": at, "end": at + len(name), "text": name, "kind": kind.value}
        entities.append(
            {
                "id": key,
                "name": name,
                "kind": kind.value,
                "role": _ROLES[place],
                "score": 0.9,
                "aliases": [name.upper()] if place == 1 else [],
                "evidence": [spot] * (1 + place % 2),
                "mentions": [{**mention, "rule": "tagger", "score": 0.9}],
            }
        )
        texts.append(text)
        at += len(text) + 1
    links: list[dict[str, Any]] = []
    for (name, kind), (other, to) in pairwise(named):
        relation = _LINKS.get((kind.label, to.label))
        if relation and len(links) < 3:
            a, b = entity_id(kind, name), entity_id(to, other)
            ends = {"subject": name, "subject_id": a, "object": other, "object_id": b}
            links.append({**ends, "relation": relation, "evidence": [places[a]]})
    methods = [e for e in entities if e["kind"] == "Method"]
    results = []
    if number % 2 and methods:
        method = {"method": methods[0]["name"], "method_id": methods[0]["id"], "dataset": None, "dataset_id": None}
        value = {"metric": "accuracy", "value": f"{rng.random() * 100:.1f}%", "unit": "%", "kind": "absolute"}
        results.append({**method, **value, "evidence": places[methods[0]["id"]]})
    return {
        "id": paper_id(title),
        "title": title,
        "abstract": " ".join([*texts, *rng.sample(sentences, 2)]),
        "authors": [f"Ada {int(rng.paretovariate(0.4)) % 2_000_000}" for _ in range(4)],
        "year": 2005 + number % 21 if number % 50 else None,
        "venue": "Proceedings of the Conference",
        "url": f"https://example.org/{number}",
        "sources": [f"papers.jsonl:{number}"],
        "ids": [f"doi:10.1/{number}"],
        "versions": [],
        "entities": entities,
        "links": links,
        "results": results,
    }


def make(path: Path, papers: int) -> None:
    """Make the graph folder, without a database."""
    extractor = pipeline.extractor_digest("rules")
    with folder.claim(path):
        lines = records(papers)
        parts = []
        while batch := list(islice(lines, folder.PART_PAPERS)):
            parts.append(folder.write_lines(path, batch, extractor))
        manifest = folder.Manifest(
            program="",
            extractor=extractor,
            tagger="rules",
            vocabulary="",
            inputs=(),
            records=tuple(sorted(parts, key=lambda part: part.file)),
            database=folder.Database("graph-.lbug", "", ""),
        )
        folder.write_manifest(path, manifest)


def build(path: Path) -> dict[str, Any]:
    """Build, and say when the database was begun."""
    from kg.update import refresh_folder

    begun = time.perf_counter()
    found: dict[str, Any] = {}

    def told(step: str, *_: int | None) -> None:
        found.setdefault(f"{step}_begins_s", round(time.perf_counter() - begun, 1))
        found.setdefault(f"{step}_begins_at_mb", peak())

    built = refresh_folder(path, processes=1, progress=told)
    database = (path / built.manifest.database.file).stat().st_size
    counts = {of: sum(some.values()) for of, some in built.manifest.counts.items()}
    return {**found, "extracted": built.extracted, **counts, "database_mb": database >> 20}


def export(path: Path) -> dict[str, Any]:
    """Export as `kg export` does."""
    from kg.cli import cli

    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        cli(["export", str(path), f"{place}/x.graphml"], standalone_mode=False)
        return {"graphml_mb": (Path(place) / "x.graphml").stat().st_size >> 20}


def peak() -> int:
    """Give the most resident memory that this process has had, in MB of a million bytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


def measured(step: str, path: Path) -> dict[str, Any]:
    """Run a step in this process; say what it took."""
    begun = time.perf_counter()
    found = {"build": build, "export": export}[step](path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = {"s": round(time.perf_counter() - begun, 1), "cpu_s": round(used.ru_utime + used.ru_stime, 1)}
    return {**taken, "peak_mb": peak(), **found}


def main() -> None:
    """Run it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--papers", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="where to work; by default a temporary folder")
    arguments.add_argument("--step", choices=_STEPS, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.step:
        print(json.dumps(measured(given.step, given.folder)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        path = Path(place) / "papers.kg"
        begun = time.perf_counter()
        make(path, given.papers)
        size = sum(file.stat().st_size for file in path.rglob("*.gz"))
        found = {"papers": given.papers, "made_s": round(time.perf_counter() - begun, 1), "records_mb": size >> 20}
        for step in _STEPS:
            command = [sys.executable, "-m", "benchmarks.assemble", "--step", step, "--folder", str(path)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[step] = json.loads(done.stdout)
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
