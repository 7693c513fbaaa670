"""Commands that read papers and change graphs: demo, build, remove, extract."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import options
from kg.cli.output import Problems, count, note, print_table, progress
from kg.errors import InputError, UsageError

if TYPE_CHECKING:
    from kg.graph import Graph
    from kg.model import Paper
    from kg.pipeline import Failure
    from kg.update import Built

_FAILURES = 5
"""Papers in quarantine that are named."""


@click.command()
@options.reading
@click.option("-o", "--output", required=True, metavar="GRAPH", type=click.Path(path_type=Path), help="Graph folder.")
@options.extracting
@options.cluster
def build(inputs: tuple[str, ...], output: Path, processes: int | None, **chosen: Any) -> None:
    """Build a graph from papers, or add papers to it.

    INPUT is a file, a folder of files, or - for standard input: JSONL, JSON, CSV, TSV, BibTeX with abstracts, Markdown,
    or text pasted from a web page. Papers that the graph already has are not extracted again.

    \b
    Examples:
      kg build papers.bib -o papers.kg
      kg build downloads/ more.jsonl.gz -o papers.kg
      kg build downloads/ -o papers.kg --cluster tcp://scheduler:8786
    """
    built = _build(inputs, output, processes=processes, **chosen)
    nodes = built.manifest.counts["nodes"]
    parts = ", ".join(
        count(nodes[label], label.lower())
        for label in ("Paper", "Method", "Dataset", "Task", "Result")
        if label in nodes
    )
    note(f"{output}: {parts}; {built.extracted:,} extracted, {built.reused:,} already there")
    _report(built, output)


@click.command()
@click.argument("graph", metavar="GRAPH", type=click.Path(path_type=Path))
@click.argument("papers", metavar="[PAPER]...", nargs=-1)
@click.option(
    "--from",
    "files",
    metavar="FILE",
    multiple=True,
    help="Remove what was read from this file, folder or archive, as `kg info` names it; may be repeated.",
)
def remove(*, graph: Path, papers: tuple[str, ...], files: tuple[str, ...]) -> None:
    """Remove papers, or all that was read from a file.

    PAPER is an id, an identifier (doi:..., arXiv:...), a title however it is spelt, or a place such as papers.bib:12. A
    place and --from take only what was read there: a paper that was read elsewhere too stays as it is told there, and
    the graph is the one that a build without them makes. The rest is not extracted again.

    \b
    Examples:
      kg remove papers.kg arXiv:1512.03385 "Attention is all you need"
      kg remove papers.kg --from more.jsonl.gz
    """
    from kg.folder import read_manifest
    from kg.update import remove_papers

    if not papers and not files:
        raise UsageError("nothing to remove; give papers, or --from FILE")
    before = read_manifest(graph).papers
    with progress() as update:
        built = remove_papers(graph, papers, files=files, progress=update)
    left = built.manifest.papers
    note(f"{graph}: {count(before - left, 'paper')} removed, {left:,} left; {built.extracted:,} extracted")
    _report(built, graph)


def _report(built: "Built", graph: Path) -> None:
    """Say what is in quarantine, and what to do."""
    for failure in built.failures[:_FAILURES]:
        where = failure.paper.sources[0] if failure.paper.sources else failure.paper.id
        note(f"{where}: could not be extracted ({failure.error})")
    if built.failures:
        note(
            f"{count(len(built.failures), 'paper')} could not be extracted and stand in the graph without methods and "
            f"datasets; why is in {graph / 'quarantine.jsonl'}; the next build tries again; `kg remove` takes them out"
        )


def _build(
    inputs: tuple[str, ...],
    output: Path,
    *,
    form: str | None = None,
    strict: bool = False,
    skip_empty: bool = False,
    tagger: Any = "model",
    processes: int | None = None,
    cluster: str | None = None,
) -> "Built":
    from kg.graph import build_folder

    problems = Problems()
    with progress() as update:
        built = build_folder(
            inputs,
            output,
            tagger=tagger,
            processes=processes,
            cluster=cluster,
            progress=update,
            format=form,
            strict=strict,
            skip_empty=skip_empty,
            on_problem=problems,
        )
    problems.summary()
    return built


@click.command()
@options.reading
@options.extracting
@options.cluster
def extract(
    *,
    inputs: tuple[str, ...],
    form: str | None,
    strict: bool,
    skip_empty: bool,
    tagger: Any,
    processes: int | None,
    cluster: str | None,
) -> None:
    """Print what each paper says, one JSON object a line.

    The objects are extraction records. A paper that comes again is left out; `kg build` unites what its sources say
    of it.

    \b
    Examples:
      kg extract papers.bib > records.jsonl
      pbpaste | kg extract - | jq '.entities[].name'
    """
    from kg.pipeline import extract_papers
    from kg.read import read
    from kg.record import to_json

    problems = Problems()
    papers = read(inputs, format=form, strict=strict, skip_empty=skip_empty, on_problem=problems)
    number = 0
    papers, workers = _workers(_first(papers), processes)

    def failed(failure: "Failure") -> None:
        note(f"{failure.paper.id}: could not be extracted ({failure.error})")

    for extraction in extract_papers(papers, tagger=tagger, processes=workers, cluster=cluster, on_failure=failed):
        click.echo(to_json(extraction))
        number += 1
    problems.summary()
    if not number:
        raise InputError("no paper in the inputs; `kg formats` shows what can be read")


def _workers(papers: Iterator["Paper"], processes: int | None) -> tuple[Iterator["Paper"], int]:
    """Look ahead as far as it takes to choose how many processes help."""
    if processes:
        return papers, processes
    from kg.update import MANY_PAPERS, processes_for

    start = list(islice(papers, MANY_PAPERS))
    return chain(start, papers), processes_for(len(start))


def _first(papers: Iterator["Paper"]) -> Iterator["Paper"]:
    """Leave out what comes again; two files may number their papers alike, so the title has to be the same too."""
    seen: set[tuple[str, str]] = set()
    for paper in papers:
        key = paper.id, paper.title.casefold()
        if key not in seen:
            seen.add(key)
            yield paper


@click.command()
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo",
    show_default=True,
    help="Folder to write to.",
)
@options.extracting
def demo(output: Path, tagger: Any, processes: int | None) -> None:
    """Build the graph of the bundled sample and show it.

    The sample is about 160 landmark papers of machine learning.

    Writes DIR/demo.kg (the graph), DIR/graph.html (open it in a browser) and DIR/graph.graphml.
    """
    from kg import sample
    from kg.export import export
    from kg.graph import open_graph
    from viz import explorer

    folder = output / "demo.kg"
    _build((str(sample.path()),), folder, tagger=tagger, processes=processes)
    with open_graph(folder) as opened:
        explorer.view(opened.graph, output / "graph.html", title="Landmark papers of machine learning")
        export(opened.graph, output / "graph.graphml")
        _show(opened)
    there, program = shlex.quote(str(folder)), shlex.quote(_program())
    click.echo(
        f"\nWritten: {output / 'graph.html'} (open it in a browser), {output / 'graph.graphml'}, {folder}\n\n"
        "Next:\n"
        f"  {program} query {there} methods-on-dataset -p dataset=cifar10\n"
        f"  {program} serve {there}\n"
        f"  {program} view {there} --around ResNet -o resnet.html\n"
        f"  {program} build YOUR_PAPERS.bib -o papers.kg"
    )


_TOP = """
MATCH (m:Method)-[e:EVALUATED_ON]->(d:Dataset)
RETURN d.name AS dataset, count(DISTINCT m.id) AS methods, d.papers AS papers
ORDER BY methods DESC, papers DESC, dataset LIMIT 10
"""
_EVIDENCE = """
MATCH (m:Method)-[e:EVALUATED_ON]->(d:Dataset)
RETURN m.name AS method, d.name AS dataset, e.evidence_papers AS papers, e.evidence_sentences AS sentences
ORDER BY e.papers DESC, e.score DESC, method, dataset LIMIT 100
"""


def _show(opened: "Graph") -> None:
    counts = opened.manifest.counts
    print_table(("nodes", "number"), counts["nodes"].items())
    click.echo()
    print_table(("relationships", "number"), counts["relationships"].items())
    click.echo("\nThe ten datasets with most methods:\n")
    top = opened.query(_TOP)
    print_table(top.columns, top)
    shown = [found for row in opened.query(_EVIDENCE).dicts() if (found := _naming_both(row))]
    for method, dataset, paper, sentence in shown[:1]:
        click.echo(f'\nEvidence that {method} was evaluated on {dataset}:\n\n  "{sentence}"\n    {paper}')


def _naming_both(row: dict[str, Any]) -> tuple[str, str, str, str] | None:
    """Give the first sentence that says both names as they are; others need their context to convince."""
    method, dataset = row["method"], row["dataset"]
    for paper, sentence in zip(row["papers"], row["sentences"], strict=True):
        if method in sentence and dataset in sentence:
            return method, dataset, paper, sentence
    return None


def _program() -> str:
    """How the user can call this program: ``kg`` where that is on the path, else as it was called."""
    called = Path(sys.argv[0])
    found = shutil.which("kg")
    return str(called) if called.name == "kg" and not (found and called.samefile(found)) else "kg"
