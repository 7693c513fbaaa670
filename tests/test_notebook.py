"""The explorer in a notebook: the widget, and its module run in a browser as a notebook runs it."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kg
from tests.graphs import small_graph
from viz.explorer.notebook import SANDBOX
from viz.explorer.page import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("anywidget", reason="the extra [notebook] is not installed")


def test_a_widget_holds_the_page() -> None:
    widget: Any = kg.explore(small_graph(), title="Widgets <b>", height=400)
    state = widget.get_state()
    assert state["page"] == page(small_graph(), title="Widgets <b>")
    assert (state["height"], state["selected"], state["title"]) == (400, "", "Widgets <b>")
    bundle = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)


def test_a_graph_folder_is_explored_too(graph_folder: Path) -> None:
    with kg.open(graph_folder) as opened:
        widget: Any = kg.explore(opened)
        assert widget.page == page(opened.graph, title="Knowledge graph")


def test_the_caller_s_graph_is_left_alone() -> None:
    graph, same = small_graph(), small_graph()
    kg.explore(graph)
    assert dict(graph.nodes(data=True)) == dict(same.nodes(data=True))
    assert list(graph.edges(keys=True, data=True)) == list(same.edges(keys=True, data=True))


def test_without_anywidget_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import kg, networkx\n"
        "from kg.errors import UsageError\n"
        "try: kg.explore(networkx.MultiDiGraph())\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert "pip install '.[notebook]'" in done.stdout


def test_importing_kg_loads_no_widget() -> None:
    script = "import kg, sys; print(sorted({'anywidget', 'networkx', 'viz', 'ipywidgets'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


@contextmanager
def a_notebook(files: dict[str, str]) -> Iterator[str]:
    """A site without any policy, as a notebook is."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path, "").encode()
            self.send_response(200 if self.path in files else 404)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


CELL = """<!DOCTYPE html><meta charset="utf-8"><title>Notebook</title><div id="cell"></div>
<script id="state" type="application/json">%s</script>
<script type="module">
import widget from "/widget.js";
const state = JSON.parse(document.getElementById("state").textContent);
// What a notebook gives to a widget's module (anywidget.dev, AFM).
const listeners = {};
window.model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; (listeners[`change:${name}`] ?? []).forEach((one) => one()); },
  save_changes: () => { window.saved = { ...state, page: "" }; },
  on: (name, one) => { (listeners[name] ??= []).push(one); },
  off: (name, one) => { listeners[name] = (listeners[name] ?? []).filter((other) => other !== one); },
};
window.secret = "of the kernel";
window.clear = widget.render({ model, el: document.getElementById("cell") });
</script>"""


def test_the_module_shows_the_explorer_and_lets_nothing_out(chromium: "Browser") -> None:
    graph = small_graph()
    graph.nodes["method:widgetnet"]["name"] = "<img src=x onerror=\"parent.pwned='yes'\">"
    widget: Any = kg.explore(graph, title="Small", height=500)
    state = {name: widget.get_state()[name] for name in ("page", "title", "height", "selected")}
    cell = CELL % json.dumps(state).replace("<", "\\u003c")
    with a_notebook({"/": cell, "/widget.js": str(widget._esm)}) as address:
        context = chromium.new_context(viewport={"width": 1100, "height": 700})
        try:
            tab = context.new_page()
            requests: list[str] = []
            complaints: list[str] = []
            tab.on("request", lambda request: requests.append(request.url))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.goto(address)
            frame = tab.frame_locator("iframe")
            frame.locator("#kg-explorer[data-ready=true]").wait_for(timeout=30_000)
            handle = tab.query_selector("iframe")
            assert handle is not None
            assert handle.get_attribute("sandbox") == SANDBOX and handle.get_attribute("title") == "Small"
            box = handle.bounding_box()
            assert box is not None and box["height"] == 500
            inside = handle.content_frame()
            assert inside is not None
            told = inside.evaluate("() => { try { return parent.secret } catch (error) { return error.name } }")
            assert told == "SecurityError"
            assert inside.evaluate("() => self.origin") == "null"
            assert tab.evaluate("() => window.pwned") is None
            tab.evaluate("() => model.set('height', 300)")
            box = handle.bounding_box()
            assert box is not None and box["height"] == 300
            # Another window's message changes nothing; the frame's own selection arrives.
            tab.evaluate("() => window.postMessage({ kg: 'selected', id: 'forged' }, '*')")
            frame.locator(".kg-find").fill("cifar10")
            frame.locator("[role=option]").first.wait_for()
            frame.locator(".kg-find").press("Enter")
            tab.wait_for_function("() => window.saved && window.saved.selected === 'dataset:cifar-10'")
            assert {url.removeprefix(address) for url in requests if url.startswith("http")} <= {
                "/",
                "/widget.js",
                "/favicon.ico",
            }
            assert [url for url in requests if not url.startswith((address, "about:", "data:", "blob:"))] == []
            assert complaints == []
        finally:
            context.close()
