"""Late charges on PostgreSQL: each day once, whatever dies; given back where money was there."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from ledger_checkouts import Takes
from ledger_saving import LINKS
from ledger_town import ONE_PERSON, REVIEW, Dying, Killed
from test_ledger_mode_changes_stack import DAY, to_arrears
from test_ledger_statements_stack import Told, use

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.conditions.tell_condition import begin_condition, end_condition
from prepay_ledger.dues.postgres_queries import DueQueries
from prepay_ledger.dues.rules import dues_of
from prepay_ledger.dues.values import Dues
from prepay_ledger.late_charges.charge_late import ChargeLate
from prepay_ledger.late_charges.postgres import DUE_LOOKS
from prepay_ledger.late_charges.postgres_queries import LateChargeQueries
from prepay_ledger.late_charges.refusals import NoLateCharge, WaiverTooMuch
from prepay_ledger.late_charges.values import LATE_CHARGE, LateChargeRow, Waiver, WaiverOrder
from prepay_ledger.late_charges.waive_late import WaiveLate
from prepay_ledger.pay_links.tell_links import TellLinks
from prepay_ledger.payments import credit
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.providers.amounts import whole_minor
from prepay_ledger.providers.values import Kind
from prepay_ledger.providers.values import Told as MoneyTold
from prepay_ledger.statements.values import Statement
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.supply_policy_v1 import policy_of
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

PPM = 1_000
"""A day costs, of what is open."""


class Late(Told):
    """It owes what its first statement says. Days are counted from the statement's due day."""

    first: Statement

    async def says_late(self, **late: Any) -> None:
        self.now += timedelta(milliseconds=1)
        document = policy_of({"default": {"late_payments": late}})
        async with self.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=self.decided()
            )
        async with self.unit() as unit:
            await publish_policy(unit=unit, policy_id=draft.id, decided=self.decided("other"))

    async def owes(self, *, reminder_days: Sequence[int] = (), **charge: Any) -> None:
        """Its first statement asks for all that its period was charged; the next one goes on."""
        charge = {"rate_ppm": PPM} | charge
        await self.says_late(charge=charge, reminder_days=reminder_days)
        await to_arrears(self)
        await use(self, 40)
        charged = (await self.charged_by_agreement())[1]
        await self.pay(-(await self.balance() + charged))
        self.first = (await self.issue(days=40))[0]
        amounts = self.first.amounts
        assert amounts.owed_micro == amounts.charged_micro > 10**6

    def at(self, days: int) -> datetime:
        """In the morning so many days after the due day."""
        return datetime.combine(self.first.due_on + days * DAY, time(9), UTC)

    async def sweep(self, days: int, *, open_unit=None) -> list[LateChargeRow]:
        """The job, as it runs so many days after the due day; the first statement's rows, the
        oldest first."""
        job = ChargeLate(
            open_unit=open_unit or self.unit,
            zone=REVIEW.zone,
            clock=lambda: self.at(days),
            committed=lambda: None,
            pay_urls=TellLinks(LINKS, [Takes()]),
        )
        await job()
        return await self.rows()

    async def reminders(self, days: int, *, open_unit=None) -> list[dict]:
        """Likewise; what customers are told of the first statement, the oldest first."""
        await self.sweep(days, open_unit=open_unit)
        told = await self.told("settled_at_micro")
        return [each for each in told if each["statement_id"] == str(self.first.id)]

    async def rows(self) -> list[LateChargeRow]:
        found = await LateChargeQueries(self.database).charges(
            account_id=None, statement_id=self.first.id, before=None, limit=99
        )
        return list(found)[::-1]

    async def bank_line(self, micro: int, *, value_on: date) -> UUID:
        """A line of our bank account, as a file of it told of it."""
        line_id = new_id()
        await self.sql(
            "INSERT INTO bank_account (account, currency, name, opened_by, reason, at) "
            "VALUES ('A', 'CNY', 'n', 'w', 'r', now())"
        )
        await self.sql(
            "INSERT INTO bank_file (id, key, sha256, name, format, body, statements, uploaded_by, "
            "at) VALUES ($1, 'k', sha256('x'), 'n', 'csv', 'x', '[]', 'w', now())", line_id,
        )  # fmt: skip
        await self.sql(
            "INSERT INTO bank_line (id, file_id, format, number, account, currency, statement, "
            "identity, kind, amount_micro, booked_on, value_on, booking, transaction, "
            "end_to_end_id, structured, text, other_party, state, reason, open, known) "
            "VALUES ($1, $1, 'csv', 1, 'A', 'CNY', 's', 'i', 'credit', $2, $3, $4, '', '', '', "
            "'', '', '', 'waiting', '', false, true)",
            line_id, micro, value_on + 9 * DAY, value_on,
        )  # fmt: skip
        return line_id

    async def collects(self, *, days: int = 0, micro: int | None = None) -> UUID:
        """The first statement, or so much of it, is in a file of debits that collects so many days
        after its due day; the request."""
        micro = micro or self.first.amounts.owed_micro
        collect_on = self.first.due_on + days * DAY
        request_id, mandate_id, file_id = new_id(), new_id(), new_id()
        await self.sql(
            "INSERT INTO mandate (id, account_id, provider, reference, threshold_micro, "
            "amount_micro, month_micro_max, month_requests_max, valid_from, consent_by, "
            "consent_reference, consent_at, state, state_reason, failures) VALUES ($1, $2, 'demo', "
            "'m', 1, 9, 9, 1, '2026-01-01', 'c', 'd', $3, 'active', '', 0)",
            mandate_id, self.account_id, self.now,
        )  # fmt: skip
        await self.sql(
            "INSERT INTO top_up_request (id, mandate_id, account_id, provider, reference, "
            "amount_micro, currency, statement_id, requested_on, requested_at, state, code, "
            "payment_id, sends, answer_by) VALUES ($1, $2, $3, 'demo', 'm', $4, 'CNY', $5, $6, $7, "
            "'accepted', '', '', 1, $7)",
            request_id, mandate_id, self.account_id, micro, self.first.id, collect_on, self.now,
        )  # fmt: skip
        await self.sql(
            "INSERT INTO debit_file (id, key, provider, currency, collect_on, cut_off, state, "
            "lines, sum_micro) VALUES ($1, 'k', 'demo', 'CNY', $2, $3, 'sent', 1, $4)",
            file_id, collect_on, self.now, micro,
        )  # fmt: skip
        await self.sql(
            "INSERT INTO debit_item (request_id, file_id, number, account_id, account_number, "
            "mandate_reference, signed_on, holder, bank_account, bank_code, amount_micro, "
            "currency) VALUES ($1, $2, 1, $3, 'town-0', 'm', '2026-01-01', 'h', '6222', '', $4, "
            "'CNY')",
            request_id, file_id, self.account_id, micro,
        )  # fmt: skip
        return request_id

    async def answered(self, request_id: UUID, micro: int | None) -> None:
        """The bank has paid the request, so much; none: it has refused it."""
        if micro is not None:
            payment = Payment(
                provider="demo", payment_id=request_id.hex, account_number="town-0",
                amount_micro=micro, currency="CNY",
            )  # fmt: skip
            async with self.unit() as unit:
                await TakePayment(review=REVIEW)(unit, payment=payment, now=self.now)
        await self.sql(
            "UPDATE top_up_request SET state = $2, payment_id = $3, closed_at = requested_at, "
            "answer_by = NULL WHERE id = $1",
            request_id, *(("failed", "") if micro is None else ("paid", request_id.hex)),
        )  # fmt: skip

    async def waive(
        self, micro: int, *, key: str = "w-1", terms: ApprovalTerms = ONE_PERSON, who: str = "li"
    ) -> Waiver | Proposal:
        asked = WaiverOrder(
            key=key, statement_id=self.first.id, amount_micro=micro, who=who, reason="test"
        )
        async with self.unit() as unit:
            return await WaiveLate(review=REVIEW, terms=terms)(unit, asked=asked, now=self.now)

    async def dues(self) -> Dues:
        """On the thirteenth day."""
        found = await DueQueries(self.database).post_paid(self.account_id)
        return dues_of(found, today=self.at(13).date())

    def late_micro(self, days: int) -> int:
        """What so many whole days of the first statement cost, with nothing paid."""
        return self.first.amounts.charged_micro * PPM * days // 10**6


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Late]:
    made = Late(own_database_url)
    await made.begin_here()
    yield made
    await made.holds()
    assert await made.billing_has() == await made.balance()
    await made.database.close()


