"""The shell: statements, commands and completion, at a terminal that prompt_toolkit is given and from a pipe."""

import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import click
import pytest

import queries
from kg.cli import shell
from kg.store.embedded import EmbeddedStore, write
from tests.graphs import small_graph


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    path = tmp_path_factory.mktemp("shell") / "graph.lbug"
    write(small_graph(), path)
    with EmbeddedStore(path) as opened:
        yield opened


def piped(store: EmbeddedStore, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    shell.run(store)


def test_statements_from_a_pipe_run_as_they_come(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = """
MATCH (t:Task)
RETURN t.name AS task
ORDER BY task;
methods-on-dataset dataset=cifar10 limit=1
MATCH (n:Nope) RETURN n;
:set name "CIFAR-10"
MATCH (d:Dataset {name: $name}) RETURN d.papers AS papers

RETURN 'last' AS word
"""
    piped(store, script, monkeypatch)
    out, err = capsys.readouterr()
    assert "Image Classification" in out
    assert "(2 rows)" in out
    assert "WidgetNet" in out
    assert "last" in out
    assert "no label or relationship type Nope" in err


def test_commands(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = f"""
:export {tmp_path}/early.csv
:help
:schema
:queries
:nope
:set limit 1
:set limit x
:set limit -1
:set timeout inf
:set
MATCH (t:Task) RETURN t, t.name AS name ORDER BY name;
:export {tmp_path}/out.json
:export {tmp_path}/out.csv
:export {tmp_path}/out.txt
:export {tmp_path}/none/out.csv
methods-on-dataset dataset="no such" limit=x
methods-on-dataset dataset="open
RETURN $unset AS word;
:quit
RETURN 'after' AS word;
"""
    piped(store, script, monkeypatch)
    out, err = capsys.readouterr()
    for expected in ("Ctrl-C stops a query", "EVALUATED_ON", "who-beats-whom", "(1 row)", "out.json: 1 rows"):
        assert expected in out
    for expected in (
        "nothing to export yet",
        "no command :nope",
        ":set limit takes a whole number above 0",
        ":set timeout takes a number above 0",
        "only the first 1 row; :set limit N gives more",
        "no value for $unset; give it with :set unset VALUE",
        "ends in .csv or .json",
        "cannot write",
        "whole number",
        "not closed",
    ):
        assert expected in err
    assert "after" not in out
    assert not (tmp_path / "early.csv").exists()
    (row,) = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert row["name"] == "Image Classification"
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[0] == "t,name"


def test_it_can_be_typed_at_a_terminal(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("MATCH (t:Task)\rRETURN t.name AS task;\r")
        keys.send_text("MATCH\x03")
        keys.send_text("statistics\r")
        keys.send_text("\x04")
        session = shell.Session(store)
        # In a thread of its own: the browser tests leave an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            typed = thread.submit(copy_context().run, lambda: list(shell._typed(store))).result()
        for text in typed:
            session.handle(text)
    assert typed == ["MATCH (t:Task)\nRETURN t.name AS task;", "statistics"]
    assert "Language Understanding" in capsys.readouterr().out
    history = tmp_path / "papergraph" / "history"
    assert "RETURN t.name" in history.read_text("utf-8")
    assert history.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "out", "err"),
    [
        ("match (n:Method) where n.papers >= 2 return n.name", "WidgetNet", ""),
        ("match\n(n:Method) where n.name = 'ResNet' return n.id", "method:resnet", ""),
        ("Merge (n:Method) set n.name = 'x'", "", "MERGE is refused"),
        ("methods_on_dataset\n dataset=cifar10", "WidgetNet", ""),
        ("Statistics", "Paper", ""),
        ("method-on-dataset dataset=cifar10", "", "nearest: methods-on-dataset"),
    ],
)
def test_cypher_and_named_questions_are_told_apart(
    store: EmbeddedStore, capsys: pytest.CaptureFixture[str], text: str, out: str, err: str
) -> None:
    assert shell.Session(store).handle(text)
    said = capsys.readouterr()
    assert out in said.out and err in said.err
    assert bool(said.out) != bool(said.err)


def test_questions_are_listed_as_they_are_typed_here(store: EmbeddedStore, capsys: pytest.CaptureFixture[str]) -> None:
    shell.Session(store).handle(":queries")
    printed = capsys.readouterr().out
    assert "    takes: a (Method), b (Method), limit (int, 20)\n    shared-datasets a=ResNet b=VGG\n" in printed
    for name in queries.names():
        (example,) = (line.strip() for line in printed.splitlines() if f"{line} ".startswith(f"    {name} "))
        queries.get(name).values(dict(shell._pairs(example.removeprefix(name))))


def test_a_limit_is_also_that_of_a_named_question(store: EmbeddedStore, capsys: pytest.CaptureFixture[str]) -> None:
    session = shell.Session(store)
    session.handle("search text=e limit=2")
    session.handle(":set limit 3")
    session.handle("search text=e")
    said = capsys.readouterr()
    assert "(2 rows)" in said.out and "(3 rows)" in said.out
    assert said.err == "kg: only the first 3 rows; :set limit N gives more\n"


SLOW = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a * b);"


def test_ctrl_c_and_the_time_limit_end_a_query_and_not_the_shell(
    store: EmbeddedStore, capsys: pytest.CaptureFixture[str]
) -> None:
    session = shell.Session(store)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert session.handle(SLOW)
    assert capsys.readouterr().err == "kg: stopped\n"
    session.handle(":set timeout 0.2")
    assert session.handle(SLOW)
    said = capsys.readouterr().err
    assert said == "kg: the query took longer than 0.2 s; narrow it or give it more time (:set timeout)\n"
    assert session.handle("RETURN 'still here' AS word;")
    assert "still here" in capsys.readouterr().out


def test_a_table_fits_a_narrow_terminal(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shell.Session(store).handle("MATCH (p:Paper) RETURN p.title AS title, p.abstract AS abstract, p.year AS year;")
    table = click.unstyle(capsys.readouterr().out).splitlines()
    assert len(table) > 20
    assert max(map(len, table)) <= 40
    # Every word is there, in a column that is as narrow as it must be.
    assert "Gates" in "".join(table) and "2022" in "".join(table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MATCH (n:Da", ["Dataset"]),
        ("MATCH (n)-[r:EVALUATED", ["EVALUATED_ON"]),
        ("MATCH (n)-[:BASED_ON|VAR", ["VARIANT_OF"]),
        ("RETURN n.ali", ["aliases"]),
        ("retu", ["RETURN"]),
        ("methods-on", ["methods-on-dataset"]),
        ("MATCH (d {name: 'cifar1", ["CIFAR-10", "CIFAR-100"]),
        ('MATCH (d {name: "شب', ["شبكة"]),
        ("methods-on-dataset dataset=glu", ["GLUE"]),
        (":sch", [":schema"]),
    ],
)
def test_completion(store: EmbeddedStore, text: str, expected: list[str]) -> None:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    found = shell.completer(store).get_completions(Document(text), CompleteEvent())
    assert [completion.text for completion in found] == expected
