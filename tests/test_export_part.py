"""``kg export --around`` and ``--where``: the part that is written, and what is said of a wrong one."""

import json
import re
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from click.testing import CliRunner, Result

import queries
import viz
from kg.cli import cli
from kg.export import part
from kg.graph import Graph, answer
from tests.graphs import small_graph

SLOW = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a * b)"


def invoke(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def exported(folder: Path, to: Path, *options: str) -> nx.MultiDiGraph:
    result = invoke("export", folder, to / "g.json", *options)
    assert result.exit_code == 0, result.stderr
    found = nx.node_link_graph(json.loads((to / "g.json").read_text("utf-8")), edges="edges")
    assert f"{len(found)} node" in result.stderr
    return found


def test_what_is_near_in_the_database_is_what_is_near_in_the_graph(graph_folder: Path) -> None:
    with Graph(graph_folder) as opened:
        whole = opened.graph
        undirected = nx.Graph(whole.to_undirected(as_view=True))
        for key in sorted(whole):
            for hops in (1, 2):
                ego = nx.ego_graph(undirected, key, radius=hops)
                assert nx.utils.graphs_equal(opened.around(key, hops=hops), whole.subgraph(ego).copy())
                drawn = viz.neighbourhood(opened.around(key, hops=hops, cited=True), key, hops=hops)
                wanted = viz.neighbourhood(whole, key, hops=hops)
                assert nx.utils.graphs_equal(drawn, wanted) and drawn.graph == wanted.graph


def test_what_rows_hold_is_the_part() -> None:
    graph = small_graph()
    node = {"_label": "Method", "id": "method:resnet"}
    edge = {"_type": "COMPARED_WITH", "_from": "method:widgetnet", "_to": "method:resnet"}
    both = {"method:widgetnet", "method:resnet"}
    assert set(part.returned(graph, [(node, 3), (None, "method:widgetnet")])) == both
    assert {k for *_, k in part.returned(graph, [([node],), ("WidgetNet",)]).edges(keys=True)} == {
        "COMPARED_WITH",
        "BASED_ON",
    }
    with_edge = part.returned(graph, [(node, edge)])
    assert set(with_edge) == both and list(with_edge.edges(keys=True)) == [
        (*sorted(both, reverse=True), "COMPARED_WITH")
    ]
    path = {"_nodes": [node], "_relationships": [edge]}
    assert nx.utils.graphs_equal(part.returned(graph, [(path,)]), with_edge)
    assert set(part.returned(graph, [("no such", {"x": [None]}, {"_label": "Method", "id": "gone"})])) == set()
    assert nx.utils.graphs_equal(graph, small_graph())


def test_around_a_name(graph_folder: Path, tmp_path: Path) -> None:
    found = exported(graph_folder, tmp_path, "--around", "cifar10")
    with Graph(graph_folder) as opened:
        assert set(found) == {"dataset:cifar-10", *nx.all_neighbors(opened.graph, "dataset:cifar-10")}
    assert len(exported(graph_folder, tmp_path, "--around", "cifar10", "--hops", "2")) > len(found)


def test_where_a_query_gives_relationships(graph_folder: Path, tmp_path: Path) -> None:
    cypher = "MATCH (m:Method)-[r:EVALUATED_ON]->(d:Dataset {name: $name}) RETURN r"
    found = exported(graph_folder, tmp_path, "--where", cypher, "-p", "name=CIFAR-10")
    assert {key for *_, key in found.edges(keys=True)} == {"EVALUATED_ON"}
    assert {target for _, target in found.edges()} == {"dataset:cifar-10"}
    with Graph(graph_folder) as opened:
        rows = answer(opened.store, cypher, {"name": "CIFAR-10"})
        assert len(rows) == found.number_of_edges() > 0
        for source, target, data in found.edges(data=True):
            assert data == opened.graph.edges[source, target, "EVALUATED_ON"]


def test_where_a_query_gives_nodes_names_or_ids(graph_folder: Path, tmp_path: Path) -> None:
    parts = [
        exported(graph_folder, tmp_path, "--where", f"MATCH (e:Dataset) RETURN {column}")
        for column in ("e", "e.id", "e.name AS dataset", "collect(e) AS found")
    ]
    assert set(parts[0]) == {"dataset:cifar", "dataset:cifar-10", "dataset:imagenet", "dataset:squad"}
    assert all(nx.utils.graphs_equal(parts[0], other) for other in parts[1:])


def test_where_a_condition_holds_is_the_graph_of_those_papers(graph_folder: Path, tmp_path: Path) -> None:
    found = exported(graph_folder, tmp_path, "--where", "p.year < 2020 AND p.title CONTAINS 'layers'")
    assert [key for key, label in found.nodes(data="label") if label == "Paper"] == ["skipping-layers"]
    assert found.nodes["dataset:cifar-10"]["papers"] == 1
    with Graph(graph_folder) as opened:
        assert opened.graph.nodes["dataset:cifar-10"]["papers"] == 2


def test_the_papers_of_a_named_query_as_bibtex(graph_folder: Path, tmp_path: Path) -> None:
    result = invoke("export", graph_folder, tmp_path / "g.bib", "--where", "papers-about", "-p", "name=cifar10")
    assert result.exit_code == 0, result.stderr
    titles = re.findall(r"title = \{(.*)\},", (tmp_path / "g.bib").read_text())
    assert sorted(titles) == ["Louder batches", "Skipping layers"]
    assert result.stderr.endswith("g.bib: 2 papers\n")


def test_all_rows_are_exported_and_a_limit_of_the_question_is_told(
    graph_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.store.base.ROW_LIMIT", 2)
    assert len(exported(graph_folder, tmp_path, "--where", "MATCH (d:Dataset) RETURN d")) == 4
    given = ["--where", "papers-about", "-p", "name=cifar10"]
    query = queries.get("papers-about")
    dataset, limit = query.parameters
    two = replace(query, parameters=(dataset, replace(limit, default=2)))
    monkeypatch.setattr("queries.load", lambda: {"papers-about": two})
    told = "kg: --where papers-about gives 2 rows at most; -p limit=N gives more\n"
    assert told in invoke("export", graph_folder, tmp_path / "g.bib", *given).stderr
    assert told not in invoke("export", graph_folder, tmp_path / "g.bib", *given, "-p", "limit=2").stderr


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--around", "cifar11"], 1, "nearest: CIFAR-10"),
        (["--where", "MATCH (m:Method RETURN m"], 1, "--where: line 1, column 17"),
        (["--where", "p.year >"], 1, "--where: line"),
        (["--where", "p.year > 3000"], 1, "holds for no paper"),
        (["--where", "MATCH (m:Method) RETURN count(m)"], 1, "gives no node"),
        (["--where", "no-such-query"], 1, "no-such-query"),
        (["--where", "p.year > 3", "--around", "x"], 2, "cannot be together"),
        (["-p", "a=b"], 2, "--where"),
        (["--where", "papers-about"], 1, "name"),
        (["--where", SLOW, "--timeout", "0.1"], 1, "--where: the query took longer than 0.1 s; narrow it or give it"),
    ],
)
def test_a_wrong_part_says_what_to_do(
    graph_folder: Path, tmp_path: Path, options: list[str], status: int, said: str
) -> None:
    result = invoke("export", graph_folder, tmp_path / "g.json", *options)
    assert result.exit_code == status, result.stderr
    assert result.stderr.startswith("kg: ") and result.stderr.count("\n") == 1
    assert said in result.stderr
    assert not (tmp_path / "g.json").exists()
