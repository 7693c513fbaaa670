"""What the fuzzing of each reader starts from: the words of its format, files made of the project's own fixtures."""

# ruff: noqa: SIM905 - one word a line would take a page
import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import zstandard

from kg.read import FORMATS, recognise

from .checks import reads, reads_dump

DATA = Path(__file__).parents[1] / "data"
FIXTURES = DATA / "read"
KEPT = DATA / "fuzz"

WORDS: Mapping[str, list[str]] = {
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
ALIKE = (
    {"jsonl": "json", "csl": "json", "tsv": "csv", "listing": "posters", "pwc": "json"}
    | dict.fromkeys(("openalex", "crossref", "semanticscholar", "openreview", "arxiv", "zotero"), "json")
    | dict.fromkeys(("atom", "oai", "pubmed"), "xml")
)
"""Formats with the words of another one."""

RECORD = b'{"title": "Nets for Fish", "abstract": "We net fish."}'
BIB = b"@article{a, title={Nets of Others}, abstract={We net.}}\n"
PACKS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": lambda text: gzip.compress(text, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
UNPACKS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": gzip.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "zst": lambda packed: zstandard.ZstdDecompressor().decompress(packed, max_output_size=1 << 20),
}
ARCHIVES = ("zip", "tar")
READERS = (*(form.name for form in FORMATS), *PACKS, *ARCHIVES, "any", "pwc")
"""All that is fuzzed: each format, each kind of packing, files of no named format, the dumps of Papers with Code."""


def checked(reader: str, folder: Path) -> Callable[[bytes], None]:
    """Give the check of a reader, which writes its input into ``folder``."""
    if reader == "pwc":
        return reads_dump(folder)
    return reads(reader if any(form.name == reader for form in FORMATS) else None, folder)


def words(reader: str) -> list[str]:
    """Give the words of a format; of all where it is not one."""
    own = WORDS.get(ALIKE.get(reader, reader))
    return own if own is not None else sorted({word for one in WORDS.values() for word in one})


def seeds(reader: str) -> Iterator[bytes]:
    """Give the files that the fuzzing of a reader starts from."""
    if reader in PACKS:
        yield from (PACKS[reader](text) for text in (RECORD, RECORD * 50, BIB, packed_tar({"a.json": RECORD})))
        yield PACKS[reader](RECORD + b"\n") + PACKS[reader](BIB)
    elif reader in ARCHIVES:
        pack = packed_zip if reader == "zip" else packed_tar
        inner = {"a.jsonl": RECORD, "b/c.bib": BIB, "d.gz": PACKS["gz"](RECORD), "e.tar": packed_tar({"x": BIB})}
        yield from (pack(inner), pack({}), pack({"a": RECORD}), pack({"../a": RECORD, "/b": BIB, "c": b"\0\0"}))
        if reader == "tar":
            yield packed_tar({"long/" * 40 + "a.json": RECORD}, tarfile.GNU_FORMAT)
            yield packed_tar({"n\u00e4tze/" * 40 + "a.json": RECORD}, tarfile.PAX_FORMAT)
    elif reader == "pwc":
        yield from (json.dumps(dump).encode() for dump in _dumps())
    else:
        yield from _texts(reader)


def _texts(reader: str) -> Iterator[bytes]:
    near = ALIKE.get(reader, reader)
    for form in FORMATS:
        if reader == "any" or form.name == reader or ALIKE.get(form.name, form.name) == near:
            yield form.example.replace("\\n", "\n").replace("\\t", "\t").encode()
    for path in sorted(FIXTURES.iterdir()):
        text = path.read_bytes()
        found = recognise(text.decode("utf-8", "replace"))
        if found and (reader == "any" or ALIKE.get(found.name, found.name) == near):
            yield text
    if reader in ("any", "jsonl"):
        yield b"\n".join((RECORD, b'{"Title": "B", "summary": "We \\u00e4 b.", "authors": "Lee, A; Bo, C"}', RECORD))
    if reader in ("any", "csv", "tsv"):
        rows = ("title{}abstract{}year", "A{}We net fish.{}2020", '"B ""b"""{}"We{}\nnet."{}2021', "C{}{}")
        signs = "\t" if reader == "tsv" else ",;|"
        yield from ("\n".join(row.replace("{}", sign) for row in rows).encode() for sign in signs)
    if reader in ("any", "markdown"):
        yield b"# A Net\n\n**Authors:** A. Lee, B. Bo\n\nAbstract: We *net*.\n"
        yield b"# One\n\n## [Two](http://x)\n## Abstract\nWe two.\n"


def _dumps() -> Iterator[object]:
    task = {"task": "Fishing", "synonyms": ["Angling"], "datasets": [], "subtasks": []}
    row = {"model_name": "Net (ours)", "paper_title": "Nets", "paper_url": "http://x", "metrics": {"F1": "9.1%"}}
    table = {"dataset": "Pond", "sota": {"metrics": ["F1"], "rows": [row]}, "subdatasets": []}
    yield [{"name": "Net", "full_name": "Wide Net", "num_papers": 30}, {"name": "Hook", "full_name": "Hook"}] * 2
    yield [{"name": "Pond", "full_name": "Pond", "variants": ["Pond-2"], "tasks": [{"task": "Fishing"}]}] * 2
    yield [{**task, "datasets": [table], "subtasks": [{**task, "datasets": [{**table, "subdatasets": [table]}]}]}] * 2
    yield [{"paper_url": "http://x", "title": "Nets", "abstract": "We net.", "tasks": ["Fishing"], "methods": []}] * 2


def packed_zip(members: dict[str, bytes]) -> bytes:
    """Zip archive of these members."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
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
