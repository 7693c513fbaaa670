"""Commands that answer: leaderboard, lineage, trends, gaps, conflicts, similar."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.ask import GRAPH
from kg.cli.output import console, count, note, print_table
from kg.cli.sentences import JSON, ROLL_UP, find, limited, load, more_of, name_of, plain, print_json, quote, say

if TYPE_CHECKING:
    import networkx as nx
    from rich.tree import Tree

    from kg.answers import Board, Branch
    from kg.answers.conflicts import Different, Reversal


@click.command()
@GRAPH
@click.argument("dataset", metavar="[DATASET]", required=False)
@click.option("--metric", metavar="NAME", help="Only this metric, such as accuracy, mIoU or WER.")
@ROLL_UP
@limited(10, "Boards")
@JSON
def leaderboard(
    *, graph: Path, dataset: str | None, metric: str | None, roll_up: bool, limit: int, as_json: bool
) -> None:
    """Rank the results that papers report on a dataset.

    Each board is one metric in one setting (5-shot, test-dev), sorted the way that the metric is better. Gains ("+2.1
    points") and numbers that a sentence only compares with stand apart. Every row has its sentence.

    \b
    Examples:
      kg leaderboard papers.kg imagenet
      kg leaderboard papers.kg --metric mIoU
    """
    from kg import answers

    found = load(graph)
    wanted = _metric(metric) if metric else None
    node = find(found, dataset, "Dataset") if dataset else None
    if roll_up:
        found = answers.roll_up(found, labels=("Method",))
    boards = list(answers.leaderboards(found, node, metric=wanted))
    if as_json:
        return print_json(boards)
    for board in boards[:limit]:
        _print_board(found, board)
    more_of(len(boards), limit, "board")
    if not boards:
        on = f" on {name_of(found, node)}" if node else ""
        note(f"no abstract of this graph states a result{on}{f' by {wanted.name}' if wanted else ''}")
    return None


def _metric(text: str) -> Any:
    from kg import answers
    from kg.errors import UsageError

    found = answers.find_metric(text)
    if found is None:
        import difflib

        near = difflib.get_close_matches(text.casefold(), [name.casefold() for name in answers.metrics()], 3, 0.5)
        hint = f"nearest: {', '.join(near)}" if near else "such as accuracy, mIoU, BLEU, FID or WER"
        raise UsageError(f"no metric {text[:80]!r} in the table; {hint}")
    return found


def _print_board(graph: "nx.MultiDiGraph", board: "Board") -> None:
    name = "metric not stated" if board.metric is None else board.metric.name
    better = "" if board.metric is None else f"{'higher' if board.metric.direction == 'up' else 'lower'} is better"
    parts = (name_of(graph, board.dataset), name, *board.setting, better, count(board.papers, "paper"))
    say(" · ".join(part for part in parts if part))
    groups = (
        [(f"{entry.rank}." if entry.rank else "-", entry.result) for entry in board.entries],
        [("gain", result) for result in board.gains],
        [("cf.", result) for result in board.references],
    )
    for rank, result in (row for group in groups for row in group):
        method = name_of(graph, result.method) if result.method else "(method not named)"
        year = f"  {result.said.year}" if result.said.year else ""
        how = "" if result.how in ("stated", "") else f"  [metric {result.how}]"
        say(f"{rank:>5} {result.written:<10} {method}{year}{how}")
        quote(result.said)
    if board.impossible:
        say(f"      left out: {count(board.impossible, 'value')} that this metric cannot have")
    click.echo()


@click.command()
@GRAPH
@click.argument("name")
@click.option("--depth", type=click.IntRange(1, 10), default=3, show_default=True, help="Steps to follow.")
@click.option("--evidence", is_flag=True, help="Show the best sentence behind each step.")
@ROLL_UP
@JSON
def lineage(*, graph: Path, name: str, depth: int, evidence: bool, roll_up: bool, as_json: bool) -> None:
    """Show where a method comes from, and what came of it.

    Two trees of what is based on what, with the year of the first paper that proposes each method (in brackets: the
    first that speaks of it, where none proposes it), and the family: variants by name, such as ResNet-50 of ResNet.

    \b
    Examples:
      kg lineage papers.kg transformer
      kg lineage papers.kg resnet --roll-up --evidence
    """
    from kg import answers

    specific = found = load(graph)
    node = find(found, name, "Entity")
    relatives = answers.family(found, node)
    if roll_up:
        found = answers.roll_up(found)
        node = _root(node, relatives.parents)
        relatives = answers.family(specific, node)
    method = found.nodes[node]["label"] == "Method"
    trees = (
        {way: answers.lineage(found, node, way, depth=depth) for way in ("origins", "descendants")} if method else {}
    )
    if as_json:
        return print_json({"family": relatives, **trees})
    for way, title in (("origins", "is based on"), ("descendants", "is what these are based on")):
        tree = trees.get(way)
        if tree is not None and tree.branches:
            _print_tree(tree, title, evidence=evidence)
    if relatives.parents or relatives.variants:
        say(f"Family of {name_of(found, node)}")
        if relatives.parents:
            say(f"  variant of: {', '.join(name_of(specific, parent) for parent in relatives.parents)}")
        for steps, variant in relatives.variants:
            say(f"{'  ' * steps}- {name_of(specific, variant)}")
    elif not any(tree.branches for tree in trees.values()):
        note(f"no abstract of this graph says what {name_of(found, node)} is based on, or what is based on it")
    return None


def _root(node: str, parents: tuple[str, ...]) -> str:
    return parents[-1] if parents else node


def _print_tree(root: "Branch", title: str, *, evidence: bool) -> None:
    from rich.text import Text
    from rich.tree import Tree

    def label(branch: "Branch") -> Text:
        year = "" if branch.year is None else f" {branch.year}" if branch.proposed else f" ({branch.year})"
        papers = f"  {count(branch.papers, 'paper')}" if branch.papers else f" {title}"
        more = "  … above" if branch.seen else f"  … {branch.left_out} more" if branch.left_out else ""
        text = Text(plain(f"{branch.name}{year}{papers}{more}"))
        if evidence and branch.said:
            text.append(plain(f'\n"{branch.said[0].sentence}" ({branch.said[0].title})'), style="dim")
        return text

    def grow(tree: "Tree", branch: "Branch") -> None:
        for below in branch.branches:
            grow(tree.add(label(below)), below)

    top = Tree(label(root))
    grow(top, root)
    to = console()
    with to.capture() as caught:
        to.print(top)
    click.echo("\n".join(line.rstrip() for line in caught.get().splitlines()) + "\n")


@click.command()
@GRAPH
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--kind", type=click.Choice(["method", "dataset", "task"]), help="Only one kind; without NAME, all three."
)
@click.option("--years", type=click.IntRange(1), default=3, show_default=True, help="How many last years to compare.")
@click.option("--until", type=click.IntRange(1), metavar="YEAR", help="Last year; by default that of the last paper.")
@ROLL_UP
@limited(20, "Rows")
@JSON
def trends(
    *,
    graph: Path,
    names: tuple[str, ...],
    kind: str | None,
    years: int,
    until: int | None,
    roll_up: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show what rises and what falls.

    Compares the last years with all earlier ones by an exact binomial test (Clopper-Pearson interval at 95 %), which
    small counts do not fool; "rising" and "falling" hold after correction for the number of things tested
    (Benjamini-Hochberg, 5 %), "perhaps" only before it. "too few" means that no split of so few papers could show
    anything.

    \b
    Examples:
      kg trends papers.kg --kind method
      kg trends papers.kg transformer lstm --years 5
    """
    from kg import answers

    found = load(graph)
    label = kind.capitalize() if kind else None
    chosen = [find(found, name, label or "Entity") for name in names] if names else None
    if roll_up:
        relatives = {node: answers.family(found, node).parents for node in chosen or ()}
        found = answers.roll_up(found)
        chosen = [_root(node, relatives[node]) for node in chosen] if chosen is not None else None
    span, rows = answers.trends(found, label, only=chosen, years=years, until=until)
    if as_json:
        return print_json({"window": span, "trends": rows})
    if span.says_nothing:
        note(f"no trend can be told: {span.says_nothing}")
        return None
    say(
        f"{span.since}-{span.last}: {count(span.recent, 'paper')}; {span.first}-{span.since - 1}:"
        f" {count(span.earlier, 'paper')}; a thing that does not change has {span.expected:.0%} of its papers in"
        f" {span.since}-{span.last}."
    )
    if span.without_year:
        say(f"Left out: {count(span.without_year, 'paper')} without a year.")
    told = rows if names else [row for row in rows if row.verdict != "too few"]
    busiest = max(span.first, span.last - 23)
    print_table(
        ("name", "years", "share then", "share now", "papers", "of them now, 95 %", "p", "verdict"),
        [
            (
                name_of(found, row.entity),
                answers.sparkline(row.years, busiest, span.last),
                f"{row.share_earlier:.1%}",
                f"{row.share_recent:.1%}",
                row.recent + row.earlier,
                f"{row.low:.0%}-{row.high:.0%}",
                "" if row.verdict == "too few" else f"{row.p:.2g}",
                row.verdict,
            )
            for row in told[:limit]
        ],
    )
    few = sum(row.verdict == "too few" for row in rows)
    tested = len(rows) - few
    say(f"\n{count(tested, 'thing')} tested; {few:,} more with too few papers to say. Bars: {busiest}-{span.last}.")
    return None


@click.command()
@GRAPH
@click.argument("name", required=False)
@limited(10, "Gaps")
@JSON
def gaps(*, graph: Path, name: str | None, limit: int, as_json: bool) -> None:
    """Show what nobody has tried.

    For a method: datasets that its relatives were tried on and it was not. For a dataset: methods evaluated on its
    siblings and absent here. Without a name: the best supported gaps of the commonest methods. Each comes with its
    reasons. Absent means absent from the abstracts of this graph.

    \b
    Examples:
      kg gaps papers.kg resnet
      kg gaps papers.kg cifar10
    """
    from kg import answers

    found = load(graph)
    if name is None:
        rows = answers.widest_gaps(found, limit=1000)
    else:
        node = find(found, name, "Entity")
        label = found.nodes[node]["label"]
        if label == "Task":
            from kg.errors import UsageError

            raise UsageError(f"{name_of(found, node)} is a task; name a method or a dataset")
        rows = (answers.gaps_of_method if label == "Method" else answers.gaps_of_dataset)(found, node)
    if as_json:
        return print_json(rows)
    for gap in rows[:limit]:
        say(f"{name_of(found, gap.method)} on {name_of(found, gap.dataset)}: not in these abstracts, but")
        for reason in gap.reasons[:3]:
            say(f"  - {name_of(found, reason.relative)} ({reason.related}): {count(reason.papers, 'paper')}")
            if reason.said:
                quote(reason.said[0])
        if len(gap.reasons) > 3:
            say(f"  - and {len(gap.reasons) - 3} more")
        click.echo()
    more_of(len(rows), limit, "gap")
    if not rows:
        note("no gap found: too few relatives were tried elsewhere in these abstracts")
    return None


@click.command()
@GRAPH
@limited(20, "Conflicts of each sort")
@JSON
def conflicts(*, graph: Path, limit: int, as_json: bool) -> None:
    """Show where papers disagree.

    Different values for the same method, dataset, metric and setting; and pairs of methods of which one paper says that
    A beats B and another that B beats A. Both sides with their sentences: a reason to look, no proof of an error.

    \b
    Example:
      kg conflicts papers.kg
    """
    from kg import answers

    found = load(graph)
    values, turns = answers.different_values(found), answers.reversals(found)
    if as_json:
        return print_json({"values": values, "reversals": turns})
    for different in values[:limit]:
        _print_different(found, different)
    for reversal in turns[:limit]:
        _print_reversal(found, reversal)
    twice = answers.reported_twice(found)
    note(
        f"{count(len(values), 'disagreement')} on a value ({count(twice, 'value')} given by two papers or more), "
        f"{count(len(turns), 'reversal')} of who beats whom"
    )
    return None


def _print_different(graph: "nx.MultiDiGraph", found: "Different") -> None:
    where = " · ".join((name_of(graph, found.dataset), found.metric.name, *found.setting))
    say(f"{name_of(graph, found.method)} on {where}: {found.values[0].written} to {found.values[-1].written}")
    for value in found.values:
        say(f"  {value.written}")
        quote(value.said)
    click.echo()


def _print_reversal(graph: "nx.MultiDiGraph", found: "Reversal") -> None:
    a, b = name_of(graph, found.a), name_of(graph, found.b)
    for first, second, wins in ((a, b, found.for_a), (b, a, found.for_b)):
        say(f"{first} beats {second}: {count(len(wins), 'paper')}")
        for win in wins:
            say(f"  by {win.how}")
            quote(win.said)
    click.echo()


_ENCODED = 100
"""Papers or methods that --vectors compares: those that share most. Encoding all of a large graph takes minutes."""


@click.command()
@GRAPH
@click.argument("name")
@click.option("--vectors", is_flag=True, help="Compare what the texts say as well, by the tagger's encoder.")
@limited(10, "Rows")
@JSON
def similar(*, graph: Path, name: str, vectors: bool, limit: int, as_json: bool) -> None:
    """Find papers like a paper, or methods like a method.

    By what they share, the rare counting more: the cosine of binary vectors weighted by ln(N/n). Papers share the
    entities they speak of; methods the datasets, tasks and methods they are linked to. With --vectors, the 100 most
    alike are ranked by the mean of this and of the cosine of vectors: those of a paper's words, or of the words that
    name a method, less what all of them have in common.

    \b
    Examples:
      kg similar papers.kg resnet
      kg similar papers.kg resnet --vectors
      kg similar papers.kg 'Deep Residual Learning for Image Recognition'
    """
    from kg import answers
    from kg.cli.encode import vectors_of
    from kg.errors import UsageError
    from kg.graph import Graph

    opened = Graph(graph)
    found = opened.graph
    node = find(found, name, None)
    label = found.nodes[node]["label"]
    if label not in ("Paper", "Method"):
        raise UsageError(f"{name_of(found, node)} is {_article(label)}; name a paper or a method")
    like = answers.similar_papers if label == "Paper" else answers.similar_methods
    rows = like(found, node)
    if vectors and rows:
        encoded = vectors_of(opened, graph, {node, *(row.node for row in rows[:_ENCODED])})
        if node in encoded:
            rows = like(found, node, vectors=encoded)
        else:
            note(f"{name_of(found, node)} is in no text itself; compared by what is shared alone")
    if as_json:
        return print_json(rows)
    print_table(
        (label.lower(), "likeness", "shared"),
        [(name_of(found, row.node), round(row.score, 3), _shared(found, row.shared)) for row in rows[:limit]],
    )
    if not rows:
        note(f"nothing in this graph shares anything with {name_of(found, node)}")
    return None


def _shared(graph: "nx.MultiDiGraph", shared: tuple[tuple[str, float], ...]) -> str:
    names = ", ".join(name_of(graph, thing) for thing, _ in shared[:6])
    return names + (f" and {len(shared) - 6} more" if len(shared) > 6 else "")


def _article(label: str) -> str:
    return f"{'an' if label[0] in 'AEIOU' else 'a'} {label.lower()}"
