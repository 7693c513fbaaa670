"""The vocabulary: its data is sound, its spellings meet, and distinct names stay distinct."""

import csv
import doctest
import re
from importlib import resources
from itertools import pairwise

import pytest

import kg.vocabulary
from kg.model import Kind
from kg.vocabulary import (
    COLUMNS,
    FILES,
    FLAGS,
    Entry,
    Vocabulary,
    case_matters,
    family_of,
    fold,
    load,
    read_entries,
)

VOCABULARY = load()
COMMON = frozenset(
    """a about accuracy action adapter age agent align area art attention baseline bench birds book cars case change
    clip cloud code context control copy cut data deep demo depth design digits dog domain edge ego energy entropy face
    fact faces fashion fast feature film flow flowers focus food frame game games general go graph human image images
    inception input key knowledge language large law layer learning lion loss mask math media mixed model motion movie
    music name network news noise object office open paper part people pets places planet point product prompt question
    random range reason replay retrieval review road salad scene search sentence set shape signal snap social sound
    source speech spring stack state step street style super surface table task text toys track traffic train tree
    video vision voice wave weather web whisper wider wild word world wolf""".split()  # noqa: SIM905
)


def rows(file: str) -> list[dict[str, str]]:
    text = (resources.files("kg.vocabulary") / file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("file", [file for _, file in FILES])
def test_file_is_well_formed(file: str) -> None:
    data = (resources.files("kg.vocabulary") / file).read_bytes().decode("utf-8")
    lines = data.removesuffix("\n").split("\n")
    assert lines[0].split("\t") == list(COLUMNS)
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in lines)
    assert re.search(r"[^\S\t\n ]|[\x00-\x08\x0b-\x1f\x7f\ufeff]", data) is None
    for row in rows(file):
        for cell in row.values():
            parts = cell.split("|")
            assert all(part == part.strip() and "  " not in part for part in parts), row
            assert cell == "" or all(parts), row
        assert row["name"], row
        assert set(filter(None, row["flags"].split("|"))) <= FLAGS, row
        assert row["tasks"] == "" or file in ("datasets.tsv", "benchmarks.tsv"), row
    names = [row["name"] for row in rows(file)]
    assert all(a < b for a, b in pairwise(names)), [(a, b) for a, b in pairwise(names) if a >= b]


def test_size_and_balance() -> None:
    counts = {kind: sum(e.kind is kind for e in VOCABULARY.entries) for kind, _ in FILES}
    assert len(VOCABULARY) >= 2000
    assert min(counts[Kind.METHOD], counts[Kind.DATASET]) >= 500
    assert counts[Kind.TASK] >= 300
    assert counts[Kind.BENCHMARK] >= 80


def test_no_two_entries_of_a_label_share_a_form() -> None:
    seen: dict[tuple[str, str], str] = {}
    for entry in VOCABULARY.entries:
        keys = {fold(form) for form in (entry.name, *entry.aliases, *entry.weak)}
        for key in sorted(keys):
            assert key, entry
            other = seen.setdefault((entry.kind.label, key), entry.name)
            assert other == entry.name, f"{key!r} names both {other!r} and {entry.name!r}"


def test_families_exist_and_end() -> None:
    by_name = {(e.kind.label, e.name): e for e in VOCABULARY.entries}
    for entry in VOCABULARY.entries:
        chain = [entry.name]
        current = entry
        while current.family:
            assert (current.kind.label, current.family) in by_name, current
            current = by_name[current.kind.label, current.family]
            assert current.name not in chain, chain
            chain.append(current.name)


def test_tasks_of_datasets_exist() -> None:
    tasks = {e.name for e in VOCABULARY.entries if e.kind is Kind.TASK}
    for entry in VOCABULARY.entries:
        assert set(entry.tasks) <= tasks, entry
    datasets = [e for e in VOCABULARY.entries if e.kind.label == "Dataset"]
    assert sum(bool(e.tasks) for e in datasets) >= 0.75 * len(datasets)


