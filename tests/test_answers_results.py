"""Metrics, results and leaderboards: minimal pairs with known answers, and what holds for every corpus."""

import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answers import find_metric, leaderboards, metrics, reported, roll_up
from kg.answers.metrics import named_metrics
from kg.answers.results import settings as settings_of
from kg.model import Extraction
from tests.answers_corpus import graph_of, ident, paper, papers


def test_the_table_is_whole() -> None:
    assert len(metrics()) >= 80
    names: set[str] = set()
    for metric in metrics().values():
        assert metric.direction in ("up", "down")
        for form in (metric.name, *metric.aliases):
            found = find_metric(form)
            assert found is not None, form
            assert found == metric or form.casefold() in {n.casefold() for n in (found.name, *found.aliases)}
        assert not names & {metric.name.casefold()}
        names.add(metric.name.casefold())


@pytest.mark.parametrize(
    ("text", "name", "direction"),
    [
        ("top-1", "Top-1 Accuracy", "up"),
        ("mIoU", "mIoU", "up"),
        ("AP@100", "AP@100", "up"),
        ("BLEU", "BLEU", "up"),
        ("FID", "FID", "down"),
        ("WER", "WER", "down"),
        ("AUROC", "AUROC", "up"),
        ("word error rate", "WER", "down"),
        ("perplexities", "Perplexity", "down"),
        ("average test accuracy", "Accuracy", "up"),
        ("zero-shot top-1 accuracy", "Top-1 Accuracy", "up"),
        ("Top 1 error", "Top-1 Error", "down"),
        ("bits/dim", "Bits per Dimension", "down"),
    ],
)
def test_metrics_are_known_by_what_people_call_them(text: str, name: str, direction: str) -> None:
    found = find_metric(text)
    assert found is not None
    assert (found.name, found.direction) == (name, direction)


@pytest.mark.parametrize("text", ["is", "las", "wer", "ap", "ari", "performance", "", "score"])
def test_what_is_no_metric_is_none(text: str) -> None:
    assert find_metric(text) is None


def test_abbreviations_do_not_match_inside_words() -> None:
    text = "This class is lower in an adversarial dynamic setting with an IS of 9 and fewer WERs."
    assert [item.metric.name for item in named_metrics(text)] == ["Inception Score"]


def board(*corpus: Extraction, dataset: str = "d:CIFAR-10") -> list[tuple[int, str | None, float]]:
    [found] = leaderboards(graph_of(*corpus), ident(dataset))
    return [(entry.rank, entry.result.method, entry.result.value) for entry in found.entries]


def test_accuracy_goes_up_and_error_goes_down() -> None:
    better = paper(
        "One", results=[("m:ResNet", "d:CIFAR-10", "accuracy", "95.1%")], says="It has an accuracy of 95.1%."
    )
    worse = paper("Two", results=[("m:GRU", "d:CIFAR-10", "accuracy", "91.0%")], says="It has an accuracy of 91.0%.")
    assert board(better, worse) == [(1, "method:resnet", 95.1), (2, "method:gru", 91.0)]
    high = paper("One", results=[("m:ResNet", "d:CIFAR-10", "error", "5.1%")], says="It has an error of 5.1%.")
    low = paper("Two", results=[("m:GRU", "d:CIFAR-10", "error", "3.0%")], says="It has an error of 3.0%.")
    assert board(high, low) == [(1, "method:gru", 3.0), (2, "method:resnet", 5.1)]


def test_equal_values_share_a_rank_and_the_next_one_is_skipped() -> None:
    same = [
        paper(f"P{i}", results=[("m:ResNet", "d:CIFAR-10", "F1", value)], says=f"It has an F1 of {value}.")
        for i, value in enumerate(("90%", "90%", "80%"))
    ]
    assert [rank for rank, _, _ in board(*same)] == [1, 1, 3]


