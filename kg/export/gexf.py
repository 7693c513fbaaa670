"""Write GEXF 1.2 for Gephi. Years are plain attributes, not a timeline, so that a graph without years opens too.

Nothing in the file tells when or where it was made: the same graph gives the same bytes.
"""

from pathlib import Path
from typing import IO

from kg.export.files import replacing, xml
from kg.export.flat import Graph, Row, Table, edges, nodes, text

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.gexf.net/1.2draft http://www.gexf.net/1.2draft/gexf.xsd" version="1.2">
  <graph defaultedgetype="directed" mode="static">
"""
_TYPES = {"boolean": "boolean", "int": "integer", "long": "long", "double": "double", "string": "string"}


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as GEXF."""
    node_table, edge_table = nodes(graph), edges(graph)
    with replacing(path) as file:
        file.write(_HEAD)
        _declare(file, "node", node_table)
        _declare(file, "edge", edge_table)
        file.write("    <nodes>\n")
        for row in node_table.rows():
            label = xml(text(row.values["label"]))
            file.write(f'      <node id="{xml(row.id)}" label="{label}">{_values(row, node_table)}</node>\n')
        file.write("    </nodes>\n    <edges>\n")
        for row in edge_table.rows():
            ends = f'source="{xml(row.source)}" target="{xml(row.target)}"'
            shown = f'label="{xml(text(row.values["label"]))}" weight="{text(row.values["weight"])}"'
            file.write(f'      <edge id="{row.id}" {ends} {shown}>{_values(row, edge_table)}</edge>\n')
        file.write("    </edges>\n  </graph>\n</gexf>\n")


def _columns(table: Table) -> dict[str, str]:
    """Column -> its id in the file; label and weight are attributes of the element itself."""
    names = (name for name in table.columns if name not in ("label", "weight"))
    return {name: str(number) for number, name in enumerate(names)}


def _declare(file: IO[str], scope: str, table: Table) -> None:
    file.write(f'    <attributes class="{scope}" mode="static">\n')
    for name, number in _columns(table).items():
        file.write(f'      <attribute id="{number}" title="{xml(name)}" type="{_TYPES[table.columns[name]]}"/>\n')
    file.write("    </attributes>\n")


def _values(row: Row, table: Table) -> str:
    ids = _columns(table)
    values = "".join(
        f'<attvalue for="{ids[name]}" value="{xml(text(value))}"/>' for name, value in row.values.items() if name in ids
    )
    return f"<attvalues>{values}</attvalues>" if values else ""
