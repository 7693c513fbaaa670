"""A database that is changed where it is holds what one that is made anew holds."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.assemble import Assembly, Change
from kg.errors import StoreError
from kg.model import Extraction
from kg.store import embedded
from kg.store.amend import amend
from kg.store.embedded import EmbeddedStore
from tests.assemble_oracle import corpus, family


def held(path: Path) -> list[list[str]]:
    """All that a database holds."""
    with EmbeddedStore(path) as store:
        nodes = store.query("MATCH (n) RETURN label(n), n", limit=None, timeout=None)
        edges = store.query("MATCH (a)-[r]->(b) RETURN a.id, b.id, label(r), r", limit=None, timeout=None)
        return [sorted(repr(row) for row in rows.rows) for rows in (nodes, edges)]


def make(extractions: Iterable[Extraction], place: Path, *, keep: bool = True) -> Path:
    place.mkdir()
    with Assembly(extractions, families=family) as assembly:
        embedded.write(assembly, place / "graph.lbug")
        if keep:
            assembly.keep(place / "kept")
    return place / "graph.lbug"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_changed_database_is_that_made_anew(
    tmp_path_factory: pytest.TempPathFactory, seed: int, papers: int, turns: int, chance: random.Random
) -> None:
    place = tmp_path_factory.mktemp("amend")
    there = {one.paper.id: one for one in corpus(seed, papers)}
    path = make(there.values(), place / "changed")
    first = path.read_bytes()
    for turn in range(turns):
        gone = chance.sample(sorted(there), chance.randint(0, len(there)))
        come = [one for one in corpus(seed + turn + 1, papers) if one.paper.id in gone or one.paper.id not in there]
        with Change(path.with_name("kept"), [there.pop(key) for key in gone], come, families=family) as change:
            counts = amend(path, change)
            change.commit()
        there.update((one.paper.id, one) for one in come)
        with Assembly(there.values(), families=family) as assembly:
            assert counts == {"nodes": assembly.count_nodes(), "relationships": assembly.count_edges()}
        assert held(path) == held(make(there.values(), place / f"anew{turn}", keep=False))
        assert path.read_bytes() == first  # what changed is in the log
    # A log is there only where something changed; every change is in it, as the file is the first still.
    assert {file.name for file in path.parent.iterdir()} - {"graph.lbug.wal"} == {"graph.lbug", "kept"}


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = make(corpus(1, 3), tmp_path / "there")
    path.write_bytes(b"no database")
    with Change(path.with_name("kept"), corpus(1, 3), []) as change, pytest.raises(StoreError, match="cannot change"):
        amend(path, change)
