"""Add to graph folders and take away again, at random, and compare each with a folder that is built at once.

    python -m benchmarks.increments [--cases 200] [--processes 2] [--seed 0] [--json FILE]

A case has two files of made-up papers, some of which are versions of others or in both. A folder is built of the first,
the second is added, and the folder must hold what one holds that is built of both at once, in another order: all of its
database, and the bytes of its export. What the first file brought is then taken out of the one, and what the second
brought out of the other: they must hold what folders of the other file alone hold. In every second case what is added
changes the database in place, as that of a large graph. Papers are extracted by rules. The status is 1 where any case
differs.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.kills import content, settings
from benchmarks.processes import machine
from kg.model import Paper, paper_id
from kg.update import remove_papers, update_folder

TEXTS = (
    "We propose Net{n}X, which beats ResNet-50 on CIFAR-10 with {a}.5% accuracy.",
    "Net{n}X extends BERT. It is trained on ImageNet and evaluated on SQuAD for question answering.",
    "A study of Net{n}X and LayerNorm (LN) on COCO; LN is faster.",
)
MOST = 8
"""Papers in a file at most."""

PART = 3
"""Papers in a part here, so that few papers make several."""


@dataclass(frozen=True)
class Case:
    """What was compared and is not the same, and how many times a database was changed in place."""

    wrong: tuple[str, ...]
    in_place: int


def made(chance: random.Random, file: str) -> list[Paper]:
    """Make papers as if read from ``file``; few titles and identifiers, so that some are one paper."""
    found = []
    for line in range(1, chance.randint(1, MOST) + 1):
        n = chance.randrange(MOST)
        title = chance.choice((f"Net{n}X at work", f"Net{n}X at Work."))
        ids = chance.sample((f"arxiv:1701.{n:05}", f"doi:10.1109/{n % 5}"), chance.randint(0, 2))
        found.append(
            Paper(
                chance.choice((paper_id(title), f"p{n % 3}")),
                title,
                chance.choice(TEXTS).format(n=n, a=70 + chance.randrange(9)),
                chance.choice(((), ("Ada Lo",), ("Ada Lo", "Bo Ek"))),
                chance.choice((None, 2015, 2016, 2024)),
                sources=(f"{file}:{line}",),
                ids=tuple(sorted(ids)),
            )
        )
    return found


def compare(case: int, *, seed: int) -> Case:
    """Build the folders of a case, and compare what they hold."""
    chance = random.Random(f"{seed} {case}")
    one, two = made(chance, "a.bib"), made(chance, "b.bib")
    again = chance.sample(one, chance.randint(0, len(one) // 2))
    two += [replace(paper, sources=(f"b.bib:{line}",)) for line, paper in enumerate(again, len(two) + 1)]
    changed = 0

    def build(path: Path, papers: Iterable[Paper] = (), *, without: str = "") -> dict[str, Any]:
        nonlocal changed
        if without:
            built = remove_papers(path, files=[without], processes=1)
        else:
            built = update_folder(papers, path, tagger="rules", processes=1)
        changed += built.changed and bool(built.manifest.database.log)
        return content(path)

    with tempfile.TemporaryDirectory() as place, settings(part=PART, in_place=case % 2 == 1):
        grown, whole, last = (Path(place) / f"{name}.kg" for name in ("grown", "whole", "last"))
        first = build(grown, one)
        both = build(grown, two)
        sides = {
            "added": (both, build(whole, chance.sample([*one, *two], len(one) + len(two)))),
            "taken away": (build(grown, without="b.bib"), first),
            "left": (build(whole, without="a.bib"), build(last, two)),
        }
    return Case(tuple(name for name, (a, b) in sides.items() if a != b), changed)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.increments", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    begun = time.monotonic()
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(compare, seed=given.seed), range(given.cases)))
    wrong = {case: one.wrong for case, one in enumerate(found) if one.wrong}
    report = {
        "machine": machine(),
        "seed": given.seed,
        "cases": given.cases,
        "equal": given.cases - len(wrong),
        "changed_in_place": sum(one.in_place for one in found),
        "wrong": wrong,
        "seconds": round(time.monotonic() - begun, 1),
    }
    text = json.dumps(report, indent=1)
    if given.json:
        given.json.write_text(text + "\n", "utf-8")
    print(text)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
