"""The SMPP channel with a real SMS centre: node-smpp."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sms_centre import SmsCentre

from notifier.channels.ports import (
    PeerDown,
    PermanentFailure,
    TransientFailure,
    Verdict,
    Written,
    WrittenPart,
)
from notifier.channels.segments import ReferenceBits
from notifier.channels.smpp.channel import SmppChannel, SmppForm
from notifier.channels.smpp.inbox import Inbox
from notifier.channels.smpp.link import SmppCentre, SmppLink
from notifier.channels.smpp.receipts import IdForm
from notifier.channels.smpp.rules import DataCodings
from notifier.contacts.values import Channel, Contact, Language
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Notice, Template, Text
from prewatt_common.clock import utc_now
from prewatt_devstack.ports import HOST

pytestmark = pytest.mark.stack

FORM = SmppForm(
    sender="95598",
    codings=DataCodings(),
    reference_bits=ReferenceBits.EIGHT,
    answered_as=IdForm.HEX,
    receipts=True,
)
EMOJI = "⚡👨‍👩‍👧‍👦🇨🇳"
LONG = f"尊敬的客户您好{EMOJI}，余额不足请充值。" * 8


def notice(phone: str) -> Notice:
    contact = Contact(uuid4(), Language.ZH_CN, None, phone, (Channel.SMS,))
    return make_notice(
        cause_id=uuid4(),
        template=Template.LOW_BALANCE,
        contact=contact,
        channel=Channel.SMS,
        facts=Facts(at=datetime.now(UTC), currency="CNY", balance_micro=0),
        settled_above_micro=None,
        position=0,
        now=datetime.now(UTC),
        expires_at=datetime.now(UTC) + timedelta(hours=72),
    )


def text(short: str) -> Text:
    return Text(subject="", body="", short=short)


@pytest.fixture(scope="module")
async def centre(tmp_path_factory) -> AsyncGenerator[SmsCentre]:
    peer = SmsCentre(tmp_path_factory.mktemp("centre"))
    await peer.start()
    yield peer
    peer.kill()


class WrittenTo:
    """What customers write, as it comes."""

    def __init__(self) -> None:
        self.whole: list[Written] = []
        self.parts: list[WrittenPart] = []

    async def __call__(self, written: Written) -> None:
        self.whole.append(written)

    async def part(self, part: WrittenPart) -> None:
        self.parts.append(part)


class Taken(list):
    """Receipts as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.written = WrittenTo()

    async def __call__(self, message_id: str, verdict: Verdict, *, reason: str) -> bool:
        self.append((message_id, verdict, reason))
        return True


@asynccontextmanager
async def linked(centre: SmsCentre, taken: Taken, **more) -> AsyncGenerator[SmppLink]:
    where = SmppCentre(
        host=HOST,
        port=centre.port,
        system_id=centre.system_id,
        password=centre.password,
        system_type="",
        tls=False,
        ca_file=None,
        window=4,
        enquire_link_s=0.3,
        timeout_s=2,
    )
    inbox = Inbox(
        taken,
        take_written=taken.written,
        codings=DataCodings(),
        answered_as=IdForm.HEX,
        reported_as=IdForm.DECIMAL,
        passing=lambda _: False,
    )
    link = SmppLink(replace(where, **more), take_delivery=inbox)
    stop = asyncio.Event()
    running = asyncio.create_task(link.run(stop))
    try:
        yield link
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


async def is_bound(link: SmppLink) -> bool:
    try:
        return await link.check() == "bound"
    except Exception:  # noqa: BLE001 - not yet
        return False


@pytest.mark.parametrize("bits", ReferenceBits)
async def test_a_long_text_in_chinese_with_emoji_arrives_in_whole_characters(
    notifier_until, centre, bits
):
    phone, taken = f"+86138000001{bits:02d}", Taken()
    sent = notice(phone)
    async with linked(centre, taken) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        channel = SmppChannel(link, replace(FORM, reference_bits=bits), clock=utc_now)
        acceptance = await channel.send(sent, text(LONG))
        parts = centre.submitted(phone)
        # The last receipt comes after the last answer.
        await notifier_until(lambda: len(taken) == len(parts), what="a receipt of each part")
    assert acceptance.segments == len(parts) >= 3
    assert "".join(part["message"] for part in parts) == LONG
    assert {part["coding"] for part in parts} == {8}
    for number, part in enumerate(parts, start=1):
        # The header as the centre has read it: what it is, how long, and of what which part.
        header = bytes.fromhex(part["udh"])
        kind = bytes([0, 3]) if bits is ReferenceBits.EIGHT else bytes([8, 4])
        reference = sent.id.int.to_bytes(16, "big")[-bits // 8 :]
        assert header == kind + reference + bytes([len(parts), number])
        # No joined emoji and no flag in two parts.
        assert EMOJI.startswith(part["message"][0]) or part["message"][0] in LONG
        assert part["message"].count("👨") == part["message"].count("👦")
    assert {said[:2] for said in taken} == {
        (message_id, Verdict.DELIVERED) for message_id in acceptance.message_ids
    }


async def test_what_a_message_says_of_itself(notifier_until, centre):
    phone = "+8613800000111"
    async with linked(centre, Taken()) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        channel = SmppChannel(link, FORM, clock=utc_now)
        await channel.send(notice(phone), text("5 € [due] à Ω"))
    (message,) = centre.submitted(phone)
    assert message["message"] == "5 € [due] à Ω"
    assert (message["coding"], message["registered"], message["udh"]) == (0, 1, None)
    assert (message["from"], message["ton"]) == ("95598", [0, 1])
    # As the centre has read it: about three days from now.
    left = datetime.fromisoformat(message["validity"]) - utc_now()
    assert timedelta(hours=71) < left < timedelta(hours=73)
    assert centre.unbound() >= 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0x58, PeerDown), (0x14, PeerDown), (0x0B, PermanentFailure), (0x411, TransientFailure)],
)
async def test_a_refusal_is_told_by_its_kind(notifier_until, centre, status, kind):
    phone = f"+86138000002{status % 100:02d}"
    await centre.tell(to=phone[1:], answers=[status])
    async with linked(centre, Taken()) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        channel = SmppChannel(link, FORM, clock=utc_now)
        with pytest.raises(kind, match=f"0x{status:08X}"):
            await channel.send(notice(phone), text("hello"))
        acceptance = await channel.send(notice(phone), text("hello"))
    assert len(acceptance.message_ids) == 1


