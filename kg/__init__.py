"""A knowledge graph of papers, methods, datasets, benchmarks and tasks, read from abstracts.

    graph = kg.build(["papers.bib"])                # networkx.MultiDiGraph
    kg.build(["papers.bib"], "papers.kg")           # the same, kept in a graph folder
    kg.open("papers.kg").query("methods_on_dataset", dataset="CIFAR-10").to_pandas()
    kg.explore(graph)                               # the explorer, in a notebook
    kg.show(part)                                   # a picture of a small graph, in a notebook

The parts are importable by themselves (``kg.read``, ``kg.export``, ...); importing ``kg`` alone loads none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.graph import Graph, build
    from kg.graph import open_graph as open  # noqa: A004 - kg.open is what people will type
    from viz import show
    from viz.explorer.notebook import explore

__version__ = "0.1.0"

__all__ = ["Graph", "__version__", "build", "explore", "open", "show"]

_LAZY = {
    "build": ("kg.graph", "build"),
    "open": ("kg.graph", "open_graph"),
    "Graph": ("kg.graph", "Graph"),
    "show": ("viz", "show"),
    "explore": ("viz.explorer.notebook", "explore"),
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
