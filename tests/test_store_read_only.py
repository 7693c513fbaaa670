"""A graph is asked where nothing can be written: neither its folder nor its files, with a log of changes or without."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.assemble import Change
from kg.store.amend import amend
from tests.assemble_oracle import corpus, family
from tests.test_store_amend import make

ASK = """
import sys
from pathlib import Path
from kg.store.embedded import EmbeddedStore

path = Path(sys.argv[1])
for change in (lambda: path.with_name("new").touch(), lambda: path.open("ab")):
    try:
        change()
    except PermissionError:
        pass
    else:
        sys.exit("it can be written")
with EmbeddedStore(path) as store:
    print(*sorted(row[0] for row in store.query("MATCH (p:Paper) RETURN p.id", limit=None)))
"""


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take from a folder and all that is in it the right to be written."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o700 if path.is_dir() else 0o600)


def asked(*command: str) -> str:
    """Run Python without the capability by which root may write everywhere."""
    powers = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run([*powers, sys.executable, *command], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_database_with_a_log_of_changes(tmp_path: Path) -> None:
    there = {one.paper.id: one for one in corpus(1, 12)}
    path = make(there.values(), tmp_path / "graph")
    gone = sorted(there)[:3]
    come = [one for one in corpus(2, 12) if one.paper.id not in there]
    with Change(path.with_name("kept"), [there.pop(key) for key in gone], come, families=family) as change:
        amend(path, change)
        change.commit()
    there.update((one.paper.id, one) for one in come)
    assert path.with_name("graph.lbug.wal").exists()
    before = files(path.parent)
    with read_only(path.parent):
        assert asked("-c", ASK, str(path)).split() == sorted(there)
    assert files(path.parent) == before


def test_a_graph_folder(graph_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "papers.kg"
    copy.mkdir()
    for path, content in files(graph_folder).items():
        (copy / path.relative_to(graph_folder)).parent.mkdir(exist_ok=True)
        (copy / path.relative_to(graph_folder)).write_bytes(content)
    query = ["query", str(copy), "MATCH (p:Paper) RETURN count(p) AS papers", "--format", "csv"]
    with read_only(copy):
        assert asked("-m", "kg.cli", *query) == "papers\n3\n"
    assert len(files(copy)) == len(files(graph_folder))