async def test_a_later_part_waits_and_none_is_sent_twice(notifier_until, centre):
    phone = "+8613800000131"
    await centre.tell(to=phone[1:], answers=[0, 0x58, 0x14, 0])
    async with linked(centre, Taken()) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        acceptance = await SmppChannel(link, FORM, clock=utc_now).send(
            notice(phone), text("a" * 300)
        )
    taken = [each for each in centre.submitted(phone) if each["status"] == 0]
    assert [len(each["message"]) for each in taken] == [153, 147]
    assert acceptance.segments == 2


async def test_a_wrong_password_is_told_and_tried_again(notifier_until, centre):
    async with linked(centre, Taken(), password="wrong") as link:
        channel = SmppChannel(link, FORM, clock=utc_now)

        async def says_why() -> bool:
            with pytest.raises(PeerDown) as raised:
                await channel.send(notice("+8613800000141"), text("hello"))
            assert "wrong" not in str(raised.value).replace("wrong password", "")
            return "0x0000000E: wrong password" in str(raised.value)

        await notifier_until(says_why, what="the reason")


async def test_a_centre_that_falls_silent_is_left_and_bound_again(notifier_until, centre):
    async with linked(centre, Taken(), timeout_s=0.5) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        channel = SmppChannel(link, FORM, clock=utc_now)
        await centre.tell(silent=True)
        try:
            with pytest.raises(PeerDown, match="ended"):
                await channel.send(notice("+8613800000151"), text("hello"))
        finally:
            await centre.tell(silent=False)
        await notifier_until(lambda: is_bound(link), what="bound again")
        await channel.send(notice("+8613800000151"), text("hello"))


@pytest.mark.parametrize(
    "delivery",
    [
        {"short_message": "please call me", "esm_class": 0},
        {"short_message": "no receipt at all", "esm_class": 4},
        {"short_message": "id:7 stat:ENROUTE", "esm_class": 4},
    ],
    ids=["a customer's words", "unreadable", "on its way"],
)
async def test_what_is_no_final_receipt_is_taken_and_changes_nothing(
    notifier_until, centre, delivery
):
    taken, before = Taken(), len(centre.answered())
    async with linked(centre, taken) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        await centre.tell(receive=delivery)
        await notifier_until(lambda: len(centre.answered()) > before, what="an answer")
    assert centre.answered()[-1] == 0
    assert taken == []


async def test_what_customers_write_is_taken_as_it_is_coded(notifier_until, centre):
    taken, answered = Taken(), len(centre.answered())
    sent = [
        (b"caf\x05 \x1be", {}, "café €"),
        ("余额".encode("utf-16-be"), {"data_coding": 8}, "余额"),
        ("café".encode("latin-1"), {"data_coding": 3}, "café"),
        (b"\x00\x01", {"data_coding": 4}, ""),
    ]
    async with linked(centre, taken) as link:
        await notifier_until(lambda: is_bound(link), what="bound")
        for octets, more, _ in sent:
            await centre.receive("+8613800009001", octets, **more)
        await centre.receive("95588", b"hello", source_addr_ton=0)
        await centre.receive("+8613800009001", b"\x05\x00\x03\x07\x02\x01BAL", esm_class=0x40)
        await notifier_until(
            lambda: len(centre.answered()) == answered + len(sent) + 2, what="answers"
        )
    assert set(centre.answered()[answered:]) == {0}
    texts = [each.text for each in taken.written.whole]
    assert texts == [*(text for _, _, text in sent), "hello"]
    senders = [each.sender for each in taken.written.whole]
    assert senders == ["+8613800009001"] * 4 + ["95588"]
    (part,) = taken.written.parts
    assert (part.reference, part.total, part.number, part.octets) == (7, 2, 1, b"BAL")
