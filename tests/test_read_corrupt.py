"""A corrupt record costs that record alone, and one line says where it is: in every format with records.

Of five records the middle one is damaged: one character lost at every place, cut at every place from either end,
junk put in at every place. The four others come back as they were, whatever it is. `KG_CORRUPT=all` tries every place,
and not only some forty of each kind. Markdown and pasted listings have no syntax that could tell a broken title from
the text above it: there, that text grows by the lost paper, and nothing is said.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg.errors import InputError
from kg.read import xml_records
from kg.read.json_text import read_values
from kg.read.source import Source

from .test_read import DATA, Made, made, tried

__all__ = ["made"]  # the fixture

FISH = ("Cod", "Eel", "Hake", "Pike", "Trout")
PLACES = 10_000 if os.environ.get("KG_CORRUPT") == "all" else 40


@dataclass(frozen=True)
class Shape:
    """How a format writes one record, and what stands before, between and after the records."""

    record: Callable[[str], str]
    before: str = ""
    between: str = "\n"
    after: str = "\n"
    mute: int = 0
    """Length of the start of a record in which damage hides the record, so that nothing is said of it."""


def plain(fish: str) -> dict[str, object]:
    return {"id": f"n-{fish}", "title": f"Nets for {fish}", "abstract": f'We net "{fish}", and well.', "year": 2020}


def arxiv(fish: str) -> dict[str, object]:
    return {
        "id": f"2001.0000{FISH.index(fish)}",
        "submitter": "A. Lee",
        "title": f"Nets for {fish}",
        "abstract": f"  We net {fish},\n and well.\n",
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2020 19:18:42 GMT"}],
        "authors_parsed": [["Lee", "Ann", ""], ["Chen", "Bo", ""]],
    }


def openalex(fish: str) -> dict[str, object]:
    return {
        "id": f"https://openalex.org/W{FISH.index(fish) + 1}",
        "display_name": f"Nets for {fish}",
        "authorships": [{"author": {"id": "https://openalex.org/A1", "display_name": "Ann Lee"}}],
        "abstract_inverted_index": {"We": [0], "net": [1], fish: [2]},
    }


def semantic_scholar(fish: str) -> dict[str, object]:
    number = 210000001 + FISH.index(fish)
    return {
        "corpusid": number,
        "externalids": {"ACL": None, "ArXiv": None, "CorpusId": str(number), "DOI": None},
        "title": f"Nets for {fish}",
        "authors": [{"authorId": "1", "name": "Ann Lee"}],
        "abstract": f"We net {fish}.",
    }


def note(fish: str) -> dict[str, object]:
    content = {"title": {"value": f"Nets for {fish}"}, "abstract": {"value": f"We net {fish}."}}
    return {"id": f"net{fish}", "content": content}


def bibtex(fish: str) -> str:
    return f"@article{{{fish},\n  title = {{Nets for {{{fish}}}}},\n  abstract = {{We net {fish}.}},\n  year = 2020\n}}"


def ris(fish: str) -> str:
    return f"TY  - JOUR\nTI  - Nets for {fish}\nAU  - Lee, Ann\nAB  - We net {fish}.\nPY  - 2020\nER  - "


def medline(fish: str) -> str:
    return (
        f"PMID- {FISH.index(fish) + 1}\nTI  - Nets for {fish}\nAB  - We net {fish},\n      and well.\nFAU - Lee, Ann\n"
    )


def wos(fish: str) -> str:
    return f"PT J\nAU Lee, A\nTI Nets for {fish}\nAB We net {fish},\n   and well.\nPY 2020\nER"


def atom(fish: str) -> str:
    return f"<entry>\n<title>Nets for {fish}</title>\n<summary>We net {fish}.</summary>\n<link href='x'/>\n</entry>"


def oai(fish: str) -> str:
    return (
        f"<record>\n<header><identifier>oai:x:{fish}</identifier></header>\n<metadata><dc:dc>\n"
        f"<dc:title>Nets for {fish}</dc:title><dc:description>We net {fish}.</dc:description>\n"
        "</dc:dc></metadata>\n</record>"
    )


def pubmed(fish: str) -> str:
    return (
        f"<PubmedArticle>\n<MedlineCitation><PMID>{FISH.index(fish) + 1}</PMID><Article>\n<ArticleTitle>Nets for {fish}"
        f"</ArticleTitle>\n<Abstract><AbstractText>We net {fish}.</AbstractText></Abstract>\n"
        "</Article></MedlineCitation>\n</PubmedArticle>"
    )


def row(sign: str) -> Callable[[str], str]:
    return lambda fish: sign.join((f'"Nets for {fish}"', f'"We net ""{fish}"",\nand well."', "2020"))


def bare(fish: str) -> str:
    return f"Nets for {fish},We net {fish}.,2020"


def compact(record: Callable[[str], dict[str, object]]) -> Callable[[str], str]:
    return lambda fish: json.dumps(record(fish), separators=(",", ":"))


def spread(record: Callable[[str], dict[str, object]]) -> Callable[[str], str]:
    return lambda fish: json.dumps(record(fish), indent=2)


SHAPES = {
    "jsonl": Shape(compact(plain)),
    "arxiv": Shape(compact(arxiv)),
    "openalex lines": Shape(compact(openalex)),
    "semantic scholar lines": Shape(compact(semantic_scholar)),
    "json": Shape(compact(plain), "[", ",\n", "]\n"),
    "json on one line": Shape(compact(plain), "[", ",", "]\n"),
    "json spread": Shape(spread(plain), "[\n", ",\n", "\n]\n"),
    "openalex": Shape(compact(openalex), '{"meta":{"count":5},"results":[', ",", "]}\n"),
    "openreview": Shape(compact(note), '{"notes":[', ",", "]}\n"),
    "openreview spread": Shape(spread(note), '{"notes": [\n', ",\n", "\n]}\n"),
    "bibtex": Shape(bibtex),
    "ris": Shape(ris),
    "nbib": Shape(medline),
    "wos": Shape(wos, "FN Clarivate\nVR 1.0\n", "\n\n", "\nEF\n"),
    "atom": Shape(atom, "<feed xmlns='http://www.w3.org/2005/Atom'>\n", "\n", "\n</feed>\n"),
    "oai": Shape(oai, "<OAI-PMH xmlns:dc='x'>\n<ListRecords>\n", "\n", "\n</ListRecords>\n</OAI-PMH>\n"),
    "pubmed": Shape(pubmed, "<?xml version='1.0'?>\n<PubmedArticleSet>\n", "\n", "\n</PubmedArticleSet>\n"),
    "csv": Shape(row(","), "title,abstract,year\n"),
    "csv without quotes": Shape(bare, "title,abstract,year\n"),
    "tsv": Shape(row("\t"), "title\tabstract\tyear\n"),
}


def written(shape: Shape, middle: str) -> str:
    records = [shape.record(fish) for fish in FISH]
    records[2] = middle
    return shape.before + shape.between.join(records) + shape.after


JUNK = ("\0\0\0", '"', "}", "{", "]", "<", ">", "<!--", "<![CDATA[", "\\", "\n", "@", "&", ",", "\ufffd")


def damages(text: str) -> Iterator[tuple[str, str]]:
    """What was done to a record, and what is left of it."""
    step = max(1, len(text) // PLACES)
    for at in range(0, len(text), step):
        yield f"lost at {at}", text[:at] + text[at + 1 :]
    for at in range(1, len(text), step):
        yield f"cut at {at}", text[:at]
        yield f"begins at {at}", text[at:]
    for number, junk in enumerate(JUNK):
        for at in range(number % step, len(text) + 1, step * (1 if PLACES > 40 else 4)):
            yield f"{junk!r} at {at}", text[:at] + junk + text[at:]


def swallows(left: str) -> bool:
    """Tell a JSON record cut right behind an object of an inner array: with the next records in it, it is valid."""
    return left.startswith("{") and left.count("[") > left.count("]") and left.endswith("}")


@pytest.mark.parametrize("name", SHAPES)
def test_a_corrupt_record_costs_that_record_alone(tmp_path: Path, name: str) -> None:
    shape = SHAPES[name]
    path = tmp_path / "x"
    path.write_text(written(shape, shape.record("Hake")))
    whole, problems = tried(path)
    assert len(whole) == 5
    assert problems == []
    expected = [(paper.title, paper.abstract) for paper in whole]
    del expected[2]
    first = written(shape, "\0").partition("\0")[0].count("\n") + 1
    failed = []
    for what, left in damages(shape.record("Hake")):
        if swallows(left):
            continue
        path.write_text(written(shape, left))
        found, problems = tried(path)
        kept = [(paper.title, paper.abstract) for paper in found]
        if [one for one in kept if one in expected] != expected:
            failed.append(f"{what}: {len([one for one in kept if one in expected])} of 4, {problems}")
        elif len(found) < 5 and not problems and "Hake" in left:
            failed.append(f"{what}: nothing said")
        elif len(problems) > 3:
            failed.append(f"{what}: {problems}")
        for problem in problems if "]" not in what and "[" not in what else ():  # the end tells of these
            line = re.match(rf"{re.escape(str(path))}:(\d+): ", problem)
            if not line or not first <= int(line[1]) <= first + left.count("\n") + 1:
                failed.append(f"{what}: {problem}")
    assert not failed, f"{len(failed)} of {sum(1 for _ in damages(shape.record('Hake')))}:\n" + "\n".join(failed[:40])


def test_labelled_text_whose_title_has_lost_its_label(tmp_path: Path) -> None:
    # The line may be text of the abstract above it; that two abstracts follow one another shows that it is not.
    path = tmp_path / "x.txt"
    papers = [f"Title: Nets for {fish}\nAuthors: A. Lee\nAbstract: We net {fish}.\n" for fish in FISH[:3]]
    path.write_text("\n".join([papers[0], papers[1].removeprefix("T"), papers[2]]))
    found, problems = tried(path)
    assert [paper.title for paper in found] == ["Nets for Cod", "Nets for Hake"]
    assert found[1].abstract == "We net Hake."
    assert problems == [f'{path}:7: a second abstract under one title, left out; begin each paper with "Title:"']
    path.write_text("\n".join([papers[0], papers[1].replace("Abstract", "bstract"), papers[2]]))
    found, problems = tried(path)
    assert [paper.abstract for paper in found] == ["We net Cod.", "We net Hake."]
    assert problems == [f'{path}:5: no abstract; give "abstract" or use --skip-empty']


@pytest.mark.parametrize("damage", [("}", ""), ('"title":"', '"title":'), ("{", "{{[")])
def test_what_swallows_more_than_a_record_may_be_is_found_again(damage: tuple[str, str]) -> None:
    records = [json.dumps({"id": number, "title": f"T{number}"}, separators=(",", ":")) for number in range(20_000)]
    records[5] = records[5].replace(*damage)
    text = f"[{','.join(records)}]".encode()
    problems: list[InputError] = []
    source = Source("x", (text[at : at + 999] for at in range(0, len(text), 999)), problems.append)
    found = [value["id"] for _, value in read_values(source, lambda value: "title" in value, longest=5000)]
    assert found == [number for number in range(20_000) if number != 5]
    assert [str(problem) for problem in problems] == ["x:1: record of more than 0 MB; check its brackets and quotes"]


@pytest.mark.parametrize("opened", ["<!--", "<![CDATA["])
@pytest.mark.parametrize("inside", [True, False])
def test_a_comment_that_does_not_end_swallows_one_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: str, *, inside: bool
) -> None:
    monkeypatch.setattr(xml_records, "LONGEST", 100_000)
    papers = [f"<entry><title>T{number}</title>\n<summary>We net.</summary></entry>\n" for number in range(20_000)]
    papers[5] = papers[5].replace("<summary>", opened) if inside else papers[5] + opened
    path = tmp_path / "x.xml"
    path.write_text(f"<feed>\n{''.join(papers)}</feed>")
    found, problems = tried(path)
    assert [paper.title for paper in found] == [f"T{number}" for number in range(20_000) if number != 5 or not inside]
    what = "record of more than 0 MB" if inside else "comment without its end"
    assert problems == [f"{path}:{12 if inside else 14}: {what}; check its tags"]


@pytest.mark.parametrize(
    "file", sorted(path.name for path in DATA.glob("*.json") if path.read_bytes().startswith(b"["))
)
def test_an_array_may_begin_with_what_is_no_record(made: Made, file: str) -> None:
    whole = json.loads((DATA / file).read_text("utf-8"))
    expected = tried(made(json.dumps(whole)))
    values: tuple[object, ...] = (None, False, -1.5e-7, 'x "quoted", y', [])
    for odd in values:
        assert tried(made(json.dumps([odd, *whole]))) == expected
        spread, problems = tried(made(json.dumps([odd, 1, *whole], indent=1)))
        assert [paper.title for paper in spread] == [paper.title for paper in expected[0]] and not problems


ODD: tuple[object, ...] = (None, True, 10**400, "x", [[]], [{}], {"value": {}})


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in the fields of a JSON value."""
    if any(isinstance(step, str) for step in path):
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from places(value[at], (*path, at))


def put(value: Any, path: tuple[str | int, ...], odd: object) -> object:
    """The value with another at a place of it."""
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], odd) if path[1:] else odd
    return copy


@pytest.mark.parametrize("file", sorted(path.name for path in DATA.glob("*.json")))
def test_whatever_stands_in_a_field_costs_no_other_record(made: Made, file: str) -> None:
    whole = json.loads((DATA / file).read_text("utf-8"))
    last = {"title": "The Last of Them", "abstract": "We net."}
    for place in places(whole):
        for odd in ODD:
            changed = put(whole, place, odd)
            found, _ = tried(made(json.dumps([*changed, last] if isinstance(changed, list) else changed)))
            if isinstance(changed, list):
                assert found[-1].title == last["title"]
