"""Removal: papers named kindly; adding and removing gives back what was; incremental equals full, in export bytes."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.increments import Case, compare
from kg import folder
from kg.assemble import assemble
from kg.errors import GraphError, QueryError
from kg.export import export
from kg.model import Extraction, Paper
from kg.pipeline import extract_papers
from kg.record import about
from kg.update import remove_papers, update_folder
from kg.update.overrides import NONE
from kg.update.removal import Removal, find_unwanted
from kg.update.shelf import read_versions
from kg.update.sort import keep_all, sort_papers
from tests.conftest import Run

TITLES = ("Louder nets", "Louder nets for fish", "Quiet graphs", "Quiet Graphs.")
TEXTS = ("We net.", "We propose Net9 on CIFAR-10.", "BERT and Net7 are compared on SQuAD.")
IDS = ("arxiv:1701.00001", "arxiv:1701.00002", "doi:10.1109/a", "doi:10.1145/c", "s2:1")
EXTRACTOR = "1" * 64

PREPRINT = Paper(
    "1701.00001", "Quiet graphs", TEXTS[1], ("Ada Lo",), 2017, sources=("a.bib:1",), ids=("arxiv:1701.00001",)
)
PUBLISHED = replace(PREPRINT, id="q", year=2018, venue="CVPR", sources=("b.bib:9",), ids=("doi:10.1109/a",))
OTHER = Paper("louder-nets", "Louder nets", TEXTS[2], ("Bo Ek",), 2019, sources=("a.bib:2",))

versions = st.builds(
    Paper,
    st.sampled_from(("", "1", "p1")),
    st.sampled_from(TITLES),
    st.sampled_from(TEXTS),
    authors=st.sampled_from(((), ("Ada Lo",), ("Bo Ek",))),
    year=st.sampled_from((None, 2015, 2017, 2024)),
    ids=st.sets(st.sampled_from(IDS), max_size=2).map(lambda found: tuple(sorted(found))),
).map(lambda paper: replace(paper, id=paper.id or paper.title.casefold().replace(" ", "-").strip(".")))


def read_from(file: str, papers: list[Paper]) -> list[Paper]:
    return [replace(paper, sources=(f"{file}:{line}",)) for line, paper in enumerate(papers, 1)]


PREPARED = {
    (e.paper.title, e.paper.abstract): e
    for e in extract_papers(
        [Paper(f"{n}", title, text) for n, (title, text) in enumerate((a, b) for a in TITLES for b in TEXTS)],
        tagger="rules",
    )
}
"""What each text says; which paper says it is told by `about`."""


def build(papers: list[Paper], path: Path, removal: Removal | None = None) -> None:
    """Do what an update does before the database, which takes most of the time, with parts of two papers."""
    with folder.claim(path) as old:
        kept, loose, todo, _ = sort_papers(
            path,
            old,
            read_versions(papers),
            extractor=EXTRACTOR,
            overrides=NONE,
            full=2,
            sift=removal.sift if removal else keep_all,
        )
        loose.update((key, about(PREPARED[found.title, found.abstract], found)) for key, found in todo.items())
        records = [loose[key] for key in sorted(loose)]
        kept += [folder.write_part(path, records[at : at + 2], EXTRACTOR) for at in range(0, len(records), 2)]
        (path / "graph-x.lbug").touch()
        base = folder.Database("graph-x.lbug", "", "x")
        folder.write_manifest(path, folder.Manifest("0", EXTRACTOR, "rules", "", (), tuple(kept), base))


def exported(path: Path) -> bytes:
    records: list[Extraction] = list(folder.read_records(path, folder.read_manifest(path)))
    export(graph := assemble(records), path / "out.graphml")
    assert isinstance(graph, nx.MultiDiGraph)
    return (path / "out.graphml").read_bytes()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(versions, min_size=1, max_size=6),
    st.lists(versions, min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_adding_equals_both_at_once_and_removing_restores(
    tmp_path_factory: pytest.TempPathFactory, a: list[Paper], b: list[Paper], chance: random.Random
) -> None:
    place = tmp_path_factory.mktemp("graphs")
    one, two = read_from("a.bib", a), read_from("b.bib", b)
    build(one, place / "grown.kg")
    before = exported(place / "grown.kg")
    build(two, place / "grown.kg")
    build(chance.sample([*one, *two], len(a) + len(b)), place / "whole.kg")
    assert exported(place / "grown.kg") == exported(place / "whole.kg")
    build([], place / "grown.kg", Removal(files=("b.bib",)))
    assert exported(place / "grown.kg") == before
    build([], place / "whole.kg", Removal(places=frozenset(f"a.bib:{n}" for n in range(1, 7))))
    build(two, place / "alone.kg")
    assert exported(place / "whole.kg") == exported(place / "alone.kg")


@pytest.mark.parametrize("case", [0, 1])
def test_so_it_is_with_whole_builds(case: int) -> None:
    # `python -m benchmarks.increments` does so for 200; the odd ones change the database in place.
    assert compare(case, seed=0) == Case(wrong=(), in_place=case)


@pytest.mark.parametrize(
    ("name", "papers", "places"),
    [
        ("1701.00001", {"x"}, set()),
        ("https://arxiv.org/abs/1701.00001v2", {"x"}, set()),
        ("10.1109/A", {"x"}, set()),
        ("quiet GRAPHS", {"x"}, set()),
        ("a.bib:1", set(), {"a.bib:1"}),
        (" louder nets ", {"louder-nets"}, set()),
    ],
)
def test_papers_are_named_kindly(name: str, papers: set[str], places: set[str]) -> None:
    both = replace(PREPRINT, id="x", versions=(PREPRINT, PUBLISHED))
    assert find_unwanted([both, OTHER], [name], []) == Removal(frozenset(papers), frozenset(places))


def test_a_name_that_means_none_or_many_is_refused() -> None:
    with pytest.raises(QueryError, match="no paper 'quiet grafs' in this graph; nearest: Quiet graphs"):
        find_unwanted([PREPRINT, OTHER], ["quiet grafs"], [])
    with pytest.raises(QueryError, match=r"2 papers are called 'Quiet graphs'; name one by its id: 1701\.00001, z"):
        find_unwanted([PREPRINT, replace(PREPRINT, id="z", ids=())], ["Quiet graphs"], [])
    with pytest.raises(GraphError, match=r"c\.bib: no paper of this graph was read from it"):
        find_unwanted([PREPRINT, OTHER], [], ["c.bib"])


def test_a_whole_graph_gives_up_papers_and_takes_them_again(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    inputs = [folder.Source(name, name[0] * 64) for name in ("a.bib", "b.bib")]
    update_folder([PREPRINT, OTHER], path, tagger="rules", inputs=inputs[:1])
    first = folder.read_manifest(path)
    update_folder([PUBLISHED], path, tagger="rules", inputs=inputs[1:])
    assert folder.read_manifest(path).papers == 2
    built = remove_papers(path, files=["./b.bib"])
    assert (said(built.manifest), built.extracted) == (said(first), 0)
    assert remove_papers(path, ["arXiv:1701.00001"]).manifest.counts["nodes"]["Paper"] == 1
    # The last one may go too, and come again.
    assert remove_papers(path, ["Louder nets"]).manifest.papers == 0
    update_folder([PREPRINT, OTHER], path, tagger="rules", inputs=inputs[:1])
    assert said(folder.read_manifest(path)) == said(first)


def said(manifest: folder.Manifest) -> object:
    """All of a manifest but the bytes of the database, in which the engine writes what it likes."""
    return replace(manifest, database=replace(manifest.database, sha256=""))


SEEDED = """
import sys
from pathlib import Path
from kg.update import update_folder
from kg.export import export
from kg.graph import Graph
from tests.test_remove import OTHER, PREPRINT, PUBLISHED
papers = [PREPRINT, OTHER, PUBLISHED][:: int(sys.argv[2])]
update_folder(papers[:2], Path(sys.argv[1]), tagger="rules")
update_folder(papers[2:], Path(sys.argv[1]), tagger="rules")
export(Graph(sys.argv[1]).graph, sys.argv[1] + ".graphml")
"""


def test_hash_seed_and_order_change_no_export(tmp_path: Path) -> None:
    for seed, step in (("0", "1"), ("77", "-1")):
        command = [sys.executable, "-c", SEEDED, str(tmp_path / f"{seed}.kg"), step]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
    a, b = (tmp_path / f"{seed}.kg.graphml" for seed in ("0", "77"))
    assert a.read_bytes() == b.read_bytes()


def test_the_command_removes(kg: Run, tmp_path: Path) -> None:
    for name, papers in (("a", [PREPRINT, OTHER]), ("b", [replace(OTHER, title="Deaf nets")])):
        records = [{"title": paper.title, "abstract": paper.abstract} for paper in papers]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    assert kg("build", "a.jsonl", "b.jsonl", "-o", "papers.kg", "--tagger", "rules").returncode == 0
    done = kg("remove", "papers.kg", "louder nets", "--from", "b.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "kg: papers.kg: 2 papers removed, 1 left; 0 extracted\n"
    assert [source.name for source in folder.read_manifest(tmp_path / "papers.kg").inputs] == ["a.jsonl"]
    missed = kg("remove", "papers.kg", "louder nets")
    assert missed.returncode == 1 and missed.stderr.startswith("kg: no paper 'louder nets' in this graph")
    assert kg("remove", "papers.kg").returncode == 2
