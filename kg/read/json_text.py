"""Cut JSON text into its records, whatever is around them, and find the next ones after a broken record.

The brackets around records (an array, or the objects named in `CONTAINERS` around it) are passed over, and so is what
stands beside the records in those objects. No more than one record is held, so that a file of any size streams (ijson
streams too, but gives no line numbers and stops at the first error). What a record means is not known here.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from kg.read.source import MAX_RECORD, Source
from kg.read.values import folded

CONTAINERS = frozenset(
    """papers results items data notes records documents docs works entries publications articles response message hits
    hit result resultlist recommendedpapers content list""".split()  # noqa: SIM905 - one word a line would take a page
)
"""Keys under which services and exports put their records."""

_OBJECTS = CONTAINERS - {"content", "list"}
"""Those that may hold an object with the records in it; OpenReview's "content" is a part of one record."""

_AHEAD = 4096
"""Characters after an opening brace in which its first keys are looked for."""
_DEEPEST = 20
"""Containers inside one another; the real ones are three."""
_MOST_KEYS = 20
_TOKEN = re.compile(r'["{}\[\]\n]')
_STRING_END = re.compile(r'["\n]|\\.', re.DOTALL)
_KEY = re.compile(r'"([^"\\\n]{1,40})"\s*:\s*$')
_FIRST_KEY = re.compile(r'\{\s*"([^"\\\n]{1,40})"\s*:')
_GOES_ON = re.compile(r"\s*(?:,\s*[{\[]|[\]}]|$)")
_WIDTHS = (1 << 12, 1 << 16, 0)
"""Characters in which a record is looked for; 0 is all of the text."""
_NEVER = re.compile(r"(?!)")

Told = Callable[[Any], bool]
"""Whether a value is a record: what is found inside a broken one is one only if so."""


def read_values(source: Source, is_record: Told, *, longest: int = MAX_RECORD) -> Iterator[tuple[int, Any]]:
    """Give the records of a JSON document, or of several in a row: the line where each starts, and its value.

    A record of more than ``longest`` characters is refused.
    """
    mending = _Mending(source, is_record)
    return _Cutter(source, source.blocks(), mending, line=source.first, longest=longest).values()


def read_line_values(source: Source, is_record: Told) -> Iterator[tuple[int, Any]]:
    """Give the records of a file with one a line."""
    mending = _Mending(source, is_record)
    for line in source.lines():
        text = line.text.strip(" \t\r\ufeff\x1e")
        if not text:
            continue
        value, error = _parsed(text)
        if not error:
            mending.learn(text)
            yield line.number, value
            continue
        if _is_container(text[1:_AHEAD]):
            yield from _Cutter(source, iter([text]), mending, line=line.number).values()
            continue
        mending.report(line.number, error)
        for _, end, value in mending.inside(text):
            if end >= 0:
                yield line.number, value


def _parsed(text: str) -> tuple[Any, Exception | None]:
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as error:
        return None, error


class _Mending:
    """What is known of the records read so far, to find the next one after one that is broken."""

    def __init__(self, source: Source, is_record: Told) -> None:
        self._source = source
        self.is_record = is_record
        self._keys: dict[str, None] = {}
        self._decode = json.JSONDecoder().raw_decode

    def learn(self, text: str) -> None:
        """Remember the key with which a good record begins."""
        found = _FIRST_KEY.match(text)
        if found and found.group(1) not in self._keys and len(self._keys) < _MOST_KEYS:
            self._keys[found.group(1)] = None

    def report(self, number: int, error: Exception, place: str = "") -> None:
        """Report the broken record that begins on line ``number``, at a ``place`` there."""
        if isinstance(error, RecursionError):
            self._source.problem(number, "JSON nested too deeply; give one flat object a paper")
        elif isinstance(error, json.JSONDecodeError):
            what = f"broken JSON ({error.msg}, column {error.colno}{place})"
            self._source.problem(number + error.lineno - 1, f"{what}; mend or remove this record")
        else:
            self._source.problem(number, "broken JSON (a number too long to read); mend or remove this record")

    def starts(self, text: str, indent: str | None) -> re.Pattern[str]:
        """Tell where a record may begin after the broken ``text``: with a key as others, or indented as it is."""
        own = _FIRST_KEY.match(text)
        keys = [*self._keys, *([own.group(1)] if own else [])]
        ways = [rf'\{{\s*"(?:{"|".join(map(re.escape, keys))})"\s*:'] if keys else []
        if indent is not None:
            ways.append(rf"(?<=\n{indent})\{{")
        return re.compile("|".join(ways)) if ways else _NEVER

    def inside(self, text: str, indent: str | None = None) -> Iterator[tuple[int, int, Any]]:
        """Find the whole records that a broken text has swallowed: where each begins and ends, and its value.

        One that the text cuts is given last, without an end (-1) and value.
        """
        done, effort, cut = 0, 4 * len(text) + 1000, -1
        for found in self.starts(text, indent).finditer(text, 1):
            at = found.start()
            if at < done or effort < 0:
                continue
            value, size, used = self._decoded(text, at)
            effort -= used
            if size:
                done = at + size
                if self.is_record(value):
                    yield at, done, value
            elif cut < done and used >= len(text) - at:
                cut = at
        if cut >= done:
            yield cut, -1, None

    def _decoded(self, text: str, at: int) -> tuple[Any, int, int]:
        """Give the value that begins at a place, its length (0 if it is broken) and the characters looked at."""
        used = 0
        for width in _WIDTHS:
            # An error counts the lines before it, so that it must not be given all of the text.
            part = text[at : at + (width or len(text))]
            try:
                value, size = self._decode(part)
            except json.JSONDecodeError as error:
                # That of a string without an end is where the string begins.
                if error.pos < len(part.rstrip()) - 1 and not error.msg.startswith("Unterminated"):
                    return None, 0, used + error.pos
                used += len(part)
                if at + len(part) == len(text):
                    return None, 0, used
            except (ValueError, RecursionError):
                return None, 0, used + 10_000
            else:
                return value, size, used + size
        return None, 0, used


