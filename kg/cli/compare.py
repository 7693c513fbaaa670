"""Commands that look at names, at two graphs, and at the whole: explain, diff, report."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli import options
from kg.cli.ask import GRAPH
from kg.cli.output import count, note
from kg.cli.sentences import JSON, ROLL_UP, find, limited, load, more_of, name_of, print_json, quote, say

if TYPE_CHECKING:
    from kg.answers import Difference


@click.command()
@GRAPH
@click.argument("name")
@limited(3, "Places of each form")
@JSON
def explain(*, graph: Path, name: str, limit: int, as_json: bool) -> None:
    """Show every form of a name, and what made them one.

    For each form: the rule that merged it, the components that found it, and the papers that write it so. What is
    merged wrongly can be mended in the file overrides.toml of the graph folder; the answers follow it at once, the
    database (kg query, kg serve) after the next build or `kg duplicates GRAPH --apply`. Nothing is extracted again.

    \b
    Example:
      kg explain papers.kg resnet

    \b
    overrides.toml:
      [[entities.rename]]
      entity = "method:deep-residual-learning"
      name = "ResNet"
      [[entities.merge]]
      entities = ["method:bn", "method:batch-norm"]
      into = "Batch Normalization"
      [[entities.split]]
      entity = "method:self-supervised-learning"
      papers = ["arxiv:2001.00001"]
      name = "Semi-Supervised Learning"
      [[entities.retype]]
      entity = "method:squad"
      kind = "Dataset"
      [[entities.family]]
      entity = "method:convnext"
      of = "Convolutional Neural Network"
    """
    from kg import answers
    from kg.graph import Graph
    from kg.update.corrections import read_corrections

    opened = Graph(graph)
    node = find(opened.graph, name, "Entity")
    found = answers.explain(opened.records(), node, correct=read_corrections(graph).apply)
    if as_json:
        return print_json(found)
    if found is None:
        note(f"{name_of(opened.graph, node)} is in no paper itself, but the family of others; see `kg lineage`")
        return None
    say(f"{found.name} ({found.kind}, {found.id}): {count(found.papers, 'paper')}, {count(len(found.forms), 'form')}")
    for form in found.forms:
        by = " and ".join(form.found_by)
        say(f'\n"{form.text}": {count(form.papers, "paper")}, {count(form.mentions, "mention")}, found by {by}')
        say(f"  {form.rule}: {form.why}")
        for seen in form.seen[:limit]:
            say(f"    {seen.context}")
            say(f"    - {seen.title}{f' ({seen.year})' if seen.year else ''}")
        if form.papers > limit:
            say(f"    … and {form.papers - limit} more papers")
    return None


@click.command()
@click.argument("old", metavar="OLD", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(path_type=Path))
@limited(10, "Rows of each sort")
@JSON
def diff(*, old: Path, new: Path, limit: int, as_json: bool) -> None:
    """Say what is new, gone or changed between two graphs.

    \b
    Examples:
      kg diff last-month.kg papers.kg
      kg diff last-month.kg papers.kg --json | jq '.new_links[].names'
    """
    from kg import answers

    found = answers.compare(load(old), load(new))
    if as_json:
        return print_json(found)
    if not found:
        note("both graphs say the same")
        return None
    _print_difference(found, limit)
    return None


@click.command()
@GRAPH
@options.page("report.html")
@click.option("--title", metavar="TEXT", help="Title of the page; by default the name of the graph.")
@click.option("--years", type=click.IntRange(1), default=3, show_default=True, help="How many last years to compare.")
@ROLL_UP
def report(*, graph: Path, output: Path, title: str | None, years: int, roll_up: bool) -> None:
    """Write a page that tells what is in a graph.

    Counts, top methods, datasets and tasks, leaderboards, trends, a matrix of methods by datasets, the newest methods,
    gaps and disagreements; every number leads to its sentences or papers on the page. The page is one file, runs no
    script, asks the network for nothing and prints well.

    \b
    Example:
      kg report papers.kg -o report.html
    """
    from kg import answers
    from kg.answers.report import report as page
    from kg.errors import ExportError
    from kg.export.files import replacing

    found = load(graph)
    if roll_up:
        found = answers.roll_up(found)
    text = page(found, title=title or graph.resolve().name.removesuffix(".kg"), years=years)
    try:
        with replacing(output) as file:
            file.write(text)
    except OSError as error:
        raise ExportError(f"{output}: cannot write: {error.strerror or error}") from error
    note(f"{output}: open it in a browser, or print it")


def _print_difference(found: "Difference", limit: int) -> None:
    for title, things in (
        ("New papers", found.new_papers),
        ("Gone papers", found.gone_papers),
        ("New entities", found.new_entities),
        ("Gone entities", found.gone_entities),
    ):
        _head(title, len(things))
        for thing in things[:limit]:
            more = f" ({thing.year})" if thing.label == "Paper" and thing.year else ""
            size = "" if thing.label == "Paper" else f"  {thing.label.lower()}, {count(thing.papers, 'paper')}"
            say(f"  {thing.name}{more}{size}")
        more_of(len(things), limit, "row", indent=True)
    for title, links in (("New links", found.new_links), ("Gone links", found.gone_links)):
        _head(title, len(links))
        for link in links[:limit]:
            say(f"  {link.names[0]} {link.relation} {link.names[1]}  {count(link.papers, 'paper')}")
            if link.said:
                quote(link.said[0])
        more_of(len(links), limit, "row", indent=True)
    for title, changes in (
        ("Entities with other support", found.changed_entities),
        ("Links with", found.changed_links),
    ):
        _head(title if title != "Links with" else "Links with other support", len(changes))
        for change in changes[:limit]:
            say(f"  {change.name}: {change.before} -> {count(change.after, 'paper')}")
            if change.said:
                quote(change.said[0])
        more_of(len(changes), limit, "row", indent=True)


def _head(title: str, number: int) -> None:
    if number:
        say(f"\n{title}: {number:,}")
