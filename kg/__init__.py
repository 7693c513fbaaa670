"""A knowledge graph of papers, methods, datasets, benchmarks and tasks, read from abstracts."""

__version__ = "0.1.0"
