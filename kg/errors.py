"""Everything that can go wrong and is the user's to mend.

::

    KGError                  exit status 1
    ├── UsageError           exit status 2: the command was called wrongly
    ├── InputError           a file or record that cannot be read (skipped, counted; raised with --strict)
    ├── GraphError           a graph folder that is missing, damaged, busy or of a newer version
    ├── QueryError           a Cypher query or named query that cannot run
    │   └── TimeLimitError   one that takes longer than it may; who catches it says how to allow more
    ├── StoreError           a database that cannot be reached or refuses
    ├── FetchError           a service on the network that cannot be reached or refuses
    ├── ClusterError         a Dask cluster that cannot be reached, is lost or runs another kg
    ├── ExportError          a file that cannot be written or a format that is unknown
    └── ModelError           tagger weights that are missing or damaged

A message is one line that says where, what and what to do. ``kg.cli`` prints it and exits; any other exception is a
bug and shows its traceback.
"""


class KGError(Exception):
    """Root of the errors that a user can mend; its text is the one line to show."""

    exit_status = 1


class UsageError(KGError):
    """The command or function was called wrongly."""

    exit_status = 2


class InputError(KGError):
    """A file or a record of it cannot be read."""


class GraphError(KGError):
    """A graph folder cannot be used."""


class QueryError(KGError):
    """A query cannot run as written."""


class TimeLimitError(QueryError):
    """A query takes longer than it may."""

    def __init__(self, seconds: float | None) -> None:
        """Say how long it may take."""
        super().__init__(f"the query took longer than {seconds or 0:g} s; narrow it or give it more time")


class StoreError(KGError):
    """A database cannot be reached or refuses."""


class FetchError(KGError):
    """A service on the network cannot be reached or refuses."""


class ClusterError(KGError):
    """A Dask cluster cannot be reached, is lost or runs another kg."""


class ExportError(KGError):
    """A graph cannot be written as asked."""


class ModelError(KGError):
    """The tagger's weights are missing or damaged."""
