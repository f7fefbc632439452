"""Adjustments and transfers in a database of a test's own: by one person or two, once, and the
books agree whatever happens."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_town import REVIEW, Killed, Town

from prepay_ledger.adjustments.adjust_account import AdjustAccount
from prepay_ledger.adjustments.refusals import BalanceTooLow, OtherCurrency
from prepay_ledger.adjustments.transfer_money import TransferMoney
from prepay_ledger.adjustments.values import (
    Adjustment,
    AdjustmentOrder,
    Cause,
    Transfer,
    TransferOrder,
)
from prepay_ledger.approvals.decide_proposal import ApproveProposal, refuse_proposal
from prepay_ledger.approvals.postgres_queries import ProposalQueries
from prepay_ledger.approvals.refusals import (
    AnotherWaits,
    KeyUsedBefore,
    ProposalDecided,
    ProposalExpired,
    UnknownProposal,
)
from prepay_ledger.approvals.values import (
    ActKind,
    ApprovalTerms,
    Outcome,
    OutcomeAction,
    Proposal,
)
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.ledger_events_v1 import Credited
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson, Refusal

pytestmark = pytest.mark.stack

TERMS = ApprovalTerms(above_micro=100, term=timedelta(days=7))


class Office(Town):
    """Four accounts, two of each currency, and people who put balances right."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=4)
        self.adjust_account = AdjustAccount(review=REVIEW, terms=TERMS)
        self.transfer_money = TransferMoney(review=REVIEW, terms=TERMS)
        self.approve_proposal = ApproveProposal[PostgresUnit](
            {
                ActKind.ADJUSTMENT: self.adjust_account.carry_out,
                ActKind.TRANSFER: self.transfer_money.carry_out,
            }
        )
        self.accounts: list[UUID] = []
        self.start: list[int] = []

    async def move_in(self) -> None:
        await self.settle(self.begin.date())
        rows = await self.sql("SELECT id, balance_micro FROM account ORDER BY number")
        self.accounts = [row["id"] for row in rows]
        self.start = [row["balance_micro"] for row in rows]

    async def adjust(
        self, micro: int, *, of: int = 0, by: str = "li", dies: bool = False, **more: Any
    ) -> Adjustment | Proposal:
        asked = AdjustmentOrder(
            key=more.get("key") or str(new_id()),
            account_id=more.get("account_id") or self.accounts[of],
            amount_micro=micro,
            cause=more.get("cause", Cause.CHARGE_ERROR),
            may_overdraw=more.get("may_overdraw", False),
            who=by,
            reason="r",
        )
        async with self.unit() as unit:
            done = await self.adjust_account(unit, asked=asked, now=self.now)
            if dies:
                raise Killed
        return done

    async def transfer(
        self, micro: int, from_: int = 0, to: int = 2, *, by: str = "li", **more: Any
    ) -> Transfer | Proposal:
        asked = TransferOrder(
            key=more.get("key") or str(new_id()),
            from_account_id=self.accounts[from_],
            to_account_id=self.accounts[to],
            amount_micro=micro,
            may_overdraw=more.get("may_overdraw", False),
            who=by,
            reason="r",
        )
        async with self.unit() as unit:
            return await self.transfer_money(unit, asked=asked, now=self.now)

    async def approve(
        self, one: Proposal, *, by: str = "wang", dies: bool = False, reason: str = "test"
    ) -> Proposal:
        decided = replace(self.decided(by), reason=reason)
        async with self.unit() as unit:
            done = await self.approve_proposal(unit, proposal_id=one.id, decided=decided)
            if dies:
                raise Killed
        return done

    async def refuse(self, one: Proposal, *, by: str = "wang") -> Proposal:
        async with self.unit() as unit:
            return await refuse_proposal(unit=unit, proposal_id=one.id, decided=self.decided(by))

    async def moved(self) -> list[int]:
        """By how much each balance is another than when people moved in."""
        rows = await self.sql("SELECT balance_micro FROM account ORDER BY number")
        return [row["balance_micro"] - was for row, was in zip(rows, self.start, strict=True)]

    async def told(self) -> list[Credited]:
        """What billing and the notifier hear, in order."""
        rows = await self.sql(
            "SELECT value FROM outbox WHERE topic = 'ledger.events.v1' ORDER BY id"
        )
        events = [msgspec.json.decode(row["value"]) for row in rows]
        kinds = ("adjustment", "transfer")
        return [msgspec.convert(each, Credited) for each in events if each.get("kind") in kinds]

    async def count(self, table: str) -> int:
        return (await self.sql(f"SELECT count(*) FROM {table}"))[0][0]


