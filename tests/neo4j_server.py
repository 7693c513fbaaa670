"""Ways to a real Neo4j for the tests: one that NEO4J_URI names, Docker Compose, or one in a Java process."""

import hashlib
import os
import secrets
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

from kg.errors import StoreError
from kg.store.neo4j import Neo4jStore, Server, server

ROOT = Path(__file__).parent.parent
JAVA = ROOT / "tests" / "neo4j"
OPENS = ("--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")
QUICK = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of a Java that starts soon and stays small; one that is measured should be without."""


class UnavailableError(Exception):
    """Why there is no Neo4j of one kind."""


def clear(where: Server) -> None:
    """Remove every node, a thousand in a transaction."""
    import neo4j

    with (
        neo4j.GraphDatabase.driver(where.uri, auth=(where.username, where.password)) as driver,
        driver.session(database=where.database) as session,
    ):
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS").consume()


@contextmanager
def named() -> Iterator[Server]:
    """The server that NEO4J_URI names, if its database is empty: the tests will empty it again."""
    if not os.environ.get("NEO4J_URI"):
        raise UnavailableError("NEO4J_URI is not set")
    where = server()
    with Neo4jStore(where) as store:
        if store.query("MATCH (n) RETURN count(n)").rows[0][0]:
            pytest.fail(f"{where.uri}: the database has nodes, and the tests would remove them; name an empty one")
    yield where


@contextmanager
def composed() -> Iterator[Server]:
    """The service of docker-compose.yml, under another project name and port."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], check=False, capture_output=True, timeout=60).returncode:
        raise UnavailableError("no Docker engine answers")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = Server(uri=f"bolt://127.0.0.1:{port}", password=secrets.token_hex(8))
    environment = {
        **os.environ,
        "NEO4J_PASSWORD": where.password,
        "NEO4J_BOLT_PORT": str(port),
        "NEO4J_HTTP_PORT": "0",
    }
    compose = [docker, "compose", "-f", str(ROOT / "docker-compose.yml"), "-p", f"papergraph-tests-{os.getpid()}"]
    try:
        begun = subprocess.run(
            [*compose, "up", "--detach", "--wait"], env=environment, check=False, capture_output=True, text=True
        )
        if begun.returncode:
            raise UnavailableError(f"docker compose: {begun.stderr.strip()[-200:]}")
        yield where
    finally:
        subprocess.run([*compose, "down", "--volumes"], env=environment, check=False, capture_output=True)


def classpath() -> str:
    """Give the jars of the in-process Neo4j, fetched by Maven once and kept in its own cache."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise UnavailableError(f"{program} is not installed (the in-process Neo4j needs Java 17 and Maven)")
    pom = JAVA / "pom.xml"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    kept = Path.home() / ".m2" / f"papergraph-neo4j-{digest}.classpath"
    if kept.is_file() and all(Path(jar).is_file() for jar in kept.read_text().strip().split(os.pathsep)):
        return kept.read_text().strip()
    kept.parent.mkdir(exist_ok=True)
    goal = ["mvn", "-q", "-B", "-f", str(pom), "dependency:build-classpath", f"-Dmdep.outputFile={kept}"]
    fetched = subprocess.run(goal, check=False, capture_output=True, text=True, timeout=1200)
    if fetched.returncode:
        raise UnavailableError(f"Maven cannot fetch Neo4j: {(fetched.stdout + fetched.stderr).strip()[-300:]}")
    return kept.read_text().strip()


@contextmanager
def in_process(*options: str, java: Sequence[str] = QUICK) -> Iterator[Server]:
    """A Neo4j in a Java process, with the options ``java``, that ends when its standard input closes."""
    where = Server(password=secrets.token_hex(8))
    command = [
        "java",
        *java,
        *OPENS,
        "-cp",
        classpath(),
        str(JAVA / "Launcher.java"),
        where.password,
        *options,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            uri = _address(process)
            yield Server(uri=uri, password=where.password)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if select.select([process.stdout], [], [], 1.0)[0]:
            line = process.stdout.readline().strip()
            if line.startswith("bolt://"):
                return line.rstrip("/")
            if not line:
                raise UnavailableError(f"the in-process Neo4j ended with status {process.wait()}")
    raise UnavailableError("the in-process Neo4j did not start within 300 s")


@contextmanager
def cut_after(where: Server, count: int) -> Iterator[Server]:
    """A way to the server that breaks for good after ``count`` bytes have gone to it."""
    left = count

    def breaks(data: bytes) -> bool:
        nonlocal left
        left -= len(data)
        return left < 0

    with _way(where, breaks, for_good=True) as way:
        yield way


@contextmanager
def cut_once(where: Server, *texts: str) -> Iterator[Server]:
    """A way to the server on which the connection breaks that first sends each of ``texts``; a new one gets through."""
    waiting = {text.encode() for text in texts}

    def breaks(data: bytes) -> bool:
        found = {text for text in waiting if text in data}
        waiting.difference_update(found)
        return bool(found)

    with _way(where, breaks, for_good=False) as way:
        yield way
    assert not waiting, f"never sent: {waiting}"


@contextmanager
def _way(where: Server, breaks: Callable[[bytes], bool], *, for_good: bool) -> Iterator[Server]:
    """A way to the server; where ``breaks`` says so of what goes there, the connection breaks, or all do for good."""
    import threading

    there = urlsplit(where.uri)
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = [listener]

    def stop(sockets: Sequence[socket.socket]) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def pump(source: socket.socket, target: socket.socket, *, watched: bool) -> None:
        try:
            while data := source.recv(65536):
                if watched and breaks(data):
                    stop(open_sockets if for_good else (source, target))
                    return
                target.sendall(data)
        except OSError:
            pass

    def accept() -> None:
        try:
            while True:
                inside, _ = listener.accept()
                outside = socket.create_connection((there.hostname or "localhost", there.port or 7687))
                open_sockets.extend((inside, outside))
                for source, target, watched in ((inside, outside, True), (outside, inside, False)):
                    threading.Thread(
                        target=pump, args=(source, target), kwargs={"watched": watched}, daemon=True
                    ).start()
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Server(f"bolt://127.0.0.1:{listener.getsockname()[1]}", where.username, where.password, where.database)
    finally:
        stop(open_sockets)


def fails(action: Callable[[], object]) -> str:
    """Give the one line with which ``action`` fails."""
    with pytest.raises(StoreError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def give_up(reason: str) -> NoReturn:
    """Skip a test that has no Neo4j; fail it in CI, where there must be one."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
