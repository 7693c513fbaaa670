"""What the commands print: tables, JSON and CSV on standard output; progress and reports on standard error.

Colour and drawing only where a terminal reads it; ``NO_COLOR`` is honoured.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from kg.store.base import Rows
    from kg.update.database import Progress

_SHOWN = 20
_WIDE = 100_000
_A_LINE_EVERY = 60.0
_STEPS = {"read": "Reading", "extract": "Extracting", "assemble": "Assembling", "store": "Storing", "load": "Loading"}


class Problems:
    """Reports the records that cannot be read, the first few in full, and counts them."""

    def __init__(self) -> None:
        """Start with none."""
        self.skipped = 0

    def __call__(self, problem: InputError) -> None:
        """Report one problem."""
        from kg.read import GuessedEncodingError

        if not isinstance(problem, GuessedEncodingError):
            self.skipped += 1
        if self.skipped <= _SHOWN:
            note(str(problem))

    def summary(self) -> None:
        """Say how many records were skipped, where there were any."""
        if self.skipped > _SHOWN:
            note(f"... and {self.skipped - _SHOWN} more")
        if self.skipped:
            note(f"skipped {count(self.skipped, 'record')} that cannot be read; --strict stops at the first")


def note(message: str) -> None:
    """Print a line to standard error."""
    click.echo(f"kg: {message}", err=True)


def count(number: int, thing: str) -> str:
    """Write a number with its noun.

    >>> count(1, "paper"), count(1200, "paper")
    ('1 paper', '1,200 papers')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def console(*, err: bool = False) -> "Console":
    """Give a console; where no terminal reads it, lines are as long as they need to be."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    found = Console(file=stream, highlight=False, markup=False, emoji=False)
    return found if found.is_terminal else Console(file=stream, highlight=False, markup=False, emoji=False, width=_WIDE)


@contextmanager
def progress(things: str = "papers") -> Iterator["Progress"]:
    """Show the progress of the steps on standard error, counted in ``things``; a line a minute without a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    err = console(err=True)
    if not err.is_terminal:
        yield _Lines(things)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def update(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                for task in tasks.values():
                    bars.update(task, visible=False)
                tasks[step] = bars.add_task(_STEPS.get(step, step), total=total, rate="")
            task = tasks[step]
            speed = bars.tasks[task].speed
            bars.update(task, completed=done, total=total, rate=f"{speed:,.0f} {things}/s" if speed else "")

        yield update


class _Lines:
    """Notes how far the steps are, for the log of what takes long."""

    def __init__(self, things: str) -> None:
        """Begin to count the time."""
        self._things, self._told = things, time.monotonic()
        self._step, self._begun, self._first = "", 0.0, 0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Note the step when a minute has passed since the last note."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._begun, self._first = step, now, done
        if now - self._told < _A_LINE_EVERY:
            return
        self._told = now
        text = f"{_STEPS.get(step, step).lower()}: {done:,}{f' of {total:,}' if total else ''} {self._things}"
        speed = (done - self._first) / (now - self._begun) if now > self._begun else 0
        if speed:
            text += f", {speed:,.0f}/s"
            text += f", about {(total - done) / speed / 60:,.0f} min left" if total else ""
        note(text)


def print_rows(rows: "Rows", form: str, *, more: str = "--limit N") -> None:
    """Print the answer to a query as ``table``, ``json`` or ``csv``; ``more`` is how to get more rows than these."""
    if form == "json":
        click.echo(json.dumps(rows.dicts(), ensure_ascii=False, indent=1))
    elif form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows.columns)
        writer.writerows([_cell(value) for value in row] for row in rows)
        click.echo(text.getvalue(), nl=False)
    else:
        print_table(rows.columns, rows)
    if rows.truncated:
        note(f"only the first {count(len(rows), 'row')}; {more} gives more")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, err: bool = False) -> None:
    """Print a table that fits the terminal; numbers to the right."""
    from rich import box
    from rich.table import Table

    rows = [tuple(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float | None) for row in rows)
        table.add_column(_plain(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(_cell(value)) for value in row))
    to = console(err=err)
    with to.capture() as caught:
        to.print(table)
    click.echo("\n".join(line.rstrip() for line in caught.get().splitlines()), err=err)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict) and "_label" in value:
        return str(value.get("name") or value.get("title") or value.get("id") or value["_label"])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _plain(text: str) -> str:
    """Make text safe for a terminal: no control characters, which could move the cursor or set the title."""
    return "".join(c if c.isprintable() else " " for c in text)
