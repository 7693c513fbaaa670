"""Fetch records of papers from the public APIs of arXiv, OpenAlex, Semantic Scholar and Crossref.

What a service answers is kept as it said it, one JSON object a record (an Atom entry of arXiv becomes the object that
arXiv's own metadata snapshot has): what the fields mean is ``kg.read``'s to judge, so that there is one place for it.
Records without an abstract and records that came before are left out. No other package asks the web, and ``httpx`` is
the only door.
"""

from kg.fetch.fetch import Batch, Request, fetch
from kg.fetch.output import Progress, Saved, fetch_to
from kg.fetch.services import SERVICES, Service, service_named
from kg.fetch.transport import Patience, Transport

__all__ = [
    "SERVICES",
    "Batch",
    "Patience",
    "Progress",
    "Request",
    "Saved",
    "Service",
    "Transport",
    "fetch",
    "fetch_to",
    "service_named",
]
