"""Which papers are one: by identifier, title and what contradicts; the same in any order; and what a user may undo."""

import json
import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import folder
from kg.assemble import unite_papers, version_key, versions_of
from kg.errors import GraphError
from kg.model import Extraction, Paper, paper_id
from kg.record import about, paper_from, to_json, to_record
from kg.update import duplicates, merge_papers, refresh_folder, update_folder
from kg.update.identity import Group, identify
from kg.update.likeness import Facts, facts_of, title_form
from kg.update.overrides import NONE, Overrides, read_overrides
from kg.update.shelf import read_versions
from kg.update.sort import sort_papers
from tests.conftest import Run

LONG = "Skipping layers of deep networks by gates"


def paper(title: str = LONG, abstract: str = "We skip layers.", **facts: Any) -> Paper:
    facts = {"authors": ("Ada Lo",), "year": 2017, **facts}
    return Paper(facts.pop("id", paper_id(title)), title, abstract, **facts)


PREPRINT = paper(
    id="1701.00001",
    venue="arXiv",
    ids=("arxiv:1701.00001", "doi:10.48550/arxiv.1701.00001"),
    sources=("a.jsonl:1",),
)
PUBLISHED = paper(
    title="Skipping Layers of Deep Networks by Gates.",
    abstract="We skip layers. It is faster.",
    year=2018,
    venue="CVPR",
    ids=("doi:10.1109/cvpr.2018.1",),
    sources=("b.bib:7",),
)


def groups(*papers: Paper, overrides: Overrides = NONE) -> list[Group]:
    return identify(map(facts_of, papers), overrides)


def one(*papers: Paper, overrides: Overrides = NONE) -> bool:
    """Whether all are one paper; asked in several orders, which must not matter."""
    found = groups(*papers, overrides=overrides)
    for seed in range(3):
        shuffled = random.Random(seed).sample(papers, len(papers))
        assert groups(*shuffled, overrides=overrides) == found
    return len(found) == 1


