"""``kg import-pwc`` on dumps in the schema of the archive: what becomes vocabulary, what becomes results."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kg.cli import cli
from kg.cli.pwc_dumps import entries, read_dump, rows
from kg.errors import InputError
from kg.graph import Graph, build_folder
from kg.update.imports import FOLDER
from kg.vocabulary import Entry, load, using

METHODS = [
    {
        "url": "https://paperswithcode.com/method/zibnet",
        "name": "ZibNet",
        "full_name": "Zibble Network",
        "description": "**ZibNet** zibbles.",
        "paper": {"title": "Zibbling", "url": "https://paperswithcode.com/paper/zibbling"},
        "introduced_year": 2020,
        "source_url": "https://arxiv.org/abs/2001.00001v1",
        "source_title": "Zibbling",
        "code_snippet_url": None,
        "num_papers": 40,
        "collections": [{"collection": "Networks", "area_id": "general", "area": "General"}],
    },
    {"name": "Rarely", "full_name": "Rarely", "num_papers": 1, "collections": []},
    {"name": "Focus", "full_name": "Focus", "num_papers": 99, "collections": []},
    {"name": "resnet", "full_name": "ResNets of old", "num_papers": 9999, "collections": []},
    {"name": None, "full_name": 3, "num_papers": "many"},
    {"name": "a|b\tc", "full_name": "x", "num_papers": 99},
    "no record",
]
DATASETS = [
    {
        "url": "https://paperswithcode.com/dataset/zibset",
        "name": "ZibSet",
        "full_name": "Zibble Set",
        "homepage": "https://example.org",
        "description": "Zibbles.",
        "paper": None,
        "introduced_date": "2020-01-01",
        "warning": None,
        "modalities": ["Images"],
        "tasks": [{"task": "Zibble Detection", "url": "https://paperswithcode.com/task/zibble-detection"}],
        "languages": [],
        "variants": ["ZibSet", "ZibSet-100", "ZibSet (10% labels)", "Other"],
        "num_papers": 12,
        "data_loaders": [],
    }
]


def row(model: str, title: str, url: str = "", **metrics: Any) -> dict[str, Any]:
    return {
        "model_name": model,
        "paper_title": title,
        "paper_url": url,
        "paper_date": "2021-05-01",
        "code_links": [],
        "model_links": [],
        "metrics": metrics,
        "uses_additional_data": False,
    }


def table(name: str, *found: dict[str, Any], key: str = "dataset", **more: Any) -> dict[str, Any]:
    metrics = sorted({metric for one in found for metric in one["metrics"]})
    return {key: name, "description": "", "sota": {"metrics": metrics, "rows": list(found)}, **more}


TABLES: list[dict[str, Any]] = [
    {
        "task": "Zibble Detection",
        "description": "Find zibbles.",
        "categories": ["Computer Vision"],
        "synonyms": ["Zibble Finding"],
        "source_link": None,
        "datasets": [
            table(
                "ZibSet",
                row("ZibNet (ours)", "Nets that Zibble", Accuracy="93.1%", Speed="12 ms", Note="n/a"),
                row("ResNet", "Nets that Zibble", Accuracy="88.0%"),
                row("OtherNet", "A paper that the graph has not", Accuracy="99"),
                subdatasets=[table("ZibSet-100", row("ZibNet", "nets that zibble.", Accuracy=71), key="subdataset")],
            )
        ],
        "subtasks": [
            {
                "task": "Tiny Zibble Detection",
                "datasets": [
                    table("ZibSet", row("ZibNet", "Another title", "https://arxiv.org/abs/2101.00009v2", mAP="0.5"))
                ],
                "subtasks": [],
            }
        ],
    },
    {"task": 3, "datasets": [{"dataset": "D", "sota": None}, {"sota": {"rows": [None, {}]}}], "subtasks": None},
]
TAGGED = [
    {
        "paper_url": "https://paperswithcode.com/paper/nets-that-zibble",
        "arxiv_id": None,
        "title": "Nets that Zibble",
        "abstract": "We zibble.",
        "url_abs": "https://example.org/1",
        "proceeding": None,
        "authors": ["Ann Lo"],
        "tasks": ["Image Classification", "Zibble Detection"],
        "date": "2021-05-01",
        "methods": [{"name": "Dropout", "full_name": "Dropout", "main_collection": None}],
    },
    {"paper_url": "x", "title": "Unknown", "abstract": "", "tasks": ["Zibble Detection"], "methods": []},
]
PAPERS = [
    {
        "title": "Nets that Zibble",
        "abstract": "We propose a net. ResNet has an accuracy of 88.0%. We train our zibble network on Zibble Set.",
        "year": 2021,
    },
    {
        "title": "Smaller Zibbles",
        "abstract": "We detect small zibbles with ZibNet.",
        "url": "https://arxiv.org/abs/2101.00009",
        "year": 2021,
    },
    {"title": "No Zibble", "abstract": "We study image classification on ImageNet with ResNet.", "year": 2019},
]


def invoke(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def imported(*arguments: str | Path) -> Result:
    result = invoke("import-pwc", *arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    return result


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "methods.json").write_text(json.dumps(METHODS), "utf-8")
    (folder / "datasets.json").write_text(json.dumps(DATASETS), "utf-8")
    (folder / "evaluation-tables.json.gz").write_bytes(gzip.compress(json.dumps(TABLES).encode()))
    (folder / "papers-with-abstracts.json.gz").write_bytes(gzip.compress(json.dumps(TAGGED).encode()))
    return folder


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in PAPERS), "utf-8")
    build_folder(tmp_path / "papers.jsonl", tmp_path / "papers.kg", tagger="rules")
    return tmp_path / "papers.kg"


def read_entries_of(path: Path, papers: int) -> dict[str, Entry]:
    dump, records = read_dump(path)
    return {entry.name: entry for entry in entries(dump, records, papers=papers)}


def test_the_dumps_are_told_apart_and_give_names(dumps: Path) -> None:
    kinds = {path.name: read_dump(path)[0] for path in dumps.iterdir()}
    assert kinds == {
        "methods.json": "methods",
        "datasets.json": "datasets",
        "evaluation-tables.json.gz": "tables",
        "papers-with-abstracts.json.gz": "papers",
    }
    methods = read_entries_of(dumps / "methods.json", 10)
    assert sorted(methods) == ["Focus", "ZibNet", "resnet"]
    assert methods["ZibNet"].aliases == ("Zibble Network",)
    assert methods["Focus"].flags == {"ambiguous", "context"}
    assert sorted(read_entries_of(dumps / "methods.json", 0)) == ["Focus", "Rarely", "ZibNet", "resnet"]
    datasets = read_entries_of(dumps / "datasets.json", 10)
    assert {name: entry.family for name, entry in datasets.items()} == {"ZibSet": None, "ZibSet-100": "ZibSet"}
    assert datasets["ZibSet"].tasks == ("Zibble Detection",)
    tasks = read_entries_of(dumps / "evaluation-tables.json.gz", 10)
    assert {name: entry.aliases for name, entry in tasks.items()} == {
        "Zibble Detection": ("Zibble Finding",),
        "Tiny Zibble Detection": (),
    }


def test_every_row_of_every_table_is_read(dumps: Path) -> None:
    found = [one for record in read_dump(dumps / "evaluation-tables.json.gz")[1] for one in rows(record)]
    assert [(one.task, one.dataset, one.model, one.metrics) for one in found] == [
        ("Zibble Detection", "ZibSet", "ZibNet (ours)", (("Accuracy", "93.1%"), ("Speed", "12 ms"))),
        ("Zibble Detection", "ZibSet", "ResNet", (("Accuracy", "88.0%"),)),
        ("Zibble Detection", "ZibSet", "OtherNet", (("Accuracy", "99"),)),
        ("Zibble Detection", "ZibSet-100", "ZibNet", (("Accuracy", "71"),)),
        ("Tiny Zibble Detection", "ZibSet", "ZibNet", (("mAP", "0.5"),)),
    ]


def test_names_are_found_in_the_texts_once_imported(graph: Path, dumps: Path) -> None:
    with Graph(graph) as opened:
        assert "dataset:zibset" not in opened.graph
        before = opened.manifest.extractor
    result = imported(graph, dumps, "--only", "vocabulary")
    assert "1 dataset" not in result.stderr and "2 dataset" in result.stderr
    with Graph(graph) as opened:
        assert opened.manifest.extractor != before
        found = opened.graph
        assert found.nodes["dataset:zibset"]["aliases"] == ["Zibble Set"]
        assert found.nodes["dataset:zibset"]["papers"] == 1
        assert "method:zibnet" in found
        assert "method:focus" not in found and found.nodes["method:resnet"]["name"] == "ResNet"
        assert not [key for key, label in found.nodes(data="label") if label == "Result" and "pwc" in key]
        rows_ = opened.query("MATCH (d:Dataset) WHERE d.name = 'ZibSet' RETURN d.papers AS papers")
        assert rows_.dicts() == [{"papers": 1}]
    assert load().canonical("ZibSet") is None
    with using(graph / "vocabulary"):
        entry = load().canonical("zibset-100")
        assert entry is not None and entry.family == "ZibSet"


def test_papers_added_later_are_read_with_the_names(graph: Path, dumps: Path, tmp_path: Path) -> None:
    imported(graph, dumps, "--only", "vocabulary")
    (tmp_path / "more.jsonl").write_text(json.dumps({"title": "More", "abstract": "We test nets on Zibble Set."}))
    done = invoke("build", tmp_path / "more.jsonl", "-o", graph, "--tagger", "rules")
    assert "1 extracted, 3 already there" in done.stderr
    with Graph(graph) as opened:
        assert opened.graph.nodes["dataset:zibset"]["papers"] == 2


def test_leaderboards_are_results_of_the_papers_in_the_graph(graph: Path, dumps: Path) -> None:
    imported(graph, dumps)
    with Graph(graph) as opened:
        answer = opened.query(
            "MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:OF_METHOD]->(m:Method), (r)-[:ON_DATASET]->(d:Dataset)"
            " WHERE r.text STARTS WITH 'Papers with Code: '"
            " RETURN p.title, m.name, d.name, r.metric, r.value, r.unit ORDER BY p.title, m.name, d.name, r.metric"
        )
        assert list(answer) == [
            ("Nets that Zibble", "ResNet", "ZibSet", "Accuracy", 88.0, "%"),
            ("Nets that Zibble", "ZibNet", "ZibSet", "Accuracy", 93.1, "%"),
            ("Nets that Zibble", "ZibNet", "ZibSet", "Speed", 12.0, ""),
            ("Nets that Zibble", "ZibNet", "ZibSet-100", "Accuracy", 71.0, ""),
            ("Smaller Zibbles", "ZibNet", "ZibSet", "mAP", 0.5, ""),
        ]
        found = opened.graph
        said = found.edges["method:zibnet", "dataset:zibset", "EVALUATED_ON"]
        assert said["papers"] == 2
        assert any(
            s.startswith("Papers with Code: ZibNet (ours) on ZibSet (Zibble") for s in said["evidence_sentences"]
        )
        assert found.has_edge("dataset:zibset", "task:zibble-detection", "BENCHMARK_FOR")
        assert found.has_edge("dataset:zibset-100", "dataset:zibset", "VARIANT_OF")
        assert found.has_edge("nets-that-zibble", "method:dropout", "USES")
        assert found.has_edge("nets-that-zibble", "task:image-classification", "ADDRESSES")
        assert not [key for key in found if "othernet" in key]
        board = opened.query("leaderboard", dataset="zibset")
        assert {row["method"] for row in board.dicts()} == {"ResNet", "ZibNet"}


def test_importing_again_changes_nothing_and_later_imports_replace(graph: Path, dumps: Path) -> None:
    imported(graph, dumps)
    first = {path.name: path.read_bytes() for path in graph.rglob("*") if path.is_file() and path.suffix != ".lbug"}
    result = imported(graph, dumps)
    assert "0 papers read again" in result.stderr
    again = {path.name: path.read_bytes() for path in graph.rglob("*") if path.is_file() and path.suffix != ".lbug"}
    assert first == again
    emptied = [{**TABLES[0], "subtasks": [], "datasets": []}]
    (dumps / "evaluation-tables.json.gz").write_bytes(gzip.compress(json.dumps(emptied).encode()))
    imported(graph, dumps / "evaluation-tables.json.gz", "--only", "results")
    with Graph(graph) as opened:
        texts = [text for _, text in opened.graph.nodes(data="text") if text]
        assert not [text for text in texts if text.startswith("Papers with Code")]


def test_what_is_exported_can_be_imported(graph: Path, dumps: Path, tmp_path: Path) -> None:
    imported(graph, dumps)
    assert invoke("export", graph, tmp_path / "out.pwc.json").exit_code == 0
    found = [one for record in read_dump(tmp_path / "out.pwc.json")[1] for one in rows(record)]
    assert ("Zibble Detection", "ZibSet", "ResNet", (("Accuracy", "88%"),)) in [
        (one.task, one.dataset, one.model, one.metrics) for one in found
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "not a dump of Papers with Code"),
        (b'[{"a": 1}]', "not a dump of Papers with Code"),
        (b'{"name": "x"}', "not a dump of Papers with Code"),
        (b"PAR1", "not a dump of Papers with Code"),
        (b"", "not a dump of Papers with Code"),
        (b"\x1f\x8bnonsense", "x.json"),
        (gzip.compress(json.dumps(METHODS).encode(), mtime=0)[:20], "cannot be read to its end"),
    ],
)
def test_what_is_no_dump_is_refused(graph: Path, tmp_path: Path, content: bytes, said: str) -> None:
    before = sorted(path.name for path in graph.rglob("*"))
    (tmp_path / "x.json").write_bytes(content)
    result = invoke("import-pwc", graph, tmp_path / "x.json")
    assert result.exit_code == 1
    assert result.stderr.startswith("kg: ") and result.stderr.count("\n") == 1
    assert said in result.stderr
    assert sorted(path.name for path in graph.rglob("*")) == before


@pytest.mark.parametrize("indent", [None, 1])
def test_a_corrupt_record_of_a_dump_costs_that_record_alone(graph: Path, tmp_path: Path, indent: int | None) -> None:
    records = [{**METHODS[0], "name": f"ZibNet{n}"} for n in range(5)]  # type: ignore[dict-item]
    whole = [json.dumps(record, indent=indent) for record in records]
    for broken in (
        whole[2][:-1],
        whole[2][1:],
        whole[2][:100],
        whole[2].replace('"', "", 1),
        whole[2].replace(":", ""),
    ):
        text = ",\n".join([*whole[:2], broken, *whole[3:]])
        (tmp_path / "methods.json").write_text(f"[{text}]")
        problems: list[InputError] = []
        dump, found = read_dump(tmp_path / "methods.json", on_problem=problems.append)
        assert dump == "methods"
        names = [record["name"] for record in found]
        assert [name for name in names if name != "ZibNet2"] == ["ZibNet0", "ZibNet1", "ZibNet3", "ZibNet4"]
        line = text[: text.index(broken)].count("\n") + 1
        assert 1 <= len(problems) <= 2
        assert line <= int(str(problems[0]).split(":")[1]) <= line + broken.count("\n") + 1
    result = invoke("import-pwc", graph, tmp_path / "methods.json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("broken JSON") == 1
    assert "skipped 1 record that cannot be read" in result.stderr
    with pytest.raises(InputError, match="broken JSON"):
        list(read_dump(tmp_path / "methods.json")[1])


def test_wrong_calls_say_what_to_do(graph: Path, tmp_path: Path, dumps: Path) -> None:
    assert invoke("import-pwc", graph).exit_code == 2
    assert invoke("import-pwc", graph, tmp_path / "none.json").exit_code == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no .json" in invoke("import-pwc", graph, empty).stderr
    assert "not a graph folder" in invoke("import-pwc", empty, dumps / "methods.json").stderr


def test_a_broken_vocabulary_or_import_is_told(graph: Path, dumps: Path) -> None:
    imported(graph, dumps)
    vocabulary = graph / "vocabulary" / "mine-methods.tsv"
    for text, said in (("name\n\x00", "columns"), ("name\taliases\tfamily\ttasks\tflags\nX\t\t\t\tloud\n", "flags")):
        vocabulary.write_text(text)
        result = invoke("export", graph, graph.parent / "g.json")
        assert result.exit_code == 1 and said in result.stderr and result.stderr.count("\n") == 1, result.stderr
    vocabulary.rename(vocabulary.with_name("mine.tsv"))
    assert "end its name" in invoke("export", graph, graph.parent / "g.json").stderr
    (graph / "vocabulary" / "mine.tsv").unlink()
    (graph / FOLDER / "pwc.jsonl.gz").write_bytes(b"x")
    assert "import it again" in invoke("export", graph, graph.parent / "g.json").stderr
