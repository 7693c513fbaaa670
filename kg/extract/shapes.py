"""Find names that no vocabulary knows by their shape and by how the text brings them in.

A coined name has capitals inside, a digit or a hyphen between capitals (``SN-Net``, ``InterCLR``, ``PCL-SR``). It is
taken where the paper introduces it: before the colon of a title, behind "we propose", "called" or "dubbed", in
parentheses behind its long form, or before a head noun that tells its kind ("the VeRi-776 dataset"). Once introduced,
every occurrence counts. Abbreviation definitions are proposed here too, both forms with the kind of their head noun.
"""

import re
from collections.abc import Iterator

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.abbreviations import Abbreviation, find_abbreviations
from kg.extract.candidates import Candidate, Rule, occurrences
from kg.extract.tokens import text_of
from kg.model import Kind
from kg.vocabulary import load

_NAME = r"[A-Za-z][\w+]*(?:[-/.][\w+]+)*\+*"
_TITLE = re.compile(rf"^(?:The |A |An )?({_NAME}(?: {_NAME}){{0,2}}(?: \d[\w.]*)?)\s?:")
_INTRODUCED = re.compile(
    r"\b(?:called|named|dubbed|termed|coined|denoted|namely|abbreviated as|refer(?:red)? to (?:\w+ ){0,3}as|"
    r"(?:[Ww]e|[Tt]his paper|[Tt]his work|paper)\s+(?:\w+ly\s+)?(?:also |further |then |thus |therefore )?"
    r"(?:propose|present|introduce|develop|release|design|describe|contribute|build|construct|create|call)s?"
    r"(?:\s+(?:it|this|our|the|a|an|new|novel|method|model|approach|framework|dataset|benchmark|resulting))*)\s+"
    rf"[\"'“‘`]?({_NAME})"
)
_DATA_HEAD = (
    r"(?:datasets?|data sets?|benchmarks?|corpus|corpora|test ?sets?|challenges?|leaderboards?|validation sets?|"
    r"test(?:-| )?suite|environments?|database|shared task)"
)
_BEFORE_DATA = re.compile(
    rf"({_NAME}(?: (?:[A-Z]|\d)[\w/.-]*)*(?:(?:, (?:and )?| and | & ){_NAME}(?: (?:[A-Z]|\d)[\w/.-]*)*){{0,6}})"
    rf"(?: (?:\w+-?\w*)){{0,1}} {_DATA_HEAD}\b"
)
_HEAD_BEHIND = re.compile(rf"(?:\)|,)?\s(?:is )?(?:a |an |the )?(?:\w+[- ]){{0,4}}?{_DATA_HEAD}\b")
_HEAD = re.compile(rf"\b{_DATA_HEAD}\b")
_LIST_SPLIT = re.compile(r",? and |, | & ")

_KINDS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"(?:benchmark|challenge|leaderboard|suite|arena|gym|competition)s?$", re.I), Kind.BENCHMARK),
    (re.compile(r"(?:dataset|data ?set|corpus|corpora|database|treebank|collection)s?$", re.I), Kind.DATASET),
    (
        re.compile(
            r"(?:recognition|detection|segmentation|classification|estimation|generation|answering|translation|"
            r"prediction|retrieval|captioning|parsing|tracking|completion|matching|reconstruction|task|problem|"
            r"generalization|generalisation|adaptation|localization|localisation|summarization|extraction|forecasting|"
            r"understanding|reasoning|navigation|inference|synthesis|restoration|recommendation|discovery)s?$",
            re.I,
        ),
        Kind.TASK,
    ),
)


def kind_by_head(name: str) -> Kind:
    """Tell the kind of a name by its head noun; a Method where the head says nothing.

    >>> [kind_by_head(n).value for n in ("Visual Question Answering", "Atari Suite", "Dense Graph Propagation")]
    ['Task', 'Benchmark', 'Method']
    """
    return next((kind for pattern, kind in _KINDS if pattern.search(name)), Kind.METHOD)


