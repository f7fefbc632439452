"""The notifier bound to a real SMS centre: outages, kills and receipts, on real parts."""

import time
from collections.abc import AsyncGenerator

import httpx
import pytest
from notifier_events import low, mail_contact, off
from sms_centre import SmsCentre
from test_notifier_channels_stack import WAITING, known, rss_mb_of

from prewatt_devstack.ports import HOST

pytestmark = pytest.mark.stack

ACCEPTED = "prewatt.notice.accepted.v1"
DELIVERED = "prewatt.notice.delivered.v1"
BOUNCED = "prewatt.notice.bounced.v1"


@pytest.fixture(scope="module")
async def centre(notifier, tmp_path_factory) -> AsyncGenerator[SmsCentre]:
    """The notifier goes by SMPP meanwhile."""
    peer = SmsCentre(tmp_path_factory.mktemp("centre"))
    await peer.start()
    before = notifier.environment
    kept = {k: v for k, v in before.items() if not k.startswith("PREWATT_SMS_RECEIPT")}
    del kept["PREWATT_SMS_URL"]
    assert await notifier.stop() == 0
    notifier.environment = kept | {
        "PREWATT_SMPP_HOST": HOST,
        "PREWATT_SMPP_PORT": str(peer.port),
        "PREWATT_SMPP_SYSTEM_ID": peer.system_id,
        "PREWATT_SMPP_PASSWORD": peer.password,
        "PREWATT_SMPP_WINDOW": "4",
        "PREWATT_SMPP_ENQUIRE_LINK_S": "0.5",
        "PREWATT_SMPP_REFERENCE_BITS": "16",
        "PREWATT_SMPP_ANSWER_IDS": "hex",
        "PREWATT_SMPP_RECEIPT_IDS": "decimal",
    }
    await notifier.start()
    await notifier.until(lambda: peer.bound() == 1, what="bound")
    try:
        yield peer
    finally:
        unbound = peer.unbound()
        assert await notifier.stop() == 0
        assert peer.unbound() == unbound + 1
        notifier.environment = before
        await notifier.start()
        peer.kill()


async def reader(notifier, phone: str, **more):
    return await notifier.account(**{"language": "en", "phone": phone, "channels": ["sms"]} | more)


async def types(notifier, account_id) -> list[str]:
    return [each["type"] for each in await notifier.told(account_id)]


@pytest.mark.parametrize(
    ("form", "early", "times"),
    [
        ("text", False, 1),
        ("tlv", False, 1),
        ("text", True, 1),
        ("text", False, 3),
        ("tlv", True, 2),
    ],
)
async def test_a_receipt_is_evidence_however_it_comes(notifier, centre, form, early, times):
    phone = f"+8613800001{len(form)}{int(early)}{times}"
    await centre.tell(to=phone[1:], form=form, early=early, times=times, delay_ms=100)
    account_id = await reader(notifier, phone)
    heard = len(centre.answered())
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    assert (notice["proof"], notice["segments"]) == ("receipt", 1)
    (message,) = centre.submitted(phone)
    assert message["from"] == "95598"
    assert "12.35" in message["message"]
    await notifier.until(lambda: len(centre.answered()) == heard + times, what="taken")
    assert centre.answered()[heard:] == [0] * times
    assert await types(notifier, account_id) == [ACCEPTED, DELIVERED]


async def test_what_the_centre_cannot_deliver_goes_by_mail(notifier, centre, smtp_peer):
    phone = "+8613800002001"
    await centre.tell(to=phone[1:], receipt="UNDELIV")
    account_id = await reader(
        notifier, phone, email="undelivered@home.example", channels=["sms", "email"]
    )
    await notifier.publish(low(account_id))
    notices = await notifier.until_notices(
        account_id, ("low-balance", "sms", "bounced"), ("low-balance", "email", "accepted")
    )
    assert notices[0]["reason"] == "delivery receipt UNDELIV, error 0A1"
    assert await types(notifier, account_id) == [ACCEPTED, BOUNCED, ACCEPTED]
    assert len(smtp_peer.to("undelivered@home.example")) == 1


async def test_a_refused_number_fails_for_good(notifier, centre):
    phone = "+8613800002011"
    await centre.tell(to=phone[1:], answers=[0x0B])
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "failed"))
    assert "0x0000000B: invalid destination" in notice["reason"]


async def test_a_throttled_text_is_tried_again_until_it_goes(notifier, centre):
    phone = "+8613800002021"
    await centre.tell(to=phone[1:], answers=[0x58, 0x14, 0x58])
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    assert notice["attempts"] == 4
    assert [each["status"] for each in centre.submitted(phone)] == [0x58, 0x14, 0x58, 0]


