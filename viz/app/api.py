"""What each endpoint does: from the values asked with to what is answered. Knows the graph that is served, not HTTP's
headers; how answers are sent is in `viz.app.application`."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import networkx as nx
from starlette.requests import Request

from kg.store.base import Store
from kg.store.dialect import FUNCTIONS
from kg.store.schema import ENDS, NODES, RELATIONSHIPS
from viz.app import part, reads
from viz.app.asking import MEMORY, Asker
from viz.app.endpoints import SEARCHED
from viz.app.names import Names
from viz.app.problem import ProblemError
from viz.explorer.map import Map, lay_out

WHOLE = 5_000
"""Nodes of a graph that the explorer loads whole; of a larger one it loads parts."""

SECONDS = 30.0
"""What a query may take."""

ROWS = 1_000
"""Rows that a query gives unless told otherwise."""

KEYWORDS = (
    "AND", "AS", "ASC", "BY", "CASE", "CONTAINS", "DESC", "DISTINCT", "ELSE", "END", "ENDS WITH", "EXISTS", "IN",
    "IS NOT NULL", "IS NULL", "LIMIT", "MATCH", "NOT", "OPTIONAL MATCH", "OR", "ORDER BY", "RETURN", "SKIP",
    "STARTS WITH", "THEN", "UNION", "UNWIND", "WHEN", "WHERE", "WITH",
)  # fmt: skip

T = TypeVar("T")


class Value(Protocol):
    """A value that a named question takes."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def default(self) -> Any: ...
    @property
    def example(self) -> Any: ...


class Question(Protocol):
    """A question that has a name."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def parameters(self) -> Iterable[Value]: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The graph that is served, and what may be asked of it. Belongs to one event loop."""

    title: str
    store: Store
    database: Path
    changed: bool = False
    """Whether the database has a log of changes beside it."""
    counts: Mapping[str, Mapping[str, int]]
    """Nodes by label under ``nodes``, relationships by type under ``relationships``."""
    questions: tuple[Question, ...] = ()
    prepare: str | None = None
    """The function, as ``module:name``, that for the store, the name of a question and its values gives its Cypher and
    checked values, or raises KGError: called in the process that answers, as it may read all names of the graph."""
    lay_out: Callable[[nx.MultiDiGraph], Map] = lay_out
    """Draws the map of the whole graph, or finds it where it is kept."""
    seconds: float = SECONDS
    memory: int = MEMORY
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return sum(self.counts["nodes"].values())

    @property
    def links(self) -> int:
        """How many relationships there are."""
        return sum(self.counts["relationships"].values())


