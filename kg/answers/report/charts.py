"""Charts of the report, drawn by Matplotlib as SVG that stands inside an HTML page.

The same data give the same bytes: ids come from a fixed salt, no date, no font of this machine (text stays text and
takes the page's font). Matplotlib's ``style`` attributes, which a strict Content-Security-Policy forbids, become
presentation attributes; its colours become the classes of `CLASSES`, so that the page chooses them for light, dark and
paper. Nothing here knows a graph: numbers and names come in, SVG goes out.
"""

import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID, PAPER, MAIN, WASH = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
HEAT = ("#100000", "#200000", "#300000", "#400000", "#500000")
CLASSES: Mapping[str, str] = {
    INK: "ink",
    SOFT: "soft",
    GRID: "grid",
    PAPER: "paper",
    MAIN: "main",
    WASH: "wash",
    **{colour: f"heat{level}" for level, colour in enumerate(HEAT, 1)},
}
"""Colours that stand for a role on the page; a fill gets the class f-ROLE, a stroke s-ROLE."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kg report",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A series of one small chart: a title, a remark, and a value a year."""

    title: str
    remark: str
    values: Mapping[int, float]
    url: str


@dataclass(frozen=True, slots=True)
class Point:
    """A result over time: a year, a value, what it is of, and where its evidence stands."""

    year: int
    value: float
    name: str
    url: str


def papers_by_year(counts: Mapping[int, int], url: str) -> str:
    """Draw how many papers each year has, one bar a year with its number."""
    with _drawing():
        figure, axes = _figure(9.0, 2.1)
        years = range(min(counts), max(counts) + 1)
        bars = axes.bar(list(years), [counts.get(year, 0) for year in years], color=MAIN, width=0.78)
        for year, bar in zip(years, bars, strict=True):
            if counts.get(year):
                bar.set_url(url)
                axes.annotate(
                    str(counts[year]),
                    (year, counts[year]),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    color=SOFT,
                    fontsize=8,
                    url=url,
                )
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _years(axes, years.start, years.stop - 1)
        return _svg(figure, "years", "Papers per year")


def small_multiples(lines: Sequence[Line], first: int, last: int, since: int) -> str:
    """Draw the share of each year's papers for some things, each on its own scale; the years from ``since`` shaded."""
    columns = 4
    rows = -(-len(lines) // columns)
    with _drawing():
        figure, grid = _figures(9.0, 1.35 * rows + 0.15, rows, columns)
        for axes, line in zip(grid, [*lines, *[None] * (rows * columns - len(lines))], strict=True):
            if line is None:
                axes.set_visible(False)
                continue
            years = list(range(first, last + 1))
            top = max((line.values.get(year, 0.0) for year in years), default=0.0) or 1.0
            values = [100 * line.values.get(year, 0.0) for year in years]
            axes.axvspan(since - 0.5, last + 0.5, color=GRID, alpha=0.45, linewidth=0)
            axes.fill_between(years, values, color=MAIN, alpha=0.22, linewidth=0)
            axes.plot(years, values, color=MAIN, linewidth=1.6, solid_joinstyle="round")
            axes.set_ylim(0, 115 * top)
            axes.set_yticks([0, 100 * top], labels=["0", f"{100 * top:.2g} %"])
            axes.set_title(_short(line.title, 25), loc="left", fontsize=9, color=INK, pad=11, url=line.url)
            axes.annotate(
                line.remark,
                (0, 1),
                xytext=(0, 2),
                xycoords="axes fraction",
                textcoords="offset points",
                fontsize=7.5,
                color=SOFT,
            )
            axes.spines["left"].set_visible(False)
            axes.set_xlim(first - 0.5, last + 0.5)
            axes.set_xticks([first, last], labels=[str(first), str(last)])
        figure.subplots_adjust(
            left=0.05, right=0.99, top=1 - 0.42 / (1.35 * rows + 0.15), bottom=0.13 / rows, hspace=0.85, wspace=0.28
        )
        return _svg(figure, "trends", "Share of each year's papers")


def heat_map(rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[int, int], tuple[int, str]]) -> str:
    """Draw a matrix of counts; ``cells`` gives, at (row, column), the count and the address of its evidence."""
    most = max((count for count, _ in cells.values()), default=1)
    with _drawing():
        from matplotlib.patches import Rectangle

        figure, axes = _figure(9.0, 0.29 * len(rows) + 1.3)
        for row in range(len(rows)):
            for column in range(len(columns)):
                count, url = cells.get((row, column), (0, ""))
                box = Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, linewidth=0, facecolor=_heat(count, most))
                if count:
                    box.set_url(url)
                axes.add_patch(box)
                if count:
                    level = _level(count, most)
                    axes.text(
                        column + 0.5, row + 0.53, str(count), ha="center", va="center", fontsize=8.5,
                        color=PAPER if level >= 4 else INK, url=url,
                    )  # fmt: skip
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([i + 0.5 for i in range(len(rows))], labels=[_short(name, 28) for name in rows], color=INK)
        axes.set_xticks([i + 0.5 for i in range(len(columns))])
        axes.set_xticklabels(
            [_short(name, 22) for name in columns], rotation=38, ha="left", rotation_mode="anchor", color=INK
        )
        axes.xaxis.tick_top()
        for spine in axes.spines.values():
            spine.set_visible(False)
        height = 0.29 * len(rows) + 1.3
        figure.subplots_adjust(left=0.25, right=0.93, top=1 - 1.2 / height, bottom=0.04 / height * 4)
        return _svg(figure, "matrix", "Papers that evaluate a method on a dataset")