def test_no_ordinary_word_matches_in_any_case() -> None:
    for form, entry, exact in VOCABULARY.forms():
        if not exact and "context" not in entry.flags:
            assert form.casefold() not in COMMON, entry
            assert fold(form) not in {fold(word) for word in COMMON}, entry
        if form in entry.aliases and not entry.flags and form.isalpha() and form.islower():
            assert len(form) > 6, f"{form!r} of {entry.name!r} looks like an ordinary word"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CIFAR10", "CIFAR-10"),
        ("cifar 10", "CIFAR-10"),
        ("CIFAR\u201110", "CIFAR-10"),
        ("MS-COCO", "MS COCO"),
        ("ResNets", "ResNet"),
        ("YOLO v3", "YOLOv3"),
        ("GANs", "GAN"),
        ("LMs", "LM"),
        ("graph neural networks", "Graph Neural Network"),
        ("GRAPH NEURAL NETWORKS", "Graph Neural Network"),
        ("auto-encoders", "Autoencoder"),
        ("semi supervised learning", "Semi-Supervised Learning"),
        ("optimiza- tion", "optimisation"),
        ("batch normalisation", "Batch Normalization"),
        ("topic modelling", "topic modeling"),
        ("sequence labelling", "Sequence Labeling"),
        ("colour constancy", "color constancy"),
        ("nearest neighbours", "nearest neighbor"),
        ("Gaussian processes", "Gaussian process"),
        ("saliency analyses", "saliency analysis"),
        ("Markov matrices", "Markov matrix"),
        ("memories", "memory"),
        ("Fr\u00e9chet Inception Distance", "Frechet Inception Distance"),
        ("Newton's method", "Newton\u2019s methods"),
        ("Squeeze & Excitation", "Squeeze-and-Excitation"),
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CIFAR-10", "CIFAR-100"),
        ("GPT-2", "GPT-3"),
        ("GPT-3", "GPT-3.5"),
        ("Qwen-1.5B", "Qwen-15B"),
        ("C51", "C5"),
        ("DARTS", "DART"),
        ("PointNet", "PointNet++"),
        ("RefCOCO", "RefCOCO+"),
        ("A*", "A"),
        ("DINO", "DINOv2"),
        ("ImageNet-C", "ImageNet"),
        ("word2vec", "doc2vec"),
        ("MNIST", "EMNIST"),
        ("loss", "los"),
    ],
)
def test_distinct_names_stay_distinct(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("surface", "name"),
    [
        ("BN", "Batch Normalization"),
        ("BatchNorm", "Batch Normalization"),
        ("batch norm", "Batch Normalization"),
        ("CIFAR10", "CIFAR-10"),
        ("MS-COCO", "MS COCO"),
        ("COCO", "MS COCO"),
        ("IN1K", "ImageNet-1K"),
        ("ILSVRC-2012", "ImageNet-1K"),
        ("ViTs", "Vision Transformer"),
        ("GNNs", "Graph Neural Network"),
        ("SGD", "Stochastic Gradient Descent"),
        ("k-NN", "k-Nearest Neighbors"),
        ("residual connections", "Skip Connection"),
        ("image categorisation", "Image Classification"),
        ("captioning", "Image Captioning"),
        ("GPT-4o", "GPT-4o"),
        ("ImageNet-C", "ImageNet-C"),
    ],
)
def test_canonical_name(surface: str, name: str) -> None:
    entry = VOCABULARY.canonical(surface)
    assert entry is not None
    assert entry.name == name


@pytest.mark.parametrize(
    "surface", ["adam", "ADAM'S", "clip", "Sam", "gan", "places", "wider", "rag", "", "  ", "zzz", "s"]
)
def test_ordinary_words_are_not_names(surface: str) -> None:
    assert VOCABULARY.lookup(surface) == ()


def test_case_can_be_forgiven() -> None:
    assert [e.name for e in VOCABULARY.lookup("gan", match_case=False)] == ["Generative Adversarial Network"]


def test_lookup_gives_every_kind_best_first() -> None:
    assert [e.kind for e in VOCABULARY.lookup("reinforcement learning")] == [Kind.METHOD, Kind.TASK]
    found = VOCABULARY.canonical("reinforcement learning", "Task")
    assert found is not None
    assert found.kind is Kind.TASK
    assert VOCABULARY.canonical("ResNet", "Dataset") is None


def test_every_form_finds_its_entry() -> None:
    for form, entry, _ in VOCABULARY.forms():
        assert entry in VOCABULARY.lookup(form), form
    for entry in VOCABULARY.entries:
        for form in entry.weak:
            assert entry in VOCABULARY.lookup(form), form
            assert form not in entry.aliases


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        ("ResNet-50", Kind.METHOD, "ResNet"),
        ("ResNet-1001", Kind.METHOD, "ResNet"),
        ("YOLOv19", Kind.METHOD, "YOLO"),
        ("ViT-G/14", Kind.METHOD, "Vision Transformer"),
        ("Llama-3.1-70B", Kind.METHOD, "LLaMA"),
        ("GPT-9", Kind.METHOD, "GPT"),
        ("T5-11B", Kind.METHOD, "T5"),
        ("CIFAR-20", Kind.DATASET, "CIFAR"),
        ("CIFAR-100", Kind.DATASET, "CIFAR"),
        ("ImageNet-21k", Kind.DATASET, "ImageNet"),
        ("ImageNet-C", Kind.BENCHMARK, "ImageNet"),
        ("ResNet", Kind.METHOD, None),
        ("ResNetting", Kind.METHOD, None),
        ("BERT4Rec", Kind.METHOD, None),
        ("CIFAR-20", Kind.METHOD, None),
        ("MNISTLike", Kind.DATASET, None),
        ("", Kind.METHOD, None),
    ],
)
def test_family(name: str, kind: Kind, family: str | None) -> None:
    assert family_of(name, kind) == family


def test_family_of_a_listed_entry_is_the_listed_one() -> None:
    for entry in VOCABULARY.entries:
        found = VOCABULARY.family(entry.name, entry.kind.label)
        assert (found.name if found else None) == entry.family


def test_case_matters() -> None:
    assert case_matters("Adam", Entry("Adam", Kind.METHOD, flags=frozenset({"ambiguous"})))
    assert case_matters("LAMB", Entry("LAMB", Kind.METHOD))
    assert not case_matters("CIFAR-10", Entry("CIFAR-10", Kind.DATASET))
    assert not case_matters("SiLU unit", Entry("Swish", Kind.METHOD, flags=frozenset({"case"})))


def test_order_and_digest_do_not_depend_on_input_order() -> None:
    entries = tuple(read_entries("name\taliases\tfamily\ttasks\tflags\nB\tb1|b2?\t\t\tcase\nA\t\tB\t\t\n", Kind.METHOD))
    assert entries[0] == Entry("B", Kind.METHOD, ("b1",), None, (), frozenset({"case"}), ("b2",))
    assert Vocabulary(entries, digest="x").entries == Vocabulary(entries[::-1], digest="x").entries
    assert re.fullmatch(r"[0-9a-f]{64}", VOCABULARY.digest)
    assert load() is VOCABULARY


def test_examples_in_docstrings() -> None:
    result = doctest.testmod(kg.vocabulary)
    assert result.attempted > 0
    assert result.failed == 0
