"""Write the explorer as one HTML file that holds all it needs and asks the network for nothing.

The page begins with what can be read before any script runs; then comes the core, the script that draws it, and last
the papers and the evidence, which stay compressed until somebody asks. Only that one script may run and that one
style sheet apply (by their SHA-256), and the Content-Security-Policy forbids every request. All that came from papers
is in the compressed parts, as base64; the title is escaped. The script is built from ``viz/web``.
"""

import base64
import hashlib
import html
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template

import networkx as nx

from kg.errors import ExportError
from kg.export.files import replacing
from viz.detail import cut
from viz.explorer.map import Map
from viz.explorer.payload import Payload, pack

_TITLE = 200

_HEAD = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>$title</title>
<style>$style</style>
</head>
<body>
<div id="kg-explorer" class="kg">
<header class="kg-top"><h1 class="kg-title"><bdi>$title</bdi></h1>
<div class="kg-search"><input class="kg-find" type="search" placeholder="Search names" aria-label="Search names" \
autocomplete="off" spellcheck="false"></div></header>
<main class="kg-note"><p>Reading $counts …</p><noscript><p>This page needs JavaScript.</p></noscript></main>
</div>
""")


def view(graph: nx.MultiDiGraph, path: Path, *, title: str = "Knowledge graph", where: Map | None = None) -> None:
    """Write ``graph`` to ``path`` as one HTML page, laid out as ``where`` says.

    Raises `ExportError` where the file cannot be written.
    """
    path = Path(path)
    pieces = _pieces(graph, title=title, where=where)
    try:
        with replacing(path) as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise ExportError(f"{path}: cannot write: {error.strerror or error}") from error


def page(graph: nx.MultiDiGraph, *, title: str = "Knowledge graph", where: Map | None = None) -> str:
    """Give the page as text."""
    return "".join(_pieces(graph, title=title, where=where))


def _pieces(graph: nx.MultiDiGraph, *, title: str, where: Map | None) -> Iterator[str]:
    script, style = _built("explorer.js"), _built("explorer.css")
    packed = pack(graph, title=title, where=where)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    yield _HEAD.substitute(
        policy=html.escape(policy, quote=True),
        title=html.escape(cut(title, _TITLE)),
        style=style,
        counts=f"{_count(len(graph), 'node')} and {_count(graph.number_of_edges(), 'link')}",
    )
    yield _data("core", packed.core)
    yield f"<script>{script}</script>\n"
    yield from _later(packed)
    yield "</body>\n</html>\n"


def _later(packed: Payload) -> Iterator[str]:
    yield _data("papers", packed.papers)
    for number, chunk in enumerate(packed.evidence):
        yield _data(f"evidence-{number}", chunk)


def _data(name: str, data: bytes) -> str:
    return f'<script type="application/octet-stream" id="{name}">{base64.b64encode(data).decode()}</script>\n'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _built(name: str) -> str:
    """Read a file that `npm run build` made; its text is in the page as it is."""
    file = resources.files("viz.explorer") / "dist" / name
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        raise ExportError(f"{file}: missing; install the package again, or build it: npm ci && npm run build") from None
    # A browser hashes the text with line ends as \\n alone.
    return text.replace("\r\n", "\n")
