"""Write an Obsidian vault: a folder of Markdown notes, one a paper, method, dataset, task and author, linked.

A note has its properties as YAML front matter, its relations as links with the sentences behind them, and what links
to it by relation. A result has no note: it is a line in those of its paper, method and dataset. Links name the note
with its folder, so that they hold in any Markdown program that knows ``[[...]]``.

File names are safe on Windows, macOS and Linux, and no two are the same to a system that tells no case. A name that
is taken, or that had to be cut, gets a digest of the node's id, so that a note keeps its name as others come and go.

``.papergraph.json`` holds a digest of every note. Writing into the folder again replaces the notes and removes those
whose node has gone, but never a note that someone has edited or made: that is an `ExportError`.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from kg.errors import ExportError
from kg.export.files import replacing, whole
from kg.export.flat import listed, name_of, order, plain, text
from kg.model import Relation

FOLDERS = {"Paper": "Papers", "Method": "Methods", "Dataset": "Datasets", "Task": "Tasks", "Author": "Authors"}
WRITTEN = ".papergraph.json"
_OTHER = "Other"
_LENGTH = 120
_UNSAFE = re.compile(r'[\\/:*?"<>|#^\[\]\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|$^]|~(?=~)|=(?==)|%(?=%)|&(?=#?\w+;)|^[-+](?=\s|$)|(?<=^\d)[.)](?=\s|$)")
_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_FRONT = (
    "aliases",
    "papers",
    "first_year",
    "last_year",
    "benchmark",
    "authors",
    "year",
    "venue",
    "url",
    "ids",
    "sources",
)
_INCOMING = {
    Relation.PROPOSES: "Proposed by",
    Relation.USES: "Used by",
    Relation.COMPARES: "Compared in",
    Relation.EVALUATES_ON: "Evaluated on by",
    Relation.TRAINS_ON: "Trained on by",
    Relation.ADDRESSES: "Addressed by",
    Relation.MENTIONS: "Mentioned by",
    Relation.EVALUATED_ON: "Methods evaluated on it",
    Relation.TRAINED_ON: "Methods trained on it",
    Relation.COMPARED_WITH: "Compared with it",
    Relation.BASED_ON: "Based on it",
    Relation.USED_FOR: "Methods used for it",
    Relation.BENCHMARK_FOR: "Benchmarks",
    Relation.VARIANT_OF: "Variants",
    Relation.WROTE: "Authors",
}


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write ``graph`` as notes into the folder ``path``, made if need be."""
    names = note_names(graph)
    known = _known(path)
    notes = {f"{names[key]}.md": _note(graph, key, names).encode() for key in sorted(names, key=order)}
    _check(path, known, notes)
    path.mkdir(parents=True, exist_ok=True)
    for name in sorted({name.partition("/")[0] for name in notes}):
        path.joinpath(name).mkdir(exist_ok=True)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in notes.items()}
    # The list comes first and names old and new notes: whatever a crash leaves behind is known for ours.
    _remember(path, {**known, **digests})
    for name, data in notes.items():
        path.joinpath(name).write_bytes(data)
    for name in sorted(known.keys() - notes.keys()):
        path.joinpath(name).unlink(missing_ok=True)
    _remember(path, digests)


def note_names(graph: nx.MultiDiGraph) -> dict[Hashable, str]:
    """Give the note of each node but the results: its folder and name, without the suffix."""
    names: dict[Hashable, str] = {}
    wanted: dict[str, list[Hashable]] = {}
    for key in sorted(graph, key=order):
        properties = graph.nodes[key]
        if properties.get("label") != "Result":
            folder = FOLDERS.get(str(properties.get("label")), _OTHER)
            names[key] = f"{folder}/{file_name(name_of(key, properties), key)}"
            wanted.setdefault(_sameness(names[key]), []).append(key)
    for keys in wanted.values():
        for key in keys if len(keys) > 1 else ():
            names[key] = f"{names[key]} {_digest(key)}"
    return names


def file_name(name: str, key: Hashable) -> str:
    """Make a name that every file system takes, of at most 120 bytes and a digest.

    >>> file_name('AC/DC: a "net"?', "method:ac-dc"), file_name("CON", "method:con")
    ('AC DC a net', '_CON')
    """
    safe = " ".join(_UNSAFE.sub(" ", unicodedata.normalize("NFC", whole(name))).split())
    safe = "".join(c for c in safe if c.isprintable()).strip(" .")
    cut = safe.encode()[:_LENGTH].decode(errors="ignore").strip(" .")
    if not cut or cut != safe:
        return f"{cut} {_digest(key)}".strip()
    return f"_{cut}" if _RESERVED.fullmatch(cut) else cut


def _sameness(name: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())


def _digest(key: Hashable) -> str:
    return hashlib.sha256(str(key).encode("utf-8", "replace")).hexdigest()[:8]


