"""A query cannot take the machine's memory: its buffers are bounded, and `kg query` ends before it has more."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.processes import resident as resident_of
from kg.errors import QueryError
from kg.store import memory
from kg.store.embedded import EmbeddedStore, write
from tests.graphs import small_graph
from tests.served import folder_of
from tests.topic_graph import topic_graph

MB = 2**20

RUNAWAY = {
    "a list": "RETURN size(range(1, 1000000000)) AS n",
    "rows": "UNWIND range(1, 1000000000) AS n RETURN count(n) AS n",
    "a text": "RETURN size(repeat('x', 2000000000)) AS n",
    "many texts": "UNWIND range(1, 100000) AS n RETURN collect(repeat('x', 100000)) AS many",
    "everything": "MATCH (a), (b), (c), (d), (e), (f) RETURN collect(a.id + b.id + c.id + d.id + e.id + f.id) AS many",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(small_graph(), tmp_path_factory.mktemp("memory") / "small.kg")


@pytest.mark.parametrize("what", sorted(RUNAWAY))
def test_kg_query_ends_before_it_has_too_much(folder: Path, tmp_path: Path, what: str) -> None:
    command = [sys.executable, "-m", "kg.cli", "query", str(folder), RUNAWAY[what], "--memory", "400", "--timeout", "5"]
    peak, out, errors = 0, tmp_path / "out", tmp_path / "errors"
    with out.open("w") as to, errors.open("w") as told, subprocess.Popen(command, stdout=to, stderr=told) as child:
        until = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < until:
            peak = max(peak, sum(resident_of(child.pid)))
            time.sleep(0.02)
        child.kill()
    assert (child.returncode, out.read_text()) == (1, "")
    (line,) = errors.read_text().splitlines()
    assert line.startswith("kg: the query took ")
    # What is taken between two looks comes on top.
    assert peak < 800 * MB


def test_a_part_to_export_is_bounded_too(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kg.cli", "export", str(folder), str(tmp_path / "g.json")]
    limits = ["--where", RUNAWAY["a list"], "--memory", "400", "--timeout", "5"]
    done = subprocess.run([*command, *limits], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "kg: the query took more than 400 MB of memory; narrow it\n"
    assert not (tmp_path / "g.json").exists()


def test_memory_as_told_suffices(folder: Path) -> None:
    command = [sys.executable, "-m", "kg.cli", "query", str(folder), "MATCH (p:Paper) RETURN count(p) AS n"]
    done = subprocess.run([*command, "--memory", "400"], capture_output=True, text=True, check=True)
    assert "n" in done.stdout and done.stderr == ""


def test_the_buffers_of_the_engine_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbug"
    write(topic_graph(2000, 8000), path)
    everything = "MATCH (a), (b) RETURN a.name + b.name AS x, count(*) AS n ORDER BY x LIMIT 1"
    with EmbeddedStore(path, buffers=32 * MB) as store:
        with pytest.raises(QueryError, match=r"^the query took more memory than it may"):
            store.query(everything, timeout=None)
        assert store.query("MATCH (p:Paper) RETURN count(p) AS n").rows[0][0] > 0


def test_buffers_are_a_part_of_the_machine() -> None:
    assert 0 < memory.buffers() <= min(2 * 2**30, memory.machine() // 4)
    assert 0 < memory.resident() < memory.machine()


def test_the_watch_ends_with_what_it_watches() -> None:
    before = threading.active_count()
    with memory.bounded(2**60, lambda: None):
        assert threading.active_count() == before + 1
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before