@pytest.fixture
async def office(own_database_url: str) -> AsyncGenerator[Office]:
    made = Office(own_database_url)
    await made.move_in()
    yield made
    await made.holds()
    await made.database.close()


async def test_one_person_adjusts_a_little_once_and_it_is_told(office: Office) -> None:
    done = await office.adjust(-100, key="k1")
    assert isinstance(done, Adjustment)
    assert (done.balance_micro, done.proposal_id) == (office.start[0] - 100, None)
    assert await office.adjust(-100, key="k1") == done
    with pytest.raises(KeyUsedBefore):
        await office.adjust(-99, key="k1")
    with pytest.raises(KeyUsedBefore):
        await office.adjust(-100, key="k1", of=1)
    with pytest.raises(UnknownAccount):
        await office.adjust(1, account_id=new_id())
    assert isinstance(await office.adjust(100, key="k1", by="wang"), Adjustment)
    assert await office.moved() == [0, 0, 0, 0]
    assert [(each.kind, each.amount_micro, each.balance_micro) for each in await office.told()] == [
        ("adjustment", -100, office.start[0] - 100),
        ("adjustment", 100, office.start[0]),
    ]
    (posted,) = await office.sql(
        "SELECT sum(amount_micro)::bigint AS micro FROM posting WHERE ledger_account = $1",
        "adjustments:charge-error",
    )
    assert posted["micro"] == 0


async def test_much_waits_for_a_second_person_and_is_done_by_the_approval(office: Office) -> None:
    waits = await office.adjust(101, key="k1")
    assert isinstance(waits, Proposal)
    assert await office.adjust(101, key="k1") == waits
    with pytest.raises(KeyUsedBefore):
        await office.adjust(102, key="k1")
    with pytest.raises(AnotherWaits, match=str(waits.id)):
        await office.adjust(101, key="k2", by="wang")
    with pytest.raises(NeedsSecondPerson):
        await office.approve(waits, by="li")
    assert await office.moved() == [0] * 4
    assert await office.told() == []
    approved = await office.approve(waits)
    assert approved == replace(
        waits, outcome=Outcome(action=OutcomeAction.APPROVED, decided=office.decided("wang"))
    )
    assert await office.moved() == [101, 0, 0, 0]
    assert await office.approve(waits, reason="again") == approved
    for other in ("li", "chen"):
        with pytest.raises(ProposalDecided, match="by wang"):
            await office.approve(waits, by=other)
    with pytest.raises(ProposalDecided):
        await office.refuse(waits)
    done = await office.adjust(101, key="k1")
    assert isinstance(done, Adjustment)
    assert (done.order.who, done.proposal_id) == ("li", waits.id)
    assert [each.amount_micro for each in await office.told()] == [101]
    with pytest.raises(UnknownProposal):
        await office.approve(replace(waits, id=new_id()))


async def test_what_is_refused_withdrawn_or_too_late_is_never_done(office: Office) -> None:
    first = await office.adjust(101, key="k1")
    assert isinstance(first, Proposal)
    refused = await office.refuse(first)
    assert refused.outcome is not None
    assert refused.outcome.action is OutcomeAction.REFUSED
    assert await office.adjust(101, key="k1") == refused, "the same key is answered as it is"
    second = await office.adjust(101, key="k2")
    assert isinstance(second, Proposal)
    withdrawn = await office.refuse(second, by="li")
    assert withdrawn.outcome is not None
    assert withdrawn.outcome.action is OutcomeAction.WITHDRAWN
    third = await office.adjust(101, key="k3")
    assert isinstance(third, Proposal)
    office.now += TERMS.term
    for decide in (office.approve, office.refuse):
        with pytest.raises(ProposalExpired):
            await decide(third)
    for gone in (first, second):
        with pytest.raises(ProposalDecided):
            await office.approve(gone)
    waiting = ProposalQueries(office.database)
    assert await waiting.waiting_since(office.now) is None
    fourth = await office.adjust(101, key="k4")
    assert isinstance(fourth, Proposal), "what has expired is in nobody's way"
    assert await waiting.waiting_since(office.now) == fourth.proposed.at
    assert await office.moved() == [0] * 4
    assert await office.count("adjustment") == 0


async def test_what_changed_meanwhile_is_checked_again(office: Office) -> None:
    with pytest.raises(BalanceTooLow):
        await office.transfer(office.start[0] + 1)
    waits = await office.transfer(office.start[0])
    assert isinstance(waits, Proposal)
    await office.adjust(-1)
    with pytest.raises(BalanceTooLow):
        await office.approve(waits)
    assert await office.moved() == [-1, 0, 0, 0]
    assert await office.count("proposal_outcome") == 0, "it goes on waiting"
    await office.adjust(1)
    await office.approve(waits)
    assert await office.moved() == [-office.start[0], 0, office.start[0], 0]


