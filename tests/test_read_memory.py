"""Large files stream: memory stays under 300 MB however long the input is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIMIT = 300 << 20

READ = """
import re, resource, sys
from pathlib import Path
from kg.read import read
count = sum(1 for _ in read([sys.argv[1]], strict=True))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss begins with that of the process that started this one
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
print(count, peak * 1024)
"""


RECORD = 3100


def records(count: int) -> Iterator[str]:
    """Records of a few kilobytes, no two the same."""
    text = "We net fish with nets of many kinds, and say so at length. " * 50
    for number in range(count):
        yield json.dumps({"title": f"Nets {number}", "abstract": f"{number} {text}", "doi": f"10.1000/{number}"})


@pytest.mark.parametrize(("form", "size"), [("lines", 200 << 20), ("array", 60 << 20)])
def test_memory_stays_under_300_mb(tmp_path: Path, form: str, size: int) -> None:
    path = tmp_path / "large.json"
    first, between, last = ("", "\n", "\n") if form == "lines" else ("[", ",\n", "]")
    with path.open("w") as file:
        file.write(first)
        for number, record in enumerate(records(size // RECORD)):
            file.write(f"{between if number else ''}{record}")
        file.write(last)
    assert path.stat().st_size > 0.9 * size
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert count == size // RECORD
    assert peak < LIMIT
