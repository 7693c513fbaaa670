"""Write load.cypher: the whole graph as Cypher statements, for those who may not connect to the server themselves.

``cypher-shell -f load.cypher`` runs it. It does what ``kg load`` does, in core Cypher with MERGE on ids, so that
running it again changes nothing. Nothing that the graph no longer has is removed.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from kg.export.files import replacing
from kg.export.flat import order, sorted_edges
from kg.model import ENTITY_LABELS, SHAPES

_BATCH = 500


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` as the Cypher script ``path``."""
    with replacing(path) as file:
        for statement in statements(graph):
            file.write(f"{statement};\n")


def schema() -> list[str]:
    """Give the statements that declare keys and indexes."""
    labels = sorted({label for pairs in SHAPES.values() for pair in pairs for label in pair})
    found = [
        f"CREATE CONSTRAINT kg_{label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
        for label in labels
    ]
    found += [
        f"CREATE INDEX kg_{label.lower()}_name IF NOT EXISTS FOR (n:{label}) ON (n.name)"
        for label in (*ENTITY_LABELS, "Author", "Entity")
    ]
    return [*found, "CREATE INDEX kg_paper_year IF NOT EXISTS FOR (n:Paper) ON (n.year)"]


def statements(graph: nx.MultiDiGraph) -> Iterator[str]:
    """Give the statements in order: schema, nodes by label, relationships by type and ends."""
    yield from schema()
    nodes: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for key in sorted(graph, key=order):
        data = graph.nodes[key]
        properties = {**{n: v for n, v in data.items() if n != "label"}, "id": key}
        nodes[data["label"], bool(data.get("benchmark"))].append(literal(properties))
    for (label, benchmark), rows in sorted(nodes.items()):
        more = ""
        if label in ENTITY_LABELS:
            more = " SET n:Entity" + (":Benchmark" if benchmark else "")
            more += " REMOVE n:Benchmark" if label == "Dataset" and not benchmark else ""
        for part in _parts(rows):
            yield f"UNWIND [\n{part}\n] AS row\nMERGE (n:{label} {{id: row.id}}) SET n = row{more}"
    edges: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for a, b, relation, data in sorted_edges(graph):
        ends = graph.nodes[a]["label"], graph.nodes[b]["label"]
        edges[relation, *ends].append(literal({"from": a, "to": b, "properties": data}))
    for (relation, start, end), rows in sorted(edges.items()):
        for part in _parts(rows):
            yield (
                f"UNWIND [\n{part}\n] AS row\nMATCH (a:{start} {{id: row.from}}) MATCH (b:{end} {{id: row.to}})\n"
                f"MERGE (a)-[r:{relation}]->(b) SET r = row.properties"
            )


def _parts(rows: list[str]) -> Iterator[str]:
    for start in range(0, len(rows), _BATCH):
        yield ",\n".join(rows[start : start + _BATCH])


def literal(value: Any) -> str:
    """Give a value as a Cypher literal; what has no value in a map is left out.

    >>> print(literal({"name": "it's", "year": None, "n": [1, 2.5, True]}))
    {`n`: [1, 2.5, true], `name`: "it's"}
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are Cypher's, but for the slash; beyond ASCII everything stays as it is.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        kept = (f"{_name(name)}: {literal(item)}" for name, item in sorted(value.items()) if item is not None)
        return "{" + ", ".join(kept) + "}"
    return "[" + ", ".join(map(literal, value)) + "]"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
