"""Fetch the records of a query page by page: the order of the work, not how it is asked nor where it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass

from kg.errors import UsageError
from kg.fetch.services import Page, Params, Record, Service, Years
from kg.fetch.transport import RefusedError, Transport


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    service: Service
    query: str
    years: Years = (None, None)

    def __post_init__(self) -> None:
        """Refuse what is no query."""
        if not self.query.strip():
            raise UsageError("an empty query; give the words that the papers have to have")
        try:
            self.query.encode()
        except UnicodeEncodeError:
            raise UsageError("a query that is not text; check the encoding of the terminal") from None
        first, last = self.years
        if first and last and first > last:
            raise UsageError(f"--years {first}-{last}: ends before it begins")


@dataclass(frozen=True, slots=True)
class Batch:
    """The new records of one page, how many were left out for want of an abstract, and where the next page is.

    ``next`` is None at the end. ``total`` is how many records the service has for the query, where it says so.
    """

    records: list[Record]
    left_out: int
    total: int | None
    next: Params | None


def fetch(
    request: Request,
    transport: Transport,
    *,
    limit: int,
    seen: set[str] | None = None,
    place: Params | None = None,
) -> Iterator[Batch]:
    """Fetch up to ``limit`` records that are not ``seen``, from the page at ``place`` on; by default from the first.

    Where a service no longer knows a place that it gave some time ago (a cursor of Crossref lives five minutes), it is
    asked from the first page again, and what is ``seen`` is passed over. Raises FetchError.
    """
    service = request.service
    if service.most is not None and limit > service.most:
        raise UsageError(f"-n {limit}: {service.title} gives at most {service.most:,} papers for a query; ask for less")
    known = set() if seen is None else set(seen)
    size = min(service.page_size, limit + len(known))
    first = service.start(request.query.strip(), request.years, size)
    stale, reread = place is not None, True
    while limit > 0:
        params = {**first, **(place or {})}
        try:
            page, cached = transport.ask(params, cached=reread)
        except RefusedError:
            if not stale:
                raise
            place, stale, reread = None, False, False
            continue
        stale = cached
        batch = _batch(service, page, place, known, limit)
        limit -= len(batch.records)
        yield batch
        if page.next is None:
            return
        place = page.next


def _batch(service: Service, page: Page, place: Params | None, known: set[str], limit: int) -> Batch:
    """Take the new records of a page; where it has more than wanted, the place stays, for a fetch that goes on."""
    new: list[Record] = []
    left_out = 0
    for record in page.records:
        key = service.identify(record)
        if key and key in known:
            continue
        if len(new) == limit:
            return Batch(new, left_out, page.total, place or {})
        known.add(key)
        if record.get(service.abstract):
            new.append(record)
        else:
            left_out += 1
    return Batch(new, left_out, page.total, page.next)
