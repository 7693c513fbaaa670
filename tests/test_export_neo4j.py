"""What is written for Neo4j to import offline comes out as the graph that loading gives, run by the real tools."""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import networkx as nx
import pytest

from kg.export import cypher_script, neo4j_admin
from kg.store.neo4j import Neo4jStore, Server, load, schema_statements
from tests.graphs import small_graph
from tests.neo4j_server import JAVA, OPENS, UnavailableError, classpath, clear, give_up, in_process

pytest_plugins = ["tests.neo4j_fixture"]


def odd_graph() -> nx.MultiDiGraph:
    """The small graph with texts that quoting, splitting and trimming could break."""
    graph = small_graph()
    graph.nodes["method:resnet"]["aliases"] = [
        "a;b",
        'a"b',
        "a'b",
        "a,b",
        "x\\",
        "\\u0041",
        "",
        " ",
        "two\nlines",
        "😀",
    ]
    graph.nodes["method:gatenet"]["name"] = "'); MATCH (n) DETACH DELETE n; //"
    graph.nodes["method:widgetnet"]["name"] = ' "quoted"\r\n, \ttabbed '
    graph.nodes["gates-that-skip"]["abstract"] = "\u2028\x07\x85 `x` ${y} שלום /* */"
    graph.nodes["dataset:glue"]["name"] = ""
    return graph


def both_graphs() -> nx.MultiDiGraph:
    """The small graph and the odd one beside each other: an import and the start of what it made take long."""
    odd = nx.relabel_nodes(odd_graph(), lambda key: f"odd {key}")
    for key, properties in odd.nodes(data=True):
        properties["id"] = key
    return nx.compose(small_graph(), odd)


def content(where: Server) -> list[object]:
    with Neo4jStore(where) as store:
        nodes = store.query(
            "MATCH (n) UNWIND labels(n) AS l WITH n, l ORDER BY l RETURN n, collect(l) ORDER BY n.id"
        ).rows
        edges = store.query("MATCH (a)-[r]->(b) RETURN r ORDER BY a.id, type(r), b.id").rows
        return [*nodes, *edges]


def run(statements: Iterable[str], where: Server) -> None:
    import neo4j

    with neo4j.GraphDatabase.driver(where.uri, auth=(where.username, where.password)) as driver:
        for statement in statements:
            driver.execute_query(statement, database_=where.database)


@pytest.mark.parametrize("make", [small_graph, odd_graph])
def test_the_script_loads_what_the_loader_loads(empty_neo4j: Server, tmp_path: Path, make: object) -> None:
    graph = make()  # type: ignore[operator]
    load(graph, empty_neo4j)
    expected = content(empty_neo4j)
    clear(empty_neo4j)
    cypher_script.write(graph, tmp_path / "load.cypher")
    for _ in range(2):
        run(cypher_script.statements(graph), empty_neo4j)
    assert content(empty_neo4j) == expected
    script = (tmp_path / "load.cypher").read_text("utf-8")
    assert script == "".join(f"{statement};\n" for statement in cypher_script.statements(graph))


def test_all_ways_declare_what_the_loader_declares(tmp_path: Path) -> None:
    declared = sorted(schema_statements())
    assert sorted(cypher_script.schema()) == declared
    neo4j_admin.write(small_graph(), tmp_path)
    finish = (tmp_path / "finish.cypher").read_text("utf-8").removesuffix(";\n").split(";\n")
    assert sorted(line for line in finish if line.startswith("CREATE")) == declared


def test_neo4j_admin_imports_what_the_loader_loads(empty_neo4j: Server, tmp_path: Path) -> None:
    graph = both_graphs()
    try:
        jars = classpath()
    except UnavailableError as error:
        give_up(str(error))
    folder, home = tmp_path / "neo4j-admin", tmp_path / "home"
    neo4j_admin.write(graph, folder)
    home.mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    tool = bin_folder / "neo4j-admin"
    tool.write_text(f'#!/bin/sh\nexec java -Xmx256m {" ".join(OPENS)} -cp "{jars}" org.neo4j.cli.AdminTool "$@"\n')
    tool.chmod(0o755)
    (home / "conf").mkdir()
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "NEO4J_HOME": str(home)}
    environment["NEO4J_CONF"] = str(home / "conf")
    done = subprocess.run(
        ["sh", str(folder / "import.sh")], env=environment, cwd=home, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    load(graph, empty_neo4j)
    expected = content(empty_neo4j)
    with in_process("home", str(home)) as imported:
        run((folder / "finish.cypher").read_text("utf-8").split(";\n")[:-1], imported)
        assert content(imported) == expected


def test_the_folder_is_the_same_for_any_order_and_names_every_file(tmp_path: Path) -> None:
    graph = odd_graph()
    turned = nx.MultiDiGraph()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(keys=True, data=True))))
    for name, one in (("a", graph), ("b", turned)):
        neo4j_admin.write(one, tmp_path / name)
        cypher_script.write(one, tmp_path / f"{name}.cypher")
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == sorted(p.name for p in (tmp_path / "b").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a.cypher").read_bytes() == (tmp_path / "b.cypher").read_bytes()
    script = (tmp_path / "a" / "import.sh").read_text()
    named = re.findall(r"=([\w-]+\.csv)", script)
    assert sorted(named) == [name for name in files if name.endswith(".csv")]
    assert JAVA.is_dir()
