"""The local app: its API over the embedded store, what it refuses, its limits, and the real server on loopback."""

import gzip
import http.client
import json
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import queries
from kg.errors import UsageError
from kg.store.embedded import EmbeddedStore, write
from kg.store.names import fold
from tests.graphs import small_graph
from tests.served import counts, folder_of, serving
from viz.app import Served, create, listen
from viz.app.endpoints import ENDPOINTS, describe
from viz.app.guard import BODY_LIMIT, POLICY, hosts
from viz.app.names import folded

BASE = "http://127.0.0.1:8642"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("app") / "small.lbug"
    write(small_graph(), path)
    return path


@pytest.fixture(scope="module")
def app(database: Path) -> Iterator[TestClient]:
    """The app over `small_graph`, with small limits."""
    with client_of(database, seconds=2.0) as client:
        yield client


@contextmanager
def client_of(database: Path, *, seconds: float, prepare: str = "queries:prepared") -> Iterator[TestClient]:
    """Serve a database of `small_graph` without a network."""
    with EmbeddedStore(database) as store:
        served = Served(
            title="<b>small</b>",
            store=store,
            database=database,
            counts=counts(small_graph()),
            questions=tuple(queries.load().values()),
            prepare=prepare,
            seconds=seconds,
            memory=400 * 2**20,
        )
        with TestClient(create(served, hosts=hosts(8642)), base_url=BASE, raise_server_exceptions=False) as client:
            yield client


def get(app: TestClient, name: str, **values: Any) -> Any:
    response = app.get(f"/api/{name}", params=values)
    assert response.status_code == 200, response.text
    return response.json()


def ask(app: TestClient, **body: Any) -> Any:
    return app.post("/api/query", json=body)


def unpacked(data: bytes) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The header of a packed graph, and its columns of text."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    start = 4 + length + (-length % 4)
    texts = {}
    for name, section in header["sections"].items():
        if section["type"] == "str":
            at, count = start + section["offset"], section["count"]
            offsets = [int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "little") for i in range(count + 1)]
            base = at + 4 * (count + 1)
            texts[name] = [data[base + a : base + b].decode() for a, b in pairwise(offsets)]
    return header, texts


# What it answers


def test_the_graph_in_numbers(app: TestClient) -> None:
    about, graph = get(app, "graph"), small_graph()
    assert about["nodes"] == len(graph) and about["links"] == graph.number_of_edges()
    assert about["kinds"]["Benchmark"] == 2 and about["kinds"]["Dataset"] == 4
    assert sum(about["kinds"].values()) == len(graph)
    assert about["years"] == [2018, 2022] and about["whole"] is True and about["title"] == "<b>small</b>"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("CIFAR-10", "CIFAR-10"),
        ("cifar10", "CIFAR-10"),
        ("  residual NETWORKS ", "ResNet"),
        ("widgetn", "WidgetNet"),
        ("gatnet", "GateNet"),
        ("transformer reconsidered", "A Small Transformer, Reconsidered"),
        ("شبكة", "شبكة"),
        ("lovely", "Ada Lovely"),
        ("odd names </script>", "Odd Names </script><b>"),
        ("widgets-again", "Widgets Again"),
    ],
)
def test_search_is_kind(app: TestClient, typed: str, found: str) -> None:
    assert get(app, "search", q=typed)["hits"][0]["name"] == found


def test_search_ranks_whole_names_first_and_says_which_alias(app: TestClient) -> None:
    hits = get(app, "search", q="cifar")["hits"]
    assert [hit["name"] for hit in hits[:3]] == ["CIFAR", "CIFAR-10", "CIFAR-100"]
    assert get(app, "search", q="residual network")["hits"][0]["alias"] == "Residual Network"
    assert hits[1] == {
        "id": "dataset:cifar-10",
        "name": "CIFAR-10",
        "kind": "Dataset",
        "papers": 3,
        "first": 2018,
        "last": 2022,
        "alias": None,
    }


