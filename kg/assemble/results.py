"""Make a node of a number that a paper reports."""

import hashlib
import re
from typing import Any

from kg.model import Result


def result_properties(result: Result) -> dict[str, Any]:
    """Give the properties of a result's node."""
    return {
        "label": "Result",
        "id": result_id(result),
        "metric": result.metric,
        "value": number(result.value),
        "unit": result.unit,
        "kind": result.kind,
        "text": result.evidence.sentence,
    }


def result_id(result: Result) -> str:
    """Give a stable id: the paper, and a digest of what is said of which method and dataset."""
    said = (result.method, result.dataset, result.metric, result.value, result.kind, result.evidence.start)
    return f"result:{result.paper_id}:{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"


def number(value: str) -> float | None:
    """Read the number in a value as written.

    >>> number("93.1%"), number("1,024"), number("-0.3"), number("many")
    (93.1, 1024.0, -0.3, None)
    """
    match = re.search(r"-?\d+(?:,\d{3})*(?:\.\d+)?|-?\.\d+", value.replace("\u2212", "-"))
    return float(match.group().replace(",", "")) if match else None
