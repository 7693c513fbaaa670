"""Say how far the figures can be trusted: bootstrap over papers (Efron and Tibshirani 1993, percentile intervals).

Papers, not mentions, are drawn, because the mentions of one paper are not independent. Figures are micro-averages, so a
draw is a weighted sum of the papers' counts and a thousand draws are one matrix product.
"""

import numpy as np
from numpy.typing import NDArray

from kg.errors import UsageError
from kg.evaluate.measure import Report

Floats = NDArray[np.float64]


def intervals(
    report: Report, *, samples: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Give the interval of each measure's F1, and of the accuracy of ``names``, at the given level."""
    if not report.papers:
        return {}
    weights = _draws(len(report.papers), samples, seed)
    return {row: _bounds(values, level) for row, values in _values(report, weights).items()}


def differences(
    a: Report, b: Report, *, samples: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, tuple[float, float], float]]:
    """Give, a measure, F1 of ``b`` less that of ``a``, its interval, and the two-sided p-value, drawn in pairs.

    Raises UsageError when the two reports are not over the same papers in the same order.
    """
    if [p.gold["id"] for p in a.papers] != [p.gold["id"] for p in b.papers]:
        raise UsageError("the two reports are not over the same papers; score both against the same gold")
    if not a.papers:
        return {}
    weights = _draws(len(a.papers), samples, seed)
    whole = np.ones((1, len(a.papers)))
    drawn_a, drawn_b = _values(a, weights), _values(b, weights)
    value_a, value_b = _values(a, whole), _values(b, whole)
    result = {}
    for row in drawn_a:
        change = drawn_b[row] - drawn_a[row]
        tail = min((np.sum(change <= 0) + 1) / (samples + 1), (np.sum(change >= 0) + 1) / (samples + 1))
        result[row] = (float(value_b[row][0] - value_a[row][0]), _bounds(change, level), float(min(1.0, 2 * tail)))
    return result


def compare(
    a: Report,
    b: Report,
    *,
    names: tuple[str, str] = ("a", "b"),
    samples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> str:
    """Write two reports over the same papers side by side: F1 of each, the difference, its interval and p-value."""
    rows = differences(a, b, samples=samples, seed=seed, level=level)
    width = max(8, *(len(name) for name in names))
    lines = [f"{'F1':24} {names[0]:>{width}} {names[1]:>{width}}  {'change':>7}  {f'{level:.0%} interval':18}       p"]
    records = a.to_record(), b.to_record()
    for row, (change, (low, high), p) in rows.items():
        first, second = (r[row].get("f1", r[row].get("accuracy", 0.0)) for r in records)
        sure = " *" if low > 0 or high < 0 else ""
        interval = f"[{low:+.3f}, {high:+.3f}]"
        lines.append(f"{row:24} {first:{width}.3f} {second:{width}.3f}  {change:+7.3f}  {interval}  {p:8.3f}{sure}")
    return "\n".join([*lines, "* the interval leaves out 0"])


def _draws(papers: int, samples: int, seed: int) -> Floats:
    """Give ``samples`` x ``papers``: how often each paper was drawn."""
    draws = np.random.default_rng(seed).multinomial(papers, np.full(papers, 1 / papers), size=samples)
    return draws.astype(np.float64)


def _values(report: Report, weights: Floats) -> dict[str, Floats]:
    """Give each measure's value under each draw, by name of the measure."""
    values = {}
    for row in report.figures:
        counts = np.array([paper.tallies[row] for paper in report.papers], dtype=np.float64)
        hit, extra, missed = (weights @ counts).T
        p = hit / np.maximum(1, hit + extra)
        r = hit / np.maximum(1, hit + missed)
        values[row] = 2 * p * r / np.maximum(1e-9, p + r)
    counts = np.array([(paper.same_names, len(paper.pairs)) for paper in report.papers], dtype=np.float64)
    same, matched = (weights @ counts).T
    values["names"] = same / np.maximum(1, matched)
    return dict(sorted(values.items()))


def _bounds(values: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