def test_search_by_kind_and_limit(app: TestClient) -> None:
    assert {hit["kind"] for hit in get(app, "search", q="net", kind="Dataset")["hits"]} == {"Dataset", "Benchmark"}
    assert len(get(app, "search", q="e", limit=2)["hits"]) <= 2
    assert get(app, "search", q="zzzz nothing")["hits"] == [] == get(app, "search", q=" ")["hits"]


@given(st.text(max_size=40))
def test_folding_is_that_of_the_store(text: str) -> None:
    assert folded(text) == fold(text)


def test_every_node_and_every_link_can_be_walked(app: TestClient) -> None:
    """What the API says of each node, taken together, is the graph."""
    graph = small_graph()
    seen = set()
    for key, data in graph.nodes(data=True):
        node = get(app, "node", id=key)
        assert node["id"] == key and node["name"]
        assert node["aliases"] == list(data.get("aliases") or [])
        for group in node["groups"]:
            where = {"id": key, "relation": group["relation"], "direction": group["direction"]}
            answer = get(app, "neighbours", **where, limit=500)
            assert answer["total"] == group["total"] == len(answer["neighbours"])
            for near in answer["neighbours"]:
                ends = (key, near["id"]) if group["direction"] == "out" else (near["id"], key)
                seen.add((*ends, group["relation"]))
                link = graph.edges[(*ends, group["relation"])]
                if "papers" in link:
                    assert (near["papers"], near["score"]) == (link["papers"], link["score"])
    assert seen == {(a, b, str(relation)) for a, b, relation in graph.edges(keys=True)}


def test_facts_by_kind(app: TestClient) -> None:
    paper = get(app, "node", id="widgets-again")
    assert paper["facts"]["authors"] == ["Ada Lovely"] and paper["facts"]["url"].startswith("https://")
    result = next(key for key, label in small_graph().nodes(data="label") if label == "Result")
    assert {"metric", "value", "text"} <= set(get(app, "node", id=result)["facts"])


def test_neighbours_come_best_first_in_pages(app: TestClient) -> None:
    where = {"id": "dataset:cifar-10", "relation": "EVALUATED_ON", "direction": "in"}
    whole = get(app, "neighbours", **where)["neighbours"]
    assert [near["papers"] for near in whole] == sorted((near["papers"] for near in whole), reverse=True)
    pages = [get(app, "neighbours", **where, offset=at, limit=1)["neighbours"] for at in range(len(whole) + 1)]
    assert [near for page in pages for near in page] == whole


def test_evidence_is_the_sentence_and_its_paper(app: TestClient) -> None:
    link = ("method:widgetnet", "dataset:cifar-10", "EVALUATED_ON")
    data = small_graph().edges[link]
    answer = get(app, "evidence", subject=link[0], relation=link[2], object=link[1])["evidence"]
    assert [said["sentence"] for said in answer] == data["evidence_sentences"]
    assert [said["paper"]["id"] for said in answer] == data["evidence_papers"]
    assert answer[0]["paper"]["title"] and answer[0]["field"] in ("title", "abstract")
    variant = get(app, "evidence", subject="dataset:cifar-10", relation="VARIANT_OF", object="dataset:cifar")
    assert variant == {"evidence": []}


def test_papers_by_id(app: TestClient) -> None:
    both = get(app, "papers", ids="widgets-again,gates-that-skip,no-such-paper")["papers"]
    assert [paper["id"] for paper in both] == ["gates-that-skip", "widgets-again"]
    assert get(app, "papers", id=["widgets-again", "gates-that-skip"])["papers"] == both
    assert get(app, "papers")["papers"] == []


def test_a_path_prefers_what_texts_say(app: TestClient) -> None:
    path = get(app, "path", **{"from": "method:gatenet", "to": "task:image-classification"})
    assert [node["id"] for node in path["nodes"]] == ["method:gatenet", "task:image-classification"]
    assert path["links"][0]["relation"] == "USED_FOR"
    far = get(app, "path", **{"from": "method:tinyformer", "to": "author:bo-larsson"})
    ids = [node["id"] for node in far["nodes"]]
    assert ids[0] == "method:tinyformer" and ids[-1] == "author:bo-larsson"
    for link, a, b in zip(far["links"], ids, ids[1:], strict=False):
        assert {link["subject"], link["object"]} == {a, b}
    assert get(app, "path", **{"from": "method:gatenet", "to": "method:gatenet"}) == {"nodes": [], "links": []}


