"""Count, paper by paper, what the extraction found, invented and missed.

The counts are those of the project's reference scorer, so that figures can be compared with any other tool's. All are
micro-averaged over the papers: ``mentions`` (exact span and kind), ``entities`` (same kind, and the same name or a
shared surface form), ``names`` (canonical names of matched entities), ``roles`` (without ``mentions``; trains_on counts
as evaluates_on), ``links``, ``method_dataset`` (EVALUATED_ON and TRAINED_ON alone) and ``results`` (value and dataset).
A Benchmark counts as a Dataset throughout.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from kg.model import ENTITY_LABELS, LINK_RELATIONS

Record = Mapping[str, Any]

FIELDS = ("title", "abstract")
ROLES = ("proposes", "evaluates_on", "compares", "uses", "addresses")
RELATIONS = tuple(sorted(relation.value for relation in LINK_RELATIONS))
TESTED = ("EVALUATED_ON", "TRAINED_ON")

_FOLDED = re.compile(r"[\s\-_–—.']+")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


class Tally(NamedTuple):
    """How many things were found rightly, found wrongly, and not found."""

    hit: int
    extra: int
    missed: int


class Span(NamedTuple):
    """A mention as it is scored."""

    field: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Precision, recall and F1 (fractions of one), and how many things the gold and the prediction have."""

    p: float
    r: float
    f1: float
    gold: int
    predicted: int

    @classmethod
    def of(cls, hit: int, extra: int, missed: int) -> "Figure":
        """Compute the figure of a tally; what is undefined for want of things is 0.

        >>> Figure.of(3, 1, 3)
        Figure(p=0.75, r=0.5, f1=0.6, gold=6, predicted=4)
        """
        p = hit / max(1, hit + extra)
        r = hit / max(1, hit + missed)
        return cls(p, r, 2 * p * r / max(1e-9, p + r), hit + missed, hit + extra)


@dataclass(frozen=True, slots=True)
class Names:
    """Of the matched entities, the fraction whose canonical name is the gold one."""

    accuracy: float
    matched: int


@dataclass(frozen=True, slots=True)
class PaperScore:
    """One paper's counts, and the alignment they were read from, which tells the errors."""

    gold: Record
    predicted: Record
    tallies: Mapping[str, Tally]
    same_names: int
    wrong_offsets: int
    entities: tuple[Record, ...]
    """The predicted entities that count."""
    pairs: Mapping[int, int]
    """Index of a predicted entity -> index of the gold entity it was matched with."""
    gold_spans: frozenset[Span]
    spans: frozenset[Span]
    links: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    """The links ``missed`` and ``extra``, by name."""
    results: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """The results ``missed`` and ``extra``, as (value, dataset or "") in the words of their side."""


@dataclass(frozen=True)
class Report:
    """The scores of all papers of the gold."""

    papers: tuple[PaperScore, ...]

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Each measure's figure over all papers, in the order of their names."""
        rows = sorted({row for paper in self.papers for row in paper.tallies})
        return {
            row: Figure.of(*(sum(counts) for counts in zip(*(p.tallies[row] for p in self.papers), strict=True)))
            for row in rows
        }

    @property
    def names(self) -> Names:
        """How many of the matched entities have the right canonical name."""
        matched = sum(len(paper.pairs) for paper in self.papers)
        return Names(sum(paper.same_names for paper in self.papers) / max(1, matched), matched)

    @property
    def wrong_offsets(self) -> int:
        """How many predicted mentions have offsets that do not hold their text; it must be 0."""
        return sum(paper.wrong_offsets for paper in self.papers)

    def to_record(self) -> dict[str, dict[str, float]]:
        """Give the figures as plain values, rounded to four decimals."""
        record: dict[str, dict[str, float]] = {
            row: {
                "p": round(f.p, 4),
                "r": round(f.r, 4),
                "f1": round(f.f1, 4),
                "gold": f.gold,
                "predicted": f.predicted,
            }
            for row, f in self.figures.items()
        }
        record["names"] = {"accuracy": round(self.names.accuracy, 4), "matched": self.names.matched}
        record["wrong_offsets"] = {"count": self.wrong_offsets}
        return record


