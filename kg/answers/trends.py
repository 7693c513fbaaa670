"""What rises and what falls: papers per year of a method, dataset or task, and its share of all papers of the year.

The test compares the last years with all earlier ones. Of the papers that speak of a thing, some fall into the last
years; if nothing had changed, each would with the probability that any paper of the graph does. That is an exact
binomial test with its Clopper-Pearson interval: it holds for small counts. As many things are tested at once, p-values
are corrected for false discoveries (Benjamini and Hochberg) before anything is called rising or falling. Papers
without a year are left out and counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from kg.answers.interval import false_discovery, interval, two_sided
from kg.answers.support import entities, papers, papers_of

Verdict = Literal["rising", "falling", "perhaps rising", "perhaps falling", "level", "too few"]

LEVEL = 0.05
"""An uncorrected p-value below this is "perhaps"; a corrected one below it is a finding."""


@dataclass(frozen=True, slots=True)
class Window:
    """The years that are compared, and how the papers of the whole graph fall into them."""

    first: int
    since: int
    last: int
    papers: Mapping[int, int]
    """Papers of each year, of all subjects."""
    without_year: int

    @property
    def recent(self) -> int:
        """Papers of the last years."""
        return sum(count for year, count in self.papers.items() if year >= self.since)

    @property
    def earlier(self) -> int:
        """Papers of the years before."""
        return sum(count for year, count in self.papers.items() if year < self.since)

    @property
    def expected(self) -> float:
        """The part of all papers that is of the last years: what a thing that does not change has too."""
        total = self.recent + self.earlier
        return self.recent / total if total else 0.0

    @property
    def says_nothing(self) -> str:
        """Why no trend can be told from these years; empty where one can."""
        if not self.papers:
            return "no paper has a year"
        if not self.earlier:
            return f"all papers are of {self.first} to {self.last}: there is nothing earlier to compare with"
        return ""


@dataclass(frozen=True, slots=True)
class Trend:
    """How much is written of one thing over the years."""

    entity: str
    years: Mapping[int, int]
    """Distinct papers of each year that has any."""
    recent: int
    earlier: int
    share_recent: float
    """Of all papers of the last years, the part that speaks of it."""
    share_earlier: float
    low: float
    high: float
    """The 95 % interval of the part of its papers that is of the last years; compare `Window.expected`."""
    p: float
    q: float
    """``p`` corrected for the number of things tested."""
    verdict: Verdict

    @property
    def first(self) -> int | None:
        """The year of the first paper that speaks of it."""
        return min(self.years, default=None)

    @property
    def last(self) -> int | None:
        """The year of the last."""
        return max(self.years, default=None)


def window(graph: nx.MultiDiGraph, *, years: int = 3, until: int | None = None) -> Window:
    """Give the last ``years`` years up to ``until`` (default: the last year of any paper) and all before them."""
    dated = Counter(year for year in papers(graph).values() if year is not None)
    last = until if until is not None else max(dated, default=0)
    kept = {year: dated[year] for year in sorted(dated) if year <= last}
    missing = sum(1 for year in papers(graph).values() if year is None)
    return Window(min(kept, default=0), last - years + 1, last, kept, missing)


def trends(
    graph: nx.MultiDiGraph,
    label: str | None = None,
    *,
    only: Iterable[str] | None = None,
    years: int = 3,
    until: int | None = None,
) -> tuple[Window, list[Trend]]:
    """Give the trend of every entity (with one label, or of ``only``): findings first, then by how far they moved.

    For families instead of variants give a graph that is rolled up. Tested are the things with enough papers for any
    split of them to be a finding; the others are "too few".
    """
    span = window(graph, years=years, until=until)
    chosen = list(entities(graph, label)) if only is None else sorted(set(only))
    counted = []
    for entity in chosen:
        count = Counter(year for year in papers_of(graph, entity).values() if year is not None and year <= span.last)
        recent = sum(number for year, number in count.items() if year >= span.since)
        counted.append((entity, count, recent, sum(count.values()) - recent))
    tested = [_can_tell(recent + earlier, span) for _, _, recent, earlier in counted]
    values = [two_sided(recent, recent + earlier, span.expected) for _, _, recent, earlier in counted]
    corrected = iter(false_discovery(p for p, told in zip(values, tested, strict=True) if told))
    found = []
    for (entity, count, recent, earlier), p, told in zip(counted, values, tested, strict=True):
        q = next(corrected) if told else 1.0
        low, high = interval(recent, recent + earlier) if recent + earlier else (0.0, 1.0)
        found.append(
            Trend(
                entity=entity,
                years={year: count[year] for year in sorted(count)},
                recent=recent,
                earlier=earlier,
                share_recent=recent / span.recent if span.recent else 0.0,
                share_earlier=earlier / span.earlier if span.earlier else 0.0,
                low=low,
                high=high,
                p=p if told else 1.0,
                q=q,
                verdict=_verdict(recent, recent + earlier, span.expected, p, q) if told else "too few",
            )
        )
    found.sort(key=lambda t: (t.verdict == "too few", t.q, t.p, -t.recent - t.earlier, t.entity))
    return span, found


def _can_tell(total: int, span: Window) -> bool:
    """Tell whether so many papers could show a change at all, were they all recent or all early."""
    if span.says_nothing or not total:
        return False
    return min(two_sided(total, total, span.expected), two_sided(0, total, span.expected)) < LEVEL


def _verdict(recent: int, total: int, expected: float, p: float, q: float) -> Verdict:
    up = recent > expected * total
    if q < LEVEL:
        return "rising" if up else "falling"
    if p < LEVEL:
        return "perhaps rising" if up else "perhaps falling"
    return "level"


def sparkline(years: Mapping[int, int], first: int, last: int, *, width: int = 24) -> str:
    """Draw papers per year as one line of bars; long spans take several years a bar, an empty one is a dot.

    >>> sparkline({2018: 1, 2020: 4, 2021: 8}, 2018, 2021)
    '▁·▄█'
    """
    span = max(1, last - first + 1)
    step = -(-span // width)
    counts = [
        sum(years.get(year, 0) for year in range(last - step * (i + 1) + 1, last - step * i + 1))
        for i in range(-(-span // step))
    ][::-1]
    most = max(counts, default=0)
    return "".join("·" if not n else "▁▂▃▄▅▆▇█"[max(0, -(-8 * n // most) - 1)] for n in counts)
