"""Read papers from what people hold: files, archives, folders and stdin in many formats, recognised from their content.

This is the only step that judges outside data. What cannot be read costs its record alone and is reported with file,
line, reason and what to do. The same paper in two places is given twice; `kg.assemble.unite` makes one of it. Reading
streams: no more than one record, or one window of a pasted page, is held.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from kg.errors import InputError, UsageError
from kg.model import Paper
from kg.read.formats import FORMATS, STRUCTURED, Format, format_named, recognise
from kg.read.signs import is_web_page
from kg.read.source import GuessedEncodingError, Source, check, files, opened
from kg.read.unpack import members

__all__ = ["FORMATS", "Format", "GuessedEncodingError", "read", "recognise"]

TEXT_SUFFIXES = frozenset((".txt", ".text", ".md", ".markdown", ""))
"""Files in a folder that may be plain text about papers; other text (code, logs) is not."""

log = logging.getLogger(__name__)


def read(
    inputs: Iterable[str | Path],
    *,
    format: str | None = None,  # noqa: A002 - the name of the option
    strict: bool = False,
    skip_empty: bool = False,
    on_problem: Callable[[InputError], None] | None = None,
) -> Iterator[Paper]:
    """Read papers from files, folders (sorted, without hidden files) and ``-`` for stdin.

    Every problem is given to ``on_problem`` (default: logged as a warning), or raised if ``strict``. A record without
    an abstract is a problem unless ``skip_empty``. Raises InputError at once, before any reading, for an input that
    does not exist, and UsageError for an unknown ``format``.
    """
    form = format_named(format) if format else None
    if format and not form:
        known = ", ".join(known.name for known in FORMATS)
        raise UsageError(f"{format}: no such format; one of {known}")
    names = check(inputs)

    def report(problem: InputError) -> None:
        if strict:
            raise problem
        if on_problem:
            on_problem(problem)
        else:
            log.warning("%s", problem)

    return _read(names, form, skip_empty, report)


def _read(
    names: list[str], form: Format | None, skip_empty: bool, report: Callable[[InputError], None]
) -> Iterator[Paper]:
    for name, named in files(names, report):
        try:
            with opened(name) as stream:
                for member in members(name, stream, report):
                    source = Source(member.name, member.blocks, report)
                    reader = _reader(source, form, named and not member.inside)
                    if reader:
                        yield from _papers(reader, source, skip_empty)
        except OSError as error:
            report(InputError(f"{name}: cannot be read ({error.strerror or error}); check its permissions"))


def _papers(reader: Format, source: Source, skip_empty: bool) -> Iterator[Paper]:
    for paper in reader.read(source, skip_empty):
        source.silent = False
        yield paper
    if source.silent:
        source.problem(None, "no papers found; check the file, or name its --format")


def _reader(source: Source, form: Format | None, named: bool) -> Format | None:
    if source.failed and source.empty:
        return None
    if source.empty:
        source.problem(None, "empty; give a file with papers")
        return None
    if source.binary:
        source.problem(None, "a binary file, not text; give text, BibTeX, JSON or CSV")
        return None
    if is_web_page(source.head) and not form:
        source.problem(None, "a web page, not text; copy the text of the page into a file")
        return None
    found = form or recognise(source.head)
    if not found or (not form and not named and found.name not in STRUCTURED and not _may_be_text(source.name)):
        source.problem(None, "not a format of papers; name it directly, or its --format, to read it all the same")
        return None
    return found


def _may_be_text(name: str) -> bool:
    return PurePath(re.sub(r"\.(gz|bz2|xz|zst)$", "", name.lower())).suffix in TEXT_SUFFIXES
