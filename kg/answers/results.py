"""The numbers of a graph as results: which metric, in which setting, in the metric's own scale.

The metric as extracted is taken where it stands beside the number or fits its unit; else it is read from the sentence,
and `Reported.how` says so. Splits and settings ("5-shot", "test-dev") are read from the number's part of the sentence.
Nothing is guessed: a number whose metric the sentence does not settle has none, and is never ranked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import networkx as nx

from kg.answers.metrics import Metric, Named, find_metric, named_metrics
from kg.answers.support import Said, neighbours, saying
from kg.model import Relation

How = Literal["stated", "read beside the number", "the only one in the sentence", "unit", ""]


@dataclass(frozen=True, slots=True)
class Reported:
    """One number that one paper reports. ``method`` and ``dataset`` are ids, or None where the text has none."""

    method: str | None
    dataset: str | None
    metric: Metric | None
    how: How
    """How the metric was known; empty where it is not."""
    setting: tuple[str, ...]
    value: float
    """In the scale of the metric: 95.4 where the text has 0.954 and the metric is in percent."""
    written: str
    gain: bool
    reference: bool
    """True for a number that the sentence only compares with: "against 26.2 %", "from 3.95 % to", "above B (69 %)"."""
    said: Said


def reported(graph: nx.MultiDiGraph) -> Iterator[Reported]:
    """Iterate over the results of a graph in the order of their ids; the same number said twice counts once."""
    seen = set()
    for node in sorted(graph):
        data = graph.nodes[node]
        if data.get("label") != "Result" or data["value"] is None:
            continue
        paper = next((source for source, _ in neighbours(graph, node, (Relation.REPORTS,), inward=True)), None)
        if paper is None:
            continue
        ends = tuple(
            next((target for target, _ in neighbours(graph, node, (relation,))), None)
            for relation in (Relation.OF_METHOD, Relation.ON_DATASET)
        )
        of = graph.nodes[ends[0]] if ends[0] is not None else {}
        forms = [str(form) for form in (of.get("name", ""), *of.get("aliases", ())) if form]
        found = _read(ends[0], ends[1], data, saying(graph, paper, data["text"]), forms)
        key = (paper, *ends, found.metric and found.metric.name, found.setting, found.value, found.gain)
        if key not in seen:
            seen.add(key)
            yield found


def _read(method: str | None, dataset: str | None, data: dict[str, Any], said: Said, forms: list[str]) -> Reported:
    value, unit = float(data["value"]), str(data["unit"])
    place = _place(said.sentence, value, unit)
    metric, how = _metric(str(data["metric"]), value, unit, said.sentence, place)
    scaled = value
    if metric is not None and metric.unit == "%" and not unit and 0 < value <= 1:
        scaled = round(value * 100, 10)
    return Reported(
        method=method,
        dataset=dataset,
        metric=metric,
        how=how,
        setting=tuple(settings(said.sentence, place)),
        value=scaled,
        written=f"{value:g}{'' if unit in ('', '%') else ' '}{unit}",
        gain=data["kind"] == "gain" or unit in ("times", "x", "×") or "point" in unit,
        reference=place is not None and _is_reference(said.sentence, place, forms),
        said=said,
    )


def possible(result: Reported) -> bool:
    """Tell whether a number can be a value of its metric: a share is no more than 100 %."""
    if result.metric is None:
        return True
    return result.gain or result.metric.unit != "%" or result.metric.name in _UNBOUNDED or 0 <= result.value <= 100


_UNBOUNDED = frozenset({"WER", "CER", "PER", "DER", "MAPE", "sMAPE", "Mean Corruption Error", "Human-Normalized Score"})
_NUMBER = re.compile(
    r"(?<![\w.@/^-])[+\-\u2212]?(?P<number>\d+(?:,\d{3})+|\d*\.\d+|\d+)(?P<percent>\s?\\?%)?(?![\w@/^]|-\w|\.\d)"
)
_OF = re.compile(
    r"^(?:\s*\([\w-]+\))?\)?\s*(?:scores?|rates?|values?)?\s*"
    r"(?:of|is|was|are|at|to|by|=|:|\(|reach\w*|stands at)\s*(?:only |just |about |around |up to |over |an? )*$"
)
_OTHER = re.compile(
    r"\b(?:scores?|effect|loss|ratio|index|size|length|depth|number) of (?:an? |about )?$", re.IGNORECASE
)
_BESIDE = re.compile(r"^[\s\\%-]*(?:points?\s*)?(?:of |in )?(?:absolute |relative |mean |average |overall )?$")


def _place(sentence: str, value: float, unit: str) -> tuple[int, int] | None:
    """Find the number in its sentence; None where it is not there or more than one could be it."""
    found = [
        (match.start(), match.end(), match["percent"] is not None)
        for match in _NUMBER.finditer(sentence)
        if float(match["number"].replace(",", "")) == abs(value)
    ]
    if len(found) > 1:
        found = [item for item in found if item[2] == (unit == "%")]
    return found[0][:2] if len(found) == 1 else None


_AGAINST = re.compile(
    r"(?:\b(?:against|from|versus|vs\.?|than|compared (?:to|with)|chance (?:is|of|at))(?: the| an?| about)?"
    r"|\bhumans?\b(?: \w+){0,2}) *$",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"^\s?\\?%?,? (?:for|by|of|reported for an?) (?:humans?|people|chance|the (?:runner-up|baseline)s?)\b",
    re.IGNORECASE,
)


_OTHERS = (
    # "above GoogLeNet (69.8%)": the number in brackets is of the name before it.
    re.compile(
        r"\b(?:above|below|behind|than|close to|against|versus|vs\.?)(?: the| an?)?"
        r"(?: (?!(?:on|in|for|of|to|with|from|at|by|and)\b)[\w.+/-]+){1,4} \($"
    ),
    # "..., whereas FCIS has 33.6": a clause about something else.
    re.compile(r"\b(?:whereas|while|where) (?!(?:We|Our|It|Its|The|On|In|For|With|At|Using)\b)[A-Z][^;:]*$"),
)


def _is_reference(sentence: str, place: tuple[int, int], forms: list[str]) -> bool:
    """Tell whether the number at ``place`` is of something else than what has the names ``forms``."""
    before = sentence[: place[0]]
    if _AGAINST.search(before) or _OF_OTHERS.match(sentence[place[1] :]):
        return True
    others = [match.group() for pattern in _OTHERS if (match := pattern.search(before))]
    return any(not any(form in text for form in forms) for text in others)


_UNITS = {
    "ms": ("Latency", "Training Time"),
    "dB": ("PSNR", "SI-SDR"),
    "mm": ("MPJPE", "PA-MPJPE", "Hausdorff Distance", "Chamfer Distance"),
    **dict.fromkeys(("FPS", "fps"), ("Frames per Second", "Throughput")),
    **dict.fromkeys(("million", "billion", "M", "B"), ("Parameters", "FLOPs")),
    **dict.fromkeys(("KB", "MB", "GB"), ("Memory", "Parameters")),
}
_SPEED = frozenset({"Frames per Second", "Throughput", "Latency", "Training Time"})


def _fits(metric: Metric, unit: str) -> bool:
    """Tell whether a value written with ``unit`` can be of this metric."""
    if unit in _UNITS:
        return metric.name in _UNITS[unit]
    if unit == "%":
        return metric.unit in ("%", "") and metric.name not in _SPEED
    if unit.endswith(("FLOPs", "FLOP")):
        return metric.name == "FLOPs"
    return metric.name != "Frames per Second" or not unit


def _metric(
    text: str, value: float, unit: str, sentence: str, place: tuple[int, int] | None
) -> tuple[Metric | None, How]:
    named = [item for item in named_metrics(sentence) if _fits(item.metric, unit)]
    if place is not None:
        beside = _beside(named, sentence, place)
        if beside is not None:
            stated = find_metric(text) == beside
            return beside, "stated" if stated else "read beside the number"
        if _OTHER.search(sentence[: place[0]]):
            return None, ""
    given = find_metric(text)
    if given is not None and _fits(given, unit) and any(item.metric == given for item in named):
        return given, "stated"
    if unit in ("FPS", "fps"):
        return find_metric("FPS"), "unit"
    kinds = {item.metric.name: item.metric for item in named}
    only = next(iter(kinds.values())) if len(kinds) == 1 else None
    # A bare number away from the metric's name may be of anything: "a combined score of 41.88".
    if only is None or (only.unit == "%" and not unit and value > 1):
        return None, ""
    return only, "the only one in the sentence"


def _beside(named: list[Named], sentence: str, place: tuple[int, int]) -> Metric | None:
    start, end = place
    for item in reversed(named):
        if item.end <= start and _OF.match(sentence[item.end : start]):
            return item.metric
    for item in named:
        if item.start >= end and _BESIDE.match(sentence[end : item.start]):
            return item.metric
    return None


_TONGUE = (
    "(?:English|German|French|Romanian|Chinese|Czech|Russian|Finnish|Turkish|Japanese|Hindi|Nepali|Spanish|"
    "En|De|Fr|Ro|Zh|Cs|Ru|Fi|Es)"
)
_SETTINGS = (
    ("shots", r"(?:zero|one|two|few|five|ten|\d+)-?\s?shot"),
    ("ways", r"\d+-?\s?way"),
    (
        "split",
        r"test-(?:clean|other)|test-?(?:dev|std|challenge)|minival"
        r"|(?:validation|val|development|dev|test) (?:set|split)|(?<=\s)val(?=[\s.,;)]|$)",
    ),
    ("labels", r"\d+(?:\.\d+)?\s?\\?% (?:of (?:the )?)?(?:labell?ed data|labels|labell?ed|annotations|training data)"),
    (
        "protocol",
        r"linear (?:evaluation|protocol|probing|probe|classification|classifier)|k-?NN (?:evaluation|classifier)",
    ),
    ("models", r"single[- ]model|ensembles?|single[- ]crop|multi-?crop|single[- ]scale|multi-?scale"),
    ("languages", rf"{_TONGUE}(?:-to-|\s?[-–→>]+\s?| to ){_TONGUE}\b"),
    ("class", r"(?:un|class-)conditional"),
)
_SETTING = re.compile(
    "|".join(f"(?P<{name}>(?<![\\w-])(?:{pattern})(?![\\w]))" for name, pattern in _SETTINGS), re.IGNORECASE
)


def settings(sentence: str, place: tuple[int, int] | None) -> Iterator[str]:
    """Iterate over the split and the settings that a sentence states for the number at ``place``.

    A setting named before the first number holds for all, until it is named anew; one that is first named behind a
    number belongs to the number before it. Without a place only a sentence of one number has settings.

    >>> text = "In 5-way 1-shot classification it reaches 98.7% on Omniglot and 48.7% on miniImageNet."
    >>> list(settings(text, (text.index("48.7"), text.index("48.7") + 5)))
    ['1-shot', '5-way']
    """
    found = list(_SETTING.finditer(sentence))
    inside = [match.span() for match in found]
    numbers = [
        match.span()
        for match in _NUMBER.finditer(sentence)
        if (match["percent"] or "." in match["number"] or match.span() == place)
        and not any(start <= match.start() < end for start, end in inside)
    ]
    if place is None:
        if len(numbers) != 1:
            return
        place = numbers[0]
    following = min((start for start, _ in numbers if start > place[0]), default=len(sentence))
    for name, _ in _SETTINGS:
        here = [match for match in found if match.lastgroup == name]
        if not here:
            continue
        if numbers and here[0].start() < numbers[0][0]:
            before = [match for match in here if match.start() < place[0]]
            chosen = before[-1:]
        else:
            chosen = [match for match in here if place[1] <= match.start() < following][:1]
        for match in chosen:
            yield _plain(match.group(), name)


def _plain(text: str, name: str) -> str:
    """Write a setting one way: "five shot" is "5-shot", "validation set" is "val"."""
    if name == "languages":
        return re.sub(r"-to-|\s?[-–→>]+\s?| to ", "-", text)
    text = text.lower()
    if name in ("shots", "ways"):
        number = re.split(r"[-\s]", text)[0].removesuffix("shot").removesuffix("way")
        return f"{_DIGITS.get(number, number)}-{'shot' if name == 'shots' else 'way'}"
    if name == "protocol":
        return "linear evaluation" if text.startswith("linear") else "k-NN"
    if name == "split":
        text = text.split(" ")[0]
        return {"validation": "val", "development": "dev", "testdev": "test-dev"}.get(text, text)
    return {"ensembles": "ensemble"}.get(text, text.replace("single-", "single ").replace("multi-", "multi "))


_DIGITS = {"one": "1", "two": "2", "five": "5", "ten": "10"}
