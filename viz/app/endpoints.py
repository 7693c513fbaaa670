"""The API: what can be asked, with which parameters, and what comes back. Routes, checks and /openapi.json all come
from the one list here, so that they cannot differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from starlette.datastructures import QueryParams

from kg.model import Kind
from kg.store.schema import RELATIONSHIPS
from viz.app.problem import ProblemError

Schema = Mapping[str, Any]

SEARCHED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{label: (label,) for label in ("Method", "Task", "Author", "Paper")},
        "Dataset": ("Dataset", "Benchmark"),
        "Entity": ("Method", "Dataset", "Benchmark", "Task"),
    }
)
"""What may be searched for, and which kinds of nodes that is."""

PACKED = "application/octet-stream"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the address; one without a default is required, one that is ``many`` may be given several times."""

    name: str
    about: str
    type: Literal["string", "integer"] = "string"
    required: bool = False
    default: Any = None
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    many: int = 0

    def read(self, text: str) -> Any:
        """Check one value; raises ProblemError 400."""
        if self.type == "integer":
            if not text.isascii() or not text.isdecimal() or not self.least <= int(text[:12]) <= self.most:
                raise ProblemError(400, f"{self.name} is a whole number from {self.least} to {self.most:,}")
            return int(text)
        if len(text) > _LONGEST:
            raise ProblemError(400, f"{self.name} is longer than {_LONGEST:,} characters")
        if self.choices and text not in self.choices:
            raise ProblemError(400, f"{self.name} is one of: {', '.join(self.choices)}")
        return text

    def schema(self) -> dict[str, Any]:
        """Describe it for OpenAPI."""
        schema: dict[str, Any] = {"type": self.type}
        if self.type == "integer":
            schema |= {"minimum": self.least, "maximum": self.most}
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.default is not None:
            schema["default"] = self.default
        if self.many:
            schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": self.many}
        return {
            "name": self.name,
            "in": "query",
            "description": self.about,
            "required": self.required,
            "schema": schema,
        }


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked; ``name`` is that of its handler and its path under /api."""

    name: str
    summary: str
    answer: Schema | None = None
    """The JSON that comes back; None for bytes."""
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    """The JSON that is sent, by POST."""

    @property
    def method(self) -> str:
        """GET, or POST where something is sent."""
        return "GET" if self.body is None else "POST"

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/api/{self.name}"

    def read(self, given: QueryParams) -> dict[str, Any]:
        """Check the values in an address; raises ProblemError 400 for what is wrong, missing or unknown."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise ProblemError(400, f"no parameter {name[:60]!r}; it takes: {', '.join(known) or 'nothing'}")
        values: dict[str, Any] = {}
        for name, parameter in known.items():
            texts = given.getlist(name)
            if not texts and parameter.required:
                raise ProblemError(400, f"{name} is missing: {parameter.about}")
            if len(texts) > max(parameter.many, 1):
                raise ProblemError(400, f"{name} may be given {max(parameter.many, 1)} times at most")
            found = [parameter.read(text) for text in texts]
            values[name] = found if parameter.many else found[0] if found else parameter.default
        return values


def _object(required: str = "", /, **properties: Schema) -> Schema:
    optional = {name for name in properties if name in required.split()}
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_TRUTH: Schema = {"type": "boolean"}
_YEAR: Schema = {"type": ["integer", "null"]}
_ANY: Schema = {}
_KIND: Schema = {"type": "string", "enum": [kind.value for kind in Kind]}
_COUNTS: Schema = {"type": "object", "additionalProperties": _WHOLE}
_NODE = {"id": _TEXT, "name": _TEXT, "kind": _KIND, "papers": _WHOLE, "first": _YEAR, "last": _YEAR}
_SCORE: Schema = {"type": ["number", "null"]}
_PAPER = _object(id=_TEXT, title=_TEXT, year=_YEAR, url=_TEXT, authors=_array(_TEXT), venue=_TEXT)
_RELATION = tuple(RELATIONSHIPS)
_PARAMETER = _object(name=_TEXT, type=_TEXT, required=_TRUTH, default=_ANY, example=_ANY)


def _id(about: str = "the id of a node, such as dataset:cifar-10", name: str = "id", many: int = 0) -> Parameter:
    return Parameter(name, about, required=True, many=many)


