"""Read the results that a paper reports: a number with its metric, and the method and dataset it is said of.

Precision comes first: a number counts only beside a metric's name or a comparison ("2.1 points higher", "3x faster"), in
a sentence that speaks of an outcome. The dataset is the one that the number's own clause names; a list of numbers and a
list of datasets ("76.1% and 82.3% on A and B") are paired in order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kg.link.roles import Roles
from kg.link.sentences import Sentence, evidence, sentences_of
from kg.model import Entity, Mention, Reading, Result, Role

_VALUE = re.compile(
    r"(?<![\w.@/^-])(?P<sign>[+\-\u2212]?)(?P<number>\d+(?:,\d{3})+|\d*\.\d+|\d+)"
    r"(?:\s?(?:--?|–|to)\s?\d+(?:\.\d+)?(?=\s?(?:\\?%|x\b|×)))?"
    r"(?P<unit>\s?\\?%|\s?\$?\\times\$?|\s?×|\s?x(?![\w-])|\s?times\b|\s?-?\s?(?:percentage |absolute |accuracy |BLEU |mAP )*points?\b"
    r"|\s?pp\b|\s?dB\b|\s?FPS\b|\s?fps\b|\s?ms\b|\s?[MGK]B\b|\s?[MG]?FLOPs?\b|\s?mm\b|\s?(?:million|billion|[MB])\b(?= param))?"
    r"(?![\w@/^]|-\w|\.\d|,\d)"
)
_METRIC = re.compile(
    r"(?:(?:top-?\s?[15]|mean|average|overall|weighted|macro|micro|balanced|classification|test|validation|word|"
    r"character|zero-?shot|linear|absolute|relative|image-level|pixel-level|inference|training|wall-clock|box|mask)[\s-]+)*"
    r"(?:accurac(?:y|ies)|err(?:or)?(?: rates?)?|precision|recall|F-?(?:1|measure|score)(?:[- ]?scores?)?|[mc]?AP(?:\d\d)?(?:@[\d.:]+)?\b|"
    r"m?IoU|J&F|dice(?: scores?| coefficient)?|DSC|AUC(?:-?ROC)?|AU(?:ROC|PRC?|PR)|BLEU(?:-\d)?|ROUGE(?:-\w)?|METEOR|CIDEr|SPICE|"
    r"PSNR|SSIM|LPIPS|FID|IS\b|Inception score|perplexit(?:y|ies)|PPL|WER|CER|EER|MOTA|HOTA|IDF1|PQ|RQ|NDCG(?:@\d+)?|MRR|"
    r"Hits?@\d+|Recall@\d+|R@?\d+|Rank-?1|RMSE|MAE|MSE|R2|MCC|EM\b|exact match|pass@\d+|success rates?|win rates?|scores?|"
    r"returns?|rewards?|speed-?ups?|FPS|fps|latency|throughput|FLOPs|parameters?|memory|training time|runtime|model size|"
    r"performance|UAS|LAS|Smatch|correlation|HD95|FPR95|AMI|NMI|ARI|bits per (?:dim|character|byte))",
    re.I,
)
_GAIN = re.compile(
    r"\b(?:improv\w*|gains?|increas\w*|reduc\w*|boost\w*|higher|lower|better|worse|faster|slower|speed-?ups?|outperform\w*|surpass\w*|"
    r"exceed\w*|more|less|fewer|smaller|sav(?:es?|ings?)|drop\w*|decreas\w*|by up to|compress\w*|accelerat\w*|margin|cut\w*|degrad\w*)\b",
    re.I,
)
_OUTCOME = re.compile(
    r"\b(?:achiev\w*|obtain\w*|reach\w*|attain\w*|yield\w*|report\w*|scor\w*|with (?:an?|the)|result\w*|state-of-the-art|SOTA|"
    r"accuracy|perform\w*|improv\w*|outperform\w*|surpass\w*|exceed\w*|reduc\w*|gain\w*|increas\w*|speed\w*|faster|error|"
    r"boost\w*|win\w*|set\w* a new|record)\b",
    re.I,
)
_NOT_RESULT_AFTER = re.compile(
    r"\s*(?:-?shot|classes|images|videos|layers?|examples|samples|datasets?|benchmarks|tasks|languages|domains|"
    r"of the (?:data|training|labels?|parameters|images|samples|original)|labeled|labels|GPUs?|hours?|days?|epochs|steps|"
    r"bits?\b|tokens|years|subjects|patients|participants|papers|models|categories|training (?:data|examples|images)|"
    r"(?:labell?ed|annotated) )",
    re.I,
)
_ON = re.compile(r"\b(?:on|in|for|over|across|from|of|at)\b", re.I)


@dataclass(frozen=True, slots=True)
class Value:
    """A number that may be a result, by its place in a sentence's text."""

    start: int
    end: int
    text: str
    unit: str
    metric: str
    kind: Literal["absolute", "gain"]


def find_results(reading: Reading, entities: tuple[Entity, ...], roles: Roles) -> Iterator[Result]:
    """Give the results stated in the abstract, in order."""
    by_id = {e.id: e for e in entities}
    subject = _proposed(entities, roles)
    last: str | None = None
    for sentence in sentences_of(reading, entities):
        if sentence.field == "title":
            continue
        here = [(key, m) for key, m in sentence.mentions if by_id[key].kind.label == "Dataset"]
        values = list(values_of(sentence.text))
        datasets = _pair(sentence, values, here)
        for value, dataset in zip(values, datasets, strict=True):
            method = _method(sentence, value, by_id, roles) or subject
            said = evidence(reading, sentence, "number", 0.7)
            found = dataset or (last if not here else None)
            yield Result(reading.paper.id, method, found, value.metric, value.text, value.unit, value.kind, said)
        if here:
            names = {key for key, _ in here}
            last = here[0][0] if len(names) == 1 else None


