"""Write a graph to a file that other programs read; the suffix of the file chooses the format.

Each format is one module with one function ``write(graph, path)``, named in `FORMATS` and imported when used. The
files are byte-identical for the same graph, whatever order it was built in, and appear whole or not at all. The
caller's graph is never changed. Reading files back is left to the programs they are for.

A graph may also be given piece by piece (`kg.model.Stream`); most formats are written so that it is never in
memory whole. Those that walk from node to node as they write gather it first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

import networkx as nx

from kg.errors import ExportError
from kg.export.flat import Graph, gathered

Writer = Callable[[Graph, Path], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the name for ``--format``, the endings of file names that mean it, the module that writes it."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    summary: str
    whole: bool = False
    """Whether the graph has to be in memory."""


FORMATS: tuple[Format, ...] = (
    Format("graphml", (".graphml",), "kg.export.graphml", "GraphML for Gephi, yEd, Cytoscape, igraph, networkx, APOC"),
    Format("gexf", (".gexf",), "kg.export.gexf", "GEXF for Gephi"),
    Format("cx2", (".cx2",), "kg.export.cx2", "CX2 for Cytoscape and NDEx"),
    Format("dot", (".dot", ".gv"), "kg.export.dot", "DOT for Graphviz"),
    Format(
        "evaluation-tables",
        (".pwc.json", "evaluation-tables.json"),
        "kg.export.evaluation_tables",
        "results as leaderboards in the JSON of Papers with Code",
        whole=True,
    ),
    Format("json", (".json",), "kg.export.node_link", "node-link JSON for networkx.node_link_graph and D3"),
    Format(
        "csv", (".csv",), "kg.export.tables", "two tables, NAME-nodes.csv and NAME-edges.csv, for spreadsheets, Gephi"
    ),
    Format("parquet", (".parquet",), "kg.export.parquet", "the same two tables for pandas, Polars, DuckDB, Spark"),
    Format(
        "turtle",
        (".ttl",),
        "kg.export.turtle",
        "RDF in schema.org and SKOS terms, with evidence as annotations",
        whole=True,
    ),
    Format("json-ld", (".jsonld",), "kg.export.json_ld", "the same RDF as JSON-LD", whole=True),
    Format("bibtex", (".bib",), "kg.export.bibtex", "the papers, for LaTeX, Zotero, JabRef"),
    Format("obsidian", (".vault",), "kg.export.obsidian", "a folder of linked Markdown notes for Obsidian", whole=True),
    Format("cypher", (".cypher",), "kg.export.cypher_script", "a Cypher script that loads the graph into Neo4j 5"),
    Format("neo4j-admin", (), "kg.export.neo4j_admin", "a folder for `neo4j-admin database import`, with its command"),
)
"""The formats known, in the order in which they are listed to the user. A new one is a module and a line here."""


def export(graph: Graph, path: Path, *, format: str | None = None) -> None:  # noqa: A002
    """Write ``graph`` to ``path`` in the format its suffix names, or in ``format``.

    Raises `ExportError` where the format is unknown or the file cannot be written.
    """
    path = Path(path)
    chosen = _named(format) if format is not None else _by_suffix(path)
    write = cast(Writer, import_module(chosen.module).write)
    if chosen.whole and not isinstance(graph, nx.MultiDiGraph):
        graph = gathered(graph)
    try:
        write(graph, path)
    except OSError as error:
        raise ExportError(f"{path}: cannot write: {error.strerror or error}") from error


def _named(name: str) -> Format:
    for known in FORMATS:
        if known.name == name:
            return known
    raise ExportError(f"unknown export format {name!r}; use one of {', '.join(f.name for f in FORMATS)}")


def _by_suffix(path: Path) -> Format:
    for known in FORMATS:
        if path.name.casefold().endswith(known.suffixes) or (not path.suffix and path.name == known.name):
            return known
    endings = ", ".join([*(suffix for f in FORMATS for suffix in f.suffixes if suffix[0] == "."), "neo4j-admin/"])
    raise ExportError(f"{path}: cannot tell the export format; end the name in one of {endings}, or name a format")
