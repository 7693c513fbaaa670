"""The memory that queries may take, and an end to the process that takes more.

The embedded engine keeps its buffers within `buffers`. What a single function call allocates, as
``range(1, 10000000000)`` does, it neither counts nor interrupts: only the end of the process stops that. `bounded` does
it for `kg query`, `kg shell` and `kg export --where`, and `viz.app.worker` in its own way; who asks from Python has
only the first.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TICK = 0.02
_MOST = 2 * 2**30


def machine() -> int:
    """Give the bytes of memory of this machine; 4 GiB where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30


def buffers() -> int:
    """Give the bytes that the engine may have for buffers unless told otherwise: a quarter of all, at most 2 GiB."""
    return min(_MOST, machine() // 4)


def resident() -> int:
    """Give the bytes of memory that this process has (where the system does not say: the most it had)."""
    try:
        with Path("/proc/self/statm").open("rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        try:
            import resource
        except ImportError:
            return 0
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


@contextmanager
def bounded(limit: int, told: Callable[[], None]) -> Iterator[None]:
    """End this process with status 1, after calling ``told`` from a thread, if it has more than ``limit`` bytes."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_TICK):
            if resident() > limit:
                try:
                    told()
                finally:
                    os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
