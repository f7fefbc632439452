"""``prewatt templates`` and ``notices``; a test stands in for the notifier."""

import json
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner, Result

from prewatt_cli import notices, templates
from prewatt_cli.__main__ import app

TEXT_ID = "01a22828-b81a-77b2-8a95-04dc9030e7ec"
ANSWERS = {
    "POST /v1/templates": {"id": TEXT_ID},
    "GET /v1/templates/in-force": {"number": 0, "subject": "S [b]", "body": "one\ntwo"},
    f"GET /v1/templates/{TEXT_ID}/preview": {
        "findings": [],
        "samples": [{"subject": None, "body": "said", "characters": 4, "segments": 1}],
    },
    f"POST /v1/templates/{TEXT_ID}/test": {},
    f"POST /v1/templates/{TEXT_ID}/publish": {"number": 3, "effective_from": "2026-12-01"},
    f"POST /v1/templates/{TEXT_ID}/withdraw": {},
    f"GET /v1/notices/{TEXT_ID}/text": {"subject": None, "body": "told [b]", "is_exact": False},
    f"POST /v1/notices/{TEXT_ID}/resend": {"id": "anew"},
    f"POST /v1/parked-notices/{TEXT_ID}/release": {"what": "released"},
    f"POST /v1/parked-notices/{TEXT_ID}/drop": {"what": "dropped"},
    "GET /v1/parked-notices": {
        "items": [
            {
                "notice_id": TEXT_ID,
                "since": "2026-03-01T00:00:00Z",
                "doing": "record",
                "channel": "sms",
                "status": "sending",
                "peer_has_it": True,
                "error": "RuntimeError: [b]",
            }
        ],
        "next": None,
    },
    "GET /v1/templates/to-register": {
        "texts": [
            {
                "template": "low-balance",
                "language": "en",
                "text": "account ${tail} has ${balance}",
                "places": [
                    {"written": "${tail}", "key": "tail", "gives": "{tail}"},
                    {"written": "${balance}", "key": "balance", "gives": "{balance}"},
                ],
            }
        ]
    },
    "GET /v1/templates/holes": {
        "holes": [
            {"template": "supply-on", "language": "en", "channel": "sms", "says": "no text"},
        ]
    },
}


@pytest.fixture
def asked(monkeypatch) -> list[httpx.Request]:
    """What was asked for."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=ANSWERS[f"{request.method} {request.url.path}"])

    def client(*_: object, **__: object) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://notifier")

    for module in (templates, notices):
        monkeypatch.setattr(module, "client_for", client)
        monkeypatch.setattr(module, "find_target", lambda **_: SimpleNamespace(client=client))
    return requests


def prewatt(*arguments: object) -> Result:
    return run("templates", *arguments)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_a_file_is_drafted_under_a_key(asked, tmp_path: Path) -> None:
    file = tmp_path / "low.txt"
    file.write_text("{{ tail }}\n")
    result = prewatt("draft", "low-balance", "en", "sms", file, "--reason", "r", "--key", "k")
    assert (result.exit_code, result.output) == (0, f"{TEXT_ID}\n")
    (request,) = asked
    assert request.headers["idempotency-key"] == "k"
    assert json.loads(request.content)["body"] == "{{ tail }}"


def test_a_file_that_is_no_text_is_one_line_and_exit_code_2(asked, tmp_path: Path) -> None:
    file = tmp_path / "low.txt"
    file.write_bytes(b"\xff")
    result = prewatt("draft", "low-balance", "en", "sms", file, "--reason", "r")
    assert (result.exit_code, "is not UTF-8" in result.output, asked) == (2, True, [])


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (["show", "low-balance", "en", "email"], 0, "as it is shipped\nSubject: S [b]\none\ntwo"),
        (["preview", TEXT_ID], 0, "--- 4 characters, 1 SMS\nsaid"),
        (["test", TEXT_ID, "+8613800000000"], 0, "sent to +8613800000000"),
        (["publish", TEXT_ID, "--reason", "r"], 0, "version 3 holds from 2026-12-01 on"),
        (["withdraw", TEXT_ID, "--reason", "r"], 0, "withdrawn"),
        (["check"], 1, "supply-on en sms: no text"),
        (["preview", "x"], 2, "Invalid value"),
    ],
)
def test_what_is_asked_and_said(asked, arguments, exit_code, says) -> None:
    result = prewatt(*arguments)
    assert (result.exit_code, says in result.output) == (exit_code, True), result.output


def test_what_a_customer_was_told_and_is_told_anew(asked) -> None:
    told = run("notices", "text", TEXT_ID)
    assert (told.exit_code, told.output.splitlines()[0]) == (0, "told [b]")
    assert "the texts were changed since" in told.output
    anew = run("notices", "resend", TEXT_ID, "--reason", "r", "--key", "k")
    assert (anew.exit_code, anew.output) == (0, "said anew as anew\n")
    assert asked[-1].headers["idempotency-key"] == "k"


@pytest.mark.parametrize(
    ("provider", "of_it"),
    [
        ("aliyun", {"code": "", "parameters": {"tail": "{tail}", "balance": "{balance}"}}),
        ("tencent", {"id": "", "parameters": ["{tail}", "{balance}"]}),
        ("wechat", {"id": "", "data": {"tail": "{tail}", "balance": "{balance}"}}),
    ],
)
def test_texts_to_register_and_the_document_to_fill_in(asked, provider, of_it) -> None:
    told = prewatt("to-register", provider, "en")
    assert told.output.splitlines() == [
        "low-balance: ${tail} {tail}, ${balance} {balance}",
        "  account ${tail} has ${balance}",
    ]
    assert dict(asked[-1].url.params) == {"provider": provider, "language": "en"}
    document = prewatt("to-register", provider, "en", "--document")
    assert json.loads(document.output) == {"en": {"low-balance": of_it}}


def test_parked_notices_are_listed_let_go_and_dropped(asked) -> None:
    listed = run("notices", "parked")
    assert (listed.exit_code, "RuntimeError: [b]" in listed.output) == (0, True), listed.output
    for how, what in (("release", "released"), ("drop", "dropped")):
        done = run("notices", how, TEXT_ID, "--reason", "r", "--key", "k")
        assert (done.exit_code, done.output) == (0, f"{TEXT_ID}: {what}\n")
        assert asked[-1].headers["idempotency-key"] == "k"
