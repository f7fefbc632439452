"""What a cut rests on, on PostgreSQL: signed agreements, procedures in force, standing evidence."""

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from ledger_grounds import (
    CHINA_DAY,
    DAY,
    HOUR,
    NOW,
    Town,
    delivered,
)
from ledger_procedures import shipped
from ledger_scratch import ACCOUNT, OTHER

from prepay_ledger.facts.values import DraftState
from prepay_ledger.prepay_agreements.load_grounds import load_grounds
from prepay_ledger.prepay_agreements.record_step import take_back_step
from prepay_ledger.prepay_agreements.refusals import NoPrepayAgreement, PrepayAgreementRefused
from prepay_ledger.prepay_agreements.rules import lawful
from prepay_ledger.prepay_agreements.sign_agreement import (
    end_agreement,
    enter_agreements,
)
from prepay_ledger.prepay_agreements.values import (
    Lawful,
    Refused,
    direct_terms,
    first_agreement,
)
from prepay_ledger.procedures.draft_procedure import draft_procedure, withdraw_draft
from prepay_ledger.procedures.publish_procedure import publish_procedure
from prepay_ledger.procedures.refusals import ProcedureRefused, StepRefused, UnknownStep
from prepay_ledger.procedures.values import Shortfall, Why
from prewatt_common.contracts.procedure_v1 import Mode, procedure_of
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    made = Town(own_database_url)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    yield made
    await made.database.close()


async def test_nobody_is_cut_without_what_he_has_signed(town: Town) -> None:
    assert await town.stands() == Lawful(Refused.NO_AGREEMENT)
    await town.sign(jurisdiction="direct")
    assert not (await town.stands()).holds_cut
    assert await town.stands(balance_micro=1) == Lawful(Refused.ABOVE_CUT_THRESHOLD)
    async with town.unit() as unit:
        both = await load_grounds(unit, [ACCOUNT, OTHER], at=NOW)
        before = await load_grounds(unit, [ACCOUNT], at=NOW - HOUR)
    assert both[OTHER] == (None, None, (), None)
    assert before[ACCOUNT].agreement is None
    async with town.unit() as unit:
        await end_agreement(
            unit=unit, account_id=ACCOUNT, ends_at=NOW + DAY, decided=town.decided()
        )
    assert not (await town.stands()).holds_cut
    town.now = NOW + DAY
    assert await town.stands() == Lawful(Refused.ENDED)


async def test_a_version_begins_after_the_one_before_and_the_same_again_changes_nothing(
    town: Town,
) -> None:
    terms = await town.sign(jurisdiction="direct")
    await town.sign(jurisdiction="direct")
    assert len(await town.sql("SELECT FROM prepay_agreement")) == 1
    with pytest.raises(PrepayAgreementRefused, match="no two hold at once"):
        await town.sign(jurisdiction="direct", signed_by="another")
    await town.sign(jurisdiction="direct", signed_by="another", valid_from=NOW + DAY)
    async with town.unit() as unit:
        now = (await load_grounds(unit, [ACCOUNT], at=NOW))[ACCOUNT].agreement
        then = (await load_grounds(unit, [ACCOUNT], at=NOW + DAY))[ACCOUNT].agreement
    assert now is not None and then is not None
    assert (now.version, now.terms) == (1, terms)
    assert (then.version, then.terms.signed_by) == (2, "another")
    told = await town.sql("SELECT value FROM outbox WHERE topic = 'ledger.facts.v1'")
    assert len(told) == 2
    with pytest.raises(PrepayAgreementRefused, match="no procedure cn/any/prepay is published"):
        await town.sign(OTHER)


