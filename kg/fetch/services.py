"""The four services: how each is asked, how it answers page by page, and how it asks to be treated.

====================  ===========================  ==========================  =====================================
service               pages by                     between requests            documented at
====================  ===========================  ==========================  =====================================
arxiv                 start, max_results           3 s, one at a time          info.arxiv.org/help/api/user-manual.html
openalex              cursor                       0.1 s; a free key           developers.openalex.org
semanticscholar       token                        1 s; a key if you have one  api.semanticscholar.org/api-docs/graph
crossref              cursor                       1 s; contact address        api.crossref.org
====================  ===========================  ==========================  =====================================

No request is made here; ``kg.fetch.transport`` makes them.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from kg.errors import UsageError
from kg.fetch import arxiv

Record = dict[str, Any]
Params = dict[str, str]
Years = tuple[int | None, int | None]
"""First and last year of publication; None leaves that end open."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its records, how many the query has in all, and the parameters that ask for the next page."""

    records: list[Record]
    total: int | None
    next: Params | None


class IncompleteError(ValueError):
    """An answer that is not whole, or not in the service's form: worth another try."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that can be asked for papers."""

    name: str
    title: str
    address: str
    path: str
    pause: float
    """Seconds between two requests that the service asks for."""
    page_size: int
    most: int | None
    """Records that one query can give at most."""
    key_variable: str
    """The environment variable that holds a key for the service."""
    start: Callable[[str, Years, int], Params]
    """Gives the parameters of the first page, of a query, years and a page size."""
    read: Callable[[bytes, Params], Page]
    """Reads the answer to these parameters; raises IncompleteError."""
    identify: Callable[[Record], str]
    """The service's own id of a record, to know it again."""
    abstract: str
    """The field that holds the abstract."""
    key_header: str = ""
    key_parameter: str = ""
    contact_parameter: str = ""

    @property
    def address_variable(self) -> str:
        """The environment variable that holds another base address.

        >>> SERVICES[0].address_variable
        'KG_ARXIV_URL'
        """
        return f"KG_{self.name.upper()}_URL"


def service_named(name: str) -> Service:
    """Give the service of that name; raises UsageError."""
    for service in SERVICES:
        if service.name == name:
            return service
    raise UsageError(f"{name}: no such service; one of {', '.join(service.name for service in SERVICES)}")


def complaint(body: bytes) -> str:
    """Find what a service says is wrong, in whatever form it says it.

    >>> complaint(b'{"error": "Invalid query", "message": "no such field"}'), complaint(b"Resource not found.")
    ('Invalid query: no such field', 'Resource not found.')
    """
    text = body[:20_000].decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Atom says it in the summary of the one entry, a page of HTML in its title.
        found = _said(text, "summary") or _said(text, "title")
        text = unescape(found[1]) if found else re.sub(r"<[^>]*>", " ", text)
    else:
        parts = list(_strings(value))
        text = ": ".join(dict.fromkeys(parts))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _said(text: str, tag: str) -> re.Match[str] | None:
    return re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", text, re.DOTALL | re.IGNORECASE)


