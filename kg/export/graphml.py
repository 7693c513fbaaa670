"""Write GraphML (Brandes et al. 2002) that Gephi, yEd, Cytoscape and networkx.read_graphml open.

Every property is a declared key of one type; `kg.export.flat` says how lists and missing values are written. Gephi
shows ``label`` at once; in yEd choose Edit > Properties Mapper, which takes it as the label text. Neo4j's APOC takes
node labels from the key ``labels`` and relationship types from the key ``label``, the first of an edge:
``CALL apoc.import.graphml("papers.graphml", {readLabels: true, storeNodeIds: true})``. Written as a stream rather than
with networkx, whose writer holds the document in memory and may give one column two types.
"""

from pathlib import Path

from kg.export.files import replacing, xml
from kg.export.flat import Graph, Row, Table, edges, nodes, text

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as GraphML."""
    node_table, edge_table = nodes(graph, labels=True), edges(graph)
    with replacing(path) as file:
        file.write(_HEAD)
        for scope, table in (("node", node_table), ("edge", edge_table)):
            for key, name in _keys(scope, table).items():
                kind = table.columns[name]
                file.write(f'  <key id="{key}" for="{scope}" attr.name="{xml(name)}" attr.type="{kind}"/>\n')
        file.write('  <graph id="G" edgedefault="directed">\n')
        data = _Data("node", node_table)
        file.writelines(f'    <node id="{xml(row.id)}">{data.of(row)}</node>\n' for row in node_table.rows())
        data = _Data("edge", edge_table)
        for row in edge_table.rows():
            ends = f'source="{xml(row.source)}" target="{xml(row.target)}"'
            file.write(f'    <edge id="{row.id}" {ends}>{data.of(row)}</edge>\n')
        file.write("  </graph>\n</graphml>\n")


def _keys(scope: str, table: Table) -> dict[str, str]:
    """Key id -> name of the column. APOC knows two keys by their ids, which no other key may have."""
    known = ("labels",) if scope == "node" else ("label",)
    return {name if name in known else f"{scope[0]}{number}": name for number, name in enumerate(table.columns)}


class _Data:
    """Writes the values of rows."""

    def __init__(self, scope: str, table: Table) -> None:
        self._tags = {name: f'<data key="{key}">' for key, name in _keys(scope, table).items()}

    def of(self, row: Row) -> str:
        """Give the elements of a row."""
        tags = self._tags
        return "".join(
            [
                f"{tags[name]}{xml(value) if isinstance(value, str) else text(value)}</data>"
                for name, value in row.values.items()
            ]
        )
