"""What each route asks of a request, gathered from the routes' own declarations.

A route declares its protection among its dependencies, its body's limits by how it takes the body,
and its query parameters by its signature. Not from the OpenAPI document, which says the same: to
make that one takes longer than all else of a start.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import isclass
from typing import Any, get_args, get_origin

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel

from prewatt_common.http.auth import Public, Requires
from prewatt_common.http.body import JSON_BODY, BodyLimits, TakesBody
from prewatt_common.http.rate_limits import PublicLimits, Tries


class UndeclaredRoute(Exception):
    """A route does not say who may call it: the service does not start."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of a request. No scopes: it is public."""

    path: str
    pattern: re.Pattern[str]
    methods: frozenset[str]
    scopes: frozenset[str]
    parameters: Mapping[str, bool]
    """Query parameters by name; True: may be given more than once."""
    body: BodyLimits
    body_expected: bool
    """Whether the route reads its body: then its media type counts."""
    csv_line: Mapping[str, Any] | None
    """The JSON Schema of a line, where the body is a CSV file."""
    limits: PublicLimits | None
    """How often it is answered to whom."""
    counts_tries: bool
    """Whether it counts something else too, that stands in the body."""
    strange_parameters: bool
    """Query parameters that it does not know are passed over."""


def rules_of(app: FastAPI) -> Sequence[Rule]:
    """The rules of ``app``'s routes, in their order. Raises `UndeclaredRoute`."""
    return [_rule(context) for context in iter_route_contexts(app.routes)]


def _rule(context: RouteContext) -> Rule:
    path, methods = context.path or "", frozenset(context.methods or ())
    if not isinstance(context.original_route, APIRoute):
        message = f"{path} is no route of a router: nothing can say who may call it"
        raise UndeclaredRoute(message)
    dependants = list(_dependants(context.dependant))
    declared = [each.call for each in dependants[1:]]
    name = f"{' '.join(sorted(methods))} {path}"
    scopes = frozenset(each.scope for each in declared if isinstance(each, Requires))
    public = [each for each in declared if isinstance(each, Public)]
    if bool(public) == bool(scopes):
        what = "is both public and protected" if public else "does not say who may call it"
        message = f"{name} {what}; declare Depends(require(scope)) or Depends(public(because=...))"
        raise UndeclaredRoute(message)
    bodies = [each for each in declared if isinstance(each, TakesBody)]
    if len(bodies) > 1:
        message = f"{name} takes its body more than once"
        raise UndeclaredRoute(message)
    limits = _limits(name, context.path_format or "", public)
    return Rule(
        path=path,
        pattern=context.path_regex,
        methods=methods,
        scopes=scopes,
        parameters=_parameters(dependants),
        body=bodies[0].limits if bodies else JSON_BODY,
        body_expected=bool(bodies) or getattr(context, "body_field", None) is not None,
        csv_line=bodies[0].csv_line if bodies else None,
        limits=limits,
        counts_tries=any(isinstance(each, Tries) for each in declared),
        strange_parameters=any(each.strange_parameters for each in public),
    )


def _limits(name: str, path: str, public: Sequence[Public]) -> PublicLimits | None:
    found = [each.limits for each in public if each.limits is not None]
    if len(found) > 1:
        message = f"{name} is limited more than once"
        raise UndeclaredRoute(message)
    for limits in found:
        for parameter, _ in limits.parameters:
            if f"{{{parameter}}}" not in path:
                message = f"{name} is limited by {parameter}, which its path does not have"
                raise UndeclaredRoute(message)
    return found[0] if found else None


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    """Itself, and what it depends on."""
    yield dependant
    for each in dependant.dependencies:
        yield from _dependants(each)


def _parameters(dependants: Sequence[Dependant]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for dependant in dependants:
        for field in dependant.query_params:
            annotation = field.field_info.annotation
            if isclass(annotation) and issubclass(annotation, BaseModel):
                for name, each in annotation.model_fields.items():
                    found[each.alias or name] = _is_list(each.annotation)
            elif getattr(field.field_info, "include_in_schema", True):
                found[field.alias] = _is_list(annotation)
    return found


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if isclass(origin) and issubclass(origin, Collection):
        return True
    return any(_is_list(each) for each in get_args(annotation))
