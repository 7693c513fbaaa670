"""Many typical Neo4j reads on both engines: the same rows, or an embedded engine that says what is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.errors import QueryError
from kg.store.base import Rows, Store
from kg.store.embedded import EmbeddedStore, write
from kg.store.neo4j import Neo4jStore, Server, load
from kg.store.tokens import tokenise
from tests.graphs import small_graph
from tests.neo4j_server import clear

pytest_plugins = ["tests.neo4j_fixture"]

BATTERY = Path(__file__).parent / "data" / "battery.cypher"
PARAMETERS = {"name": "ResNet", "names": ["ResNet", "GateNet", "nobody"]}


def reads() -> list[tuple[str, str]]:
    """The queries, each with its mark: "", "refused" or "differs"."""
    found = []
    for line in BATTERY.read_text("utf-8").splitlines():
        if line and not line.startswith("//"):
            query, _, mark = line.rpartition(";")
            found.append((query, mark.strip().removeprefix("//").strip()))
    return found


@pytest.fixture(scope="module")
def both(neo4j_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    path = tmp_path_factory.mktemp("battery") / "graph.lbug"
    write(small_graph(), path)
    clear(neo4j_server)
    load(small_graph(), neo4j_server)
    with EmbeddedStore(path) as embedded, Neo4jStore(neo4j_server) as server:
        yield embedded, server


def parameters(query: str) -> dict[str, object]:
    return {name: value for name, value in PARAMETERS.items() if f"${name}" in [t.text for t in tokenise(query)]}


def comparable(rows: Rows, query: str) -> tuple[tuple[str, ...], list[str]]:
    """Rows in their order where the query gives one; floats to twelve digits."""
    shown = [repr([_rounded(value) for value in row]) for row in rows]
    return rows.columns, shown if "ORDER BY" in query.upper() else sorted(shown)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(value[key]) for key in sorted(value)}
    return value


def test_the_battery_is_large_and_mostly_shared() -> None:
    marks = [mark for _, mark in reads()]
    assert len(marks) >= 80
    assert set(marks) <= {"", "refused", "differs"}
    assert marks.count("") >= 0.85 * len(marks)
    assert marks.count("differs") <= 2


@pytest.mark.parametrize(("query", "mark"), reads())
def test_both_engines_agree_or_the_embedded_one_explains(both: tuple[Store, Store], query: str, mark: str) -> None:
    embedded, server = both
    expected = comparable(server.query(query, parameters(query)), query)
    if mark == "refused":
        with pytest.raises(QueryError) as caught:
            embedded.query(query, parameters(query))
        assert "\n" not in str(caught.value)
        assert "or run with --neo4j" in str(caught.value) or "there is no property" in str(caught.value)
        return
    found = comparable(embedded.query(query, parameters(query)), query)
    assert (found == expected) is (mark == "")
