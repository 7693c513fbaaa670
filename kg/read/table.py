"""Read CSV and TSV with a header row; columns in any order, told by their names (`kg.read.record.FIELDS`).

A row ends with its line, but for line breaks in quotes. Where quotes do not close as they should, a row ends before the
next line with which a row of all columns begins, so that a lost quote does not swallow the rows below it.
"""

import csv
from collections import deque
from collections.abc import Iterator

from kg.model import Paper
from kg.read.record import FIELDS, RefusedError, paper_from
from kg.read.source import MAX_RECORD, Line, Source
from kg.read.values import folded

MOST_CELLS = 100_000
_SEARCHED = 1000
"""Lines below the first of a broken row among which the next row is looked for."""
_LONGEST = 1 << 20
"""Characters of a row that is found so."""


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


def _read(source: Source, skip_empty: bool, delimiter: str) -> Iterator[Paper]:
    # The limit belongs to the process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD))
    rows = _Rows(source, delimiter)
    header: list[str] = []
    for number, row in rows:
        if not header:
            header = [folded(cell) for cell in row]
            if not set(header) & set(FIELDS["title"]):
                source.problem(number, 'no column "title"; name the columns in the first row')
                return
            rows.columns = len(header)
            continue
        # The first of two columns of one name counts.
        fields = dict(reversed(list(zip(header, row, strict=False))))
        try:
            yield paper_from(fields, source.place(number))
        except RefusedError as refusal:
            source.refuse(number, refusal, skip_empty)


def _why(error: csv.Error) -> str:
    """What is wrong with a row, in words that name no sign: a tab would break the line."""
    said = str(error)
    if "expected after" in said:
        return "text after a closing quote"
    return "a quote that does not close" if "unexpected end" in said else "a line break inside a line"


class _Rows:
    """The rows that are not blank, each with the line where it begins; a broken one is reported and left out."""

    def __init__(self, source: Source, delimiter: str) -> None:
        self.columns = 0
        """How many the header has, once it is read."""
        self._source = source
        self._delimiter = delimiter
        self._lines = self._checked()
        self._again: deque[Line] = deque()
        """Lines that a broken row has swallowed."""
        self._effort = _LONGEST
        """Characters that may be gone over again; what is read adds to it."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while first := self._next():
            taken: list[Line] = []
            try:
                row = next(self._parsed(self._taking(first, taken), strict=True), [])
            except csv.Error as error:
                row, why = [], _why(error)
                fits = False
            else:
                fits, why = self._fits(row), f"{len(row)} cells under {self.columns} columns"
            if not fits:
                found = self._mended(taken, why)
                if found is None:
                    continue
                row = found
            if any(cell.strip() for cell in row):
                yield first.number, row

    def _checked(self) -> Iterator[Line]:
        for line in self._source.lines():
            self._effort += 10 * len(line.text)
            if line.text.count(self._delimiter) > MOST_CELLS:
                what = f"row of more than {MOST_CELLS:,} cells; check what parts its columns"
                self._source.problem(line.number, what)
            else:
                yield line

    def _next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _taking(self, first: Line, taken: list[Line], most: int = MAX_RECORD) -> Iterator[str]:
        """Give as many lines as the row goes on, and remember them."""
        line: Line | None = first
        size = 0
        while line and size <= most:
            taken.append(line)
            size += len(line.text) + 50  # a line takes memory, however short
            yield line.text + "\n"
            line = self._next()
        if line:
            self._again.appendleft(line)

    def _parsed(self, lines: Iterator[str], *, strict: bool) -> Iterator[list[str]]:
        # A tab-separated file may use quotes as plain signs; only a field that begins with one is quoted.
        return iter(csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=strict))

    def _fits(self, row: list[str]) -> bool:
        return not self.columns or len(row) <= self.columns or not any(cell.strip() for cell in row[self.columns :])

    def _begins(self, lines: list[Line]) -> bool:
        """Tell whether a row of all columns begins with the first of these lines; it may go on below them."""
        self._again.extendleft(reversed(lines[1:]))
        taken: list[Line] = []
        try:
            row = next(self._parsed(self._taking(lines[0], taken, _LONGEST), strict=True), [])
        except csv.Error:
            row = []
        self._effort -= sum(len(line.text) + 50 for line in taken)
        self._again.extendleft(reversed(taken[1:]))
        for _ in lines[1:]:
            self._again.popleft()
        return len(row) == self.columns

    def _mended(self, taken: list[Line], why: str) -> list[str] | None:
        """Give a row whose quotes are not as they should be, if it can be read all the same; else report it."""
        self._again.extendleft(reversed(taken[1:]))
        # Quotes inside a quoted cell that are not doubled: where they are even, the cells may come out right.
        loose: list[Line] = []
        try:
            row = next(self._parsed(self._taking(taken[0], loose, _LONGEST), strict=False), [])
            fits = self._fits(row)
        except csv.Error:  # a carriage return inside a line
            row, fits = [], False
        self._effort -= sum(len(line.text) + 50 for line in loose)
        end = len(loose)
        for at in range(1, min(end, _SEARCHED) if self.columns > 1 else 0):
            if self._effort > 0 and self._begins(loose[at : at + _SEARCHED]):
                end = at
                break
        if end == len(loose) and fits and sum(line.text.count('"') for line in loose) % 2 == 0:
            return row
        advice = "put cells with commas in quotes" if why.endswith("columns") else "check its quotes"
        shown = why if why.endswith("columns") else f"broken row ({why})"
        self._source.problem(taken[0].number, f"{shown}; {advice}")
        self._again.extendleft(reversed(loose[end if end < len(loose) else 1 :]))
        return None
