"""Read XML: the arXiv API's Atom, OAI-PMH (arXiv, arXivRaw, Dublin Core), PubMed, DBLP, the ACL Anthology,
EndNote, RSS.

The file is cut into records by their tags, so that it streams and a broken record costs itself alone; each is then
parsed by defusedxml. A file that declares entities of its own is refused (they can hide gigabytes), DTDs are not read.
"""

import html.entities
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from kg.model import Paper
from kg.read.identifiers import identifiers, normal
from kg.read.latex import plain
from kg.read.record import RefusedError, paper_from
from kg.read.source import Source
from kg.read.values import first_last, split_names

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST = 2 << 20
"""Longest record in characters; parsed, it takes many times that."""
_DBLP = "article|inproceedings|incollection|book|phdthesis|mastersthesis"
RECORD = re.compile(rf"<(?:[\w.-]+:)?(?:entry|record|PubmedArticle|MedlineCitation|item|paper|{_DBLP})(?=[\s/>])")
_TAG_END = re.compile(r"[<>]")
_LONGEST_TAG = 10_000
_EMPTY = re.compile(r"[^<>]*/>")
_TOKEN = re.compile(r"<!--|<!\[CDATA\[|<!ENTITY(?=\s)|<(/?)((?:[\w.-]+:)?[A-Za-z][\w.-]*)(?=[\s/>])")
_ANNOUNCED = re.compile(r"arXiv:\S+\s+Announce Type:\s*\S+\s+(?:Abstract:\s*)?")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
_PREFIX = re.compile(r"""\sxmlns:([\w.-]{1,40})\s*=\s*(?:"([^"<>&]{0,300})"|'([^'<>&]{0,300})')""")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))


def read_xml(source: Source, skip_empty: bool) -> Iterator[Paper]:
    """Read the records of an XML file."""
    # Declared at the root, which is not parsed; some are used without being declared at all.
    prefixes = dict.fromkeys(("arxiv", "dc", "mml", "oai_dc", "xlink", "xsi"), "urn:unnamed")
    prefixes.update((found.group(1), found.group(2) or found.group(3)) for found in _PREFIX.finditer(source.head))
    start = " ".join(
        f"xmlns:{name}={quoteattr(uri or 'urn:unnamed')}" for name, uri in sorted(prefixes.items()) if name[:3] != "xml"
    )
    for number, text in _records(source):
        record = _parsed(source, number, f"<kg {start}>{_ENTITY.sub(_named, text)}</kg>")
        fields = None if record is None else _fields(record)
        if fields is None:
            continue
        try:
            yield paper_from(fields, source.place(number))
        except RefusedError as refusal:
            source.refuse(number, refusal, skip_empty)


def _named(found: re.Match[str]) -> str:
    """The character of an HTML entity, which the DTDs of DBLP and others declare."""
    name = found.group(1)
    character = None if name in _XML_ENTITIES else html.entities.html5.get(f"{name};")
    return escape(character) if character else found.group()


def _parsed(source: Source, number: int, text: str) -> "Element | None":
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

    try:
        record: Element = fromstring(text, forbid_dtd=True)[0]
    except ParseError as error:
        what = str(error).partition(":")[0]
        source.problem(number + error.position[0] - 1, f"broken XML ({what}); mend or remove this record")
        return None
    except (DefusedXmlException, ValueError, IndexError):
        source.problem(number, "broken XML (a declaration inside a record); mend or remove this record")
        return None
    for part in record.iter():
        if isinstance(part.tag, str):
            part.tag = part.tag.rpartition("}")[2]
        if part.tag == "tex-math" and part.text and not part.text.strip().startswith(("$", "\\")):
            part.text = f"${part.text.strip()}$"
    return record


