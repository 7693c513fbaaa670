"""The embedded engine: what is written can be asked, nothing can be changed, and every failure is one line."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import QueryError, StoreError
from kg.store.embedded import EmbeddedStore, write
from kg.store.schema import ENDS, NODES, RELATIONSHIPS
from tests.graphs import small_graph


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    path = tmp_path_factory.mktemp("store") / "graph.lbug"
    write(small_graph(), path)
    with EmbeddedStore(path) as opened:
        yield opened


def test_every_attribute_of_the_graph_has_a_column() -> None:
    graph = small_graph()
    for _, data in graph.nodes(data=True):
        assert set(data) - {"label"} <= set(NODES[data["label"]])
    for start, end, key, data in graph.edges(keys=True, data=True):
        assert set(data) <= set(RELATIONSHIPS[key])
        assert (graph.nodes[start]["label"], graph.nodes[end]["label"]) in ENDS[key]


def test_every_node_and_edge_comes_back(store: EmbeddedStore) -> None:
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


def test_a_path_is_nodes_and_relationships_and_a_variable_length_relationship_is_a_list(store: EmbeddedStore) -> None:
    rows = store.query(
        "MATCH p = (a:Method {name: 'GateNet'})-[r:BASED_ON|VARIANT_OF*1..2]->(b:Method {name: 'ResNet'}) RETURN p, r"
    )
    ((path, relationships),) = rows
    assert [n["name"] for n in path["_nodes"]] == ["GateNet", "ResNet-50", "ResNet"]
    assert [r["_type"] for r in path["_relationships"]] == ["BASED_ON", "VARIANT_OF"]
    assert relationships == path["_relationships"]
    assert json.loads(json.dumps(rows.rows)) == [list(row) for row in rows]


def test_columns_are_named_as_written(store: EmbeddedStore) -> None:
    rows = store.query(
        "MATCH (n:Method) RETURN DISTINCT count(*), n.name AS `a b`, size(n.aliases) ORDER BY `a b` LIMIT 1"
    )
    assert rows.columns == ("count(*)", "a b", "size(n.aliases)")


def test_the_row_limit_is_reported(store: EmbeddedStore) -> None:
    assert (
        len(store.query("MATCH (n) RETURN n.id", limit=3)),
        store.query("MATCH (n) RETURN n.id", limit=3).truncated,
    ) == (3, True)
    assert not store.query("MATCH (n:Task) RETURN n.id", limit=2).truncated


def test_writing_again_replaces_the_database(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbug"
    graph = small_graph()
    write(graph, path)
    graph.remove_nodes_from([n for n, label in graph.nodes(data="label") if label == "Task"])
    write(graph, path)
    with EmbeddedStore(path) as again:
        assert again.query("MATCH (n:Task) RETURN n.id").rows == []
        assert len(again.query("MATCH (n:Paper) RETURN n.id")) == 5
    assert [p.name for p in tmp_path.iterdir()] == ["graph.lbug"]


REFUSED = [
    "CREATE (n:Paper {id: 'x'})",
    "MATCH (n:Paper) SET n.title = 'x'",
    "MATCH (n:Paper) DETACH DELETE n",
    "MERGE (n:Paper {id: 'x'}) RETURN n",
    "COPY (MATCH (n:Paper) RETURN n.id) TO '{file}'",
    "COPY Paper FROM '{file}'",
    "LOAD FROM '{file}' RETURN *",
    "MATCH (n:Task) LOAD FROM '{file}' RETURN *",
    "MATCH (n:Task) /* a */ load /* b */ from '{file}' RETURN *",
    "LOAD WITH HEADERS (a STRING) FROM '{file}' RETURN *",
    "EXPLAIN LOAD FROM '{file}' RETURN *",
    "PROFILE COPY (MATCH (n:Paper) RETURN n.id) TO '{file}'",
    "EXPORT DATABASE '{file}'",
    "IMPORT DATABASE '{file}'",
    "ATTACH '{file}' AS other (dbtype lbug)",
    "INSTALL json",
    "LOAD json",
    "USE other MATCH (n) RETURN n",
    "CALL threads = 1",
    "CALL show_attached_databases() RETURN *",
    "MATCH (n:Task) CALL storage_info('Task') RETURN *",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "DROP TABLE Paper",
    "ALTER TABLE Paper DROP title",
    "CREATE MACRO f(x) AS x",
    "RETURN 1; LOAD FROM '{file}' RETURN *",
    "RETURN 1; RETURN 2",
    "RETURN 'a\\'' AS x LOAD FROM '{file}' RETURN *",
    "RETURN `a``b` LOAD FROM '{file}' RETURN *",
    "RETURN \"a\\\\\" LOAD FROM '{file}' RETURN *",
    "RETURN 1LOAD FROM '{file}' RETURN *",
    "RETURN '\\u0027 LOAD FROM \\u0027' AS x",
    "LOAD CSV FROM 'file:///{file}' AS row RETURN row",
    "MATCH (n) CALL { CREATE (:Paper) } IN TRANSACTIONS RETURN 1",
    "CALL apoc.load.json('x') YIELD value RETURN value",
    "CALL `apoc`.`load`.json('x') YIELD value RETURN value",
    "MATCH (n) FOREACH (x IN [1] | SET n.a = x)",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_read_is_refused_before_the_engine_sees_it(
    store: EmbeddedStore, tmp_path: Path, text: str
) -> None:
    before = store.path.read_bytes()
    with pytest.raises(QueryError, match=r"refused|cannot start with|one statement|escape") as caught:
        store.query(text.replace("{file}", str(tmp_path / "out.csv")))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert store.path.read_bytes() == before


READS = [
    "MATCH (n:Paper) WHERE n.title CONTAINS 'LOAD FROM' RETURN n.id // COPY x",
    "/* DELETE */ MATCH (n:Task) RETURN n.name AS `set` ;",
    "RETURN \"CREATE\" AS a, 'it\\'s' AS b",
    "MATCH (n:Task) WITH n.name AS offload RETURN offload",
    "CALL show_tables() RETURN *",
    "CALL table_info('Paper') RETURN name",
    "UNWIND [1, 2] AS x RETURN x UNION ALL RETURN 3 AS x",
    "EXPLAIN MATCH (n:Task) RETURN n",
]


@pytest.mark.parametrize("text", READS)
def test_reads_that_only_look_dangerous_run(store: EmbeddedStore, text: str) -> None:
    store.query(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MATCH (n:Paper RETURN n", "line 1, column 16: syntax error near RETURN"),
        ("MATCH (n:Paper)\nRETRUN n", "line 2, column 1: syntax error near RETRUN"),
        ("MATCH (n:Paper) RETURN 'abc", "line 1, column 24: this string has no end"),
        ("", "empty"),
        ("// nothing", "empty"),
        ("MATCH (n:Papper) RETURN n", "no label or relationship type Papper; nearest: Paper"),
        ("MATCH (n:Paper) RETURN n.titel", "no property titel; nearest: title"),
        ("MATCH (n:Paper) RETURN nope(n)", "no function nope"),
        ("RETURN " + "(" * 5000 + "1" + ")" * 5000, "nested"),
    ],
)
def test_a_query_that_cannot_run_gets_one_line(store: EmbeddedStore, text: str, expected: str) -> None:
    with pytest.raises(QueryError, match=expected) as caught:
        store.query(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_parameters_are_values_and_never_cypher(store: EmbeddedStore) -> None:
    odd = "x' OR 1=1 // `\"\\ 😀 شبكة"
    assert store.query("RETURN $a AS a, $b AS b, $c AS c", {"a": odd, "b": [1, 2], "c": None}).rows == [
        (odd, [1, 2], None)
    ]
    with pytest.raises(QueryError, match=r"no value for \$name"):
        store.query("MATCH (n:Method {name: $name}) RETURN n")
    with pytest.raises(QueryError, match=r"no parameter \$nmae; it has: \$name"):
        store.query("MATCH (n:Method {name: $name}) RETURN n", {"name": "a", "nmae": "b"})
    with pytest.raises(QueryError, match="64 bits"):
        store.query("RETURN $a", {"a": 2**70})
    with pytest.raises(QueryError, match="surrogate"):
        store.query("RETURN $a", {"a": "\ud800"})
    with pytest.raises(QueryError, match="object"):
        store.query("RETURN $a", {"a": object()})


SLOW = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a * b)"


def test_a_query_past_its_time_is_stopped(store: EmbeddedStore) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"longer than 0.3 s"):
        store.query(SLOW, timeout=0.3)
    assert time.monotonic() - begun < 5
    assert store.query("RETURN 1 AS a").rows == [(1,)]


def test_ctrl_c_stops_a_query(store: EmbeddedStore) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    begun = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        store.query(SLOW, timeout=60)
    assert time.monotonic() - begun < 10
    assert store.query("RETURN 1 AS a").rows == [(1,)]


def test_a_database_that_is_missing_damaged_or_closed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database here"):
        EmbeddedStore(tmp_path / "nope")
    junk = tmp_path / "junk"
    junk.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="cannot open"):
        EmbeddedStore(junk)
    write(small_graph(), tmp_path / "good")
    store = EmbeddedStore(tmp_path / "good")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.query("RETURN 1")


def test_a_graph_that_does_not_fit_the_schema_leaves_the_old_database(tmp_path: Path) -> None:
    path = tmp_path / "graph"
    write(small_graph(), path)
    before = path.read_bytes()
    graph = small_graph()
    graph.add_node("x", label="Nope")
    with pytest.raises(StoreError, match="no label"):
        write(graph, path)
    graph = small_graph()
    graph.nodes["task:image-classification"]["papers"] = "many"
    with pytest.raises(StoreError, match="papers"):
        write(graph, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["graph"]


def test_an_empty_graph_is_a_database(tmp_path: Path) -> None:
    import networkx as nx

    write(nx.MultiDiGraph(), tmp_path / "graph")
    with EmbeddedStore(tmp_path / "graph") as store:
        assert store.query("MATCH (n) RETURN n").rows == []


def test_queries_run_side_by_side(store: EmbeddedStore) -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda i=i: answers.append(store.query("RETURN $i AS i", {"i": i}).rows[0][0]))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == [str(i) for i in range(8)]


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("'\"\\`nu041x$/*-\n", max_size=12))
def test_a_parameter_the_engine_cannot_bind_is_still_a_value(store: EmbeddedStore, text: str) -> None:
    rows = store.query("RETURN [x IN ['a'] | $text] AS a, split($text, 'a') AS b, $text AS c", {"text": text})
    assert rows.rows == [([text], text.split("a"), text)]


@pytest.mark.parametrize("value", [None, True, -3, 1.5, 1e300, [1, 2], ["a'", "b"], {"a": [1], "b`": "x"}])
def test_any_value_can_be_written_into_a_comprehension(store: EmbeddedStore, value: object) -> None:
    assert store.query("RETURN [x IN [1] | $value] AS a", {"value": value}).rows == [([value],)]


def test_packed_lists_are_lists_wherever_they_are_asked_for(store: EmbeddedStore) -> None:
    (row,) = store.query(
        "MATCH (:Method {name: 'WidgetNet'})-[r:COMPARED_WITH]->(:Method {name: 'ResNet'}) "
        "RETURN r.evidence_papers AS a, r.evidence_starts AS b, size(r.evidence_ends) AS c, "
        "r.`evidence_papers`[1] AS d, "
        "r['evidence_papers'] AS e, r {.evidence_papers, .papers} AS f, properties(r) AS g, "
        "[x IN r.evidence_papers | size(x)] AS h, {r: r} AS i, collect(r)[0].evidence_fields AS j"
    ).dicts()
    papers = ["widgets-again", "widgets-for-small-pictures"]
    assert (row["a"], row["b"], row["c"], row["d"], row["e"]) == (papers, [0, 0], 2, papers[1], papers)
    assert row["f"] == {"evidence_papers": papers, "papers": 2}
    assert row["g"]["evidence_papers"] == papers
    assert row["h"] == [len(paper) for paper in papers]
    assert row["i"]["r"]["evidence_ends"] == row["g"]["evidence_ends"]
    assert row["j"] == ["abstract", "abstract"]


def test_element_ids_are_compared_by_the_numbers_of_the_engine(store: EmbeddedStore) -> None:
    same = "MATCH (a:Task), (b:Task) WHERE elementId(a) = elementId(b) RETURN count(*)"
    other = "MATCH (a:Task), (b:Task) WHERE elementId(a) <> elementId(b) RETURN count(*)"
    number = len(store.query("MATCH (n:Task) RETURN n.id"))
    assert (store.query(same).rows, store.query(other).rows) == ([(number,)], [(number * (number - 1),)])
    (known,) = store.query("MATCH (n:Task) RETURN elementId(n) LIMIT 1").rows[0]
    assert len(store.query("MATCH (n:Task) WHERE elementId(n) = $x RETURN n.id", {"x": known})) == 1


def test_a_database_of_another_version_says_so(tmp_path: Path) -> None:
    import ladybug

    path = tmp_path / "old.lbug"
    with ladybug.Database(str(path)) as database, ladybug.Connection(database) as connection:
        connection.execute("CREATE NODE TABLE Paper(id STRING, PRIMARY KEY(id))")
    with EmbeddedStore(path) as store, pytest.raises(StoreError, match=r"another version of kg; run kg build again"):
        store.query("MATCH (n:Paper) RETURN labels(n)")


def test_numbers_of_many_nodes_are_read_right_by_a_join(tmp_path: Path) -> None:
    """Ladybug 0.22 gives 0.0 for some floats where a scan with a mask meets two segments of a compressed column."""
    rng = random.Random(0)
    made = nx.MultiDiGraph()
    for i in range(60):
        made.add_node(f"dataset:{i}", label="Dataset", name=f"D{i}", papers=i)
    for i in range(37_000):
        paper, result = f"paper-{i}", f"result:{i}"
        year = 1990 + i % 37 if i % 11 else None
        made.add_node(paper, label="Paper", title=paper, year=year, authors=[f"A{i % 7}"] * (i % 3))
        value = rng.random() * 100
        made.add_node(result, label="Result", value=value, kind="absolute", metric=f"m{i % 5}")
        made.add_edge(paper, result, key="REPORTS")
        made.add_edge(result, f"dataset:{int(rng.paretovariate(0.4)) % 60}", key="ON_DATASET")
    write(made, tmp_path / "graph.lbug")
    asked = (
        "MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:ON_DATASET]->(d:Dataset {name: $name}) "
        "WHERE r.kind = 'absolute' RETURN p.id, p.year, p.authors, r.id, r.value, r.metric, d.papers"
    )
    seen = 0
    with EmbeddedStore(tmp_path / "graph.lbug") as store:
        for i in range(60):
            for paper, year, authors, result, value, metric, papers in store.query(
                asked, {"name": f"D{i}"}, limit=None
            ):
                seen += 1
                p, r = made.nodes[paper], made.nodes[result]
                assert (year, authors, papers) == (p["year"], p["authors"], i)
                assert (value, metric) == (r["value"], r["metric"])
    assert seen == 37_000


def test_a_full_disk_is_named_and_the_old_database_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's writes are made to fail by a limit on the size of files; how much is free, the test says."""
    path = tmp_path / "graph.lbug"
    write(small_graph(), path)
    before = path.read_bytes()
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import shutil; shutil.disk_usage = lambda _: shutil._ntuple_diskusage(10**9, 10**9, 3_000_000)\n"
        "from pathlib import Path; from kg.store.embedded import write; from tests.graphs import small_graph\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try: write(small_graph(), Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == f"StoreError {path}: no room left on the disk (3 MB free); free some\n", done.stderr
    assert path.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["graph.lbug"]
