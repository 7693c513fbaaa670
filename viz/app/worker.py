"""Answer Cypher in a process of its own, so that a query that runs away takes nothing with it.

The embedded engine is asked to stop after a time and to keep its buffers small, but a single function call
(``range(1, 10000000000)``) heeds neither. Here a thread watches the memory of the process and ends it; whoever started
the process (`viz.app.asking`) ends it when it is late. Requests and answers are framed JSON on standard input and
output; nothing is unpickled. Run by its path, because importing the package ``viz`` would cost most of its start.
"""

import contextlib
import json
import os
import struct
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from kg.errors import KGError
from kg.store.embedded import EmbeddedStore
from kg.store.memory import resident

ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes of JSON in an answer; rows that do not fit are left out and the answer is marked as cut."""

HEAD = struct.Struct(">Ic")
"""Length of what follows, and what it is: r(ows), q(uery error), l(imit), b(ug)."""

_TICK = 0.02


def encode(columns: tuple[str, ...], rows: Any, truncated: bool) -> bytes:
    """Write an answer as JSON, as many rows as `ANSWER_LIMIT` allows.

    >>> encode(("n",), [(1,)], False)
    b'{"columns":["n"],"rows":[[1]],"truncated":false}'
    """
    parts: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size += len(text.encode("utf-8", "replace")) + 1
        if size > ANSWER_LIMIT:
            truncated = True
            break
        parts.append(text)
    names = json.dumps(columns, ensure_ascii=False)
    text = f'{{"columns":{names},"rows":[{",".join(parts)}],"truncated":{json.dumps(truncated)}}}'
    return text.encode("utf-8", "replace")


def answer(store: EmbeddedStore, request: dict[str, Any]) -> tuple[bytes, bytes]:
    """Answer one request: what the reply is, and the reply."""
    try:
        cypher, values = request["text"], request["parameters"]
        if request["prepare"]:
            module, _, name = request["prepare"].partition(":")
            cypher, values = getattr(import_module(module), name)(store, cypher, values)
        rows = store.query(cypher, values, timeout=request["timeout"], limit=request["limit"])
        return b"r", encode(rows.columns, rows, rows.truncated)
    except KGError as error:
        told = str(error)
        limit = told.startswith(("the query took more", "the query took longer"))
        return b"l" if limit else b"q", told.encode("utf-8", "replace")
    except Exception as error:
        return b"b", f"{type(error).__name__}: {error}".encode("utf-8", "replace")


class Watch:
    """Ends the process when it has too much memory, or nobody to answer to."""

    def __init__(self, out: BinaryIO, limit: int) -> None:
        """Watch for ``limit`` bytes."""
        self.out, self.limit = out, limit
        self.busy = threading.Event()
        self.lock = threading.Lock()
        self.parent = os.getppid()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self.busy.wait()
            if os.getppid() != self.parent:
                os._exit(0)
            if resident() > self.limit:
                self._give_up()
            time.sleep(_TICK)

    def _give_up(self) -> None:
        with self.lock:
            if self.busy.is_set():
                told = f"the query took more than {self.limit // 2**20:,} MB of memory; narrow it"
                with contextlib.suppress(OSError):
                    reply(self.out, b"l", told.encode())
                os._exit(1)


def reply(out: BinaryIO, kind: bytes, body: bytes) -> None:
    """Write one framed answer."""
    out.write(HEAD.pack(len(body), kind) + body)
    out.flush()


def main(database: str, limit: int, changed: bool) -> None:
    """Answer requests from standard input until it ends."""
    if hasattr(os, "nice"):
        # Looking round the graph goes on while a query runs.
        os.nice(5)
    out = sys.stdout.buffer
    watch = Watch(out, limit)
    with EmbeddedStore(Path(database), changed=changed, buffers=limit // 2) as store:
        while len(head := sys.stdin.buffer.read(HEAD.size)) == HEAD.size:
            length, _ = HEAD.unpack(head)
            request = json.loads(sys.stdin.buffer.read(length))
            watch.busy.set()
            kind, body = answer(store, request)
            with watch.lock:
                watch.busy.clear()
                reply(out, kind, body)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["changed"])
