"""Give the mentions of one paper their entities: canonical names, aliases, abbreviations.

Mentions are one entity where the paper defines one as the abbreviation of the other, where their spelling folds
together, or where the vocabulary knows both by one name. A paper's own definition wins over the vocabulary: "SSL" means
what this paper says it means. Names that no vocabulary knows keep the form that the paper uses most, the long form of a
definition first, unless the paper coins the short one as a name. Entities of different papers meet by id alone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from kg.model import Entity, Kind, Mention, Paper, Reading, entity_id
from kg.vocabulary import Entry, fold, load

_SMALL = frozenset(
    ["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "via", "vs", "with"]
)


_INTRODUCES = re.compile(
    r"\b(?:propos|introduc|present|develop|call|novel|new|dub|nam|term|design|devis|describ|releas|creat|construct)\w*",
    re.IGNORECASE,
)


_HEAD = re.compile(
    r"\s+(?:algorithm|module|method|model|framework|mechanism|approach|technique|strategy|problem|task)s?$"
)
_ACRONYM = re.compile(r"[A-Z][A-Za-z0-9]*[A-Z]s?|[A-Z]+s?")


def resolve(reading: Reading) -> tuple[Entity, ...]:
    """Group the mentions of a reading into entities, in the order of their first mention."""
    longs = _definitions(reading)
    coined = {short for short, _ in _defined(reading) if _coined_here(reading.paper, short)}
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    kinds = _kinds(reading.mentions, longs)
    for i, mention in enumerate(reading.mentions):
        form = _full(mention.text, longs)
        kind = kinds[_key(form)]
        entry = _entry(mention, form, kind)
        name = fold(entry.name) if entry else _key(form)
        groups[kind.label, name].append(i)
    entities = []
    for (label, _), members in groups.items():
        mentions = tuple(reading.mentions[i] for i in members)
        entities.append(_entity(label, mentions, longs, coined))
    return _distinct(entities)


def _definitions(reading: Reading) -> dict[str, str]:
    """Short form's key -> long form, as this paper defines them; chains and cycles cut at one step.

    A head noun that the definition adds to the name goes: "mean field algorithm (MF)" where "mean field" is mentioned.
    """
    mentioned = {_key(mention.text) for mention in reading.mentions}
    longs: dict[str, str] = {}
    for short, long in _defined(reading):
        bare = _HEAD.sub("", long)
        name = bare if _key(long) not in mentioned and _key(bare) in mentioned else long
        if _key(short) != _key(name):
            longs.setdefault(_key(short), name)
    return longs


def _defined(reading: Reading) -> Iterator[tuple[str, str]]:
    """The definition that a title of the form "Short: Long Form for ..." makes, then those in running text."""
    heads = [m for m in reading.mentions if m.field == "title" and m.start == 0]
    for short in heads:
        behind = re.match(r"\s?:\s+", reading.paper.title[short.end :])
        place = short.end + behind.end() if behind else -1
        for long in reading.mentions:
            here = (long.field, long.start, long.kind.label) == ("title", place, short.kind.label)
            if here and _spells(short.text, long.text):
                yield short.text, long.text
    yield from reading.definitions


def _spells(short: str, long: str) -> bool:
    """Tell whether the letters of ``short`` stand in ``long`` in order, its capitals at the starts of words.

    >>> _spells("ResFields", "Residual Neural Fields"), _spells("FooNet", "Federated Optimisation")
    (True, False)
    """
    words = re.findall(r"[^\W_]+", long)
    if len(words) < 2 or " " in short:
        return False
    starts = iter(word[0].lower() for word in words)
    capitals = all(any(c.lower() == start for start in starts) for c in short if c.isupper())
    letters = iter(long.lower())
    return capitals and short[0].isupper() and all(c in letters for c in short.lower() if c.isalnum())


def _full(text: str, longs: dict[str, str]) -> str:
    """Write a form out: all of it where the paper defines it, else the abbreviations inside it.

    Inside a longer form the vocabulary's abbreviations are written out too: "Panoptic FPN".
    """
    whole = longs.get(_key(text))
    if whole is not None or " " not in text:
        return whole or text
    parts = re.split(r"(\s+)", text)
    for i, part in enumerate(parts):
        if _ACRONYM.fullmatch(part):
            entry = load().canonical(part)
            parts[i] = longs.get(_key(part)) or (entry.name if entry else part)
        else:
            parts[i] = longs.get(_key(part), part) if any(c.isupper() for c in part[1:]) else part
    return "".join(parts)


def _key(text: str) -> str:
    return fold(text) or text


def _kinds(mentions: Iterable[Mention], longs: dict[str, str]) -> dict[str, Kind]:
    """One kind a name within a paper: the one with the greatest sum of scores."""
    votes: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    marked: dict[str, set[Kind]] = defaultdict(set)
    for mention in mentions:
        key = _key(_full(mention.text, longs))
        votes[key][mention.kind.label] += mention.score
        marked[key].add(mention.kind)
    kinds = {}
    for key, weights in votes.items():
        label = min(weights, key=lambda name: (-weights[name], name))
        benchmark = label == "Dataset" and Kind.BENCHMARK in marked[key]
        kinds[key] = Kind.BENCHMARK if benchmark else Kind(label)
    return kinds


def _entry(mention: Mention, form: str, kind: Kind) -> Entry | None:
    """What the vocabulary knows this form as, of this kind; of the long form where the paper gives one."""
    vocabulary = load()
    entry = vocabulary.canonical(form, kind.label)
    if entry is None and form == mention.text:
        return vocabulary.canonical(re.sub(r"^.*?([\w-]+)/\d+$", r"\1", mention.text), kind.label)
    return entry


def _stands(form: str, text: str) -> bool:
    """Tell whether ``form`` stands in ``text`` as a word or words of its own."""
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        if not text[max(0, start - 1) : start].isalnum() and not text[end : end + 1].isalnum():
            return True
        start = text.find(form, start + 1)
    return False


def _coined_here(paper: Paper, short: str) -> bool:
    """Tell whether a paper coins an abbreviation as a name: it stands in the title, or it is no plain capitals and the
    words before its definition introduce it."""
    if _stands(short, paper.title):
        return True
    place = paper.abstract.find(f"({short}")
    before = re.split(r"\.\s", paper.abstract[max(0, place - 200) : place])[-1] if place >= 0 else ""
    return re.search(r"[a-z0-9-]", short.rstrip("s")) is not None and _INTRODUCES.search(before) is not None


def _entity(label: str, mentions: tuple[Mention, ...], longs: dict[str, str], coined: set[str]) -> Entity:
    forms = Counter(m.text for m in mentions)
    for mention in mentions:
        long = longs.get(_key(mention.text))
        if long:
            forms[long] += 0
    kind = Kind.BENCHMARK if any(m.kind is Kind.BENCHMARK for m in mentions) else Kind(label)
    entry = next((e for f in _by_rank(forms) if (e := load().canonical(_full(f, longs), label))), None)
    slashed = _slashed(mentions)
    if entry is not None and not slashed:
        name, kind = entry.name, entry.kind
    elif slashed:
        known = load().canonical(slashed, label)
        name, kind = (known.name, known.kind) if known else (slashed, kind)
    else:
        named = sorted(form for form in forms if form in coined and label != "Task")
        name = canonical_form((named or _by_rank(forms))[0])
    aliases = tuple(sorted(set(forms) - {name}))
    return Entity(entity_id(kind, name), kind, name, aliases, mentions, round(max(m.score for m in mentions), 4))


def _by_rank(forms: Counter[str]) -> list[str]:
    """Forms, the best name first: long forms before abbreviations, then the commonest."""
    return sorted(forms, key=lambda f: (" " not in f.strip() and f.isupper(), -len(f.split()) > -2, -forms[f], f))


def _slashed(mentions: tuple[Mention, ...]) -> str | None:
    """Read "CIFAR-10/100" as the last name it stands for, where every mention has that form."""
    found = [re.fullmatch(r"([A-Za-z][\w-]*?-?)\d+(?:\s?/\s?\d+)*\s?/\s?(\d+)", m.text) for m in mentions]
    first = found[0]
    return first.group(1) + first.group(2) if first and all(found) else None


def canonical_form(text: str) -> str:
    """Write a name that no vocabulary knows the way names are written: title case, singular, "-" between words kept.

    >>> [canonical_form(t) for t in ("low-rank regularizers", "InterCLR", "graph of thoughts", "n-GANs")]
    ['Low-Rank Regularizer', 'InterCLR', 'Graph of Thoughts', 'n-GAN']
    """
    words = text.strip(" \"'`“”‘’.,;:").split()
    if not words:
        return text
    words[-1] = _singular(words[-1]) if not (len(words) > 2 and words[-2] == "of") else words[-1]
    return " ".join(_title(word, first=i == 0) for i, word in enumerate(words))


def _singular(word: str) -> str:
    if re.search(r"[A-Z0-9]s$", word):
        return word[:-1]
    if (
        re.search(r"(?:ss|us|is|ics|[A-Z]S|series|[nN]ews|[bB]ayes|[bB]ias|[lL]ens|canvas|atlas)$", word)
        or len(word) < 4
    ):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(?:ch|sh|x|ss)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _title(word: str, *, first: bool) -> str:
    if not first and word.lower() in _SMALL:
        return word.lower() if word.islower() or word.istitle() else word
    if re.match(r"[a-z]-[A-Z]", word):
        return word  # "t-SNE" and "k-NN" are written so
    return "-".join(p[:1].upper() + p[1:] if p.islower() and p not in _SMALL else p for p in word.split("-"))


def _distinct(entities: list[Entity]) -> tuple[Entity, ...]:
    """Unite entities that came to the same id."""
    by_id: dict[str, Entity] = {}
    for entity in entities:
        known = by_id.get(entity.id)
        if known is None:
            by_id[entity.id] = entity
            continue
        mentions = tuple(sorted({*known.mentions, *entity.mentions}, key=_place))
        by_id[entity.id] = Entity(
            entity.id,
            min(known.kind, entity.kind),
            known.name,
            tuple(sorted({*known.aliases, *entity.aliases} - {known.name})),
            mentions,
            max(known.score, entity.score),
        )
    return tuple(sorted(by_id.values(), key=lambda e: (_place(e.mentions[0]), e.id)))


def _place(mention: Mention) -> tuple[bool, int, int, str]:
    return mention.field != "title", mention.start, mention.end, mention.kind
