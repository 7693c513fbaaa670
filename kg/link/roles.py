"""Decide what a paper does with each entity: one role each, by the guideline's order.

With a judge, its probabilities decide among the roles that the entity's kind allows. Without one, cue words in the
sentences of its mentions decide; what no cue speaks for gets the commonest role of its kind.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kg.link.sentences import Sentence, evidence, negated, sentences_of
from kg.model import Entity, Mention, Reading, Role, Statement
from kg.vocabulary import load

ALLOWED: Mapping[str, tuple[Role, ...]] = {
    "Method": (Role.PROPOSES, Role.COMPARES, Role.USES, Role.MENTIONS),
    "Dataset": (Role.PROPOSES, Role.EVALUATES_ON, Role.TRAINS_ON, Role.USES, Role.MENTIONS),
    "Task": (Role.PROPOSES, Role.ADDRESSES, Role.MENTIONS),
}
DEFAULT = {"Method": Role.USES, "Dataset": Role.EVALUATES_ON, "Task": Role.ADDRESSES}

CUE_WEIGHT = 0.2
"""How much a cue word adds to the judge's probability of a role; chosen on annotated papers."""

_PROPOSE = re.compile(
    r"\b(?:we|this (?:paper|work|article|study|survey)|paper|authors?)\b.{0,40}?\b(?:propos|introduc|present|develop|"
    r"releas|contribut|design|construct|creat|build|built|collect|curat|describ|formulat|call|term|dub|nam)\w*|"
    r"\b(?:called|named|dubbed|termed|coined)\b|\b(?:novel|new)\b|\bis (?:proposed|introduced|presented)\b|"
    r"\b(?:our|the proposed|proposed)\b",
    re.I,
)
_COMPARE = re.compile(
    r"\b(?:outperform\w*|surpass\w*|exceed\w*|beat\w*|superior to|better than|worse than|compar(?:ed|able|ison|es?|ing)"
    r"(?: favou?rably)?(?: to| with| against)?|than|baselines?|versus|vs\.?|over (?:the |existing |previous |strong )*|"
    r"competitive with|on par with|relative to|state-of-the-art|against|improv\w+ (?:over|upon))\b",
    re.I,
)
_TRAIN = re.compile(
    r"\b(?:pre-?)?train(?:ed|ing)?\b(?:(?!evaluat|test).){0,40}\b(?:on|with|using|from)\b[^.;]{0,60}$", re.I
)
_TEST = re.compile(
    r"\b(?:evaluat|experiment|benchmark|test|result|achiev|accuracy|state-of-the-art|outperform|validat)\w*", re.I
)
_BACKGROUND = re.compile(
    r"\b(?:have (?:recently |been |become |shown |achieved )|has (?:recently |been |become |shown |achieved |emerged )|"
    r"recent(?:ly)?|such as|traditional\w*|conventional\w*|existing|widely|popular|prior work|previous)\b",
    re.I,
)
_TITLE_NAME = re.compile(r"^\W*(?:the |a |an )?$", re.I)


@dataclass(frozen=True, slots=True)
class Roles:
    """The role of each entity by id, how sure it is, and the sentence that says it."""

    paper_id: str
    by_entity: Mapping[str, tuple[Role, Statement]]

    def role(self, entity: str) -> Role:
        """The role of an entity of this paper."""
        return self.by_entity[entity][0]

    def statements(self) -> Iterator[Statement]:
        """One statement an entity: the paper, the role's relation, the entity."""
        for _, statement in self.by_entity.values():
            yield statement


def assign_roles(reading: Reading, entities: tuple[Entity, ...]) -> Roles:
    """Give each entity its role and the evidence for it."""
    places = {mention: i for i, mention in enumerate(reading.mentions)}
    sentences = sentences_of(reading, entities)
    found = {}
    for entity in entities:
        held = [(s, m) for s in sentences for m in s.of(entity.id)]
        if reading.judge is not None:
            role, score = _judged(reading, entity, [places[m] for m in entity.mentions], _votes(entity, held))
        else:
            role, score = _by_cues(entity, held)
        if held and all(negated(s, m) for s, m in held) and role is not Role.PROPOSES:
            role = Role.MENTIONS
        rule = "judge" if reading.judge is not None else "cue"
        best = _best_sentences(role, held)
        said = tuple(evidence(reading, s, rule, score * entity.score) for s in best)
        found[entity.id] = (role, Statement(reading.paper.id, role.relation, entity.id, said))
    return Roles(reading.paper.id, found)


