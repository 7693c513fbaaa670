"""Decode word scores into spans: Viterbi over whole words, and how sure each span is (forward-backward).

Title and abstract are decoded apart, so that no span crosses. Scores are those of a linear-chain CRF. The loops over
words call numpy's functions and not the methods of arrays: rows are so short that the way there is most of the time.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.features import LABELS

Array = NDArray[np.float32]


def starts_allowed() -> Array:
    """Scores of the labels at the start of a chain: nothing begins inside a span."""
    return np.array([-1e4 if name.startswith("I-") else 0.0 for name in LABELS], dtype=np.float32)


def viterbi(emissions: Array, transitions: Array) -> list[int]:
    """Give the best label of each word of one chain. ``emissions``: words x labels."""
    score = emissions[0] + starts_allowed()
    back = np.zeros(emissions.shape, dtype=np.int64)
    for i in range(1, len(emissions)):
        options = score[:, None] + transitions
        back[i] = options.argmax(0)
        score = np.maximum.reduce(options) + emissions[i]
    path = [int(score.argmax())]
    for i in range(len(emissions) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return path[::-1]


def marginals(emissions: Array, transitions: Array) -> Array:
    """Give the probability of each label at each word of one chain, in the space of probabilities, scaled."""
    move = np.exp(transitions.astype(np.float64))
    weight = np.exp((emissions - emissions.max(1, keepdims=True)).astype(np.float64))
    ahead, behind = np.empty_like(weight), np.empty_like(weight)
    ahead[0] = weight[0] * np.exp(starts_allowed().astype(np.float64))
    ahead[0] /= ahead[0].sum()
    for i in range(1, len(weight)):
        row = np.dot(ahead[i - 1], move) * weight[i]
        ahead[i] = row / np.add.reduce(row)
    behind[-1] = 1.0
    for i in range(len(weight) - 2, -1, -1):
        row = np.dot(move, behind[i + 1] * weight[i + 1])
        behind[i] = row / np.add.reduce(row)
    joint = ahead * behind
    return np.asarray(joint / joint.sum(1, keepdims=True), dtype=np.float32)


def spans(labels: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Give (first, behind last, kind) of each span in a sequence of labels."""
    start, kind = -1, ""
    for i, label in enumerate([*labels, 0]):
        name = LABELS[label]
        if start >= 0 and not (name.startswith("I-") and name[2:] == kind):
            yield start, i, kind
            start = -1
        if name.startswith("B-"):
            start, kind = i, name[2:]
