"""The curated names of the field: methods, datasets, benchmarks and tasks with their aliases and families.

Four TSV files, edited by hand, hold the entries (columns ``name aliases family tasks flags``; ``|`` separates lists).
An alias with a trailing ``?`` is weak: it names a span that something else has found ("captioning", "attention") and is
no evidence by itself, so `Vocabulary.lookup` knows it and `Vocabulary.forms` leaves it out. Flags of an entry:

* ``ambiguous``: an ordinary word or a name with other senses (Adam, CLIP, Places); every form matches in exact case;
* ``case``: every form of one word matches in exact case;
* ``context``: too generic to assert without the tagger's support (transfer learning, pruning).

A graph folder may add to them: files of the same columns in its folder ``vocabulary``, whose names end in methods.tsv,
datasets.tsv, benchmarks.tsv or tasks.tsv (`using`). An entry there replaces the one of its kind and name here.

Short abbreviations (up to five letters with two capitals: GAN, kNN, WIDER) always match in exact case. Variants of
spelling (hyphens, plural, British and American) are not listed: `fold` derives them. This module finds nothing in
running text; ``kg.extract`` does.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from kg.errors import InputError
from kg.model import ENTITY_LABELS, Kind

FILES = (
    (Kind.METHOD, "methods.tsv"),
    (Kind.DATASET, "datasets.tsv"),
    (Kind.BENCHMARK, "benchmarks.tsv"),
    (Kind.TASK, "tasks.tsv"),
)
COLUMNS = ("name", "aliases", "family", "tasks", "flags")
Files = tuple[tuple[str, bytes], ...]
"""A user's own files of names: how each is called, and what is in it."""
FLAGS = frozenset({"ambiguous", "case", "context"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One established name. ``weak`` aliases name a span found otherwise; alone they are no evidence."""

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    family: str | None = None
    tasks: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    weak: tuple[str, ...] = ()


_SPELLING = (
    ("is", re.compile(r"is(?=(?:e|ed|es|er|ers|ing|able|ation|ations)\b)"), "iz"),
    ("ys", re.compile(r"ys(?=(?:e|ed|er|ers|ing)\b)"), "yz"),
    ("ll", re.compile(r"(?<=[aeiou])ll(?=(?:ed|er|ers|ing|ings)\b)"), "l"),
    ("our", re.compile(r"\b(behavi|col|fav|flav|hum|lab|neighb|tum|vap)our"), r"\1or"),
    ("re", re.compile(r"\b(cent|fib|met)re(?=s?\b)"), r"\1er"),
    ("ogue", re.compile(r"\b(catal|dial)ogue"), r"\1og"),
    ("artefact", re.compile(r"artefact"), "artifact"),
    ("defence", re.compile(r"defence"), "defense"),
    ("grey", re.compile(r"grey"), "gray"),
    ("&", re.compile(r"&"), "and"),
)
_PLURAL = (
    (re.compile(r"(?<=[^aeiou])ices$"), "ix"),
    (re.compile(r"([^aeiou])ies$"), r"\1y"),
    (re.compile(r"(?<=[a-z]yz)es$"), "is"),
    (re.compile(r"(?<=ys)es$"), "is"),
    (re.compile(r"theses$"), "thesis"),
    (re.compile(r"(ss|ch|sh|x|zz)es$"), r"\1"),
    (re.compile(r"(?<=[^suiy])s$"), ""),
)
_DASHES = re.compile("[\u00ad\u2010-\u2015\u2212]")
_SEPARATORS = re.compile(r"[\s\-_/'\u2019\u2018`]+|\.(?!\d)|(?<!\d)\.")
_LAST_WORD = re.compile(r"[^\W\d_]+$")

_KEPT = 1 << 16
"""Names whose entries are kept at a time."""


@lru_cache(maxsize=65536)
def fold(surface: str) -> str:
    """Give the key under which spellings of one name meet: case, separators, plural, and British spelling folded.

    A period between digits stays, so that a 1.5B model is not a 15B model.

    >>> fold("CIFAR 10") == fold("cifar-10"), fold("CIFAR-10") == fold("CIFAR-100")
    (True, False)
    >>> fold("Graph neural networks"), fold("topic modelling"), fold("DARTS")
    ('graphneuralnetwork', 'topicmodeling', 'darts')
    """
    return _fold(surface, plural=True)


def _fold(surface: str, *, plural: bool) -> str:
    text = surface
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = _DASHES.sub("-", "".join(c for c in text if not unicodedata.combining(c)))
    text = text.strip()
    last = _LAST_WORD.search(text)
    # The s of DARTS and MNIST-DVS belongs to the name, that of GANs and of NEURAL NETWORKS does not.
    keep = not plural or last is None or (last[0].endswith("S") and (" " not in text or len(last[0]) <= 5))
    abbreviated = re.search(r"[A-Z0-9]s$", text) is not None
    text = text.casefold()
    for part, pattern, replacement in _SPELLING:
        if part in text:
            text = pattern.sub(replacement, text)
    if not keep:
        word = _LAST_WORD.search(text)
        if word is not None and abbreviated:
            text = text[:-1]
        elif word is not None and len(word[0]) > 3:
            text = text[: word.start()] + _singular(word[0])
    return _SEPARATORS.sub("", text)


def _singular(word: str) -> str:
    for pattern, replacement in _PLURAL:
        if pattern.search(word):
            return pattern.sub(replacement, word)
    return word


def _abbreviation(form: str) -> bool:
    return len(form) <= 6 and sum(c.isalpha() for c in form) <= 5 and sum(c.isupper() for c in form) >= 2


def case_matters(form: str, entry: Entry) -> bool:
    """Tell whether ``form`` of ``entry`` names it in this case only.

    >>> case_matters("GAN", Entry("Generative Adversarial Network", Kind.METHOD))
    True
    """
    if "ambiguous" in entry.flags or _abbreviation(form):
        return True
    return "case" in entry.flags and " " not in form


def _same_case(surface: str, form: str) -> bool:
    """Compare case letter by letter, blind to separators and to a plural s."""
    return _bare(surface) in (_bare(form), _bare(form) + "s", _bare(form) + "es")


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _torn(surface: str, form: str) -> bool:
    """Tell whether lower-case words only happen to join to a coined name, as "in at" joins to iNat."""
    return " " in surface and surface.islower() and " " not in form and re.search(r"\w[A-Z]", form) is not None


class Vocabulary:
    """The entries, found by any spelling of a name."""

    def __init__(
        self, entries: tuple[Entry, ...], *, digest: str, folder: Path | None = None, files: Files = ()
    ) -> None:
        """Index ``entries``; ``digest`` identifies their source and is part of what an extraction depends on.

        ``folder`` is where those come from that are not the program's, ``files`` what they were read from there.
        """
        self.folder = folder
        self.files = files
        self.entries = tuple(sorted(entries, key=lambda e: (ENTITY_LABELS.index(e.kind.label), e.name)))
        self.digest = digest
        self._by_name = {(e.kind.label, e.name): e for e in self.entries}
        self._by_key: dict[str, list[tuple[str, int, Entry]]] = {}
        for entry in self.entries:
            for rank, forms in enumerate(((entry.name,), entry.aliases, entry.weak)):
                for form in forms:
                    self._by_key.setdefault(fold(form), []).append((form, rank, entry))
        self._families = _family_forms(self.entries, self._by_name)
        self._found: dict[tuple[str, bool], tuple[Entry, ...]] = {}

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.entries)

    def lookup(self, surface: str, *, match_case: bool = True) -> tuple[Entry, ...]:
        """Give the entries that ``surface`` may name, best first; with ``match_case=False`` "gan" finds GAN too.

        Canonical names come before aliases and these before weak ones; then methods, datasets, tasks.
        """
        # A paper asks for its names again and again.
        found = self._found.get((surface, match_case))
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[surface, match_case] = self._look_up(surface, match_case)
        return found

    def _look_up(self, surface: str, match_case: bool) -> tuple[Entry, ...]:
        keys = dict.fromkeys((_fold(surface, plural=False), fold(surface)))
        found: dict[tuple[str, str], tuple[int, int, int, int]] = {}
        for order, key in enumerate(keys):
            for form, rank, entry in self._by_key.get(key, ()):
                same = _same_case(surface, form)
                if match_case and not same and (case_matters(form, entry) or _torn(surface, form)):
                    continue
                place = (rank, order, 0 if same else 1, ENTITY_LABELS.index(entry.kind.label))
                name = (entry.kind.label, entry.name)
                found[name] = min(place, found.get(name, place))
        return tuple(self._by_name[name] for name, _ in sorted(found.items(), key=lambda item: (item[1], item[0])))

    def canonical(self, surface: str, label: str | None = None) -> Entry | None:
        """Give the best entry for ``surface``, of node label ``label`` if given (Method, Dataset, Task)."""
        return next((e for e in self.lookup(surface) if label in (None, e.kind.label)), None)

    def forms(self) -> Iterator[tuple[str, Entry, bool]]:
        """Iterate over (form as written, entry, whether case matters); weak aliases are left out."""
        for entry in self.entries:
            for form in (entry.name, *entry.aliases):
                yield form, entry, case_matters(form, entry)

    def family(self, name: str, label: str) -> Entry | None:
        """Give the family of the entity called ``name``: the one listed, or the one its version or size points to."""
        entry = self.canonical(name, label)
        parent = entry.family if entry else self._family_by_rule(name, label)
        return self._by_name.get((label, parent)) if parent else None

    def _family_by_rule(self, name: str, label: str) -> str | None:
        for form, exact, parent in self._families.get(label, ()):
            head, rest = name[: len(form)], name[len(form) :]
            if (head == form or (not exact and head.casefold() == form.casefold())) and _MEMBER.fullmatch(rest):
                return parent
        return None


_MEMBER = re.compile(
    r"""(?:[-_\ /]?(?:
        v?\d+(?:\.\d+)*[kKmMbBtT]?          # versions, sizes, depths: -50, v9, 3.1, 70B, 21k
        | (?<=\d)[a-z]                      # 4o
        | (?<=[-/_\ ])(?:[A-Z]|A\d+B        # -B, -C, A22B
            |[Nn]ano|[Tt]iny|[Mm]ini|[Ss]mall|[Mm]edium|[Bb]ase|[Ll]arge|[Hh]uge|[Gg]iant|XS|XL|XXL|Ti
            |[Pp]ro|[Tt]urbo|[Pp]lus|[Uu]ltra|[Ff]lash|[Ii]nstruct|[Cc]hat|Opus|Sonnet|Haiku|Lite|Preview)
    ))+""",
    re.VERBOSE,
)


def _family_forms(
    entries: tuple[Entry, ...], by_name: dict[tuple[str, str], Entry]
) -> dict[str, list[tuple[str, bool, str]]]:
    """Collect, per label, the forms of all families, longest first, as (form, exact case, family)."""
    parents = {(e.kind.label, e.family) for e in entries if e.family}
    found: dict[str, list[tuple[str, bool, str]]] = {}
    for label, name in sorted(parents):
        entry = by_name.get((label, name))
        if entry is not None:
            forms = (f for f in (entry.name, *entry.aliases) if " " not in f)
            found.setdefault(label, []).extend((f, case_matters(f, entry), entry.name) for f in forms)
    return {label: sorted(forms, key=lambda f: (-len(f[0]), f)) for label, forms in found.items()}


def family_of(name: str, kind: Kind) -> str | None:
    """Give the canonical name of the family of ``name``, or None; a family is not its own member.

    >>> family_of("ResNet-1001", Kind.METHOD), family_of("CIFAR-20", Kind.DATASET), family_of("BERT4Rec", Kind.METHOD)
    ('ResNet', 'CIFAR', None)
    """
    entry = load().family(name, kind.label)
    return entry.name if entry else None


_IN_USE: ContextVar[Vocabulary | None] = ContextVar("vocabulary", default=None)


def load() -> Vocabulary:
    """Give the vocabulary in use: that of the program, unless within `using`. The same object at every call."""
    return _IN_USE.get() or _bundled()


@contextmanager
def using(folder: Path) -> Iterator[Vocabulary]:
    """Let `load` give the program's vocabulary and the entries of the files in ``folder``, where there are any.

    Raises InputError for a file that is no vocabulary.
    """
    token = _IN_USE.set(_with_folder(folder))
    try:
        yield load()
    finally:
        _IN_USE.reset(token)


@contextmanager
def using_files(files: Files) -> Iterator[Vocabulary]:
    """Do as `using` with the `Vocabulary.files` of another machine."""
    token = _IN_USE.set(_with_files(Path(), files))
    try:
        yield load()
    finally:
        _IN_USE.reset(token)


def use(folder: Path | None) -> None:
    """Do as `using` for good: what a worker process begins with. None is the program's own."""
    _IN_USE.set(None if folder is None else _with_folder(folder))


@lru_cache(maxsize=1)
def _bundled() -> Vocabulary:
    folder = resources.files("kg.vocabulary")
    entries: list[Entry] = []
    digest = hashlib.sha256()
    for kind, file in FILES:
        data = (folder / file).read_bytes()
        digest.update(file.encode() + b"\0" + data)
        entries.extend(read_entries(data.decode("utf-8"), kind))
    return Vocabulary(tuple(entries), digest=digest.hexdigest())


def _with_folder(folder: Path) -> Vocabulary | None:
    """The program's vocabulary and that of ``folder``; None where there is no file of that kind."""
    return _with_files(folder, tuple((path.name, path.read_bytes()) for path in sorted(folder.glob("*.tsv"))))


def _with_files(folder: Path, files: Files) -> Vocabulary | None:
    return _united(folder, files) if files else None


@lru_cache(maxsize=4)
def _united(folder: Path, files: Files) -> Vocabulary:
    bundled = _bundled()
    digest = hashlib.sha256(bundled.digest.encode())
    entries = {(entry.kind.label, entry.name): entry for entry in bundled.entries}
    for name, data in files:
        kind = next((kind for kind, file in FILES if name.endswith(file)), None)
        if kind is None:
            what = f"end its name in {', '.join(file for _, file in FILES)}, which says its kind"
            raise InputError(f"{folder / name}: {what}")
        digest.update(name.encode() + b"\0" + data)
        try:
            added = list(read_entries(data.decode("utf-8-sig"), kind))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{folder / name}: no vocabulary; its columns are {' '.join(COLUMNS)}") from None
        for entry in added:
            if not fold(entry.name) or entry.flags - FLAGS:
                raise InputError(
                    f"{folder / name}: {entry.name!r}: no name, or flags other than {' '.join(sorted(FLAGS))}"
                )
            entries[kind.label, entry.name] = entry
    return Vocabulary(tuple(entries.values()), digest=digest.hexdigest(), folder=folder, files=files)


def read_entries(text: str, kind: Kind) -> Iterator[Entry]:
    """Read the entries of one file's text."""
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        aliases = _parts(row["aliases"])
        yield Entry(
            name=row["name"],
            kind=kind,
            aliases=tuple(a for a in aliases if not a.endswith("?")),
            family=row["family"] or None,
            tasks=_parts(row["tasks"]),
            flags=frozenset(_parts(row["flags"])),
            weak=tuple(a[:-1] for a in aliases if a.endswith("?")),
        )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split("|") if part)
