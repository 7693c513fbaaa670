"""Lineage, gaps, conflicts, comparison, similarity and roll-up: minimal pairs with known answers, and properties."""

import math
import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answers import (
    compare,
    different_values,
    family,
    gaps_of_dataset,
    gaps_of_method,
    lineage,
    reported_twice,
    reversals,
    roll_up,
    similar_methods,
    similar_papers,
    who_beats_whom,
    widest_gaps,
)
from kg.answers.support import entities, papers_of
from kg.model import Extraction
from tests.answers_corpus import graph_of, paper, papers


def shape(graph: nx.MultiDiGraph, method: str, way: str, **options: int) -> list[str]:
    """A tree as lines, indented."""
    tree = lineage(graph, method, way, **options)  # type: ignore[arg-type]
    return [f"{'  ' * depth}{b.name} {b.year}{' *' if b.seen else ''}" for depth, b in tree.walk()]


def normalization() -> nx.MultiDiGraph:
    return graph_of(
        paper("Batch", 2015, roles={"m:BatchNorm": "proposes"}),
        paper("Layer", 2016, roles={"m:LayerNorm": "proposes"}, links=["m:LayerNorm BASED_ON m:BatchNorm"]),
        paper("RMS", 2019, roles={"m:RMSNorm": "proposes"}, links=["m:RMSNorm BASED_ON m:LayerNorm"]),
    )


def test_a_chain_over_papers_is_a_tree_with_years() -> None:
    graph = normalization()
    assert shape(graph, "method:batchnorm", "descendants") == [
        "BatchNorm 2015",
        "  LayerNorm 2016",
        "    RMSNorm 2019",
    ]
    assert shape(graph, "method:rmsnorm", "origins") == ["RMSNorm 2019", "  LayerNorm 2016", "    BatchNorm 2015"]
    [(_, root), (_, first), _] = lineage(graph, "method:rmsnorm", "origins").walk()
    assert (root.papers, first.papers, first.said[0].title) == (0, 1, "RMS")


def test_depth_and_width_say_what_they_leave_out() -> None:
    [(_, root), (_, layer)] = lineage(normalization(), "method:batchnorm", "descendants", depth=1).walk()
    assert (root.left_out, layer.left_out) == (0, 1)


def test_a_cycle_ends_where_it_began() -> None:
    graph = graph_of(
        paper("One", links=["m:A BASED_ON m:B"]),
        paper("Two", links=["m:B BASED_ON m:C"]),
        paper("Three", links=["m:C BASED_ON m:A"]),
    )
    assert shape(graph, "method:a", "origins", depth=9) == ["A 2020", "  B 2020", "    C 2020", "      A 2020 *"]


def test_a_method_that_two_ways_lead_to_is_opened_once() -> None:
    graph = graph_of(
        paper("One", links=["m:A BASED_ON m:B", "m:A BASED_ON m:C"]),
        paper("Two", links=["m:B BASED_ON m:D", "m:C BASED_ON m:D", "m:D BASED_ON m:E"]),
    )
    lines = shape(graph, "method:a", "origins", depth=5)
    assert [line.strip() for line in lines] == ["A 2020", "B 2020", "D 2020", "E 2020", "C 2020", "D 2020 *"]


def test_the_year_is_that_of_the_proposal_and_says_if_it_is_not() -> None:
    early = paper("Early", 2010, roles={"m:A": "mentions"})
    proposal = paper("Proposal", 2014, roles={"m:A": "proposes"})
    with_proposal = lineage(graph_of(early, proposal), "method:a", "origins")
    without = lineage(graph_of(early), "method:a", "origins")
    assert (with_proposal.year, with_proposal.proposed) == (2014, True)
    assert (without.year, without.proposed) == (2010, False)


def test_a_family_has_parents_and_variants() -> None:
    graph = graph_of(paper("One", roles={"d:CIFAR-10": "uses", "d:CIFAR-100": "uses"}))
    found = family(graph, "dataset:cifar-10")
    assert (found.parents, found.variants) == (("dataset:cifar",), ())
    assert family(graph, "dataset:cifar").variants == ((1, "dataset:cifar-10"), (1, "dataset:cifar-100"))


