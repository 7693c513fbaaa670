"""The explorer's file: whole, small, the same each time, shut by its policy; and the map kept beside the graph."""

import base64
import gzip
import hashlib
import html
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import pytest
from click.testing import CliRunner, Result

import kg
from kg.cli import cli
from kg.errors import ExportError
from tests.graphs import small_graph
from tests.test_explorer_map import shuffled
from tests.test_explorer_payload import HOSTILE, unpack
from tests.topic_graph import topic_graph
from viz import explorer
from viz.explorer import stored

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
DATA = re.compile(r'<script type="application/octet-stream" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>')


def policy(text: str) -> str:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert found
    return html.unescape(found[1])


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_our_script_may_run() -> None:
    text = explorer.page(small_graph(), title="Small")
    rules = dict(rule.strip().split(" ", 1) for rule in policy(text).split(";"))
    assert rules["default-src"] == "'none'"
    assert [rules["script-src"]] == [digest(script) for script in SCRIPT.findall(text)]
    assert [rules["style-src"]] == [digest(style) for style in STYLE.findall(text)]
    assert not {"unsafe-inline", "unsafe-eval", "http:", "https:", "*"} & set(policy(text).replace("'", "").split())
    assert "<!--" not in SCRIPT.findall(text)[0] and text.count("</script>") == text.count("<script")
    head = text[: text.index("<style>")] + text[text.index("</style>") : text.index("<script")]
    assert not re.search(r"\b(?:src|href|on\w+)\s*=", head)


def test_the_page_can_be_read_before_the_script() -> None:
    text = explorer.page(small_graph(), title="Small & <fine>")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    start = text[: text.index("<script")]
    assert '<h1 class="kg-title"><bdi>Small &amp; &lt;fine&gt;</bdi></h1>' in start and 'type="search"' in start
    assert f"Reading {len(small_graph())} nodes and" in start
    names = [name for name, _ in DATA.findall(text)]
    assert names == ["core", "papers", "evidence-0"]
    assert text.index('id="core"') < text.index("<script>") < text.index('id="papers"')


def test_everything_is_in_the_file(tmp_path: Path) -> None:
    graph, path = topic_graph(400, 1600), tmp_path / "graph.html"
    explorer.view(graph, path, title="Topics")
    data = {name: base64.b64decode(found) for name, found in DATA.findall(path.read_text("utf-8"))}
    packed = explorer.pack(graph, title="Topics")
    assert data == {"core": packed.core, "papers": packed.papers} | {
        f"evidence-{at}": chunk for at, chunk in enumerate(packed.evidence)
    }
    assert unpack(data["core"])[0]["nodes"] == len(graph)
    assert [file.name for file in tmp_path.iterdir()] == ["graph.html"]
    explorer.view(shuffled(graph, 5), tmp_path / "again.html", title="Topics")
    assert (tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_no_text_of_the_graph_is_markup() -> None:
    graph = nx.MultiDiGraph()
    for at, name in enumerate(HOSTILE):
        graph.add_node(f"method:{at}", label="Method", name=name, papers=1)
    text = explorer.page(graph, title=HOSTILE[0])
    assert "onerror=alert" not in text.replace(html.escape(HOSTILE[0]), "")
    assert text.count("<img") == SCRIPT.findall(text)[0].count("<img")
    assert len(explorer.page(graph, title="x" * 10_000)) < len(text) + 1000


def test_where_the_file_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"missing/graph\.html: cannot write: No such file"):
        explorer.view(small_graph(), tmp_path / "missing" / "graph.html")


