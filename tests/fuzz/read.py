"""Fuzz one reader, guided by what code its inputs reach: python tests/fuzz/read.py READER --minutes 10 --seeds DIR.

It needs Atheris (`pip install atheris`: Linux, Python 3.11 to 3.13), which is no dependency of the project. DIR holds
the inputs that reached new code (``DIR/READER``, taken up again by the next run) and, one for each kind of failure,
the smallest input that fails (``DIR/READER.failures``). The run goes on after a failure and ends with status 1 if
there was one. `tests/fuzz/keep.py` chooses from DIR what is kept in the repository.
"""

import argparse
import hashlib
import importlib
import os
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

MEMORY = 768 << 20
"""Bytes of address space above those of the start; xz and Zstandard may take 256 MB and 128 MB for their windows."""
LONGEST = 1 << 13
_INSTRUMENTED = ["kg.read", "kg.cli.pwc_dumps", "rispy", "tarfile", "zipfile", "gzip"]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seeds", type=Path, required=True)
    options = parser.parse_args()
    atheris: Any = importlib.import_module("atheris")
    for module in ("tarfile", "zipfile", "gzip"):
        sys.modules.pop(module, None)  # imported before they could be instrumented
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from tests.fuzz import readers

        importlib.import_module("rispy")
    if options.reader not in readers.READERS:
        parser.error(f"{options.reader}: one of {', '.join(readers.READERS)}")
    _fuzz(atheris, readers, options.reader, seconds=int(options.minutes * 60), kept=options.seeds)


def _fuzz(atheris: Any, readers: Any, reader: str, *, seconds: int, kept: Path) -> None:
    place = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    corpus, starts = kept / reader, place / "starts"
    corpus.mkdir(parents=True, exist_ok=True)
    starts.mkdir()
    for seed in (*readers.seeds(reader), *(path.read_bytes() for path in sorted((readers.KEPT / reader).glob("*")))):
        (starts / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    words = place / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in readers.words(reader) if word), encoding="ascii")
    tried = _Tried(readers.checked(reader, place), kept / f"{reader}.failures")
    flags = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        "-timeout=600",
        "-rss_limit_mb=2048",
    ]
    flags += ["-print_final_stats=0", "-verbosity=0", f"-artifact_prefix={place}/"]
    mutate = _mutations(atheris, readers, reader)
    atheris.Setup(
        [sys.argv[0], *flags, str(corpus), str(starts)], tried, **({"custom_mutator": mutate} if mutate else {})
    )
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))
    began = time.time()
    print(f"{reader}: {len(list(starts.iterdir()))} seeds, {len(list(corpus.iterdir()))} taken up again", flush=True)
    tried.progress = place / "progress"
    child = os.fork()  # Atheris never returns
    if not child:
        atheris.Fuzz()
    status = os.waitpid(child, 0)[1]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{reader}: {time.time() - began:.0f} s ({used.ru_utime:.0f} s of the processor), {tried.progress.read_text()},"
        f" peak {used.ru_maxrss >> 10} MB, {len(list(corpus.iterdir()))} inputs reached new code",
        flush=True,
    )
    shutil.rmtree(place)
    failed = list((kept / f"{reader}.failures").glob("*"))
    if failed:
        print(f"{reader}: failures in {kept / f'{reader}.failures'}", flush=True)
    os._exit(1 if failed or status else 0)  # what Atheris leaves behind can hang the end of the interpreter


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


class _Tried:
    """The check, which keeps the smallest input of each kind of failure and goes on."""

    def __init__(self, check: Callable[[bytes], None], folder: Path) -> None:
        self._check = check
        self._folder = folder
        self.failures: dict[str, int] = {}
        self.count = 0
        self.longest = 0.0
        self.progress = folder / "progress"
        self._told = 0.0

    def __call__(self, content: bytes) -> None:
        self.count += 1
        before = time.process_time()
        try:
            self._check(content)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._keep(content, error)
        self.longest = max(self.longest, time.process_time() - before)
        if time.time() > self._told + 1:
            self._told = time.time()
            said = f"{len(self.failures)} kinds of failure, longest {self.longest:.2f} s"
            self.progress.write_text(f"{self.count:,} executions, {said}")

    def _keep(self, content: bytes, error: BaseException) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
        if len(content) < self.failures.get(kind, 1 << 30):
            new = kind not in self.failures
            self.failures[kind] = len(content)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / kind).write_bytes(content)
            if new:
                print(f"FAILURE {kind}: {str(error)[:300]!r}", flush=True)


def _mutations(atheris: Any, readers: Any, reader: str) -> Callable[[bytes, int, int], bytes] | None:
    """Give changes that a checksum does not hide: of what is packed, and of the headers of a tar."""
    unpack, pack = readers.UNPACKS.get(reader), readers.PACKS.get(reader)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if unpack and pack and chance.random() < 0.4:
            try:
                return bytes(pack(atheris.Mutate(unpack(data), most)))[:most]
            except Exception:
                pass  # broken already: changed as it is
        changed: bytes = atheris.Mutate(data, most)
        return _sealed(changed) if reader == "tar" and chance.random() < 0.8 else changed

    return mutate if pack or reader == "tar" else None


def _sealed(tar: bytes) -> bytes:
    """Give every header of a tar its right checksum."""
    data = bytearray(tar)
    for at in range(0, len(data) - 511, 512):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = struct.pack("8s", b"%06o\0 " % sum(data[at : at + 512]))
    return bytes(data)


if __name__ == "__main__":
    main()