def test_preprint_and_published_paper_are_one_that_keeps_both() -> None:
    other = paper("Another paper about something else", ids=("arxiv:1701.00002",), authors=("Bo Ek",))
    merged = merge_papers([PUBLISHED, other, PREPRINT])
    assert sorted(merged) == ["1701.00001", "another-paper-about-something-else"]
    both = merged["1701.00001"]
    assert (both.title, both.abstract, both.year, both.venue) == (PUBLISHED.title, PUBLISHED.abstract, 2017, "CVPR")
    assert both.ids == ("arxiv:1701.00001", "doi:10.1109/cvpr.2018.1", "doi:10.48550/arxiv.1701.00001")
    assert both.sources == ("a.jsonl:1", "b.bib:7")
    assert set(both.versions) == {PREPRINT, PUBLISHED}
    assert merged["another-paper-about-something-else"] == other


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (PREPRINT, PUBLISHED, "the same title and an author in common"),
        (PREPRINT, replace(PUBLISHED, authors=()), "the same title"),
        (PREPRINT, replace(PUBLISHED, abstract=PREPRINT.abstract), "the same title and abstract"),
        (PREPRINT, replace(PREPRINT, title="Gates", abstract="Other.", year=2024), "arxiv:1701.00001"),
        (
            paper(ids=("doi:10.1/x",), authors=("Ada Lo",)),
            paper("Completely renamed study", ids=("doi:10.1/x",), authors=("Ådä Lo", "Bo Ek")),
            "doi:10.1/x",
        ),
        (paper(ids=("s2:1",), authors=()), paper("Completely renamed", ids=("s2:1",)), "s2:1"),
        # Two DOIs of different registrants: conference and journal, or preprint and published.
        (paper(ids=("doi:10.1109/a",)), paper(ids=("doi:10.1145/b",)), "the same title and abstract"),
        (paper(ids=("doi:10.5281/a",)), paper(ids=("doi:10.5281/b",)), "the same title and abstract"),
        # Submitted twice; and catalogued twice.
        (paper(ids=("openreview:abcde",)), paper(ids=("openreview:fghij",)), "the same title and abstract"),
        (paper(ids=("openalex:W1",)), paper(ids=("openalex:W2",)), "the same title and abstract"),
        (
            paper("Élan vital: {N}ets for all"),
            paper("Elan Vital - nets for all", "x y"),
            "the same title and an author",
        ),
        # Titles that say little, with more that speaks for it.
        (paper("Deep learning", "a b c"), paper("Deep Learning", "d e f", year=2018), "an author in common"),
        (paper("Editorial", "a b c", authors=()), paper("Editorial", "a b c", authors=()), "title and abstract"),
        # A record that has an id of its own.
        (paper("Gates", "a", id="p1", authors=()), paper("Gates", "b", id="p1", authors=()), "the same id p1"),
        (paper("Deep gates for all"), paper("Deep gates for all nets"), None),
        (
            paper("Deep gates for all", id="17", sources=("x.csv:2",)),
            paper("Deep gates for all nets", id="17", sources=("x.csv:3",)),
            "the same id 17",
        ),
        (
            paper("Deep gates for all", id="17", sources=("x.csv:2",), authors=("Ada Lo",)),
            paper("Deep gates for all", "b", id="17", sources=("x.csv:2",), authors=("Bo Ek",), year=1990),
            "the same record",
        ),
    ],
)
def test_one_paper_and_why(a: Paper, b: Paper, reason: str | None) -> None:
    if reason is None:
        assert not one(a, b)
    else:
        assert one(replace(a, venue="a"), replace(b, venue="b"))
        (found,) = groups(replace(a, venue="a"), replace(b, venue="b"))
        assert [reason in link.reason for link in found.links] == [True]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (paper(ids=("arxiv:1701.00001",)), paper(ids=("arxiv:1801.00001",))),
        (paper(ids=("acl:P17-1001",)), paper(ids=("acl:P18-1001",))),
        (paper(ids=("pmid:1",)), paper(ids=("pmid:2",))),
        (
            paper(ids=("doi:10.1109/a",)),
            paper("Skipping layers of deep networks by gates", "x", ids=("doi:10.1109/b",)),
        ),
        (paper(authors=("Ada Lo",)), paper(authors=("Bo Ek",))),
        (paper(year=2001), paper(year=2017)),
        (paper("Editorial", "a b"), paper("Editorial", "c d")),
        (paper("Introduction to the special issue", "a"), paper("Introduction to the special issue", "b")),
        (paper("Deep learning", "a", authors=()), paper("Deep learning", "b")),
        (paper("Deep learning", "a"), paper("Deep learning", "b", authors=("Bo Ek",))),
        (paper("Deep learning", "a", year=2015), paper("Deep learning", "b", year=2019)),
        # The DOI of the volume, or a wrong one: all else says that they are two.
        (paper(ids=("doi:10.1/vol",)), paper("A survey of fish", ids=("doi:10.1/vol",), authors=("Bo Ek",))),
        # Numbers of two tables, short ids of two files.
        (
            paper("Gates for all nets", id="17", sources=("x.csv:2",)),
            paper("Gates for all nets of fish", id="17", sources=("y.csv:2",)),
        ),
        (paper("Gates", "a", id="17", authors=()), paper("Gates", "b", id="17", authors=(), sources=("y.csv:2",))),
        (paper("FooNet-0: widgets", id="p0"), paper("FooNet-1: widgets", id="p0", sources=("y.jsonl:1",))),
        # Standard input is no file.
        (paper("Gates for all", id="1", sources=("-:1",)), paper("Gates for all of us", id="1", sources=("-:1",))),
    ],
)
def test_two_papers(a: Paper, b: Paper) -> None:
    assert not one(a, b)
    merged = merge_papers([a, b])
    assert len(merged) == 2
    assert {key for p in merged.values() for key in map(version_key, versions_of(p))} == {
        version_key(a),
        version_key(b),
    }