async def test_each_day_is_charged_once_and_days_missed_with_the_next(town: Late) -> None:
    await town.owes()
    before = await town.balance()
    assert await town.sweep(1) == []
    (first,) = await town.sweep(2)
    assert (first.amount_micro, first.through) == (town.late_micro(1), town.first.due_on + DAY)
    assert await town.sweep(2) == [first]
    # Nobody looked for nine days.
    (_, second) = await town.sweep(11)
    assert first.amount_micro + second.amount_micro == second.accrued_micro == town.late_micro(10)
    assert [tuple(each) for each in second.spans] == [
        (town.first.due_on + DAY, town.first.due_on + 10 * DAY, town.first.amounts.charged_micro,
         PPM)
    ]  # fmt: skip
    assert await town.balance() == before - town.late_micro(10)
    posted = await town.sql(
        "SELECT sum(amount_micro)::bigint AS micro FROM posting "
        "WHERE ledger_account = 'revenue:late-charges'"
    )
    assert posted[0]["micro"] == town.late_micro(10)
    with pytest.raises(asyncpg.RaiseError, match="is refused"):
        await town.sql("UPDATE late_charge SET amount_micro = amount_micro")


async def test_whoever_dies_in_it_has_charged_or_has_not_and_two_charge_once(town: Late) -> None:
    await town.owes()
    before = await town.balance()
    for after in (1, 2):
        with pytest.raises(Killed):
            await town.sweep(6, open_unit=Dying(town, after=after, inside=True))
            raise Killed  # Of the second nothing is left to die in.
    found = await asyncio.gather(*(town.sweep(6) for _ in range(3)))
    (row,) = found[-1]
    assert (row.number, row.amount_micro) == (1, town.late_micro(5))
    assert await town.balance() == before - row.amount_micro