async def test_a_transfer_overdraws_only_as_a_second_person_approves(office: Office) -> None:
    with pytest.raises(OtherCurrency):
        await office.transfer(1, 0, 1)
    from_, _, to, _ = office.start
    done = await office.transfer(100, key="k1")
    assert isinstance(done, Transfer)
    assert (done.from_balance_micro, done.to_balance_micro) == (from_ - 100, to + 100)
    assert await office.transfer(100, key="k1") == done
    with pytest.raises(KeyUsedBefore):
        await office.transfer(100, 2, 0, key="k1")
    waits = await office.transfer(2 * from_, may_overdraw=True)
    assert isinstance(waits, Proposal)
    await office.approve(waits)
    assert await office.moved() == [-2 * from_ - 100, 0, 2 * from_ + 100, 0]
    told = await office.told()
    assert {(each.kind, each.amount_micro, each.balance_micro) for each in told[2:]} == {
        ("transfer", -2 * from_, -from_ - 100),
        ("transfer", 2 * from_, to + 2 * from_ + 100),
    }
    decided = await office.sql("SELECT account_id, state FROM decision ORDER BY id DESC LIMIT 1")
    assert [(row["account_id"], row["state"]) for row in decided] == [
        (office.accounts[0], "disconnecting")
    ], "supply of both was looked at"


async def test_of_many_who_decide_at_once_one_does(office: Office) -> None:
    waits = await office.transfer(1_000)
    assert isinstance(waits, Proposal)
    people = [f"p{number}" for number in range(8)]
    asked = [office.approve(waits, by=who) for who in people]
    asked += [office.refuse(waits, by=f"q{number}") for number in range(2)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    done = [each for each in answers if isinstance(each, Proposal)]
    assert len(done) == 1, answers
    assert all(isinstance(each, ProposalDecided) for each in answers if each is not done[0])
    outcome = done[0].outcome
    assert outcome is not None
    moved = 1_000 if outcome.action is OutcomeAction.APPROVED else 0
    assert await office.moved() == [-moved, 0, moved, 0]
    assert await office.count("transfer") == (1 if moved else 0)


async def test_who_dies_in_the_approval_has_done_nothing(office: Office) -> None:
    waits = await office.adjust(-500)
    assert isinstance(waits, Proposal)
    with pytest.raises(Killed):
        await office.approve(waits, dies=True)
    assert await office.moved() == [0] * 4
    assert (await office.count("proposal_outcome"), await office.count("adjustment")) == (0, 0)
    await office.approve(waits)
    assert await office.moved() == [-500, 0, 0, 0]
    assert len(await office.told()) == 1


async def test_transfers_across_each_other_do_not_wait_for_ever(office: Office) -> None:
    asked = [office.transfer(1, *ends) for ends in [(0, 2), (2, 0)] * 10]
    assert all(isinstance(each, Transfer) for each in await asyncio.gather(*asked))
    assert await office.moved() == [0] * 4


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["adjust", "transfer", "approve", "refuse"]),
        st.integers(1, 400),
        st.integers(0, 3),
        st.sampled_from(["li", "wang"]),
        st.booleans(),
    ),
    max_size=15,
)


@given(steps=STEPS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_no_money_comes_or_goes_whatever_people_do(
    office: Office, steps: list[tuple[str, int, int, str, bool]]
) -> None:
    moved = await office.moved()
    before = {True: sum(moved[::2]), False: sum(moved[1::2])}
    waiting: list[Proposal] = []
    for what, micro, of, by, more in steps:
        try:
            match what:
                case "adjust":
                    made = await office.adjust(micro if more else -micro, of=of, by=by)
                    if isinstance(made, Adjustment):
                        before[of % 2 == 0] += made.order.amount_micro
                case "transfer":
                    made = await office.transfer(micro, of, (of + 2) % 4, by=by)
                case "approve" if waiting:
                    made = await office.approve(waiting.pop(0), by=by)
                    act = made.act
                    if act.kind is ActKind.ADJUSTMENT:
                        before[act.currency == "CNY"] += int(act.parameters["amount_micro"])
                case "refuse" if waiting:
                    made = await office.refuse(waiting.pop(), by=by)
                case _:
                    continue
        except Refusal:
            continue
        if isinstance(made, Proposal) and made.outcome is None:
            waiting.append(made)
    for one in waiting:
        await office.refuse(one)
    after = await office.moved()
    assert {True: sum(after[::2]), False: sum(after[1::2])} == before
    await office.holds()
