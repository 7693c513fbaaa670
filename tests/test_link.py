"""Roles, links and results on minimal pairs of own sentences; denied and planned statements give none."""

import pytest

from kg.link.values import find_values
from kg.model import Extraction, Paper, Relation, Role
from kg.pipeline import extract_papers


def one(abstract: str, title: str = "A Study", tagger: str = "rules") -> Extraction:
    return next(iter(extract_papers([Paper("p", title, abstract)], tagger=tagger)))  # type: ignore[arg-type]


def roles(x: Extraction) -> dict[str, str]:
    names = {e.id: e.name for e in x.entities}
    return {names[s.object]: s.relation.value.lower() for s in x.statements if s.subject == x.paper.id}


def links(x: Extraction) -> set[tuple[str, str, str]]:
    names = {e.id: e.name for e in x.entities}
    return {(names[s.subject], s.relation.value, names[s.object]) for s in x.statements if s.subject != x.paper.id}


STORY = (
    "We propose FooNet, which builds on ResNet and uses Batch Normalization. "
    "Experiments on CIFAR-10 show that FooNet outperforms VGG. It is made for image classification."
)


@pytest.mark.parametrize("tagger", ["rules", "model"])
def test_a_papers_story(tagger: str) -> None:
    x = one(STORY, "FooNet: Better Widgets", tagger)
    assert roles(x)["FooNet"] == Role.PROPOSES
    assert roles(x)["CIFAR-10"] == Role.EVALUATES_ON
    assert roles(x)["VGG"] == Role.COMPARES
    assert roles(x)["ResNet"] == Role.USES
    assert roles(x)["Image Classification"] == Role.ADDRESSES
    assert {
        ("FooNet", "EVALUATED_ON", "CIFAR-10"),
        ("FooNet", "COMPARED_WITH", "VGG"),
        ("FooNet", "BASED_ON", "ResNet"),
        ("FooNet", "USED_FOR", "Image Classification"),
    } <= links(x)


@pytest.mark.parametrize("tagger", ["rules", "model"])
def test_every_statement_has_its_sentence(tagger: str) -> None:
    x = one(STORY, "FooNet: Better Widgets", tagger)
    assert x.statements
    for statement in x.statements:
        assert statement.evidence
        for e in statement.evidence:
            assert x.paper.text(e.field)[e.start : e.end] == e.sentence != ""


@pytest.mark.parametrize("tagger", ["rules", "model"])
@pytest.mark.parametrize(
    "sentence",
    [
        "We leave CIFAR-10 to future work.",
        "We plan to evaluate it on CIFAR-10.",
        "In future work, FooNet will be tested on CIFAR-10.",
    ],
)
def test_plans_are_no_links(sentence: str, tagger: str) -> None:
    x = one(f"We propose FooNet, a network. It wins on MNIST. {sentence}", "FooNet: Better Widgets", tagger)
    assert ("FooNet", "EVALUATED_ON", "CIFAR-10") not in links(x)
    assert ("FooNet", "EVALUATED_ON", "MNIST") in links(x)


@pytest.mark.parametrize("tagger", ["rules", "model"])
def test_contrast_is_no_link(tagger: str) -> None:
    x = one("Unlike ImageNet, our data is small. We propose FooNet and test it on MNIST.", "FooNet: Widgets", tagger)
    assert ("FooNet", "EVALUATED_ON", "ImageNet") not in links(x)


def test_training_is_not_testing() -> None:
    x = one("We propose FooNet. FooNet is trained on LAION-5B. It is evaluated on MNIST.", "FooNet: Widgets")
    assert ("FooNet", "TRAINED_ON", "LAION-5B") in links(x)
    assert ("FooNet", "EVALUATED_ON", "MNIST") in links(x)


