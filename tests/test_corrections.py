"""What overrides.toml says of entities: each kind of entry by itself, together, wrong, and on a real folder."""

import json
import random
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answers import explain
from kg.assemble import assemble
from kg.errors import GraphError
from kg.graph import Graph, build_folder
from kg.model import Extraction, Kind
from kg.update import refresh_folder
from kg.update.corrections import NONE, Corrections, corrected, read_corrections
from kg.update.overrides import read_overrides
from tests.answers_corpus import family, ident, mention, paper, papers


def read(tmp_path: Path, text: str) -> Corrections:
    tmp_path.joinpath("overrides.toml").write_text(text, "utf-8")
    return read_corrections(tmp_path)


def graph(tmp_path: Path, text: str, *corpus: Extraction) -> nx.MultiDiGraph:
    corrections = read(tmp_path, text)
    return assemble(corrected(corpus, corrections), families=corrections.families(family))


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    one = paper("One", roles={"m:A": "uses"})
    assert read_corrections(tmp_path) == NONE
    assert NONE.apply(one) is one
    assert read(tmp_path, '[[merge]]\npapers = ["a", "b"]\n') == NONE


def test_a_rename_changes_name_and_id_and_keeps_the_old_name_as_an_alias(tmp_path: Path) -> None:
    one = paper("One", roles={"m:Deep Nets": "uses"}, links=["m:Deep Nets EVALUATED_ON d:SQuAD"])
    found = graph(tmp_path, '[[entities.rename]]\nentity = "method:deep-nets"\nname = "ResNet"\n', one)
    node = found.nodes["method:resnet"]
    assert (node["name"], node["aliases"], node["papers"]) == ("ResNet", ["Deep Nets"], 1)
    assert found.has_edge("method:resnet", "dataset:squad", "EVALUATED_ON")
    assert "method:deep-nets" not in found


def test_a_merge_counts_papers_once_and_drops_what_joins_a_thing_to_itself(tmp_path: Path) -> None:
    both = paper("Both", roles={"m:BN": "uses", "m:Batch Norm": "proposes"}, links=["m:BN COMPARED_WITH m:Batch Norm"])
    other = paper("Other", roles={"m:BN": "uses"})
    text = '[[entities.merge]]\nentities = ["method:BN", "method:batch-norm"]\ninto = "Batch Normalization"\n'
    found = graph(tmp_path, text, both, other)
    assert found.nodes["method:batch-normalization"]["papers"] == 2
    roles = [key for _, _, key in found.in_edges("method:batch-normalization", keys=True)]
    assert sorted(roles) == ["PROPOSES", "USES"]
    assert not found.has_edge("method:batch-normalization", "method:batch-normalization")


def test_a_split_by_paper_or_by_form(tmp_path: Path) -> None:
    one, two = paper("One", roles={"m:SSL": "uses"}), paper("Two", roles={"m:SSL": "uses"})
    text = '[[entities.split]]\nentity = "method:ssl"\npapers = ["two"]\nname = "Semi-Supervised Learning"\n'
    found = graph(tmp_path, text, one, two)
    assert found.nodes["method:ssl"]["papers"] == 1
    assert found.has_edge("two", "method:semi-supervised-learning", "USES")
    written = paper("Three", roles={"m:SSL": "uses"}, says="We use SSL-2 here.")
    entity = written.entities[0]
    written = replace(written, entities=(replace(entity, mentions=(mention(written, "SSL-2"),)),))
    by_form = read(tmp_path, '[[entities.split]]\nentity = "method:ssl"\nforms = ["SSL-2"]\nname = "SSL Two"\n')
    assert [e.id for e in by_form.apply(written).entities] == ["method:ssl-two"]
    more = replace(
        written, entities=(replace(written.entities[0], mentions=(mention(written, "SSL-2"), mention(written, "We"))),)
    )
    assert by_form.apply(more) is more


def test_another_kind_leaves_out_what_the_schema_forbids(tmp_path: Path) -> None:
    one = paper(
        "One",
        roles={"m:SQuAD": "uses"},
        links=["m:BERT EVALUATED_ON d:GLUE", "m:BERT COMPARED_WITH m:SQuAD"],
        results=[("m:SQuAD", "d:GLUE", "F1", "90%")],
    )
    found = graph(tmp_path, '[[entities.retype]]\nentity = "method:squad"\nkind = "Benchmark"\n', one)
    assert found.nodes["dataset:squad"]["benchmark"] is True
    assert found.has_edge("one", "dataset:squad", "USES")
    assert not [key for *_, key in found.edges(keys=True) if key in ("COMPARED_WITH", "OF_METHOD")]
    assert [key for *_, key in found.edges(keys=True) if key == "ON_DATASET"]


