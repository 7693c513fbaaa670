"""The graph folder: only new work is done, incremental equals full, nothing is lost, damage is named."""

import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import folder, update
from kg.errors import GraphError, InputError
from kg.graph import Graph
from kg.model import Extraction, Paper
from kg.pipeline import extract_papers, extractor_digest
from kg.record import to_json
from kg.update import Built, merge_papers, refresh_folder, update_folder

TEXTS = {
    "Skipping layers": "We propose SkipNet. SkipNet reaches 93.1% accuracy on CIFAR-10 and beats ResNet-50.",
    "Louder batches": "BatchNorm is studied on ImageNet. We compare Batch Normalization (BN) with LayerNorm.",
    "Words and pictures": "We introduce PicBERT, based on BERT, and evaluate it on COCO and SQuAD.",
    "Long walks": "A graph convolutional network is trained on Cora for node classification.",
    "Short walks": "DeepWalk is compared with node2vec on PubMed. DeepWalk is faster.",
}
PAPERS = [
    Paper(
        title.lower().replace(" ", "-"),
        title,
        text,
        ("Ada Lo",),
        2015 + n,
        "",
        "",
        (f"own.jsonl:{n}",),
        (f"doi:10.1/{n}",),
    )
    for n, (title, text) in enumerate(TEXTS.items())
]


def make(papers: Iterable[Paper], path: Path, **options: Any) -> Built:
    return update_folder(papers, path, tagger="rules", **options)


def content(path: Path) -> Any:
    """All that the records of a folder say, whatever part they are in."""
    manifest = folder.read_manifest(path)
    return sorted(repr(extraction) for extraction in folder.read_records(path, manifest)), manifest.counts


def files(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def test_a_build_writes_records_database_and_manifest(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    source = folder.Source("own.jsonl", "0" * 64)
    built = make(PAPERS, path, inputs=[source])
    assert built.extracted == 5 and built.reused == 0 and built.changed
    manifest = folder.read_manifest(path)
    assert manifest == built.manifest
    assert manifest.papers == 5 and manifest.inputs == (source,) and manifest.counts["nodes"]["Paper"] == 5
    assert len(manifest.files) == 3  # records, what identity goes by, database
    assert manifest.files | {"manifest.json", ".lock"} == set(files(path))
    expected = extract_papers(sorted(PAPERS, key=lambda paper: paper.id), tagger="rules")
    assert [to_json(e) for e in folder.read_records(path, manifest)] == [to_json(e) for e in expected]


def test_building_again_extracts_nothing_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS, path)
    before = files(path)
    again = make(PAPERS[2:], path)
    assert (again.extracted, again.reused, again.changed) == (0, 5, False)
    assert files(path) == before


def test_only_new_and_changed_papers_are_extracted(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:4], path)
    longer = replace(PAPERS[0], abstract=PAPERS[0].abstract + " It also runs on MNIST.", sources=("b.jsonl:1",))
    built = make([longer, PAPERS[4]], path)
    assert (built.extracted, built.reused) == (2, 3)
    assert built.changed and "dataset:mnist" in Graph(path).graph
    records = {e.paper.id: e.paper for e in folder.read_records(path, built.manifest)}
    assert records[longer.id].abstract == longer.abstract
    assert records[longer.id].sources == ("b.jsonl:1", "own.jsonl:0")


def test_another_extractor_extracts_all_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    monkeypatch.setattr("kg.pipeline.extractor_digest", lambda tagger: "f" * 64)
    built = make(PAPERS[3:], path)
    assert (built.extracted, built.reused) == (5, 0)
    assert {part.extractor for part in built.manifest.records} == {"f" * 64}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(PAPERS), min_size=1), min_size=1, max_size=3), st.randoms())
def test_incremental_equals_full(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Paper]], random: Any
) -> None:
    place = tmp_path_factory.mktemp("folders")
    for batch in batches:
        make(batch, place / "parts.kg")
    everything = [paper for batch in batches for paper in batch]
    random.shuffle(everything)
    make(everything, place / "whole.kg")
    assert files(place / "parts.kg").keys() == files(place / "whole.kg").keys()
    assert content(place / "parts.kg") == content(place / "whole.kg")
    parts, whole = (folder.read_manifest(place / name) for name in ("parts.kg", "whole.kg"))
    assert parts.records == whole.records and parts.database.key == whole.database.key


def test_full_parts_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "PART_PAPERS", 2)
    path = tmp_path / "papers.kg"
    first = make(PAPERS[:4], path)
    assert [part.papers for part in first.manifest.records] == [2, 2]
    second = make(PAPERS[4:], path)
    assert set(first.manifest.records) < set(second.manifest.records)
    third = make([replace(PAPERS[1], year=2001)], path)
    assert third.extracted == 0
    assert sum(part.papers for part in third.manifest.records) == 5
    assert len(set(first.manifest.records) - set(third.manifest.records)) == 1


