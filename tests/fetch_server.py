"""A server on loopback that answers as arXiv, OpenAlex, Semantic Scholar and Crossref do, with their troubles."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it came."""

    path: str
    query: Query
    headers: dict[str, str]
    time: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to one request in place of an answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds of silence before the answer."""
    cut: bool = False
    """Close the connection in the middle of the body."""
    drip: float = 0.0
    """Seconds between the bytes of the body."""
    hang_up: bool = False
    """Close it before any answer."""
    garble: Callable[[bytes], bytes] | None = None
    """Change the body of the good answer."""


@dataclass
class Shelf:
    """The papers on the server, the troubles to come (None: a good answer), and what was asked."""

    papers: int = 0
    troubles: list[Trouble | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    generation: int = 0
    """Cursors of another generation are refused, as ones that have expired."""
    page_limit: int = 1000
    no_abstract: frozenset[int] = frozenset()


def title(number: int) -> str:
    return f"Net {number} & friends"


def abstract(number: int) -> str:
    return f"We propose Net{number}. It reaches {number % 90}.5% on CIFAR-10 & is < slow."


def arxiv_id(number: int) -> str:
    return f"2101.{number:05}"


def arxiv(shelf: Shelf, query: Query) -> tuple[int, bytes]:
    if "search_query" not in query or "(" in query["search_query"].replace("(", "", query["search_query"].count(")")):
        return 400, _feed([_error("incorrect query syntax")], 1, 0)
    start, size = int(query["start"]), min(int(query["max_results"]), shelf.page_limit)
    entries = [_entry(number, shelf) for number in range(start, min(start + size, shelf.papers))]
    return 200, _feed(entries, shelf.papers, start)


def _feed(entries: list[str], total: int, start: int) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <link href="http://arxiv.org/api/query" rel="self" type="application/atom+xml"/>
  <title type="html">ArXiv Query</title>
  <id>http://arxiv.org/api/abc</id>
  <updated>2026-01-01T00:00:00-05:00</updated>
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}</opensearch:totalResults>
  <opensearch:startIndex xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{start}</opensearch:startIndex>
  {"".join(entries)}
</feed>""".encode()


def _error(reason: str) -> str:
    return f"""<entry><id>http://arxiv.org/api/errors#bad</id><title>Error</title><summary>{reason}</summary>
    <updated>2026-01-01T00:00:00-05:00</updated><author><name>arXiv api core</name></author></entry>"""


def _entry(number: int, shelf: Shelf) -> str:
    summary = "" if number in shelf.no_abstract else f"  {escape(abstract(number))}\n"
    return f"""<entry>
    <id>http://arxiv.org/abs/{arxiv_id(number)}v2</id>
    <updated>2021-02-01T00:00:00Z</updated>
    <published>2021-01-0{number % 9 + 1}T00:00:00Z</published>
    <title>{escape(title(number)).replace(" ", chr(10) + "  ", 1)}</title>
    <summary>{summary}</summary>
    <author><name>Ann Lee{number}</name></author><author><name>Bo Chén</name></author>
    <arxiv:doi xmlns:arxiv="http://arxiv.org/schemas/atom">10.1109/net.{number}</arxiv:doi>
    <arxiv:journal_ref xmlns:arxiv="http://arxiv.org/schemas/atom">Nets {number}</arxiv:journal_ref>
    <link href="http://arxiv.org/abs/{arxiv_id(number)}v2" rel="alternate" type="text/html"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    </entry>"""


def openalex(shelf: Shelf, query: Query) -> tuple[int, bytes]:
    place = _place(shelf, query["cursor"])
    if place is None:
        return 400, _json({"error": "Invalid query parameters error.", "message": "Cursor is invalid."})
    end = min(place + min(int(query["per-page"]), shelf.page_limit), shelf.papers)
    works = [_work(number, shelf) for number in range(place, end)]
    meta = {
        "count": shelf.papers,
        "per_page": int(query["per-page"]),
        "next_cursor": _cursor(shelf, end) if works else None,
    }
    return 200, _json({"meta": meta, "results": works, "group_by": []})


