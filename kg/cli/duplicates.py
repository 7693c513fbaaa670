"""The command that tells which papers were read as one: duplicates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.ask import GRAPH
from kg.cli.output import count, note, print_table, progress

if TYPE_CHECKING:
    from kg.model import Paper
    from kg.update.identity import Group


@click.command()
@GRAPH
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the papers.",
)
@click.option("--apply", is_flag=True, help="Make the graph as its overrides.toml says.")
def duplicates(*, graph: Path, form: str, apply: bool) -> None:
    """List papers read in several versions, and why they are one.

    Papers are one where they share an identifier (DOI, arXiv, OpenReview, ACL, ...), or the title and nothing
    contradicts. What is wrong can be put right in the file overrides.toml of the graph folder, which names papers by
    identifier, id or place; --apply then makes the graph anew, without the inputs.

    \b
    Examples:
      kg duplicates papers.kg
      kg duplicates papers.kg --apply

    \b
    overrides.toml:
      [[split]]
      papers = ["arxiv:2101.00001", "doi:10.1109/cvpr.2021.00001"]
      [[merge]]
      papers = ["notes.md:12", "openreview:rJXMpikCZ"]
    """
    from kg.update import duplicates as find
    from kg.update import refresh_folder

    if apply:
        with progress() as update:
            built = refresh_folder(graph, progress=update)
        note(f"{graph}: {count(built.manifest.papers, 'paper')}; {built.extracted:,} extracted")
    found = find(graph)
    if form == "json":
        click.echo(json.dumps([_record(*one) for one in found.papers], ensure_ascii=False, indent=1))
    else:
        columns = ("paper", "title", "year", "venue", "read from", "why")
        print_table(columns, [row for one in found.papers for row in _rows(*one)])
    note(f"{graph}: {count(len(found.papers), 'paper')} of several versions")
    if found.pending:
        note(f"overrides.toml has changed; this is how the graph will be after: kg duplicates {graph} --apply")


def _rows(paper: "Paper", group: "Group") -> Iterator[tuple[str, str, int | None, str, str, str]]:
    for number, (version, reason, _) in enumerate(_reasons(paper, group)):
        name = "" if number else paper.id
        yield name, version.title, version.year, version.venue, "; ".join(version.sources), reason


def _record(paper: "Paper", group: "Group") -> dict[str, object]:
    versions = [
        {
            "id": version.id,
            "title": version.title,
            "authors": list(version.authors),
            "year": version.year,
            "venue": version.venue,
            "ids": list(version.ids),
            "sources": list(version.sources),
            "why": reason,
            "one_with": other,
        }
        for version, reason, other in _reasons(paper, group)
    ]
    return {"id": paper.id, "title": paper.title, "versions": versions}


def _reasons(paper: "Paper", group: "Group") -> Iterator[tuple["Paper", str, int | None]]:
    """Give the versions, the earliest first, each with why it is one with another before it, and which by position."""
    from kg.assemble import version_key, versions_of

    versions = {version_key(version): version for version in versions_of(paper)}
    order = sorted(versions, key=lambda key: (versions[key].year or 9999, versions[key].sources, key))
    placed = {order[0]: 0}
    yield versions[order[0]], "", None
    while len(placed) < len(order):
        for link in group.links:
            new = link.b if link.a in placed else link.a
            if new not in placed and (link.a in placed or link.b in placed):
                other = placed[link.a if new == link.b else link.b]
                placed[new] = len(placed)
                yield versions[new], link.reason, other