ENDPOINTS = (
    Endpoint(
        "graph",
        "What is in the graph: counts and years.",
        _object(
            title=_TEXT,
            nodes=_WHOLE,
            links=_WHOLE,
            kinds=_COUNTS,
            relations=_COUNTS,
            years={"type": ["array", "null"], "items": _WHOLE},
            whole={"type": "boolean", "description": "whether /api/core gives it whole"},
        ),
    ),
    Endpoint("core", "The whole graph, packed for the explorer (docs/decisions/0006-explorer.md); small graphs only."),
    Endpoint(
        "part",
        "What lies around a node, or several nodes and the links among them (hops 0), packed as the whole is.",
        parameters=(
            _id(many=500),
            Parameter("hops", "how many links away", "integer", default=1, least=0, most=3),
            Parameter("limit", "nodes at most", "integer", default=300, least=1, most=2000),
        ),
    ),
    Endpoint(
        "search",
        "Nodes by name, alias or title, best first; spelling is taken kindly.",
        _object(hits=_array(_object(**_NODE, alias={"type": ["string", "null"]}))),
        (
            Parameter("q", "what is typed", required=True),
            Parameter("limit", "hits at most", "integer", default=20, least=1, most=200),
            Parameter("kind", "what to look for; by default anything", choices=tuple(SEARCHED)),
        ),
    ),
    Endpoint(
        "node",
        "A node: names, years, support, facts, and how many neighbours it has by relation and direction.",
        _object(
            **_NODE,
            aliases=_array(_TEXT),
            facts={"type": "object"},
            groups=_array(_object(relation=_TEXT, direction=_TEXT, total=_WHOLE)),
        ),
        (_id(),),
    ),
    Endpoint(
        "neighbours",
        "The neighbours of a node by one relation, the best supported first; papers and years are the link's.",
        _object(total=_WHOLE, neighbours=_array(_object(**_NODE, score=_SCORE))),
        (
            _id(),
            Parameter("relation", "the relation", required=True, choices=_RELATION),
            Parameter("direction", "out from the node, or in to it", default="out", choices=("out", "in")),
            Parameter("offset", "neighbours to leave out", "integer", default=0, least=0, most=100_000),
            Parameter("limit", "neighbours at most", "integer", default=25, least=1, most=500),
        ),
    ),
    Endpoint(
        "evidence",
        "The sentences behind a link, each with its paper and where it stands there.",
        _object(
            evidence=_array(
                _object(
                    paper=_PAPER,
                    field={"type": "string", "enum": ["title", "abstract"]},
                    start=_WHOLE,
                    end=_WHOLE,
                    sentence=_TEXT,
                )
            )
        ),
        (
            _id("the id of the node that the link comes from", "subject"),
            Parameter("relation", "the relation", required=True, choices=_RELATION),
            _id("the id of the node that it goes to", "object"),
        ),
    ),
    Endpoint(
        "papers",
        "Papers by id, for a bibliography; ids may also be one value with commas between.",
        _object(papers=_array(_PAPER)),
        (
            Parameter("id", "the id of a paper", many=200),
            Parameter("ids", "ids of papers, with commas between"),
        ),
    ),
    Endpoint(
        "path",
        "A shortest path between two nodes; empty where there is none of at most eight links.",
        _object(
            nodes=_array(_object(**_NODE)),
            links=_array(
                _object(
                    subject=_TEXT, relation=_TEXT, object=_TEXT, papers=_WHOLE, score=_SCORE, first=_YEAR, last=_YEAR
                )
            ),
        ),
        (_id("the id of a node", "from"), _id("the id of another", "to")),
    ),
    Endpoint(
        "queries",
        "The questions that have a name, and what they take.",
        _object(queries=_array(_object(name=_TEXT, summary=_TEXT, cypher=_TEXT, parameters=_array(_PARAMETER)))),
    ),
    Endpoint(
        "query",
        "Ask in Cypher, or a question by its name. Read-only; limited in time, memory and rows.",
        _object(columns=_array(_TEXT), rows=_array({"type": "array"}), truncated=_TRUTH, seconds={"type": "number"}),
        body=_object(
            "cypher name parameters limit",
            cypher=_TEXT,
            name=_TEXT,
            parameters={"type": "object"},
            limit={"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000},
        ),
    ),
    Endpoint(
        "completions",
        "What can be written in Cypher here: labels and relations with their properties, functions, keywords.",
        _object(
            labels={"type": "object", "additionalProperties": _array(_TEXT)},
            relations={"type": "object", "additionalProperties": _array(_TEXT)},
            ends={"type": "object", "additionalProperties": _array(_array(_TEXT))},
            functions=_array(_TEXT),
            keywords=_array(_TEXT),
        ),
    ),
)


def describe(version: str) -> dict[str, Any]:
    """Describe the API in OpenAPI 3.1."""
    problem = {
        "description": "What is wrong, and what to do (RFC 9457).",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        content = {PACKED: {}} if endpoint.answer is None else {"application/json": {"schema": endpoint.answer}}
        operation: dict[str, Any] = {
            "operationId": endpoint.name,
            "summary": endpoint.summary,
            "parameters": [parameter.schema() for parameter in endpoint.parameters],
            "responses": {"200": {"description": "The answer.", "content": content}, "default": problem},
        }
        if endpoint.body is None:
            operation["responses"]["304"] = {"description": "Not changed since the ETag in If-None-Match."}
        else:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": endpoint.body}}}
        paths[endpoint.path] = {endpoint.method.lower(): operation}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Knowledge graph",
            "version": version,
            "summary": "One graph, read-only, on this machine.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": _object(type=_TEXT, title=_TEXT, status=_WHOLE, detail=_TEXT)},
        },
    }
