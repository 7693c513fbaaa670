"""Kill a build at random moments, again and again, and check that nothing is lost and nothing done twice.

    python -m benchmarks.kills [--kills 50] [--papers 200] [--seed 0] [--json FILE]

A graph folder of a third of the papers is grown to all of them. Each round starts that build, kills it by SIGKILL at a
random moment, and looks at the folder: it must be the old or the new graph, every record readable by its digest, and
the database must open and have as many papers. After the last kill, or where a killed build had already ended, the same
build is run to its end; the exports must have the bytes of those of a build that nobody killed, and parts that killed
builds had finished must not be extracted again. Builds are forked, so that a kill costs no start of Python.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import kg.update
from kg import folder
from kg.export import export
from kg.extract.extract import load
from kg.graph import Graph
from kg.model import Paper
from kg.update import update_folder

PART = 10
"""Papers in a part here, so that a short build has many."""


@dataclass(frozen=True)
class Outcome:
    """What the kills came to."""

    kills: int
    recovered: int
    while_running: int
    finished_between: int
    equal_bytes: bool
    extracted_twice: int
    seconds: float


def corpus(number: int) -> list[Paper]:
    """Make ``number`` papers; the texts are made up."""
    texts = (
        "We propose Net{n}X, which beats ResNet-50 on CIFAR-10 with {a}.5% accuracy.",
        "Net{n}X extends BERT. It is trained on ImageNet and evaluated on SQuAD for question answering.",
        "A study of Net{n}X and LayerNorm (LN) on COCO; LN is faster.",
    )
    return [
        Paper(f"p{n:04}", f"Net{n}X at work", texts[n % 3].format(n=n, a=70 + n % 29), ("Ada Lo",), 2015 + n % 9)
        for n in range(number)
    ]


def _start(papers: list[Paper], path: Path, report: Path) -> int:
    """Fork a build; it writes how many papers it extracted to ``report``. Give its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        built = update_folder(papers, path, tagger="rules", processes=1)
        report.write_text(str(built.extracted))
        status = 0
    finally:
        os._exit(status)


def _finish(papers: list[Paper], path: Path, report: Path) -> int:
    """Build to the end in a fork; give how many papers were extracted."""
    _, status = os.waitpid(_start(papers, path, report), 0)
    if status:
        raise SystemExit(f"a build that nobody killed failed with status {status}")
    return int(report.read_text())


def _whole(path: Path, sizes: tuple[int, int]) -> bool:
    """Check in a fork, since a database engine is best not opened before one, that the folder is one of the graphs."""
    child = os.fork()
    if not child:
        status = 1
        try:
            with Graph(path) as graph:
                (found,) = graph.query("MATCH (p:Paper) RETURN count(p) AS papers").dicts()
                records = sum(1 for _ in graph.records())
                status = 0 if found["papers"] == records == graph.manifest.papers and records in sizes else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _exported(path: Path, to: Path) -> bytes:
    export(Graph(path).graph, to)
    return to.read_bytes()


def _finished(path: Path, old: list[Paper]) -> int:
    """Count the papers, but the ``old``, in parts that killed builds have left; a paper may be in several."""
    lines = (
        line for part in path.glob("records/*.jsonl.gz") for line in gzip.decompress(part.read_bytes()).splitlines()
    )
    return len({json.loads(line)["id"] for line in lines} - {paper.id for paper in old})


def kill(kills: int, *, papers: int, seed: int, place: Path, in_place: bool = False) -> Outcome:
    """Kill builds in the folder ``place`` at ``kills`` moments; ``in_place``, builds that change the old database."""
    settings = [(kg.update, "PART_PAPERS", PART)]
    if in_place:
        settings += [(kg.update.database, "KEPT_FROM", 1), (kg.update.database, "SHARE", 0)]
    usual = [vars(module)[name] for module, name, _ in settings]
    for module, name, value in settings:
        vars(module)[name] = value
    try:
        return _kill(kills, papers=papers, seed=seed, place=place)
    finally:
        for (module, name, _), value in zip(settings, usual, strict=True):
            vars(module)[name] = value


def _kill(kills: int, *, papers: int, seed: int, place: Path) -> Outcome:
    load("rules")
    everything = corpus(papers)
    old, report = everything[: papers // 3], place / "extracted"
    path, whole, first = place / "papers.kg", place / "whole.kg", place / "first.kg"
    _finish(old, first, report)
    shutil.copytree(first, whole)
    begun = time.monotonic()
    _finish(everything, whole, report)
    length = time.monotonic() - begun
    expected = _exported(whole, place / "whole.graphml")
    shutil.copytree(first, path)
    chance, recovered, running, between, twice, equal = random.Random(seed), 0, 0, 0, 0, True
    for number in range(kills):
        begun_again = time.monotonic()
        child = _start(everything, path, report)
        time.sleep(max(0.0, chance.uniform(0, length) - (time.monotonic() - begun_again)))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        running += os.WIFSIGNALED(status)
        good = _whole(path, (len(old), papers))
        done = folder.read_manifest(path).papers == papers
        if done or number % 3 == 2 or number == kills - 1:
            left = 0 if done else _finished(path, old)
            extracted = _finish(everything, path, report)
            twice += max(0, extracted - (0 if done else papers - len(old) - left))
            same = _exported(path, place / "again.graphml") == expected
            equal &= same
            good &= same
            between += 1
            shutil.rmtree(path)
            shutil.copytree(first, path)
        recovered += good
    return Outcome(kills, recovered, running, between, equal, twice, round(time.monotonic() - begun, 1))


def main() -> None:
    """Kill, and print what it came to as JSON."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--papers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        outcome = kill(given.kills, papers=given.papers, seed=given.seed, place=Path(place))
    text = json.dumps(asdict(outcome), indent=1)
    if given.json:
        given.json.write_text(text + "\n")
    print(text)
    sys.exit(outcome.recovered != outcome.kills or outcome.extracted_twice > 0)


if __name__ == "__main__":
    main()