async def test_what_is_paid_costs_no_more_and_late_charges_are_no_arrears(town: Late) -> None:
    await town.owes()
    await town.sweep(11)
    town.now = town.at(11)
    owed = town.first.amounts.owed_micro
    await town.pays(owed)
    rows = await town.sweep(25)
    assert rows[-1].accrued_micro == town.late_micro(10)
    found = await town.dues()
    assert (found.arrears_micro, found.late_unpaid_micro) == (0, town.late_micro(10))
    await town.pays(town.late_micro(10))
    found = await town.dues()
    assert found.late_unpaid_micro == 0


async def test_money_that_was_there_in_time_gives_back_what_it_cost(town: Late) -> None:
    """It came to the bank on the due day, and was told and credited ten days later."""
    await town.owes()
    (charged,) = await town.sweep(11)
    town.now = town.at(11)
    owed = town.first.amounts.owed_micro
    line_id = await town.bank_line(owed, value_on=town.first.due_on)
    payment = Payment(
        provider="bank/A", payment_id=str(line_id), account_number="town-0", amount_micro=owed,
        currency="CNY",
    )  # fmt: skip
    async with town.unit() as unit:
        await TakePayment(review=REVIEW)(unit, payment=payment, now=town.now)
    (_, back) = await town.sweep(12)
    assert (back.number, back.amount_micro, back.accrued_micro) == (2, -charged.amount_micro, 0)
    assert await town.sweep(25) == [charged, back]


async def test_what_is_at_the_bank_costs_nothing_and_is_not_reminded_of(town: Late) -> None:
    """Its file collects on the fourth day; the bank answers days later, and pays."""
    await town.owes(reminder_days=(5,))
    request_id = await town.collects(days=4)
    assert await town.reminders(3) == []
    (before,) = await town.rows()
    assert before.accrued_micro == town.late_micro(2)
    assert await town.reminders(9) == []
    meanwhile = await town.rows()
    assert meanwhile[-1].accrued_micro == town.late_micro(3)
    town.now = town.at(9)
    await town.answered(request_id, town.first.amounts.owed_micro)
    assert await town.sweep(10) == meanwhile
    assert await town.reminders(12) == []


async def test_paid_first_what_is_at_the_bank_has_paid_no_late_charges_yet(town: Late) -> None:
    await town.owes(paid="first")
    request_id = await town.collects(days=4)
    meanwhile = await town.sweep(5)
    town.now = town.at(5)
    assert (await town.dues()).late_unpaid_micro >= town.late_micro(3)
    await town.answered(request_id, town.first.amounts.owed_micro)
    rows = await town.sweep(6)
    assert rows[: len(meanwhile)] == meanwhile
    assert (await town.dues()).late_unpaid_micro < town.late_micro(3) // 100