async def test_one_person_drafts_another_publishes_and_none_unverified(town: Town) -> None:
    china = shipped("cn-prepay")
    with pytest.raises(ProcedureRefused, match="nobody has compared it with the law"):
        await town.publish(china)
    with pytest.raises(NeedsSecondPerson, match="somebody else than li"):
        await town.publish(china | CHINA_DAY, by="li")
    with pytest.raises(ProcedureRefused, match="2026-03-02 is the first day"):
        await town.publish(china | CHINA_DAY | {"valid_from": "2026-03-01"})
    with pytest.raises(ProcedureRefused, match="is built in"):
        await town.publish(shipped("direct"))
    assert await town.publish(china | CHINA_DAY) == 1
    assert await town.publish(china | CHINA_DAY | {"valid_from": "2026-03-05"}) == 2
    with pytest.raises(ProcedureRefused, match="may not begin before it"):
        await town.publish(china | CHINA_DAY | {"valid_from": "2026-03-04"})
    async with town.unit() as unit:
        book = await unit.procedures.book()
    of = {"jurisdiction": "cn", "customer_class": "home", "mode": Mode.PREPAY}
    china_midnight = datetime(2026, 3, 4, 16, tzinfo=UTC)
    for at, version in (
        (datetime(2026, 3, 1, 15, 59, tzinfo=UTC), None),
        (NOW, 1),
        (china_midnight - HOUR, 1),
        (china_midnight, 2),
    ):
        found = book.in_force(**of, at=at)
        assert (None if found is None else found.version) == version
    assert book.in_force(**of | {"mode": Mode.ARREARS}, at=NOW) is None


async def test_what_was_withdrawn_is_not_published_and_what_was_published_stands(
    town: Town,
) -> None:
    async with town.unit() as unit:
        draft = await draft_procedure(
            unit=unit,
            procedure=procedure_of(shipped("cn-prepay") | CHINA_DAY),
            decided=town.decided(),
        )
    for _ in range(2):
        async with town.unit() as unit:
            made = await withdraw_draft(unit=unit, draft_id=draft.id, decided=town.decided())
        assert made.state is DraftState.WITHDRAWN
    async with town.unit() as unit:
        with pytest.raises(ProcedureRefused, match="was withdrawn"):
            await publish_procedure(unit=unit, draft_id=draft.id, decided=town.decided("wu"))
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    (row,) = await town.sql("SELECT draft_id FROM procedure_version")
    for _ in range(2):
        async with town.unit() as unit:
            again = await publish_procedure(
                unit=unit, draft_id=row["draft_id"], decided=town.decided("wu")
            )
        assert again.version == 1
    async with town.unit() as unit:
        with pytest.raises(ProcedureRefused, match="was published and stands"):
            await withdraw_draft(unit=unit, draft_id=row["draft_id"], decided=town.decided())


async def test_china_prepaid_from_the_warning_to_the_cut(town: Town) -> None:
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    await town.sign(contacts=("sms",))
    waiting = {
        "approval": Why.STEP_BEFORE_MISSING,
        "second-person": Why.STEP_BEFORE_MISSING,
    }
    assert await town.missing() == {"warned-by-sms": Why.NOT_DONE, **waiting}
    sms = delivered()
    assert await town.hear(sms) == {ACCOUNT}
    assert await town.hear(sms, sms) == set(), "it is delivered again"
    stands = await town.stands()
    assert [(each.name, each.why) for each in stands.missing] == [
        ("warned-by-sms", Why.TOO_EARLY),
        ("approval", Why.NOT_DONE),
        ("second-person", Why.STEP_BEFORE_MISSING),
    ]
    assert stands.again_at is None, "a person must do something"
    await town.do("approval", role="cost-control-approver", reference="ticket 7")
    with pytest.raises(NeedsSecondPerson, match="li did"):
        await town.do("second-person", role="cost-control-reviewer")
    await town.do("second-person", by="wu", role="cost-control-reviewer")
    stands = await town.stands()
    assert stands.again_at == NOW + DAY
    town.now = NOW + DAY
    stands = await town.stands()
    assert (stands.holds_cut, stands.not_after) == (False, NOW + 3 * DAY)
    town.now = NOW + 3 * DAY
    assert (await town.missing())["approval"] is Why.TOO_OLD
    town.now = NOW + DAY
    assert (await town.stands(since=NOW + HOUR)).holds_cut, "all that was of an earlier shortfall"


