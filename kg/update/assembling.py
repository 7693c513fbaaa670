"""Assemble the records of a graph folder: with what is imported beside them, as the user corrects it."""

from collections.abc import Iterable
from pathlib import Path

from kg.assemble import Assembly
from kg.model import Extraction
from kg.update.corrections import corrected, read_corrections
from kg.update.imports import joined


def assembled(records: Iterable[Extraction], path: Path, *, spill: Path | None = None) -> Assembly:
    """Assemble ``records`` of the graph folder at ``path``; what memory does not hold goes to the folder ``spill``.

    Raises GraphError where the imports or corrections of the folder cannot be read.
    """
    from kg import pipeline

    corrections = read_corrections(path)
    united = corrected(joined(records, path), corrections)
    return Assembly(united, families=corrections.families(pipeline.families()), folder=spill)