async def test_a_receipt_after_a_restart_is_joined(notifier, centre):
    phone = "+8613800002031"
    await centre.tell(to=phone[1:], receipt=None)
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "accepted"))
    bound = centre.bound()
    notifier.kill()
    await notifier.ended()
    await notifier.start()
    await notifier.until(lambda: centre.bound() > bound, what="bound again")
    (message,) = centre.submitted(phone)
    await centre.tell(report=message["id"], receipt="DELIVRD", form="text")
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))


async def test_killed_between_the_handing_in_and_the_note_of_it_repeats_once(notifier, centre):
    """The centre has the text, and we died before its answer came to us."""
    phone = "+8613800002041"
    await centre.tell(to=phone[1:], delay_ms=1500, receipt=None)
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    await notifier.until(lambda: len(centre.submitted(phone)) == 1, what="handed in")
    notifier.kill()
    await notifier.ended()
    await centre.tell(to=phone[1:])
    bound = centre.bound()
    await notifier.start()
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    first, second = centre.submitted(phone)
    assert first["message"] == second["message"]
    assert centre.bound() > bound
    # The first one's receipt is of a message that we know nothing of: it changes nothing.
    heard = len(centre.answered())
    await centre.tell(report=first["id"], receipt="UNDELIV", form="text")
    await notifier.until(lambda: len(centre.answered()) > heard, what="taken")
    assert centre.answered()[-1] == 0
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    assert await types(notifier, account_id) == [ACCEPTED, DELIVERED]


async def test_a_centre_killed_in_the_middle_gets_the_text_once_it_is_back(notifier, centre):
    phone = "+8613800002051"
    await centre.tell(to=phone[1:], delay_ms=60_000)
    account_id = await reader(notifier, phone)
    await notifier.publish(low(account_id))
    await notifier.until(lambda: len(centre.submitted(phone)) == 1, what="handed in")
    centre.kill()
    try:

        async def waits() -> bool:
            (notice,) = await notifier.notices(account_id)
            return notice["attempts"] >= 2 and "SMS centre" in (notice["reason"] or "")

        await notifier.until(waits, what="another attempt")
        assert await bound_metric(notifier) == 0
    finally:
        await centre.start()
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    assert len(centre.submitted(phone)) == 2
    assert await bound_metric(notifier) == 1


async def test_a_centre_that_hangs_delays_no_mail_and_loses_no_sms(notifier, centre, smtp_peer):
    phones = [f"+86138000030{place:02d}" for place in range(20)]
    accounts = [await reader(notifier, phone) for phone in phones]
    mailed = await notifier.account(**mail_contact("besidesms"))
    await centre.tell(silent=True)
    try:
        for account_id in accounts:
            await notifier.publish(low(account_id))

        async def window_is_full() -> bool:
            return sum(len(centre.submitted(phone)) for phone in phones) >= 4

        await notifier.until(window_is_full, what="a full window")
        began = time.monotonic()
        await notifier.publish(low(mailed))
        await notifier.until(lambda: bool(smtp_peer.to("besidesms@home.example")), what="mail")
        assert time.monotonic() - began < 3
    finally:
        await centre.tell(silent=False)
    for account_id in accounts:
        await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))


async def bound_metric(notifier) -> float:
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith("prewatt_notifier_smpp_bound{")]
    return float(line.rsplit(" ", 1)[1])


@pytest.mark.parametrize(
    "waiting", [2_000, pytest.param(100_000, marks=pytest.mark.chaos)], ids=str
)
async def test_after_a_mass_event_supply_leaves_in_five_seconds(notifier, centre, waiting):
    crowd = await reader(notifier, f"+86138100{waiting:05d}"[:14])
    phone = f"+8613820{waiting:07d}"[:14]
    dark = await reader(notifier, phone)
    connection = await notifier.connect()
    try:
        await notifier.until(lambda: known(connection, crowd), what="the account")
        await connection.execute(WAITING, crowd, waiting, "sms", "+8613830000001")
        await notifier.until(lambda: bool(centre.submitted("+8613830000001")), what="the crowd")
        began = time.monotonic()
        await notifier.publish(off(dark))
        await notifier.until(lambda: bool(centre.submitted(phone)), what="the notice of supply")
        took_s = time.monotonic() - began
        rss_mb = rss_mb_of(notifier.process.pid)
        left = await connection.fetchval(
            "SELECT count(*) FROM notice WHERE account_id = $1 AND status = 'queued'", crowd
        )
        print(f"supply left in {took_s:.2f} s before {left:,} that wait; {rss_mb} MB")
        assert took_s < 5
        assert left > 0
        assert rss_mb <= 200
    finally:
        await connection.execute(
            "DELETE FROM notice WHERE account_id = $1 AND status = 'queued'", crowd
        )
        await connection.close()
