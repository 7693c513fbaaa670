"""Compressed files, archives and folders: all are read; bombs, links and paths that lead out are refused."""

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from kg.read import read, unpack

from .test_read import ROW, Made, made, tried

__all__ = ["made"]  # the fixture

RECORD = json.dumps(ROW).encode()
BIB = b"@article{a, title={Nets of Others}, abstract={We net.}}\n"
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def packed_zip(members: dict[str, bytes]) -> bytes:
    """Zip archive of these members."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def packed_tar(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Tar archive of these members."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize("suffix", PACKS)
def test_compressed_files_are_known_by_their_content(made: Made, suffix: str) -> None:
    pack = PACKS[suffix]
    path = made(pack(RECORD + b"\n") + pack(RECORD.replace(b"Fish", b"Birds")))
    assert [paper.title for paper in read([path], strict=True)] == ["Nets for Fish", "Nets for Birds"]


@pytest.mark.parametrize("suffix", PACKS)
def test_a_cut_or_damaged_file_gives_what_comes_before(made: Made, suffix: str) -> None:
    lines = b"\n".join(json.dumps({**ROW, "title": f"{n} {os.urandom(40).hex()}"}).encode() for n in range(6000))
    data = PACKS[suffix](lines)
    found, problems = tried(made(data[: len(data) // 2]))
    assert all(paper.abstract == "We net fish." for paper in found)
    # bzip2 and xz work in large blocks; a record that the cut goes through is broken too.
    assert len(found) > (1000 if suffix != "bz2" else -1)
    assert [problem for problem in problems if "cannot be" in problem]
    damaged = bytearray(data)
    damaged[len(data) // 2 : len(data) // 2 + 20] = bytes(20)
    assert tried(made(bytes(damaged)))[1]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.zip", packed_zip),
        ("a.tar", packed_tar),
        ("a.tgz", lambda members: gzip.compress(packed_tar(members))),
        ("a.tar.zst", lambda members: zstandard.compress(packed_tar(members, tarfile.GNU_FORMAT))),
    ],
)
def test_archives_of_papers(tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    long = "deep/" * 40 + "c.json"
    path = tmp_path / name
    path.write_bytes(
        pack(
            {
                "a.jsonl.gz": gzip.compress(RECORD),
                "b/library.bib": BIB,
                "__MACOSX/._x": b"junk",
                ".hidden/x.bib": BIB,
                "code.py": b"import this\n",
                long: b"[" + RECORD.replace(b"Fish", b"Birds") + b"]",
            }
        )
    )
    found, problems = tried(path)
    assert {paper.sources[0]: paper.title for paper in found} == {
        f"{path}/a.jsonl.gz:1": "Nets for Fish",
        f"{path}/b/library.bib:1": "Nets of Others",
        f"{path}/{long}:1": "Nets for Birds",
    }
    what = "not a format of papers; name it directly, or its --format, to read it all the same"
    assert problems == [f"{path}/code.py: {what}"]


def test_a_tar_comes_through_a_pipe_and_a_zip_does_not(made: Made) -> None:
    code = "import sys; from kg.read import read\nfor paper in read(['-']): print(paper.title, *paper.sources)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=gzip.compress(packed_tar({"a.json": RECORD})),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"Nets for Fish -/a.json:1\n"
    done = subprocess.run(
        [sys.executable, "-c", code], input=packed_zip({"a.json": RECORD}), capture_output=True, check=True
    )
    assert done.stdout == b""
    assert done.stderr.decode().strip() == "-: a zip archive cannot be read from a pipe; give it as a file"


OUT = "a path that leads out of the archive, not read; unpack it yourself"


@pytest.mark.parametrize("name", ["../up.bib", "/etc/x.bib", "a/../../x.bib", "C:\\x.bib"])
@pytest.mark.parametrize("pack", [packed_zip, packed_tar])
def test_paths_that_lead_out_of_an_archive(
    made: Made, pack: Callable[[dict[str, bytes]], bytes], name: str, tmp_path: Path
) -> None:
    path = made(pack({name: BIB, "b.json": RECORD}))
    found, problems = tried(path)
    assert [paper.title for paper in found] == ["Nets for Fish"]
    assert problems == [f'{path}: "{name}" is {OUT}']
    assert not list(tmp_path.parent.glob("*.bib"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(made: Made, kind: bytes) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        header = tarfile.TarInfo("x.bib")
        header.type, header.linkname = kind, "/etc/passwd"
        archive.addfile(header)
        header = tarfile.TarInfo("y.json")
        header.size = len(RECORD)
        archive.addfile(header, io.BytesIO(RECORD))
    path = made(data.getvalue())
    found, problems = tried(path)
    assert len(found) == 1
    what = "a link" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "no plain file"
    assert problems == [f'{path}: "x.bib" is {what}, not read; unpack it yourself']


def test_links_in_a_zip(made: Made) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        link = zipfile.ZipInfo("x.bib")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    path = made(data.getvalue())
    assert tried(path) == ([], [f'{path}: "x.bib" is a link, not read; unpack it yourself'])


@pytest.mark.parametrize("pack", [packed_zip, packed_tar])
def test_an_archive_in_an_archive(made: Made, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    inner = {"in.zip": packed_zip({"a.json": RECORD}), "in.tgz": gzip.compress(packed_tar({"a.json": RECORD}))}
    path = made(pack({**inner, "b.json": RECORD}))
    found, problems = tried(path)
    assert len(found) == 1
    assert sorted(problems) == [
        f'{path}: "{name}" is an archive in an archive, not read; unpack it first' for name in ("in.tgz", "in.zip")
    ]


def test_an_office_document_an_encrypted_member_and_a_broken_archive(made: Made) -> None:
    path = made(packed_zip({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}))
    what = "a document of an office program, not text; give text, BibTeX, JSON or CSV"
    assert tried(path) == ([], [f"{path}: {what}"])
    data = bytearray(packed_zip({"a.json": RECORD}))
    for sign, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(sign) + offset] |= 1
    path = made(bytes(data))
    assert tried(path) == ([], [f'{path}: "a.json" is encrypted, not read; unpack it yourself'])
    path = made(b"PK\3\4" + bytes(90))
    assert tried(path) == ([], [f"{path}: a broken archive (File is not a zip file); make it anew"])


BOMB = "unpacks to more than 200 times its size, as a bomb does; unpack it yourself"


@pytest.fixture
def small_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ratio count from 1 MB on, so that the bombs of the tests unpack quickly."""
    monkeypatch.setattr(unpack, "FREE", 1 << 20)


