"""Examples for OpenAPI, made from schemas: a field of one name has the same example everywhere.

So a body's example is never missing and never of fields that are no more. Where a name is not
enough, ``Model.field`` in a service's values says it for one model, or the model says it by
``json_schema_extra={"examples": [...]}``.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

Schema = Mapping[str, Any]

BY_FORMAT: Mapping[str, str] = {
    "uuid": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
    "date-time": "2026-11-29T08:00:00Z",
    "date": "2026-11-29",
    "uri": "urn:prewatt:problem:invalid-request",
    "base64": "aGVhZA==",
}
BY_ENDING: Mapping[str, int] = {
    "_micro": 12_500_000,
    "_wh": 10_600,
    "_w": 5_000,
    "_va": 10_000,
    "_ppm": 200_000,
    "_ms": 350,
    "_bytes": 2_048,
}
COMMON: Mapping[str, Any] = {
    "next": "2Yv1nYw3cQlbWyJwcmVwYXktbGVkZ2VyIC92MS9wYXltZW50cyJd",
    "reason": "asked for by the customer, letter 4711",
    "who": "li.wei",
    "account_number": "100001",
    "meter_id": "meter-1",
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
    "month": "2026-11",
    "group": "billing.readings",
    "topic": "meter.readings.v1",
    "source": "meter.readings.v1/3/1024",
    "key": "meter-1",
    "outcome": "handled",
    "detail": "as it should be",
    "LetterOut.id": "meter.readings.v1.dlq-0-17",
    "WholeLetterOut.id": "meter.readings.v1.dlq-0-17",
    "LetterOut.reason": "undecodable",
    "WholeLetterOut.reason": "undecodable",
    "headers": "ce_type",
    "value": "{}",
    "value_base64": "e30=",
    "StandingOut.state": "fits",
}
_INTEGER = 3
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class Examples:
    """Makes examples of schemas that refer to places in ``document``. ``values``: examples by the
    name of a field, of ``Model.field`` or of ``Model``; a list's is of one item of it."""

    def __init__(self, values: Mapping[str, Any], document: Schema) -> None:
        self._values = {**COMMON, **values}
        self._document = document
        self.missing: set[str] = set()
        """``Model.field`` of each text of which nothing tells what it is like."""

    def of_body(self, schema: Schema, *, request: bool) -> Any:
        """Of a whole body. A request's has what must be there, and where nothing must, its first
        field: to leave out what may be left out is right more often than to say all of it."""
        return self._of(schema, model="", field="body", request=request)

    def of_csv(self, schema: Schema) -> str:
        """A file's header and one line, of the model of its lines."""
        inner = Examples(self._values, schema)
        line = inner.of_body(schema, request=False)
        self.missing |= inner.missing
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(line)
        writer.writerow(_csv_field(each) for each in line.values())
        return text.getvalue()

    def _of(self, schema: Schema, *, model: str, field: str, request: bool) -> Any:
        if "$ref" in schema:
            model, schema = self._referred(schema["$ref"])
            if model in self._values:
                return self._values[model]
        for word in ("anyOf", "oneOf"):
            if word in schema:
                options = [each for each in schema[word] if each.get("type") != "null"]
                return self._of(options[0], model=model, field=field, request=request)
        said = _said(schema)
        if said is None:
            said = self._told(schema, model=model, field=field)
        if said is None:
            said = self._made(schema, model=model, field=field, request=request)
        return said

    def _referred(self, reference: str) -> tuple[str, Schema]:
        steps = reference.removeprefix("#/").split("/")
        schema = self._document
        for step in steps:
            schema = schema[unquote(step).replace("~1", "/").replace("~0", "~")]
        return steps[-1].rpartition("__")[2], schema

    def _made(self, schema: Schema, *, model: str, field: str, request: bool) -> Any:
        def of(inner: Schema) -> Any:
            return self._of(inner, model=model, field=field, request=request)

        match schema.get("type", "object"):
            case "object" if "properties" in schema:
                return self._object(schema, model or field, request=request)
            case "object":
                inner: Schema | bool = schema.get("additionalProperties", False)
                name = of(schema.get("propertyNames", {"const": "flat"}))
                return {} if isinstance(inner, bool) else {name: of(inner)}
            case "array":
                return [of(each) for each in schema.get("prefixItems", [schema.get("items", {})])]
            case "boolean":
                return bool(schema.get("default", True))
            case "integer" | "number":
                return _number(schema, field)
            case _:
                self.missing.add(f"{model}.{field}")
                return field

    def _object(self, schema: Schema, model: str, *, request: bool) -> dict[str, Any]:
        model = schema.get("title", model)
        properties: Mapping[str, Schema] = schema["properties"]
        shown = list(properties)
        if request:
            shown = list(schema.get("required", shown[:1]))
        return {
            name: self._of(properties[name], model=model, field=name, request=request)
            for name in shown
        }

    def _told(self, schema: Schema, *, model: str, field: str) -> Any:
        """What is said of the field by name, where it is of the field's type."""
        kind: str = schema.get("type", "object")
        form: str | None = schema.get("format")
        for name in (f"{model}.{field}", field):
            if name == field and form is not None and form in BY_FORMAT:
                return BY_FORMAT[form]
            if isinstance(value := self._values.get(name), _TYPES.get(kind, ())):
                return value
        return None


def _said(schema: Schema) -> Any:
    """What the schema says itself."""
    if "const" in schema:
        return schema["const"]
    return next(iter(schema.get("examples") or schema.get("enum") or ()), None)


def _number(schema: Schema, field: str) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1)
    value = next((each for ending, each in BY_ENDING.items() if field.endswith(ending)), _INTEGER)
    return int(max(least, min(value, most)))


def _csv_field(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(map(_csv_field, cast(list[Any], value)))
    return str(value)
