"""Read the numbers of a sentence that are results: "93.1% top-1 accuracy", "2.5% better", "a 3x speed-up".

A number counts where a metric's name or a comparison stands beside it, in a sentence that speaks of an outcome. Counts
of things ("50 classes", "8 GPUs") do not. Which method and dataset it is said of is for `kg.link.results`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal


def _any(words: str) -> str:
    """An alternation of the patterns in a list; "_" stands for a space."""
    return "(?:" + "|".join(word.replace("_", "[ ]") for word in words.split()) + ")"


_UNITS = _any(
    r"""\s?\\?% \s?\$?\\times\$? \s?× \s?x(?![\w-]) \s?times\b \s?pp\b \s?dB\b \s?FPS\b \s?fps\b \s?ms\b \s?[MGK]B\b
    \s?[MG]?FLOPs?\b \s?mm\b \s?(?:million|billion|[MB])\b(?=_param)
    \s?-?\s?(?:percentage_|absolute_|accuracy_|BLEU_|mAP_)*points?\b"""
)
_VALUE = re.compile(
    r"(?<![\w.@/^-])(?:(?<!%)[+\-\u2212])?(?P<number>\d+(?:,\d{3})+|\d*\.\d+|\d+)"
    r"(?:(?:\s?(?:--?|–|to)|\\?%(?:--?|–))\s?\d+(?:\.\d+)?(?=\s?(?:\\?%|x\b|×)))?"
    rf"(?P<unit>{_UNITS})?(?![\w@/^]|-\w|\.\d|,\d)"
)
_QUALIFIER = _any(
    """top-?\\s?[15] mean average overall weighted macro micro balanced classification test validation word character
    zero-?shot linear absolute relative image-level pixel-level inference training wall-clock box mask"""
)
_METRIC = re.compile(
    rf"(?<![A-Za-z])(?:{_QUALIFIER}[\s-]+)*"
    + _any(
        r"""accurac(?:y|ies) err(?:or)?(?:_rates?)? precision recall F-?(?:1|measure|score)(?:[-_]?scores?)?
        [mc]?AP(?:\d\d)?(?:@[\d.:]+)?\b m?IoU J&F dice(?:_scores?|_coefficient)? DSC AUC(?:-?ROC)? AU(?:ROC|PRC?|PR)
        BLEU(?:-\d)? ROUGE(?:-\w)? METEOR CIDEr SPICE PSNR SSIM LPIPS FID (?-i:IS)\b Inception_score PPL
        perplexit(?:y|ies) (?-i:[WCE]ER|[PR]Q|[UL]AS|[AN]MI|ARI|EM|M[AS]E)\b MOTA HOTA IDF1 NDCG(?:@\d+)?
        MRR Hits?@\d+ Recall@\d+ R@?\d+ Rank-?1 RMSE R2 MCC exact_match pass@\d+ success_rates? win_rates?
        scores? returns? rewards? speed-?ups? FPS latency throughput FLOPs parameters? memory training_time runtime
        model_size performance Smatch correlation HD95 FPR95
        bits_per_(?:dim|character|byte)"""
    ),
    re.IGNORECASE,
)
_GAIN = re.compile(
    r"\b"
    + _any(
        r"""improv\w* gains? increas\w* reduc\w* boost\w* higher lower better worse faster slower speed-?ups?
        outperform\w* surpass\w* exceed\w* more less fewer smaller sav(?:es?|ings?) drop\w* decreas\w* by_up_to
        compress\w* accelerat\w* margin cut\w* degrad\w*"""
    )
    + r"\b",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"\b"
    + _any(
        r"""achiev\w* obtain\w* reach\w* attain\w* yield\w* report\w* scor\w* with_(?:an?|the) result\w*
        state-of-the-art SOTA accuracy perform\w* improv\w* outperform\w* surpass\w* exceed\w* reduc\w* gain\w*
        increas\w* speed\w* faster error boost\w* win\w* set\w*_a_new record"""
    )
    + r"\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*"
    + _any(
        r"""-?shot classes images videos layers? examples samples datasets? benchmarks tasks languages domains labeled
        labels GPUs? hours? days? epochs steps bits?\b tokens years subjects patients participants papers models
        categories training_(?:data|examples|images) (?:labell?ed|annotated)_
        of_the_(?:data|training|labels?|parameters|images|samples|original)"""
    ),
    re.IGNORECASE,
)
_REACHED = re.compile(r"(?<!\bup )\b(?:to|of|with|achiev\w+|reach\w+|attain\w+|obtain\w+|at)\s+(?:an? |the )?$")
_GAIN_NEXT = re.compile(
    r"\s*(?:\([^()]*\) )?(?:[\w@.-]+ ){0,4}(?:\([^()]*\) )?"
    r"(?:improvements?|gains?|reductions?|increases?|faster|fewer|better|higher|lower|larger|smaller|speed-?ups?|lead|drop)\b"
)
_ABOUT = "up|to|about|around|over|at|least|an?|the|averaged?|absolute|further|nearly|roughly|approximately|of"
_GAIN_BY = re.compile(rf"\bby (?:(?:{_ABOUT}) )*[~$]?$")
_BY_MORE = re.compile(rf"\bby an? (?:absolute |relative )?{_METRIC.pattern} of $", re.IGNORECASE)
_ASIDE = re.compile(r"(?:^|\s)(?![\d.]+\s?%? ?\($)\S+ ?\($|\b(?:vs\.?|from) $")
_LISTED = re.compile(
    r"(?:\s*\([^()]*\))?\s?(?:(?:on|in|for|at|using|with)\s[^;:]{1,45})?(?:, (?:and )?| and | or |/)(?:by |up to )*$"
)
_GAIN_OF = re.compile(
    r"(?:gain|improvement|reduction|increase|boost|margin|speed-?up)s? of (?:up to |about )?(?:an? |the )?$"
)
_FOLLOWED = re.compile(r"\b(?:followed|achieved|obtained|reported) by \S*$")
_CLAUSE_END = re.compile(r"[;]|\. |, (?:and|while|which|with) |(?<![\w-])\d")
_BEFORE_PLAIN = re.compile(_METRIC.pattern + r"[^.;]{0,22}(?:of|is|to|from|at|=|:|\(|by|and|,)\s*$", re.IGNORECASE)
_BESIDE = re.compile(_METRIC.pattern + r"\s+(?:of|is|was|=|:)\s+$", re.IGNORECASE)
_AFTER_PLAIN = re.compile(r"\s?(?:[mc]?AP|BLEU|FID|mIoU|ROUGE|PSNR)\b")


@dataclass(frozen=True, slots=True)
class Value:
    """A number that may be a result, by its place in a sentence's text; ``metric`` as the text names it."""

    start: int
    end: int
    text: str
    unit: str
    metric: str
    kind: Literal["absolute", "gain"]


