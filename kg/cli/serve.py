"""The command `serve`: the explorer in a browser, over a local web app."""

import webbrowser
from functools import partial
from pathlib import Path

import click

from kg.cli.ask import GRAPH
from kg.cli.output import note


@click.command()
@GRAPH
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="The port to serve on; by default 8642, or the next that is free.",
)
@click.option("--open/--no-browser", "browser", default=True, help="Open the page in a browser, or do not.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up on a query after this long.",
)
@click.option(
    "--memory",
    type=click.IntRange(64),
    default=1024,
    show_default=True,
    metavar="MB",
    help="Memory that a query may take.",
)
def serve(*, graph: Path, port: int | None, browser: bool, timeout: float, memory: int) -> None:
    """Browse a graph, search it and ask it in Cypher, in a browser.

    The app listens on this machine alone (127.0.0.1), sends nothing anywhere and cannot change the graph. Ctrl-C stops
    it.

    \b
    Examples:
      kg serve papers.kg
      kg serve papers.kg --port 9000 --no-browser
    """
    import queries
    from kg.graph import Graph
    from viz.app import Served, create, listen, run
    from viz.app.guard import hosts
    from viz.explorer import stored_map

    with Graph(graph) as opened:
        store = opened.store
        served = Served(
            title=graph.resolve().name,
            store=store,
            database=graph / opened.manifest.database.file,
            changed=bool(opened.manifest.database.log),
            counts=opened.manifest.counts,
            questions=tuple(queries.load().values()),
            prepare="queries:prepared",
            # The map that `kg view` draws too; drawn once, kept in the folder.
            lay_out=partial(stored_map, folder=graph, key=opened.manifest.database.key),
            seconds=timeout,
            memory=memory * 2**20,
        )
        where = listen(port)
        number = where.getsockname()[1]
        address = f"http://127.0.0.1:{number}/"
        click.echo(address)
        note("serving on this machine alone; Ctrl-C stops")
        if browser:
            # The port is taken already, so that the page waits for the app and not the other way round.
            webbrowser.open(address)
        run(create(served, hosts=hosts(number)), where)
