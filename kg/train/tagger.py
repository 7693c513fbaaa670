"""The tagger in torch: the encoder, a CRF over word labels, and small heads for roles, links and values.

The CRF is that of Lample et al. 2016. Title and abstract are two chains. The heads read means of word vectors over an
entity's mentions, so that in use they run in numpy on what the exported encoder gives.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from kg.extract.features import (
    ENTITY_FEATURES,
    HINTS,
    LABELS,
    PAIR_FEATURES,
    RELATIONS,
    ROLES,
    VALUES,
    Words,
    entity_features,
    pair_features,
)
from kg.extract.pieces import Pieces
from kg.train.encoder import WIDTH, Encoder

N = len(LABELS)
HIDDEN = 192


def allowed() -> Tensor:
    """Which label may follow which: "I-X" only behind "B-X" or "I-X". Shape labels x labels, 0 or -1e4."""
    table = torch.zeros(N, N)
    for j, after in enumerate(LABELS):
        if after.startswith("I-"):
            for i, before in enumerate(LABELS):
                if before[2:] != after[2:]:
                    table[i, j] = -1e4
    return table


class Tagger(nn.Module):
    """All parts of the model; see the module's docstring."""

    transitions_allowed: Tensor
    starts_allowed: Tensor

    def __init__(self, encoder: Encoder, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.hint = nn.Embedding(HINTS, WIDTH)
        nn.init.zeros_(self.hint.weight)
        self.emit = nn.Linear(WIDTH, N)
        self.value = nn.Linear(WIDTH, len(VALUES))
        self.transitions = nn.Parameter(torch.zeros(N, N))
        self.register_buffer("transitions_allowed", allowed())
        self.register_buffer("starts_allowed", torch.tensor([-1e4 * name.startswith("I-") for name in LABELS]))
        self.role1 = nn.Linear(3 * WIDTH + ENTITY_FEATURES, HIDDEN)
        self.role2 = nn.Linear(HIDDEN, len(ROLES))
        self.pair1 = nn.Linear(4 * WIDTH + 2 * len(ROLES) + 2 * ENTITY_FEATURES + PAIR_FEATURES, HIDDEN)
        self.pair2 = nn.Linear(HIDDEN, len(RELATIONS))
        self.dropout = dropout

    def vectors(self, pieces: Tensor, shapes: Tensor, hints: Tensor, mask: Tensor | None) -> Tensor:
        """One vector a piece: batch x pieces x width. ``hints`` are given a piece, too."""
        return self.encoder(pieces, shapes, mask, self.hint(hints))  # type: ignore[no-any-return]

    def crf_loss(self, emissions: Tensor, labels: Tensor, starts: Tensor, mask: Tensor) -> Tensor:
        """Negative log-likelihood of the labels, summed over chains.

        ``emissions``: batch x words x labels; ``starts``: 1 at a word that begins a chain; ``mask``: 1 where a word is.
        """
        table = self.transitions + self.transitions_allowed
        first = self.starts_allowed
        length = emissions.shape[1]
        score = emissions.gather(2, labels[..., None])[..., 0]
        moves = table[labels[:, :-1], labels[:, 1:]]
        moves = torch.where(starts[:, 1:] > 0, first[labels[:, 1:]], moves)
        gold = (score * mask).sum() + (moves * mask[:, 1:]).sum() + first[labels[:, 0]].sum()
        alpha = emissions[:, 0] + first
        for i in range(1, length):
            onward = torch.logsumexp(alpha[:, :, None] + table[None], 1)
            # A new chain starts from the whole weight of the one before.
            anew = torch.logsumexp(alpha, 1, keepdim=True) + first
            after = torch.where(starts[:, i, None] > 0, anew, onward) + emissions[:, i]
            alpha = torch.where(mask[:, i, None] > 0, after, alpha)
        return torch.logsumexp(alpha, 1).sum() - gold

    def entity_vectors(self, words: Tensor, cls: Tensor, entities: Sequence[Sequence[Words]]) -> Tensor:
        """Mean and maximum over an entity's mentions, and the vector of the paper: entities x 3 width."""
        rows = []
        for spans in entities:
            means = torch.stack([words[a:b].mean(0) for a, b in spans])
            rows.append(torch.cat([means.mean(0), means.amax(0), cls]))
        return torch.stack(rows)

    def roles(self, vectors: Tensor, features: Tensor) -> Tensor:
        """Scores of the roles: entities x roles."""
        x = torch.cat([vectors, features], 1)
        x = functional.gelu(self.role1(functional.dropout(x, self.dropout, self.training)))
        return self.role2(x)  # type: ignore[no-any-return]

    def pairs(
        self, vectors: Tensor, roles: Tensor, features: Tensor, pairs: Sequence[tuple[int, int]], near: Tensor
    ) -> Tensor:
        """Scores of the relations: pairs x relations."""
        a = torch.tensor([i for i, _ in pairs])
        b = torch.tensor([j for _, j in pairs])
        means = vectors[:, :WIDTH]
        x = torch.cat(
            [
                means[a],
                means[b],
                means[a] * means[b],
                vectors[a, 2 * WIDTH :],
                roles[a],
                roles[b],
                features[a],
                features[b],
                near,
            ],
            1,
        )
        x = functional.gelu(self.pair1(functional.dropout(x, self.dropout, self.training)))
        return self.pair2(x)  # type: ignore[no-any-return]


def describe(kinds: Sequence[str], spans: Sequence[Sequence[Words]], pieces: Pieces) -> Tensor:
    """The features of a paper's entities: entities x `ENTITY_FEATURES`."""
    return torch.from_numpy(np.stack([entity_features(k, s, pieces) for k, s in zip(kinds, spans, strict=True)]))


def describe_pairs(spans: Sequence[Sequence[Words]], pairs: Sequence[tuple[int, int]]) -> Tensor:
    """The features of pairs: pairs x `PAIR_FEATURES`."""
    return torch.from_numpy(np.stack([pair_features(spans[a], spans[b]) for a, b in pairs]))
