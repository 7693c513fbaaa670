"""What goes wrong in a build costs what it must and no more: bad papers, dead processes, full disks, kills, Ctrl-C."""

import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kills import kill
from kg import folder, pipeline
from kg.errors import GraphError, StoreError
from kg.extract import Tagger
from kg.graph import Graph
from kg.model import Extraction, Paper
from kg.pipeline import Failure, extract_papers
from kg.update import update_folder

PAPERS = [Paper(f"p{n}", f"Net{n}X at work", "We propose NetX on CIFAR-10.", sources=(f"a:{n}",)) for n in range(5)]

_real = pipeline._extract


def breaking(papers: Iterator[Paper], tagger: Tagger, *, ahead: bool = False) -> Iterator[Extraction]:
    """Extract as ever, but for paper p2, which is trouble."""

    def watched() -> Iterator[Paper]:
        for paper in papers:
            if paper.id == "p2":
                raise IndexError("list index out of range\n(of p2)")
            yield paper

    yield from _real(watched(), tagger, ahead=ahead)


@pytest.fixture
def bad_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_extract", breaking)


@pytest.mark.usefixtures("bad_paper")
def test_a_bad_paper_is_given_without_entities_and_told() -> None:
    told: list[Failure] = []
    found = list(extract_papers(PAPERS, tagger="rules", on_failure=told.append))
    assert [e.paper for e in found] == PAPERS and [bool(e.entities) for e in found] == [True, True, False, True, True]
    (failure,) = told
    assert failure.error == "IndexError: list index out of range (of p2)" and "Traceback" in failure.trace
    with pytest.raises(IndexError):
        list(extract_papers(PAPERS, tagger="rules"))


def test_a_broken_extractor_is_no_bad_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Iterator[Extraction]:
        raise OSError("no such library")

    monkeypatch.setattr(pipeline, "_extract", broken)
    with pytest.raises(OSError, match="no such library"):
        list(extract_papers(PAPERS, tagger="rules", on_failure=lambda _: None))


def test_quarantine_is_in_the_folder_and_ends_when_the_paper_can_be_extracted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "papers.kg", tmp_path / "whole.kg"
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "_extract", breaking)
        built = update_folder(PAPERS, path, tagger="rules")
        assert [failure.paper.id for failure in built.failures] == ["p2"] and built.manifest.quarantined == 1
        assert built.changed and list(Graph(path).graph.successors("p2")) == []
        (line,) = (path / "quarantine.jsonl").read_text().splitlines()
        assert json.loads(line)["sources"] == ["a:2"] and "Traceback" in json.loads(line)["traceback"]
        # It is tried again by each build, and nothing else is.
        again = update_folder(PAPERS[:1], path, tagger="rules")
        assert (again.extracted, again.changed, again.manifest.records) == (1, False, built.manifest.records)
    mended = update_folder(PAPERS[:1], path, tagger="rules")
    assert (mended.extracted, mended.failures, mended.manifest.quarantined) == (1, (), 0)
    assert not (path / "quarantine.jsonl").exists()
    expected = update_folder(PAPERS, whole, tagger="rules").manifest
    assert (mended.manifest.database.key, mended.manifest.counts) == (expected.database.key, expected.counts)


DYING = """
import os, signal, sys
from kg import pipeline
from kg.model import Paper
from tests.test_trouble import PAPERS

MODE, DIED = sys.argv[1:]
real = pipeline._extract

def deadly(papers, tagger, ahead=False):
    papers = list(papers)
    if any(paper.id == "p2" for paper in papers) and (MODE == "always" or not os.path.exists(DIED)):
        open(DIED, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return real(papers, tagger, ahead=ahead)

pipeline._extract = deadly
pipeline.BATCH = 2

if __name__ == "__main__":
    told = []
    for found in pipeline.extract_papers(PAPERS, tagger="rules", processes=2, on_failure=told.append):
        print(found.paper.id, bool(found.entities))
    print([(failure.paper.id, failure.error) for failure in told])
"""


@pytest.mark.parametrize("mode", ["once", "always"])
def test_a_process_that_dies_costs_no_other_paper(tmp_path: Path, mode: str) -> None:
    (tmp_path / "dying.py").write_text(DYING)
    command = [sys.executable, str(tmp_path / "dying.py"), mode, str(tmp_path / "died")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=500)
    *lines, told = done.stdout.splitlines()
    assert lines == [f"p{n} {mode == 'once' or n != 2}" for n in range(5)]
    assert ("p2" in told and "died twice" in told) == (mode == "always") and (told == "[]") == (mode == "once")


