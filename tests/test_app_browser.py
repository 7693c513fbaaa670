"""The app in a real browser: the page that asks, by keyboard and pointer; its network counted, hostile names shown.

The map, the panel and the filters are the explorer's and tested with it; here is what needs the server.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest

from kg.assemble import EVIDENCE_KEYS
from tests.graphs import small_graph
from tests.served import Running, folder_of, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = {
    "method:img": "<img src=x onerror=\"window.pwned='img'\">",
    "method:script": "</script><script>window.pwned='script'</script>",
    "method:template": "${window.pwned='template'}{{constructor.constructor('window.pwned=1')()}}",
    "method:turned": "\u202egnp.exe\u2066 \u200f turned",
    "method:long": "Long " + "name " * 2000,
    "method:quote": 'it\'s a "quoted" \\ name` OR 1=1 //',
    "method:formula": '=HYPERLINK("http://evil.example","x")',
    "method:css": "x; background: url(http://evil.example/x)",
}
EVIL = "<svg onload=\"window.pwned='evidence'\"> javascript:alert(1) https://evil.example/"


def hostile_graph() -> nx.MultiDiGraph:
    """`small_graph` with methods that attack whoever shows them, all evaluated on CIFAR-10."""
    graph = small_graph()
    paper = "widgets-again"
    graph.nodes[paper]["title"] = EVIL
    graph.nodes[paper]["url"] = "javascript:window.pwned='url'"
    for key, name in HOSTILE.items():
        graph.add_node(
            key,
            label="Method",
            id=key,
            name=name,
            aliases=[name + " alias"],
            papers=50,
            first_year=2020,
            last_year=2021,
        )
        values: tuple[list[Any], ...] = ([paper], ["abstract"], [0], [5], [name[:500] + EVIL])
        support = {"papers": 3, "mentions": 3, "score": 0.5, "first_year": 2020, "last_year": 2021}
        graph.add_edge(
            key, "dataset:cifar-10", key="EVALUATED_ON", **support, **dict(zip(EVIDENCE_KEYS, values, strict=True))
        )
    return graph


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = folder_of(hostile_graph(), tmp_path_factory.mktemp("browser") / "hostile.kg")
    with serving(folder, "--timeout", "60") as running:
        yield running


class Visit:
    """A window on the app; notes what it asks for and what it complains of."""

    def __init__(self, browser: "Browser", address: str) -> None:
        self.browser, self.address = browser, address
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, *, theme: Any = "light", query: bool = True) -> "Page":
        """Open the app, on the page that asks."""
        context = self.browser.new_context(color_scheme=theme, viewport={"width": 1280, "height": 800})
        context.grant_permissions([])
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.goto(self.address + "/")
        page.wait_for_selector("#kg-explorer[data-ready=true]", timeout=60_000)
        if query:
            page.get_by_text("Query", exact=True).click()
            page.wait_for_selector(".kg-ask-area", timeout=30_000)
        return page


@pytest.fixture
def visit(chromium: "Browser", server: Running) -> Iterator[Visit]:
    visit = Visit(chromium, server.address)
    yield visit
    for context in chromium.contexts:
        for page in context.pages:
            assert page.evaluate("() => window.pwned") is None
            assert page.evaluate("() => document.querySelectorAll('img, object, embed, iframe').length") == 0
        context.close()
    foreign = [url for url in visit.requests if not url.startswith((visit.address + "/", "data:", "blob:"))]
    assert foreign == []
    # A query that is refused is a failed request to the browser; nothing else may fail, least of all the policy.
    assert [told for told in visit.complaints if "status of 4" not in told] == []


def write(page: "Page", text: str) -> None:
    """Write into the Cypher box as a person does, in place of what is there."""
    page.fill(".kg-ask-area", "")
    page.type(".kg-ask-area", text)


def answered(page: "Page", act: Callable[[], Any]) -> None:
    """Do something and wait for its answer."""
    with page.expect_response("**/api/query"):
        act()
    page.wait_for_selector(".kg-ask-answer[aria-busy=false]")


def cells(page: "Page", column: int) -> list[str]:
    return [text.strip() for text in page.locator(f".kg-ask-table tbody td:nth-child({column})").all_inner_texts()]


def test_ask_by_keyboard_alone(visit: Visit) -> None:
    page = visit.open()
    assert page.evaluate("() => document.activeElement.className") == "kg-ask-area"
    write(page, "MATCH (m:Meth")
    page.wait_for_selector(".kg-ask-option >> text=Method")
    page.keyboard.press("Enter")
    page.keyboard.type(")-[r:EVALUATED")
    page.wait_for_selector(".kg-ask-option >> text=EVALUATED_ON")
    page.keyboard.press("Tab")
    page.keyboard.type("]->(d:Dataset) WHERE d.na")
    page.wait_for_selector(".kg-ask-option >> text=name")
    page.keyboard.press("Enter")
    page.keyboard.type(" = 'cifar1")
    page.wait_for_selector(".kg-ask-option >> text=CIFAR-10")
    page.keyboard.press("Enter")
    page.keyboard.type(" RETURN m.name AS name, r.papers AS papers ORDER BY papers DESC, name")
    assert page.input_value(".kg-ask-area") == (
        "MATCH (m:Method)-[r:EVALUATED_ON]->(d:Dataset) WHERE d.name = 'CIFAR-10' "
        "RETURN m.name AS name, r.papers AS papers ORDER BY papers DESC, name"
    )
    answered(page, lambda: page.keyboard.press("Control+Enter"))
    assert len(cells(page, 1)) == 3 + len(HOSTILE)
    assert page.locator(".kg-ask-told").inner_text().startswith("11 rows in ")


def test_completion_comes_when_asked_and_goes_when_not(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (m:")
    page.wait_for_selector(".kg-ask-option")
    assert page.get_attribute(".kg-ask-area", "aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert page.locator(".kg-ask-option[aria-selected=true]").inner_text().startswith("Method")
    page.keyboard.press("Escape")
    assert page.locator(".kg-ask-options").is_hidden()
    assert page.get_attribute(".kg-ask-area", "aria-activedescendant") is None
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".kg-ask-option")
    page.keyboard.press("Escape")
    # With nothing to choose from, Tab goes on to the next field.
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") != "kg-ask-area"


def test_properties_are_those_of_the_label(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (p:Paper)-[u:USES]->(m) RETURN p.")
    page.wait_for_selector(".kg-ask-option >> text=abstract")
    assert page.locator(".kg-ask-option >> text=aliases").count() == 0
    page.keyboard.press("Escape")
    write(page, "MATCH (p:Paper)-[u:USES]->(m) RETURN u.")
    page.wait_for_selector(".kg-ask-option >> text=mentions")


def test_a_table_sorts(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (p:Paper) RETURN p.year AS year, p.id AS id")
    answered(page, lambda: page.click(".kg-ask-run"))
    page.click(".kg-ask-sort >> text=year")
    assert page.get_attribute("th:first-child", "aria-sort") == "ascending"
    first = [year for year in cells(page, 1) if year != "–"]
    assert first == sorted(first)
    page.click(".kg-ask-sort >> text=year")
    assert page.get_attribute("th:first-child", "aria-sort") == "descending"
    last = [year for year in cells(page, 1) if year != "–"]
    assert last == sorted(first, reverse=True)


def test_an_answer_goes_on_the_map(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (m:Method)-[r:USED_FOR]->(t:Task) RETURN m, r, t")
    answered(page, lambda: page.click(".kg-ask-run"))
    page.click("text=Show on the map")
    page.wait_for_selector(".kg-ask", state="hidden")
    page.wait_for_function("() => /\\b5 nodes\\b/.test(document.body.innerText)")


def test_a_question_is_a_form(visit: Visit) -> None:
    page = visit.open()
    page.fill(".kg-ask-filter", "evaluated on dataset")
    page.click("text=methods-on-dataset")
    page.get_by_label("dataset", exact=True).fill("cifar1")
    page.wait_for_selector("[role=option] >> text=CIFAR-10")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.kg-ask-field input')].some(i => i.value === 'CIFAR-10')"
    )
    answered(page, lambda: page.click(".kg-ask-run"))
    assert "WidgetNet" in cells(page, 1)
    page.click("text=Edit as Cypher")
    assert page.input_value(".kg-ask-area").startswith("MATCH")
    assert page.locator("[data-name=dataset] input").input_value() == "CIFAR-10"
    answered(page, lambda: page.click(".kg-ask-run"))
    assert "WidgetNet" in cells(page, 1)


def test_what_is_missing_is_told_at_the_field(visit: Visit) -> None:
    page = visit.open()
    page.click("text=methods-on-dataset")
    page.click(".kg-ask-run")
    assert "is needed" in page.locator("[role=alert]").inner_text()
    field = page.get_by_label("dataset", exact=True)
    assert field.get_attribute("aria-invalid") == "true" and field.evaluate("field => field === document.activeElement")


def test_a_mistake_is_told_with_its_place(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (m:Method)\nRETRN m")
    page.keyboard.press("Escape")
    answered(page, lambda: page.keyboard.press("Control+Enter"))
    assert page.locator("[role=alert]").inner_text().startswith("line 2, column 1")
    page.click("text=Go there")
    assert page.evaluate("() => document.querySelector('.kg-ask-area').selectionStart") == len("MATCH (m:Method)\n")


def test_a_query_can_be_stopped(visit: Visit) -> None:
    page = visit.open()
    write(
        page,
        "MATCH (a), (b), (c), (d), (e), (f), (g) WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id = 'x' RETURN 1",
    )
    page.keyboard.press("Escape")
    page.click(".kg-ask-run")
    page.wait_for_timeout(500)
    page.click("text=Stop")
    page.wait_for_selector("text=Stopped.")
    write(page, "RETURN 1 AS one")
    page.keyboard.press("Escape")
    answered(page, lambda: page.click(".kg-ask-run"))
    assert cells(page, 1) == ["1"]


def test_hostile_names_stay_text(visit: Visit) -> None:
    page = visit.open()
    # As nodes, as text, in relationships, lists, maps and paths.
    write(
        page,
        "MATCH path = (m:Method)-[r:EVALUATED_ON]->(d:Dataset) WHERE d.id = 'dataset:cifar-10' "
        "RETURN m, m.name AS method, r, r.evidence_sentences AS said, [m] AS list, path, {x: m.name} AS map",
    )
    page.keyboard.press("Escape")
    answered(page, lambda: page.click(".kg-ask-run"))
    shown = page.locator(".kg-ask-table").inner_text()
    assert HOSTILE["method:img"] in shown and HOSTILE["method:script"] in shown and "${window.pwned" in shown
    assert "\u202e" not in shown and "name " * 100 not in shown
    for button in page.locator(".kg-ask-rest").all():
        button.click()
    for target in page.locator(".kg-ask-chip, .kg-ask-name, .kg-ask-sort").all()[:40]:
        target.hover()
    # In the completion of names, and chosen from it.
    for typed, name in (("<img", HOSTILE["method:img"]), ("it's", HOSTILE["method:quote"])):
        write(page, 'MATCH (m:Method) WHERE m.name = "')
        page.keyboard.type(typed)
        page.wait_for_selector(".kg-ask-option")
        page.hover(".kg-ask-option")
        page.keyboard.press("Enter")
        page.keyboard.type(" RETURN m.name AS text")
        page.keyboard.press("Escape")
        answered(page, lambda: page.keyboard.press("Control+Enter"))
        assert cells(page, 1) == [name]
    # In the form of a question.
    page.click("text=datasets-of-method")
    page.get_by_label("method", exact=True).fill("script")
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Enter")
    answered(page, lambda: page.click(".kg-ask-run"))
    # In what a mistake quotes.
    page.click("text=Write Cypher")
    write(page, "MATCH (m:`<img src=x onerror=window.pwned=1>`) RETURN m")
    page.keyboard.press("Escape")
    answered(page, lambda: page.click(".kg-ask-run"))
    assert "<img" in page.locator("[role=alert]").inner_text()


def test_a_saved_table_starts_no_formula(visit: Visit) -> None:
    page = visit.open()
    write(page, "MATCH (m:Method {id: 'method:formula'}) RETURN m.name AS name, m.papers AS papers")
    page.keyboard.press("Escape")
    answered(page, lambda: page.click(".kg-ask-run"))
    with page.expect_download() as saved:
        page.click(".kg-ask-tools >> text=CSV")
    text = Path(saved.value.path()).read_text("utf-8")
    assert text == 'name,papers\n"\'=HYPERLINK(""http://evil.example"",""x"")",50\n'


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_axe(visit: Visit, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit.open(theme=theme)

    def serious(where: str) -> None:
        found = axe.run(page, context=".kg-ask").response["violations"]
        told = [
            (f["id"], [n["html"][:150] for n in f["nodes"]]) for f in found if f["impact"] in ("serious", "critical")
        ]
        assert told == [], where

    serious("to begin with")
    answered(page, lambda: page.click(".kg-ask-run"))
    serious("a table")
    write(page, "MATCH (m:")
    page.wait_for_selector(".kg-ask-option")
    serious("completion")
    page.keyboard.press("Escape")
    answered(page, lambda: page.keyboard.press("Control+Enter"))
    serious("a mistake")
    page.click("text=methods-on-dataset")
    serious("a form")


def test_a_large_graph_opens_from_search(chromium: "Browser", tmp_path: Path) -> None:
    """More nodes than are drawn at once: nothing of them is loaded until one is chosen."""
    graph = small_graph()
    for number in range(5_100):
        key = f"method:filler-{number}"
        graph.add_node(key, label="Method", id=key, name=f"Filler {number}", aliases=[], papers=1)
    with serving(folder_of(graph, tmp_path / "large.kg")) as running:
        visit = Visit(chromium, running.address)
        page = visit.open(query=False)
        assert not [url for url in visit.requests if "/api/core" in url or "/api/part" in url]
        page.fill(".kg-find", "residual")
        page.wait_for_selector("[role=option] >> text=ResNet")
        with page.expect_response("**/api/part*") as part:
            page.keyboard.press("Enter")
        assert part.value.ok
        page.wait_for_selector("h2 >> text=ResNet")
        page.context.close()
        assert [url for url in visit.requests if not url.startswith((running.address + "/", "blob:", "data:"))] == []
        assert visit.complaints == []
