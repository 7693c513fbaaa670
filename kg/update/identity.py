"""Decide which of the papers that were read are one paper, and say why.

Papers as read are *versions*: a preprint, the published paper, the same record in another file. They become one paper

1. where ``overrides.toml`` says so, or where one record of a file was read again;
2. where they share an identifier (DOI, arXiv, OpenReview, ACL, Semantic Scholar, OpenAlex, PubMed, DBLP), unless title
   and authors are wholly others, as where every paper of a volume carries the volume's DOI;
3. where they share the title, case, accents and punctuation aside, and nothing contradicts: two arXiv ids, two DOIs of
   one publisher, no author in common, more than five years between them. A title that says little ("Editorial", "Deep
   learning") needs the same abstract, or an author in common and about the same year ("Deep learning");
4. where a record's own id is the same, and the title too or, within one file, alike; numbers count within a file only.

Links are taken in that order and each only where it contradicts nothing that is united by then, so that the answer
depends on the set of versions alone, never on the order in which they came. Numbers of a search for near titles are not
here: two titles that differ in a word are two papers.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from kg.assemble import version_key
from kg.model import Paper, paper_id
from kg.update.overrides import NONE, Overrides

_YEARS = 5
"""Most years between two versions that share no more than a title."""

_CROWD = 500
"""Versions that share an identifier, from which on it must be a mistake; and papers of one title to compare with."""

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


@dataclass(frozen=True, slots=True)
class Facts:
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


Reason = Callable[[Facts, Facts], str | None]
"""Says why two versions are one paper, or None."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two versions that are one paper, by their keys, and the reason."""

    a: str
    b: str
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """One paper: its id, the keys of its versions, sorted, and the links that unite them."""

    id: str
    keys: tuple[str, ...]
    links: tuple[Link, ...]


def facts_of(paper: Paper) -> Facts:
    """Take from a paper as read what its identity goes by."""
    return Facts(
        key=version_key(paper),
        id=paper.id,
        own=paper.id != paper_id(paper.title),
        title=title_form(paper.title),
        ids=paper.ids,
        authors=tuple(sorted({name for name in map(_last_name, paper.authors) if name})),
        year=paper.year,
        sources=paper.sources,
        text=hashlib.sha256("".join(paper.abstract.casefold().split()).encode()).hexdigest()[:16],
    )


def identify(versions: Iterable[Facts], overrides: Overrides = NONE) -> list[Group]:
    """Group versions into papers; sorted by id. Raises GraphError for overrides that contradict each other."""
    united = _Union(sorted(versions, key=lambda facts: facts.key))
    facts = united.facts
    united.apart = overrides.apart(facts)
    for names in overrides.together(facts):
        for a, b in pairwise(names):
            united.join(a, b, "overrides.toml")
    for block in _blocks(facts, lambda f: [f"{f.id}\n{p}" for p in f.sources if p.rpartition(":")[0] not in ("", "-")]):
        _link(united, block, lambda a, b: "the same record" if _alike(a, b) else None)
    for identifier, block in _named_blocks(facts, lambda f: f.ids):
        _link(united, block, _sharing(identifier))
    for block in _blocks(facts, _title_keys):
        _fit(united, block, _same_title)
    for block in _blocks(facts, lambda f: [f.id] if f.own else []):
        _fit(united, block, _same_id)
    return _named(facts, united)


