import copy
import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kg.errors import InputError, UsageError
from kg.evaluate import (
    Figure,
    compare,
    differences,
    errors,
    format_errors,
    format_table,
    intervals,
    papers,
    read_gold,
    read_records,
    score,
    summarise_errors,
)
from kg.evaluate.measure import find_spans, fold, number

SHARED = Path(__file__).parents[2] / "shared"
SCORER = SHARED / "eval" / "score.py"
DEV = SHARED / "gold" / "dev.jsonl"

Json = dict[str, Any]

GOLD: list[Json] = [
    {
        "id": "p1",
        "title": "Quarknet: Fast Widget Sorting",
        "abstract": "Quarknet (QN) beats OldNet on Widgets-10. QN reaches 91.5% on Widgets-10.",
        "entities": [
            {"canonical": "Quarknet", "type": "Method", "surfaces": ["Quarknet", "QN"], "role": "proposes"},
            {"canonical": "OldNet", "type": "Method", "surfaces": ["OldNet"], "role": "compares"},
            {"canonical": "Widgets-10", "type": "Benchmark", "surfaces": ["Widgets-10"], "role": "evaluates_on"},
            {"canonical": "Widget Sorting", "type": "Task", "surfaces": ["Widget Sorting"], "role": "addresses"},
        ],
        "links": [
            ["Quarknet", "EVALUATED_ON", "Widgets-10"],
            ["Quarknet", "COMPARED_WITH", "OldNet"],
            ["Quarknet", "USED_FOR", "Widget Sorting"],
        ],
        "results": [{"method": "Quarknet", "dataset": "Widgets-10", "metric": "accuracy", "value": "91.5%"}],
    },
    {
        "id": "p2",
        "title": "On folds",
        "abstract": "We study énergie folding with BoxNet.",
        "entities": [
            {"canonical": "BoxNet", "type": "Method", "surfaces": ["BoxNet"], "role": "uses"},
            {"canonical": "Energy Folding", "type": "Task", "surfaces": ["énergie folding"], "role": "addresses"},
        ],
        "links": [],
        "results": [],
    },
]


def perfect(gold: Json) -> Json:
    """The record that finds all that the gold has, mentions included."""
    spans = find_spans(gold)
    entities = []
    for e in gold["entities"]:
        kind = "Dataset" if e["type"] == "Benchmark" else e["type"]
        mentions = [
            {"field": s.field, "start": s.start, "end": s.end, "text": gold[s.field][s.start : s.end]}
            for s in sorted(spans)
            if s.kind == kind and gold[s.field][s.start : s.end] in e["surfaces"]
        ]
        entities.append({"name": e["canonical"], "kind": e["type"], "role": e["role"], "mentions": mentions})
    links = [{"subject": a, "relation": r, "object": b} for a, r, b in gold["links"]]
    return {"id": gold["id"], "entities": entities, "links": links, "results": copy.deepcopy(gold["results"])}