def _records(source: Source) -> Iterator[tuple[int, str]]:
    """Cut the text into records: the line where one starts, and its text. No record holds another of its tag.

    A comment or CDATA section without an end is gone over again as text, so that it swallows no other record.
    """
    blocks, again = filter(None, source.blocks()), ""
    line, began, size, plain_to = source.first, 1, 0, 0
    name = tail = until = ""
    held: list[str] = []
    said = False
    while True:
        block = again or next(blocks, "")
        text, at, start, again = tail + block, 0, 0, ""
        while True:
            if until:
                end = text.find(until, at)
                if end < 0:
                    cut = max(at, len(text) - len(until) + 1)
                    break
                at, until = end + len(until), ""
                if not name:
                    line += text.count("\n", start, at)
                    held, size, start = [], 0, at
            found = _TOKEN.search(text, at)
            if not found:
                # A tag that the end of the block cuts is looked at again with the next.
                cut = text.rfind("<", max(at, len(text) - 200))
                cut = cut if cut >= 0 else len(text)
                break
            here, at = found.span()
            if found.group() in _ENDS:
                if here < plain_to:
                    continue
                until = _ENDS[found.group()]
                if not name:
                    line += text.count("\n", start, here)
                    began, start = line, here
            elif found.group() == "<!ENTITY":
                what = "declares entities, which can hide gigabytes; remove its DOCTYPE"
                source.problem(line + text.count("\n", start, here), what)
                return
            elif found.group(2) == name and found.group(1):
                yield began, f"{''.join(held)}{text[start:here]}</{name}>"
                line += text.count("\n", start, at)
                name, held, size, start = "", [], 0, at
            elif found.group(1):
                if not name and not said and RECORD.match(f"<{found.group(2)}>"):
                    said, what = True, f"closing tag </{found.group(2)}> of no record; mend or remove what it closes"
                    source.problem(line + text.count("\n", start, here), what)
            elif (not name or found.group(2) == name) and RECORD.match(text, here):
                if block and len(text) - here < _LONGEST_TAG and not _TAG_END.search(text, at):
                    cut = here  # the end of the block cuts this tag
                    break
                if _EMPTY.match(text, at):
                    continue
                if name:
                    source.problem(began, f"record without its closing tag </{name}>; mend or remove it")
                line += text.count("\n", start, here)
                name, held, size, began, start, said = found.group(2), [], 0, line, here, False
        if name or until:
            held.append(text[start:cut])
            size += cut - start
        line += text.count("\n", start, cut)
        tail, plain_to = text[cut:], 0
        if (name or until) and (size > LONGEST or not block):
            if name and not block:
                source.problem(began, f"record without its closing tag </{name}>; mend or remove it")
            else:
                what = f"record of more than {LONGEST >> 20} MB" if name else "comment without its end"
                source.problem(began, f"{what}; check its tags")
            # What an open comment has swallowed is gone over again, from the next record on.
            text = "".join(held) + tail if until else ""
            found = (re.compile(rf"<{re.escape(name)}(?=[\s/>])") if name else RECORD).search(text, 1)
            if found:
                again, tail = text[found.start() :], ""
                line, plain_to = began + text.count("\n", 0, found.start()), len(again)
            name, held, size, until, said = "", [], 0, "", True
        if not block and not again:
            return


def _fields(record: "Element") -> Mapping[str, Any] | None:
    """The fields of a record, by its tag and what is in it; None for what is no paper."""
    tag = record.tag
    if tag == "entry":
        return _atom(record)
    if tag in ("PubmedArticle", "MedlineCitation"):
        return _pubmed(record)
    if tag == "record" and record.find("header") is not None:
        return _oai(record)
    return _other(record)


def _atom(entry: "Element") -> Mapping[str, Any]:
    place = _text(entry.find("id"))
    key = _arxiv_id([place])
    links = entry.findall("link")
    address = next((link.get("href", "") for link in links if link.get("rel", "alternate") == "alternate"), "")
    return {
        "id": key,
        "title": _text(entry.find("title")),
        "abstract": _text(entry.find("summary")) or _text(entry.find("content")),
        "authors": _texts(entry.findall("author/name")),
        "year": _text(entry.find("published")) or _text(entry.find("updated")),
        "venue": _text(entry.find("journal_ref")),
        "doi": _text(entry.find("doi")),
        "url": f"https://arxiv.org/abs/{key}" if key else address or place,
        "links": [place, *(link.get("href", "") for link in links)],
    }


def _arxiv_id(values: list[str]) -> str:
    found = (one for one in identifiers(values) if one.startswith("arxiv:"))
    return next(found, "").removeprefix("arxiv:")


