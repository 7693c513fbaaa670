"""Exact binomial intervals and tests for counts of any size, without tables or approximations.

The tail of the binomial distribution is the regularised incomplete beta function, here by its continued fraction (Press
et al., Numerical Recipes, section 6.4); the interval of Clopper and Pearson (1934) is found from it by bisection, and
many tests at once are corrected as Benjamini and Hochberg (1995) do.
"""

import math
from collections.abc import Callable, Iterable

_TINY = 1e-300
_STEPS = 300


def at_least(count: int, trials: int, share: float) -> float:
    """Give the probability of ``count`` or more successes in ``trials`` with the success probability ``share``.

    >>> round(at_least(2, 2, 0.5), 6), at_least(0, 5, 0.1), round(at_least(9, 10, 0.5), 6)
    (0.25, 1.0, 0.010742)
    """
    if count <= 0:
        return 1.0
    return 0.0 if count > trials else _beta(float(count), float(trials - count + 1), share)


def two_sided(count: int, trials: int, share: float) -> float:
    """Give the two-sided p-value of an exact binomial test: twice the smaller tail, which fits `interval`."""
    upper = at_least(count, trials, share)
    lower = 1.0 - at_least(count + 1, trials, share)
    return min(1.0, 2.0 * min(upper, lower))


def interval(count: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Give the Clopper-Pearson interval of a share; it covers the true one at least that often.

    >>> [round(end, 4) for end in interval(8, 10)], [round(end, 4) for end in interval(0, 3)]
    ([0.4439, 0.9748], [0.0, 0.7076])
    """
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if count == 0 else _solve(lambda p: at_least(count, trials, p) - tail)
    high = 1.0 if count == trials else _solve(lambda p: at_least(count + 1, trials, p) - (1.0 - tail))
    return low, high


def false_discovery(values: Iterable[float]) -> list[float]:
    """Give the adjusted p-values (Benjamini and Hochberg), in the order given.

    >>> [round(q, 3) for q in false_discovery([0.01, 0.5, 0.02])]
    [0.03, 0.5, 0.03]
    """
    given = list(values)
    order = sorted(range(len(given)), key=lambda i: (given[i], i), reverse=True)
    adjusted = [1.0] * len(given)
    least = 1.0
    for place, i in enumerate(order):
        least = min(least, given[i] * len(given) / (len(given) - place))
        adjusted[i] = least
    return adjusted


def _solve(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away(1.0 + step * d)
            c = _away(1.0 + step / c)
            value *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
