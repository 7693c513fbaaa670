"""One paper in every format that people hold, written by hand after the format's documentation."""

import json
from pathlib import Path

import pytest

from kg.model import Paper
from kg.read import read, recognise
from kg.read.source import Source

from .test_read import Made, made, tried

__all__ = ["made"]  # the fixture

DATA = Path(__file__).parent / "data" / "read"

TITLE = "Nets for Fish & Crème: a Study"
ABSTRACT = "We net 90% of fish at $p < 0.05$. Our nets, by Müller's method, are wide."
AUTHORS = ("Ann Lee", "Hans Müller")
NAMED = "nets-for-fish-crème-a-study"
NOTHING = 'no abstract; give "abstract" or use --skip-empty'
ARXIV, ACL, DOI = "arxiv:2001.00001", "acl:2020.nets-main.1", "doi:10.1000/nets.1"
ACL_DOI = "doi:10.18653/v1/2020.nets-main.1"
ADDRESS = "https://example.org/document/1/"
PUBMED = "https://pubmed.ncbi.nlm.nih.gov/31000001/"
ANTHOLOGY = "https://aclanthology.org/2020.nets-main.1/"
PROCEEDINGS, JOURNAL = "Proceedings of Nets", "Journal of Nets"


@pytest.mark.parametrize(
    ("file", "form", "key", "year", "venue", "url", "ids"),
    [
        ("zotero.bib", "bibtex", NAMED, 2020, PROCEEDINGS, ADDRESS, (ARXIV, DOI)),
        ("acl.bib", "bibtex", NAMED, 2020, PROCEEDINGS, ANTHOLOGY, (ACL, ACL_DOI)),
        ("zotero.ris", "ris", NAMED, 2020, PROCEEDINGS, ADDRESS, (DOI,)),
        ("zotero.json", "zotero", NAMED, 2020, PROCEEDINGS, ADDRESS, (ARXIV, DOI)),
        ("csl.json", "csl", NAMED, 2020, PROCEEDINGS, "https://doi.org/10.1000/nets.1", (DOI,)),
        ("crossref.json", "crossref", NAMED, 2020, PROCEEDINGS, "https://doi.org/10.1000/nets.1", (DOI,)),
        ("wos.txt", "wos", NAMED, 2020, "JOURNAL OF NETS", "https://doi.org/10.1000/nets.1", (DOI,)),
        ("arxiv-api.xml", "atom", "2001.00001", 2020, PROCEEDINGS, "https://arxiv.org/abs/2001.00001", (ARXIV, DOI)),
        ("oai-arxiv.xml", "oai", "2001.00001", 2020, PROCEEDINGS, "https://arxiv.org/abs/2001.00001", (ARXIV, DOI)),
        ("arxiv-rss.xml", "xml", NAMED, 2020, "", "https://arxiv.org/abs/2001.00001", (ARXIV, DOI)),
        ("endnote.xml", "xml", NAMED, 2020, PROCEEDINGS, ADDRESS, (DOI,)),
        ("oai-dc.xml", "oai", "2001.00001", 2020, "", "http://arxiv.org/abs/2001.00001", (ARXIV, DOI)),
        (
            "arxiv-snapshot.jsonl",
            "arxiv",
            "2001.00001",
            2020,
            PROCEEDINGS,
            "https://arxiv.org/abs/2001.00001",
            (ARXIV, DOI),
        ),
        ("arxiv-mail.txt", "text", NAMED, 2020, "", "https://arxiv.org/abs/2001.00001", (ARXIV,)),
        ("labelled.txt", "text", NAMED, 2020, "", "https://doi.org/10.1000/nets.1", (DOI,)),
        (
            "openalex.json",
            "openalex",
            "https://openalex.org/W3000000001",
            2020,
            PROCEEDINGS,
            "https://doi.org/10.1000/nets.1",
            (ARXIV, DOI, "openalex:W3000000001", "pmid:31000001"),
        ),
        (
            "semanticscholar.json",
            "semanticscholar",
            "a" * 40,
            2020,
            PROCEEDINGS,
            f"https://www.semanticscholar.org/paper/{'a' * 40}",
            (
                ACL,
                ARXIV,
                "dblp:conf/nets/LeeM20",
                DOI,
                "pmc:PMC7000001",
                "pmid:31000001",
                "s2:210000001",
                f"s2:{'a' * 40}",
            ),
        ),
        (
            "openreview-1.json",
            "openreview",
            "nEtSf1sH_-",
            2020,
            "",
            "https://openreview.net/forum?id=nEtSf1sH_-",
            ("openreview:nEtSf1sH_-",),
        ),
        (
            "openreview-2.json",
            "openreview",
            "nEtSf1sH_-",
            2020,
            "Nets 2020 poster",
            "https://openreview.net/forum?id=nEtSf1sH_-",
            ("openreview:nEtSf1sH_-",),
        ),
    ],
)
def test_the_same_paper_in_every_format(
    file: str, form: str, key: str, year: int, venue: str, url: str, ids: tuple[str, ...]
) -> None:
    path = DATA / file
    known = recognise(path.read_text("utf-8", "replace"))
    assert known is not None
    assert known.name == form
    paper = tried(path)[0][0]
    (source,) = paper.sources
    assert source.startswith(f"{path}:")
    assert paper == Paper(key, TITLE, ABSTRACT, AUTHORS, year, venue, url, paper.sources, ids)


