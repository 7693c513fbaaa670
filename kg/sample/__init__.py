"""The bundled sample: landmark papers of machine learning, one JSON object a line, for `kg demo` and for trying things.

The summaries were written for this project and are not the papers' own abstracts. This package only says where
the file lies; `kg.read` reads it.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable


def path() -> Traversable:
    """Give the place of ``papers.jsonl``; a real `pathlib.Path` unless the package is imported from a zip file.

    >>> path().name
    'papers.jsonl'
    """
    return files(__name__) / "papers.jsonl"


def read_text() -> str:
    """Give the sample as one string.

    >>> read_text().startswith('{"title": ')
    True
    """
    return path().read_text(encoding="utf-8")