def perturbed(gold: list[Json], seed: int) -> list[Json]:
    """Records with every sort of mistake a pipeline can make."""
    rng = random.Random(seed)
    records = []
    for paper in gold:
        record = perfect(paper)
        if rng.random() < 0.1:
            continue
        kept = []
        for entity in record["entities"]:
            for mention in entity["mentions"]:
                if rng.random() < 0.2:
                    mention["start"] = max(0, mention["start"] + rng.randint(-4, 4))
                    if rng.random() < 0.7:
                        mention["text"] = paper[mention["field"]][mention["start"] : mention["end"]]
            entity["mentions"] = [m for m in entity["mentions"] if rng.random() > 0.2]
            if rng.random() < 0.1:
                entity["kind"] = rng.choice(["Method", "Dataset", "Benchmark", "Task", "Metric"])
            if rng.random() < 0.2:
                entity["name"] = rng.choice([entity["name"].upper(), "Renamed " + entity["name"], "Twin"])
            if rng.random() < 0.2:
                entity["role"] = rng.choice(["proposes", "trains_on", "evaluates_on", "compares", "mentions", None])
            if rng.random() < 0.1:
                kept.append(copy.deepcopy(entity) | {"name": rng.choice([entity["name"], "Split " + entity["name"]])})
            if rng.random() > 0.1:
                kept.append(entity)
        rng.shuffle(kept)
        names = [e["name"] for e in kept] + ["Nobody"]
        relations = ["EVALUATED_ON", "TRAINED_ON", "USED_FOR", "COMPARED_WITH", "BASED_ON", "BENCHMARK_FOR", "PROPOSES"]
        links = [link for link in record["links"] if rng.random() > 0.2]
        links += [
            {"subject": rng.choice(names), "relation": rng.choice(relations), "object": rng.choice(names)}
            for _ in range(rng.randint(0, 4))
        ]
        results = [r for r in record["results"] if rng.random() > 0.2] + [
            {"method": None, "dataset": rng.choice([*names, None]), "metric": "F1", "value": v}
            for v in rng.sample(["91", "1,200.5", "-3 %", "best", "91.0"], rng.randint(0, 2))
        ]
        if rng.random() < 0.1:
            record.pop("results")
            records.append(record | {"entities": kept})
        else:
            records.append(record | {"entities": kept, "links": links, "results": results})
    return [*records, {"id": "of no paper", "entities": [], "links": [], "results": []}]


