"""Write a graph as one HTML page with pyvis; the only module that knows pyvis.

pyvis holds the nodes, links and options and brings vis-network. Its page template is not used: that one loads Bootstrap
from a CDN, prints the heading twice, runs what it finds in labels and leaves a ``lib`` folder behind. The page here has
everything inside it, asks the network for nothing, and a Content-Security-Policy that forbids it to; only the two
scripts that we put in may run (by their SHA-256). Every text of the graph gets into the page as JSON and onto the
screen by ``textContent`` or the canvas, so that markup in a name stays text.

Positions are computed here, not in the browser. The caller's graph is only read; only the one file is written.
"""

import base64
import hashlib
import html
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import networkx as nx

from kg.errors import ExportError
from kg.export.files import replacing
from viz.choose import MOST, graph_in, top
from viz.detail import columns, describe_edge, describe_node, describe_paper, name_of, names_of, wrapped
from viz.layout import positions
from viz.style import DASHED, KINDS, kind_of, line_colour, words

if TYPE_CHECKING:
    from kg.graph import Graph

ASPECTS = (1.7, 0.72)
"""Width / height of the two sets of positions: the page takes the one nearer its window."""

_LABELLED_LINKS = 36
_ARROWED_LINKS = 150


def view(graph: nx.MultiDiGraph, path: Path, *, title: str = "Knowledge graph", physics: bool = False) -> None:
    """Write ``graph`` to ``path`` as one HTML page. With ``physics`` the browser keeps moving the nodes.

    Meant for up to about 300 nodes: choose them with `viz.top` or `viz.neighbourhood`. Raises `ExportError` where the
    file cannot be written.
    """
    path = Path(path)
    text = page(graph, title=title, physics=physics)
    try:
        with replacing(path) as file:
            file.write(text)
    except OSError as error:
        raise ExportError(f"{path}: cannot write: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Picture:
    """A page that a notebook shows in a frame of its own, where it reaches nothing of the notebook."""

    html: str
    height: int = 640

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" sandbox="allow-scripts allow-popups" '
            f'style="width:100%;height:{self.height}px;border:0" title="Knowledge graph"></iframe>'
        )


def show(graph: "nx.MultiDiGraph | Graph", *, title: str = "Knowledge graph", physics: bool = False) -> Picture:
    """Give ``graph`` as a picture for a notebook; of more than 300 nodes the best supported (`viz.top`).

    `kg.explore` shows all of a large graph, `viz.neighbourhood` chooses what is around a node.
    """
    found = graph_in(graph)
    return Picture(page(top(found, limit=MOST) if len(found) > MOST else found, title=title, physics=physics))


def page(graph: nx.MultiDiGraph, *, title: str = "Knowledge graph", physics: bool = False) -> str:
    """Give the page as text."""
    keys = sorted(graph, key=str)
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: tuple(map(str, edge[:3])))
    style, script, engine = _template("page.css"), _template("page.js"), _engine()
    policy = f"default-src 'none'; script-src {_hash(engine)} {_hash(script)}; style-src 'unsafe-inline'"
    return Template(_template("page.html")).substitute(
        policy=html.escape(policy + "; base-uri 'none'; form-action 'none'"),
        title=html.escape(title),
        counts=f"{_count(len(keys), 'node')}, {_count(len(edges), 'link')}",
        style=style,
        data=_json(_data(graph, keys, edges, physics=physics)),
        engine=engine,
        script=script,
    )


def _data(graph: nx.MultiDiGraph, keys: list[Any], edges: list[Any], *, physics: bool) -> dict[str, Any]:
    network = _network(graph, keys, edges, physics=physics)
    numbers: dict[str, int] = {}
    for *_, properties in edges:
        for paper in properties.get("evidence_papers") or ():
            numbers.setdefault(paper, len(numbers))
    known = graph.graph.get("papers", {})
    named = {key: names_of(graph, key) for key in keys}
    nodes, links, _, _, _, options = network.get_network_data()
    kinds = {kind_of(graph.nodes[key]) for key in keys}
    relations = {str(edge[2]) for edge in edges}
    return {
        "nodes": nodes,
        "edges": links,
        "options": json.loads(options),
        "about": [describe_node(key, graph.nodes[key]) for key in keys],
        "links": [
            describe_edge(str(relation), properties, names=named[source] + named[target], numbers=numbers)
            for source, target, relation, properties in edges
        ],
        "papers": [
            describe_paper(paper, graph.nodes[paper] if paper in graph else known.get(paper, {})) for paper in numbers
        ],
        "kinds": [[kind, look.shape, look.colour] for kind, look in KINDS.items() if kind in kinds],
        "relations": [
            [words(relation), line_colour(relation), relation in DASHED]
            for relation in sorted(relations, key=lambda r: (line_colour(r), r))
        ],
    }


