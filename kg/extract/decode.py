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
    scores = emissions.astype(np.float32)
    scores[0] += starts_allowed()
    best, add = np.maximum.reduce, np.add
    # With the label before in the second place, the best one is found along rows, which is quicker.
    moves = np.ascontiguousarray(transitions.T)
    options, most = np.empty_like(moves), np.empty_like(scores[0])
    before = scores[0]
    for score in scores[1:]:
        add(moves, before, options)
        best(options, 1, None, most)
        before = add(score, most, score)
    path = [int(scores[-1].argmax())]
    back = (scores[:-1, None] + moves).argmax(2).tolist()
    for row in reversed(back):
        path.append(row[path[-1]])
    return path[::-1]


_SCALED_EVERY = 8
"""Words after which the weights of paths are scaled, long before they leave what a number can hold."""


def marginals(emissions: Array, transitions: Array) -> Array:
    """Give the probability of each label at each word of one chain, in the space of probabilities, scaled."""
    move = np.exp(transitions.astype(np.float64))
    weight = np.exp((emissions - emissions.max(1, keepdims=True)).astype(np.float64))
    ahead, behind = np.empty_like(weight), np.empty_like(weight)
    dot = np.dot
    moves = move * weight[1:, None]
    ahead[0] = weight[0] * np.exp(starts_allowed().astype(np.float64))
    behind[-1] = 1.0
    row, back = ahead[0], behind[-1]
    for i, (onward, to, backward, at) in enumerate(zip(moves, ahead[1:], moves[::-1], behind[-2::-1], strict=True), 1):
        row = dot(row, onward, to)
        back = dot(backward, back, at)
        if not i % _SCALED_EVERY:
            row /= row.sum()
            back /= back.sum()
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