def _strings(value: Any) -> list[str]:
    """The messages in an object of an error: under "error" and "message", which may hold objects again."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value[:3] for text in _strings(item)]
    if isinstance(value, dict):
        return [text for name in ("error", "message") if name in value for text in _strings(value[name])]
    return []


def _start_arxiv(query: str, years: Years, size: int) -> Params:
    text = arxiv.query_text(query)
    first, last = years
    if first or last:
        text = f"({text}) AND submittedDate:[{first or 1991}01010000 TO {last or 2199}12312359]"
    return {"search_query": text, "start": "0", "max_results": str(size), "sortBy": "relevance"}


def _read_arxiv(body: bytes, params: Params) -> Page:
    try:
        records, total = arxiv.read_feed(body)
    except ValueError as error:
        raise IncompleteError(str(error)) from None
    if len(records) == 1 and "/api/errors" in records[0].get("url", ""):
        raise UsageError(f"arxiv does not take this query ({records[0].get('abstract', 'no reason given')[:200]})")
    end = int(params["start"]) + len(records)
    if not records and end < total:
        raise IncompleteError("a page without papers")  # a known fault of the service, which passes
    return Page(records, total, {"start": str(end)} if end < total else None)


def _start_openalex(query: str, years: Years, size: int) -> Params:
    filters = ["has_abstract:true"]
    if years[0]:
        filters.append(f"from_publication_date:{years[0]}-01-01")
    if years[1]:
        filters.append(f"to_publication_date:{years[1]}-12-31")
    fields = "id,doi,ids,title,publication_year,authorships,primary_location,type,abstract_inverted_index"
    return {
        "search": query,
        "filter": ",".join(filters),
        "select": fields,
        "per-page": str(size),
        "cursor": "*",
    }


def _read_openalex(body: bytes, params: Params) -> Page:
    del params
    answer = _object(body)
    meta = _inner(answer, "meta")
    records, cursor = _records(answer, "results"), meta.get("next_cursor")
    return Page(records, _count(meta.get("count")), {"cursor": str(cursor)} if cursor and records else None)


def _start_semanticscholar(query: str, years: Years, size: int) -> Params:
    del size  # the service gives a thousand a page
    params = {
        "query": query,
        "fields": "title,abstract,authors,year,venue,externalIds,url,publicationDate",
        "sort": "citationCount:desc",
    }
    if any(years):
        params["year"] = f"{years[0] or ''}-{years[1] or ''}"
    return params


def _read_semanticscholar(body: bytes, params: Params) -> Page:
    del params
    answer = _object(body)
    records = _records(answer, "data")
    token = answer.get("token")
    return Page(records, _count(answer.get("total")), {"token": str(token)} if token and records else None)


def _start_crossref(query: str, years: Years, size: int) -> Params:
    filters = ["has-abstract:true"]
    if years[0]:
        filters.append(f"from-pub-date:{years[0]}")
    if years[1]:
        filters.append(f"until-pub-date:{years[1]}")
    fields = "DOI,URL,title,abstract,author,issued,container-title,type"
    return {"query": query, "filter": ",".join(filters), "select": fields, "rows": str(size), "cursor": "*"}


def _read_crossref(body: bytes, params: Params) -> Page:
    del params
    message = _inner(_object(body), "message")
    records, cursor = _records(message, "items"), message.get("next-cursor")
    # Crossref gives a cursor on the last page too, which then leads to a page without records.
    return Page(records, _count(message.get("total-results")), {"cursor": str(cursor)} if cursor and records else None)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise IncompleteError("not whole JSON") from None
    if not isinstance(answer, dict):
        raise IncompleteError("not an object of JSON")
    return answer


def _inner(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise IncompleteError(f'no "{name}" in the answer')
    return value


def _records(answer: Mapping[str, Any], name: str) -> list[Record]:
    value = answer.get(name)
    if not isinstance(value, list):
        raise IncompleteError(f'no "{name}" in the answer')
    return [record for record in value if isinstance(record, dict)]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


SERVICES = (
    Service(
        name="arxiv",
        title="arXiv",
        address="https://export.arxiv.org",
        path="/api/query",
        pause=3.0,
        page_size=100,
        most=30_000,
        key_variable="",
        start=_start_arxiv,
        read=_read_arxiv,
        identify=lambda record: str(record.get("id", "")),
        abstract="abstract",
    ),
    Service(
        name="openalex",
        title="OpenAlex",
        address="https://api.openalex.org",
        path="/works",
        pause=0.1,
        page_size=100,
        most=None,
        key_variable="OPENALEX_API_KEY",
        start=_start_openalex,
        read=_read_openalex,
        identify=lambda record: str(record.get("id", "")),
        abstract="abstract_inverted_index",
        key_parameter="api_key",
        contact_parameter="mailto",
    ),
    Service(
        name="semanticscholar",
        title="Semantic Scholar",
        address="https://api.semanticscholar.org",
        path="/graph/v1/paper/search/bulk",
        pause=1.0,
        page_size=1000,
        most=None,
        key_variable="SEMANTIC_SCHOLAR_API_KEY",
        start=_start_semanticscholar,
        read=_read_semanticscholar,
        identify=lambda record: str(record.get("paperId", "")),
        abstract="abstract",
        key_header="x-api-key",
    ),
    Service(
        name="crossref",
        title="Crossref",
        address="https://api.crossref.org",
        path="/works",
        pause=1.0,
        page_size=200,
        most=None,
        key_variable="CROSSREF_PLUS_API_TOKEN",
        start=_start_crossref,
        read=_read_crossref,
        identify=lambda record: str(record.get("DOI", "")).lower(),
        abstract="abstract",
        key_header="Crossref-Plus-API-Token",
        contact_parameter="mailto",
    ),
)