BUILDING = """
from pathlib import Path
from kg.update import update_folder

if __name__ == "__main__":
    built = update_folder(PAPERS, Path("papers.kg"), tagger="rules", processes=1)
    print([failure.paper.id for failure in built.failures])
"""


def test_a_paper_that_kills_the_build_does_not_kill_the_next(tmp_path: Path) -> None:
    script = tmp_path / "building.py"
    script.write_text(DYING.partition("if __name__")[0] + BUILDING)
    command = [sys.executable, str(script), "always", str(tmp_path / "died")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}

    def build() -> tuple[int, str]:
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500)
        return done.returncode, done.stdout

    assert build() == (-signal.SIGKILL, "")
    assert build() == (0, "['p2']\n")
    assert (tmp_path / "papers.kg" / ".lock").read_bytes() == b""


@pytest.mark.parametrize("in_place", [False, True])
def test_kills_at_random_moments_lose_nothing(tmp_path: Path, in_place: bool) -> None:
    outcome = kill(6, papers=45, seed=1, place=tmp_path, in_place=in_place)
    assert bool(list(tmp_path.glob("*/*.wal"))) == in_place
    assert outcome.good and outcome.while_running == outcome.recovered == 6, outcome


def test_a_full_disk_leaves_the_old_graph(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    update_folder(PAPERS[:2], path, tagger="rules")
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    # A limit on the size of files fails as a full disk does: at whichever write comes next.
    for size in (100, 4096, 200_000):
        # What the records need is more than the first; the engine, which comes after them, may abort its process.
        allowed = (0,) if size == 100 else (0, signal.SIGABRT)
        child = os.fork()
        if not child:
            faulthandler.disable()
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            status = 1
            try:
                update_folder(PAPERS, path, tagger="rules")
            except (GraphError, StoreError) as error:
                status = 0 if "\n" not in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] & 0xFF7F in allowed
        assert {file: file.read_bytes() for file in before} == before
    assert update_folder(PAPERS, path, tagger="rules").manifest.papers == 5


READ_ONLY = """
import sys
from pathlib import Path
from kg import folder
from kg.errors import GraphError
from kg.update import update_folder
from tests.test_trouble import PAPERS

path = Path(sys.argv[1])
try:
    update_folder(PAPERS, path, tagger="rules")
except GraphError as error:
    print(error)
print(sum(1 for _ in folder.read_records(path, folder.read_manifest(path))))
"""


def test_a_read_only_folder_is_told_and_still_read(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    update_folder(PAPERS[:2], path, tagger="rules")
    places = [path, path / "records"]
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    command = [sys.executable, "-c", READ_ONLY, str(path)]
    if os.geteuid() == 0:
        # Root may write everywhere, by a capability that it can give up.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    for place in places:
        place.chmod(0o500)
    try:
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=200)
    finally:
        for place in places:
            place.chmod(0o700)
    told, records = done.stdout.splitlines()
    assert "Permission denied" in told and str(path) in told and records == "2"
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


STOPPED = """
import sys
from pathlib import Path
from kg.cli import cli
import kg.pipeline
cli.main(["build", sys.argv[1], "-o", sys.argv[2], "--tagger", "rules", "--processes", "2"], prog_name="kg")
"""


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_stopped_leaves_no_process_and_no_lock(tmp_path: Path, sign: signal.Signals) -> None:
    source, path = tmp_path / "papers.jsonl", tmp_path / "papers.kg"
    many = ({"title": f"Net{n}X at work", "abstract": f"We propose Net{n}X on CIFAR-10."} for n in range(8_000))
    source.write_text("".join(json.dumps(record) + "\n" for record in many))
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(source), str(path)], stderr=subprocess.PIPE, text=True
    ) as process:
        begun = time.monotonic()
        while len(workers := _children(process.pid)) < 3 and time.monotonic() < begun + 200:
            time.sleep(0.05)
        # Two processes that extract, and the one that multiprocessing keeps its account with.
        assert len(workers) == 3
        with pytest.raises(GraphError, match="another build is writing it"):
            update_folder(PAPERS, path, tagger="rules")
        process.send_signal(sign)
        _, errors = process.communicate(timeout=200)
    if sign == signal.SIGINT:
        assert process.returncode == 130 and errors.strip() == "kg: stopped; what was there before is unchanged"
    begun = time.monotonic()
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < begun + 100:
        time.sleep(0.05)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    with folder.claim(path):
        pass
