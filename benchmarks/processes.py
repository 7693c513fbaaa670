"""What the measurements share: the machine they run on, and a command with its seconds and its memory.

Memory is that of a process and of all that descend from it, added up, so that pages which they share count more than
once (``peak_mb``: an upper bound), and with shared pages parted among those that share them (``peak_shared_once_mb``,
where Linux tells).
"""

import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "abstracts-40k.jsonl.gz"
SHARED = CORPUS.parents[1]


def machine() -> dict[str, Any]:
    """Describe this machine: processor, usable cores, memory, load, Python."""
    model = platform.processor() or platform.machine()
    memory = None
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": model,
        "cores": cores,
        "memory_gb": memory,
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Give the versions of what does the work."""
    names = (
        "papergraph",
        "spacy",
        "onnxruntime",
        "networkx",
        "ladybug",
        "pyarrow",
        "numpy",
        "pyvis",
        "neo4j",
        "duckdb",
    )
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:
            continue
    return found


def family(root: int) -> list[int]:
    """Give a process and all that descend from it; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        found.append(process)
    return found


def resident(root: int) -> list[int]:
    """Give the resident bytes of a process and of all that descend from it; empty where there is no /proc."""
    return _sizes(family(root), "statm", lambda text: int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def _sizes(processes: Sequence[int], file: str, read: Any) -> list[int]:
    sizes = []
    for process in processes:
        try:
            sizes.append(read(Path(f"/proc/{process}/{file}").read_text()))
        except (OSError, IndexError):
            continue
    return sizes


def _proportional(text: str) -> int:
    return int(text.partition("Pss:")[2].split()[0]) * 1024


def run(command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a command to its end; give its seconds, its processor seconds and the peak of its memory in MB.

    What Python compiles is kept from one command to the next, as it is for whoever has installed the program.
    Raises SystemExit with what it said where it fails.
    """
    peak = shared_once = 0
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {}), "PYTHONDONTWRITEBYTECODE": ""},
    ) as child:
        answer: list[bytes] = []
        reader = threading.Thread(target=lambda: answer.extend(child.communicate()))
        reader.start()
        turn = 0
        while reader.is_alive():
            processes = family(child.pid)
            peak = max(peak, sum(_sizes(processes, "statm", lambda t: int(t.split()[1]) * os.sysconf("SC_PAGE_SIZE"))))
            if turn % 5 == 0:
                shared_once = max(shared_once, sum(_sizes(processes, "smaps_rollup", _proportional)))
            turn += 1
            # Looking takes processor time too, of those who are looked at: the longer it takes, the more seldom.
            reader.join(min(0.5, max(0.05, (time.perf_counter() - begun) / 100)))
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed: {answer[1].decode(errors='replace')[-2000:]}")
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "peak_mb": round(peak / 1e6) or None,
        "peak_shared_once_mb": round(shared_once / 1e6) or None,
        "output": answer[0].decode(errors="replace"),
    }


def kg(*arguments: str | Path) -> dict[str, Any]:
    """Run ``kg`` to its end, as `run` does."""
    return run([sys.executable, "-m", "kg.cli", *arguments])
