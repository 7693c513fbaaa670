"""Assemble the records of a graph folder: with what is imported beside them, as the user corrects it."""

from collections.abc import Iterable
from pathlib import Path

from kg.assemble import Assembly, Change
from kg.model import Extraction
from kg.update.corrections import corrected, read_corrections
from kg.update.imports import joined, read_imports


def assembled(records: Iterable[Extraction], path: Path, *, spill: Path | None = None) -> Assembly:
    """Assemble ``records`` of the graph folder at ``path``; what memory does not hold goes to the folder ``spill``.

    Raises GraphError where the imports or corrections of the folder cannot be read.
    """
    from kg import pipeline

    corrections = read_corrections(path)
    united = corrected(joined(records, read_imports(path)), corrections)
    return Assembly(united, families=corrections.families(pipeline.families()), folder=spill)


def changed(
    kept: Path, gone: Iterable[Extraction], added: Iterable[Extraction], path: Path, *, spill: Path | None = None
) -> Change:
    """Assemble how the graph changes by records that go and that come, into ``kept``; raises as `assembled`.

    The imports and corrections have to be those that ``kept`` was assembled with.
    """
    from kg import pipeline

    corrections, imports = read_corrections(path), read_imports(path)

    def united(records: Iterable[Extraction]) -> Iterable[Extraction]:
        # That no paper has an entity was told when all were looked at.
        return corrected(joined(records, imports), corrections, told=lambda _: None)

    families = corrections.families(pipeline.families())
    return Change(kept, united(gone), united(added), families=families, folder=spill)
