"""Make a `Paper` of the fields of one record, whatever they are called; the limits of a record are here.

It judges one record at a time and knows no file format. A record that cannot be a paper raises `RefusedError`,
whose text says what is wrong and what to do; the reader of the format adds the place.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kg.model import Paper, normalise_text, paper_id

MAX_ABSTRACT = 100_000
"""Longest abstract in characters; the longest real ones have about 10,000."""
MAX_TITLE = 2_000
MAX_AUTHORS = 10_000

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "paper_id", "paperid", "arxiv_id", "arxivid", "arxiv", "corpusid", "corpus_id", "openalex_id", "_id"),
    "title": ("title", "paper_title", "papertitle", "name", "display_name", "article_title", "document_title"),
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
    ),
    "authors": ("authors", "author", "authorships", "author_names", "creators", "creator", "author_full_names"),
    "year": (
        "year",
        "publication_year",
        "pub_year",
        "published",
        "publication_date",
        "publicationdate",
        "published_date",
        "date",
        "issued",
        "created",
        "update_date",
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
        "journal_ref",
    ),
    "url": ("url", "link", "pdf_url", "paper_url", "url_abs", "pdf", "landing_page_url", "href"),
    "doi": ("doi",),
}
"""The names under which each field of a paper is found, the preferred first, as `folded` writes them."""


class RefusedError(Exception):
    """A record that is not a paper; the text says why and what to do."""


class NoAbstractError(RefusedError):
    """A record with a title and no abstract."""


def folded(name: str) -> str:
    """Fold the name of a field: case, and each run of other signs as one underscore.

    >>> folded("Publication Year"), folded("abstract-note"), folded("paperId")
    ('publication_year', 'abstract_note', 'paperid')
    """
    return re.sub(r"[^\w]+", "_", name.strip().lstrip("\ufeff").casefold()).strip("_") or name.strip()


def paper_from(fields: Mapping[str, Any], place: str) -> Paper:
    """Make a paper of a mapping with any of the usual field names; raises RefusedError.

    >>> paper_from({"Title": "Nets", "Summary": "We net.", "Author": "A. B and C. D"}, "x:1").authors
    ('A. B', 'C. D')
    """
    values = {folded(str(name)): value for name, value in fields.items()}

    def find(field: str) -> Any:
        return next((values[name] for name in FIELDS[field] if values.get(name) not in (None, "", [], {})), None)

    doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", _text(find("doi")), flags=re.IGNORECASE)
    return make_paper(
        _text(find("title")),
        _text(find("abstract")),
        place,
        key=_text(find("id")),
        authors=_authors(find("authors")),
        year=_year(find("year")),
        venue=_text(find("venue")),
        url=_text(find("url")) or (f"https://doi.org/{doi}" if doi else ""),
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
    )


def split_names(text: str) -> list[str]:
    """Split authors written as one string: by middle dots, semicolons, "and", or commas between whole names.

    >>> split_names("Ann Lee, Bo Chen and Cy Doe"), split_names("Lee, Ann; Chen, Bo")
    (['Ann Lee', 'Bo Chen', 'Cy Doe'], ['Ann Lee', 'Bo Chen'])
    >>> split_names("Lee, Ann and Chen, Bo")
    ['Ann Lee', 'Bo Chen']
    """
    text = " ".join(text.split())
    if re.search(r"\s[·•⋅∙・|]\s", text):
        return [part.strip() for part in re.split(r"\s[·•⋅∙・|]\s", text) if part.strip()]
    if ";" in text:
        return [first_last(part) for part in text.split(";") if part.strip()]
    parts = [part for part in re.split(r",?\s+(?:and|&)\s+", text) if part.strip(" ,")]
    if len(parts) > 1 and all(part.count(",") <= 1 for part in parts):
        inverted = sum("," in part and " " not in part.split(",")[0].strip() for part in parts)
        if inverted * 2 > len(parts) or inverted == len(parts):
            return [first_last(part) for part in parts]
    names = [name.strip() for part in parts for name in part.split(",") if name.strip()]
    if len(names) == 2 and len(parts) == 1 and " " not in names[0]:
        return [first_last(text)]
    return names


def first_last(name: str) -> str:
    """Give "Lee, Ann" as "Ann Lee"; other names as they are."""
    last, _, first = name.strip(" ,").partition(",")
    return f"{first.strip()} {last.strip()}".strip() if first.strip() else last.strip()


def _text(value: Any) -> str:
    """The text of a value that may be wrapped: a list of parts, or an object that holds it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # an integer of thousands of digits
            return ""
    if isinstance(value, list):
        return " ".join(text for text in (_text(item) for item in value[:1000] if not isinstance(item, list)) if text)
    if isinstance(value, dict):
        for key in ("value", "text", "name", "title", "display_name", "raw"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return ""


def _authors(value: Any) -> list[str]:
    if isinstance(value, str):
        return split_names(value)
    if isinstance(value, dict):
        inner = value.get("value", [value])
        return _authors(inner) if isinstance(inner, list | str) else []
    if isinstance(value, list):
        return [first_last(name) if name.count(",") == 1 else name for name in map(_author, value) if name]
    return []


def _author(value: Any) -> str:
    if isinstance(value, list):  # arXiv's authors_parsed: ["Lee", "Ann", ""]
        last, first = [*map(_text, value[:2]), "", ""][:2]
        return f"{first} {last}".strip()
    if not isinstance(value, dict):
        return _text(value)
    if isinstance(value.get("author"), dict):  # OpenAlex
        value = value["author"]
    folded_keys = {folded(str(key)): _text(inner) for key, inner in value.items()}
    name = next((folded_keys[k] for k in ("name", "display_name", "full_name", "literal") if folded_keys.get(k)), "")
    if name:
        return name
    first = next((folded_keys[k] for k in ("first", "given", "firstname", "first_name") if folded_keys.get(k)), "")
    last = next((folded_keys[k] for k in ("last", "family", "lastname", "last_name") if folded_keys.get(k)), "")
    return f"{first} {last}".strip()


def _year(value: Any) -> int | None:
    """The year in a number, a date as text or CSL's date parts."""
    if isinstance(value, dict):
        value = value.get("date-parts", value.get("value", value.get("year")))
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    if not isinstance(value, str) and 1000 <= value < 2200:
        return int(value)
    match = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)", str(value)[:200])
    return int(match.group()) if match else None
