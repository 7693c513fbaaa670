"""Keep the map of a graph beside it, so that it is drawn once.

The file ``map-<key>.npz`` in the graph folder is named by what it was made from: the graph's own key and the code that
draws maps. It can be removed at any time; where it cannot be written, the map is drawn anew each time.
"""

import contextlib
import hashlib
import io
import json
import os
import tempfile
import zipfile
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path

import networkx as nx
import numpy as np

from viz.explorer.map import Community, Map, lay_out

_CODE = ("map.py", "discs.py", "ties.py", "topics.py")


def stored_map(graph: nx.MultiDiGraph, folder: Path, key: str) -> Map:
    """Give the map of ``graph``, kept in ``folder`` under ``key``, which must change when the graph does."""
    names = hashlib.sha256("\n".join(sorted(graph)).encode("utf-8", "replace")).hexdigest()
    made_from = hashlib.sha256(f"{key} {_code()} {names}".encode()).hexdigest()[:32]
    path = folder / f"map-{made_from}.npz"
    found = _read(path, len(graph))
    if found is None:
        found = lay_out(graph)
        with contextlib.suppress(OSError):
            _write(path, found)
            for old in folder.glob("map-*.npz"):
                if old != path:
                    old.unlink(missing_ok=True)
    return found


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update((resources.files("viz.explorer") / name).read_bytes())
    return digest.hexdigest()


def _read(path: Path, nodes: int) -> Map | None:
    """Read a map; None where there is none, or none that is whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            communities = tuple(Community(**each) for each in json.loads(bytes(kept["communities"]).decode()))
            found = Map(kept["x"], kept["y"], kept["community"], communities)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return found if len(found.x) == len(found.y) == len(found.community) == nodes else None


def _write(path: Path, drawn: Map) -> None:
    text = json.dumps([asdict(community) for community in drawn.communities], ensure_ascii=False)
    data = io.BytesIO()
    np.savez_compressed(
        data,
        x=drawn.x,
        y=drawn.y,
        community=drawn.community,
        communities=np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8),
    )
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.getvalue())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
