"""Describe a graph in RDF, resource by resource, for the Turtle and JSON-LD writers.

========================  ==========================================================================================
node                      described as
========================  ==========================================================================================
Paper                     schema:ScholarlyArticle: schema:name, abstract, datePublished, url, author (and its order in
                          schema:creditText), kg:venue, dcterms:source
Method, Dataset, Task     skos:Concept and kg:Method, ...: skos:prefLabel, altLabel, inScheme, kg:paperCount, firstYear,
                          lastYear; a Dataset is a schema:Dataset too, a benchmark a kg:Benchmark
Author                    schema:Person
Result                    schema:Observation: schema:variableMeasured (the metric), value, unitText, description
========================  ==========================================================================================

Every relation is a property in camel case, EVALUATED_ON kg:evaluatedOn; beside it what others know: schema:about for
kg:addresses, schema:mentions for the other roles, skos:broader for kg:variantOf, schema:author the other way for
kg:wrote. Every node has its id as dcterms:identifier, and a property that has no term here is kg:NAME.

A relation with support is an rdf:Statement as well (RDF reification), with kg:paperCount, mentionCount, score,
firstYear and lastYear. Each sentence behind it is an oa:Annotation (W3C Web Annotation): its body is that statement,
its target selects the place in the paper by position (oa:start, oa:end in Unicode code points of kg:field) and by
quote (oa:exact).

There are no blank nodes, so that the same graph has the same triples. This module writes nothing.
"""

import hashlib
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

import networkx as nx

from kg.export.flat import listed, order, plain
from kg.model import ENTITY_LABELS, ROLE_RELATIONS, Relation

