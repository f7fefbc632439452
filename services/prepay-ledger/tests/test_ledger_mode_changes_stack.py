"""Changes between prepaid and post-paid on PostgreSQL: nothing is lost, nothing done twice."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from ledger_money import moves_balance
from ledger_town import REVIEW, Dying, Killed, Town
from sqlalchemy import text

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.debts.move_debt import credit
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.values import BillCause
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.mandates.values import Consent
from prepay_ledger.mode_changes.carry_on import CarryOnChanges
from prepay_ledger.mode_changes.decide_change import cancel_change, give_notice
from prepay_ledger.mode_changes.postgres_queries import ModeChangeQueries
from prepay_ledger.mode_changes.refusals import KeyUsedBefore, ModeChangeRefused
from prepay_ledger.mode_changes.request_change import request_change
from prepay_ledger.mode_changes.values import ChangeState, ModeChange, Terms
from prepay_ledger.modes.refusals import ModeChangeUnderWay
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.prepay_agreements.sign_agreement import end_agreement, sign_agreement
from prepay_ledger.prepay_agreements.values import direct_terms
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_policy_v1 import policy_of
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

DAY = timedelta(days=1)
HOURS = 480
"""From `Town.begin` to the first instant of its today."""


class Changing(Town):
    """A town whose first account changes its mode today; its meter is read up to yesterday noon."""

    account_id: UUID

    async def begin_here(self) -> None:
        await self.settle(self.begin.date())
        (row,) = await self.sql("SELECT id FROM account WHERE number = 'town-0'")
        self.account_id = row["id"]
        await self.read(HOURS - 12, [0])

    async def request(
        self, to: Mode = Mode.ARREARS, *, days: int = 0, key: str = "k-1", open_unit=None
    ) -> ModeChange:
        terms = Terms(
            to=to,
            first_day=self.today + days * DAY,
            tariff_code="in-cny",
            consent=Consent(by="Zhang Min", reference="A-17", at=self.begin),
        )
        async with (open_unit or self.unit)() as unit:
            return await request_change(
                unit=unit, account_id=self.account_id, terms=terms, key=key, decided=self.decided()
            )

    async def look(self, *, later: timedelta = timedelta(0), open_unit=None) -> ModeChange:
        """The job, as it runs then; gives the newest change."""
        await CarryOnChanges(
            open_unit=open_unit or self.unit,
            review=REVIEW,
            clock=lambda: self.now + later,
            committed=lambda: None,
        )()
        return await self.change()

    async def change(self) -> ModeChange:
        found = await ModeChangeQueries(self.database).changes(
            account_id=self.account_id, open_=None, before=None, limit=1
        )
        return found[0]

    async def pay(self, micro: int) -> None:
        """The balance moves, as billing is told."""
        async with self.unit() as unit:
            await unit.balances.lock(self.account_id)
            await credit(
                unit, self.account_id, micro, "CNY", against=(), source=str(new_id()), at=self.now
            )
            await REVIEW(unit, [self.account_id], now=self.now, caused_at=self.now)

    async def policy(self, evidence: bool = True, **rules: object) -> None:
        self.now += timedelta(milliseconds=1)
        document = policy_of(
            {"default": {"mode_changes": rules, "evidence": {"mode_change": evidence}}}
        )
        async with self.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=self.decided()
            )
        async with self.unit() as unit:
            await publish_policy(unit=unit, policy_id=draft.id, decided=self.decided("other"))

    async def sign(self) -> None:
        self.now += timedelta(milliseconds=2)
        terms = direct_terms(number="town-0", low_balance_micro=0, overdraft_micro=0, at=self.now)
        async with self.unit() as unit:
            await sign_agreement(
                unit=unit, account_id=self.account_id, terms=terms, decided=self.decided()
            )

    async def account(self):
        await self.holds()
        view = await AccountQueries(self.database).account(account_id=self.account_id)
        assert view is not None
        return view

    async def balance(self) -> int:
        return (await self.account()).account.balance_micro

    async def charged_by_agreement(self) -> list[int]:
        """Of the account's agreements, by their first days."""
        rows = await self.sql(
            "SELECT coalesce(sum(c.posted_micro), 0)::bigint AS micro FROM agreement AS a "
            "LEFT JOIN charge_state AS c ON c.agreement_id = a.id WHERE a.account_id = $1 "
            "GROUP BY a.id, a.first_day ORDER BY a.first_day",
            self.account_id,
        )
        return [row["micro"] for row in rows]

    async def gates(self) -> int:
        async with self.unit() as unit:
            found = await unit.conditions.standing([self.account_id], now=self.now)
        return int(ConditionKind.MODE_CHANGE in found.get(self.account_id, {}))

    async def told(self, kind: str) -> list[dict]:
        rows = await self.sql(
            "SELECT value FROM outbox WHERE topic = 'ledger.events.v1' ORDER BY id"
        )
        events = [msgspec.json.decode(row["value"]) for row in rows]
        return [each for each in events if kind in each]

    async def billing_has(self) -> int:
        """The account's balance as billing makes it up: what was given, less what was charged."""
        given = {}
        for each in await self.told("balance_number"):
            if moves_balance(each) and each["account_id"] == str(self.account_id):
                names = ("kind", "source", "payment_id", "journal_id")
                sign = -1 if "journal_id" in each else 1  # It was taken back.
                source = tuple(each.get(name) for name in names)
                given[source] = sign * each.get("amount_micro", each["balance_micro"])
        rows = await self.sql(
            "SELECT value FROM outbox WHERE topic = 'ledger.charges.v1' ORDER BY id"
        )
        charged: dict[tuple[UUID, date], int] = {}
        for row in rows:
            for each in msgspec.json.decode(row["value"], type=ChargesPosted).charges:
                if each.account_id == self.account_id:
                    charged[each.agreement_id, each.period_first] = each.total_micro
        return sum(given.values()) - sum(charged.values())


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Changing]:
    made = Changing(own_database_url)
    await made.begin_here()
    yield made
    await made.database.close()


