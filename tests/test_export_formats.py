"""Each export format opened by the program or library it is for, and compared with the graph value by value."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import pandas as pd
import pyarrow.parquet
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.namespace import DCTERMS, RDF, SKOS, XSD

from kg.errors import ExportError
from kg.export import bibtex, evaluation_tables, export, obsidian
from kg.export.rdf import node_iri
from kg.read import read
from tests.graphs import small_graph
from tests.test_export import make

KG = rdflib.Namespace("urn:papergraph:terms:")
SCHEMA = rdflib.Namespace("https://schema.org/")
OA = rdflib.Namespace("http://www.w3.org/ns/oa#")

HOSTILE = [
    "CON",
    "con",
    "nul.txt",
    "../../etc/passwd",
    'a/b\\c:d*e?f"g<h>i|j',
    "...",
    " leading and trailing. ",
    "---\nid: x",
    '"]]\n}, {',
    "[[Other|x]] #tag ^block %%comment%%",
    "<script>alert(1)</script>",
    "$(rm -rf ~) `id`",
    "@article{x, title={",
    "50% of {A} & $5_b #1 ~^\\",
    "é vs é",
    "ＦＵＬＬ",
    "x" * 400,
    "😀" * 90,
    "\u202egnp.exe",
    "'; DROP TABLE nodes; --",
    "\\N \\G \\",
    "",
]


def hostile_graph() -> nx.MultiDiGraph:
    """Methods and papers of hostile names, linked, with sentences that say them."""
    graph = nx.MultiDiGraph()
    for number, name in enumerate(HOSTILE):
        graph.add_node(f"method:{number}", label="Method", id=f"method:{number}", name=name, aliases=[name, "x"])
        paper = {"label": "Paper", "title": name, "abstract": name, "authors": [name], "venue": name, "year": 2000}
        graph.add_node(f"paper-{number}", id=f"paper-{number}", url=f"https://x.org/{name}", **paper)
        said = {"papers": 1, "score": 0.5, "evidence_papers": [f"paper-{number}"], "evidence_sentences": [name]}
        graph.add_edge(f"paper-{number}", f"method:{number}", key="PROPOSES", **said)
    return graph


GRAPHS = {"small": small_graph, "odd": make, "hostile": hostile_graph}


@pytest.fixture(params=sorted(GRAPHS))
def graph(request: pytest.FixtureRequest) -> nx.MultiDiGraph:
    return GRAPHS[request.param]()


def kept(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties that have a value, lists as lists."""
    found = {name: value for name, value in properties.items() if value is not None and value != "" and value == value}
    return {name: str(value) if isinstance(value, str) else value for name, value in found.items()}


# Tables


