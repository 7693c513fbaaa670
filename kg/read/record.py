"""Make a `Paper` of the fields of one record, whatever they are called; the limits of a record are here.

It judges one record at a time and knows no file format. A record that cannot be a paper raises `RefusedError`,
whose text says what is wrong and what to do; the reader of the format adds the place.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kg.model import Paper, normalise_text, paper_id
from kg.read.identifiers import of_record
from kg.read.markup import decoded
from kg.read.values import authors_of, folded, text_of, year_of

MAX_ABSTRACT = 100_000
"""Longest abstract in characters; the longest real ones have about 10,000."""
MAX_TITLE = 2_000
MAX_AUTHORS = 10_000

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "paper_id", "paperid", "arxiv_id", "arxivid", "arxiv", "corpusid", "corpus_id", "openalex_id", "_id"),
    "title": ("title", "paper_title", "papertitle", "name", "display_name", "article_title", "document_title", "ti"),
    "abstract": (
        "abstract",
        "summary",
        "abstracttext",
        "abstract_text",
        "abstractnote",
        "abstract_note",
        "paper_abstract",
        "paperabstract",
        "description",
        "tldr",
        "ab",
    ),
    "authors": (
        "authors",
        "author",
        "authorships",
        "author_names",
        "creators",
        "creator",
        "author_full_names",
        "authorstring",
        "af",
        "au",
    ),
    "year": (
        "year",
        "publication_year",
        "pub_year",
        "pubyear",
        "yearpublished",
        "published",
        "publication_date",
        "publicationdate",
        "published_date",
        "date",
        "issued",
        "created",
        "publishedat",
        "update_date",
        "py",
    ),
    "venue": (
        "venue",
        "journal",
        "booktitle",
        "conference",
        "journaltitle",
        "publication_title",
        "source_title",
        "container_title",
        "publicationvenue",
        "proceedings",
        "proceeding",
        "journal_ref",
        "so",
    ),
    "url": ("url", "link", "pdf_url", "paper_url", "url_abs", "pdf", "landing_page_url", "href"),
    "doi": ("doi", "di"),
}
"""The names under which each field of a paper is found, the preferred first, as `folded` writes them."""


_ABSENT = re.compile(r"\[?(?:no abstract(?: (?:is )?available)?|n/?a|nan|none|null|-+|\.+)\.?\]?", re.IGNORECASE)
"""What services and tables write where they have no abstract."""


class RefusedError(Exception):
    """A record that is not a paper; the text says why and what to do."""


class NoAbstractError(RefusedError):
    """A record with a title and no abstract."""


def paper_from(fields: Mapping[str, Any], place: str) -> Paper:
    """Make a paper of a mapping with any of the usual field names; raises RefusedError.

    >>> paper_from({"Title": "Nets", "Summary": "We net.", "Author": "A. B and C. D"}, "x:1").authors
    ('A. B', 'C. D')
    """
    values = {folded(str(name)): value for name, value in fields.items()}
    ids = of_record({"doi": values.get("di"), **values})

    def find(field: str) -> Any:
        return next((values[name] for name in FIELDS[field] if values.get(name) not in (None, "", [], {})), None)

    def written(field: str) -> str:
        text = text_of(find(field))
        return decoded(text) if len(text) <= 4 * MAX_ABSTRACT else text

    doi = next((one for one in ids if one.startswith("doi:")), "").removeprefix("doi:")
    abstract = written("abstract")
    return make_paper(
        written("title"),
        "" if _ABSENT.fullmatch(abstract.strip()[:60]) else abstract,
        place,
        key=text_of(find("id")),
        authors=map(decoded, authors_of(find("authors"))),
        year=year_of(find("year")),
        venue=written("venue"),
        url=text_of(find("url")) or (f"https://doi.org/{doi}" if doi else ""),
        ids=ids,
    )


def make_paper(
    title: str,
    abstract: str,
    place: str,
    *,
    key: str = "",
    authors: Iterable[str] = (),
    year: int | None = None,
    venue: str = "",
    url: str = "",
    ids: tuple[str, ...] = (),
) -> Paper:
    """Make a paper of plain values, judged and normalised; raises RefusedError."""
    if len(abstract) > MAX_ABSTRACT:
        raise RefusedError(
            f"abstract of more than {MAX_ABSTRACT:,} characters; give the abstract alone, not the whole text"
        )
    if len(title) > MAX_TITLE:
        raise RefusedError(f"title of more than {MAX_TITLE:,} characters; check where the title ends")
    title, abstract = normalise_text(title), normalise_text(abstract)
    if not title:
        raise RefusedError('no title; give "title"')
    if not abstract:
        raise NoAbstractError('no abstract; give "abstract" or use --skip-empty')
    return Paper(
        id=normalise_text(key)[:MAX_TITLE] or paper_id(title),
        title=title,
        abstract=abstract,
        authors=tuple(dict.fromkeys(name for name in map(normalise_text, authors) if name))[:MAX_AUTHORS],
        year=year,
        venue=normalise_text(venue),
        url=normalise_text(url),
        sources=(place,),
        ids=ids,
    )