class _Cutter:
    """The state of the cutting: what is open, and the text of the record begun."""

    def __init__(
        self,
        source: Source,
        blocks: Iterator[str],
        mending: "_Mending",
        *,
        line: int,
        longest: int = MAX_RECORD,
    ) -> None:
        self._source = source
        self._blocks = blocks
        self._mending = mending
        self._line = line
        self._longest = longest
        self._count = 0
        """Records on the line of the last one, this one included."""
        self._last = 0
        self._coming: deque[str] = deque()
        self._outer: list[str] = []
        self._tail = ""
        """The last text before the place reached, where no record is open."""
        self._in_string = self._escaped = False
        self._close()
        self._lost: re.Pattern[str] | None = None
        """After a broken record whose end is not known: where the next one may begin."""
        self._suspect = False
        """Whether what comes may be a part of a record reported already."""
        self._effort = 1 << 20
        """Characters that may be gone over again; what is read adds to it."""

    def _close(self) -> None:
        self._depth = self._began = self._size = 0
        self._indent: str | None = None
        self._skipped = False
        self._held: list[str] = []

    def values(self) -> Iterator[tuple[int, Any]]:
        """Give the records."""
        while True:
            block = self._next()
            if block is None:
                if self._depth and not self._skipped:
                    yield from self._mend("".join(self._held), "", None)
                    if self._coming:
                        continue
                if self._outer and not self._suspect:
                    what = "JSON without its closing bracket; check that the file is whole"
                    self._source.problem(self._line, what)
                return
            if self._lost:
                self._find(block, self._lost)
            else:
                yield from self._scan(block)

    def _next(self) -> str | None:
        if not self._coming:
            block = next(self._blocks, None)
            self._effort += 4 * len(block or "")
            return block
        return self._coming.popleft()

    def _after(self, block: str, at: int) -> str:
        """The text from here on, as much of it as tells what an object is."""
        size = len(block) - at + sum(map(len, self._coming))
        while size < _AHEAD and (more := next(self._blocks, None)):
            self._effort += 4 * len(more)
            self._coming.append(more)
            size += len(more)
        text = block[at : at + _AHEAD]
        return text if len(text) == _AHEAD else (text + "".join(self._coming))[:_AHEAD]

    def _find(self, block: str, start: re.Pattern[str]) -> None:
        """Pass over text until a record may begin."""
        text = self._tail + block
        found = start.search(text)
        self._line += block.count("\n")
        if not found:
            self._tail = text[-200:]
            return
        self._lost = None
        at = found.start()
        self._line -= text.count("\n", at)
        self._tail = text[max(0, at - 200) : at]
        self._coming.appendleft(text[at:])

    def _scan(self, block: str) -> Iterator[tuple[int, Any]]:
        at = start = 0
        while True:
            if self._in_string:
                if self._escaped:
                    at, self._escaped = at + 1, False
                found = _STRING_END.search(block, at)
                if not found:
                    self._escaped = block.endswith("\\") and (len(block) - len(block.rstrip("\\"))) % 2 == 1
                    break
                at = found.end()
                if found.group().endswith("\n"):
                    self._line += 1
                # A string ends with its line, as JSON has it, so that a lost quote does not swallow the rest.
                self._in_string = found.group() not in ('"', "\n")
                continue
            found = _TOKEN.search(block, at)
            if not found:
                break
            sign, here, at = found.group(), found.start(), found.end()
            if sign == "\n":
                self._line += 1
            elif sign == '"':
                # Between the records of an array is no text; what a broken one has left there is not to be followed.
                self._in_string = bool(self._depth) or self._outer[-1:] != ["["]
            elif self._depth:
                self._depth += 1 if sign in "{[" else -1
                if not self._depth:
                    if not self._skipped:
                        text = "".join([*self._held, block[start:at]])
                        value, error = _parsed(text)
                        if error:
                            yield from self._mend(text, block[at:], error)
                            return
                        self._mending.learn(text)
                        if not self._suspect or self._mending.is_record(value):
                            self._suspect = False
                            yield self._began, value
                    self._close()
                    self._tail, start = "", at
            elif sign in "{[":
                before = (self._tail + block[max(start, here - 200) : here])[-200:]
                if self._opens(sign, before, block, at):
                    self._outer.append(sign)
                    self._tail, start = "", at
                else:
                    start = here
            else:
                if self._outer and self._outer[-1] + sign in ("{}", "[]"):
                    self._outer.pop()
                elif not self._suspect:
                    what = "broken JSON (a bracket that nothing opens)"
                    self._source.problem(self._line, f"{what}; mend or remove this record")
                    self._suspect = True
                self._tail, start = "", at
        if not self._depth:
            self._tail = (self._tail + block[start:])[-200:]
        elif not self._skipped:
            self._held.append(block[start:])
            self._size += len(block) - start
            if self._size > self._longest:
                yield from self._mend("".join(self._held), "", None, large=True)

    def _opens(self, sign: str, before: str, block: str, at: int) -> bool:
        """Tell whether a bracket opens a container; if not, begin a record with it, or what stands beside records."""
        key = _KEY.search(before)
        named = bool(key and folded(key.group(1)) in CONTAINERS)
        inside = self._outer[-1] if self._outer else ""
        # An object in an array is a record, whatever it holds.
        object_holds = inside != "[" and (named or not self._outer) and _is_container(self._after(block, at))
        if (named or not key) and (sign == "[" or object_holds) and len(self._outer) < _DEEPEST:
            return True
        self._depth, self._began, self._skipped = 1, self._line, bool(key) and not named
        if not self._skipped:
            self._count = self._count + 1 if self._last == self._line else 1
            self._last = self._line
        white = before[len(before.rstrip(" \t")) :]
        self._indent = white if before[: len(before) - len(white)].endswith("\n") else None
        return False

    def _mend(self, text: str, rest: str, error: Exception | None, *, large: bool = False) -> Iterator[tuple[int, Any]]:
        """Report a broken record, give the records that it has swallowed and go on after them.

        Without an ``error``, the record did not end: with the file, or before it was too ``large``.
        """
        closed = error is not None
        error = error or _parsed(text)[1]
        if large:
            what = f"record of more than {self._longest >> 20} MB; check its brackets and quotes"
            self._source.problem(self._began, what)
        elif error and (not self._suspect or '"title"' in text):
            self._mending.report(self._began, error, f" of record {self._count}" if self._count > 1 else "")
        self._suspect = True
        begin, counted, line = 0, 0, self._began
        for at, end, value in self._mending.inside(text, self._indent):
            if end >= 0:
                line, counted = line + text.count("\n", counted, at), at
                yield line, value
                begin = end
            elif closed or large:
                begin = at
        if begin and self._effort < len(text) - begin:
            begin = 0
        after = text[begin:] if begin else ""
        self._effort -= len(after)
        if begin:
            self._line = self._began + text.count("\n", 0, begin)
        # Where the brackets closed too early or not at all, the next record is looked for.
        find = not begin and (large or not _GOES_ON.match(self._after(rest, 0)))
        self._lost = self._mending.starts(text, self._indent) if find else None
        self._tail = text[1:][-200:] if find else ""
        self._in_string = self._escaped = False
        self._close()
        if after or rest:
            self._coming.appendleft(after + rest)


def _is_container(after: str) -> bool:
    """Whether an object holds the records, by the keys that come first in it."""
    for pair in re.finditer(r'"([^"\\\n]{1,40})"\s*:\s*([\[{]?)', after):
        name = folded(pair.group(1))
        if name in ("title", "abstract", "summary"):
            return False
        if pair.group(2) and name in (_OBJECTS if pair.group(2) == "{" else CONTAINERS):
            return True
    return False