def test_ids_of_papers_are_their_own() -> None:
    numbered = [paper(f"Study number {n} of fish", id="17", sources=(f"{n}.csv:2",)) for n in "ab"]
    assert sorted(merge_papers(numbered)) == ["study-number-a-of-fish", "study-number-b-of-fish"]
    assert list(merge_papers(numbered[:1])) == ["17"]
    editorials = [paper("Editorial", text, authors=(name,)) for text, name in (("a", "A"), ("b", "B"), ("c", "C"))]
    names = sorted(merge_papers(editorials))
    assert len(names) == 3 and all(name.startswith("editorial-") for name in names)
    assert all(p.id == name and p.versions[0].id == "editorial" for name, p in merge_papers(editorials).items())


def test_what_contradicts_what_is_united_stays_apart() -> None:
    """A title alone does not join two papers of different arXiv ids by way of one that has none."""
    a, c = paper(ids=("arxiv:1701.00001",)), paper(ids=("arxiv:1801.00001",), sources=("c.bib:1",))
    b = paper(abstract="We skip.", sources=("b.bib:1",))
    found = groups(a, b, c)
    assert sorted(len(group.keys) for group in found) == [1, 2]
    assert not one(a, b, c)


def test_identifiers_chain() -> None:
    a = paper("First title of it", ids=("arxiv:1", "doi:10.1/a"))
    b = paper("Second name", ids=("acl:X", "doi:10.1/a"))
    c = paper("Third and last", ids=("acl:X",))
    assert one(a, b, c)
    assert not one(a, c)


TITLES = ("Deep gates for all nets", "Deep gates for all fish", "Editorial", "Deep learning", "Nets of nets of nets")
IDS = (
    "arxiv:1701.00001",
    "arxiv:1801.00002",
    "doi:10.1109/a",
    "doi:10.1109/b",
    "doi:10.1145/c",
    "s2:1",
    "acl:P18-1001",
)
versions = st.builds(
    lambda title, abstract, key, **facts: Paper(key or paper_id(title), title, abstract, **facts),
    st.sampled_from(TITLES),
    st.sampled_from(("We net.", "We fish.", "We propose Net9 on CIFAR-10.")),
    st.sampled_from(("", "", "1", "p1")),
    authors=st.sampled_from(((), ("Ada Lo",), ("Bo Ek",), ("Ada Lo", "Bo Ek"))),
    year=st.sampled_from((None, 2015, 2017, 2024)),
    venue=st.just(""),
    url=st.just(""),
    sources=st.sampled_from((("a.csv:1",), ("a.csv:2",), ("b.bib:1",), ("-:1",))),
    ids=st.sets(st.sampled_from(IDS), max_size=2).map(lambda found: tuple(sorted(found))),
)


@settings(max_examples=300)
@given(st.lists(versions, max_size=14), st.randoms())
def test_order_changes_nothing_and_nothing_is_lost(papers: list[Paper], chance: random.Random) -> None:
    merged = merge_papers(papers)
    shuffled = chance.sample(papers, len(papers))
    assert merge_papers(shuffled) == merged
    assert [json.dumps(to_record_of(p)) for p in merge_papers(shuffled).values()] == [
        json.dumps(to_record_of(p)) for p in merged.values()
    ]
    # Every version is in exactly one paper, with all its places.
    held = [key for p in merged.values() for key in map(version_key, versions_of(p))]
    assert sorted(held) == sorted(set(map(version_key, papers)))
    places = {(version_key(v), source) for p in merged.values() for v in versions_of(p) for source in v.sources}
    assert places == {(version_key(p), source) for p in papers for source in p.sources}
    # Uniting what is united changes nothing: a fixed point, whichever part comes as a whole.
    assert merge_papers(merged.values()) == merged
    assert merge_papers([*list(merged.values())[::2], *papers]) == merged


def to_record_of(found: Paper) -> dict[str, Any]:
    return {
        "id": found.id,
        "versions": [version_key(v) for v in versions_of(found)],
        "ids": found.ids,
        "t": found.title,
    }


