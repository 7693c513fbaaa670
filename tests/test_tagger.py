"""The learned tagger: weights, the same output in any company, decoding, heads, the parts of training without torch."""

import hashlib
import json
import shutil
import sys
from importlib import resources
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from kg.cli import cli
from kg.errors import ModelError
from kg.extract import extract
from kg.extract import tagger as tagging
from kg.extract.decode import marginals, spans, viterbi
from kg.extract.features import HINTS, LABELS, hints, word_span
from kg.extract.match import match_vocabulary
from kg.extract.pieces import MAX_PIECES, SHAPES, cut
from kg.extract.vectors import encode
from kg.model import LINK_RELATIONS, Field, Kind, Mention, Paper, Role
from kg.train.examples import examples
from kg.train.rename import name_pool, rename
from kg.vocabulary import load

PAPERS = [
    Paper(
        f"p{i}",
        f"Zor{i}Net: Faster widgets",
        f"We propose Zor{i}Net, a graph neural network, " + "tested on MNIST. " * i,
    )
    for i in range(1, 9)
]


def test_weights_fit_their_digests_and_the_limit() -> None:
    folder = resources.files("kg.extract") / "weights"
    digests = json.loads((folder / "digests.json").read_text("utf-8"))
    sizes = 0
    for name in tagging.FILES:
        data = (folder / name).read_bytes()
        sizes += len(data)
        assert hashlib.sha256(data).hexdigest() == digests[name]
    assert sizes <= 30_000_000
    assert (folder / "MODEL_CARD.md").read_text("utf-8").startswith("# Model card")


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_bad_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    source = Path(str(resources.files("kg.extract") / "weights"))
    shutil.copytree(source, tmp_path / "weights")
    broken = tmp_path / "weights" / "heads.npz"
    if harm == "missing":
        broken.unlink()
    else:
        broken.write_bytes(broken.read_bytes()[:-1] + b"?")
    monkeypatch.setattr("kg.extract.tagger.resources.files", lambda _: tmp_path)
    tagging.load_weights.cache_clear()
    try:
        with pytest.raises(ModelError, match=r"--tagger rules|reinstall"):
            tagging.load_weights()
    finally:
        tagging.load_weights.cache_clear()


def test_company_changes_nothing() -> None:
    together = list(extract(PAPERS))
    alone = [next(iter(extract([paper]))) for paper in PAPERS]
    backwards = list(extract(PAPERS[::-1]))[::-1]
    assert [r.mentions for r in together] == [r.mentions for r in alone] == [r.mentions for r in backwards]
    for a, b in zip(together, alone, strict=True):
        assert a.judge is not None
        assert b.judge is not None
        assert a.judge.role([0]) == b.judge.role([0])


def test_threads_change_nothing() -> None:
    import onnxruntime

    data = (resources.files("kg.extract") / "weights" / "encoder.onnx").read_bytes()
    pieces = cut(PAPERS[7], tagging.load_weights().tokenizer)
    inputs = {
        "pieces": np.array([pieces.pieces]),
        "shapes": np.array([pieces.shapes]),
        "hints": np.zeros((1, len(pieces.pieces)), dtype=np.int64),
    }
    found = []
    for threads in (1, 2):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        found.append(session.run(["hidden"], inputs)[0])
    assert np.abs(found[0] - found[1]).max() < 1e-4


def test_names_are_found_in_context() -> None:
    reading = next(iter(extract([PAPERS[0]])))
    found = {(m.text, m.kind.label) for m in reading.mentions}
    assert {("Zor1Net", "Method"), ("graph neural network", "Method"), ("MNIST", "Dataset")} <= found


def test_judge_gives_probabilities() -> None:
    reading = next(iter(extract([PAPERS[0]])))
    assert reading.judge is not None
    role = reading.judge.role([0])
    assert set(role) == set(Role)
    assert sum(role.values()) == pytest.approx(1, abs=1e-3)
    for opinion in reading.judge.links([([0], [1]), ([1], [0])]):
        assert set(opinion) == LINK_RELATIONS
        assert all(0 <= p <= 1 for p in opinion.values())


def test_long_papers_are_read_to_their_end() -> None:
    paper = Paper("p", "Long", "We try things. " * 400 + "At last it is tested on MNIST with ResNet-50.")
    pieces = cut(paper, tagging.load_weights().tokenizer)
    assert len(pieces.pieces) <= MAX_PIECES
    reading = next(iter(extract([paper])))
    assert reading.judge is not None
    assert reading.judge.links([]) == []
    assert {m.text for m in reading.mentions} >= {"MNIST", "ResNet-50"}


