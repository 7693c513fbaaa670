"""Tell what a text is in by its first lines; each function answers for one format, and none trusts a file's name."""

import json
import re
from functools import lru_cache
from itertools import pairwise

from kg.read.json_text import CONTAINERS
from kg.read.labels import is_author_line
from kg.read.markdown import HEADING
from kg.read.tagged import MEDLINE_START, RIS_START, WOS_START
from kg.read.values import folded
from kg.read.xml_records import RECORD

_XML = re.compile(r"[\ufeff\s]*<(?![!?]?(?:doctype\s+)?html)[?!A-Za-z]", re.IGNORECASE)
_WEB_PAGE = re.compile(
    r"[\ufeff\s]*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
# Values that an array may have before its first object; they alone are left out.
_VALUE = r'(?:null|true|false|-?\d[\d.eE+-]{0,30}|"(?:[^"\\\n]|\\.){0,200}"|\[\s*\])'
_JSON = re.compile(rf'[\ufeff\s]*(\{{\s*("|\}}|$)|(?:\[\s*)+(?:{_VALUE}\s*,\s*){{0,99}}(\{{|\]\s*$|$))')
_KEY = re.compile(r'"([A-Za-z_][\w:-]{1,40})"\s*:')


def is_jsonl(head: str) -> bool:
    """One JSON object a line."""
    first, _, rest = head.lstrip("\ufeff\x1e \t\n").partition("\n")
    if not first.startswith("{"):
        return False
    try:
        value = json.loads(first)
    except RecursionError:
        return True
    except ValueError:
        # A broken first record among records a line is still that; an object over many lines is not.
        return first.rstrip().endswith("}") or (rest.startswith("{") and not first.rstrip().endswith(("[", "{", ",")))
    return isinstance(value, dict) and (bool(rest.strip()) or not any(folded(key) in CONTAINERS for key in value))


def is_json(head: str) -> bool:
    """One JSON document, or several in a row; an array may have other values before its first object."""
    return _JSON.match(head) is not None


def is_bibtex(head: str) -> bool:
    """A line that begins an entry."""
    return re.search(r"^[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(]\s*[^\s,={}]*\s*[,=]", head, re.MULTILINE) is not None


def is_markdown(head: str) -> bool:
    """A heading first."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    return HEADING.match(first[:4000]) is not None


def is_posters(head: str) -> bool:
    """A line of names joined by middle dots, with an abstract right below it."""
    lines = [line for line in head.splitlines() if line.strip()]
    return any(
        len(line) < 2000
        and len(below) > len(line) / 2
        and is_author_line(line)
        and line.count(" ") > 2 * line.count(" · ") + 0.7
        for line, below in pairwise(lines)
    )


@lru_cache(maxsize=2)
def _keys(head: str) -> frozenset[str]:
    return frozenset(_KEY.findall(head)) if is_jsonl(head) or is_json(head) else frozenset()


def is_openalex(head: str) -> bool:
    """JSON with an inverted index or OpenAlex's word for authors."""
    return not _keys(head).isdisjoint(("abstract_inverted_index", "authorships"))


def is_crossref(head: str) -> bool:
    """JSON of Crossref: CSL with its envelope, its counts or JATS in it."""
    keys = _keys(head)
    return "message-type" in keys or ("DOI" in keys and ("is-referenced-by-count" in keys or "<jats:" in head))


def is_semantic_scholar(head: str) -> bool:
    """JSON with the ids of Semantic Scholar."""
    return not _keys(head).isdisjoint(("paperId", "corpusid", "corpusId", "externalIds", "externalids"))


def is_openreview(head: str) -> bool:
    """JSON of notes with a content."""
    keys = _keys(head)
    return "content" in keys and not keys.isdisjoint(("notes", "forum", "invitation", "invitations"))


def is_arxiv(head: str) -> bool:
    """JSON of the metadata snapshot."""
    return "authors_parsed" in _keys(head)


def is_zotero(head: str) -> bool:
    """JSON of Zotero's API or Better BibTeX."""
    return "itemType" in _keys(head)


def is_csl(head: str) -> bool:
    """JSON with the dates or venues of CSL."""
    return not _keys(head).isdisjoint(("date-parts", "container-title"))


def _first_line(head: str) -> str:
    return next(iter(head.lstrip("\ufeff\n\t ").splitlines()), "")


def is_ris(head: str) -> bool:
    """A type of reference first."""
    return RIS_START.match(_first_line(head)) is not None


def is_medline(head: str) -> bool:
    """A PubMed number first."""
    return MEDLINE_START.match(_first_line(head)) is not None


def is_wos(head: str) -> bool:
    """The line that Web of Science puts first."""
    return WOS_START.match(_first_line(head)) is not None


def _is_xml(head: str, *tags: str) -> bool:
    return _XML.match(head) is not None and re.search(rf"<(?:[\w.-]+:)?(?:{'|'.join(tags)})[\s/>]", head) is not None


def is_atom(head: str) -> bool:
    """XML with a feed of entries."""
    return _is_xml(head, "feed", "entry")


def is_oai(head: str) -> bool:
    """XML of OAI-PMH."""
    return _is_xml(head, "OAI-PMH", "ListRecords", "GetRecord")


def is_pubmed(head: str) -> bool:
    """XML of PubMed."""
    return _is_xml(head, "PubmedArticleSet", "PubmedArticle", "MedlineCitationSet", "MedlineCitation")


def is_xml(head: str) -> bool:
    """XML of any kind, or without its first line but with one of the records that can be read."""
    return head.lstrip("\ufeff\n ").startswith("<?xml") or (_XML.match(head) is not None and bool(RECORD.search(head)))


def is_web_page(head: str) -> bool:
    """HTML, which is no format of papers."""
    return _WEB_PAGE.match(head) is not None
