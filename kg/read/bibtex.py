"""Read BibTeX entries that have an abstract, by bibtexparser 2, one entry at a time.

The file is cut into entries by counting braces, so that it streams and a broken entry costs itself alone; each is then
parsed with the ``@string`` definitions seen so far. LaTeX accents, commands and braces become plain text; math stays
as written. The citation key is no identity (two files may give one key to two papers), so it is not the paper's id.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

from kg.model import Paper
from kg.read.latex import plain
from kg.read.record import MAX_ABSTRACT, RefusedError, paper_from
from kg.read.source import MAX_RECORD, Source

ENTRY = re.compile(r"[ \t]*@[ \t]*([A-Za-z]\w*)[ \t]*[{(]")
_NEXT = re.compile(r"@[ \t]*[A-Za-z]\w*[ \t]*[{(]")
_INSIDE = re.compile(r"@\w+\{(?:[^\s{},=\"]+\s*,|\s*$)")
_BRACES, _ROUND = re.compile(r"\\.|[{}]"), re.compile(r"\\.|[()]")
_FIELD = re.compile(r"\s*(?:title|abstract|author|booktitle|journal|year|doi)\s*=\s*[{\"\w]", re.IGNORECASE)
_PASSED_OVER = frozenset(("comment", "preamble"))
_DECODED = frozenset(
    ("title", "abstract", "year", "date", "journal", "journaltitle", "booktitle", "note", "number", "howpublished")
)
_AS_WRITTEN = frozenset(("url", "doi", "eprint", "archiveprefix", "eprinttype", "pmid", "pmcid", "ee"))
_MAX_STRINGS = 10_000


def read_bibtex(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the entries of a BibTeX file."""
    strings: dict[str, str] = {}
    for number, kind, text, closed in _entries(source):
        if not closed:
            source.problem(number, "entry without its closing brace; mend its braces")
        elif kind in _PASSED_OVER:
            continue
        elif kind == "string":
            name = text.partition("=")[0]
            if len(strings) < _MAX_STRINGS:
                strings[name] = text
        else:
            paper = _paper(source, number, text, strings, skip_empty)
            if paper:
                yield paper


def _entries(source: Source) -> Iterator[tuple[int, str, str, bool]]:
    """Cut the file into entries: line, type, text, and whether its braces close."""
    held: list[str] = []
    began, kind, depth, size, marks = 0, "", 0, 0, _BRACES
    said = False
    for line in source.lines():
        text, at = line.text + "\n", 0
        while at < len(text):
            if not at or not held:
                found = ENTRY.match(text, at)
                # An entry that begins at the start of a line inside another one shows that the other never ended.
                if found and (not held or _INSIDE.match(text)):
                    if held:
                        yield began, kind, "".join(held), False
                    held, began, kind, depth, size = [], line.number, found.group(1).lower(), 0, 0
                    said = False
                    at, marks = text.index("@", at), _ROUND if found.group().endswith("(") else _BRACES
                elif not held:
                    # Text between entries is a comment; an entry may follow it on the same line.
                    if not at and not said and _FIELD.match(text):
                        source.problem(line.number, 'fields of no entry; mend the line with "@" above them')
                        said = True
                    following = _NEXT.search(text, at + 1)
                    at = following.start() if following else len(text)
                    continue
            start = at
            depth, at = _depth(text, at, depth, marks)
            held.append(text[start:at])
            size += at - start + 50  # a line takes memory, however short
            if depth == 0:
                yield began, kind, "".join(held), True
                held = []
            elif size > MAX_RECORD:
                yield began, kind, "", False
                held = []
    if held:
        yield began, kind, "".join(held), False


def _depth(text: str, start: int, depth: int, marks: re.Pattern[str]) -> tuple[int, int]:
    """The depth of brackets after ``text`` and how far it was used: to its end, or to the bracket that closes."""
    for found in marks.finditer(text, start):
        if found.group() in "({":
            depth += 1
        elif found.group() in ")}":
            depth -= 1
            if depth <= 0:
                return 0, found.end()
    return depth, len(text)


def _paper(source: Source, number: int, text: str, strings: dict[str, str], skip_empty: bool) -> Paper | None:
    fields = _fields(text, strings)
    if fields is None:
        source.problem(number, "broken BibTeX entry; check its commas, braces and quotes")
        return None
    try:
        return paper_from(fields, source.place(number))
    except RefusedError as refusal:
        source.refuse(number, refusal, skip_empty)
        return None


def _fields(text: str, strings: dict[str, str]) -> dict[str, Any] | None:
    """The fields of one entry as plain text, or None where it cannot be parsed."""
    import bibtexparser
    from bibtexparser.middlewares import MergeNameParts, SeparateCoAuthors, SplitNameParts

    # It logs what it cannot parse; here that is reported with its place.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

    used = [definition for name, definition in strings.items() if name.partition("{")[2].strip() in text]
    try:
        library = bibtexparser.parse_string("".join([*used, "\n", _braced(text)]))
        if len(library.entries) != 1:
            return None
        values = {field.key: field.value for field in library.entries[0].fields}
        names = bibtexparser.parse_string(
            "@misc{x, author = {" + str(values.get("author", "")) + "}}",
            append_middleware=[SeparateCoAuthors(), SplitNameParts(), MergeNameParts("first")],
        )
        people = names.entries[0].fields_dict["author"].value if names.entries else [values.get("author", "")]
    except Exception:  # the library documents no error tree; whatever it stumbles on is a broken entry
        return None
    fields: dict[str, Any] = {
        key.lower(): value if key.lower() in _AS_WRITTEN or len(str(value)) > MAX_ABSTRACT else plain(str(value))
        for key, value in values.items()
        if key.lower() in _AS_WRITTEN or key.lower() in _DECODED
    }
    if library.entries[0].key.startswith("DBLP:"):
        fields["dblp"] = library.entries[0].key
    fields["authors"] = [{"name": plain(str(name))} for name in people if str(name).casefold() != "others"]
    return fields


def _braced(text: str) -> str:
    """The entry in braces: bibtexparser reads no entry in round brackets."""
    found = ENTRY.match(text)
    if found and found.group().endswith("("):
        return f"{found.group()[:-1]}{{{text[found.end() : -1]}}}"
    return text
