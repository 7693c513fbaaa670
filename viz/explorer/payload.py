"""Pack a graph for the explorer: columns of numbers and texts, evidence in chunks, a table of papers.

What a browser must have to draw and search is the core, a few bytes a node and a link. Evidence, nine tenths of the
whole, is cut into chunks that are unpacked when somebody asks for them. The format is written down in
docs/decisions/0006-explorer.md. Knows neither HTML nor where the nodes lie (see ``map``); the same graph gives the same
bytes whatever the order of its nodes.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from kg.model import Relation
from viz.detail import cut, name_of, web_address
from viz.explorer.map import Map, lay_out
from viz.style import KINDS, kind_of

FORMAT = 1
CHUNK = 1024
"""Links whose evidence shares a chunk."""

BETWEEN = "\x1f"
"""Stands between the aliases of a node."""

_NAME = 400
_ALIAS = 120
_ALIASES = 24
_SENTENCE = 2000
_AUTHORS = 100
_OWN = {"Author": "WROTE", "Result": "REPORTS"}

Link = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Payload:
    """A packed graph; every part is compressed by gzip."""

    core: bytes
    papers: bytes
    evidence: tuple[bytes, ...]


def pack(graph: nx.MultiDiGraph, *, title: str, where: Map | None = None, evidence: bool = True) -> Payload:
    """Pack ``graph``, laid out as ``where`` says; without ``evidence`` it has no chunks and no papers."""
    where = lay_out(graph) if where is None else where
    ids = sorted(graph)
    facts = _facts(graph)
    order = sorted(range(len(ids)), key=lambda at: (-facts[ids[at]][0], ids[at]))
    number = {ids[at]: place for place, at in enumerate(order)}
    links = sorted(
        (
            (source, target, str(relation), found)
            for source, target, relation, found in graph.edges(keys=True, data=True)
        ),
        key=lambda link: (number[link[0]], link[2], number[link[1]]),
    )
    relations = _relations(link[2] for link in links)
    links.sort(key=lambda link: (number[link[0]], relations[link[2]], number[link[1]]))
    years = [year for count, *span in facts.values() for year in span if year]
    header: dict[str, Any] = {
        "format": FORMAT,
        "title": _text(title, _NAME),
        "kinds": list(KINDS),
        "relations": list(relations),
        "nodes": len(ids),
        "links": len(links),
        "years": [min(years), max(years)] if years else None,
        "communities": [
            {"name": _text(c.name, _NAME), "x": _round(c.x), "y": _round(c.y), "r": _round(c.r), "nodes": c.nodes}
            for c in where.communities
        ],
        "chunk": CHUNK,
        "chunks": 0,
        "papers": 0,
    }
    chunks: tuple[bytes, ...] = ()
    table = b""
    if evidence:
        papers = _papers(graph, links)
        header["papers"] = len(papers)
        chunks = tuple(_chunks(links, {key: row for row, key in enumerate(papers)}))
        header["chunks"] = len(chunks)
        table = _json_gz(_table(papers))
    nodes = [(ids[at], graph.nodes[ids[at]]) for at in order]
    place = np.array(order, dtype=np.int64)
    sections = {**_node_sections(nodes, facts, where, place), **_link_sections(links, number, relations, facts)}
    return Payload(_gz(_join(header, sections)), table, chunks)


def _facts(graph: nx.MultiDiGraph) -> dict[str, tuple[int, int, int]]:
    """Papers that stand behind each node, and the first and last year of them (0 where unknown)."""
    facts: dict[str, tuple[int, int, int]] = {}
    behind: dict[str, list[int]] = defaultdict(list)
    for source, target, relation in graph.edges(keys=True):
        if relation == Relation.WROTE:
            behind[source].append(_year(graph.nodes[target].get("year")))
        elif relation == Relation.REPORTS:
            behind[target].append(_year(graph.nodes[source].get("year")))
    for key, found in graph.nodes(data=True):
        if found.get("label") == "Paper":
            year = _year(found.get("year"))
            facts[key] = 1, year, year
        elif key in behind and "papers" not in found:
            known = [year for year in behind[key] if year]
            facts[key] = len(behind[key]), min(known, default=0), max(known, default=0)
        else:
            facts[key] = int(found.get("papers") or 0), _year(found.get("first_year")), _year(found.get("last_year"))
    return facts


def _year(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 65536 else 0


def _relations(found: Iterable[str]) -> dict[str, int]:
    """Number the relations that occur, in the order of the model; what the model does not know comes last."""
    present = set(found)
    known = [relation.value for relation in Relation if relation.value in present]
    return {name: at for at, name in enumerate([*known, *sorted(present - set(known))])}


def _node_sections(
    nodes: Sequence[tuple[str, Mapping[str, Any]]],
    facts: Mapping[str, tuple[int, int, int]],
    where: Map,
    place: NDArray[np.int64],
) -> dict[str, NDArray[Any] | list[str]]:
    kinds = {kind: at for at, kind in enumerate(KINDS)}
    known = np.array([facts[key] for key, _ in nodes], dtype=np.int64).reshape(-1, 3)
    return {
        "id": [_text(key, 10**6) for key, _ in nodes],
        "name": [_text(title_of(key, found), _NAME) for key, found in nodes],
        "aliases": [BETWEEN.join(_aliases(found)) for _, found in nodes],
        "kind": np.array([kinds[kind_of(found)] for _, found in nodes], dtype="<u1"),
        # A sixteenth of the way to the next node is fine enough, and takes half the bytes.
        "x": (where.x[place] * 16).round().astype("<f4") / np.float32(16),
        "y": (where.y[place] * 16).round().astype("<f4") / np.float32(16),
        "papers": known[:, 0].astype("<u4"),
        "first": known[:, 1].astype("<u2"),
        "last": known[:, 2].astype("<u2"),
        "community": where.community[place].astype("<u2"),
    }


def title_of(key: object, found: Mapping[str, Any]) -> str:
    """Give the name that the explorer shows for a node.

    >>> title_of("r", {"label": "Result", "metric": "accuracy", "value": 93.1, "unit": "%"})
    '93.1% accuracy'
    """
    if found.get("label") != "Result":
        return name_of(key, found)
    value, unit, metric = found.get("value"), str(found.get("unit") or ""), str(found.get("metric") or "")
    number = f"{value:g}" if isinstance(value, int | float) else ""
    sign = "+" if found.get("kind") == "gain" and number[:1] not in ("", "-") else ""
    unit = unit if unit in ("", "%") else f" {unit}"
    return f"{sign}{number}{unit} {metric}".strip() or "result"


def _aliases(found: Mapping[str, Any]) -> list[str]:
    name = str(found.get("name") or "").casefold()
    aliases = (str(alias) for alias in found.get("aliases") or ())
    return [_text(alias, _ALIAS) for alias in aliases if alias.casefold() != name][:_ALIASES]


def _link_sections(
    links: Sequence[tuple[str, str, str, Mapping[str, Any]]],
    number: Mapping[str, int],
    relations: Mapping[str, int],
    facts: Mapping[str, tuple[int, int, int]],
) -> dict[str, NDArray[Any] | list[str]]:
    rows = np.zeros((len(links), 7), dtype=np.int64)
    for at, (source, target, relation, found) in enumerate(links):
        first, last = _year(found.get("first_year")), _year(found.get("last_year"))
        if relation in (Relation.WROTE, Relation.REPORTS, Relation.OF_METHOD, Relation.ON_DATASET):
            # These say what one paper has: its year is theirs.
            first, last = facts[target][1:] if relation == Relation.WROTE else facts[source][1:]
        score = found.get("score")
        percent = 100 if score is None else round(100 * min(max(float(score), 0.0), 1.0))
        papers = min(int(found.get("papers") or 1), 65535)
        rows[at] = number[source], number[target], relations[relation], papers, percent, first, last
    names = ("source", "target", "relation", "link_papers", "link_score", "link_first", "link_last")
    types = ("<u4", "<u4", "<u1", "<u2", "<u1", "<u2", "<u2")
    return {name: rows[:, at].astype(form) for at, (name, form) in enumerate(zip(names, types, strict=True))}


def _papers(graph: nx.MultiDiGraph, links: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> dict[str, Any]:
    """All papers that are in the graph or stand behind its evidence, by id."""
    known = graph.graph.get("papers", {})
    cited = {str(paper) for *_, found in links for paper in found.get("evidence_papers") or ()}
    there = {key for key, label in graph.nodes(data="label") if label == "Paper"}
    return {key: graph.nodes[key] if key in graph else known.get(key, {}) for key in sorted(cited | there)}


def _table(papers: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    rows = papers.values()
    return {
        "id": [_text(key, 10**6) for key in papers],
        "title": [_text(str(found.get("title") or key), _NAME) for key, found in papers.items()],
        "year": [_year(found.get("year")) or None for found in rows],
        "url": [web_address(found.get("url")) or "" for found in rows],
        "authors": [[_text(str(a), _ALIAS) for a in (found.get("authors") or ())[:_AUTHORS]] for found in rows],
        "venue": [_text(str(found.get("venue") or ""), _NAME) for found in rows],
    }


def _chunks(links: Sequence[tuple[str, str, str, Mapping[str, Any]]], rows: Mapping[str, int]) -> Iterable[bytes]:
    for start in range(0, len(links), CHUNK):
        sentences: dict[str, int] = {}
        said = [
            [
                [
                    rows[str(paper)],
                    0 if field == "title" else 1,
                    int(begin),
                    int(end),
                    sentences.setdefault(_text(str(sentence), _SENTENCE), len(sentences)),
                ]
                for paper, field, begin, end, sentence in _evidence(found)
            ]
            for *_, found in links[start : start + CHUNK]
        ]
        yield _json_gz({"sentences": list(sentences), "links": said})


def _evidence(found: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    names = ("papers", "fields", "starts", "ends", "sentences")
    return zip(*(found.get(f"evidence_{name}") or () for name in names), strict=False)


def _text(text: str, limit: int) -> str:
    """Cut, and make it Unicode: a lone surrogate has no UTF-8, and BETWEEN has a meaning."""
    return cut(text, limit).replace(BETWEEN, " ").encode("utf-8", "replace").decode()


def _round(value: float) -> float:
    return round(float(value), 3)


def _join(header: Mapping[str, Any], sections: Mapping[str, NDArray[Any] | list[str]]) -> bytes:
    parts: list[bytes] = []
    table: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, values in sections.items():
        if isinstance(values, list):
            form, data = "str", _strings(values)
        else:
            form, data = {"u1": "u8", "u2": "u16", "u4": "u32", "f4": "f32"}[values.dtype.str[1:]], values.tobytes()
        table[name] = {"type": form, "offset": offset, "count": len(values)}
        data += bytes(-len(data) % 4)
        parts.append(data)
        offset += len(data)
    text = json.dumps(
        {**header, "sections": table}, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()
    return b"".join((len(text).to_bytes(4, "little"), text, bytes(-len(text) % 4), *parts))


def _strings(values: Sequence[str]) -> bytes:
    texts = [value.encode() for value in values]
    offsets = np.zeros(len(texts) + 1, dtype="<u4")
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return b"".join((offsets.tobytes(), *texts))


def _json_gz(data: object) -> bytes:
    return _gz(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


def _gz(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)