async def to_arrears(town: Changing) -> ModeChange:
    await town.request()
    await town.read(HOURS + 2, [0])
    change = await town.look()
    assert change.state is ChangeState.DONE
    return change


async def test_the_balance_left_is_credit_after_the_change_and_each_mode_has_its_charges(
    town: Changing,
) -> None:
    await town.request()
    assert await town.gates() == 1
    waiting = await town.look()
    assert (waiting.state, waiting.waits_for) == (ChangeState.WAITING, "readings of m0")
    await town.pay(700)  # What is paid meanwhile is credited.
    before = await town.balance()
    await town.read(HOURS + 2, [0])
    change = await town.look(later=timedelta(seconds=11))
    assert change.state is ChangeState.DONE
    view = await town.account()
    old, new = await town.charged_by_agreement()
    assert new > 0
    balance = town.paid_micro[0] + 700 - old - new
    assert (view.account.mode, view.account.balance_micro) == (Mode.ARREARS, balance)
    assert change.closing_micro == balance + new < before
    assert await town.gates() == 0
    (event,) = await town.told("effective_at")
    assert (event["mode"], event["balance_micro"]) == ("arrears", balance)


async def test_a_post_paid_account_goes_below_zero_and_is_neither_cut_nor_warned(
    town: Changing,
) -> None:
    await to_arrears(town)
    told = len(await town.told("threshold_micro"))
    await town.pay(-2 * await town.balance())
    view = await town.account()
    assert view.account.balance_micro < 0
    assert view.account.supply_state is SupplyState.CONNECTED
    await town.read(HOURS + 9, [0], wh=10**6)
    async with town.unit() as unit:
        await REVIEW(unit, [town.account_id], now=town.now, caused_at=town.now)
    assert (await town.account()).account.supply_state is SupplyState.CONNECTED
    assert len(await town.told("threshold_micro")) == told
    assert await town.sql("SELECT FROM command") == []
    (row,) = await town.sql(
        "SELECT review_at_micro, review_above_micro FROM account WHERE id = $1", town.account_id
    )
    assert tuple(row) == (None, None)


