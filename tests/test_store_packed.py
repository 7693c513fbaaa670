"""Lists kept as texts come back as they were, by the functions and by the macros in the database."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg.errors import StoreError
from kg.store.embedded import EmbeddedStore, write
from kg.store.packed import COLUMNS, pack, unpacked
from kg.store.schema import PACKED

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1d\x1e\x1f"), max_size=8)
LISTS = st.fixed_dictionaries(
    {
        name: st.none() | st.lists(TEXT if kind == "strings" else st.integers(-9, 9), max_size=3)
        for name, kind in PACKED.items()
    }
)


def arrow(lists: list[list[Any] | None], kind: str) -> pa.ListArray:
    return pa.array(lists, pa.list_(pa.string() if kind == "strings" else pa.int64()))


def packed(rows: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    columns = {
        column: pack([arrow([row[name] for row in rows], PACKED[name]) for name in names]).to_pylist()
        for column, names in COLUMNS.items()
    }
    return [
        {"papers": 1, **{column: texts[n] for column, texts in columns.items() if texts[n] is not None}}
        for n in range(len(rows))
    ]


@given(st.lists(LISTS, max_size=4))
@example([dict.fromkeys(PACKED)])
@example([{name: [] for name in PACKED}])
def test_what_is_packed_is_unpacked(rows: list[dict[str, Any]]) -> None:
    assert [unpacked(row) for row in packed(rows)] == [
        {"papers": 1, **{name: value for name, value in row.items() if value is not None}} for row in rows
    ]


@given(st.lists(st.lists(st.text("a\x1d\x1e\x1f", max_size=4), max_size=2), min_size=1, max_size=4))
def test_a_separator_in_a_text_becomes_a_space(rows: list[list[str]]) -> None:
    texts = pack([arrow(list(rows), "strings")]).to_pylist()
    found = [unpacked({"evidence_sentences": text})["evidence_sentences"] for text in texts]
    assert not {"\x1e", "\x1f"} & set("".join(item for row in found for item in row))
    space = dict.fromkeys(range(0x1D, 0x20), " ")
    assert [[item.translate(space) for item in row] for row in found] == [
        [item.translate(space) for item in row] for row in rows
    ]


def test_a_map_that_has_these_keys_is_left_alone() -> None:
    assert unpacked({"evidence": "it is said", "n": 1}) == {"evidence": "it is said", "n": 1}


def graph(**evidence: Any) -> nx.MultiDiGraph:
    made = nx.MultiDiGraph()
    made.add_node("method:a", label="Method", name="A")
    made.add_node("dataset:b", label="Dataset", name="B")
    made.add_edge("method:a", "dataset:b", key="EVALUATED_ON", **evidence)
    return made


@pytest.mark.parametrize(
    "evidence",
    [
        dict.fromkeys(PACKED),
        {name: [] for name in PACKED},
        {**dict.fromkeys(PACKED), "evidence_ends": [-1, 2]},
        {**{name: ["", "x\ny", ""] for name in PACKED}, "evidence_starts": [7], "evidence_ends": None},
        {"evidence_papers": [""], "evidence_fields": ["t"], "evidence_starts": [], "evidence_sentences": ["'"]},
    ],
)
def test_a_query_finds_each_list(tmp_path: Path, evidence: dict[str, Any]) -> None:
    write(graph(**evidence), tmp_path / "graph.lbug")
    asked = ", ".join(f"r.{name} AS {name}" for name in PACKED)
    with EmbeddedStore(tmp_path / "graph.lbug") as store:
        assert store.query(f"MATCH ()-[r]->() RETURN {asked}").dicts() == [{**dict.fromkeys(PACKED), **evidence}]
        kept = {name: value for name, value in evidence.items() if value is not None}
        assert store.query("MATCH ()-[r]->() RETURN r").rows[0][0].items() >= kept.items()


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"evidence_starts": ["1"]}, "evidence_starts is not of type ints: it holds str"),
        ({"evidence_papers": [1]}, "evidence_papers is not of type strings: it holds int"),
        ({"evidence_papers": "p"}, "evidence_papers is not of type strings: it holds str"),
        ({"papers": "many"}, "papers is not of type int"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(tmp_path: Path, evidence: dict[str, Any], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        write(graph(**evidence), tmp_path / "graph.lbug")
    assert not list(tmp_path.iterdir())
