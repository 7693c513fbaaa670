"""The Neo4j loader and store against a real server: the same graph whatever came before, one line for failures."""

import json
import random
import re
from collections.abc import Iterator

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import QueryError, StoreError
from kg.store import neo4j
from kg.store.neo4j import Neo4jStore, Server, load
from kg.store.neo4j.connection import explained
from kg.store.neo4j.places import Places
from kg.store.tokens import tokenise
from tests.graphs import small_graph
from tests.neo4j_server import ROOT, UnavailableError, clear, cut_after, cut_once, fails, give_up, in_process

pytest_plugins = ["tests.neo4j_fixture"]


@pytest.fixture(scope="module")
def store(neo4j_server: Server) -> Iterator[Neo4jStore]:
    clear(neo4j_server)
    load(small_graph(), neo4j_server)
    with Neo4jStore(neo4j_server) as opened:
        yield opened


def content(where: Server) -> tuple[list[object], list[object]]:
    """Everything in the database, in a fixed order."""
    with Neo4jStore(where) as store:
        nodes = store.query("MATCH (n) RETURN labels(n), properties(n), n.id ORDER BY n.id").rows
        edges = store.query("MATCH (a)-[r]->(b) RETURN r, a.id, type(r), b.id ORDER BY a.id, type(r), b.id").rows
        return list(nodes), list(edges)


def test_every_node_and_edge_comes_back(store: Neo4jStore) -> None:
    graph = small_graph()
    nodes = {row[0]["id"]: row[0] for row in store.query("MATCH (n) RETURN n")}
    assert nodes.keys() == set(graph)
    for key, data in graph.nodes(data=True):
        expected = {name: value for name, value in data.items() if value is not None and name != "label"}
        assert nodes[key] == {"_label": data["label"], **expected}
    edges = {(r["_from"], r["_to"], r["_type"]): r for (r,) in store.query("MATCH ()-[r]->() RETURN r")}
    assert edges.keys() == set(graph.edges(keys=True))
    for start, end, key, data in graph.edges(keys=True, data=True):
        expected = {name: value for name, value in data.items() if value is not None}
        assert edges[start, end, key] == {"_type": key, "_from": start, "_to": end, **expected}


def test_entities_and_benchmarks_carry_their_labels(store: Neo4jStore) -> None:
    assert store.query("MATCH (n:Entity) RETURN count(n)").rows == [(15,)]
    assert store.query("MATCH (n:Benchmark) RETURN n.name ORDER BY n.name").rows == [("GLUE",), ("ImageNet-C",)]
    assert store.query("MATCH (n:Dataset:Entity {name: 'GLUE'}) RETURN labels(n)[0], labels(n)[1]").rows == [
        ("Dataset", "Entity")
    ]


def test_paths_and_lists_are_plain(store: Neo4jStore) -> None:
    rows = store.query(
        "MATCH p = (a:Method {name: 'GateNet'})-[r:BASED_ON|VARIANT_OF*1..2]->(b:Method {name: 'ResNet'}) RETURN p, r"
    )
    ((path, relationships),) = rows
    assert [n["name"] for n in path["_nodes"]] == ["GateNet", "ResNet-50", "ResNet"]
    assert relationships == path["_relationships"]
    assert [r["_type"] for r in relationships] == ["BASED_ON", "VARIANT_OF"]
    assert json.loads(json.dumps(rows.rows)) == [list(row) for row in rows]


def test_loading_again_changes_nothing(empty_neo4j: Server) -> None:
    first = load(small_graph(), empty_neo4j)
    before = content(empty_neo4j)
    calls: list[tuple[int, int | None]] = []
    second = load(small_graph(), empty_neo4j, progress=lambda done, total: calls.append((done, total)), batch_size=7)
    assert first == second == neo4j.Loaded(small_graph().number_of_nodes(), small_graph().number_of_edges())
    assert content(empty_neo4j) == before
    assert calls == sorted(calls, key=lambda call: call[0])
    assert calls[-1][0] == calls[-1][1] == first.nodes + first.relationships


