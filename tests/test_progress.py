"""What is told of a build while it runs and at its end, and that it takes no more papers than it can work on."""

import gc
import io
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kg import pipeline
from kg.cli import cli, output
from kg.cli.output import progress
from kg.extract import Tagger
from kg.graph import build_folder
from kg.model import Extraction, Paper
from kg.pipeline import BATCH, extract_papers
from kg.processes import Work, in_processes


class Terminal(io.StringIO):
    """Text that a terminal would show."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What stands on standard error after some progress of two steps."""
    for name, value in (("TERM", "xterm"), ("COLUMNS", "120")):
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress() as update:
        update("read", 5, None)
        for done in range(0, 500, 100):
            update("extract", done, 10_000_000)
            time.sleep(0.01)
    return stream.getvalue()


def test_a_terminal_shows_papers_a_second_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(Terminal(), monkeypatch)
    last = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text).split("Extracting")[-1]
    assert re.search(r" 400/10000000 +[\d,]+ papers/s +\d+:\d\d:\d\d", last), last
    assert "0:00:00" not in last


def test_without_a_terminal_what_is_quick_has_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(io.StringIO(), monkeypatch) == ""


def test_without_a_terminal_what_takes_long_has_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 10_000, 25))
    monkeypatch.setattr(output, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    # Told of at 25 (reading), 50, 75, 100, 125 and 150 s.
    assert shown(io.StringIO(), monkeypatch).splitlines() == [
        "kg: extracting: 100 of 10,000,000 papers, 4/s, about 41,666 min left",
        "kg: extracting: 400 of 10,000,000 papers, 4/s, about 41,665 min left",
    ]


def test_a_build_tells_each_step_to_its_end(papers_file: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    def tell(step: str, done: int, total: int | None) -> None:
        told.append((step, done, total))

    build_folder(papers_file, tmp_path / "papers.kg", tagger="rules", progress=tell)
    assert list(dict.fromkeys(step for step, *_ in told)) == ["read", "extract", "assemble", "store"]
    assert (
        ("extract", 3, 3) in told
        and ("assemble", 3, 3) in told
        and all(total is None or done <= total for _, done, total in told)
    )


def test_what_could_not_be_extracted_is_told_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pipeline._extract

    def breaking(papers: Iterator[Paper], tagger: Tagger, *, ahead: bool = False) -> Iterator[Extraction]:
        def watched() -> Iterator[Paper]:
            for paper in papers:
                if paper.title.startswith("Bad"):
                    raise IndexError("list index out of range")
                yield paper

        yield from real(watched(), tagger, ahead=ahead)

    monkeypatch.setattr(pipeline, "_extract", breaking)
    source, graph = tmp_path / "a.jsonl", tmp_path / "papers.kg"
    titles = [f"{'Bad' if number > 1 else 'Good'} nets {number}" for number in range(9)]
    records = ({"title": title, "abstract": "We propose SkipNet on CIFAR-10."} for title in titles)
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = CliRunner().invoke(cli, ["build", str(source), "-o", str(graph), "--tagger", "rules", "--processes", "1"])
    assert done.exit_code == 0, done.stderr
    summary, *named, last = done.stderr.splitlines()
    assert summary.startswith(f"kg: {graph}: 9 papers")
    assert named == [
        f"kg: {source}:{line}: could not be extracted (IndexError: list index out of range)" for line in range(3, 8)
    ]
    assert last.startswith("kg: 7 papers could not be extracted and stand in the graph without methods and datasets; ")
    assert f"why is in {graph / 'quarantine.jsonl'}; the next build tries again" in last
    assert (graph / "quarantine.jsonl").read_text().count("Traceback") == 7


def test_processes_are_given_two_batches_each_and_no_more() -> None:
    given = 0

    def batches() -> Iterator[list[int]]:
        nonlocal given
        for number in range(100):
            given += 1
            yield [number]

    found = in_processes(batches(), Work(len, gc.enable, [0]), 2)
    for number in range(10):
        assert next(found) == ([number], 1)
        assert given == 4 + number
    found.close()  # type: ignore[attr-defined]


def test_papers_are_read_a_batch_at_a_time() -> None:
    given = 0

    def papers() -> Iterator[Paper]:
        nonlocal given
        for number in range(100 * BATCH):
            given += 1
            yield Paper(f"p{number}", f"Nets {number}", "We propose SkipNet.")

    found = extract_papers(papers(), tagger="rules", processes=1)
    assert next(found).paper.id == "p0"
    assert given == BATCH
    found.close()  # type: ignore[attr-defined]


def circles_are_looked_for(_: list[int]) -> tuple[int, int, int]:
    return gc.get_threshold()


def test_processes_that_extract_look_for_circles_seldom() -> None:
    ((_, found),) = in_processes(iter([[0]]), Work(circles_are_looked_for, gc.enable, [0]), 1)
    assert found and found[0] >= 100_000