def values_of(text: str) -> Iterator[Value]:
    """Give the numbers of a sentence that are results.

    >>> [(v.text, v.metric, v.kind) for v in values_of("It reaches 93.1% top-1 accuracy, 2.5% better than ResNet-50.")]
    [('93.1%', 'top-1 accuracy', 'absolute'), ('2.5%', 'top-1 accuracy', 'gain')]
    """
    if not _OUTCOME.search(text):
        return
    metric = ""
    for match in _VALUE.finditer(text):
        unit = re.sub(r"[\s\\$-]+", " ", match["unit"] or "").strip()
        before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 45]
        clause_after = re.split(r"[;]|\. |, (?:and|while|which|with) |(?<![\w-])\d", after)[0]
        near = (
            _METRIC.match(clause_after.lstrip(" -("))
            or _METRIC.search(clause_after[:34])
            or _last(_METRIC, before[-48:])
        )
        if near is not None:
            metric = near.group().strip()
        if _NOT_RESULT_AFTER.match(after) or (
            not unit and (near is None or not _plain_result(match["number"], before, after))
        ):
            continue
        gain = _GAIN.search(before[-40:]) is not None or _GAIN.match(after.lstrip(" -").lstrip()) is not None
        gain = (
            gain
            or _GAIN.search(re.split(r"[,;(]", after)[0]) is not None
            or unit in ("x", "×", "times")
            or "point" in unit
        )
        if re.search(
            r"\b(?:to|of|with|achiev\w+|reach\w+|attain\w+|obtain\w+|at)\s+(?:an? |the )?$", before
        ) and not re.match(
            r"\s*(?:\w+ ){0,2}(?:improvement|gain|reduction|increase|faster|better|higher|lower|speed)", after
        ):
            gain = (
                re.search(
                    r"(?:gain|improvement|reduction|increase|boost|margin|speed-?up)s? of (?:up to |about )?$", before
                )
                is not None
            )
        yield Value(
            match.start(),
            match.end(),
            text[match.start() : match.end()].strip(),
            unit,
            metric,
            "gain" if gain else "absolute",
        )


def _plain_result(number: str, before: str, after: str) -> bool:
    """Accept a number without a unit only as a fraction beside its metric: "an F1 of 0.93", "83.4 mAP"."""
    if "." not in number and not re.match(r"\s?(?:[mc]?AP|BLEU|FID|mIoU|ROUGE|PSNR)\b", after):
        return False
    return bool(
        _METRIC.match(after.lstrip(" -("))
        or re.search(_METRIC.pattern + r"[^.;]{0,22}(?:of|is|to|from|at|=|:|\(|by|and|,)\s*$", before, re.I)
    )


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(reversed(list(pattern.finditer(text))), None)


def _pair(sentence: Sentence, values: list[Value], datasets: list[tuple[str, Mention]]) -> list[str | None]:
    """Give each value the dataset it is said of.

    The nearest dataset behind it in its own clause; else the nearest before it; numbers in a row and datasets in a row
    of the same length are paired in order.
    """
    places = [(key, m.start - sentence.start, m.end - sentence.start) for key, m in datasets]
    if not places:
        return [None] * len(values)
    if len(values) > 1 and len(values) == len(places) and _in_a_row(sentence.text, values, places):
        return [key for key, _, _ in places]
    paired: list[str | None] = []
    for i, value in enumerate(values):
        following = values[i + 1].start if i + 1 < len(values) else len(sentence.text)
        behind = [p for p in places if value.end <= p[1] < following and _ON.search(sentence.text[value.end : p[1]])]
        behind = behind or [p for p in places if value.end <= p[1] and p[1] - value.end < 8]
        before = [p for p in places if p[2] <= value.start]
        later = [p for p in places if p[1] >= value.end]
        chosen = (behind or before[-1:] or later)[:1]
        paired.append(chosen[0][0] if chosen else None)
    return paired


def _in_a_row(text: str, values: list[Value], places: list[tuple[str, int, int]]) -> bool:
    return values[-1].end <= places[0][1] and bool(re.search(r"\band\b|,", text[values[0].end : values[-1].start]))


def _proposed(entities: tuple[Entity, ...], roles: Roles) -> str | None:
    return next((e.id for e in entities if e.kind.label == "Method" and roles.role(e.id) is Role.PROPOSES), None)


def _method(sentence: Sentence, value: Value, by_id: dict[str, Entity], roles: Roles) -> str | None:
    """The subject of the sentence where it is a method: the last named before the number that is not compared with."""
    at = sentence.start + value.start
    held = [key for key, m in sentence.mentions if by_id[key].kind.label == "Method" and m.end <= at]
    named = [key for key in held if roles.role(key) is Role.PROPOSES] or [
        key
        for key in held[:1]
        if roles.role(key) is not Role.COMPARES and not re.search(r"\b[Ww]e\b|\b[Oo]ur\b", sentence.text)
    ]
    return named[-1] if named else None
