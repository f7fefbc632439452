"""Examples made from schemas: of the field's name where one is said, else of its type."""

from typing import Any

import pytest

from prewatt_common.http.examples import Examples

DOCUMENT = {
    "defs": {
        "AccountIn": {
            "title": "AccountIn",
            "type": "object",
            "required": ["number"],
            "properties": {"number": {"type": "string"}, "balance_micro": {"type": "integer"}},
        },
        "Told": {"title": "Told", "type": "object", "properties": {}},
    }
}
VALUES: dict[str, Any] = {
    "number": "100001",
    "AccountIn.number": "200002",
    "Told": {"said": "as a whole"},
    "kinds": "energy",
}


def examples() -> Examples:
    return Examples(VALUES, DOCUMENT)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": "x"}, "x"),
        ({"enum": ["a", "b"]}, "a"),
        ({"examples": ["said by the schema"], "type": "string"}, "said by the schema"),
        ({"type": "string", "format": "date"}, "2026-11-29"),
        ({"type": "boolean", "default": False}, False),
        ({"type": "integer", "maximum": 2}, 2),
        ({"type": "integer", "exclusiveMinimum": 9}, 10),
        ({"anyOf": [{"type": "null"}, {"const": 1}]}, 1),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"flat": 3}),
        (
            {
                "type": "object",
                "propertyNames": {"enum": ["credit"]},
                "additionalProperties": {"type": "integer"},
            },
            {"credit": 3},
        ),
        ({"type": "object", "additionalProperties": True}, {}),
        ({"type": "array", "items": {"$ref": "#/defs/Told"}}, [{"said": "as a whole"}]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        ({"$ref": "#/defs/AccountIn"}, {"number": "200002", "balance_micro": 12_500_000}),
    ],
)
def test_an_answers_body(schema: dict[str, Any], expected: Any):
    assert examples().of_body(schema, request=False) == expected


def test_a_request_shows_what_must_be_there():
    shown = examples().of_body({"$ref": "#/defs/AccountIn"}, request=True)
    assert shown == {"number": "200002"}


def test_a_text_of_which_nothing_is_said_is_named():
    made = examples()
    made.of_body(
        {"title": "M", "type": "object", "properties": {"x": {"type": "string"}}}, request=False
    )
    assert made.missing == {"M.x"}


def test_a_csv_file_has_a_header_and_a_line():
    line = {
        "title": "Line",
        "type": "object",
        "properties": {"number": {"type": "string"}, "protected": {"type": "boolean"}},
    }
    assert examples().of_csv(line) == "number,protected\n100001,true\n"