def _network(graph: nx.MultiDiGraph, keys: list[Any], edges: list[Any], *, physics: bool) -> Any:
    from pyvis.network import Network

    network = Network(directed=True, cdn_resources="in_line")
    index = {key: number for number, key in enumerate(keys)}
    most = max((int(graph.nodes[key].get("papers") or 0) for key in keys), default=0) or 1
    drawn = [_drawn(key, graph.nodes[key], most) for key in keys]
    ends = [(index[s], index[t], 1 + math.log2(int(p.get("papers") or 1))) for s, t, _, p in edges]
    wide, tall = positions(len(keys), ends, [box for _, box in drawn], aspects=ASPECTS)
    for number, (options, _) in enumerate(drawn):
        x, y = wide[number]
        network.add_node(number, x=x, y=y, tall=tall[number], **options)
    parallel: dict[tuple[int, int], int] = {}
    for (source, target, _), (*_, relation, properties) in zip(ends, edges, strict=True):
        pair = min(source, target), max(source, target)
        nth = parallel[pair] = parallel.get(pair, -1) + 1
        options = {"id": network.num_edges(), "color": line_colour(str(relation)), "dashes": str(relation) in DASHED}
        options["width"] = round(1 + 0.9 * math.log2(int(properties.get("papers") or 1)), 2)
        if nth:
            # Straight lines would lie on each other; a second relation of the same two nodes bends a little.
            turn = "curvedCW" if (source < target) == (nth % 2 == 1) else "curvedCCW"
            options["smooth"] = {"enabled": True, "type": turn, "roundness": round(0.12 * ((nth + 1) // 2), 2)}
        if len(edges) <= _LABELLED_LINKS:
            options["label"] = words(str(relation))
        if len(edges) <= _ARROWED_LINKS:
            options["arrows"] = {"to": {"enabled": True, "scaleFactor": 0.45}}
        else:
            options["arrows"] = {"to": {"enabled": False}}
        network.add_edge(source, target, **options)
    network.options = _options(physics)
    return network


def _drawn(key: Any, properties: dict[str, Any], most: int) -> tuple[dict[str, Any], tuple[float, float, float]]:
    """The look of a node, and the room that it takes with its label below."""
    share = math.sqrt(min(int(properties.get("papers") or 0), most) / most)
    kind = kind_of(properties)
    look = KINDS[kind]
    size, letters = round(9 + 17 * share, 1), round(14 + 8 * share, 1)
    lines = wrapped(name_of(key, properties))
    options = {
        "label": "\n".join(lines),
        "shape": look.shape,
        "color": look.colour,
        "size": size,
        # vis-network leaves half a line between node and label, in which the label of another seems to belong.
        "font": {"size": letters, "vadjust": round(-0.3 * letters, 1)},
        "kind": kind,
    }
    half = max(size, max(map(columns, lines)) * letters * 0.30) + 5
    return options, (half, size + 4, size + (len(lines) * 1.15 + 0.2) * letters + 8)


def _options(physics: bool) -> dict[str, Any]:
    forces = {"enabled": True, "solver": "forceAtlas2Based", "stabilization": {"iterations": 0}}
    return {
        "autoResize": True,
        "physics": forces if physics else {"enabled": False},
        "layout": {"improvedLayout": False},
        "nodes": {"borderWidth": 1.5, "borderWidthSelected": 3, "font": {"face": "system-ui, sans-serif"}},
        "edges": {"smooth": False, "selectionWidth": 2, "hoverWidth": 1.5, "font": {"size": 10, "align": "middle"}},
        "interaction": {"hover": True, "tooltipDelay": 100000, "multiselect": False, "dragNodes": True},
    }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _json(data: object) -> str:
    """JSON that may stand in a script element: no tag, no comment, no line separator of JavaScript."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029\ud800-\udfff]", lambda m: f"\\u{ord(m.group()):04x}", text)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _template(name: str) -> str:
    return (resources.files("viz") / "templates" / name).read_text(encoding="utf-8")


@cache
def _engine() -> str:
    """vis-network as pyvis ships it, with its licence notice, without the address of its source map."""
    source = resources.files("pyvis") / "templates" / "lib" / "vis-9.1.2" / "vis-network.min.js"
    text = source.read_text(encoding="utf-8").replace("\r\n", "\n")
    return re.sub(r"//# sourceMappingURL=\S*\s*$", "", text)
