"""Cut a paper into words and word pieces, as the tagger reads them.

A word is a run of letters and digits, or one punctuation mark, so that "CNN-based" is three words and a span can end
inside it. The encoder is uncased; each word's case shape and whether it touches its left neighbour are given beside its
pieces. Title and abstract become one sequence, ``[CLS] title [SEP] abstract [SEP]``, cut at a number of pieces.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kg.model import Field, Paper

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_PIECES = 512
SHAPES = 20
"""How many values a word's shape takes: ten case shapes, apart or joined to the word before."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a paper by its place: ``paper.text(field)[start:end]``."""

    field: Field
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pieces:
    """A paper as the encoder's input. ``pieces``, ``shapes``: one integer a piece, special pieces included;
    ``words``: the words in order, none within another; ``firsts``: the index of each word's first piece."""

    pieces: tuple[int, ...]
    shapes: tuple[int, ...]
    words: tuple[Word, ...]
    firsts: tuple[int, ...]


@lru_cache(maxsize=1 << 16)
def case_shape(word: str) -> int:
    """Class the letters of a word: 0 no letter or digit, 1 lower, 2 Capitalised, 3 one capital, 4 CAPITALS, 5 mIxed,
    6 digits, 7 lower with digits, 8 with capitals and digits.

    >>> [case_shape(w) for w in (",", "net", "Adam", "R", "BERT", "InterCLR", "10", "x2", "3DGS")]
    [0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    if not any(c.isalnum() for c in word):
        return 0
    if any(c.isdigit() for c in word):
        if not any(c.isalpha() for c in word):
            return 6
        return 8 if any(c.isupper() for c in word) else 7
    uppers = sum(c.isupper() for c in word)
    if not uppers:
        return 1
    if uppers == len(word):
        return 3 if uppers == 1 else 4
    return 2 if uppers == 1 and word[0].isupper() else 5


def _special(tokenizer: "Tokenizer", name: str) -> int:
    number = tokenizer.token_to_id(name)
    if number is None:
        raise ValueError(f"the tokenizer has no piece {name}")
    return int(number)


def cut(paper: Paper, tokenizer: "Tokenizer", *, limit: int = MAX_PIECES) -> Pieces:
    """Cut a paper; words beyond ``limit`` pieces are left out, whole."""
    cls, sep = (_special(tokenizer, name) for name in ("[CLS]", "[SEP]"))
    pieces, shapes = [cls], [9]
    words: list[Word] = []
    firsts: list[int] = []
    for field in ("title", "abstract"):
        text = paper.text(field)
        encoding: Any = tokenizer.encode(text, add_special_tokens=False)
        ids, offsets, numbers = encoding.ids, encoding.offsets, encoding.word_ids
        full = False
        first = 0
        while first < len(ids):
            behind = first + 1
            while behind < len(ids) and numbers[behind] == numbers[first]:
                behind += 1
            size = behind - first
            if len(pieces) >= limit - 1 - size:
                full = True
                break
            start, end = offsets[first][0], offsets[behind - 1][1]
            joined = start > 0 and not text[start - 1].isspace()
            words.append(Word(field, start, end))
            firsts.append(len(pieces))
            pieces += ids[first:behind]
            shapes += [case_shape(text[start:end]) + 10 * joined] * size
            first = behind
        pieces.append(sep)
        shapes.append(9)
        if full:
            break
    return Pieces(tuple(pieces), tuple(shapes), tuple(words), tuple(firsts))
