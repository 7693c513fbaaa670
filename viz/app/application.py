"""The app: the explorer and its API over one graph, read-only, for the browser of the person who started it."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

import kg
from kg.errors import KGError
from viz.app.api import Api, Served, in_thread
from viz.app.asking import Asker
from viz.app.endpoints import ENDPOINTS, PACKED, Endpoint, describe
from viz.app.guard import Guard
from viz.app.page import page, static_files
from viz.app.problem import ProblemError, problem

_THREADS = 8
_log = logging.getLogger(__name__)


def create(served: Served, *, hosts: Iterable[str]) -> ASGIApp:
    """Make the app that serves a graph to requests for ``hosts`` (`viz.app.guard.hosts`)."""
    files = static_files()
    # Made when the app starts, in its event loop.
    state: dict[str, Api] = {}

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        asker = Asker(served.database, changed=served.changed, memory=served.memory)
        state["api"] = api = Api(served, asker)
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        # The first to search or to ask need not wait then; nothing waits for these.
        first = [asyncio.create_task(asker.warm()), asyncio.create_task(in_thread(api.names.prepare))]
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
                answer = await in_thread(lambda: handler(**values))
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
