"""Turn what an engine gives into plain values, the same for both, and check what is given to it."""

import datetime
import decimal
import math
from collections.abc import Mapping
from typing import Any

from kg.errors import QueryError
from kg.store.packed import unpacked

Ids = Mapping[tuple[int, int], str]

_INT64 = 2**63


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Copy parameters that are plain values; raises QueryError for anything else."""
    return {name: _parameter(name, value) for name, value in given.items()}


def _parameter(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise QueryError(f"parameter ${name} is not text: it has half of a surrogate pair") from None
        return str(value)
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise QueryError(f"parameter ${name} is too large: integers have 64 bits")
        return int(value)
    if isinstance(value, list | tuple):
        return [_parameter(name, item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _parameter(name, item) for key, item in value.items()}
    raise QueryError(f"parameter ${name} is {type(value).__name__}; give text, a number, true, false, null or a list")


def literal(value: Any) -> str:
    """Write a checked parameter as a Cypher literal.

    >>> literal(["it's", None, True, -1.5])
    "['it\\\\'s', CAST(NULL AS STRING), true, -1.5]"
    """
    if value is None:
        return "CAST(NULL AS STRING)"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"`{name.replace('`', '``')}`: {literal(item)}" for name, item in value.items()) + "}"
    return repr(value).replace("e+", "e")


def scalar(value: Any) -> Any:
    """Give a value of either engine as JSON knows it: dates as ISO text, no number that is not finite."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return str(value)


def node(label: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give a node in the form of `kg.store.base`."""
    return {"_label": label, **_properties(properties)}


def relationship(kind: str, start: str, end: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give a relationship in the form of `kg.store.base`."""
    return {"_type": kind, "_from": start, "_to": end, **_properties(properties)}


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [scalar(item) for item in value] if isinstance(value, list) else scalar(value)
        for name, value in sorted(properties.items())
        if value is not None and not name.startswith("_")
    }


def _key(value: Mapping[str, Any]) -> tuple[int, int]:
    return value["table"], value["offset"]


def collect_ids(value: Any, known: dict[tuple[int, int], str], wanted: set[tuple[int, int]]) -> None:
    """Note which internal ids of Ladybug ``value`` explains, by nodes, and which it uses, by relationships."""
    if isinstance(value, list):
        for item in value:
            collect_ids(item, known, wanted)
    elif isinstance(value, dict):
        if "_SRC" in value:
            wanted.update((_key(value["_SRC"]), _key(value["_DST"])))
        elif "_ID" in value and "_LABEL" in value:
            known[_key(value["_ID"])] = value.get("id", "")
        else:
            for item in value.values():
                collect_ids(item, known, wanted)


def embedded(value: Any, ids: Ids) -> Any:
    """Give a value of Ladybug in the form of `kg.store.base`; ``ids`` maps its internal ids to ours."""
    if isinstance(value, list):
        return [embedded(item, ids) for item in value]
    if isinstance(value, dict):
        if "_SRC" in value:
            start, end = ids[_key(value["_SRC"])], ids[_key(value["_DST"])]
            return relationship(value["_LABEL"], start, end, unpacked(value))
        if "_NODES" in value and "_RELS" in value:
            nodes, relationships = embedded(value["_NODES"], ids), embedded(value["_RELS"], ids)
            # A variable-length relationship carries only the nodes between, a path also those at its ends.
            if len(nodes) <= len(relationships):
                return relationships
            return {"_nodes": nodes, "_relationships": relationships}
        if "_ID" in value and "_LABEL" in value:
            return node(value["_LABEL"], value)
        if set(value) == {"offset", "table"}:
            return f"{value['table']}:{value['offset']}"
        return {str(key): embedded(item, ids) for key, item in unpacked(value).items()}
    return scalar(value)
