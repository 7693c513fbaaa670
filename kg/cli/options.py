"""The options that several commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from kg.errors import UsageError

Command = Callable[..., Any]


def reading(command: Command) -> Command:
    """Add the inputs and the options of reading."""
    for option in reversed(
        (
            click.argument("inputs", metavar="INPUT...", nargs=-1, required=True),
            click.option(
                "--format", "form", metavar="NAME", help="Format of the inputs, if not to be recognised: `kg formats`."
            ),
            click.option("--strict", is_flag=True, help="Stop at the first record that cannot be read."),
            click.option("--skip-empty", is_flag=True, help="Pass over records without an abstract silently."),
        )
    ):
        command = option(command)
    return command


def extracting(command: Command) -> Command:
    """Add the options of extraction."""
    for option in reversed(
        (
            click.option(
                "--tagger",
                type=click.Choice(["model", "rules"]),
                default="model",
                show_default=True,
                help="How names are found: with the learned tagger, or by rules and vocabulary alone (faster).",
            ),
            click.option(
                "--processes",
                type=click.IntRange(1),
                metavar="N",
                help="Processes to use; by default one a core where there is enough work.",
            ),
        )
    ):
        command = option(command)
    return command


def cluster(command: Command) -> Command:
    """Add the option that says where else to extract."""

    @wraps(command)
    def checked(**given: Any) -> Any:
        if given["cluster"] is not None and given["processes"]:
            raise UsageError("--processes is for this machine; on a cluster, its workers are the processes")
        return command(**given)

    return click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Extract on the Dask cluster with the scheduler at this address (tcp://host:8786, or tls://), not here.",
    )(checked)


def asking(on: str = "") -> Callable[[Command], Command]:
    """Give the options for the time and the memory that a query may take; ``on`` says which query that is."""

    def with_limits(command: Command) -> Command:
        command = click.option(
            "--memory",
            type=click.IntRange(64),
            metavar="MB",
            help=f"Give up{on} when this much memory is taken; by default half of the machine's.",
        )(command)
        return click.option(
            "--timeout",
            type=click.FloatRange(0, min_open=True),
            default=30.0,
            show_default=True,
            metavar="SECONDS",
            help=f"Give up{on} after this long.",
        )(command)

    return with_limits


def page(default: str) -> Callable[[Command], Command]:
    """Give the option that names the page to write."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        default=default,
        show_default=True,
        metavar="FILE",
        help="The page to write.",
    )
