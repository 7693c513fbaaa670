"""What every store promises: a read-only query in, plain rows out.

Rows hold only None, bool, int, float, str, lists and dictionaries with string keys, in the same form whichever engine
answered, so that they print, compare and go to JSON alike:

* a node is ``{"_label": "Method", "id": ..., **properties}``;
* a relationship is ``{"_type": "USES", "_from": id, "_to": id, **properties}``;
* a path is ``{"_nodes": [...], "_relationships": [...]}``;
* properties that are null are left out, dates and durations are ISO strings, and a number that is not finite is null.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from kg.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

ROW_LIMIT = 10_000
"""Rows that a query gives unless told otherwise."""

TIME_LIMIT = 30.0
"""Seconds that a query may take unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query. ``truncated`` says that the row limit cut it short."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]] = field(default=())
    truncated: bool = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """Give each row as a dictionary.

        >>> Rows(("name", "papers"), [("ResNet", 2)]).dicts()
        [{'name': 'ResNet', 'papers': 2}]
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_pandas(self) -> "pd.DataFrame":
        """Give the rows as a pandas DataFrame; needs pandas."""
        try:
            import pandas
        except ImportError:
            raise StoreError("pandas is not installed; pip install pandas") from None
        return pandas.DataFrame([list(row) for row in self.rows], columns=list(self.columns))


class Store(Protocol):
    """A database that answers Cypher and cannot be changed through it."""

    dialect: str
    """"embedded" or "neo4j"."""

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = TIME_LIMIT,
        limit: int | None = ROW_LIMIT,
    ) -> Rows:
        """Answer ``cypher``; ``timeout`` in seconds and ``limit`` in rows, None for none.

        Raises QueryError where the query cannot run as written or takes too long, StoreError where the database cannot
        be reached.
        """
        ...

    def close(self) -> None:
        """Release the database."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
