"""Work in several processes of this machine: bounded, in order, and outliving the processes.

This module does not know what the work is; `kg.cluster` does the same on other machines.
"""

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from kg.errors import KGError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def collect_seldom() -> None:
    """Have this process of ours look less often for objects that refer to each other in a circle.

    Records are many small objects that refer to nothing in a circle: to look for that takes up to a tenth of the time.
    """
    gc.set_threshold(200_000, 20, 20)


@dataclass(frozen=True, slots=True)
class Work(Generic[T, R]):
    """What processes are to do with a batch, how each begins, and a batch that is no trouble to any."""

    do: Callable[[list[T]], R]
    begin: Callable[[], None]
    probe: list[T]

    def start(self) -> "ProcessPoolExecutor":
        """Start one process."""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        return ProcessPoolExecutor(1, get_context("spawn"), _begin, (self.begin,))

    def alone(self, batch: list[T]) -> R:
        """Work in a process that does nothing else; raises BrokenProcessPool where that dies."""
        with self.start() as pool:
            return pool.submit(self.do, batch).result()

    def outlive(self, batch: list[T]) -> Iterator[tuple[list[T], R | None]]:
        """Work on a batch whose process died, once more and then thing by thing; None where that dies too."""
        try:
            yield batch, self.alone(batch)
            return
        except BrokenProcessPool:
            pass
        try:
            self.alone(self.probe)
        except BrokenProcessPool:
            what = "the processes that extract die at once; free some memory, or see why with --processes 1"
            raise KGError(what) from None
        for thing in batch:
            try:
                done = self.alone([thing])
            except BrokenProcessPool:
                yield [thing], None
            else:
                yield [thing], done


@dataclass(slots=True)
class _Lane(Generic[T, R]):
    """One process and what it is to do; each has its own pool, so that a death breaks no other's work."""

    work: Work[T, R]
    pool: "ProcessPoolExecutor"
    given: "list[Future[R]]" = field(default_factory=list)

    def waiting(self) -> int:
        """Count the batches that it has not done."""
        self.given = [future for future in self.given if not future.done()]
        return len(self.given)

    def submit(self, batch: list[T]) -> "Future[R]":
        """Give the process another batch; one that is dead is replaced."""
        try:
            future = self.pool.submit(self.work.do, batch)
        except BrokenProcessPool:
            self.pool.shutdown(wait=False)
            self.pool = self.work.start()
            future = self.pool.submit(self.work.do, batch)
        self.given.append(future)
        return future


def in_processes(batches: Iterator[list[T]], work: Work[T, R], processes: int) -> Iterator[tuple[list[T], R | None]]:
    """Give each batch with what came of it, in order; at most two batches a process are under way.

    A batch whose process died is tried once more in a fresh one and then thing by thing; what comes of a thing that
    kills its process is None. Raises KGError where processes die without reason.
    """
    lanes = [_Lane(work, work.start()) for _ in range(processes)]
    under_way: deque[tuple[list[T], Future[R]]] = deque()
    try:
        while True:
            while len(under_way) < 2 * processes and (batch := next(batches, None)):
                lane = min(lanes, key=_Lane.waiting)
                under_way.append((batch, lane.submit(batch)))
            if not under_way:
                return
            batch, future = under_way.popleft()
            try:
                done = future.result()
            except BrokenProcessPool:
                yield from work.outlive(batch)
            else:
                yield batch, done
    finally:
        for lane in lanes:
            lane.pool.shutdown(wait=False, cancel_futures=True)


def _begin(begin: Callable[[], None]) -> None:
    """Make a process ready: it ends with the one that started it, however that ends, and at Ctrl-C without a word."""
    from multiprocessing import connection, parent_process

    parent = parent_process()

    def end_with_it() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    collect_seldom()
    begin()
