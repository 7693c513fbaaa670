"""What several tests start from: a small graph folder, and the real command line. In CI nothing is skipped.

A test may skip, with the reason, where what it needs is not installed. Where the environment variable CI is set all of
it must be there: a skip is a failure then, so that no check is ever left out in silence.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.browser_fixture", "tests.neo4j_fixture"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# Machines that run several things at once are slow at times; what is tested is never the clock.
settings.register_profile("kg", deadline=None)
settings.load_profile("kg")

# A shell that starts this in the background has Ctrl-C ignored, and what is started here would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Take two processes for the whole suite, which uses two cores, and none for files that are named."""
    return 2 if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and all that need Neo4j, so that there is one server for them."""
    for item in items:
        needed = getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("neo4j" if "neo4j_server" in needed else item.path.name))


MAY_SKIP = ("../shared",)
"""Parts of reasons for which a test may be skipped even in CI: what lies beside the project is not its own."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip in CI into a failure."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skip of a whole module in CI into a failure."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (os.environ.get("CI") and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if not any(part in reason for part in MAY_SKIP):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"


PAPERS = [
    {
        "title": "Skipping layers",
        "abstract": "We propose SkipNet. SkipNet reaches 93.1% accuracy on CIFAR-10 and outperforms ResNet-50.",
        "authors": ["Ada Lo", "Bo Ek"],
        "year": 2018,
    },
    {
        "title": "Louder batches",
        "abstract": "Batch Normalization (BN) is evaluated on ImageNet and CIFAR-10. BN is compared with LayerNorm.",
        "authors": ["Ada Lo"],
        "year": 2019,
    },
    {
        "title": "Words and pictures",
        "abstract": "We introduce PicBERT, based on BERT. PicBERT is evaluated on SQuAD for question answering.",
        "year": 2020,
    },
]


@pytest.fixture(scope="session")
def papers_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSONL file of three papers."""
    path = tmp_path_factory.mktemp("papers") / "papers.jsonl"
    path.write_text("".join(json.dumps(paper) + "\n" for paper in PAPERS), "utf-8")
    return path


@pytest.fixture(scope="session")
def graph_folder(tmp_path_factory: pytest.TempPathFactory, papers_file: Path) -> Path:
    """A graph folder of the three papers; not to be changed."""
    from kg.graph import build_folder

    path = tmp_path_factory.mktemp("graph") / "papers.kg"
    build_folder(papers_file, path, tagger="rules")
    return path


@pytest.fixture
def kg(tmp_path: Path) -> Run:
    """Run the command line as a process of its own, in an empty folder, its output piped."""

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "kg.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False)

    return run