def _judged(reading: Reading, entity: Entity, mentions: list[int], votes: Mapping[Role, float]) -> tuple[Role, float]:
    """Weigh the judge's probabilities and the cue words: the judge decides unless it is of two minds."""
    assert reading.judge is not None  # noqa: S101 - for the type checker
    opinion = reading.judge.role(mentions)
    allowed = ALLOWED[entity.kind.label]
    weights = {r: opinion.get(r, 0.0) + CUE_WEIGHT * min(1.0, votes.get(r, 0.0)) for r in allowed}
    role = max(allowed, key=lambda r: (weights[r], -allowed.index(r)))
    return role, min(1.0, weights[role])


def _by_cues(entity: Entity, held: list[tuple[Sentence, Mention]]) -> tuple[Role, float]:
    """The role that most cues speak for; the commonest of its kind where none does."""
    label, votes = entity.kind.label, _votes(entity, held)
    if not votes or (set(votes) == {Role.MENTIONS} and len(held) > votes[Role.MENTIONS] / 0.4):
        return DEFAULT[label], 0.55
    order = ALLOWED[label]
    role = max(votes, key=lambda r: (votes[r], -order.index(r)))
    return role, min(0.95, 0.6 + 0.15 * votes[role])


def _votes(entity: Entity, held: list[tuple[Sentence, Mention]]) -> Mapping[Role, float]:
    """Weigh the cue words around each mention."""
    label = entity.kind.label
    known = load().canonical(entity.name, label) is not None
    votes: dict[Role, float] = {}
    for sentence, mention in held:
        before, after = sentence.before(mention), sentence.after(mention)
        if sentence.field == "title" and _TITLE_NAME.match(before) and after.startswith(":"):
            votes[Role.PROPOSES] = votes.get(Role.PROPOSES, 0) + (2.0 if not known else 0.3)
        if not known and _introduced(label, before):
            votes[Role.PROPOSES] = votes.get(Role.PROPOSES, 0) + 1.0
        elif label == "Dataset" and _TRAIN.search(before) and not _TEST.search(after):
            votes[Role.TRAINS_ON] = votes.get(Role.TRAINS_ON, 0) + 0.6
        elif label == "Dataset":
            votes[Role.EVALUATES_ON] = votes.get(Role.EVALUATES_ON, 0) + 0.7
        elif label == "Method" and _COMPARE.search(before[-60:]):
            votes[Role.COMPARES] = votes.get(Role.COMPARES, 0) + 0.8
        elif label == "Method" and sentence.index <= 2 and _BACKGROUND.search(sentence.text):
            votes[Role.MENTIONS] = votes.get(Role.MENTIONS, 0) + 0.4
    return votes


def only_trains(sentence: Sentence, mention: Mention) -> bool:
    """Tell whether the words before a dataset speak of training on it, and those around it of no test."""
    before = sentence.before(mention)
    return bool(_TRAIN.search(before[-60:])) and not _TEST.search(before) and not _TEST.search(sentence.after(mention))


def _introduced(label: str, before: str) -> bool:
    if label == "Method":
        return _PROPOSE.search(before[-90:]) is not None
    return label == "Dataset" and _PROPOSE.search(before[-70:]) is not None and not _TEST.search(before)


def _best_sentences(role: Role, held: list[tuple[Sentence, Mention]]) -> list[Sentence]:
    """The sentences that speak for a role: those with its cue, or all; each once, in order."""
    cue = {Role.PROPOSES: _PROPOSE, Role.COMPARES: _COMPARE, Role.EVALUATES_ON: _TEST, Role.TRAINS_ON: _TEST}.get(role)
    chosen = [s for s, _ in held if cue is not None and s.field == "abstract" and cue.search(s.text)] or [
        s for s, _ in held
    ]
    unique = {s.index: s for s in chosen}
    return list(unique.values())[:3]