def test_an_update_ends_as_a_fresh_load_would(empty_neo4j: Server) -> None:
    from kg.assemble import assemble
    from tests.graphs import extractions, family

    load(assemble(extractions()[:2], families=family), empty_neo4j)
    load(small_graph(), empty_neo4j)
    updated = content(empty_neo4j)
    clear(empty_neo4j)
    load(small_graph(), empty_neo4j)
    assert updated == content(empty_neo4j)


def test_a_stream_is_loaded_and_pruned_as_a_graph_in_memory_is(empty_neo4j: Server) -> None:
    from kg.assemble import Assembly, assemble
    from tests.graphs import extractions, family

    load(assemble(extractions(), families=family), empty_neo4j)
    whole = content(empty_neo4j)
    clear(empty_neo4j)
    with Assembly(extractions(), families=family) as stream:
        assert load(stream, empty_neo4j, batch_size=3) == load(stream, empty_neo4j, prune=True)
    assert content(empty_neo4j) == whole
    with Assembly(extractions()[:2], families=family) as stream:
        pruned = load(stream, empty_neo4j, prune=True)
    assert pruned.removed_nodes > 0
    assert pruned.removed_relationships > 0
    fewer = content(empty_neo4j)
    clear(empty_neo4j)
    load(assemble(extractions()[:2], families=family), empty_neo4j)
    assert content(empty_neo4j) == fewer


def test_prune_removes_what_the_graph_no_longer_has_and_nothing_else(empty_neo4j: Server) -> None:
    import neo4j as driver

    load(small_graph(), empty_neo4j)
    with driver.GraphDatabase.driver(empty_neo4j.uri, auth=(empty_neo4j.username, empty_neo4j.password)) as mine:
        mine.execute_query("CREATE (:Person {name: 'me'})-[:LIKES]->(:Paper {note: 'no id'})")
    smaller = small_graph()
    smaller.remove_node("method:gatenet")
    smaller.remove_edge("method:widgetnet", "method:resnet", key="BASED_ON")
    load(smaller, empty_neo4j)
    with Neo4jStore(empty_neo4j) as store:
        assert store.query("MATCH (n:Method {name: 'GateNet'}) RETURN count(n)").rows == [(1,)]
        loaded = load(smaller, empty_neo4j, prune=True)
        assert loaded.removed_nodes == 1
        assert loaded.removed_relationships == small_graph().number_of_edges() - smaller.number_of_edges()
        assert store.query("MATCH (n) WHERE n.id IS NOT NULL RETURN count(n)").rows == [(len(smaller),)]
        assert store.query("MATCH (:Person)-[r]->(p:Paper) RETURN p.note, type(r)").rows == [("no id", "LIKES")]
        assert store.query("MATCH (:Method {name: 'WidgetNet'})-[r:BASED_ON]->() RETURN count(r)").rows == [(0,)]


def test_a_benchmark_that_is_one_no_more_loses_the_label(empty_neo4j: Server) -> None:
    graph = small_graph()
    load(graph, empty_neo4j)
    graph.nodes["dataset:glue"]["benchmark"] = False
    load(graph, empty_neo4j)
    with Neo4jStore(empty_neo4j) as store:
        assert store.query("MATCH (n:Benchmark) RETURN n.name").rows == [("ImageNet-C",)]


@pytest.mark.parametrize("sent", [8_000, 25_000])
def test_a_server_lost_in_the_middle_is_told_and_a_second_load_completes(empty_neo4j: Server, sent: int) -> None:
    with cut_after(empty_neo4j, sent) as broken:
        said = fails(lambda: load(small_graph(), broken, batch_size=2, patience=1.0))
    assert "the server was lost after" in said
    assert "load again to complete it" in said
    with Neo4jStore(empty_neo4j) as store:
        assert store.query("MATCH (n) RETURN count(n)").rows[0][0] > 0
        began = store.query("MATCH ()-[r]->() RETURN count(r)").rows[0][0] > 0
    # Once among the nodes, once among the relationships of one type, which are then half there.
    assert began == (sent > 8_000)
    load(small_graph(), empty_neo4j)
    nodes, edges = content(empty_neo4j)
    assert (len(nodes), len(edges)) == (len(small_graph()), small_graph().number_of_edges())