def test_gains_are_never_ranked() -> None:
    gain = paper(
        "Up", results=[("m:GRU", "d:CIFAR-10", "accuracy", "2.1%")], says="A gain of 2.1% in accuracy.", gain=True
    )
    value = paper("At", results=[("m:ResNet", "d:CIFAR-10", "accuracy", "95%")], says="It has 95% accuracy.")
    [found] = leaderboards(graph_of(gain, value))
    assert [entry.result.written for entry in found.entries] == ["95%"]
    assert [result.written for result in found.gains] == ["2.1%"]
    assert found.papers == 2


def test_fractions_and_percent_are_one_scale() -> None:
    fraction = paper("One", results=[("m:GRU", "d:SQuAD", "F1", "0.954")], says="It has an F1 of 0.954.")
    percent = paper("Two", results=[("m:BERT", "d:SQuAD", "F1", "93.2%")], says="It has an F1 of 93.2%.")
    assert board(fraction, percent, dataset="d:SQuAD") == [(1, "method:gru", 95.4), (2, "method:bert", 93.2)]


def test_what_a_metric_cannot_be_is_left_out_and_counted() -> None:
    wrong = paper("One", results=[("m:GRU", "d:SQuAD", "error", "2010%")], says="The error fell to 2010%.")
    [found] = leaderboards(graph_of(wrong))
    assert (found.entries, found.impossible) == ((), 1)


@pytest.mark.parametrize(
    ("says", "value", "reference"),
    [
        ("It has a top-5 error of 15.3%, against 26.2% for the runner-up.", "26.2%", True),
        ("It has a top-5 error of 15.3%, against 26.2% for the runner-up.", "15.3%", False),
        ("Dropout brings the top-5 error from 3.95% to 2.55%.", "3.95%", True),
        ("Dropout brings the top-5 error from 3.95% to 2.55%.", "2.55%", False),
        ("GRU has 7.6% top-5 error, close to LSTM-16 (7.5%), which is larger.", "7.5%", True),
        ("GRU has 7.6% top-5 error, close to LSTM-16 (7.5%), which is larger.", "7.6%", False),
        ("LSTM-16 has 7.6% top-5 error, far below the old GRU (7.5%).", "7.5%", False),
        ("It has less top-5 error than all others on SQuAD (7.5%).", "7.5%", False),
        ("GRU has 7.6% top-5 error, whereas LSTM, with more units, has 9.5%.", "9.5%", True),
        ("LSTM has 7.6% top-5 error, whereas GRU, with more units, has 9.5%.", "9.5%", False),
        ("LSTM has 7.6% top-5 error, while we have 9.5%.", "9.5%", False),
    ],
)
def test_numbers_that_are_only_compared_with_are_told_apart(says: str, value: str, reference: bool) -> None:
    one = paper("One", results=[("m:GRU", "d:SQuAD", "top-5 error", value)], says=says)
    [found] = reported(graph_of(one))
    assert found.reference is reference
    assert found.metric is find_metric("top-5 error")


@pytest.mark.parametrize(
    ("metric", "value", "says", "name", "how"),
    [
        ("accuracy", "95%", "It has 95% accuracy.", "Accuracy", "stated"),
        ("FID", "9.46", "It has an Inception score of 9.46 and an FID of 3.17.", "Inception Score", "beside"),
        ("las", "3.3%", "In one class it makes 3.3% error.", "Error", "beside"),
        ("is", "72.8%", "The accuracy, all in all, which is what counts, comes to 72.8%.", "Accuracy", "the only"),
        ("top-1", "1 MB", "We shrink it to 1 MB while achieving 68% top-1 accuracy.", None, ""),
        ("accuracy", "41.88", "It has 94.3% accuracy and a combined score of 41.88.", None, ""),
        ("is", "88.5%", "It reaches 88.5% on ImageNet.", None, ""),
        ("FPS", "63.4%", "It has 74.3% mAP at 59 FPS where others stay with 63.4%.", "mAP", "the only"),
    ],
)
def test_the_metric_is_read_from_the_sentence_and_says_so(
    metric: str, value: str, says: str, name: str | None, how: str
) -> None:
    one = paper("One", results=[("m:GRU", "d:SQuAD", metric, value)], says=says)
    [found] = reported(graph_of(one))
    assert (found.metric.name if found.metric else None) == name
    assert how in found.how


