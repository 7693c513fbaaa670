"""Ask Cypher of processes that may be ended at any time (`viz.app.worker`): a query that runs away dies alone."""

import asyncio
import contextlib
import json
import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viz.app.problem import ProblemError

PROCESSES = 2
"""Queries that run at once; more wait."""

WAITING = 16
"""Queries that may wait; more are refused."""

MEMORY = 1024 * 2**20
"""Bytes that a query may take."""

_GRACE = 2.0
_HEAD = struct.Struct(">Ic")
_WORKER = Path(__file__).with_name("worker.py")


class Asker:
    """Sends queries to a few processes, started when needed and kept. Belongs to one event loop."""

    def __init__(
        self, database: Path, *, changed: bool = False, memory: int = MEMORY, processes: int = PROCESSES
    ) -> None:
        """Ask the database at ``database``, ``changed`` as for `EmbeddedStore`; nothing is started yet."""
        self.database, self.changed, self.memory = database, changed, memory
        self._room = asyncio.Semaphore(processes)
        self._idle: list[asyncio.subprocess.Process] = []
        self._all: set[asyncio.subprocess.Process] = set()
        self._ending: set[asyncio.Future[None]] = set()
        self._waiting = 0

    async def warm(self) -> None:
        """Start a process, so that the first query need not wait for it."""
        async with self._room:
            if not self._idle:
                self._idle.append(await self._start())

    async def ask(
        self, text: str, parameters: Mapping[str, Any], *, timeout: float, limit: int, prepare: str | None = None
    ) -> bytes:
        """Give the answer as the JSON text that `viz.app.worker.encode` writes; cancelling ends the query at once.

        ``text`` is Cypher, or what ``prepare`` makes Cypher of, there and under the same limits (`Served.prepare`).
        Raises ProblemError where the query cannot run as written, takes too long or takes too much memory.
        """
        if self._waiting >= WAITING:
            raise ProblemError(503, "too many queries wait already; try again soon", headers={"Retry-After": "5"})
        request = {
            "text": text,
            "parameters": parameters,
            "timeout": timeout,
            "limit": limit,
            "prepare": prepare,
        }
        try:
            body = json.dumps(request, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ProblemError(400, "the query is not text: it has half of a surrogate pair") from None
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            process = await self._ready()
            kept = False
            try:
                async with asyncio.timeout(timeout + _GRACE):
                    kind, answer = await _exchange(process, body)
                # What reached a limit may have left little memory or a stuck thread behind.
                kept = kind != b"l"
            except TimeoutError:
                raise ProblemError(422, f"the query took longer than {timeout:g} s; narrow it") from None
            except (asyncio.IncompleteReadError, OSError):
                raise ProblemError(422, "the query ended the process that ran it; write it another way") from None
            finally:
                if kept:
                    self._idle.append(process)
                else:
                    self._end(process)
        finally:
            self._room.release()
        if kind == b"r":
            return answer
        if kind == b"b":
            raise RuntimeError(answer.decode())
        raise ProblemError(422 if kind == b"l" else 400, answer.decode())

    async def _ready(self) -> asyncio.subprocess.Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
            self._all.discard(process)
        return await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        # By its path: the package need not be loaded there. It finds the program where this process found it.
        places = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_WORKER),
            str(self.database),
            str(self.memory),
            *(["changed"] if self.changed else []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": places},
            # Ctrl-C in the terminal is for the app, which then ends its processes.
            start_new_session=True,
        )
        self._all.add(process)
        return process

    def _end(self, process: asyncio.subprocess.Process) -> None:
        self._all.discard(process)
        reaping = asyncio.ensure_future(_reap(process))
        self._ending.add(reaping)
        reaping.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End all processes and what runs in them."""
        self._idle.clear()
        for process in list(self._all):
            self._end(process)
        await asyncio.gather(*self._ending, return_exceptions=True)


async def _reap(process: asyncio.subprocess.Process) -> None:
    """Kill a process, and see its pipes closed."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
    process.stdin.close()
    with contextlib.suppress(OSError):
        while await process.stdout.read(2**16):
            pass
    await process.wait()


async def _exchange(process: asyncio.subprocess.Process, body: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
    process.stdin.write(_HEAD.pack(len(body), b"a") + body)
    await process.stdin.drain()
    length, kind = _HEAD.unpack(await process.stdout.readexactly(_HEAD.size))
    return kind, await process.stdout.readexactly(length)