def progress(points: Sequence[Point], *, unit: str, better: str, key: str) -> str:
    """Draw results over the years, with the line of the best so far."""
    with _drawing():
        figure, axes = _figure(9.0, 1.9)
        ordered = sorted(points, key=lambda p: (p.year, p.value, p.name))
        best: list[tuple[int, float]] = []
        for point in ordered:
            ahead = not best or (point.value > best[-1][1] if better == "up" else point.value < best[-1][1])
            if ahead:
                best.append((point.year, point.value))
        last = ordered[-1].year
        steps = [*best, (last, best[-1][1])]
        axes.step([year for year, _ in steps], [value for _, value in steps], where="post", color=GRID, linewidth=1.4)
        leading = {value for _, value in best}
        years = [point.year for point in ordered]
        right = max(years) + max(1.5, 0.28 * (max(years) - min(years)))
        wide = 9.0 * 72 * 0.92 / (right - min(years) + 0.4)
        values = [point.value for point in ordered]
        high = 1.9 * 72 * 0.83 / (1.44 * (max(values) - min(values)) or 1.0)
        labels = [f"{_short(point.name, 22)} {point.value:g}" for point in ordered]
        places = beside([(p.year * wide, p.value * high) for p in ordered], [4.6 * len(text) for text in labels])
        for point, text, up in zip(ordered, labels, places, strict=True):
            colour = MAIN if point.value in leading else SOFT
            axes.plot([point.year], [point.value], "o", color=colour, markersize=5.5, url=point.url)
            axes.annotate(
                text, (point.year, point.value), xytext=(7, up),
                textcoords="offset points", fontsize=8, color=INK, url=point.url,
            )  # fmt: skip
        axes.margins(y=0.22)
        axes.set_xlim(min(years) - 0.4, right)
        axes.set_xticks(sorted(set(years)), labels=[str(year) for year in sorted(set(years))])
        axes.set_ylabel(unit)
        axes.grid(axis="y", color=GRID, linewidth=0.5)
        axes.set_axisbelow(True)
        figure.subplots_adjust(left=0.07, right=0.99, top=0.96, bottom=0.13)
        return _svg(figure, key, "Results over the years")


