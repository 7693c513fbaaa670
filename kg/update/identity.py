"""Decide which of the papers that were read are one paper, and say why.

Papers as read are *versions*: a preprint, the published paper, the same record in another file. They become one paper

1. where ``overrides.toml`` says so, or where one record of a file was read again;
2. where they share an identifier (DOI, arXiv, OpenReview, ACL, Semantic Scholar, OpenAlex, PubMed, DBLP), unless title
   and authors are wholly others, as where every paper of a volume carries the volume's DOI;
3. where they share the title, case, accents and punctuation aside, and nothing contradicts: two arXiv ids, two DOIs of
   one publisher, no author in common, more than five years between them. A title that says little needs more: the same
   abstract, or ("Deep learning", but not "Editorial") an author in common and about the same year;
4. where a record's own id is the same, and the title too or, within one file, alike; numbers count within a file only.

Links are taken in that order and each only where it contradicts nothing that is united by then, so that the answer
depends on the set of versions alone, never on the order in which they came. Near titles are not looked for: two titles
that differ in a word are two papers. What two versions say of each other is judged in ``kg.update.likeness``.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from operator import attrgetter
from typing import NamedTuple

from kg.update.likeness import Facts, alike, contradict, same_id, same_title, strangers, title_keys
from kg.update.overrides import NONE, Overrides

_CROWD = 500
"""Versions that share an identifier, from which on it must be a mistake; and papers of one title to compare with."""

Reason = Callable[[Facts, Facts], str | None]
"""Says why two versions are one paper, or None."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two versions that are one paper, by their keys, and the reason."""

    a: str
    b: str
    reason: str


class Group(NamedTuple):
    """One paper: its id, the keys of its versions, sorted, and the links that unite them."""

    id: str
    keys: tuple[str, ...]
    links: tuple[Link, ...]


def identify(versions: Iterable[Facts], overrides: Overrides = NONE) -> list[Group]:
    """Group versions into papers; sorted by id. Raises GraphError for overrides that contradict each other."""
    united = _Union(sorted(versions, key=lambda facts: facts.key))
    facts = united.facts
    united.apart = overrides.apart(facts)
    for names in overrides.together(facts):
        for a, b in pairwise(names):
            united.join(a, b, "overrides.toml")
    # Most ids are of one version, which then meets no other by it.
    shared = {key for key, number in Counter(f.id for f in facts).items() if number > 1}
    for block in _blocks(facts, lambda f: _records(f) if f.id in shared else ()):
        _link(united, block, lambda a, b: "the same record" if alike(a, b) else None)
    for identifier, block in _named_blocks(facts, lambda f: f.ids):
        _link(united, block, _sharing(identifier))
    for block in _blocks(facts, title_keys):
        _fit(united, block, same_title)
    for block in _blocks(facts, lambda f: [f.id] if f.own and f.id in shared else ()):
        _fit(united, block, same_id)
    return _named(facts, united)


def _records(facts: Facts) -> list[str]:
    """Name the records of files that a version was read from."""
    return [f"{facts.id}\n{place}" for place in facts.sources if place.rpartition(":")[0] not in ("", "-")]


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
    return any(contradict(facts[x], facts[y]) for x, y in pairs)


def _sharing(identifier: str) -> Reason:
    return lambda a, b: None if strangers(a, b) else identifier


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
    roots = [at for at, parent in enumerate(united.parent) if parent == at]
    level = bytearray(len(roots))
    # Most versions are a paper each.
    names = [
        _name([facts[at] for at in united.of(root)], 0) if root in united.members else facts[root].id for root in roots
    ]
    while True:
        wanted = Counter(names)
        clashing = [at for at, name in enumerate(names) if wanted[name] > 1 and level[at] < 2]
        if not clashing:
            break
        for at in clashing:
            level[at] += 1
            names[at] = _name([facts[other] for other in united.of(roots[at])], level[at])
    groups = [
        Group(name, tuple(sorted(facts[at].key for at in united.of(root))), tuple(united.links[root]))
        if root in united.members
        else Group(name, (facts[root].key,), ())
        for root, name in zip(roots, names, strict=True)
    ]
    return sorted(groups, key=attrgetter("id"))


def _name(members: Sequence[Facts], level: int) -> str:
    """Name a paper of these versions; each level is less likely to be the name of another paper too."""
    if level == 0:
        return min(members, key=lambda f: (not f.own, f.id.isdigit(), len(f.id), f.id)).id
    slug = min((f.title.replace(" ", "-") or f.id for f in members), key=lambda text: (len(text), text))[:96]
    if level == 1:
        return slug
    digest = hashlib.sha256("".join(sorted(f.key for f in members)).encode()).hexdigest()[:12]
    return f"{slug}-{digest}"
