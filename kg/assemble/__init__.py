"""Unite what all papers say into one graph.

Statements with the same subject, relation and object become one edge that carries the evidence of all of them, as INDRA
assembles (Gyori et al. 2017). Support is counted in distinct papers. The result depends on the set of extractions
only, never on their order. Whole evidence stays in the extraction records; an edge keeps the best few sentences.

`assemble` gives a graph in memory. `Assembly` gives the same nodes and edges as streams, for graphs that have no room
there: what it takes in goes to disk where there is much of it. `Change` tells how the graph changes with some papers.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kg.assemble.assembly import Assembly, Families
from kg.assemble.change import Change
from kg.assemble.properties import EVIDENCE_KEYS, EVIDENCE_LIMIT
from kg.assemble.results import number, result_id
from kg.assemble.versions import unite, unite_papers, version_key, versions_of
from kg.model import Extraction

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "EVIDENCE_KEYS",
    "EVIDENCE_LIMIT",
    "Assembly",
    "Change",
    "Families",
    "assemble",
    "number",
    "result_id",
    "unite",
    "unite_papers",
    "version_key",
    "versions_of",
]


def assemble(extractions: Iterable[Extraction], *, families: Families | None = None) -> "nx.MultiDiGraph":
    """Build the property graph; edges are keyed by their relation.

    ``families`` gives the family of an entity (ResNet for ResNet-50) and adds VARIANT_OF edges. Node attributes are
    ``label`` (Paper, Method, Dataset, Task, Author or Result) and the properties of that label; lists are lists of
    plain values, a missing year is None. Edges of `TEXT_RELATIONS` carry ``papers``, ``mentions``, ``score``,
    ``first_year``, ``last_year`` and the parallel lists named in `EVIDENCE_KEYS`. Nodes and edges come in the order of
    their ids. Raises ValueError for a relation that may not join what it joins (`kg.model.SHAPES`).
    """
    with Assembly(extractions, families=families) as assembly:
        return assembly.whole()
