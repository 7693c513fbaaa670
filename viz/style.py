"""How kinds and relations look: shape and colour from the palette of Okabe and Ito (2008), which colour-blind people
tell apart; shape says the same again. Also the words for relations. Holds no engine and no page."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kg.model import Relation


@dataclass(frozen=True, slots=True)
class Look:
    """A shape that vis-network knows, and a colour."""

    shape: str
    colour: str


KINDS: Mapping[str, Look] = MappingProxyType(
    {
        "Method": Look("dot", "#0072B2"),
        "Dataset": Look("square", "#E69F00"),
        "Benchmark": Look("diamond", "#E69F00"),
        "Task": Look("triangle", "#009E73"),
        "Paper": Look("hexagon", "#56B4E9"),
        "Author": Look("star", "#CC79A7"),
        "Result": Look("triangleDown", "#D55E00"),
        "Other": Look("dot", "#888888"),
    }
)
"""In the order of the legend."""

_LINES: Mapping[str, str] = {
    Relation.EVALUATED_ON: "#E69F00",
    Relation.TRAINED_ON: "#B8860B",
    Relation.COMPARED_WITH: "#D55E00",
    Relation.BASED_ON: "#0072B2",
    Relation.USED_FOR: "#009E73",
    Relation.BENCHMARK_FOR: "#66A61E",
    Relation.VARIANT_OF: "#8C8C8C",
    Relation.PROPOSES: "#CC79A7",
    Relation.EVALUATES_ON: "#E69F00",
    Relation.TRAINS_ON: "#B8860B",
    Relation.COMPARES: "#D55E00",
    Relation.USES: "#56B4E9",
    Relation.ADDRESSES: "#009E73",
}
DASHED = frozenset({Relation.COMPARED_WITH.value, Relation.VARIANT_OF.value, Relation.COMPARES.value})


def kind_of(properties: Mapping[str, Any]) -> str:
    """Give the kind to show for a node: its label, but Benchmark for a dataset that is one.

    >>> kind_of({"label": "Dataset", "benchmark": True}), kind_of({})
    ('Benchmark', 'Other')
    """
    label = str(properties.get("label", "Other"))
    if label == "Dataset" and properties.get("benchmark"):
        return "Benchmark"
    return label if label in KINDS else "Other"


def line_colour(relation: str) -> str:
    """Give the colour of a relation's lines."""
    return _LINES.get(relation, "#8C8C8C")


def words(relation: str) -> str:
    """Give a relation as words.

    >>> words("EVALUATED_ON")
    'evaluated on'
    """
    return relation.replace("_", " ").lower()
