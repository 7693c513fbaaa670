"""What can go wrong with a request, told as application/problem+json (RFC 9457).

A client is told what it can mend. A bug is told as a bug, without its traceback, which goes to the log.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response


class ProblemError(Exception):
    """A request that cannot be answered: its status, and one line that says why and what to do."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Take the status and the line."""
        super().__init__(detail)
        self.status, self.detail, self.headers = HTTPStatus(status), detail, dict(headers or {})


def problem(error: ProblemError) -> Response:
    """Give the response for ``error``."""
    about = {"type": "about:blank", "title": error.status.phrase, "status": error.status.value, "detail": error.detail}
    # What a client sent is quoted in places; half of a surrogate pair has no UTF-8.
    body = json.dumps(about, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(body, error.status.value, headers, media_type="application/problem+json")
