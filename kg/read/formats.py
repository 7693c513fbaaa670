"""The formats that can be read, with an example of each, in the order in which they are tried."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kg.model import Paper
from kg.read.bibtex import read_bibtex
from kg.read.json_records import read_json, read_jsonl
from kg.read.labelled import is_labelled, read_labelled
from kg.read.listing import read_listing, read_posters
from kg.read.markdown import read_markdown
from kg.read.signs import (
    is_arxiv,
    is_atom,
    is_bibtex,
    is_crossref,
    is_csl,
    is_json,
    is_jsonl,
    is_markdown,
    is_medline,
    is_oai,
    is_openalex,
    is_openreview,
    is_posters,
    is_pubmed,
    is_ris,
    is_semantic_scholar,
    is_wos,
    is_xml,
    is_zotero,
)
from kg.read.source import Source
from kg.read.table import delimiter_of, read_csv, read_tsv
from kg.read.tagged import read_medline, read_ris, read_wos
from kg.read.xml_records import read_xml

Reader = Callable[[Source, bool], Iterator[Paper]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be read; ``matches`` looks at the first text of a file."""

    name: str
    description: str
    example: str
    matches: Callable[[str], bool] = field(repr=False)
    read: Reader = field(repr=False)


def _read_any_json(source: Source, skip_empty: bool) -> Iterator[Paper]:
    return (read_jsonl if is_jsonl(source.head) else read_json)(source, skip_empty)


FORMATS: tuple[Format, ...] = (
    Format(
        "openalex",
        "OpenAlex works, JSON or a line each",
        '{"display_name": "Nets", "abstract_inverted_index": {"We": [0], "net.": [1]}}',
        is_openalex,
        _read_any_json,
    ),
    Format(
        "crossref",
        "Crossref, JSON of the REST API",
        '{"message": {"items": [{"DOI": "10.1/x", "title": ["Nets"], "abstract": "<jats:p>We net.</jats:p>"}]}}',
        is_crossref,
        _read_any_json,
    ),
    Format(
        "semanticscholar",
        "Semantic Scholar, JSON of the API or a line each",
        '{"data": [{"paperId": "0", "externalIds": {"DOI": "10.1/x"}, "title": "Nets", "abstract": "We net."}]}',
        is_semantic_scholar,
        _read_any_json,
    ),
    Format(
        "openreview",
        "OpenReview notes, JSON of either API",
        '{"notes": [{"id": "a1", "content": {"title": {"value": "Nets"}, "abstract": {"value": "We net."}}}]}',
        is_openreview,
        _read_any_json,
    ),
    Format(
        "arxiv",
        "arXiv metadata snapshot, a line each",
        '{"id": "0704.0001", "title": "Nets", "abstract": "We net.", "versions": [], "authors_parsed": []}',
        is_arxiv,
        _read_any_json,
    ),
    Format(
        "zotero",
        "Zotero, JSON of the API or of Better BibTeX",
        '[{"key": "A1", "data": {"itemType": "journalArticle", "title": "Nets", "abstractNote": "We net."}}]',
        is_zotero,
        _read_any_json,
    ),
    Format(
        "csl",
        "CSL-JSON, as citation managers write it",
        '[{"type": "article", "title": "Nets", "abstract": "We net.", "issued": {"date-parts": [[2020]]}}]',
        is_csl,
        _read_any_json,
    ),
    Format("jsonl", "JSON, one record a line", '{"title": "Nets", "abstract": "We net."}', is_jsonl, read_jsonl),
    Format("json", "JSON, an array of records", '[{"title": "Nets", "abstract": "We net."}]', is_json, read_json),
    Format(
        "bibtex", "BibTeX with abstracts", "@article{key, title={Nets}, abstract={We net.}}", is_bibtex, read_bibtex
    ),
    Format(
        "ris",
        "RIS, abstracts in AB or N2",
        "TY  - JOUR\\nTI  - Nets\\nAB  - We net.\\nER  -",
        is_ris,
        read_ris,
    ),
    Format("nbib", "PubMed text (MEDLINE)", "PMID- 1\\nTI  - Nets\\nAB  - We net.", is_medline, read_medline),
    Format("wos", "Web of Science text", "FN Clarivate\\nPT J\\nTI Nets\\nAB We net.\\nER", is_wos, read_wos),
    Format(
        "atom",
        "arXiv API results, Atom XML",
        "<feed><entry><title>Nets</title><summary>We net.</summary></entry></feed>",
        is_atom,
        read_xml,
    ),
    Format(
        "oai",
        "OAI-PMH XML: arXiv, arXivRaw, Dublin Core",
        "<OAI-PMH><ListRecords><record><header/><metadata><dc><title>Nets</title>"
        "<description>We net.</description></dc></metadata></record></ListRecords></OAI-PMH>",
        is_oai,
        read_xml,
    ),
    Format(
        "pubmed",
        "PubMed XML",
        "<PubmedArticle><MedlineCitation><Article><ArticleTitle>Nets</ArticleTitle><Abstract>"
        "<AbstractText>We net.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>",
        is_pubmed,
        read_xml,
    ),
    Format(
        "xml",
        "other XML of papers: ACL Anthology, DBLP, EndNote, RSS",
        "<volume><paper><title>Nets</title><abstract>We net.</abstract></paper></volume>",
        is_xml,
        read_xml,
    ),
    Format(
        "tsv",
        "table with tabs and a header",
        "title\\tabstract\\nNets\\tWe net.",
        lambda h: delimiter_of(h) == "\t",
        read_tsv,
    ),
    Format(
        "csv",
        "table with commas and a header",
        "title,abstract\\nNets,We net.",
        lambda h: delimiter_of(h) is not None,
        read_csv,
    ),
    Format("text", "labelled text, arXiv mails", "Title: Nets\\nAbstract: We net.", is_labelled, read_labelled),
    Format("markdown", "headings with text below", "# Nets\\n\\nWe net.", is_markdown, read_markdown),
    Format(
        "posters",
        "pasted titles, authors, abstracts",
        "Nets for Fish\\nAnn Lee · Bo Chen\\nIn this work, we net fish.",
        is_posters,
        read_posters,
    ),
    Format(
        "listing",
        "pasted titles and abstracts",
        "Nets for Fish\\n\\nIn this work, we net fish. Our nets are wide.",
        lambda h: bool(h.strip()),
        read_listing,
    ),
)
"""Every format, in the order in which they are tried."""

STRUCTURED = frozenset(form.name for form in FORMATS) - {"text", "markdown", "posters", "listing"}
"""Formats that a file of any name may be in; the others are plain text."""


def format_named(name: str) -> Format | None:
    """The format of that name, or None."""
    return next((form for form in FORMATS if form.name == name), None)


def recognise(head: str) -> Format | None:
    """Tell the format from the first text of a file, or None.

    >>> recognise('{"title": "Nets"}').name, recognise("Nets\\n\\nWe net.").name
    ('jsonl', 'listing')
    """
    return next((form for form in FORMATS if form.matches(head)), None)
