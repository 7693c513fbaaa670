"""Measure the pages in headless Chromium, the explorer's file as a person would meet it, and print JSON.

    python -m benchmarks.pages [--nodes 60 500 5000 50000] [--papers 1000] [--times 3] [--graph FOLDER] [-o FILE]

Graphs are synthetic (`tests.topic_graph`: topics, hubs, four links a node, a sentence of evidence a link), or a graph
folder. Times are medians of ``--times`` fresh windows, in milliseconds since the navigation began or the key was
pressed. Beside them stands the processor time of all of Chromium for the same, which a busy machine changes less
(frames: that of the busier of the page and the drawing process, which work side by side). Chromium runs without a
graphics card. The bars stand beside what they are for. The pages of `kg serve`, `kg report` and `kg view --around` are
only opened, on a folder of made-up extraction records (`benchmarks.assemble`). Not a test: nothing fails here.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import networkx as nx
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

import kg
from benchmarks.assemble import make
from benchmarks.processes import run
from kg.update import refresh_folder
from tests.served import serving
from tests.topic_graph import topic_graph
from viz import explorer

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HUB = 600
BARS: dict[int, dict[str, float]] = {
    60: {"drawn_ms": 300},
    500: {"drawn_ms": 400},
    50_000: {
        "first_paint_ms": 500, "usable_ms": 2500, "pan_frames_s": 25, "zoom_frames_s": 25, "search_ms": 20,
        "select_hub_ms": 400, "heap_mb": 100, "file_mb": 15, "layout_s": 30, "requests": 0,
    },
}  # fmt: skip

READY = "#kg-explorer[data-ready=true]"
STARTED = """() => ({
    paint: performance.getEntriesByType("paint").find(entry => entry.name === "first-paint")?.startTime ?? null,
    ...Object.fromEntries(performance.getEntriesByType("mark").map(mark => [mark.name, mark.startTime])),
})"""
DRAWN = "() => new Promise(tell => requestAnimationFrame(() => requestAnimationFrame(() => tell(performance.now()))))"
COUNT_FRAMES = """() => {
    const counted = window.counted = { frames: 0, longest: 0, last: performance.now(), on: true };
    const step = now => {
        counted.frames += 1;
        counted.longest = Math.max(counted.longest, now - counted.last);
        counted.last = now;
        if (counted.on) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
}"""
SEARCH = """async question => {
    const input = document.querySelector("input.kg-find");
    const list = document.querySelector(".kg-top [role=listbox], [role=listbox]");
    const answered = new Promise(resolve => new MutationObserver((_, observer) => {
        observer.disconnect();
        resolve(performance.now());
    }).observe(list, { childList: true }));
    input.focus();
    input.value = question;
    const begun = performance.now();
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    return (await answered) - begun;
}"""
SELECT = """async id => {
    const begun = performance.now();
    await window.kgExplorer.explorer.chooseId(id, { focus: true, fly: true });
    while (!document.querySelector(".kg-panel:not([hidden]) .kg-heading")) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}"""
EVIDENCE = """async () => {
    const button = document.querySelector(".kg-panel .kg-chevron");
    if (!button) return null;
    const begun = performance.now();
    const place = button.closest("li").querySelector(".kg-why");
    const shown = new Promise(resolve => new MutationObserver((_, observer) => {
        if (place.querySelector("blockquote, li, mark, p, q")) { observer.disconnect(); resolve(performance.now()); }
    }).observe(place, { childList: true, subtree: true }));
    button.click();
    return (await Promise.race([shown, new Promise(resolve => setTimeout(() => resolve(NaN), 5000))])) - begun;
}"""


class Processor:
    """The processor time that Chromium takes, by the type of its processes, in milliseconds."""

    def __init__(self, browser: Browser) -> None:
        """Start now."""
        self.session = browser.new_browser_cdp_session()
        self.before = self._now()

    def _now(self) -> dict[int, tuple[str, float]]:
        processes = self.session.send("SystemInfo.getProcessInfo")["processInfo"]
        return {process["id"]: (process["type"], 1000 * process["cpuTime"]) for process in processes}

    def lap(self) -> dict[str, float]:
        """Give the time since the last lap."""
        now = self._now()
        spent: dict[str, float] = {}
        for key, (kind, taken) in now.items():
            spent[kind] = spent.get(kind, 0) + taken - self.before.get(key, ("", 0))[1]
        self.before = now
        return spent


def measure(browser: Browser, path: Path, *, hub: str, questions: Iterable[str]) -> dict[str, float | None]:
    """Open a page in a fresh window, use it, and say how that went."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    session = context.new_cdp_session(page)
    processor = Processor(browser)
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_selector(READY, timeout=120_000)
    started = page.evaluate(STARTED)
    loading = processor.lap()
    page.wait_for_timeout(1500)
    found: dict[str, float | None] = {
        "first_paint_ms": started["paint"],
        "drawn_ms": started.get("kg:drawn"),
        "usable_ms": started.get("kg:usable"),
        "usable_cpu_ms": sum(loading.values()),
        "usable_page_cpu_ms": loading.get("renderer"),
        "heap_mb": _heap(session),
    }
    box = page.locator(".kg-map, canvas").first.bounding_box() or {"x": 0, "y": 0, "width": 1280, "height": 800}
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for name, move in (
        ("pan", lambda step: _drag(page, middle, step)),
        ("zoom", lambda step: page.mouse.wheel(0, -60 if step % 40 < 20 else 60)),
    ):
        page.mouse.move(*middle)
        processor.lap()
        frames, seconds, found[f"{name}_longest_ms"] = _moving(page, move)
        page.mouse.up()
        found[f"{name}_frames_s"] = frames / seconds
        found[f"{name}_cpu_ms_a_frame"] = max(processor.lap().values()) / max(frames, 1)
    taken = [page.evaluate(SEARCH, question) for question in questions]
    found["search_ms"], found["search_worst_ms"] = statistics.median(taken), max(taken)
    page.keyboard.press("Escape")
    processor.lap()
    found["select_hub_ms"] = page.evaluate(SELECT, hub)
    found["select_hub_cpu_ms"] = sum(processor.lap().values())
    page.wait_for_timeout(700)
    found["evidence_ms"] = page.evaluate(EVIDENCE)
    found["heap_after_use_mb"] = _heap(session)
    found["requests"] = len([url for url in requests if not url.startswith(("data:", "blob:"))]) - 1
    context.close()
    return found


def _heap(session: CDPSession) -> float:
    """Megabytes of objects and of the arrays behind them, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    return float(used["usedSize"] + used.get("backingStorageSize", 0)) / 1e6


def _moving(page: Page, move: Any, seconds: float = 2.0) -> tuple[int, float, float]:
    """Count the frames while something moves; give them, the seconds, and the longest milliseconds between two."""
    page.evaluate(COUNT_FRAMES)
    begun, step = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        move(step)
        step += 1
    counted = page.evaluate("() => { counted.on = false; return counted; }")
    return counted["frames"], time.perf_counter() - begun, counted["longest"]


def _drag(page: Page, middle: tuple[float, float], step: int) -> None:
    if step == 0:
        page.mouse.move(*middle)
        page.mouse.down()
    sideways = 150 - abs(step * 8 % 600 - 300)
    page.mouse.move(middle[0] + sideways, middle[1] + sideways / 2)


def figures(browser: Browser, graph: nx.MultiDiGraph, folder: Path, *, title: str, times: int) -> dict[str, Any]:
    """Draw the map, write the page and measure it."""
    begun = time.process_time()
    where = explorer.lay_out(graph)
    layout = time.process_time() - begun
    path = folder / f"{title.replace(' ', '-')}.html"
    begun = time.process_time()
    explorer.view(graph, path, title=title, where=where)
    packing = time.process_time() - begun
    degree = dict(graph.degree())
    hub = min(sorted(graph), key=lambda key: abs(degree[key] - HUB))
    names = sorted(str(name) for _, name in graph.nodes(data="name") if name)
    questions = [names[at * len(names) // 12] for at in range(12)] + ["net", "class", "re", "zzz", names[-1][:4]]
    windows = [measure(browser, path, hub=hub, questions=questions) for _ in range(times)]
    found: dict[str, Any] = {
        "nodes": len(graph),
        "links": graph.number_of_edges(),
        "hub_links": degree[hub],
        "topics": len(where.communities),
        "layout_s": layout,
        "packing_s": packing,
        "file_mb": path.stat().st_size / 1e6,
    }
    for name in windows[0]:
        known = [value for window in windows if (value := window[name]) is not None]
        found[name] = statistics.median(known) if known else None
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in found.items()}


def opened(browser: Browser, address: str, ready: str, *, times: int) -> dict[str, float]:
    """Open a page in fresh windows; give the medians of when it was painted, drawn and usable (``ready``).

    The first time stands by itself as well: then `kg serve` lays out the map, which it keeps.
    """
    found: dict[str, list[float]] = {"first_paint_ms": [], "drawn_ms": [], "usable_ms": []}
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(ready, state="attached", timeout=120_000)
        drawn = page.evaluate(DRAWN)
        started = page.evaluate(STARTED)
        found["first_paint_ms"].append(started["paint"] or drawn)
        found["drawn_ms"].append(started.get("kg:drawn", drawn))
        found["usable_ms"].append(started.get("kg:usable", drawn))
        context.close()
    medians = {name: round(statistics.median(taken), 1) for name, taken in found.items()}
    return {**medians, "first_usable_ms": round(found["usable_ms"][0], 1)}


def others(browser: Browser, folder: Path, *, papers: int, times: int) -> dict[str, Any]:
    """Open what `kg serve`, `kg report` and `kg view --around` the best known method show of made-up papers."""
    path = folder / "made-up.kg"
    make(path, papers)
    refresh_folder(path, processes=1)
    with kg.open(path) as graph:
        nodes, links = (sum(graph.manifest.counts[of].values()) for of in ("nodes", "relationships"))
        best = graph.query("top-methods").rows[0][0]
    found: dict[str, Any] = {"papers": papers, "nodes": nodes, "links": links, "pages": {}}
    with serving(path) as running:
        found["pages"]["serve"] = opened(browser, f"{running.address}/", READY, times=times)
    for name, command, ready in (
        ("report", ["report", str(path)], "#method"),
        ("view --around", ["view", str(path), "--around", best], "#graph[data-drawn=true]"),
    ):
        file = folder / f"{command[0]}.html"
        written = run([sys.executable, "-m", "kg.cli", *command, "-o", file])
        found["pages"][name] = {
            "written_s": written["seconds"],
            "file_mb": round(file.stat().st_size / 1e6, 2),
            **opened(browser, file.as_uri(), ready, times=times),
        }
    return found


def main() -> None:
    """Run it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nodes", type=int, nargs="*", default=[60, 500, 5_000, 50_000])
    arguments.add_argument("--papers", type=int, default=1_000, help="of the graph for the pages that are only opened")
    arguments.add_argument("--times", type=int, default=3)
    arguments.add_argument("--graph", type=Path, action="append", default=[])
    arguments.add_argument("--keep", type=Path, help="folder for the pages")
    arguments.add_argument("-o", "--output", type=Path)
    given = arguments.parse_args()
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        folder = given.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        report: dict[str, Any] = {
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, no graphics card",
            "system": platform.platform(),
            "chromium": browser.version,
            "load_before": [round(load, 2) for load in os.getloadavg()],
            "pages": [],
        }
        graphs: list[tuple[str, Any]] = [(f"synthetic {nodes}", nodes) for nodes in given.nodes]
        for title, made_of in [*graphs, *((path.name, path) for path in given.graph)]:
            graph = kg.open(made_of).graph if isinstance(made_of, Path) else topic_graph(made_of, 4 * made_of)
            found = figures(browser, graph, folder, title=title, times=given.times)
            found["bars"] = BARS.get(made_of, {}) if isinstance(made_of, int) else {}
            found["missed"] = [
                name
                for name, bar in found["bars"].items()
                if found[name] is None or (found[name] < bar if name.endswith("frames_s") else found[name] > bar)
            ]
            report["pages"].append(found)
            print(json.dumps(found), file=sys.stderr)
        report["others"] = others(browser, folder, papers=given.papers, times=given.times)
        browser.close()
        report["load_after"] = [round(load, 2) for load in os.getloadavg()]
    text = json.dumps(report, indent=1)
    if given.output:
        given.output.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
