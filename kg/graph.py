"""A graph from Python: make one of papers, open one that is there.

>>> import kg
>>> graph = kg.build("papers.bib")  # doctest: +SKIP
>>> kg.open("papers.kg").query("MATCH (d:Dataset) RETURN d.name LIMIT 3").to_pandas()  # doctest: +SKIP

This module joins the steps for those who write Python; the command line is in ``kg.cli``. It prints nothing.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kg import folder
from kg.errors import InputError
from kg.folder import Manifest, Source
from kg.model import Extraction
from kg.update import VOCABULARY, Built, merge_papers, update_folder
from kg.update.database import Progress

if TYPE_CHECKING:
    import networkx as nx

    from kg.assemble import Assembly
    from kg.extract import Tagger
    from kg.pipeline import Failure
    from kg.store.base import Rows, Store

log = logging.getLogger(__name__)

Inputs = str | Path | Iterable[str | Path]


def build(
    inputs: Inputs,
    output: str | Path | None = None,
    *,
    format: str | None = None,  # noqa: A002 - the name of the option
    strict: bool = False,
    skip_empty: bool = False,
    tagger: "Tagger" = "model",
    processes: int = 1,
    cluster: str | None = None,
    on_problem: Callable[[InputError], None] | None = None,
) -> "nx.MultiDiGraph":
    """Build the graph of the papers in ``inputs`` and give it; with ``output`` also keep it in that graph folder.

    With an ``output`` that exists, the graph is that of all papers in it. Records that cannot be read go to
    ``on_problem`` (default: a logged warning), or raise InputError if ``strict``. With ``cluster``, the address of a
    Dask scheduler, papers are extracted there instead of in ``processes`` here.
    """
    options: dict[str, Any] = {"tagger": tagger, "processes": processes, "cluster": cluster}

    def failed(failure: "Failure") -> None:
        log.warning("%s: could not be extracted (%s)", failure.paper.id, failure.error)

    reading: dict[str, Any] = {
        "format": format,
        "strict": strict,
        "skip_empty": skip_empty,
        "on_problem": on_problem,
    }
    if output is not None:
        build_folder(inputs, output, **options, **reading)
        return open_graph(output).graph
    from kg import pipeline
    from kg.assemble import assemble
    from kg.read import read

    papers = merge_papers(read(_listed(inputs), **reading))
    extractions = pipeline.extract_papers(papers.values(), on_failure=failed, **options)
    return assemble(extractions, families=pipeline.families())


def build_folder(
    inputs: Inputs,
    output: str | Path,
    *,
    tagger: "Tagger" = "model",
    processes: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    **reading: Any,
) -> Built:
    """Read ``inputs`` (options as of `kg.read.read`) into the graph folder ``output``; say what was done."""
    from kg.read import read

    names = _listed(inputs)
    papers = read(names, **reading)
    return update_folder(
        papers,
        Path(output),
        inputs=sources(names),
        tagger=tagger,
        processes=processes,
        cluster=cluster,
        progress=progress,
    )


def _listed(inputs: Inputs) -> list[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else list(inputs)


def sources(inputs: Iterable[str | Path]) -> Iterator[Source]:
    """Name and digest the files behind ``inputs``; standard input and what cannot be read have no digest."""
    from kg.read.source import files

    def ignore(_: InputError) -> None:
        """Leave the report to the reading."""

    for name, _ in files([str(name) for name in inputs], ignore):
        digest = ""
        if name != "-":
            try:
                with Path(name).open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                pass
        yield Source(name, digest)


def answer(
    store: "Store",
    cypher: str,
    values: Mapping[str, Any],
    *,
    timeout: float | None = None,
    limit: int | None = None,
    whole: bool = False,
) -> "Rows":
    """Answer Cypher, or the named query where ``cypher`` is one word.

    ``timeout`` in seconds and ``limit`` in rows; None for the usual ones, but for as many rows as there are if
    ``whole``. A ``limit`` takes the place of a named query's own, unless ``values`` say otherwise.
    """
    from kg.store.base import ROW_LIMIT, TIME_LIMIT

    timeout = TIME_LIMIT if timeout is None else timeout
    most = ROW_LIMIT if limit is None and not whole else limit
    if not is_name(cypher):
        return store.query(cypher, values, timeout=timeout, limit=most)
    import queries

    if limit is not None and any(parameter.name == "limit" for parameter in queries.get(cypher).parameters):
        # One more than is given tells that there are more.
        values = {"limit": limit + 1, **values}
    return queries.run(store, cypher, values, timeout=timeout, limit=most)


def is_name(text: str) -> bool:
    """Tell the name of a query from Cypher, which is never one word.

    >>> is_name("methods-on-dataset"), is_name("MATCH (d:Dataset) RETURN d")
    (True, False)
    """
    return re.fullmatch(r"\s*[\w.-]+\s*", text) is not None


def open_graph(path: str | Path) -> "Graph":
    """Open a graph folder; raises GraphError where it is none, damaged or of a newer version."""
    return Graph(path)


class Graph:
    """A graph folder that is open for reading. ``graph`` and ``store`` are made when first used."""

    def __init__(self, path: str | Path) -> None:
        """Read the manifest of the folder at ``path``."""
        self.path = Path(path)
        self.manifest: Manifest = folder.read_manifest(self.path)

    @cached_property
    def graph(self) -> "nx.MultiDiGraph":
        """The graph in memory, assembled from the records; see `kg.assemble.assemble` for its attributes."""
        with self.stream() as assembly:
            return assembly.whole()

    def of_papers(self, ids: Container[str]) -> "nx.MultiDiGraph":
        """Assemble the graph of the papers with these ids alone, as if no other had been read."""
        with self._assembly(record for record in self.records() if record.paper.id in ids) as assembly:
            return assembly.whole()

    def around(self, node: str, *, hops: int = 1, cited: bool = False) -> "nx.MultiDiGraph":
        """Give the nodes within ``hops`` relationships of a node, and all relationships between them.

        They come from the database: the rest of the graph is not assembled. For ``cited`` see `kg.store.parts`.
        """
        from kg.store.parts import nearby

        return nearby(self.store, node, hops=hops, cited=cited)

    def top(self, number: int, *, cited: bool = False) -> "nx.MultiDiGraph":
        """Give the ``number`` entities in most papers, and all relationships between them; otherwise as `around`."""
        from kg.store.parts import in_most_papers

        return in_most_papers(self.store, number, cited=cited)

    def stream(self) -> "Assembly":
        """Assemble the graph from the records without holding it in memory; to be closed, or used in ``with``.

        It gives nodes and edges one by one, and `kg.export.export` takes it as it takes a graph.
        """
        return self._assembly(self.records())

    def _assembly(self, records: Iterable[Extraction]) -> "Assembly":
        from kg.update.assembling import assembled
        from kg.vocabulary import using

        with using(self.path / VOCABULARY):
            return assembled(records, self.path)

    @cached_property
    def store(self) -> "Store":
        """The embedded database, read-only."""
        from kg.store.embedded import EmbeddedStore

        database = self.manifest.database
        return EmbeddedStore(self.path / database.file, changed=bool(database.log))

    def records(self) -> Iterator[Extraction]:
        """Iterate over the extraction records."""
        return folder.read_records(self.path, self.manifest)

    def query(self, cypher: str, /, *, timeout: float | None = None, limit: int | None = None, **values: Any) -> "Rows":
        """Answer Cypher, or the named query of that name, with ``values`` for its parameters.

        ``timeout`` in seconds and ``limit`` in rows, also of a named query that has a limit of its own; None for the
        usual ones. Raises QueryError.
        """
        return answer(self.store, cypher, values, timeout=timeout, limit=limit)

    def find(self, name: str) -> str:
        """Give the id of the node called ``name``, however it is spelt; raises QueryError with the nearest names."""
        from kg.store.names import find_named

        return find_named(self.store, name).id

    def close(self) -> None:
        """Close the database if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
