"""What SECURITY.md promises of the whole program: how it is written, what it sends, what a hostile question gets."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.processes import resident
from kg.cli import cli
from tests.conftest import Run
from tests.served import serving
from tests.test_evaluate import GOLD
from tests.test_pwc import METHODS

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for name in ("kg", "viz", "queries") for path in (ROOT / name).rglob("*.py"))


# How it is written

CODE = frozenset({"eval", "exec", "compile", "__import__"})
"""Built-in functions that make code of text."""

UNPICKLING = frozenset({"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "imp"})
SHELLS = frozenset(
    {
        "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell", "commands", "os.popen",
        "os.spawnl", "os.spawnlp", "os.system", "subprocess.getoutput", "subprocess.getstatusoutput",
    }
)  # fmt: skip
UNSAFE = frozenset(
    {"yaml.load", "numpy.load", "torch.load", "pandas.read_pickle", "tempfile.mktemp", "networkx.read_gpickle"}
)
"""Functions that can unpickle, or that race; where one is called its arguments must say that it does not."""

NETWORK = frozenset(
    {
        "aiohttp", "dask", "distributed", "ftplib", "http.client", "http.server", "httpx", "neo4j", "paramiko",
        "requests", "smtplib", "socket", "socketserver", "telnetlib", "urllib.request", "urllib3", "uvicorn",
        "webbrowser", "websockets", "xmlrpc",
    }
)  # fmt: skip
MAY_CONNECT = {
    "kg/cli/serve.py": {"webbrowser"},
    "kg/cluster": {"dask", "distributed"},
    # For the name of this machine, which the processes of a cluster tell.
    "kg/pipeline.py": {"socket"},
    "kg/fetch/transport.py": {"httpx"},
    "kg/store/neo4j": {"neo4j"},
    "viz/app/server.py": {"socket", "uvicorn"},
}
"""The only places that know a network: fetch, load and query --neo4j, build --cluster, and the app on loopback."""


def dotted(node: ast.expr) -> str:
    """Write a name as it stands, such as ``os.system``; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree: ast.AST) -> dict[str, str]:
    """Give what each name that an import brings stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def faults(source: str) -> list[str]:
    """Name what may not stand in the program."""
    tree = ast.parse(source)
    names = called(tree)
    found = [f"import {name}" for name in imported(tree) if name.partition(".")[0] in UNPICKLING]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        head, dot, rest = dotted(node.func).partition(".")
        name = names.get(head, head) + dot + rest
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if name.removeprefix("builtins.") in CODE or name in SHELLS:
            found.append(name)
        shell = given.get("shell")
        if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
            found.append(f"{name}(shell=...)")
        pickled = given.get("allow_pickle")
        if name in UNSAFE and not (isinstance(pickled, ast.Constant) and pickled.value is False):
            found.append(name)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from marshal import loads",
        "eval('1')",
        "import builtins\nbuiltins.exec('1')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=how)",
        "os.system('ls')",
        "import numpy as np\nnp.load('x.npy', allow_pickle=True)",
        "import numpy as np\nnp.load('x.npy')",
        "from numpy import load\nload('x.npy')",
        "from os import system\nsystem('ls')",
        "from os import system as call\ncall('ls')",
        "from subprocess import getoutput\ngetoutput('ls')",
        "import asyncio\nasyncio.create_subprocess_shell('ls')",
        "import pandas as pd\npd.read_pickle('x')",
        "yaml.load(text)",
    ],
)
def test_the_search_for_faults_finds_them(source: str) -> None:
    assert faults(source)


@pytest.mark.parametrize(
    "source", ["re.compile('a')", "model.eval", "import numpy as np\nnp.load(f, allow_pickle=False)", "self.exec_()"]
)
def test_the_search_for_faults_lets_the_rest_be(source: str) -> None:
    assert not faults(source)


def test_nothing_is_unpickled_evaluated_or_run_through_a_shell() -> None:
    assert len(SOURCES) > 100
    found = {str(path.relative_to(ROOT)): faults(path.read_text("utf-8")) for path in SOURCES}
    assert {path: said for path, said in found.items() if said} == {}


def test_only_what_must_knows_a_network() -> None:
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        allowed = {part for place, some in MAY_CONNECT.items() if name.startswith(place) for part in some}
        names = [f"{one}." for one in imported(ast.parse(path.read_text("utf-8")))]
        used = {part for part in NETWORK if any(one.startswith(f"{part}.") for one in names)}
        if used - allowed:
            found[name] = used - allowed
    assert found == {}


# What it sends

FORBID = """
import os, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        # An address of the internet is a tuple; a path is a socket of this machine's own. That urllib3, which spaCy
        # imports, sees whether it may have an address of this machine in IPv6 sends nothing.
        address = arguments[1]
        if not isinstance(address, tuple) or (event == "socket.bind" and address[0] in ("127.0.0.1", "::1")):
            return
    elif event not in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        return
    told = f"{event} {arguments if isinstance(arguments[0], str) else arguments[1:]!r}"
    with open(os.environ["KG_TEST_SENT"], "a") as file:
        file.write(told + "\\n")
    raise PermissionError(told)

