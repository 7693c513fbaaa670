"""The export formats: what they hold, what reads them back, and that the same graph gives the same bytes."""

import csv
import json
import math
import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import igraph  # type: ignore[import-untyped]
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from kg.errors import ExportError
from kg.export import FORMATS, export
from kg.model import Relation
from tests.graphs import small_graph

NODES: list[tuple[str, dict[str, Any]]] = [
    (
        "method:quill",
        {"label": "Method", "id": "method:quill", "name": "Quill <&> \"Net\" 'x'", "aliases": ["QN", "Kiel"]},
    ),
    ("method:plain", {"label": "Method", "id": "method:plain", "name": "Plain", "aliases": []}),
    ("dataset:tiny-10", {"label": "Dataset", "id": "dataset:tiny-10", "name": "Tiny-10", "benchmark": True}),
    ("dataset:big-π", {"label": "Dataset", "id": "dataset:big-π", "name": "Big \U0001f600 π", "benchmark": False}),
    ("paper-1", {"label": "Paper", "id": "paper-1", "title": "A\x00 ti\x0btle\uffff]]>", "year": None, "venue": ""}),
    (
        "paper-2",
        {"label": "Paper", "id": "paper-2", "title": "=SUM(A1)", "year": 2021, "authors": ["Zoë, Q.", 'B "b"']},
    ),
    ("result:1", {"label": "Result", "id": "result:1", "value": 93.5, "unit": "%", "text": "line\none\ttab\rreturn"}),
    ("result:2", {"label": "Result", "id": "result:2", "value": 90, "unit": ""}),
    ("result:3", {"label": "Result", "id": "result:3", "value": float("nan")}),
]
SUPPORT = {"papers": 2, "score": 0.5, "first_year": 2020, "last_year": None, "evidence_papers": ["paper-1", "paper-2"]}
EDGES: list[tuple[str, str, Relation, dict[str, Any]]] = [
    ("method:quill", "dataset:tiny-10", Relation.EVALUATED_ON, SUPPORT),
    ("method:quill", "dataset:tiny-10", Relation.TRAINED_ON, SUPPORT | {"papers": 1, "score": 1}),
    ("method:quill", "method:quill", Relation.BASED_ON, {"papers": 3}),
    ("paper-2", "method:plain", Relation.PROPOSES, {"papers": 1}),
    ("method:plain", "dataset:big-π", Relation.EVALUATED_ON, {}),
]
SUFFIXES = [suffix for known in FORMATS for suffix in known.suffixes if suffix[0] == "."]


def make(seed: int = 0) -> nx.MultiDiGraph:
    """The same graph, its nodes, edges and properties inserted in an order that ``seed`` chooses."""
    chance = random.Random(seed)

    def shuffled(properties: dict[str, Any]) -> dict[str, Any]:
        return dict(chance.sample(list(properties.items()), len(properties)))

    graph = nx.MultiDiGraph()
    for key, properties in chance.sample(NODES, len(NODES)):
        graph.add_node(key, **shuffled(properties))
    for source, target, relation, properties in chance.sample(EDGES, len(EDGES)):
        graph.add_edge(source, target, key=relation, **shuffled(properties))
    return graph