def test_the_same_paper_from_two_places_is_one_that_remembers_both() -> None:
    other = replace(PAPERS[0], year=None, venue="NeurIPS", sources=("z.bib:3",))
    (paper,) = merge_papers([PAPERS[0], other]).values()
    assert (paper.year, paper.venue, paper.sources) == (2015, "NeurIPS", ("own.jsonl:0", "z.bib:3"))


def test_a_build_that_fails_leaves_the_old_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:2], path)
    before = files(path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kg.store.embedded.write", full)
        with pytest.raises(GraphError, match=r"No space left on device.*unchanged"):
            make(PAPERS, path)
    after = files(path)
    assert {name: after[name] for name in before} == before
    # The next build takes up what that one had extracted, and removes what it left.
    done = make(PAPERS, path)
    assert (done.extracted, done.reused) == (0, 5)
    assert set(files(path)) == done.manifest.files | {".lock", "manifest.json"}


def test_a_build_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no paper in the inputs"):
        make([], tmp_path / "papers.kg")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    (tmp_path / "file.kg").write_text("x")
    for name in ("thesis", "file.kg"):
        with pytest.raises(GraphError, match=f"{name}: exists and is not a graph folder"):
            make(PAPERS, tmp_path / name)
    assert [file.name for file in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


def test_strangers_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:2], path)
    (path / "notes.txt").write_text("mine")
    make(PAPERS, path)
    assert (path / "notes.txt").read_text() == "mine"


def test_a_second_build_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:1], path)
    with (path / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GraphError, match="another build is writing it"):
            make(PAPERS, path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ('{"format": 99}', "made by a newer kg.*upgrade kg"),
        ("{", "manifest.json: damaged .not JSON"),
        ("[]", "no format version"),
        ('{"format": 1}', "keys are missing"),
        (None, "not a graph folder"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named(tmp_path: Path, damage: str | None, message: str) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:1], path)
    if damage is None:
        (path / "manifest.json").unlink()
    else:
        (path / "manifest.json").write_text(damage)
        with pytest.raises(GraphError, match=message):
            make(PAPERS, path)
    with pytest.raises(GraphError, match=message) as caught:
        folder.read_manifest(path)
    assert "\n" not in str(caught.value)


def test_a_path_outside_the_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:1], path)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["database"]["file"] = "../../etc/passwd"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(GraphError, match="damaged"):
        folder.read_manifest(path)


@pytest.mark.parametrize("given", ["none of it", "all"])
@pytest.mark.parametrize("damage", [b"", gzip.compress(b"{}\n", mtime=0), None])
def test_a_damaged_part_is_named_and_extracted_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: str, damage: bytes | None
) -> None:
    path, source = tmp_path / "papers.kg", folder.Source("own.jsonl", "0" * 64)
    (part,) = make(PAPERS, path, inputs=[source]).manifest.records
    before = content(path)
    if damage is None:
        (path / part.file).unlink()
    else:
        (path / part.file).write_bytes(damage)
    with pytest.raises(
        GraphError, match=f"{part.file}: damaged .*; the next build extracts its papers again: kg build"
    ):
        list(folder.read_records(path, folder.read_manifest(path)))
    # Whether the papers come from the inputs or from the database, none is lost and nothing else changes.
    built = make(PAPERS, path, inputs=[source]) if given == "all" else refresh_folder(path)
    assert f"{part.file}: damaged or missing; its papers (5) are extracted again" in caplog.text
    assert built.extracted == 5 and content(path) == before


def test_a_paper_from_the_database_is_still_the_one_that_others_name(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    ids = ("arxiv:1706.03762", "doi:10.1/7")
    preprint = Paper("a", "Attend", "We propose AttendNet.", ("Ada Lo",), 2017, sources=("a.jsonl:1",), ids=ids[:1])
    published = replace(preprint, id="b", year=2018, venue="ICML", sources=("b.jsonl:1",), ids=ids)
    (part,) = make([preprint, published], path).manifest.records
    (path / part.file).write_bytes(b"dust")
    (stored,) = folder.read_records(path, refresh_folder(path).manifest)
    assert stored.paper.ids == ids
    # A third version under another title is known by its identifier.
    talk = replace(preprint, id="c", title="How to attend", sources=("c.jsonl:1",), ids=ids[1:])
    assert make([talk], path).manifest.papers == 1


def test_only_the_papers_of_the_damaged_part_are_extracted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "PART_PAPERS", 2)
    path = tmp_path / "papers.kg"
    first = make(PAPERS[:4], path).manifest
    before = content(path)
    (path / first.records[0].file).write_bytes(b"dust")
    # What was read from standard input has a place that says nothing: it must not be taken for the lost paper.
    built = make([replace(PAPERS[4], sources=PAPERS[0].sources)], path)
    assert (built.extracted, built.reused) == (3, 2)
    assert set(before[0]) < set(content(path)[0])