@given(st.text(max_size=120), st.text(max_size=300))
@settings(max_examples=80, deadline=None)
def test_words_lie_in_their_field(title: str, abstract: str) -> None:
    paper = Paper("p", title, abstract)
    pieces = cut(paper, tagging.load_weights().tokenizer)
    assert len(pieces.pieces) == len(pieces.shapes) <= MAX_PIECES
    assert len(pieces.words) == len(pieces.firsts)
    assert all(0 <= shape < SHAPES for shape in pieces.shapes)
    for word in pieces.words:
        text = paper.text(word.field)[word.start : word.end]
        assert text.strip() == text != ""


def brute(emissions: Any, transitions: Any) -> list[int]:
    """The best path by trying all."""
    import itertools

    def score(path: Any) -> float:
        total = float(sum(emissions[i, label] for i, label in enumerate(path)))
        total += sum(float(transitions[a, b]) for a, b in itertools.pairwise(path))
        return total - (1e4 if LABELS[path[0]].startswith("I-") else 0)

    return list(max(itertools.product(range(len(LABELS)), repeat=len(emissions)), key=score))


@pytest.mark.parametrize("seed", range(5))
def test_viterbi_finds_the_best_path(seed: int) -> None:
    rng = np.random.default_rng(seed)
    emissions = rng.normal(size=(4, len(LABELS))).astype(np.float32)
    transitions = tagging.load_weights().heads["transitions"]
    assert viterbi(emissions, transitions) == brute(emissions, transitions)
    found = marginals(emissions, transitions)
    assert found.sum(1) == pytest.approx(np.ones(4), abs=1e-4)


def test_spans_of_labels() -> None:
    names = ["O", "B-Method", "I-Method", "B-Method", "O", "B-Task", "I-Task"]
    assert list(spans([LABELS.index(n) for n in names])) == [(1, 3, "Method"), (3, 4, "Method"), (5, 7, "Task")]


GOLD = {
    "id": "g",
    "title": "SN-Net on MNIST",
    "abstract": "SN-Net uses dropout. It has 93.1% accuracy on MNIST.",
    "entities": [
        {"canonical": "SN-Net", "type": "Method", "surfaces": ["SN-Net"], "role": "proposes"},
        {"canonical": "Dropout", "type": "Method", "surfaces": ["dropout"], "role": "uses"},
        {"canonical": "MNIST", "type": "Dataset", "surfaces": ["MNIST"], "role": "evaluates_on"},
    ],
    "links": [["SN-Net", "EVALUATED_ON", "MNIST"], ["SN-Net", "BASED_ON", "Dropout"]],
    "results": [{"method": "SN-Net", "dataset": "MNIST", "metric": "accuracy", "value": "93.1%", "kind": "absolute"}],
}


def test_examples_label_what_is_annotated() -> None:
    (example,) = examples([GOLD], tagging.load_weights().tokenizer)
    text = f"{GOLD['title']}\n{GOLD['abstract']}"
    split = len(str(GOLD["title"])) + 1
    found = []
    for first, end, kind in spans(example.labels):
        a, b = example.pieces.words[first], example.pieces.words[end - 1]
        offset = 0 if a.field == "title" else split
        found.append((text[a.start + offset : b.end + offset], kind))
    assert found == [
        ("SN-Net", "Method"),
        ("MNIST", "Dataset"),
        ("SN-Net", "Method"),
        ("dropout", "Method"),
        ("MNIST", "Dataset"),
    ]
    assert len(example.links) == 2
    assert sum(v > 0 for v in example.values) == 1


def test_renamed_papers_keep_their_annotation() -> None:
    import random

    other = {
        **GOLD,
        "entities": [{"canonical": "QuaxFormer", "type": "Method", "surfaces": ["QuaxFormer"], "role": "uses"}],
    }
    pool = name_pool([other, {**GOLD, "entities": [{"type": "Dataset", "surfaces": ["VoRi-77"]}]}])
    new = rename(GOLD, pool, random.Random(3), share=1.0)
    assert "SN-Net" not in new["title"]
    assert new["entities"][0]["surfaces"][0] in new["title"]
    assert "dropout" in new["abstract"]
    before, after = (next(examples([g], tagging.load_weights().tokenizer)) for g in (GOLD, new))
    assert len(before.entities) == len(after.entities)


def test_hints_tell_what_the_vocabulary_knows() -> None:
    text = "\nWe use dropout on MNIST."
    pieces = cut(Paper("p", "", text[1:]), tagging.load_weights().tokenizer)
    found = hints(pieces, list(match_vocabulary(text, load())), 1)
    assert len(found) == len(pieces.words)
    span = word_span(pieces, text.index("MNIST"), text.index("MNIST") + 5, 1)
    assert span is not None
    assert 0 < found[span[0]] < HINTS


