"""Assembly: what it comes to, in any order and whatever fits into memory, as a graph and as a stream."""

import json
import os
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.assemble import make
from kg import folder
from kg.assemble import Assembly, assemble, unite
from kg.assemble.rows import Rows, key, text
from kg.export import FORMATS, export
from kg.graph import Graph
from kg.model import Entity, Evidence, Extraction, Kind, Paper, Relation, Statement
from kg.store import embedded
from kg.store.embedded import EmbeddedStore
from kg.update import refresh_folder
from kg.update.shelf import Versions, paper_shelf, read_versions
from tests.assemble_oracle import assembled, copies, corpus, family
from tests.graphs import extractions
from tests.graphs import family as small_family

TINY = 1
"""Bytes of memory, which SQLite takes for ten pages."""


def said(graph: nx.MultiDiGraph) -> str:
    """All of a graph, in the order in which it is there."""
    return json.dumps([list(graph.nodes(data=True)), list(graph.edges(keys=True, data=True))])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40), st.randoms(use_true_random=False))
def test_the_graph_is_that_of_the_plainest_way(seed: int, papers: int, chance: random.Random) -> None:
    found = corpus(seed, papers)
    expected = said(assembled(found, family))
    chance.shuffle(found)
    assert said(assemble(found, families=family)) == expected
    with Assembly(found, families=family, memory=TINY) as assembly:
        assert said(assembly.whole()) == expected
        assert said(assembly.whole()) == expected  # it may be walked again


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_paper_that_comes_again_is_one(seed: int, papers: int, chance: random.Random) -> None:
    found = corpus(seed, papers, again=chance.randint(0, papers))
    expected = said(assembled(found, family))
    for _ in range(2):
        chance.shuffle(found)
        assert said(assemble(found, families=family)) == expected


def test_three_copies_are_one_in_any_order() -> None:
    one, two, three = copies(7, 3)
    longest = max((one, two, three), key=lambda x: (len(x.paper.abstract), x.paper.abstract, x.paper.title))
    graphs = {said(assemble(order)) for order in ((one, two, three), (three, one, two), (two, three, one))}
    assert len(graphs) == 1
    (graph,) = (assemble((one, two, three)),)
    assert graph.nodes["a"]["abstract"] == longest.paper.abstract
    assert graph.nodes["a"]["sources"] == list(unite(unite(one, two), three).paper.sources)


def test_what_memory_does_not_hold_goes_to_the_folder_and_leaves_nothing(tmp_path: Path) -> None:
    with Assembly(corpus(1, 3000), folder=tmp_path, memory=TINY) as assembly:
        if sys.platform == "linux":
            opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
            spilt = [name for name in opened if name.startswith(str(tmp_path))]
            assert spilt and all(name.endswith("(deleted)") for name in spilt)
        assert sum(assembly.count_nodes().values()) > 3000
        assert not list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_an_oserror() -> None:
    rows = Rows({"t": "(x TEXT)"})
    rows.execute("PRAGMA max_page_count = 3")
    with pytest.raises(OSError, match="full"):
        for _ in range(3000):
            rows.add("t", ("x" * 500,))


@pytest.mark.parametrize("name", ["", "a\0b", "é", "\U0001f600", "\uffff", "half \ud800 of a pair"])
def test_ids_of_any_text_stay_and_sort_as_texts(name: str) -> None:
    assert text(key(name)) == name
    names = [name, "b", "\uffee", "\U0001f601", "\ue000"]
    assert sorted(names, key=key) == sorted(names)
    paper = Paper(name, name, name, (name,), sources=(name,))
    graph = assemble([Extraction(paper, (Entity(f"method:{name}", Kind.METHOD, name),), (), ())])
    assert graph.nodes[name]["title"] == name and graph.nodes[f"method:{name}"]["name"] == name


