"""``kg view --top`` and ``kg export --top``: what most papers speak of, out of the database alone."""

import base64
import gzip
import json
from pathlib import Path

import networkx as nx
import pytest
from click.testing import CliRunner, Result

from kg.cli import cli
from kg.graph import Graph
from kg.model import ENTITY_LABELS
from kg.store.embedded import EmbeddedStore, write
from kg.store.parts import in_most_papers
from tests.test_explorer_page import DATA
from tests.test_explorer_payload import unpack
from tests.topic_graph import topic_graph


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def best(graph: nx.MultiDiGraph, number: int) -> nx.MultiDiGraph:
    """The part as it is to be, of a graph in memory."""
    entities = [(key, found) for key, found in graph.nodes(data=True) if found["label"] in ENTITY_LABELS]
    ranked = sorted(entities, key=lambda node: (-node[1]["papers"], node[1]["name"], node[0]))
    return graph.subgraph([key for key, _ in ranked[:number]]).copy()


def test_the_part_is_that_of_the_whole_graph(graph_folder: Path) -> None:
    with Graph(graph_folder) as opened:
        for number in range(1, 20):
            assert nx.utils.graphs_equal(in_most_papers(opened.store, number), best(opened.graph, number))
            part = in_most_papers(opened.store, number, cited=True)
            said = {paper for *_, found in part.edges(data="evidence_papers") for paper in found or ()}
            told = ("title", "year", "url", "authors", "venue")
            assert part.graph["papers"] == {
                paper: {name: opened.graph.nodes[paper].get(name) for name in told} for paper in said
            }
        assert len(part) == 12


def test_the_part_of_a_larger_graph_in_many_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = topic_graph(400, 1600)
    write(graph, tmp_path / "graph.lbug")
    monkeypatch.setattr("kg.store.parts._BATCH", 7)
    with EmbeddedStore(tmp_path / "graph.lbug") as store:
        for number in (1, 50, 1000):
            part, wanted = in_most_papers(store, number), best(graph, number)
            assert list(part) == sorted(wanted)
            assert set(part.edges(keys=True)) == set(wanted.edges(keys=True))


@pytest.fixture
def database_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to assemble a graph: what needs the whole of it fails."""

    def refused(_: Graph) -> None:
        raise AssertionError("the whole graph was assembled")

    monkeypatch.setattr(Graph, "graph", property(refused))
    monkeypatch.setattr(Graph, "stream", refused)


@pytest.mark.usefixtures("database_alone")
def test_view_is_a_map_of_it(graph_folder: Path, tmp_path: Path) -> None:
    kept = sorted(graph_folder.iterdir())
    result = invoke("view", graph_folder, "--top", "3", "-o", tmp_path / "top.html")
    assert result.exit_code == 0 and "top.html: 3 nodes" in result.stderr, result.stderr
    data = {name: base64.b64decode(found) for name, found in DATA.findall((tmp_path / "top.html").read_text("utf-8"))}
    header, columns = unpack(data["core"])
    assert header["nodes"] == 3 and header["links"] > 0 and "dataset:cifar-10" in columns["id"]
    papers = json.loads(gzip.decompress(data["papers"]))
    assert "Louder batches" in papers["title"] and ["Ada Lo"] in papers["authors"]
    assert sorted(graph_folder.iterdir()) == kept


@pytest.mark.usefixtures("database_alone")
def test_export_of_it(graph_folder: Path, tmp_path: Path) -> None:
    result = invoke("export", graph_folder, tmp_path / "g.json", "--top", "4")
    assert result.exit_code == 0 and "g.json: 4 nodes" in result.stderr, result.stderr
    found = nx.node_link_graph(json.loads((tmp_path / "g.json").read_text("utf-8")), edges="edges")
    with Graph(graph_folder) as opened:
        part = in_most_papers(opened.store, 4)
    assert set(found) == set(part) and set(found.edges(keys=True)) == set(part.edges(keys=True))


def test_a_graph_without_entities(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("p", label="Paper", id="p", title="Nets", abstract="We net.")
    write(graph, tmp_path / "graph.lbug")
    with EmbeddedStore(tmp_path / "graph.lbug") as store:
        assert len(in_most_papers(store, 5, cited=True)) == 0


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("view", ["--top", "3", "--around", "x"], "--around and --top cannot be together; give one of them"),
        ("export", ["--top", "3", "--where", "p.year > 3"], "--top and --where cannot be together; give one of them"),
        ("view", ["--top", "0"], "--top"),
    ],
)
def test_what_is_called_wrongly(
    graph_folder: Path, tmp_path: Path, command: str, options: list[str], said: str
) -> None:
    to = ["-o", tmp_path / "x.html"] if command == "view" else [tmp_path / "x.json"]
    result = invoke(command, graph_folder, *to, *options)
    assert result.exit_code == 2 and said in result.stderr and not list(tmp_path.iterdir())