def written(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_graphml_reads_back_attribute_by_attribute(tmp_path: Path) -> None:
    export(make(), tmp_path / "g.graphml")
    back = nx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    assert isinstance(back, nx.MultiDiGraph)
    assert dict(back.nodes(data=True)) == {
        "dataset:big-π": {
            "labels": ":Dataset:Entity",
            "label": "Big \U0001f600 π",
            "type": "Dataset",
            "name": "Big \U0001f600 π",
            "benchmark": False,
        },
        "dataset:tiny-10": {
            "labels": ":Dataset:Entity:Benchmark",
            "label": "Tiny-10",
            "type": "Dataset",
            "name": "Tiny-10",
            "benchmark": True,
        },
        "method:plain": {
            "labels": ":Method:Entity",
            "label": "Plain",
            "type": "Method",
            "name": "Plain",
            "aliases": "[]",
        },
        "method:quill": {
            "labels": ":Method:Entity",
            "label": "Quill <&> \"Net\" 'x'",
            "type": "Method",
            "name": "Quill <&> \"Net\" 'x'",
            "aliases": '["QN", "Kiel"]',
        },
        "paper-1": {"labels": ":Paper", "label": "A title]]>", "type": "Paper", "title": "A title]]>"},
        "paper-2": {
            "labels": ":Paper",
            "label": "=SUM(A1)",
            "type": "Paper",
            "title": "=SUM(A1)",
            "year": 2021,
            "authors": '["Zoë, Q.", "B \\"b\\""]',
        },
        "result:1": {
            "labels": ":Result",
            "label": "result:1",
            "type": "Result",
            "value": 93.5,
            "unit": "%",
            "text": "line\none\ttab\rreturn",
        },
        "result:2": {"labels": ":Result", "label": "result:2", "type": "Result", "value": 90.0},
        "result:3": {"labels": ":Result", "label": "result:3", "type": "Result"},
    }
    support = {"papers": 2, "score": 0.5, "first_year": 2020, "evidence_papers": '["paper-1", "paper-2"]'}
    edges = {(s, t, d.pop("label")): d for s, t, d in back.edges(data=True)}
    for data in edges.values():
        data.pop("id", None)
    assert edges == {
        ("method:quill", "dataset:tiny-10", "EVALUATED_ON"): support | {"weight": 2.0},
        ("method:quill", "dataset:tiny-10", "TRAINED_ON"): support | {"papers": 1, "score": 1.0, "weight": 1.0},
        ("method:quill", "method:quill", "BASED_ON"): {"papers": 3, "weight": 3.0},
        ("paper-2", "method:plain", "PROPOSES"): {"papers": 1, "weight": 1.0},
        ("method:plain", "dataset:big-π", "EVALUATED_ON"): {"weight": 1.0},
    }
    assert {type(d["weight"]) for d in edges.values()} == {float}


def test_graphml_follows_its_schema(tmp_path: Path) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "export" / "graphml.xsd"))
    for number, graph in enumerate((make(), small_graph(), nx.MultiDiGraph())):
        export(graph, tmp_path / f"{number}.graphml")
        schema.assertValid(etree.parse(tmp_path / f"{number}.graphml"))
    text = (tmp_path / "0.graphml").read_text()
    for broken in (
        text.replace('<data key="labels">', '<data key="nobody">', 1),
        text.replace('target="dataset:tiny-10"', 'target="dataset:none"', 1),
        text.replace('attr.type="double"', 'attr.type="number"', 1),
    ):
        assert broken != text
        assert not schema.validate(etree.fromstring(broken.encode()))


def test_graphml_names_labels_and_types_as_apoc_reads_them(tmp_path: Path) -> None:
    """``apoc.import.graphml`` with readLabels: keys of these ids, and an edge's type before its other data."""
    export(small_graph(), tmp_path / "g.graphml")
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.parse(tmp_path / "g.graphml").getroot()
    names = {key.get("id"): (key.get("for"), key.get("attr.name")) for key in root.iter(f"{space}key")}
    assert names["labels"] == ("node", "labels")
    assert names["label"] == ("edge", "label")
    labels = {n.get("id"): n.findtext(f"{space}data[@key='labels']") for n in root.iter(f"{space}node")}
    assert labels["dataset:imagenet-c"] == ":Dataset:Entity:Benchmark"
    assert labels["author:bo-larsson"] == ":Author"
    edges = list(root.iter(f"{space}edge"))
    assert all(edge[0].get("key") == "label" and edge[0].text in set(Relation) for edge in edges)
    assert len(edges) == small_graph().number_of_edges()


