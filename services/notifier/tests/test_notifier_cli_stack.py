"""``prewatt webhooks`` and ``prewatt contacts`` as people type them, on the running notifier."""

import asyncio
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from prewatt_cli.__main__ import app

pytestmark = pytest.mark.stack

TOPPED_UP = "prewatt.ledger.topped-up.v1"


@pytest.fixture
def prewatt(notifier, tmp_path):
    """Exit code, and what was said."""
    key = tmp_path / "auth_private.pem"
    key.write_text(notifier.auth_private)
    env = {
        "COLUMNS": "250",
        "PREWATT_NOTIFIER_URL": notifier.base_url,
        "PREWATT_AUTH_PRIVATE_KEY_FILE": str(key),
    }

    async def say(*arguments: object) -> tuple[int, str]:
        runner = CliRunner(env=env)
        result = await asyncio.to_thread(runner.invoke, app, [*map(str, arguments)])
        return result.exit_code, result.output

    return say


async def test_a_webhook_from_its_beginning_to_its_end(notifier, prewatt, receiver):
    why = ("--reason", "the call centre", "--who", "li")
    code, said = await prewatt("webhooks", "add", receiver.url, "--event", TOPPED_UP, *why)
    assert (code, "is active" in said, "secret: whsec_" in said) == (0, True, True), said
    webhook = said.split()[1].rstrip(":")
    receiver.secrets.append(said.split("secret: ")[1].strip())
    assert (await prewatt("webhooks", "list"))[1].count(webhook) == 1

    assert (await prewatt("webhooks", "ping", webhook, *why))[0] == 0

    async def answered() -> bool:
        return "delivered" in (await prewatt("webhooks", "messages", webhook))[1]

    await notifier.until(answered, what="the ping")
    code, said = await prewatt("webhooks", "secret", webhook, "--overlap-hours", 0, *why)
    assert (code, "secret: whsec_" in said) == (0, True)
    for what, status in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        code, said = await prewatt("webhooks", what, webhook, *why)
        assert (code, f"is {status}" in said) == (0, True), said
    code, said = await prewatt("webhooks", "history", webhook)
    assert (code, said.count("the call centre"), " li " in said) == (0, 6, True), said


async def test_what_a_webhook_is_refused_for_is_said_in_one_line(prewatt):
    add = ("webhooks", "add", "https://10.0.0.1/hook", "--event", TOPPED_UP, "--reason", "a test")
    code, said = await prewatt(*add)
    assert (code, said.count("\n")) == (2, 1), said
    code, said = await prewatt("webhooks", "ping", uuid4(), "--reason", "a test")
    assert (code, said.count("\n")) == (2, 1), said


async def test_what_a_customer_wants_to_be_told(notifier, prewatt):
    account_id = await notifier.account()
    contact = {"language": "en", "phone": "+8613800000001", "channels": ["sms"]}
    async with notifier.http("notifier:write") as client:
        answer = await client.put(f"/v1/contacts/{account_id}", json=contact)
    assert answer.status_code == 200, answer.text
    code, said = await prewatt("contacts", "show", account_id)
    assert (code, "phone: +8613800000001" in said) == (0, True), said
    assert "yes, whatever they want" in said, "of supply everybody is told"

    by = ("--how", "by telephone", "--who", "li")
    code, said = await prewatt("contacts", "withdraw", account_id, "news", *by)
    assert (code, "by telephone" in said) == (0, True), said
    code, said = await prewatt("contacts", "give", account_id, "campaigns", *by)
    assert code == 0, said
    lines = [each.split()[:3] for each in said.splitlines()]
    assert ["news", "no", "no"] in lines
    assert ["campaigns", "yes", "yes"] in lines
    code, said = await prewatt("contacts", "withdraw", account_id, "supply", *by)
    assert (code, "whatever they want" in said) == (2, True), said

    assert (await prewatt("contacts", "forget", account_id))[0] == 0
    assert (await prewatt("contacts", "show", account_id))[0] == 2
