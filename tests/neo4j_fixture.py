"""Fixtures that give a real Neo4j; a test module asks for them with ``pytest_plugins = ["tests.neo4j_fixture"]``.

Where none can be had the tests skip with the reason; in CI (the environment variable CI) that is a failure.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kg.store.neo4j import Server
from tests.neo4j_server import UnavailableError, clear, composed, give_up, in_process, named


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[Server]:
    """The address of a Neo4j whose database the tests may empty."""
    reasons = []
    with ExitStack() as stack:
        found = None
        for start in (named, composed, in_process):
            try:
                found = stack.enter_context(start())
                break
            except UnavailableError as error:
                reasons.append(str(error))
        if found is None:
            give_up("no Neo4j: " + "; ".join(reasons))
        yield found


@pytest.fixture
def empty_neo4j(neo4j_server: Server) -> Server:
    """The Neo4j of the tests with nothing in it."""
    clear(neo4j_server)
    return neo4j_server