def test_the_seed_of_hashes_changes_nothing(tmp_path: Path) -> None:
    code = """
import sys, pathlib
from kg.assemble import Assembly
from kg.export import export
from tests.assemble_oracle import corpus, family
with Assembly(corpus(3, 60, again=5), families=family, memory=1) as assembly:
    export(assembly, pathlib.Path(sys.argv[1]))
"""
    written = []
    for seed in ("0", "1"):
        path = tmp_path / f"{seed}.graphml"
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent.parent)}
        subprocess.run([sys.executable, "-c", code, str(path)], env=env, check=True, timeout=200)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_what_does_not_fit_the_schema_is_refused() -> None:
    paper, method, task = Paper("p", "T", "A"), Entity("method:a", Kind.METHOD, "a"), Entity("task:b", Kind.TASK, "b")
    evidence = (Evidence("p", "title", 0, 1, "T", "test", 1.0),)
    for subject, relation, target, message in (
        ("method:a", Relation.EVALUATED_ON, "task:b", "EVALUATED_ON cannot join Method 'method:a' and Task 'task:b'"),
        ("p", Relation.USES, "method:none", "USES cannot join Paper 'p' and no entity 'method:none'"),
        ("q", Relation.USES, "method:a", "p says what another paper does: q USES method:a"),
    ):
        statement = Statement(subject, relation, target, evidence)
        with pytest.raises(ValueError, match=message):
            assemble([Extraction(paper, (method, task), (statement,), ())])


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_stream_is_exported_as_the_graph_is(form: object, tmp_path: Path) -> None:
    name = form.name  # type: ignore[attr-defined]
    found = [*extractions(), *corpus(5, 40)]

    def families(entity: Entity) -> Entity | None:
        return small_family(entity) or family(entity)

    (tmp_path / "graph").mkdir()
    (tmp_path / "stream").mkdir()
    export(assemble(found, families=families), tmp_path / "graph" / "x", format=name)
    with Assembly(found, families=families, memory=TINY) as assembly:
        export(assembly, tmp_path / "stream" / "x", format=name)
    whole, streamed = (
        {file.relative_to(place): file.read_bytes() for file in place.rglob("*") if file.is_file()}
        for place in (tmp_path / "graph", tmp_path / "stream")
    )
    assert whole and whole == streamed


def test_a_database_is_the_same_of_a_graph_and_of_a_stream_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = corpus(5, 1500)
    embedded.write(assemble(found, families=family), tmp_path / "graph.lbug")
    monkeypatch.setattr(embedded, "_PIECE", 100_000)
    monkeypatch.setattr(embedded, "_HELD", 50_000)
    with Assembly(found, families=family) as assembly:
        embedded.write(assembly, tmp_path / "stream.lbug")
    assert {path.name for path in tmp_path.iterdir()} == {"graph.lbug", "stream.lbug"}
    asked = (
        "MATCH (n) RETURN n ORDER BY n.id",
        "MATCH (a)-[r]->(b) RETURN r ORDER BY a.id, type(r), b.id",
    )
    with EmbeddedStore(tmp_path / "graph.lbug") as one, EmbeddedStore(tmp_path / "stream.lbug") as two:
        for cypher in asked:
            rows = one.query(cypher, limit=None)
            assert len(rows) > 1000 and rows == two.query(cypher, limit=None)


def test_papers_on_a_shelf_come_back_as_they_were() -> None:
    papers = [one.paper for one in corpus(2, 50)]
    papers += [replace(papers[0], id="x", versions=(papers[0], papers[1]))]
    with paper_shelf() as shelf:
        for paper in papers:
            shelf[paper.id] = paper
        shelf[papers[3].id] = papers[4]
        assert list(shelf) == list(dict.fromkeys(paper.id for paper in papers)) and len(shelf) == len(shelf.keys())
        assert shelf["x"] == papers[-1] and shelf[papers[3].id] == papers[4]
        assert shelf.pop("x") == papers[-1] and "x" not in shelf and shelf.get("x") is None


def test_versions_hold_no_texts_and_know_every_place() -> None:
    def many() -> Iterator[Paper]:
        return (Paper(f"p{n}", f"Title {n} of a paper", "x" * 10_000, sources=(f"{n % 3}.bib:1",)) for n in range(3000))

    tracemalloc.start()
    try:
        versions: Versions = read_versions(paper for _ in range(2) for paper in many())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(versions) == 3000 and held < 10_000_000
    one = Paper("p1", "Title 1 of a paper", "x" * 10_000, sources=("z.bib:1",))
    versions.add(one)
    key = next(key for key, facts in versions.facts.items() if facts.id == "p1")
    assert versions[key].sources == versions.places(key) == ("1.bib:1", "z.bib:1")
    versions.close()


def test_the_folder_of_the_benchmark_is_one(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(path, 40)
    built = refresh_folder(path)
    assert (built.extracted, built.reused, built.changed) == (0, 40, True)
    with Graph(path) as opened:
        counts = built.manifest.counts
        assert opened.graph.number_of_nodes() == sum(counts["nodes"].values())
        assert counts["nodes"]["Paper"] == 40 and counts["relationships"]["USES"] > 20
        with opened.stream() as stream:
            assert said(stream.whole()) == said(opened.graph)
    assert sum(1 for _ in folder.read_records(path, built.manifest)) == 40
