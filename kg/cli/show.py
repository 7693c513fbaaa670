"""Commands that take a graph elsewhere: view, export, load, formats."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli import options
from kg.cli.ask import GRAPH, limited, pair, value_of
from kg.cli.output import count, note, print_table, progress
from kg.errors import ExportError, QueryError, UsageError

if TYPE_CHECKING:
    import networkx as nx

    from kg.graph import Graph

TOP = click.option(
    "--top", type=click.IntRange(1), metavar="N", help="Only the N methods, datasets and tasks in most papers."
)


@click.command()
@GRAPH
@options.page("graph.html")
@click.option("--around", metavar="NAME", help="Show what is near this method, dataset, task, paper or author.")
@click.option("--hops", type=click.IntRange(1, 5), default=1, show_default=True, help="How far around NAME.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Nodes to show around NAME at most; by default 300.")
@TOP
def view(*, graph: Path, output: Path, around: str | None, hops: int, limit: int | None, top: int | None) -> None:
    """Write a graph as one HTML page to explore.

    The page is a map of topics to search, filter and walk through, with the sentence behind every link. It holds all it
    needs and asks the network for nothing. The map is drawn once and kept in GRAPH. With --around, it is a small
    picture of what is near a name instead.

    With --top, the map is that of the N methods, datasets and tasks in most papers, and no more of the graph is read:
    for graphs too large for memory or a browser.

    \b
    Examples:
      kg view papers.kg
      kg view papers.kg --around cifar10 --hops 2 -o cifar.html
      kg view papers.kg --top 5000 -o main.html
    """
    import viz
    from kg.graph import Graph

    _one_of({"--around": around, "--top": top})
    if around is None and limit is not None:
        raise UsageError("--limit goes with --around NAME; the page of a whole graph shows all of it")
    with Graph(graph) as opened:
        if around is None:
            from viz import explorer

            part = opened.graph if top is None else opened.top(top, cited=True)
            where = explorer.stored_map(part, graph, opened.manifest.database.key) if top is None else None
            explorer.view(part, output, title=graph.name, where=where)
        else:
            node = opened.find(around)
            near = opened.around(node, hops=hops, cited=True)
            part = viz.neighbourhood(near, node, hops=hops, limit=limit or 300)
            data = near.nodes[node]
            viz.view(part, output, title=str(data.get("name") or data.get("title") or node))
    note(f"{output}: {count(len(part), 'node')}, {count(part.number_of_edges(), 'link')}; open it in a browser")


@click.command()
@GRAPH
@click.argument("output", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="NAME", help="Format to write, if not that of the suffix: `kg formats`.")
@click.option("--around", metavar="NAME", help="Only what is near this method, dataset, task, paper or author.")
@click.option("--hops", type=click.IntRange(1, 5), default=1, show_default=True, help="How far around NAME.")
@TOP
@click.option("--where", metavar="CYPHER", help="Only what a query gives, or the papers p for which a condition holds.")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of --where.")
@options.asking(" on --where")
def export(
    *,
    graph: Path,
    output: Path,
    form: str | None,
    around: str | None,
    hops: int,
    top: int | None,
    where: str | None,
    params: tuple[str, ...],
    timeout: float,
    memory: int | None,
) -> None:
    """Write a graph, or a part of it, to a file for other programs.

    The suffix chooses the format; `kg formats` lists them.

    --around gives all that is within so many relationships of a node; --top the N methods, datasets and tasks that are
    in most papers, with the relationships between them.

    --where takes a query, in Cypher or by a question's name: the part is the nodes, relationships and paths that it
    returns, and the nodes whose id, name or title it returns. If it returns no relationship, all those between the
    nodes come along. Or it takes a condition on a paper p: the part is the graph of these papers, as if no other had
    been read.

    \b
    Examples:
      kg export papers.kg papers.graphml
      kg export papers.kg resnet.cx2 --around ResNet --hops 2
      kg export papers.kg new.bib --where 'p.year >= 2024'
      kg export papers.kg cifar.bib --where papers-about -p name=cifar10
      kg export papers.kg used.ttl --where 'MATCH (m:Method)-[r:EVALUATED_ON]->(d:Dataset) RETURN m, r, d'
    """
    from kg.export import export as write
    from kg.graph import Graph

    _one_of({"--around": around, "--top": top, "--where": where})
    if params and where is None:
        raise UsageError("-p gives a parameter of --where; give that too")
    papers_alone = form == "bibtex" or (form is None and output.suffix.lower() == ".bib")
    with Graph(graph) as opened:
        if around is None and top is None and where is None:
            with opened.stream() as whole:
                write(whole, output, format=form)
                papers, nodes = whole.count_nodes().get("Paper", 0), sum(whole.count_nodes().values())
                links = 0 if papers_alone else sum(whole.count_edges().values())
        else:
            if around is not None:
                found = opened.around(opened.find(around), hops=hops)
            elif top is not None:
                found = opened.top(top)
            else:
                found = _part(opened, where or "", params, timeout=timeout, memory=memory)
            write(found, output, format=form)
            papers = sum(label == "Paper" for _, label in found.nodes(data="label"))
            nodes, links = len(found), found.number_of_edges()
    written = count(papers, "paper") if papers_alone else f"{count(nodes, 'node')}, {count(links, 'relationship')}"
    note(f"{output}: {written}")


def _one_of(given: dict[str, object]) -> None:
    """Refuse options of which each says which part it is to be, where there are several."""
    said = [name for name, value in given.items() if value is not None]
    if len(said) > 1:
        raise UsageError(f"{' and '.join(said)} cannot be together; give one of them")


def _part(
    opened: "Graph", where: str, params: tuple[str, ...], *, timeout: float, memory: int | None
) -> "nx.MultiDiGraph":
    import queries
    from kg.export import part
    from kg.graph import answer, is_name

    pairs = dict(pair(text) for text in params)
    values = pairs if is_name(where) else {name: value_of(text) for name, text in pairs.items()}
    condition = not is_name(where) and not re.search(r"\breturn\b", where, re.IGNORECASE)
    asked = f"MATCH (p:Paper) WHERE ({where}\n) RETURN p.id" if condition else where
    try:
        with limited(memory):
            rows = answer(opened.store, asked, values, timeout=timeout, whole=True)
    except QueryError as error:
        raise QueryError(f"--where: {error}") from None
    if is_name(where) and "limit" not in values and len(rows) == queries.get(where).values(values).get("limit"):
        note(f"--where {where} gives {count(len(rows), 'row')} at most; -p limit=N gives more")
    found = opened.of_papers({row[0] for row in rows}) if condition else part.returned(opened.graph, rows)
    if not len(found):
        what = "holds for no paper" if condition else "gives no node: return nodes, relationships, ids or names"
        raise ExportError(f"--where {what}")
    return found


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

    opened = Graph(graph)
    total = sum(sum(counts.values()) for counts in opened.manifest.counts.values())
    with progress("rows") as update, opened.stream() as found:
        done = neo4j.load(
            found, neo4j.server(), prune=prune, total=total, progress=lambda rows, of: update("load", rows, of)
        )
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

    click.echo("Read (recognised from content, or named with --format):\n")
    print_table(("format", "what", "example"), [(form.name, form.description, form.example) for form in READ])
    click.echo(
        "\nAny of them may be compressed (gzip, bzip2, xz, Zstandard) or lie in an archive (zip, tar) or a folder."
    )
    click.echo("\nWritten by `kg export`:\n")
    print_table(("format", "suffix", "what"), [(form.name, " ".join(form.suffixes), form.summary) for form in WRITTEN])
