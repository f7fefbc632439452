"""The HTTP shell: tokens, problems, readiness, CSV uploads."""

import base64
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, IntegrityError

from prewatt_common.clock import utc_now
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import AUDIENCE, issue_token, public, require
from prewatt_common.http.csv_upload import CSV_BODY, LINES_MAX, CsvLines, parse_csv
from prewatt_common.http.problems import Problem
from prewatt_common.http.rules import UndeclaredRoute
from prewatt_common.refusals import Refusal
from prewatt_common.workers import Trouble

PROBLEM = "application/problem+json"


def key_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


PRIVATE, PUBLIC = key_pair()


class Thing(BaseModel, extra="forbid"):
    name: str
    count: int = Field(ge=0, default=0)


async def good() -> str:
    return "answers"


async def broken() -> str:
    message = "no route to it"
    raise ConnectionError(message)


SMALL_FILE = replace(CSV_BODY, bytes_max=1000)


class UnknownThing(Refusal):
    status = HTTPStatus.NOT_FOUND
    kind = "unknown-thing"


def app_with(consuming=None, **checks):
    router = APIRouter(dependencies=[Depends(public(because="a test"))])
    guarded = APIRouter(dependencies=[Depends(require("things:read"))])

    @guarded.get("/things")
    async def things() -> str:
        return "here"

    @router.get("/search")
    async def search(
        limit: int = 1,
        name: str = "",
        kind: Annotated[list[str] | None, Query()] = None,
    ) -> None:
        pass

    @router.post("/things")
    async def make(body: Thing) -> Thing:
        return body

    @router.post("/import")
    async def import_(
        lines: Annotated[
            list[tuple[int, Thing]], Depends(CsvLines(Thing, unique="name", limits=SMALL_FILE))
        ],
    ) -> list[tuple[int, Thing]]:
        return lines

    @router.put("/by-name/{name}")
    async def named(name: str) -> str:
        return name

    @router.post("/by-name/import")
    async def import_named() -> str:
        return "imported"

    @router.get("/fails")
    async def fails() -> None:
        message = "a secret detail"
        raise KeyError(message)

    @router.get("/lost")
    async def lost() -> None:
        raise ConnectionRefusedError

    @router.get("/busy")
    async def busy() -> None:
        deadlock = RuntimeError()
        deadlock.__cause__ = asyncpg.DeadlockDetectedError("deadlock")
        raise DBAPIError("UPDATE", None, deadlock)

    @router.get("/wrong")
    async def wrong() -> None:
        raise DBAPIError("UPDATE", None, RuntimeError("syntax"))

    @router.get("/taken")
    async def taken(sqlstate: str) -> None:
        cause = asyncpg.UniqueViolationError("a secret name is taken")
        cause.constraint_name = "account_number_key"
        wrapped = RuntimeError()
        wrapped.sqlstate = sqlstate
        wrapped.__cause__ = cause
        raise IntegrityError("INSERT", None, wrapped)

    @router.get("/refused")
    async def refused() -> None:
        message = "it is in use"
        raise Refusal(message)

    @router.get("/unknown")
    async def unknown() -> None:
        message = "there is none"
        raise UnknownThing(message)

    return create_app(
        name="test",
        summary="",
        auth_public_key=PUBLIC,
        routers=[router, guarded],
        checks=checks,
        consuming=consuming or {},
    )


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    # The server logs what it did not expect and raises it again, after it has answered.
    transport = httpx.ASGITransport(app=app_with(database=good), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def nothing() -> None:
    pass


def _undeclared(router: APIRouter) -> None:
    router.get("/x")(nothing)


def _both(router: APIRouter) -> None:
    declared = [Depends(require("x:read")), Depends(public(because="a test"))]
    router.get("/x", dependencies=declared)(nothing)


def _websocket(router: APIRouter) -> None:
    router.websocket("/x")(nothing)


def _mounted(router: APIRouter) -> None:
    router.mount("/x", nothing)


@pytest.mark.parametrize("declare", [_undeclared, _both, _websocket, _mounted])
def test_a_route_that_does_not_say_who_may_call_it_is_not_served(declare):
    router = APIRouter()
    declare(router)
    with pytest.raises(UndeclaredRoute, match="/x"):
        create_app(
            name="test",
            summary="",
            auth_public_key=PUBLIC,
            routers=[router],
            checks={},
            consuming={},
        )


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("", None),
        ("&&", None),
        ("limit=3", None),
        ("kind=a&kind=b", None),
        ("limit=%33", None),
        ("%6cimit=3", None),
        ("limit=3&limit=3", "repeated-parameter"),
        ("limit=3&l%69mit=3", "repeated-parameter"),
        ("Limit=3", "unknown-parameter"),
        ("limit%00=3", "unknown-parameter"),
        ("=3", "unknown-parameter"),
        ("limi=3", "unknown-parameter"),
        ("kind[]=a", "unknown-parameter"),
        ("limit=3;kind=a", "invalid-request"),
        ("limit", "invalid-request"),
        ("name=%00", "invalid-request"),
        ("name=%ff", "invalid-request"),
        ("&".join(f"kind={n}" for n in range(101)), "invalid-request"),
    ],
)
async def test_the_query_holds_what_the_route_knows(client, query, kind):
    answer = await client.get(f"/search?{query}")
    if kind is None:
        assert answer.status_code == 200, answer.text
        return
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["type"] == f"urn:prewatt:problem:{kind}"
    if kind == "unknown-parameter":
        assert answer.json()["known"] == ["limit", "name", "kind"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_public_pages_know_no_parameters(client, path):
    assert (await client.get(path)).status_code == 200
    answer = await client.get(f"{path}?x=1")
    assert (answer.status_code, answer.json()["parameter"]) == (422, "x")


async def test_a_path_that_a_route_spells_out_is_nobodys_name(client):
    assert (await client.post("/by-name/import")).json() == "imported"
    assert (await client.put("/by-name/imports")).json() == "imports"
    answer = await client.put("/by-name/import")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = await client.post("/by-name/imports")
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")


async def test_openapi_says_what_is_protected_and_how_errors_look(client):
    document = (await client.get("/openapi.json")).json()
    paths, told = document["paths"], document["components"]["responses"]
    assert paths["/things"]["get"]["security"] == [{"token": ["things:read"]}]
    assert "security" not in paths["/search"]["get"]
    assert {"401", "403", "422", "500"} <= paths["/things"]["get"]["responses"].keys()
    assert not {"401", "403"} & paths["/search"]["get"]["responses"].keys()
    refused = paths["/search"]["get"]["responses"]["422"]
    assert refused == {"$ref": "#/components/responses/422"}
    assert PROBLEM in told["422"]["content"]


def token(**changes) -> str:
    given = {
        "private_key_pem": PRIVATE,
        "subject": "me",
        "scopes": ["things:read"],
        "now": utc_now(),
        "lifetime": timedelta(minutes=5),
    } | changes
    return issue_token(**given)


def forged(**claims) -> str:
    now = utc_now()
    good_claims = {
        "sub": "me",
        "aud": AUDIENCE,
        "exp": now + timedelta(hours=1),
        "scope": "things:read",
    }
    return jwt.encode(
        {k: v for k, v in (good_claims | claims).items() if v is not None},
        PRIVATE,
        algorithm="EdDSA",
    )


@pytest.mark.parametrize("kind", ["Bearer", "bearer"])
async def test_a_token_with_the_scope_is_let_in(client, kind):
    answer = await client.get("/things", headers={"authorization": f"{kind} {token()}"})
    assert (answer.status_code, answer.json()) == (200, "here")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Basic bWU6bWU=",
        "Bearer nonsense",
        "Bearer " + base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.x",
        "Bearer é.é.é".encode("latin-1"),
        "Bearer " + token(now=utc_now() - timedelta(hours=1)),
        "Bearer " + token(private_key_pem=key_pair()[0]),
        "Bearer " + forged(aud="another"),
        "Bearer " + forged(aud=None),
        "Bearer " + forged(exp=None),
        "Bearer " + forged(sub=None),
        "Bearer " + jwt.encode({"sub": "me", "aud": AUDIENCE, "exp": 9_999_999_999}, None, "none"),
        "Bearer " + jwt.encode({"sub": "me", "aud": AUDIENCE, "exp": 9_999_999_999}, "x" * 32),
    ],
)
async def test_a_token_that_does_not_hold_is_not(client, authorization):
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await client.get("/things", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scopes", [[], ["things:write"], ["things:read:all"]])
async def test_a_token_without_the_scope_is_not(client, scopes):
    answer = await client.get(
        "/things", headers={"authorization": f"Bearer {token(scopes=scopes)}"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert answer.json()["scope"] == "things:read"


@pytest.mark.parametrize(
    ("call", "body", "status", "kind"),
    [
        ("GET /nowhere", None, 404, "not-found"),
        ("DELETE /things", None, 405, "method-not-allowed"),
        ("POST /things", b'{"name": 1}', 422, "invalid-request"),
        ("POST /things", b'{"name": ', 422, "invalid-request"),
        ("POST /things", b'{"name": "x", "count": 1' + b"0" * 4999 + b"}", 422, "invalid-request"),
        ("POST /things", b"\xff", 422, "invalid-request"),
        ("POST /things", b"[" * 100_000, 422, "invalid-request"),
        ("POST /things", '{"name": "x"}'.encode("utf-16"), 422, "invalid-request"),
        ("POST /things", b'{"name": "\\u0000"}', 422, "invalid-request"),
        ("POST /things", b'{"name": "\\\\\\u0000"}', 422, "invalid-request"),
        ("POST /things", b'{"name": "\\ud800"}', 422, "invalid-request"),
        ("POST /things", b'{"\\ud800": 1}', 422, "invalid-request"),
        (
            "POST /things",
            b"{" + b",".join(b'"%d":0' % n for n in range(20_000)) + b"}",
            422,
            "invalid-request",
        ),
        ("POST /things", b'{"name": "\\udc00\\ud800"}', 422, "invalid-request"),
        ("GET /fails", None, 500, "internal-error"),
        ("GET /wrong", None, 500, "internal-error"),
        ("GET /lost", None, 503, "unavailable"),
        ("GET /busy", None, 503, "unavailable"),
        ("GET /taken?sqlstate=23505", None, 409, "conflict"),
        ("GET /taken?sqlstate=23P01", None, 409, "conflict"),
        ("GET /taken?sqlstate=23503", None, 500, "internal-error"),
        ("GET /refused", None, 409, "refused"),
        ("GET /unknown", None, 404, "unknown-thing"),
    ],
)
async def test_every_error_is_a_problem(client, call, body, status, kind):
    method, path = call.split()
    headers = {"content-type": "application/json"}
    answer = await client.request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"urn:prewatt:problem:{kind}", status)
    assert problem["detail"]
    assert "secret" not in answer.text


async def test_the_log_names_what_was_taken_and_no_more(client, caplog):
    await client.get("/taken?sqlstate=23505")
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [
        "/taken: account_number_key is taken; answered 409"
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [(rb"\ud83d\ude00", "\U0001f600"), (rb"\\u0000 \\ud800", r"\u0000 \ud800")],
)
async def test_other_escapes_are_taken(client, text, name):
    headers = {"content-type": "application/json"}
    body = b'{"name": "' + text + b'"}'
    answer = await client.post("/things", content=body, headers=headers)
    assert answer.json() == {"name": name, "count": 0}


async def test_readiness_shows_what_is_not_ready():
    for checks, status, word in (
        ({"a": good}, 200, "ready"),
        ({"a": good, "b": broken}, 503, "not ready"),
    ):
        transport = httpx.ASGITransport(app=app_with(**checks))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()["status"]) == (status, word)
            assert answer.json()["checks"]["a"] == {"ok": True, "detail": "answers"}
            assert (await client.get("/healthz")).status_code == 200
    assert answer.json()["checks"]["b"] == {
        "ok": False,
        "detail": "ConnectionError: no route to it",
    }


async def test_what_does_not_consume_is_said_and_serves_http_all_the_same():
    away = Trouble()
    away.begin("Kafka is away: no route")

    async def stopped() -> str:
        away.check()
        return "3 partitions"

    transport = httpx.ASGITransport(app=app_with({"x.y": stopped, "x.z": good}, a=good))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/readyz")).status_code == 200
        answer = await client.get("/readyz/consume")
        assert (answer.status_code, answer.json()["status"]) == (503, "not consuming")
        detail = answer.json()["checks"]["x.y"]["detail"]
        assert re.fullmatch(r"Kafka is away: no route \(since \d\d:\d\d:\d\d UTC\)", detail)
        metrics = (await client.get("/metrics")).text
        assert 'prewatt_consuming{consumer="x.y"} 0.0' in metrics
        assert 'prewatt_consuming{consumer="x.z"} 1.0' in metrics
        # A probe of the start waits for it, but not for ever.
        for within_s, status in ((60, 503), (0, 200)):
            answer = await client.get("/readyz/consume", params={"within_s": within_s})
            assert (answer.status_code, answer.json()["status"]) == (status, "not consuming")
        away.end()
        assert (await client.get("/readyz/consume")).status_code == 200
        assert 'consuming{consumer="x.y"} 1.0' in (await client.get("/metrics")).text


async def upload(client, body, kind="text/csv; charset=utf-8"):
    return await client.post("/import", content=body, headers={"content-type": kind})


async def test_a_file_is_read_with_line_numbers(client):
    body = b'\xef\xbb\xbfname,count\r\na,1\r\n"b\nb",\r\nc,3\r\n'
    answer = await upload(client, body)
    assert answer.json() == [
        [2, {"name": "a", "count": 1}],
        [3, {"name": "b\nb", "count": 0}],
        [5, {"name": "c", "count": 3}],
    ]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (
            b"name,count\na,-1\n,2\nb,3,4\nb\na,1\na,2",
            ["line 2", "line 3", "line 4", "line 5", "line 7"],
        ),
        (b'name,count\na,1\n"b,2\nc,3', ["line 3"]),
        (b"name,count\na," + b"9" * 30, []),
        (b"name,size\na,1", ["line 2"]),
        (b"name,count", ["the file has no lines after its header"]),
        (b"", ["the file has no lines after its header"]),
    ],
)  # fmt: skip
async def test_what_is_wrong_in_a_file_is_named_by_line(client, body, named):
    answer = await upload(client, body)
    if not named:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), answer.text
    assert [problem.split(":")[0] for problem in answer.json()["problems"]] == named


def test_a_file_of_more_lines_than_there_is_memory_for_is_refused():
    lines = ["name"] + [str(number) for number in range(LINES_MAX)]
    assert len(parse_csv("\n".join(lines).encode(), Thing)) == LINES_MAX
    with pytest.raises(Problem) as refused:
        parse_csv("\n".join([*lines, "x"]).encode(), Thing)
    assert (refused.value.status, refused.value.kind) == (413, "too-many-lines")


async def test_what_is_no_file_is_refused(client):
    assert (await upload(client, b"name\nx", "application/json")).status_code == 415
    assert (await upload(client, b"name\n" + b"x" * 1000)).status_code == 413
    assert (await upload(client, b"name\n\xff")).status_code == 422

    async def endless():
        while True:
            yield b"x" * 100

    assert (await upload(client, endless())).status_code == 413