@pytest.mark.parametrize("title", ["", "On dropout"])
def test_a_span_has_the_words_that_lie_in_it_whole(title: str) -> None:
    text = f"{title}\nWe use CNN-based dropout; tested on MNIST (top-1)."
    split = len(title) + 1
    pieces = cut(Paper("p", title, text[split:]), tagging.load_weights().tokenizer)
    offsets = {"title": 0, "abstract": split}
    places = [(w.start + offsets[w.field], w.end + offsets[w.field]) for w in pieces.words]
    for start in range(len(text)):
        for end in range(start, len(text) + 1):
            inside = [i for i, (a, b) in enumerate(places) if start <= a and b <= end]
            expected = (inside[0], inside[-1] + 1) if inside else None
            assert word_span(pieces, start, end, split) == expected


def test_vectors_put_what_is_written_alike_together() -> None:
    about = {
        "a": "We propose a convolutional network for image classification and test it on ImageNet.",
        "b": "A convolutional network classifies images; we evaluate it on ImageNet and CIFAR-10.",
        "c": "We translate German sentences into English with an attention model and report BLEU.",
    }
    papers = [Paper(key, "A study", text) for key, text in about.items()]
    vectors = encode((paper, {paper.id: ()}) for paper in papers)
    assert list(vectors) == ["a", "b", "c"]
    assert all(sum(x * x for x in vector) == pytest.approx(1, abs=1e-3) for vector in vectors.values())
    near, far = (sum(x * y for x, y in zip(vectors["a"], vectors[key], strict=True)) for key in "bc")
    assert near > far
    assert encode((paper, {paper.id: ()}) for paper in papers[::-1]) == vectors


def test_a_name_has_the_vector_of_its_mentions() -> None:
    text = "We train GRU on SQuAD. Then GRU is fast."
    paper = Paper("p", "GRU", text)
    places: list[tuple[Field, int]] = [("title", 0), ("abstract", text.index("GRU")), ("abstract", text.rindex("GRU"))]
    found = [Mention("p", field, at, at + 3, "GRU", Kind.METHOD, 1.0, "tagger") for field, at in places]
    data = [Mention("p", "abstract", 16, 21, "SQuAD", Kind.DATASET, 1.0, "tagger")]
    vectors = encode([(paper, {"gru": found, "squad": data, "all": ()})])
    assert sorted(vectors) == ["all", "gru", "squad"]
    assert encode([(paper, {"gru": found})])["gru"] == (0.0,) * len(vectors["gru"]), "alone it is the centre"
    assert encode([(Paper("e", "", ""), {"e": ()})]) == {}


def test_looking_ahead_changes_nothing() -> None:
    papers = [*PAPERS[:3], Paper("none", "", ""), *PAPERS[3:]]

    def said(*, ahead: bool) -> list[object]:
        readings = list(extract(papers, ahead=ahead))
        assert [reading.paper for reading in readings] == papers
        return [
            (r.mentions, r.judge and [r.judge.role([n]) for n in range(len(r.mentions))])  # the heads see the same
            for r in readings
        ]

    assert said(ahead=True) == said(ahead=False)


def test_builds_side_by_side_leave_the_number_of_threads_as_it_was() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    begun, first_left = Event(), Event()

    def second() -> None:
        with tagging.one_thread():
            begun.set()
            first_left.wait()

    thread = Thread(target=second)
    with tagging.one_thread():
        assert set(threads()) == {1}
        with tagging.one_thread():
            assert set(threads()) == {1}
        thread.start()
        begun.wait()
        assert set(threads()) == {1}
    first_left.set()
    thread.join()
    assert threads() == before
    with tagging.one_thread():
        assert set(threads()) == {1}
    assert threads() == before


def test_sizes_to_shrink_to_are_read_before_anything_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    command = ["shrink", "papers.jsonl", "--weights", str(tmp_path), "-o", str(tmp_path / "out")]
    for sizes in ("9x768", ",".join(["13x512"] * 6), ",".join(["9x0"] * 6), ",".join(["9x768"] * 7), "9,9,9,9,9,9"):
        done = CliRunner().invoke(cli, [*command, "--sizes", sizes])
        assert done.exit_code == 2 and "six layers like 9x768" in done.stderr
    for good in ([], ["--sizes", ",".join(["12x1536"] * 6)]):
        done = CliRunner().invoke(cli, [*command, *good])
        assert done.exit_code and "needs PyTorch" in str(done.exception) + done.stderr