@settings(max_examples=300)
@given(st.lists(versions, max_size=14))
def test_one_is_an_equivalence_and_identifiers_unite(papers: list[Paper]) -> None:
    facts = {fact.key: fact for fact in map(facts_of, papers)}
    found = identify(facts.values())
    of = {key: group.id for group in found for key in group.keys}
    assert set(of) == set(facts) and len(of) == sum(len(group.keys) for group in found)
    assert len({group.id for group in found}) == len(found)
    for group in found:
        # The links are a spanning tree: each version is reached, and none twice.
        assert len(group.links) == len(group.keys) - 1
        reached = {group.keys[0]}
        for _ in group.keys:
            for link in group.links:
                if {link.a, link.b} & reached:
                    reached |= {link.a, link.b}
        assert reached == set(group.keys)
    for a, b in combinations(facts.values(), 2):
        if set(a.ids) & set(b.ids) and (a.title == b.title or set(a.authors) & set(b.authors)):
            assert of[a.key] == of[b.key]


@settings(max_examples=100)
@given(st.lists(versions, min_size=2, max_size=8), st.data())
def test_a_split_parts_and_a_merge_unites(papers: list[Paper], data: st.DataObject) -> None:
    facts = sorted({fact.key: fact for fact in map(facts_of, papers)}.values(), key=lambda fact: fact.key)
    if len(facts) < 2:
        return
    marked = [fact._replace(sources=(*fact.sources, f"mark:{n}")) for n, fact in enumerate(facts)]
    a, b = data.draw(st.permutations(range(len(marked))))[:2]
    names = (f"mark:{a}", f"mark:{b}")

    def same(found: list[Group]) -> bool:
        return any({marked[a].key, marked[b].key} <= set(group.keys) for group in found)

    assert not same(identify(marked, Overrides(splits=(names,))))
    assert same(identify(marked, Overrides(merges=(names,))))
    with pytest.raises(GraphError, match="merged here and split there"):
        identify(marked, Overrides(splits=(names,), merges=(names,)))


def test_a_split_names_each_version_once() -> None:
    both = replace(PUBLISHED, ids=("arxiv:1701.00001", "doi:10.1109/cvpr.2018.1"))
    assert one(PREPRINT, both)
    for names in (("arXiv:1701.00001v3", "https://doi.org/10.1109/CVPR.2018.1"), ("a.jsonl:1", "b.bib:7")):
        assert not one(PREPRINT, both, overrides=Overrides(splits=(names,)))


