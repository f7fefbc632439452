"""No channel waits for another, and nothing of supply for what can wait, on real parts."""

import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from notifier_events import low, mail_contact, off

from prewatt_devstack.ports import HOST

pytestmark = pytest.mark.stack


@asynccontextmanager
async def hanging(port: int) -> AsyncGenerator[None]:
    """Something that takes connections at ``port`` and never says a word."""
    with socket.create_server((HOST, port)) as server:
        server.listen(200)
        yield


async def down(notifier) -> str:
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        metrics = (await client.get("/metrics")).text
    (line,) = [
        line
        for line in metrics.splitlines()
        if line.startswith('prewatt_notifier_channel_down{channel="email"}')
    ]
    return line.rpartition(" ")[2]


async def test_a_mail_server_that_hangs_delays_no_sms_and_loses_no_mail(
    notifier, smtp_peer, kannel
):
    names = [f"hung{place}" for place in range(40)]
    accounts = [await notifier.account(**mail_contact(name)) for name in names]
    phone = "+8613800000077"
    reader = await notifier.account(language="en", phone=phone, channels=["sms"])
    smtp_peer.stop()
    try:
        async with hanging(smtp_peer.port):
            for account_id in accounts:
                await notifier.publish(low(account_id))

            # In one question: mails time out while forty are asked for, one after another.
            sending = "SELECT count(*) FROM notice WHERE channel = 'email' AND status = 'sending'"
            connection = await notifier.connect()

            async def slots_are_taken() -> bool:
                return await connection.fetchval(sending) >= 12

            await notifier.until(slots_are_taken, what="hanging mails in every slot")
            await connection.close()
            began = time.monotonic()
            await notifier.publish(low(reader))
            await notifier.until(lambda: bool(kannel.received(phone)), what="the SMS")
            assert time.monotonic() - began < 3

            async def breaker_is_open() -> bool:
                return await down(notifier) == "1.0"

            await notifier.until(breaker_is_open, what="the channel counts as down")
    finally:
        smtp_peer.start()
    for account_id, name in zip(accounts, names, strict=True):
        await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
        assert len(smtp_peer.to(f"{name}@home.example")) == 1
    assert await down(notifier) == "0.0"


WAITING = """
INSERT INTO notice (id, cause_id, account_id, template, language, channel, recipient, facts,
                    position, status, priority, expires_at, give_up_at, next_attempt_at, created_at)
SELECT gen_random_uuid(), gen_random_uuid(), $1, 'topped-up', 'en', $3, $4,
       jsonb_build_object('at', now(), 'currency', 'CNY', 'balance_micro', 5, 'amount_micro', 5),
       0, 'queued', 2, now() + interval '1 day', now() + interval '1 day', now(), now()
FROM generate_series(1, $2)
"""


@pytest.mark.parametrize(
    "waiting", [2_000, pytest.param(100_000, marks=pytest.mark.chaos)], ids=str
)
async def test_supply_leaves_in_five_seconds_whatever_waits(notifier, smtp_peer, waiting):
    crowd = await notifier.account()
    dark = await notifier.account(**mail_contact(f"dark{waiting}"))
    address = f"dark{waiting}@home.example"
    smtp_peer.delay_s = 0.2
    connection = await notifier.connect()
    try:
        await notifier.until(lambda: known(connection, crowd), what="the account")
        await connection.execute(WAITING, crowd, waiting, "email", "many@home.example")
        await notifier.until(lambda: bool(smtp_peer.to("many@home.example")), what="the crowd")
        began = time.monotonic()
        await notifier.publish(off(dark))
        await notifier.until(lambda: bool(smtp_peer.to(address)), what="the notice of supply")
        took_s = time.monotonic() - began
        assert took_s < 5
        rss_mb = rss_mb_of(notifier.process.pid)
        left = await connection.fetchval(
            "SELECT count(*) FROM notice WHERE account_id = $1 AND status = 'queued'", crowd
        )
        assert left > waiting / 2
        assert rss_mb <= 200
        print(f"supply left in {took_s:.2f} s before {left:,} that wait; {rss_mb} MB")
    finally:
        smtp_peer.delay_s = 0
        await connection.execute(
            "DELETE FROM notice WHERE account_id = $1 AND status = 'queued'", crowd
        )
        await connection.close()


async def known(connection, account_id) -> bool:
    return bool(await connection.fetchval("SELECT true FROM account WHERE id = $1", account_id))


def rss_mb_of(pid: int) -> int:
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) // 1024
