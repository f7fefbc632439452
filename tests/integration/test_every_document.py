"""The OpenAPI document of every service, as its bootstrap makes it: whole, and true to itself."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from service_apps import PACKAGES, app_of

Operation = tuple[str, dict[str, Any]]


@pytest.fixture(params=PACKAGES)
async def app(request, monkeypatch) -> AsyncGenerator[Any]:
    """Of a service; nothing that it would speak to is there."""
    if request.param == "meter_gateway":
        # It reads all meters before it serves.
        async def nothing(_: object) -> AsyncIterator[list[str]]:
            for ids in ():
                yield ids

        monkeypatch.setattr("meter_gateway.bootstrap.PostgresDevices.all_ids", nothing)
    nowhere = "postgresql+asyncpg://u:p@127.0.0.1:1/none"
    async with app_of(request.param, monkeypatch, database_url=nowhere) as app:
        yield app


@pytest.fixture
def document(app) -> dict[str, Any]:
    return app.openapi()


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Each with its method and path."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", operation


def bodies(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of requests and answers: where, of which type, and what is said of it."""
    for name, operation in operations(document):
        parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for part, said in parts.items():
            for kind, media in said.get("content", {}).items():
                yield f"{name} {part}", kind, media


async def test_every_operation_has_a_name_that_follows_from_its_path(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for where, operation in operations(document):
        method, path = where.lower().split()
        words = path.strip("/").removeprefix("v1/").replace("{", "by_").replace("}", "")
        expected = f"{method}_{words}".replace("/", "_").replace("-", "_").replace(".", "_")
        assert operation["operationId"] == expected
        assert operation["summary"].strip(" ."), where


async def test_every_tag_is_described_and_used(document):
    used = {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert used == {each["name"] for each in document["tags"]}
    assert all(each["description"] for each in document["tags"])


async def test_every_protected_operation_names_its_scope_and_both_refusals(document):
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    for where, operation in operations(document):
        answers = operation["responses"].keys()
        if "security" in operation:
            (named,) = operation["security"]
            assert named["token"], where
            assert {"401", "403"} <= answers, where
        assert {"422", "500"} <= answers, where
        assert not {"4XX", "5XX", "default"} & answers, "each problem by its status"


async def test_every_json_body_has_an_example_that_its_schema_takes(document):
    assert document.get("x-without-example") is None, "say them in the service's openapi.py"
    places = {name: document[name] for name in ("components", "paths")}
    for where, kind, media in bodies(document):
        if kind not in ("application/json", "text/csv"):
            continue
        assert "example" in media, where
        schema = {**media.get("schema", {}), **places}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        wrong = [str(error) for error in validator.iter_errors(media["example"])]
        assert not wrong, (where, wrong)


async def test_problems_are_described_once(document):
    described = document["components"]["responses"]
    for where, operation in operations(document):
        for status, answer in operation["responses"].items():
            if "$ref" in answer:
                assert answer["$ref"] == f"#/components/responses/{status}", where
                assert status in described
    for status, answer in described.items():
        example = answer["content"]["application/problem+json"]["example"]
        assert example["status"] == int(status)


def test_the_gate_knows_each_query_parameter_of_the_document(app, document):
    """It has them from the routes' signatures, and refuses all others."""
    for rule in app.rules:
        for method in rule.methods:
            said = document["paths"].get(rule.path, {}).get(method.lower(), {})
            shown = {
                each["name"]: takes_several(each["schema"])
                for each in said.get("parameters", ())
                if each["in"] == "query"
            }
            assert rule.parameters == shown, f"{method} {rule.path}"


def takes_several(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array" or any(map(takes_several, schema.get("anyOf", ())))