def test_a_connection_that_is_lost_for_a_moment_does_not_stop_a_load(empty_neo4j: Server) -> None:
    # Once in a statement of the schema, once in relationships that are created without a look at those there.
    with cut_once(empty_neo4j, "kg_task_id", "CREATE (a)-[:USES") as shaky:
        loaded = load(small_graph(), shaky)
    nodes, edges = content(empty_neo4j)
    assert loaded == neo4j.Loaded(len(nodes), len(edges))
    assert (len(nodes), len(edges)) == (len(small_graph()), small_graph().number_of_edges())


class Unshown(str):
    def __repr__(self) -> str:
        raise AssertionError("the driver wrote out what it was given, for a log that nobody keeps")


def test_what_is_loaded_is_not_written_out_for_the_log_of_the_driver(empty_neo4j: Server) -> None:
    graph = small_graph()
    for _, data in graph.nodes(data=True):
        data["name"] = Unshown(data.get("name") or "")
    for _, _, data in graph.edges(data=True):
        data["evidence_sentences"] = [Unshown(text) for text in data.get("evidence_sentences") or ()]
    assert load(graph, empty_neo4j).relationships == graph.number_of_edges()


def test_failures_to_connect_are_one_line(neo4j_server: Server) -> None:
    graph = nx.MultiDiGraph()
    wrong = Server(neo4j_server.uri, neo4j_server.username, "not the password")
    assert "wrong user name or password" in fails(lambda: load(graph, wrong))
    assert "wrong user name or password" in fails(lambda: Neo4jStore(wrong))
    down = Server("bolt://127.0.0.1:1", "neo4j", "x")
    assert "no Neo4j answers" in fails(lambda: load(graph, down, patience=1.0))
    assert "no Neo4j answers" in fails(lambda: Neo4jStore(down))
    assert "not an address" in fails(lambda: Neo4jStore(Server("ftp://nowhere", "a", "b")))
    missing = Server(neo4j_server.uri, neo4j_server.username, neo4j_server.password, "nope")
    assert "no database 'nope'" in fails(lambda: load(graph, missing))
    assert neo4j_server.password not in repr(neo4j_server)


def test_a_database_that_may_only_be_read_is_one_line(neo4j_server: Server) -> None:
    try:
        with in_process("read-only") as where:
            assert "may not write" in fails(lambda: load(small_graph(), where))
            with Neo4jStore(where) as store:
                assert store.query("RETURN 1 AS a").rows == [(1,)]
    except UnavailableError as error:
        give_up(str(error))


def test_a_user_that_may_only_read_is_one_line() -> None:
    # Community has no roles: every user of it may write, and no server of the tests gives this error.
    from neo4j.exceptions import Forbidden, Neo4jError

    error = Neo4jError._hydrate_neo4j(
        code="Neo.ClientError.Security.Forbidden",
        message="Create node with labels 'Paper' on database 'neo4j' is not allowed\nfor user 'reader'.",
    )
    assert isinstance(error, Forbidden)

    def refused() -> None:
        with explained(Server(username="reader")):
            raise error

    assert fails(refused) == "bolt://localhost:7687: user reader may not write to this database; use one that may"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MATCH (n:Paper RETURN n", "line 1, column"),
        ("MATCH (n) RETURN nope(n)", "nope"),
        ("CREATE (n)", "refused"),
        ("LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row", "refused"),
        ("CALL dbms.listConfig() YIELD name RETURN name", "refused"),
        ("CALL { CREATE (n:X) RETURN n } RETURN n", "refused"),
        ("RETURN $x", "no value for"),
        ("RETURN '\\u0027 + 1' AS x", "escape"),
        ("RETURN 1 / 0 AS x", "zero"),
    ],
)
def test_a_query_that_cannot_run_gets_one_line(store: Neo4jStore, text: str, expected: str) -> None:
    with pytest.raises(QueryError, match=expected) as caught:
        store.query(text)
    assert "\n" not in str(caught.value)