async def test_who_is_dark_has_supply_again_as_the_account_becomes_post_paid(
    town: Changing,
) -> None:
    await town.policy(evidence=False)
    await town.sign()
    await town.pay(-2 * await town.balance())
    assert (await town.account()).account.supply_state is SupplyState.DISCONNECTING
    await town.sql("UPDATE relay SET observed = 'open' WHERE meter_id = 'm0'")
    await to_arrears(town)
    assert (await town.account()).account.supply_state is SupplyState.RECONNECTING


async def test_what_is_owed_becomes_a_debt_by_instalments_as_it_becomes_prepaid(
    town: Changing,
) -> None:
    await to_arrears(town)
    await town.policy(instalments=4)
    await town.pay(-await town.balance() - 900)
    await town.request(Mode.PREPAY, days=1, key="k-2")
    tomorrow = timedelta(days=1, hours=12)
    await town.read(HOURS + 25, [0])
    assert (await town.look(later=tomorrow)).waits_for == (
        "a prepay agreement that the customer has signed"
    )
    await town.sign()
    change = await town.look(later=tomorrow + timedelta(seconds=11))
    assert change.state is ChangeState.DONE
    (debt,) = await DebtQueries(town.database).debts(
        account_id=town.account_id, open_=True, before=None, limit=9
    )
    _, arrears, prepaid = await town.charged_by_agreement()
    assert change.closing_micro is not None
    assert debt.left_micro == -change.closing_micro > 900
    assert (debt.cause, debt.id) == (BillCause.MODE_CHANGE, change.debt_id)
    assert (len(debt.plan), sum(each.amount_micro for each in debt.ahead)) == (4, debt.left_micro)
    view = await town.account()
    assert view.account.mode is Mode.PREPAY
    assert view.account.balance_micro == -prepaid < 0 < arrears
    assert view.sub_balances_micro == {"debt": -debt.left_micro}


async def test_by_policy_what_is_owed_is_due_at_once(town: Changing) -> None:
    await town.policy(owed="at_once")
    await to_arrears(town)
    await town.pay(-await town.balance() - 900)
    await town.request(Mode.PREPAY, days=1, key="k-2")
    await town.read(HOURS + 25, [0])
    await town.sign()
    change = await town.look(later=timedelta(days=1, hours=12))
    assert (change.state, change.debt_id) == (ChangeState.DONE, None)
    assert await town.balance() < -900


async def test_billing_agrees_at_the_end_of_each_change(town: Changing) -> None:
    assert await town.billing_has() == await town.balance()
    await to_arrears(town)
    assert await town.billing_has() == await town.balance()
    await town.pay(-await town.balance() - 900)
    await town.read(HOURS + 25, [0])
    await town.request(Mode.PREPAY, days=1, key="k-2")
    await town.sign()
    change = await town.look(later=timedelta(days=1, hours=12))
    assert change.debt_id is not None
    assert await town.billing_has() == await town.balance()


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_in_the_middle_it_is_made_whole_and_once(
    town: Changing, after: int, inside: bool
) -> None:
    await town.request()
    await town.read(HOURS + 2, [0])
    before = await town.account()
    with pytest.raises(Killed):
        await town.look(open_unit=Dying(town, after=after, inside=inside))
    assert (await town.change()).state is ChangeState.NOTICED
    assert await town.account() == before
    assert await town.gates() == 1
    assert (await town.look()).state is ChangeState.DONE
    once = await town.account()
    assert (await town.look(later=DAY)).state is ChangeState.DONE
    assert await town.account() == once
    assert len(await town.charged_by_agreement()) == 2


