"""Write two CSV tables, NAME-nodes.csv and NAME-edges.csv, with the column names that Gephi's spreadsheet import knows.

UTF-8, RFC 4180 quoting, lists as JSON text, a missing value as an empty cell. Values are exact: a name that begins
with ``=``, ``+``, ``-`` or ``@`` stays as it is, and a spreadsheet may take it for a formula: import as text there.
"""

import csv
from pathlib import Path

from kg.export.files import replacing
from kg.export.flat import Graph, edges, nodes, text


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` beside ``path``: papers.csv gives papers-nodes.csv and papers-edges.csv."""
    table = nodes(graph)
    with replacing(path.with_name(f"{path.stem}-nodes.csv")) as file:
        out = csv.writer(file)
        out.writerow(["id", *table.columns])
        for row in table.rows():
            out.writerow([row.id, *(text(row.values.get(name, "")) for name in table.columns)])
    table = edges(graph)
    with replacing(path.with_name(f"{path.stem}-edges.csv")) as file:
        out = csv.writer(file)
        out.writerow(["id", "source", "target", *table.columns])
        for row in table.rows():
            values = (text(row.values.get(name, "")) for name in table.columns)
            out.writerow([row.id, row.source, row.target, *values])
