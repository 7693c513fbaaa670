"""Write two Parquet tables, NAME-nodes.parquet and NAME-edges.parquet, for pandas, Polars, DuckDB and Spark.

A column has one type and lists stay lists. What has no value (None, an empty text) is null. The columns are those of
the CSV tables: a node's ``label`` is its name, its ``type`` the label in the graph; an edge's ``label`` its relation.
Written in batches of rows, so that the table is never in memory whole.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kg.export.files import replacing_bytes, whole
from kg.export.flat import Graph, Row, Table, edges, nodes

_BATCH = 8192


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` beside ``path``: papers.parquet gives papers-nodes.parquet and papers-edges.parquet."""
    _write(path.with_name(f"{path.stem}-nodes.parquet"), nodes(graph, lists=True), ("id",))
    _write(path.with_name(f"{path.stem}-edges.parquet"), edges(graph, lists=True), ("id", "source", "target"))


def _write(path: Path, table: Table, own: Sequence[str]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {
        "boolean": pa.bool_(),
        "int": pa.int64(),
        "long": pa.int64(),
        "double": pa.float64(),
        "string": pa.string(),
    }
    fields = [pa.field(name, pa.string(), nullable=False) for name in own]
    for name, kind in table.columns.items():
        one = types[kind.removesuffix("[]")]
        fields.append(pa.field(name, pa.list_(one) if kind.endswith("[]") else one))
    schema = pa.schema(fields)
    with replacing_bytes(path) as file, parquet.ParquetWriter(file, schema, compression="zstd") as out:
        rows = table.rows()
        while batch := list(islice(rows, _BATCH)):
            out.write_table(pa.Table.from_pylist([_record(row, own) for row in batch], schema=schema))


def _record(row: Row, own: Sequence[str]) -> dict[str, Any]:
    ends = {name: whole(getattr(row, name)) for name in own}
    return ends | {name: _clean(value) for name, value in row.values.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    return [_clean(item) for item in value] if isinstance(value, list) else value
