"""One behaviour for both engines: the same graph in both gives the same rows, whatever its names and texts are."""

import string
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import queries
from kg.store.base import Store
from kg.store.embedded import EmbeddedStore, write
from kg.store.neo4j import Neo4jStore, Server, load
from kg.store.schema import ENDS, ENTITIES, NODES, RELATIONSHIPS
from tests.graphs import VALUES, small_graph
from tests.neo4j_server import clear

pytest_plugins = ["tests.neo4j_fixture"]


@pytest.fixture(scope="module")
def both(neo4j_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    graph = small_graph()
    path = tmp_path_factory.mktemp("both") / "graph.lbug"
    write(graph, path)
    clear(neo4j_server)
    load(graph, neo4j_server)
    with EmbeddedStore(path) as embedded, Neo4jStore(neo4j_server) as server:
        yield embedded, server


@pytest.mark.parametrize("name", queries.names())
def test_every_named_query_gives_the_same_rows(both: tuple[Store, Store], name: str) -> None:
    answers = [queries.run(store, name, VALUES[name]) for store in both]
    assert answers[0] == answers[1]
    assert len(answers[0])


ODD = st.one_of(
    st.sampled_from(
        [
            "a'b",
            'a"b',
            "a`b",
            "``",
            "a\\b",
            "\\'",
            "\\u0041",
            "$name",
            "{a: 1}",
            "// x",
            "/* x",
            "😀",
            "👩\u200d👩\u200d👧",
            "שלום",
            "شبكة",
            "\u202eabc",
            "e\u0301",
            "ﬁ",
            "null",
            "NULL",
            "\n",
            "a\tb",
            "\uffff",
            "\U0010ffff",
            "-1",
            "1.0",
            "x" * 3000,
            "é" * 2000,
            "",
            " ",
            "[a,b]",
            "a,b",
            ";",
        ]
    ),
    # No text of a paper has a control character; those that kg.store.packed uses would come out as spaces.
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x1d\x1e\x1f"), max_size=30),
    st.text(string.ascii_letters + string.punctuation, max_size=12),
)
LONG = st.builds(lambda text, times: text * times, ODD, st.sampled_from([1, 1, 1, 40]))
YEAR = st.none() | st.integers(1900, 2100)
VALUE = {
    "string": LONG,
    "int": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "strings": st.lists(ODD, max_size=4),
    "ints": st.lists(st.integers(-(2**40), 2**40), max_size=4),
}


@st.composite
def graphs(draw: st.DrawFn) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    ids = draw(st.lists(ODD.filter(bool), min_size=2, max_size=10, unique=True))
    for key in ids:
        label = draw(st.sampled_from(sorted(NODES)))
        properties: dict[str, Any] = {name: draw(VALUE[kind]) for name, kind in NODES[label].items() if name != "id"}
        properties |= {name: draw(YEAR) for name in properties if name.endswith("year")}
        if "name" in properties:
            properties["name"] = draw(ODD)
        if "papers" in properties:
            properties["papers"] = draw(st.integers(1, 50))
        graph.add_node(key, label=label, id=key, **properties)
    allowed = sorted(
        (a, b, relation)
        for relation, pairs in ENDS.items()
        for a in ids
        for b in ids
        # No link joins a thing to itself; the engines count such a loop differently without a direction.
        if a != b and (graph.nodes[a]["label"], graph.nodes[b]["label"]) in pairs
    )
    if allowed:
        for a, b, relation in draw(st.lists(st.sampled_from(allowed), max_size=12, unique=True)):
            graph.add_edge(a, b, key=relation, **{n: draw(VALUE[k]) for n, k in RELATIONSHIPS[relation].items()})
    return graph


def plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None and name != "label"}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(graph=graphs(), data=st.data())
def test_any_graph_is_the_same_in_both(neo4j_server: Server, graph: nx.MultiDiGraph, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "graph.lbug"
        write(graph, path)
        clear(neo4j_server)
        load(graph, neo4j_server)
        with EmbeddedStore(path) as embedded, Neo4jStore(neo4j_server) as server:
            for store in (embedded, server):
                nodes = {node["id"]: node for (node,) in store.query("MATCH (n) RETURN n")}
                assert nodes == {key: {"_label": d["label"], **plain(d)} for key, d in graph.nodes(data=True)}
                edges = {(r["_from"], r["_to"], r["_type"]): r for (r,) in store.query("MATCH ()-[r]->() RETURN r")}
                assert edges == {
                    (a, b, key): {"_type": key, "_from": a, "_to": b, **plain(d)}
                    for a, b, key, d in graph.edges(keys=True, data=True)
                }
            for question in ORDERED:
                assert embedded.query(question) == server.query(question), question
            names = [d["name"] for _, d in graph.nodes(data=True) if d["label"] in ENTITIES]
            if names:
                name = data.draw(st.sampled_from(names))
                for question in ABOUT:
                    assert embedded.query(question, {"name": name}) == server.query(question, {"name": name}), question


ORDERED = [
    "MATCH (n) RETURN n.id AS id, labels(n)[0] AS label ORDER BY id",
    "MATCH (n:Method|Dataset|Task) RETURN n.name, n.first_year, n.aliases ORDER BY n.first_year, n.name, n.id",
    "MATCH (p:Paper) RETURN p.title, p.year, p.authors ORDER BY p.year DESC, p.id",
    "MATCH (a)-[r]->(b) RETURN a.id, type(r), b.id ORDER BY a.id, type(r), b.id",
    "MATCH (n:Method|Dataset|Task) RETURN size(n.aliases), n.aliases[0], n.aliases[1..3] ORDER BY n.id",
    "MATCH (n:Result) RETURN n.value, n.metric ORDER BY n.value, n.id",
]
ABOUT = [
    "MATCH (n:Method|Dataset|Task) WHERE n.name = $name RETURN n.id ORDER BY n.id",
    "MATCH (n:Method|Dataset|Task {name: $name})-[r]-(m) RETURN type(r), m.id ORDER BY type(r), m.id",
    "MATCH (n:Method|Dataset|Task) WHERE n.name STARTS WITH $name RETURN n.id ORDER BY n.id",
    "MATCH (n) WHERE $name IN [n.id, 'x'] RETURN n.id ORDER BY n.id",
]