def test_core_is_the_whole_graph(app: TestClient) -> None:
    response = app.get("/api/core")
    header, texts = unpacked(response.content)
    assert response.headers["content-encoding"] == "gzip"
    graph = small_graph()
    assert (header["nodes"], header["links"]) == (len(graph), graph.number_of_edges())
    assert sorted(texts["id"]) == sorted(graph) and header["chunks"] == 0
    plain = app.get("/api/core", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == response.content
    assert plain.headers["etag"] != response.headers["etag"]


def test_parts(app: TestClient) -> None:
    header, texts = unpacked(app.get("/api/part", params={"id": "method:tinyformer"}).content)
    assert {"method:tinyformer", "dataset:glue", "task:language-understanding"} <= set(texts["id"])
    _, wider = unpacked(app.get("/api/part", params={"id": "method:tinyformer", "hops": 2}).content)
    assert set(texts["id"]) < set(wider["id"])
    small, few = unpacked(app.get("/api/part", params={"id": "method:widgetnet", "limit": 3}).content)
    assert len(few["id"]) == 3 and "method:widgetnet" in few["id"] and small["links"] >= 2
    these = ["method:widgetnet", "dataset:cifar-10", "nothing"]
    header, some = unpacked(app.get("/api/part", params={"id": these, "hops": 0}).content)
    assert sorted(some["id"]) == ["dataset:cifar-10", "method:widgetnet"] and header["links"] == 1


def test_a_large_graph_is_not_given_whole(database: Path) -> None:
    with EmbeddedStore(database) as store:
        large = {"nodes": {"Method": 5_001}, "relationships": {}}
        served = Served(title="large", store=store, database=database, counts=large)
        with TestClient(create(served, hosts=hosts(8642)), base_url=BASE) as client:
            assert get(client, "graph")["whole"] is False
            assert client.get("/api/core").status_code == 404


def test_equal_questions_get_equal_bytes(app: TestClient) -> None:
    for address in ("/api/core", "/api/part?id=method:widgetnet&hops=2", "/api/search?q=e", "/api/graph", "/"):
        assert app.get(address).content == app.get(address).content


# Queries


def test_cypher(app: TestClient) -> None:
    answer = ask(app, cypher="MATCH (m:Method {name: $n}) RETURN m, m.papers AS papers", parameters={"n": "ResNet"})
    assert answer.status_code == 200
    got = answer.json()
    assert got["columns"] == ["m", "papers"] and got["rows"][0][0]["_label"] == "Method" and got["rows"][0][1] == 2
    assert got["truncated"] is False and got["seconds"] > 0
    assert answer.headers["cache-control"] == "no-store"


def test_rows_are_limited(app: TestClient) -> None:
    answer = ask(app, cypher="UNWIND range(1, 100000) AS n RETURN n", limit=10).json()
    assert len(answer["rows"]) == 10 and answer["truncated"] is True


def test_bytes_are_limited(app: TestClient) -> None:
    cypher = "UNWIND range(1, 60) AS n RETURN repeat('x', 1000000) AS s"
    answer = ask(app, cypher=cypher, limit=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["truncated"] is True and 0 < len(answer.json()["rows"]) < 60
    assert len(answer.content) < 17 * 2**20


@pytest.mark.parametrize("name", ["methods-on-dataset", "leaderboard"])
def test_named_queries(app: TestClient, name: str) -> None:
    answer = ask(app, name=name, parameters={"dataset": "cifar10"})
    assert answer.status_code == 200 and answer.json()["rows"]


def test_named_queries_are_described(app: TestClient) -> None:
    described = {query["name"]: query for query in get(app, "queries")["queries"]}
    assert set(described) == set(queries.names())
    first = described["methods-on-dataset"]["parameters"][0]
    assert (first["name"], first["type"], first["required"]) == ("dataset", "Dataset", True)


def test_completions_know_the_schema(app: TestClient) -> None:
    words = get(app, "completions")
    assert "papers" in words["labels"]["Method"] and "score" in words["relations"]["USES"]
    assert ["Method", "Dataset"] in words["ends"]["EVALUATED_ON"] and "MATCH" in words["keywords"]


LETTERS = "abcdefg"
RUNAWAY = {
    "time": f"MATCH {', '.join(f'({x})' for x in LETTERS)} "
    f"WHERE {' + '.join(f'{x}.id' for x in LETTERS)} = 'x' RETURN count(*)",
    "memory": "RETURN size(range(1, 10000000000)) AS n",
    "text": "UNWIND range(1, 3000) AS n RETURN collect(repeat('x', 1000000)) AS many",
}


@pytest.mark.parametrize("what", sorted(RUNAWAY))
def test_a_runaway_query_dies_alone(app: TestClient, what: str) -> None:
    begun = time.monotonic()
    answer = ask(app, cypher=RUNAWAY[what])
    assert answer.status_code == 422, answer.text[:200]
    assert re.search("took (more|longer)", answer.json()["detail"])
    assert time.monotonic() - begun < 20
    assert ask(app, cypher="RETURN 1 AS one").json()["rows"] == [[1]]
    assert get(app, "search", q="resnet")["hits"]


# What it refuses


@pytest.mark.parametrize(
    ("cypher", "told"),
    [
        ("CREATE (n:Method {id: 'x'})", "CREATE is refused"),
        ("MATCH (n) DETACH DELETE n", "refused"),
        ("LOAD FROM '/etc/passwd' RETURN *", "LOAD is refused"),
        ("COPY (MATCH (n) RETURN n) TO '/tmp/x.csv'", "COPY is refused"),
        ("INSTALL httpfs", "INSTALL is refused"),
        ("CALL threads(4)", "refused"),
        ("MATCH (m:Methud) RETURN m", "Method"),
        ("MATCH (m:Method)\nRETRN m", "line 2"),
        ("MATCH (m {name: $x}) RETURN m", "$x"),
        ("", "empty"),
    ],
)
def test_queries_only_read(app: TestClient, cypher: str, told: str) -> None:
    answer = ask(app, cypher=cypher)
    assert answer.status_code == 400 and told in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"cypher": 1}',
        b'{"cypher": "RETURN 1", "name": "statistics"}',
        b'{"cypher": "RETURN 1", "more": 1}',
        b'{"cypher": "RETURN 1", "limit": 0}',
        b'{"cypher": "RETURN 1", "limit": true}',
        b'{"cypher": "RETURN 1", "limit": 10001}',
        b'{"cypher": "RETURN 1", "parameters": []}',
        b'{"cypher": "RETURN $x AS x", "parameters": {"x": NaN}}',
        b'{"cypher": "RETURN $x AS x", "parameters": {"x": "\\ud800"}}',
        b'{"cypher": "RETURN \'\\ud800\' AS x"}',
        b'{"name": "no-such-query"}',
        b'{"name": "methods-on-dataset"}',
        b'{"name": "methods-on-dataset", "parameters": {"dataset": "zzz"}}',
        b'{"name": "methods-on-dataset", "parameters": {"dataset": ["CIFAR"]}}',
        b'{"cypher": "RETURN ' + b"9" * 5000 + b'"}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_odd_bodies_are_told(app: TestClient, body: bytes) -> None:
    answer = app.post("/api/query", content=body, headers={"Content-Type": "application/json"})
    check_problem(answer, 400)


def check_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status and told["title"] and told["detail"] and told["type"] == "about:blank"
    assert "Traceback" not in told["detail"] and '.py"' not in told["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/node", 400),
        ("/api/node?id=nothing", 404),
        ("/api/node?id=a&id=b", 400),
        ("/api/node?id=method:resnet&more=1", 400),
        ("/api/node?id=" + "x" * 3000, 400),
        ("/api/search", 400),
        ("/api/search?q=a&limit=0", 400),
        ("/api/search?q=a&limit=1e3", 400),
        ("/api/search?q=a&limit=99999999999999999999", 400),
        ("/api/search?q=a&kind=Result", 400),
        ("/api/neighbours?id=method:resnet&relation=DROP", 400),
        ("/api/neighbours?id=method:resnet&relation=USES&direction=up", 400),
        ("/api/evidence?subject=method:resnet&relation=USES&object=method:resnet", 404),
        ("/api/evidence?subject=method:resnet&relation=BASED_ON&object=method:widgetnet", 404),
        ("/api/part?id=nothing", 404),
        ("/api/part?id=nothing&hops=0", 404),
        ("/api/path?from=nothing&to=method:resnet", 404),
        ("/api/nothing", 404),
        ("/api/query", 405),
        ("/static/nothing.js", 404),
        ("/static/../pyproject.toml", 404),
        ("/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
        ("/docs", 404),
    ],
)
def test_wrong_questions_are_problems(app: TestClient, address: str, status: int) -> None:
    check_problem(app.get(address), status)