async def test_what_the_bank_refuses_costs_the_days_meanwhile_and_what_it_does_not_cover_always(
    town: Late,
) -> None:
    await town.owes()
    owed = town.first.amounts.owed_micro
    request_id = await town.collects(days=1, micro=owed // 2)
    (half,) = await town.sweep(11)
    assert half.accrued_micro == (owed - owed // 2) * 10 * PPM // 10**6
    town.now = town.at(11)
    await town.answered(request_id, None)
    assert (await town.sweep(12))[-1].accrued_micro == town.late_micro(11)
    assert sum(each.amount_micro for each in await town.rows()) == town.late_micro(11)


async def test_what_went_back_costs_from_the_day_on_which_it_went(town: Late) -> None:
    await town.owes()
    request_id = await town.collects()
    town.now = town.at(3)
    await town.answered(request_id, town.first.amounts.owed_micro)
    assert await town.sweep(6) == []
    told = MoneyTold(
        kind=Kind.REVERSED, type="debit.returned", payment_id=request_id.hex, movement_id="return",
        account_number="", amount_micro=town.first.amounts.owed_micro, currency="CNY", at=None,
    )  # fmt: skip
    town.now = town.at(6)
    async with town.unit() as unit:
        await TakeMovement(review=REVIEW)(unit, provider="demo", told=told, now=town.now)
    (row,) = await town.sweep(11)
    assert [tuple(each)[:2] for each in row.spans] == [
        (town.first.due_on + 6 * DAY, town.first.due_on + 10 * DAY)
    ]
    assert row.accrued_micro == town.late_micro(5)


async def test_money_that_lay_in_suspense_was_there_as_it_came(town: Late) -> None:
    await town.owes()
    owed = town.first.amounts.owed_micro
    payment = Payment(
        provider="p", payment_id="a/b", account_number="nobody", amount_micro=owed, currency="CNY"
    )
    town.now = town.at(0)
    async with town.unit() as unit:
        await TakePayment(review=REVIEW)(unit, payment=payment, now=town.now)
    (charged,) = await town.sweep(11)
    (kept,) = await town.sql("SELECT id FROM payment WHERE payment_id = 'a/b'")
    town.now = town.at(11)
    assign = AssignPayment(review=REVIEW, terms=ONE_PERSON)
    async with town.unit() as unit:
        await assign(
            unit=unit,
            payment=kept["id"],
            account_id=town.account_id,
            account_number=None,
            decided=credit.Decided("li", "test"),
            now=town.now,
        )
    (_, back) = await town.sweep(12)
    assert (back.amount_micro, back.accrued_micro) == (-charged.amount_micro, 0)


async def test_days_in_dispute_cost_nothing(town: Late) -> None:
    await town.owes()
    decided = replace(town.decided(), at=town.at(3))
    async with town.unit() as unit:
        told, _ = await begin_condition(
            unit=unit,
            kind=ConditionKind.DISPUTED_READINGS,
            account_id=town.account_id,
            reference="D-1",
            until=None,
            decided=decided,
        )
    (row,) = await town.sweep(7)
    assert row.accrued_micro == town.late_micro(2)
    async with town.unit() as unit:
        await end_condition(
            unit=unit, condition_id=told.id, decided=replace(decided, at=town.at(8))
        )
    assert (await town.sweep(11))[-1].accrued_micro == town.late_micro(4)


async def test_a_person_waives_and_much_takes_two(town: Late) -> None:
    await town.owes()
    with pytest.raises(NoLateCharge):
        await town.waive(1)
    await town.sweep(11)
    charged = town.late_micro(10)
    town.now = town.at(11)
    with pytest.raises(WaiverTooMuch, match=f"{charged} micro-units are charged late"):
        await town.waive(charged + 1)
    before = await town.balance()
    first = await town.waive(9)
    assert isinstance(first, Waiver)
    assert await town.waive(9) == first
    with pytest.raises(KeyUsedBefore):
        await town.waive(8)
    assert await town.balance() == before + 9
    two = ApprovalTerms(above_micro=10, term=7 * DAY)
    proposal = await town.waive(charged - 9, key="w-2", terms=two)
    assert isinstance(proposal, Proposal)
    assert await town.balance() == before + 9
    waive_late = WaiveLate(review=REVIEW, terms=two)
    approve = ApproveProposal({ActKind.LATE_CHARGE_WAIVER: waive_late.carry_out})
    async with town.unit() as unit:
        await approve(unit, proposal_id=proposal.id, decided=town.decided("wang"))
    assert await town.balance() == before + charged
    # What stays open goes on costing, and what was given up is not charged again.
    rows = await town.sweep(13)
    assert [each.amount_micro for each in rows] == [
        charged, -9, 9 - charged, town.late_micro(12) - charged,
    ]  # fmt: skip
    assert len(await LateChargeQueries(town.database).waivers(
        account_id=town.account_id, before=None, limit=9
    )) == 2  # fmt: skip


async def test_late_charges_stand_on_the_next_statement_and_bear_none_themselves(
    town: Late,
) -> None:
    await town.owes()
    await town.sweep(11)
    await use(town, 90)
    statements = await town.issue(days=90)
    told = [each.amounts.late_micro for each in statements]
    assert sum(told) == town.late_micro(10)
    assert told[0] == 0
    last = statements[-1]
    assert last.late_total_micro == town.late_micro(10)
    assert sum(each.amounts.given_micro for each in statements) < 0  # What was taken by hand.
    row = (await town.sweep(25))[-1]
    assert {each.open_micro for each in row.spans} == {town.first.amounts.charged_micro}


async def test_paid_first_a_payment_pays_late_charges_before_what_was_used(town: Late) -> None:
    await town.owes(paid="first")
    await town.sweep(11)
    town.now = town.at(11)
    await town.pays(town.first.amounts.owed_micro)
    row = (await town.sweep(13))[-1]
    left = town.late_micro(10)
    assert row.accrued_micro == (town.first.amounts.charged_micro * 10 + left * 2) * PPM // 10**6
    found = await town.dues()
    assert found.late_unpaid_micro == row.accrued_micro - town.late_micro(10)


async def test_a_reminder_is_told_once_a_step_and_not_after_it_was_paid(town: Late) -> None:
    await town.owes(reminder_days=(1, 15, 30))
    assert await town.reminders(0) == []
    for days in (1, 1, 3):
        (told,) = await town.reminders(days)
    assert told["pay_url"].startswith("https://pay.example/p/")
    owed = town.first.amounts.owed_micro
    assert (told["step_days"], told["open_micro"], told["overdue_micro"]) == (1, owed, owed)
    assert told["statement_number"] == town.first.number
    assert told["settled_at_micro"] == told["balance_micro"] + whole_minor(owed, "CNY")
    with pytest.raises(Killed):
        await town.reminders(16, open_unit=Dying(town, after=1, inside=True))
    (first, second) = await town.reminders(20)
    # Two weeks later it would end too soon: another one is told.
    assert second["pay_url"] not in (None, first["pay_url"])
    assert (second["step_days"], second["open_micro"]) == (15, owed)
    assert second["late_micro"] == town.late_micro(19)
    # By the balance that the late charge has left.
    charged = [each for each in await town.told("source") if each["kind"] == LATE_CHARGE][-1]
    for name in ("balance_micro", "balance_number"):
        assert second[name] == charged[name]
    town.now = town.at(21)
    await town.pays(owed)
    assert len(await town.reminders(31)) == 2


async def test_a_protected_account_is_reminded_and_not_charged(town: Late) -> None:
    await town.owes(reminder_days=(2,))
    await town.sql(
        "INSERT INTO account_protection (id, account_id, kind, papers, begins_at, ends_at, "
        "revision, decided_by, reason, at) VALUES ($1, $2, 'medical', 'p', $3, $4, 1, 'w', 'r', "
        "$3)",
        new_id(), town.account_id, town.at(2), town.at(4),
    )  # fmt: skip
    # A policy of later is for statements that are overdue later.
    town.now = town.at(3)
    await town.says_late()
    assert len(await town.reminders(3)) == 1
    (first, second) = await town.sweep(7)
    assert (first.amount_micro, second.accrued_micro) == (town.late_micro(1), town.late_micro(3))
    assert [each.rate_ppm for each in second.spans] == [PPM, 0, PPM]


async def test_whose_day_it_is_is_found_by_an_index_among_100_000(own_database_url: str) -> None:
    town = Late(own_database_url)
    connection = await town.connect()
    # Without the accounts that they are of.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "INSERT INTO late_charge_look (account_id, through, look_on) "
        "SELECT gen_random_uuid(), '2026-11-28', "
        "CASE WHEN n % 50 = 0 THEN date '2026-11-30' WHEN n % 3 = 0 THEN NULL "
        "ELSE date '2026-12-15' END FROM generate_series(1, 100000) AS n"
    )
    await connection.execute("ANALYZE late_charge_look")
    query = f"EXPLAIN {DUE_LOOKS} ORDER BY look_on, account_id LIMIT 100"
    plan = await connection.fetch(query.replace("$1", "'2026-11-30'"))
    assert "Index Scan using late_charge_look_on" in str(plan)
    await connection.close()
    async with town.unit() as unit:
        assert len(await unit.late_charges.due(date(2026, 11, 30), limit=10_000)) == 2_000
    await town.database.close()
