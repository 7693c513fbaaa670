"""What the commands that answer share: their options, names, and sentences with their papers."""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.output import count, note

if TYPE_CHECKING:
    import networkx as nx

    from kg.answers import Said

Command = Callable[..., Any]

JSON = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with all sentences.")
ROLL_UP = click.option("--roll-up", is_flag=True, help="Count variants for their family: ResNet-50 is ResNet.")


def limited(default: int, things: str) -> Callable[[Command], Command]:
    return click.option(
        "--limit", type=click.IntRange(1), default=default, show_default=True, metavar="N", help=f"{things} to show."
    )


def load(path: Path) -> "nx.MultiDiGraph":
    from kg.graph import Graph

    return Graph(path).graph


def find(graph: "nx.MultiDiGraph", name: str, label: str | None) -> str:
    from kg.store.names import find_named

    return find_named(graph, name, label).id


def name_of(graph: "nx.MultiDiGraph", node: str | None) -> str:
    data = graph.nodes[node]
    return str(data.get("name") or data.get("title") or node)


def plain(text: str) -> str:
    """Make text safe for a terminal: no control characters."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def say(text: str) -> None:
    click.echo(plain(text))


def quote(said: "Said") -> None:
    """Print a sentence and its paper, wrapped where a terminal shows it."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100_000
    for text in (f'"{said.sentence}"', f"- {said.title}{f' ({said.year})' if said.year else ''}"):
        indent = " " * 6
        click.echo(textwrap.fill(plain(text), max(40, width), initial_indent=indent, subsequent_indent=indent))


def more_of(number: int, limit: int, thing: str, *, indent: bool = False) -> None:
    if number <= limit:
        return
    more = f"{count(number - limit, 'more ' + thing)}; --limit N shows them"
    if indent:
        say(f"  … {more}")
    else:
        note(more)


def print_json(found: Any) -> None:
    def dictionary(value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        raise TypeError(type(value).__name__)

    items = found if not isinstance(found, Iterable) or isinstance(found, dict) else list(found)
    click.echo(json.dumps(items, ensure_ascii=False, indent=1, default=dictionary))
