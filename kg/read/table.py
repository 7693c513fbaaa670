"""Read CSV and TSV with a header row; columns in any order, told by their names (`kg.read.record.FIELDS`)."""

import csv
from collections.abc import Iterator

from kg.model import Paper
from kg.read.record import FIELDS, RefusedError, paper_from
from kg.read.source import MAX_RECORD, Source
from kg.read.values import folded

MOST_CELLS = 100_000


def read_csv(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read rows parted by commas, semicolons or bars, whichever the header has."""
    return _read(source, skip_empty, delimiter_of(source.head) or ",")


def read_tsv(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read rows parted by tabs."""
    return _read(source, skip_empty, "\t")


def delimiter_of(head: str) -> str | None:
    """The sign that parts the header into columns one of which is a title and one a field of a paper, or None.

    >>> delimiter_of("id;Title;Abstract"), delimiter_of("Title, Abstract")
    (';', ',')
    """
    first = next((line for line in head.splitlines() if line.strip()), "")[:10_000]
    for sign in ("\t", ",", ";", "|"):
        names = {folded(cell) for cell in next(csv.reader([first], delimiter=sign, skipinitialspace=True), [])}
        others = {name for field in FIELDS if field != "title" for name in FIELDS[field]}
        if names & set(FIELDS["title"]) and names & others:
            return sign
    return None


def _lines(source: Source, delimiter: str) -> Iterator[str]:
    for line in source.lines():
        if line.text.count(delimiter) > MOST_CELLS:
            source.problem(line.number, f"row of more than {MOST_CELLS:,} cells; check what parts its columns")
            yield "\n"
        else:
            yield line.text + "\n"


def _read(source: Source, skip_empty: bool, delimiter: str) -> Iterator[Paper]:
    # The limit belongs to the process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD))
    # A tab-separated file may use quotes as plain signs; only a field that begins with one is quoted.
    rows = csv.reader(_lines(source, delimiter), delimiter=delimiter, skipinitialspace=True)
    header: list[str] = []
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            source.problem(number, f"broken row ({error}); check its quotes")
            continue
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = [folded(cell) for cell in row]
            if not set(header) & set(FIELDS["title"]):
                source.problem(number, 'no column "title"; name the columns in the first row')
                return
            continue
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            source.problem(number, f"{len(row)} cells under {len(header)} columns; put cells with commas in quotes")
            continue
        # The first of two columns of one name counts.
        fields = dict(reversed(list(zip(header, row, strict=False))))
        try:
            yield paper_from(fields, source.place(number))
        except RefusedError as refusal:
            source.refuse(number, refusal, skip_empty)
