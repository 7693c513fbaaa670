"""Which part of a graph is shown, where its nodes stand, and what the page holds; `test_viz_browser` looks at it."""

import json
import os
import random
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
import viz
from kg.errors import ExportError, UsageError
from viz.detail import describe_node, web_address
from viz.layout import positions

TOPICS = ("Vision", "Text", "Graphs")


def corpus(seed: int = 0) -> nx.MultiDiGraph:
    """Three topics with ten methods, four datasets and three tasks each, inserted in an order that ``seed`` chooses."""
    nodes: list[tuple[str, dict[str, Any]]] = []
    edges: list[tuple[str, str, str, dict[str, Any]]] = []

    def said(source: str, target: str, relation: str, papers: int) -> None:
        names = [f"paper-{number}" for number in range(papers)]
        evidence = {
            "evidence_papers": names,
            "evidence_fields": ["abstract"] * papers,
            "evidence_starts": [0] * papers,
            "evidence_ends": [10] * papers,
            "evidence_sentences": [f"Here {name(source)} meets {name(target)}." for _ in names],
        }
        support = {"papers": papers, "mentions": papers, "score": 0.9, "first_year": 2018, "last_year": 2021}
        edges.append((source, target, relation, support | evidence))

    def name(key: str) -> str:
        return next(str(p.get("name") or p["title"]) for found, p in nodes if found == key)

    for number in range(6):
        title = f"On Networks, Part {number}"
        url = f"https://example.org/{number}"
        nodes.append(
            (f"paper-{number}", {"label": "Paper", "id": f"paper-{number}", "title": title, "year": 2018, "url": url})
        )
    for topic in TOPICS:
        for label, count in (("Method", 10), ("Dataset", 4), ("Task", 3)):
            for number in range(count):
                key = f"{label.lower()}:{topic.lower()}-{number}"
                properties = {
                    "label": label,
                    "id": key,
                    "name": f"{topic} {label} {number}",
                    "aliases": [],
                    "papers": 10 - number,
                }
                if label == "Dataset":
                    properties["benchmark"] = number == 1
                nodes.append((key, properties))
        for number in range(10):
            method = f"method:{topic.lower()}-{number}"
            said(method, f"dataset:{topic.lower()}-{number % 4}", "EVALUATED_ON", 1 + number % 3)
            said(method, f"task:{topic.lower()}-{number % 3}", "USED_FOR", 1)
            said("paper-0", method, "MENTIONS", 1)
            if number:
                said(method, f"method:{topic.lower()}-0", "COMPARED_WITH", 6 if number == 1 else 1)
    for a, b in pairwise(TOPICS):
        said(f"method:{a.lower()}-0", f"method:{b.lower()}-0", "BASED_ON", 2)
    said("method:text-1", "method:text-0", "BASED_ON", 1)
    chance = random.Random(seed)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(chance.sample(nodes, len(nodes)))
    graph.add_edges_from(chance.sample(edges, len(edges)))
    return graph


