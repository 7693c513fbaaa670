"""Answers of the services kept on disk for a day, so that the same question is not asked twice.

A cache can be lost at any time and never stops the work: what cannot be read or written is as if it were not there.
"""

import gzip
import hashlib
import os
import tempfile
import time
import zlib
from contextlib import suppress
from pathlib import Path

LIFETIME = 24 * 3600
"""Seconds for which an answer is given again."""


def cache_folder() -> Path:
    """Give the folder of the cache: ``$XDG_CACHE_HOME/kg/fetch``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "kg" / "fetch"


class Cache:
    """Answers by address; an address is kept as a digest alone."""

    def __init__(self, folder: Path, *, lifetime: float = LIFETIME) -> None:
        """Use ``folder``, made when first needed; remove from it what is too old."""
        self.folder = folder
        self.lifetime = lifetime
        with suppress(OSError):
            for path in folder.glob("*.gz"):
                if self._age(path) > lifetime:
                    path.unlink(missing_ok=True)

    def get(self, address: str) -> bytes | None:
        """Give the answer kept for an address, or None."""
        path = self._path(address)
        try:
            if self._age(path) > self.lifetime:
                return None
            return gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error):
            return None

    def put(self, address: str, body: bytes) -> None:
        """Keep the answer to an address."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(gzip.compress(body, 6, mtime=0))
                Path(name).replace(self._path(address))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    @staticmethod
    def _age(path: Path) -> float:
        return time.time() - path.stat().st_mtime

    def _path(self, address: str) -> Path:
        return self.folder / f"{hashlib.sha256(address.encode()).hexdigest()}.gz"
