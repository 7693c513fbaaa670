"""The report page: complete, escaped, without scripts, the same bytes every time; and the commands that answer."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import networkx as nx
import pytest
from click.testing import CliRunner, Result

from kg.answers import explain
from kg.answers.report import report
from kg.answers.report.charts import heat_map, papers_by_year
from kg.cli import cli
from kg.graph import Graph, build_folder
from tests.answers_corpus import graph_of, paper
from tests.graphs import small_graph

EVIL = '</style><script>alert(1)</script><img src=x onerror="alert(2)">&amp;'


class Reader(HTMLParser):
    """Collects tags, ids and the addresses that lead inside the page."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.inside: set[str] = set()
        self.outside: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href") and value:
                (self.inside if value.startswith("#") else self.outside).add(value.removeprefix("#"))


def corpus() -> nx.MultiDiGraph:
    """A graph with something in every part of the report."""
    papers = [
        paper(
            f"Paper {i}",
            2010 + i,
            roles={f"m:Net{i}": "proposes", "m:Transformer" if i > 7 else "m:Alpha": "uses", "t:Parsing": "addresses"},
            links=[f"m:Net{i} EVALUATED_ON d:SQuAD", f"m:Net{i} BASED_ON m:Alpha", "m:Alpha COMPARED_WITH m:Beta"],
            results=[(f"m:Net{i}", "d:SQuAD", "F1", f"{80 + i}.5%"), ("m:Alpha", "d:GLUE", "accuracy", f"{70 + i}%")],
            says=f"It has an F1 of {80 + i}.5% and an accuracy of {70 + i}%. "
            + ("Alpha outperforms Beta." if i % 2 else "Beta outperforms Alpha."),
        )
        for i in range(12)
    ]
    return graph_of(*papers)


def test_every_part_is_there_and_every_link_leads_somewhere() -> None:
    page = report(corpus(), title="Nets")
    found = Reader(page)
    sections = {"overview", "top", "leaderboards", "trends", "matrix", "new", "gaps", "conflicts", "papers", "method"}
    assert sections <= set(found.ids)
    assert found.inside <= set(found.ids), found.inside - set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    assert found.tags.count("svg") >= 4
    assert "Alpha beats Beta" in page and "Beta beats Alpha" in page
    for part in ("F1, higher is better", "12 papers, 2010 to 2021", "Results over the years"):
        assert part in page


def test_nothing_runs_and_nothing_is_asked_of_the_network() -> None:
    page = report(corpus())
    found = Reader(page)
    assert not {"script", "link", "iframe", "img", "object", "embed", "base", "form"} & set(found.tags)
    assert "style" not in found.attributes and not any(name.startswith("on") for name in found.attributes)
    assert not found.outside
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"style-src &#x27;sha256-{digest}&#x27;" in policy[1] and "default-src &#x27;none&#x27;" in policy[1]
    assert "unsafe" not in policy[1] and "url(" not in style and "@import" not in style


def test_what_came_from_outside_is_text() -> None:
    one = paper(EVIL, 2020, roles={f"m:{EVIL}": "proposes"}, links=[f"m:{EVIL} EVALUATED_ON d:{EVIL}"], says=EVIL)
    two = paper(
        "Two", 2021, links=[f"m:{EVIL} EVALUATED_ON d:{EVIL} 2", "m:A EVALUATED_ON d:B", "m:C EVALUATED_ON d:B"]
    )
    graph = graph_of(one, two)
    graph.nodes[one.paper.id]["url"] = "javascript:alert(3)"
    graph.nodes[two.paper.id]["url"] = 'https://example.org/"><script>'
    page = report(graph, title=EVIL)
    found = Reader(page)
    assert not {"script", "img"} & set(found.tags)
    assert found.outside == {'https://example.org/"><script>'}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_same_graph_gives_the_same_bytes_whatever_matplotlib_is_set_to() -> None:
    first = report(corpus())
    with mpl.rc_context({"svg.hashsalt": "other", "font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert report(corpus()) == first
        assert mpl.rcParams["font.size"] == 30
    assert report(small_graph()) == report(small_graph())


def test_too_small_a_corpus_says_so() -> None:
    page = report(graph_of(paper("Alone", None, roles={"m:A": "uses"})))
    for part in (
        "No paper of this graph has a year",
        "nothing to rank",
        "No trend can be told: no paper has a year",
        "Too few abstracts",
        "No dated paper",
        "No two abstracts here",
    ):
        assert part in page
    assert Reader(report(graph_of())).inside <= set(Reader(report(graph_of())).ids)


def test_charts_take_their_colours_from_the_page_and_their_numbers_from_the_data() -> None:
    svg = papers_by_year({2019: 3, 2021: 12}, "#papers")
    assert "style" not in svg and "font-family" not in svg and "#05" not in svg
    assert 'class="f-main"' in svg and ">12</text>" in svg and ">3</text>" in svg and 'href="#papers"' in svg
    heat = heat_map(["<b>", "B"], ["x"], {(0, 0): (4, "#said-1"), (1, 0): (1, "#said-2")})
    assert "&lt;b&gt;" in heat and 'href="#said-1"' in heat and "f-heat5" in heat and "f-heat1" in heat


def invoke(*arguments: object) -> Result:
    found = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("leaderboard", "cifar10"), "CIFAR-10 · Accuracy · higher is better · 1 paper"),
        (("leaderboard", "--metric", "acc"), "93.1%"),
        (("lineage", "picbert"), "PicBERT 2020 is based on"),
        (("lineage", "resnet50", "--roll-up"), "ResNet-50"),
        (("trends", "resnet50"), "nothing earlier to compare with"),
        (("trends", "cifar10", "--years", "1"), "too few"),
        (("gaps", "cifar10"), ""),
        (("conflicts",), "0 disagreements on a value (0 values given by two papers or more)"),
        (("similar", "skipnet"), ""),
        (("similar", "skipnet", "--vectors"), ""),
        (("explain", "bn"), "Batch Normalization (Method"),
    ],
)
def test_commands_answer(graph_folder: Path, arguments: tuple[str, ...], said: str) -> None:
    found = invoke(arguments[0], graph_folder, *arguments[1:])
    assert found.exit_code == 0, found.output
    assert said in found.output