def test_a_cycle_of_variants_is_rolled_up_to_one() -> None:
    graph = graph_of(paper("One", roles={"m:A": "uses", "m:B": "uses"}))
    graph.add_edge("method:a", "method:b", key="VARIANT_OF")
    graph.add_edge("method:b", "method:a", key="VARIANT_OF")
    assert list(entities(roll_up(graph))) == ["method:a"]
    assert family(graph, "method:a").parents == ("method:b",)


def test_rolled_up_support_counts_distinct_papers() -> None:
    graph = graph_of(
        paper("One", links=["m:ResNet-50 EVALUATED_ON d:CIFAR-10", "m:ResNet-101 EVALUATED_ON d:CIFAR-10"]),
        paper("Two", links=["m:ResNet-50 EVALUATED_ON d:CIFAR-100"]),
    )
    rolled = roll_up(graph)
    assert rolled["method:resnet"]["dataset:cifar"]["EVALUATED_ON"]["papers"] == 2
    assert rolled.nodes["method:resnet"]["papers"] == 2
    assert "method:resnet-50" not in rolled and "method:resnet-50" in graph


def test_a_gap_is_where_relatives_were_and_it_was_not() -> None:
    tried = paper("One", links=["m:A COMPARED_WITH m:B", "m:B EVALUATED_ON d:SQuAD", "m:A EVALUATED_ON d:GLUE"])
    [gap] = gaps_of_method(graph_of(tried), "method:a")
    assert (gap.dataset, gap.papers) == ("dataset:squad", 1)
    [reason] = gap.reasons
    assert (reason.relative, reason.related, reason.said[0].title) == ("method:b", "compared with it", "One")
    filled = paper("Two", links=["m:A EVALUATED_ON d:SQuAD"])
    assert gaps_of_method(graph_of(tried, filled), "method:a") == []


def test_a_variant_that_was_tried_fills_the_gap_of_its_family() -> None:
    tried = paper("One", links=["m:ResNet COMPARED_WITH m:B", "m:B EVALUATED_ON d:SQuAD"])
    assert gaps_of_method(graph_of(tried), "method:resnet")
    variant = paper("Two", links=["m:ResNet-50 EVALUATED_ON d:SQuAD"])
    assert gaps_of_method(graph_of(tried, variant), "method:resnet") == []


def test_gaps_of_a_dataset_come_from_its_siblings() -> None:
    one = paper("One", links=["m:A EVALUATED_ON d:CIFAR-100", "m:B EVALUATED_ON d:CIFAR-10"])
    [gap] = gaps_of_dataset(graph_of(one), "dataset:cifar-10")
    assert (gap.method, gap.reasons[0].related) == ("method:a", "a variant of CIFAR too")
    alone = paper("One", links=["m:A EVALUATED_ON d:SQuAD", "m:B EVALUATED_ON d:CIFAR-10"])
    assert gaps_of_dataset(graph_of(alone), "dataset:cifar-10") == []


def values(first: str, second: str, *, says: str = "An accuracy of {}.", title: str = "Two") -> list[str]:
    corpus = [
        paper(name, results=[("m:A", "d:SQuAD", "accuracy", value)], says=says.format(value))
        for name, value in (("One", first), (title, second))
    ]
    return [v.written for found in different_values(graph_of(*corpus)) for v in found.values]


def test_different_values_conflict_and_rounding_does_not() -> None:
    assert values("93.1%", "95.0%") == ["93.1%", "95%"]
    assert values("93.1%", "93.1%") == []
    assert values("93.1%", "93.12%") == []
    assert values("93%", "93.4%") == []
    assert values("0.931", "93.1%") == []


def test_one_paper_does_not_conflict_with_itself() -> None:
    results = [("m:A", "d:SQuAD", "accuracy", "90%"), ("m:A", "d:SQuAD", "accuracy", "95%")]
    assert different_values(graph_of(paper("One", results=results, says="It has 90% and 95% accuracy."))) == []


def test_what_two_papers_report_is_counted_whether_they_agree_or_not() -> None:
    ends = ("m:A", "d:SQuAD", "accuracy", "90%")
    one, two = (paper(title, results=[ends], says="An accuracy of 90%.") for title in ("One", "Two"))
    other = paper("Three", results=[("m:B", "d:SQuAD", "accuracy", "90%")], says="An accuracy of 90%.")
    assert reported_twice(graph_of(one, other)) == 0
    assert reported_twice(graph_of(one, two, other)) == 1
    assert different_values(graph_of(one, two, other)) == []