def test_pubmed_keeps_the_parts_of_an_abstract() -> None:
    path = DATA / "pubmed.xml"
    (paper,), problems = tried(path)
    assert paper == Paper(
        NAMED,
        TITLE,
        "RESULTS: We net 90% of fish at $p < 0.05$. METHODS: Our nets, by Müller's method, hold H2O.",
        (*AUTHORS, "The Net Consortium"),
        2020,
        JOURNAL,
        PUBMED,
        (f"{path}:4",),
        (DOI, "pmc:PMC7000001", "pmid:31000001"),
    )
    assert problems == [f"{path}:37: {NOTHING}"]


def test_pubmed_text() -> None:
    path = DATA / "pubmed.nbib"
    first, second = read([path], strict=True)
    ids = (DOI, "pmc:PMC7000001", "pmid:31000001")
    assert first == Paper(NAMED, f"{TITLE}.", ABSTRACT, AUTHORS, 2020, JOURNAL, PUBMED, (f"{path}:1",), ids)
    assert (second.title, second.year, second.sources) == ("Wider Nets.", 2021, (f"{path}:20",))


def test_lines_of_semantic_scholar(made: Made) -> None:
    """A record of the search, and one of the bulk files "papers" and "abstracts": joined, and each as it comes."""
    numbers = {"ArXiv": "2001.00001", "CorpusId": "210000001", "DOI": "10.1000/NETS.1", "MAG": None, "PubMed": None}
    authors = [{"authorId": str(number), "name": name} for number, name in enumerate(AUTHORS)]
    found = {
        "paperId": "a" * 40,
        "externalIds": {**numbers, "CorpusId": 210000001},
        "title": TITLE,
        "abstract": ABSTRACT,
        "venue": PROCEEDINGS,
        "year": 2020,
        "tldr": {"model": "tldr@v2.0.0", "text": "Nets net."},
        "authors": authors,
    }
    bulk = {
        "corpusid": 210000001,
        "externalids": numbers,
        "url": f"https://www.semanticscholar.org/paper/{'a' * 40}",
        "title": TITLE,
        "authors": authors,
        "venue": PROCEEDINGS,
        "publicationvenueid": None,
        "year": 2020,
        "citationcount": 2,
        "isopenaccess": True,
        "s2fieldsofstudy": [{"category": "Computer Science", "source": "s2-fos-model"}],
        "publicationtypes": ["JournalArticle"],
        "publicationdate": "2020-01-02",
        "journal": {"name": JOURNAL, "pages": "1-9", "volume": None},
    }
    abstract = {
        "corpusid": 210000001,
        "openaccessinfo": {"externalids": numbers, "license": None, "url": None, "status": "GREEN"},
        "abstract": ABSTRACT,
    }
    path = made("".join(json.dumps(record) + "\n" for record in (found, {**bulk, **abstract}, bulk, abstract)))
    known = recognise(path.read_text())
    assert known is not None and known.name == "semanticscholar"
    (one, other), problems = tried(path)
    address = f"https://www.semanticscholar.org/paper/{'a' * 40}"
    ids = (ARXIV, DOI, "s2:210000001", f"s2:{'a' * 40}")
    url = "https://doi.org/10.1000/nets.1"
    assert one == Paper("a" * 40, TITLE, ABSTRACT, AUTHORS, 2020, PROCEEDINGS, url, (f"{path}:1",), ids)
    assert other == Paper("210000001", TITLE, ABSTRACT, AUTHORS, 2020, PROCEEDINGS, address, (f"{path}:2",), ids)
    assert problems == [f"{path}:3: {NOTHING}", f'{path}:4: no title; give "title"']