class Elements(HTMLParser):
    """Collect the elements of a page, with their attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.found:
            self.found[-1][2].append(data)

    def data(self) -> dict[str, Any]:
        text = next("".join(text) for tag, attrs, text in self.found if tag == "script" and attrs.get("id") == "data")
        found: dict[str, Any] = json.loads(text)
        return found


def test_top_shows_entities_of_every_kind_and_no_papers() -> None:
    part = viz.top(corpus(), limit=20)
    labels = [label for _, label in part.nodes(data="label")]
    assert len(part) <= 20
    assert set(labels) == {"Method", "Dataset", "Task"}
    assert labels.count("Dataset") >= 4
    assert labels.count("Task") >= 4
    assert {"method:vision-0", "method:text-0", "method:graphs-0"} <= set(part)
    assert part.number_of_edges() <= 2 * 20
    assert set(part.graph["papers"]["paper-0"]) == {"title", "year", "url"}


def test_top_keeps_the_strongest_links_and_holds_the_parts_together() -> None:
    part = viz.top(corpus(), limit=51, links=0)
    assert nx.is_weakly_connected(part)
    assert part.number_of_edges() == len(part) - 1
    assert part.has_edge("method:vision-1", "method:vision-0", "COMPARED_WITH")


def test_top_shows_what_is_asked_for() -> None:
    part = viz.top(corpus(), limit=10, kinds=("Dataset", "Method"))
    assert {label for _, label in part.nodes(data="label")} == {"Dataset", "Method"}
    assert "paper-0" in viz.top(corpus(), kinds=("Paper", "Method"))


def test_top_of_a_graph_without_links_is_its_most_used_entities() -> None:
    graph = corpus()
    graph.remove_edges_from(list(graph.edges(keys=True)))
    assert set(viz.top(graph, limit=3, kinds=["Task"])) == {"task:graphs-0", "task:text-0", "task:vision-0"}
    assert len(viz.top(nx.MultiDiGraph())) == 0


def test_neighbourhood_is_what_one_or_two_hops_reach() -> None:
    graph = corpus()
    near = viz.neighbourhood(graph, "dataset:vision-1")
    assert set(near) == {"dataset:vision-1", "method:vision-1", "method:vision-5", "method:vision-9"}
    further = viz.neighbourhood(graph, "dataset:vision-1", hops=2)
    assert set(near) < set(further)
    assert {"method:vision-0", "task:vision-1"} <= set(further)
    assert "paper-0" not in further
    assert "paper-0" in viz.neighbourhood(graph, "method:vision-1", kinds=["Paper"])


def test_neighbourhood_prefers_support_and_keeps_its_links() -> None:
    few = viz.neighbourhood(corpus(), "method:vision-0", limit=3, links=0)
    assert set(few) == {"method:vision-0", "method:vision-1", "method:text-0"}
    assert few.has_edge("method:vision-1", "method:vision-0", "COMPARED_WITH")
    assert nx.is_weakly_connected(few)


def test_around_a_paper_all_is_shown_and_around_a_lone_entity_its_papers() -> None:
    graph = corpus()
    assert len(viz.neighbourhood(graph, "paper-0")) == 31
    graph.add_node("dataset:lone", label="Dataset", name="Lone")
    graph.add_edge("paper-1", "dataset:lone", key="MENTIONS")
    assert set(viz.neighbourhood(graph, "dataset:lone")) == {"dataset:lone", "paper-1"}


def test_unusable_arguments_are_told() -> None:
    with pytest.raises(UsageError, match="no node 'cifar' in the graph"):
        viz.neighbourhood(corpus(), "cifar")
    with pytest.raises(UsageError, match="limit is 0"):
        viz.top(corpus(), limit=0)


@given(
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39), st.floats(1, 9)), max_size=80),
    st.integers(1, 40),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_no_two_labels_overlap(links: list[tuple[int, int, float]], count: int, seed: int) -> None:
    chance = random.Random(seed)
    boxes = [(chance.uniform(10, 90), chance.uniform(8, 30), chance.uniform(20, 60)) for _ in range(count)]
    inside = [(a % count, b % count, weight) for a, b, weight in links]
    for places in positions(count, inside, boxes, aspects=(1.7, 0.7)):
        for (a, (x, y)), (b, (u, v)) in combinations(enumerate(places), 2):
            beside = abs(x - u) >= boxes[a][0] + boxes[b][0] - 2
            above, below = (a, b) if y < v else (b, a)
            assert beside or abs(y - v) >= boxes[above][2] + boxes[below][1] - 2


def test_positions_fit_the_window_and_show_communities() -> None:
    links = [(a + shift, b + shift, 1.0) for shift in (0, 10, 20) for a, b in combinations(range(10), 2)]
    links += [(0, 10, 1.0), (10, 20, 1.0)]
    wide, tall = positions(30, links, [(50, 10, 30)] * 30, aspects=(1.7, 0.7))
    for places, most in ((wide, 4), (tall, 1)):
        width, height = (max(axis) - min(axis) for axis in zip(*places, strict=True))
        assert most / 4 < width / height < most

    def apart(a: int, b: int) -> float:
        return float(((wide[a][0] - wide[b][0]) ** 2 + (wide[a][1] - wide[b][1]) ** 2) ** 0.5)

    within = [apart(a, b) for a, b in combinations(range(30), 2) if a // 10 == b // 10]
    between = [apart(a, b) for a, b in combinations(range(30), 2) if a // 10 != b // 10]
    assert sum(between) / len(between) > 1.5 * sum(within) / len(within)


def test_view_writes_one_file_and_leaves_the_graph_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    graph, twin = corpus(), corpus()
    viz.view(graph, tmp_path / "out.html", title="Networks")
    assert [file.name for file in tmp_path.iterdir()] == ["out.html"]
    assert nx.utils.graphs_equal(graph, twin)
    with pytest.raises(ExportError, match=r"view\.html: cannot write: No such file or directory"):
        viz.view(graph, tmp_path / "missing" / "view.html")


def test_same_page_whatever_the_order_and_the_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import viz; from tests.test_viz import corpus\n"
        "graph = corpus(int(sys.argv[1])); viz.view(viz.top(graph, limit=40), Path(sys.argv[2]))\n"
        "viz.view(viz.neighbourhood(graph, 'method:text-0', hops=2), Path(sys.argv[2] + '2'))"
    )
    pages = []
    for seed in ("0", "77"):
        path = tmp_path / f"{seed}.html"
        subprocess.run(
            [sys.executable, "-c", program, seed, str(path)],
            check=True,
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        pages.append((path.read_bytes(), Path(f"{path}2").read_bytes()))
    assert pages[0] == pages[1]


def test_the_page_loads_nothing_and_runs_only_its_own_scripts() -> None:
    text = viz.page(corpus())
    elements = Elements(text).found
    assert not [
        tag for tag, attrs, _ in elements if attrs.get("src") or (tag == "link") or tag in ("iframe", "img", "base")
    ]
    assert "bootstrap" not in text.lower()
    assert "sourceMappingURL" not in text
    assert [tag for tag, _, _ in elements].count("h1") == 1
    (policy,) = (attrs["content"] for _, attrs, _ in elements if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert re.fullmatch(r"'sha256-\S+' 'sha256-\S+'", policy.split("script-src ")[1].split(";")[0])
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")


def test_the_page_holds_nodes_links_and_evidence() -> None:
    graph = corpus()
    data = Elements(viz.page(graph)).data()
    assert [node["id"] for node in data["nodes"]] == list(range(len(graph)))
    assert len(data["edges"]) == len(data["links"]) == graph.number_of_edges()
    assert data["options"]["physics"] == {"enabled": False}
    assert data["options"]["edges"]["smooth"] is False
    about = {entry["name"]: entry for entry in data["about"]}
    assert about["Vision Dataset 1"]["kind"] == "Benchmark"
    assert about["Vision Dataset 2"]["kind"] == "Dataset"
    names = [entry["name"] for entry in data["about"]]
    edge, link = next(
        (edge, link)
        for edge, link in zip(data["edges"], data["links"], strict=True)
        if link["relation"] == "compared with" and names[edge["from"]] == "Text Method 1"
    )
    assert names[edge["to"]] == "Text Method 0"
    assert ["Support", "6 papers"] in link["facts"]
    assert ["Years", "2018–2021"] in link["facts"]
    paper, pieces = link["evidence"][0]
    assert data["papers"][paper] == ["On Networks, Part 0", 2018, "https://example.org/0"]
    assert pieces == ["Here ", "Text Method 1", " meets ", "Text Method 0", "."]
    # Two relations of the same two nodes must not be drawn on one line.
    both = [e for e in data["edges"] if {names[e["from"]], names[e["to"]]} == {"Text Method 1", "Text Method 0"}]
    assert [bool(e.get("smooth")) for e in both] == [False, True]


def test_relations_are_written_on_few_links_only() -> None:
    few = Elements(viz.page(viz.neighbourhood(corpus(), "dataset:vision-1"))).data()
    assert {edge["label"] for edge in few["edges"]} == {"evaluated on"}
    assert not any("label" in edge for edge in Elements(viz.page(corpus())).data()["edges"])


def test_physics_may_be_asked_for() -> None:
    assert Elements(viz.page(corpus(), physics=True)).data()["options"]["physics"]["enabled"] is True


def test_empty_and_bare_graphs_have_a_page() -> None:
    assert "0 nodes, 0 links" in viz.page(nx.MultiDiGraph())
    bare = nx.MultiDiGraph()
    bare.add_edge("a", "b", key="KNOWS")
    bare.add_edge("a", "a", key="KNOWS")
    data = Elements(viz.page(bare)).data()
    assert [entry["kind"] for entry in data["about"]] == ["Other", "Other"]


def test_markup_in_any_text_stays_out_of_the_page() -> None:
    evil = "</script><img src=x onerror=window.__pwned=1><!-- ${1} \u2028 \ud800"
    graph = nx.MultiDiGraph()
    graph.add_node("m", label="Method", name=evil, aliases=[evil], papers=1)
    graph.add_node("d", label="Dataset", name="D")
    graph.add_edge("m", "d", key=evil, papers=1, evidence_papers=[evil], evidence_sentences=[evil])
    text = viz.page(graph, title=evil)
    assert text.count("</script>") == 3
    assert "<img" not in text
    assert "\u2028" not in text.split('id="data">')[1]
    assert Elements(text).data()["about"][1]["name"] == evil
    assert "<img" not in viz.show(graph, title=evil)._repr_html_()


def test_only_web_addresses_become_links() -> None:
    assert web_address("https://example.org/a?b=c") == "https://example.org/a?b=c"
    for address in (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "//x",
        "",
        None,
        "http://[",
    ):
        assert web_address(address) is None


def test_long_names_are_cut() -> None:
    assert len(describe_node("x", {"name": "n" * 10_000, "label": "Method"})["name"]) == 240
    graph = nx.MultiDiGraph()
    graph.add_node("m", label="Method", name="n" * 10_000)
    assert len(Elements(viz.page(graph)).data()["nodes"][0]["label"]) < 60


def test_show_takes_what_open_gives_and_the_best_of_a_large_graph(graph_folder: Path) -> None:
    with kg.open(graph_folder) as opened:
        assert viz.show(opened).html == viz.show(opened.graph).html
    graph = nx.MultiDiGraph()
    graph.add_node("dataset:d", label="Dataset", name="D", papers=9)
    for number in range(400):
        graph.add_node(f"method:{number}", label="Method", name=f"M{number}", papers=1)
        graph.add_edge(f"method:{number}", "dataset:d", "EVALUATED_ON", papers=1)
    assert "300 nodes" in viz.show(graph).html


@pytest.mark.parametrize("wrong", ["papers.kg", None, nx.DiGraph()])
def test_what_is_no_graph_is_refused_in_one_line(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"is no graph; give what kg\.build"):
        viz.show(wrong)