def test_another_setting_is_no_conflict() -> None:
    one = paper("One", results=[("m:A", "d:SQuAD", "accuracy", "90%")], says="Its 1-shot accuracy is 90%.")
    two = paper("Two", results=[("m:A", "d:SQuAD", "accuracy", "95%")], says="Its 5-shot accuracy is 95%.")
    assert different_values(graph_of(one, two)) == []


def beats(says: str) -> list[tuple[str, str]]:
    one = paper("One", links=["m:Alpha COMPARED_WITH m:Beta"], says=says)
    return [
        (win.winner.removeprefix("method:"), win.loser.removeprefix("method:")) for win in who_beats_whom(graph_of(one))
    ]


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("Alpha outperforms Beta.", [("alpha", "beta")]),
        ("Beta clearly outperforms Alpha on three tasks.", [("beta", "alpha")]),
        ("Alpha is worse than Beta.", [("beta", "alpha")]),
        ("Alpha is outperformed by Beta.", [("beta", "alpha")]),
        ("Alpha does not outperform Beta.", []),
        ("It is unclear whether Alpha outperforms Beta.", []),
        ("Alpha outperforms Gamma, and Beta is fast.", []),
        ("Alpha is compared with Beta.", []),
        ("Alpha is fast; others outperform Beta.", []),
        ("Unlike Alpha, we outperform older models. Beta is one.", []),
    ],
)
def test_who_beats_whom_is_read_from_the_words(says: str, expected: list[tuple[str, str]]) -> None:
    assert beats(says) == expected


def test_who_beats_whom_is_read_from_numbers_in_the_direction_of_the_metric() -> None:
    results = [("m:Alpha", "d:SQuAD", "error", "5.5%"), ("m:Beta", "d:SQuAD", "error", "3.5%")]
    one = paper("One", results=results, says="Alpha has 5.5% error, Beta has 3.5% error.")
    [win] = who_beats_whom(graph_of(one))
    assert (win.winner, win.how) == ("method:beta", "Error on SQuAD: 3.5% against 5.5%")


def test_a_reversal_needs_two_papers() -> None:
    first = paper("One", links=["m:Alpha COMPARED_WITH m:Beta"], says="Alpha outperforms Beta.")
    second = paper("Two", links=["m:Beta COMPARED_WITH m:Alpha"], says="Beta outperforms Alpha.")
    [found] = reversals(graph_of(first, second))
    assert (found.a, found.b) == ("method:alpha", "method:beta")
    assert [win.said.title for win in (*found.for_a, *found.for_b)] == ["One", "Two"]
    both = paper("Both", links=["m:Alpha COMPARED_WITH m:Beta"], says="Alpha outperforms Beta.")
    assert reversals(graph_of(first, both)) == []


def test_a_comparison_of_two_graphs_says_what_is_new() -> None:
    old = paper("Old", 2020, links=["m:A EVALUATED_ON d:SQuAD"])
    new = paper("New", 2021, links=["m:A EVALUATED_ON d:SQuAD", "m:B EVALUATED_ON d:SQuAD"], says="New says so.")
    found = compare(graph_of(old), graph_of(old, new))
    assert [thing.name for thing in found.new_papers] == ["New"]
    assert [thing.id for thing in found.new_entities] == ["method:b"]
    assert [(link.names, link.papers, link.said[0].title) for link in found.new_links] == [(("B", "SQuAD"), 1, "New")]
    assert [(c.id, c.before, c.after) for c in found.changed_entities] == [("dataset:squad", 1, 2), ("method:a", 1, 2)]
    [changed] = found.changed_links
    assert (changed.before, changed.after, [s.title for s in changed.said]) == (1, 2, ["New"])
    assert not (found.gone_papers or found.gone_entities or found.gone_links)
    assert not compare(graph_of(old), graph_of(old))


