"""Find the papers of damaged record parts again: in the inputs of this build, else in the database.

A part that is missing or has not the bytes that the manifest names is left out. What was in it is known from the
database, which has the text of every paper, its facts and where it was read; what the inputs give anew is taken from
them. A paper that only the database has comes back as one version, with the identifiers of all, until it is read again.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg import folder
from kg.assemble import version_key
from kg.errors import GraphError, KGError
from kg.folder import Manifest, Source
from kg.model import Paper
from kg.update.removal import within
from kg.update.shelf import Versions

log = logging.getLogger(__name__)


def set_aside(path: Path, manifest: Manifest, new: Versions, inputs: Iterable[Source]) -> Manifest:
    """Give the manifest without its damaged parts, and add their papers to ``new``; a warning names each part.

    Raises GraphError where the database is damaged too and not all inputs of the graph are among ``inputs``.
    """
    damaged = [part for part in manifest.records if not folder.is_whole(path, part)]
    if not damaged:
        return manifest
    for part in damaged:
        log.warning("%s: damaged or missing; its papers (%s) are extracted again", path / part.file, f"{part.papers:,}")
    sound = replace(manifest, records=tuple(part for part in manifest.records if part not in damaged))
    same = {source for source in inputs if source.sha256}.intersection(manifest.inputs)
    if manifest.inputs and same.issuperset(manifest.inputs):
        return sound
    there = {paper.id for part in sound.records for paper in folder.read_papers(path, part)}
    again = {place for facts in new.facts.values() for place in facts.sources if _in_one_of(place, same)}
    for paper in _stored(path, manifest):
        known = paper.id in there or (paper.sources and again.issuperset(paper.sources))
        if not known and version_key(paper) not in new:
            new.add(paper)
    return sound


def _in_one_of(place: str, sources: Iterable[Source]) -> bool:
    return any(within(place.rpartition(":")[0], source.name) for source in sources)


def _stored(path: Path, manifest: Manifest) -> Iterator[Paper]:
    """Read the papers from the database."""
    from kg.store.embedded import EmbeddedStore

    names = ", ".join(dict.fromkeys(source.name for source in manifest.inputs))
    lost = GraphError(
        f"{path}: the database is damaged as well as the records; build again with all its inputs: {names or 'unknown'}"
    )
    if not folder.is_whole(path, manifest.database):
        raise lost
    try:
        with EmbeddedStore(path / manifest.database.file) as store:
            rows = store.query("MATCH (p:Paper) RETURN p ORDER BY p.id", limit=None, timeout=None)
            for row in rows.dicts():
                yield _paper(row["p"])
    except KGError as error:
        raise lost from error


def _paper(found: Mapping[str, Any]) -> Paper:
    return Paper(
        found["id"],
        found["title"],
        found["abstract"] or "",
        tuple(found["authors"] or ()),
        found["year"],
        found["venue"] or "",
        found["url"] or "",
        tuple(found["sources"] or ()),
        tuple(found["ids"] or ()),
    )
