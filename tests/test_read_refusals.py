"""The README's table of refusals is what is said: each row of it is given, and the answer compared word by word."""

import gzip
import io
import lzma
import os
import re
import struct
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.read import unpack

from .test_read import tried
from .test_read_packed import BIB, RECORD, packed_tar, packed_zip

README = Path(__file__).parent.parent / "README.md"


def refusals() -> dict[str, str]:
    """What the table says of each thing that is given."""
    text = README.read_text("utf-8").partition("\n## Refusals\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| (.+?) \| `(.+?)`(?: \(or: .*\))? \|$", text, re.MULTILINE))


def after(lines: int, text: str, sign: str = "\n") -> str:
    """Put as many lines before a text; blank ones, unless told otherwise."""
    return sign * lines + text


def bomb() -> bytes:
    return gzip.compress(RECORD + b"\n" + b" " * (4 << 20))


def xz_bomb() -> bytes:
    """An xz file that asks for a dictionary of 1 GiB."""
    data = bytearray(lzma.compress(RECORD, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    data[data.index(b"\x21\x01", 12) + 2] = 36
    end = 12 + (data[12] + 1) * 4
    struct.pack_into("<I", data, end - 4, zlib.crc32(data[12 : end - 4]))
    return bytes(data)


def tar_bomb() -> bytes:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    return header.tobuf(tarfile.USTAR_FORMAT) + bytes(4096)


def linked() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        header = tarfile.TarInfo("x.bib")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(header)
    return data.getvalue()


def crowded() -> bytes:
    """A zip archive that says that its table of contents has 1 GiB."""
    data = bytearray(packed_zip({"a.json": RECORD}))
    struct.pack_into("<I", data, data.rindex(b"PK\5\6") + 12, 1 << 30)
    return bytes(data)


ROW = RECORD.decode()
ENTRY = "<entry><title>Nets</title>\n<summary>We net.</summary></entry>\n"
LATE = '{"title": "Nets", "abstract": "We net.'.ljust(443) + '" "year": 2020}'

FILES: dict[str, Callable[[], str | bytes]] = {
    "record without abstract": lambda: after(16, "@article{a,\n title = {Nets}\n}\n"),
    "broken JSON Lines": lambda: after(6, '{"title" : "Nets\n', f"{ROW}\n") + ROW,
    "broken JSON on one line": lambda: f"[{','.join([ROW] * 16)},{LATE},{ROW}]",
    "lost bracket in JSON": lambda: f"[\n{ROW},\n{ROW},\n{ROW}\n}}\n]\n",
    "JSON cut off": lambda: f"[{after(8, ROW, f'{ROW},{chr(10)}')}",
    "JSON nested without end": lambda: f'[{{"title": {"[" * 100_000}',
    "lost quote in a table": lambda: 'title,abstract\nNets,We net.\nNets,"We" net."\nNets,We net.\n',
    "fields of no BibTeX entry": lambda: f"{BIB.decode()}\n\n\n\n\n  title = {{Nets}},\n  abstract = {{We net.}}\n}}\n",
    "RIS lines of no record": lambda: "TY  - JOUR\nTI  - Nets\nAB  - We net.\nER  - \n\n\nTI  - Nets\nAB  - We net.\n",
    "BibTeX entry never closed": lambda: after(18, "@article{a,\n title = {Nets},\n"),
    "broken XML record": lambda: f"<feed>\n{ENTRY * 3}\n<entry><title>Nets</entry>\n</feed>\n",
    "XML record never closed": lambda: f"<feed>\n{ENTRY * 6}<entry>\n<title>Nets</title>\n",
    "XML record without its start": lambda: f"<feed>\n{ENTRY * 3}\n</entry>\n</feed>\n",
    "XML comment that never ends": lambda: f"<feed>\n{ENTRY * 6}<!-- \n</feed>\n",
    "XML bomb, or any entity of its own": lambda: (
        f'<?xml version="1.0"?>\n<!DOCTYPE feed [\n<!ENTITY a "a">]>\n<feed>\n{ENTRY}</feed>\n'
    ),
    "gzip, bzip2, xz, Zstandard or zip bomb": bomb,
    "memory bomb in xz": xz_bomb,
    "memory bomb in tar": tar_bomb,
    "path out of an archive": lambda: packed_zip({"../up.bib": BIB}),
    "link, device or encrypted member": linked,
    "archive in an archive": lambda: packed_zip({"in.tgz": gzip.compress(packed_tar({"a.json": RECORD}))}),
    "too many files in an archive": crowded,
    "archive with nothing in it": lambda: packed_zip({}),
    "zip through a pipe": lambda: packed_zip({"a.json": RECORD}),
    "Word, Excel, ODF, EPUB": lambda: packed_zip({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
    "PDF, image": lambda: b"%PDF-1.7\n",
    "web page": lambda: "<!DOCTYPE html>\n<html><body>Nets</body></html>\n",
    "huge line": lambda: f"{ROW}\n{' ' * (17 << 20)}\n{ROW}\n",
    "huge row": lambda: f"title,abstract\n{',' * 100_001}\nNets,We net.\n",
    "huge abstract": lambda: after(3, f"@article{{a, title = {{Nets}}, abstract = {{{'We net. ' * 20_000}}}}}\n"),
}
"""The text of the file that each row speaks of; some stand in a place of their own, which `put` makes."""


def put(what: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make what a row of the table speaks of; give the input that is to be read."""
    if name.startswith("papers/"):
        Path("papers/a").mkdir(parents=True)
        Path("papers/a/a.jsonl").write_bytes(RECORD)
        Path(name).symlink_to(Path.cwd() / "papers" if what == "folder loop" else Path.cwd() / "papers" / "a")
        return "papers"
    made = FILES[what]()
    content = made if isinstance(made, bytes) else made.encode()
    if name == "-":
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    else:
        Path(name).write_bytes(content)
    return name


@pytest.mark.parametrize("what", refusals())
def test_a_refusal_is_as_the_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    said = refusals()[what]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unpack, "FREE", 1 << 20)
    name = put(what, said.partition(":")[0], monkeypatch)
    assert tried(name)[1] == [said]
    if name == "-":
        sys.stdin.close()


def test_every_refusal_of_the_readme_is_tried() -> None:
    assert set(refusals()) == {*FILES, "folder loop", "folder reached twice"}
    rows = README.read_text("utf-8").partition("\n## Refusals\n")[2].partition("\n## ")[0].count("\n| ")
    assert len(refusals()) == rows - 1  # less the head
