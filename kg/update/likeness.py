"""Judge two papers as read: what speaks for one paper, and what against it.

`kg.update.identity` puts the judgements together. Abstracts are compared for being the same, titles by their words.
"""

import hashlib
import re
import sys
import unicodedata
from typing import NamedTuple

from kg.assemble import version_key
from kg.model import Paper, paper_id

_YEARS = 5
"""Most years between two versions that share no more than a title."""

_ONE_PAPER = frozenset(("arxiv", "acl", "pmid", "pmc"))
"""Schemes of which a paper has one identifier; the others list preprint and published apart, or one work twice."""

_PREPRINTS = frozenset(
    """10.48550 10.1101 10.21203 10.20944 10.31234 10.31219 10.31235 10.31222 10.26434 10.2139 10.5281 10.36227
    10.22541 10.33774 10.32942 10.12688 10.7287 10.6084 10.17605 10.15200""".split()  # noqa: SIM905 - one a line would take a page
)
"""Registrants of DOIs that give preprints and deposits theirs, beside the publisher's."""

_STOCK = frozenset(
    """editorial editor editors introduction preface foreword erratum errata corrigendum correction addendum retraction
    comment commentary reply response letter letters index contents abstracts proceedings untitled obituary news
    keynote panel tutorial discussion afterword acknowledgments reviewers""".split()  # noqa: SIM905
)
"""Words that begin the title of what many papers are called alike."""

_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "phd", "md"))


class Facts(NamedTuple):
    """What the identity of a version goes by; ``text`` digests its abstract."""

    key: str
    id: str
    own: bool
    """True where the id is the record's own, not made of its title."""
    title: str
    ids: tuple[str, ...]
    authors: tuple[str, ...]
    year: int | None
    sources: tuple[str, ...]
    text: str

    def under(self, scheme: str) -> set[str]:
        """Give its identifiers of one scheme."""
        return {identifier for identifier in self.ids if identifier.startswith(f"{scheme}:")}


def facts_of(paper: Paper) -> Facts:
    """Take from a paper as read what its identity goes by."""
    return Facts(
        key=version_key(paper),
        id=paper.id,
        own=paper.id != paper_id(paper.title),
        title=title_form(paper.title),
        ids=paper.ids,
        # Many papers share the last name of an author: one copy of it is enough.
        authors=tuple(sorted({sys.intern(name) for name in map(_last_name, paper.authors) if name})),
        year=paper.year,
        sources=paper.sources,
        text=hashlib.sha256("".join(paper.abstract.casefold().split()).encode()).hexdigest()[:16],
    )


def contradict(a: Facts, b: Facts) -> bool:
    """Whether two versions cannot be one paper for no more than their title or own id."""
    if a.year is not None and b.year is not None and abs(a.year - b.year) > _YEARS:
        return True
    if a.authors and b.authors and not _common(a, b):
        return True
    if a.ids and b.ids:
        for scheme in _ONE_PAPER:
            one, two = a.under(scheme), b.under(scheme)
            if one and two and not one & two:
                return True
        one, two = _published(a), _published(b)
        if one and two and not one & two:
            return bool({_registrant(doi) for doi in one} & {_registrant(doi) for doi in two})
    return False


def strangers(a: Facts, b: Facts) -> bool:
    """Whether a shared identifier must be a mistake: another title and, as far as known, other authors."""
    return not alike(a, b) and bool(a.authors and b.authors) and not _common(a, b)


def same_title(a: Facts, b: Facts) -> str | None:
    """Say why two versions of one title are one paper; contradictions are not looked at."""
    if a.title != b.title:
        return None
    if a.text == b.text:
        return "the same title and abstract"
    if not _says_little(a.title):
        return "the same title and an author in common" if _common(a, b) else "the same title"
    near = a.year is None or b.year is None or abs(a.year - b.year) <= 2
    stock = a.title.split()[0] in _STOCK
    return "the same title and an author in common" if near and _common(a, b) and not stock else None


def same_id(a: Facts, b: Facts) -> str | None:
    """Say why two versions whose records have one id are one paper; contradictions are not looked at."""
    together = bool(_files(a) & _files(b)) and alike(a, b)
    named = a.title == b.title and not re.fullmatch(r"[\d\W]*", a.id)
    return f"the same id {a.id}" if a.id == b.id and (together or named) else None


def title_keys(facts: Facts) -> list[str]:
    """Where to look for the same title; one that says little is not compared with all that have it."""
    if not facts.title:
        return []
    if not _says_little(facts.title):
        return [facts.title]
    return [f"{facts.title}\n{name}" for name in (*facts.authors, facts.text)]


def _says_little(title: str) -> bool:
    words = title.split()
    return len(words) <= 2 or words[0] in _STOCK


def alike(a: Facts, b: Facts) -> bool:
    """Whether two titles share half of their words, or one begins as the other."""
    one, two = set(a.title.split()), set(b.title.split())
    return a.title.startswith(b.title) or b.title.startswith(a.title) or 2 * len(one & two) >= len(one | two)


def _common(a: Facts, b: Facts) -> bool:
    return not set(a.authors).isdisjoint(b.authors)


def _published(facts: Facts) -> set[str]:
    return {doi for doi in facts.under("doi") if _registrant(doi) not in _PREPRINTS}


def _registrant(doi: str) -> str:
    return doi.removeprefix("doi:").partition("/")[0]


def _files(facts: Facts) -> set[str]:
    return {source.rpartition(":")[0] for source in facts.sources} - {"", "-"}


def title_form(title: str) -> str:
    """Fold a text to the words that it is compared by: case, accents and punctuation aside.

    >>> title_form("Poincaré  Embeddings: A {N}ew Way."), title_form("C++ and C#")
    ('poincare embeddings a new way', 'c++ and c#')
    """
    plain = title.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return " ".join(re.findall(r"[\w+#*]+", plain.replace("{", "").replace("}", "")))


def _last_name(name: str) -> str:
    words = [word for word in title_form(name).split() if word not in _SUFFIXES]
    return words[-1] if words else ""
