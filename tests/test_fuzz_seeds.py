"""The inputs that long fuzzing has left (`tests/fuzz`) are read as they were then: without harm, in little memory."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from .fuzz import readers

MOST = 1 << 20
"""Bytes of all inputs together."""
MEMORY = 64 << 20
"""Bytes that the reading of one input of some kilobytes may take."""
LEFT = 16 << 20
"""Bytes that may stay when all are read."""


@pytest.mark.parametrize("reader", readers.READERS)
def test_what_fuzzing_found_is_read_without_harm(tmp_path: Path, reader: str) -> None:
    check = readers.checked(reader, tmp_path)
    for seed in readers.seeds(reader):
        check(seed)
    # What is there by now is not looked through each time.
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    try:
        for path in sorted((readers.KEPT / reader).glob("*")):
            # What others have left behind is not this input's.
            gc.collect()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            check(path.read_bytes())
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY, path.name
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < LEFT
    finally:
        tracemalloc.stop()
        gc.unfreeze()


def test_the_inputs_kept_are_few_and_belong_to_a_reader() -> None:
    kept = [path for path in readers.KEPT.rglob("*") if path.is_file()]
    assert {path.parent.name for path in kept} <= set(readers.READERS)
    assert sum(path.stat().st_size for path in kept) < MOST