PREFIXES: Mapping[str, str] = {
    "dcterms": "http://purl.org/dc/terms/",
    "kg": "urn:papergraph:terms:",
    "oa": "http://www.w3.org/ns/oa#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class Iri:
    """A resource: a whole IRI, or one in short such as ``skos:Concept``."""

    text: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written, and its type in short; an empty type is a plain text."""

    text: str
    type: str = ""


Property = tuple[str, Iri | Literal]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource and what is said of it, as (property in short, value), in order."""

    iri: Iri
    properties: Sequence[Property]


_EVIDENCE = ("evidence_papers", "evidence_fields", "evidence_starts", "evidence_ends", "evidence_sentences")
_YEARS = frozenset({"year", "first_year", "last_year"})
_TERMS: Mapping[str, Mapping[str, str]] = {
    "Paper": {
        "title": "schema:name",
        "abstract": "schema:abstract",
        "year": "schema:datePublished",
        "url": "schema:url",
        "sources": "dcterms:source",
        "ids": "schema:identifier",
    },
    "Author": {"name": "schema:name"},
    "Result": {
        "metric": "schema:variableMeasured",
        "value": "schema:value",
        "unit": "schema:unitText",
        "text": "schema:description",
    },
    **{
        label: {"name": "skos:prefLabel", "aliases": "skos:altLabel", "papers": "kg:paperCount"}
        for label in ENTITY_LABELS
    },
    "": {"papers": "kg:paperCount", "mentions": "kg:mentionCount"},
}
_TYPES: Mapping[str, tuple[str, ...]] = {
    "Paper": ("schema:ScholarlyArticle",),
    "Author": ("schema:Person",),
    "Result": ("schema:Observation",),
    "Method": ("skos:Concept", "kg:Method"),
    "Dataset": ("skos:Concept", "kg:Dataset", "schema:Dataset"),
    "Task": ("skos:Concept", "kg:Task"),
}
_ALSO = {
    **dict.fromkeys(ROLE_RELATIONS, "schema:mentions"),
    Relation.ADDRESSES: "schema:about",
    Relation.VARIANT_OF: "skos:broader",
}


def resources(graph: nx.MultiDiGraph) -> Iterator[Resource]:
    """Describe the schemes, then each node with its relations, and behind it what stands behind these."""
    for kind in sorted(ENTITY_LABELS):
        yield Resource(_scheme(kind), (_a("skos:ConceptScheme"), ("skos:prefLabel", Literal(f"{kind}s"))))
    for key in sorted(graph, key=order):
        yield Resource(node_iri(key), tuple(dict.fromkeys(_node(graph, key))))
        for target in sorted(graph.succ[key], key=order):
            for relation in sorted(graph.succ[key][target], key=order):
                yield from _statement(key, str(relation), target, graph.succ[key][target][relation])


def node_iri(key: Hashable) -> Iri:
    """Give the IRI of a node.

    >>> node_iri("dataset:big π").text
    'urn:papergraph:node:dataset:big%20%CF%80'
    """
    return Iri("urn:papergraph:node:" + quote(str(key), safe=":-._~", errors="replace"))


def _node(graph: nx.MultiDiGraph, key: Hashable) -> Iterator[Property]:
    properties = graph.nodes[key]
    label = str(properties.get("label") or "")
    for kind in _TYPES.get(label, ()):
        yield _a(kind)
    if properties.get("benchmark") is True:
        yield _a("kg:Benchmark")
    yield "dcterms:identifier", Literal(str(key))
    if label in ENTITY_LABELS:
        yield "skos:inScheme", _scheme(label)
    for name in sorted(properties, key=str):
        yield from _values(label, str(name), properties[name])
    for author in sorted({a for a, _, r in graph.in_edges(key, keys=True) if r == Relation.WROTE}, key=order):
        yield "schema:author", node_iri(author)
    for _, target, relation in sorted(graph.out_edges(key, keys=True), key=lambda edge: (str(edge[2]), order(edge[1]))):
        yield _term(str(relation)), node_iri(target)
        if str(relation) in _ALSO:
            yield _ALSO[Relation(str(relation))], node_iri(target)


def _values(label: str, name: str, value: Any) -> Iterator[Property]:
    if name in ("label", "id") or (label == "Dataset" and name == "benchmark"):
        return
    if label == "Paper" and name == "authors":
        if value:
            yield "schema:creditText", Literal("; ".join(map(str, value)))
        return
    term = _TERMS.get(label, {}).get(name) or _own(name)
    values = listed(value)
    for one in [plain(value)] if values is None else values:
        if one is None:
            continue
        if term == "schema:url" and (address := _address(str(one))):
            yield term, address
            continue
        yield term, _literal(one, year=name in _YEARS)
        if term == "skos:prefLabel" and label == "Dataset":
            yield "schema:name", _literal(one)


def _statement(source: Hashable, relation: str, target: Hashable, said: Mapping[str, Any]) -> Iterator[Resource]:
    if not said:
        return
    name = hashlib.sha256(f"{source}\n{relation}\n{target}".encode("utf-8", "replace")).hexdigest()[:24]
    statement = Iri(f"urn:papergraph:statement:{name}")
    properties: list[Property] = [
        _a("rdf:Statement"),
        ("rdf:subject", node_iri(source)),
        ("rdf:predicate", Iri(_term(relation), short=True)),
        ("rdf:object", node_iri(target)),
    ]
    for key in sorted(said, key=str):
        if key not in _EVIDENCE:
            properties += _values("", str(key), said[key])
    yield Resource(statement, properties)
    rows = zip_longest(*(said.get(key) or () for key in _EVIDENCE))
    for number, (paper, field, start, end, sentence) in enumerate(rows):
        annotation = f"urn:papergraph:annotation:{name}:{number}"
        target_iri, selector = Iri(f"{annotation}:target"), Iri(f"{annotation}:selector")
        yield Resource(Iri(annotation), (_a("oa:Annotation"), ("oa:hasBody", statement), ("oa:hasTarget", target_iri)))
        place: list[Property] = [_a("oa:SpecificResource"), ("oa:hasSelector", selector)]
        if paper is not None:
            place.append(("oa:hasSource", node_iri(paper)))
        yield Resource(target_iri, [*place, *_said("kg:field", field)])
        found = [*_said("oa:start", start), *_said("oa:end", end), *_said("oa:exact", sentence)]
        yield Resource(selector, [_a("oa:TextPositionSelector"), _a("oa:TextQuoteSelector"), *found])


def _said(term: str, value: Any) -> Iterable[Property]:
    one = plain(value)
    return [] if one is None else [(term, _literal(one))]


def _literal(value: Any, *, year: bool = False) -> Literal:
    if isinstance(value, bool):
        return Literal(str(value).lower(), "xsd:boolean")
    if isinstance(value, int):
        return Literal(f"{value:04d}", "xsd:gYear") if year and value >= 0 else Literal(str(value), "xsd:integer")
    if isinstance(value, float) and math.isfinite(value):
        return Literal(repr(value), "xsd:double")
    return Literal(str(value))


def _address(url: str) -> Iri | None:
    """Take an address as a resource where it is one; anything else stays a text."""
    if not url.lower().startswith(("http://", "https://")):
        return None
    return Iri(quote(url, safe="%/:=&?~#+!$,;'@()*[]-._", errors="replace"))


def _scheme(label: str) -> Iri:
    return Iri(f"urn:papergraph:scheme:{label.lower()}s")


def _a(kind: str) -> Property:
    return "rdf:type", Iri(kind, short=True)


@lru_cache(maxsize=4096)
def _term(relation: str) -> str:
    first, *rest = relation.lower().split("_")
    return _own(first + "".join(word.capitalize() for word in rest))


@lru_cache(maxsize=4096)
def _own(name: str) -> str:
    """Name a property of ours: ``first_year`` is kg:firstYear; what is no letter or digit is percent-encoded."""
    first, *rest = name.split("_")
    return "kg:" + quote(first + "".join(word[:1].upper() + word[1:] for word in rest), safe="", errors="replace")
