"""Make a trained tagger's encoder smaller: fewer attention heads and inner neurons in each layer, the same vectors.

First those heads and neurons go that the output of their layer needs least, and the weights of the others make up for
them as well as they can: the Optimal Brain Surgeon (Hassibi and Stork 1993) with whole heads and neurons in place of
single weights, as in ZipLM (Kurtic, Frantar and Alistarh 2023, arXiv:2302.04089). Then the smaller encoder learns to
give the vectors of the larger on unlabelled papers (Hinton, Vinyals and Dean 2015, arXiv:1503.02531), those of each
layer, too (Jiao et al. 2020, TinyBERT), its weights rounded to 8 bits as they will be in use. The heads on top stay as
they are.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from kg.errors import UsageError
from kg.model import Paper
from kg.train.encoder import HEAD, Encoder, Sizes
from kg.train.examples import Example, as_read, examples
from kg.train.tagger import Tagger
from kg.train.train import Batch, collate, groups

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Doubles = NDArray[np.float64]

CALIBRATION = 400
"""Papers that show what each layer's parts give."""

PIECES_A_BATCH = 2048


@dataclass(slots=True)
class Inputs:
    """Mean and covariance of what a linear layer was given."""

    mean: Doubles
    covariance: Doubles


@dataclass(slots=True)
class Pruned:
    """The units that stay, the weights from them, what to add to the bias, and the share of the variance lost."""

    units: NDArray[np.int64]
    weight: Doubles
    bias: Doubles
    loss: float


def unlabelled(papers: Iterable[Paper], tokenizer: "Tokenizer") -> list[Example]:
    """Read papers as examples without annotations; those without a word are left out."""
    nothing: dict[str, Any] = {"entities": [], "links": [], "results": []}
    bare = ({"id": p.id, "title": p.title, "abstract": p.abstract, **nothing} for p in papers)
    return [e for e in examples(map(as_read, bare), tokenizer) if e.pieces.words]


@torch.no_grad()
def inputs_of(model: Tagger, data: Sequence[Example]) -> list[tuple[Inputs, Inputs]]:
    """Give for each layer what its attention's output and its inner neurons' output are computed from."""
    layers = [part for layer in model.encoder.layers for part in (layer.out, layer.down)]
    sums = [torch.zeros(part.in_features, dtype=torch.float64) for part in layers]
    squares = [torch.zeros(part.in_features, part.in_features, dtype=torch.float64) for part in layers]

    def watch(place: int) -> Callable[[nn.Module, tuple[Tensor]], None]:
        def seen(_: nn.Module, given: tuple[Tensor]) -> None:
            rows = given[0][0]
            sums[place] += rows.sum(0).double()
            squares[place] += (rows.T @ rows).double()

        return seen

    hooks = [part.register_forward_pre_hook(watch(i)) for i, part in enumerate(layers)]
    count = 0
    for example in data:
        batch = collate([example])
        length = len(example.pieces.pieces)
        pieces, shapes, hints = (t[:, :length] for t in (batch.pieces, batch.shapes, batch.hints))
        model.vectors(pieces, shapes, hints, None)
        count += length
    for hook in hooks:
        hook.remove()
    found = []
    for total, square in zip(sums, squares, strict=True):
        mean = (total / count).numpy()
        found.append(Inputs(mean, (square / count).numpy() - np.outer(mean, mean)))
    return list(zip(found[::2], found[1::2], strict=True))