class Api:
    """The handlers, by the names of their endpoints. Those that are not coroutines run in a thread."""

    def __init__(self, served: Served, asker: Asker) -> None:
        self.served, self.store, self.asker = served, served.store, asker
        self.names = Names(served.store)
        self.whole = asyncio.Lock()

    def graph(self) -> Any:
        served = self.served
        kinds = {label: count for label, count in served.counts["nodes"].items() if count}
        if kinds.get("Dataset"):
            benchmarks = reads.benchmarks(self.store)
            kinds |= {"Dataset": kinds["Dataset"] - benchmarks, "Benchmark": benchmarks}
        return {
            "title": served.title,
            "nodes": served.nodes,
            "links": served.links,
            "kinds": {kind: kinds[kind] for kind in sorted(kinds) if kinds[kind]},
            "relations": {kind: count for kind, count in sorted(served.counts["relationships"].items()) if count},
            "years": reads.years(self.store),
            "whole": served.nodes <= WHOLE,
        }

    async def core(self) -> bytes:
        if self.served.nodes > WHOLE:
            raise ProblemError(404, f"the graph has more than {WHOLE:,} nodes; ask for a part: /api/part")
        async with self.whole:
            if "core" not in self.served.cache:
                self.served.cache["core"] = await in_thread(self._whole)
        found: bytes = self.served.cache["core"]
        return found

    def _whole(self) -> bytes:
        graph = part.whole(self.store)
        return part.packed(graph, self.served.title, self.served.lay_out(graph))

    def part(self, *, id: list[str], hops: int, limit: int) -> bytes:  # noqa: A002 - as in the address
        if len(id) > 1 or hops == 0:
            graph = part.these(self.store, id)
        else:
            graph = part.around(self.store, id[0], hops=hops, limit=limit)
        return part.packed(graph, self.served.title)

    def search(self, *, q: str, limit: int, kind: str | None) -> Any:
        return {"hits": self.names.search(q, limit, SEARCHED[kind] if kind else None)}

    def node(self, *, id: str) -> Any:  # noqa: A002
        return reads.node(self.store, id)

    def neighbours(self, *, id: str, **rest: Any) -> Any:  # noqa: A002
        return reads.neighbours(self.store, id, rest.pop("relation"), rest.pop("direction"), **rest)

    def evidence(self, *, subject: str, relation: str, object: str) -> Any:  # noqa: A002
        return reads.evidence(self.store, subject, relation, object)

    def papers(self, *, id: list[str], ids: str | None) -> Any:  # noqa: A002
        wanted = {*id, *(ids.split(",") if ids else ())}
        return {"papers": reads.papers(self.store, wanted)}

    async def path(self, **ends: str) -> Any:
        start, end = ends["from"], ends["to"]
        queries = await in_thread(lambda: list(reads.path_queries(self.store, start, end)))
        for cypher, values in queries if start != end else ():
            answer = json.loads(await self.asker.ask(cypher, values, timeout=reads.SECONDS, limit=1))
            if answer["rows"]:
                return await in_thread(partial(self._walk, answer["rows"][0][0]))
        return {"nodes": [], "links": []}

    def _walk(self, path: Mapping[str, Any]) -> Any:
        ids = [node["id"] for node in path["_nodes"]]
        known = reads.briefs(self.store, ids)
        links = [
            {
                "subject": link["_from"],
                "relation": link["_type"],
                "object": link["_to"],
                "papers": link.get("papers", 1),
                "score": link.get("score"),
                "first": link.get("first_year"),
                "last": link.get("last_year"),
            }
            for link in path["_relationships"]
        ]
        return {"nodes": [known[key] for key in ids], "links": links}

    def queries(self) -> Any:
        names = ("name", "type", "required", "default", "example")
        return {
            "queries": [
                {
                    "name": question.name,
                    "summary": question.summary,
                    "cypher": question.text,
                    "parameters": [{name: getattr(p, name) for name in names} for p in question.parameters],
                }
                for question in self.served.questions
            ]
        }

    async def query(self, request: Request) -> bytes:
        asked = _body(await request.body())
        limit = asked.get("limit", ROWS)
        values = asked.get("parameters", {})
        prepare = self.served.prepare if "name" in asked else None
        begun = time.perf_counter()
        text = asked["name" if "name" in asked else "cypher"]
        asking = self.asker.ask(text, values, timeout=self.served.seconds, limit=limit, prepare=prepare)
        answer = await _unless_gone(request, asking)
        return b'{"seconds":%.4f,' % (time.perf_counter() - begun) + answer[1:]

    def completions(self) -> Any:
        return {
            "labels": {
                **{label: list(names) for label, names in NODES.items()},
                "Entity": list(NODES["Method"]),
                "Benchmark": list(NODES["Dataset"]),
            },
            "relations": {relation: list(names) for relation, names in RELATIONSHIPS.items()},
            "ends": {relation: [list(pair) for pair in ends] for relation, ends in ENDS.items()},
            "functions": list(FUNCTIONS),
            "keywords": list(KEYWORDS),
        }


async def in_thread(work: Callable[[], T]) -> T:
    """Do what waits for the database without keeping others waiting."""
    return await anyio.to_thread.run_sync(work)


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Wait for ``work``; when whoever asked has gone, cancel it."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ProblemError(503, "whoever asked has gone")
        return task.result()
    finally:
        for each in (task, leaving):
            each.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


def _body(data: bytes) -> dict[str, Any]:
    """Read what is sent to /api/query; raises ProblemError 400."""

    def refuse(text: str) -> Any:
        raise ValueError(text)

    try:
        asked = json.loads(data, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise ProblemError(400, "the request is not JSON") from None
    if not isinstance(asked, dict):
        raise ProblemError(400, 'send an object: {"cypher": "MATCH ..."} or {"name": "..."}')
    for name in asked:
        if name not in ("cypher", "name", "parameters", "limit"):
            raise ProblemError(400, f"{name[:60]!r} means nothing here; send cypher or name, parameters, limit")
    texts = [name for name in ("cypher", "name") if name in asked]
    if len(texts) != 1 or not isinstance(asked[texts[0]], str):
        raise ProblemError(400, "send either cypher or name, as text")
    if not isinstance(asked.get("parameters", {}), dict):
        raise ProblemError(400, 'parameters are an object: {"dataset": "CIFAR-10"}')
    limit = asked.get("limit", ROWS)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 10_000:
        raise ProblemError(400, "limit is a whole number from 1 to 10,000")
    return asked
