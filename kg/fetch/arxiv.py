"""Turn the Atom feeds of arXiv's API into records of the field names that arXiv's metadata snapshot has.

The feed is XML from outside: it is parsed by ``defusedxml``, which refuses entities and external references. It is
described in the arXiv API User's Manual, section 3 (https://info.arxiv.org/help/api/user-manual.html).
"""

import re
from typing import Any
from xml.etree.ElementTree import Element

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def read_feed(body: bytes) -> tuple[list[dict[str, Any]], int]:
    """Give the records of a feed, and how many the query has in all; raises ValueError for what is not a feed."""
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

    try:
        feed = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"not Atom ({error})") from None
    if feed.tag != f"{_ATOM}feed":
        raise ValueError("not Atom")
    return [_record(entry) for entry in feed.iter(f"{_ATOM}entry")], int(_text(feed, f"{_SEARCH}totalResults") or 0)


def query_text(query: str) -> str:
    """Write a query as arXiv's API takes it: plain words have to be all there; a query with fields is left as it is.

    >>> query_text('graph "message passing"'), query_text("cat:cs.LG AND ti:graph")
    ('all:graph AND all:"message passing"', 'cat:cs.LG AND ti:graph')
    """
    if re.search(r"\b(?:ti|au|abs|co|jr|cat|rn|id|all|submittedDate|lastUpdatedDate):", query):
        return query
    return " AND ".join(f"all:{word}" for word in re.findall(r'"[^"]+"|[^\s"]+', query))


def _record(entry: Element) -> dict[str, Any]:
    address = _text(entry, f"{_ATOM}id")
    key, _, version = address.partition("/abs/")[2].rpartition("v")
    found: dict[str, Any] = {
        "id": key if key and version.isdigit() else address.partition("/abs/")[2] or address,
        "title": _text(entry, f"{_ATOM}title"),
        "abstract": _text(entry, f"{_ATOM}summary"),
        "authors": [_text(author, f"{_ATOM}name") for author in entry.iter(f"{_ATOM}author")],
        "published": _text(entry, f"{_ATOM}published"),
        "updated": _text(entry, f"{_ATOM}updated"),
        "categories": [category.get("term", "") for category in entry.iter(f"{_ATOM}category")],
        "journal-ref": _text(entry, f"{_ARXIV}journal_ref"),
        "doi": _text(entry, f"{_ARXIV}doi"),
        "comments": _text(entry, f"{_ARXIV}comment"),
        "url": address,
    }
    return {name: value for name, value in found.items() if value}


def _text(parent: Element, tag: str) -> str:
    return " ".join((parent.findtext(tag) or "").split())
