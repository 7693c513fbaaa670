"""Write node-link JSON, the one format here that keeps every value as it is: lists, missing years and empty texts.

Read it with ``networkx.node_link_graph(json.load(file), edges="edges")``. One node or edge a line. A float that is not
finite becomes null, because JSON has none.
"""

import json
import math
import re
from collections.abc import Hashable
from pathlib import Path

from kg.export.files import replacing
from kg.export.flat import Graph, order, sorted_edges, sorted_nodes

_SURROGATE = re.compile("[\ud800-\udfff]")


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as node-link JSON."""
    with replacing(path) as file:
        file.write('{"directed": true, "multigraph": true, "graph": {},\n"nodes": [')
        for number, (key, data) in enumerate(sorted_nodes(graph)):
            file.write(("," if number else "") + "\n" + _line({**data, "id": key}))
        file.write('\n],\n"edges": [')
        for number, (source, target, key, properties) in enumerate(sorted_edges(graph)):
            ends = {"source": source, "target": target, "key": key}
            file.write(("," if number else "") + "\n" + _line({**properties, **ends}))
        file.write("\n]}\n")


def _line(record: dict[str, object]) -> str:
    line = json.dumps(_clean(record), ensure_ascii=False, sort_keys=True, allow_nan=False, default=str)
    return _SURROGATE.sub(lambda m: f"\\u{ord(m.group()):04x}", line)


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    if isinstance(value, set | frozenset):
        members: list[Hashable] = sorted(value, key=order)
        return [_clean(part) for part in members]
    return None if isinstance(value, float) and not math.isfinite(value) else value
