"""A graph that is changed by some of its papers is the graph that is assembled of all."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.assemble import Assembly, Change
from kg.assemble.rows import Rows
from kg.model import Entity, Extraction, Kind, Paper
from tests.assemble_oracle import assembled, corpus, family
from tests.test_assemble import TINY, said


def changed(graph: nx.MultiDiGraph, change: Change) -> nx.MultiDiGraph:
    """Do what a database does."""
    graph = graph.copy()
    for source, target, relation in change.gone_edges():
        assert change.ends(source, relation, target) == (graph.nodes[source]["label"], graph.nodes[target]["label"])
        graph.remove_edge(source, target, key=relation)
    for node, label in change.gone_nodes():
        if label != "Result" or node in graph:  # a result that is told twice is one
            assert graph.nodes[node]["label"] == label
            graph.remove_node(node)
    for node, properties in change.nodes():
        assert node not in graph
        graph.add_node(node, **properties)
    for node, properties in change.changed_nodes():
        assert graph.nodes[node]["label"] == properties["label"]
        graph.nodes[node].clear()
        graph.nodes[node].update(properties)
    for source, target, relation, properties in change.edges():
        assert not graph.has_edge(source, target, key=relation)
        assert change.ends(source, relation, target) == (graph.nodes[source]["label"], graph.nodes[target]["label"])
        graph.add_edge(source, target, key=relation, **properties)
    ordered = nx.MultiDiGraph()
    ordered.add_nodes_from(sorted(graph.nodes(data=True)))
    ordered.add_edges_from(sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3]))
    return ordered


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 25), st.integers(1, 4), st.randoms(use_true_random=False))
def test_changing_is_assembling_anew(
    tmp_path_factory: pytest.TempPathFactory, seed: int, papers: int, turns: int, chance: random.Random
) -> None:
    file = tmp_path_factory.mktemp("kept") / "kept"
    there = {one.paper.id: one for one in corpus(seed, papers)}
    with Assembly(there.values(), families=family) as assembly:
        assembly.keep(file)
        graph = assembly.whole()
    for turn in range(turns):
        gone = chance.sample(sorted(there), chance.randint(0, len(there)))
        come = [one for one in corpus(seed + turn + 1, papers + turn) if one.paper.id in gone or chance.random() < 0.3]
        come = [one for one in come if one.paper.id in gone or one.paper.id not in there]
        with Change(file, [there.pop(key) for key in gone], come, families=family, memory=TINY) as change:
            assert change.fits
            graph = changed(graph, change)
            change.commit()
        there.update((one.paper.id, one) for one in come)
        expected = said(assembled(there.values(), family))
        assert said(graph) == expected


def test_what_does_not_fit_what_was_kept_is_refused(tmp_path: Path) -> None:
    one, two, *_ = corpus(1, 5)
    file = tmp_path / "kept"

    def keep(extractions: list[Extraction]) -> Path:
        file.unlink(missing_ok=True)
        with Assembly(extractions) as assembly:
            assembly.keep(file)
        return file

    with pytest.raises(ValueError, match="is not there"):
        Change(keep([one]), [two], [])
    with pytest.raises(ValueError, match="is there already"):
        Change(keep([one]), [], [one])
    with pytest.raises(ValueError, match="is there already"):
        Change(keep([one]), [], [two, two])


def test_an_entity_of_another_label_does_not_fit(tmp_path: Path) -> None:
    with Assembly([_about(Kind.METHOD)]) as assembly:
        assembly.keep(tmp_path / "kept")
    with Change(tmp_path / "kept", [_about(Kind.METHOD)], [_about(Kind.DATASET)]) as change:
        assert not change.fits


def _about(kind: Kind) -> Extraction:
    return Extraction(Paper("a", "Title", "Text"), (Entity("method:it", kind, "It"),), (), ())


def test_as_much_is_kept_as_if_papers_that_went_had_not_been(tmp_path: Path) -> None:
    papers = corpus(3, 8)
    kept, plain = tmp_path / "kept", tmp_path / "plain"
    with Assembly(papers[:4], families=family) as assembly:
        assembly.keep(kept)
    with Change(kept, papers[2:4], papers[4:], families=family) as change:
        change.commit()
    with Change(kept, papers[4:], papers[2:4], families=family) as change:
        change.commit()
    with Assembly(papers[:4], families=family) as assembly:
        assembly.keep(plain)
    for table in ("mentions", "links", "writers", "entities", "parents", "numbers"):
        rows = [sorted(map(repr, _rows(file, table))) for file in (kept, plain)]
        assert len(rows[0]) == len(rows[1])


def _rows(file: Path, table: str) -> list[tuple[object, ...]]:
    import sqlite3

    with sqlite3.connect(file) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_what_papers_do_not_touch_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = list(corpus(5, 60))
    kept = tmp_path / "kept"
    with Assembly(papers[:50], families=family) as assembly:
        assembly.keep(kept)
    plans: dict[str, list[str]] = {}
    select = Rows.select

    def explained(rows: Rows, query: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        plans[query] = [step for *_, step in select(rows, f"EXPLAIN QUERY PLAN {query}", values)]
        return select(rows, query, values)

    monkeypatch.setattr(Rows, "select", explained)
    with Change(kept, papers[:5], papers[50:], families=family) as change:
        assert [*change.gone_edges()]
        assert [*change.changed_nodes()]
        assert [*change.nodes()]
        assert [*change.edges()]
        change.commit()
    told = ("writers", "mentions", "links")
    assert all(any(f"SEARCH {table}" in step for plan in plans.values() for step in plan) for table in told)
    scans = {query: plan for query, plan in plans.items() if any(f"SCAN {table}" in " ".join(plan) for table in told)}
    assert not scans
