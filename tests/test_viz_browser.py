"""The pyvis page in a real browser: it draws, explains itself, asks the network for nothing, runs no foreign script."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest

import viz
from tests.test_viz import corpus

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EVIL = "</script><img src=x onerror=\"window.__pwned='%s'\"><b>bold</b>${1+1}"


class Visit:
    """A page of a graph opened in a window of its own; notes requests, errors and console messages."""

    def __init__(self, browser: "Browser", path: Path) -> None:
        self.browser, self.path = browser, path
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, graph: nx.MultiDiGraph, *, theme: Any = "light", size: tuple[int, int] = (1280, 800)) -> "Page":
        viz.view(graph, self.path, title="Networks")
        context = self.browser.new_context(color_scheme=theme, viewport={"width": size[0], "height": size[1]})
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(self.path.as_uri())
        page.wait_for_selector("#graph[data-drawn=true]")
        page.wait_for_timeout(300)
        return page


@pytest.fixture
def visit(chromium: "Browser", tmp_path: Path) -> Iterator[Visit]:
    visit = Visit(chromium, tmp_path / "view.html")
    yield visit
    for context in chromium.contexts:
        context.close()
    assert visit.requests == [visit.path.as_uri()]
    assert visit.complaints == []


def where(page: "Page", name: str) -> tuple[float, float]:
    """The middle of a node, in pixels of the window."""
    x, y = page.evaluate(
        """name => {
            const {network, data} = kgView;
            const at = network.canvasToDOM(network.getPosition(data.about.findIndex(a => a.name === name)));
            const box = document.getElementById("graph").getBoundingClientRect();
            return [at.x + box.left, at.y + box.top];
        }""",
        name,
    )
    return x, y


def middle(page: "Page", a: str, b: str) -> tuple[float, float]:
    (x, y), (u, v) = where(page, a), where(page, b)
    return (x + u) / 2, (y + v) / 2


COLOURS = """() => {
    const canvas = document.querySelector("#graph canvas");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = {};
    for (let at = 0; at < pixels.length; at += 4) {
        if (pixels[at + 3] === 255) {
            const colour = [pixels[at], pixels[at + 1], pixels[at + 2]].join();
            seen[colour] = (seen[colour] || 0) + 1;
        }
    }
    return seen;
}"""


def test_draws_every_kind_in_its_colour(visit: Visit) -> None:
    page = visit.open(corpus())
    seen = page.evaluate(COLOURS)
    for colour in ("0,114,178", "230,159,0", "0,158,115", "86,180,233"):
        assert seen.get(colour, 0) > 100, f"nothing drawn in {colour}"
    assert page.locator("h1").all_inner_texts() == ["Networks"]
    assert "57 nodes" in page.locator("header p").inner_text()


def test_legend_names_kinds_and_relations_that_are_there(visit: Visit) -> None:
    page = visit.open(viz.top(corpus()))
    shown = page.locator("#legend [data-kind]").all_inner_texts()
    assert shown == ["Method", "Dataset", "Benchmark", "Task"]
    relations = page.locator("#legend [data-relation]").all_inner_texts()
    assert sorted(relations) == ["based on", "compared with", "evaluated on", "used for"]
    assert page.locator("#legend svg").count() == 8


def test_nodes_stay_where_python_put_them(visit: Visit) -> None:
    page = visit.open(viz.top(corpus()))
    page.wait_for_timeout(500)
    assert page.evaluate(
        """() => kgView.data.nodes.every(node => {
            const at = kgView.network.getPosition(node.id);
            return at.x === node.x && at.y === node.y;
        })"""
    )


def test_hover_says_what_it_is(visit: Visit) -> None:
    page = visit.open(viz.neighbourhood(corpus(), "dataset:vision-1"))
    hover = page.locator("#hover")
    assert hover.is_hidden()
    page.mouse.move(*where(page, "Vision Dataset 1"))
    hover.wait_for(state="visible")
    assert "Vision Dataset 1" in hover.inner_text()
    assert "Benchmark · 9 papers" in hover.inner_text()
    page.mouse.move(5, 795)
    hover.wait_for(state="hidden")
    page.mouse.move(*middle(page, "Vision Dataset 1", "Vision Method 1"))
    hover.wait_for(state="visible")
    text = hover.inner_text()
    assert "Vision Method 1 evaluated on Vision Dataset 1" in text
    assert "2 papers · 2018–2021" in text
    assert "Here Vision Method 1 meets Vision Dataset 1." in text
    assert "On Networks, Part 1 (2018)" in text


def test_click_opens_the_panel_and_escape_closes_it(visit: Visit) -> None:
    page = visit.open(viz.neighbourhood(corpus(), "dataset:vision-1"))
    panel = page.locator("#panel")
    page.mouse.click(*where(page, "Vision Dataset 1"))
    panel.wait_for(state="visible")
    assert panel.locator("h2").inner_text() == "Vision Dataset 1"
    assert page.evaluate("document.activeElement.textContent") == "Vision Dataset 1"
    assert "evaluated on (from)" in panel.inner_text()
    # The strongest first, by keyboard from there on.
    panel.locator(".row").first.focus()
    page.keyboard.press("Enter")
    assert panel.locator("h2").inner_text() == "Vision Method 5 evaluated on Vision Dataset 1"
    assert panel.locator("blockquote").count() == 3
    assert panel.locator("blockquote mark").first.inner_text() == "Vision Method 5"
    assert panel.locator("blockquote a").first.get_attribute("href") == "https://example.org/0"
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    page.mouse.click(*middle(page, "Vision Dataset 1", "Vision Method 1"))
    panel.wait_for(state="visible")
    assert panel.locator("h2").inner_text() == "Vision Method 1 evaluated on Vision Dataset 1"
    panel.get_by_label("Close").click()
    panel.wait_for(state="hidden")


def test_what_is_chosen_is_not_under_the_panel(visit: Visit) -> None:
    for size in ((1280, 800), (600, 900)):
        page = visit.open(viz.top(corpus()), size=size)
        count = page.evaluate("kgView.data.nodes.length")
        for number in range(0, count, 9):
            name = page.evaluate("id => { kgView.openNode(id); return kgView.data.about[id].name; }", number)
            page.wait_for_timeout(50)
            x, y = where(page, name)
            box = page.locator("#panel").bounding_box()
            assert box is not None
            assert 0 < x < size[0]
            assert 0 < y < size[1]
            assert not (box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"])
        page.context.close()
        visit.requests.pop()
    visit.requests.append(visit.path.as_uri())


def test_everything_is_in_the_window_at_every_size(visit: Visit) -> None:
    page = visit.open(viz.top(corpus(), limit=12))
    for width, height in ((1280, 800), (1920, 1080), (600, 900), (360, 640), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        outside = page.evaluate(
            """() => kgView.data.nodes.filter(node => {
                const box = kgView.network.getBoundingBox(node.id);
                const graph = document.getElementById("graph");
                const low = kgView.network.canvasToDOM({x: box.left, y: box.top});
                const high = kgView.network.canvasToDOM({x: box.right, y: box.bottom});
                return low.x < 0 || low.y < 0 || high.x > graph.clientWidth || high.y > graph.clientHeight;
            }).length"""
        )
        assert outside == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_labels_do_not_overlap_as_drawn(visit: Visit) -> None:
    page = visit.open(viz.top(corpus()))
    clashes = page.evaluate(
        """() => {
            const boxes = kgView.data.nodes.map(node => kgView.network.getBoundingBox(node.id));
            const clash = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
            return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b => clash(a, b))).length;
        }"""
    )
    assert clashes == 0


def test_dark_by_preference_and_by_button(visit: Visit) -> None:
    page = visit.open(viz.top(corpus()), theme="dark")
    back = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(back)
    assert dark == "rgb(15, 20, 25)"
    page.get_by_role("button", name="Light / dark").click()
    assert page.evaluate(back) == "rgb(255, 255, 255)"


def test_hostile_names_stay_text_when_drawn_hovered_and_clicked(visit: Visit) -> None:
    graph = nx.MultiDiGraph()
    method, dataset, title, sentence = (EVIL % what for what in ("method", "dataset", "title", "sentence"))
    graph.add_node("m", label="Method", name=method, aliases=[EVIL % "alias", "\u202ereversed"], papers=2)
    graph.add_node("d", label="Dataset", name=dataset, papers=1)
    graph.add_node("p", label="Paper", title=title, abstract=EVIL % "abstract", url="javascript:window.__pwned=1")
    evidence = {"evidence_papers": ["p"], "evidence_sentences": [f"{sentence} {method} on {dataset}"]}
    graph.add_edge("m", "d", key="EVALUATED_ON", papers=1, first_year=2020, last_year=EVIL % "year", **evidence)
    graph.add_edge("p", "m", key=EVIL % "relation", papers=1)
    graph.add_node("n", label="Task", name="n" * 10_000)
    graph.add_edge("m", "n", key="USED_FOR")
    page = visit.open(graph)
    panel = page.locator("#panel")
    for name in (method, dataset, title):
        page.mouse.move(*where(page, name))
        page.locator("#hover").wait_for(state="visible")
        assert name in page.locator("#hover").inner_text()
        page.mouse.click(*where(page, name))
        panel.wait_for(state="visible")
        assert panel.locator("h2").inner_text() == name
        page.keyboard.press("Escape")
    page.mouse.move(*middle(page, method, dataset))
    page.locator("#hover").wait_for(state="visible")
    assert sentence in page.locator("#hover").inner_text()
    for number in range(3):
        page.evaluate("id => kgView.openEdge(id)", number)
        page.wait_for_timeout(100)
    page.evaluate("kgView.openNode(kgView.data.about.findIndex(a => a.name.startsWith('nnn')))")
    assert page.evaluate("document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth")
    assert page.evaluate("window.__pwned") is None
    assert page.locator("img, b, a[href^='javascript']").count() == 0


def test_the_policy_stops_scripts_and_requests(chromium: "Browser", tmp_path: Path) -> None:
    visit = Visit(chromium, tmp_path / "view.html")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        page = visit.open(viz.top(corpus()))
        page.evaluate(
            """address => {
                const script = document.createElement("script");
                script.textContent = "window.__pwned = 1";
                document.body.append(script);
                const image = document.createElement("img");
                image.setAttribute("onerror", "window.__pwned = 2");
                image.src = address;
                document.body.append(image);
                fetch(address).catch(() => {});
            }""",
            f"http://127.0.0.1:{server.getsockname()[1]}/",
        )
        with pytest.raises(TimeoutError):
            server.accept()
    assert page.evaluate("window.__pwned") is None
    assert len([complaint for complaint in visit.complaints if "Content Security Policy" in complaint]) >= 3
    page.context.close()


def test_physics_moves_the_nodes(chromium: "Browser", tmp_path: Path) -> None:
    path = tmp_path / "moving.html"
    viz.view(viz.top(corpus()), path, physics=True)
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("#graph[data-drawn=true]")
    page.wait_for_timeout(500)
    moved = page.evaluate("kgView.data.nodes.filter(n => kgView.network.getPosition(n.id).x !== n.x).length")
    assert moved > 10
    page.close()


def test_a_notebook_shows_it_in_a_frame(chromium: "Browser", tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{viz.show(viz.top(corpus()))._repr_html_()}", encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#graph[data-drawn=true]").wait_for()
    assert frame.locator("h1").inner_text() == "Knowledge graph"
    page.close()