def beside(points: Sequence[tuple[float, float]], widths: Sequence[float]) -> list[float]:
    """Give how far above its point each label stands so that none lies on another; all in typographic points.

    >>> beside([(0, 0), (0, 3), (200, 3)], [50, 50, 50])
    [4, 12, 4]
    """
    taken: list[tuple[float, float, float]] = []
    found: list[float] = []
    for (x, y), width in zip(points, widths, strict=True):
        free = (
            up
            for up in (4, -6, 12, -14, 20, -22)
            if all(x >= right or x + width <= left or abs(y + up - at) >= 10 for left, right, at in taken)
        )
        found.append(next(free, 4))
        taken.append((x, x + width, y + found[-1]))
    return found


def _level(count: int, most: int) -> int:
    """A class from 1, for a count of one, to 5, for the highest, on the scale of the square root."""
    return 1 + round((len(HEAT) - 1) * math.sqrt((count - 1) / max(1, most - 1)))


def _heat(count: int, most: int) -> str:
    return HEAT[_level(count, most) - 1] if count else WASH


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _drawing() -> Any:
    """Settings of this module alone: neither a user's matplotlibrc nor another caller changes a chart."""
    import matplotlib as mpl

    defaults: dict[Any, Any] = {
        name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "_"))
    }
    return mpl.rc_context(defaults | _SETTINGS)


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.14)
    return figure, axes


def _figures(width: float, height: float, rows: int, columns: int) -> tuple["Figure", list["Axes"]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _years(axes: "Axes", first: int, last: int) -> None:
    step = max(1, -(-(last - first) // 12))
    ticks = list(range(last, first - 1, -step))[::-1]
    axes.set_xticks(ticks, labels=[str(year) for year in ticks])
    axes.set_xlim(first - 0.7, last + 0.7)


def _svg(figure: "Figure", key: str, label: str) -> str:
    """Write a figure as an element of a page; ``key`` keeps its ids apart from those of other charts."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    text = io.StringIO()
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    ET.register_namespace("", _SVG)
    root = ET.fromstring(text.getvalue())  # noqa: S314 - what Matplotlib just wrote
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _page_attributes(element, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    links = list(root.iter(f"{{{_SVG}}}a"))
    for link in links:
        if not "".join(link.itertext()).strip():
            # A shape that leads where its number leads too: for the mouse alone.
            link.set("tabindex", "-1")
            link.set("aria-hidden", "true")
    root.set("role", "group" if links else "img")
    root.set("aria-label", label)
    written = ET.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", written)


def _page_attributes(element: ET.Element, key: str) -> None:
    style = element.attrib.pop("style", "")
    names = []
    for part in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (text.strip() for text in part.partition(":"))
        role = CLASSES.get(value.lower()) if name in ("fill", "stroke") else None
        if role:
            names.append(f"{name[0]}-{role}")
        elif name == "font":
            size = re.search(r"[\d.]+px", value)
            element.set("font-size", size.group() if size else "9px")
        elif name not in ("font-family", "line-height"):
            element.set(name, value)
    if names:
        element.set("class", " ".join(names))
    for name in list(element.attrib):
        value = element.attrib[name]
        if name in ("d", "x", "y", "transform", "points"):
            element.set(name, re.sub(r"(\d+\.\d{2})\d+", r"\1", value))
        if name == "id":
            # Only what is referred to needs an id; the groups' names would clash between charts.
            if element.tag.rpartition("}")[2] in ("g", "svg", "text"):
                del element.attrib[name]
            else:
                element.set(name, f"{key}-{value}")
        elif name == f"{{{_XLINK}}}href":
            del element.attrib[name]
            local = element.tag.rpartition("}")[2] == "use"
            element.set("href", f"#{key}-{value[1:]}" if local else value)
        elif name.startswith("{") or name == "target":
            del element.attrib[name]
        elif value.startswith("url(#"):
            element.set(name, f"url(#{key}-{value[5:]}")
