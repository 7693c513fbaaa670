"""The command line, as people and scripts meet it: what it prints where, and with which status it ends."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from click.testing import CliRunner, Result

import kg as package
from kg import folder
from kg.cli import cli
from kg.cli.output import _plain, console
from kg.store.neo4j import Neo4jStore, Server
from tests.conftest import Run
from tests.served import folder_of

RULES = ("--tagger", "rules", "--processes", "1")


def invoke(*arguments: str | Path, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def fails(result: Result, status: int, *said: str) -> None:
    """Check that a command ended with one line on standard error that says all of this, and printed nothing."""
    last = result.stderr.splitlines()[-1]
    assert result.exit_code == status, result.stderr
    assert last.startswith("kg: ") and result.stdout == ""
    for text in said:
        assert text in result.stderr


def files(path: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def test_version_and_help() -> None:
    assert invoke("--version").stdout == f"kg {package.__version__}\n"
    for arguments in (["--help"], ["-h"], ["build", "-h"], []):
        result = invoke(*arguments)
        assert "Usage: kg" in result.output or "Usage: cli" in result.output
    assert [name for name in cli.commands if name not in invoke("--help").stdout] == []


def test_build_then_ask(tmp_path: Path, papers_file: Path) -> None:
    graph = tmp_path / "papers.kg"
    built = invoke("build", papers_file, "-o", graph, *RULES)
    assert built.exit_code == 0 and built.stdout == ""
    assert "3 papers" in built.stderr and "3 extracted, 0 already there" in built.stderr
    again = invoke("build", papers_file, "-o", graph, *RULES)
    assert "0 extracted, 3 already there" in again.stderr
    cypher = "MATCH (:Paper)-[:EVALUATES_ON]->(d:Dataset) RETURN d.name AS name, count(*) AS papers ORDER BY name"
    rows = json.loads(invoke("query", graph, cypher, "--format", "json").stdout)
    assert {"name": "CIFAR-10", "papers": 2} in rows
    table = list(csv.reader(io.StringIO(invoke("query", graph, cypher, "--format", "csv").stdout)))
    assert table[0] == ["name", "papers"] and ["CIFAR-10", "2"] in table
    assert "CIFAR-10" in invoke("query", graph, cypher).stdout


def test_build_reads_standard_input(tmp_path: Path, papers_file: Path) -> None:
    result = invoke("build", "-", "-o", tmp_path / "g.kg", *RULES, stdin=papers_file.read_text())
    assert result.exit_code == 0 and "3 papers" in result.stderr
    assert folder.read_manifest(tmp_path / "g.kg").inputs == (folder.Source("-", ""),)


def test_extract_prints_records(papers_file: Path) -> None:
    result = invoke("extract", papers_file, papers_file, *RULES)
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["title"] for record in records] == ["Skipping layers", "Louder batches", "Words and pictures"]
    names = {entity["name"]: entity["role"] for entity in records[0]["entities"]}
    assert names["SkipNet"] == "proposes" and names["CIFAR-10"] == "evaluates_on"
    for record in records:
        for entity in record["entities"]:
            for mention in entity["mentions"]:
                assert record[mention["field"]][mention["start"] : mention["end"]] == mention["text"]


def test_parameters_of_cypher_have_types(graph_folder: Path) -> None:
    query = "RETURN $a AS a, $b AS b, $c AS c, $d AS d"
    values = ["-p", "a=3", "-p", "b=x=y", "-p", 'c="3"', "-p", "d=[1, 2]"]
    rows = json.loads(invoke("query", graph_folder, query, *values, "--format", "json").stdout)
    assert rows == [{"a": 3, "b": "x=y", "c": "3", "d": [1, 2]}]


def test_limit_says_so(graph_folder: Path) -> None:
    result = invoke("query", graph_folder, "UNWIND [1, 2, 3] AS x RETURN x", "--limit", "2", "--format", "csv")
    assert result.stdout == "x\n1\n2\n" and "only the first 2 rows" in result.stderr


def test_limit_is_also_that_of_a_named_query(graph_folder: Path) -> None:
    def search(*options: str) -> tuple[int, str]:
        result = invoke("query", graph_folder, "search", "-p", "text=t", "--format", "json", *options)
        return len(json.loads(result.stdout)), result.stderr

    # The graph has fewer entities than the 20 rows that the query gives by itself.
    entities, _ = search()
    assert search("-p", "limit=2") == (2, "")
    assert search("-p", "limit=2", "--limit", "3") == (2, "")
    assert search("--limit", "3") == (3, "kg: only the first 3 rows; --limit N gives more\n")
    assert search("--limit", str(entities)) == (entities, "")
    assert invoke("query", graph_folder, "statistics", "--limit", "1").stderr.startswith("kg: only the first 1 row;")


def test_limit_goes_beyond_what_a_named_query_gives_by_itself(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    for number in range(30):
        key = f"method:net-{number}"
        graph.add_node(key, label="Method", id=key, name=f"Net-{number}", aliases=[], papers=1)
    with package.open(folder_of(graph, tmp_path / "many.kg")) as opened:
        found = {limit: opened.query("top-methods", limit=limit) for limit in (None, 25, 100)}
    assert {limit: (len(rows), rows.truncated) for limit, rows in found.items()} == {
        None: (20, False),
        25: (25, True),
        100: (30, False),
    }


def test_a_query_past_its_time_names_the_option(graph_folder: Path) -> None:
    slow = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a * b)"
    fails(invoke("query", graph_folder, slow, "--timeout", "0.1"), 1, "longer than 0.1 s", "more time (--timeout)")


def test_queries_lists_names_with_examples() -> None:
    import queries

    printed = invoke("queries").stdout
    for name, query in queries.load().items():
        takes = f"    takes: {query.takes or 'nothing'}\n"
        assert f"{name}\n    {query.summary}\n{takes}    {query.example}\n" in printed


def test_a_named_query_matches_names_kindly(graph_folder: Path) -> None:
    result = invoke("query", graph_folder, "methods-on-dataset", "-p", "dataset=cifar 10", "--format", "json")
    assert result.exit_code == 0 and "SkipNet" in result.stdout


def test_info(graph_folder: Path) -> None:
    printed = invoke("info", graph_folder).stdout
    assert "Paper" in printed and "papers.jsonl" in printed and package.__version__ in printed


def test_view_and_export(tmp_path: Path, graph_folder: Path) -> None:
    assert 'id="kg-explorer"' in _written(
        invoke("view", graph_folder, "-o", tmp_path / "all.html"), tmp_path / "all.html"
    )
    around = invoke("view", graph_folder, "--around", "cifar10", "--hops", "1", "-o", tmp_path / "near.html")
    assert "PicBERT" not in _written(around, tmp_path / "near.html")
    _written(invoke("export", graph_folder, tmp_path / "g.graphml"), tmp_path / "g.graphml")
    graph = nx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    assert set(graph) == set(package.open(graph_folder).graph)


def _written(result: Result, path: Path) -> str:
    assert result.exit_code == 0 and result.stdout == "" and path.name in result.stderr
    return path.read_text("utf-8")


def test_eval_scores_records(tmp_path: Path, papers_file: Path) -> None:
    gold = {
        "id": "skipping-layers",
        "title": "Skipping layers",
        "abstract": "We propose SkipNet. SkipNet reaches 93.1% accuracy on CIFAR-10 and outperforms ResNet-50.",
        "entities": [{"canonical": "CIFAR-10", "type": "Dataset", "surfaces": ["CIFAR-10"], "role": "evaluates_on"}],
        "links": [],
        "results": [],
    }
    (tmp_path / "gold.jsonl").write_text(json.dumps(gold) + "\n")
    (tmp_path / "records.jsonl").write_text(invoke("extract", papers_file, *RULES).stdout)
    direct = invoke("eval", tmp_path / "gold.jsonl", "--json", *RULES)
    stored = invoke("eval", tmp_path / "gold.jsonl", "--records", tmp_path / "records.jsonl", "--json")
    assert json.loads(direct.stdout) == json.loads(stored.stdout)
    assert "entities" in invoke("eval", tmp_path / "gold.jsonl", "--errors", "3", *RULES).stdout


def test_formats_lists_what_is_read_and_written() -> None:
    from kg.export import FORMATS as WRITTEN
    from kg.read import FORMATS as READ

    printed = invoke("formats").stdout
    packed = ("gzip", "bzip2", "xz", "Zstandard", "zip", "tar")
    for name in [*(form.name for form in READ), *(form.name for form in WRITTEN), *packed]:
        assert name in printed


BAD_INPUTS: dict[str, tuple[bytes | None, str]] = {
    "missing.bib": (None, "missing.bib: no such file"),
    "empty.jsonl": (b"", "empty.jsonl: empty"),
    "photo.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 20, "photo.jpg: a binary file"),
    "entry.bib": (b"@article{a1, title={A title}, author={Ann Lee}}\n", "entry.bib:1: no abstract"),
    "long.jsonl": (b'{"title": "T", "abstract": "' + b"a " * 5_000_000 + b'"}\n', "long.jsonl:1: "),
    "broken.json": (b'{"title": "T", ', "broken.json:1: "),
}


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_an_input_without_a_paper_leaves_the_graph_alone(name: str, tmp_path: Path, papers_file: Path) -> None:
    content, message = BAD_INPUTS[name]
    path, graph = tmp_path / name, tmp_path / "papers.kg"
    if content is not None:
        path.write_bytes(content)
    for strict in ([], ["--strict"]):
        fails(invoke("build", path, "-o", graph, *RULES, *strict), 1, message)
        assert not graph.exists()
        fails(invoke("extract", path, *RULES, *strict), 1, message)
    invoke("build", papers_file, "-o", graph, *RULES)
    before = files(graph)
    for strict in ([], ["--strict"]):
        result = invoke("build", path, "-o", graph, *RULES, *strict)
        assert result.exit_code == 1 and message in result.stderr
        assert files(graph) == before


def test_a_folder_with_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    fails(invoke("build", tmp_path / "papers", "-o", tmp_path / "g.kg", *RULES), 1, "no files in this folder")
    (tmp_path / "papers" / "tool.exe").write_bytes(b"MZ\x00\x00" * 100)
    fails(invoke("build", tmp_path / "papers", "-o", tmp_path / "g.kg", *RULES), 1, "tool.exe: a binary file")
    assert not (tmp_path / "g.kg").exists()


def test_a_broken_record_costs_itself_alone(tmp_path: Path) -> None:
    lines = [json.dumps({"title": f"Paper {n}", "abstract": f"We propose Net{n}X."}) for n in range(1, 10)]
    lines[6] = '{"title": "broken'
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(lines))
    result = invoke("build", path, "-o", tmp_path / "g.kg", *RULES)
    assert result.exit_code == 0
    assert f"kg: {path}:7: " in result.stderr and "skipped 1 record" in result.stderr and "8 papers" in result.stderr
    fails(invoke("build", path, "-o", tmp_path / "strict.kg", *RULES, "--strict"), 1, f"kg: {path}:7: ")
    assert not (tmp_path / "strict.kg").exists()


def test_many_problems_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text('{"title": "A", "abstract": "We propose NetX."}\n' + '{"title": "no abstract"}\n' * 100)
    result = invoke("build", path, "-o", tmp_path / "g.kg", *RULES)
    assert len(result.stderr.splitlines()) < 30
    assert "... and 80 more" in result.stderr and "skipped 100 records" in result.stderr
    quiet = invoke("build", path, "-o", tmp_path / "q.kg", *RULES, "--skip-empty")
    assert "skipped" not in quiet.stderr


def test_a_wrong_encoding_and_control_characters_are_read(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_bytes(
        '{"title": "Caf\xe9", "abstract": "We propose NetX\\u0000\\u001b[31m on CIFAR-10."}\n'.encode("cp1252")
    )
    result = invoke("build", path, "-o", tmp_path / "g.kg", *RULES)
    assert result.exit_code == 0 and "Windows-1252" in result.stderr and "skipped" not in result.stderr
    shown = invoke("query", tmp_path / "g.kg", "MATCH (p:Paper) RETURN p.title, p.abstract")
    assert "Café" in shown.stdout and "\x1b" not in shown.stdout


def test_usage_errors_end_with_2(tmp_path: Path, graph_folder: Path) -> None:
    fails(invoke("build"), 2, "INPUT", "build --help")
    fails(invoke("build", "x.bib"), 2, "--output")
    fails(invoke("bild"), 2, "bild")
    fails(invoke("query", graph_folder, "RETURN 1", "--format", "xml"), 2, "xml")
    fails(invoke("query", graph_folder, "RETURN $a", "-p", "a"), 2, "NAME=VALUE")
    fails(invoke("build", graph_folder, "-o", tmp_path / "g", "--processes", "0"), 2, "0")
    fails(invoke("build", "-", "-o", tmp_path / "g", "--format", "pdf"), 2, "pdf", "jsonl")


def test_questions_that_cannot_be_asked(graph_folder: Path, tmp_path: Path) -> None:
    fails(invoke("query", graph_folder, "MATCH (d:Dataset RETURN d"), 1, "syntax")
    fails(invoke("query", graph_folder, "method-on-dataset"), 1, "methods-on-dataset")
    fails(invoke("query", graph_folder, "methods-on-dataset", "-p", "datset=x"), 1, "datset")
    fails(invoke("query", graph_folder, "methods-on-dataset", "-p", "dataset=cifar-11"), 1, "CIFAR-10")
    fails(invoke("query", graph_folder, "CREATE (d:Dataset {id: 'x'})"), 1, "CREATE")
    fails(invoke("view", graph_folder, "--around", "skipnets"), 1, "SkipNet")
    fails(invoke("export", graph_folder, tmp_path / "g.docx"), 1, "graphml")
    fails(invoke("export", graph_folder, tmp_path / "none" / "g.json"), 1, "g.json")


@pytest.mark.parametrize("command", [("query", "RETURN 1"), ("info",), ("view",), ("export", "x.json")])
def test_a_graph_that_cannot_be_used(command: tuple[str, ...], tmp_path: Path) -> None:
    name, *rest = command
    fails(invoke(name, tmp_path / "none.kg", *rest), 1, "no such graph folder")
    fails(invoke(name, tmp_path, *rest), 1, "not a graph folder")
    newer = tmp_path / "newer.kg"
    newer.mkdir()
    (newer / "manifest.json").write_text('{"format": 7}')
    fails(invoke(name, newer, *rest), 1, "made by a newer kg", "upgrade kg")
    fails(invoke("build", "-", "-o", newer, *RULES), 1, "made by a newer kg")
    assert (newer / "manifest.json").read_text() == '{"format": 7}'


def test_an_output_that_is_something_else(tmp_path: Path, papers_file: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    fails(invoke("build", papers_file, "-o", tmp_path, *RULES), 1, "not a graph folder")
    fails(invoke("build", papers_file, "-o", tmp_path / "thesis.tex", *RULES), 1, "not a graph folder")
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_no_colour_where_no_terminal_reads(kg: Run, graph_folder: Path) -> None:
    done = kg("query", graph_folder, "MATCH (n:Method) RETURN n.name AS name, n.papers AS papers")
    assert done.returncode == 0 and "SkipNet" in done.stdout and "\x1b" not in done.stdout + done.stderr


def test_text_cannot_steer_the_terminal() -> None:
    assert _plain("a\x1b[2Jb\x9bc\nd") == "a [2Jb c d"
    assert not console().is_terminal


def test_a_closed_pipe_is_quiet(kg: Run, papers_file: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text("".join(f'{{"title": "Paper {n}", "abstract": "We propose Net{n}X."}}\n' for n in range(3000)))
    command = [sys.executable, "-m", "kg.cli", "extract", str(many), *RULES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ctrl_c_leaves_things_whole(tmp_path: Path, papers_file: Path) -> None:
    graph = tmp_path / "papers.kg"
    invoke("build", papers_file, "-o", graph, *RULES)
    before = files(graph)
    fifo = tmp_path / "slow.jsonl"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "kg.cli", "build", str(fifo), "-o", str(graph), *RULES]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with started as process, fifo.open("w") as pipe:
        pipe.write('{"title": "T", "abstract": "We propose NetX."}\n')
        pipe.flush()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "kg: stopped; what was there before is unchanged"
    assert files(graph) == before


def test_demo(tmp_path: Path) -> None:
    result = invoke("demo", "-o", tmp_path / "demo", *RULES)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"demo.kg", "graph.html", "graph.graphml"}
    assert "The ten datasets with most methods" in result.stdout and "Evidence that" in result.stdout
    rest = result.stdout.split("Next:")[1]
    query, _, view, _ = (line.split() for line in rest.strip().splitlines())
    assert "ImageNet" in result.stdout
    assert invoke(*query[1:]).exit_code == 0
    assert invoke(*view[1:-1], tmp_path / "resnet.html").exit_code == 0
    assert "0 extracted" not in result.stdout
    assert invoke("demo", "-o", tmp_path / "demo", *RULES).stdout == result.stdout


def test_python_interface(graph_folder: Path, papers_file: Path, tmp_path: Path) -> None:
    graph = package.build(papers_file, tagger="rules")
    assert isinstance(graph, nx.MultiDiGraph)
    with package.open(graph_folder) as opened:
        assert nx.utils.graphs_equal(opened.graph, graph)
        assert opened.query("MATCH (p:Paper) RETURN count(p) AS n").dicts() == [{"n": 3}]
        assert opened.find("cifar 10") == "dataset:cifar-10"
        cypher = "MATCH (p:Paper) WHERE p.year >= $since RETURN p.title AS title, p.year AS year ORDER BY year"
        table = opened.query(cypher, since=2019).to_pandas()
        assert table.to_dict("list") == {"title": ["Louder batches", "Words and pictures"], "year": [2019, 2020]}
        methods = opened.query("methods-on-dataset", dataset="cifar 10", limit=1)
        assert methods.truncated and list(methods.to_pandas()["method"]) == [methods.rows[0][0]]
    kept = package.build([papers_file], tmp_path / "g.kg", tagger="rules")
    assert nx.utils.graphs_equal(kept, graph)
    assert nx.utils.graphs_equal(package.build([papers_file], tmp_path / "g.kg", tagger="rules"), graph)


def test_load_and_query_neo4j(
    empty_neo4j: Server, graph_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO4J_URI", empty_neo4j.uri)
    monkeypatch.setenv("NEO4J_USERNAME", empty_neo4j.username)
    monkeypatch.setenv("NEO4J_DATABASE", empty_neo4j.database or "")
    monkeypatch.setenv("NEO4J_PASSWORD", "not the password")
    wrong = f"kg: {empty_neo4j.uri}: wrong user name or password; set NEO4J_USERNAME and NEO4J_PASSWORD\n"
    for name, *rest in (["load"], ["query", "RETURN 1", "--neo4j"]):
        result = invoke(name, graph_folder, *rest)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", wrong)
    monkeypatch.setenv("NEO4J_PASSWORD", empty_neo4j.password)

    def content() -> list[tuple[Any, ...]]:
        with Neo4jStore(empty_neo4j) as store:
            found = "MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN n, r ORDER BY n.id, type(r), m.id"
            return list(store.query(found))

    def load(graph: Path, *options: str) -> str:
        result = invoke("load", graph, *options)
        assert result.exit_code == 0 and result.stdout == "", result.stderr
        return result.stderr

    said = load(graph_folder)
    loaded = content()
    counts = folder.read_manifest(graph_folder).counts
    nodes, relationships = (sum(counts[kind].values()) for kind in ("nodes", "relationships"))
    assert said == f"kg: loaded {nodes} nodes, {relationships} relationships\n"
    assert (load(graph_folder), content()) == (said, loaded)

    smaller = shutil.copytree(graph_folder, tmp_path / "smaller.kg")
    assert "1 paper removed" in invoke("remove", smaller, "Louder batches").stderr
    assert "that the graph no longer has" in load(smaller, "--prune")
    left = content()
    with package.open(smaller) as opened:
        assert {node["id"] for node, _ in left} == set(opened.graph) < {node["id"] for node, _ in loaded}
        assert sum(link is not None for _, link in left) == opened.graph.number_of_edges()

    for question in (["MATCH (p:Paper) RETURN p.title AS title ORDER BY title"], ["top-methods", "--limit", "2"]):
        there, here = (invoke("query", smaller, *question, "--format", "csv", *to) for to in (["--neo4j"], []))
        assert there.stdout == here.stdout != ""


def test_importing_the_package_is_light() -> None:
    heavy = ["spacy", "onnxruntime", "ladybug", "pyarrow", "networkx", "pandas"]
    code = f"import kg, kg.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
