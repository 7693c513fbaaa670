"""Keep of a long run the small inputs that reach new code: python tests/fuzz/keep.py DIR [READER...].

DIR is the one that `tests/fuzz/read.py` was given. For each reader, at most `MOST` inputs of at most `LONGEST` bytes go
to tests/data/fuzz, the smallest first: those that run lines one after the other that neither the fixtures nor a smaller
input run so. What is there already is kept where it still does.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.fuzz import readers  # noqa: E402 - found only now

MOST = 30
LONGEST = 3000
_TRACED = (str(ROOT / "kg" / "read"), str(ROOT / "kg" / "cli" / "pwc_dumps.py"))

Steps = set[tuple[str, int, int]]


def steps(check: Callable[[bytes], None], content: bytes) -> Steps:
    """Give the steps from line to line that an input takes in the readers."""
    found: Steps = set()

    def called(frame: FrameType, _event: str, _value: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_TRACED):
            return None
        last = 0

        def stepped(inner: FrameType, event: str, _value: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((name, last, inner.f_lineno))
                last = inner.f_lineno
            return stepped

        return stepped

    sys.settrace(called)
    try:
        check(content)
    finally:
        sys.settrace(None)
    return found


def keep(reader: str, run: Path) -> int:
    """Choose the inputs of one reader; give how many are kept."""
    folder = readers.KEPT / reader
    inputs = {path.read_bytes() for place in (folder, run / reader) for path in place.glob("*")}
    with tempfile.TemporaryDirectory() as place:
        check = readers.checked(reader, Path(place))
        known: Steps = set()
        for seed in (*readers.seeds(reader), *readers.seeds(reader)):  # what is cached runs only the first time
            known |= steps(check, seed)
        chosen: list[bytes] = []
        for content in sorted(inputs, key=lambda content: (len(content), content)):
            if len(content) > LONGEST or len(chosen) == MOST:
                break
            new = steps(check, content) - known
            if new:
                chosen.append(content)
                known |= new
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for content in chosen:
        (folder / hashlib.sha1(content, usedforsecurity=False).hexdigest()[:12]).write_bytes(content)
    return len(chosen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("readers", nargs="*", default=readers.READERS)
    options = parser.parse_args()
    for one in options.readers:
        print(one, keep(one, options.run))
