"""Commands that ask: query, queries, info."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import options
from kg.cli.output import console, print_rows, print_table
from kg.errors import QueryError, TimeLimitError, UsageError

if TYPE_CHECKING:
    from kg.store.base import Store

GRAPH = click.argument("graph", metavar="GRAPH", type=click.Path(path_type=Path))


@click.command()
@GRAPH
@click.argument("cypher", metavar="CYPHER|NAME")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print the rows.",
)
@options.asking()
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="ROWS",
    help="Rows to print at most; by default 10,000, or a named question's own limit.",
)
@click.option("--neo4j", is_flag=True, help="Ask the Neo4j server (NEO4J_URI, ...) instead of the graph folder.")
def query(
    *,
    graph: Path,
    cypher: str,
    params: tuple[str, ...],
    form: str,
    timeout: float,
    memory: int | None,
    limit: int | None,
    neo4j: bool,
) -> None:
    """Ask a graph, in Cypher or by a question's name.

    `kg queries` lists the questions that have a name. Names of methods, datasets and so on in their parameters are
    matched kindly: cifar10 finds CIFAR-10. In Cypher, a value is a number, true, false, null or a list where it reads
    as one in JSON, else text.

    \b
    Examples:
      kg query papers.kg methods-on-dataset -p dataset=cifar10
      kg query papers.kg 'MATCH (d:Dataset) RETURN d.name, d.papers ORDER BY d.papers DESC LIMIT 10'
      kg query papers.kg 'MATCH (p:Paper) WHERE p.year >= $y RETURN p.title' -p y=2020 --format csv
    """
    from kg.graph import Graph, answer, is_name

    pairs = dict(pair(text) for text in params)
    values = pairs if is_name(cypher) else {name: value_of(text) for name, text in pairs.items()}
    with limited(memory), _server() if neo4j else Graph(graph).store as store:
        rows = answer(store, cypher, values, timeout=timeout, limit=limit)
    print_rows(rows, form)


@contextmanager
def limited(megabytes: int | None = None) -> Iterator[None]:
    """End this process, with a line, if it takes more than ``megabytes``; half of the machine's unless told.

    Where a query takes too long, the error names --timeout.
    """
    from kg.store.memory import bounded, machine

    most = megabytes or machine() // 2**21

    def tell() -> None:
        # Not by click: another thread may be within it.
        os.write(2, f"kg: the query took more than {most:,} MB of memory; narrow it\n".encode())

    with bounded(most * 2**20, tell):
        try:
            yield
        except TimeLimitError as error:
            raise QueryError(f"{error} (--timeout)") from None


def _server() -> "Store":
    from kg.store.neo4j import Neo4jStore

    return Neo4jStore()


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"-p {text}: write NAME=VALUE")
    return name.strip(), value


def value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@click.command()
def queries() -> None:
    """List the questions that have a name."""
    print_questions(str)


def print_questions(typed: Callable[[str], str]) -> None:
    """Print what the questions that have a name answer and take, with an example as it is ``typed`` here."""
    import queries as library

    width = console().width
    for name, found in library.load().items():
        click.echo(name)
        for text in (found.summary, f"takes: {found.takes or 'nothing'}"):
            click.echo(click.wrap_text(text, width, initial_indent="    ", subsequent_indent="    "))
        # In one piece, to be copied.
        click.echo(f"    {typed(found.example)}")


@click.command()
@GRAPH
def info(graph: Path) -> None:
    """Say what is in a graph: counts, inputs, versions."""
    from kg.folder import read_manifest

    manifest = read_manifest(graph)
    print_table(("nodes", "number"), manifest.counts["nodes"].items())
    click.echo()
    print_table(("relationships", "number"), manifest.counts["relationships"].items())
    click.echo()
    facts = {
        "format": str(manifest.format),
        "made by": f"kg {manifest.program}",
        "tagger": manifest.tagger,
        "extractor": manifest.extractor[:16],
        "vocabulary": manifest.vocabulary[:16],
    }
    rows = [*facts.items(), *(("input", f"{source.name} {source.sha256[:16]}") for source in manifest.inputs)]
    print_table(("about", "value"), rows)
