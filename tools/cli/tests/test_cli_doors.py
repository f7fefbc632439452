"""``prewatt doors``; a test stands in for the notifier."""

from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner, Result

from prewatt_cli import doors
from prewatt_cli.__main__ import app

ORDER_ID = "01a22828-b81a-77b2-8a95-04dc9030e7ec"
ORDER = {
    "id": ORDER_ID,
    "account_number": "100001",
    "template": "low-balance",
    "language": "en",
    "bring_by": "2026-03-04T00:00:00Z",
    "notice_id": "notice-1",
    "address": "12 Plum Lane [b]",
    "end": None,
}


@pytest.fixture
def asked(monkeypatch) -> list[httpx.Request]:
    """What was asked for."""
    requests: list[httpx.Request] = []
    answers = {
        "/v1/door-orders": {"items": [ORDER], "next": None},
        f"/v1/door-orders/{ORDER_ID}/text": {"subject": "Low balance", "body": "one\n[b]\n"},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=answers[request.url.path])

    def client(*_: object, **__: object) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://notifier")

    monkeypatch.setattr(doors, "find_target", lambda **_: SimpleNamespace(client=client))
    return requests


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doors", *arguments], env={"COLUMNS": "200"})


def test_orders_are_listed_that_are_open_or_all(asked) -> None:
    for arguments, open_only in ((("orders",), "true"), (("orders", "--all"), None)):
        listed = run(*arguments)
        assert listed.exit_code == 0, listed.output
        assert asked[-1].url.params.get("open") == open_only
        for said in ("100001", "2026-03-04T00:00:00Z", "notice-1", "12 Plum Lane [b]"):
            assert said in listed.output


def test_what_the_paper_says_is_printed(asked) -> None:
    assert run("text", ORDER_ID).output == "Low balance\none\n[b]\n"
