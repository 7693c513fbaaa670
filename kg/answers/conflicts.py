"""Where papers disagree: other numbers for the same thing, and who beats whom the other way round.

Two numbers conflict where method, dataset, metric and setting are the same, the papers are not, and the values differ
by more than the rounding of the coarser one. That is a reason to look, no proof of an error: abstracts leave out much
of how a number came about. Who beats whom is read from two numbers of one paper, or from a sentence with the words "A
outperforms B"; `Win.how` says which.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from kg.answers.metrics import Metric
from kg.answers.results import Reported, possible, reported
from kg.answers.support import Said, name_of, said
from kg.model import Relation


@dataclass(frozen=True, slots=True)
class Different:
    """Different values for the same method, dataset, metric and setting; the values from low to high."""

    method: str
    dataset: str
    metric: Metric
    setting: tuple[str, ...]
    values: tuple[Reported, ...]

    @property
    def spread(self) -> float:
        """The distance between the lowest and the highest, in the metric's unit."""
        return round(self.values[-1].value - self.values[0].value, 10)


@dataclass(frozen=True, slots=True)
class Win:
    """A paper says that one method is better than another."""

    winner: str
    loser: str
    how: str
    """The words that say it, or the two numbers."""
    said: Said


@dataclass(frozen=True, slots=True)
class Reversal:
    """Papers say that ``a`` beats ``b``, and other papers that ``b`` beats ``a``."""

    a: str
    b: str
    for_a: tuple[Win, ...]
    for_b: tuple[Win, ...]


def different_values(graph: nx.MultiDiGraph) -> list[Different]:
    """Give the numbers on which papers differ, the widest apart first (relative to the higher one)."""
    found = []
    for (method, dataset, _, setting), results in sorted(_measured(graph).items(), key=lambda item: item[0]):
        if any(_differ(a, b) for a, b in combinations(results, 2) if a.said.paper != b.said.paper):
            values = tuple(sorted(results, key=lambda r: (r.value, r.said.paper)))
            metric = results[0].metric
            if metric is not None:
                found.append(Different(method, dataset, metric, setting, values))
    return sorted(found, key=lambda d: (-d.spread / max(abs(d.values[-1].value), 1e-9), d.method, d.dataset))


def reported_twice(graph: nx.MultiDiGraph) -> int:
    """Count the things (method, dataset, metric, setting) whose value two papers or more give: what could differ."""
    return sum(len({result.said.paper for result in results}) > 1 for results in _measured(graph).values())


def _measured(graph: nx.MultiDiGraph) -> dict[tuple[str, str, str, tuple[str, ...]], list[Reported]]:
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Reported]] = defaultdict(list)
    for result in reported(graph):
        measured = not result.gain and not result.reference and possible(result)
        if result.method and result.dataset and result.metric and measured:
            groups[result.method, result.dataset, result.metric.name, result.setting].append(result)
    return groups


def _differ(a: Reported, b: Reported) -> bool:
    decimals = min(_decimals(a.value), _decimals(b.value))
    return bool(abs(round(a.value, decimals) - round(b.value, decimals)) > 1.001 / 10**decimals)


def _decimals(value: float) -> int:
    text = repr(value)
    return 0 if text.endswith(".0") else len(text.partition(".")[2])


def reversals(graph: nx.MultiDiGraph) -> list[Reversal]:
    """Give the pairs of methods that papers rank both ways, those with most papers first."""
    wins: dict[tuple[str, str], dict[str, Win]] = defaultdict(dict)
    for win in who_beats_whom(graph):
        wins[win.winner, win.loser].setdefault(win.said.paper, win)
    found = []
    for a, b in sorted(wins):
        if a < b and (b, a) in wins:
            for_a, for_b = wins[a, b], wins[b, a]
            # A paper that says both compares in several ways and is on neither side.
            left = tuple(for_a[paper] for paper in sorted(for_a) if paper not in for_b)
            right = tuple(for_b[paper] for paper in sorted(for_b) if paper not in for_a)
            if left and right:
                found.append(Reversal(a, b, left, right))
    return sorted(found, key=lambda r: (-len(r.for_a) - len(r.for_b), r.a, r.b))