def test_parquet_and_csv_say_the_same_to_duckdb(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    export(graph, tmp_path / "g.parquet")
    export(graph, tmp_path / "g.csv")
    for suffix in ("csv", "parquet"):
        for table, count in (("nodes", len(graph)), ("edges", graph.number_of_edges())):
            path = str(tmp_path / f"g-{table}.{suffix}")
            read_it = "read_csv(?, all_varchar=true)" if suffix == "csv" else "read_parquet(?)"
            assert duckdb.execute(f"SELECT count(*) FROM {read_it}", [path]).fetchall() == [(count,)]
    joined = duckdb.execute(
        "SELECT e.source, e.label, e.target, t.type FROM read_parquet(?) e JOIN read_parquet(?) s ON s.id = e.source"
        " JOIN read_parquet(?) t ON t.id = e.target ORDER BY ALL",
        [str(tmp_path / f"g-{table}.parquet") for table in ("edges", "nodes", "nodes")],
    ).fetchall()
    label = graph.nodes(data="label")
    assert joined == sorted((s, str(k), t, label[t]) for s, t, k in graph.edges(keys=True))


def test_parquet_keeps_every_value(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    export(graph, tmp_path / "g.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "g-nodes.parquet")
    rows = {row["id"]: {n: v for n, v in row.items() if v is not None} for row in table.to_pylist()}
    for key, properties in graph.nodes(data=True):
        row = rows[key]
        assert row["label"] == (properties.get("name") or properties.get("title") or key)
        assert {n: v for n, v in row.items() if n not in ("id", "label", "type")} == {
            n: v for n, v in kept(properties).items() if n not in ("id", "label")
        }
    edges = pyarrow.parquet.read_table(tmp_path / "g-edges.parquet").to_pylist()
    found = {(row["source"], row["target"], row["label"]): row for row in edges}
    assert len(found) == len(edges) == graph.number_of_edges()
    for source, target, key, properties in graph.edges(keys=True, data=True):
        row = {n: v for n, v in found[source, target, key].items() if v is not None}
        rest = {n: v for n, v in row.items() if n not in ("id", "source", "target", "label", "weight")}
        assert rest == kept(properties)


def test_tables_open_in_pandas(tmp_path: Path) -> None:
    export(small_graph(), tmp_path / "g.parquet")
    export(small_graph(), tmp_path / "g.csv")
    frame = pd.read_parquet(tmp_path / "g-nodes.parquet").set_index("id")
    assert list(frame["aliases"]["dataset:cifar-10"]) == ["CIFAR10", "cifar 10"]
    assert frame.loc["dataset:cifar-10", "papers"] == 3
    assert frame.loc["dataset:imagenet-c", "benchmark"] is True
    plain = pd.read_csv(tmp_path / "g-nodes.csv").set_index("id")
    assert list(plain["label"]) == list(frame["label"])


# CX2


def test_cx2_keeps_every_value(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    export(graph, tmp_path / "g.cx2")
    parts = json.loads((tmp_path / "g.cx2").read_text("utf-8"))
    assert parts[0] == {"CXVersion": "2.0", "hasFragments": False}
    assert parts[-1] == {"status": [{"success": True}]}
    aspects = {name: elements for part in parts[1:-1] for name, elements in part.items()}
    assert {m["name"]: m["elementCount"] for m in aspects["metaData"]} == {
        name: len(elements) for name, elements in aspects.items() if name != "metaData"
    }
    declared = aspects["attributeDeclarations"][0]
    for scope in ("nodes", "edges"):
        for element in aspects[scope]:
            assert element["v"].keys() <= declared[scope].keys()
    ids = {node["id"]: node["v"]["represents"] for node in aspects["nodes"]}
    assert sorted(ids.values()) == sorted(graph)
    for node in aspects["nodes"]:
        values, properties = node["v"], kept(graph.nodes[node["v"]["represents"]])
        assert values["name"] == (properties.get("name") or properties.get("title") or values["represents"])
        rest = {n: v for n, v in values.items() if n not in ("represents", "name", "type")}
        assert rest == {n: v for n, v in properties.items() if n not in ("id", "label", "name")}
    for edge in aspects["edges"]:
        properties = graph.edges[ids[edge["s"]], ids[edge["t"]], edge["v"]["interaction"]]
        assert {n: v for n, v in edge["v"].items() if n not in ("interaction", "weight")} == kept(properties)


def test_cx2_opens_in_ndex(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    cx2 = pytest.importorskip("ndex2.cx2")
    export(graph, tmp_path / "g.cx2")
    network = cx2.RawCX2NetworkFactory().get_cx2network(str(tmp_path / "g.cx2"))
    assert len(network.get_nodes()) == len(graph)
    assert len(network.get_edges()) == graph.number_of_edges()
    named = {node["v"]["represents"]: node["v"] for node in network.get_nodes().values()}
    for key, properties in graph.nodes(data=True):
        assert named[key].get("aliases") == properties.get("aliases")
        assert named[key]["type"] == properties["label"]


# DOT


def test_dot_is_read_by_pydot(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    pydot = pytest.importorskip("pydot")
    export(graph, tmp_path / "g.dot")
    (drawn,) = pydot.graph_from_dot_data((tmp_path / "g.dot").read_text("utf-8"))
    nodes = {unquoted(n.get_name()): n for n in drawn.get_nodes() if n.get_name() not in ("node", "edge", '"\\n"')}
    assert sorted(nodes) == sorted(graph)
    for key, properties in graph.nodes(data=True):
        name = properties.get("name") or properties.get("title") or key
        shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", name).replace("\r", "\n")
        assert unquoted(nodes[key].get("label")) == shown
        assert unquoted(nodes[key].get("class")) == properties["label"]
    edges = Counter(
        (unquoted(e.get_source()), unquoted(e.get_destination()), unquoted(e.get("class"))) for e in drawn.get_edges()
    )
    assert edges == Counter((s, t, str(k)) for s, t, k in graph.edges(keys=True))


def unquoted(text: str) -> str:
    """What Graphviz shows for a quoted label."""
    assert text[0] == text[-1] == '"'
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text[1:-1])


def test_graphviz_draws_it(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    import subprocess

    dot = shutil.which("dot")
    if dot is None:
        pytest.skip("Graphviz is not installed")
    export(graph, tmp_path / "g.dot")
    done = subprocess.run([dot, "-Tsvg", str(tmp_path / "g.dot")], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count('class="node') == len(graph)


# RDF


def parsed(graph: nx.MultiDiGraph, folder: Path) -> rdflib.Graph:
    """The graph written in both syntaxes and read by rdflib: they say the same, without a blank node."""
    export(graph, folder / "g.ttl")
    export(graph, folder / "g.jsonld")
    turtle = rdflib.Graph().parse(folder / "g.ttl")
    linked = rdflib.Graph().parse(folder / "g.jsonld", format="json-ld")
    assert set(turtle) == set(linked)
    assert not [term for triple in turtle for term in triple if isinstance(term, rdflib.BNode)]
    return turtle


def python(term: rdflib.term.Node | None) -> Any:
    return term.toPython() if isinstance(term, rdflib.Literal | rdflib.URIRef) else None


def iri(key: str) -> rdflib.URIRef:
    return rdflib.URIRef(node_iri(key).text)


NAMES = {
    "Paper": {
        "title": SCHEMA.name,
        "abstract": SCHEMA.abstract,
        "venue": KG.venue,
        "sources": DCTERMS.source,
        "ids": SCHEMA.identifier,
    },
    "Author": {"name": SCHEMA.name},
    "Result": {
        "metric": SCHEMA.variableMeasured,
        "value": SCHEMA.value,
        "unit": SCHEMA.unitText,
        "text": SCHEMA.description,
        "kind": KG.kind,
    },
    "Method": {"name": SKOS.prefLabel, "aliases": SKOS.altLabel, "papers": KG.paperCount},
}
NAMES["Dataset"] = NAMES["Task"] = NAMES["Method"]


def test_rdf_keeps_every_value(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    found = parsed(graph, tmp_path)
    for key, properties in graph.nodes(data=True):
        assert found.value(iri(key), DCTERMS.identifier) == rdflib.Literal(key)
        label = properties["label"]
        for name, term in NAMES[label].items():
            value = kept(properties).get(name, [])
            values = value if isinstance(value, list) else [value]
            assert {python(o) for o in found.objects(iri(key), term)} == set(values), (key, name)
        for name, term in (("year", SCHEMA.datePublished), ("first_year", KG.firstYear), ("last_year", KG.lastYear)):
            year = properties.get(name)
            expected = set() if year is None else {rdflib.Literal(f"{year}", datatype=XSD.gYear)}
            assert set(found.objects(iri(key), term)) == expected
        assert ((iri(key), RDF.type, KG.Benchmark) in found) == (properties.get("benchmark") is True)
        if properties.get("authors"):
            assert str(found.value(iri(key), SCHEMA.creditText)) == "; ".join(properties["authors"])


def test_rdf_has_every_relation_with_its_evidence(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    found = parsed(graph, tmp_path)
    for source, target, key, said in graph.edges(keys=True, data=True):
        first, *rest = str(key).lower().split("_")
        term = KG[first + "".join(map(str.capitalize, rest))]
        assert (iri(source), term, iri(target)) in found
        if not said:
            continue
        of = [
            s
            for s in found.subjects(RDF.predicate, term)
            if (s, RDF.subject, iri(source)) in found and (s, RDF.object, iri(target)) in found
        ]
        assert len(of) == 1
        for name, prop in (("papers", KG.paperCount), ("mentions", KG.mentionCount), ("score", KG.score)):
            value = found.value(of[0], prop)
            assert python(value) == said.get(name)
        evidence = []
        for annotation in found.subjects(OA.hasBody, of[0]):
            place = found.value(annotation, OA.hasTarget)
            selector = found.value(place, OA.hasSelector)
            terms = (
                (place, OA.hasSource),
                (place, KG.field),
                (selector, OA.start),
                (selector, OA.end),
                (selector, OA.exact),
            )
            evidence.append(tuple(python(found.value(*pair)) for pair in terms))
        names = ("papers", "fields", "starts", "ends", "sentences")
        lists = [said.get(f"evidence_{name}") or [None] * len(said.get("evidence_papers") or []) for name in names]
        expected = [(str(iri(p)), f, s, e, t or None) for p, f, s, e, t in zip(*lists, strict=True)]
        assert sorted(evidence, key=repr) == sorted(expected, key=repr)


def test_rdf_answers_sparql_in_terms_that_others_know(tmp_path: Path) -> None:
    found = parsed(small_graph(), tmp_path)
    rows = found.query(
        """
        PREFIX schema: <https://schema.org/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?title ?name WHERE {
          ?paper a schema:ScholarlyArticle ; schema:name ?title ; schema:author/schema:name ?name ; schema:about ?task .
          ?task a skos:Concept ; skos:prefLabel "Image Classification" } ORDER BY ?title ?name"""
    )
    assert [tuple(map(str, row)) for row in rows] == [  # type: ignore[arg-type]
        ("Widgets Again", "Ada Lovely"),
        ("Widgets for Small Pictures", "Ada Lovely"),
        ("Widgets for Small Pictures", "Bo Larsson"),
    ]
    broader = {(str(a), str(b)) for a, b in found.subject_objects(SKOS.broader)}
    assert (str(iri("dataset:cifar-10")), str(iri("dataset:cifar"))) in broader


@settings(deadline=None, max_examples=60)
@given(name=st.text(), other=st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()))
def test_any_text_survives_rdf(tmp_path_factory: pytest.TempPathFactory, name: str, other: object) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node(f"a{name}", label="Method", name=name)
    graph.add_node("b", label="Paper", title=name, url=f"https://x.org/{name}", **{f"z{name}": other})
    graph.add_edge("b", f"a{name}", key="USES", note=name)
    found = parsed(graph, tmp_path_factory.mktemp("rdf"))
    expected = set() if name == "" else {name.encode("utf-8", "replace").decode().replace("?", "\ufffd")}
    if "?" not in name:
        assert {str(o) for o in found.objects(None, SKOS.prefLabel)} - {"Methods", "Datasets", "Tasks"} == expected - {
            "Methods",
            "Datasets",
            "Tasks",
        }


# BibTeX


def test_bibtex_reads_back(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    import bibtexparser

    export(graph, tmp_path / "g.bib")
    library = bibtexparser.parse_file(str(tmp_path / "g.bib"))
    assert not library.failed_blocks
    papers = {key: data for key, data in graph.nodes(data=True) if data["label"] == "Paper"}
    assert len(library.entries) == len(papers)
    keys = [entry.key for entry in library.entries]
    assert len({key.casefold() for key in keys}) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in keys)
    for entry, (_, properties) in zip(library.entries, sorted(papers.items()), strict=True):
        assert entry.fields_dict["year"].value == str(properties["year"]) if properties.get("year") else True
        assert all(field.value.count("{") == field.value.count("}") for field in entry.fields)


def test_bibtex_of_the_small_graph_is_read_by_kg(tmp_path: Path) -> None:
    graph = small_graph()
    export(graph, tmp_path / "g.bib")
    back = {paper.id: paper for paper in read([str(tmp_path / "g.bib")])}
    papers = {key: data for key, data in graph.nodes(data=True) if data["label"] == "Paper"}
    assert sorted(back) == sorted(papers)
    for key, paper in back.items():
        for name in ("title", "abstract", "year", "venue", "url"):
            assert getattr(paper, name) == papers[key][name], (key, name)
        for name in ("authors", "ids"):
            assert list(getattr(paper, name)) == papers[key][name], (key, name)


@pytest.mark.parametrize(
    "title",
    [
        "100% of CIFAR-10 & more",
        "A_b #1 for $5",
        r"Loss $\alpha_{1}$ of BERT",
        "Braces {and} more",
        "A tilde ~ here",
        "ÅÉî ß 漢字 in UTF-8",
    ],
)
def test_bibtex_escapes_what_kg_reads_back(tmp_path: Path, title: str) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("p", label="Paper", title=title, abstract=f"We study {title}, and more of it.", authors=["A and B"])
    export(graph, tmp_path / "g.bib")
    (paper,) = read([str(tmp_path / "g.bib")])
    assert paper.title == title
    assert paper.abstract == f"We study {title}, and more of it."
    assert paper.authors == ("A and B",)


def test_bibtex_braces_always_pair() -> None:
    assert bibtex.tex("a {b} c") == r"a \{b\} c"
    assert bibtex.tex("} a {b") == r"\textbraceright{} a \textbraceleft{}b"
    assert bibtex.tex("x^2 \\foo") == r"x\textasciicircum{}2 \textbackslash{}foo"


def test_bibtex_keys_stay_when_papers_come(tmp_path: Path) -> None:
    graph = small_graph()
    export(graph, tmp_path / "all.bib")
    export(graph.subgraph(["widgets-again"]).copy(), tmp_path / "one.bib")
    assert (tmp_path / "one.bib").read_text() in (tmp_path / "all.bib").read_text()
    twins = nx.MultiDiGraph()
    for key in ("x", "y"):
        twins.add_node(key, label="Paper", title="Same Words Here", year=2020, authors=["Ann Lee"])
    bibtex.write(twins, tmp_path / "twins.bib")
    keys = re.findall(r"@misc\{(.*),", (tmp_path / "twins.bib").read_text())
    assert len(set(keys)) == 2 and all(re.fullmatch(r"lee2020samewordshere-[0-9a-f]{8}", key) for key in keys)


def test_bibtex_knows_where_a_paper_is(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("a", label="Paper", title="A", url="https://arxiv.org/abs/2101.00001v2")
    graph.add_node("b", label="Paper", title="B", url="https://doi.org/10.1/x_y", venue="Journal of Nets")
    graph.add_node("c", label="Paper", title="C", venue="ICLR")
    ids = ["arxiv:2101.00002", "doi:10.1/y", "doi:10.48550/arxiv.2101.00002", "pmid:17"]
    graph.add_node("d", label="Paper", title="D", ids=ids)
    export(graph, tmp_path / "g.bib")
    text = (tmp_path / "g.bib").read_text()
    assert "@misc{a" in text and "eprint = {2101.00001}" in text and "archiveprefix = {arXiv}" in text
    assert "@article{b" in text and "doi = {10.1/x_y}" in text and "journal = {Journal of Nets}" in text
    assert "@inproceedings{c" in text and "booktitle = {ICLR}" in text
    (preprint,) = (entry for entry in text.split("@") if entry.startswith("misc{d"))
    assert all(part in preprint for part in ("doi = {10.1/y}", "eprint = {2101.00002}", "pmid = {17}"))


# Evaluation tables


def test_evaluation_tables_hold_the_results(tmp_path: Path) -> None:
    export(small_graph(), tmp_path / "g.pwc.json")
    tasks = json.loads((tmp_path / "g.pwc.json").read_text())
    rows = {
        (task["task"], table["dataset"], row["model_name"], row["paper_title"], metric, value)
        for task in tasks
        for table in task["datasets"]
        for row in table["sota"]["rows"]
        for metric, value in row["metrics"].items()
    }
    assert rows == {
        ("Image Classification", "CIFAR-10", "WidgetNet", "Widgets for Small Pictures", "accuracy", "95.5%"),
        ("Image Classification", "CIFAR-10", "ResNet", "Widgets for Small Pictures", "accuracy", "93%"),
        ("Image Classification", "CIFAR-10", "WidgetNet", "Widgets Again", "accuracy", "96%"),
        ("Language Understanding", "GLUE", "TinyFormer", "A Small Transformer, Reconsidered", "score", "80.1"),
    }
    for task in tasks:
        assert task.keys() == {"task", "description", "categories", "synonyms", "source_link", "subtasks", "datasets"}
        for table in task["datasets"]:
            assert {m for row in table["sota"]["rows"] for m in row["metrics"]} == set(table["sota"]["metrics"])
            assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["paper_date"]) for row in table["sota"]["rows"])


def test_a_row_is_a_paper_and_method_and_a_second_value_a_second_row() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("p", label="Paper", title="P", year=None)
    graph.add_node("m", label="Method", name="M")
    graph.add_node("d", label="Dataset", name="D")
    for number, (metric, value, unit) in enumerate([("acc", 90.0, "%"), ("acc", 91.25, ""), ("time", 3.0, "ms")]):
        key = f"result:{number}"
        graph.add_node(key, label="Result", metric=metric, value=value, unit=unit, kind="absolute")
        graph.add_edge("p", key, key="REPORTS")
        graph.add_edge(key, "m", key="OF_METHOD")
        graph.add_edge(key, "d", key="ON_DATASET")
    (task,) = evaluation_tables.tasks(graph)
    rows = task["datasets"][0]["sota"]["rows"]
    assert task["task"] == ""
    assert [row["metrics"] for row in rows] == [{"acc": "90%", "time": "3 ms"}, {"acc": "91.25"}]
    assert rows[0]["paper_date"] is None


# Obsidian

RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}


def vault(graph: nx.MultiDiGraph, path: Path) -> dict[str, str]:
    export(graph, path, format="obsidian")
    return {str(file.relative_to(path).with_suffix("")): file.read_text("utf-8") for file in path.rglob("*.md")}


def test_a_vault_has_a_safe_note_for_every_node(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    notes = vault(graph, tmp_path / "notes")
    named = [key for key, label in graph.nodes(data="label") if label != "Result"]
    assert len(notes) == len(named) == len({name.casefold() for name in notes})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes"]
    found = {}
    for name, text in notes.items():
        folder, _, file = name.partition("/")
        assert folder in {*obsidian.FOLDERS.values(), "Other"}
        assert not re.search(r'[\\/:*?"<>|#^\[\]\x00-\x1f]', file)
        assert file == file.strip(" .") and file.split(".")[0].casefold() not in RESERVED
        assert len(f"{file}.md".encode()) <= 140
        _, front, body = text.split("---\n", 2)
        properties = yaml.safe_load(front)
        found[properties["id"]] = properties
        assert body.startswith("\n# ")
        for target in re.findall(r"(?<!\\)\[\[([^\]|]+)\|[^\]|]*\]\]", body):
            assert target in notes
        assert body.count("[[") - body.count(r"\[[") == len(re.findall(r"(?<!\\)\[\[[^\]|]+\|[^\]|]*\]\]", body))
    for key in named:
        properties = graph.nodes[key]
        for name in ("aliases", "papers", "first_year", "benchmark", "authors", "year", "venue", "url", "ids"):
            if name in kept(properties):
                assert found[key][name] == properties[name], (key, name)
        assert found[key]["title"] == (properties.get("name") or properties.get("title") or key)


def test_a_vault_links_with_evidence(tmp_path: Path) -> None:
    notes = vault(small_graph(), tmp_path / "notes.vault")
    widget = notes["Methods/WidgetNet"]
    evaluated = widget.partition("## Evaluated on\n")[2].partition("\n## ")[0]
    assert "- [[Datasets/CIFAR-10|CIFAR-10]] (2 papers)\n    - WidgetNet on CIFAR-10 is compared with" in evaluated
    assert "([[Papers/Widgets Again|Widgets Again]])" in evaluated
    assert "## Authors\n\n- [[Authors/Ada Lovely|Ada Lovely]]\n" in notes["Papers/Widgets Again"]
    assert (
        "- accuracy: 96.0% · [[Datasets/CIFAR-10|CIFAR-10]], [[Methods/WidgetNet|WidgetNet]]"
        in notes["Papers/Widgets Again"]
    )
    assert (
        "## Variants\n\n- [[Datasets/CIFAR-10|CIFAR-10]]\n- [[Datasets/CIFAR-100|CIFAR-100]]\n"
        in notes["Datasets/CIFAR"]
    )


def test_a_vault_follows_the_graph_and_spares_what_people_write(tmp_path: Path) -> None:
    graph = small_graph()
    folder = tmp_path / "notes"
    vault(graph, folder)
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    vault(graph, folder)
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    (folder / "Methods" / "My own.md").write_text("mine")
    graph.remove_node("method:gatenet")
    assert "Methods/GateNet" not in vault(graph, folder)
    assert (folder / "Methods" / "My own.md").read_text() == "mine"
    note = folder / "Methods" / "WidgetNet.md"
    note.write_text(note.read_text() + "\nMy remark.\n")
    with pytest.raises(ExportError, match=r"WidgetNet\.md: not as kg wrote it"):
        vault(graph, folder)
    assert "My remark." in note.read_text()
    other = tmp_path / "other"
    (other / "Methods").mkdir(parents=True)
    (other / "Methods" / "ResNet.md").write_text("mine")
    with pytest.raises(ExportError, match=r"ResNet\.md: not as kg wrote it"):
        vault(graph, other)
    assert [path.name for path in other.rglob("*.md")] == ["ResNet.md"]


def test_a_list_of_notes_from_outside_removes_nothing_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim.md"
    victim.write_text("x")
    folder = tmp_path / "notes"
    folder.mkdir()
    import hashlib

    digest = hashlib.sha256(b"x").hexdigest()
    names = ["../victim.md", str(victim), "Methods/../../victim.md"]
    (folder / obsidian.WRITTEN).write_text(json.dumps({"notes": dict.fromkeys(names, digest)}))
    vault(small_graph(), folder)
    assert victim.read_text() == "x"
    (folder / obsidian.WRITTEN).write_text("[]")
    with pytest.raises(ExportError, match="damaged"):
        vault(small_graph(), folder)
