"""Write JSON-LD 1.1, one resource a line; `kg.export.rdf` says what is in it."""

import json
from pathlib import Path
from typing import Any

import networkx as nx

from kg.export.files import replacing, whole
from kg.export.rdf import PREFIXES, Iri, Literal, Resource, resources


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` to ``path`` as JSON-LD."""
    with replacing(path) as file:
        file.write(f'{{"@context": {json.dumps(PREFIXES)},\n"@graph": [')
        for number, resource in enumerate(resources(graph)):
            line = whole(json.dumps(_object(resource), ensure_ascii=False, allow_nan=False))
            file.write(("," if number else "") + "\n" + line)
        file.write("\n]}\n")


def _object(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {"@id": resource.iri.text}
    for name, value in resource.properties:
        if name == "rdf:type" and isinstance(value, Iri):
            found.setdefault("@type", []).append(value.text)
        else:
            found.setdefault(name, []).append(_value(value))
    return {name: values[0] if len(values) == 1 and name[0] != "@" else values for name, values in found.items()}


def _value(value: Iri | Literal) -> Any:
    if isinstance(value, Iri):
        return {"@id": value.text}
    if value.type in ("xsd:integer", "xsd:boolean"):
        return json.loads(value.text)
    return {"@value": value.text, "@type": value.type} if value.type else value.text
