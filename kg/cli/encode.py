"""Vectors for `kg similar --vectors`: the papers and mentions of a graph folder, given to the tagger's encoder."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kg.graph import Graph
    from kg.model import Mention, Paper

PAPERS = 4
"""Papers whose mentions of a method are encoded; more change its mean little and take time."""


def vectors_of(opened: "Graph", folder: "Path", nodes: Collection[str]) -> dict[str, tuple[float, ...]]:
    """Encode these papers or methods of a graph; one that no record has itself gets no vector."""
    from kg.extract.vectors import encode
    from kg.update.corrections import read_corrections

    correct = read_corrections(folder).apply
    taken: Counter[str] = Counter()

    def wanted() -> Iterator[tuple["Paper", Mapping[str, Sequence["Mention"]]]]:
        for record in opened.records():
            extraction = correct(record)
            keys: dict[str, Sequence[Mention]] = {}
            if extraction.paper.id in nodes:
                keys[extraction.paper.id] = ()
            for entity in extraction.entities:
                if entity.id in nodes and entity.mentions and taken[entity.id] < PAPERS:
                    taken[entity.id] += 1
                    keys[entity.id] = entity.mentions
            if keys:
                yield extraction.paper, keys

    return encode(wanted())
