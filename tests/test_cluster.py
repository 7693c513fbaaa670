"""Extraction on a real Dask cluster on loopback: the same bytes as here, and a line for each thing that goes wrong."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import dask
import pytest

import kg
import kg.update
from benchmarks.kills import corpus
from kg import pipeline
from kg.cli import cli
from kg.errors import ClusterError
from kg.export import export
from kg.graph import Graph
from kg.pipeline import Failure, extract_papers
from kg.record import to_json
from kg.update import Built, update_folder

PAPERS = corpus(300)
NAMES = "name\taliases\tfamily\ttasks\tflags\nNet7X\tSeven\u00adNet\t\t\t\n"


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, place: Path, **config: str) -> None:
        """Start the scheduler; ``config`` is Dask's."""
        self.place = place
        self.config = {f"DASK_DISTRIBUTED__{name.upper()}": value for name, value in config.items()}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.address = ""
        self.start_scheduler(f"{'tls' if 'comm__tls__ca_file' in config else 'tcp'}://127.0.0.1:0")

    def start_scheduler(self, address: str) -> None:
        """Start a scheduler, and wait until it listens."""
        protocol, _, place = address.partition("://")
        host, _, port = place.partition(":")
        known = self.place / "scheduler.json"
        known.unlink(missing_ok=True)
        options = ["--protocol", protocol, "--host", host, "--port", port, "--scheduler-file", str(known)]
        self.scheduler = self._start("scheduler", *options)
        self._until(lambda: known.exists() and known.read_text().endswith("}"))
        self.address = json.loads(known.read_text())["address"]

    def start_worker(self, *options: str, kg: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, and wait until the scheduler knows it; ``kg`` is the folder of another kg."""
        if "--nanny" not in options:
            options += ("--no-nanny",)
        before = self.log().count("Registered to")
        worker = self._start("worker", self.address, "--nthreads", "1", *options, path=kg)
        self._until(lambda: self.log().count("Registered to") > before)
        return worker

    def log(self) -> str:
        """Give what all have said."""
        return "".join(path.read_text() for path in sorted(self.place.glob("*.log")))

    def _start(self, *command: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        root = Path(__file__).parent.parent
        env = {
            **os.environ,
            **self.config,
            "DASK_TEMPORARY_DIRECTORY": str(self.place),
            "PYTHONPATH": f"{path or root}:{root}",
        }
        with self.place.joinpath(f"{len(self.processes):02}.log").open("wb") as log:
            full = [sys.executable, "-m", "dask", *command, "--no-dashboard"]
            process = subprocess.Popen(full, env=env, cwd=self.place, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 100
        while not done():
            assert time.monotonic() < end and self.processes[-1].poll() is None, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill all, with what they have started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers, which gives up what kills one of them."""
    place = tmp_path_factory.mktemp("cluster")
    found = Cluster(place, scheduler__allowed_failures="1")
    try:
        found.start_worker()
        found.start_worker()
        yield found
    finally:
        found.stop()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BATCH", 10)
    monkeypatch.setattr(kg.update, "PART_PAPERS", 20)


def files(path: Path) -> dict[str, bytes]:
    """Give all that a graph folder says: its records, its manifest and the graph as exported."""
    export(Graph(path).graph, path.parent / "out.graphml")
    manifest = json.loads((path / "manifest.json").read_text())
    # The database is a file of the engine, which is not the same twice.
    del manifest["database"]["sha256"]
    return {
        "export": (path.parent / "out.graphml").read_bytes(),
        "manifest": json.dumps(manifest).encode(),
        **{file.name: file.read_bytes() for file in path.glob("records/*")},
    }


def run(*arguments: str) -> int:
    """Run the command line here; give its status."""
    status = cli.main(list(arguments), prog_name="kg", standalone_mode=False)
    assert isinstance(status, int)
    return status


@pytest.mark.parametrize(("tagger", "number"), [("rules", 300), ("model", 20)])
def test_a_build_on_a_cluster_has_the_bytes_of_one_here(
    cluster: Cluster, tmp_path: Path, tagger: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BATCH", 10)
    source, here, there = tmp_path / "papers.jsonl", tmp_path / "here.kg", tmp_path / "there.kg"
    papers = ({"title": p.title, "abstract": f"{p.abstract} Größe \u2028 𝛼."} for p in PAPERS[:number])
    source.write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    for path in (here, there):
        # Names of the user's own are in the folder here, which workers elsewhere do not see.
        (path / "vocabulary").mkdir(parents=True)
        (path / "vocabulary" / "methods.tsv").write_text(NAMES, encoding="utf-8-sig")
        (path / ".lock").touch()
    options = ("--tagger", tagger)
    assert run("build", str(source), "-o", str(here), *options) == 0
    assert run("build", str(source), "-o", str(there), *options, "--cluster", cluster.address) == 0
    assert files(here) == files(there)


@pytest.mark.usefixtures("small_steps")
def test_a_worker_that_is_killed_costs_no_paper(cluster: Cluster) -> None:
    # One of the two is left for the tests that come after this one.
    victim = cluster.processes[-1]
    found, told = [], list[Failure]()
    for extraction in extract_papers(PAPERS, tagger="rules", cluster=cluster.address, on_failure=told.append):
        found.append(extraction)
        if len(found) == 50:
            victim.kill()
    assert victim.wait() == -signal.SIGKILL and not told
    assert list(map(to_json, found)) == list(map(to_json, extract_papers(PAPERS, tagger="rules")))


COUNTING = """
from kg.extract import tokens

# Dask may run this more than once in a process.
if not hasattr(tokens, "real"):
    tokens.real = tokens.make_language

    def make_language():
        print("a pipeline is loaded", flush=True)
        return tokens.real()

    tokens.make_language = make_language
"""


@pytest.mark.usefixtures("small_steps")
def test_a_worker_loads_the_pipeline_once(tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(COUNTING)
    cluster = Cluster(tmp_path)
    try:
        cluster.start_worker("--preload", str(tmp_path / "counting.py"))
        for papers in (PAPERS[:100], PAPERS[100:200]):
            assert len(list(extract_papers(papers, tagger="rules", cluster=cluster.address))) == 100
        assert cluster.log().count("a pipeline is loaded") == 1
    finally:
        cluster.stop()


POISON = """
import os, signal
from kg import pipeline

def deadly(papers, tagger, ahead=False):
    papers = list(papers)
    if any(paper.id == "p0012" for paper in papers):
        os.kill(os.getpid(), signal.SIGKILL)
    return pipeline.real(papers, tagger, ahead=ahead)

# Dask may run this more than once in a process.
if not hasattr(pipeline, "real"):
    pipeline.real, pipeline._extract = pipeline._extract, deadly
"""


@pytest.mark.usefixtures("small_steps")
def test_a_paper_that_kills_workers_is_quarantined_alone(tmp_path: Path) -> None:
    (tmp_path / "poison.py").write_text(POISON)
    cluster = Cluster(tmp_path, scheduler__allowed_failures="0")
    try:
        cluster.start_worker("--nanny", "--preload", str(tmp_path / "poison.py"))
        built = update_folder(PAPERS[:30], tmp_path / "there.kg", tagger="rules", cluster=cluster.address)
    finally:
        cluster.stop()
    (failure,) = built.failures
    assert failure.paper == PAPERS[12] and "died" in failure.error
    assert [r.paper.id for r in Graph(tmp_path / "there.kg").records() if not r.entities] == ["p0012"]


def other_kg(place: Path, file: str, old: str, new: str) -> Path:
    """Make a copy of kg in which one file differs."""
    root = Path(kg.__file__).parent
    shutil.copytree(root, place / "kg", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    (place / "kg/extract/weights").symlink_to(root / "extract/weights")
    changed = place / "kg" / file
    text = changed.read_text()
    assert old in text
    changed.write_text(text.replace(old, new))
    return place


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("__init__.py", f'"{kg.__version__}"', '"0.0.1"'), f"runs kg 0.0.1, this is {kg.__version__}; install"),
        (
            ("vocabulary/tasks.tsv", "\n", "\r\n"),
            "with other rules, names, weights or libraries than this one; install",
        ),
        (("pipeline.py", "def answer(", "def reply("), "cannot run this kg .AttributeError.*; install"),
    ],
)
def test_a_worker_with_another_kg_is_refused(
    tmp_path: Path, change: tuple[str, str, str], told: str, another: Cluster
) -> None:
    worker = another.start_worker(kg=other_kg(tmp_path, *change))
    try:
        with pytest.raises(ClusterError, match=told) as caught:
            list(extract_papers(PAPERS[:1], tagger="rules", cluster=another.address))
        assert "\n" not in str(caught.value)
    finally:
        worker.kill()
        worker.wait()


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster without workers."""
    found = Cluster(tmp_path_factory.mktemp("another"))
    try:
        yield found
    finally:
        found.stop()


def test_a_cluster_without_workers_is_told(another: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    with (
        dask.config.set({"kg.wait-for-workers": "1s"}),
        pytest.raises(ClusterError, match=r"no worker for 1 s; start some with: dask worker tcp://127"),
    ):
        list(extract_papers(PAPERS[:1], tagger="rules", cluster=another.address))
    assert "no worker; waiting up to 1 s" in caplog.text
    # Nothing to extract needs nobody.
    assert list(extract_papers([], cluster="tcp://127.0.0.1:1")) == []


@pytest.mark.usefixtures("small_steps")
def test_a_scheduler_that_is_lost_costs_what_is_unfinished(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    here, there = tmp_path / "here.kg", tmp_path / "there.kg"
    cluster = Cluster(tmp_path)

    def build(sign: signal.Signals | None) -> Built:
        def stop(step: str, done: int, total: int | None) -> None:
            if step == "extract" and done == 110 and sign:
                cluster.scheduler.send_signal(sign)
                cluster.scheduler.wait()

        return update_folder(PAPERS, there, tagger="rules", cluster=cluster.address, progress=stop)

    try:
        cluster.start_worker()
        for sign in (signal.SIGKILL, signal.SIGTERM):
            with (
                dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
                pytest.raises(ClusterError, match="the Dask scheduler is lost; start it again; what was done is kept"),
            ):
                build(sign)
            assert capfd.readouterr().err == ""
            cluster.start_scheduler(cluster.address)
            cluster.start_worker()
        built = build(None)
    finally:
        cluster.stop()
    assert built.extracted <= len(PAPERS) - 200
    update_folder(PAPERS, here, tagger="rules")
    assert files(here)["export"] == files(there)["export"]


def test_a_build_that_is_stopped_says_so_and_leaves_the_cluster_free(cluster: Cluster, tmp_path: Path) -> None:
    source = tmp_path / "papers.jsonl"
    papers = ({"title": f"{p.title} {n}", "abstract": p.abstract} for n in range(30) for p in PAPERS)
    source.write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    before = cluster.log().count("Remove client")
    command = ["extract", str(source), "--tagger", "rules", "--cluster", cluster.address]
    with subprocess.Popen([sys.executable, "-m", "kg.cli", *command], stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None and process.stdout.readline().startswith(b"{")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 130 and errors.decode().strip() == "kg: stopped; what was there before is unchanged"
    assert cluster.log().count("Remove client") > before


def test_over_tls_with_certificates_of_the_configuration(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=kg", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    config = {"ca_file": str(certificate)}
    for who in ("scheduler", "worker", "client"):
        config |= {f"{who}__cert": str(certificate), f"{who}__key": str(key)}
    cluster = Cluster(tmp_path, **{f"comm__tls__{name}": value for name, value in config.items()})
    try:
        cluster.start_worker()
        own = {f"distributed.comm.tls.{name.replace('__', '.')}": value for name, value in config.items()}
        with dask.config.set(own):
            found = list(extract_papers(PAPERS[:5], tagger="rules", cluster=cluster.address))
    finally:
        cluster.stop()
    assert cluster.address.startswith("tls://") and [extraction.paper for extraction in found] == PAPERS[:5]


def test_no_scheduler_is_a_line(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "papers.jsonl"
    source.write_text(json.dumps({"title": PAPERS[0].title, "abstract": PAPERS[0].abstract}))
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        assert run("extract", str(source), "--cluster", "tcp://127.0.0.1:1") == 1
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("kg: tcp://127.0.0.1:1: no Dask scheduler answers (") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("scheduler", "missing port"),
        ("", "missing port"),
        ("http://scheduler:8786", "unknown address scheme"),
        ("tls://127.0.0.1:8786", "no certificates"),
    ],
)
def test_what_is_no_address_is_a_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, address: str, told: str
) -> None:
    source = tmp_path / "papers.jsonl"
    source.write_text(json.dumps({"title": PAPERS[0].title, "abstract": PAPERS[0].abstract}))
    assert run("extract", str(source), "--cluster", address) == 2
    out, err = capfd.readouterr()
    assert out == "" and told in err and err.count("\n") == 1


def test_without_dask_the_extra_is_named(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    source = tmp_path / "papers.jsonl"
    source.write_text(json.dumps({"title": PAPERS[0].title, "abstract": PAPERS[0].abstract}))
    assert run("build", str(source), "-o", str(tmp_path / "new.kg"), "--cluster", "tcp://127.0.0.1:8786") == 2
    assert "pip install '.[cluster]'" in capfd.readouterr().err
    assert not (tmp_path / "new.kg").exists()


def test_processes_are_of_this_machine(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("extract", "-", "--cluster", "tcp://127.0.0.1:8786", "--processes", "2") == 2
    assert "its workers are the processes" in capfd.readouterr().err
