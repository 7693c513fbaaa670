"""The packed graph: read back by the written format, the same bytes for the same graph, hostile text kept as text."""

import gzip
import itertools
import json
from typing import Any

import networkx as nx
import numpy as np
import pytest

from tests.graphs import small_graph
from tests.test_explorer_map import shuffled
from tests.topic_graph import topic_graph
from viz.explorer.map import NOWHERE, lay_out
from viz.explorer.payload import BETWEEN, CHUNK, Payload, pack

TYPES = {"u8": "<u1", "u16": "<u2", "u32": "<u4", "f32": "<f4"}
NODE_COLUMNS = ("id", "name", "aliases", "kind", "x", "y", "papers", "first", "last", "community")
LINK_COLUMNS = ("source", "target", "relation", "link_papers", "link_score", "link_first", "link_last")


def unpack(core: bytes) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Read a core as docs/decisions/0006-explorer.md says, without the code that writes it."""
    data = gzip.decompress(core)
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length].decode())
    start = 4 + length + -length % 4
    columns: dict[str, list[Any]] = {}
    for name, section in header["sections"].items():
        at, count = start + section["offset"], section["count"]
        assert at % 4 == 0
        if section["type"] == "str":
            offsets = np.frombuffer(data, "<u4", count + 1, at).tolist()
            texts = at + 4 * (count + 1)
            columns[name] = [data[texts + a : texts + b].decode() for a, b in itertools.pairwise(offsets)]
        else:
            columns[name] = np.frombuffer(data, TYPES[section["type"]], count, at).tolist()
    return header, columns


def chunks(payload: Payload) -> list[dict[str, Any]]:
    return [json.loads(gzip.decompress(chunk)) for chunk in payload.evidence]


def table(payload: Payload) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(gzip.decompress(payload.papers))
    return found


def test_nodes_and_links_come_back() -> None:
    graph = small_graph()
    header, columns = unpack(pack(graph, title="Small").core)
    assert header["format"] == 1 and header["title"] == "Small"
    assert header["nodes"] == len(graph) and header["links"] == graph.number_of_edges()
    assert header["years"] == [2018, 2022]
    assert sorted(columns["id"]) == sorted(graph)
    assert {len(columns[name]) for name in NODE_COLUMNS} == {len(graph)}
    assert {len(columns[name]) for name in LINK_COLUMNS} == {graph.number_of_edges()}
    assert list(zip([-p for p in columns["papers"]], columns["id"], strict=True)) == sorted(
        zip([-p for p in columns["papers"]], columns["id"], strict=True)
    )
    for at, key in enumerate(columns["id"]):
        found = graph.nodes[key]
        kind = header["kinds"][columns["kind"][at]]
        assert kind == ("Benchmark" if found.get("benchmark") else found["label"])
        if "name" in found:
            assert columns["name"][at] == found["name"]
            assert columns["papers"][at] == found.get("papers", columns["papers"][at])
            assert columns["first"][at] == (found.get("first_year", columns["first"][at]) or 0)
    links = list(zip(*(columns[name] for name in LINK_COLUMNS[:3]), strict=True))
    assert links == sorted(links, key=lambda link: (link[0], link[2], link[1]))
    there = {(columns["id"][a], columns["id"][b], header["relations"][r]) for a, b, r in links}
    assert there == {(a, b, key) for a, b, key in graph.edges(keys=True)}
    for at, (a, b, r) in enumerate(links):
        found = graph.edges[columns["id"][a], columns["id"][b], header["relations"][r]]
        assert columns["link_papers"][at] == found.get("papers", 1)
        assert columns["link_score"][at] == round(100 * found.get("score", 1))


def test_support_and_years_of_papers_authors_and_results() -> None:
    header, columns = unpack(pack(small_graph(), title="Small").core)
    facts = {
        key: columns_at
        for key, *columns_at in zip(*(columns[name] for name in ("id", "papers", "first", "last")), strict=True)
    }
    assert facts["author:ada-lovely"] == [3, 2018, 2022]
    assert facts["gates-that-skip"] == [1, 2020, 2020]
    results = [columns["name"][at] for at, kind in enumerate(columns["kind"]) if header["kinds"][kind] == "Result"]
    assert sorted(results) == [
        "+1.5 accuracy",
        "4 error",
        "80.1 score",
        "93% accuracy",
        "95.5% accuracy",
        "96% accuracy",
    ]
    years = {
        (header["relations"][r], first)
        for r, first in zip(columns["relation"], columns["link_first"], strict=True)
        if header["relations"][r] in ("WROTE", "REPORTS", "ON_DATASET")
    }
    assert {("WROTE", 2018), ("REPORTS", 2020), ("ON_DATASET", 2022)} <= years


def test_evidence_is_in_the_chunk_of_its_link() -> None:
    graph = topic_graph(900, 3600)
    payload = pack(graph, title="Topics")
    header, columns = unpack(payload.core)
    found, papers = chunks(payload), table(payload)
    assert header["chunk"] == CHUNK and header["chunks"] == len(found) == -(-header["links"] // CHUNK) > 1
    assert header["papers"] == len(papers["id"])
    for link in range(header["links"]):
        chunk = found[link // CHUNK]
        ends = columns["id"][columns["source"][link]], columns["id"][columns["target"][link]]
        said = graph.edges[(*ends, header["relations"][columns["relation"][link]])]
        read = [
            (papers["id"][row], ("title", "abstract")[field], start, end, chunk["sentences"][sentence])
            for row, field, start, end, sentence in chunk["links"][link % CHUNK]
        ]
        wanted = zip(
            *(said.get(f"evidence_{name}", []) for name in ("papers", "fields", "starts", "ends", "sentences")),
            strict=True,
        )
        assert read == list(wanted)


def test_papers() -> None:
    graph = small_graph()
    graph.nodes["widgets-again"]["url"] = "javascript:alert(1)"
    papers = table(pack(graph, title="Small"))
    assert papers["id"] == sorted(key for key, label in graph.nodes(data="label") if label == "Paper")
    at = papers["id"].index("gates-that-skip")
    assert {name: column[at] for name, column in papers.items()} == {
        "id": "gates-that-skip",
        "title": "Gates that Skip",
        "year": 2020,
        "url": "https://example.org/gates-that-skip",
        "authors": ["Bo Larsson"],
        "venue": "Workshop",
    }
    assert papers["url"][papers["id"].index("widgets-again")] == ""


def test_papers_that_a_part_cites_but_does_not_hold() -> None:
    import viz

    part = viz.neighbourhood(small_graph(), "method:widgetnet")
    payload = pack(part, title="Part")
    papers = table(payload)
    assert "Widgets for Small Pictures" in papers["title"]
    assert not any(label == "Paper" for _, label in part.nodes(data="label"))


def test_without_evidence() -> None:
    payload = pack(small_graph(), title="Small", evidence=False)
    header, columns = unpack(payload.core)
    assert header["chunks"] == header["papers"] == 0 and payload.evidence == ()
    assert columns["id"] == unpack(pack(small_graph(), title="Small").core)[1]["id"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bytes_for_any_order(seed: int) -> None:
    graph = topic_graph(300, 1200)
    assert pack(shuffled(graph, seed), title="T") == pack(graph, title="T")


def test_a_map_is_kept_to() -> None:
    graph = topic_graph(300, 1200)
    where = lay_out(graph)
    header, columns = unpack(pack(graph, title="T", where=where).core)
    place = {key: at for at, key in enumerate(sorted(graph))}
    for key, x, community in zip(columns["id"], columns["x"], columns["community"], strict=True):
        assert abs(x - where.x[place[key]]) <= 1 / 32 and community == where.community[place[key]]
    assert [c["name"] for c in header["communities"]] == [c.name for c in where.communities]
    assert set(columns["community"]) <= {NOWHERE, *range(len(where.communities))}


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "${1+1} `x` {{x}}",
    "\u202egnirts\u202c",
    "a\ud800b",
    "line\u2028end\x00\x1f",
    "N" * 10_000,
    "😀 शब्द",
)


def test_hostile_names_stay_text() -> None:
    graph = nx.MultiDiGraph()
    for at, name in enumerate(HOSTILE):
        graph.add_node(f"method:{at}", label="Method", name=name, aliases=[f"{name} again", "plain"], papers=1)
    graph.add_node("p", label="Paper", title=HOSTILE[0], year="2020", url="data:text/html,x", authors=[HOSTILE[3]])
    graph.add_edge(
        "p", "method:0", key="odd </script>", papers=10**9, score=7, evidence_papers=["p"], evidence_fields=["title"],
        evidence_starts=[0], evidence_ends=[5], evidence_sentences=[HOSTILE[3]],
    )  # fmt: skip
    payload = pack(graph, title=HOSTILE[0])
    header, columns = unpack(payload.core)
    names = dict(zip(columns["id"], columns["name"], strict=True))
    aliases = dict(zip(columns["id"], columns["aliases"], strict=True))
    assert names["method:0"] == HOSTILE[0] and names["method:2"] == HOSTILE[2] and names["method:6"] == HOSTILE[6]
    assert names["method:3"] == "a?b" and names["method:4"] == "line\u2028end\x00 "
    assert len(names["method:5"]) == 400
    assert all(
        text.split(BETWEEN)[-1] == "plain" and text.count(BETWEEN) == 1 for key, text in aliases.items() if key != "p"
    )
    assert columns["link_papers"] == [65535] and columns["link_score"] == [100]
    assert header["relations"] == ["odd </script>"]
    papers = table(payload)
    assert papers["url"] == [""] and papers["year"] == [None] and papers["authors"] == [["a?b"]]
    assert chunks(payload) == [{"sentences": ["a?b"], "links": [[[0, 0, 0, 5, 0]]]}]


def test_an_empty_graph() -> None:
    payload = pack(nx.MultiDiGraph(), title="")
    header, columns = unpack(payload.core)
    assert header["nodes"] == header["links"] == header["chunks"] == 0 and header["years"] is None
    assert all(column == [] for column in columns.values())


def test_bytes_a_link() -> None:
    """What 15 MB for 50,000 nodes and 200,000 links allow, with base64 and the script, at a tenth of that."""
    payload = pack(topic_graph(5000, 20_000), title="Topics")
    assert 4 / 3 * (len(payload.core) + len(payload.papers) + sum(map(len, payload.evidence))) < 1.5e6


def test_the_literature_is_one() -> None:
    graph = topic_graph(600, 2400)
    assert abs(len(graph) - 600) < 6 and abs(graph.number_of_edges() - 2400) < 60
    degrees = sorted((degree for _, degree in graph.degree()), reverse=True)
    assert degrees[0] > 20 * degrees[len(degrees) // 2]
    sentences = sum(len(found or ()) for *_, found in graph.edges(data="evidence_sentences"))
    assert 0.8 < sentences / graph.number_of_edges() < 1.2