def test_relations_join_what_they_may() -> None:
    from kg.model import SHAPES

    x = one(STORY, "FooNet: Better Widgets")
    kinds = {e.id: e.kind.label for e in x.entities} | {x.paper.id: "Paper"}
    for s in x.statements:
        assert (kinds[s.subject], kinds[s.object]) in SHAPES[Relation(s.relation)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It achieves 93.1% accuracy.", [("93.1%", "absolute")]),
        ("It achieves an F1 score of 0.934.", [("0.934", "absolute")]),
        ("It improves accuracy by 2.5%.", [("2.5%", "gain")]),
        ("It is 3x faster with the same accuracy.", [("3x", "gain")]),
        ("It reaches 28.4 BLEU.", [("28.4", "absolute")]),
        ("It beats them by an average of 8.0% in accuracy.", [("8.0%", "gain")]),
        ("It reduces errors by 73% and 80%.", [("73%", "gain"), ("80%", "gain")]),
        ("It achieves 0.6% top-1 accuracy improvement.", [("0.6%", "gain")]),
        ("It reaches 3.1%, 4.2% and 5.3% improvements.", [("3.1%", "gain"), ("4.2%", "gain"), ("5.3%", "gain")]),
        ("It achieves 51.9% mIoU (+9.4%).", [("51.9%", "absolute"), ("+9.4%", "gain")]),
        ("It outperforms BarNet (76.2% accuracy).", [("76.2%", "absolute")]),
        ("It exceeds that accuracy (86.1% vs. 84.7%).", [("86.1%", "absolute"), ("84.7%", "absolute")]),
        ("It increases PSNR from 19.1 dB to 22.8 dB.", [("19.1 dB", "absolute"), ("22.8 dB", "absolute")]),
        ("It is better by 300%-800% in speed.", [("300%-800%", "gain")]),
        ("We use 50 classes and 8 GPUs to achieve it.", []),
        ("The year 2019 yields nothing.", []),
        ("The ResNet-50 model achieves good accuracy.", []),
    ],
)
def test_values(text: str, values: list[tuple[str, str]]) -> None:
    assert [(v.text, v.kind) for v in find_values(text)] == values


def test_a_number_has_the_metric_beside_it() -> None:
    text = "It achieves an accuracy of 93.1% with an F1 of 0.93, in fewer classes, and an IS of 9.1 with 4.5% WER."
    found = [(v.text, v.metric) for v in find_values(text)]
    assert found == [("93.1%", "accuracy"), ("0.93", "F1"), ("9.1", "IS"), ("4.5%", "WER")]


def test_numbers_in_a_row_pair_with_datasets_in_a_row() -> None:
    x = one("FooNet achieves 76.1% and 82.3% accuracy on CIFAR-10 and MNIST.", "FooNet: Widgets")
    names = {e.id: e.name for e in x.entities}
    assert [(r.value, names[r.dataset or ""]) for r in x.results] == [("76.1%", "CIFAR-10"), ("82.3%", "MNIST")]


def test_each_number_goes_with_its_own_clause() -> None:
    x = one("FooNet achieves 63.8% AP on MS COCO, 61.0% mIoU on ADE20K.", "FooNet: Widgets")
    names = {e.id: e.name for e in x.entities}
    assert [(r.value, names[r.dataset or ""]) for r in x.results] == [("63.8%", "MS COCO"), ("61.0%", "ADE20K")]


def test_a_number_in_parentheses_is_of_the_method_before_them() -> None:
    x = one(
        "We propose FooNet. FooNet reaches 81.2% accuracy on MNIST, surpassing ResNet-50 (76.2%).", "FooNet: Widgets"
    )
    names = {e.id: e.name for e in x.entities}
    assert [(r.value, names[r.method or ""]) for r in x.results] == [("81.2%", "FooNet"), ("76.2%", "ResNet-50")]


def test_a_study_of_others_methods_gives_each_its_number() -> None:
    x = one("We study models. BERT scores 71.3% accuracy on MNIST. We reach 82.4% accuracy with ResNet-50.", "A study")
    names = {e.id: e.name for e in x.entities}
    assert [(r.value, names[r.method or ""]) for r in x.results] == [("71.3%", "BERT"), ("82.4%", "ResNet-50")]
