"""Commands that take a graph elsewhere: view, export, load, formats."""

from pathlib import Path

import click

from kg.cli.ask import GRAPH
from kg.cli.output import count, note, print_table, progress


@click.command()
@GRAPH
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="graph.html",
    show_default=True,
    metavar="FILE",
    help="The page to write.",
)
@click.option("--around", metavar="NAME", help="Show what is near this method, dataset, task, paper or author.")
@click.option("--hops", type=click.IntRange(1, 5), default=1, show_default=True, help="How far around NAME.")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Nodes to show at most; by default 150, around a name 300."
)
def view(graph: Path, output: Path, around: str | None, hops: int, limit: int | None) -> None:
    """Draw a graph, or a part of it, as one HTML page.

    The page holds all it needs and asks the network for nothing.

    \b
    Examples:
      kg view papers.kg
      kg view papers.kg --around cifar10 --hops 2 -o cifar.html
    """
    import viz
    from kg.graph import Graph

    with Graph(graph) as opened:
        if around is None:
            part, title = viz.top(opened.graph, limit=limit or 150), graph.name
        else:
            node = opened.find(around)
            part = viz.neighbourhood(opened.graph, node, hops=hops, limit=limit or 300)
            data = opened.graph.nodes[node]
            title = str(data.get("name") or data.get("title") or node)
    viz.view(part, output, title=title)
    note(f"{output}: {count(len(part), 'node')}, {count(part.number_of_edges(), 'link')}; open it in a browser")


@click.command()
@GRAPH
@click.argument("output", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="NAME", help="Format to write, if not that of the suffix: `kg formats`.")
def export(graph: Path, output: Path, form: str | None) -> None:
    """Write a graph to a file for other programs.

    The suffix chooses the format; `kg formats` lists them.

    \b
    Examples:
      kg export papers.kg papers.graphml
      kg export papers.kg papers.csv
    """
    from kg.export import export as write
    from kg.graph import Graph

    found = Graph(graph).graph
    write(found, output, format=form)
    note(f"{output}: {count(len(found), 'node')}, {count(found.number_of_edges(), 'relationship')}")


@click.command()
@GRAPH
@click.option("--prune", is_flag=True, help="Remove what this graph no longer has from the server.")
def load(graph: Path, prune: bool) -> None:
    """Load a graph into a Neo4j 5 server.

    Loading again changes only what changed.

    The server is named by NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE; needs the extra [neo4j].

    \b
    Example:
      NEO4J_URI=bolt://localhost:7687 NEO4J_PASSWORD=... kg load papers.kg
    """
    from kg.graph import Graph
    from kg.store import neo4j

    found = Graph(graph).graph
    with progress("rows") as update:
        done = neo4j.load(found, neo4j.server(), prune=prune, progress=lambda done, total: update("load", done, total))
    note(f"loaded {count(done.nodes, 'node')}, {count(done.relationships, 'relationship')}")
    if prune:
        note(
            f"removed {count(done.removed_nodes, 'node')}, {count(done.removed_relationships, 'relationship')}"
            " that the graph no longer has"
        )


@click.command()
def formats() -> None:
    """List the formats that can be read and written."""
    from kg.export import FORMATS as WRITTEN
    from kg.read import FORMATS as READ

    click.echo("Read (recognised from content, gzip or not, or named with --format):\n")
    print_table(("format", "what", "example"), [(form.name, form.description, form.example) for form in READ])
    click.echo("\nWritten by `kg export`:\n")
    print_table(("format", "suffix", "what"), [(form.name, " ".join(form.suffixes), form.summary) for form in WRITTEN])
