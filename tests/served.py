"""The app as a process of its own on loopback, as `kg serve` runs it, for tests that speak real HTTP to it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, NoReturn

import networkx as nx

from kg.folder import Database, Manifest
from kg.store.embedded import write


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: its process and its address without the last slash."""

    process: "subprocess.Popen[str]"
    address: str

    @property
    def port(self) -> int:
        """The port."""
        return int(self.address.rpartition(":")[2])

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; give the exit status and what was said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@contextmanager
def serving(graph: Path, *options: str) -> Iterator[Running]:
    """Run `kg serve` on a graph folder."""
    command = [sys.executable, "-m", "kg.cli", "serve", str(graph), "--no-browser", *options]
    # Not by a shell in the background, where Ctrl-C would be ignored.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out: IO[str] | None = process.stdout
    assert out is not None
    try:
        address = out.readline().strip().rstrip("/")
        if not address:
            raise AssertionError(process.communicate(timeout=20)[1])
        with urllib.request.urlopen(address + "/api/graph", timeout=30):
            pass
        yield Running(process, address)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def folder_of(graph: nx.MultiDiGraph, path: Path) -> Path:
    """Make a graph folder whose database holds ``graph`` as it is, without records."""
    path.mkdir()
    write(graph, path / "graph.lbug")
    manifest = Manifest(
        program="test",
        extractor="test",
        tagger="rules",
        vocabulary="test",
        inputs=(),
        records=(),
        database=Database("graph.lbug", "", ""),
        counts=counts(graph),
    )
    (path / "manifest.json").write_text(json.dumps(asdict(manifest)), "utf-8")
    return path


def counts(graph: nx.MultiDiGraph) -> dict[str, dict[str, int]]:
    """Count nodes by label and links by relation, as a manifest has them."""
    return {
        "nodes": dict(sorted(Counter(label for _, label in graph.nodes(data="label")).items())),
        "relationships": dict(sorted(Counter(str(key) for *_, key in graph.edges(keys=True)).items())),
    }


def looking_for_ever(store: object, name: str, values: object) -> NoReturn:
    """Stand for the look at the names of a very large graph."""
    while store and name and values:
        pass
    raise AssertionError("there was nothing to look for")
