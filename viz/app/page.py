"""The one page of the app, and the files that it loads; their names carry their digest, so that they never go stale."""

import hashlib
import html
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from string import Template
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Static:
    """A file as it is served."""

    body: bytes
    media_type: str


_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="kg-api" content="/api">
<title>$title</title>
$head
</head>
<body>
<div id="kg-explorer" class="kg">
<header class="kg-top"><h1 class="kg-title"><bdi>$title</bdi></h1>
<div class="kg-search"><input class="kg-find" type="search" placeholder="Search names" aria-label="Search names" \
autocomplete="off" spellcheck="false"></div></header>
<main class="kg-note"><p>$note</p><noscript><p>This page needs JavaScript.</p></noscript></main>
</div>
</body>
</html>
""")


def static_files() -> Mapping[str, Static]:
    """Give the files of the explorer by the name under which they are served: ``explorer.<digest>.js``."""
    found: dict[str, Static] = {}
    folder = resources.files("viz.explorer") / "dist"
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file() and not file.name.startswith("."):
                body = file.read_bytes()
                stem, dot, suffix = file.name.rpartition(".")
                name = f"{stem}.{hashlib.sha256(body).hexdigest()[:16]}{dot}{suffix}"
                kind = "text/javascript" if suffix == "js" else mimetypes.guess_type(file.name)[0] or "text/plain"
                found[name] = Static(body, kind)
    return MappingProxyType(found)


def page(files: Mapping[str, Static], *, title: str, nodes: int, links: int) -> str:
    """Write the page; every text in it is escaped."""
    head = []
    for name in files:
        if name.startswith("explorer.") and name.endswith(".css"):
            head.append(f'<link rel="stylesheet" href="/static/{name}">')
        elif name.startswith("explorer.") and name.endswith(".js"):
            head.append(f'<script src="/static/{name}" defer></script>')
    return _PAGE.substitute(
        title=html.escape(title),
        head="\n".join(head),
        note=f"{nodes:,} nodes and {links:,} links: search for a name to begin.",
    )
