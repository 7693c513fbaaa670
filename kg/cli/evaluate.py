"""The commands that measure and train: eval, train, shrink."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kg.cli import options

TAGGERS = ("model", "rules")


@click.command("eval")
@click.argument("gold", metavar="GOLD...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--records",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Score these records (of `kg extract`) instead of extracting.",
)
@click.option(
    "--compare",
    metavar="model|rules|FILE",
    help="Put a second pipeline, or the records in FILE, beside the first.",
)
@click.option(
    "--errors", type=click.IntRange(0), default=0, metavar="N", help="Also list the errors: N of each sort, N papers."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@options.extracting
def evaluate(
    *,
    gold: tuple[Path, ...],
    records: tuple[Path, ...],
    compare: str | None,
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
      kg eval gold/dev.jsonl --tagger rules --compare model
    """
    from kg import evaluate as measure

    annotated = list(measure.read_gold(gold))

    def found(pipeline: Any) -> Iterator[Mapping[str, Any]]:
        if pipeline not in TAGGERS:
            return measure.read_records(pipeline)
        return _extracted(annotated, pipeline, processes)

    report = measure.score(annotated, found(records or tagger))
    if compare is not None:
        other = measure.score(annotated, found(compare if compare in TAGGERS else (Path(compare),)))
        first = records[0].name if records else tagger
        click.echo(measure.compare(report, other, names=(first, Path(compare).name)))
        return
    if as_json:
        click.echo(json.dumps(report.to_record(), indent=1, sort_keys=True))
    else:
        click.echo(measure.format_table(report, measure.intervals(report)))
    if errors:
        click.echo(measure.summarise_errors(report, errors), err=as_json)
        click.echo(measure.format_errors(report, errors), err=as_json)


def _extracted(
    annotated: Sequence[Mapping[str, Any]], tagger: Any, processes: int | None
) -> Iterator[Mapping[str, Any]]:
    from kg import evaluate as measure
    from kg.pipeline import extract_papers
    from kg.record import to_record
    from kg.update import processes_for

    workers = processes or processes_for(len(annotated))
    return map(to_record, extract_papers(measure.papers(annotated), tagger=tagger, processes=workers))


@click.command("train")
@click.argument("gold", metavar="GOLD...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", required=True, metavar="FOLDER", type=click.Path(path_type=Path), help="Where to put the weights."
)
@click.option(
    "--dev",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True),
    help="Annotated papers to choose the best seed on.",
)
@click.option(
    "--silver",
    metavar="RECORDS",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Records of `kg extract` by an earlier tagger, to learn from beside GOLD.",
)
@click.option(
    "--silver-papers", type=click.IntRange(0), default=1000, show_default=True, metavar="N", help="How many an epoch."
)
@click.option(
    "--unlabelled",
    metavar="PAPERS",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Papers to go on pre-training the encoder with; any format that `kg build` reads.",
)
@click.option(
    "--pretrain-papers", type=click.IntRange(1), default=24000, show_default=True, metavar="N", help="How many of them."
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep the pre-trained encoder here; used instead of pre-training where it exists.",
)
@click.option("--epochs", type=click.IntRange(1), default=6, show_default=True, help="Epochs of fine-tuning.")
@click.option(
    "--seed", "seeds", type=int, multiple=True, default=(0,), help="Seed; repeat it to train several and choose."
)
@click.option("--device", default="cpu", show_default=True, help="PyTorch device: cpu, cuda, ...")
def train(
    *,
    gold: tuple[Path, ...],
    output: Path,
    dev: Path | None,
    silver: tuple[Path, ...],
    silver_papers: int,
    unlabelled: tuple[Path, ...],
    pretrain_papers: int,
    checkpoint: Path | None,
    epochs: int,
    seeds: tuple[int, ...],
    device: str,
) -> None:
    """Train the tagger on annotated papers.

    Needs PyTorch: pip install '.[train]' in the clone. Replaces nothing of the program: put the files that it writes
    over those in kg/extract/weights to use them. On two processor cores, 24000 papers of pre-training take about an
    hour and six epochs over a thousand annotated papers half an hour; on a GPU, minutes.

    \b
    Examples:
      kg train gold/train.jsonl --dev gold/dev.jsonl -o weights
      kg train gold/train.jsonl --dev gold/dev.jsonl --unlabelled corpus.jsonl.gz --device cuda -o weights
    """
    _need_torch()
    from kg.read import read
    from kg.train.run import train_tagger

    train_tagger(
        gold,
        output,
        dev=dev,
        silver=silver,
        silver_papers=silver_papers,
        unlabelled=read(unlabelled) if unlabelled else (),
        pretrain_papers=pretrain_papers,
        checkpoint=checkpoint,
        epochs=epochs,
        seeds=seeds,
        device=device,
        say=lambda line: click.echo(line, err=True),
    )


def _need_torch() -> None:
    from kg.errors import UsageError

    try:
        import torch  # noqa: F401
    except ImportError:
        raise UsageError(
            "training needs PyTorch, which is not installed; pip install '.[train]' in kg's clone"
        ) from None


class _Sizes(click.ParamType[Any]):
    """``8x512,9x1024``: heads and inner neurons, a layer each."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the sizes; those of the command's own default come as text, too."""
        layers = [re.fullmatch(r"(\d+)x(\d+)", layer) for layer in str(value).split(",")]
        sizes = [(int(layer[1]), int(layer[2])) for layer in layers if layer]
        if len(sizes) != 6 or len(layers) != 6 or any(not 1 <= h <= 12 or not 1 <= n <= 1536 for h, n in sizes):
            self.fail(f"{value!r}: six layers like 9x768: 1 to 12 heads, 1 to 1536 neurons", param, ctx)
        return sizes


@click.command("shrink")
@click.argument("papers", metavar="PAPERS...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--weights",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The tagger to shrink: what `kg train` wrote.",
)
@click.option(
    "-o", "--output", required=True, metavar="FOLDER", type=click.Path(path_type=Path), help="Where to put the weights."
)
@click.option(
    "--sizes",
    type=_Sizes(),
    default="8x512,9x1024,9x768,10x1024,8x704,7x512",
    show_default=True,
    metavar="HxN,...",
    help="Heads and inner neurons that each of the six layers keeps.",
)
@click.option("--device", default="cpu", show_default=True, help="PyTorch device: cpu, cuda, ...")
def shrink(
    *,
    papers: tuple[Path, ...],
    weights: Path,
    output: Path,
    sizes: Sequence[tuple[int, int]],
    device: str,
) -> None:
    """Make a tagger's network smaller and quicker.

    Takes away the heads and neurons that matter least, says what each layer loses by it, and teaches the smaller
    network the vectors of the larger in one pass over PAPERS (any format that `kg build` reads). Needs PyTorch:
    pip install '.[train]' in the clone. On two processor cores, 16000 papers take three quarters of an hour.

    \b
    Example:
      kg shrink abstracts.jsonl.gz --weights first -o weights
    """
    _need_torch()
    from kg.read import read
    from kg.train.shrink import shrink as shrink_tagger

    shrink_tagger(weights, read(papers), output, sizes, device=device, say=lambda line: click.echo(line, err=True))
