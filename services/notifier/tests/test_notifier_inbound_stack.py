"""A customer writes by SMS and is answered by SMS, through a real SMS centre: words, consents, the
ledger away and back, kills."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from ledger_peer import LedgerPeer
from sms_centre import SmsCentre

from notifier.channels.segments import segments_of
from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token
from prewatt_devstack.ports import HOST

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
async def ledger(stack) -> AsyncGenerator[LedgerPeer]:
    peer = LedgerPeer(stack.keys.auth_public)
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture(scope="module")
async def centre(notifier, ledger, tmp_path_factory) -> AsyncGenerator[SmsCentre]:
    """The notifier goes by SMPP meanwhile, and may ask the ledger."""
    peer = SmsCentre(tmp_path_factory.mktemp("centre"))
    await peer.start()
    before = notifier.environment
    kept = {k: v for k, v in before.items() if not k.startswith("PREWATT_SMS_RECEIPT")}
    del kept["PREWATT_SMS_URL"]
    assert await notifier.stop() == 0
    token = issue_token(
        private_key_pem=notifier.auth_private,
        subject="notifier",
        scopes=["ledger:read", "ledger:emergency-credit", "ledger:pay-links"],
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    notifier.environment = kept | {
        "PREWATT_SMPP_HOST": HOST,
        "PREWATT_SMPP_PORT": str(peer.port),
        "PREWATT_SMPP_SYSTEM_ID": peer.system_id,
        "PREWATT_SMPP_PASSWORD": peer.password,
        "PREWATT_SMPP_ANSWER_IDS": "hex",
        "PREWATT_SMPP_RECEIPT_IDS": "decimal",
        "PREWATT_LEDGER_URL": ledger.url,
        "PREWATT_LEDGER_TOKEN": token,
        "PREWATT_PAYMENT_PAGE": "https://pay.example.org/",
        "PREWATT_REFUSABLE_PURPOSES": '["news", "campaigns"]',
    }
    await notifier.start()
    await notifier.until(lambda: peer.bound() == 1, what="bound")
    try:
        yield peer
    finally:
        assert await notifier.stop() == 0
        notifier.environment = before
        await notifier.start()
        peer.kill()


PHONES = iter(range(10_000))


def new_phone() -> str:
    """Of a range of this file's own: no other test's contact has it."""
    return f"+86135000{next(PHONES):05d}"


async def reader(notifier, ledger, phone: str, *, balance_micro: int = 12_345_678, **more) -> UUID:
    """An account that is told by mail, if at all: who writes is answered by SMS."""
    contact = {"language": "en", "phone": phone, "channels": []} | more
    account_id = await notifier.account(**contact)
    ledger.balances[account_id] = balance_micro
    return account_id


def number_of(account_id: UUID) -> str:
    return f"1{account_id.int % 10**9:09d}"


async def messages(notifier, phone: str) -> list[dict]:
    connection = await notifier.connect()
    try:
        rows = await connection.fetch(
            "SELECT * FROM inbound_message WHERE sender = $1 ORDER BY sequence", phone
        )
    finally:
        await connection.close()
    return [dict(row) for row in rows]


async def worked(notifier, phone: str, count: int) -> list[dict]:
    """Once so many messages of the number are done."""

    async def done() -> bool:
        found = await messages(notifier, phone)
        return len(found) == count and all(row["status"] == "done" for row in found)

    await notifier.until(done, what=f"{count} messages of {phone} are done")
    return await messages(notifier, phone)


async def answers(notifier, centre, phone: str, count: int) -> list[str]:
    """What came to the phone, once it is so much; and no more after that."""
    await notifier.until(
        lambda: len(centre.submitted(phone)) >= count, what=f"{count} answers to {phone}"
    )
    await asyncio.sleep(0.3)
    said = [each["message"] for each in centre.submitted(phone)]
    assert len(said) == count, said
    return said


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Balance", ["¥12.35", "¥32.35 may be used"]),
        ("余额", ["¥12.35", "停电前可用¥32.35"]),
        ("ＤＡＹＳ！", ["¥12.35", "lasts till about", "Buy by"]),
        ("充值", ["https://pay.example.org/p/"]),
        ("top up", ["https://pay.example.org/p/"]),
        ("HELP", ["BALANCE"]),
        ("what is this?", ["BALANCE"]),
    ],
)
async def test_a_word_is_answered_by_sms(notifier, centre, ledger, text, parts):
    phone = new_phone()
    language = "zh-CN" if text in ("余额", "充值") else "en"
    account_id = await reader(notifier, ledger, phone, language=language)
    await centre.write(phone, text)
    (said,) = await answers(notifier, centre, phone, 1)
    for part in parts:
        assert part in said
    (message,) = await worked(notifier, phone, 1)
    assert message["account_id"] == account_id
    (notice,) = await notifier.until_notices(account_id, (message["answer"], "sms", "delivered"))
    assert notice["cause_id"] == str(message["id"])


@pytest.mark.parametrize("why", ["none are set up", "away"])
async def test_who_wants_to_pay_is_told_the_page_where_there_is_no_link(
    notifier, centre, ledger, why
):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    if why == "away":
        ledger.status = 404
    else:
        ledger.refusing.add(account_id)
    await centre.write(phone, "pay")
    (said,) = await answers(notifier, centre, phone, 1)
    ledger.status = None
    assert "https://pay.example.org/" in said
    assert "/p/" not in said


async def test_a_long_text_comes_in_parts_and_in_any_order(notifier, centre, ledger):
    phone = new_phone()
    await reader(notifier, ledger, phone)
    text = "余额" + "。" * 150
    parts = segments_of(text, reference=7).parts
    assert len(parts) == 3
    for place in (2, 0, 2, 1):
        answered = len(centre.answered())
        await centre.receive(phone, parts[place].octets, esm_class=0x40, data_coding=8)
        await notifier.until(
            lambda answered=answered: len(centre.answered()) > answered, what="taken"
        )
    (said,) = await answers(notifier, centre, phone, 1)
    assert "¥12.35" in said
    (message,) = await messages(notifier, phone)
    assert message["text"] == text
    connection = await notifier.connect()
    assert await connection.fetchval("SELECT count(*) FROM inbound_part") == 0
    await connection.close()


async def test_parts_beside_the_text(notifier, centre, ledger):
    phone = new_phone()
    await reader(notifier, ledger, phone)
    for number, octets in enumerate((b"BAL", b"ANCE"), start=1):
        await centre.receive(
            phone,
            octets,
            sar_msg_ref_num=9,
            sar_total_segments=2,
            sar_segment_seqnum=number,
        )
    (said,) = await answers(notifier, centre, phone, 1)
    assert "¥12.35" in said


async def test_what_the_centre_delivers_twice_is_one_message(notifier, centre, ledger):
    phone = new_phone()
    await reader(notifier, ledger, phone)
    for _ in range(3):
        await centre.write(phone, "BALANCE")
    await answers(notifier, centre, phone, 1)
    assert len(await messages(notifier, phone)) == 1


async def test_a_number_with_two_accounts_names_one(notifier, centre, ledger):
    phone = new_phone()
    first = await reader(notifier, ledger, phone, balance_micro=1_000_000)
    second = await reader(notifier, ledger, phone, balance_micro=2_000_000)
    tails = {each: number_of(each)[-4:] for each in (first, second)}
    await centre.write(phone, "BALANCE")
    (which,) = await answers(notifier, centre, phone, 1)
    assert all(tail in which for tail in tails.values())
    assert "¥" not in which
    await centre.write(phone, f"BALANCE {tails[second]}")
    assert "¥2.00" in (await answers(notifier, centre, phone, 2))[1]


async def consents(notifier, account_id: UUID) -> dict[str, dict]:
    async with notifier.http("notifier:read") as client:
        answer = await client.get(f"/v1/contacts/{account_id}/consents")
    return {each["purpose"]: each for each in answer.json()["consents"]}


async def test_stop_and_start_are_of_every_account_of_the_number(notifier, centre, ledger):
    phone = new_phone()
    accounts = [await reader(notifier, ledger, phone) for _ in range(2)]
    async with notifier.http("notifier:write") as client:
        agreed = {"purposes": {"campaigns": True}, "how": "by telephone"}
        await client.put(f"/v1/contacts/{accounts[0]}/consents", json=agreed)
    await centre.write(phone, "STOP")
    (said,) = await answers(notifier, centre, phone, 1)
    assert "news, offers" in said
    assert "supply still come" in said
    (message,) = await worked(notifier, phone, 1)
    for account_id in accounts:
        stands = await consents(notifier, account_id)
        assert [stands[each]["told"] for each in ("news", "campaigns", "supply")] == [
            False, False, True,
        ]  # fmt: skip
        assert stands["news"]["how"] == f"SMS {message['id']}"
        assert stands["news"]["by"] == "customer"
    # Confirmed once.
    await centre.write(phone, "退订")
    await worked(notifier, phone, 2)
    await answers(notifier, centre, phone, 1)
    await centre.write(phone, "START")
    (_, back) = await answers(notifier, centre, phone, 2)
    assert "news, offers again" in back
    told = [(await consents(notifier, each))["campaigns"]["told"] for each in accounts]
    # The second account never agreed to offers, and START makes it agree to nothing.
    assert told == [True, False]
    await centre.write(phone, "STOP SUPPLY")
    assert "cannot be stopped" in (await answers(notifier, centre, phone, 3))[2]
    assert (await consents(notifier, accounts[0]))["supply"]["told"]


async def test_credit_is_accepted_once_and_refused_as_the_ledger_says(notifier, centre, ledger):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone, balance_micro=-1_000_000)
    await centre.write(phone, "CREDIT")
    (said,) = await answers(notifier, centre, phone, 1)
    assert "credit of ¥50.00 accepted" in said
    (message,) = await messages(notifier, phone)
    assert ledger.accepted[account_id] == [str(message["id"])]
    ledger.refusing.add(account_id)
    await centre.write(phone, "emergency credit")
    assert "no emergency credit" in (await answers(notifier, centre, phone, 2))[1]


async def test_credit_waits_for_the_ledger_and_holds_up_nobody(notifier, centre, ledger):
    phone, other = new_phone(), new_phone()
    account_id = await reader(notifier, ledger, phone)
    await reader(notifier, ledger, other)
    ledger.status = 503
    try:
        await centre.write(phone, "应急")
        await notifier.until(lambda: bool(ledger.asked), what="asked")
        await centre.write(other, "STOP")
        await answers(notifier, centre, other, 1)
        # Of the same number too: only what needs the ledger waits for it.
        await centre.write(phone, "STOP")
        assert "no more messages" in (await answers(notifier, centre, phone, 1))[0]
        assert account_id not in ledger.accepted
    finally:
        ledger.status = None
    assert "¥50.00 accepted" in (await answers(notifier, centre, phone, 2))[1]
    assert len(ledger.accepted[account_id]) == 1


async def test_an_account_that_the_ledger_does_not_know_is_told_so(notifier, centre, ledger):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    del ledger.balances[account_id]
    await centre.write(phone, "BALANCE")
    assert "could not be done" in (await answers(notifier, centre, phone, 1))[0]
    (message,) = await worked(notifier, phone, 1)
    assert message["outcome"] == "given-up"


@pytest.mark.parametrize("asked", ["BALANCE", "CREDIT"])
async def test_killed_after_the_centre_was_answered_answers_once(notifier, centre, ledger, asked):
    """The centre thinks that we have it, and the ledger has done what was asked: we died before
    either was written down as done."""
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    ledger.go_on.clear()
    seen = len(ledger.asked)
    try:
        await centre.write(phone, asked)
        assert centre.answered()[-1] == 0
        await notifier.until(lambda: len(ledger.asked) > seen, what="the ledger is asked")
        notifier.kill()
        await notifier.ended()
    finally:
        ledger.go_on.set()
    await notifier.start()
    await answers(notifier, centre, phone, 1)
    (message,) = await worked(notifier, phone, 1)
    assert message["attempts"] == 2
    if asked == "CREDIT":
        assert ledger.accepted[account_id] == [str(message["id"])] * 2
    assert len(await notifier.notices(account_id)) == 1


async def test_strangers_and_machines_are_told_nothing(notifier, centre, ledger):
    stranger, machine = new_phone(), new_phone()
    await centre.write(stranger, "BALANCE")
    await centre.write(stranger, "STOP")
    found = await worked(notifier, stranger, 2)
    assert [row["outcome"] for row in found] == ["unknown-number"] * 2
    # A short code, which is in nobody's contact: it is asked nothing and told nothing.
    await centre.receive("95588", b"BALANCE", source_addr_ton=0)
    assert [row["outcome"] for row in await worked(notifier, "95588", 1)] == ["no-person"]
    await reader(notifier, ledger, machine)
    for number in range(4):
        await centre.write(machine, f"I am on holiday until {number} March")
    found = await worked(notifier, machine, 4)
    assert [row["answer"] for row in found] == ["answer-help", None, None, None]
    assert len(await answers(notifier, centre, machine, 1)) == 1
    assert centre.submitted(stranger) == centre.submitted("95588") == []


async def test_a_number_gets_so_many_answers_an_hour_and_its_stop_is_heard(
    notifier, centre, ledger
):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    for number in range(12):
        # Not the same words twice: those would be one message.
        await centre.write(phone, "HELP" + "!" * number)
    found = await worked(notifier, phone, 12)
    assert [row["outcome"] for row in found].count("too-many") == 2
    await centre.write(phone, "STOP")
    await worked(notifier, phone, 13)
    assert not (await consents(notifier, account_id))["news"]["told"]
    assert len(await answers(notifier, centre, phone, 10)) == 10


async def test_messages_are_listed_with_hardly_any_of_the_number(notifier, centre, ledger):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    await centre.write(phone, "BALANCE")
    await worked(notifier, phone, 1)
    async with notifier.http("notifier:read") as client:
        answer = await client.get("/v1/inbound-messages", params={"account_id": str(account_id)})
    assert answer.status_code == 200
    (item,) = answer.json()["items"]
    assert item["sender"] == f"+86...{phone[-2:]}"
    assert phone not in answer.text
    assert (item["word"], item["outcome"], item["answer"]) == ("balance", "done", "answer-balance")
    async with notifier.http("notifier:read") as client:
        answer = await client.get("/v1/inbound-messages", params={"account_id": str(uuid4())})
    assert answer.json()["items"] == []


async def test_a_forgotten_customer_has_written_nothing(notifier, centre, ledger):
    phone = new_phone()
    account_id = await reader(notifier, ledger, phone)
    await centre.write(phone, "BALANCE")
    await worked(notifier, phone, 1)
    async with notifier.http("notifier:write") as client:
        answer = await client.delete(f"/v1/contacts/{account_id}")
    assert answer.status_code == 204
    assert await messages(notifier, phone) == []
