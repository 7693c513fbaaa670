"""What CI relies on: that nothing is skipped there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SKIPS = """
import pytest

def test_here(): pytest.skip("one")

@pytest.mark.skipif(True, reason="two")
def test_before(): pass

def test_missing(): pytest.importorskip("no_such_module")

@pytest.mark.xfail(strict=True)
def test_expected(): raise AssertionError

def test_good(): pass
"""


@pytest.mark.parametrize(
    ("source", "ci", "without"),
    [
        (SKIPS, "2 failed, 1 passed, 1 xfailed, 1 error", "1 passed, 3 skipped, 1 xfailed"),
        ("import pytest\npytest.importorskip('no_such_module')\n", "1 error", "1 skipped"),
    ],
)
def test_a_skip_in_ci_is_a_failure(tmp_path: Path, source: str, ci: str, without: str) -> None:
    (tmp_path / "test_skips.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-q", "--rootdir", str(tmp_path), str(tmp_path)]
    for set_to, summary in (("true", ci), ("", without)):
        env = {**os.environ, "CI": set_to, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
        assert done.stdout.splitlines()[-1].startswith(summary), done.stdout
        assert (done.returncode in (0, 5)) == (not set_to)
