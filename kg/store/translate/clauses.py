"""Translate clauses: WITH that is ordered, MATCH whose relationships differ, a count that stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from kg.store.translate.words import CLAUSES, Writer

_ENDLESS = "9223372036854775807"


@dataclass(slots=True)
class Link:
    """A relationship pattern: where it is, its name and its types (none means any)."""

    place: int
    name: str
    types: frozenset[str]

    def may_be(self, other: "Link") -> bool:
        """Whether both may match one relationship."""
        return not (self.types and other.types) or bool(self.types & other.types)


def clauses(w: Writer, i: int, j: int) -> None:
    """Write the clauses from ``i`` to ``j``, with a LIMIT for each WITH that is ordered and has none."""
    top = w.top(i, j)
    heads = [k for k in top if w.word(k) in CLAUSES and not is_operand(w, k)]
    for number, head in enumerate(heads):
        end = heads[number + 1] if number + 1 < len(heads) else j
        inside = [k for k in top if head < k < end]
        if number == 0:
            w.expression(i, head)
        limits = [k for k in inside if w.word(k) in ("LIMIT", "SKIP", "OFFSET")]
        order = [k for k in inside if w.word(k) == "ORDER"]
        check_lone_count(w, head, inside, end)
        if w.word(head) in ("MATCH", "OPTIONAL"):
            match(w, head, end, inside)
            continue
        if w.word(head) != "WITH" or not order:
            w.expression(head, end)
            continue
        where = next((k for k in inside if w.word(k) == "WHERE" and k > order[0]), end)
        w.expression(head, where)
        if not limits:
            w.write(f" LIMIT {_ENDLESS}", where - 1)
        w.expression(where, end)
        if w.text(end + 1) != "*":
            # Straight before an aggregate the engine drops the order, and with it the right rows of a LIMIT.
            w.ordered += 1
            w.write(f" UNWIND [1] AS kg_one{w.ordered}", end - 1)
    if not heads:
        match(w, i, j, top)


def match(w: Writer, i: int, j: int, inside: Sequence[int]) -> None:
    """Write a MATCH with the condition that its relationships differ, which Neo4j implies."""
    where = next((k for k in inside if w.word(k) == "WHERE"), j)
    conditions = " AND ".join(f"id({a}) <> id({b})" for a, b in confusable(w, i, where))
    w.expression(i, where)
    if not conditions:
        w.expression(where, j)
    elif where == j:
        w.write(f" WHERE {conditions}", j - 1)
    else:
        w.write(f" WHERE {conditions} AND (", where)
        w.expression(where + 1, j)
        w.write(")", j - 1)


def confusable(w: Writer, i: int, j: int) -> list[tuple[str, str]]:
    """The pairs of relationships in the pattern from ``i`` to ``j`` that could be one; names those without."""
    found = [one for k in w.top(i, j) if (one := link(w, k))]
    pairs = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :] if a.may_be(b)]
    for one in {id(one): one for pair in pairs for one in pair}.values():
        if not one.name:
            one.name = f"kg_link{len(w.links) + 1}"
            w.links[one.place] = one.name
    return [(a.name, b.name) for a, b in pairs if a.name != b.name]


def link(w: Writer, k: int) -> Link | None:
    """The relationship of fixed length whose pattern has its bracket, or the first dash of two, at ``k``."""
    if w.text(k) == "-" and w.text(k + 1) == "-" and w.text(k - 1) in (")", "<"):
        return Link(k, "", frozenset())
    if w.text(k) != "[" or w.text(k - 1) != "-" or w.text(w.pairs[k] + 1) != "-":
        return None
    inside = w.top(k + 1, w.pairs[k])
    if any(w.text(n) == "*" for n in inside):
        return None
    named = bool(inside) and w.words[k + 1].kind in ("word", "quoted")
    types = {w.text(n).strip("`") for n in inside[1 if named else 0 :] if w.words[n].kind in ("word", "quoted")}
    return Link(k, w.text(k + 1) if named else "", frozenset(types))


def check_lone_count(w: Writer, head: int, inside: Sequence[int], end: int) -> None:
    """Refuse ``RETURN COUNT { ... }`` alone, of which the engine loses the rows that count 0."""
    if w.word(head) not in ("RETURN", "WITH") or not inside:
        return
    stop = next((k for k in inside if w.word(k) in ("ORDER", "SKIP", "LIMIT", "WHERE")), end)
    items = w.split(inside[0], stop)
    lone = [a for a, _ in items if w.word(a) == "COUNT" and w.text(a + 1) == "{"]
    if lone and len(lone) == len(items):
        raise w.absent(lone[0], f"COUNT {{ }} alone in {w.word(head)}", "add a column such as the id of the node")


def is_operand(w: Writer, k: int) -> bool:
    before = w.word(k - 1)
    if w.word(k) == "WITH" and before in ("STARTS", "ENDS"):
        return True
    if w.word(k) == "MATCH" and before == "OPTIONAL":
        return True
    return w.text(k - 1) in (".", ":", "$") or w.text(k + 1) in (":", ".") or before == "AS"