async def test_meanwhile_nothing_that_contradicts_it_is_done(town: Changing) -> None:
    await town.request(days=3)
    with pytest.raises(ModeChangeUnderWay):
        await town.request(days=4, key="k-2")
    agreement = Agreement(
        id=new_id(), account_id=town.account_id, tariff_code="in-cny", first_day=town.today
    )
    with pytest.raises(ModeChangeUnderWay):
        async with town.unit() as unit:
            await DecideAgreement(review=REVIEW).set(
                unit=unit, agreement=agreement, decided=town.decided()
            )
    with pytest.raises(ModeChangeUnderWay):
        async with town.unit() as unit:
            await DecideMeter(review=REVIEW).move_out(
                unit=unit, meter_id="m0", at=town.now, register_wh=None, next_account_id=None,
                decided=town.decided(),
            )  # fmt: skip
    with pytest.raises(ModeChangeUnderWay):
        await town.sign()
    async with town.unit() as unit:  # That it ends is where it goes.
        await end_agreement(
            unit=unit,
            account_id=town.account_id,
            ends_at=town.now + timedelta(milliseconds=1),
            decided=town.decided(),
        )
    async with town.unit() as unit:
        await cancel_change(unit=unit, change_id=(await town.change()).id, decided=town.decided())
    assert await town.gates() == 0
    await town.sign()


async def test_the_gate_holds_a_cut_until_the_change_is_cancelled(town: Changing) -> None:
    await town.policy()
    await town.sign()
    change = await town.request(days=3)
    await town.pay(-2 * await town.balance())
    assert (await town.account()).account.supply_state is SupplyState.PENDING
    async with town.unit() as unit:
        await cancel_change(unit=unit, change_id=change.id, decided=town.decided())
        await REVIEW(unit, [town.account_id], now=town.now, caused_at=town.now)
    assert (await town.account()).account.supply_state is SupplyState.DISCONNECTING


async def test_without_its_notice_it_is_refused_and_with_it_made(town: Changing) -> None:
    await town.policy(notice_days=14)
    change = await town.request(days=20)
    assert change.state is ChangeState.REQUESTED
    refused = await town.look(later=20 * DAY)
    assert refused.state is ChangeState.REFUSED
    assert "no notice was given 14 days before" in refused.reason
    again = await town.request(days=20, key="k-2")

    async def notice(given_at: datetime, key: str = "n-1") -> ModeChange:
        async with town.unit() as unit:
            return await give_notice(
                unit=unit, change_id=again.id, reference="letter 9", given_at=given_at, key=key,
                decided=town.decided(),
            )  # fmt: skip

    noticed = await notice(town.now)
    assert (noticed.state, noticed.noticed_at) == (ChangeState.NOTICED, town.now)
    assert await notice(town.now) == noticed
    with pytest.raises(KeyUsedBefore):
        await notice(town.now - DAY)
    with pytest.raises(ModeChangeRefused):
        await notice(town.now, key="n-2")


async def test_the_same_request_again_is_the_same_change(town: Changing) -> None:
    change = await town.request()
    assert await town.request() == change
    with pytest.raises(KeyUsedBefore):
        await town.request(days=2)


async def test_without_a_reading_it_is_made_by_policy_and_the_next_reading_is_shared(
    town: Changing,
) -> None:
    await town.policy(without_reading_after_days=2)
    await town.request()
    assert (await town.look(later=DAY)).state is ChangeState.WAITING
    change = await town.look(later=3 * DAY)
    assert change.state is ChangeState.DONE
    before, _ = await town.charged_by_agreement()
    await town.read(HOURS + 12, [0])
    old, new = await town.charged_by_agreement()
    assert old > before
    assert new > 0
    assert await town.balance() == town.paid_micro[0] - old - new


async def test_closing_waits_for_readings_under_way_and_stands_in_nobodys_way(
    town: Changing,
) -> None:
    """They have the meter, and lock the account next: who has that and waits for the meter would
    deadlock with them."""
    await town.request()
    await town.read(HOURS + 2, [0])
    async with town.unit() as readings:
        await readings.charging.hold(["m0"])
        closing = asyncio.create_task(town.look())
        while not await town.sql(  # noqa: ASYNC110 - another connection's state
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        ):
            await asyncio.sleep(0.02)
        await readings.connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
        assert await readings.balances.lock(town.account_id) is not None
        assert not closing.done()
    assert (await closing).state is ChangeState.DONE
    await town.holds()
