"""Large files stream in every format: memory stays under 300 MB, and does not grow with the file.

`KG_LARGE` sets the size in MB of the files of the first test (200 if it is not set; 1000 for the promise to the letter)
and has the second test try every format at that size, which takes an hour.
"""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, cast

import pytest
import zstandard

LIMIT = 300 << 20
LARGE = int(os.environ.get("KG_LARGE", "200"))
GROWTH = 12 << 20
"""Bytes that a file four times as large may take more: lists and caches of the interpreter."""

READ = """
import re, resource, sys, time
from pathlib import Path
from kg.read import read
count = sum(1 for _ in read([sys.argv[1]], strict=True))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss begins with that of the process that started this one
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
print(count, peak * 1024, round(time.process_time(), 1))
"""

TEXT = "We net fish with nets of many kinds, and say so at length. " * 50


def record(number: int) -> str:
    """Record of three kilobytes, no two the same."""
    return json.dumps({"title": f"Nets {number}", "abstract": f"{number} {TEXT}", "doi": f"10.1000/{number}"})


def pubmed(number: int) -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{number + 1}</PMID><Article><ArticleTitle>Nets {number}</ArticleTitle>"
        f"<Abstract><AbstractText>{number} {TEXT}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
    )


Form = tuple[str, Callable[[int], str], str, str]
FORMS: dict[str, Form] = {
    "lines": ("", record, "\n", "\n"),
    "array": ("[", record, ",\n", "]"),
    "array on one line": ('{"results": [', record, ", ", "]}"),
    "csv": ("title,abstract\n", lambda n: f'Nets {n},"{n} {TEXT}\nand ""so"" on"', "\n", "\n"),
    "tsv": ("title\tabstract\n", lambda n: f"Nets {n}\t{n} {TEXT}", "\n", "\n"),
    "bibtex": ("", lambda n: f"@article{{a{n},\n title = {{Nets {n}}},\n abstract = {{{n} {TEXT}}}\n}}", "\n", "\n"),
    "ris": ("", lambda n: f"TY  - JOUR\nTI  - Nets {n}\nAB  - {n} {TEXT}\nER  - ", "\n", "\n"),
    "nbib": ("", lambda n: f"PMID- {n + 1}\nTI  - Nets {n}\nAB  - {n} {TEXT}\n", "\n", "\n"),
    "wos": ("FN Clarivate\n", lambda n: f"PT J\nTI Nets {n}\nAB {n} {TEXT}\nER", "\n\n", "\nEF\n"),
    "pubmed": ("<PubmedArticleSet>", pubmed, "\n", "</PubmedArticleSet>"),
    "text": ("", lambda n: f"Title: Nets {n}\nAbstract: {n} {TEXT}", "\n\n", "\n"),
    "markdown": ("", lambda n: f"# Nets {n}\n\n{n} {TEXT}", "\n\n", "\n"),
    "listing": ("", lambda n: f"Nets {n} for Fish of the Sea\n\nIn this work, {n} {TEXT}", "\n\n", "\n"),
}
"""What stands before the records, a record, what stands between two, what stands after them."""


def text_of(form: str, size: int) -> Iterator[bytes]:
    """Text of about so many bytes in the format, in pieces."""
    before, one, between, after = FORMS[form]
    count = size // len(one(10_000))
    yield before.encode()
    for number in range(count):
        yield f"{between if number else ''}{one(number)}".encode()
    yield after.encode()


def tar_of(pieces: Iterable[bytes], path: Path) -> None:
    whole = path.with_suffix(".whole")
    with whole.open("wb") as file:
        file.writelines(pieces)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(whole, "x.jsonl")
    whole.unlink()


def zip_of(pieces: Iterable[bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.jsonl", "w") as file:
        file.writelines(pieces)


OPENED: dict[str, Callable[[Path], IO[bytes]]] = {
    "": lambda path: path.open("wb"),
    "gz": lambda path: cast(IO[bytes], gzip.GzipFile(path, "wb", 1)),
    "bz2": lambda path: cast(IO[bytes], bz2.BZ2File(path, "wb")),
    "xz": lambda path: cast(IO[bytes], lzma.LZMAFile(path, "wb", preset=0)),  # noqa: SIM115 - closed by the caller
    "zst": lambda path: zstandard.open(path, "wb"),
}


def packed(pack: str, pieces: Iterable[bytes], path: Path) -> None:
    """Write the pieces, packed so. What does not repeat itself is put in, that it may shrink no more than text does."""
    varied = chain.from_iterable((piece, b"\n" + random_record(at) + b"\n") for at, piece in enumerate(pieces))
    if pack in ("tar", "zip"):
        (tar_of if pack == "tar" else zip_of)(varied, path)
        return
    with OPENED[pack](path) as file:
        for piece in varied if pack else pieces:
            file.write(piece)


def random_record(number: int) -> bytes:
    return json.dumps({"title": f"Fish {number}", "abstract": os.urandom(200).hex()}).encode()


def peak_of(path: Path) -> tuple[int, int]:
    """Papers read of a file, and the most memory in bytes that reading it took in a process of its own."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    count, peak, seconds = done.stdout.split()
    print(f"{path.stat().st_size >> 20} MB: {int(count):,} papers, peak {int(peak) >> 20} MB, {seconds} s")
    return int(count), int(peak)


@pytest.mark.parametrize(("form", "pack"), [("lines", ""), ("lines", "gz"), ("array", "")])
def test_memory_stays_under_300_mb(tmp_path: Path, form: str, pack: str) -> None:
    path = tmp_path / "large"
    size = LARGE << 20 if form == "lines" else min(LARGE, 60) << 20
    packed(pack, text_of(form, size), path)
    assert pack or path.stat().st_size > 0.9 * size
    count, peak = peak_of(path)
    assert count >= size // len(record(10_000))
    assert peak < LIMIT


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, form: str) -> None:
    large = LARGE << 20 if "KG_LARGE" in os.environ else 12 << 20
    peaks = []
    for size in (3 << 20, large):
        path = tmp_path / "large"
        packed("", text_of(form, size), path)
        count, peak = peak_of(path)
        assert count >= size // 3300
        peaks.append(peak)
    assert peaks[1] < min(LIMIT, peaks[0] + GROWTH)


@pytest.mark.parametrize("pack", [*OPENED, "tar", "zip"])
def test_memory_does_not_grow_with_what_is_packed(tmp_path: Path, pack: str) -> None:
    peaks = []
    for size in (3 << 20, 12 << 20):
        path = tmp_path / "large"
        packed(pack, text_of("lines", size), path)
        peaks.append(peak_of(path)[1])
    assert peaks[1] < peaks[0] + GROWTH
