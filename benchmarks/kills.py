"""Kill a build at random moments, again and again, and check that nothing is lost and nothing done twice.

    python -m benchmarks.kills [--modes anew in_place] [--kills 50] [--papers 200] [--seed 0] [--json FILE]

A graph folder of a third of the papers is grown to all of them, by a build that makes the database anew or, in place,
by one that changes the old one, as builds of large graphs do. Each round starts that build and kills it by SIGKILL at a
random moment; one that had ended by then does not count. The folder must then be the old or the new graph, whole: every
file that the manifest names has its digest, the database has as many nodes and relationships of each kind as the
manifest says, and all that it holds, and the bytes of the export, are those of a build that nobody killed. After each
third kill, the last, and where a killed build had got to the new graph, the same build is run to its end: the folder
must be the new graph, and parts that killed builds had finished must not be extracted again. Builds are forked, so that
a kill costs no start of Python.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import kg.update
from benchmarks.processes import machine
from kg import folder
from kg.errors import KGError
from kg.export import export
from kg.extract.extract import load
from kg.graph import Graph
from kg.model import Paper
from kg.update import update_folder

PART = 10
"""Papers in a part here, so that a short build has many."""

MODES = {"anew": False, "in_place": True}
"""Whether a build changes the old database."""

TRIES = 10
"""For each kill that is to hit a running build, so many builds are started at most."""

ALL = ("MATCH (n) RETURN label(n), n", "MATCH (a)-[r]->(b) RETURN label(r), a.id, b.id, r")


@dataclass(frozen=True)
class Outcome:
    """What the kills came to: how many were to hit a running build, did in so many tries, and were recovered from."""

    kills: int
    while_running: int
    tries: int
    recovered: int
    finished_between: int
    extracted_twice: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all is as it must be."""
        return self.kills == self.while_running == self.recovered and not self.extracted_twice


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


def content(path: Path) -> dict[str, Any]:
    """Give the papers of a folder, and the digests of all that its database holds and of its export.

    Raises ValueError, KGError or OSError where it is not whole.
    """
    with Graph(path) as graph, tempfile.TemporaryDirectory() as place:
        manifest = graph.manifest
        for file in (manifest.database, manifest.kept):
            if file and not folder.is_whole(path, file):
                raise ValueError(f"{file.file} has not the bytes that the manifest names")
        nodes, links = (graph.store.query(every, timeout=None, limit=None).rows for every in ALL)
        counts = {
            of: dict(Counter(row[0] for row in rows)) for of, rows in (("nodes", nodes), ("relationships", links))
        }
        if counts != manifest.counts or counts["nodes"].get("Paper", 0) != sum(1 for _ in graph.records()):
            raise ValueError(f"the database has {counts}, the manifest {manifest.counts}")
        export(graph.graph, to := Path(place) / "whole.graphml")
        held = "\n".join(sorted(map(repr, (*nodes, *links))))
        digests = {"held": hashlib.sha256(held.encode()), "export": hashlib.sha256(to.read_bytes())}
        return {"papers": manifest.papers, **{name: digest.hexdigest() for name, digest in digests.items()}}


def _look(path: Path, report: Path) -> Any:
    """Give the `content` of a folder, None where it is not whole: in a fork, as no engine should be open before one."""
    child = os.fork()
    if not child:
        status = 1
        try:
            report.write_text(json.dumps(content(path)))
            status = 0
        except (ValueError, OSError, KGError) as error:
            print(f"{path}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    return None if os.waitpid(child, 0)[1] else json.loads(report.read_text())


def _finished(path: Path, old: list[Paper]) -> int:
    """Count the papers, but the ``old``, in parts that killed builds have left; a paper may be in several."""
    lines = (
        line for part in path.glob("records/*.jsonl.gz") for line in gzip.decompress(part.read_bytes()).splitlines()
    )
    return len({json.loads(line)["id"] for line in lines} - {paper.id for paper in old})


@contextlib.contextmanager
def settings(*, part: int, in_place: bool) -> Iterator[None]:
    """Have builds write parts of so many papers and, ``in_place``, change any old database, however much changes."""
    wanted = [(kg.update, "PART_PAPERS", part)]
    if in_place:
        wanted += [(kg.update.database, "KEPT_FROM", 1), (kg.update.database, "SHARE", 0)]
    usual = [vars(module)[name] for module, name, _ in wanted]
    for module, name, value in wanted:
        vars(module)[name] = value
    try:
        yield
    finally:
        for (module, name, _), value in zip(wanted, usual, strict=True):
            vars(module)[name] = value


def kill(kills: int, *, papers: int, seed: int, place: Path, in_place: bool = False) -> Outcome:
    """Kill builds in the folder ``place`` at ``kills`` moments; ``in_place``, builds that change the old database."""
    with settings(part=PART, in_place=in_place):
        return _kill(kills, papers=papers, seed=seed, place=place, in_place=in_place)


def _kill(kills: int, *, papers: int, seed: int, place: Path, in_place: bool) -> Outcome:
    load("rules")
    for name in ("ladybug", "pandas", "pyarrow"):
        import_module(name)  # here once, and not in every fork
    everything = corpus(papers)
    old, report = everything[: papers // 3], place / "extracted"
    path, whole, first = place / "papers.kg", place / "whole.kg", place / "first.kg"
    _finish(old, first, report)
    shutil.copytree(first, whole)
    begun = time.monotonic()
    _finish(everything, whole, report)
    length = time.monotonic() - begun
    before, after = (_look(one, report) for one in (first, whole))
    if not (before and after and bool(folder.read_manifest(whole).database.log) == in_place):
        raise SystemExit("a build that nobody killed is not as it should be")
    shutil.copytree(first, path)
    chance, hits, tries, recovered, between, twice = random.Random(seed), 0, 0, 0, 0, 0
    while hits < kills and tries < TRIES * kills:
        tries += 1
        begun_again = time.monotonic()
        child = _start(everything, path, report)
        time.sleep(max(0.0, chance.uniform(0, length) - (time.monotonic() - begun_again)))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if status and not os.WIFSIGNALED(status):
            raise SystemExit(f"a build failed by itself, with status {status}")
        hits += status != 0
        found = _look(path, report)
        good = found in (before, after)
        if not status and found != after:
            raise SystemExit("a build after killed ones ended and did not give the graph")
        if found == after or (status and (hits % 3 == 0 or hits == kills)):
            left = papers - len(old) if found == after else _finished(path, old)
            twice += max(0, _finish(everything, path, report) - (papers - len(old) - left))
            good &= _look(path, report) == after
            between += 1
            shutil.rmtree(path)
            shutil.copytree(first, path)
        recovered += good and status != 0
    return Outcome(kills, hits, tries, recovered, between, twice, round(time.monotonic() - begun, 1))


def main() -> None:
    """Kill, and print what it came to as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--kills", type=int, default=50, help="that hit a running build, in each mode")
    parser.add_argument("--papers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    report: dict[str, Any] = {"machine": machine(), "modes": {}}
    good = True
    for mode in given.modes:
        with tempfile.TemporaryDirectory() as place:
            outcome = kill(given.kills, papers=given.papers, seed=given.seed, place=Path(place), in_place=MODES[mode])
        good &= outcome.good
        report["modes"][mode] = asdict(outcome)
    text = json.dumps(report, indent=1)
    if given.json:
        given.json.write_text(text + "\n")
    print(text)
    sys.exit(not good)


if __name__ == "__main__":
    main()
