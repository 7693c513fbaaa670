"""The tables of the property graph, derived from `kg.model.SHAPES` and the design's property table.

Both engines are declared, loaded and completed from here; this module knows neither.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from kg.model import ENTITY_LABELS, SHAPES, TEXT_RELATIONS, Relation

Type = Literal["string", "int", "float", "bool", "strings", "ints"]

_ENTITY: Mapping[str, Type] = {
    "id": "string",
    "name": "string",
    "aliases": "strings",
    "papers": "int",
    "first_year": "int",
    "last_year": "int",
}

NODES: Mapping[str, Mapping[str, Type]] = MappingProxyType(
    {
        "Paper": {
            "id": "string",
            "title": "string",
            "abstract": "string",
            "year": "int",
            "venue": "string",
            "url": "string",
            "authors": "strings",
            "sources": "strings",
            "ids": "strings",
        },
        "Method": _ENTITY,
        "Dataset": {**_ENTITY, "benchmark": "bool"},
        "Task": _ENTITY,
        "Author": {"id": "string", "name": "string"},
        "Result": {
            "id": "string",
            "metric": "string",
            "value": "float",
            "unit": "string",
            "kind": "string",
            "text": "string",
        },
    }
)
"""Properties of each node label, with their types; ``id`` is the key."""

_SUPPORT: Mapping[str, Type] = {
    "papers": "int",
    "mentions": "int",
    "score": "float",
    "first_year": "int",
    "last_year": "int",
    "evidence_papers": "strings",
    "evidence_fields": "strings",
    "evidence_starts": "ints",
    "evidence_ends": "ints",
    "evidence_sentences": "strings",
}

RELATIONSHIPS: Mapping[str, Mapping[str, Type]] = MappingProxyType(
    {relation.value: _SUPPORT if relation in TEXT_RELATIONS else {} for relation in Relation}
)
"""Properties of each relationship type."""

ENDS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {relation.value: pairs for relation, pairs in SHAPES.items()}
)
"""Node labels that each relationship type joins."""

PACKED: Mapping[str, Type] = MappingProxyType({n: kind for n, kind in _SUPPORT.items() if kind in ("strings", "ints")})
"""List properties of relationships, which the embedded engine keeps as one text (`kg.store.packed`)."""

ENTITIES = ENTITY_LABELS

PROPERTIES = tuple(sorted({name for table in (*NODES.values(), *RELATIONSHIPS.values()) for name in table}))
"""Every property name of the graph."""
