"""One page that tells a supervisor what is in a graph: counts, boards, trends, gaps and conflicts, with the evidence.

The page is one HTML file without scripts; its Content-Security-Policy allows nothing but the style sheet that it
carries, by its digest. Every number links to what it rests on, on the page. The same graph gives the same bytes.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

import networkx as nx

from kg.answers.conflicts import different_values, reversals
from kg.answers.gaps import widest_gaps
from kg.answers.leaderboard import Board, leaderboards
from kg.answers.report import charts
from kg.answers.report.notes import Notes
from kg.answers.results import Reported, reported
from kg.answers.support import by_support, entities, name_of, neighbours, papers, papers_of, said, support
from kg.answers.trends import Trend, trends
from kg.model import Relation

TOP = 12
BOARDS = 8
ROWS = 10
MOST = 1500
"""Rows of the list of all results, and names of each list of subjects: a page that opens at once."""
_KINDS = (("Method", "Methods"), ("Dataset", "Datasets"), ("Task", "Tasks"))


def report(graph: nx.MultiDiGraph, *, title: str = "What these papers say", years: int = 3) -> str:
    """Give the report on a graph as the text of an HTML page; trends compare the last ``years`` years with the rest."""
    notes = Notes(graph)
    parts: Sequence[tuple[str, str, Callable[[], str]]] = (
        ("overview", "At a glance", lambda: _overview(graph)),
        ("top", "Most used", lambda: _top(graph, notes)),
        ("leaderboards", "Leaderboards", lambda: _boards(graph, notes)),
        ("trends", "Rising and falling", lambda: _trends(graph, notes, years)),
        ("matrix", "Methods by datasets", lambda: _matrix(graph, notes)),
        ("new", "Newest methods", lambda: _newest(graph, notes)),
        ("gaps", "What nobody tried", lambda: _gaps(graph, notes)),
        ("conflicts", "Where papers disagree", lambda: _conflicts(graph, notes)),
    )
    body = "".join(_section(key, head, write()) for key, head, write in parts)
    # The notes come last, when all that is referred to is known.
    tail = (
        ("evidence", "Evidence", notes.evidence()),
        ("results", "Reported results", _results(graph, notes)),
        ("subjects", "Papers on each subject", notes.subjects(MOST)),
        ("papers", "Papers", notes.list_of_papers()),
        ("method", "How this was made", Template(_file("method.html")).substitute(years=years)),
    )
    body += "".join(_section(key, head, text) for key, head, text in tail)
    contents = "".join(
        f'<li><a href="#{key}">{head}</a></li>'
        for key, head in [*((k, h) for k, h, _ in parts), *((k, h) for k, h, _ in tail)]
    )
    style = _file("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Template(_file("page.html")).substitute(
        policy=escape(policy), title=escape(title), style=style, contents=contents, span=_span(graph), body=body
    )


@cache
def _file(name: str) -> str:
    return resources.files("kg.answers.report").joinpath(name).read_text("utf-8")


def _section(key: str, head: str, text: str) -> str:
    return f'<section id="{key}"><h2>{head}</h2>{text}</section>'


def _span(graph: nx.MultiDiGraph) -> str:
    dated = papers(graph)
    known = [year for year in dated.values() if year is not None]
    years = f", {min(known)} to {max(known)}" if known else ""
    return f"{_count(len(dated), 'paper')}{years}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = (), kind: str = "") -> str:
    """A table of cells that are HTML already; the columns in ``numbers`` stand to the right."""
    right = set(numbers)

    def cell(tag: str, place: int, text: str) -> str:
        side = ' class="num"' if place in right else ""
        return f"<{tag}{side}>{text}</{tag}>"

    top = "".join(cell("th" if text else "td", i, text) for i, text in enumerate(head))
    lines = "".join("<tr>" + "".join(cell("td", i, text) for i, text in enumerate(row)) + "</tr>" for row in rows)
    table = f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<div class="wide" tabindex="0">{table}</div>'


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _overview(graph: nx.MultiDiGraph) -> str:
    dated = papers(graph)
    kinds = {label: list(entities(graph, label)) for label, _ in _KINDS}
    numbers = sum(1 for _ in reported(graph))
    tiles = [
        (len(dated), "papers", "#papers"),
        *((len(kinds[label]), plural.lower(), f"#all-{label.lower()}") for label, plural in _KINDS),
        (numbers, "reported results", "#results"),
    ]
    text = "".join(f'<li><a href="{url}"><b>{number:,}</b> {what}</a></li>' for number, what, url in tiles)
    text = f'<ul class="tiles">{text}</ul>'
    known: dict[int, int] = {}
    for year in dated.values():
        if year is not None:
            known[year] = known.get(year, 0) + 1
    if known:
        first = max(min(known), max(known) - 24)
        before = sum(count for year, count in known.items() if year < first)
        unknown = sum(1 for year in dated.values() if year is None)
        more = [f"{_count(before, 'paper')} before {first}"] if before else []
        more += [f"{_count(unknown, 'paper')} without a year"] if unknown else []
        svg = charts.papers_by_year({year: n for year, n in known.items() if year >= first}, "#papers")
        text += _figure(svg, "Papers per year" + (f"; not shown: {' and '.join(more)}" if more else "") + ".")
    else:
        text += '<p class="few">No paper of this graph has a year, so nothing can be said about time.</p>'
    return text


def _top(graph: nx.MultiDiGraph, notes: Notes) -> str:
    columns = []
    for label, plural in _KINDS:
        counted = [(int(graph.nodes[node]["papers"]), node) for node in entities(graph, label)]
        best = [node for node in by_support(counted) if graph.nodes[node]["papers"]][:TOP]
        most = int(graph.nodes[best[0]]["papers"]) if best else 1
        rows = []
        for node in best:
            number = int(graph.nodes[node]["papers"])
            rows.append((escape(name_of(graph, node)), _bar(number, most), notes.papers_about(node)))
        table = _table((plural, "", "papers"), rows, numbers=(2,), kind=f"top {label.lower()}")
        columns.append(f'<div id="top-{label.lower()}">{table}</div>')
    return f'<div class="columns">{"".join(columns)}</div><p class="aside">Counted in distinct papers.</p>'


def _bar(number: int, most: int) -> str:
    width = round(100 * number / most, 1)
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width}" height="8" rx="1.5"></rect></svg>'
    )


def _boards(graph: nx.MultiDiGraph, notes: Notes) -> str:
    boards = [b for b in leaderboards(graph) if b.metric is not None and len(b.entries) > 1]
    boards = [b for b in boards if b.papers > 1][:BOARDS]
    if not boards:
        return (
            '<p class="few">No two abstracts of this graph report the same metric on the same dataset, so there is'
            " nothing to rank.</p>"
        )
    return (
        "<p>Absolute values as the abstracts state them, the best first in the metric's own direction. Boards with one"
        " paper are left out; gains and numbers that a sentence only compares with are not ranked.</p>"
    ) + "".join(_board(graph, notes, board, number) for number, board in enumerate(boards, 1))


def _board(graph: nx.MultiDiGraph, notes: Notes, board: Board, number: int) -> str:
    metric = board.metric
    assert metric is not None  # noqa: S101 - chosen so by the caller
    setting = f" ({', '.join(board.setting)})" if board.setting else ""
    better = "higher" if metric.direction == "up" else "lower"
    head = f"{escape(name_of(graph, board.dataset))} <span>{escape(metric.name + setting)}, {better} is better</span>"
    address = {entry.result: f"#board-{number}-{place}" for place, entry in enumerate(board.entries, 1)}
    rows = []
    for place, entry in enumerate(board.entries[:ROWS], 1):
        result = entry.result
        how = "" if result.how == "stated" else f" <small>(metric: {escape(result.how)})</small>"
        rows.append(
            (
                f'<span id="board-{number}-{place}">{entry.rank}</span>',
                f'<a class="n" href="#paper-{notes.number(result.said.paper)}">{escape(result.written)}</a>',
                _method_name(graph, result),
                f'<span class="year">{result.said.year or ""}</span>',
                notes.quoted(result.said) + how,
            )
        )
    table = _table(
        ("", "value", "method", "year", "evidence"),
        rows,
        numbers=(0, 1),
        kind="board",
    )
    points = [
        charts.Point(e.result.said.year, e.result.value, _plain_method(graph, e.result), address[e.result])
        for e in board.entries[:ROWS]
        if e.result.said.year is not None
    ]
    chart = ""
    if len({point.year for point in points}) > 2:
        svg = charts.progress(points, unit=metric.unit, better=metric.direction, key=f"board{number}")
        chart = f"<figure>{svg}<figcaption>The line is the best so far.</figcaption></figure>"
    more = len(board.entries) - ROWS
    rest = (
        f'<p class="aside">{_count(more, "more row")}: <code>kg leaderboard</code> shows them.</p>' if more > 0 else ""
    )
    return f"<article><h3>{head}</h3>{chart}{table}{rest}</article>"


def _plain_method(graph: nx.MultiDiGraph, result: Reported) -> str:
    return name_of(graph, result.method) if result.method else "method not named"


def _method_name(graph: nx.MultiDiGraph, result: Reported) -> str:
    return (
        f"<b>{escape(name_of(graph, result.method))}</b>" if result.method else '<i class="soft">method not named</i>'
    )


def _trends(graph: nx.MultiDiGraph, notes: Notes, years: int) -> str:
    span, found = trends(graph, years=years)
    if span.says_nothing:
        return f'<p class="few">No trend can be told: {escape(span.says_nothing)}.</p>'
    tested = [trend for trend in found if trend.verdict != "too few"]
    up = [trend for trend in tested if trend.verdict.endswith("rising")]
    down = [trend for trend in tested if trend.verdict.endswith("falling")]
    moved = _of_both(up, down, TOP)
    sure = sum(trend.verdict in ("rising", "falling") for trend in moved)
    intro = (
        f"<p>Compared are {span.since} to {span.last} ({_count(span.recent, 'paper')}) with {span.first} to"
        f" {span.since - 1} ({_count(span.earlier, 'paper')}). A thing that does not change has {span.expected:.0%} of"
        f" its papers in the later years. {len(tested):,} things have enough papers to be tested;"
        f" {len(found) - len(tested):,} have too few to say.</p>"
    )
    if not sure:
        intro += (
            '<p class="few">None of them changed beyond what chance allows once the number of tests is taken into'
            " account." + (" Those below would by themselves; take them as hints." if moved else "") + "</p>"
        )
    if not moved:
        return intro
    first = max(span.first, span.last - 14)
    lines = [
        charts.Line(
            name_of(graph, trend.entity),
            f"{trend.verdict}, p {_chance(trend.p)}",
            {year: count / span.papers[year] for year, count in trend.years.items()},
            notes.address(trend.entity),
        )
        for trend in _of_both(up, down, 8)
    ]
    figure = _figure(
        charts.small_multiples(lines, first, span.last, span.since),
        f"Share of each year's papers, {first} to {span.last}, each on its own scale; shaded: the years compared.",
    )
    rows = [
        (
            f"<b>{escape(name_of(graph, trend.entity))}</b>",
            f'<span class="kind">{graph.nodes[trend.entity]["label"].lower()}</span>',
            f"{trend.share_earlier:.1%}",
            f"{trend.share_recent:.1%}",
            notes.papers_about(trend.entity, f"{trend.recent} of {trend.recent + trend.earlier}"),
            f"{trend.low:.0%} to {trend.high:.0%}",
            escape(_chance(trend.p).removeprefix("= ")),
            _verdict(trend.verdict),
        )
        for trend in moved
    ]
    head = ("", "kind", "share before", "share now", "papers now", "95 % interval", "p", "")
    return intro + figure + _table(head, rows, numbers=(2, 3, 4, 5, 6))


def _of_both(up: list[Trend], down: list[Trend], most: int) -> list[Trend]:
    """So many of two lists, half of each where both are long enough."""
    return up[: most - min(most // 2, len(down))] + down[: most - min(most // 2, len(up))]


def _chance(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"= {p:.2g}"


def _verdict(text: str) -> str:
    sign = {"rising": "▲", "falling": "▼", "perhaps rising": "△", "perhaps falling": "▽"}.get(text, "")
    return f'<span class="verdict">{sign} {text}</span>'


def _matrix(graph: nx.MultiDiGraph, notes: Notes) -> str:
    links = [
        (source, target, data)
        for source, target, key, data in graph.edges(keys=True, data=True)
        if key == Relation.EVALUATED_ON.value
    ]
    if len(links) < 4:
        return '<p class="few">Too few abstracts say what was evaluated on what for a matrix.</p>'
    columns = _busiest(graph, [(target, source, data) for source, target, data in links])[:14]
    held = [(source, target, data) for source, target, data in links if target in columns]
    rows = _busiest(graph, held)[:22]
    cells = {}
    for source, target, data in sorted(held, key=lambda link: link[:2]):
        if source in rows:
            what = f"{name_of(graph, source)} evaluated on {name_of(graph, target)}"
            address = notes.sentences_address(what, said(graph, data))
            cells[rows.index(source), columns.index(target)] = (support(data), address)
    svg = charts.heat_map([name_of(graph, row) for row in rows], [name_of(graph, column) for column in columns], cells)
    return _figure(
        svg,
        "Papers that evaluate a method (rows) on a dataset (columns). Each number leads to its sentences.",
    )


def _busiest(graph: nx.MultiDiGraph, links: Iterable[tuple[str, str, Any]]) -> list[str]:
    """Order the first ends of links: by papers that state them, by how many ends they lead to, by papers at all."""
    seen: dict[str, set[str]] = {}
    ends: dict[str, set[str]] = {}
    for node, other, data in links:
        seen.setdefault(node, set()).update(one.paper for one in said(graph, data))
        ends.setdefault(node, set()).add(other)
    known = graph.nodes
    return sorted(seen, key=lambda node: (-len(seen[node]), -len(ends[node]), -known[node]["papers"], node))


def _newest(graph: nx.MultiDiGraph, notes: Notes) -> str:
    coined = []
    for method in entities(graph, "Method"):
        proposals = list(neighbours(graph, method, (Relation.PROPOSES,), inward=True))
        years = [graph.nodes[paper]["year"] for paper, _ in proposals]
        known = [year for year in years if year is not None]
        # Coined here: the first paper of the graph that speaks of it is one that proposes it.
        if known and min(known) == graph.nodes[method]["first_year"]:
            coined.append((-min(known), -len(papers_of(graph, method)), method, proposals))
    if not coined:
        return '<p class="few">No dated paper of this graph proposes a method.</p>'
    rows = []
    for year, _, method, proposals in sorted(coined, key=lambda item: item[:3])[:TOP]:
        sentences = [one for _, data in proposals for one in said(graph, data, limit=1)][:1]
        datasets = [name_of(graph, other) for other, _ in neighbours(graph, method, (Relation.EVALUATED_ON,))][:4]
        rows.append(
            (
                f'<span class="year">{-year}</span>',
                f"<b>{escape(name_of(graph, method))}</b>",
                notes.papers_about(method),
                escape(", ".join(datasets)) or '<i class="soft">no dataset named</i>',
                "".join(notes.quoted(one) for one in sentences),
            )
        )
    return _table(("year", "method", "papers", "evaluated on", "proposed in"), rows, numbers=(2,), kind="board new")


def _gaps(graph: nx.MultiDiGraph, notes: Notes) -> str:
    found = widest_gaps(graph, limit=8)
    if not found:
        return '<p class="few">Too few methods have relatives that were tried elsewhere.</p>'
    rows = []
    for gap in found:
        reasons = []
        for reason in gap.reasons[:3]:
            what = f"{name_of(graph, reason.relative)} evaluated on {name_of(graph, gap.dataset)}"
            link = notes.sentences(what, reason.said, _count(reason.papers, "paper"))
            reasons.append(f"<b>{escape(name_of(graph, reason.relative))}</b>, {escape(reason.related)}: {link}")
        more = f"; {_count(len(gap.reasons) - 3, 'more relative')}" if len(gap.reasons) > 3 else ""
        rows.append(
            (
                f"<b>{escape(name_of(graph, gap.method))}</b>",
                f"<b>{escape(name_of(graph, gap.dataset))}</b>",
                "; ".join(reasons) + more,
            )
        )
    intro = (
        "<p>Methods that no abstract here evaluates or trains on a dataset, though their relatives were evaluated on"
        " it. Absent from these abstracts is not absent from the world: a full paper may have it.</p>"
    )
    return intro + _table(("method", "not on", "though these were"), rows, kind="gaps")


def _results(graph: nx.MultiDiGraph, notes: Notes) -> str:
    found = sorted(reported(graph), key=lambda r: (r.dataset or "~", r.metric.name if r.metric else "~", r.said.paper))
    rows = [
        (
            escape(name_of(graph, result.dataset)) if result.dataset else '<i class="soft">not named</i>',
            escape(" ".join((result.metric.name if result.metric else "metric not stated", *result.setting))),
            _method_name(graph, result),
            ("+" if result.gain else "") + escape(result.written),
            notes.quoted(result.said),
        )
        for result in found[:MOST]
    ]
    more = f"<p>{_count(len(found) - MOST, 'more result')} in the graph.</p>" if len(found) > MOST else ""
    return _table(("dataset", "metric", "method", "value", "evidence"), rows, numbers=(3,), kind="all") + more


def _conflicts(graph: nx.MultiDiGraph, notes: Notes) -> str:
    values, turns = different_values(graph)[:6], reversals(graph)[:6]
    if not values and not turns:
        return (
            '<p class="few">No two abstracts here give different values for the same method, dataset, metric and'
            " setting, and none says the opposite of another on which method is better.</p>"
        )
    text = (
        "<p>Different numbers for what reads as the same thing, and methods that papers rank both ways. A reason to"
        " look closer, no proof of an error: abstracts leave out how a number came about.</p>"
    )
    for value in values:
        what = ", ".join((name_of(graph, value.dataset), value.metric.name, *value.setting))
        sides = "".join(f"<div><b>{escape(one.written)}</b> {notes.quoted(one.said)}</div>" for one in value.values)
        head = f"{escape(name_of(graph, value.method))} <span>{escape(what)}</span>"
        text += f'<article><h3>{head}</h3><div class="sides">{sides}</div></article>'
    for turn in turns:
        a, b = escape(name_of(graph, turn.a)), escape(name_of(graph, turn.b))
        sides = "".join(
            f"<div><b>{first} beats {second}</b> <small>by {escape(win.how)}</small> {notes.quoted(win.said)}</div>"
            for first, second, wins in ((a, b, turn.for_a), (b, a, turn.for_b))
            for win in wins[:2]
        )
        text += f'<article><h3>{a} <span>or</span> {b}</h3><div class="sides">{sides}</div></article>'
    return text
