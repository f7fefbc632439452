"""``prewatt campaigns``; a test stands in for the notifier."""

import json
from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner, Result

from prewatt_cli import campaigns
from prewatt_cli.__main__ import app

ID = "01a22828-b81a-77b2-8a95-04dc9030e7ec"
CAMPAIGN = {
    "id": ID, "name": "n [b]", "purpose": "news", "state": "running", "first_day": "2026-12-01",
    "last_day": "2026-12-14",
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch) -> list[httpx.Request]:
    """What was asked for."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        match request.url.path.rpartition("/")[2]:
            case "campaigns" if request.method == "GET":
                return httpx.Response(200, json={"items": [CAMPAIGN], "next": None})
            case "audience":
                return httpx.Response(200, json={"added": 2})
            case "results.csv":
                return httpx.Response(200, text="name,value\r\naudience,2000\r\n")
            case _:
                return httpx.Response(200, json=CAMPAIGN)

    def client(*_: object, **__: object) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://notifier")

    monkeypatch.setattr(campaigns, "client_for", client)
    monkeypatch.setattr(campaigns, "find_target", lambda **_: SimpleNamespace(client=client))
    return requests


def prewatt(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["campaigns", *map(str, arguments)], env={"COLUMNS": "200"})


def test_they_are_listed(asked):
    done = prewatt("list")
    assert done.exit_code == 0, done.output
    assert "n [b]" in done.output
    assert "running" in done.output


def test_a_draft_is_a_document(asked, tmp_path):
    document = tmp_path / "campaign.yaml"
    document.write_text("name: tariff of January\nchannels: [sms]\nholdout_percent: 10\n")
    done = prewatt("draft", document, "--reason", "the law", "--key", "k")
    assert (done.exit_code, done.output) == (0, f"{ID}\n")
    (request,) = asked
    assert request.headers["idempotency-key"] == "k"
    assert json.loads(request.content) == {
        "name": "tariff of January", "channels": ["sms"], "holdout_percent": 10,
        "reason": "the law",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", ""])
def test_what_is_no_document_is_refused(asked, tmp_path, text):
    document = tmp_path / "campaign.yaml"
    document.write_text(text)
    done = prewatt("draft", document, "--reason", "r")
    assert done.exit_code == 2
    assert "campaign.yaml" in done.output
    assert not asked


def test_accounts_are_uploaded_as_a_file(asked, tmp_path):
    file = tmp_path / "accounts.csv"
    file.write_text("account\n1\n2\n")
    done = prewatt("upload", ID, file)
    assert (done.exit_code, done.output) == (0, "2 accounts are new\n")
    (request,) = asked
    assert request.headers["content-type"] == "text/csv"
    assert request.url.path == f"/v1/campaigns/{ID}/audience"


@pytest.mark.parametrize("decision", ["approve", "start", "pause", "resume", "cancel"])
def test_it_is_decided(asked, decision):
    done = prewatt("decide", decision, ID, "--reason", "r", "--who", "wang")
    assert (done.exit_code, done.output) == (0, "running\n")
    (request,) = asked
    assert request.url.path == f"/v1/campaigns/{ID}/{decision}"
    assert json.loads(request.content) == {"reason": "r"}


def test_results_are_lines(asked):
    assert prewatt("results", ID).output.splitlines() == ["name,value", "audience,2000"]
