"""Find the mentions of methods, datasets, benchmarks and tasks in papers."""

from kg.extract.extract import Tagger, extract, load, ready

__all__ = ["Tagger", "extract", "load", "ready"]