def _work(number: int, shelf: Shelf) -> dict[str, Any]:
    places: dict[str, list[int]] = {}
    for at, word in enumerate(abstract(number).split()):
        places.setdefault(word, []).append(at)
    return {
        "id": f"https://openalex.org/W{1000 + number}",
        "doi": f"https://doi.org/10.1109/net.{number}",
        "title": title(number),
        "publication_year": 2021,
        "ids": {"openalex": f"https://openalex.org/W{1000 + number}"},
        "authorships": [{"author": {"display_name": f"Ann Lee{number}"}}, {"author": {"display_name": "Bo Chén"}}],
        "primary_location": {
            "source": {"display_name": "Nets"},
            "landing_page_url": f"https://doi.org/10.1109/net.{number}",
        },
        "abstract_inverted_index": None if number in shelf.no_abstract else places,
    }


def semanticscholar(shelf: Shelf, query: Query) -> tuple[int, bytes]:
    place = _place(shelf, query.get("token", "*"))
    if place is None:
        return 400, _json({"error": "Invalid token"})
    end = min(place + min(1000, shelf.page_limit), shelf.papers)
    data = [
        {
            "paperId": f"{number:040x}",
            "title": title(number),
            "abstract": None if number in shelf.no_abstract else abstract(number),
            "authors": [{"authorId": "1", "name": f"Ann Lee{number}"}, {"authorId": "2", "name": "Bo Chén"}],
            "year": 2021,
            "venue": "Nets",
            "externalIds": {"ArXiv": arxiv_id(number), "DOI": f"10.1109/net.{number}", "CorpusId": number},
            "url": f"https://www.semanticscholar.org/paper/{number:040x}",
        }
        for number in range(place, end)
    ]
    answer = {"total": shelf.papers, "token": _cursor(shelf, end) if end < shelf.papers else None, "data": data}
    return 200, _json(answer)


def crossref(shelf: Shelf, query: Query) -> tuple[int, bytes]:
    place = _place(shelf, query["cursor"])
    if place is None:
        said = [{"type": "parameter-not-valid", "value": query["cursor"], "message": "Cursor has expired."}]
        return 400, _json({"status": "failed", "message-type": "validation-failure", "message": said})
    end = min(place + min(int(query["rows"]), shelf.page_limit), shelf.papers)
    items = [
        {
            "DOI": f"10.1109/NET.{number}",
            "URL": f"https://doi.org/10.1109/net.{number}",
            "title": [title(number)],
            "abstract": f"<jats:title>Abstract</jats:title><jats:p>{escape(abstract(number))}</jats:p>",
            "author": [{"given": "Ann", "family": f"Lee{number}"}, {"given": "Bo", "family": "Chén"}],
            "issued": {"date-parts": [[2021, 1]]},
            "container-title": ["Nets"],
        }
        for number in range(place, end)
        if number not in shelf.no_abstract
    ]
    message = {"total-results": shelf.papers, "items": items, "next-cursor": _cursor(shelf, end), "items-per-page": 20}
    return 200, _json({"status": "ok", "message-type": "work-list", "message-version": "1.0.0", "message": message})


def _cursor(shelf: Shelf, place: int) -> str:
    return f"g{shelf.generation}+{place}=="


def _place(shelf: Shelf, cursor: str) -> int | None:
    if cursor == "*":
        return 0
    start = f"g{shelf.generation}+"
    return int(cursor.removeprefix(start).removesuffix("==")) if cursor.startswith(start) else None


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


_PATHS = {
    ("/api/query", "search_query"): arxiv,
    ("/works", "search"): openalex,
    ("/graph/v1/paper/search/bulk", "query"): semanticscholar,
    ("/works", "query"): crossref,
}


@contextmanager
def served(shelf: Shelf) -> Iterator[Shelf]:
    """Serve ``shelf`` on loopback; its ``address`` is the base of all four services."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            shelf.asked.append(Asked(parts.path, query, headers, time.monotonic()))
            trouble = (shelf.troubles.pop(0) if shelf.troubles else None) or Trouble()
            time.sleep(trouble.wait)
            if trouble.hang_up:
                self.close_connection = True
                return
            status, body = trouble.status, trouble.body
            if status == 200 and not body:
                answer = next((f for (path, name), f in _PATHS.items() if path == parts.path and name in query), None)
                status, body = answer(shelf, query) if answer else (404, b"Resource not found.")
                body = trouble.garble(body) if trouble.garble else body
            self.send_response(status)
            for name, value in trouble.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if trouble.drip:
                with suppress(OSError):
                    for at in range(len(body)):
                        self.wfile.write(body[at : at + 1])
                        time.sleep(trouble.drip)
                self.close_connection = True
                return
            self.wfile.write(body[: len(body) // 2] if trouble.cut else body)
            self.close_connection = trouble.cut

        def log_message(self, *args: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    shelf.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
