"""Translate what square brackets hold: relationships, lists, comprehensions, positions, slices; and shortest paths."""

from kg.errors import QueryError
from kg.store.tokens import place
from kg.store.translate.words import LONG, OPERATORS, Piece, Writer

_NATIVE = frozenset({"SHORTEST", "ALL", "TRAIL", "ACYCLIC", "WSHORTEST", "WALK"})


def bracket(w: Writer, i: int) -> int:
    close = w.pairs[i]
    before, after = w.text(i - 1), w.text(close + 1)
    if before in ("-", "<-") and after in ("-", "->"):
        return relationship(w, i)
    if is_value(w, i - 1):
        return position(w, i)
    if w.words[i + 1].kind in ("word", "quoted") and w.word(i + 2) == "IN":
        return comprehension(w, i)
    bar = any(w.text(k) == "|" for k in w.top(i + 1, close))
    if bar and (w.text(i + 1) == "(" or w.text(i + 2) == "="):
        raise w.absent(i, "a pattern comprehension", "MATCH the pattern and collect(...)")
    w.copy(i)
    w.expression(i + 1, close)
    w.copy(close)
    w.began[close] = w.began[i]
    return close + 1


def relationship(w: Writer, i: int) -> int:
    close, k = w.pairs[i], i
    while k <= close:
        if w.text(k) == "*" and w.word(k + 1) in _NATIVE:
            k = w.plain(w.plain(k))
        elif w.text(k) == "*":
            # Neo4j follows no relationship twice in one pattern; the embedded engine has to be told.
            w.write("* TRAIL", k)
            k = lengths(w, k + 1)
        elif w.text(k) == "{":
            w.expression(k, w.pairs[k] + 1)
            k = w.pairs[k] + 1
        else:
            if w.word(k) == "WHERE":
                raise w.absent(k, "WHERE inside a pattern", "write it after the pattern")
            k = w.plain(k)
            if k == i + 1 and i in w.links:
                w.write(w.links[i], i)
    return close + 1


def lengths(w: Writer, k: int) -> int:
    """Write the bounds that follow the star of a variable-length relationship, from 1 where no lower is given."""
    low = high = ""
    if w.words[k].kind == "number":
        low = high = w.text(k)
        k += 1
    if w.text(k) == "..":
        low, high = low or "1", ""
        k += 1
        if w.words[k].kind == "number":
            high = w.text(k)
            k += 1
    w.write(f" {low or '1'}..{high}", k)
    return k


def shortest(w: Writer, i: int, how: str) -> int:
    close = w.pairs[i + 1]
    stars = [k for k in range(i + 2, close) if w.text(k) == "*" and w.text(k - 1) != "("]
    if not stars:
        raise QueryError(
            f"{place(w.source, w.words[i].start)}: {w.text(i)} needs a length, as in shortestPath((a)-[*..6]-(b))"
        )
    k = i + 2
    while k < close:
        if k == stars[0]:
            w.write(f"*{how}", k)
            k = lengths(w, k + 1)
        elif w.text(k) == "[":
            # Inside a relationship's brackets there is nothing else to rewrite.
            w.copy(k)
            k += 1
        else:
            k = w.one(k, close) if w.text(k) in "({" else w.plain(k)
    return close + 1


def is_value(w: Writer, k: int) -> bool:
    if k < 0:
        return False
    token = w.words[k]
    if token.kind in ("quoted", "parameter"):
        return True
    return token.text in (")", "]", "}") or (token.kind == "word" and token.word not in OPERATORS)


def position(w: Writer, i: int) -> int:
    close = w.pairs[i]
    begun = w.began.get(i - 1, len(w.out) - 1)
    dots = [k for k in w.top(i + 1, close) if w.text(k) == ".."]
    at = w.words[i].start
    if not dots and close == i + 2 and w.words[i + 1].kind == "string":
        name = w.text(i + 1)[1:-1].replace("`", "``")
        w.write(f".`{name}`", i)
        w.unpack(begun, name, i)
    elif dots:
        w.out.insert(begun, Piece(" kg_slice(", at))
        w.write(", ", i)
        bound(w, i + 1, dots[0], "0")
        w.write(", ", i)
        bound(w, dots[0] + 1, close, LONG)
        w.write(")", close)
    else:
        w.out.insert(begun, Piece(f" {w.guess.at}(", at))
        w.write(", ", i)
        w.expression(i + 1, close)
        w.write(")", close)
    w.began[close] = begun
    return close + 1


def bound(w: Writer, i: int, j: int, default: str) -> None:
    if i == j:
        w.write(default, i)
    else:
        w.expression(i, j)


def comprehension(w: Writer, i: int) -> int:
    """``[x IN list WHERE test | value]`` as ``list_transform(list_filter(list, x -> test), x -> value)``."""
    close, name = w.pairs[i], w.text(i + 1)
    top = w.top(i + 3, close)
    where = next((k for k in top if w.word(k) == "WHERE"), None)
    bar = next((k for k in top if w.text(k) == "|" and w.text(k + 1) != "|" and w.text(k - 1) != "|"), None)
    begun = len(w.out)
    source_end = where if where is not None else bar if bar is not None else close
    w.write(" " + ("list_transform(" if bar is not None else "") + ("list_filter(" if where is not None else ""), i)
    w.expression(i + 3, source_end)
    if where is not None:
        w.write(f", {name} -> (", where)
        w.expression(where + 1, bar if bar is not None else close)
        w.write("))", where)
    if bar is not None:
        w.write(f", {name} -> (", bar)
        w.expression(bar + 1, close)
        w.write("))", bar)
    w.began[close] = begun
    return close + 1