def test_graphml_opens_in_igraph(tmp_path: Path) -> None:
    graph = small_graph()
    export(graph, tmp_path / "g.graphml")
    back = igraph.Graph.Read_GraphML(str(tmp_path / "g.graphml"))
    assert back.is_directed()
    ids = back.vs["id"]
    assert sorted(ids) == sorted(graph)
    for vertex in back.vs:
        properties = graph.nodes[vertex["id"]]
        assert vertex["type"] == properties["label"]
        assert vertex["name"] == properties.get("name", "")
        assert (None if math.isnan(vertex["papers"]) else vertex["papers"]) == properties.get("papers")
    found = sorted((ids[e.source], ids[e.target], e["label"], e["weight"]) for e in back.es)
    assert found == sorted((s, t, k, float(d.get("papers", 1))) for s, t, k, d in graph.edges(keys=True, data=True))


def test_gexf_reads_back(tmp_path: Path) -> None:
    export(make(), tmp_path / "g.gexf")
    back = nx.read_gexf(tmp_path / "g.gexf")
    assert back.nodes["dataset:tiny-10"] == {
        "label": "Tiny-10",
        "type": "Dataset",
        "name": "Tiny-10",
        "benchmark": True,
    }
    assert back.nodes["paper-2"]["year"] == 2021
    assert back.nodes["result:1"]["text"] == "line\none\ttab\rreturn"
    assert "year" not in back.nodes["paper-1"]
    labels = sorted((s, t, d["label"], d["weight"]) for s, t, d in back.edges(data=True))
    assert labels == sorted((s, t, str(r), float(d.get("papers", 1))) for s, t, r, d in EDGES)
    assert b"lastmodified" not in (tmp_path / "g.gexf").read_bytes()


def test_json_keeps_every_value(tmp_path: Path) -> None:
    graph = make()
    export(graph, tmp_path / "g.json")
    back = nx.node_link_graph(json.loads((tmp_path / "g.json").read_text("utf-8")), edges="edges")
    graph.nodes["result:3"]["value"] = None  # JSON has no NaN
    expected = {key: {k: v for k, v in data.items() if k != "id"} for key, data in graph.nodes(data=True)}
    assert dict(back.nodes(data=True)) == expected
    assert sorted(back.edges(keys=True, data=True), key=str) == sorted(
        ((s, t, str(k), d) for s, t, k, d in graph.edges(keys=True, data=True)), key=str
    )