class _Union:
    """Sets of versions that grow (Tarjan 1975), with the links that made them grow."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        self.facts = facts
        self.parent = list(range(len(facts)))
        self.members: dict[int, list[int]] = {}
        self.links: dict[int, list[Link]] = {}
        self.apart: Mapping[int, frozenset[int]] = {}

    def find(self, at: int) -> int:
        """Give the one that stands for the set of ``at``."""
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def of(self, root: int) -> list[int]:
        """Give the members of the set that ``root`` stands for."""
        return self.members.get(root, [root])

    def join(self, a: int, b: int, reason: str) -> bool:
        """Make one set of those of ``a`` and ``b``, unless an override keeps members of them apart."""
        one, two = sorted((self.find(a), self.find(b)))
        if one == two:
            return True
        if self.apart and any(y in self.apart.get(x, ()) for x, y in product(self.of(one), self.of(two))):
            return False
        self.parent[two] = one
        self.members[one] = [*self.of(one), *self.members.pop(two, [two])]
        link = Link(self.facts[a].key, self.facts[b].key, reason)
        self.links[one] = [*self.links.get(one, []), *self.links.pop(two, []), link]
        return True


def _link(united: _Union, block: Sequence[int], reason: Reason) -> None:
    """Unite all versions of a block that have a ``reason`` to be one."""
    if len(block) > _CROWD:
        return
    for a, b in combinations(block, 2):
        if united.find(a) != united.find(b) and (found := reason(united.facts[a], united.facts[b])):
            united.join(a, b, found)


def _fit(united: _Union, block: Iterable[int], reason: Reason) -> None:
    """Unite each version of a block with the first paper there that it has a ``reason`` to be and may be."""
    facts = united.facts
    # The one that most is known of comes first: what says little then joins that.
    ordered = sorted(block, key=lambda at: (-len(facts[at].ids), -len(facts[at].authors), facts[at].key))
    leaders: list[int] = []
    for at in ordered:
        for leader in leaders:
            if united.find(leader) == united.find(at):
                break
            found = reason(facts[leader], facts[at])
            if found and not _clash(united, leader, at) and united.join(leader, at, found):
                break
        else:
            leaders = [*leaders, at][:_CROWD]


def _clash(united: _Union, a: int, b: int) -> bool:
    facts = united.facts
    pairs = product(united.of(united.find(a)), united.of(united.find(b)))
    return any(_contradict(facts[x], facts[y]) for x, y in pairs)


def _contradict(a: Facts, b: Facts) -> bool:
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


def _sharing(identifier: str) -> Reason:
    return lambda a, b: None if _strangers(a, b) else identifier


def _strangers(a: Facts, b: Facts) -> bool:
    """Whether a shared identifier must be a mistake: another title and, as far as known, other authors."""
    return not _alike(a, b) and bool(a.authors and b.authors) and not _common(a, b)


def _same_title(a: Facts, b: Facts) -> str | None:
    if a.title != b.title:
        return None
    if a.text == b.text:
        return "the same title and abstract"
    if not _says_little(a.title):
        return "the same title and an author in common" if _common(a, b) else "the same title"
    near = a.year is None or b.year is None or abs(a.year - b.year) <= 2
    stock = a.title.split()[0] in _STOCK
    return "the same title and an author in common" if near and _common(a, b) and not stock else None


def _same_id(a: Facts, b: Facts) -> str | None:
    together = bool(_files(a) & _files(b)) and _alike(a, b)
    alike = a.title == b.title and not re.fullmatch(r"[\d\W]*", a.id)
    return f"the same id {a.id}" if a.id == b.id and (together or alike) else None


def _title_keys(facts: Facts) -> list[str]:
    """Where to look for the same title; one that says little is not compared with all that have it."""
    if not facts.title:
        return []
    if not _says_little(facts.title):
        return [facts.title]
    return [f"{facts.title}\n{name}" for name in (*facts.authors, facts.text)]


def _says_little(title: str) -> bool:
    words = title.split()
    return len(words) <= 2 or words[0] in _STOCK


def _alike(a: Facts, b: Facts) -> bool:
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


def _blocks(facts: Sequence[Facts], keys: Callable[[Facts], Iterable[str]]) -> Iterator[list[int]]:
    for _, block in _named_blocks(facts, keys):
        yield block


def _named_blocks(facts: Sequence[Facts], keys: Callable[[Facts], Iterable[str]]) -> Iterator[tuple[str, list[int]]]:
    """Give the versions that share a key, by keys in order; most keys are of one version, and cost no list."""
    first: dict[str, int] = {}
    more: dict[str, list[int]] = {}
    for at, version in enumerate(facts):
        for key in dict.fromkeys(keys(version)):
            known = first.setdefault(key, at)
            if known != at:
                more.setdefault(key, [known]).append(at)
    for key in sorted(more):
        yield key, more[key]


def _named(facts: Sequence[Facts], united: _Union) -> list[Group]:
    """Give each set an id of its own: one that a version has, else its title's, else that with a digest."""
    roots = [at for at in range(len(facts)) if united.find(at) == at]
    names: dict[int, Sequence[str]] = {}
    for root in roots:
        members = [facts[at] for at in united.of(root)]
        best = min(members, key=lambda f: (not f.own, f.id.isdigit(), len(f.id), f.id))
        slug = min((f.title.replace(" ", "-") or f.id for f in members), key=lambda text: (len(text), text))[:96]
        digest = hashlib.sha256("".join(sorted(f.key for f in members)).encode()).hexdigest()[:12]
        names[root] = (best.id, slug, f"{slug}-{digest}")
    level = dict.fromkeys(roots, 0)
    while True:
        wanted: dict[str, list[int]] = {}
        for root in roots:
            wanted.setdefault(names[root][level[root]], []).append(root)
        clashing = [root for some in wanted.values() if len(some) > 1 for root in some if level[root] < 2]
        if not clashing:
            break
        for root in clashing:
            level[root] += 1
    groups = [
        Group(
            id=names[root][level[root]],
            keys=tuple(sorted(facts[at].key for at in united.of(root))),
            links=tuple(united.links.get(root, ())),
        )
        for root in roots
    ]
    return sorted(groups, key=lambda group: group.id)


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
