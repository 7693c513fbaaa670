"""Say what went wrong: by paper, and summed up so that the largest class of error shows.

A mention is wrong in one of four ways: its boundary (overlaps a gold mention of its kind), its kind (same span), both,
or it has no counterpart at all. An entity that is missed may have been found as another kind, or have been merged into
one that was matched elsewhere; an extra one may be a second entity for a gold one that is already matched (split).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kg.evaluate.measure import PaperScore, Report, Span, fold, fold_role, label
from kg.model import Role

Record = Mapping[str, Any]

CLASSES = ("boundary", "kind", "boundary and kind", "no counterpart")


@dataclass(frozen=True, slots=True)
class MentionError:
    """A gold mention that was missed, or a predicted one that is not in the gold (``extra``)."""

    extra: bool
    field: str
    start: int
    end: int
    text: str
    kind: str
    problem: str
    """One of `CLASSES`."""
    other: str = ""
    """The text and kind of what it overlaps on the other side."""


@dataclass(frozen=True, slots=True)
class EntityError:
    """A gold entity that was missed, or a predicted one that matches none (``extra``)."""

    extra: bool
    name: str
    kind: str
    role: str
    problem: str
    """wrong kind, merged or split, not found or invented."""


@dataclass(frozen=True, slots=True)
class PaperErrors:
    """All that is wrong in one paper. Names are (gold, predicted), roles (entity, gold role, predicted role)."""

    id: str
    title: str
    entities: tuple[EntityError, ...]
    mentions: tuple[MentionError, ...]
    names: tuple[tuple[str, str], ...]
    roles: tuple[tuple[str, str, str], ...]
    missed_links: tuple[tuple[str, str, str], ...]
    extra_links: tuple[tuple[str, str, str], ...]
    missed_results: tuple[tuple[str, str], ...]
    extra_results: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        links = self.missed_links or self.extra_links or self.missed_results or self.extra_results
        return bool(self.entities or self.mentions or self.names or self.roles or links)


def errors(report: Report) -> Iterator[PaperErrors]:
    """Give what is wrong in each paper that has something wrong."""
    for paper in report.papers:
        if found := paper_errors(paper):
            yield found


def paper_errors(paper: PaperScore) -> PaperErrors:
    """Give what is wrong in one paper."""
    gold = paper.gold["entities"]
    matched = [(gold[j], paper.entities[i]) for i, j in sorted(paper.pairs.items(), key=lambda pair: pair[1])]
    roles = ((g["canonical"], fold_role(g["role"]) or "", fold_role(p.get("role")) or "none") for g, p in matched)
    return PaperErrors(
        id=paper.gold["id"],
        title=paper.gold["title"],
        entities=tuple(_entity_errors(paper)),
        mentions=tuple(_mention_errors(paper)),
        names=tuple((g["canonical"], p["name"]) for g, p in matched if fold(g["canonical"]) != fold(p["name"])),
        roles=tuple(role for role in roles if role[1] != role[2]),
        missed_links=paper.links["missed"],
        extra_links=paper.links["extra"],
        missed_results=paper.results["missed"],
        extra_results=paper.results["extra"],
    )


def format_errors(report: Report, limit: int = 10) -> str:
    """Write what is wrong in the first ``limit`` papers that have something wrong."""
    blocks = []
    for number, paper in enumerate(errors(report)):
        if number >= limit:
            break
        lines = [f"{paper.id} {paper.title}"]
        for side in (False, True):
            word = "extra entity" if side else "missed entity"
            lines += [
                f"   {word:16} {e.name} ({e.kind}, {e.role}; {e.problem})" for e in paper.entities if e.extra is side
            ]
        for m in sorted(paper.mentions, key=lambda m: m.extra):
            word, other = "extra mention" if m.extra else "missed mention", f": {m.other}" if m.other else ""
            lines.append(f"   {word:16} {m.field} {m.start}-{m.end} {m.text!r} ({m.kind}; {m.problem}{other})")
        lines += [f"   {'name':16} {right} not {wrong}" for right, wrong in paper.names]
        lines += [f"   {'role':16} {name}: {right} not {wrong}" for name, right, wrong in paper.roles]
        lines += [f"   {'missed link':16} {' '.join(link)}" for link in paper.missed_links]
        lines += [f"   {'extra link':16} {' '.join(link)}" for link in paper.extra_links]
        lines += [f"   {'missed result':16} {value} on {on or 'no dataset'}" for value, on in paper.missed_results]
        lines += [f"   {'extra result':16} {value} on {on or 'no dataset'}" for value, on in paper.extra_results]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def summarise_errors(report: Report, limit: int = 15) -> str:
    """Write the errors of all papers summed up by class, most frequent first, ``limit`` lines a list."""
    papers = list(errors(report))
    mentions = [m for paper in papers for m in paper.mentions]
    entities = [e for paper in papers for e in paper.entities]
    missed = [m for m in mentions if not m.extra]
    extra = [m for m in mentions if m.extra]
    parts = [
        _table("missed mentions by class", Counter((m.kind, m.problem) for m in missed), limit),
        _table("extra mentions by class", Counter((m.kind, m.problem) for m in extra), limit),
        _table("missed entities by class", Counter((e.kind, e.problem) for e in entities if not e.extra), limit),
        _table("extra entities by class", Counter((e.kind, e.problem) for e in entities if e.extra), limit),
        _table("most missed forms", Counter((m.text, m.kind) for m in missed if m.problem == "no counterpart"), limit),
        _table("most invented forms", Counter((m.text, m.kind) for m in extra if m.problem == "no counterpart"), limit),
        _table(
            "boundaries, gold and found",
            Counter((m.text, m.other) for m in missed if m.problem.startswith("boundary")),
            limit,
        ),
        _table(
            "kinds, gold and found",
            Counter((m.kind, m.other.rpartition(" ")[2]) for m in missed if m.problem == "kind"),
            limit,
        ),
        _table("forms of the wrong kind", Counter((m.text, m.kind) for m in missed if m.problem == "kind"), limit),
        _table("names, gold and found", Counter(pair for paper in papers for pair in paper.names), limit),
        _role_matrix(report),
        _table("missed links", Counter(_link_causes(report, "missed")), limit),
        _table("extra links", Counter(_link_causes(report, "extra")), limit),
    ]
    return "\n\n".join(part for part in parts if part)


def _mention_errors(paper: PaperScore) -> Iterator[MentionError]:
    for extra, wrong, others in (
        (False, paper.gold_spans - paper.spans, paper.spans),
        (True, paper.spans - paper.gold_spans, paper.gold_spans),
    ):
        for span in sorted(wrong):
            problem, other = _classify(span, others)
            text = paper.gold[span.field]
            yield MentionError(
                extra,
                *span[:3],
                text=text[span.start : span.end],
                kind=span.kind,
                problem=problem,
                other=f"{text[other.start : other.end]} {other.kind}" if other else "",
            )


def _classify(span: Span, others: Iterable[Span]) -> tuple[str, Span | None]:
    """Give the class of a wrong mention and what it overlaps on the other side, the likest first."""
    touching = [o for o in sorted(others) if o.field == span.field and o.start < span.end and span.start < o.end]
    for other in touching:
        if other[:3] == span[:3]:
            return "kind", other
    for other in touching:
        if other.kind == span.kind:
            return "boundary", other
    return ("boundary and kind", touching[0]) if touching else ("no counterpart", None)


def _entity_errors(paper: PaperScore) -> Iterator[EntityError]:
    gold, found = paper.gold["entities"], paper.entities
    gold_forms = [{fold(e["canonical"]), *map(fold, e["surfaces"])} for e in gold]
    forms = [{fold(e["name"]), *(fold(m["text"]) for m in e.get("mentions", ()))} for e in found]
    for j, entity in enumerate(gold):
        if j not in paper.pairs.values():
            alike = [i for i in range(len(found)) if forms[i] & gold_forms[j]]
            wrong_kind = any(label(found[i]["kind"]) != label(entity["type"]) for i in alike)
            problem = "wrong kind" if wrong_kind else "merged" if alike else "not found"
            yield EntityError(False, entity["canonical"], label(entity["type"]), entity["role"], problem)
    for i, entity in enumerate(found):
        if i not in paper.pairs:
            alike = [j for j in range(len(gold)) if forms[i] & gold_forms[j]]
            wrong_kind = any(label(gold[j]["type"]) != label(entity["kind"]) for j in alike)
            problem = "wrong kind" if wrong_kind else "split" if alike else "invented"
            yield EntityError(True, entity["name"], label(entity["kind"]), entity.get("role") or "none", problem)


def _link_causes(report: Report, which: str) -> Iterator[tuple[str, str]]:
    """Give (relation, cause) of each wrong link: was an end of it wrong already, or the link alone?"""
    for paper in report.papers:
        if which == "missed":
            right = {paper.gold["entities"][j]["canonical"] for j in paper.pairs.values()}
        else:
            right = {paper.entities[i]["name"] for i in paper.pairs}
        for subject, relation, target in paper.links[which]:
            yield relation, "both ends right" if subject in right and target in right else "an end wrong"


def _role_matrix(report: Report) -> str:
    """Write the roles of matched entities: gold in rows, predicted in columns."""
    counts = Counter(
        (fold_role(paper.gold["entities"][j]["role"]) or "none", fold_role(paper.entities[i].get("role")) or "none")
        for paper in report.papers
        for i, j in paper.pairs.items()
    )
    used = {role for pair in counts for role in pair}
    order = [role for role in [*(r.value for r in Role), "none"] if role in used]
    order += sorted(used.difference(order))
    lines = ["roles of matched entities, gold in rows, found in columns", " " * 15 + "".join(f"{r:>13}" for r in order)]
    lines += [f"   {gold:12}" + "".join(f"{counts[gold, found] or '.':>13}" for found in order) for gold in order]
    return "\n".join(lines) if counts else ""


def _table(title: str, counts: Counter[tuple[str, str]], limit: int) -> str:
    """Write a list of pairs with their counts, the most frequent first, equals in order of the alphabet."""
    if not counts:
        return ""
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:limit]
    width = min(48, max(len(first) for (first, _), _ in rows))
    lines = [f"{title} ({counts.total()})"]
    return "\n".join(lines + [f"   {count:5}  {first:{width}}  {second}" for (first, second), count in rows])
