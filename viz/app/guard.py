"""Refuse requests that do not come from the app's own page, and send every response with the headers that keep it so.

The app listens on loopback, but any web site that the user visits can make the browser send requests there. A site that
points a name of its own at 127.0.0.1 (DNS rebinding) is told by the Host header; a site that posts, embeds or reads
across origins by Origin and Sec-Fetch-Site. Nothing here knows what is served.
"""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.app.problem import ProblemError, problem

BODY_LIMIT = 256 * 1024
"""Bytes that a request may carry: a query is at most 100,000 characters."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""The Content-Security-Policy: the app's own files and nothing else; no text ever becomes markup."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OWN = ("same-origin", "none")


def hosts(port: int, names: Iterable[str] = LOOPBACK) -> frozenset[str]:
    """Give the Host headers under which the app may be asked on ``port``.

    >>> sorted(hosts(8642))
    ['127.0.0.1:8642', '[::1]:8642', 'localhost:8642']
    """
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


class Guard:
    """Wraps an application; only requests to ``allowed`` hosts, and from their own pages, reach it."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        """Guard ``app``."""
        self.app, self.allowed = app, frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        begun = False

        async def dressed(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, _bounded(Headers(scope=scope), receive), dressed)
        except ProblemError as error:
            await problem(error)(scope, receive, dressed)
        except asyncio.CancelledError:
            # The server cancels what still runs when it stops, and nothing else does.
            if not begun:
                await problem(ProblemError(503, "the app is stopping"))(scope, receive, dressed)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        names = headers.getlist("host")
        if len(names) != 1 or names[0].lower() not in self.allowed:
            shown = ", ".join(names)[:100] or "none"
            raise ProblemError(421, f"Host {shown!r} is not this app; ask it as {min(self.allowed)}")
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        reads = scope["method"] in ("GET", "HEAD")
        if site is not None and site not in _OWN and not (reads and mode == "navigate" and scope["path"] == "/"):
            raise ProblemError(403, "this request comes from another site; open the app in a window of its own")
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin):
            raise ProblemError(403, f"Origin {origin[:100]!r} is not this app")
        if not reads and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            # A form of another site can send text and form data without asking; JSON it cannot.
            raise ProblemError(415, "send JSON, with Content-Type: application/json")

    def _is_own(self, origin: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme == "http" and parts.netloc.lower() in self.allowed


def _bounded(headers: Headers, receive: Receive) -> Receive:
    """Stop a body that is longer than it may be, whether it says its length or not."""
    told = headers.get("content-length", "0")
    too_long = ProblemError(413, f"the request is longer than {BODY_LIMIT // 1024} KiB")
    if not told.isdecimal() or int(told) > BODY_LIMIT:
        raise too_long
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > BODY_LIMIT:
                raise too_long
        return message

    return bounded