def write(path: Path, records: list[Json]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf8")
    return path


def reference(gold: Path, records: Path, *options: str) -> str:
    command = [sys.executable, str(SCORER), str(gold), str(records), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf8").stdout


@pytest.mark.skipif(not SCORER.exists(), reason="needs ../shared/eval/score.py")
@pytest.mark.parametrize("case", ["perfect", "empty", 1, 2, 3, 4, 5])
@pytest.mark.parametrize("source", ["own", "dev"])
def test_figures_are_those_of_the_reference_scorer(tmp_path: Path, case: str | int, source: str) -> None:
    gold = list(map(dict, read_gold([DEV]))) if source == "dev" else GOLD
    if isinstance(case, int):
        records = perturbed(gold, case)
    else:
        records = [perfect(paper) for paper in gold] if case == "perfect" else []
    gold_file, records_file = write(tmp_path / "gold.jsonl", gold), write(tmp_path / "records.jsonl", records)
    report = score(read_gold([gold_file]), read_records([records_file]))
    assert report.to_record() == json.loads(reference(gold_file, records_file, "--json"))
    assert format_table(report) + "\n" == reference(gold_file, records_file)


def test_perfect_and_empty() -> None:
    best = score(GOLD, map(perfect, GOLD))
    assert {f.f1 for row, f in best.figures.items() if f.gold} == {1.0}
    assert (best.names.accuracy, best.names.matched, best.wrong_offsets) == (1.0, 6, 0)
    assert list(errors(best)) == []
    assert format_errors(best) == ""
    none = score(GOLD, [])
    assert none.figures["mentions"] == Figure(0.0, 0.0, 0.0, 10, 0)
    assert none.names.matched == 0


def test_counts_by_hand() -> None:
    record = {
        "id": "p1",
        "entities": [
            {"name": "QN", "kind": "Method", "role": "uses",
             "mentions": [{"field": "abstract", "start": 0, "end": 8, "text": "Quarknet"},
                          {"field": "abstract", "start": 10, "end": 12, "text": "Qn"}]},
            {"name": "Widgets", "kind": "Dataset", "role": "trains_on",
             "mentions": [{"field": "abstract", "start": 30, "end": 40, "text": "Widgets-10"}]},
            {"name": "OldNet", "kind": "Dataset", "role": "compares",
             "mentions": [{"field": "abstract", "start": 20, "end": 26, "text": "OldNet"}]},
            {"name": "accuracy", "kind": "Metric", "role": "uses", "mentions": []},
        ],
        "links": [{"subject": "QN", "relation": "TRAINED_ON", "object": "Widgets"},
                  {"subject": "QN", "relation": "USED_FOR", "object": "sorting"},
                  {"subject": "QN", "relation": "PROPOSES", "object": "Widgets"}],
        "results": [{"dataset": "Widgets", "value": "91.50 %"}, {"dataset": None, "value": "91.5"}],
    }  # fmt: skip
    paper = score(GOLD[:1], [record]).papers[0]
    report = score(GOLD[:1], [record])
    assert paper.tallies["mentions"] == (3, 1, 5)
    assert paper.tallies["entities"] == (2, 1, 2)
    assert paper.tallies["entities.Dataset"] == (1, 1, 0)
    assert paper.tallies["roles"] == (1, 2, 3)
    assert paper.tallies["links"] == (0, 2, 3)
    assert paper.tallies["method_dataset"] == (1, 0, 0)
    assert paper.tallies["results"] == (1, 1, 0)
    assert report.names.accuracy == 0.0
    assert report.wrong_offsets == 1

    (wrong,) = errors(report)
    assert {(e.name, e.extra, e.problem) for e in wrong.entities} == {
        ("OldNet", False, "wrong kind"),
        ("Widget Sorting", False, "not found"),
        ("OldNet", True, "wrong kind"),
    }
    assert {(m.text, m.problem, m.other) for m in wrong.mentions if m.kind == "Dataset" and m.extra} == {
        ("OldNet", "kind", "OldNet Method")
    }
    assert wrong.roles == (("Quarknet", "proposes", "uses"),)
    assert wrong.names == (("Quarknet", "QN"), ("Widgets-10", "Widgets"))
    assert ("Quarknet", "EVALUATED_ON", "Widgets-10") in wrong.missed_links
    assert (wrong.missed_results, wrong.extra_results) == ((), (("91.5", ""),))


def test_summary_names_the_classes_of_error() -> None:
    record = perfect(GOLD[0])
    record["entities"][2]["mentions"][0] |= {"start": 30, "end": 37, "text": "Widgets"}
    record["entities"].append({"name": "Ghost", "kind": "Task", "role": "addresses", "mentions": []})
    record["links"][0]["object"] = "Ghost"
    text = summarise_errors(score(GOLD, [record, perfect(GOLD[1])]))
    assert "boundaries, gold and found (1)\n       1  Widgets-10  Widgets Dataset" in text
    assert "extra entities by class (1)\n       1  Task  invented" in text
    assert "extra links (1)\n       1  EVALUATED_ON  an end wrong" in text
    assert "missed links (1)\n       1  EVALUATED_ON  both ends right" in text
    assert "Ghost (Task, addresses; invented)" in format_errors(score(GOLD, [record]), 1)
    assert "p2" not in format_errors(score(GOLD, [record]), 1)


def test_role_matrix() -> None:
    record = perfect(GOLD[0])
    record["entities"][1]["role"] = "uses"
    lines = summarise_errors(score(GOLD[:1], [record])).split("roles of matched")[1].splitlines()
    header, rows = lines[1].split(), {line.split()[0]: line.split()[1:] for line in lines[2:7] if line.strip()}
    assert rows["compares"][header.index("uses")] == "1"
    assert rows["proposes"][header.index("proposes")] == "1"


def test_intervals_hold_the_figure_and_repeat() -> None:
    gold = [GOLD[0] | {"id": str(i)} for i in range(60)]
    report = score(gold, perturbed(gold, 7))
    found = intervals(report, seed=3)
    assert found == intervals(report, seed=3)
    for row in ("mentions", "entities", "roles", "links"):
        low, high = found[row]
        assert low < report.figures[row].f1 < high
        assert high - low < 0.3
    assert found["names"][0] <= report.names.accuracy <= found["names"][1]
    narrow = intervals(report, seed=3, level=0.5)["mentions"]
    assert narrow[1] - narrow[0] < found["mentions"][1] - found["mentions"][0]
    assert f"[{found['mentions'][0]:.3f}, {found['mentions'][1]:.3f}]" in format_table(report, found)
    assert intervals(score([], [])) == {}


def test_compare_tells_a_difference_from_none() -> None:
    gold = [GOLD[0] | {"id": str(i)} for i in range(40)]
    good, bad = score(gold, map(perfect, gold)), score(gold, perturbed(gold, 5))
    change, (low, high), p = differences(bad, good)["mentions"]
    assert 0 < low < change < high
    assert p < 0.01
    assert differences(good, good)["mentions"] == (0.0, (0.0, 0.0), 1.0)
    line = next(line for line in compare(bad, good, names=("old", "new")).splitlines() if line.startswith("mentions "))
    assert line.endswith("*")
    assert "*" not in compare(good, good).splitlines()[1]
    with pytest.raises(UsageError, match="same papers"):
        compare(good, score(gold[1:], []))


def test_papers_keep_their_text_exactly() -> None:
    odd = GOLD[1] | {"title": "  two  spaces\n", "abstract": "e\u0301nergie\u00a0"}
    (paper,) = papers([odd])
    assert (paper.id, paper.title, paper.abstract) == ("p2", odd["title"], odd["abstract"])


def test_spans_longest_first_and_on_word_boundaries() -> None:
    gold = {
        "title": "Net and BigNet",
        "abstract": "Big Net, Net_2, Nets",
        "entities": [
            {"type": "Method", "surfaces": ["Net", "Big Net"]},
            {"type": "Dataset", "surfaces": ["Net"]},
        ],
    }
    assert sorted(find_spans(gold)) == [
        ("abstract", 0, 7, "Method"),
        ("abstract", 9, 12, "Method"),
        ("title", 0, 3, "Method"),
    ]


def test_numbers_and_names_are_compared_by_value() -> None:
    assert number("79.80 %") == number("79.8") == 79.8
    assert number("1,200") == 1200.0
    assert number("version 1.2.3") == "1.2.3"
    assert number(" Best ") == "best"
    assert fold("Grad-CAM v1.") == fold("gradcam V1")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"id": "x", "title": "t"}', 'no text in "abstract"'),
        ('{"id": "x", "title": "t", "abstract": "a", "entities": []}', 'no list in "links"'),
        (json.dumps(GOLD[1] | {"id": "x", "links": [["BoxNet", "USED_FOR", "Sorting"]]}), "'Sorting', which is not"),
        (json.dumps(GOLD[1] | {"id": "x", "links": [["BoxNet", "LIKES", "BoxNet"]]}), "LIKES"),
        (json.dumps(GOLD[1] | {"id": "x", "entities": [{"canonical": "A", "type": "Thing"}]}), "type 'Thing'"),
        (json.dumps(GOLD[0]), "already at"),
    ],
)
def test_bad_gold_is_told_by_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(json.dumps(GOLD[0]) + "\n\n" + line + "\n", "utf8")
    with pytest.raises(InputError, match=r"gold\.jsonl:3: ") as caught:
        list(read_gold([file]))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read"):
        list(read_gold([tmp_path / "none.jsonl"]))
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}\n')
    with pytest.raises(InputError, match=r"latin\.jsonl:1: not UTF-8"):
        list(read_gold([tmp_path / "latin.jsonl"]))
    whole = gzip.compress(json.dumps(GOLD[0]).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[:-12])
    with pytest.raises(InputError, match=r"cut\.jsonl\.gz: the gzip file is cut short"):
        list(read_gold([tmp_path / "cut.jsonl.gz"]))
    (tmp_path / "r.jsonl").write_text('{"id": "a", "entities": [{"name": "x"}]}\n')
    with pytest.raises(InputError, match=r"r\.jsonl:1: .*kg extract"):
        list(read_records([tmp_path / "r.jsonl"]))


def test_gzipped_gold_reads(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, GOLD)).encode()))
    assert list(read_gold([tmp_path / "gold.jsonl.gz"])) == GOLD