def test_methods(app: TestClient) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        answer = app.request(method, "/api/graph", headers={"Content-Type": "application/json"})
        check_problem(answer, 405)
    assert app.head("/api/graph").status_code == 200
    check_problem(app.options("/api/query", headers={"Content-Type": "application/json"}), 405)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1", "127.0.0.1:8643", "localhost.:8642", "0.0.0.0:8642", ""]
)
def test_a_name_that_points_here_is_refused(app: TestClient, host: str) -> None:
    """DNS rebinding: the browser believes evil.example to be 127.0.0.1, and says so in the Host header."""
    for address in ("/", "/api/graph", "/openapi.json"):
        check_problem(app.get(address, headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost:8642", "LOCALHOST:8642", "[::1]:8642"])
def test_its_own_names_are_served(app: TestClient, host: str) -> None:
    assert app.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8642"},
        {"Origin": "http://127.0.0.1:8642.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_cannot_ask(app: TestClient, headers: dict[str, str]) -> None:
    check_problem(app.post("/api/query", json={"cypher": "RETURN 1"}, headers=headers), 403)
    check_problem(app.get("/api/graph", headers=headers), 403)


def test_a_link_from_elsewhere_opens_the_page_and_no_more(app: TestClient) -> None:
    coming = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert app.get("/", headers=coming).status_code == 200
    check_problem(app.get("/api/graph", headers=coming), 403)


def test_its_own_page_can_ask(app: TestClient) -> None:
    own = {"Origin": BASE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert app.post("/api/query", json={"cypher": "RETURN 1 AS n"}, headers=own).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_forms_cannot_post(app: TestClient, kind: str) -> None:
    check_problem(app.post("/api/query", content=b'{"cypher": "RETURN 1"}', headers={"Content-Type": kind}), 415)


def test_a_body_is_bounded(app: TestClient) -> None:
    long = b'{"cypher": "' + b" " * BODY_LIMIT + b'"}'
    headers = {"Content-Type": "application/json"}
    check_problem(app.post("/api/query", content=long, headers=headers), 413)
    check_problem(app.post("/api/query", content=iter([long[:1000]] * 1000), headers=headers), 413)


def test_every_response_is_dressed(app: TestClient) -> None:
    answers = [app.get(address) for address in ("/", "/api/graph", "/api/nothing", "/openapi.json", "/api/core")]
    answers += [ask(app, cypher="RETURN 1 AS n"), ask(app, cypher="no"), app.get("/", headers={"Host": "x"})]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "etag" in answer.headers or answer.headers["cache-control"] == "no-store"
    for forbidden in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
        assert forbidden not in POLICY


def test_a_bug_is_told_without_its_traceback(database: Path) -> None:
    with EmbeddedStore(database) as store:
        served = Served(title="bad", store=store, database=database, counts={"nodes": {}, "relationships": {}})
        client = TestClient(create(served, hosts=hosts(8642)), base_url=BASE, raise_server_exceptions=False)
        with client:
            served.cache["core"] = object()
            answer = client.get("/api/core")
    check_problem(answer, 500)
    assert "object" not in answer.text and answer.headers["content-security-policy"] == POLICY


# What it is described as


def test_etags(app: TestClient) -> None:
    for address in ("/", "/api/graph", "/api/search?q=res", "/api/core", "/openapi.json", "/favicon.ico"):
        first = app.get(address)
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
        again = app.get(address, headers={"If-None-Match": f'"other", {tag}'})
        assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == tag
        assert app.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_page_escapes_its_title_and_names_its_files(app: TestClient) -> None:
    text = app.get("/").text
    assert "<title>&lt;b&gt;small&lt;/b&gt;</title>" in text and "<b>" not in text
    assert '<meta name="kg-api" content="/api">' in text and 'lang="en"' in text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(files) == 2
    for file in files:
        answer = app.get(file)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].partition(";")[0] in ("text/javascript", "text/css")


def test_openapi_describes_the_routes(app: TestClient) -> None:
    description = app.get("/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    assert description["info"]["version"]
    described = {(path, method) for path, item in description["paths"].items() for method in item}
    assert described == {(endpoint.path, endpoint.method.lower()) for endpoint in ENDPOINTS}
    for path, method in described:
        answer = app.request(method, path, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), f"{method} {path} is described and not there"
        other = "get" if method == "post" else "post"
        assert app.request(other, path, json={}).status_code == 405
    for item in description["paths"].values():
        for operation in item.values():
            assert operation["operationId"] and operation["summary"].endswith(".")
            for parameter in operation["parameters"]:
                assert parameter["description"] and parameter["schema"]["type"] in ("string", "integer", "array")


EXAMPLES: dict[str, dict[str, Any]] = {
    "graph": {},
    "search": {"q": "e"},
    "node": {"id": "widgets-again"},
    "neighbours": {"id": "method:widgetnet", "relation": "EVALUATED_ON"},
    "evidence": {"subject": "method:widgetnet", "relation": "EVALUATED_ON", "object": "dataset:cifar-10"},
    "papers": {"id": "widgets-again"},
    "path": {"from": "method:tinyformer", "to": "author:bo-larsson"},
    "queries": {},
    "completions": {},
}


@pytest.mark.parametrize("name", [endpoint.name for endpoint in ENDPOINTS if endpoint.answer is not None])
def test_answers_are_as_described(app: TestClient, name: str) -> None:
    operation = describe("1")["paths"][f"/api/{name}"]
    if name == "query":
        answer = ask(app, name="statistics").json()
        schema = operation["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    else:
        answer = get(app, name, **EXAMPLES[name])
        schema = operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    check(answer, schema, name)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def check(value: Any, schema: Mapping[str, Any], where: str) -> None:
    """Hold ``value`` against the part of JSON Schema that the description uses; nothing may be undescribed."""
    assert set(schema) <= {"type", "properties", "required", "items", "enum", "additionalProperties", "description"}
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or any(TYPES[kind](value) for kind in kinds), f"{where}: {value!r} is not {kinds}"
    assert value in schema.get("enum", [value]), where
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"]), f"{where}: {set(value) - set(schema['properties'])}"
        assert set(schema["required"]) <= set(value), f"{where}: {set(schema['required']) - set(value)}"
        for name, part in value.items():
            check(part, schema["properties"][name], f"{where}.{name}")
    elif isinstance(value, dict) and "additionalProperties" in schema:
        for name, part in value.items():
            check(part, schema["additionalProperties"], f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for part in value:
            check(part, schema["items"], f"{where}[]")


# The server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(small_graph(), tmp_path_factory.mktemp("served") / "small.kg")


def request(port: int, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    data = json.dumps(body) if body is not None else None
    try:
        connection.request(method, path, data, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def workers(parent: int) -> list[int]:
    """The processes that the server has started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if int((place / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_kg_serve(folder: Path) -> None:
    with serving(folder) as running:
        assert running.address.startswith("http://127.0.0.1:")
        status, page = request(running.port, "GET", "/")
        assert status == 200 and b"small.kg" in page
        status, data = request(running.port, "GET", "/api/core", **{"Accept-Encoding": "gzip"})
        assert unpacked(gzip.decompress(data))[0]["nodes"] == len(small_graph())
        status, data = request(running.port, "POST", "/api/query", {"name": "statistics"})
        assert status == 200 and json.loads(data)["rows"]
        assert request(running.port, "GET", "/", Host="evil.example")[0] == 421
        listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        mine = [where for where in listening if where.endswith(f":{running.port:04X}")]
        assert mine and all(where.startswith("0100007F") for where in mine), "it listens on loopback alone"
        status, said = running.stop()
    assert status == 130 and "Traceback" not in said and "Ctrl-C stops" in said


def test_ctrl_c_ends_a_query_that_runs(folder: Path) -> None:
    with serving(folder) as running:
        hanging = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        body = json.dumps({"cypher": RUNAWAY["time"]})
        hanging.request("POST", "/api/query", body, {"Content-Type": "application/json"})
        time.sleep(1)
        begun = time.monotonic()
        children = workers(running.process.pid)
        status, said = running.stop()
        assert time.monotonic() - begun < 5
        hanging.close()
        assert status == 130 and "Traceback" not in said, said
        assert children and not any(alive(child) for child in children)


def alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_sigterm_stops_it_too(folder: Path) -> None:
    with serving(folder) as running:
        children = workers(running.process.pid)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) in (-signal.SIGTERM, 0, 143)
        assert not any(alive(child) for child in children)


def test_a_dropped_request_ends_its_query(folder: Path) -> None:
    with serving(folder, "--timeout", "60") as running:
        hanging = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        body = json.dumps({"cypher": RUNAWAY["time"]})
        hanging.request("POST", "/api/query", body, {"Content-Type": "application/json"})
        time.sleep(1.5)
        before = workers(running.process.pid)
        assert before
        hanging.close()
        until = time.monotonic() + 5
        while any(alive(child) for child in before) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(alive(child) for child in before)
        assert request(running.port, "POST", "/api/query", {"cypher": "RETURN 1 AS n"})[0] == 200
        _, said = running.stop()
        assert "Traceback" not in said and "ERROR" not in said, said


def test_a_named_question_that_runs_away_dies_alone(database: Path) -> None:
    with client_of(database, seconds=1.0, prepare="tests.served:looking_for_ever") as client:
        answer = ask(client, name="similar-papers", parameters={"paper": "zzz"})
        assert answer.status_code == 422 and "took longer than 1 s" in answer.json()["detail"]
        assert ask(client, cypher="RETURN 1 AS n").json()["rows"] == [[1]]


def test_browsing_goes_on_while_queries_run_away(folder: Path) -> None:
    with serving(folder, "--timeout", "60") as running:
        hanging = []
        for _ in range(6):
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            connection.request(
                "POST", "/api/query", json.dumps({"cypher": RUNAWAY["time"]}), {"Content-Type": "application/json"}
            )
            hanging.append(connection)
        time.sleep(0.5)
        for path in ("/api/search?q=" + "resnet", "/api/node?" + urlencode({"id": "method:resnet"}), "/"):
            begun = time.monotonic()
            assert request(running.port, "GET", path)[0] == 200
            assert time.monotonic() - begun < 5
        for connection in hanging:
            connection.close()


def test_ports() -> None:
    taken = listen(None)
    number = taken.getsockname()[1]
    with pytest.raises(UsageError, match=f"port {number}"):
        listen(number)
    other = listen(None)
    assert other.getsockname() != taken.getsockname() and other.getsockname()[0] == "127.0.0.1"
    taken.close()
    other.close()
    again = listen(number)
    assert again.family == socket.AF_INET and again.getsockname()[1] == number
    again.close()


def test_kg_serve_says_what_is_wrong(tmp_path: Path, folder: Path, kg: Callable[..., Any]) -> None:
    nothing = kg("serve", tmp_path / "no.kg", "--no-browser")
    assert nothing.returncode == 1 and "no such graph folder" in nothing.stderr
    held = listen(None)
    taken = kg("serve", folder, "--no-browser", "--port", str(held.getsockname()[1]))
    held.close()
    assert taken.returncode == 2 and "leave --port out" in taken.stderr and taken.stdout == ""
