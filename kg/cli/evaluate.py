"""The command that measures: eval."""

import json
from pathlib import Path
from typing import Any

import click

from kg.cli import options


@click.command("eval")
@click.argument("gold", metavar="GOLD...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--records",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Score these records (of `kg extract`) instead of extracting.",
)
@click.option("--errors", type=click.IntRange(0), default=0, metavar="N", help="Also list up to N errors of each sort.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@options.extracting
def evaluate(
    *,
    gold: tuple[Path, ...],
    records: tuple[Path, ...],
    errors: int,
    as_json: bool,
    tagger: Any,
    processes: int | None,
) -> None:
    """Measure the extraction against annotated papers.

    Gives precision, recall and F1 with their 95 % intervals. GOLD is JSONL: a paper a line with its entities and links.

    \b
    Examples:
      kg eval gold/dev.jsonl
      kg eval gold/dev.jsonl --tagger rules --errors 20
    """
    from kg import evaluate as measure
    from kg.pipeline import extract_papers
    from kg.record import to_record
    from kg.update import processes_for

    annotated = list(measure.read_gold(gold))
    if records:
        found = list(measure.read_records(records))
    else:
        papers = measure.papers(annotated)
        extractions = extract_papers(papers, tagger=tagger, processes=processes or processes_for(len(annotated)))
        found = [to_record(extraction) for extraction in extractions]
    report = measure.score(annotated, found)
    if as_json:
        click.echo(json.dumps(report.to_record(), indent=1, sort_keys=True))
    else:
        click.echo(measure.format_table(report, measure.intervals(report)))
    if errors:
        click.echo(measure.format_errors(report, errors), err=as_json)
