"""Bring a record as a service writes it into plain fields: OpenAlex, Crossref, CSL, Zotero, OpenReview and arXiv.

A record is told by the fields it has, so that files of mixed origin read too. What the plain fields mean, whatever
their names, is `kg.read.record`'s; Semantic Scholar and DBLP need no more than that.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kg.read.identifiers import normal
from kg.read.latex import plain
from kg.read.record import MAX_ABSTRACT
from kg.read.values import text_of

Fields = Mapping[str, Any]

_NO_PAPERS = frozenset(("attachment", "note", "annotation"))


def plain_fields(record: Fields) -> Fields | None:
    """Give the record in plain fields; None for what only accompanies a paper (an attachment, a review).

    >>> plain_fields({"title": ["Nets"], "DOI": "10.1/x", "container-title": ["Fish"], "subtitle": ["a Survey"]})
    {'title': 'Nets: a Survey', 'DOI': '10.1/x', 'container-title': 'Fish'}
    """
    for told, bring in _SERVICES:
        if told(record):
            return bring(record)
    return record


def _is_openalex(record: Fields) -> bool:
    return "abstract_inverted_index" in record or "authorships" in record


def _openalex(record: Fields) -> Fields:
    place = record.get("primary_location") or record.get("host_venue") or {}
    source = place.get("source", place) if isinstance(place, dict) else None
    fields = {**record, "venue": source.get("display_name") if isinstance(source, dict) else None}
    index = record.get("abstract_inverted_index")
    if isinstance(index, dict) and not record.get("abstract"):
        fields["abstract"] = rebuilt(index)
    if not fields["venue"]:
        del fields["venue"]
    if isinstance(place, dict) and not record.get("url"):
        fields["url"] = place.get("landing_page_url")
    return fields


def rebuilt(index: Mapping[str, Any]) -> str:
    """Rebuild a text from its inverted index: for each word, its positions.

    >>> rebuilt({"net": [1, 4], "We": [0], "fish": [2], "and": [3]})
    'We net fish and net'
    """
    placed: list[tuple[int, str]] = []
    size = 0
    for word, positions in index.items():
        if not isinstance(positions, list):
            continue
        for position in positions:
            if isinstance(position, int) and size <= 4 * MAX_ABSTRACT:
                placed.append((position, str(word)))
                size += len(str(word)) + 1
    return " ".join(word for _, word in sorted(placed))


def _is_csl(record: Fields) -> bool:
    return "itemType" not in record and (
        "container-title" in record
        or ("DOI" in record and isinstance(record.get("title"), list))
        or (isinstance(record.get("issued"), dict) and ("type" in record or "DOI" in record))
    )


def _csl(record: Fields) -> Fields:
    """Crossref and CSL: titles are lists of translations; the id is a citation key, which is no identity."""
    fields = {key: value for key, value in record.items() if key not in ("id", "subtitle", "short-title")}
    title, subtitle = _first(record.get("title")), _first(record.get("subtitle"))
    if subtitle and subtitle.casefold() not in title.casefold():
        title = f"{title.rstrip(' :')}: {subtitle}"
    fields["title"] = title
    if "container-title" in record:
        fields["container-title"] = _first(record["container-title"])
    for name in ("published-print", "published", "published-online", "issued"):
        if isinstance(record.get(name), dict):
            fields["year"] = record[name]
    return fields


def _first(value: Any) -> str:
    return text_of(value[0] if isinstance(value, list) and value else value)


def _is_zotero(record: Fields) -> bool:
    return "itemType" in record


def _zotero(record: Fields) -> Fields | None:
    if text_of(record["itemType"]) in _NO_PAPERS:
        return None
    fields = {key: value for key, value in record.items() if key not in ("id", "key")}
    people = record.get("creators")
    if isinstance(people, list):
        wrote = [one for one in people if isinstance(one, dict) and one.get("creatorType", "author") == "author"]
        fields["creators"] = wrote or people
    venues = ("publicationTitle", "proceedingsTitle", "bookTitle", "conferenceName", "university", "repository")
    fields["venue"] = next((record[name] for name in venues if record.get(name)), None)
    fields["links"] = str(record.get("extra") or "")[:10_000]
    return fields


def is_note(record: Fields) -> bool:
    """Tell a note of OpenReview, which holds its title in its "content"."""
    return isinstance(record.get("content"), dict) and ("forum" in record or "invitation" in record or "id" in record)


def _openreview(record: Fields) -> Fields | None:
    forum = record.get("forum")
    if forum and record.get("id") and forum != record["id"]:
        return None  # a review, a comment or a decision
    content = record["content"]
    key = text_of(forum or record.get("id"))
    fields = {name: value for name, value in content.items() if name not in ("pdf", "id")}
    fields["id"] = key
    fields["openreview"] = key
    if normal("openreview", key):
        fields["url"] = f"https://openreview.net/forum?id={key}"
    if not content.get("year"):
        stated = re.search(r"year\s*=\s*\{(\d{4})\}", text_of(content.get("_bibtex"))[:5000])
        venue = re.search(r"\b(?:19|20)\d\d\b", text_of(content.get("venue"))[:200])
        made = next((record[name] for name in ("pdate", "odate", "cdate", "tcdate") if record.get(name)), None)
        fields["year"] = stated.group(1) if stated else venue.group() if venue else _year_of_milliseconds(made)
    return fields


def _year_of_milliseconds(value: Any) -> int | None:
    if isinstance(value, int) and 0 < value < 1 << 43:
        return datetime.fromtimestamp(value / 1000, UTC).year
    return None


def _is_arxiv(record: Fields) -> bool:
    return "authors_parsed" in record or ("categories" in record and "versions" in record)


def _arxiv(record: Fields) -> Fields:
    """The arXiv metadata snapshot: LaTeX accents in names; the first version says when it appeared."""
    fields = dict(record)
    key = text_of(record.get("id"))
    fields["arxiv_id"] = key
    people = record.get("authors_parsed")
    if isinstance(people, list):
        fields["authors"] = [
            [plain(text_of(part)) for part in name[:2]] if isinstance(name, list) else name for name in people[:10_000]
        ]
    elif isinstance(record.get("authors"), str):
        fields["authors"] = plain(record["authors"][:100_000])
    versions = record.get("versions")
    if isinstance(versions, list) and versions and isinstance(versions[0], dict):
        fields["year"] = versions[0].get("created")
    if normal("arxiv", key) and not record.get("url"):
        fields["url"] = f"https://arxiv.org/abs/{key}"
    return fields


_SERVICES: tuple[tuple[Callable[[Fields], bool], Callable[[Fields], Fields | None]], ...] = (
    (is_note, _openreview),
    (_is_openalex, _openalex),
    (_is_arxiv, _arxiv),
    (_is_zotero, _zotero),
    (_is_csl, _csl),
)
