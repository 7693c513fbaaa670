"""Work on a Dask cluster: bounded, in order, and outliving its workers. The one door to ``distributed``.

What goes to the workers are bytes, which ``kg.pipeline`` writes as JSON, and the name of the function that answers
them; what comes back are bytes: no object or code of ours is pickled. Dask's own protocol does pickle, so whoever
can reach the scheduler can run code on the workers and here: the cluster has to be one's own (SECURITY.md).

A worker that dies costs the batches that it had: the scheduler gives them to others. What kills worker after worker
(more than Dask's ``distributed.scheduler.allowed-failures``) comes back, and is tried thing by thing with nothing else
of ours under way, so that no thing is blamed for another.

This module does not know what the work is; `kg.processes` does the same on one machine. Dask's own configuration
(``~/.config/dask``, ``DASK_...``) says how TLS is done and how long to wait for a scheduler; ``kg.wait-for-workers``
in it (``DASK_KG__WAIT_FOR_WORKERS``), how long to wait where there is no worker.
"""

import logging
import operator
import pkgutil
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from kg.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")

log = logging.getLogger(__name__)

_WAIT = "2 minutes"
"""How long to wait for a worker where there is none."""

_LOOK = 1.0
"""Seconds between looks at the workers."""

_KEPT = "what was done is kept, the same command goes on"


class WorkersDiedError(Exception):
    """The scheduler has given a task up: the workers that had it died."""


@dataclass(frozen=True, slots=True)
class Questions(Generic[T]):
    """What workers are asked: ``ask`` writes the question about a batch, ``answer`` names what answers it there.

    The name is as ``pkgutil.resolve_name`` has it, of a function from bytes to bytes. ``probe`` is a batch that is no
    trouble to any.
    """

    ask: Callable[[list[T]], bytes]
    answer: str
    probe: list[T]


def on_cluster(
    batches: Iterator[list[T]], questions: Questions[T], address: str
) -> Iterator[tuple[list[T], bytes | None]]:
    """Give each batch with the answer about it, in order; at most two batches a worker are under way.

    A batch whose workers died one after the other is tried thing by thing; the answer about a thing that kills its
    workers is None. Raises ClusterError where there is no scheduler, it is lost, or there are no workers.
    """
    first = next(batches, None)
    if first is None:
        return
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UsageError(
            "--cluster needs Dask, which is not installed; pip install '.[cluster]' in kg's clone"
        ) from None
    _check(address)
    patience = _patience()
    with _connected(address) as client:
        cluster = _Cluster(client, address, questions, patience)
        batches = chain([first], batches)
        under_way: deque[tuple[list[T], Future[bytes]]] = deque()
        while True:
            while len(under_way) < 2 * max(1, cluster.workers()) and (batch := next(batches, None)):
                under_way.append((batch, cluster.submit(batch)))
            if not under_way:
                return
            batch, future = under_way.popleft()
            try:
                answer = cluster.result(future)
            except WorkersDiedError:
                for _, other in under_way:
                    cluster.settle(other)
                yield from cluster.outlive(batch)
            else:
                yield batch, answer


