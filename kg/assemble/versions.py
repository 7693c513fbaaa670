"""Make one paper of several that are one, and tell the versions that it was made of apart.

Which versions are one paper is not decided here: see ``kg.update.identity``.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kg.model import Extraction, Paper

_PREPRINT = re.compile(r"^$|\b(?:arxiv|corr|biorxiv|medrxiv|ssrn|research square|preprints?)\b", re.IGNORECASE)
"""Venues that are none."""


def unite(a: Extraction, b: Extraction) -> Extraction:
    """Make one of two extractions of the same paper: the fuller text wins, facts about it are united one by one.

    Each part is chosen by an order of its own, so that three copies give the same paper in any order.
    """
    best = max((a, b), key=lambda x: fullness(x.paper))
    return replace(best, paper=unite_papers((a.paper, b.paper), best.paper.id))


def fullness(paper: Paper) -> tuple[int, str, str]:
    """Sort key of papers that are one: the last has the fullest text."""
    return len(paper.abstract), paper.abstract, paper.title


def unite_papers(papers: Iterable[Paper], key: str) -> Paper:
    """Make one paper, called ``key``, of several that are one; it remembers each as it was read (`versions_of`).

    The fuller text wins, the longest list of authors, the first year, the longest venue that is no preprint server, the
    shortest address.
    """
    versions: dict[str, Paper] = {}
    for version in (version for paper in papers for version in versions_of(paper)):
        known = versions.get(version_key(version))
        sources = {*version.sources, *(known.sources if known else ())}
        versions[version_key(version)] = replace(version, sources=tuple(sorted(sources)))
    read = [versions[digest] for digest in sorted(versions)]
    best = max(read, key=fullness)
    united = Paper(
        id=key,
        title=best.title,
        abstract=best.abstract,
        authors=max((p.authors for p in read), key=lambda authors: (len(authors), authors)),
        year=min((p.year for p in read if p.year is not None), default=None),
        venue=max((p.venue for p in read), key=lambda venue: (not _PREPRINT.search(venue), len(venue), venue)),
        url=min((p.url for p in read if p.url), key=lambda url: (len(url), url), default=""),
        sources=tuple(sorted({source for p in read for source in p.sources})),
        ids=tuple(sorted({identifier for p in read for identifier in p.ids})),
    )
    return united if read == [united] else replace(united, versions=tuple(read))


def versions_of(paper: Paper) -> tuple[Paper, ...]:
    """Give the papers as read that this one was made of."""
    return paper.versions or (paper,)


def version_key(paper: Paper) -> str:
    """Digest a paper as read, but for where it was read: the same record in two files is one version."""
    said = (paper.id, paper.title, paper.abstract, paper.authors, paper.year, paper.venue, paper.url, paper.ids)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def values_of(paper: Paper) -> list[Any]:
    """Give all but the id of a paper as values that JSON knows; `paper_of` reads them.

    >>> paper_of("a", values_of(Paper("a", "Title", "Text"))) == Paper("a", "Title", "Text")
    True
    """
    versions = [[version.id, *values_of(version)] for version in paper.versions]
    facts = paper.authors, paper.year, paper.venue, paper.url, paper.sources, paper.ids
    return [paper.title, paper.abstract, *facts, versions]


def paper_of(key: str, values: list[Any]) -> Paper:
    """Make the paper again that `values_of` took apart."""
    title, abstract, authors, year, venue, url, sources, ids, versions = values
    read = tuple(paper_of(version[0], version[1:]) for version in versions)
    return Paper(key, title, abstract, tuple(authors), year, venue, url, tuple(sources), tuple(ids), read)
