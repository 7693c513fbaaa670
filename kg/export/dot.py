"""Write DOT for Graphviz: ``sfdp -Tsvg papers.dot -o papers.svg``, or ``dot`` for a small part.

Shape and colour tell the kind of a node, the width of a line how many papers say it. Names, kinds, addresses and the
best sentence (as the tooltip of a line) are in the file, other properties are not: DOT is for drawing. Every text is
quoted, none is read as HTML or as an escape.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.export.files import replacing
from kg.export.flat import Graph, name_of, sorted_edges, sorted_nodes

_LOOKS = {
    "Method": ("ellipse", "#0072B2"),
    "Dataset": ("box", "#E69F00"),
    "Task": ("triangle", "#009E73"),
    "Paper": ("note", "#56B4E9"),
    "Author": ("octagon", "#CC79A7"),
    "Result": ("plaintext", "#D55E00"),
}
_REFERENCE = re.compile(r"&(?=#?\w+;)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as DOT."""
    with replacing(path) as file:
        file.write('digraph G {\n  charset="UTF-8"; overlap="prism"; splines="true";\n')
        file.write('  node [fontname="Helvetica"];\n  edge [color="#888888", fontname="Helvetica", fontsize="9"];\n')
        for key, data in sorted_nodes(graph):
            file.write(f"  {quote(str(key))} [{_attributes(_node(key, data))}];\n")
        for source, target, relation, properties in sorted_edges(graph):
            ends = f"{quote(str(source))} -> {quote(str(target))}"
            file.write(f"  {ends} [{_attributes(_edge(str(relation), properties))}];\n")
        file.write("}\n")


def quote(text: str) -> str:
    """Quote a text for DOT, where a backslash would begin an escape.

    >>> print(quote('a "b"'))
    "a \\"b\\""
    """
    text = _CONTROL.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"\r\n?|\n", r"\\n", text) + '"'


def _attributes(values: Mapping[str, object]) -> str:
    # In attributes, unlike in names, Graphviz reads character references.
    kept = ((name, _REFERENCE.sub("&amp;", str(value))) for name, value in values.items() if value not in (None, ""))
    return ", ".join(f"{name}={quote(value)}" for name, value in kept)


def _node(key: object, properties: Mapping[str, Any]) -> dict[str, object]:
    kind = str(properties.get("label") or "")
    shape, colour = _LOOKS.get(kind, ("ellipse", "#888888"))
    return {
        "label": name_of(str(key), properties),
        "class": kind,
        "shape": "diamond" if properties.get("benchmark") is True else shape,
        "color": colour,
        "URL": properties.get("url"),
    }


def _edge(relation: str, properties: Mapping[str, Any]) -> dict[str, object]:
    papers = properties.get("papers") or 1
    sentences = properties.get("evidence_sentences") or [""]
    return {
        "label": relation,
        "class": relation,
        "penwidth": f"{1 + math.log2(max(1, papers)):.2f}",
        "tooltip": sentences[0],
    }
