"""Mentions: tokens, sentences, vocabulary, shapes, abbreviations, arbitration; offsets always hold their text."""

import subprocess
import sys
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.extract import extract
from kg.extract.arbitrate import arbitrate, arbitrate_tagged
from kg.extract.candidates import Candidate
from kg.extract.match import match_vocabulary
from kg.extract.shapes import coined, kind_by_head
from kg.extract.tokens import make_language, sentences
from kg.model import Kind, Mention, Paper, Reading
from kg.vocabulary import load

SPACY = """
import sys
import kg.extract
kg.extract.load("rules")
assert not [name for name in sys.modules if name.startswith("spacy.cli")], "it takes long to import"
import spacy
assert not hasattr(spacy, "nothing")
assert spacy.cli.download and spacy.displacy.render
assert spacy.info(silent=True)["spacy_version"] == spacy.__version__
assert spacy.cli.info(silent=True) == spacy.info(silent=True)
"""


def test_spacy_is_whole_though_its_command_line_is_not_imported() -> None:
    subprocess.run([sys.executable, "-c", SPACY], check=True)


def read_one(title: str, abstract: str, tagger: str = "rules") -> Reading:
    return next(iter(extract([Paper("p", title, abstract)], tagger=tagger)))  # type: ignore[arg-type]


def forms(mentions: Iterable[Mention]) -> set[tuple[str, str]]:
    return {(m.text, m.kind.label) for m in mentions}


@pytest.mark.parametrize(
    "name", ["ResNet-50", "CIFAR-10/100", "ViT-B/16", "top-1", "x2", "GPT-3.5", "VQ-VAE-2", "C++", "U-Net", "F1"]
)
def test_names_are_one_token(name: str) -> None:
    language = make_language()
    for text in (f"We use {name} here.", f"({name})", f"{name}, and more", f"like {name}."):
        assert name in [t.text for t in language(text)]


def test_leaning_words_are_parted() -> None:
    tokens = [t.text for t in make_language()("A CNN-based, LSTM-like, self-supervised model.")]
    assert tokens[1:4] == ["CNN", "-", "based"]
    assert "self-supervised" in tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("We follow Ba et al. in this. It works.", 2),
        ("Nets, e.g. ResNet, i.e. deep ones, vs. VGG. Done.", 2),
        ("The gain is 3.5 points.We then stop.", 2),
        ("Is it so? Yes! Fine.", 3),
        ("It helps (cf. Fig. 3). And more.", 2),
        ("Smith et al. We then show more.", 2),
        ("", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count
    assert [s.text.strip() for s in make_language()(text).sents if s.text.strip()] == [
        text[a:b] for a, b in sentences(text)
    ]


def test_vocabulary_spellings_meet() -> None:
    text = "On CIFAR10, CIFAR-100 and MS-COCO, graph neural networks and GNNs beat batch normalisation."
    found = {text[c.start : c.end]: c.entry.name for c in match_vocabulary(text, load()) if c.entry}
    assert found == {
        "CIFAR10": "CIFAR-10",
        "CIFAR-100": "CIFAR-100",
        "MS-COCO": "MS COCO",
        "graph neural networks": "Graph Neural Network",
        "GNNs": "Graph Neural Network",
        "batch normalisation": "Batch Normalization",
    }


def test_slashed_names_are_two() -> None:
    text = "Tested on CIFAR-10/100."
    found = [(text[c.start : c.end], c.entry.name) for c in match_vocabulary(text, load()) if c.entry]
    assert found == [("CIFAR-10", "CIFAR-10"), ("CIFAR-10/100", "CIFAR-100")]
    assert {m.text for m in read_one("", text).mentions} == {"CIFAR-10", "CIFAR-10/100"}


@pytest.mark.parametrize("text", ["I am adam ant", "We clip the gradient", "a res net", "the coco nut", "good places"])
def test_ordinary_words_are_no_names(text: str) -> None:
    assert [c for c in match_vocabulary(text, load()) if c.score > 0.5] == []


def test_coined_names_are_found_where_introduced() -> None:
    reading = read_one(
        "QuaxNet: Fast Widgets",
        "We propose QuaxNet, built from a Zorbic Attention Layer (ZAL). ZAL is cheap. We use the VoRi-77 dataset.",
    )
    assert {("QuaxNet", "Method"), ("ZAL", "Method"), ("VoRi-77", "Dataset")} <= forms(reading.mentions)
    assert sum(m.text == "ZAL" for m in reading.mentions) == 2
    assert ("ZAL", "Zorbic Attention Layer") in reading.definitions


@pytest.mark.parametrize("name", ["SN-Net", "InterCLR", "PCL-SR", "W2V", "mBERT", "3DGS-X"[1:]])
def test_coined(name: str) -> None:
    assert coined(name)


@pytest.mark.parametrize("name", ["Transformers", "Self-Supervised", "The", "AI", "a", "Deep"])
def test_not_coined(name: str) -> None:
    assert not coined(name)


def test_kind_by_head() -> None:
    assert kind_by_head("Question Answering") is Kind.TASK
    assert kind_by_head("Widget Benchmark") is Kind.BENCHMARK
    assert kind_by_head("Widget Corpus") is Kind.DATASET


def test_longest_sure_span_wins_without_a_tagger() -> None:
    long = Candidate(0, 20, Kind.METHOD, 0.9, "vocabulary", load().canonical("Graph Neural Network"))
    short = Candidate(6, 20, Kind.METHOD, 0.9, "shape")
    unsure = Candidate(30, 40, Kind.TASK, 0.3, "vocabulary")
    assert arbitrate([short, unsure, long]) == [long]


def test_tagger_gives_boundary_and_kind() -> None:
    text = "Adam wrote of Adam optimizer"
    tagged = Candidate(14, 18, Kind.METHOD, 0.9, "tagger")
    listed = Candidate(0, 4, Kind.METHOD, 0.9, "vocabulary", load().canonical("Adam"))
    chosen = arbitrate_tagged(text, [listed, tagged], lambda start, _end, _kind: 0.9 if start == 14 else 0.01)
    assert [(c.start, c.end) for c in chosen] == [(14, 18)]


def test_a_form_stands_everywhere_unless_denied() -> None:
    text = "FooNet is new. FooNet wins."
    chosen = arbitrate_tagged(text, [Candidate(0, 6, Kind.METHOD, 0.99, "tagger")], lambda *_: 0.5)
    assert [(c.start, c.end) for c in chosen] == [(0, 6), (15, 21)]
    chosen = arbitrate_tagged(text, [Candidate(0, 6, Kind.METHOD, 0.99, "tagger")], lambda *_: 0.01)
    assert [(c.start, c.end) for c in chosen] == [(0, 6)]


WORDS = st.sampled_from(
    [
        "ResNet-50",
        "CIFAR-10/100",
        "we propose",
        "FooNet",
        "(FN)",
        "on",
        "é",
        "𝕏",
        "ImageNet",
        "e\u0301",
        ".",
        "\u202e",
        "93.1%",
        "🙂",
        "GANs",
    ]
)
TEXT = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=25).map(" ".join))


@given(title=TEXT, abstract=TEXT)
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("tagger", ["rules", "model"])
def test_offsets_hold_their_text(tagger: str, title: str, abstract: str) -> None:
    reading = read_one(title, abstract, tagger)
    for m in reading.mentions:
        assert reading.paper.text(m.field)[m.start : m.end] == m.text != ""
        assert 0 <= m.score <= 1
    for name, start, end in reading.sentences:
        assert reading.paper.text(name)[start:end].strip() == reading.paper.text(name)[start:end] != ""
