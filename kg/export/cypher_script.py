"""Write load.cypher: the whole graph as Cypher statements, for those who may not connect to the server themselves.

``cypher-shell -f load.cypher`` runs it. It does what ``kg load`` does, in core Cypher with MERGE on ids, so that
running it again changes nothing. Nothing that the graph no longer has is removed.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from operator import itemgetter
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

from kg.export.files import replacing
from kg.export.flat import Graph, ends, sorted_edges, sorted_nodes
from kg.model import ENTITY_LABELS, SHAPES

_BATCH = 500
_SPOOL = 2**22
"""Characters of the rows of a table that stay in memory."""

K = TypeVar("K")


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` as the Cypher script ``path``."""
    with replacing(path) as file:
        for statement in statements(graph):
            file.write(f"{statement};\n")


def schema() -> list[str]:
    """Give the statements that declare keys and indexes: those of `kg.store.neo4j`, which this step does not know."""
    labels = sorted({label for pairs in SHAPES.values() for pair in pairs for label in pair})
    found = [
        f"CREATE CONSTRAINT kg_{label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
        for label in labels
    ]
    found += [
        f"CREATE INDEX kg_{label.lower()}_name IF NOT EXISTS FOR (n:{label}) ON (n.name)"
        for label in (*ENTITY_LABELS, "Author", "Entity")
    ]
    return [
        *found,
        "CREATE INDEX kg_paper_year IF NOT EXISTS FOR (n:Paper) ON (n.year)",
        "CREATE INDEX kg_dataset_benchmark IF NOT EXISTS FOR (n:Dataset) ON (n.benchmark)",
    ]


def statements(graph: Graph) -> Iterator[str]:
    """Give the statements in order: schema, nodes by label, relationships by type and ends."""
    yield from schema()
    with ExitStack() as opened:
        nodes: dict[tuple[str, bool], IO[str]] = {}
        for key, data in sorted_nodes(graph):
            properties = {**{n: v for n, v in data.items() if n != "label"}, "id": key}
            _keep(opened, nodes, (data["label"], bool(data.get("benchmark"))), literal(properties))
        for (label, benchmark), rows in sorted(nodes.items(), key=itemgetter(0)):
            more = ""
            if label in ENTITY_LABELS:
                more = " SET n:Entity" + (":Benchmark" if benchmark else "")
                more += " REMOVE n:Benchmark" if label == "Dataset" and not benchmark else ""
            for part in _parts(rows):
                yield f"UNWIND [\n{part}\n] AS row\nMERGE (n:{label} {{id: row.id}}) SET n = row{more}"
        edges: dict[tuple[str, str, str], IO[str]] = {}
        for a, b, relation, data in sorted_edges(graph):
            row = literal({"from": a, "to": b, "properties": data})
            _keep(opened, edges, (relation, *ends(graph, a, relation, b)), row)
        for (relation, start, end), rows in sorted(edges.items(), key=itemgetter(0)):
            for part in _parts(rows):
                yield (
                    f"UNWIND [\n{part}\n] AS row\nMATCH (a:{start} {{id: row.from}}) MATCH (b:{end} {{id: row.to}})\n"
                    f"MERGE (a)-[r:{relation}]->(b) SET r = row.properties"
                )


def _keep(opened: ExitStack, tables: dict[K, IO[str]], table: K, row: str) -> None:
    """Put a row, which is one line, with those of its table: in memory while they are few, then in temporary files."""
    if table not in tables:
        kept = SpooledTemporaryFile(  # noqa: SIM115 - the stack closes it
            _SPOOL, "w+", encoding="utf-8", errors="surrogatepass", newline=""
        )
        tables[table] = opened.enter_context(kept)
    tables[table].write(row + "\n")


def _parts(rows: IO[str]) -> Iterator[str]:
    rows.seek(0)
    lines = (line.removesuffix("\n") for line in rows)
    while part := list(islice(lines, _BATCH)):
        yield ",\n".join(part)


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
