"""A folder whose database is changed by what is new holds what one holds that is made of all at once."""

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import folder
from kg.cli import cli
from kg.errors import StoreError
from kg.graph import Graph
from kg.model import Paper
from kg.update import Built, database, refresh_folder, remove_papers, update_folder
from kg.update.imports import write_import
from kg.update.known import known, known_papers
from tests.test_folder import PAPERS, content, files
from tests.test_store_amend import held

MORE = [
    Paper(
        f"p{n}", f"Paper {n}", f"We propose Net{n}X, based on ResNet-50, and test on CIFAR-10.", ("Ada Lo",), 2000 + n
    )
    for n in range(6)
]


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the database of any graph, however much of it changes."""
    monkeypatch.setattr(database, "KEPT_FROM", 1)
    monkeypatch.setattr(database, "SHARE", 0)
    monkeypatch.setattr(database, "LOG_A_PAPER", 0)


def make(papers: Iterable[Paper], path: Path) -> Built:
    return update_folder(papers, path, tagger="rules")


def changed(path: Path) -> bool:
    """Whether the database was changed since it was made."""
    manifest = folder.read_manifest(path)
    log = folder.log_beside(path / manifest.database.file)
    assert log.exists() == bool(manifest.database.log)
    assert set(files(path)) - {".lock", "manifest.json", "overrides.toml"} == manifest.files
    return log.exists()


def same(path: Path, papers: Sequence[Paper]) -> None:
    """Check that a folder is as if it were made of ``papers`` at once."""
    whole = path.with_name(f"{path.name}.whole")
    make(papers, whole)
    a, b = (folder.read_manifest(one) for one in (path, whole))
    assert a.database.key == b.database.key
    assert content(path) == content(whole)
    assert held(path / a.database.file) == held(whole / b.database.file)
    for part in a.records:
        assert list(known_papers(path, part)) == list(map(known, folder.read_papers(path, part)))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(PAPERS + MORE), min_size=1), min_size=2, max_size=4), st.randoms())
def test_changing_equals_making_anew(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Paper]], chance: random.Random
) -> None:
    path = tmp_path_factory.mktemp("folders") / "papers.kg"
    there: dict[str, list[Paper]] = {}
    for batch in batches:
        new = [
            replace(p, abstract=f"{p.abstract} It also runs on MNIST.") if chance.random() < 0.2 else p for p in batch
        ]
        make(new, path)
        for paper in new:
            there.setdefault(paper.id, []).append(paper)
        if len(there) > 2 and chance.random() < 0.5:
            gone = chance.choice(sorted(there))
            remove_papers(path, [gone])
            del there[gone]
        assert {e.paper.id for e in folder.read_records(path, folder.read_manifest(path))} == set(there)
    same(path, [version for versions in there.values() for version in versions])


def test_what_is_new_goes_into_the_log(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    assert not changed(path)
    first = folder.read_manifest(path)
    make(PAPERS[3:], path)
    assert changed(path)
    second = folder.read_manifest(path)
    assert second.database.sha256 == first.database.sha256 and second.kept and second.kept.changed == 2
    assert folder.is_whole(path, second.database)
    make(MORE, path)
    third = folder.read_manifest(path)
    assert changed(path) and third.kept and third.kept.changed == 8
    same(path, PAPERS + MORE)


LIMITS = [("LOG", 0), ("LOG_A_PAPER", database.LOG + 1), ("SHARE", 10), ("KEPT_FROM", 100)]


@pytest.mark.parametrize(("limit", "value"), LIMITS)
def test_much_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:4], path)
    monkeypatch.setattr(database, limit, value)
    make(PAPERS[4:], path)
    assert changed(path) == (limit == "KEPT_FROM")  # a graph that is small now was not
    make(MORE[:1], path)
    manifest = folder.read_manifest(path)
    assert changed(path) == (limit == "KEPT_FROM") and manifest.kept
    same(path, PAPERS + MORE[:1])


def test_records_that_say_the_same_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, packed = tmp_path / "papers.kg", gzip.compress
    with monkeypatch.context() as patch:
        # Another zlib packs the same lines otherwise.
        patch.setattr(gzip, "compress", lambda data, level, **how: packed(data, 0, **how))
        make(PAPERS, path)
    assert make(PAPERS[:1], path).changed
    assert not changed(path)
    same(path, PAPERS)


def test_nothing_of_a_removed_paper_stays(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    secret = Paper("secret", "Whispers", "We propose SecretNet. It hides quuxology.", ("Ann Onym",), 2020)
    make(PAPERS[:3], path)
    make([secret], path)
    assert changed(path) and _holds(path, "quuxology")
    remove_papers(path, ["secret"])
    assert not _holds(path, "quuxology") and not _holds(path, "Whispers") and not _holds(path, "Ann Onym")
    same(path, PAPERS[:3])


def _holds(path: Path, text: str) -> list[str]:
    """Name the files of a folder that have a text, packed or not."""
    return [
        name
        for name, data in files(path).items()
        if text.encode() in (gzip.decompress(data) if name.endswith(".gz") else data)
    ]


def test_a_log_that_is_lost_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    make(PAPERS[3:], path)
    folder.log_beside(path / folder.read_manifest(path).database.file).unlink()
    with Graph(path) as graph, pytest.raises(StoreError, match="log of changes"):
        graph.query("MATCH (p:Paper) RETURN p.id")
    done = CliRunner().invoke(cli, ["query", str(path), "MATCH (p:Paper) RETURN p.id"])
    assert done.exit_code == 1 and "log of changes (.wal) is missing" in done.output
    make(PAPERS[3:], path)
    same(path, PAPERS)


@pytest.mark.parametrize("what", ["database", "log", "kept", "no log", "no kept"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, what: str) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    make(PAPERS[3:], path)
    manifest = folder.read_manifest(path)
    stored = path / manifest.database.file
    assert manifest.kept
    kept = path / manifest.kept.file
    damaged = {"database": stored, "log": folder.log_beside(stored), "kept": kept}[what.removeprefix("no ")]
    if what.startswith("no"):
        damaged.unlink()
    else:
        data = bytearray(damaged.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
    assert folder.is_whole(path, manifest.database) == (damaged == kept)
    make(MORE[:1], path)
    assert not changed(path)
    same(path, PAPERS + MORE[:1])


def test_corrections_and_imports_make_it_anew(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    (path / "overrides.toml").write_text('[[entities.rename]]\nentity = "dataset:cifar-10"\nname = "CIFAR ten"\n')
    refresh_folder(path)
    assert not changed(path)
    make(PAPERS[3:], path)
    assert changed(path)
    make(MORE[:2], path)
    assert changed(path) and any("CIFAR ten" in row for row in _names(path))
    records = list(folder.read_records(path, folder.read_manifest(path)))
    write_import(path, "ours", records[:1])
    refresh_folder(path)
    assert not folder.read_manifest(path).database.log


def _names(path: Path) -> Any:
    return held(path / folder.read_manifest(path).database.file)[0]


def test_facts_of_papers_that_are_lost_or_old_are_made_again(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    (part,) = folder.read_manifest(path).records
    facts = folder.beside(path, part)
    whole = facts.read_bytes()
    code, _, written = gzip.decompress(whole).partition(b"\n")
    fewer = gzip.compress(code + b"\n" + json.dumps(json.loads(written)[1:]).encode())
    for damage in (b"dust", whole[:40], fewer, None):
        facts.unlink()
        if damage:
            facts.write_bytes(damage)
        assert make(PAPERS[:3], path).reused == 3
        assert facts.read_bytes() == whole


def test_a_crash_before_the_manifest_leaves_the_old_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "papers.kg"
    make(PAPERS[:3], path)
    before = {name: data for name, data in files(path).items() if name != ".lock"}
    with monkeypatch.context() as patch:
        patch.setattr(folder, "write_manifest", _crash)
        with pytest.raises(KeyboardInterrupt):
            make(PAPERS[3:], path)
    assert before.items() <= files(path).items()
    assert folder.is_whole(path, folder.read_manifest(path).database)
    make(PAPERS[3:], path)
    assert changed(path)
    same(path, PAPERS)


def _crash(*_: object) -> None:
    raise KeyboardInterrupt