def test_a_name_that_means_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    groups(PREPRINT, PUBLISHED, overrides=Overrides(splits=(("doi:10.9/none", "a.jsonl:1"),)))
    assert "overrides.toml: no paper 'doi:10.9/none'" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[split]\n", "not TOML"),
        ("[[split]]\npaper = ['a', 'b']\n", r"a \[\[split\]\] without its papers"),
        ("[[merge]]\npapers = ['a']\n", r"a \[\[merge\]\] without its papers"),
        ("merge = 1\n", r"a \[\[merge\]\] without its papers"),
        ("[[splits]]\npapers = ['a', 'b']\n", "splits: not known"),
        (b"\xff", "not TOML"),
    ],
)
def test_overrides_that_cannot_be_read_are_named(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "overrides.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GraphError, match=rf"overrides.toml: {message}") as caught:
        read_overrides(tmp_path)
    assert "\n" not in str(caught.value)


def make(papers: Any, path: Path) -> Any:
    return update_folder(papers, path, tagger="rules")


def everything(path: Path) -> Any:
    manifest = folder.read_manifest(path)
    return sorted(map(repr, folder.read_records(path, manifest))), manifest.counts, manifest.database.key


def test_a_wrong_merge_is_undone_and_done_again(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    make([PREPRINT, PUBLISHED], path)
    merged = everything(path)
    assert [len(group.keys) for _, group in duplicates(path).papers] == [2]
    (path / "overrides.toml").write_text('[[split]]\npapers = ["arxiv:1701.00001", "doi:10.1109/cvpr.2018.1"]\n')
    assert duplicates(path).papers == () and duplicates(path).pending
    built = refresh_folder(path)
    assert (built.extracted, built.reused) == (1, 1)
    assert {e.paper for e in folder.read_records(path, built.manifest)} == {PREPRINT, PUBLISHED}
    assert not duplicates(path).pending
    (path / "overrides.toml").unlink()
    built = refresh_folder(path)
    assert (built.extracted, built.reused) == (0, 1)
    assert everything(path) == merged


def test_a_merge_by_hand_keeps_both(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    renamed = paper("Gated depth", "We gate depth.", authors=("Ada Lo",), sources=("notes.md:3",))
    path.mkdir()
    (path / "overrides.toml").write_text('[[merge]]\npapers = ["notes.md:3", "arxiv:1701.00001"]\nreason = "renamed"\n')
    with pytest.raises(GraphError, match="exists and is not a graph folder"):
        make([PREPRINT], path)
    (path / "overrides.toml").rename(tmp_path / "overrides.toml")
    make([PREPRINT], path)
    (tmp_path / "overrides.toml").rename(path / "overrides.toml")
    built = make([renamed], path)
    assert built.manifest.papers == 1
    ((found, group),) = duplicates(path).papers
    assert set(found.versions) == {PREPRINT, renamed} and group.links[0].reason == "overrides.toml"


@pytest.mark.parametrize("seed", range(3))
def test_incremental_equals_full(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = [
        Paper(
            chance.choice(("p1", "1", paper_id(title))),
            title,
            chance.choice(("We net.", "We propose Net9 on CIFAR-10.", "BERT and Net7 are compared on SQuAD.")),
            chance.choice(((), ("Ada Lo",), ("Bo Ek",))),
            chance.choice((None, 2015, 2017)),
            sources=(chance.choice(("a.csv:1", "b.bib:1", "b.bib:2")),),
            ids=tuple(sorted(chance.sample(IDS, chance.choice((0, 0, 1, 2))))),
        )
        for title in chance.choices(TITLES, k=14)
    ]
    for at in (0, 5, 10):
        make(whole[at : at + 5], tmp_path / "parts.kg")
    make(chance.sample(whole, len(whole)), tmp_path / "whole.kg")
    assert everything(tmp_path / "parts.kg") == everything(tmp_path / "whole.kg")
    again = make(whole[:5], tmp_path / "parts.kg")
    assert again.extracted == 0 and not again.changed


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(versions, min_size=1, max_size=6), min_size=2, max_size=4), st.randoms())
def test_incremental_equals_full_in_records_of_small_parts(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Paper]], chance: random.Random
) -> None:
    """As above for what a build does before the database, which takes most of the time, with parts of two papers."""
    place = tmp_path_factory.mktemp("records")
    for number, batch in enumerate(batches):
        add(batch, place / "parts.kg", extractor=f"{number // 3:064}")
    whole = [found for batch in batches for found in batch]
    add(chance.sample(whole, len(whole)), place / "whole.kg", extractor="1" * 64)
    assert records(place / "parts.kg") == records(place / "whole.kg")


def add(papers: list[Paper], path: Path, *, extractor: str) -> tuple[folder.Part, ...]:
    with folder.claim(path) as old:
        kept, loose, todo, _ = sort_papers(
            path, old, read_versions(papers), extractor=extractor, overrides=NONE, full=2
        )
        loose.update((key, Extraction(found, (), (), ())) for key, found in todo.items())
        records = [loose[key] for key in sorted(loose)]
        for at in range(0, len(records), 2):
            kept.append(folder.write_part(path, records[at : at + 2], extractor))
        (path / "graph-x.lbug").touch()
        base = folder.Database("graph-x.lbug", "", "x")
        folder.write_manifest(path, folder.Manifest("0", extractor, "rules", "", (), tuple(kept), base))
    return tuple(kept)


def records(path: Path) -> list[str]:
    return sorted(map(to_json, folder.read_records(path, folder.read_manifest(path))))


