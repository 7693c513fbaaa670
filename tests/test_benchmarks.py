"""The benchmarks' table says what was measured, and papers made for them are new."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import queries
from benchmarks.__main__ import PARTS, QUICK, README, fill, table
from benchmarks.build import evenly, invented
from benchmarks.compare import spans
from benchmarks.processes import machine, run
from benchmarks.store import MAIN, asked, synthetic

HERE = {"cpu": "a processor", "cores": 2, "memory_gb": 25.0, "python": "3.11"}
BUILT = {
    "growth": [
        {"papers": 1000, "seconds": 40.0, "peak_mb": 900},
        {"papers": 40_000, "seconds": 900.0, "peak_mb": 1500},
    ],
    "growth_over_smallest": 0.07,
    "growth_widest": 0.09,
    "increment": {"papers": 100, "seconds": 7.5, "peak_mb": 800, "bar_seconds": 10.0},
    "open_seconds": {"first_query": 0.3},
    "bars": {"seconds": 1200, "peak_mb": 2000},
}
FULL: dict[str, Any] = {
    "machine": HERE,
    "extract": {"runs": [{"processes": 2, "abstracts_per_second": 47.2, "peak_mb": 859}]},
    "build": {"builds": {"model": BUILT}},
    "store": {
        "relationships": 1_000_000, "load_s": 13.8, "first_answer_ms": 163.0,
        "queries": {"a": {"ms": 8.0, "main": True}, "b": {"ms": 32.0, "main": True}, "c": {"ms": 99.0, "main": False}},
        "neo4j": {"relationships_s": 21_000.0, "after_nodes_s": 25_000.0, "asked": 43, "same_rows": 42},
    },
    "pages": {"pages": [{"nodes": 50_000, "links": 200_000, "drawn_ms": 100.0, "usable_ms": 700.0, "file_mb": 14.5,
                         "bars": {"usable_ms": 2500}}],
              "others": {"nodes": 6000, "links": 9000, "pages": {
                  "serve": {"drawn_ms": 110.0, "usable_ms": 220.0},
                  "view --around": {"drawn_ms": 330.0, "usable_ms": 330.0, "file_mb": 1.0}}}},
    "kills": {"modes": {"in_place": {"kills": 50, "while_running": 50, "recovered": 49}}},
    "increments": {"cases": 200, "equal": 199},
    "assemble": {"papers": 1_000_000, "build": {"s": 600.0, "peak_mb": 3000}},
    "compare": {"pages": {"nodes": 5000, "links": 20_000,
                          "papergraph": {"usable_ms": 400.0, "file_mb": 1.5},
                          "pyvis": {"usable_ms": None, "patience_s": 300.0, "file_mb": 9.0}},
                "names": {"left_out": "no papers"}},
}  # fmt: skip


def test_the_table_says_what_was_measured() -> None:
    text = table(FULL)
    for row in (
        "| extraction, 2 processes | 47 abstracts/s, 859 MB |  |",
        "| build of 40,000 abstracts with the tagger | 15.0 min, 1.50 GB | 20 min, 2 GB |",
        "| ... cost of a paper, 1,000 to 40,000 | +7% | 15 % |",
        "| ... 100 papers more | 7.5 s, 0.80 GB | 10 s |",
        "| ... the ten main questions | 8 to 32 ms | 50 ms |",
        "| named questions equal on both engines | 42 of 43 | all |",
        "| page of 50,000 nodes, 200,000 links | 100 ms drawn, 700 ms usable, 14.5 MB | 2500 ms |",
        "| page of `kg serve`, of 6,000 nodes, 9,000 links | 110 ms drawn, 220 ms usable |  |",
        "| page of `kg view --around`, of 6,000 nodes, 9,000 links | 330 ms drawn, 330 ms usable, 1.0 MB |  |",
        "| builds that change the database in place, killed | 50 of 50 hit while running, 49 recovered "
        "| all, equal bytes |",
        "| incremental equals full | 199 of 200 | all |",
        "| 1,000,000 extracted papers assembled and stored | 10.0 min, 3.00 GB | 4 GB |",
        "| page of 5,000 nodes, 20,000 links, until usable; pyvis | 0.4 s | over 300 s |",
    ):
        assert row in text.splitlines(), row


@pytest.mark.parametrize("left", sorted(set(FULL) - {"machine"}))
def test_what_was_not_measured_is_left_out(left: str) -> None:
    assert table({name: part for name, part in FULL.items() if name != left}).count("\n") < table(FULL).count("\n")
    failed = {**FULL, left: {"run": {"status": 1}}}
    assert table(failed) == table({name: part for name, part in FULL.items() if name != left})
    parts = " ".join(part for part in PARTS if part != left)
    assert f"`python -m benchmarks {parts}`:" in table(failed) and "`python -m benchmarks all`:" in table(FULL)


def test_the_readme_has_a_place_for_it() -> None:
    text = README.read_text("utf-8")
    assert "<!-- begin: benchmarks -->\n| a |\n<!-- end: benchmarks -->" in fill(text, "| a |")
    with pytest.raises(ValueError, match="begin: benchmarks"):
        fill("no marks", "| a |")


def test_every_measurement_can_be_run_small_and_large() -> None:
    assert list(PARTS) == list(QUICK)
    for name in PARTS:
        assert (README.parent / "benchmarks" / f"{name}.py").is_file()


def test_every_question_is_asked_with_all_that_it_needs() -> None:
    questions = asked(synthetic(0.001))
    assert set(questions) == set(queries.names()) and len(MAIN) == 10
    for name, values in questions.items():
        queries.get(name).values(values)  # raises QueryError where one is missing or unknown


def test_invented_papers_are_new_and_always_the_same() -> None:
    papers = [{"title": f"On things {n}", "abstract": f"One {n}. Two {n}. Three {n}. Four {n}."} for n in range(50)]
    made = invented(papers, 20)
    assert made == invented(papers, 20) and len({one["title"] for one in made}) == 20
    assert not {one["abstract"] for one in made} & {one["abstract"] for one in papers}
    assert [one["title"] for one in evenly(papers, 5)] == [f"On things {n}" for n in (0, 10, 20, 30, 40)]


def test_spans_take_the_longest_name() -> None:
    entities = [{"type": "Method", "surfaces": ["Net", "Net X"]}, {"type": "Benchmark", "surfaces": ["GLUE"]}]
    found = spans({"title": "Net X", "abstract": "Nets, Net and GLUE.", "entities": entities})
    assert found == [(0, 5, "Method"), (12, 15, "Method"), (20, 24, "Dataset")]


def test_a_command_is_measured_with_its_children(tmp_path: Path) -> None:
    child = "import time; held = bytearray(80_000_000); time.sleep(1.5)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    found = run([sys.executable, "-c", script])
    assert found["output"] == "done\n" and found["seconds"] > 1.4
    if Path("/proc/self/statm").exists():
        assert 80 < found["peak_mb"] < 200 and found["peak_shared_once_mb"] <= found["peak_mb"]
    with pytest.raises(SystemExit, match="said this"):
        run([sys.executable, "-c", "import sys; sys.exit('said this')"])
    json.dumps(machine())
    assert machine()["cores"] <= (os.cpu_count() or 1)