@pytest.mark.parametrize(
    ("says", "number", "expected"),
    [
        ("In 5-way one-shot classification it has 98.7% on A and 48.7% on B.", "48.7", ["1-shot", "5-way"]),
        ("It reaches 76.2% 1-shot and 89.1% 5-shot accuracy.", "89.1", ["5-shot"]),
        ("It reaches 76.2% 1-shot and 89.1% 5-shot accuracy.", "76.2", ["1-shot"]),
        ("It has 39.1 AP on COCO test-dev.", "39.1", ["test-dev"]),
        ("It has 28.4 BLEU on English-to-German and 41.8 on English-to-French.", "41.8", ["English-French"]),
        ("It has 28.4 BLEU on English-to-German and 41.8 on English-to-French.", "28.4", ["English-German"]),
        ("It has a word error rate of 1.8 on test-clean and 3.3 on test-other.", "3.3", ["test-other"]),
        ("Its zero-shot accuracy is 76.2%.", "76.2", ["zero-shot"]),
        ("It has 93.1% accuracy.", "93.1", []),
    ],
)
def test_splits_and_settings_are_kept(says: str, number: str, expected: list[str]) -> None:
    place = says.index(number), says.index(number) + len(number)
    assert list(settings_of(says, place)) == expected


def test_one_setting_is_one_board() -> None:
    says = "It reaches 76.2% 1-shot accuracy and 89.1% 5-shot accuracy."
    results = [("m:GRU", "d:SQuAD", "accuracy", "76.2%"), ("m:GRU", "d:SQuAD", "accuracy", "89.1%")]
    boards = list(leaderboards(graph_of(paper("One", results=results, says=says))))
    assert {found.setting: [e.result.value for e in found.entries] for found in boards} == {
        ("1-shot",): [76.2],
        ("5-shot",): [89.1],
    }


def test_rolling_up_is_a_choice_and_leaves_the_graph_as_it_is() -> None:
    one = paper("One", results=[("m:ResNet-50", "d:CIFAR-10", "accuracy", "95%")], says="It has 95% accuracy.")
    two = paper("Two", results=[("m:ResNet-101", "d:CIFAR-10", "accuracy", "96%")], says="It has 96% accuracy.")
    graph = graph_of(one, two)
    before = {node: dict(data) for node, data in graph.nodes(data=True)}
    [rolled] = leaderboards(roll_up(graph, labels=("Method",)))
    assert {entry.result.method for entry in rolled.entries} == {"method:resnet"}
    [plain] = leaderboards(graph)
    assert [entry.result.method for entry in plain.entries] == ["method:resnet-101", "method:resnet-50"]
    assert {node: dict(data) for node, data in graph.nodes(data=True)} == before


@settings(max_examples=60)
@given(papers(), st.randoms(use_true_random=False))
def test_boards_do_not_depend_on_the_order_of_papers(corpus: list[Extraction], chance: random.Random) -> None:
    other = list(corpus)
    chance.shuffle(other)
    assert list(leaderboards(graph_of(*corpus))) == list(leaderboards(graph_of(*other)))


@settings(max_examples=60)
@given(papers(least=1))
def test_a_paper_more_never_takes_a_result_away(corpus: list[Extraction]) -> None:
    def count(graph: nx.MultiDiGraph) -> int:
        return sum(1 for _ in reported(graph))

    assert count(graph_of(*corpus[:-1])) <= count(graph_of(*corpus))
    for found in leaderboards(graph_of(*corpus)):
        ranked = [entry.result.value for entry in found.entries]
        if found.metric is not None:
            assert ranked == sorted(ranked, key=found.metric.rank)
