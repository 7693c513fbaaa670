"""The app: the explorer and its API over one graph, read-only, for the browser of the person who started it."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import networkx as nx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

import kg
from kg.errors import KGError
from kg.store.base import Store
from kg.store.dialect import FUNCTIONS
from kg.store.schema import ENDS, NODES, RELATIONSHIPS
from viz.app import part, reads
from viz.app.asking import MEMORY, Asker
from viz.app.endpoints import ENDPOINTS, PACKED, SEARCHED, Endpoint, describe
from viz.app.guard import Guard
from viz.app.names import Names
from viz.app.page import page, static_files
from viz.app.problem import ProblemError, problem
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

_THREADS = 8
T = TypeVar("T")
_log = logging.getLogger(__name__)


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


Prepare = Callable[[str, Mapping[str, Any]], tuple[str, Mapping[str, Any]]]
"""Gives the Cypher of a named question and its checked values; raises KGError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The graph that is served, and what may be asked of it. Belongs to one event loop."""

    title: str
    store: Store
    database: Path
    counts: Mapping[str, Mapping[str, int]]
    """Nodes by label under ``nodes``, relationships by type under ``relationships``."""
    questions: tuple[Question, ...] = ()
    prepare: Prepare | None = None
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


class _Api:
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
                self.served.cache["core"] = await _in_thread(self._whole)
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
        queries = await _in_thread(lambda: list(reads.path_queries(self.store, start, end)))
        for cypher, values in queries if start != end else ():
            answer = json.loads(await self.asker.ask(cypher, values, timeout=reads.SECONDS, limit=1))
            if answer["rows"]:
                return await _in_thread(partial(self._walk, answer["rows"][0][0]))
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
        name, cypher = asked.get("name"), asked.get("cypher")
        prepare = self.served.prepare
        if isinstance(name, str) and prepare:
            cypher, values = await _in_thread(lambda: prepare(name, values))
        begun = time.perf_counter()
        asking = self.asker.ask(str(cypher), values, timeout=self.served.seconds, limit=limit)
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


def create(served: Served, *, hosts: Iterable[str]) -> ASGIApp:
    """Make the app that serves a graph to requests for ``hosts`` (`viz.app.guard.hosts`)."""
    files = static_files()
    # Made when the app starts, in its event loop.
    state: dict[str, _Api] = {}

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        asker = Asker(served.database, memory=served.memory)
        state["api"] = api = _Api(served, asker)
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        # The first to search or to ask need not wait then; nothing waits for these.
        first = [asyncio.create_task(asker.warm()), asyncio.create_task(_in_thread(api.names.prepare))]
        try:
            yield
        finally:
            for task in first:
                task.cancel()
            await asyncio.gather(*first, return_exceptions=True)
            await asker.close()

    def api_route(endpoint: Endpoint) -> Route:
        async def respond(request: Request) -> Response:
            handler = getattr(state["api"], endpoint.name)
            values = endpoint.read(request.query_params)
            if endpoint.body is not None:
                return Response(await handler(request), media_type="application/json", headers=_NO_STORE)
            if asyncio.iscoroutinefunction(handler):
                answer = await handler(**values)
            else:
                answer = await _in_thread(lambda: handler(**values))
            if isinstance(answer, bytes):
                return _packed(request, answer)
            return _tagged(request, _json(answer), "application/json")

        return Route(endpoint.path, respond, methods=[endpoint.method], name=endpoint.name)

    async def shell(request: Request) -> Response:
        text = page(files, title=served.title, nodes=served.nodes, links=served.links)
        return _tagged(request, text.encode("utf-8", "replace"), "text/html")

    async def static(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        if file is None:
            raise ProblemError(404, "no such file; load the page again")
        return _tagged(request, file.body, file.media_type, cache="max-age=31536000, immutable")

    async def openapi(request: Request) -> Response:
        return _tagged(request, _json(describe(kg.__version__)), "application/json")

    async def icon(request: Request) -> Response:
        return _tagged(request, _ICON, "image/svg+xml")

    routes = [
        Route("/", shell, methods=["GET"]),
        Route("/favicon.ico", icon, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/static/{name}", static, methods=["GET"]),
        *map(api_route, ENDPOINTS),
    ]
    handlers = {ProblemError: _told, KGError: _mendable, HTTPException: _http, Exception: _bug}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, hosts)


_NO_STORE = {"Cache-Control": "no-store"}
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M4 4l8 2-5 7z" fill="none" '
    b'stroke="#888"/><circle cx="4" cy="4" r="3" fill="#0072b2"/><circle cx="12" cy="6" r="2.5" fill="#e69f00"/>'
    b'<circle cx="7" cy="13" r="2.5" fill="#009e73"/></svg>'
)


async def _in_thread(work: Callable[[], T]) -> T:
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
            raise ProblemError(499, "whoever asked has gone")
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


def _json(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def _tagged(
    request: Request, body: bytes, media_type: str, *, cache: str = "no-cache", headers: Mapping[str, str] | None = None
) -> Response:
    """Give ``body`` with a strong ETag, or 304 where the client has it."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {"ETag": tag, "Cache-Control": cache, **(headers or {})}
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=told)
    return Response(body, media_type=media_type, headers=told)


def _packed(request: Request, data: bytes) -> Response:
    """Give bytes that are compressed already, as they are where the client can take that."""
    encodings = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    if encodings & {"gzip", "*"}:
        return _tagged(request, data, PACKED, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    return _tagged(request, gzip.decompress(data), PACKED, headers={"Vary": "Accept-Encoding"})


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - the handler of this class
    return problem(error)


async def _mendable(_: Request, error: Exception) -> Response:
    return problem(ProblemError(400, str(error)))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler of this class
    detail = "nothing is here; /openapi.json says what is where" if error.status_code == 404 else error.detail
    return problem(ProblemError(error.status_code, detail, headers=error.headers))


async def _bug(_: Request, error: Exception) -> Response:
    """Tell of a bug without its traceback; the server logs that."""
    _log.debug("bug: %s", type(error).__name__)
    return problem(ProblemError(500, "this is a bug in the program; what it was is in the terminal where it runs"))