def test_parts_in_which_nothing_changes_stay(tmp_path: Path) -> None:
    path = tmp_path / "papers.kg"
    many = [paper(f"Study of gate number {n}", sources=("a.jsonl:1",)) for n in range(4)]
    first = add(many, path, extractor="0" * 64)
    again = replace(many[0], venue="CVPR", sources=("b.bib:1",))
    second = add([again, many[2]], path, extractor="0" * 64)
    assert len(set(first) & set(second)) == 1 and sum(part.papers for part in second) == 4


def test_a_record_keeps_its_versions() -> None:
    united = unite_papers((PREPRINT, PUBLISHED), "1701.00001")
    from kg.pipeline import extract_papers

    (extraction,) = extract_papers([united], tagger="rules")
    record = json.loads(json.dumps(to_record(extraction)))
    assert paper_from(record) == united
    assert all("versions" not in version for version in record["versions"])
    moved = about(extraction, replace(united, id="other"))
    assert moved.paper.id == "other" and to_record(moved)["entities"] == to_record(extraction)["entities"]
    with pytest.raises(ValueError, match="another text"):
        about(extraction, replace(united, abstract="Other."))


def test_many_of_one_title_are_quick() -> None:
    many = [Facts(f"{n:05}", f"e{n}", True, "editorial", (), (f"name{n}",), 2000, (), str(n)) for n in range(20_000)]
    assert len(identify(many)) == 20_000


def test_titles_are_compared_by_their_words() -> None:
    assert title_form("Über-Nets:  {A}  Study of $L_2$") == "uber nets a study of l_2"
    assert title_form("C++ for F# and A*") == "c++ for f# and a*"
    assert title_form("深層学習") == "深層学習"


def test_extract_prints_both_where_two_tables_number_alike(kg: Run, tmp_path: Path) -> None:
    for name, fish in (("a", "cod"), ("b", "eel")):
        (tmp_path / f"{name}.csv").write_text(f"id,title,abstract\n1,Nets for {fish},We net {fish} with SkipNet.\n")
    done = kg("extract", "a.csv", "b.csv", "a.csv", "--tagger", "rules")
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["Nets for cod", "Nets for eel"]


def test_the_command_lists_and_applies(kg: Run, tmp_path: Path) -> None:
    records = [
        {"id": "1701.00001", "title": LONG, "abstract": "We propose SkipNet.", "authors": ["Ada Lo"], "year": 2017},
        {
            "title": LONG,
            "abstract": "We propose SkipNet on CIFAR-10.",
            "author": "Ada Lo",
            "doi": "10.1109/CVPR.2018.1",
        },
    ]
    source, path = tmp_path / "papers.jsonl", tmp_path / "papers.kg"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert kg("build", source, "-o", path, "--tagger", "rules").returncode == 0
    shown = kg("duplicates", path)
    assert shown.returncode == 0, shown.stderr
    assert "the same title and an author in common" in shown.stdout and "papers.jsonl:2" in shown.stdout
    assert shown.stderr == f"kg: {path}: 1 paper of several versions\n"
    (found,) = json.loads(kg("duplicates", path, "--format", "json").stdout)
    assert [version["year"] for version in found["versions"]] == [2017, None]
    assert found["versions"][1]["one_with"] == 0 and found["versions"][0]["why"] == ""
    (path / "overrides.toml").write_text('[[split]]\npapers = ["1701.00001", "doi:10.1109/cvpr.2018.1"]\n')
    waiting = kg("duplicates", path)
    assert "overrides.toml has changed" in waiting.stderr and "0 papers of several versions" in waiting.stderr
    applied = kg("duplicates", path, "--apply")
    assert applied.stderr == f"kg: {path}: 2 papers; 1 extracted\nkg: {path}: 0 papers of several versions\n"
    (path / "overrides.toml").write_text("[[")
    broken = kg("duplicates", path)
    assert broken.returncode == 1 and "not TOML" in broken.stderr and broken.stderr.count("\n") == 1
