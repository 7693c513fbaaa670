"""Where a Neo4j is, how to reach it, and what its failures are called.

Nothing here knows what is asked or written. Every failure becomes one line that says what to do.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kg.errors import StoreError

_SILENT = logging.NullHandler()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a Neo4j is and who asks; the password is not shown."""

    uri: str = "bolt://localhost:7687"
    username: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str | None = None


def server(environment: Mapping[str, str] = os.environ) -> Server:
    """Read NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE.

    >>> server({"NEO4J_PASSWORD": "secret"})
    Server(uri='bolt://localhost:7687', username='neo4j', database=None)
    """
    usual = Server()
    return Server(
        uri=environment.get("NEO4J_URI") or usual.uri,
        username=environment.get("NEO4J_USERNAME") or usual.username,
        password=environment.get("NEO4J_PASSWORD", ""),
        database=environment.get("NEO4J_DATABASE") or None,
    )


def connect(where: Server, patience: float) -> Any:
    """Give a driver for ``where`` that tries again for ``patience`` seconds; whether anything answers is not asked."""
    try:
        import neo4j
    except ImportError:
        raise StoreError("the Neo4j driver is not installed; pip install '.[neo4j]' in kg's clone") from None
    # It would log each transaction that it tries again on standard error; what matters of that its errors tell.
    logging.getLogger("neo4j").addHandler(_SILENT)
    try:
        return neo4j.GraphDatabase.driver(
            where.uri,
            auth=(where.username, where.password),
            max_transaction_retry_time=patience,
            connection_timeout=10.0,
            notifications_min_severity="OFF",
        )
    except (ValueError, neo4j.exceptions.ConfigurationError):
        raise StoreError(
            f"{where.uri}: not an address of a Neo4j server; NEO4J_URI looks like bolt://localhost:7687"
        ) from None


@contextmanager
def explained(where: Server, lost: Callable[[], str] = str) -> Iterator[None]:
    """Turn what the driver raises into a StoreError of one line; ``lost`` says how far a load had come."""
    import neo4j

    errors = neo4j.exceptions
    try:
        yield
    except errors.AuthError:
        raise StoreError(f"{where.uri}: wrong user name or password; set NEO4J_USERNAME and NEO4J_PASSWORD") from None
    except (errors.ServiceUnavailable, errors.SessionExpired, OSError):
        broken = lost()
        if broken:
            raise StoreError(f"{where.uri}: the server was lost{broken}") from None
        raise StoreError(
            f"{where.uri}: no Neo4j answers there; start one with docker compose up --wait, or set NEO4J_URI"
        ) from None
    except errors.Neo4jError as error:
        code = error.code or ""
        message = line(error.message or str(error))
        if re.search(r"Forbidden|AccessMode|ReadOnly|NotALeader", code):
            raise StoreError(
                f"{where.uri}: user {where.username} may not write to this database; use one that may"
            ) from None
        if "DatabaseNotFound" in code:
            raise StoreError(f"{where.uri}: there is no database {where.database!r}; set NEO4J_DATABASE") from None
        raise StoreError(f"{where.uri}: {message}{lost()}") from None
    except errors.DriverError as error:
        raise StoreError(f"{where.uri}: {line(str(error))}{lost()}") from None


def line(text: str) -> str:
    """Give the start of ``text`` on one line."""
    return " ".join(text.split())[:300]
