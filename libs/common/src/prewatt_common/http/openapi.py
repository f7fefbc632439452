"""What OpenAPI says of a service, beside what FastAPI finds in the routes' signatures: who may
call, by which problems a route answers, what its tags are about, and an example of each body."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

from prewatt_common.http.examples import Examples
from prewatt_common.http.rules import Rule

Document = dict[str, Any]

PROBLEM = "application/problem+json"
_JSON = "application/json"
_CSV = "text/csv"
_OPERATIONS = "What keeps the service running: probes, metrics, dead letters and offsets."
_DESCRIPTION = (
    "Money is integer micro-units (12.50 is 12500000), energy integer Wh, times are UTC. Errors "
    "are problem+json and say what happened, what was kept and what to do. A query parameter that "
    "is not named here is refused. What is no HTTP/1.1, or has a head over 16 KiB, is answered 400 "
    "and the connection ends; a path that does not take the method, 405 with `Allow`."
)
_PROBLEMS: Mapping[int, tuple[str, str]] = {
    401: ("unauthenticated", "No token, or one that does not hold"),
    403: ("missing-scope", "The token does not carry the scope, or a second person must do it"),
    404: ("not-found", "What the request names is not there"),
    408: ("body-too-slow", "The body did not come in time; nothing was done"),
    409: ("conflict", "It does not go with what is there; nothing was changed"),
    413: ("too-large", "The body is larger than this route takes; nothing was done"),
    415: ("unsupported-media-type", "The body is of another type than this route takes"),
    422: ("invalid-request", "The request is not as described here; nothing was done"),
    429: ("too-many-requests", "Too many came of that address, or for this; send it again later"),
    500: ("internal-error", "A fault of the service, which is in its log; not confirmed"),
    503: ("unavailable", "Busy, or without its database; send it again"),
}
_HEADERS: Mapping[int, str] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_WRITES = ("post", "put", "patch", "delete")
_OWN_OF_LISTS = frozenset({"cursor", "limit"})


def as_it_was(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What a route answers besides that changes nothing where the same holds already."""
    return {200: {"model": model, "description": "It was so before; nothing was changed"}}


def operation_id(route: APIRoute) -> str:
    """Method and path and nothing else, so that it stays for as long as the route does:
    ``post_vends_by_vend_id_void``."""
    words = [word for word in route.path_format.strip("/").split("/") if word != "v1"]
    named = [f"by_{word[1:-1]}" if word.startswith("{") else word for word in words]
    name = "_".join([*(method.lower() for method in sorted(route.methods or ())), *named])
    return name.replace("-", "_").replace(".", "_")


def describe(
    document: Document,
    *,
    rules: Sequence[Rule],
    titled: frozenset[str],
    tags: Mapping[str, str],
    values: Mapping[str, Any],
) -> Document:
    """``document`` with what it lacks. ``titled``: ids of operations with a summary of their own;
    the others' is the first sentence of their description."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _problem_schema()
    components["responses"] = {str(status): _problem_response(status) for status in _PROBLEMS}
    document["info"]["description"] = _DESCRIPTION
    document["tags"] = [
        {"name": name, "description": text}
        for name, text in sorted({**tags, "operations": _OPERATIONS}.items())
    ]
    examples = Examples(values, document)
    for rule, method, operation in _operations(document, rules):
        operation["responses"] = _answers(rule, method, operation)
        if rule.scopes:
            operation["security"] = [{"token": sorted(rule.scopes)}]
        if operation["operationId"] not in titled:
            _give_summary(operation)
        _give_examples(operation, rule, examples)
    if examples.missing:
        # Of no harm to anybody who calls; the test of the documents finds it.
        document["x-without-example"] = sorted(examples.missing)
    return document


def _operations(
    document: Document, rules: Sequence[Rule]
) -> Iterator[tuple[Rule, str, dict[str, Any]]]:
    by_route = {(rule.path, method.lower()): rule for rule in rules for method in rule.methods}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield by_route[path, method], method, operation


def _answers(rule: Rule, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """What the operation declares itself comes before what follows from its rule."""
    declared = {
        status: answer
        for status, answer in operation["responses"].items()
        if status != "422" or PROBLEM in answer.get("content", {})
    }
    told = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in _statuses(rule, method)
    }
    return dict(sorted((told | declared).items()))


def _statuses(rule: Rule, method: str) -> Iterator[int]:
    if rule.scopes:
        yield from (401, 403)
    if "{" in rule.path or rule.body_expected or rule.parameters.keys() - _OWN_OF_LISTS:
        yield 404
    if rule.body_expected:
        yield from (408, 413)
        if rule.body.media_type is not None:
            yield 415
    if method in _WRITES:
        yield 409
    yield 422
    if rule.limits is not None or rule.counts_tries:
        yield 429
    yield 500
    if rule.path.startswith("/v1/"):
        yield 503


def _give_summary(operation: dict[str, Any]) -> None:
    """The description's first sentence; the rest of it stays the description."""
    text = " ".join(operation.get("description", "").split())
    if not text:
        return
    sentence, _, rest = text.partition(". ")
    operation["summary"] = sentence.removesuffix(".")
    if not rest:
        del operation["description"]


def _give_examples(operation: dict[str, Any], rule: Rule, examples: Examples) -> None:
    bodies = [(operation.get("requestBody", {}).get("content", {}), True)]
    bodies += [(each.get("content", {}), False) for each in operation["responses"].values()]
    for content, request in bodies:
        for kind, media in content.items():
            if kind == _CSV and request and rule.csv_line is not None:
                media["schema"] = {"type": "string"}
                media["example"] = examples.of_csv(rule.csv_line)
            elif kind == _JSON and media.get("schema") and "example" not in media:
                media["example"] = examples.of_body(media["schema"], request=request)


def _problem_schema() -> dict[str, Any]:
    return {
        "title": "Problem",
        "description": "What happened, what was kept and what to do (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
        },
    }


def _problem_response(status: int) -> dict[str, Any]:
    kind, text = _PROBLEMS[status]
    example = {
        "type": f"urn:prewatt:problem:{kind}",
        "title": kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": f"{text}.",
    }
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {text[0].lower()}{text[1:]}",
        "content": {
            PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
    if status in _HEADERS:
        response["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return response
