"""Fine-tune the tagger on annotated papers; AdamW, linear decay, bfloat16 autocast, mentions dropped at random."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from kg.extract.decode import spans, viterbi
from kg.extract.features import RELATIONS, Words
from kg.extract.pieces import MAX_PIECES
from kg.model import SHAPES, Relation
from kg.train.examples import Example
from kg.train.pretrain import MASK, PAD, SPECIAL
from kg.train.tagger import Tagger, describe, describe_pairs

PIECES_A_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; rates are AdamW's."""

    epochs: int = 8
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    hint_dropout: float = 0.3
    mention_dropout: float = 0.15
    word_dropout: float = 0.1
    """Share of words that become [MASK], so that the words around a name learn to give it away."""
    plain_epochs: int = 2
    """Epochs at the end in which papers keep their own names."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded tensors of some examples; words are padded to the longest, too."""

    examples: tuple[Example, ...]
    pieces: Tensor
    shapes: Tensor
    hints: Tensor
    mask: Tensor
    firsts: Tensor
    labels: Tensor
    values: Tensor
    starts: Tensor
    word_mask: Tensor


def collate(
    group: Sequence[Example], *, hint_dropout: float = 0.0, word_dropout: float = 0.0, rng: random.Random | None = None
) -> Batch:
    """Pad a group of examples into one batch; hints and words are dropped at random where ``rng`` is given."""
    # A few sizes only: the allocator keeps memory for every shape that it has seen.
    size = min(MAX_PIECES, -(-max(len(e.pieces.pieces) for e in group) // 32) * 32)
    words = max(len(e.pieces.words) for e in group)
    piece = {name: torch.zeros(len(group), size, dtype=torch.long) for name in ("pieces", "shapes", "hints", "mask")}
    word = {
        n: torch.zeros(len(group), words, dtype=torch.long) for n in ("firsts", "labels", "values", "starts", "mask")
    }
    piece["pieces"].fill_(PAD)
    for row, e in enumerate(group):
        n, w = len(e.pieces.pieces), len(e.pieces.words)
        piece["pieces"][row, :n] = torch.tensor(masked_words(e, word_dropout, rng))
        piece["shapes"][row, :n] = torch.tensor(e.pieces.shapes)
        piece["mask"][row, :n] = 1
        piece["hints"][row, :n] = torch.tensor(piece_hints(e, hint_dropout, rng))
        word["firsts"][row, :w] = torch.tensor(e.pieces.firsts)
        word["labels"][row, :w] = torch.tensor(e.labels)
        word["values"][row, :w] = torch.tensor(e.values)
        word["mask"][row, :w] = 1
        for i, x in enumerate(e.pieces.words):
            if i == 0 or x.field != e.pieces.words[i - 1].field:
                word["starts"][row, i] = 1
    return Batch(
        tuple(group),
        piece["pieces"],
        piece["shapes"],
        piece["hints"],
        piece["mask"],
        word["firsts"],
        word["labels"],
        word["values"],
        word["starts"],
        word["mask"],
    )


def masked_words(e: Example, dropout: float, rng: random.Random | None) -> list[int]:
    """The pieces of an example with a share of the words as [MASK]."""
    pieces = list(e.pieces.pieces)
    if rng is None or not dropout:
        return pieces
    ends = (*e.pieces.firsts[1:], len(pieces) - 1)
    for first, end in zip(e.pieces.firsts, ends, strict=True):
        if rng.random() < dropout and e.pieces.shapes[end - 1] != SPECIAL:
            pieces[first:end] = [MASK] * (end - first)
    return pieces


def piece_hints(e: Example, dropout: float = 0.0, rng: random.Random | None = None) -> list[int]:
    """Spread the words' hints over their pieces; whole spans of hints are dropped at random."""
    found = list(e.hints)
    if rng is not None and dropout:
        i = 0
        while i < len(found):
            j = i + 1
            while j < len(found) and found[j] and found[j] == found[i] + (found[i] % 2):
                j += 1
            if found[i] and rng.random() < dropout:
                found[i:j] = [0] * (j - i)
            i = j
    spread = [0] * len(e.pieces.pieces)
    ends = (*e.pieces.firsts[1:], len(spread) - 1)
    for hint, first, end in zip(found, e.pieces.firsts, ends, strict=True):
        if hint:
            spread[first:end] = [hint] * (end - first)
    return spread


def groups(data: Sequence[Example], rng: random.Random | None, most: int = PIECES_A_BATCH) -> Iterator[list[Example]]:
    """Group examples of like length, up to ``most`` pieces; in random order where ``rng`` is given."""
    order = sorted(data, key=lambda e: len(e.pieces.pieces) + (rng.random() * 60 if rng else 0))
    found: list[list[Example]] = [[]]
    for e in order:
        if found[-1] and (len(found[-1]) + 1) * len(e.pieces.pieces) > most:
            found.append([])
        found[-1].append(e)
    if rng:
        rng.shuffle(found)
    yield from found


def train(
    model: Tagger,
    data: Callable[[int], Sequence[Example]],
    settings: Settings,
    *,
    device: str = "cpu",
    after_epoch: Callable[[int], str] | None = None,
) -> Iterator[str]:
    """Train in place on what ``data`` gives for each epoch; yield a line an epoch."""
    rng = random.Random(settings.seed)  # noqa: S311 - reproducible, not secret
    torch.manual_seed(settings.seed)
    model.to(device).train()
    inner = [p for n, p in model.named_parameters() if n.startswith("encoder.")]
    outer = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
    optimizer = torch.optim.AdamW(
        [{"params": inner, "lr": settings.encoder_rate}, {"params": outer, "lr": settings.head_rate}],
        weight_decay=0.01,
        fused=True,
    )
    done = 0.0
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda _: min(done / settings.epochs * 10 + 1e-3, (1 - done / settings.epochs) / 0.9)
    )
    for epoch in range(settings.epochs):
        began, totals, count = time.monotonic(), np.zeros(4), 0
        planned = list(groups(data(epoch), rng))
        for place, group in enumerate(planned):
            done = epoch + (place + 1) / len(planned)
            batch = collate(group, hint_dropout=settings.hint_dropout, word_dropout=settings.word_dropout, rng=rng)
            parts = losses(model, batch, device, settings.mention_dropout, rng)
            sum(parts).backward()  # type: ignore[union-attr]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            totals += [float(p.detach()) for p in parts]
            count += 1
        shown = " ".join(
            f"{n} {t:.3f}" for n, t in zip(("spans", "values", "roles", "links"), totals / count, strict=True)
        )
        line = f"epoch {epoch + 1}/{settings.epochs} {shown} {time.monotonic() - began:.0f} s"
        yield f"{line} {after_epoch(epoch)}" if after_epoch else line
        model.train()


def losses(
    model: Tagger, batch: Batch, device: str, mention_dropout: float, rng: random.Random
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four losses of a batch: spans, values, roles, links."""
    with torch.autocast(device, dtype=torch.bfloat16):
        hidden = model.vectors(*(t.to(device) for t in (batch.pieces, batch.shapes, batch.hints, batch.mask)))
    hidden = hidden.float()
    firsts = batch.firsts.to(device)
    words = hidden.gather(1, firsts[..., None].expand(-1, -1, hidden.shape[-1]))
    dropped = functional.dropout(words, model.dropout, model.training)
    mask = batch.word_mask.to(device)
    crf = model.crf_loss(model.emit(dropped), batch.labels.to(device), batch.starts.to(device), mask) / mask.sum() * 20
    weight = torch.tensor([1.0, 3.0, 3.0], device=device)
    number = functional.cross_entropy(model.value(dropped)[mask > 0], batch.values.to(device)[mask > 0], weight=weight)
    role_parts, pair_parts = [], []
    for row, e in enumerate(batch.examples):
        if not e.entities:
            continue
        kept = [thin(spans_, mention_dropout, rng) for _, spans_, _ in e.entities]
        vectors = model.entity_vectors(words[row], hidden[row, 0], kept)
        features = describe([k for k, _, _ in e.entities], kept, e.pieces).to(device)
        scores = model.roles(vectors, features)
        role_parts.append(
            functional.cross_entropy(
                scores, torch.tensor([r for _, _, r in e.entities], device=device), reduction="sum"
            )
        )
        pairs = pairs_of([k for k, _, _ in e.entities])
        if pairs:
            near = describe_pairs(kept, pairs).to(device)
            guess = model.pairs(vectors, scores.detach().softmax(1), features, pairs, near)
            wanted, counted = link_targets(e, pairs)
            pair_parts.append(
                functional.binary_cross_entropy_with_logits(
                    guess, wanted.to(device), weight=counted.to(device), reduction="sum"
                )
            )
    entities = sum(len(e.entities) for e in batch.examples) or 1
    zero = crf * 0
    roles = sum(role_parts, zero) / entities
    links = sum(pair_parts, zero) / entities / 3
    return crf, number, roles, links


def thin(spans_: Sequence[Words], dropout: float, rng: random.Random) -> list[Words]:
    """Drop mentions at random, but never all."""
    kept = [s for s in spans_ if rng.random() >= dropout]
    return kept or [rng.choice(spans_)]


def pairs_of(kinds: Sequence[str]) -> list[tuple[int, int]]:
    """The ordered pairs of entities that some relation may join."""
    shapes = {shape for r in RELATIONS for shape in SHAPES[r]}
    return [(i, j) for i, a in enumerate(kinds) for j, b in enumerate(kinds) if i != j and (a, b) in shapes]


def link_targets(e: Example, pairs: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """1 where a pair is linked by a relation, and which relations the pair's kinds allow."""
    wanted, counted = torch.zeros(len(pairs), len(RELATIONS)), torch.zeros(len(pairs), len(RELATIONS))
    place = {pair: i for i, pair in enumerate(pairs)}
    for i, (a, b) in enumerate(pairs):
        ends = (e.entities[a][0], e.entities[b][0])
        for k, relation in enumerate(RELATIONS):
            counted[i, k] = ends in SHAPES[Relation(relation)]
    for a, relation_index, b in e.links:
        if (a, b) in place:
            wanted[place[a, b], relation_index] = 1
    return wanted, counted


@torch.no_grad()
def measure(model: Tagger, data: Sequence[Example], device: str = "cpu") -> dict[str, float]:
    """Mention F1, role accuracy and link F1 on gold entities: what to watch while training."""
    model.eval()
    hit = extra = missed = right = count = 0
    link_hit = link_extra = link_missed = 0
    table = (model.transitions + model.transitions_allowed).cpu().numpy()
    for group in groups(data, None):
        batch = collate(group)
        with torch.autocast(device, dtype=torch.bfloat16):
            hidden = model.vectors(
                *(t.to(device) for t in (batch.pieces, batch.shapes, batch.hints, batch.mask))
            ).float()
        words = hidden.gather(1, batch.firsts.to(device)[..., None].expand(-1, -1, hidden.shape[-1]))
        emissions = model.emit(words).cpu().numpy()
        for row, e in enumerate(group):
            split = sum(w.field == "title" for w in e.pieces.words)
            path = [
                x
                for a, b in ((0, split), (split, len(e.pieces.words)))
                if b > a
                for x in viterbi(emissions[row, a:b], table)
            ]
            found, gold = set(spans(path)), set(spans(e.labels))
            hit, extra, missed = hit + len(found & gold), extra + len(found - gold), missed + len(gold - found)
            if not e.entities:
                continue
            kinds, held = [k for k, _, _ in e.entities], [s for _, s, _ in e.entities]
            vectors, features = model.entity_vectors(words[row], hidden[row, 0], held), describe(kinds, held, e.pieces)
            scores = model.roles(vectors, features.to(device))
            right += int((scores.argmax(1).cpu() == torch.tensor([r for _, _, r in e.entities])).sum())
            count += len(e.entities)
            pairs = pairs_of(kinds)
            if pairs:
                near = describe_pairs(held, pairs).to(device)
                guess = model.pairs(vectors, scores.softmax(1), features.to(device), pairs, near).cpu() > 0
                wanted, counted = link_targets(e, pairs)
                guess &= counted > 0
                link_hit += int((guess & (wanted > 0)).sum())
                link_extra += int((guess & (wanted == 0)).sum())
                link_missed += len(e.links) - int((guess & (wanted > 0)).sum())
    return {
        "mentions": 2 * hit / max(1, 2 * hit + extra + missed),
        "roles": right / max(1, count),
        "links": 2 * link_hit / max(1, 2 * link_hit + link_extra + link_missed),
    }
