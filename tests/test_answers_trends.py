"""Trends: the exact test against what is known and enumerated, verdicts on minimal pairs, and properties."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answers import Trend, Window, sparkline, trends
from kg.answers.interval import at_least, false_discovery, interval, two_sided
from kg.model import Extraction
from tests.answers_corpus import graph_of, paper, papers


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.001, 0.999))
def test_the_tail_is_the_sum_of_the_binomial(count: int, trials: int, share: float) -> None:
    terms = (math.comb(trials, i) * share**i * (1 - share) ** (trials - i) for i in range(count, trials + 1))
    assert at_least(count, trials, share) == pytest.approx(math.fsum(terms), abs=1e-10)


@pytest.mark.parametrize(
    ("count", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (8, 40, 0.0905, 0.3565),
    ],
)
def test_intervals_are_those_of_the_tables(count: int, trials: int, low: float, high: float) -> None:
    assert interval(count, trials) == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=60)
@given(st.integers(1, 25), st.floats(0.01, 0.99))
def test_the_interval_covers_the_truth_as_often_as_it_says(trials: int, share: float) -> None:
    inside = 0.0
    for count in range(trials + 1):
        low, high = interval(count, trials)
        if low <= share <= high:
            inside += math.comb(trials, count) * share**count * (1 - share) ** (trials - count)
    assert inside >= 0.95 - 1e-9


@given(st.integers(1, 30), st.integers(0, 30), st.floats(0.02, 0.98))
def test_the_test_and_the_interval_agree(trials: int, count: int, share: float) -> None:
    count = min(count, trials)
    low, high = interval(count, trials)
    p = two_sided(count, trials, share)
    if min(abs(share - low), abs(share - high)) > 1e-6:
        assert (p < 0.05) == (not low <= share <= high)


def test_many_tests_are_corrected() -> None:
    assert false_discovery([0.04]) == [0.04]
    assert false_discovery([0.04, 0.9, 0.9, 0.9])[0] == pytest.approx(0.16)
    assert false_discovery([]) == []


def corpus(old: int, new: int, *, about_old: int, about_new: int) -> list[Extraction]:
    """Papers of 2010 and 2020, of which some are about m:A."""
    return [
        paper(f"{year} {i}", year, roles={"m:A": "uses"} if i < about else {"t:T": "addresses"})
        for year, number, about in ((2010, old, about_old), (2020, new, about_new))
        for i in range(number)
    ]


def trend_of(papers: list[Extraction], *, years: int = 3) -> tuple[Window, Trend]:
    span, [found] = trends(graph_of(*papers), only=["method:a"], years=years)
    return span, found


def test_what_rises_what_falls_and_what_stays() -> None:
    assert trend_of(corpus(50, 50, about_old=1, about_new=20))[1].verdict == "rising"
    assert trend_of(corpus(50, 50, about_old=20, about_new=1))[1].verdict == "falling"
    assert trend_of(corpus(50, 50, about_old=10, about_new=10))[1].verdict == "level"


def test_small_counts_do_not_fool_it() -> None:
    assert trend_of(corpus(50, 50, about_old=0, about_new=2))[1].verdict == "too few"
    assert trend_of(corpus(50, 50, about_old=2, about_new=4))[1].verdict == "level"


def test_a_corpus_that_grows_is_no_trend() -> None:
    span, found = trend_of(corpus(10, 90, about_old=2, about_new=18))
    assert found.verdict == "level"
    assert (found.share_earlier, found.share_recent, span.expected) == (0.2, 0.2, 0.9)


def test_one_finding_among_many_things_is_only_perhaps() -> None:
    many = corpus(50, 50, about_old=2, about_new=9)
    many += [
        paper(f"x {name} {year} {i}", year, roles={f"m:{name}": "uses"})
        for name in "BCDEFGH"
        for year in (2010, 2020)
        for i in range(5)
    ]
    found = {trend.entity: trend.verdict for trend in trends(graph_of(*many), "Method")[1]}
    assert found["method:a"] == "perhaps rising" or found["method:a"] == "level"
    assert trend_of(many)[1].q <= {t.entity: t.q for t in trends(graph_of(*many), "Method")[1]}["method:a"]


def test_too_small_a_corpus_says_so() -> None:
    span, [found] = trends(graph_of(paper("One", None, roles={"m:A": "uses"})), only=["method:a"])
    assert (span.says_nothing, span.without_year, found.verdict) == ("no paper has a year", 1, "too few")
    same, _ = trends(graph_of(paper("One", 2020), paper("Two", 2021)))
    assert "nothing earlier" in same.says_nothing


def test_first_and_last_seen_and_papers_a_year() -> None:
    _, found = trend_of([paper(f"P{i}", year, roles={"m:A": "uses"}) for i, year in enumerate((2001, 2001, 2010))])
    assert (found.first, found.last, dict(found.years)) == (2001, 2010, {2001: 2, 2010: 1})


def test_a_sparkline_is_one_line_of_the_width_asked_for() -> None:
    assert sparkline({2020: 3}, 2020, 2020) == "█"
    assert sparkline({}, 2018, 2021) == "····"
    assert sparkline({2000: 1, 2023: 8}, 2000, 2023) == "▁" + "·" * 22 + "█"
    assert len(sparkline({1958: 1, 2024: 9}, 1958, 2024)) <= 24


@settings(max_examples=40)
@given(papers(), st.randoms(use_true_random=False))
def test_trends_do_not_depend_on_order_and_shares_are_shares(corpus: list[Extraction], chance: random.Random) -> None:
    other = list(corpus)
    chance.shuffle(other)
    span, found = trends(graph_of(*corpus))
    assert (span, found) == trends(graph_of(*other))
    for trend in found:
        assert 0 <= trend.low <= trend.high <= 1 and 0 <= trend.p <= trend.q <= 1
        assert trend.recent <= span.recent and trend.earlier <= span.earlier
        assert sum(trend.years.values()) == trend.recent + trend.earlier


@settings(max_examples=40)
@given(papers(least=1))
def test_a_paper_more_never_lowers_the_papers_of_a_year(corpus: list[Extraction]) -> None:
    before = {trend.entity: trend.years for trend in trends(graph_of(*corpus[:-1]), until=2024)[1]}
    after = {trend.entity: trend.years for trend in trends(graph_of(*corpus), until=2024)[1]}
    for entity, years in before.items():
        assert all(count <= after[entity][year] for year, count in years.items())