def test_rare_things_make_papers_alike_and_common_ones_do_not() -> None:
    corpus = [
        paper("Asked", roles={"m:Rare": "uses", "m:Common": "uses"}),
        paper("Shares the rare one", roles={"m:Rare": "uses", "m:Common": "uses", "m:X": "uses"}),
        paper("Shares the common one", roles={"m:Common": "uses", "m:Y": "uses"}),
        paper("Shares nothing", roles={"m:Z": "uses"}),
    ]
    found = similar_papers(graph_of(*corpus), "asked")
    assert [alike.node for alike in found] == ["shares-the-rare-one", "shares-the-common-one"]
    assert found[0].shared == (("method:rare", round(math.log(2), 4)), ("method:common", round(math.log(4 / 3), 4)))
    weights = math.log(2) ** 2, math.log(4 / 3) ** 2, math.log(4) ** 2
    expected = (weights[0] + weights[1]) / math.sqrt((weights[0] + weights[1]) * sum(weights))
    assert found[0].score == pytest.approx(expected, abs=1e-6)


def test_what_all_share_weighs_nothing() -> None:
    corpus = [paper(f"P{i}", roles={"m:Common": "uses"}) for i in range(3)]
    assert similar_papers(graph_of(*corpus), "p0") == []


def test_methods_are_alike_by_what_they_are_linked_to() -> None:
    one = paper("One", links=["m:A EVALUATED_ON d:SQuAD", "m:B EVALUATED_ON d:SQuAD", "m:C EVALUATED_ON d:GLUE"])
    assert [alike.node for alike in similar_methods(graph_of(one), "method:a")] == ["method:b"]
    vectors = {"method:a": (1.0, 0.0), "method:b": (1.0, 0.0), "method:c": (0.0, 1.0)}
    [both] = similar_methods(graph_of(one), "method:a", vectors=vectors)
    assert both.score == 1.0


def everything(graph: nx.MultiDiGraph) -> list[object]:
    methods = list(entities(graph, "Method"))
    return [
        [lineage(graph, method, "origins") for method in methods],
        [lineage(graph, method, "descendants") for method in methods],
        [gaps_of_method(graph, method) for method in methods],
        [gaps_of_dataset(graph, dataset) for dataset in entities(graph, "Dataset")],
        widest_gaps(graph),
        different_values(graph),
        reversals(graph),
        [similar_methods(graph, method) for method in methods],
        sorted(roll_up(graph).edges(keys=True, data=True), key=lambda edge: edge[:3]),
    ]


@settings(max_examples=40)
@given(papers(), st.randoms(use_true_random=False))
def test_the_order_of_papers_changes_nothing(corpus: list[Extraction], chance: random.Random) -> None:
    other = list(corpus)
    chance.shuffle(other)
    assert everything(graph_of(*corpus)) == everything(graph_of(*other))


@settings(max_examples=40)
@given(papers(least=1))
def test_a_paper_more_never_lowers_a_count(corpus: list[Extraction]) -> None:
    fewer, more = graph_of(*corpus[:-1]), graph_of(*corpus)
    for before, after in ((fewer, more), (roll_up(fewer), roll_up(more))):
        for node in entities(before):
            assert before.nodes[node]["papers"] <= after.nodes[node]["papers"]
            assert papers_of(before, node).keys() <= papers_of(after, node).keys()
        for source, target, key, data in before.edges(keys=True, data=True):
            assert data.get("papers", 0) <= after.edges[source, target, key].get("papers", 0)
    assert len(list(who_beats_whom(fewer))) <= len(list(who_beats_whom(more)))
    found = compare(fewer, more)
    assert not (found.gone_papers or found.gone_entities or found.gone_links)
    assert all(change.after > change.before for change in (*found.changed_entities, *found.changed_links))


@settings(max_examples=40)
@given(papers())
def test_nothing_is_a_gap_that_was_tried_and_nothing_changes_the_graph(corpus: list[Extraction]) -> None:
    graph = graph_of(*corpus)
    before = nx.node_link_data(graph, edges="edges")
    for gap in (g for method in entities(graph, "Method") for g in gaps_of_method(graph, method)):
        assert not graph.has_edge(gap.method, gap.dataset, "EVALUATED_ON")
        assert not graph.has_edge(gap.method, gap.dataset, "TRAINED_ON")
        assert gap.reasons and all(reason.papers >= 1 for reason in gap.reasons)
    everything(graph)
    assert nx.node_link_data(graph, edges="edges") == before
