"""Every other format, and what bad input gets: one line with place and advice, at the cost of that record alone."""

import bz2
import doctest
import gzip
import importlib
import io
import json
import lzma
import os
import sys
import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.errors import InputError, UsageError
from kg.model import Paper, normalise_text
from kg.read import FORMATS, Format, GuessedEncodingError, read, recognise

DATA = Path(__file__).parent / "data" / "read"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "abstracts-40k.jsonl.gz"

ROW = {"title": "Nets for Fish", "abstract": "We net fish.", "authors": ["Ann Lee", "Bo Chen"], "year": 2020}


def tried(*inputs: Path | str, form: str | None = None, skip_empty: bool = False) -> tuple[list[Paper], list[str]]:
    """The papers of the inputs and the problems met."""
    problems: list[InputError] = []
    found = list(read(inputs, format=form, skip_empty=skip_empty, on_problem=problems.append))
    return found, [str(problem) for problem in problems]


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file of that content; its name says nothing of its format."""

    def write(content: str | bytes, name: str = "input.dat") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


Made = Callable[..., Path]


@pytest.mark.parametrize(
    "name", ["formats", "identifiers", "labelled", "labels", "latex", "markup", "record", "services", "table", "values"]
)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    failed, tried_examples = doctest.testmod(importlib.import_module(f"kg.read.{name}"))
    assert tried_examples > 0
    assert failed == 0


# Formats


@pytest.mark.parametrize(
    "record",
    [
        ROW,
        {"Title": "Nets for Fish", "Summary": "We net fish.", "Author": "Ann Lee and Bo Chen", "Date": "2020-05-01"},
        {
            "paper_title": ["Nets for Fish"],
            "abstractText": "We net fish.",
            "authors": "Lee, Ann; Chen, Bo",
            "Year": "2020",
        },
        {
            "display_name": "Nets for Fish",
            "description": "We net fish.",
            "authorships": [{"author": {"display_name": "Ann Lee"}}, {"author": {"display_name": "Bo Chen"}}],
            "publication_year": 2020,
        },
        {
            "title": {"value": "Nets for Fish"},
            "abstract": {"value": "We net fish."},
            "authors": {"value": ["Ann Lee", "Bo Chen"]},
            "published": "2020-01-01T00:00:00Z",
        },
        {
            "title": "Nets for Fish",
            "abstract": ["We net", "fish."],
            "author": [{"given": "Ann", "family": "Lee"}, {"given": "Bo", "family": "Chen"}],
            "issued": {"date-parts": [[2020, 5]]},
        },
    ],
)
def test_fields_of_the_usual_names(made: Made, record: dict[str, object]) -> None:
    path = made(json.dumps(record))
    (paper,) = read([path], strict=True)
    assert paper == Paper(
        id="nets-for-fish",
        title="Nets for Fish",
        abstract="We net fish.",
        authors=("Ann Lee", "Bo Chen"),
        year=2020,
        sources=(f"{path}:1",),
    )


def test_a_record_keeps_its_id_venue_and_address(made: Made) -> None:
    row = {**ROW, "paper_id": "arXiv:1234.5678", "booktitle": "Proc. Fish", "doi": "https://doi.org/10.1/x"}
    (paper,) = read([made(json.dumps(row))], strict=True)
    assert (paper.id, paper.venue, paper.url) == ("arXiv:1234.5678", "Proc. Fish", "https://doi.org/10.1/x")


ROWS = [
    {"title": f"Title {n}", "abstract": f'An abstract {{{n}}} with "quotes", [brackets] and \\ signs.'}
    for n in range(4)
]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, ROWS)),
        "\n\n".join(map(json.dumps, ROWS)) + "\n",
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps(ROWS, indent=0),
        "\n".join(json.dumps(row, indent=4) for row in ROWS),
        json.dumps({"total": 4, "meta": {"page": [1]}, "results": ROWS}),
        json.dumps({"status": "ok", "message": {"total": 4, "items": ROWS}}, indent=1),
        "\ufeff" + json.dumps(ROWS),
        "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]",
    ],
)
def test_json_in_every_arrangement(made: Made, text: str) -> None:
    found = list(read([made(text)], strict=True))
    assert [(paper.title, paper.abstract) for paper in found] == [(row["title"], row["abstract"]) for row in ROWS]


def test_lines_of_json_records_are_where_they_begin(made: Made) -> None:
    path = made(json.dumps(ROWS, indent=2))
    assert [paper.sources for paper in read([path])] == [(f"{path}:{line}",) for line in (2, 6, 10, 14)]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_tables_with_columns_in_any_order(made: Made, sign: str) -> None:
    rows = [
        ["Year", "Abstract", "Authors", "Article Title"],
        ["2019", '"We net,\nand\twe; fish | eat."', '"Lee, Ann; Chen, Bo"', "Nets"],
    ]
    path = made("\ufeff" + "\r\n".join(sign.join(row) for row in rows) + "\r\n")
    (paper,) = read([path], strict=True)
    assert (paper.title, paper.abstract) == ("Nets", "We net, and we; fish | eat.")
    assert (paper.authors, paper.year, paper.sources) == (("Ann Lee", "Bo Chen"), 2019, (f"{path}:2",))


def test_bibtex_is_decoded_and_a_broken_entry_costs_itself() -> None:
    path = DATA / "library.bib"
    found, problems = tried(path)
    first, second = found
    assert first == Paper(
        id="the-gan-of-öz-90-of-spouts",
        title="The GAN of Öz: 90% of Spouts",
        abstract="We pour 90% of $O(n_1)$ teapots with great care — and two spouts. "
        "A second line with Łódź in it, and a set $\\{a, b\\}$.",
        authors=("Hans Müller", "The Teapot Consortium", "Angélique de la Crème"),
        year=2021,
        venue="Journal of Teapots",
        url="https://doi.org/10.1000/tea.1",
        sources=(f"{path}:6",),
        ids=("doi:10.1000/tea.1",),
    )
    assert (second.title, second.authors, second.year) == ("Quoted Title", ("Bo Chen", "Cy Doe"), 2022)
    assert second.url == "https://example.org/a_b"
    assert second.abstract == 'An abstract in quotes with a " sign inside.'
    assert problems == [
        f'{path}:17: no abstract; give "abstract" or use --skip-empty',
        f"{path}:19: entry without its closing brace; mend its braces",
    ]


def test_markdown_headings_are_titles(made: Made) -> None:
    text = (
        "# My reading\n\n## Nets *and* [Fish](https://x.y)\n\n**Authors:** Ann Lee, Bo Chen\n\n"
        "**Abstract.** We net\nfish.\n\n### Abstract\n\nMore of it.\n\n## Boats\n\nWe float.\n"
    )
    found, problems = tried(made(text))
    assert [(paper.title, paper.authors, paper.abstract) for paper in found] == [
        ("Nets and Fish", ("Ann Lee", "Bo Chen"), "We net fish. More of it."),
        ("Boats", (), "We float."),
    ]
    assert problems == []


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_example_of_a_format_is_recognised_and_reads(made: Made, form: Format) -> None:
    example = form.example.replace("\\n", "\n").replace("\\t", "\t")
    known = recognise(example)
    assert known is not None
    assert known.name == form.name
    found, problems = tried(made(example))
    assert problems == []
    assert len(found) == 1


def test_a_format_can_be_forced_and_an_unknown_one_is_refused(made: Made) -> None:
    path = made("title\tabstract\nNets\tWe net.\n")
    assert [paper.title for paper in read([path], format="tsv")] == ["Nets"]
    with pytest.raises(UsageError, match="docx: no such format; one of openalex, crossref, semanticscholar"):
        read([path], format="docx")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_known_by_their_content(made: Made, pack: Callable[[bytes], bytes]) -> None:
    assert [paper.title for paper in read([made(pack(json.dumps(ROW).encode()))])] == ["Nets for Fish"]


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(json.dumps(ROW).encode()))))
    (paper,) = read(["-"], strict=True)
    assert paper.sources == ("-:1",)


def test_folders_are_read_in_order_without_hidden_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b/two.json", "a.jsonl", ".hidden.jsonl", "c/.git/x.json", "script.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({**ROW, "title": name}) if name != "script.py" else "import this\n")
    monkeypatch.chdir(tmp_path)
    found, problems = tried(".")
    assert [paper.sources for paper in found] == [("a.jsonl:1",), ("b/two.json:1",)]
    assert problems == ["script.py: not a format of papers; name it directly, or its --format, to read it all the same"]


# Bad input


def test_a_missing_file_stops_before_anything_is_read(made: Made) -> None:
    with pytest.raises(InputError, match=r"^nowhere\.jsonl: no such file or folder; check the path$"):
        read([made(json.dumps(ROW)), "nowhere.jsonl"])


@pytest.mark.parametrize("content", [b"", b"  \n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(made: Made, content: bytes) -> None:
    path = made(content)
    assert tried(path) == ([], [f"{path}: empty; give a file with papers"])
    with pytest.raises(InputError):
        list(read([path], strict=True))


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    assert tried(tmp_path) == ([], [f"{tmp_path}: no files in this folder; give a folder that holds papers"])


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, b"%PDF-1.7\n..."])
def test_a_binary_file(made: Made, content: bytes) -> None:
    path = made(content)
    assert tried(path) == ([], [f"{path}: a binary file, not text; give text, BibTeX, JSON or CSV"])


def test_broken_json_on_line_7(made: Made) -> None:
    lines = [json.dumps({**ROW, "title": f"T{n}"}) for n in range(1, 10)]
    lines[6] = lines[6][:-9]
    path = made("\n".join(lines))
    found, problems = tried(path)
    assert [paper.title for paper in found] == ["T1", "T2", "T3", "T4", "T5", "T6", "T8", "T9"]
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}:7: broken JSON (")
    assert problems[0].endswith("; mend or remove this record")
    with pytest.raises(InputError, match=":7: broken JSON"):
        list(read([path], strict=True))


@pytest.mark.parametrize("cut", ["}", '"', "{", "]", "[", ","])
def test_a_sign_lost_from_an_array_costs_that_record(made: Made, cut: str) -> None:
    rows = [{"title": f"T{n}", "authors": [{"name": "Ann"}], "abstract": "We {net}."} for n in range(5)]
    text = json.dumps(rows, indent=2)
    start = text.index('"T2"')
    at = text.index(cut, start)
    found, problems = tried(made(text[:at] + text[at + 1 :]))
    assert {paper.title for paper in found} >= {"T0", "T1", "T4"}
    assert problems


def test_records_that_are_not_papers(made: Made) -> None:
    rows = [
        {"title": "No Abstract"},
        {"abstract": "No title."},
        [1, 2],
        "text",
        {"title": "Huge", "abstract": "x " * 5_000_000},
        {"title": "t" * 3000, "abstract": "Fine."},
        {"title": "\u0000\u0001Clean\u200bed\ttitle", "abstract": "A\u0007 bell\ud800."},
    ]
    path = made("\n".join(map(json.dumps, rows)))
    found, problems = tried(path)
    assert [(paper.title, paper.abstract) for paper in found] == [("Clean\u200bed title", "A bell.")]
    assert problems == [
        f'{path}:1: no abstract; give "abstract" or use --skip-empty',
        f'{path}:2: no title; give "title"',
        f"{path}:3: not a record but a number; give one object a paper",
        f"{path}:3: not a record but a number; give one object a paper",
        f"{path}:4: not a record but text; give one object a paper",
        f"{path}:5: abstract of more than 100,000 characters; give the abstract alone, not the whole text",
        f"{path}:6: title of more than 2,000 characters; check where the title ends",
    ]
    assert not any("no abstract" in problem for problem in tried(path, skip_empty=True)[1])


def test_a_line_longer_than_memory_should_hold(made: Made) -> None:
    path = made(json.dumps(ROW) + "\n" + '{"title": "' + "x" * (17 << 20) + '"}\n' + json.dumps(ROW))
    found, problems = tried(path)
    assert [paper.sources for paper in found] == [(f"{path}:1",), (f"{path}:3",)]
    assert problems == [f"{path}:2: line of more than 16 MB; put each record on a line of its own"]


def test_another_encoding_is_read_with_a_warning(made: Made) -> None:
    lines = [json.dumps(ROW), json.dumps({"title": "Müller’s Nets", "abstract": "Schön – ja."}, ensure_ascii=False)]
    path = made(lines[0].encode() + b"\n" + lines[1].encode("cp1252") + b"\n" + lines[1].encode())
    problems: list[InputError] = []
    found = list(read([path], on_problem=problems.append))
    assert [paper.title for paper in found] == ["Nets for Fish", "Müller’s Nets", "Müller’s Nets"]
    (warning,) = problems
    assert isinstance(warning, GuessedEncodingError)
    assert str(warning) == f"{path}:2: not UTF-8, read as Windows-1252; save the file as UTF-8 if letters look wrong"


def test_rows_of_a_table_that_do_not_fit_its_header(made: Made) -> None:
    path = made("title,abstract\nNets,We net.\nOne, two, three\nBoats\nBirds,We fly.\n")
    found, problems = tried(path)
    assert [paper.title for paper in found] == ["Nets", "Birds"]
    assert problems == [
        f"{path}:3: 3 cells under 2 columns; put cells with commas in quotes",
        f'{path}:4: no abstract; give "abstract" or use --skip-empty',
    ]


def test_a_cut_archive_gives_what_comes_before_the_cut(made: Made) -> None:
    rows = "\n".join(json.dumps({**ROW, "title": f"{n} {os.urandom(40).hex()}"}) for n in range(5000))
    packed = gzip.compress(rows.encode())
    found, problems = tried(made(packed[: len(packed) // 2]))
    assert len(found) > 1000
    assert any("cannot be read to its end" in problem for problem in problems)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.jsonl").write_text(json.dumps(ROW))
    (tmp_path / "papers" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    found, problems = tried(tmp_path)
    assert len(found) == 1
    assert problems == [
        f"{tmp_path}/papers/up: a link back to a folder above it, not followed; remove the link",
        f"{tmp_path}/self: cannot be opened (Too many levels of symbolic links); remove or mend the link",
    ]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_links_that_multiply_are_followed_once(tmp_path: Path) -> None:
    for number in range(31):
        (tmp_path / f"{number:02}").mkdir()
        for name in "ab" if number < 30 else "":
            (tmp_path / f"{number:02}" / name).symlink_to(tmp_path / f"{number + 1:02}")
    (tmp_path / "30" / "x.jsonl").write_text(json.dumps(ROW))
    found, problems = tried(tmp_path / "00")
    assert len(found) == 1
    what = "a folder read already under another name, not read again; remove the link"
    assert problems == [f"{tmp_path}/00/{'a/' * deep}b: {what}" for deep in reversed(range(30))]


def test_a_folder_as_deep_as_there_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    Path("x.jsonl").write_text(json.dumps(ROW))
    assert len(list(read([tmp_path / "d"], strict=True))) == 1
    Path("x.jsonl").unlink()
    for _ in range(1200):  # no deeper than others can take away
        os.chdir("..")
        Path("d").rmdir()


def test_problems_are_logged_where_nobody_asks(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    path = made("")
    assert not list(read([path]))
    assert f"{path}: empty; give a file with papers" in caplog.text


# Properties

FORMS = [None, *(form.name for form in FORMATS)]
STARTS = st.sampled_from(
    [b"", b'{"title":', b"[{", b"@article{a,", b"title,abstract\n", b"# T\n", b"A \xc2\xb7 B\n", b"\x1f\x8b"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STARTS, st.binary(max_size=400), st.sampled_from(FORMS))
def test_random_bytes_raise_nothing_but_input_errors(
    tmp_path: Path, start: bytes, rest: bytes, form: str | None
) -> None:
    path = tmp_path / "random"
    path.write_bytes(start + rest)
    found, problems = tried(path, form=form)
    assert found or problems
    for problem in problems:
        assert problem.startswith(str(path))
        assert len(problem.splitlines()) == 1


SIGNS = st.text(alphabet='{}[]",:\\@#=|·.()\n\r\t aA1é%$~', max_size=300)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SIGNS, st.sampled_from(FORMS))
def test_random_signs_raise_nothing_but_input_errors(tmp_path: Path, text: str, form: str | None) -> None:
    path = tmp_path / "random"
    path.write_text(text, encoding="utf-8", newline="")
    for paper in tried(path, form=form)[0]:
        assert paper.title == normalise_text(paper.title) != ""
        assert paper.abstract == normalise_text(paper.abstract) != ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "author", "date-parts"]), inner)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "title", "abstract", "authors", "year", "date", "venue", "url", "doi", "results"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=3))
def test_records_of_any_values_raise_nothing(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    path = tmp_path / "random"
    path.write_text(json.dumps(rows), encoding="utf-8")
    found, problems = tried(path)
    assert len(found) + len(problems) >= min(1, len(rows))


@given(st.text())
def test_normal_text_is_nfc_without_controls_and_single_spaced(text: str) -> None:
    normal = normalise_text(text)
    assert normal == " ".join(normal.split()) == unicodedata.normalize("NFC", normal)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in normal)
    assert normalise_text(normal) == normal


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    row = json.dumps({**ROW, "abstract": "We net fish. " * 80})
    peaks = []
    for count in (600, 4_000):
        for name, text in (("lines", "\n".join([row] * count)), ("array", "[" + ",".join([row] * count) + "]")):
            path = tmp_path / f"{name}{count}"
            path.write_text(text)
            del text
            tracemalloc.start()
            assert sum(1 for _ in read([path])) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[2] < peaks[0] * 1.5
    assert peaks[3] < peaks[1] * 1.5


@pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus in ../shared/corpus is not here")
def test_the_corpus_reads_whole() -> None:
    assert sum(1 for _ in read([CORPUS], strict=True)) == 40_000


@pytest.mark.parametrize("form", ["lines", "array", "xml", "bib"])
def test_papers_below_many_blank_lines(made: Made, form: str) -> None:
    text = {
        "lines": json.dumps(ROW) + "\n" + json.dumps(ROW),
        "array": json.dumps(ROWS, indent=1),
        "xml": "<feed><entry><title>A</title><summary>We.</summary></entry></feed>",
        "bib": "@article{a, title={A}, abstract={We.}}\n",
    }[form]
    found, problems = tried(made("\n" * 200_000 + text))
    assert problems == []
    assert found[0].sources[0].endswith(":200002" if form == "array" else ":200001")
    assert tried(made("\n" * 200_000))[1][0].endswith("empty; give a file with papers")


def test_brackets_without_end_are_nested_too_deeply(made: Made) -> None:
    path = made("[" * 100_000)
    assert tried(path) == ([], [f"{path}:1: JSON nested too deeply; give one flat object a paper"])
