"""Small corpora for the tests of answers, written down in a few words a paper.

An entity is "m:", "d:" or "t:" and its name. A link is "m:A EVALUATED_ON d:B"; a result is
"m:A d:B metric value" with "?" for an end that the text leaves open.
"""

import re
from collections.abc import Iterable, Mapping

import networkx as nx
from hypothesis import strategies as st

from kg.assemble import assemble
from kg.model import (
    Entity,
    Evidence,
    Extraction,
    Kind,
    Mention,
    Paper,
    Relation,
    Result,
    Role,
    Statement,
    entity_id,
    paper_id,
)

KINDS = {"m": Kind.METHOD, "d": Kind.DATASET, "t": Kind.TASK}
FAMILIES = {"CIFAR-10": "CIFAR", "CIFAR-100": "CIFAR", "ResNet-50": "ResNet", "ResNet-101": "ResNet"}


def ident(text: str) -> str:
    """The id of "m:ResNet"."""
    return entity_id(KINDS[text[0]], text[2:])


def entity(text: str) -> Entity:
    """The entity "m:ResNet"."""
    return Entity(ident(text), KINDS[text[0]], text[2:])


def paper(
    title: str,
    year: int | None = 2020,
    *,
    roles: Mapping[str, str] | None = None,
    links: Iterable[str] = (),
    results: Iterable[tuple[str, str, str, str]] = (),
    says: str = "It says so.",
    gain: bool = False,
) -> Extraction:
    """One paper; every statement rests on the whole abstract ``says``."""
    ends = []
    for link in links:
        subject, relation, target = re.split(r" ([A-Z_]+_(?:ON|WITH|FOR)) ", link)
        ends.append((subject, Relation(relation), target))
    roles = dict(roles or {})
    names = [*roles, *(name for a, _, b in ends for name in (a, b))]
    names += [name for method, dataset, _, _ in results for name in (method, dataset) if name != "?"]
    for name in names:
        roles.setdefault(name, "mentions")
    one = Paper(paper_id(title), title, says, (), year)
    evidence = Evidence(one.id, "abstract", 0, len(says), says, "test", 0.9)
    return Extraction(
        one,
        tuple(entity(name) for name in sorted(roles)),
        (
            *(Statement(one.id, Role(role).relation, ident(name), (evidence,)) for name, role in sorted(roles.items())),
            *(Statement(ident(a), relation, ident(b), (evidence,)) for a, relation, b in ends),
        ),
        tuple(
            Result(
                one.id,
                None if method == "?" else ident(method),
                None if dataset == "?" else ident(dataset),
                metric,
                value,
                "%" if value.endswith("%") else value.partition(" ")[2],
                "gain" if gain else "absolute",
                evidence,
            )
            for method, dataset, metric, value in results
        ),
    )


def family(child: Entity) -> Entity | None:
    """The family of an entity, by `FAMILIES`."""
    name = FAMILIES.get(child.name)
    return Entity(entity_id(child.kind, name), child.kind, name) if name else None


def graph_of(*papers: Extraction) -> nx.MultiDiGraph:
    """The graph of some papers."""
    return assemble(papers, families=family)


def mention(one: Extraction, text: str, rule: str = "tagger") -> Mention:
    """The first mention of ``text`` in the abstract."""
    start = one.paper.abstract.index(text)
    return Mention(one.paper.id, "abstract", start, start + len(text), text, Kind.METHOD, 1.0, rule)


_METHODS = st.sampled_from(["m:ResNet", "m:ResNet-50", "m:ResNet-101", "m:BERT", "m:GRU"])
_DATASETS = st.sampled_from(["d:CIFAR-10", "d:CIFAR-100", "d:SQuAD"])
_LINKS = st.one_of(
    st.tuples(_METHODS, st.sampled_from(["EVALUATED_ON", "TRAINED_ON"]), _DATASETS),
    st.tuples(_METHODS, st.sampled_from(["COMPARED_WITH", "BASED_ON"]), _METHODS).filter(
        lambda link: link[0] != link[2]
    ),
)
_MEASURES = st.sampled_from(["accuracy", "error rate", "F1"])
_VALUES = st.sampled_from(["91.5%", "93%", "0.9", "4.2"])


@st.composite
def papers(draw: st.DrawFn, *, least: int = 0, most: int = 7) -> list[Extraction]:
    """Papers with distinct titles, any links, results and years."""
    found = []
    for number in range(draw(st.integers(least, most))):
        links = draw(st.lists(_LINKS, max_size=4, unique=True))
        results = draw(
            st.lists(
                st.tuples(_METHODS, _DATASETS, st.sampled_from(["accuracy", "error rate", "F1"]), _VALUES), max_size=2
            )
        )
        values = " and ".join(f"{metric} of {value}" for _, _, metric, value in results)
        found.append(
            paper(
                f"Paper number {number}",
                draw(st.one_of(st.none(), st.integers(2012, 2024))),
                roles=draw(st.dictionaries(_METHODS, st.sampled_from(["uses", "proposes", "compares"]), max_size=3)),
                links=[" ".join(link) for link in links],
                results=results,
                says=f"Paper {number} reaches {values}. ResNet outperforms BERT.",
            )
        )
    return found
