"""Delivered warnings as evidence, and lists of a day's cuts, on PostgreSQL."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ledger_grounds import (
    CHINA_DAY,
    DAY,
    HOUR,
    NOW,
    Town,
    bounced,
    delivered,
    failed,
)
from ledger_procedures import shipped
from ledger_scratch import ACCOUNT, OTHER

from prepay_ledger.cut_lists.decide_list import approve_list, stop_list
from prepay_ledger.cut_lists.draft_list import draft_list
from prepay_ledger.cut_lists.note_lines import note_lines
from prepay_ledger.cut_lists.refusals import CutListRefused, UnknownCutList
from prepay_ledger.cut_lists.values import LineState
from prepay_ledger.prepay_agreements.load_grounds import load_grounds
from prepay_ledger.prepay_agreements.rules import lawful
from prepay_ledger.procedures.values import Shortfall, Why
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    made = Town(own_database_url)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    yield made
    await made.database.close()


async def test_a_notice_that_came_back_counts_no_more_in_whatever_order_that_is_heard(
    town: Town,
) -> None:
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    await town.sign()
    sms = delivered()
    back = failed(sms, at=NOW + HOUR)
    assert await town.hear(sms, back) == {ACCOUNT}
    assert (await town.missing())["warned-by-sms"] is Why.NOT_DONE
    assert await town.hear(sms, back, back) == set(), "the topic is read again"
    again = delivered(at=NOW + 2 * HOUR, cause=UUID(sms.cause_id))
    town.now = NOW + 2 * HOUR
    assert await town.hear(back, again) == {ACCOUNT}
    assert (await town.missing())["warned-by-sms"] is Why.TOO_EARLY
    rows = await town.sql(
        "SELECT takes_back IS NULL AS said, reason FROM procedure_evidence ORDER BY id"
    )
    assert [(row["said"], row["reason"]) for row in rows] == [
        (True, ""),
        (False, "no channel could deliver it"),
        (True, ""),
    ]


async def test_a_bounce_takes_back_its_own_notice_and_no_other(town: Town) -> None:
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    await town.sign()
    mail = delivered("email")
    sms = delivered(cause=UUID(mail.cause_id))
    assert await town.hear(mail, sms) == {ACCOUNT}
    assert await town.hear(bounced(mail, at=NOW + HOUR)) == {ACCOUNT}
    assert (await town.missing())["warned-by-sms"] is Why.TOO_EARLY
    assert await town.hear(bounced(sms, at=NOW + HOUR)) == {ACCOUNT}
    assert (await town.missing())["warned-by-sms"] is Why.NOT_DONE
    assert await town.hear(bounced(sms, at=NOW + HOUR), sms) == set(), "the topic is read again"
    rows = await town.sql("SELECT reason FROM procedure_evidence WHERE takes_back IS NOT NULL")
    # In our words: the peer's own may name the address.
    assert [row["reason"] for row in rows] == ["it came back"] * 2


@pytest.mark.parametrize("channel", ["log", "email", "pigeon"])
async def test_a_channel_that_the_procedure_does_not_state_proves_nothing(
    town: Town, channel: str
) -> None:
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    await town.sign()
    assert await town.hear(delivered(channel)) == {ACCOUNT}
    assert (await town.missing())["warned-by-sms"] is Why.NOT_DONE
    stated = shipped("cn-prepay") | CHINA_DAY
    stated["steps"][0]["forms"] = ["sms", "log"]
    assert await town.publish(stated) == 2
    assert ((await town.missing())["warned-by-sms"] is Why.TOO_EARLY) == (channel == "log")


async def test_what_is_of_no_account_or_of_another_template_is_passed_over(town: Town) -> None:
    stranger = delivered(account_id=uuid4())
    assert await town.hear(stranger, failed(stranger, at=NOW)) == set()
    assert await town.hear(delivered(template="topped-up")) == set()
    assert await town.sql("SELECT FROM procedure_evidence") == []


CUT_LIST = {
    "approver_role": "duty-engineer",
    "canary": 2,
    "per_hour": 60,
    "staffed": [{"begin": "09:00", "end": "17:00"}],
}


async def test_a_days_list_lets_its_canary_go_first_and_the_others_after_it(town: Town) -> None:
    document = shipped("direct") | CHINA_DAY | {"jurisdiction": "cn", "timezone": "Asia/Shanghai"}
    await town.publish(document | {"cut_list": CUT_LIST})
    others = [uuid4(), uuid4()]
    for each in others:
        await town.open_account(each)
    accounts = [OTHER, *others, ACCOUNT]
    for each in accounts:
        await town.sign(each)
    assert await town.missing() == {"cut-list": Why.NOT_DONE}
    of = ("cn", "home", "prepay")
    async with town.unit() as unit:
        made = await draft_list(
            unit=unit, of=of, account_ids=accounts, passing=(), decided=town.decided()
        )
    assert (made.cited, made.lines) == ("cn/any/prepay v1", 4)
    assert await town.missing() == {"cut-list": Why.NOT_DONE}

    async def approve(by: str, role: str = "duty-engineer") -> None:
        async with town.unit() as unit:
            await approve_list(unit=unit, list_id=made.id, role=role, decided=town.decided(by))

    with pytest.raises(NeedsSecondPerson, match="somebody else than li"):
        await approve("li")
    with pytest.raises(CutListRefused, match="of the role duty-engineer"):
        await approve("wu", "clerk")
    for _ in range(2):
        await approve("wu")
    town.now = NOW + timedelta(minutes=10)
    assert await town.missing() == {"cut-list": Why.WAITS_FOR_OTHERS}
    async with town.unit() as unit:
        grounds = await load_grounds(unit, accounts, at=town.now)
    may_go = [
        not lawful(
            grounds[each],
            short=Shortfall(NOW - DAY, NOW - DAY),
            balance_micro=0,
            now=town.now,
        ).holds_cut
        for each in accounts
    ]
    assert may_go == [True, True, False, False]

    async def note(**states: LineState) -> set[UUID]:
        of = dict(zip("abcd", accounts, strict=True))
        async with town.unit() as unit:
            known = {of.get(each, uuid4()): state for each, state in states.items()}
            return await note_lines(unit, known, now=town.now)

    out, done, dropped = LineState.OUT, LineState.DONE, LineState.DROPPED
    assert await note(a=out) == {others[0]}
    assert await note(a=out, x=done) == set(), "told again, or of nobody"
    assert await note(b=LineState.ASIDE) == {others[1]}, "the next one takes its place"
    assert await note(b=LineState.WAITING) == {others[0]}
    assert await note(a=done, b=dropped) == {others[1]}
    assert await town.missing() == {"cut-list": Why.WAITS_FOR_OTHERS}
    assert await note(c=out) == set()
    assert await note(c=done) == {ACCOUNT}
    stands = await town.stands()
    end = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (stands.holds_cut, stands.not_after) == (False, end)
    async with town.unit() as unit:
        assert (await unit.cut_lists.progress(made.id)) == (2, 0, 1, 0, 0)
    for _ in range(2):
        async with town.unit() as unit:
            await stop_list(unit=unit, list_id=made.id, decided=town.decided())
    assert await town.missing() == {"cut-list": Why.NOT_DONE}
    with pytest.raises(CutListRefused, match="was stopped"):
        await approve("wu")
    facts = await town.sql("SELECT kind FROM fact ORDER BY id")
    assert [row["kind"] for row in facts] == ["prewatt.ledger.cut-list-decided.v1"] * 2


async def test_yesterdays_list_is_of_no_use_and_what_cannot_be_a_list_is_refused(
    town: Town,
) -> None:
    of = ("cn", "home", "prepay")

    async def draft(*account_ids: UUID) -> UUID:
        async with town.unit() as unit:
            made = await draft_list(
                unit=unit, of=of, account_ids=account_ids, passing=(), decided=town.decided()
            )
        return made.id

    with pytest.raises(CutListRefused, match="that asks for a list"):
        await draft(ACCOUNT)
    await town.publish(shipped("cn-prepay") | CHINA_DAY | {"cut_list": CUT_LIST})
    with pytest.raises(CutListRefused, match="1 accounts are there twice"):
        await draft(ACCOUNT, ACCOUNT)
    with pytest.raises(CutListRefused, match="1 accounts do not exist"):
        await draft(ACCOUNT, uuid4())
    list_id = await draft(ACCOUNT)
    town.now = NOW + DAY
    async with town.unit() as unit:
        with pytest.raises(CutListRefused, match="2026-03-03 is today"):
            await approve_list(
                unit=unit, list_id=list_id, role="duty-engineer", decided=town.decided("wu")
            )
        with pytest.raises(UnknownCutList):
            await stop_list(unit=unit, list_id=uuid4(), decided=town.decided())