def score(gold: Iterable[Record], predicted: Iterable[Record]) -> Report:
    """Score extraction records against annotated papers; a paper without a record counts as found nothing."""
    records = {record["id"]: record for record in predicted}
    return Report(tuple(_score_paper(paper, records.get(paper["id"], {})) for paper in gold))


def format_table(report: Report, intervals: Mapping[str, tuple[float, float]] | None = None) -> str:
    """Write the figures as a table, a measure a line, with the interval of F1 (of names: of the accuracy) if given."""
    lines = []
    for row, f in sorted(report.to_record().items()):
        if "f1" in f:
            counts = f"gold {f['gold']:5}  predicted {f['predicted']:5}"
            line = f"{row:24} P {f['p']:.3f}  R {f['r']:.3f}  F1 {f['f1']:.3f}   {counts}"
        elif "count" in f:
            line = f"{row:24} {f['count']}   (mentions whose offsets do not hold their text; must be 0)"
        else:
            line = f"{row:24} accuracy {f['accuracy']:.3f} of {f['matched']} matched"
        if intervals and row in intervals:
            line = f"{line:78}  [{intervals[row][0]:.3f}, {intervals[row][1]:.3f}]"
        lines.append(line)
    return "\n".join(lines)


def fold(name: str) -> str:
    """Fold a name for comparison: case, spaces, hyphens, full stops and apostrophes aside.

    >>> fold("MS-COCO") == fold("ms coco")
    True
    """
    return _FOLDED.sub("", name).lower()


def label(kind: str) -> str:
    """The kind as scored: a Benchmark is a Dataset."""
    return "Dataset" if kind == "Benchmark" else kind


def fold_role(role: str | None) -> str | None:
    """The role as scored: trains_on counts as evaluates_on."""
    return "evaluates_on" if role == "trains_on" else role


def find_spans(paper: Record) -> frozenset[Span]:
    """Find each occurrence of each gold surface in the paper: longest first, on word boundaries, never overlapping."""
    surfaces = [(surface, label(entity["type"])) for entity in paper["entities"] for surface in entity["surfaces"]]
    surfaces.sort(key=lambda surface: -len(surface[0]))
    spans = set()
    for name in FIELDS:
        text = paper[name]
        free = bytearray(b"\x01") * len(text)
        for surface, kind in surfaces:
            for match in re.finditer(rf"(?<![^\W_]){re.escape(surface)}(?![^\W_])", text):
                start, end = match.span()
                if all(free[start:end]):
                    free[start:end] = bytes(end - start)
                    spans.add(Span(name, start, end, kind))
    return frozenset(spans)


def match_entities(gold: Sequence[Record], predicted: Sequence[Record]) -> dict[int, int]:
    """Match predicted with gold entities one to one: first by name alone, then by any surface form.

    Gives {index in ``predicted``: index in ``gold``}; each takes the first that is still free.
    """
    forms = [{fold(e["canonical"]), *map(fold, e["surfaces"])} for e in gold]
    pairs: dict[int, int] = {}
    free = list(range(len(gold)))
    for with_surfaces in (False, True):
        for i, entity in enumerate(predicted):
            if i in pairs:
                continue
            names = {fold(entity["name"])}
            if with_surfaces:
                names.update(fold(mention["text"]) for mention in entity.get("mentions", ()))
            for j in free:
                if label(gold[j]["type"]) == label(entity["kind"]) and names & forms[j]:
                    pairs[i] = j
                    free.remove(j)
                    break
    return pairs


def number(value: object) -> float | str:
    """Read the number in a result's value, so that "79.80 %" is "79.8%"; text without a number stays text."""
    match = _NUMBER.search(str(value))
    if not match:
        return str(value).strip().lower()
    try:
        return float(match[0].replace(",", ""))
    except ValueError:  # "1.2.3"
        return match[0]


def _tally(predicted: Iterable[Hashable], gold: Iterable[Hashable]) -> Tally:
    """Compare two multisets."""
    found, wanted = Counter(iter(predicted)), Counter(iter(gold))  # iter: a mapping is its keys
    hit = (found & wanted).total()
    return Tally(hit, found.total() - hit, wanted.total() - hit)


