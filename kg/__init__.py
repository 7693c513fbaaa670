"""A knowledge graph of papers, methods, datasets, benchmarks and tasks, read from abstracts.

    graph = kg.build(["papers.bib"])                # networkx.MultiDiGraph
    kg.build(["papers.bib"], "papers.kg")           # the same, kept in a graph folder
    kg.open("papers.kg").query("methods_on_dataset", dataset="CIFAR-10").to_pandas()

The parts are importable by themselves (``kg.read``, ``kg.export``, ...); importing ``kg`` alone loads none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.graph import Graph, build
    from kg.graph import open_graph as open  # noqa: A004 - kg.open is what people will type

__version__ = "0.1.0"

__all__ = ["Graph", "__version__", "build", "open"]

_LAZY = {"build": "build", "open": "open_graph", "Graph": "Graph"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module("kg.graph"), _LAZY[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
