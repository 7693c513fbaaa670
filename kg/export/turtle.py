"""Write Turtle; `kg.export.rdf` says what is in it. Written as a stream rather than with rdflib, which would hold all
triples in memory and take minutes to order them."""

import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import networkx as nx

from kg.export.files import replacing, whole
from kg.export.rdf import PREFIXES, Iri, Literal, resources

_SHORT = re.compile(r"[A-Za-z]\w*:[A-Za-z]\w*", re.ASCII)
_SPECIAL = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` to ``path`` as Turtle."""
    with replacing(path) as file:
        for prefix, address in PREFIXES.items():
            file.write(f"@prefix {prefix}: <{address}> .\n")
        for resource in resources(graph):
            said: dict[str, list[str]] = defaultdict(list)
            for name, value in resource.properties:
                said[_named(name)].append(_term(value))
            lines = (
                f"{'a' if name == 'rdf:type' else name} {', '.join(dict.fromkeys(values))}"
                for name, values in said.items()
            )
            file.write(f"\n{_iri(resource.iri)} " + " ;\n    ".join(lines) + " .\n")


def _term(value: Iri | Literal) -> str:
    if isinstance(value, Iri):
        return _iri(value)
    text = _SPECIAL.sub(lambda m: _ESCAPES.get(m[0], f"\\u{ord(m[0]):04X}"), whole(value.text))
    return f'"{text}"' + (f"^^{value.type}" if value.type else "")


def _iri(iri: Iri) -> str:
    return _named(iri.text) if iri.short else f"<{iri.text}>"


@lru_cache(maxsize=4096)
def _named(text: str) -> str:
    prefix, _, name = text.partition(":")
    return text if _SHORT.fullmatch(text) else f"<{PREFIXES[prefix]}{name}>"
