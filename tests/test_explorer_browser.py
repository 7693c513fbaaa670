"""The explorer's page in a real browser: everything a person can do is done, and the network is asked for nothing."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest

from tests.test_viz import corpus
from viz.explorer.map import Community, Map
from viz.explorer.page import view

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

EVIL = "</script><img src=x onerror=\"window.__pwned='%s'\"><b>bold</b>${1+1}{{7*7}}"
NO_CANVAS = "HTMLCanvasElement.prototype.getContext = () => null;"
HUB = "dataset:vision-1"
LONG_WAIT = 60_000
"""Milliseconds: the machine may be busy with other things."""


class Visit:
    """A page of a graph opened in windows of its own; notes requests, errors and console messages."""

    def __init__(self, browser: "Browser", path: Path) -> None:
        self.browser, self.path = browser, path
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(
        self,
        graph: nx.MultiDiGraph | None = None,
        *,
        theme: Any = "light",
        size: tuple[int, int] = (1280, 800),
        address: str = "",
        motion: Any = "reduce",
        where: Map | None = None,
        before: str = "",
    ) -> "Page":
        if graph is not None:
            view(graph, self.path, title="Networks", where=where)
        context = self.browser.new_context(
            color_scheme=theme, viewport={"width": size[0], "height": size[1]}, reduced_motion=motion, offline=True
        )
        page = context.new_page()
        page.set_default_timeout(LONG_WAIT)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        if before:
            page.add_init_script(before)
        page.goto(self.path.as_uri() + address)
        page.wait_for_selector("#kg-explorer[data-ready=true]")
        return page


@pytest.fixture
def visit(chromium: "Browser", tmp_path: Path) -> Iterator[Visit]:
    visit = Visit(chromium, tmp_path / "graph.html")
    yield visit
    for context in chromium.contexts:
        context.close()
    page = visit.path.as_uri()
    others = {url for url in visit.requests if url.partition("#")[0] != page and not url.startswith("blob:")}
    assert others == set()
    assert visit.complaints == []


@pytest.fixture
def page(visit: Visit) -> "Page":
    return visit.open(corpus())


def search(page: "Page", name: str) -> None:
    """Find a name by keyboard alone."""
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(".kg-panel h2").wait_for()


def suggestions(page: "Page", text: str) -> list[str]:
    page.get_by_role("combobox", name="Search names").fill(text)
    page.locator(".kg-top [role=listbox]").wait_for()
    return page.locator(".kg-top .kg-option-name > bdi").all_inner_texts()


def counts(page: "Page") -> tuple[int, int]:
    """How many nodes and links the status line says are visible."""
    nodes, links = page.locator(".kg-counts").inner_text().split(" · ")[:2]
    return int(nodes.split()[0].replace(",", "")), int(links.split()[0].replace(",", ""))


def where(page: "Page", node: str) -> tuple[float, float]:
    x, y = page.evaluate("id => kgExplorer.where(id)", node)
    return x, y


def heading(page: "Page") -> str:
    return page.locator(".kg-panel h2").inner_text()


def settle(page: "Page", done: Callable[[], bool]) -> None:
    """Wait until something holds: lists follow a slider after a moment."""
    for _ in range(200):
        if done():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to hold")


def group(page: "Page", title: str) -> "Locator":
    return page.locator(".kg-group").filter(has=page.get_by_role("heading", name=title))


def star(size: int) -> nx.MultiDiGraph:
    """One dataset that ``size`` methods are evaluated on."""
    graph = nx.MultiDiGraph()
    graph.add_node("d", label="Dataset", name="Everything", papers=size)
    for number in range(size):
        graph.add_node(f"m{number}", label="Method", name=f"Method {number}", papers=1)
        graph.add_edge(f"m{number}", "d", key="EVALUATED_ON", papers=1, score=0.5)
    return graph


def many(topics: int, members: int) -> tuple[nx.MultiDiGraph, Map]:
    """A large graph whose topics are discs in a row."""
    graph = nx.MultiDiGraph()
    chance = np.random.default_rng(1)
    for number in range(topics * members):
        graph.add_node(f"n{number:06}", label="Method", name=f"Model {number}", papers=1 + number % 7)
    ids = sorted(graph)
    for number in range(0, len(ids) - 1, 3):
        graph.add_edge(ids[number], ids[number + 1], key="BASED_ON", papers=1, score=0.5)
    community = np.repeat(np.arange(topics), members).astype(np.uint16)
    radius = np.sqrt(members)
    angle, far = chance.uniform(0, 2 * np.pi, len(ids)), radius * 0.9 * np.sqrt(chance.uniform(0, 1, len(ids)))
    x = community * 2.2 * radius + far * np.cos(angle)
    discs = tuple(
        Community(f"Topic {number}", float(number * 2.2 * radius), 0.0, float(radius), members)
        for number in range(topics)
    )
    return graph, Map(x.astype(float), far * np.sin(angle), community, discs)


# ---- The page and the map ---------------------------------------------------------------------------------------


def test_opens_with_counts_legend_and_no_request(page: "Page", visit: Visit) -> None:
    assert page.locator("h1").all_inner_texts() == ["Networks"]
    assert counts(page) == (57, 120)
    kinds = page.locator(".kg-filters [data-name]").evaluate_all("all => all.map(one => one.dataset.name)")
    assert kinds[:5] == ["Method", "Dataset", "Benchmark", "Task", "Paper"]
    assert page.locator(".kg-filters .kg-kind").count() == 5
    assert visit.requests == [visit.path.as_uri()]


def test_draws_every_kind_in_its_colour(page: "Page") -> None:
    seen = page.evaluate(
        """() => {
            const canvas = document.querySelector(".kg-map canvas");
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = {};
            for (let at = 0; at < pixels.length; at += 4) {
                const colour = [pixels[at], pixels[at + 1], pixels[at + 2]].join();
                seen[colour] = (seen[colour] || 0) + 1;
            }
            return seen;
        }"""
    )
    for colour in ("0,114,178", "230,159,0", "0,158,115", "86,180,233"):
        assert seen.get(colour, 0) > 40, f"nothing drawn in {colour}"


def test_labels_never_overlap_at_any_zoom(page: "Page") -> None:
    page.locator(".kg-map").focus()
    for _ in range(5):
        boxes = page.evaluate("kgExplorer.explorer.map.labels.placed")
        assert boxes
        for at, one in enumerate(boxes):
            for other in boxes[at + 1 :]:
                apart = (
                    one["x"] + one["width"] <= other["x"]
                    or other["x"] + other["width"] <= one["x"]
                    or one["y"] + one["height"] <= other["y"]
                    or other["y"] + other["height"] <= one["y"]
                )
                assert apart, (one, other)
        page.keyboard.press("+")
        page.wait_for_timeout(300)


def test_a_large_graph_opens_on_its_topics_and_names_nodes_from_near(visit: Visit) -> None:
    graph, drawn = many(6, 900)
    page = visit.open(graph, where=drawn)
    placed = "kgExplorer.explorer.map.labels.placed.map(box => box.text)"
    assert sorted(page.evaluate(placed)) == [f"Topic {number}" for number in range(6)]
    page.get_by_role("button", name="Topic 3").click()
    settle(page, lambda: any(text.startswith("Model") for text in page.evaluate(placed)))
    assert "Topic 3" in page.locator(".kg-said").inner_text()


def test_hover_says_what_it_is(page: "Page") -> None:
    hover = page.locator(".kg-hover")
    assert hover.is_hidden()
    page.mouse.move(*where(page, HUB))
    hover.wait_for(state="visible")
    assert "Vision Dataset 1" in hover.inner_text()
    assert "Benchmark · 9 papers" in hover.inner_text()
    page.mouse.move(640, 790)
    hover.wait_for(state="hidden")


def test_pointer_moves_and_zooms_the_map(page: "Page") -> None:
    x, y = where(page, HUB)
    page.mouse.move(700, 300)
    page.mouse.down()
    page.mouse.move(760, 340, steps=4)
    page.mouse.up()
    assert where(page, HUB) == pytest.approx((x + 60, y + 40), abs=1)
    page.mouse.move(*where(page, HUB))
    before = page.evaluate("kgExplorer.explorer.map.camera.zoom")
    page.mouse.wheel(0, -300)
    settle(page, lambda: page.evaluate("kgExplorer.explorer.map.camera.zoom") > before * 1.2)
    assert where(page, HUB) == pytest.approx((x + 60, y + 40), abs=2), "the map zooms about the pointer"
    for name, grows in (("Zoom in", True), ("Zoom out", False)):
        before = page.evaluate("kgExplorer.explorer.map.camera.zoom")
        page.get_by_role("button", name=name).click()
        after = page.evaluate("kgExplorer.explorer.map.camera.zoom")
        assert (after > before) is grows
    page.get_by_role("button", name="Show all").click()
    assert page.evaluate("kgExplorer.explorer.map.camera.zoom") == pytest.approx(1)


def test_keyboard_moves_the_map_and_walks_on_it(page: "Page") -> None:
    page.locator(".kg-map").focus()
    x, y = where(page, HUB)
    page.keyboard.press("ArrowRight")
    assert where(page, HUB) == pytest.approx((x - 90, y), abs=1)
    page.keyboard.press("0")
    assert where(page, HUB) == pytest.approx((x, y), abs=1)
    page.keyboard.press("Enter")
    first = heading(page)
    assert page.evaluate("document.activeElement.className") == "kg-map"
    page.keyboard.press("Shift+ArrowRight")
    settle(page, lambda: heading(page) != first)
    page.keyboard.press("Escape")
    page.locator(".kg-panel").wait_for(state="hidden")


# ---- Search -----------------------------------------------------------------------------------------------------


def test_search_ranks_kindly(visit: Visit) -> None:
    graph = nx.MultiDiGraph()
    names = {
        "a": ("CIFAR-10", ["cifar ten"], 5),
        "b": ("CIFAR-100", [], 9),
        "c": ("Tiny CIFAR-10 Variant", [], 50),
        "d": ("xcifar10x", [], 99),
        "e": ("Übernetz", ["UberNet"], 3),
    }
    for key, (name, aliases, papers) in names.items():
        graph.add_node(key, label="Dataset", name=name, aliases=aliases, papers=papers)
    page = visit.open(graph)
    assert suggestions(page, "cifar10") == ["CIFAR-10", "CIFAR-100", "xcifar10x", "Tiny CIFAR-10 Variant"]
    assert suggestions(page, "CIFAR 10") == ["CIFAR-10", "CIFAR-100", "Tiny CIFAR-10 Variant", "xcifar10x"]
    assert suggestions(page, "cifar ten") == ["CIFAR-10"]
    assert "also cifar ten" in page.locator(".kg-option").inner_text()
    assert suggestions(page, "ubernetz") == ["Übernetz"]
    assert suggestions(page, "zzzz") == []
    assert "No name like that" in page.locator(".kg-top [role=listbox]").inner_text()


def test_search_by_keyboard_gives_the_heading_the_focus(page: "Page") -> None:
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search names")
    assert field.evaluate("field => field === document.activeElement")
    # All at once: letter by letter, a slow machine asks for the first of them too, and the list is made anew later.
    page.keyboard.insert_text("vision dataset")
    page.get_by_role("option").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    first = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    second = field.get_attribute("aria-activedescendant")
    assert first != second
    chosen = page.locator(f"#{second} bdi").first.inner_text()
    assert page.locator(f"#{second}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.locator(".kg-panel h2").wait_for()
    assert heading(page) == chosen
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert chosen in page.locator(".kg-said").inner_text()
    page.keyboard.press("/")
    page.keyboard.type("text")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"


# ---- The panel --------------------------------------------------------------------------------------------------


def test_panel_says_what_and_why(page: "Page") -> None:
    search(page, "Vision Dataset 1")
    panel = page.locator(".kg-panel")
    assert "Benchmark" in panel.inner_text()
    assert "9 papers" in panel.inner_text()
    rows = group(page, "evaluated on this").locator(".kg-row")
    assert rows.count() == 3
    row = rows.first
    text = row.inner_text()
    assert "Vision Method 5" in text
    assert "2018–2021" in text
    assert "0.90" in text
    row.get_by_role("button", name=re.compile("^Evidence: ")).click()
    row.locator("blockquote").first.wait_for()
    assert row.locator("blockquote").count() == 3
    assert row.locator("mark").all_inner_texts()[:2] == ["Vision Method 5", "Vision Dataset 1"]
    link = row.locator("a").first
    assert link.get_attribute("href") == "https://example.org/0"
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert "On Networks, Part 0" in row.inner_text()
    # A walk: on by click, back by the button and by the browser, closed by Escape.
    row.get_by_role("button", name="Vision Method 5", exact=True).click()
    settle(page, lambda: heading(page) == "Vision Method 5")
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert group(page, "evaluated on").count() == 1
    panel.get_by_role("button", name="Back").click()
    settle(page, lambda: heading(page) == "Vision Dataset 1")
    page.go_forward()
    settle(page, lambda: heading(page) == "Vision Method 5")
    page.go_back()
    settle(page, lambda: heading(page) == "Vision Dataset 1")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    page.mouse.click(*where(page, HUB))
    panel.wait_for(state="visible")
    panel.get_by_role("button", name="Close").click()
    panel.wait_for(state="hidden")


def test_twenty_five_a_group_then_more(visit: Visit) -> None:
    page = visit.open(star(60))
    search(page, "Everything")
    rows = page.locator(".kg-group .kg-row")
    settle(page, lambda: rows.count() == 25)
    page.get_by_role("button", name="25 more of 35").click()
    settle(page, lambda: rows.count() == 50)
    assert page.evaluate("document.activeElement.textContent") == rows.nth(25).locator(".kg-name").inner_text()
    page.get_by_role("button", name="10 more of 10").click()
    settle(page, lambda: rows.count() == 60)
    assert page.locator(".kg-group .kg-more").is_hidden()


def test_path_between_two_nodes(page: "Page") -> None:
    search(page, "Vision Task 0")
    page.get_by_role("button", name="Path to …").click()
    page.get_by_role("combobox", name="Path to").fill("text task 0")
    page.locator(".kg-panel [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Shortest path").wait_for()
    steps = page.locator(".kg-steps .kg-step").all_inner_texts()
    assert steps[0] == "Vision Task 0"
    assert steps[-1] == "Text Task 0"
    hops = page.locator(".kg-steps .kg-hop")
    assert hops.count() == len(steps) - 1
    assert f"Path of {len(steps) - 1} steps" in page.locator(".kg-said").inner_text()
    hops.first.get_by_role("button").click()
    hops.first.locator("blockquote").first.wait_for()
    # By pointer: Shift and click from the chosen node.
    search(page, "Vision Method 0")
    page.keyboard.down("Shift")
    page.mouse.click(*where(page, "task:vision-0"))
    page.keyboard.up("Shift")
    page.get_by_text("Shortest path").wait_for()
    page.get_by_text("1 step over what is visible").wait_for()


def test_a_long_title_on_a_path_stays_in_the_panel(visit: Visit) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("p", label="Paper", title="A Title That Goes On and On About Networks " * 6)
    for key in ("a", "b"):
        graph.add_node(key, label="Method", name=f"End {key}", papers=1)
        graph.add_edge("p", key, "USES", papers=1)
    page = visit.open(graph)
    search(page, "End a")
    page.get_by_role("button", name="Path to …").click()
    page.get_by_role("combobox", name="Path to").fill("End b")
    page.locator(".kg-panel [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Shortest path").wait_for()
    inside = "steps => steps.every(step => step.getBoundingClientRect().right <= innerWidth)"
    assert page.locator(".kg-steps .kg-name").evaluate_all(inside)


def test_no_path_is_said_plainly(visit: Visit) -> None:
    graph = star(3)
    graph.add_node("x", label="Task", name="Alone", papers=1)
    page = visit.open(graph)
    search(page, "Alone")
    page.get_by_role("button", name="Path to …").click()
    page.get_by_role("combobox", name="Path to").fill("Everything")
    page.locator(".kg-panel [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("No path leads from one to the other").wait_for()


# ---- Filters ----------------------------------------------------------------------------------------------------


def test_filters_with_live_counts(page: "Page") -> None:
    filters = page.get_by_role("complementary", name="Filters")
    methods = filters.locator("li").filter(has=page.locator("[data-name=Method]"))
    assert methods.locator(".kg-count").inner_text() == "30"
    methods.get_by_role("checkbox").uncheck()
    assert counts(page)[0] == 27
    assert methods.locator(".kg-count").inner_text() == "30", "what it would show"
    based = filters.locator("li").filter(has=page.locator("[data-name=BASED_ON]"))
    assert based.locator(".kg-count").inner_text() == "0", "counts follow the other filters"
    methods.get_by_role("checkbox").check()
    assert counts(page) == (57, 120)
    based.hover()
    based.get_by_role("button", name="Only based on").click()
    assert counts(page) == (57, 3)
    filters.get_by_label("Only nodes with links").check()
    assert counts(page) == (4, 3)
    filters.get_by_role("button", name="Reset filters").click()
    assert counts(page) == (57, 120)
    support = filters.get_by_label("Support")
    support.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "≥ 3 papers" in filters.inner_text()
    assert support.get_attribute("aria-valuetext") == "at least 3 papers"
    nodes, links = counts(page)
    assert nodes < 57
    assert links < 40
    filters.get_by_role("button", name="Reset filters").click()
    assert counts(page) == (57, 120)


def test_years_narrow_what_is_visible(visit: Visit) -> None:
    graph = star(4)
    for number, (_, _, properties) in enumerate(graph.edges(data=True)):
        properties |= {"first_year": 2010 + 2 * number, "last_year": 2011 + 2 * number}
    for number in range(4):
        graph.nodes[f"m{number}"].update({"first_year": 2010 + 2 * number, "last_year": 2011 + 2 * number})
    graph.nodes["d"].update({"first_year": 2010, "last_year": 2017})
    page = visit.open(graph)
    first = page.get_by_role("slider", name="First year")
    assert (first.input_value(), page.get_by_role("slider", name="Last year").input_value()) == ("2010", "2017")
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert counts(page) == (4, 3)
    assert page.locator(".kg-year-text").inner_text().split() == ["2012", "2017"]


def test_depth_hide_and_pin(page: "Page") -> None:
    search(page, "Vision Dataset 1")
    for depth, name in ((1, "Only what is 1 step away"), (2, "Only what is 2 steps away"), (3, "Only what is 3 steps")):
        page.get_by_role("button", name=name).click()
        reached = nx.single_source_shortest_path_length(corpus().to_undirected(), HUB, cutoff=depth)
        assert counts(page)[0] == len(reached)
    page.get_by_role("button", name="Only what is 1 step away").click()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_role("button", name="At any distance").click()
    assert counts(page)[0] == 57
    page.locator("[data-name=Benchmark]").uncheck()
    assert counts(page)[0] == 55, "what is pinned stays"
    page.get_by_role("button", name="Unpin Vision Dataset 1").click()
    page.keyboard.press("Escape")
    page.locator("[data-name=Benchmark]").check()
    search(page, "Vision Dataset 1")
    page.get_by_role("button", name="Hide", exact=True).click()
    assert counts(page)[0] == 56
    assert page.locator(".kg-panel").is_hidden()
    page.get_by_role("button", name="Show Vision Dataset 1").click()
    assert counts(page)[0] == 57
    # The same by keys on the map.
    page.mouse.click(*where(page, HUB))
    page.locator(".kg-panel h2").wait_for()
    page.locator(".kg-map").focus()
    page.keyboard.press("p")
    assert "is pinned" in page.locator(".kg-said").inner_text()
    page.keyboard.press("h")
    assert counts(page)[0] == 56


# ---- The table --------------------------------------------------------------------------------------------------


def test_table_shows_the_same_sorted_and_in_pages(page: "Page") -> None:
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("table")
    assert table.locator("tbody tr").count() == 57
    papers = [int(cell) for cell in table.locator("tbody td:nth-child(3)").all_inner_texts()]
    assert papers == sorted(papers, reverse=True)
    table.get_by_role("button", name="Name").click()
    names = table.locator("tbody th").all_inner_texts()
    assert names == sorted(
        names, key=lambda name: [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", name)]
    )
    assert table.get_by_role("columnheader", name="Name").get_attribute("aria-sort") == "ascending"
    table.get_by_role("button", name="Name").click()
    assert table.locator("tbody th").all_inner_texts() == names[::-1]
    assert "descending" in page.locator(".kg-said").inner_text()
    page.locator("[data-name=Paper]").uncheck()
    settle(page, lambda: table.locator("tbody tr").count() == 51)
    page.locator("[data-what=links]").click()
    assert table.locator("thead button").all_inner_texts()[:3] == ["From", "Relation", "To"]
    assert table.locator("tbody tr").count() == 90
    table.locator("tbody .kg-name").first.click()
    page.locator(".kg-panel h2").wait_for()
    page.locator("[data-name=Paper]").check()
    settle(page, lambda: table.locator("tbody tr").count() == 100)
    page.get_by_role("button", name="Next").click()
    assert table.locator("tbody tr").count() == 20
    assert "Page 2 of 2" in page.locator(".kg-said").inner_text()


def test_on_paper_there_are_no_controls_and_all_rows_of_the_page(visit: Visit) -> None:
    page = visit.open(star(90), theme="dark")
    page.get_by_role("button", name="Table").click()
    page.emulate_media(media="print")
    shown = "elements => elements.filter(e => e.checkVisibility()).map(e => e.outerHTML)"
    assert page.locator("header input, header button, .kg-filters, .kg-zoom, .kg-segments").evaluate_all(shown) == []
    assert page.locator(".kg-title").is_visible()
    colour = page.locator(".kg-table td").first.evaluate("cell => getComputedStyle(cell).color")
    assert colour == "rgb(0, 0, 0)"
    last = page.locator(".kg-table tbody tr").last
    assert last.evaluate("row => row.getBoundingClientRect().bottom <= document.documentElement.scrollHeight")
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert sheets > 1, "91 rows were cut off at the end of a sheet"


def test_a_dark_map_is_light_on_paper(visit: Visit) -> None:
    page = visit.open(corpus(), theme="dark")
    page.evaluate("""() => {
        const look = () => {
            const canvas = document.querySelector(".kg-canvas");
            const small = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
            const context = small.getContext("2d");
            context.drawImage(canvas, canvas.width - 1, 0, 1, 1, 0, 0, 1, 1);
            return context.getImageData(0, 0, 1, 1).data[0];
        };
        window.look = look;
        addEventListener("beforeprint", () => { window.printed = look(); });
    }""")
    assert page.evaluate("look()") < 64
    page.pdf()
    assert page.evaluate("printed") > 192
    settle(page, lambda: page.evaluate("look()") < 64)


def test_without_a_canvas_there_is_the_table_and_a_word(visit: Visit) -> None:
    page = visit.open(corpus(), before=NO_CANVAS)
    assert "there is no map" in page.get_by_role("note").inner_text()
    assert page.get_by_role("table").locator("tbody tr").count() == 57
    search(page, "Vision Dataset 1")
    assert heading(page) == "Vision Dataset 1"


def test_no_webgl_is_needed(visit: Visit) -> None:
    block = """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            if (/webgl/.test(kind)) { window.__webgl = true; return null; }
            return get.call(this, kind, ...rest);
        };"""
    page = visit.open(corpus(), before=block)
    assert page.evaluate("kgExplorer.explorer.map.labels.placed.length") > 5
    assert page.evaluate("window.__webgl") is None


# ---- Themes, motion, addresses ----------------------------------------------------------------------------------


def test_light_dark_and_the_toggle(visit: Visit) -> None:
    back = "getComputedStyle(document.querySelector('#kg-explorer')).backgroundColor"
    page = visit.open(corpus(), theme="dark")
    assert page.evaluate(back) == "rgb(12, 17, 23)"
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(back) == "rgb(238, 241, 245)"
    page.reload()
    page.wait_for_selector("#kg-explorer[data-ready=true]")
    assert page.evaluate(back) == "rgb(238, 241, 245)", "the choice is kept"
    page.context.close()
    page = visit.open(theme="light")
    assert page.evaluate(back) == "rgb(238, 241, 245)"


def test_motion_only_where_it_is_welcome(visit: Visit) -> None:
    zoom = "kgExplorer.explorer.map.camera.zoom"
    page = visit.open(corpus())
    page.get_by_role("button", name="Zoom in").click()
    assert page.evaluate(zoom) == pytest.approx(1.6)
    page.context.close()
    page = visit.open(motion="no-preference")
    assert page.evaluate("kgExplorer.explorer.map.zoom(1.6), kgExplorer.explorer.map.camera.zoom") == pytest.approx(1)
    settle(page, lambda: page.evaluate(zoom) == pytest.approx(1.6))


def test_the_address_keeps_selection_filters_and_camera(page: "Page", visit: Visit) -> None:
    search(page, "Vision Dataset 1")
    page.locator("[data-name=Task]").uncheck()
    page.locator("[data-name=MENTIONS]").uncheck()
    page.get_by_role("button", name="Only what is 2 steps away").click()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(800)
    before = (counts(page), where(page, HUB), page.evaluate("kgExplorer.explorer.map.camera.zoom"))
    address = page.evaluate("location.hash")
    page.context.close()
    page = visit.open(address=address)
    assert heading(page) == "Vision Dataset 1"
    assert not page.locator("[data-name=Task]").is_checked()
    assert not page.locator("[data-name=MENTIONS]").is_checked()
    assert page.get_by_role("button", name="Only what is 2 steps away").get_attribute("aria-pressed") == "true"
    assert page.get_by_role("button", name="Pinned").get_attribute("aria-pressed") == "true"
    page.wait_for_timeout(300)
    now = (counts(page), where(page, HUB), page.evaluate("kgExplorer.explorer.map.camera.zoom"))
    assert now[0] == before[0]
    assert now[1] == pytest.approx(before[1], abs=1.5)
    assert now[2] == pytest.approx(before[2], rel=1e-3)
    page.context.close()
    for wrong in ("#node=nobody", "#at=1_2_x&years=a-b&depth=9&view=%3Cb%3E", "#%%%", "#without=__proto__&pin=%00"):
        page = visit.open(address=wrong)
        assert page.locator(".kg-counts").inner_text().startswith("57 nodes")
        page.context.close()


# ---- Exports ----------------------------------------------------------------------------------------------------


def saved(page: "Page", name: str) -> bytes:
    page.get_by_role("button", name="Export what is visible").click()
    with page.expect_download() as download:
        page.locator(f"[data-export='{name}']").click()
    return Path(download.value.path()).read_bytes()


def test_exports_hold_what_is_visible(visit: Visit) -> None:
    graph = corpus()
    graph.nodes["task:vision-0"]["name"] = '=HYPERLINK("http://x","y") & <b>'
    page = visit.open(graph)
    page.locator("[data-name=Method]").uncheck()
    assert saved(page, "PNG picture of the view").startswith(b"\x89PNG")
    drawing = ET.fromstring(saved(page, "SVG drawing of the view"))
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "Vision Dataset 0" in texts
    assert not any(str(text).startswith("Vision Method") for text in texts)
    rows = list(csv.DictReader(io.StringIO(saved(page, "CSV nodes").decode())))
    assert len(rows) == 27
    assert {row["kind"] for row in rows} == {"Dataset", "Benchmark", "Task", "Paper"}
    evil = next(row for row in rows if row["id"] == "task:vision-0")
    assert evil["name"] == '\'=HYPERLINK("http://x","y") & <b>'
    page.locator("[data-name=Method]").check()
    links = list(csv.DictReader(io.StringIO(saved(page, "CSV links").decode())))
    assert len(links) == 120
    assert links[0].keys() >= {"source", "relation", "target", "papers", "score"}
    held = json.loads(saved(page, "JSON nodes and links"))
    assert (len(held["nodes"]), len(held["links"])) == (57, 120)
    bibliography = saved(page, "BibTeX papers behind it").decode()
    assert bibliography.count("@misc{") == 6
    assert "title = {{On Networks, Part 3}}" in bibliography
    assert "url = {https://example.org/3}" in bibliography
    assert "Saved papers.bib with 6 papers" in page.locator(".kg-said").inner_text()


# ---- Access, small windows, hostile names -----------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, theme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs the extra packages of requirements-dev.lock"
    )
    source = Path(axe.__file__).with_name("axe.min.js").read_text("utf-8")
    page = visit.open(corpus(), theme=theme)
    session = page.context.new_cdp_session(page)

    def judge(what: str) -> None:
        # Through the debugger: the page's policy forbids scripts that are not its own, which is as it should be.
        session.send("Runtime.evaluate", {"expression": source})
        found = page.evaluate(
            """axe.run().then(({violations}) =>
                violations.map(({id, impact, nodes}) => [id, impact, nodes.map(node => node.html)]))"""
        )
        serious = [one for one in found if one[1] in ("serious", "critical")]
        assert serious == [], what

    judge("map")
    search(page, "Vision Dataset 1")
    page.locator(".kg-chevron").first.click()
    page.locator("blockquote").first.wait_for()
    judge("panel")
    page.get_by_role("combobox", name="Search names").fill("vision")
    page.get_by_role("option").first.wait_for()
    judge("suggestions")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Table", exact=True).click()
    judge("table")
    page.get_by_role("button", name="Export what is visible").click()
    judge("menu")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("dialog").wait_for()
    judge("keys")


def test_everything_is_in_the_window_at_every_size(visit: Visit) -> None:
    page = visit.open(corpus())
    for size in ((1400, 900), (900, 700), (390, 800), (320, 560)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.wait_for_timeout(300)
        search(page, "Vision Dataset 1")
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        x, y = where(page, HUB)
        box = page.locator(".kg-panel").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0] + 0.5
        assert 0 < x < size[0]
        assert not (box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]), (
            "under the panel"
        )
        page.keyboard.press("Escape")
    # On a phone the filters are a drawer.
    page.set_viewport_size({"width": 390, "height": 800})
    filters = page.get_by_role("complementary", name="Filters")
    filters.wait_for(state="hidden")
    page.get_by_role("button", name="Filters").click()
    filters.wait_for(state="visible")
    page.locator("[data-name=Method]").uncheck()
    page.keyboard.press("Escape")
    filters.wait_for(state="hidden")
    assert counts(page)[0] == 27


def test_hostile_names_stay_text_everywhere(visit: Visit) -> None:
    graph = nx.MultiDiGraph()
    method, dataset, title, sentence = (EVIL % what for what in ("method", "dataset", "title", "sentence"))
    turned = "\u202egnp.exe\u2066"
    graph.add_node("m", label="Method", name=method, aliases=[EVIL % "alias", turned], papers=2)
    graph.add_node("d", label="Dataset", name=dataset, papers=1)
    graph.add_node("p", label="Paper", title=title, abstract=EVIL % "abstract", url="javascript:window.__pwned=1")
    evidence = {
        "evidence_papers": ["p"],
        "evidence_fields": ["abstract"],
        "evidence_starts": [0],
        "evidence_ends": [5],
        "evidence_sentences": [f"{sentence} {method} on {dataset}"],
    }
    graph.add_edge("m", "d", key="EVALUATED_ON", papers=1, score=0.5, **evidence)
    graph.add_edge("p", "m", key="PROPOSES", papers=1, score=0.5)
    graph.add_node("n", label="Task", name="n" * 10_000, papers=1)
    graph.add_node("t", label="Task", name=turned, papers=1)
    graph.add_edge("m", "n", key="USED_FOR")
    graph.add_edge("m", "t", key="USED_FOR")
    view(graph, visit.path, title=EVIL % "page")
    page = visit.open()
    panel, hover = page.locator(".kg-panel"), page.locator(".kg-hover")
    assert page.locator("h1").inner_text() == EVIL % "page"
    for key, name in (("m", method), ("d", dataset), ("p", title)):
        page.mouse.move(*where(page, key))
        hover.wait_for(state="visible")
        assert name in hover.inner_text()
        page.mouse.click(*where(page, key))
        settle(page, lambda name=name: panel.is_visible() and heading(page) == name)  # type: ignore[misc]
        for button in panel.get_by_role("button", name=re.compile("^Evidence: ")).all():
            button.click()
        page.keyboard.press("0")
        page.wait_for_timeout(150)
    search(page, "pwned method")
    group(page, "evaluated on").get_by_role("button", name=re.compile("^Evidence: ")).click()
    page.locator("blockquote").first.wait_for()
    assert sentence in page.locator("blockquote").first.inner_text()
    assert page.locator("blockquote mark").all_inner_texts() == [method, dataset]
    for key in ("n", "t"):
        page.keyboard.press("Escape")
        page.locator(".kg-map").focus()
        page.keyboard.press("0")
        page.mouse.move(*where(page, key))
        hover.wait_for(state="visible")
        page.mouse.click(*where(page, key))
        panel.wait_for(state="visible")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        shown = page.locator("body").inner_text()
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown), "nothing turns the direction of writing"
    assert suggestions(page, "pwned method")[0] == method
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Table", exact=True).click()
    assert method in page.get_by_role("table").inner_text()
    page.locator("[data-what=links]").click()
    ET.fromstring(saved(page, "SVG drawing of the view"))
    placed = page.evaluate("kgExplorer.explorer.map.labels.placed.map(box => box.text)")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", "".join(placed))
    page.wait_for_timeout(200)
    assert page.evaluate("window.__pwned") is None
    assert page.locator("img, b, iframe, a[href^='javascript']").count() == 0


def test_an_empty_graph_and_a_single_node(visit: Visit) -> None:
    lone = nx.MultiDiGraph()
    lone.add_node("t", label="Task", name="Alone", papers=1)
    page = visit.open(lone)
    search(page, "alone")
    assert "It has no links" in page.locator(".kg-panel").inner_text()
    page.context.close()
    page = visit.open(nx.MultiDiGraph())
    assert page.locator(".kg-counts").inner_text() == "0 nodes · 0 links"
