"""Ask a service over HTTP: at its pace, again when it fails, and with words for what cannot be mended.

Trouble that passes (429, 5xx, a cut or slow connection, an answer that is not whole) is tried again after a pause that
doubles, with full jitter (Brooker 2015, "Exponential Backoff and Jitter"); a Retry-After of the service is honoured.
Redirects are not followed: they would carry a key to another host.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urlsplit

from kg import __version__
from kg.errors import FetchError, UsageError
from kg.fetch.cache import Cache
from kg.fetch.services import IncompleteError, Page, Params, Service, complaint

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 64 << 20
"""Longest answer that is taken."""

_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds, and how often to try again."""

    retries: int = 5
    first: float = 1.0
    """The first pause after a failure at most; it doubles with each further one."""
    longest: float = 60.0
    asked: float = 120.0
    """The longest pause asked for by a service that is kept; a longer one ends the fetch."""
    connect: float = 10.0
    silence: float = 30.0
    """How long a connection may give nothing."""
    answer: float = 180.0
    """How long one answer may take in all."""
    chance: random.Random | None = field(default_factory=random.Random)
    """Where jitter comes from; None for none."""

    def pause(self, failures: int) -> float:
        """Give the pause after so many failures in a row.

        >>> [Patience(chance=None).pause(n) for n in (1, 2, 3, 9)]
        [1.0, 2.0, 4.0, 60.0]
        """
        ceiling = min(self.longest, self.first * 2.0 ** (failures - 1))
        return ceiling if self.chance is None else self.chance.uniform(0, ceiling)


def _nobody(message: str) -> None:
    """Tell nobody."""
    del message


class RefusedError(FetchError):
    """The service understood and will not answer; asking again is of no use."""


class _PassingError(Exception):
    """Trouble that may pass; ``wait`` is what the service asks for, in seconds."""

    def __init__(self, what: str, *, wait: float = 0.0, offline: bool = False) -> None:
        super().__init__(what)
        self.wait = wait
        self.offline = offline