sys.addaudithook(refuse)
"""
"""Refuses the internet to this process of Python and to those it starts, and notes who tried."""

APART = [
    ("build", "{papers}", "-o", "out.kg", "--processes", "2"),
    ("build", "{papers}", "-o", "rules.kg", "--tagger", "rules"),
    ("extract", "{papers}"),
    ("demo", "-o", "demo"),
]
"""Commands that start processes or load the tagger, each in a process of its own."""

TOGETHER = [
    ("info", "{graph}"),
    ("query", "{graph}", "statistics"),
    ("query", "{graph}", "MATCH (n) RETURN count(n) AS n"),
    ("queries",),
    ("shell", "{graph}"),
    ("leaderboard", "{graph}", "CIFAR-10"),
    ("lineage", "{graph}", "PicBERT"),
    ("trends", "{graph}"),
    ("gaps", "{graph}"),
    ("conflicts", "{graph}"),
    ("similar", "{graph}", "SkipNet", "--vectors"),
    ("explain", "{graph}", "SkipNet"),
    ("duplicates", "{graph}"),
    ("report", "{graph}", "-o", "report.html"),
    ("view", "{graph}", "-o", "graph.html"),
    ("view", "{graph}", "--around", "SkipNet", "-o", "near.html"),
    ("view", "{graph}", "--top", "3", "-o", "top.html"),
    ("export", "{graph}", "out.graphml"),
    ("export", "{graph}", "out.jsonld"),
    ("remove", "{other}", "Louder batches"),
    ("import-pwc", "{other}", "{dump}", "--min-papers", "1"),
    ("diff", "{graph}", "{other}"),
    ("eval", "{gold}", "--tagger", "rules"),
    ("formats",),
]
"""The others, one after the other in one process."""

RUN = """
import json, sys
from kg.cli import cli
failed = [words for words in json.loads(sys.argv[1]) if cli.main(words, prog_name="kg", standalone_mode=False)]
sys.exit(f"failed: {failed}" if failed else 0)
"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, on Python's path, takes the internet from it."""
    place = tmp_path_factory.mktemp("offline")
    (place / "sitecustomize.py").write_text(FORBID)
    return place


def without_network(
    offline: Path, where: Path, *arguments: str, program: tuple[str, ...] = ("-m", "kg.cli")
) -> tuple["subprocess.CompletedProcess[str]", str]:
    """Run a command without a network; give what it did, and what it tried to send."""
    sent = where / "sent"
    env = {**os.environ, "PYTHONPATH": f"{offline}{os.pathsep}{ROOT}", "KG_TEST_SENT": str(sent)}
    command = [sys.executable, *program, *arguments]
    typed = "RETURN 1 AS one;\n"
    done = subprocess.run(
        command, env=env, cwd=where, input=typed, capture_output=True, text=True, check=False, timeout=300
    )
    return done, sent.read_text() if sent.exists() else ""


@pytest.mark.parametrize("command", APART, ids=lambda command: f"{command[0]} {command[-1]}")
def test_nothing_is_sent_anywhere(offline: Path, tmp_path: Path, papers_file: Path, command: tuple[str, ...]) -> None:
    done, sent = without_network(offline, tmp_path, *(word.format(papers=papers_file) for word in command))
    assert (done.returncode, sent) == (0, ""), done.stderr


