"""What CI relies on: that nothing is skipped there, and that its checks of licences and of known faults can fail."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def component(name: str, *licences: str) -> dict[str, Any]:
    return {"name": name, "version": "1", "licenses": [{"license": {"name": licence}} for licence in licences]}


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 AND (MIT OR Zlib)", True),
        ("License :: OSI Approved :: BSD License", True),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-or-later", False),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", False),
        ("Proprietary", False),
    ],
)
def test_licences(licence: str, allowed: bool) -> None:
    refused = runpy.run_path(str(ROOT / ".ci" / "sbom"))["refused"]
    assert (refused([component("a", licence)]) == []) == allowed
    assert refused([component("a")]) == ["a 1: no licence"]
    assert refused([component("a", "License :: OSI Approved :: BSD License", "BSD-2-Clause")]) == []


def test_every_requirement_is_pinned() -> None:
    requirements = runpy.run_path(str(ROOT / ".ci" / "audit"))["requirements"]
    for name in ("requirements.lock", "requirements-dev.lock", ".ci/audit.lock"):
        assert len(requirements((ROOT / name).read_text())) > 40
    digest = f"--hash=sha256:{'0' * 64}"
    assert requirements(
        f"# by hand\na==1 \\\n    {digest}\n    # via b\nb==2 ; python_version < '4' \\\n    {digest}\n"
    ) == {
        "a": "1",
        "b": "2",
    }
    for bad in ("a>=1 \\\n    " + digest, "a==1", "a==1 \\\n    --hash=md5:0", "a @ file:///a " + digest):
        with pytest.raises(ValueError, match="not pinned"):
            requirements(bad + "\n")


AUDITS = {
    "nothing known": ([{"name": "numpy", "version": "1", "vulns": []}], 0, "0 in "),
    "a fault": ([{"name": "numpy", "version": "1", "vulns": [{"id": "X-1"}]}], 1, "known fault: numpy 1: X-1"),
    "out of reach": ([{"name": "numpy", "skip_reason": "not found"}], 0, "not reached, not checked"),
    "broken": ("Traceback: TypeError", 1, "pip-audit does not work: Traceback: TypeError"),
    "no network": ("ConnectionError: Max retries exceeded", 0, "not reached, not checked"),
}


@pytest.mark.parametrize("case", sorted(AUDITS))
def test_known_faults(tmp_path: Path, case: str) -> None:
    """What the audit makes of what pip-audit may say; the program itself is asked in CI."""
    packages, status, told = AUDITS[case]
    said = "" if isinstance(packages, str) else json.dumps({"dependencies": packages})
    complaint = packages if isinstance(packages, str) else ""
    for name, text in (("pip-audit", said), ("npm", '{"vulnerabilities": {}}')):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{complaint}' >&2\ncat <<'END'\n{text}\nEND\n")
        (tmp_path / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, str(ROOT / ".ci" / "audit"), str(tmp_path / "pip-audit")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status and told in done.stdout + done.stderr, done


def test_an_audit_that_takes_too_long_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = runpy.run_path(str(ROOT / ".ci" / "audit"))

    def run(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    assert audit["audit_python"]("pip-audit") and audit["audit_npm"]()
    assert capsys.readouterr().out.count("not reached, not checked") == 2


def test_ci_lets_no_test_be_skipped() -> None:
    assert "\nexport CI=true\n" in (ROOT / ".ci" / "run").read_text()