def test_a_damaged_database_is_made_again_and_with_the_records_it_is_the_end(tmp_path: Path) -> None:
    path, source = tmp_path / "papers.kg", folder.Source("own.jsonl", "0" * 64)
    first = make(PAPERS, path, inputs=[source]).manifest
    (path / first.database.file).write_bytes(b"dust")
    again = make(PAPERS[:1], path)
    assert again.extracted == 0 and again.changed and folder.is_whole(path, again.manifest.database)
    (path / first.database.file).write_bytes(b"dust")
    (path / first.records[0].file).write_bytes(b"dust")
    before = files(path)
    with pytest.raises(GraphError, match=r"database is damaged as well.* all its inputs: own\.jsonl"):
        make(PAPERS[:1], path)
    assert files(path) == before
    assert make(PAPERS, path, inputs=[source]).extracted == 5


def test_what_is_named_is_on_the_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill leaves what the system holds in memory; a power cut takes what was not synced."""
    done: list[tuple[str, str]] = []
    sync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        sync(handle)

    def renamed(old: Path, new: Path) -> Path:
        done.append(("rename", f"{old} {new}"))
        return rename(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    path = tmp_path / "deep" / "papers.kg"
    manifest = make(PAPERS, path).manifest
    for made in (path.parent, path, path / "records"):
        assert ("sync", str(made.parent)) in done
    named = {}
    for at, (what, names) in enumerate(done):
        if what == "rename":
            old, new = names.split()
            named[Path(new)] = (at, old)
    last, _ = named[path / "manifest.json"]
    for name in manifest.files:
        at, old = named[path / name]
        assert ("sync", old) in done[:at], f"{name}: named before what is in it was on the disk"
        assert ("sync", str((path / name).parent)) in done[at:last], f"{name}: in the manifest before its name was"


def test_parts_have_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a.kg", "b.kg"):
        make(PAPERS if name == "a.kg" else PAPERS[::-1], tmp_path / name)
    a, b = (folder.read_manifest(tmp_path / name) for name in ("a.kg", "b.kg"))
    assert a.records == b.records
    assert a.records[0].extractor == extractor_digest("rules")


KILLED = """
import sys
from pathlib import Path
from kg.update import update_folder
from kg.model import Paper
import kg.update
kg.update.PART_PAPERS = 10
papers = [Paper(f"p{n}", f"Paper {n}", f"We propose Net{n}X and test on CIFAR-10.") for n in range(int(sys.argv[2]))]
print("go", flush=True)
update_folder(papers, Path(sys.argv[1]), tagger="rules")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_kill_at_any_moment_leaves_a_whole_graph(tmp_path: Path) -> None:
    def start(path: Path, papers: int) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-c", KILLED, str(path), str(papers)]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE)

    def finish(path: Path, papers: int) -> None:
        with start(path, papers) as process:
            assert process.wait(120) == 0

    path, whole = tmp_path / "papers.kg", tmp_path / "whole.kg"
    finish(path, 30)
    begun = time.monotonic()
    finish(whole, 90)
    length = time.monotonic() - begun
    for moment in range(5):
        with start(path, 90) as process:
            assert process.stdout is not None and process.stdout.readline() == b"go\n"
            time.sleep(length * moment / 8)
            process.send_signal(signal.SIGKILL)
        manifest = folder.read_manifest(path)
        assert manifest.papers in (30, 90)
        assert sum(1 for _ in folder.read_records(path, manifest)) == manifest.papers
        assert path.joinpath(manifest.database.file).is_file()
    finish(path, 90)
    assert content(path) == content(whole)
    assert not list(path.rglob(".new-*"))


def test_counts_are_those_of_the_graph(tmp_path: Path) -> None:
    manifest = make(PAPERS, tmp_path / "papers.kg").manifest
    graph = Graph(tmp_path / "papers.kg").graph
    assert manifest.counts["nodes"] == Counter(label for _, label in graph.nodes(data="label"))
    assert manifest.counts["relationships"] == Counter(relation for *_, relation in graph.edges(keys=True))
    assert list(manifest.counts["nodes"]) == sorted(manifest.counts["nodes"])


def test_extractions_of_other_papers_stay(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:2], path)
    built = make(PAPERS[2:3], path)
    found: list[Extraction] = list(folder.read_records(path, built.manifest))
    assert {e.paper.id for e in found} == {paper.id for paper in PAPERS[:3]}