def test_acl_anthology_xml() -> None:
    path = DATA / "acl.xml"
    (paper,), problems = tried(path)
    abstract = ABSTRACT.replace("'", "’")
    ids = (ACL, ACL_DOI)
    assert paper == Paper(NAMED, TITLE, abstract, AUTHORS, 2020, "", ANTHOLOGY, (f"{path}:12",), ids)
    assert problems == [f"{path}:22: {NOTHING}"]


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("scholar.bib", [1]),
        ("dblp.json", [1]),
        ("dblp.xml", [4]),
        ("openalex.json", [113]),
        ("crossref.json", [79]),
        ("zotero.ris", [33]),
        ("acl.bib", [17]),
        ("openreview.bib", [1]),
        ("endnote.xml", [3]),
        ("arxiv-rss.xml", [21]),
    ],
)
def test_records_without_abstract_are_counted_and_skipped(file: str, lines: list[int]) -> None:
    path = DATA / file
    assert tried(path)[1] == [f"{path}:{line}: {NOTHING}" for line in lines]
    assert tried(path, skip_empty=True)[1] == []


@pytest.mark.parametrize(
    ("file", "key", "ids", "year"),
    [
        ("zotero.bib", "wider-nets", ("arxiv:2101.00002",), 2021),
        ("openreview.bib", "wider-nets", ("openreview:wIdEr",), 2021),
        ("zotero.ris", "wider-nets", ("arxiv:2101.00002",), 2021),
        ("csl.json", "wider-nets", ("arxiv:2101.00002",), 2021),
        ("arxiv-mail.txt", "wider-nets", ("arxiv:2101.00002",), 2021),
        ("wos.txt", "wider-nets", (), 2021),
        ("arxiv-api.xml", "math/0101002", ("arxiv:math/0101002",), 2001),
        ("oai-arxiv.xml", "math/0101002", ("arxiv:math/0101002",), 2001),
        ("arxiv-snapshot.jsonl", "math/0101002", ("arxiv:math/0101002",), 2001),
    ],
)
def test_the_second_paper_of_a_file(file: str, key: str, ids: tuple[str, ...], year: int) -> None:
    second = next(paper for paper in tried(DATA / file)[0] if paper.title == "Wider Nets")
    assert (second.id, second.ids, second.year, second.abstract) == (key, ids, year, "We widen nets.")
    assert second.authors[0] in ("Ann Lee", "A Lee")


def test_an_abstract_in_repeated_tags_is_one() -> None:
    papers = {paper.title: paper.abstract for paper in tried(DATA / "zotero.ris")[0]}
    assert papers["Two Paragraphs"] == "The first says this. The second says AI - and nets - that."


def test_what_only_accompanies_a_paper_is_no_problem() -> None:
    for file in ("zotero.json", "openreview-2.json", "oai-arxiv.xml"):
        assert tried(DATA / file)[1] == []


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Fish &amp;amp; chips at 5&nbsp;mm", "Fish & chips at 5 mm"),
        ("p &lt; 0.05 and q < 1 > 0", "p < 0.05 and q < 1 > 0"),
        ("the <s> and </s> tokens, <mask> too", "the <s> and </s> tokens, <mask> too"),
        ("a lone <b> stays", "a lone <b> stays"),
        ("<p>One <i>net</i>.</p><p>Two.</p>", "One net. Two."),
        ("<jats:sec><jats:title>Abstract</jats:title><jats:p>H<jats:sub>2</jats:sub>O</jats:p></jats:sec>", "H2O"),
        ("We use $\\alpha$ and 90\\% of \\ell_2", "We use $\\alpha$ and 90\\% of \\ell_2"),
        ("e\u0301 is \u00e9", "\u00e9 is \u00e9"),
        ("<math><mi>x</mi></math> and &#945;", "x and α"),
        ("&notaword; &#0; &#xfffffff;", "&notaword; \ufffd &#xfffffff;"),
    ],
)
def test_stored_text_is_what_the_source_says(made: Made, text: str, stored: str) -> None:
    (paper,) = read([made(json.dumps({"title": "Nets", "abstract": text}))], strict=True)
    assert paper.abstract == stored


