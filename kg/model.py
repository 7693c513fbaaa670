"""The records that travel along the line, and the schema that everything else is derived from.

All are frozen, slotted dataclasses of plain values. Offsets are Unicode code points into the named field of the paper,
and ``getattr(paper, m.field)[m.start:m.end] == m.text`` holds for every mention. This module reads no file and knows no
other module of the project.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

Field = Literal["title", "abstract"]


class Kind(StrEnum):
    """What a node of the graph is; a Benchmark is a Dataset too (see `Kind.label`)."""

    METHOD = "Method"
    DATASET = "Dataset"
    BENCHMARK = "Benchmark"
    TASK = "Task"
    PAPER = "Paper"
    AUTHOR = "Author"
    RESULT = "Result"

    @property
    def label(self) -> str:
        """The node label in the property graph: a Benchmark is stored as a Dataset.

        >>> Kind.BENCHMARK.label
        'Dataset'
        """
        return "Dataset" if self is Kind.BENCHMARK else self.value


ENTITY_KINDS = (Kind.METHOD, Kind.DATASET, Kind.BENCHMARK, Kind.TASK)
ENTITY_LABELS = ("Method", "Dataset", "Task")


class Role(StrEnum):
    """What a paper does with an entity; one a paper and entity, the first that applies."""

    PROPOSES = "proposes"
    EVALUATES_ON = "evaluates_on"
    TRAINS_ON = "trains_on"
    COMPARES = "compares"
    USES = "uses"
    ADDRESSES = "addresses"
    MENTIONS = "mentions"

    @property
    def relation(self) -> "Relation":
        """The relation Paper -> entity that states this role."""
        return Relation(self.value.upper())


class Relation(StrEnum):
    """The relationship types of the graph; `SHAPES` says what each may join."""

    PROPOSES = "PROPOSES"
    USES = "USES"
    COMPARES = "COMPARES"
    EVALUATES_ON = "EVALUATES_ON"
    TRAINS_ON = "TRAINS_ON"
    ADDRESSES = "ADDRESSES"
    MENTIONS = "MENTIONS"
    EVALUATED_ON = "EVALUATED_ON"
    TRAINED_ON = "TRAINED_ON"
    COMPARED_WITH = "COMPARED_WITH"
    BASED_ON = "BASED_ON"
    USED_FOR = "USED_FOR"
    BENCHMARK_FOR = "BENCHMARK_FOR"
    VARIANT_OF = "VARIANT_OF"
    WROTE = "WROTE"
    REPORTS = "REPORTS"
    OF_METHOD = "OF_METHOD"
    ON_DATASET = "ON_DATASET"


_PAPER_TO_ENTITY = tuple(("Paper", label) for label in ENTITY_LABELS)

SHAPES: Mapping[Relation, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        Relation.PROPOSES: _PAPER_TO_ENTITY,
        Relation.USES: _PAPER_TO_ENTITY,
        Relation.COMPARES: _PAPER_TO_ENTITY,
        Relation.EVALUATES_ON: _PAPER_TO_ENTITY,
        Relation.TRAINS_ON: _PAPER_TO_ENTITY,
        Relation.ADDRESSES: _PAPER_TO_ENTITY,
        Relation.MENTIONS: _PAPER_TO_ENTITY,
        Relation.EVALUATED_ON: (("Method", "Dataset"),),
        Relation.TRAINED_ON: (("Method", "Dataset"),),
        Relation.COMPARED_WITH: (("Method", "Method"),),
        Relation.BASED_ON: (("Method", "Method"),),
        Relation.USED_FOR: (("Method", "Task"),),
        Relation.BENCHMARK_FOR: (("Dataset", "Task"),),
        Relation.VARIANT_OF: (("Method", "Method"), ("Dataset", "Dataset")),
        Relation.WROTE: (("Author", "Paper"),),
        Relation.REPORTS: (("Paper", "Result"),),
        Relation.OF_METHOD: (("Result", "Method"),),
        Relation.ON_DATASET: (("Result", "Dataset"),),
    }
)
"""Which node labels each relation may join, as (from, to) pairs. Link validation, the database schema, the Neo4j
constraints and the legend are derived from it."""

ROLE_RELATIONS = frozenset(role.relation for role in Role)
LINK_RELATIONS = frozenset(
    {
        Relation.EVALUATED_ON,
        Relation.TRAINED_ON,
        Relation.COMPARED_WITH,
        Relation.BASED_ON,
        Relation.USED_FOR,
        Relation.BENCHMARK_FOR,
    }
)
"""The relations between two entities that a paper's text states."""