def coined(name: str) -> bool:
    """Tell whether a word looks made: capitals behind the first letter, or a digit next to letters.

    >>> [coined(n) for n in ("SN-Net", "InterCLR", "W2v", "Transformers", "ImageNet", "Self-Supervised", "AI")]
    [True, True, True, False, True, False, False]
    """
    if len(name) < 2 or not name[0].isalpha():
        return False
    parts = name.split("-")
    if any(sum(c.isupper() for c in part) >= 2 and len(part) > 2 for part in parts):
        return True
    if any(any(c.isdigit() for c in part) and any(c.isalpha() for c in part) for part in parts):
        return True
    return any(c.isupper() for part in parts for c in part[1:] if len(name) > 2) or (
        len(parts) == 2 and parts[1] in ("Net", "Former", "GAN", "Bench") and parts[0].isupper()
    )


def propose_names(
    text: str, title_end: int, known: Iterator[Abbreviation] | tuple[Abbreviation, ...]
) -> Iterator[Candidate]:
    """Give candidates for coined names and defined abbreviations of one paper's text."""
    names: dict[str, tuple[Kind, float, Rule]] = {}
    match = _TITLE.match(text[: max(0, title_end)])
    if match and (coined(match.group(1)) or _stands_again(text[title_end:], match.group(1))):
        names[match.group(1)] = (_kind_near(text, match.group(1)), 0.85, "shape")
    for match in _INTRODUCED.finditer(text):
        name = match.group(1).rstrip(".")
        if coined(name):
            names.setdefault(name, (_kind_near(text, name), 0.75, "shape"))
    for form in _named_data(text):
        names.setdefault(form, (Kind.DATASET, 0.6, "shape"))
    for definition in known:
        short, long = text[slice(*definition.short)], text[slice(*definition.long)]
        entry = load().canonical(long)
        kind = entry.kind if entry else kind_by_head(long)
        if kind is Kind.METHOD and entry is None:
            kind = names.get(short, (kind, 0, ""))[0]
        names[short] = (kind, 0.7, "abbreviation")
        names[long] = (kind, 0.7, "abbreviation")
    for name in sorted(names, key=lambda n: (-len(n), n)):
        kind, score, rule = names[name]
        for start, end in occurrences(text, name):
            yield Candidate(start, end, kind, score, rule)


def _named_data(text: str) -> Iterator[str]:
    """Give the coined names in the lists that a head noun such as "datasets" closes."""
    for head in _HEAD.finditer(text):
        # The pattern is tried on the words before a head only: on the whole text it backtracks too much.
        match = _BEFORE_DATA.search(text, max(0, head.start() - 100), head.end())
        while match is not None:
            for part in _LIST_SPLIT.split(match.group(1)):
                name = re.sub(r"^(?:[a-z]+ )+", "", part)
                if len(name) > 2 and coined(name.split()[0]):
                    yield name
            match = _BEFORE_DATA.search(text, match.end(), head.end())


def _stands_again(text: str, name: str) -> bool:
    return name[:1].isupper() and next(occurrences(text, name), None) is not None


def _ends(text: str, name: str) -> Iterator[int]:
    start = text.find(name)
    while start >= 0:
        yield start + len(name)
        start = text.find(name, start + 1)


def _kind_near(text: str, name: str) -> Kind:
    """The kind that a head noun beside any occurrence gives, or that of the name itself."""
    if any(_HEAD_BEHIND.match(text, end) for end in _ends(text, name)):
        return Kind.BENCHMARK if re.search(r"[Bb]ench|[Gg]ym|[Aa]rena", name) else Kind.DATASET
    if re.search(r"Bench\b|Bench-|Eval\b", name):
        return Kind.BENCHMARK
    return kind_by_head(name) if " " in name else Kind.METHOD


@Language.component("kg_abbreviations")
def find_definitions(doc: Doc) -> Doc:
    """Set the abbreviations that the text defines on ``doc``."""
    doc._.definitions = tuple(find_abbreviations(text_of(doc)))
    return doc


@Language.component("kg_shapes")
def propose_shapes(doc: Doc) -> Doc:
    """Add names by shape and defined abbreviations to the candidates of ``doc``."""
    doc._.candidates = (*doc._.candidates, *propose_names(text_of(doc), doc._.title_end, doc._.definitions))
    return doc
