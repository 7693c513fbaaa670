"""Find what others call a paper: DOI, arXiv, OpenReview, ACL Anthology, Semantic Scholar, OpenAlex, PubMed and DBLP.

Each identifier is written "scheme:value" in one normal form, so that two sources of one paper give the same string.
Which papers are one is not decided here; and text (an abstract, a title) is never searched, since it may name others.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "doi": re.compile(r"10\.\d{1,9}(?:\.\d+)*/\S+"),
        "arxiv": re.compile(r"(\d{4}\.\d{4,5}|[a-z][a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?", re.IGNORECASE),
        "openreview": re.compile(r"[\w-]{5,40}"),
        "acl": re.compile(r"[A-Za-z]\d{2}-\d{4,5}|\d{4}\.[\w-]+-[\w]+\.\d+", re.ASCII),
        "s2": re.compile(r"[0-9a-f]{40}|\d{1,12}", re.IGNORECASE | re.ASCII),
        "openalex": re.compile(r"W\d{1,14}", re.IGNORECASE | re.ASCII),
        "pmid": re.compile(r"[1-9]\d{0,8}", re.ASCII),
        "pmc": re.compile(r"(?:PMC)?\d{1,9}", re.IGNORECASE | re.ASCII),
        "dblp": re.compile(r"(?:journals|conf|phd|books|series|reference|tr|homepages)/[\w./+-]+", re.ASCII),
    }
)

_PLACES = tuple(
    (scheme, re.compile(pattern, re.IGNORECASE))
    for scheme, pattern in (
        ("doi", r"(?:^|//)(?:dx\.|www\.)?doi\.org/(10\.[^\s?#]+)"),
        ("doi", r"^doi:\s*(10\.\S+)"),
        ("doi", r"^(10\.\d{1,9}(?:\.\d+)*/\S+)$"),
        ("arxiv", r"arxiv\.org/(?:abs|pdf|html)/([a-z.-]+/\d{7}|\d{4}\.\d{4,5})"),
        (
            "arxiv",
            r"^(?:arxiv (?:e-prints?|preprint),? )?(?:oai:arxiv\.org:|arxiv[:\s]\s*)([a-z.-]+/\d{7}|\d{4}\.\d{4,5})",
        ),
        ("openreview", r"openreview\.net/(?:forum|pdf|attachment)\?(?:\w+=\w+&)*id=([\w-]+)"),
        ("acl", r"(?:aclanthology\.org|aclweb\.org/anthology)/(?:papers/\w/\w\d\d/)?([^\s/?#]+?)(?:\.pdf|\.bib)?/?$"),
        ("s2", r"semanticscholar\.org/(?:paper|arxiv)/(?:[^\s/]+/)?([0-9a-f]{40})"),
        ("s2", r"semanticscholar\.org/CorpusID:(\d+)"),
        ("s2", r"^CorpusID:\s*(\d+)$"),
        ("openalex", r"openalex\.org/(?:works/)?(W\d+)"),
        ("pmid", r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/(\d+)"),
        ("pmid", r"^pmid:\s*(\d+)$"),
        ("pmc", r"ncbi\.nlm\.nih\.gov/(?:pmc/)?articles/(PMC\d+)"),
        ("dblp", r"dblp\.(?:uni-trier\.de|org)/rec/(?:bibtex/)?([^\s?#]+?)(?:\.html)?$"),
        ("dblp", r"^dblp:(\S+)$"),
    )
)

_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "doi": "doi",
        "arxiv_id": "arxiv",
        "arxivid": "arxiv",
        "arxiv": "arxiv",
        "pmid": "pmid",
        "pubmed": "pmid",
        "pubmed_id": "pmid",
        "pubmedid": "pmid",
        "pmcid": "pmc",
        "pmc": "pmc",
        "pubmedcentral": "pmc",
        "acl": "acl",
        "acl_id": "acl",
        "anthology_id": "acl",
        "corpusid": "s2",
        "corpus_id": "s2",
        "paperid": "s2",
        "s2_id": "s2",
        "dblp": "dblp",
        "openalex": "openalex",
        "openalex_id": "openalex",
        "openreview": "openreview",
        "openreview_id": "openreview",
        "forum": "openreview",
    }
)
"""What the fields that hold an identifier are called (as `kg.read.record.folded` writes names), and its scheme."""

_ADDRESSES = frozenset(
    """id url link links urls ee href pdf pdf_url paper_url url_abs url_pdf landing_page_url howpublished note number
    journal venue eprint extra ids primary_location best_oa_location openaccesspdf externalids""".split()  # noqa: SIM905
)
"""What the fields are called whose values, or inner fields, may be or hold an identifier."""
_INNER = (("doi:10.48550/arxiv.", "arxiv"), ("doi:10.18653/v1/", "acl"), ("doi:10.3115/v1/", "acl"))
_MOST = 200
"""Values looked at in one record; real ones have fewer than twenty."""


def normal(scheme: str, value: str) -> str:
    """Give "scheme:value" in normal form, or "" where ``value`` is no identifier of that scheme.

    >>> normal("doi", "https://doi.org/10.1109/CVPR.2016.90"), normal("arxiv", "arXiv:1512.03385v2")
    ('doi:10.1109/cvpr.2016.90', 'arxiv:1512.03385')
    >>> normal("arxiv", "math.GT/0309136"), normal("acl", "p16-1001"), normal("pmid", "none")
    ('arxiv:math/0309136', 'acl:P16-1001', '')
    """
    value = value.strip()[:1000]
    for place, pattern in _PLACES:
        found = pattern.search(value) if place == scheme else None
        if found:
            value = found.group(1)
            break
    if scheme == "doi":
        value = value.rstrip(".,;")
    found = _FORMS[scheme].fullmatch(value) if scheme in _FORMS else None
    if not found:
        return ""
    if scheme == "arxiv":
        archive, _, rest = found.group(1).rpartition("/")
        value = f"{archive.partition('.')[0].lower()}/{rest}" if archive else rest
    elif scheme in ("doi", "s2"):
        value = value.lower()
    elif scheme == "pmc":
        value = f"PMC{value.upper().removeprefix('PMC')}"
    elif scheme == "openalex" or (scheme == "acl" and "." not in value):
        value = value.upper()
    return f"{scheme}:{value}"


def identifiers(values: Iterable[str]) -> tuple[str, ...]:
    """Find the identifiers in loose values: addresses, DOIs, "arXiv:..." and the like; sorted.

    >>> identifiers(["https://doi.org/10.48550/arXiv.1512.03385", "https://aclanthology.org/P16-1001.pdf"])
    ('acl:P16-1001', 'arxiv:1512.03385', 'doi:10.48550/arxiv.1512.03385')
    """
    found = set()
    for value in values:
        text = value.strip()[:1000]
        if "/" not in text and ":" not in text and " " not in text:
            continue  # nothing below is found in it
        for scheme, pattern in _PLACES:
            match = pattern.search(text)
            if match:
                found.add(normal(scheme, match.group(1)))
    return _closed(found)


def of_record(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Find the identifiers in the fields of a record, whose names are folded; sorted.

    >>> of_record({"doi": "10.1/X", "externalids": {"ArXiv": "1512.03385", "CorpusId": 206594692}})
    ('arxiv:1512.03385', 'doi:10.1/x', 's2:206594692')
    >>> of_record({"eprint": "1512.03385", "archiveprefix": "arXiv", "url": "https://openreview.net/forum?id=a1b2c3"})
    ('arxiv:1512.03385', 'openreview:a1b2c3')
    """
    found: set[str] = set()
    loose: list[str] = []
    # A number that somebody calls "paper_id" is nobody's; Semantic Scholar writes "paperId" and 40 digits.
    for name in _NAMED.keys() & values.keys():
        found.update(
            normal(_NAMED[name], text) for text in _strings(values[name]) if name != "paperid" or len(text) == 40
        )
    for name in sorted(_ADDRESSES & values.keys()):
        value = values[name]
        if isinstance(value, dict):
            for key, inner in list(value.items())[:_MOST]:
                texts = _strings(inner)
                scheme = _NAMED.get(re.sub(r"[^\w]+", "_", str(key)[:40].casefold()))
                found.update(normal(scheme, text) for text in texts if scheme)
                loose.extend(texts)
        else:
            loose.extend(_strings(value))
    if str(values.get("archiveprefix", values.get("eprinttype", ""))).casefold() == "arxiv":
        found.update(normal("arxiv", text) for text in _strings(values.get("eprint")))
    return _closed({*found, *identifiers(loose[:_MOST])})


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split("\n")[:_MOST] if "\n" in value else [value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12:
        return [str(value)]
    if isinstance(value, list):
        return [text for item in value[:_MOST] if isinstance(item, str | int) for text in _strings(item)]
    return []


def _closed(found: set[str]) -> tuple[str, ...]:
    """Add what an identifier itself says: the DOIs of arXiv and of the ACL Anthology hold the id there."""
    for one in list(found):
        for prefix, scheme in (
            ("doi:10.48550/arxiv.", "arxiv"),
            ("doi:10.18653/v1/", "acl"),
            ("doi:10.3115/v1/", "acl"),
        ):
            if one.startswith(prefix):
                found.add(normal(scheme, one.removeprefix(prefix)))
    return tuple(sorted(found - {""}))