@dataclass(slots=True)
class _Cluster(Generic[T]):
    client: "Client"
    address: str
    questions: Questions[T]
    patience: float
    seen: int = 0
    looked: float = -_LOOK
    empty_since: float | None = None

    def submit(self, batch: list[T]) -> "Future[bytes]":
        """Have a batch answered."""
        # The function is found by its name when the task runs: a function that a worker or the scheduler cannot import
        # breaks their connections before anything can tell of it. The key is new: no other build's answer is taken.
        key = f"kg-{uuid.uuid4().hex}"
        call = (operator.call, (pkgutil.resolve_name, self.questions.answer), self.questions.ask(batch))
        with _losing(self.address):
            return cast("Future[bytes]", self.client.get({key: call}, key, sync=False))

    def workers(self) -> int:
        """Count the workers, as seen within the last second; raises ClusterError where none came for too long."""
        now = time.monotonic()
        if now - self.looked < _LOOK:
            return self.seen
        with _losing(self.address):
            self.seen = len(self.client.nthreads())
        self.looked = now
        if self.seen:
            self.empty_since = None
        elif self.empty_since is None:
            self.empty_since = now
            log.warning("%s: no worker; waiting up to %g s for one", self.address, self.patience)
        elif now - self.empty_since > self.patience:
            what = f"{self.address}: no worker for {self.patience:g} s"
            raise ClusterError(f"{what}; start some with: dask worker {self.address}; {_KEPT}")
        return self.seen

    def settle(self, future: "Future[bytes]") -> None:
        """Wait until a batch is answered or given up."""
        while True:
            self.workers()
            with _losing(self.address):
                try:
                    future.exception(timeout=_LOOK)
                    return
                except TimeoutError:
                    continue

    def result(self, future: "Future[bytes]") -> bytes:
        """Wait for an answer; raises WorkersDiedError, and ClusterError where workers have no kg."""
        from distributed import CancelledError, KilledWorker

        self.settle(future)
        with _losing(self.address):
            try:
                answer = future.result()
            except KilledWorker:
                raise WorkersDiedError from None
            except (OSError, CancelledError):
                raise
            except (ImportError, AttributeError) as error:
                what = f"{self.address}: a worker cannot run this kg ({_line(error)})"
                raise ClusterError(f"{what}; install the same kg[cluster] there") from error
            except Exception as error:
                raise ClusterError(f"{self.address}: a worker failed ({_line(error)}); see its log; {_KEPT}") from error
        if not isinstance(answer, bytes):
            raise ClusterError(f"{self.address}: an answer that is no answer")
        return answer

    def alone(self, batch: list[T]) -> bytes:
        """Have a batch answered with nothing else of ours under way."""
        return self.result(self.submit(batch))

    def outlive(self, batch: list[T]) -> Iterator[tuple[list[T], bytes | None]]:
        """Give a batch thing by thing."""
        try:
            self.alone(self.questions.probe)
        except WorkersDiedError:
            raise ClusterError(f"{self.address}: the workers die at once; see why in their logs") from None
        for thing in batch:
            try:
                answer = self.alone([thing])
            except WorkersDiedError:
                yield [thing], None
            else:
                yield [thing], answer


@contextmanager
def _connected(address: str) -> Iterator["Client"]:
    """Be a client of the scheduler at ``address``; what its workers have not done is forgotten at the end."""
    from distributed import Client

    with _quiet():
        try:
            client = Client(address, set_as_default=False, name="kg")
        except OSError as error:
            what = f"{address}: no Dask scheduler answers ({_line(error)})"
            raise ClusterError(f"{what}; start one with: dask scheduler") from error
        try:
            yield client
        finally:
            client.close(timeout=5)


def _check(address: str) -> None:
    """Raise UsageError for what is no address, and for TLS without certificates."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend
    from distributed.security import Security

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
    except ValueError as error:
        raise UsageError(f"--cluster {address!r}: {error}; give one such as tcp://scheduler:8786") from error
    try:
        arguments = Security().get_connection_args("client")
    except (OSError, ValueError) as error:
        raise UsageError(f"distributed.comm.tls in Dask's configuration: {_line(error)}") from error
    if scheme in ("tls", "wss") and arguments.get("ssl_context") is None:
        raise UsageError(f"--cluster {address}: no certificates; set distributed.comm.tls in Dask's configuration")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log, which tells of lost connections at length, from standard error: an error says it in a line."""
    loggers = [logging.getLogger(name) for name in sorted(logging.root.manager.loggerDict) if _is_dask(name)]
    before = [log.disabled for log in loggers]
    for log in loggers:
        log.disabled = True
    try:
        yield
    finally:
        for log, disabled in zip(loggers, before, strict=True):
            log.disabled = disabled


def _is_dask(logger: str) -> bool:
    return logger.partition(".")[0] in ("distributed", "tornado")


@contextmanager
def _losing(address: str) -> Iterator[None]:
    """Say in a line that the scheduler is lost, where that is so."""
    from distributed import CancelledError

    try:
        yield
    except (OSError, CancelledError) as error:
        raise ClusterError(f"{address}: the Dask scheduler is lost; start it again; {_KEPT}") from error


def _patience() -> float:
    import dask
    from dask.utils import parse_timedelta

    try:
        return float(parse_timedelta(dask.config.get("kg.wait-for-workers", _WAIT)))
    except (ValueError, KeyError, TypeError):
        raise UsageError("kg.wait-for-workers in Dask's configuration: no time; give one such as 10 minutes") from None


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