async def test_paid_under_protest_forbids_the_cut_until_it_is_taken_back(town: Town) -> None:
    await town.publish(shipped("in-arrears") | {"valid_from": "2026-03-02", "verified": True})
    await town.sign(jurisdiction="in", mode=Mode.ARREARS)
    notice = await town.do("notice-15-clear-days", form="registered_letter", reference="RL 1")
    assert notice.cited == "in/any/arrears v1"
    town.now = NOW + 20 * DAY
    assert not (await town.stands()).holds_cut
    protest = await town.do("paid_under_protest", reference="letter of 21 March")
    assert await town.missing() == {"paid_under_protest": Why.FORBIDDEN}
    for _ in range(2):
        async with town.unit() as unit:
            await take_back_step(
                unit=unit, account_id=ACCOUNT, evidence_id=protest.id, decided=town.decided()
            )
    assert not (await town.stands()).holds_cut
    assert len(await town.sql("SELECT FROM procedure_evidence")) == 3
    for unknown in (uuid4(), await town.sql("SELECT id FROM procedure_evidence ORDER BY id DESC")):
        evidence_id = unknown if isinstance(unknown, UUID) else unknown[0]["id"]
        async with town.unit() as unit:
            with pytest.raises(UnknownStep, match="has no step"):
                await take_back_step(
                    unit=unit, account_id=ACCOUNT, evidence_id=evidence_id, decided=town.decided()
                )
    async with town.unit() as unit:
        with pytest.raises(UnknownStep, match="has no step"):
            await take_back_step(
                unit=unit, account_id=OTHER, evidence_id=notice.id, decided=town.decided()
            )


async def test_what_is_no_evidence_of_a_step_is_refused_with_what_would_be(town: Town) -> None:
    with pytest.raises(NoPrepayAgreement, match="nothing is owed to it"):
        await town.do("approval")
    await town.publish(shipped("cn-prepay") | CHINA_DAY)
    await town.sign()
    for name, more, refusal, said in (
        ("prayer", {}, UnknownStep, "there are warned-by-sms, warning-state, approval"),
        ("warning-state", {"reference": "r"}, StepRefused, "it is a wait"),
        ("warned-by-sms", {"form": "letter", "reference": "r"}, StepRefused, "these forms: sms"),
        ("warned-by-sms", {"form": "sms"}, StepRefused, "say by `reference`"),
        ("warned-by-sms", {"form": "sms", "role": "head", "reference": "r"}, StepRefused,
         "it has no role"),
        ("approval", {"role": "clerk"}, StepRefused, "its role is cost-control-approver"),
        ("approval", {"role": "cost-control-approver", "form": "sms"}, StepRefused, "no form"),
        ("approval", {"role": "cost-control-approver", "at": NOW - HOUR}, StepRefused, "approves"),
        ("complaint_open", {"at": NOW + HOUR}, StepRefused, "yet to come"),
        ("second-person", {"role": "cost-control-reviewer"}, NeedsSecondPerson, "nobody did"),
    ):  # fmt: skip
        with pytest.raises(refusal, match=said):
            await town.do(name, **more)
    assert await town.sql("SELECT FROM procedure_evidence") == []


async def test_the_grounds_of_twenty_thousand_accounts_are_two_statements(town: Town) -> None:
    await town.sql(
        "INSERT INTO account (id, number, currency, low_balance_micro, overdraft_micro, "
        "protected, supply_state, opened_at) SELECT gen_random_uuid(), 'a' || n, 'CNY', 0, 0, "
        "false, 'connected', $1 FROM generate_series(1, 20000) AS n",
        NOW,
    )
    rows = await town.sql("SELECT id FROM account WHERE number LIKE 'a%'")
    terms = direct_terms(number="1", low_balance_micro=0, overdraft_micro=0, at=NOW)
    async with town.unit() as unit:
        await enter_agreements(
            unit, [first_agreement(row["id"], terms, town.decided()) for row in rows]
        )
    short = Shortfall(NOW - DAY, NOW - DAY)
    begin = time.process_time()
    async with town.unit() as unit:
        grounds = await load_grounds(unit, [row["id"] for row in rows], at=NOW)
    loaded = time.process_time()
    assert not any(
        lawful(each, short=short, balance_micro=0, now=NOW).holds_cut for each in grounds.values()
    )
    judged = time.process_time()
    assert len(grounds) == 20_000
    load_us, judge_us = ((each) / 20_000 * 1e6 for each in (loaded - begin, judged - loaded))
    print(f"CPU an account: {load_us:.1f} us to load, {judge_us:.1f} us to judge")
    assert load_us + judge_us < 400