def test_csv_is_two_exact_tables(tmp_path: Path) -> None:
    export(make(), tmp_path / "g.csv")
    assert sorted(written(tmp_path)) == ["g-edges.csv", "g-nodes.csv"]
    with (tmp_path / "g-nodes.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(NODES)
    assert rows["paper-2"]["label"] == "=SUM(A1)"
    assert rows["paper-1"]["title"] == "A\x00 ti\x0btle\uffff]]>"
    assert rows["result:1"]["text"] == "line\none\ttab\rreturn"
    assert rows["dataset:big-π"]["benchmark"] == "false"
    assert json.loads(rows["paper-2"]["authors"]) == ["Zoë, Q.", 'B "b"']
    with (tmp_path / "g-edges.csv").open(encoding="utf-8", newline="") as file:
        edges = list(csv.DictReader(file))
    assert sorted((e["source"], e["target"], e["label"], e["weight"]) for e in edges) == sorted(
        (s, t, str(r), str(float(d.get("papers", 1)))) for s, t, r, d in EDGES
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_graph_same_bytes(tmp_path: Path, suffix: str) -> None:
    folders = []
    for seed in (1, 2, 3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        export(make(seed), folder / f"g{suffix}")
        folders.append(written(folder))
    assert folders[0] == folders[1] == folders[2]


def test_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kg.export import export\n"
        "from tests.test_export import make, SUFFIXES\n"
        "for suffix in SUFFIXES: export(make(int(sys.argv[2])), Path(sys.argv[1]) / f'g{suffix}')"
    )
    found = []
    for seed in ("0", "77"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", program, str(folder), seed],
            check=True,
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        found.append(written(folder))
    assert len(found[0]) >= len(SUFFIXES)
    assert found[0] == found[1]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_graph_is_untouched_and_nothing_else_is_left(tmp_path: Path, suffix: str) -> None:
    graph, twin = make(), make()
    del graph.nodes["result:3"]["value"], twin.nodes["result:3"]["value"]  # NaN equals nothing
    export(graph, tmp_path / f"g{suffix}")
    assert nx.utils.graphs_equal(graph, twin)
    assert all(name.startswith("g") for name in written(tmp_path))


def test_the_old_file_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.graphml"
    path.write_text("old")
    graph = make()
    graph.add_node("bad", name=Unprintable())
    with pytest.raises(ZeroDivisionError):
        export(graph, path)
    assert written(tmp_path) == {"g.graphml": b"old"}


class Unprintable:
    def __repr__(self) -> str:
        raise ZeroDivisionError


def test_an_empty_graph(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        if suffix != ".bib":
            export(nx.MultiDiGraph(), tmp_path / f"g{suffix}")
    with pytest.raises(ExportError, match=r"g\.bib: no paper"):
        export(nx.MultiDiGraph(), tmp_path / "g.bib")
    assert len(nx.read_graphml(tmp_path / "g.graphml")) == 0
    assert len(nx.read_gexf(tmp_path / "g.gexf")) == 0
    assert (tmp_path / "g-nodes.csv").read_text() == "id\n"


def test_the_format_may_be_named(tmp_path: Path) -> None:
    export(make(), tmp_path / "g.txt", format="graphml")
    assert len(nx.read_graphml(tmp_path / "g.txt")) == len(NODES)
    export(make(), tmp_path / "G.GEXF")
    assert len(nx.read_gexf(tmp_path / "G.GEXF")) == len(NODES)


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=r"g\.xlsx: cannot tell the export format; end the name in one of \.graphml, "
    ):
        export(make(), tmp_path / "g.xlsx")
    with pytest.raises(ExportError, match=r"unknown export format 'docx'; use one of graphml, gexf, cx2, dot"):
        export(make(), tmp_path / "g.docx", format="docx")
    with pytest.raises(ExportError, match=r"g\.graphml: cannot write: No such file or directory"):
        export(make(), tmp_path / "missing" / "g.graphml")


@settings(deadline=None, max_examples=50)
@given(name=st.text(), other=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()))
def test_any_name_survives(tmp_path_factory: pytest.TempPathFactory, name: str, other: object) -> None:
    folder = tmp_path_factory.mktemp("any")
    graph = nx.MultiDiGraph()
    graph.add_node("a", label="Method", name=name, property=other)
    graph.add_node("b", label="Method", name="b", property=1)
    graph.add_node("c", label="Paper", title=name, abstract=name, authors=[name], venue=name, url=name)
    graph.add_edge("a", "b", key="BASED_ON", note=name)
    for suffix in SUFFIXES:
        export(graph, folder / f"g{suffix}")
    shown = "".join(c for c in name if c in "\t\n\r" or (ord(c) >= 32 and c not in "\ufffe\uffff")) or None
    back = nx.read_graphml(folder / "g.graphml", force_multigraph=True)
    assert (back.nodes["a"].get("name") or None) == shown
    assert [d.get("note") or None for *_, d in back.edges(data=True)] == [shown]
    assert nx.read_gexf(folder / "g.gexf").nodes["a"].get("name", "") == (shown or "")
    with (folder / "g-nodes.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file)).get("name", "") == name


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".csv", ".cx2", ".json", ".ttl", ".jsonld", ".dot"])
def test_a_graph_is_written_as_a_stream(tmp_path: Path, suffix: str) -> None:
    """What writing holds in memory does not grow with the texts: a small part of the file's size."""
    graph = nx.MultiDiGraph()
    for number in range(1000):
        text = f"{number} " + "net " * 4000
        graph.add_node(f"result:{number}", label="Result", metric="accuracy", text=text, name=text)
        graph.add_edge(f"result:{number}", "result:0", key="ON_DATASET")
    export(graph, tmp_path / f"warm{suffix}")
    tracemalloc.start()
    export(graph, tmp_path / f"g{suffix}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = sum(file.stat().st_size for file in tmp_path.glob("g*"))
    assert size > 15_000_000
    assert peak < size / 10
