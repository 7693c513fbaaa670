"""The whole line: the same records for any number of processes, hash seed and order; families."""

import json
import os
import subprocess
import sys
from importlib import metadata

import pytest

from kg.extract import Tagger
from kg.model import Entity, Kind, Paper
from kg.pipeline import extract_papers, extractor_digest, families
from kg.record import to_record

PAPERS = [
    Paper(
        f"p{i}",
        f"FooNet-{i}: Widgets for image classification",
        f"We propose FooNet-{i}. It beats ResNet-50 and VGG on CIFAR-10 and MNIST with {90 + i}.5% accuracy.",
    )
    for i in range(6)
]

SCRIPT = """
import json, sys
from tests.test_pipeline import PAPERS
from kg.pipeline import extract_papers
from kg.record import to_record
for x in extract_papers(PAPERS[::int(sys.argv[1])]):
    print(json.dumps(to_record(x)))
"""


def run(seed: str, step: str) -> list[str]:
    env = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", SCRIPT, step], env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_hash_seed_and_order_change_nothing() -> None:
    assert run("0", "1") == run("77", "-1")[::-1]


def test_processes_change_nothing() -> None:
    one = [json.dumps(to_record(x)) for x in extract_papers(PAPERS, processes=1)]
    two = [json.dumps(to_record(x)) for x in extract_papers(PAPERS, processes=2)]
    assert one == two


def test_a_stopped_reader_stops_the_workers() -> None:
    found = extract_papers(iter(PAPERS), processes=2)
    assert next(found).paper.id == "p0"
    found.close()  # type: ignore[attr-defined]


def test_families() -> None:
    family = families()
    resnet = family(Entity("method:resnet-50", Kind.METHOD, "ResNet-50"))
    assert resnet is not None
    assert resnet.id == "method:resnet"
    assert family(Entity("method:foonet", Kind.METHOD, "FooNet")) is None


def test_digest_names_the_pipeline() -> None:
    assert extractor_digest("rules") == extractor_digest("rules") != extractor_digest("model")


@pytest.mark.parametrize(
    ("library", "taggers"),
    [("spacy", {"rules", "model"}), ("onnxruntime", {"model"}), ("pylatexenc", {"rules", "model"})],
)
def test_another_version_of_a_library_is_another_extractor(
    monkeypatch: pytest.MonkeyPatch, library: str, taggers: set[str]
) -> None:
    both: tuple[Tagger, ...] = ("rules", "model")
    before = {tagger: extractor_digest(tagger) for tagger in both}
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "99.0" if name == library else real(name))
    assert {tagger for tagger in both if extractor_digest(tagger) != before[tagger]} == taggers
