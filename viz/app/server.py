"""Run the app on a loopback port until it is told to stop."""

import socket

import uvicorn
from starlette.types import ASGIApp

from kg.errors import UsageError

PORT = 8642
"""Where the app is unless told otherwise."""

_TRIES = 20
_GRACE = 1


def listen(port: int | None = None) -> socket.socket:
    """Take a port on 127.0.0.1: the one named, or the first free one from `PORT` on, or any.

    Raises UsageError where the one named is taken.
    """
    tries = [port] if port is not None else [*range(PORT, PORT + _TRIES), 0]
    for number in tries:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Not to wait out the last connections of a server that was just stopped.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", number))
            found.listen(128)
        except OSError as error:
            found.close()
            if number == tries[-1]:
                reason = error.strerror or str(error)
                raise UsageError(f"port {number}: {reason.lower()}; leave --port out to take a free one") from None
            continue
        return found
    raise AssertionError("a port or an error was found")


def run(app: ASGIApp, where: socket.socket) -> None:
    """Serve ``app`` on ``where`` until SIGINT or SIGTERM, then stop within about a second.

    What is answered by then is finished, what is not is cancelled. Raises KeyboardInterrupt after a SIGINT.
    """
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=64 * 1024,
    )
    uvicorn.Server(config).run(sockets=[where])