def find_values(text: str) -> Iterator[Value]:
    """Give the numbers of a sentence that are results, left to right.

    >>> [(v.text, v.metric, v.kind) for v in find_values("It has 93.1% top-1 accuracy, 2.5% better than ResNet-50.")]
    [('93.1%', 'top-1 accuracy', 'absolute'), ('2.5%', 'top-1 accuracy', 'gain')]
    """
    if not _OUTCOME.search(text):
        return
    metric = ""
    found: list[Value] = []
    for match in _VALUE.finditer(text):
        unit = re.sub(r"[\s\\$-]+", " ", match["unit"] or "").strip()
        before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 45]
        clause = _CLAUSE_END.split(after)[0]
        near = (
            _BESIDE.search(before)
            or _METRIC.match(clause.lstrip(" -("))
            or _METRIC.search(clause[:34])
            or _last_metric(before[-48:])
        )
        if unit.lower() == "fps":
            metric = unit
        elif near is not None:
            metric = re.sub(r"\s+(?:of|is|was|=|:)\s+$", "", near.group()).strip()
        if before[-1:] in "<>≥≤" and before:
            continue  # A range that the text speaks of, no outcome.
        if _COUNTED.match(after) or (not unit and (near is None or not _plain(match["number"], before, after))):
            continue
        signed = match.group().startswith("+")
        kind: Literal["absolute", "gain"] = "gain" if signed or _is_gain(before, after, unit) else "absolute"
        found.append(Value(match.start(), match.end(), text[match.start() : match.end()].strip(), unit, metric, kind))
    yield from _alike(found, text)


def _alike(values: list[Value], text: str) -> Iterator[Value]:
    """Give numbers of one list the same kind, that of the first or, where a gain is named behind it, of the last."""
    rows: list[list[Value]] = []
    for value in values:
        last = rows[-1][-1] if rows else None
        if last and last.unit == value.unit and _is_list(text[last.end : value.start]):
            rows[-1].append(value)
        else:
            rows.append([value])
    for row in rows:
        gain = row[0].kind == "gain" or _GAIN_NEXT.match(text[row[-1].end :]) is not None
        yield from (replace(value, kind="gain") if gain and len(row) > 1 else value for value in row)


def _is_list(between: str) -> bool:
    return _LISTED.fullmatch(between) is not None and not _METRIC.search(between) and not _OUTCOME.search(between)


def _is_gain(before: str, after: str, unit: str) -> bool:
    if before.endswith("=") or _ASIDE.search(before) or re.match(r"\s?vs\b", after):
        return False
    if _GAIN_BY.search(before) or _BY_MORE.search(before):
        return _FOLLOWED.search(before) is None
    if _REACHED.search(before) and not _GAIN_NEXT.match(after):
        return _GAIN_OF.search(before) is not None
    return (
        _GAIN.search(before[-40:]) is not None
        or _GAIN_NEXT.match(after) is not None
        or _GAIN.search(re.split(r"[,;(]", after)[0]) is not None
        or unit in ("x", "×", "times")
        or "point" in unit
    )


def _plain(number: str, before: str, after: str) -> bool:
    """Accept a number without a unit only as a fraction beside its metric: "an F1 of 0.93", "83.4 mAP"."""
    if "." not in number and not _AFTER_PLAIN.match(after):
        return False
    return _METRIC.match(after.lstrip(" -(")) is not None or _BEFORE_PLAIN.search(before) is not None


def _last_metric(text: str) -> re.Match[str] | None:
    return next(reversed(list(_METRIC.finditer(text))), None)
