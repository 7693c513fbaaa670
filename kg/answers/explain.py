"""Why an entity is one: every surface form, what found it, which rule made it this entity, and in which papers.

Works on extraction records, where the mentions still are. The rule is found out again from what is known of a form, in
the order in which resolution merges: the name itself, another spelling of it, an alias of the vocabulary, a definition
of the paper ("long form (LF)"); what none of them explains was merged inside its paper by a longer form.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kg.model import Entity, Extraction, Mention
from kg.vocabulary import fold, load

Rule = Literal["the name itself", "spelling", "vocabulary", "defined in the paper", "merged in the paper", "overrides"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a form stands: the paper, and the text around it."""

    paper: str
    title: str
    year: int | None
    context: str


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which papers write an entity."""

    text: str
    rule: Rule
    why: str
    """The rule in words that name what it used."""
    found_by: tuple[str, ...]
    """The components that found it: vocabulary, tagger, shape, abbreviation."""
    mentions: int
    seen: tuple[Seen, ...]
    """One a paper, in the order of their ids."""

    @property
    def papers(self) -> int:
        """Distinct papers that write it so."""
        return len(self.seen)


@dataclass(frozen=True, slots=True)
class Explained:
    """An entity and its forms, the one in most papers first."""

    id: str
    name: str
    kind: str
    papers: int
    names: tuple[tuple[str, int], ...]
    """What papers call it as their canonical name, with how many do."""
    forms: tuple[Form, ...]


def explain(
    extractions: Iterable[Extraction], entity: str, *, correct: Callable[[Extraction], Extraction] | None = None
) -> Explained | None:
    """Explain the entity with this id; None where no record has it.

    ``correct`` gives a record as the user's overrides have it, where there are any.
    """
    places: dict[str, list[tuple[Extraction, Mention]]] = defaultdict(list)
    held: list[tuple[Extraction, Entity]] = []
    moved: dict[str, str] = {}
    for record in extractions:
        extraction = correct(record) if correct else record
        for found in extraction.entities:
            if found.id == entity:
                held.append((extraction, found))
                for mention in found.mentions:
                    places[mention.text].append((extraction, mention))
        if extraction is not record:
            moved |= {m.text: e.id for e in record.entities for m in e.mentions if e.id != entity}
    if not held:
        return None
    names: dict[str, int] = defaultdict(int)
    for _, found in held:
        names[found.name] += 1
    name = min(names, key=lambda text: (-names[text], text))
    forms = [_form(text, name, held[0][1].kind.label, where, moved.get(text)) for text, where in places.items()]
    return Explained(
        id=entity,
        name=name,
        kind=held[0][1].kind.label,
        papers=len({extraction.paper.id for extraction, _ in held}),
        names=tuple(sorted(names.items(), key=lambda item: (-item[1], item[0]))),
        forms=tuple(sorted(forms, key=lambda form: (-form.papers, -form.mentions, form.text))),
    )


def _form(text: str, name: str, label: str, where: list[tuple[Extraction, Mention]], was: str | None) -> Form:
    rule, why = _rule(text, name, label, [extraction for extraction, _ in where])
    if was is not None:
        rule, why = "overrides", f"overrides.toml made {was} this"
    first: dict[str, Seen] = {}
    for extraction, mention in sorted(
        where, key=lambda item: (item[0].paper.id, item[1].field != "title", item[1].start)
    ):
        paper = extraction.paper
        first.setdefault(paper.id, Seen(paper.id, paper.title, paper.year, _context(extraction, mention)))
    return Form(text, rule, why, tuple(sorted({m.rule for _, m in where})), len(where), tuple(first.values()))


def _rule(text: str, name: str, label: str, where: Iterable[Extraction]) -> tuple[Rule, str]:
    if text == name:
        return "the name itself", "written as the name"
    if fold(text) == fold(name):
        return "spelling", f"folds to the same key as {name}: {fold(name)}"
    entry = load().canonical(text, label)
    if entry is not None and entry.name == name:
        return "vocabulary", f"the vocabulary lists it as {name}"
    defined = next(_definitions(text, where), None)
    if defined is not None:
        return "defined in the paper", f"a paper defines it: {defined}"
    return "merged in the paper", "the paper's own longer or shorter form"


def _definitions(text: str, where: Iterable[Extraction]) -> Iterator[str]:
    """The places where a paper writes the form in brackets behind another one, or another one in brackets behind it."""
    form = re.escape(text.removesuffix("s"))
    pattern = re.compile(rf"[\w-]+(?:[\s-]+[\w-]+){{0,6}}\s\({form}s?\)|{form}s?\s\([\w-]+\)|^{form}s?: .{{0,60}}")
    for extraction in where:
        for field in (extraction.paper.title, extraction.paper.abstract):
            match = pattern.search(field)
            if match:
                yield f'"{match.group()}"'


def _context(extraction: Extraction, mention: Mention) -> str:
    whole = extraction.paper.text(mention.field)
    start, end = max(0, mention.start - 50), min(len(whole), mention.end + 50)
    return ("…" if start else "") + whole[start:end] + ("…" if end < len(whole) else "")
