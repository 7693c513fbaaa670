"""The metrics of the field: which way is better, the unit, and the names people use.

``metrics.tsv`` is edited by hand (columns ``name direction unit aliases``; ``|`` separates aliases). A metric's unit
"%" also means that its values lie in 0..100 and that 0.93 is written for 93 %. Abbreviations of capitals (AP, IS, LAS,
WER) match in exact case and as whole words alone: they stand inside "class", "is" and "lower" too.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of quality or cost; ``direction`` says whether more or less of it is better."""

    name: str
    direction: Literal["up", "down"]
    unit: str
    aliases: tuple[str, ...] = ()

    def better(self, a: float, b: float) -> bool:
        """Tell whether the value ``a`` is better than ``b``.

        >>> find_metric("error rate").better(3.1, 4.0), find_metric("top-1").better(3.1, 4.0)
        (True, False)
        """
        return a > b if self.direction == "up" else a < b

    def rank(self, value: float) -> float:
        """Give a sort key: the best value first."""
        return -value if self.direction == "up" else value


@dataclass(frozen=True, slots=True)
class Named:
    """A place in a text that names a metric."""

    start: int
    end: int
    metric: Metric


@cache
def metrics() -> Mapping[str, Metric]:
    """Give all metrics by name, in the order of the table."""
    text = resources.files("kg.answers").joinpath("metrics.tsv").read_text("utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        direction: Literal["up", "down"] = "up" if row["direction"] == "up" else "down"
        aliases = tuple(alias for alias in row["aliases"].split("|") if alias)
        found[row["name"]] = Metric(row["name"], direction, row["unit"], aliases)
    return MappingProxyType(found)


def find_metric(text: str) -> Metric | None:
    """Give the metric that ``text`` is a name of, with or without words such as "mean" or "test" before it.

    >>> [m.name for t in ("top-1 accuracy", "mIoU", "box AP", "word error rate") if (m := find_metric(t))]
    ['Top-1 Accuracy', 'mIoU', 'Box AP', 'WER']
    >>> find_metric("is"), find_metric("performance")
    (None, None)
    """
    rest = " ".join(text.split()).strip(" .,:;()")
    while rest:
        known = _known(rest)
        if known is not None:
            return known
        shorter = _QUALIFIER.sub("", rest, count=1)
        if shorter == rest:
            return None
        rest = shorter
    return None


def named_metrics(text: str) -> Iterator[Named]:
    """Iterate over the places in a text that name a metric, left to right, the longest name at each."""
    for match in _pattern().finditer(text):
        metric = _known(match.group())
        if metric is not None:
            yield Named(match.start(), match.end(), metric)


_QUALIFIER = re.compile(
    r"^(?:mean|average|averaged|overall|weighted|test|testing|validation|val|final|best|word-level|classification|linear|"
    r"absolute|relative|image-level|pixel-level|inference|training|zero-?shot|few-?shot|(?:one|two|five|\d+)-?shot|"
    r"wall-clock|character|word|standard|clean|single-crop|single-model)[\s-]+",
    re.IGNORECASE,
)


def _known(text: str) -> Metric | None:
    exact, folded = _names()
    return exact.get(_plain(text)) or folded.get(_plain(text).casefold())


def _plain(text: str) -> str:
    return re.sub(r"[\s\u2010-\u2015-]+", " ", text)


def _cased(form: str) -> bool:
    """True for an abbreviation that is also a part of words: few letters, most of them capitals."""
    letters = [c for c in form if c.isalpha()]
    return " " not in form and len(letters) <= 5 and sum(c.isupper() for c in letters) * 2 > len(letters)


@cache
def _names() -> tuple[Mapping[str, Metric], Mapping[str, Metric]]:
    exact: dict[str, Metric] = {}
    folded: dict[str, Metric] = {}
    for metric in metrics().values():
        for form in (metric.name, *metric.aliases):
            plain = _plain(form)
            if _cased(form):
                exact.setdefault(plain, metric)
            else:
                folded.setdefault(plain.casefold(), metric)
    return exact, folded


@cache
def _pattern() -> re.Pattern[str]:
    forms = sorted({f for m in metrics().values() for f in (m.name, *m.aliases)}, key=lambda f: (-len(f), f))
    parts = []
    for form in forms:
        written = r"[\s\u2010-\u2015-]".join(re.escape(word) for word in re.split(r"[\s-]+", form))
        parts.append(written if _cased(form) else f"(?i:{written})")
    return re.compile(r"(?<![\w@/.-])(?:" + "|".join(parts) + r")(?![\w@]|-\w)")