class Transport:
    """A way to one service. Close it, or use it in ``with``."""

    def __init__(
        self,
        service: Service,
        *,
        base_url: str = "",
        contact: str = "",
        key: str = "",
        pause: float | None = None,
        patience: Patience | None = None,
        cache: Cache | None = None,
        told: Told | None = None,
    ) -> None:
        """Prepare to ask; nothing is sent yet. Raises UsageError for an address or contact that cannot be one."""
        import httpx

        self.service = service
        self.address = (base_url or service.address).rstrip("/")
        parts = urlsplit(self.address)
        strange = parts.query or parts.fragment or parts.username
        if parts.scheme not in ("http", "https") or not parts.hostname or strange:
            raise UsageError(f"{base_url}: not a base address; write it like {service.address}")
        if contact and ("@" not in contact or not contact.isascii() or not contact.isprintable() or " " in contact):
            raise UsageError(f"{contact}: not a mail address; give one that the service can write to")
        asked = service.pause
        self.pause = asked if pause is None else pause if base_url else max(pause, asked)
        self.patience = patience or Patience()
        self._cache = cache
        self._told = told or _nobody
        self._next = 0.0
        self._key = key
        self._extra: Params = {}
        if contact and service.contact_parameter:
            self._extra[service.contact_parameter] = contact
        if key and service.key_parameter:
            self._extra[service.key_parameter] = key
        where = f"papergraph; mailto:{contact}" if contact else "papergraph"
        headers = {"User-Agent": f"kg/{__version__} ({where})"}
        if key and service.key_header:
            headers[service.key_header] = f"Bearer {key}" if service.name == "crossref" else key
        timeout = httpx.Timeout(self.patience.silence, connect=self.patience.connect)
        try:
            self._client = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False)
        except (ImportError, ValueError) as error:
            raise UsageError(f"the proxy that the environment names cannot be used ({error})") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, params: Params, *, cached: bool = True) -> tuple[Page, bool]:
        """Give the page for these parameters, and whether it came from the cache (not looked at unless ``cached``).

        Raises FetchError, `RefusedError` where it is of no use to ask again, UsageError for a query that is no query.
        """
        address = f"{self.address}{self.service.path}?{urlencode(params)}"
        if self._cache and cached and (body := self._cache.get(address)) is not None:
            try:
                return self.service.read(body, params), True
            except IncompleteError:
                pass
        failures = 0
        while True:
            try:
                body = self._get(address)
                try:
                    page = self.service.read(body, params)
                except IncompleteError as error:
                    raise _PassingError(f"answered what is not whole: {error}") from None
                break
            except _PassingError as error:
                failures += 1
                self._wait(error, failures)
        if self._cache:
            self._cache.put(address, body)
        return page, False

    def _wait(self, trouble: _PassingError, failures: int) -> None:
        """Wait before another try, or give up with the reason."""
        name, patience = self.service.title, self.patience
        if trouble.wait > patience.asked:
            raise FetchError(
                f"{name}: {trouble}, and asks to come back in {_span(trouble.wait)}; the same command goes on then"
            )
        if failures > (min(patience.retries, 2) if trouble.offline else patience.retries):
            tries = f"{failures} tries" if failures > 1 else "one try"
            what = "is this machine online, and the address right?" if trouble.offline else self._advice()
            raise FetchError(f"{name}: {trouble} ({tries}); {what}")
        wait = max(trouble.wait, patience.pause(failures))
        self._told(f"{name}: {trouble}; trying again in {wait:.0f} s")
        self._next = max(self._next, time.monotonic() + wait)

    def _advice(self) -> str:
        if self.service.key_variable and not self._key:
            return f"try later, or with a key of your own in {self.service.key_variable}; the same command goes on"
        return "try later; the same command goes on"

    def _get(self, address: str) -> bytes:
        """Ask once, at the service's pace."""
        import httpx

        time.sleep(max(0.0, self._next - time.monotonic()))
        begun = time.monotonic()
        self._next = begun + self.pause
        if self._extra:
            address = f"{address}&{urlencode(self._extra)}"
        try:
            with self._client.stream("GET", address) as response:
                body = self._body(response, begun)
                self._slow_down(response.headers)
                self._next = begun + self.pause
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            what = str(error) or "no answer"
            raise _PassingError(f"cannot be reached at {self.address} ({what})", offline=True) from None
        except httpx.TimeoutException:
            raise _PassingError(f"gave nothing for {self.patience.silence:g} s") from None
        except httpx.DecodingError:
            raise _PassingError("answered what cannot be unpacked") from None
        except httpx.RequestError as error:
            raise _PassingError(f"cut the connection ({error})") from None
        return self._judged(response, body)

    def _body(self, response: "httpx.Response", begun: float) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise FetchError(f"{self.service.title}: an answer of more than {MOST_BYTES >> 20} MB; ask for less")
            if time.monotonic() - begun > self.patience.answer:
                raise _PassingError(f"took more than {self.patience.answer:g} s for one answer")
        return b"".join(parts)

    def _slow_down(self, headers: Mapping[str, str]) -> None:
        """Keep to the rate that Crossref tells with every answer."""
        try:
            limit, interval = int(headers["x-rate-limit-limit"]), float(headers["x-rate-limit-interval"].rstrip("s"))
            if limit > 0:
                self.pause = max(self.pause, min(interval / limit, self.patience.longest))
        except (KeyError, ValueError):
            pass

    def _judged(self, response: "httpx.Response", body: bytes) -> bytes:
        """Give the body of a good answer; say what is wrong with any other."""
        status, name = response.status_code, self.service.title
        if status == 200:
            return body
        said = complaint(body)
        what = f"{status} {response.reason_phrase}".strip() + (
            f": {said}" if said and said != response.reason_phrase else ""
        )
        if status in _PASSING:
            raise _PassingError(f"answered {what}", wait=_retry_after(response.headers.get("retry-after", "")))
        if response.is_redirect:
            raise FetchError(
                f"{name}: has moved to {response.headers.get('location', 'an unnamed place')}; give that as --base-url"
            )
        if status in (401, 403):
            variable = self.service.key_variable
            key = f", and check {variable}" if self._key else f", and a key in {variable}" if variable else ""
            raise RefusedError(f"{name}: refuses to answer ({what}); give your address with --contact{key}")
        if status == 404:
            raise RefusedError(f"{name}: nothing at {self.address}{self.service.path} ({what}); check --base-url")
        raise RefusedError(f"{name}: does not take this query ({what}); see `kg fetch --help` for how to write it")


def _retry_after(value: str) -> float:
    """Read a Retry-After: seconds, or a date (RFC 9110, section 10.2.3).

    >>> _retry_after("7"), _retry_after("soon")
    (7.0, 0.0)
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _span(seconds: float) -> str:
    """Write a span of time for people.

    >>> _span(180), _span(7200)
    ('3 minutes', '2 hours')
    """
    return f"{seconds / 60:.0f} minutes" if seconds < 3600 else f"{seconds / 3600:.0f} hours"