@pytest.mark.parametrize("command", ["leaderboard", "gaps", "conflicts", "trends"])
def test_commands_print_json(graph_folder: Path, command: str) -> None:
    assert isinstance(json.loads(invoke(command, graph_folder, "--json").stdout), list | dict)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("leaderboard", "cifar11"), 1, "nearest: CIFAR-10"),
        (("leaderboard", "--metric", "acuracy"), 2, "nearest: accuracy"),
        (("similar", "cifar10"), 2, "is a dataset; name a paper or a method"),
        (("gaps", "question answering"), 2, "is a task"),
    ],
)
def test_what_is_wrong_gets_one_line(graph_folder: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    found = invoke(arguments[0], graph_folder, *arguments[1:])
    assert (found.exit_code, found.stdout) == (status, "")
    assert said in found.stderr and len(found.stderr.splitlines()) == 1


def test_report_and_diff_from_the_command_line(graph_folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    assert invoke("report", graph_folder, "-o", page, "--title", "Three").exit_code == 0
    assert "<h1>Three</h1>" in page.read_text("utf-8")
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"title": "New", "abstract": "We propose NewNet, tested on CIFAR-10.", "year": 2024}))
    other = tmp_path / "other.kg"
    build_folder([more], other, tagger="rules")
    found = json.loads(invoke("diff", graph_folder, other, "--json").stdout)
    assert [thing["name"] for thing in found["new_papers"]] == ["New"] and len(found["gone_papers"]) == 3
    assert "New papers: 1\n  New (2024)" in invoke("diff", graph_folder, other).stdout
    assert "say the same" in invoke("diff", other, other).stderr
    missing = invoke("report", graph_folder, "-o", tmp_path / "no" / "r.html")
    assert missing.exit_code == 1 and "cannot write" in missing.stderr


def test_every_form_of_a_name_is_explained(tmp_path: Path) -> None:
    papers = [
        {"title": "One", "abstract": "We use Batch Normalization (BN) on CIFAR-10. BN helps.", "year": 2019},
        {"title": "Two", "abstract": "Here batch normalisation is trained on ImageNet.", "year": 2020},
        {"title": "Three", "abstract": "Our Zebra Crossing Network (ZCN) beats ResNet-50. ZCN is small.", "year": 2021},
    ]
    source = tmp_path / "papers.jsonl"
    source.write_text("".join(json.dumps(one) + "\n" for one in papers))
    build_folder(source, tmp_path / "g.kg", tagger="rules")
    opened = Graph(tmp_path / "g.kg")
    found = explain(opened.records(), "method:batch-normalization")
    assert found is not None and (found.name, found.papers) == ("Batch Normalization", 2)
    rules = {form.text: (form.rule, form.papers, form.mentions) for form in found.forms}
    assert rules["Batch Normalization"] == ("the name itself", 1, 1)
    assert rules["batch normalisation"] == ("spelling", 1, 1)
    assert rules["BN"] == ("vocabulary", 1, 2)
    assert [seen.title for form in found.forms if form.text == "BN" for seen in form.seen] == ["One"]
    assert explain(opened.records(), "method:nothing") is None