def test_nothing_is_sent_anywhere_by_the_others(offline: Path, tmp_path: Path, graph_folder: Path) -> None:
    places = {name: tmp_path / name for name in ("graph", "other", "dump", "gold")}
    for name in ("graph", "other"):
        shutil.copytree(graph_folder, places[name])
    places["dump"].mkdir()
    (places["dump"] / "methods.json").write_text(json.dumps(METHODS))
    places["gold"].write_text("".join(json.dumps(record) + "\n" for record in GOLD))
    commands = [[word.format(**places) for word in command] for command in TOGETHER]
    done, sent = without_network(offline, tmp_path, json.dumps(commands), program=("-c", RUN))
    assert (done.returncode, sent) == (0, ""), done.stderr
    assert all((tmp_path / name).exists() for name in ("report.html", "graph.html", "top.html", "out.jsonld"))


def test_the_app_sends_nothing(
    offline: Path, tmp_path: Path, graph_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(graph_folder, tmp_path / "papers.kg")
    monkeypatch.setenv("PYTHONPATH", f"{offline}{os.pathsep}{ROOT}")
    monkeypatch.setenv("KG_TEST_SENT", str(tmp_path / "sent"))
    with serving(tmp_path / "papers.kg") as running:
        assert asked(running.port, "POST", "/api/query", '{"cypher": "RETURN 1 AS one"}')[0] == 200
        assert running.stop()[0] == 130
    assert not (tmp_path / "sent").exists()


def test_what_asks_the_network_is_seen(offline: Path, tmp_path: Path, graph_folder: Path) -> None:
    """The tests above can fail: what must use a network does not get by."""
    done, sent = without_network(offline, tmp_path, "fetch", "arxiv", "all:x", "-n", "1", "-o", "x.jsonl")
    assert done.returncode == 1 and sent and "Traceback" not in done.stderr
    sys_path = {**os.environ, "PYTHONPATH": str(offline), "KG_TEST_SENT": str(tmp_path / "child")}
    connecting = "[sys.executable, '-c', 'import socket; socket.create_connection((\"127.0.0.1\", 1))']"
    child = f"import subprocess, sys; sys.exit(subprocess.run({connecting}).returncode)"
    assert subprocess.run([sys.executable, "-c", child], env=sys_path, capture_output=True, check=False).returncode
    assert "127.0.0.1" in (tmp_path / "child").read_text()


def test_every_command_is_tried_without_a_network_or_said_to_use_it() -> None:
    said = re.search(
        r"^Only (.+?) use\s+the\s+network", (ROOT / "SECURITY.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert said
    networked = set(re.findall(r"`kg ([\w-]+)`", said[1]))
    tried = {command[0] for command in (*APART, *TOGETHER)} | {"serve"}
    # PyTorch, which `kg train` and `kg shrink` need, is not installed where tests run; SECURITY.md says so.
    assert networked and not networked & tried and networked | tried | {"train", "shrink"} == set(cli.commands)
    options = {
        (name, option)
        for name, command in cli.commands.items()
        for parameter in command.params
        for option in {"--neo4j", "--cluster"}.intersection(parameter.opts)
    }
    assert options and set(re.findall(r"`kg ([\w-]+) (--[\w-]+)`", said[1])) == options


# The weights


def test_weights_that_were_changed_are_one_line(tmp_path: Path, papers_file: Path) -> None:
    shutil.copytree(ROOT / "kg", tmp_path / "kg", ignore=shutil.ignore_patterns("__pycache__"))
    weights = tmp_path / "kg" / "extract" / "weights" / "encoder.onnx"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "kg.cli", "build", str(papers_file), "-o", "out.kg"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1 and not (tmp_path / "out.kg" / "manifest.json").exists()
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("kg: ")]
    assert "encoder.onnx: damaged" in line and "reinstall" in line and "Traceback" not in done.stderr


# The app

RUNAWAY = {
    "pairs": "MATCH (a), (b), (c), (d), (e), (f) WHERE a.id + b.id + c.id + d.id + e.id + f.id = 'x' RETURN count(*)",
    "rows": "UNWIND range(1, 1000000000) AS n RETURN count(n)",
    "a list": "RETURN size(range(1, 10000000000))",
    "a text": "RETURN size(repeat('x', 2000000000))",
    "many texts": "UNWIND range(1, 100000) AS n RETURN collect(repeat('x', 100000))",
    "everything": "MATCH (a), (b), (c), (d), (e) RETURN collect(a.id + b.id + c.id + d.id + e.id)",
}


def said_to(port: int, request: str) -> str:
    """Send bytes to the app as no client library would; give what it answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode("utf-8", "replace")


def asked(port: int, method: str, target: str, body: str = "") -> tuple[int, str]:
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
    answer = said_to(port, f"{head}\r\n{body}")
    return int(answer.split()[1]), answer


def test_runaway_queries_die_alone_and_the_app_stays_small(graph_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "papers.kg"
    shutil.copytree(graph_folder, copy)
    with serving(copy, "--memory", "300", "--timeout", "3") as running:
        for what, cypher in RUNAWAY.items():
            body = json.dumps({"cypher": cypher})
            reader = subprocess.Popen(
                [sys.executable, "-c", ASKING, str(running.port), body], stdout=subprocess.PIPE, text=True
            )
            peak = 0
            while reader.poll() is None:
                peak = max(peak, sum(resident(running.process.pid)))
                time.sleep(0.02)
            status = int((reader.communicate()[0] or "0").split()[0])
            assert status == 422, what
            # The app itself, its two processes, and what one of them took before it was seen.
            assert peak < 1200 * 2**20, what
            status, answer = asked(running.port, "POST", "/api/query", '{"cypher": "RETURN 1 AS one"}')
            assert status == 200 and '"rows":[[1]]' in answer, what
        assert running.process.poll() is None


ASKING = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
connection.request("POST", "/api/query", sys.argv[2], {"Content-Type": "application/json"})
print(connection.getresponse().status)
"""


def test_the_app_serves_its_graph_and_no_file(graph_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "papers.kg"
    shutil.copytree(graph_folder, copy)
    (tmp_path / "secret.txt").write_text("the secret of this test")
    other = tmp_path / "other.kg"
    shutil.copytree(graph_folder, other)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with serving(copy) as running:
        for target in (
            "/../secret.txt",
            "/static/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/static/..%2f..%2fsecret.txt",
            "/....//secret.txt",
            "/.%00./secret.txt",
            f"//{tmp_path}/secret.txt",
            f"/static/{tmp_path}/secret.txt",
            "/manifest.json",
            "/graph.lbug",
            "/records/",
            "/.git/config",
            "file:///etc/passwd",
            "/api/../../../etc/passwd",
        ):
            status, answer = asked(running.port, "GET", target)
            assert status in (400, 404, 405) and "secret of" not in answer and "root:" not in answer, target
        for cypher in (
            f"LOAD FROM '{tmp_path}/secret.txt' RETURN *",
            f"ATTACH '{other}/graph.lbug' AS other (dbtype lbug)",
            f"COPY (MATCH (n) RETURN n) TO '{tmp_path}/out.csv'",
            f"EXPORT DATABASE '{tmp_path}/out'",
            "INSTALL httpfs",
            "CALL current_setting('threads') RETURN *",
            "CREATE (:Task {id: 'x', name: 'x'})",
            "MATCH (n) DETACH DELETE n",
            "MATCH (n) SET n.name = 'x'",
        ):
            status, answer = asked(running.port, "POST", "/api/query", json.dumps({"cypher": cypher}))
            assert status == 400 and "secret of" not in answer, cypher
        status, _ = running.stop()
        assert status == 130
    after = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file() and path in before}
    assert after == before and not (tmp_path / "out.csv").exists() and not (tmp_path / "out").exists()


def test_the_app_listens_on_loopback_alone(graph_folder: Path, kg: Run) -> None:
    with serving(graph_folder) as running:
        with socket.socket() as outside:
            # Every address of this machine is 127.x to itself; another of them finds nobody.
            outside.settimeout(5)
            assert outside.connect_ex(("127.0.0.2", running.port)) != 0
        assert asked(running.port, "GET", "/api/graph")[0] == 200
    help_of_serve = kg("serve", "--help").stdout
    assert "--host" not in help_of_serve and "127.0.0.1" in help_of_serve
