"""Property tests of every reader: whatever the bytes, no exception but InputError, no hang, no unbounded memory.

Each reader is given its own words in random order and its own fixtures with random damage. `KG_FUZZ` sets how many
examples are tried (default 60 a reader). The long runs are guided by coverage: `tests/fuzz/read.py`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kg.read import FORMATS
from kg.read.latex import plain
from kg.read.markup import decoded

from .fuzz import readers
from .fuzz.checks import survives

SEEDS = sorted(path.name for path in readers.FIXTURES.iterdir())
EXAMPLES = int(os.environ.get("KG_FUZZ", "60"))
FORMS = list({form.read: form.name for form in FORMATS}.values())
"""One format for each reader."""

QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("form", FORMS)
def test_words_of_the_format_in_any_order(tmp_path: Path, form: str) -> None:
    words = [*readers.words(form), "\n", "\0", " and "]

    @QUICK
    @given(st.lists(st.sampled_from(words) | st.text(max_size=3), max_size=60).map("".join))
    def check(text: str) -> None:
        survives(tmp_path / "fuzz", text.encode("utf-8", "replace"), form)

    check()


DAMAGE = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["cut", "drop", "copy", "flip", "put"]), st.binary(max_size=8)),
    min_size=1,
    max_size=6,
)


def damaged(content: bytes, damage: list[tuple[float, str, bytes]]) -> bytes:
    """The content after each of these: at a place, something is cut off, lost, doubled, changed or put in."""
    for where, how, what in damage:
        at = int(where * len(content))
        if how == "cut":
            content = content[: max(1, at)]
        elif how == "drop":
            content = content[:at] + content[at + 1 + 8 * len(what) :]
        elif how == "copy":
            content = content[:at] + content[max(0, at - 200) :]
        elif how == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ (what[0] if what else 1)]) + content[at + 1 :]
        else:
            content = content[:at] + what + content[at:]
    return content


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_files(tmp_path: Path, seed: str) -> None:
    whole = (readers.FIXTURES / seed).read_bytes()

    @QUICK
    @given(DAMAGE)
    def check(damage: list[tuple[float, str, bytes]]) -> None:
        survives(tmp_path / "fuzz", damaged(whole, damage), None)

    check()


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz", "gz", "bz2", "xz", "zst"])
def test_damaged_archives(tmp_path: Path, kind: str) -> None:
    content = next(readers.seeds(kind)) if kind != "tgz" else readers.PACKS["gz"](next(readers.seeds("tar")))

    @QUICK
    @given(DAMAGE)
    def check(damage: list[tuple[float, str, bytes]]) -> None:
        survives(tmp_path / "fuzz", damaged(content, damage), None)

    check()


@QUICK
@given(st.lists(st.sampled_from(readers.words("bibtex")) | st.text(max_size=3), max_size=40).map("".join))
@example("$a$$b$ \\begin{")
def test_latex_of_any_kind_is_decoded_or_left(text: str) -> None:
    assert isinstance(plain(text), str)


TAGS = [
    "<i>",
    "</i>",
    "<p>",
    "</p>",
    "<jats:p>",
    "</jats:p>",
    "<",
    ">",
    "&amp;",
    "&",
    ";",
    "<math>",
    "</math>",
    "a ",
    "<br/>",
]


@QUICK
@given(st.lists(st.sampled_from(TAGS) | st.text(max_size=3), max_size=40).map("".join))
def test_markup_of_any_kind_is_decoded_or_left(text: str) -> None:
    assert len(decoded(text)) <= len(text) + text.count("<")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "text",
    ["@" * 200_000, "@a{" * 70_000, "@a{}" * 2_000, "[" * 200_000, '{"a":' * 40_000, "<entry>" * 30_000, "<" * 200_000,
     "TY  - J\n" * 2_000, "," * 200_000, '"' * 200_001, "#" * 200_000, " " * 200_000 + "a", "\\" * 200_000,
     "a · " * 50_000, "Title: a\n" * 2_000, "&a" * 100_000, "A. B " * 40_000,
     '[{"title":"x","a":[},' * 5_000, '{"title":"x"},{"title":' * 5_000, "<entry><!--" * 9_000, "</entry>" * 12_000,
     'a,b\n"c\n' * 14_000],
    ids=lambda text: text[:8].strip() or "spaces",
)  # fmt: skip
def test_long_runs_take_linear_time(tmp_path: Path, form: str, text: str) -> None:
    survives(tmp_path / "fuzz", text.encode(), form)
