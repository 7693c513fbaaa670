"""Translate expressions: functions, subqueries, map projections and labels asked as conditions."""

from kg.errors import QueryError
from kg.store.plain import literal
from kg.store.schema import ENTITIES, PACKED
from kg.store.tokens import place
from kg.store.translate.brackets import bracket, is_value, shortest
from kg.store.translate.words import CLAUSES, LONG, OPEN, OPERATORS, Writer

_RENAMED = {
    "substring": "kg_substring",
    "log": "ln",
    "labels": "kg_labels",
    "tostring": "kg_string",
    "tostringornull": "kg_string",
    "tointeger": "kg_integer",
    "tointegerornull": "kg_integer",
    "tofloat": "kg_float",
    "tofloatornull": "kg_float",
    "round": "kg_round",
}
_POSITIONS = {"head": "0", "last": "-1"}
_RESERVED = frozenset(
    {"ACYCLIC", "COLUMN", "DBTYPE", "DEFAULT", "FOR", "GLOB", "GROUP", "INDEX", "MACRO", "PRIMARY", "TABLE", "TRAIL"}
)
"""Words that only the embedded engine reserves; a query uses them as names."""

_ABSENT = {
    "startnode": "name the node in the pattern",
    "endnode": "name the node in the pattern",
    "exists": "write n.x IS NOT NULL or EXISTS { (a)-->(b) }",
    "stdev": "compare min, avg and max",
    "stdevp": "compare min, avg and max",
    "datetime": "years are numbers here",
    "localdatetime": "years are numbers here",
    "localtime": "years are numbers here",
    "time": "years are numbers here",
    "duration": "years are numbers here",
    "point": "nothing here has a place",
    "rand": "order by a property",
}


def one(w: Writer, i: int, j: int) -> int:
    """Write what begins at ``i``; give where the next begins."""
    token, following = w.words[i], w.text(i + 1) if i + 1 < j else ""
    if token.kind == "word" and following == "(" and (token.word == "ALL" or token.word not in OPERATORS):
        return call(w, i)
    if token.word in ("EXISTS", "COUNT") and following == "{":
        return subquery(w, i)
    if token.kind in ("word", "quoted") and following == "{" and projection(w, i):
        return w.pairs[i + 1] + 1
    if token.kind in ("word", "quoted") and following == ":" and predicate(w, i):
        return label_test(w, i, j)
    if token.text == ":" and w.text(i + 1) in ("Entity", "Benchmark", "`Entity`", "`Benchmark`"):
        return label(w, i)
    if token.text == "[":
        return bracket(w, i)
    if token.text == "|" and following == "|":
        w.write(" + ", i)
        return i + 2
    if token.word in _RESERVED:
        w.write(f" `{token.text}`", i)
        w.began[i] = len(w.out) - 1
        return i + 1
    if token.text in OPEN:
        if token.text == "(" and any(w.word(k) == "WHERE" for k in w.top(i + 1, w.pairs[i])):
            raise w.absent(i, "WHERE inside a pattern", "write it after the pattern")
        w.copy(i)
        w.expression(i + 1, w.pairs[i])
        w.copy(w.pairs[i])
        w.began[w.pairs[i]] = w.began[i]
        return w.pairs[i] + 1
    if i in w.links and token.text == "-":
        w.write(f"-[{w.links[i]}]-", i)
        return i + 2
    if token.text == "." and i + 1 < j and w.name(i + 1) in PACKED and is_value(w, i - 1):
        begun = w.began.get(i - 1, len(w.out) - 1)
        w.copy(i)
        w.copy(i + 1)
        w.unpack(begun, w.name(i + 1), i)
        w.began[i + 1] = begun
        return i + 2
    if token.kind == "parameter" and w.guess.values is not None:
        w.write(" " + literal(w.guess.values[token.text[1:].strip("`")]), i)
        w.began[i] = len(w.out) - 1
        return i + 1
    w.copy(i)
    if token.text == "." and token.kind == "symbol":
        # a.b is one thing that a position may follow
        w.began[i] = w.began.get(i - 1, len(w.out) - 1)
    elif w.text(i - 1) == ".":
        w.began[i] = w.began.get(i - 1, len(w.out) - 1)
    return i + 1


def call(w: Writer, i: int) -> int:
    name, close = w.text(i).lower(), w.pairs[i + 1]
    if name in ("shortestpath", "allshortestpaths"):
        return shortest(w, i, " ALL SHORTEST" if name == "allshortestpaths" else " SHORTEST")
    if name == "reduce":
        return reduce(w, i)
    if name in _ABSENT:
        raise w.absent(i, f"{w.text(i)}()", _ABSENT[name])
    begun = len(w.out)
    if name in _POSITIONS or name == "tail":
        w.write(" kg_slice(" if name == "tail" else f" {w.guess.at}(", i)
        w.expression(i + 2, close)
        w.write(f", 1, {LONG})" if name == "tail" else f", {_POSITIONS[name]})", close)
        w.began[close] = begun
        return close + 1
    if name == "reverse":
        w.write(f" {w.guess.reverse}", i)
    elif name == "elementid" and is_compared(w, i, close):
        # The engine joins by its own numbers, and not by the texts made of them.
        w.write(" id", i)
    elif name in _RENAMED:
        new = _RENAMED[name]
        if name in ("round", "substring") and len(w.split(i + 2, close)) > (1 if name == "round" else 2):
            new = "round" if name == "round" else "kg_substring3"
        w.write(f" {new}", i)
    else:
        w.copy(i)
    w.copy(i + 1)
    w.expression(i + 2, close)
    w.copy(close)
    w.began[close] = w.began[i] = begun
    return close + 1