def test_a_web_page_is_told(made: Made) -> None:
    path = made("<!DOCTYPE html>\n<html><body><article><h1>Nets</h1><p>We net.</p></article></body></html>")
    assert tried(path) == ([], [f"{path}: a web page, not text; copy the text of the page into a file"])


# Broken XML


def test_a_broken_record_of_xml_costs_itself(made: Made) -> None:
    entry = "<entry>\n<title>T{n}</title>\n<summary>We net.</summary>\n</entry>\n"
    entries = [entry.replace("{n}", str(n)) for n in range(5)]
    entries[1] = entries[1].replace("</title>", "")
    entries[3] = entries[3].replace("</entry>", "")
    path = made(f"<feed>\n{''.join(entries)}</feed>")
    found, problems = tried(path)
    assert [paper.title for paper in found] == ["T0", "T2", "T4"]
    assert problems == [
        f"{path}:9: broken XML (mismatched tag); mend or remove this record",
        f"{path}:14: record without its closing tag </entry>; mend or remove it",
    ]


def test_tags_in_comments_and_data_are_text(made: Made) -> None:
    text = (
        "<feed><!-- <entry> --><entry><title><![CDATA[On </entry>]]></title><!-- </entry> -->"
        "<summary>We net.</summary></entry></feed>"
    )
    (paper,) = read([made(text)], strict=True)
    assert paper.title == "On </entry>"


@pytest.mark.parametrize("width", [1, 7, 64, 300])
def test_records_of_xml_across_blocks(made: Made, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    text = (DATA / "arxiv-api.xml").read_text("utf-8")

    def pieces(_: Source) -> list[str]:
        return [text[at : at + width] for at in range(0, len(text), width)]

    path = made(text)
    expected = tried(path)
    monkeypatch.setattr(Source, "blocks", pieces)
    assert tried(path) == expected


def test_entities_of_its_own_refuse_a_file(made: Made) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">\n' for n in range(1, 10))
    declared = f'<?xml version="1.0"?>\n<!DOCTYPE feed [\n<!ENTITY l0 "ha">\n{laughs}]>\n'
    path = made(f"{declared}<feed><entry><title>&l9;</title></entry></feed>")
    assert tried(path) == ([], [f"{path}:3: declares entities, which can hide gigabytes; remove its DOCTYPE"])


def test_a_file_is_never_read_through_an_entity(made: Made) -> None:
    secret = made("secret", "secret.txt")
    path = made(f'<!DOCTYPE feed SYSTEM "{secret}"><feed><entry><title>&x;</title><summary>S</summary></entry></feed>')
    found, problems = tried(path)
    assert found == []
    assert problems == [f"{path}:1: broken XML (undefined entity); mend or remove this record"]
    inner = f'<feed><entry><!DOCTYPE a [<!ENTITY x SYSTEM "{secret}">]><title>&x;</title></entry></feed>'
    path = made(inner)
    assert tried(path) == ([], [f"{path}:1: declares entities, which can hide gigabytes; remove its DOCTYPE"])


def test_what_is_wrong_with_the_quotes_of_a_row(made: Made) -> None:
    rows = ['A\t"We" net."', "B\rb\tWe net.", "C\tWe net.", 'D\t"We']
    found, problems = tried(made("title\tabstract\n" + "\n".join(rows)))
    assert [paper.title for paper in found] == ["C"]
    assert [problem.partition(":")[2] for problem in problems] == [
        "2: broken row (text after a closing quote); check its quotes",
        "3: broken row (a line break inside a line); check its quotes",
        "5: broken row (a quote that does not close); check its quotes",
    ]