def prune(weight: Doubles, given: Inputs, left: int, width: int = 1) -> Pruned:
    """Take units of ``width`` inputs from a linear layer (outputs x inputs) until ``left`` of them are there.

    At each step the unit goes whose loss adds least to the squared error of the output, after the weights of all others
    have made up for it.
    """
    wanted, weight = weight, weight.copy()
    covariance = given.covariance + np.eye(len(given.mean)) * 1e-3 * np.diag(given.covariance).mean()
    variance = float(np.trace(weight @ given.covariance @ weight.T))
    inverse = np.linalg.inv(covariance)
    units = list(range(len(given.mean) // width))
    lost = 0.0
    while len(units) > left:
        blocks = np.array(units)[:, None] * width + np.arange(width)
        among = np.linalg.inv(inverse[blocks[:, :, None], blocks[:, None, :]])
        columns = weight[:, blocks]
        losses = np.einsum("oui,uij,ouj->u", columns, among, columns)
        worst = int(np.argmin(losses))
        lost += float(losses[worst])
        block = blocks[worst]
        weight -= weight[:, block] @ among[worst] @ inverse[block]
        inverse -= inverse[:, block] @ among[worst] @ inverse[block]
        weight[:, block] = 0
        units.pop(worst)
    stay = (np.array(units)[:, None] * width + np.arange(width)).ravel()
    return Pruned(stay, weight[:, stay], (wanted - weight) @ given.mean, lost / variance)


def smaller(model: Tagger, inputs: Sequence[tuple[Inputs, Inputs]], sizes: Sizes) -> tuple[Tagger, list[str]]:
    """Give a copy whose layers have as many heads and neurons as ``sizes`` says, and what each layer lost by it."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    lines = []
    for i, ((heads, inner), (attention, neurons)) in enumerate(zip(sizes, inputs, strict=True)):
        name = f"encoder.layers.{i}"
        lost = []
        for out, given, left, width, made_by in (
            ("out", attention, heads, HEAD, "qkv"),
            ("down", neurons, inner, 1, "up"),
        ):
            found = prune(state[f"{name}.{out}.weight"].double().numpy(), given, left, width)
            lost.append(found.loss)
            state[f"{name}.{out}.weight"] = torch.from_numpy(found.weight).float()
            state[f"{name}.{out}.bias"] += torch.from_numpy(found.bias).float()
            # Queries, keys and values of a head stand one behind the other.
            rows = torch.from_numpy(
                np.concatenate([found.units + k * len(given.mean) for k in range(3 if made_by == "qkv" else 1)])
            )
            for part in ("weight", "bias"):
                state[f"{name}.{made_by}.{part}"] = state[f"{name}.{made_by}.{part}"][rows]
        lines.append(f"layer {i + 1}: {heads} heads, {lost[0]:.1%} lost; {inner} neurons, {lost[1]:.1%} lost")
    copy = Tagger(Encoder(sizes=sizes))
    copy.load_state_dict(state)
    return copy, lines


class _Rounded(nn.Module):
    """Weights as 8 bits a row give them; gradients go straight through (Bengio et al. 2013, arXiv:1308.3432)."""

    def forward(self, weight: Tensor) -> Tensor:
        with torch.no_grad():
            scale = (weight.abs().amax(1, keepdim=True) / 127).clamp_min(1e-12)
            error = torch.round(weight / scale) * scale - weight
        return weight + error


def distil(
    teacher: Tagger,
    student: Tagger,
    data: Sequence[Example],
    *,
    rate: float = 2e-4,
    seed: int = 0,
    device: str = "cpu",
    log_every: int = 50,
) -> Iterator[str]:
    """Teach ``student``, in place, the vectors of ``teacher`` in one pass over ``data``; yield a line now and then."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    torch.manual_seed(seed)
    teacher.to(device).eval()
    student.to(device).eval()
    for part in _products(student.encoder):
        parametrize.register_parametrization(part, "weight", _Rounded())
    taught = [p for n, p in student.encoder.named_parameters() if n.startswith(("layers.", "norm."))]
    optimizer = torch.optim.AdamW(taught, lr=rate, weight_decay=0.0, betas=(0.9, 0.98))
    planned = list(groups(data, rng, PIECES_A_BATCH))
    warm = min(60, max(1, len(planned) // 20))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, 1) * max(0.0, 1 - s / len(planned))
    )
    began, total = time.monotonic(), np.zeros(3)
    for step, group in enumerate(planned, 1):
        parts = _differences(teacher, student, collate(group), device)
        (parts[0] + 0.3 * parts[1] + 2 * parts[2]).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(taught, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        total += [float(p.detach()) for p in parts]
        if step % log_every == 0 or step == len(planned):
            steps = (step - 1) % log_every + 1
            shown = " ".join(
                f"{n} {t:.4f}" for n, t in zip(("vectors", "layers", "labels"), total / steps, strict=True)
            )
            yield f"step {step}/{len(planned)} {shown} {time.monotonic() - began:.0f} s"
            total[:] = 0
    for part in _products(student.encoder):
        parametrize.remove_parametrizations(part, "weight", leave_parametrized=False)


def _products(encoder: Encoder) -> Iterator[nn.Linear]:
    for layer in encoder.layers:
        yield from (layer.qkv, layer.out, layer.up, layer.down)  # type: ignore[misc]


def _differences(teacher: Tagger, student: Tagger, batch: Batch, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """How far the student is from the teacher: in the vectors that are read, in each layer's, in the labels of words.

    The first two are shares of the teacher's variance, the last is a divergence of Kullback and Leibler.
    """
    given = [t.to(device) for t in (batch.pieces, batch.shapes, batch.hints, batch.mask)]
    with torch.no_grad():
        wanted = _layers(teacher, given)
    got = _layers(student, given)
    there = given[-1] > 0
    read = torch.zeros_like(there)
    read.scatter_(1, batch.firsts.to(device), batch.word_mask.to(device) > 0)
    read[:, 0] = True
    inner = [
        functional.mse_loss(a[there], b[there]) / b[there].var() for a, b in zip(got[:-1], wanted[:-1], strict=True)
    ]
    a, b = got[-1][read], wanted[-1][read]
    labels = functional.kl_div(
        functional.log_softmax(teacher.emit(a), -1), functional.softmax(teacher.emit(b), -1), reduction="batchmean"
    )
    return functional.mse_loss(a, b) / b.var(), torch.stack(inner).mean(), labels


def _layers(model: Tagger, given: Sequence[Tensor]) -> list[Tensor]:
    found: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, vectors: found.append(vectors)) for layer in model.encoder.layers
    ]
    model.vectors(*given)
    for hook in hooks:
        hook.remove()
    return found


def shrink(
    weights: Path, papers: Iterable[Paper], out: Path, sizes: Sizes, *, device: str = "cpu", say: Callable[[str], None]
) -> None:
    """Shrink the tagger in the folder ``weights`` to ``sizes``, taught by unlabelled ``papers``; write it to ``out``.

    Raises UsageError where a layer is smaller than asked already.
    """
    from tokenizers import Tokenizer

    from kg.train.export import export, read

    teacher = read(weights)
    held = [(layer.heads, layer.up.out_features) for layer in teacher.encoder.layers]
    if any(
        have < want for layer, wanted in zip(held, sizes, strict=True) for have, want in zip(layer, wanted, strict=True)
    ):
        raise UsageError(
            f"{weights}: its layers have {','.join(f'{h}x{n}' for h, n in held)}, fewer than --sizes asks for"
        )
    data = unlabelled(papers, Tokenizer.from_file(str(weights / "tokenizer.json")))
    random.Random(0).shuffle(data)  # noqa: S311 - reproducible, not secret
    student, lines = smaller(teacher, inputs_of(teacher, data[:CALIBRATION]), sizes)
    for line in lines:
        say(line)
    for line in distil(teacher, student, data, device=device):
        say(line)
    export(student, out)