def test_the_session_itself_refuses_to_write(store: Neo4jStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.store.neo4j.reading.check_read", tokenise)
    with pytest.raises(QueryError, match="only read"):
        store.query("CREATE (n:Nope)")


def test_limits(store: Neo4jStore) -> None:
    rows = store.query("MATCH (n) RETURN n.id", limit=4)
    assert (len(rows), rows.truncated) == (4, True)
    with pytest.raises(QueryError, match=r"longer than 0\.5 s"):
        store.query("UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN count(a * b)", timeout=0.5)
    assert store.query("RETURN 1 AS a").rows == [(1,)]


def test_dates_and_numbers_are_plain(store: Neo4jStore) -> None:
    rows = store.query("RETURN date('2020-01-02') AS d, duration('P1D') AS e, 0.0/0.0 AS n, {a: [1, {b: 2}]} AS m")
    assert rows.rows == [("2020-01-02", "P1D", None, {"a": [1, {"b": 2}]})]


def test_the_environment_names_the_server() -> None:
    assert neo4j.server({}) == Server()
    full = {"NEO4J_URI": "neo4j://h:1", "NEO4J_USERNAME": "u", "NEO4J_PASSWORD": "p", "NEO4J_DATABASE": "d"}
    assert neo4j.server(full) == Server("neo4j://h:1", "u", "p", "d")


def test_a_graph_that_does_not_fit_is_refused() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("x", label="Nope")
    with pytest.raises(StoreError, match="no label"):
        list(neo4j.node_batches(graph))
    graph = nx.MultiDiGraph()
    graph.add_node("author:x", label="Author", name="é" * 4001)
    with pytest.raises(StoreError, match="longer than the 8,000 bytes"):
        list(neo4j.node_batches(graph))


PLACES = st.one_of(
    st.integers(0, 2**40).map("4:00000000-1111-2222-3333-444444444444:{}".format),
    st.sampled_from(["", ":", "4:x:007", "4:x:-1", "4:x:٣", "5:x:1"]),
    st.text(max_size=5),
)


@given(st.dictionaries(st.text(max_size=3), PLACES), st.randoms())
def test_where_nodes_are_is_told_as_the_server_told_it(places: dict[str, str], chance: random.Random) -> None:
    found = Places()
    items = list(places.items())
    half = len(items) // 2
    found.add(items[:half])
    if half:
        assert found.of([items[0][0]]) == [items[0][1]]
    found.add(items[half:])
    asked = [*places] * 2
    chance.shuffle(asked)
    assert found.of(asked) == [places[key] for key in asked]
    with pytest.raises(StoreError, match="joins 'nowhere', which is no node"):
        found.of([*asked, "nowhere"])


def test_the_compose_file_gives_a_neo4j_5_to_this_machine_alone() -> None:
    import yaml  # type: ignore[import-untyped]

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    ((name, service),) = compose["services"].items()
    assert name == "neo4j"
    assert re.fullmatch(r"neo4j:5(\.\d+)*-community", service["image"])
    # Without NEO4J_PASSWORD nothing starts.
    assert re.fullmatch(r"neo4j/\$\{NEO4J_PASSWORD:\?[^}]+\}", service["environment"]["NEO4J_AUTH"])
    assert {port.rpartition(":")[2] for port in service["ports"]} == {"7474", "7687"}
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{NEO4J_\w+_PORT:-(\d+)\}:\1", port) for port in service["ports"])
    assert "network_mode" not in service
    ((volume, place),) = (mount.split(":") for mount in service["volumes"])
    assert place == "/data" and compose["volumes"] == {volume: None}
    check = service["healthcheck"]
    assert check["test"][0] == "CMD-SHELL" and "cypher-shell" in check["test"][1]
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()
