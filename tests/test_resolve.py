"""Canonical names: abbreviations, spellings, the paper's own definitions, names no vocabulary knows."""

import pytest

from kg.extract import extract
from kg.model import Entity, Paper
from kg.resolve import canonical_form, resolve


def entities(abstract: str, title: str = "") -> dict[str, Entity]:
    reading = next(iter(extract([Paper("p", title, abstract)], tagger="rules")))
    return {e.name: e for e in resolve(reading)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("We use BN here.", "Batch Normalization"),
        ("We use BatchNorm here.", "Batch Normalization"),
        ("We use batch norm here.", "Batch Normalization"),
        ("Tested on CIFAR10.", "CIFAR-10"),
        ("Tested on MS-COCO.", "MS COCO"),
        ("All CNNs work.", "Convolutional Neural Network"),
        ("We use a ViT.", "Vision Transformer"),
    ],
)
def test_one_name_for_all_spellings(text: str, name: str) -> None:
    assert name in entities(text)


def test_spellings_in_one_paper_are_one_entity() -> None:
    found = entities("Batch Normalization (BN) helps. BatchNorm and batch norm and BN are the same.")
    assert [e.name for e in found.values()] == ["Batch Normalization"]
    assert {m.text for m in found["Batch Normalization"].mentions} >= {"BN", "BatchNorm", "Batch Normalization"}
    assert "BN" in found["Batch Normalization"].aliases


def test_a_papers_own_definition_wins() -> None:
    found = entities("We propose the Bayesian Nebulizer (BN). BN is fast.")
    assert "Bayesian Nebulizer" in found
    assert "Batch Normalization" not in found


def test_family_members_stay_apart() -> None:
    assert {"CIFAR-10", "CIFAR-100"} <= set(entities("Tested on CIFAR-10 and CIFAR-100."))
    assert {"CIFAR-10", "CIFAR-100"} <= set(entities("Tested on CIFAR-10/100."))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("low-rank regularizers", "Low-Rank Regularizer"),
        ("InterCLR", "InterCLR"),
        ("graph of thoughts", "Graph of Thoughts"),
        ("policies", "Policy"),
        ("Kernel Bias", "Kernel Bias"),
        ("statistics", "Statistics"),
    ],
)
def test_canonical_form(text: str, name: str) -> None:
    assert canonical_form(text) == name
