"""Leaderboards: what each paper reports on a dataset, by metric and setting, the best first.

A board holds absolute values of one metric in one setting; gains ("+2.1 points") are kept beside it and never ranked
with them. Each entry carries its sentence. The numbers are those that abstracts state, as far as they were extracted:
a board is no survey of a field, and says from how many papers it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import networkx as nx

from kg.answers.metrics import Metric
from kg.answers.results import Reported, possible, reported


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a board; equal values share a rank. ``rank`` is 0 where the metric is not known."""

    rank: int
    result: Reported


@dataclass(frozen=True, slots=True)
class Board:
    """The results on one dataset by one metric in one setting, the best first."""

    dataset: str
    metric: Metric | None
    setting: tuple[str, ...]
    entries: tuple[Entry, ...]
    gains: tuple[Reported, ...]
    references: tuple[Reported, ...]
    """Numbers that the sentences only compare with; whose they are is not always said, so they are not ranked."""
    impossible: int
    """Values left out because the metric cannot have them, such as 2010 %."""

    @property
    def papers(self) -> int:
        """Distinct papers behind the board."""
        return len({r.said.paper for r in (*(e.result for e in self.entries), *self.gains, *self.references)})


def leaderboards(
    graph: nx.MultiDiGraph, dataset: str | None = None, *, metric: Metric | None = None
) -> Iterator[Board]:
    """Iterate over the boards of a dataset, or of all: those of known metrics and most papers first.

    To rank families of methods instead of variants, give a graph that is rolled up (`kg.answers.roll_up`).
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Reported]] = defaultdict(list)
    for result in reported(graph):
        if result.dataset is None or dataset not in (None, result.dataset):
            continue
        if metric is None or result.metric == metric:
            groups[result.dataset, result.metric.name if result.metric else "", result.setting].append(result)
    boards = [_board(key[0], key[2], results) for key, results in groups.items()]
    boards.sort(key=_order)
    yield from boards


def _order(board: Board) -> tuple[bool, bool, int, int, str, str, tuple[str, ...]]:
    name = board.metric.name if board.metric else ""
    return (
        board.metric is None,
        not board.entries,
        -board.papers,
        -len(board.entries),
        board.dataset,
        name,
        board.setting,
    )


def _board(dataset: str, setting: tuple[str, ...], results: list[Reported]) -> Board:
    metric = results[0].metric
    absolute = [r for r in results if not r.gain]
    kept = [r for r in absolute if possible(r)]
    compared = [r for r in kept if r.reference]
    return Board(
        dataset=dataset,
        metric=metric,
        setting=setting,
        entries=tuple(_ranked((r for r in kept if not r.reference), metric)),
        gains=tuple(sorted((r for r in results if r.gain), key=_place)),
        references=tuple(sorted(compared, key=_place)),
        impossible=len(absolute) - len(kept),
    )


def _place(result: Reported) -> tuple[float, int, str, str, str]:
    value = result.metric.rank(result.value) if result.metric else 0.0
    year = result.said.year if result.said.year is not None else 9999
    return value, year, result.said.paper, result.method or "", result.written


def _ranked(results: Iterable[Reported], metric: Metric | None) -> Iterator[Entry]:
    rank, last = 0, None
    for number, result in enumerate(sorted(results, key=_place), 1):
        if result.value != last:
            rank, last = number, result.value
        yield Entry(rank if metric else 0, result)