def who_beats_whom(graph: nx.MultiDiGraph) -> Iterator[Win]:
    """Iterate over what papers say of which method is better: by numbers, then by words."""
    yield from _by_numbers(graph)
    yield from _by_words(graph)


def _by_numbers(graph: nx.MultiDiGraph) -> Iterator[Win]:
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Reported]] = defaultdict(list)
    for result in reported(graph):
        if result.method and result.dataset and result.metric and not result.gain and possible(result):
            groups[result.said.paper, result.dataset, result.metric.name, result.setting].append(result)
    for (_, dataset, _, _), results in sorted(groups.items(), key=lambda item: item[0]):
        best: dict[str, Reported] = {}
        for result in results:
            known = best.get(result.method or "")
            metric = result.metric
            if metric is not None and (known is None or metric.better(result.value, known.value)):
                best[result.method or ""] = result
        for a, b in combinations(sorted(best), 2):
            x, y = best[a], best[b]
            if x.metric is None or x.value == y.value:
                continue
            winner, loser = (x, y) if x.metric.better(x.value, y.value) else (y, x)
            how = f"{x.metric.name} on {name_of(graph, dataset)}: {winner.written} against {loser.written}"
            yield Win(winner.method or "", loser.method or "", how, winner.said)


_BETTER = re.compile(
    r"\b(?:outperform(?:s|ed|ing)?|surpass(?:es|ed|ing)?|beat(?:s|ing)?|exceed(?:s|ed)?|better than|superior to|"
    r"ahead of|more accurate than|improv(?:es|ed|ing) (?:up)?on|wins? against|above)\b",
    re.IGNORECASE,
)
_WORSE = re.compile(
    r"\b(?:(?:is|are|was|were) outperformed by|worse than|inferior to|lags? behind|behind|falls? short of|"
    r"less accurate than|loses? (?:to|against)|below)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|n't|never|nor|neither|without|no|if|whether|may|might|hardly|rarely)\b", re.IGNORECASE)
_FAR = 90


def _by_words(graph: nx.MultiDiGraph) -> Iterator[Win]:
    for source, target, relation, data in sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3]):
        if relation != Relation.COMPARED_WITH.value or source == target:
            continue
        for sentence in said(graph, data):
            for subject, other in ((source, target), (target, source)):
                verdict = _verdict(sentence.sentence, _forms(graph, subject), _forms(graph, other))
                if verdict is not None:
                    better, words = verdict
                    winner, loser = (subject, other) if better else (other, subject)
                    yield Win(winner, loser, f'the words "{words}"', sentence)


def _forms(graph: nx.MultiDiGraph, node: str) -> list[str]:
    data = graph.nodes[node]
    return sorted({data["name"], *data.get("aliases", ())}, key=lambda form: (-len(form), form))


def _verdict(sentence: str, subject: list[str], other: list[str]) -> tuple[bool, str] | None:
    """Tell whether a sentence says that the subject is better (or worse) than the other, and in which words.

    The subject stands before the words and the other behind them, in one clause and near; a denial before them ends it.
    """
    first, second = _spans(sentence, subject), _spans(sentence, other)
    for pattern, better in ((_WORSE, False), (_BETTER, True)):
        for cue in pattern.finditer(sentence):
            before = [end for start, end in first if end <= cue.start()]
            behind = [start for start, end in second if start >= cue.end()]
            if not before or not behind:
                continue
            if _DENIED.search(re.split(r"[,;:]|\. ", sentence[: cue.start()])[-1]):
                continue
            left, right = sentence[before[-1] : cue.start()], sentence[cue.end() : behind[0]]
            if (
                len(left) > _FAR
                or len(right) > _FAR
                or re.search(r"[;:]|\. |, (?:and|but|while|whereas) ", left + right)
            ):
                continue
            if re.search(r"\b(?:by|than|with|but)\b", right) or re.search(r"\d", left):
                continue
            if (
                better
                and re.search(r"\b(?:is|are|was|were) $", left)
                and cue.group().lower().startswith("outperformed")
            ):
                continue
            return better, cue.group()
    return None


def _spans(sentence: str, forms: list[str]) -> list[tuple[int, int]]:
    patterns = (rf"(?<![\w-]){re.escape(form)}(?![\w]|-\w)" for form in forms)
    return sorted(match.span() for pattern in patterns for match in re.finditer(pattern, sentence))
