"""The sentences of a reading, and which entities stand in each."""

import dataclasses
import re
from collections import defaultdict
from dataclasses import dataclass

from kg.model import Entity, Evidence, Field, Mention, Reading

_NEGATED = re.compile(
    r"\b(?:unlike|in contrast to|instead of|rather than|without (?:the use of |using |any )?|except(?: for)?|"
    r"leave\b.{0,60}\b(?:to|for) future|future work|plan to|not (?:been )?(?:evaluated?|tested?|"
    r"tried|trained|rel(?:y|ies)|applied|used|use|require)|no(?:r| longer)? (?:need|use|require)\w*)\b",
    re.I,
)
_FUTURE = re.compile(
    r"\b(?:future work|leave\b.{0,80}\bfuture|plan to|will (?:be )?(?:evaluate|extend|explore|test)\w*)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its place, with the mentions that stand in it as (entity id, mention), in order."""

    field: Field
    start: int
    end: int
    text: str
    index: int
    mentions: tuple[tuple[str, Mention], ...] = dataclasses.field(default=())

    def of(self, entity: str) -> list[Mention]:
        """The mentions of one entity here."""
        return [mention for key, mention in self.mentions if key == entity]

    def before(self, mention: Mention) -> str:
        """The sentence's text up to a mention."""
        return self.text[: max(0, mention.start - self.start)]

    def after(self, mention: Mention) -> str:
        """The sentence's text behind a mention."""
        return self.text[max(0, mention.end - self.start) :]


def sentences_of(reading: Reading, entities: tuple[Entity, ...]) -> list[Sentence]:
    """Give the sentences of the paper in order, title first."""
    inside: dict[tuple[Field, int], list[tuple[str, Mention]]] = defaultdict(list)
    spans = reading.sentences
    for entity in entities:
        for mention in entity.mentions:
            for name, start, end in spans:
                if name == mention.field and start <= mention.start < end:
                    inside[name, start].append((entity.id, mention))
                    break
    return [
        Sentence(
            name,
            start,
            end,
            reading.paper.text(name)[start:end],
            index,
            tuple(sorted(inside[name, start], key=lambda item: (item[1].start, -item[1].end, item[0]))),
        )
        for index, (name, start, end) in enumerate(spans)
    ]


def evidence(reading: Reading, sentence: Sentence, rule: str, score: float) -> Evidence:
    """Make a sentence the evidence of what ``rule`` read in it."""
    return Evidence(
        reading.paper.id, sentence.field, sentence.start, sentence.end, sentence.text, rule, round(min(1.0, score), 4)
    )


def negated(sentence: Sentence, mention: Mention) -> bool:
    """Tell whether what the sentence says of a mention is denied, contrasted or left for later.

    A cue counts up to 60 characters before the mention with no clause break between, or anywhere where it speaks of
    the future.
    """
    if _FUTURE.search(sentence.text):
        return True
    before = sentence.before(mention)
    last = next(reversed(list(_NEGATED.finditer(before))), None)
    return (
        last is not None
        and len(before) - last.end() <= 60
        and not re.search(r"[,;:]|\bbut\b|\bwe\b", before[last.end() :])
    )
