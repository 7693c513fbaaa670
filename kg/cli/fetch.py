"""The command that goes to the network: fetch."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.output import count, note, progress
from kg.errors import FetchError, InputError, UsageError

if TYPE_CHECKING:
    from kg.fetch import Request, Saved, Transport


@click.command()
@click.argument("service", type=click.Choice(["arxiv", "openalex", "semanticscholar", "crossref"]))
@click.argument("query", nargs=-1, required=True)
@click.option("-n", "--number", type=click.IntRange(1), default=100, show_default=True, help="Papers to fetch at most.")
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="File of one record a line; by default standard output."
)
@click.option("--years", metavar="FROM-TO", help="Only papers of these years: 2019-2023, 2019- or -2023.")
@click.option(
    "--contact",
    envvar="KG_CONTACT",
    default="",
    metavar="MAIL",
    help="Your address, told to the service, as they ask; also KG_CONTACT.",
)
@click.option(
    "--base-url", default="", metavar="URL", help="Another server of the service; also KG_ARXIV_URL and so on."
)
@click.option(
    "--pause", type=click.FloatRange(0), metavar="SECONDS", help="Time between requests, if longer is wanted."
)
@click.option("--retries", type=click.IntRange(0, 20), default=5, show_default=True, help="Tries after a failed one.")
@click.option("--no-cache", is_flag=True, help="Ask anew even what was asked within the last day.")
@click.option("--restart", is_flag=True, help="Begin anew where FILE has papers already.")
def fetch(
    *,
    service: str,
    query: tuple[str, ...],
    number: int,
    output: str,
    years: str | None,
    contact: str,
    base_url: str,
    pause: float | None,
    retries: int,
    no_cache: bool,
    restart: bool,
) -> None:
    """Fetch papers from arXiv, OpenAlex, Semantic Scholar or Crossref.

    SERVICE is arxiv, openalex, semanticscholar or crossref; QUERY is what to search for, in words or in the service's
    own language. The best match comes first, from Semantic Scholar the most cited. Records without an abstract are left
    out. What was interrupted goes on with the same command; the same with a larger -n adds to the file. Keys, where you
    have one, are taken from OPENALEX_API_KEY, SEMANTIC_SCHOLAR_API_KEY and CROSSREF_PLUS_API_TOKEN.

    \b
    Examples:
      kg fetch arxiv 'cat:cs.LG AND abs:"graph neural network"' -n 500 -o papers.jsonl
      kg fetch openalex protein language models --years 2020- -n 200 -o proteins.jsonl
      kg fetch crossref retrieval augmented generation | kg build - -o rag.kg
    """
    from kg.fetch import Patience, Request, Transport, service_named
    from kg.fetch.cache import Cache, cache_folder

    found = service_named(service)
    request = Request(found, " ".join(query), _years(years))
    with Transport(
        found,
        base_url=base_url or os.environ.get(found.address_variable, ""),
        contact=contact,
        key=os.environ.get(found.key_variable, "") if found.key_variable else "",
        pause=pause,
        patience=Patience(retries=retries),
        cache=None if no_cache else Cache(cache_folder()),
        told=note,
    ) as transport:
        saved, there = _fetch(request, transport, output, number, restart)
    _report(saved, there, request, output, number)


def _fetch(request: "Request", transport: "Transport", output: str, number: int, restart: bool) -> tuple["Saved", int]:
    from kg.fetch import fetch_to

    place = sys.stdout.buffer if output == "-" else Path(output)
    done = 0
    with progress() as update:

        def tell(step: str, papers: int, total: int | None) -> None:
            nonlocal done
            done = papers
            update(step, papers, total)

        try:
            return fetch_to(place, request, transport, limit=number, restart=restart, progress=tell)
        except (KeyboardInterrupt, FetchError):
            if done and output != "-":
                note(f"{output}: {count(done, 'paper')} so far; the same command goes on")
            raise


def _report(saved: "Saved", there: int, request: "Request", output: str, number: int) -> None:
    name = request.service.title
    if not saved.papers:
        raise InputError(f"{name}: no paper with an abstract for {request.query!r}; try fewer or other words")
    more = f" of {saved.total:,} that {name} has" if saved.total else ""
    known = f", {there:,} of them there before" if there else ""
    without = f"; {count(saved.left_out, 'record')} without abstract left out" if saved.left_out else ""
    where = "" if output == "-" else f"{output}: "
    note(f"{where}{count(min(saved.papers, max(number, there)), 'paper')}{more}{known}{without}")


def _years(text: str | None) -> tuple[int | None, int | None]:
    """Read a span of years.

    >>> _years("2019-2023"), _years("2019-"), _years("2020"), _years(None)
    ((2019, 2023), (2019, None), (2020, 2020), (None, None))
    """
    if text is None:
        return None, None
    match = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", text.strip())
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise UsageError(f"--years {text}: write 2019-2023, 2019- or -2023")
    first = int(match[1]) if match[1] else None
    if not match[2]:
        return first, first
    return first, int(match[3]) if match[3] else None
