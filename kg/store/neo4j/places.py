"""Where the nodes of a load are in the database: by that their relationships find them sooner than by their ids."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.errors import StoreError

_Numbers = NDArray[np.int64]


class Places:
    """The element ids of nodes by the ids that the graph knows them by, in 16 bytes a node.

    Of an id its hash alone is kept: of three million, two have the same one once in some million loads.
    """

    def __init__(self) -> None:
        """Begin with no node."""
        self._hashes, self._numbers = array("q"), array("q")
        self._start = ""
        self._others: list[str] = []
        self._sorted: tuple[_Numbers, _Numbers] | None = None

    def add(self, found: Iterable[Sequence[str]]) -> None:
        """Add nodes, each as its id and its element id."""
        self._sorted = None
        for key, place in found:
            # They differ in a number at their end; should they ever not, they are kept whole.
            start, colon, number = place.rpartition(":")
            self._start = self._start or start + colon
            if number.isdecimal() and f"{self._start}{int(number)}" == place:
                self._numbers.append(int(number))
            else:
                self._others.append(place)
                self._numbers.append(-len(self._others))
            self._hashes.append(hash(key))

    def of(self, keys: Sequence[str]) -> list[str]:
        """Give the element ids of nodes by their ids; raises StoreError for one that was not added."""
        if self._sorted is None:
            hashes, numbers = np.array(self._hashes, np.int64), np.array(self._numbers, np.int64)
            order = np.argsort(hashes, kind="stable")
            self._sorted = hashes[order], numbers[order]
        hashes, numbers = self._sorted
        wanted = np.fromiter(map(hash, keys), np.int64, len(keys))
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        lost = np.flatnonzero(hashes[at] != wanted) if len(hashes) else np.arange(len(keys))
        if len(lost):
            raise StoreError(
                f"a relationship joins {keys[lost[0]]!r}, which is no node; build the graph with kg.assemble"
            )
        return [
            f"{self._start}{number}" if number >= 0 else self._others[-number - 1] for number in numbers[at].tolist()
        ]
