"""Go on with masked-language pre-training on unlabelled abstracts (Gururangan et al. 2020, "Don't stop pretraining").

The published encoder was tuned for sentence similarity; this gives its tokens their meaning back, in this field's
language, and teaches the shape embedding. Whole words are masked (a fifth of them), and the loss is computed at masked
pieces alone. Batches hold papers of like length. Checkpoints are safetensors files.
"""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from kg.extract.pieces import Pieces
from kg.train.encoder import VOCABULARY, WIDTH, Encoder

MASK, PAD = 103, 0
SPECIAL = 9
"""The shape of [CLS] and [SEP]."""
MASKED_SHARE = 0.2
PIECES_A_BATCH = 4096


class MaskedWords(nn.Module):
    """Predict masked pieces; the output layer is tied to the input embedding."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.dense = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))

    def forward(self, pieces: Tensor, shapes: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Give the mean loss over the pieces whose target is not -100."""
        x = self.encoder(pieces, shapes, mask)
        wanted = targets >= 0
        x = self.norm(functional.gelu(self.dense(x[wanted])))
        scores = functional.linear(x, self.encoder.word.weight, self.bias)
        return functional.cross_entropy(scores.float(), targets[wanted])


def batches(papers: Sequence[Pieces], rng: random.Random) -> Iterator[list[Pieces]]:
    """Group papers of like length into batches of about `PIECES_A_BATCH` pieces, in random order."""
    order = sorted(range(len(papers)), key=lambda i: len(papers[i].pieces) + rng.random() * 8)
    groups: list[list[Pieces]] = [[]]
    for i in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(papers[i].pieces) > PIECES_A_BATCH:
            groups.append([])
        groups[-1].append(papers[i])
    rng.shuffle(groups)
    yield from groups


def masked(group: Sequence[Pieces], rng: random.Random) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mask whole words of a batch: four in five become [MASK], the others stay or become another piece."""
    longest = max(len(p.pieces) for p in group)
    pieces = torch.full((len(group), longest), PAD)
    shapes, targets = torch.zeros_like(pieces), torch.full_like(pieces, -100)
    mask = torch.zeros_like(pieces)
    for row, paper in enumerate(group):
        ids = list(paper.pieces)
        goals = [-100] * len(ids)
        ends = (*paper.firsts[1:], len(ids))
        for first, end in zip(paper.firsts, ends, strict=True):
            if rng.random() >= MASKED_SHARE:
                continue
            fate = rng.random()
            for i in range(first, end):
                if paper.shapes[i] == SPECIAL:
                    continue
                goals[i] = ids[i]
                if fate < 0.8:
                    ids[i] = MASK
                elif fate < 0.9:
                    ids[i] = rng.randrange(1000, VOCABULARY)
        pieces[row, : len(ids)] = torch.tensor(ids)
        targets[row, : len(ids)] = torch.tensor(goals)
        shapes[row, : len(ids)] = torch.tensor(paper.shapes)
        mask[row, : len(ids)] = 1
    return pieces, shapes, mask, targets


def pretrain(
    encoder: Encoder,
    papers: Sequence[Pieces],
    *,
    checkpoint: Path | None = None,
    epochs: float = 1,
    rate: float = 4e-4,
    seed: int = 0,
    device: str = "cpu",
    log_every: int = 20,
) -> Iterator[str]:
    """Train the encoder in place; yield a line of progress now and then, saving to ``checkpoint`` at every tenth."""
    from safetensors.torch import save_file

    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    torch.manual_seed(seed)
    model = MaskedWords(encoder).to(device).train()
    encoder.dropout = 0.0
    for layer in encoder.layers:
        layer.dropout = 0.0  # type: ignore[assignment]
    steps = int(sum(1 for _ in batches(papers, random.Random(seed))) * epochs)  # noqa: S311
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
    )
    began, seen, total, count = time.monotonic(), 0, 0.0, 0
    for step, group in zip(range(1, steps + 1), _repeat(papers, rng), strict=False):
        pieces, shapes, mask, targets = (t.to(device) for t in masked(group, rng))
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = model(pieces, shapes, mask, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        seen += int(mask.sum())
        total += float(loss.detach())
        count += 1
        if step % log_every == 0 or step == steps:
            pace = seen / (time.monotonic() - began)
            yield f"step {step}/{steps} loss {total / count:.3f} {pace:.0f} pieces/s"
            total, count = 0.0, 0
        if checkpoint is not None and (step % (log_every * 10) == 0 or step == steps):
            save_file({k: v.contiguous() for k, v in encoder.state_dict().items()}, checkpoint)


def _repeat(papers: Sequence[Pieces], rng: random.Random) -> Iterable[list[Pieces]]:
    while True:
        yield from batches(papers, rng)