def test_it_opens_without_a_request_or_a_complaint(tmp_path: Path, chromium: "Browser") -> None:
    graph, path = topic_graph(300, 1200), tmp_path / "graph.html"
    for at, name in enumerate(HOSTILE):
        graph.add_node(f"method:evil{at}", label="Method", name=name, aliases=[name], papers=900 + at)
        graph.add_edge(
            f"method:evil{at}", "method:000001" if "method:000001" in graph else "method:evil0", key=HOSTILE[0]
        )
    explorer.view(graph, path, title=HOSTILE[0])
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(path.as_uri())
    page.wait_for_selector("#kg-explorer[data-ready=true]")
    assert page.locator("h1").inner_text() == HOSTILE[0]
    assert page.locator("main img, header img, h1 *:not(bdi)").count() == 0
    assert requests == [path.as_uri()]
    assert complaints == []
    context.close()


@pytest.fixture(scope="module")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kg import sample

    place = tmp_path_factory.mktemp("graph")
    papers = place / "papers.jsonl"
    papers.write_text("".join(sample.read_text().splitlines(keepends=True)[:25]), "utf-8")
    kg.build(papers, place / "papers.kg", tagger="rules")
    return place / "papers.kg"


@pytest.fixture
def folder(graph_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(graph_folder, tmp_path / "papers.kg")
    return tmp_path / "papers.kg"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_view_writes_the_explorer_and_keeps_the_map(folder: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = invoke("view", folder, "-o", tmp_path / "a.html")
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "a.html").read_text("utf-8")
    data = dict(DATA.findall(text))
    header, columns = unpack(base64.b64decode(data["core"]))
    assert header["title"] == "papers.kg" and sorted(columns["id"]) == sorted(kg.open(folder).graph)
    (kept,) = folder.glob("map-*.npz")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path != kept} == before
    assert stat.S_IMODE(kept.stat().st_mode) == stat.S_IMODE((folder / "manifest.json").stat().st_mode)
    written = kept.stat().st_mtime_ns
    assert invoke("view", folder, "-o", tmp_path / "b.html").exit_code == 0
    assert (tmp_path / "b.html").read_bytes() == (tmp_path / "a.html").read_bytes()
    assert kept.stat().st_mtime_ns == written


def test_view_around_a_name_is_the_picture(folder: Path, tmp_path: Path) -> None:
    name = max(kg.open(folder).graph.nodes(data=True), key=lambda node: node[1].get("papers", 0))[1]["name"]
    assert invoke("view", folder, "--around", name, "-o", tmp_path / "near.html").exit_code == 0
    assert "vis-network" in (tmp_path / "near.html").read_text("utf-8")
    wrong = invoke("view", folder, "--limit", "5", "-o", tmp_path / "none.html")
    assert wrong.exit_code == 2 and "--around" in wrong.stderr


def test_a_damaged_or_foreign_map_is_drawn_anew(tmp_path: Path) -> None:
    graph = topic_graph(200, 800)
    first = explorer.stored_map(graph, tmp_path, "key")
    (kept,) = tmp_path.glob("map-*.npz")
    whole = kept.read_bytes()
    for damaged in (b"", b"not a map", whole[: len(whole) // 2], gzip.compress(b"x")):
        kept.write_bytes(damaged)
        again = explorer.stored_map(graph, tmp_path, "key")
        assert again.x.tobytes() == first.x.tobytes() and again.communities == first.communities
        assert kept.read_bytes() == whole
    other = topic_graph(210, 840)
    assert len(explorer.stored_map(other, tmp_path, "other").x) == len(other)
    assert [path.name for path in tmp_path.iterdir()] != [kept.name] and len(list(tmp_path.iterdir())) == 1


def test_a_kept_map_is_read_and_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = topic_graph(200, 800)
    first = explorer.stored_map(graph, tmp_path, "key")
    monkeypatch.setattr(stored, "lay_out", None)
    again = explorer.stored_map(graph, tmp_path, "key")
    assert again.x.tobytes() == first.x.tobytes() and again.communities == first.communities


def test_where_the_map_cannot_be_kept(tmp_path: Path) -> None:
    graph = topic_graph(60, 240)
    assert len(explorer.stored_map(graph, tmp_path / "gone", "key").x) == len(graph)
    assert not (tmp_path / "gone").exists()