def _known(path: Path) -> dict[str, str]:
    """The notes that the folder has of ours, and their digests."""
    try:
        found = json.loads(path.joinpath(WRITTEN).read_text("utf-8"))["notes"]
        known = {str(name): str(digest) for name, digest in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ExportError(f"{path / WRITTEN}: damaged; give another folder") from None
    # The list came from outside: a name in it must be that of a note in one of our folders.
    folders = "|".join([*FOLDERS.values(), _OTHER])
    return {name: digest for name, digest in known.items() if re.fullmatch(rf"(?:{folders})/[^/\\:]+\.md", name)}


def _check(path: Path, known: Mapping[str, str], notes: Mapping[str, bytes]) -> None:
    for name in sorted({*known, *notes}):
        place = path / name
        if not place.is_file():
            continue
        found = hashlib.sha256(place.read_bytes()).hexdigest()
        if found not in (known.get(name), hashlib.sha256(notes.get(name, b"")).hexdigest()):
            raise ExportError(f"{place}: not as kg wrote it; move it away or give another folder")


def _remember(path: Path, digests: Mapping[str, str]) -> None:
    with replacing(path / WRITTEN) as file:
        file.write(json.dumps({"notes": dict(sorted(digests.items()))}, ensure_ascii=False, indent=0) + "\n")


def _note(graph: nx.MultiDiGraph, key: Hashable, names: Mapping[Hashable, str]) -> str:
    properties = graph.nodes[key]
    label = str(properties.get("label") or _OTHER)
    front = {"id": str(key), "type": label, "title": name_of(key, properties)}
    front |= {name: properties[name] for name in _FRONT if name in properties}
    lines = ["---", *(f"{name}: {yaml(value)}" for name, value in front.items() if plain(value) is not None)]
    lines += [f"tags: {yaml([label.lower()])}", "---", "", f"# {markdown(name_of(key, properties))}", ""]
    if properties.get("abstract"):
        lines += [markdown(str(properties["abstract"])), ""]
    for title, entries in _sections(graph, key, names):
        lines += [f"## {title}", "", *entries, ""]
    return whole("\n".join(lines))


def _sections(graph: nx.MultiDiGraph, key: Hashable, names: Mapping[Hashable, str]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[tuple[tuple[int, str, tuple[str, str]], list[str]]]] = {}
    results: dict[str, str] = {}
    for source, target, relation, said in [
        *graph.out_edges(key, keys=True, data=True),
        *(edge for edge in graph.in_edges(key, keys=True, data=True) if edge[0] != key),
    ]:
        other = target if source == key else source
        if other not in names:
            results[str(other)] = _result(graph, other, key, names)
            continue
        title = str(relation).capitalize().replace("_", " ")
        if source != key:
            title = _INCOMING.get(relation, f"{title} (from)")
        line = f"- {_link(graph, other, names)}"
        if said.get("papers"):
            line += f" ({said['papers']} paper{'' if said['papers'] == 1 else 's'})"
        place = -int(said.get("papers") or 0), name_of(other, graph.nodes[other]).casefold(), order(other)
        quotes = list(_evidence(graph, said, names, own=key)) if source == key else []
        found.setdefault(title, []).append((place, [line, *quotes]))
    for title, entries in sorted(found.items()):
        yield title, [line for _, lines in sorted(entries, key=lambda entry: entry[0]) for line in lines]
    if results:
        yield "Results", [line for _, line in sorted(results.items())]


def _evidence(
    graph: nx.MultiDiGraph, said: Mapping[str, Any], names: Mapping[Hashable, str], *, own: Hashable
) -> Iterator[str]:
    pairs = zip(said.get("evidence_papers") or (), said.get("evidence_sentences") or (), strict=False)
    for paper, sentence in pairs:
        where = f" ({_link(graph, paper, names)})" if paper in names and paper != own else ""
        yield f"    - {markdown(str(sentence))}{where}"


def _result(graph: nx.MultiDiGraph, key: Hashable, near: Hashable, names: Mapping[Hashable, str]) -> str:
    properties = graph.nodes[key]
    value = plain(properties.get("value"))
    shown = f"{'' if value is None else text(value)}{properties.get('unit') or ''}"
    line = f"- {markdown(str(properties.get('metric') or 'value'))}: {markdown(shown)}"
    line += " (gain)" if properties.get("kind") == "gain" else ""
    ends = sorted({*graph.predecessors(key), *graph.successors(key)} - {near}, key=order)
    linked = [_link(graph, end, names) for end in ends if end in names]
    sentence = properties.get("text")
    return (
        line
        + (f" · {', '.join(linked)}" if linked else "")
        + (f"\n    - {markdown(str(sentence))}" if sentence else "")
    )


def _link(graph: nx.MultiDiGraph, key: Hashable, names: Mapping[Hashable, str]) -> str:
    # Inside a link nothing can be escaped.
    shown = " ".join(re.sub(r"[\[\]|\\]", " ", name_of(key, graph.nodes[key])).split())
    return f"[[{names[key]}|{shown or _digest(key)}]]"


def markdown(value: str) -> str:
    r"""Write a text so that Markdown and Obsidian show it as it is.

    >>> print(markdown("a *b* [[c]] <d>"))
    a \*b\* \[\[c\]\] \<d\>
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(value.split()))


def yaml(value: object) -> str:
    r"""Write a value in YAML: a text in double quotes, with JSON's escapes, which are YAML's.

    >>> print(yaml(["a: b", 'say "c"']), yaml(True), yaml(2018))
    ["a: b", "say \"c\""] true 2018
    """
    items = listed(value)
    found = json.dumps(plain(value) if items is None else items, ensure_ascii=False)
    return _YAML.sub(lambda m: f"\\u{ord(m[0]):04x}", whole(found))