@pytest.mark.usefixtures("small_bombs")
@pytest.mark.parametrize("suffix", PACKS)
def test_a_bomb(made: Made, suffix: str) -> None:
    path = made(PACKS[suffix](RECORD + b"\n" + b" " * (40 << 20)))
    found, problems = tried(path)
    assert len(found) == 1
    assert problems == [f"{path}: {BOMB}"]


@pytest.mark.usefixtures("small_bombs")
@pytest.mark.parametrize("suffix", PACKS)
@pytest.mark.parametrize("sign", [b" ", b"\n", b"\0"])
def test_a_bomb_with_nothing_in_it(made: Made, suffix: str, sign: bytes) -> None:
    path = made(PACKS[suffix](sign * (40 << 20)))
    binary = "a binary file, not text; give text, BibTeX, JSON or CSV"
    assert tried(path) == ([], [f"{path}: {binary if sign == bytes(1) else BOMB}"])


@pytest.mark.usefixtures("small_bombs")
def test_a_bomb_in_a_zip_and_in_a_tar(made: Made) -> None:
    path = made(packed_zip({f"{n}.json": bytes(1 << 20) for n in range(3)}))
    assert tried(path) == ([], [f"{path}: {BOMB}"])
    path = made(gzip.compress(packed_tar({"a.json": RECORD + b"\n" + b" " * (10 << 20), "b.json": RECORD})))
    found, problems = tried(path)
    assert len(found) == 1
    assert problems[0] == f"{path}/a.json: {BOMB}"


def test_text_that_shrinks_well_is_no_bomb(made: Made) -> None:
    lines = b"\n".join(json.dumps({**ROW, "title": f"Title {n}"}).encode() for n in range(8_000))
    assert len(tried(made(lzma.compress(lines)))[0]) == 8_000


def test_a_table_of_contents_that_would_fill_the_memory(made: Made) -> None:
    data = bytearray(packed_zip({"a.json": RECORD}))
    struct.pack_into("<I", data, data.rindex(b"PK\5\6") + 12, 1 << 30)
    path = made(bytes(data))
    assert tried(path) == ([], [f"{path}: more than 100,000 files in an archive; unpack it and give the folder"])


def test_a_header_that_would_fill_the_memory(made: Made) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    path = made(header.tobuf(tarfile.USTAR_FORMAT) + bytes(4096))
    assert tried(path) == ([], [f"{path}: a broken archive (a header of 1,073,741,824 bytes); make it anew"])


def test_a_window_that_would_fill_the_memory(made: Made) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = made(writer.compress(RECORD * 1000) + writer.flush())
    found, problems = tried(path)
    assert found == []
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}: cannot be unpacked (")


def test_a_dictionary_that_would_fill_the_memory(made: Made) -> None:
    data = bytearray(lzma.compress(RECORD, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    # The header of the block: its length in words, ..., the filter 0x21 with one byte that says 1 GiB, a checksum.
    data[data.index(b"\x21\x01", 12) + 2] = 36
    end = 12 + (data[12] + 1) * 4
    struct.pack_into("<I", data, end - 4, zlib.crc32(data[12 : end - 4]))
    path = made(bytes(data))
    assert tried(path) == ([], [f"{path}: cannot be read to its end (Memory usage limit exceeded); check the file"])


@pytest.mark.parametrize(
    "content", [packed_zip({}), packed_zip({".hidden": BIB}), packed_tar({".hidden": BIB, "__MACOSX/x": BIB})]
)
def test_an_archive_with_nothing_to_read(made: Made, content: bytes) -> None:
    path = made(content)
    assert tried(path) == ([], [f"{path}: no files in this archive; give one that holds papers"])


def test_names_in_a_zip_that_are_no_names(made: Made) -> None:
    path = made(packed_zip({"QQQ": RECORD, "b.json": RECORD}).replace(b"QQQ", b"\0QQ"))
    assert tried(path)[0][0].title == "Nets for Fish"
    assert tried(path)[1] == [f'{path}: "" is a name that is no path, not read; unpack it yourself']
    data = packed_zip({"ä.json": RECORD, "b.json": RECORD})
    broken = data.replace("ä".encode(), b"\x80\x80", 1)  # in the header of the member, not in the table of contents
    found, problems = tried(made(broken))
    assert [paper.title for paper in found] == ["Nets for Fish"]
    assert len(problems) == 1
    assert '"ä.json" cannot be read' in problems[0]
