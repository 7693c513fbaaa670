"""State the links between the entities of one paper, each with the sentence that supports it.

The links follow the paper's story: what it proposes is evaluated on its datasets, compared with its baselines, built
from what it uses, and used for its tasks. A judge, where there is one, weighs each pair of the right kinds; without
one the roles alone say which pairs are linked. Denied, planned and background statements give none.
"""

from collections.abc import Iterator, Sequence

from kg.link.roles import Roles, only_trains
from kg.link.sentences import Sentence, evidence, negated, sentences_of
from kg.model import LINK_RELATIONS, SHAPES, Entity, Reading, Relation, Role, Statement

THRESHOLD = 0.4
"""Least probability of a link by the judge; chosen on annotated papers."""


def state_links(reading: Reading, entities: tuple[Entity, ...], roles: Roles) -> Iterator[Statement]:
    """Give the links of a paper; a relation joins only kinds that `SHAPES` allows."""
    sentences = sentences_of(reading, entities)
    pairs = _judged(reading, entities) if reading.judge is not None else _by_roles(entities, roles)
    rule = "judge" if reading.judge is not None else "role"
    for subject, relation, target, score in pairs:
        said = _supporting(sentences, subject, target)
        if said and all(_denied(s, subject, target) for s in said):
            continue
        if relation is Relation.EVALUATED_ON and said and all(only_trains(s, m) for s in said for m in s.of(target.id)):
            relation = Relation.TRAINED_ON  # noqa: PLW2901 - the text says which
        held = tuple(evidence(reading, s, rule, score * min(subject.score, target.score)) for s in said[:3])
        yield Statement(subject.id, relation, target.id, held)


def candidate_pairs(entities: Sequence[Entity]) -> Iterator[tuple[Entity, Entity]]:
    """Iterate over the ordered pairs of entities that some relation may join."""
    shapes = {shape for relation in LINK_RELATIONS for shape in SHAPES[relation]}
    for a in entities:
        for b in entities:
            if a.id != b.id and (a.kind.label, b.kind.label) in shapes:
                yield a, b


def _judged(reading: Reading, entities: tuple[Entity, ...]) -> Iterator[tuple[Entity, Relation, Entity, float]]:
    assert reading.judge is not None  # noqa: S101 - for the type checker
    places = {mention: i for i, mention in enumerate(reading.mentions)}
    pairs = list(candidate_pairs(entities))
    asked = [([places[m] for m in a.mentions], [places[m] for m in b.mentions]) for a, b in pairs]
    for (a, b), opinion in zip(pairs, reading.judge.links(asked), strict=True):
        for relation in sorted(opinion):
            if opinion[relation] >= THRESHOLD and (a.kind.label, b.kind.label) in SHAPES[relation]:
                yield a, relation, b, opinion[relation]


def _by_roles(entities: tuple[Entity, ...], roles: Roles) -> Iterator[tuple[Entity, Relation, Entity, float]]:
    """Link the first proposed method to all that the paper does; without one, what it uses to what it works on."""
    methods = [e for e in entities if e.kind.label == "Method"]
    datasets = [e for e in entities if e.kind.label == "Dataset"]
    tasks = [e for e in entities if e.kind.label == "Task" and roles.role(e.id) is Role.ADDRESSES]
    proposed = [e for e in methods if roles.role(e.id) is Role.PROPOSES]
    tested = [e for e in datasets if roles.role(e.id) in (Role.EVALUATES_ON, Role.PROPOSES)]
    subjects = proposed[:1] or [e for e in methods if roles.role(e.id) is Role.USES]
    for subject in subjects:
        for dataset in datasets:
            role = roles.role(dataset.id)
            if role is Role.EVALUATES_ON:
                yield subject, Relation.EVALUATED_ON, dataset, 0.7
            elif role is Role.TRAINS_ON:
                yield subject, Relation.TRAINED_ON, dataset, 0.6
        for task in tasks:
            yield subject, Relation.USED_FOR, task, 0.65
    for subject in proposed[:1]:
        for other in methods:
            role = roles.role(other.id)
            if other.id != subject.id and role is Role.COMPARES:
                yield subject, Relation.COMPARED_WITH, other, 0.7
            elif other.id != subject.id and role in (Role.USES, Role.PROPOSES):
                yield subject, Relation.BASED_ON, other, 0.6
    for dataset in tested:
        for task in tasks[:2]:
            yield dataset, Relation.BENCHMARK_FOR, task, 0.5


def _supporting(sentences: Sequence[Sentence], subject: Entity, target: Entity) -> list[Sentence]:
    """The sentences with both ends, else those with the target, abstract before title; never none."""
    both = [s for s in sentences if s.of(subject.id) and s.of(target.id)]
    with_target = [s for s in sentences if s.of(target.id)]
    return sorted(both or with_target, key=lambda s: (s.field == "title", s.index))


def _denied(sentence: Sentence, subject: Entity, target: Entity) -> bool:
    ends = sentence.of(target.id) or sentence.of(subject.id)
    return bool(ends) and all(negated(sentence, mention) for mention in ends)
