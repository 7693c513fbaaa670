"""The bundled sample is well-formed, and none of its text is copied from the shared corpora."""

import gzip
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kg import sample

SHARED = Path(__file__).resolve().parents[2] / "shared"
RUN = 50
"""Characters in a row, from the start of a word, that count as copied: nearly every copied run of 60, wherever
it begins, holds one of these, and looking only where words begin keeps the scan of 40,000 abstracts to seconds."""


def records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in sample.read_text().splitlines()]


PUNCTUATION = str.maketrans(
    dict.fromkeys("\"#$&'()*+-/:;<=>?@[\\]^_`{|}~\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201c\u201d", " ")
)


def folded(text: str) -> str:
    """Fold what a copyist might change: case, dashes, quotes and spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(PUNCTUATION).casefold().split())


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])", text)


def shared_texts() -> Iterator[tuple[str, str]]:
    """Give (file name, text) of all that the sample must not repeat."""
    for file in sorted((SHARED / "gold").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield file.name, json.loads(line)["abstract"]
    for file in sorted((SHARED / "seeds").glob("*.txt")):
        yield file.name, file.read_text(encoding="utf-8")
    with gzip.open(SHARED / "corpus" / "abstracts-40k.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield "abstracts-40k", json.loads(line).get("abstract") or ""


def test_is_a_file_that_any_reader_can_open() -> None:
    assert Path(str(sample.path())).is_file()
    raw = sample.path().read_bytes()
    assert raw.endswith(b"\n") and b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8") == sample.read_text()


def test_has_about_150_papers() -> None:
    assert 140 <= len(records()) <= 170


def test_fields() -> None:
    for record in records():
        title = record["title"]
        assert set(record) == {"title", "abstract", "authors", "year", "venue", "url"}, title
        assert title and record["venue"], title
        assert 1 <= len(record["authors"]) <= 8, title
        assert len(set(record["authors"])) == len(record["authors"]), title
        assert all(" " in author for author in record["authors"]), f"{title}: full names"
        assert isinstance(record["year"], int) and 1958 <= record["year"] <= 2024, title
        assert re.fullmatch(r"(https://(arxiv\.org/abs/\d{4}\.\d{4,5}|doi\.org/10\.\S+))?", record["url"]), title


def test_abstracts_have_three_to_six_sentences() -> None:
    for record in records():
        assert 3 <= len(sentences(record["abstract"])) <= 6, record["title"]
        assert record["abstract"].endswith("."), record["title"]


def test_no_paper_twice() -> None:
    for key in ("title", "abstract", "url"):
        values = [folded(record[key]) for record in records() if record[key]]
        assert len(set(values)) == len(values), key


def test_in_order_of_years() -> None:
    years = [record["year"] for record in records()]
    assert years == sorted(years)


def test_text_is_clean() -> None:
    """Names may have accents; anything else beyond ASCII is a typing slip here."""
    for record in records():
        for text in (record["title"], record["abstract"], *record["authors"], record["venue"]):
            assert text == " ".join(text.split()) == unicodedata.normalize("NFC", text), record["title"]
        assert (record["title"] + record["abstract"] + record["url"]).isascii(), record["title"]
        for author in record["authors"]:
            assert all(c.isalpha() or c in " .-'" for c in author), author


def test_no_run_of_text_is_copied() -> None:
    if not (SHARED / "corpus").is_dir():
        pytest.skip("../shared is not here")
    runs: dict[str, str] = {}
    for record in records():
        text = folded(record["abstract"])
        runs |= {text[i : i + RUN]: record["title"] for i in range(len(text) - RUN + 1)}
    found = {
        f"{name}: {run!r} in {runs[run]!r}"
        for name, text in ((name, folded(text)) for name, text in shared_texts())
        for m in re.finditer(r"(?<!\S)\S", text)
        if (run := text[m.start() : m.start() + RUN]) in runs
    }
    assert not found
