"""Fetching: against a real server on loopback that answers as the services do, and fails as they do."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from kg.errors import FetchError, UsageError
from kg.fetch import SERVICES, Patience, Request, Saved, Transport, fetch_to, service_named
from kg.fetch.arxiv import read_feed
from kg.fetch.cache import Cache
from kg.fetch.services import complaint
from kg.fetch.transport import RefusedError
from kg.read import read
from kg.update import merge_papers
from tests.fetch_server import Shelf, Trouble, abstract, arxiv_id, served, title

NAMES = [service.name for service in SERVICES]
QUICK = Patience(first=0.01, chance=None, silence=0.5)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, no keys and no cache of the machine that runs the tests."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or "API_" in name]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("KG_CONTACT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with served(Shelf(papers=25, page_limit=10)) as found:
        yield found


def get(
    shelf: Shelf, path: Path, name: str = "arxiv", *, limit: int = 100, restart: bool = False, **options: Any
) -> tuple[Saved, int]:
    service = service_named(name)
    settings: dict[str, Any] = {"base_url": shelf.address, "pause": 0.0, "patience": QUICK, **options}
    with Transport(service, **settings) as transport:
        return fetch_to(path, Request(service, "nets"), transport, limit=limit, restart=restart)


def kg(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kg.cli", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_all_pages_come_and_build_can_read_them(shelf: Shelf, tmp_path: Path, name: str) -> None:
    path = tmp_path / "papers.jsonl"
    shelf.no_abstract = frozenset((3,))
    saved, there = get(shelf, path, name)
    assert (saved.papers, saved.total, there, saved.ended) == (24, 25, 0, True)
    problems: list[Any] = []
    papers = list(read([path], on_problem=problems.append))
    assert problems == [] and len(papers) == 24
    assert [paper.title for paper in papers] == [title(n) for n in range(25) if n != 3]
    assert [paper.abstract for paper in papers] == [abstract(n) for n in range(25) if n != 3]
    assert all(paper.year == 2021 and paper.venue.startswith("Nets") and paper.url for paper in papers)
    assert papers[0].authors == ("Ann Lee0", "Bo Chén")
    assert all(f"doi:10.1109/net.{n}" in paper.ids for paper, n in zip(papers[3:], range(4, 25), strict=True))


def test_the_same_papers_from_all_services_are_one_each(shelf: Shelf, tmp_path: Path) -> None:
    for name in NAMES:
        get(shelf, tmp_path / f"{name}.jsonl", name)
    merged = merge_papers(read([tmp_path]))
    assert len(merged) == 25 and all(len(paper.versions) == 4 for paper in merged.values())
    assert sorted(merged) == [arxiv_id(n) for n in range(25)]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_ends_within_a_page_is_kept_and_can_grow(shelf: Shelf, tmp_path: Path, name: str) -> None:
    path = tmp_path / "papers.jsonl"
    assert get(shelf, path, name, limit=13)[0].papers == 13 == len(records(path))
    start = path.read_bytes()
    asked = len(shelf.asked)
    assert get(shelf, path, name, limit=13) == (get(shelf, path, name, limit=9)[0], 13)
    assert len(shelf.asked) == asked
    saved, there = get(shelf, path, name, limit=22)
    assert (saved.papers, there) == (22, 13)
    assert path.read_bytes().startswith(start)
    whole = tmp_path / "whole.jsonl"
    get(shelf, whole, name, limit=22)
    assert whole.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(status=429, body=b'{"message": "Too Many Requests"}'),
        Trouble(status=503, body=b"<html><title>Service Unavailable</title></html>"),
        Trouble(status=500, headers={"Retry-After": "0"}),
        Trouble(cut=True),
        Trouble(hang_up=True),
        Trouble(wait=0.8),
        Trouble(garble=lambda body: body[: len(body) // 2]),
        Trouble(garble=lambda body: b"Rate exceeded."),
    ],
    ids=["429", "503", "500", "cut", "hang-up", "slow", "half", "words"],
)
def test_trouble_that_passes_changes_nothing(shelf: Shelf, tmp_path: Path, name: str, trouble: Trouble) -> None:
    told: list[str] = []
    shelf.troubles = [trouble, None, trouble, trouble]
    get(shelf, tmp_path / "a.jsonl", name, told=told.append)
    assert len(told) == 3 and all("trying again in" in line for line in told)
    get(shelf, tmp_path / "b.jsonl", name)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_an_empty_page_before_the_end_is_asked_for_again(shelf: Shelf, tmp_path: Path) -> None:
    feed = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><x:totalResults xmlns:x="http://a9.com/-/spec/opensearch/1.1/">25'
        b"</x:totalResults></feed>"
    )
    shelf.troubles = [None, Trouble(body=feed), None]
    assert get(shelf, tmp_path / "a.jsonl")[0].papers == 25


def test_trouble_that_stays_ends_with_the_reason_and_the_same_command_goes_on(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    shelf.troubles = [None, None, *[Trouble(status=502, body=b"Bad gateway")] * 3]
    with pytest.raises(FetchError, match=r"arXiv: answered 502 Bad Gateway: Bad gateway \(3 tries\); try later"):
        get(shelf, path, patience=Patience(retries=2, first=0.01))
    assert len(records(path)) == 20
    shelf.asked.clear()
    saved, there = get(shelf, path)
    assert (saved.papers, there) == (25, 20)
    assert [asked.query["start"] for asked in shelf.asked] == ["20"]
    assert [record["id"] for record in records(path)] == [arxiv_id(n) for n in range(25)]


def test_the_pause_between_requests_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.page_limit = 5
    begun = time.monotonic()
    get(shelf, tmp_path / "a.jsonl", pause=0.3, patience=Patience(first=0.01, chance=None))
    # Each is measured from the start: on a busy machine the server may note one request late and the next in time.
    waited = [asked.time - begun for asked in shelf.asked]
    assert len(waited) == 5
    assert all(seconds >= 0.3 * number for number, seconds in enumerate(waited))


def test_a_service_itself_is_never_asked_more_often_than_it_wants() -> None:
    service = service_named("arxiv")
    assert Transport(service, pause=0.1).pause == Transport(service).pause == 3.0
    assert Transport(service, pause=10).pause == 10


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(shelf: Shelf, tmp_path: Path, as_date: bool) -> None:
    after = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    shelf.troubles = [Trouble(status=429, headers={"Retry-After": after})]
    begun = time.monotonic()
    get(shelf, tmp_path / "a.jsonl", limit=5)
    assert time.monotonic() - begun >= 0.9
    shelf.troubles = [Trouble(status=429, headers={"Retry-After": "7200"})]
    with pytest.raises(FetchError, match=r"429 Too Many Requests, and asks to come back in 2 hours; the same command"):
        get(shelf, tmp_path / "b.jsonl")


def test_the_rate_that_crossref_tells_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.troubles = [Trouble(headers={"X-Rate-Limit-Limit": "5", "X-Rate-Limit-Interval": "2s"})]
    begun = time.monotonic()
    get(shelf, tmp_path / "a.jsonl", "crossref", limit=20, patience=Patience(first=0.01, chance=None))
    assert len(shelf.asked) == 2
    assert shelf.asked[1].time - begun >= 0.4


def test_jitter_is_seeded_and_bounded() -> None:
    pauses = [[Patience(chance=random.Random(seed)).pause(failures) for failures in range(1, 12)] for seed in (1, 1, 2)]
    assert pauses[0] == pauses[1] != pauses[2]
    assert all(0 <= pause <= min(60, 2.0**at) for at, pause in enumerate(pauses[0]))


@pytest.mark.parametrize(
    ("trouble", "name", "message"),
    [
        (Trouble(status=403, body=b"Forbidden"), "arxiv", r"arXiv: refuses to answer .403 Forbidden.; .*--contact$"),
        (
            Trouble(status=403, body=b'{"error": "Quota", "message": "no key"}'),
            "openalex",
            r"OpenAlex: refuses .*403 Forbidden: Quota: no key.*--contact, and a key in OPENALEX_API_KEY",
        ),
        (Trouble(status=404, body=b"Resource not found."), "crossref", r"Crossref: nothing at .*404.*check --base-url"),
        (
            Trouble(status=400, body=b'{"error": "Unrecognized field"}'),
            "semanticscholar",
            r"does not take this query .400 Bad Request: Unrecognized field.",
        ),
        (Trouble(status=301, headers={"Location": "https://new.org/"}), "arxiv", "has moved to https://new.org/"),
    ],
)
def test_refusals_are_told_in_one_line_and_at_once(
    shelf: Shelf, tmp_path: Path, trouble: Trouble, name: str, message: str
) -> None:
    shelf.troubles = [trouble]
    with pytest.raises(FetchError, match=message) as caught:
        get(shelf, tmp_path / "papers.jsonl", name)
    assert "\n" not in str(caught.value) and len(shelf.asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_bad_query_is_told_in_the_words_of_arxiv(shelf: Shelf, tmp_path: Path) -> None:
    service = service_named("arxiv")
    with (
        Transport(service, base_url=shelf.address, patience=QUICK) as transport,
        pytest.raises(FetchError, match=r"does not take this query .400 Bad Request: incorrect query syntax"),
    ):
        fetch_to(tmp_path / "a.jsonl", Request(service, "ti:((x"), transport, limit=5)
    with pytest.raises(UsageError, match="an empty query"):
        Request(service, "  ")
    with pytest.raises(UsageError, match="not text"):
        Request(service, "nets \udcff")


def test_offline_is_told_soon(tmp_path: Path) -> None:
    with served(Shelf()) as gone:
        pass
    with pytest.raises(FetchError, match=r"cannot be reached at http://127.*is this machine online"):
        get(gone, tmp_path / "papers.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["ftp://x.org", "x.org", "http://", "http://x.org/?a=1", "http://u:p@x.org"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not a base address"):
        Transport(service_named("arxiv"), base_url=address)


def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://x:1")
    with pytest.raises(UsageError, match="the proxy that the environment names"):
        Transport(service_named("arxiv"))


def test_an_answer_that_drips_is_given_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.troubles = [Trouble(drip=0.05)]
    told: list[str] = []
    patience = Patience(first=0.01, answer=0.5)
    assert get(shelf, tmp_path / "a.jsonl", patience=patience, told=told.append)[0].papers == 25
    assert told == ["arXiv: took more than 0.5 s for one answer; trying again in 0 s"]


def test_a_reader_that_has_enough_is_no_error(shelf: Shelf) -> None:
    shelf.papers, shelf.page_limit = 3000, 100
    command = [sys.executable, "-m", "kg.cli", "fetch", "openalex", "nets", "-n", "3000", "--base-url", shelf.address]
    with subprocess.Popen([*command, "--pause", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["title"] == title(0)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_too_many_for_a_service_is_told_before_asking(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most 30,000"):
        get(shelf, tmp_path / "papers.jsonl", limit=30_001)
    assert shelf.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_contact_and_key_go_where_the_service_wants_them(shelf: Shelf, tmp_path: Path, name: str) -> None:
    cache = Cache(tmp_path / "cache")
    get(shelf, tmp_path / "a.jsonl", name, contact="ann@lee.org", key="SECRET", cache=cache, limit=5)
    (asked,) = shelf.asked
    assert "mailto:ann@lee.org" in asked.headers["user-agent"] and asked.headers["user-agent"].startswith("kg/")
    if name in ("openalex", "crossref"):
        assert asked.query["mailto"] == "ann@lee.org"
    carried = {
        "arxiv": None,
        "openalex": asked.query.get("api_key"),
        "semanticscholar": asked.headers.get("x-api-key"),
        "crossref": (asked.headers.get("crossref-plus-api-token") or "").removeprefix("Bearer "),
    }[name]
    assert carried == (None if name == "arxiv" else "SECRET")
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes()
    with pytest.raises(UsageError, match="not a mail address"):
        get(shelf, tmp_path / "b.jsonl", name, contact="ann\r\nX: y")


def test_answers_are_asked_for_once_a_day(shelf: Shelf, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for name in ("a.jsonl", "b.jsonl"):
        get(shelf, tmp_path / name, cache=cache)
        assert len(shelf.asked) == 3
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:20])
    get(shelf, tmp_path / "c.jsonl", cache=cache)
    assert len(shelf.asked) == 6
    for path in (tmp_path / "cache").iterdir():
        os.utime(path, (1, 1))
    get(shelf, tmp_path / "d.jsonl", cache=cache)
    assert len(shelf.asked) == 9
    os.utime(next((tmp_path / "cache").iterdir()), (1, 1))
    Cache(tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize("name", ["openalex", "semanticscholar", "crossref"])
@pytest.mark.parametrize("cached", [False, True])
def test_a_cursor_that_has_expired_costs_no_paper(shelf: Shelf, tmp_path: Path, name: str, cached: bool) -> None:
    path = tmp_path / "papers.jsonl"
    cache = Cache(tmp_path / "cache") if cached else None
    shelf.troubles = [None, *[Trouble(status=500)] * 9]
    with pytest.raises(FetchError, match="500"):
        get(shelf, path, name, cache=cache)
    shelf.troubles = []
    shelf.generation += 1
    saved, there = get(shelf, path, name, cache=cache)
    assert (saved.papers, there) == (25, 10)
    assert [paper.title for paper in read([path])] == [title(n) for n in range(25)]
    shelf.generation += 1
    again = tmp_path / "again.jsonl"
    assert get(shelf, again, name, cache=cache)[0].papers == 25
    assert again.read_bytes() == path.read_bytes()


def test_a_cursor_that_is_refused_from_the_start_is_told(shelf: Shelf, tmp_path: Path) -> None:
    refusal = Trouble(status=400, body=b'{"error": "Cursor is invalid."}')
    shelf.troubles = [None, refusal]
    with pytest.raises(RefusedError, match="Cursor is invalid"):
        get(shelf, tmp_path / "papers.jsonl", "openalex")


def test_a_file_of_anything_else_is_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text('{"mine": 1}\n')
    for name in ("arxiv", "openalex"):
        with pytest.raises(UsageError, match=r"exists, and is not of this fetch.*--restart"):
            get(shelf, path, name)
        assert path.read_text() == '{"mine": 1}\n'
    shelf.troubles = [Trouble(status=403)]
    with pytest.raises(FetchError):
        get(shelf, path, restart=True)
    assert path.read_text() == '{"mine": 1}\n'
    assert get(shelf, path, restart=True)[0].papers == 25 == len(records(path))
    with pytest.raises(UsageError, match="exists, and is not of this fetch"):
        get(shelf, path, "crossref")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UsageError, match="shorter than it was fetched"):
        get(shelf, path)
    with pytest.raises(UsageError, match="there is no folder"):
        get(shelf, tmp_path / "no" / "papers.jsonl")


def test_what_a_crash_left_half_written_is_cut_off(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    get(shelf, path, limit=10)
    with path.open("ab") as file:
        file.write(b'{"id": "2101.00010", "ti')
    get(shelf, path, limit=25)
    assert [record["id"] for record in records(path)] == [arxiv_id(n) for n in range(25)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_command_goes_on(shelf: Shelf, tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "papers.jsonl"
    arguments = ["fetch", "arxiv", "nets", "-n", "25", "-o", str(path), "--base-url", shelf.address, "--pause", "0"]
    shelf.troubles = [None, Trouble(wait=20)]
    with subprocess.Popen(
        [sys.executable, "-m", "kg.cli", *arguments], stderr=subprocess.PIPE, text=True, stdout=subprocess.PIPE
    ) as process:
        for _ in range(600):
            if len(shelf.asked) == 2:
                break
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert len(records(path)) == 10
    if number == signal.SIGINT:
        assert process.returncode == 130 and "10 papers so far; the same command goes on" in said
    shelf.troubles = []
    done = kg(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"{path}: 25 papers of 25 that arXiv has, 10 of them there before" in done.stderr
    assert [record["id"] for record in records(path)] == [arxiv_id(n) for n in range(25)]


def test_the_command_prints_records_and_says_what_it_did(shelf: Shelf) -> None:
    shelf.no_abstract = frozenset((0, 1))
    done = kg("fetch", "openalex", "graph", "nets", "-n", "7", "--years", "2019-2021", KG_OPENALEX_URL=shelf.address)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == [title(n) for n in range(2, 9)]
    assert done.stderr == "kg: 7 papers of 25 that OpenAlex has; 2 records without abstract left out\n"
    query = shelf.asked[0].query
    assert query["search"] == "graph nets"
    assert query["filter"] == "has_abstract:true,from_publication_date:2019-01-01,to_publication_date:2021-12-31"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["arxiv", "x", "--years", "19"], 2, "write 2019-2023"),
        (["arxiv", "x", "--years", "2021-2019"], 2, "ends before it begins"),
        (["arxiv", " "], 2, "an empty query"),
        (["arxiv", "x", "--contact", "me"], 2, "not a mail address"),
        (["nature", "x"], 2, "'nature' is not one of"),
        (["arxiv", "x", "-o", "."], 2, "a folder; give a file"),
    ],
)
def test_a_wrong_call_is_told(arguments: list[str], status: int, message: str) -> None:
    done = kg("fetch", *arguments, "--base-url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr and "Traceback" not in done.stderr


def test_nothing_found_is_told(shelf: Shelf, tmp_path: Path) -> None:
    shelf.papers = 0
    path = tmp_path / "papers.jsonl"
    done = kg("fetch", "crossref", "nets", "-o", str(path), "--base-url", shelf.address)
    assert done.returncode == 1 and "no paper with an abstract for 'nets'" in done.stderr
    assert not path.exists()


def test_years_and_fields_in_the_language_of_each_service() -> None:
    starts = {s.name: s.start("graph nets", (2019, None), 50) for s in SERVICES}
    assert starts["arxiv"]["search_query"] == (
        "(all:graph AND all:nets) AND submittedDate:[201901010000 TO 219912312359]"
    )
    assert starts["semanticscholar"]["year"] == "2019-"
    assert starts["crossref"]["filter"] == "has-abstract:true,from-pub-date:2019"


def test_a_feed_with_entities_is_refused() -> None:
    bomb = b'<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>'
    with pytest.raises(ValueError, match="not Atom"):
        read_feed(bomb)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"status":"failed","message":[{"type":"x","message":"Cursor has expired."}]}', "Cursor has expired."),
        (b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        (b"\x1b[31m red \xff", "[31m red \ufffd"),
        (b"", ""),
    ],
)
def test_what_a_service_says_is_found_and_harmless(body: bytes, said: str) -> None:
    assert complaint(body) == said