TEXT_RELATIONS = ROLE_RELATIONS | LINK_RELATIONS
"""The relations that carry support and evidence in the graph."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as read; text is NFC, whitespace runs are one space. ``sources`` are places such as ``a.bib:12``;
    ``ids`` are what others call it, sorted "scheme:value" strings such as ``doi:10.1/x`` and ``arxiv:1512.03385``.
    ``versions`` are the papers as read that this one was made of, such as preprint and published; none where it is as
    it was read."""

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    venue: str = ""
    url: str = ""
    sources: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    versions: tuple["Paper", ...] = ()

    def text(self, name: Field) -> str:
        """The field that offsets named ``name`` count in."""
        return self.title if name == "title" else self.abstract


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of text that names an entity: ``paper.text(field)[start:end] == text``."""

    paper_id: str
    field: Field
    start: int
    end: int
    text: str
    kind: Kind
    score: float
    rule: str
    """The component that found it: vocabulary, tagger, shape, abbreviation."""


class Judge(Protocol):
    """A learned opinion on one paper: of what it does with an entity, and of how two entities are linked.

    Entities are given by the positions of their mentions in ``Reading.mentions``.
    """

    def role(self, mentions: Sequence[int]) -> Mapping["Role", float]:
        """Give the probability of each role of the entity that has these mentions."""

    def links(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Sequence[Mapping["Relation", float]]:
        """Give, for each (subject, object), the probability of each of `LINK_RELATIONS`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What extraction found in one paper: mentions in order of place, the sentences as (field, start, end), and the
    abbreviations that the paper itself defines as (short, long) texts."""

    paper: Paper
    mentions: tuple[Mention, ...]
    sentences: tuple[tuple[Field, int, int], ...]
    definitions: tuple[tuple[str, str], ...] = ()
    judge: Judge | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that papers speak of. Within one paper it carries its mentions there; in the graph it has none."""

    id: str
    kind: Kind
    name: str
    aliases: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = field(default=(), compare=False)
    score: float = field(default=1.0, compare=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence behind a statement, and the rule that read it there; ``score`` lies in 0..1."""

    paper_id: str
    field: Field
    start: int
    end: int
    sentence: str
    rule: str
    score: float


@dataclass(frozen=True, slots=True)
class Statement:
    """Subject, relation and object by id. Two statements are the same whatever their evidence (as in INDRA)."""

    subject: str
    relation: Relation
    object: str
    evidence: tuple[Evidence, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """A number that a paper reports. ``method`` and ``dataset`` are entity ids, or None where the text leaves them
    unnamed; ``value`` is the number as written ("93.1%"); ``kind`` tells a measured value from an improvement."""

    paper_id: str
    method: str | None
    dataset: str | None
    metric: str
    value: str
    unit: str
    kind: Literal["absolute", "gain"]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that one paper says: the extraction record as an object.

    ``statements`` holds the paper's role towards each entity (subject is the paper) and the links between entities.
    """

    paper: Paper
    entities: tuple[Entity, ...]
    statements: tuple[Statement, ...]
    results: tuple[Result, ...]


@runtime_checkable
class Stream(Protocol):
    """A property graph that is given piece by piece, as `kg.assemble.Assembly` gives it, again and again."""

    def nodes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give the id and properties of each node, by ids."""

    def edges(self) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """Give source, target, relation and properties of each edge, by source, target and relation."""

    def ends(self, source: str, relation: str, target: str, /) -> tuple[str, str]:
        """Give the labels of the nodes that an edge joins."""


class Changes(Stream, Protocol):
    """What a graph becomes another by, as `kg.assemble.Change` gives it; its nodes and edges are those that are new."""

    def gone_nodes(self) -> Iterator[tuple[str, str]]:
        """Give the id and label of each node that goes, with its edges, and of each that comes again as another."""

    def gone_edges(self) -> Iterator[tuple[str, str, str]]:
        """Give source, target and relation of each edge that goes, and of each that comes again as another."""

    def changed_nodes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give the nodes that stay but may have other properties, with those."""


def normalise_text(text: str) -> str:
    """Give ``text`` in NFC with each run of whitespace as one space and no control characters.

    >>> normalise_text("  Deep\\n  Re\\u0301sidual\\x00 ")
    'Deep Résidual'
    """
    plain = " ".join(text.split())
    if plain.isprintable():
        # Nearly all text ends here; the character-by-character way below is slow.
        return unicodedata.normalize("NFC", plain)
    text = unicodedata.normalize("NFC", text)
    text = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")
    )
    return " ".join(text.split())


def slug(name: str) -> str:
    """Fold a name into the part of an id: case, spaces and punctuation folded, ``+ # *`` and digits kept.

    >>> slug("CIFAR-10"), slug("ViT-B/16"), slug("C++")
    ('cifar-10', 'vit-b-16', 'c++')
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return (
        re.sub(r"[^\w+#*]+", "-", folded).strip("-").replace("_", "-") or hashlib.sha256(name.encode()).hexdigest()[:12]
    )


def entity_id(kind: Kind, name: str) -> str:
    """Give the id of an entity; a Benchmark shares the id space of datasets.

    >>> entity_id(Kind.BENCHMARK, "ImageNet-C")
    'dataset:imagenet-c'
    """
    return f"{kind.label.lower()}:{slug(name)}"


def paper_id(title: str) -> str:
    """Derive a paper's id from its normalised title, so that the same title is the same paper.

    >>> paper_id("Deep Residual  Learning for Image Recognition.")
    'deep-residual-learning-for-image-recognition'
    """
    full = slug(normalise_text(title))
    if len(full) <= 96:
        return full
    return f"{full[:80].rstrip('-')}-{hashlib.sha256(full.encode()).hexdigest()[:12]}"


def author_id(name: str) -> str:
    """Give the id of an author, by name alone: namesakes are one author."""
    return f"author:{slug(name)}"