def _oai(record: "Element") -> Mapping[str, Any] | None:
    if record.find("header[@status='deleted']") is not None:
        return None
    key = _text(record.find("header/identifier"))
    inner = next(iter(record.find("metadata") or ()), None)
    if inner is None:
        return {}
    if inner.tag == "dc":
        texts = [text for text in _texts(inner.findall("description")) if not text.lower().startswith("comment:")]
        places = _texts(inner.findall("identifier"))
        return {
            "id": _arxiv_id([key, *places]),
            "title": _text(inner.find("title")),
            "abstract": texts[0] if texts else "",
            "authors": [first_last(name) for name in _texts(inner.findall("creator"))],
            "year": min(_texts(inner.findall("date")), default=""),
            "url": next((place for place in places if place.startswith("http")), ""),
            "links": [key, *places],
        }
    people: Any = [
        {"given": _text(one.find("forenames")), "family": f"{_text(one.find('keyname'))} {_text(one.find('suffix'))}"}
        for one in inner.findall("authors/author")
    ]
    number = _text(inner.find("id"))
    return {
        "id": _arxiv_id([key, f"arXiv:{number}"]),
        "title": _text(inner.find("title")),
        "abstract": _text(inner.find("abstract")),
        "authors": people or plain(_text(inner.find("authors"))[:100_000]),
        "year": _text(inner.find("created")) or _text(inner.find("version/date")),
        "venue": _text(inner.find("journal-ref")),
        "doi": _text(inner.find("doi")),
        "url": f"https://arxiv.org/abs/{number}" if number else "",
        "links": [key],
    }


def _pubmed(record: "Element") -> Mapping[str, Any]:
    citation = record if record.tag == "MedlineCitation" else record.find("MedlineCitation")
    article = None if citation is None else citation.find("Article")
    if citation is None or article is None:
        return {}
    parts = []
    for part in article.findall("Abstract/AbstractText"):
        label, text = part.get("Label", ""), _text(part)
        parts.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    places = {place.get("IdType"): _text(place) for place in record.findall("PubmedData/ArticleIdList/ArticleId")}
    stated = [_text(place) for place in article.findall("ELocationID") if place.get("EIdType") == "doi"]
    number = _text(citation.find("PMID"))
    date = article.find("Journal/JournalIssue/PubDate")
    return {
        "title": _text(article.find("ArticleTitle")) or _text(article.find("VernacularTitle")),
        "abstract": "\n".join(parts),
        "authors": [
            {"given": _text(one.find("ForeName")), "family": _text(one.find("LastName"))}
            if one.find("LastName") is not None
            else _text(one.find("CollectiveName"))
            for one in article.findall("AuthorList/Author")
        ],
        "year": _text(date) or _text(article.find("ArticleDate/Year")),
        "venue": _text(article.find("Journal/Title")) or _text(article.find("Journal/ISOAbbreviation")),
        "doi": places.get("doi") or next(iter(stated), ""),
        "pmid": number,
        "pmcid": places.get("pmc", ""),
        "url": f"https://pubmed.ncbi.nlm.nih.gov/{number}/" if number else "",
    }


def _other(record: "Element") -> Mapping[str, Any]:
    """DBLP, the ACL Anthology, EndNote, RSS: what is called a title is the title."""

    def first(*names: str) -> str:
        return next((text for name in names for text in _texts(record.iterfind(f".//{name}")) if text), "")

    place = first("url", "ee", "link")
    anthology = normal("acl", place)
    venue = first("journal", "booktitle", "secondary-title")
    year = first("year", "date", "pubDate")
    dated = re.match(r"acl:(?:(\d{4})\.|[A-Z](\d\d)-)", anthology)
    if dated and not year:
        year = dated.group(1) or f"{'19' if dated.group(2) > '60' else '20'}{dated.group(2)}"
    return {
        "title": first("title"),
        "abstract": _ANNOUNCED.sub("", first("abstract", "description"), count=1),
        "authors": [
            {"given": _text(one.find("first")), "family": _text(one.find("last"))}
            if one.find("last") is not None
            else re.sub(r"\s\d{4}$", "", _text(one))  # DBLP numbers its namesakes
            for one in record.iterfind(".//author")
        ]
        or [name for one in record.iterfind("creator") for name in split_names(plain(_text(one)[:100_000]))],
        "year": year,
        "venue": venue,
        "doi": first("doi", "DOI", "electronic-resource-num"),
        "url": f"https://aclanthology.org/{anthology[4:]}/" if anthology else place if "//" in place else first("ee"),
        "dblp": record.get("key", ""),
        "links": _texts([*record.iterfind("ee"), *record.iterfind("link")]),
    }


def _text(part: "Element | None") -> str:
    return "" if part is None else " ".join("".join(part.itertext()).split())


def _texts(parts: Iterable["Element"]) -> list[str]:
    return [_text(part) for part in parts]
