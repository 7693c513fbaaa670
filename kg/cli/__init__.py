"""The command line ``kg``: commands that compose the steps.

Data goes to standard output, everything else to standard error. Exit status: 0; 1 where a command ran and could not do
what it was asked; 2 where it was called wrongly; 130 after Ctrl-C. A record that is skipped is reported and does not
change the status, unless it leaves nothing to work on or ``--strict`` is given.

`Commands.main` is the one place where an error becomes a line and a status. Commands load what they need when they run,
so that ``kg --help`` is quick.
"""

import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from kg import __version__
from kg.cli import answers, ask, compare, duplicates, evaluate, fetch, make, pwc, serve, shell, show
from kg.errors import KGError
from kg.processes import collect_seldom


class Commands(click.Group):
    """The commands; turns every error that a user can mend into one line on standard error."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its status."""
        status = 0
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            status = result if isinstance(result, int) else 0
            sys.stdout.flush()
        except KGError as error:
            status = error.exit_status
            _complain(str(error))
        except click.ClickException as error:
            status = error.exit_code
            _complain(_usage(error))
        except (click.Abort, KeyboardInterrupt):
            status = 130
            _complain("stopped; what was there before is unchanged")
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            # The reader has gone (`kg extract ... | head`): nothing must be flushed into the closed pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 1
        if not standalone_mode:
            return status
        sys.exit(status)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order in which people meet them."""
        del ctx
        return list(self.commands)


def _complain(message: str) -> None:
    click.echo(f"kg: {' '.join(message.split())}", err=True)


def _usage(error: click.ClickException) -> str:
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message.rstrip('.')}; see {error.ctx.command_path} --help"
    return message


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `kg demo`. Each command has its own help: `kg build --help`.",
)
@click.version_option(__version__, prog_name="kg", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn abstracts of research papers into a knowledge graph of papers, methods, datasets, benchmarks and tasks,
    with the sentence behind every link."""


for _command in (
    make.demo,
    make.build,
    make.remove,
    make.extract,
    fetch.fetch,
    ask.query,
    ask.queries,
    shell.shell,
    ask.info,
    answers.leaderboard,
    answers.lineage,
    answers.trends,
    answers.gaps,
    answers.conflicts,
    answers.similar,
    compare.explain,
    compare.diff,
    compare.report,
    duplicates.duplicates,
    show.view,
    serve.serve,
    show.export,
    pwc.import_pwc,
    show.load,
    evaluate.evaluate,
    evaluate.train,
    evaluate.shrink,
    show.formats,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; what the script ``kg`` calls."""
    collect_seldom()
    try:
        cli.main(prog_name="kg")
    finally:
        # The interpreter would look once more as it ends: half a second where much was read.
        gc.freeze()