def test_families_are_added_and_taken_away(tmp_path: Path) -> None:
    one = paper("One", roles={"m:ConvNeXt": "uses", "d:CIFAR-10": "uses"})
    text = (
        '[[entities.family]]\nentity = "method:convnext"\nof = "ConvNet"\n'
        '[[entities.family]]\nentity = "dataset:cifar-10"\nof = ""\n'
    )
    found = graph(tmp_path, text, one)
    assert found.has_edge("method:convnext", "method:convnet", "VARIANT_OF")
    assert "dataset:cifar" not in found


def test_parts_apply_in_order_and_circles_end(tmp_path: Path) -> None:
    text = (
        '[[entities.rename]]\nentity = "method:a"\nname = "B"\n'
        '[[entities.merge]]\nentities = ["method:b"]\ninto = "C"\n'
        '[[entities.merge]]\nentities = ["method:c"]\ninto = "B"\n'
    )
    [found] = read(tmp_path, text).apply(paper("One", roles={"m:A": "uses"})).entities
    assert found.id in ("method:b", "method:c")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[entities.rename]]\nentity = 3\n", "needs entity, name"),
        ("[[entities.remove]]\nentity = 'method:a'\n", "not known; there are rename"),
        ("[entities]\nrename = 3\n", "not known"),
        ("entities = 3\n", "entities: write"),
        ("[[entities.rename]]\nentity = 'resnet'\nname = 'x'\n", 'write "method:..."'),
        ("[[entities.rename]]\nentity = 'paper:x'\nname = 'x'\n", 'write "method:..."'),
        ("[[entities.rename]]\nentity = 'method:a'\nname = ''\n", "an empty name"),
        ("[[entities.retype]]\nentity = 'method:a'\nkind = 'Author'\n", "is no kind"),
        ("[[entities.split]]\nentity = 'method:a'\nname = 'x'\n", "needs entity, name, papers or forms"),
        ("[[entities.merge]]\nentities = [1]\ninto = 'x'\n", "needs entities, into"),
        ("[[entities", "not TOML"),
    ],
)
def test_what_is_wrong_in_the_file_gets_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(GraphError, match=r"overrides\.toml") as caught:
        read(tmp_path, text)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_entries_that_no_paper_has_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    found = read(tmp_path, '[[entities.rename]]\nentity = "method:nowhere"\nname = "X"\n')
    list(corrected([paper("One", roles={"m:A": "uses"})], found, told.append))
    assert len(told) == 1 and "method:nowhere" in told[0]


def test_a_folder_follows_the_file_without_extracting_again(tmp_path: Path) -> None:
    source, folder = tmp_path / "papers.jsonl", tmp_path / "g.kg"
    source.write_text(json.dumps({"title": "One", "abstract": "We use Batch Normalization (BN) on CIFAR-10."}))
    build_folder(source, folder, tagger="rules")
    folder.joinpath("overrides.toml").write_text(
        '[[entities.rename]]\nentity = "method:Batch Normalization"\nname = "Normalizing"\n'
    )
    read_overrides(folder)
    built = refresh_folder(folder)
    assert built.extracted == 0 and built.changed and "method:normalizing" in Graph(folder).graph
    with Graph(folder) as opened:
        assert opened.query("MATCH (m:Method) WHERE m.name = 'Normalizing' RETURN m.id").rows
        found = explain(opened.records(), "method:normalizing", correct=read_corrections(folder).apply)
    assert found is not None
    assert {form.rule for form in found.forms} == {"overrides"}
    assert "method:batch-normalization" in found.forms[0].why
    folder.joinpath("overrides.toml").unlink()
    again = refresh_folder(folder)
    assert again.extracted == 0 and again.changed and "method:batch-normalization" in Graph(folder).graph


@settings(max_examples=50)
@given(papers(), st.randoms(use_true_random=False))
def test_the_order_of_papers_changes_nothing(corpus: list[Extraction], chance: random.Random) -> None:
    found = Corrections(
        renames={ident("m:GRU"): "BERT"},
        merges={ident("m:ResNet-50"): "ResNet-101"},
        splits={},
        kinds={ident("m:ResNet"): Kind.DATASET},
        parents={ident("m:BERT"): "Transformer"},
        digest="x",
    )
    other = list(corpus)
    chance.shuffle(other)

    def ignore(_: str) -> None:
        """Tell nobody."""

    one = assemble(corrected(corpus, found, ignore), families=found.families(family))
    two = assemble(corrected(other, found, ignore), families=found.families(family))
    assert list(one.nodes(data=True)) == list(two.nodes(data=True))
    assert list(one.edges(keys=True, data=True)) == list(two.edges(keys=True, data=True))
    assert not {"method:gru", "method:resnet-50"} & set(one)
