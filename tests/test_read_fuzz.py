"""Property tests of every reader: whatever the bytes, no exception but InputError, no hang, no unbounded memory.

Each reader is given its own words in random order and its own fixtures with random damage. `KG_FUZZ` sets how many
examples are tried (default 60 a reader); what a longer run found stands below as an example of its own.
"""

# ruff: noqa: SIM905 - one word a line would take a page
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kg.errors import InputError
from kg.model import normalise_text
from kg.read import FORMATS, read
from kg.read.identifiers import normal
from kg.read.latex import plain
from kg.read.markup import decoded

DATA = Path(__file__).parent / "data" / "read"
SEEDS = sorted(path.name for path in DATA.iterdir())
EXAMPLES = int(os.environ.get("KG_FUZZ", "60"))
SECONDS = 10
"""Longest time of the processor for an input of some kilobytes; the usual one is a millisecond."""
FORMS = list({form.read: form.name for form in FORMATS}.values())
"""One format for each reader."""

QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

WORDS = {
    "json": r"""{ } [ ] , : " "title": "abstract": "a" \ \u00 1e9 null {"title":"T","abstract":"A"} "results":
        "content":{ "authorships":[ "authors_parsed":[[ "abstract_inverted_index":{"a":[0] "itemType":"note"
        "data": "DOI": "forum": "issued":{"date-parts":[[""".split(),
    "bibtex": r"""@ { } ( ) " = , # @article{a, @string{s= title={T} abstract={A} author={ \ \' $ % ~ \emph{
        \begin{x} @comment{ \u""".split(),
    "ris": ["TY  - JOUR\n", "ER  - \n", "TI  - T\n", "AB  - A\n", "N2  - A\n", "AU  - ", "  - ", "\n", "TY", " ", "\t"],
    "nbib": ["PMID- 1\n", "TI  - T\n", "AB  - A\n", "      x\n", "LID - 10.1/x [doi]\n", "\n", "FAU - "],
    "wos": ["PT J\n", "FN x\n", "TI T\n", "AB A\n", "   x\n", "ER\n", "EF\n", "\n", "AF "],
    "xml": r"""< > / <feed> <entry> </entry> <entry <title>T</title> <summary>S</summary> &amp; &auml; &x; <!-- -->
        <![CDATA[ ]]> <!DOCTYPE <!ENTITY <?xml?> <a:b> <record><header/> <metadata> </record> <PubmedArticle>
        </PubmedArticle> xmlns:a=
        """.split(),
    "csv": ["title", "abstract", ",", ";", "\t", "|", '"', "\n", "\r", "a", "title,abstract\n", '""'],
    "text": [
        "Title:",
        "Abstract:",
        "Authors:",
        "\n",
        "\\\\\n",
        "arXiv:2001.00001",
        "-----\n",
        " ",
        "a",
        "**",
        "http://x",
    ],
    "markdown": ["# ", "## ", "\n", "Abstract", "**Authors:** ", "[a](b)", "*", "text ", "`"],
    "posters": ["Ann Lee · Bo Chen\n", "Nets for Fish\n", "We net fish. We do.\n", "\n", "Jan 1, 2020\n", "·", " "],
}
READERS = {"jsonl": "json", "csl": "json", "tsv": "csv", "listing": "posters"}


def survives(path: Path, content: bytes, form: str | None) -> None:
    """Read these bytes; check the papers, the problems and the time."""
    path.write_bytes(content)
    problems: list[InputError] = []
    began = time.process_time()
    found = list(read([path], format=form, on_problem=problems.append))
    assert time.process_time() - began < SECONDS
    assert (
        found or problems or form in ("zotero", "openreview", "oai") or b"itemType" in content or b"deleted" in content
    )
    for problem in problems:
        assert str(problem).startswith(str(path))
        assert len(str(problem).splitlines()) == 1
    for paper in found:
        assert paper.title == normalise_text(paper.title) != ""
        assert paper.abstract == normalise_text(paper.abstract) != ""
        assert list(paper.ids) == sorted(set(paper.ids))
        assert all(normal(*one.split(":", 1)) == one for one in paper.ids)


@pytest.mark.parametrize("form", FORMS)
def test_words_of_the_format_in_any_order(tmp_path: Path, form: str) -> None:
    words = [*WORDS[READERS.get(form, form)], "\n", "\0", " and "]

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
    whole = (DATA / seed).read_bytes()

    @QUICK
    @given(DAMAGE)
    def check(damage: list[tuple[float, str, bytes]]) -> None:
        survives(tmp_path / "fuzz", damaged(whole, damage), None)

    check()


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz", "gz", "bz2", "xz", "zst"])
def test_damaged_archives(tmp_path: Path, kind: str) -> None:
    import gzip

    from .test_read_packed import PACKS, RECORD, packed_tar, packed_zip

    members = {"a.jsonl": RECORD, "b/c.bib": b"@article{a, title={T}, abstract={A}}", "d.gz": gzip.compress(RECORD)}
    whole = {"zip": packed_zip(members), "tar": packed_tar(members), "tgz": gzip.compress(packed_tar(members))}
    content = whole[kind] if kind in whole else PACKS[kind](RECORD * 50)

    @QUICK
    @given(DAMAGE)
    def check(damage: list[tuple[float, str, bytes]]) -> None:
        survives(tmp_path / "fuzz", damaged(content, damage), None)

    check()


@QUICK
@given(st.lists(st.sampled_from(WORDS["bibtex"]) | st.text(max_size=3), max_size=40).map("".join))
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
     "a · " * 50_000, "Title: a\n" * 2_000, "&a" * 100_000, "A. B " * 40_000],
    ids=lambda text: text[:8].strip() or "spaces",
)  # fmt: skip
def test_long_runs_take_linear_time(tmp_path: Path, form: str, text: str) -> None:
    survives(tmp_path / "fuzz", text.encode(), form)
