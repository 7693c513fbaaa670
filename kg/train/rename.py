"""Give annotated papers other names: what a name looks like and where it stands should count, not which it is.

Coined names (``SN-Net``, ``CIFAR-10``) are replaced through the whole paper by names of the same kind from other
papers, or by a cross of two of them that nobody has seen. Techniques in ordinary words and abbreviations of a long form
stay. After Dai and Adel 2020, "An
analysis of simple data augmentation for named entity recognition" (mention replacement).
"""

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kg.extract.shapes import coined
from kg.train.examples import gold_spans

Gold = Mapping[str, Any]
Pool = Mapping[str, list[str]]


def name_pool(gold: Iterable[Gold]) -> Pool:
    """Collect the coined names of annotated papers by kind, sorted."""
    found: dict[str, set[str]] = {}
    for paper in gold:
        for entity in paper["entities"]:
            names = (s for s in entity["surfaces"] if replaceable(s))
            found.setdefault(entity["type"], set()).update(names)
    return {kind: sorted(names) for kind, names in found.items()}


def replaceable(name: str) -> bool:
    """Tell whether a surface is a coined name of one word."""
    return " " not in name and "/" not in name and coined(name)


def rename(paper: Gold, pool: Pool, rng: random.Random, *, share: float = 0.6) -> Gold:
    """Give a copy of an annotated paper with a share of its coined names replaced, text and annotation alike."""
    names: dict[str, str] = {}
    for entity in paper["entities"]:
        if any(" " in surface for surface in entity["surfaces"]):
            continue
        for surface in entity["surfaces"]:
            if surface not in names and replaceable(surface) and rng.random() < share:
                new = invent(pool[entity["type"]], rng)
                if new.casefold() not in f"{paper['title']} {paper['abstract']}".casefold():
                    names[surface] = new
    if not names:
        return paper
    fields = {}
    for field in ("title", "abstract"):
        text = paper[field]
        for start, end, _, _ in sorted(gold_spans(paper, text), reverse=True):
            if text[start:end] in names:
                text = text[:start] + names[text[start:end]] + text[end:]
        fields[field] = text
    entities = [{**e, "surfaces": [names.get(s, s) for s in e["surfaces"]]} for e in paper["entities"]]
    return {**paper, **fields, "entities": entities}


def invent(names: list[str], rng: random.Random) -> str:
    """Draw a name, or cross the head of one with the tail of another."""
    name = rng.choice(names)
    if rng.random() < 0.5:
        return name
    head, tail = halves(name)[0], halves(rng.choice(names))[1]
    return head + tail


def halves(name: str) -> tuple[str, str]:
    """Split a name near its middle, at a hyphen or a capital where there is one.

    >>> halves("InterCLR"), halves("SN-Net"), halves("word2vec")
    (('Inter', 'CLR'), ('SN', '-Net'), ('word', '2vec'))
    """
    cuts = [m.start() for m in re.finditer(r"(?<=[a-z0-9])(?=[A-Z-])|(?=-)|(?<=[a-z])(?=\d)", name) if m.start() > 0]
    middle = min(cuts, key=lambda i: abs(i - len(name) / 2), default=len(name) // 2)
    return name[:middle], name[middle:]