def _score_paper(gold: Record, predicted: Record) -> PaperScore:
    wanted = gold["entities"]
    entities = tuple(e for e in predicted.get("entities", ()) if label(e["kind"]) in ENTITY_LABELS)
    tallies: dict[str, Tally] = {}

    gold_spans = find_spans(gold)
    mentions = [(m, label(e["kind"])) for e in entities for m in e.get("mentions", ())]
    spans = frozenset(Span(m["field"], m["start"], m["end"], kind) for m, kind in mentions)
    tallies["mentions"] = _tally(spans, gold_spans)
    for kind in ENTITY_LABELS:
        tallies[f"mentions.{kind}"] = _tally(
            (s for s in spans if s.kind == kind), (s for s in gold_spans if s.kind == kind)
        )

    pairs = match_entities(wanted, entities)
    for kind in ("", *ENTITY_LABELS):
        hit = sum(not kind or label(entities[i]["kind"]) == kind for i in pairs)
        found = sum(not kind or label(e["kind"]) == kind for e in entities)
        there = sum(not kind or label(e["type"]) == kind for e in wanted)
        tallies[f"entities.{kind}" if kind else "entities"] = Tally(hit, found - hit, there - hit)

    # From here on an entity is known by the index of the gold entity it was matched with, or by its own mark.
    ends: list[int | str] = [pairs.get(i, f"unmatched {i}") for i in range(len(entities))]
    roles = [(ends[i], fold_role(e.get("role"))) for i, e in enumerate(entities) if e.get("role") is not None]
    roles = [pair for pair in roles if pair[1] != "mentions"]
    gold_roles = [(j, fold_role(e["role"])) for j, e in enumerate(wanted) if e["role"] != "mentions"]
    tallies["roles"] = _tally(roles, gold_roles)
    for role in ROLES:
        tallies[f"roles.{role}"] = _tally((x for x in roles if x[1] == role), (x for x in gold_roles if x[1] == role))

    gold_end = {e["canonical"]: j for j, e in enumerate(wanted)}
    end = {e["name"]: ends[i] for i, e in enumerate(entities)}
    gold_links = {(gold_end[a], relation, gold_end[b]): (a, relation, b) for a, relation, b in gold["links"]}
    links = {
        (end.get(a, f"?{a}"), relation, end.get(b, f"?{b}")): (a, relation, b)
        for a, relation, b in ((x["subject"], x["relation"], x["object"]) for x in predicted.get("links", ()))
        if relation in RELATIONS
    }
    tallies["links"] = _tally(links, gold_links)
    for relation in RELATIONS:
        tallies[f"links.{relation}"] = _tally(
            (x for x in links if x[1] == relation), (x for x in gold_links if x[1] == relation)
        )
    tallies["method_dataset"] = _tally(
        {(a, b) for a, relation, b in links if relation in TESTED},
        {(a, b) for a, relation, b in gold_links if relation in TESTED},
    )
    results = [(number(x["value"]), end.get(x.get("dataset") or "")) for x in predicted.get("results", ())]
    gold_results = [(number(x["value"]), gold_end.get(x.get("dataset") or "")) for x in gold["results"]]
    tallies["results"] = _tally(results, gold_results)
    return PaperScore(
        gold=gold,
        predicted=predicted,
        tallies=tallies,
        same_names=sum(fold(entities[i]["name"]) == fold(wanted[j]["canonical"]) for i, j in pairs.items()),
        wrong_offsets=sum(gold[m["field"]][m["start"] : m["end"]] != m["text"] for m, _ in mentions),
        entities=entities,
        pairs=pairs,
        gold_spans=gold_spans,
        spans=spans,
        links={
            "missed": tuple(sorted(link for key, link in gold_links.items() if key not in links)),
            "extra": tuple(sorted(link for key, link in links.items() if key not in gold_links)),
        },
        results={
            "missed": _left(gold_results, gold["results"], results),
            "extra": _left(results, predicted.get("results", ()), gold_results),
        },
    )


def _left(
    keys: Sequence[Hashable], records: Iterable[Record], others: Iterable[Hashable]
) -> tuple[tuple[str, str], ...]:
    """Give (value, dataset) of the results whose key is not among the others, which are used up one by one."""
    free = Counter(others)
    left = []
    for key, record in zip(keys, records, strict=True):
        if free[key]:
            free[key] -= 1
        else:
            left.append((str(record["value"]), str(record.get("dataset") or "")))
    return tuple(sorted(left))
