"""The query library: every query is described, checks what it is given, and answers on the embedded engine."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import queries
from kg.answers import metrics
from kg.errors import QueryError
from kg.store import names
from kg.store.embedded import EmbeddedStore, write
from tests.answers_corpus import graph_of, paper
from tests.graphs import VALUES, small_graph

FOLDER = Path(queries.__file__).parent


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    path = tmp_path_factory.mktemp("queries") / "graph.lbug"
    write(small_graph(), path)
    with EmbeddedStore(path) as opened:
        yield opened


def test_there_are_at_least_twenty_five() -> None:
    assert len(queries.names()) >= 25
    assert queries.names() == sorted(path.stem for path in FOLDER.glob("*.cypher"))


@pytest.mark.parametrize("name", queries.names())
def test_a_query_says_what_it_answers_and_takes(name: str) -> None:
    query = queries.get(name)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert query.summary.endswith(".")
    assert len(query.summary) <= 120
    assert {p.name for p in query.parameters} == set(re.findall(r"\$(\w+)", query.text))
    assert query.example.startswith(f"kg query GRAPH {name}")
    for parameter in query.parameters:
        assert queries.get(name).values({p.name: p.example for p in query.parameters})[parameter.name] is not None


@pytest.mark.parametrize("name", queries.names())
def test_a_query_has_an_answer(store: EmbeddedStore, name: str) -> None:
    rows = queries.run(store, name, VALUES[name])
    assert len(rows)
    assert all(re.fullmatch(r"\w+", column) for column in rows.columns)


def test_every_query_has_values_to_test_it_with() -> None:
    assert set(VALUES) == set(queries.names())


def test_values_are_matched_kindly(store: EmbeddedStore) -> None:
    exact = queries.run(store, "methods-on-dataset", {"dataset": "CIFAR-10"})
    assert exact.columns == ("method", "papers", "mentions", "first_year", "last_year")
    assert exact.rows[0] == ("WidgetNet", 2, 2, 2018, 2022)
    for typed in ("cifar10", "CIFAR 10", " cifar_10 ", "dataset:cifar-10"):
        assert queries.run(store, "methods_on_dataset", {"dataset": typed, "limit": "20"}) == exact
    with pytest.raises(QueryError, match="no dataset 'cifar11' in this graph; nearest: CIFAR"):
        queries.run(store, "methods-on-dataset", {"dataset": "cifar11"})


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("methods-on-datasets", {}, "no query named 'methods-on-datasets'; nearest: methods-on-dataset"),
        ("qqqq", {}, "kg queries lists them"),
        (
            "methods-on-dataset",
            {},
            r"needs dataset; for example: kg query GRAPH methods-on-dataset -p dataset=CIFAR-10",
        ),
        ("methods-on-dataset", {"datset": "x"}, "no parameter datset; did you mean dataset"),
        ("methods-on-dataset", {"zzzz": "x"}, "no parameter zzzz; it takes: dataset, limit"),
        ("methods-on-dataset", {"dataset": "CIFAR-10", "limit": "ten"}, "limit is a whole number, not 'ten'"),
        ("methods-on-dataset", {"dataset": 3}, "dataset is text, not '3'"),
        ("methods-on-dataset", {"dataset": "CIFAR-10", "limit": True}, "limit is a whole number"),
        ("statistics", {"x": "1"}, "it takes: nothing"),
    ],
)
def test_what_is_wrong_gets_one_line(store: EmbeddedStore, name: str, given: dict[str, Any], expected: str) -> None:
    with pytest.raises(QueryError, match=expected) as caught:
        queries.run(store, name, given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("int", " 7 ", 7), ("int", 7, 7), ("float", "1e3", 1000.0), ("float", 2, 2.0), ("bool", "Yes", True)],
)
def test_values_are_converted_by_type(kind: str, text: Any, value: Any) -> None:
    query = queries.parse("x", f"// Says x.\n// param a: {kind} = 0\nRETURN $a AS a")
    converted = query.values({"a": text})["a"]
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RETURN 1", "x.cypher:1"),
        ("// Says.\n// param a\nRETURN $a", "x.cypher:2: write // param"),
        ("// Says.\n// param a: thing = 1\nRETURN $a", "x.cypher:2: write // param"),
        ("// Says.\n// param a: int = one\nRETURN $a", "x.cypher:2: one is not a JSON value"),
    ],
)
def test_a_head_that_is_not_as_it_should_be_is_told_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(QueryError, match=expected):
        queries.parse("x", text)


def test_names_are_found_in_a_graph_and_in_a_store_alike(store: EmbeddedStore) -> None:
    for source in (small_graph(), store):
        assert names.find(source, "cifar10") == "CIFAR-10"
        assert names.find(source, "residual NETWORK", "Method") == "ResNet"
        assert names.find(source, "resnet50", "Entity") == "ResNet-50"
        assert names.find(source, "شبكة") == "شبكة"
        assert names.find(source, "ada lovely", "Author") == "Ada Lovely"
        assert names.find_named(source, "gates THAT skip").id == "gates-that-skip"
        assert names.find_named(source, "glue", "Dataset").label == "Dataset"
        with pytest.raises(QueryError, match="no method 'cifar10'"):
            names.find(source, "cifar10", "Method")
        with pytest.raises(QueryError, match="nearest: ResNet"):
            names.find(source, "rsnet")
        with pytest.raises(QueryError, match="none like it"):
            names.find(source, "\N{PILE OF POO}" * 500)
        with pytest.raises(QueryError, match="no names of kind Nope"):
            names.find(source, "x", "Nope")
        assert names.suggest(source, "widget net")[0] == "WidgetNet"


def test_an_exact_name_wins_over_a_folded_one_and_more_papers_over_fewer() -> None:
    import networkx as nx

    graph = nx.MultiDiGraph()
    for key, name, papers in (("method:a-b", "A-B", 1), ("method:ab", "AB", 2), ("method:a.b", "a b", 9)):
        graph.add_node(key, label="Method", id=key, name=name, aliases=[], papers=papers)
    assert [names.find(graph, text) for text in ("A-B", "AB", "a_b", "ab")] == ["A-B", "AB", "a b", "AB"]


@pytest.mark.parametrize("name", ["leaderboard", "who-beats-whom"])
def test_queries_know_the_direction_of_the_metrics_in_the_table(store: EmbeddedStore, name: str) -> None:
    [pattern] = re.findall(r"=~ ('[^']*')", queries.get(name).text)
    lower = {False: 0, True: 0}
    for metric in metrics().values():
        for form in (metric.name, *metric.aliases):
            [[less]] = store.query(f"RETURN toLower($form) =~ {pattern} AS less", {"form": form})
            assert less is (metric.direction == "down"), form
            lower[less] += 1
    assert min(lower.values()) > 80
    for form in ("answer accuracy", "power", "lossless rate", "sometimes right"):
        [[less]] = store.query(f"RETURN toLower($form) =~ {pattern} AS less", {"form": form})
        assert less is False, form


def test_errors_are_ranked_upwards_and_only_two_papers_disagree(tmp_path: Path) -> None:
    corpus = [
        paper("One", results=[("m:ResNet", "d:CIFAR-10", "error", "5.1%"), ("m:ResNet", "d:CIFAR-10", "error", "4%")]),
        paper("Two", results=[("m:ResNet", "d:CIFAR-10", "Error", "9%"), ("m:GRU", "d:CIFAR-10", "accuracy", "91%")]),
        paper("Three", results=[("m:GRU", "d:CIFAR-10", "accuracy", "91%"), ("m:GRU", "d:SQuAD", "F1", "70%")]),
        paper("Four", results=[("m:BERT", "d:SQuAD", "F1", "70%"), ("m:BERT", "d:SQuAD", "F1", "80%")]),
    ]
    write(graph_of(*corpus), tmp_path / "graph.lbug")
    with EmbeddedStore(tmp_path / "graph.lbug") as opened:
        rows = queries.run(opened, "leaderboard", {"dataset": "CIFAR-10", "metric": "error"})
        assert [row[1] for row in rows if row[0] == "error"] == [4.0, 5.1]
        rows = queries.run(opened, "leaderboard", {"dataset": "SQuAD"})
        assert [row[1] for row in rows] == [80.0, 70.0, 70.0]
        rows = queries.run(opened, "disagreements")
        assert [(row[0], row[4], row[5], row[6], row[7]) for row in rows] == [
            ("ResNet", 4.0, "One", 9.0, "Two"),
            ("ResNet", 5.1, "One", 9.0, "Two"),
        ]