def is_compared(w: Writer, i: int, close: int) -> bool:
    """Whether the call from ``i`` to ``close`` is compared with another of the same function."""
    equal = ("=", "<>")
    if w.text(close + 1) in equal:
        return w.text(close + 2).lower() == w.text(i).lower() and w.text(close + 3) == "("
    before = w.pairs.get(i - 2, 0) - 1 if w.text(i - 1) in equal else 0
    return before > 0 and w.text(before).lower() == w.text(i).lower()


def reduce(w: Writer, i: int) -> int:
    """``reduce(sum = start, x IN list | step)`` as ``list_reduce([start] + list, (sum, x) -> step)``."""
    close = w.pairs[i + 1]
    parts = w.split(i + 2, close)
    bar = [k for k in w.top(i + 2, close) if w.text(k) == "|"]
    if len(parts) < 2 or not bar or w.text(i + 3) != "=" or w.word(parts[1][0] + 1) != "IN":
        raise QueryError(f"{place(w.source, w.words[i].start)}: write reduce(total = 0, x IN list | total + x)")
    begun = len(w.out)
    w.write(" list_reduce([", i)
    w.expression(i + 4, parts[0][1])
    w.write("] + (", i)
    w.expression(parts[1][0] + 2, bar[0])
    w.write(f"), ({w.text(i + 2)}, {w.text(parts[1][0])}) -> (", i)
    w.expression(bar[0] + 1, close)
    w.write("))", close)
    w.began[close] = begun
    return close + 1


def subquery(w: Writer, i: int) -> int:
    """``EXISTS { (a)-->(b) }`` needs a MATCH here."""
    close = w.pairs[i + 1]
    w.copy(i)
    w.copy(i + 1)
    if w.word(i + 2) not in CLAUSES:
        w.write(" MATCH", i + 2)
    w.clauses(i + 2, close)
    w.copy(close)
    return close + 1


def projection(w: Writer, i: int) -> bool:
    """Write ``n {.name, x: 1}`` as ``{name: n.name, x: 1}``; False where it is something else."""
    opened, close = i + 1, w.pairs[i + 1]
    items = w.split(opened + 1, close)
    if not any(w.text(a) == "." for a, _ in items) or w.text(i - 1) in ("(", ":", "|"):
        return False
    name = w.text(i)
    if len(items) == 1 and w.text(items[0][0] + 1) == "*":
        w.write(f" properties({name})", i)
        w.began[close] = len(w.out) - 1
        return True
    begun = len(w.out)
    w.write(" {", i)
    for number, (a, b) in enumerate(items):
        if number:
            w.write(", ", a)
        if w.text(a) != ".":
            if b - a == 1:
                w.write(f"{w.text(a)}: ", a)
            w.expression(a, b)
            continue
        if w.text(a + 1) == "*":
            raise w.absent(a, ".* beside other items", "name the properties")
        w.write(f"{w.text(a + 1)}: ", a)
        at = len(w.out)
        w.write(f"{name}.{w.text(a + 1)}", a)
        w.unpack(at, w.name(a + 1), a)
    w.write("}", close)
    w.began[close] = begun
    return True


def predicate(w: Writer, i: int) -> bool:
    before, after = w.word(i - 1), w.word(i + 3)
    if before in ("WHERE", "AND", "OR", "XOR", "NOT", "WHEN"):
        return True
    return w.text(i - 1) == "(" and after in ("AND", "OR", "XOR")


def label_test(w: Writer, i: int, j: int) -> int:
    name, k = w.text(i), i + 1
    labels: list[str] = []
    while k + 1 < j and w.text(k) in (":", "|"):
        if w.text(k) == ":" and labels:
            raise QueryError(
                f"{place(w.source, w.words[k].start)}: a node has one label in the embedded engine; "
                "write n.benchmark or labels with |"
            )
        labels.append(w.text(k + 1).strip("`"))
        k += 2
    if labels == ["Benchmark"]:
        w.write(f" coalesce({name}.benchmark, false)", i)
        return k
    wide = [label for name in labels for label in (ENTITIES if name == "Entity" else (name,))]
    quoted = ", ".join("'" + label.replace("\\", "\\\\").replace("'", "\\'") + "'" for label in wide)
    w.write(f" (label({name}) IN [{quoted}])", i)
    return k


def label(w: Writer, i: int) -> int:
    """Write the labels Entity and Benchmark, which only Neo4j has, in a node pattern."""
    if w.text(i + 1).strip("`") == "Entity":
        w.write(":" + "|".join(ENTITIES), i)
        # :Entity:Method is a Method
        if w.text(i + 2) == ":":
            w.out.pop()
        return i + 2
    w.write(":Dataset", i)
    if w.text(i + 2) == "{":
        w.write(" {benchmark: true, ", i)
        w.expression(i + 3, w.pairs[i + 2])
        w.copy(w.pairs[i + 2])
        return w.pairs[i + 2] + 1
    w.write(" {benchmark: true}", i)
    return i + 2
