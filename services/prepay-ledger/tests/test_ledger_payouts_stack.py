"""Payouts of a provider and the bank's lines, on PostgreSQL: in whatever order both come, the money
leaves what is in transit once."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from ledger_bank import camt, details, entry, mt940
from ledger_clearing import Clearing
from ledger_settlements import PLAIN, Row, plain_file
from ledger_town import ONE_PERSON, REVIEW, Dying, Killed

from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.bank.keep_file import keep_file, read_upload
from prepay_ledger.bank.match_payouts import MatchPayouts
from prepay_ledger.bank.open_bank_account import open_bank_account
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_deposit import ReceiveDeposit
from prepay_ledger.bank.receive_payout import ReceivePayout
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.settle_payout import Asked, SettlePayout
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.bank.take_lines import TakeLines
from prepay_ledger.bank.values import BankAccount, BankLine, LineState, StepAction
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.take_answer import TakeAnswer
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payouts.postgres_queries import PayoutQueries
from prepay_ledger.payouts.refusals import KeyUsedBefore, PayoutNotSo
from prepay_ledger.payouts.rules import late_before
from prepay_ledger.payouts.values import Action, FoundBy, Payout
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlements.keep_file import keep_file as settle_file
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.holidays import HolidayCalendar

pytestmark = pytest.mark.stack

OURS = "CN4711"
MICRO = 1_000_000


def nothing() -> None:
    """Nobody waits for what is published."""


class Bank(Clearing):
    """With an account at a bank, and what its statements bring."""

    async def move_in(self) -> None:
        await super().move_in()
        self.receive = ReceivePayout(take_movement=self.take_movement, days=5)
        self.receive_debit = ReceiveDebit(
            profiles={},
            take_answer=TakeAnswer(
                take_payment=self.take_payment, take_movement=self.take_movement,
                profiles={}, days=BusinessDays(HolidayCalendar()), zone=self.zone,
            ),
        )  # fmt: skip
        self.take_line = TakeLine(
            take_payment=self.take_payment, take_movement=self.take_movement,
            receive_payout=self.receive, receive_debit=self.receive_debit,
            receive_refund=ReceiveRefund(review=REVIEW),
            receive_deposit=ReceiveDeposit(), clock=lambda: self.at,
        )  # fmt: skip
        self.settle_payout = self.settling(ONE_PERSON)
        self.payout_queries = PayoutQueries(self.database)
        self.bank_queries = BankQueries(self.database)
        account = BankAccount(
            account=OURS, currency="CNY", name="n", opened_by="w", reason="r", at=self.at
        )
        async with self.unit() as unit:
            await open_bank_account(unit=unit, asked=account)

    def settling(self, terms: ApprovalTerms) -> SettlePayout:
        return SettlePayout(
            receive_payout=self.receive, receive_debit=self.receive_debit,
            receive_refund=ReceiveRefund(review=REVIEW), terms=terms,
        )  # fmt: skip

    async def pays_out(self, micro: int, reference: str = "po_12345678") -> None:
        """The day's file has one payout, and a payment that it is of."""
        day = self.at.date()
        await self.pay(f"pay {day}", micro)
        self.at += timedelta(days=1)
        await self.settles(
            day,
            Row(id=f"pay {day}", micro=micro, account="town-0"),
            Row(kind="payout", id="", micro=micro, reference=reference),
        )

    async def books(self, body: bytes) -> list[BankLine]:
        """A bank's file, all of it applied; its lines."""
        upload = read_upload(body, key=str(new_id()), name="s", mapping=None, who="w")
        async with self.unit() as unit:
            kept = await keep_file(unit=unit, upload=upload, now=self.at)
        take = TakeLines(open_unit=self.unit, take_line=self.take_line, committed=nothing)
        while await take() is not None:
            pass
        return await self.lines(kept.file.id)

    async def statement(self, *entries: str) -> list[BankLine]:
        return await self.books(camt(*entries, account=OURS, ccy="CNY", number=str(new_id())))

    def line(self, micro: int, text: str = "", *, ref: str = "", sign: str = "CRDT") -> str:
        """A booking of today."""
        day = self.at.date().isoformat()
        amount = f"{micro / MICRO:.6f}"
        return entry(amount, ref=ref, day=day, tx=[details(text=text)], sign=sign, ccy="CNY")

    async def lines(self, file_id: UUID | None = None) -> list[BankLine]:
        found = await self.bank_queries.lines(
            file_id=file_id, account=OURS, state=None, open_=None, before=None, limit=100
        )
        return list(found)[::-1]

    async def payouts(self, *, open_: bool | None = None) -> Sequence[Payout]:
        """Oldest first."""
        found = await self.payout_queries.page(
            provider=None, state=None, open_=open_, before=None, limit=100,
            late_before=late_before(self.at, zone=self.zone, days=5),
        )  # fmt: skip
        return found[::-1]

    @property
    def zone(self) -> Any:
        return self.read_upload.terms_of("p").days.zone

    async def match(self, open_unit: Any = None) -> None:
        await MatchPayouts(
            open_unit=open_unit or self.unit, receive_payout=self.receive,
            receive_debit=self.receive_debit, committed=nothing, clock=lambda: self.at,
        )()  # fmt: skip

    async def ask(
        self,
        payout: Payout,
        action: Action,
        line: BankLine | None = None,
        key: str | None = None,
        who: str = "li",
    ) -> Proposal | None:
        asked = Asked(
            payout_id=payout.id, action=action, key=key or str(new_id()), who=who, reason="seen",
            bank_line=line.id if line else None,
        )  # fmt: skip
        async with self.unit() as unit:
            return await self.settle_payout(unit, asked=asked, now=self.at)

    async def posted(self) -> dict[str, int]:
        rows = await self.sql(
            "SELECT ledger_account, sum(amount_micro)::bigint AS micro FROM posting GROUP BY 1"
        )
        return {row["ledger_account"]: row["micro"] for row in rows if row["micro"]}


@pytest.fixture
async def bank(own_database_url: str) -> AsyncGenerator[Bank]:
    town = Bank(own_database_url)
    await town.move_in()
    yield town
    await town.holds()
    await town.database.close()


def state(line: BankLine) -> str:
    return line.state.value


async def in_transit(bank: Bank) -> tuple[int, int, int]:
    """What is in transit, what the bank holds, what is in suspense."""
    posted = await bank.posted()
    names = ("payout-in-transit:p", f"clearing:bank/{OURS}", "suspense")
    transit, held, suspense = (posted.get(name, 0) for name in names)
    return -transit, -held, suspense


@pytest.mark.parametrize("by", ["reference", "amount"])
async def test_a_payout_that_arrives_is_nobodys_payment(bank: Bank, by: str) -> None:
    await bank.pays_out(60)
    assert await in_transit(bank) == (60, 0, 0)
    text = "CARDS PO 12345678" if by == "reference" else "cards, weekly"
    (line,) = await bank.statement(bank.line(60, text))
    assert (state(line), line.payment, line.open) == ("payout", None, False)
    (payout,) = await bank.payouts()
    assert (payout.state, payout.found_by, payout.bank_line) == ("arrived", by, line.id)
    assert await in_transit(bank) == (0, 60, 0)
    # The same booking, told once more: by the same bank, and in another format.
    (again,) = await bank.statement(bank.line(60, text))
    assert state(again) == "repeated"
    day = f"{bank.at:%y%m%d}"
    said = mt940(f":61:{day}C0,00006NTRFX//R9", f":86:{text}", opening="0,", closing="0,00006",
                 account=OURS).replace("EUR", "CNY")  # fmt: skip
    (other,) = await bank.books(said.encode())
    assert state(other) == "doubtful"
    assert await in_transit(bank) == (0, 60, 0)


async def test_a_customers_payment_of_the_same_amount_is_the_customers(bank: Bank) -> None:
    await bank.pays_out(60)
    (line,) = await bank.statement(bank.line(60, "town-0"))
    assert state(line) == "credited"
    assert await in_transit(bank) == (60, 60, 0)


async def test_a_line_that_came_first_leaves_suspense_as_the_file_comes(bank: Bank) -> None:
    bank.at += timedelta(days=1)
    (line,) = await bank.statement(bank.line(60, "cards, weekly"))
    assert state(line) == "suspense"
    bank.at -= timedelta(days=1)
    await bank.pays_out(60)
    assert await in_transit(bank) == (60, 60, 60)
    for _ in range(2):
        await bank.match()
        (line,) = await bank.lines()
        assert state(line) == "payout"
        assert await in_transit(bank) == (0, 60, 0)
    assert await bank.suspense() == 0


async def test_of_two_in_suspense_neither_is_taken_for_it_unless_it_names_it(bank: Bank) -> None:
    bank.at += timedelta(days=1)
    await bank.statement(bank.line(60, "one"), bank.line(60, "two"))
    bank.at -= timedelta(days=1)
    await bank.pays_out(60)
    await bank.match()
    assert [state(each) for each in await bank.lines()] == ["suspense", "suspense"]
    (payout,) = await bank.payouts()
    one, two = await bank.lines()
    await bank.ask(payout, Action.MATCH, two, key="k")
    await bank.ask(payout, Action.MATCH, two, key="k")  # its answer was lost
    with pytest.raises(KeyUsedBefore):
        await bank.ask(payout, Action.MATCH, one, key="k")
    with pytest.raises(PayoutNotSo):
        await bank.ask(payout, Action.MATCH, one)
    assert [state(each) for each in await bank.lines()] == ["suspense", "payout"]
    assert await in_transit(bank) == (0, 120, 60)
    # It was the other one.
    await bank.ask(payout, Action.UNDO)
    assert await in_transit(bank) == (60, 120, 120)
    await bank.match()  # what was undone is not found again; the other one is alone now
    assert [state(each) for each in await bank.lines()] == ["payout", "suspense"]
    assert await in_transit(bank) == (0, 120, 60)


async def test_of_another_amount_a_person_decides_and_what_is_missing_is_a_fee(bank: Bank) -> None:
    await bank.pays_out(60)
    (line,) = await bank.statement(bank.line(58, "po_12345678"))
    assert (state(line), line.open) == ("doubtful", True)
    assert "which was 60 micro-units" in line.reason
    (payout,) = await bank.payouts()
    await bank.ask(payout, Action.MATCH, line)
    (payout,) = await bank.payouts()
    assert (payout.found_by, payout.difference_micro) == (FoundBy.PERSON, -2)
    assert await in_transit(bank) == (0, 58, 0)
    assert (await bank.posted())["payment-fees"] == -2
    await bank.ask(payout, Action.UNDO)
    (line,) = await bank.lines()
    assert (state(line), line.open) == ("doubtful", True)
    assert await in_transit(bank) == (60, 0, 0)
    # It is a customer's payment after all.
    async with bank.unit() as unit:
        settle = SettleLine(take_line=bank.take_line, terms=ONE_PERSON)
        await settle(
            unit, line_id=line.id, action=StepAction.TAKE, decided=Decided("li", "r"), now=bank.at
        )
    assert await in_transit(bank) == (60, 58, 58)
    assert "payment-fees" not in await bank.posted()


async def test_what_the_provider_took_back_is_a_debit(bank: Bank) -> None:
    day = bank.at.date()
    bank.at += timedelta(days=1)
    upload = bank.read_upload(
        plain_file([Row(kind="payout", id="", micro=40, reference="po_12345678")]),
        provider="p", business_day=day, key="k", name="n", who="li", reason=None,
        mapping=SettlementMapping.model_validate(PLAIN),
    )  # fmt: skip
    lines = [replace(each, amount_micro=-each.amount_micro) for each in upload.lines]
    async with bank.unit() as unit:
        await settle_file(unit=unit, upload=replace(upload, lines=lines), now=bank.at)
    assert await in_transit(bank) == (-40, 0, 0)
    (line,) = await bank.statement(bank.line(40, "po_12345678", sign="DBIT"))
    assert state(line) == "payout"
    assert await in_transit(bank) == (0, -40, 0)
    (payout,) = await bank.payouts()
    await bank.ask(payout, Action.UNDO)
    assert await in_transit(bank) == (-40, 0, 0)


async def test_what_does_not_arrive_is_late_until_a_person_accepts_it(bank: Bank) -> None:
    await bank.pays_out(60)
    assert await bank.payouts(open_=True) == []
    bank.at += timedelta(days=5)
    (late,) = await bank.payouts(open_=True)
    since = late_before(bank.at, zone=bank.zone, days=5)
    assert await bank.payout_queries.open_by_provider(late_before=since) == {"p": 1}
    with pytest.raises(PayoutNotSo):
        await bank.ask(late, Action.UNDO)
    await bank.ask(late, Action.ACCEPT)
    assert await bank.payouts(open_=True) == []
    assert await bank.payout_queries.open_by_provider(late_before=since) == {"p": 0}
    view = await bank.payout_queries.payout(late.id)
    assert view is not None
    assert [(each.action, each.who, each.reason) for each in view.steps] == [
        ("accept", "li", "seen")
    ]


async def test_a_revision_without_it_shows_one_that_arrived_and_waits_for_no_other(
    bank: Bank,
) -> None:
    day: date = bank.at.date()
    await bank.pays_out(60)
    again = Row(id=f"pay {day}", micro=60, account="town-0")
    await bank.settles(day, again, reason="the payout was of tomorrow")
    (payout,) = await bank.payouts()
    assert (payout.state, payout.stands) == ("withdrawn", False)
    with_it = Row(kind="payout", id="", micro=60, reference="po_12345678")
    fee = Row(kind="fee", id="f", micro=0, fee_micro=1)
    await bank.settles(day, again, with_it, fee, reason="it was not")
    (payout,) = await bank.payouts()
    assert (payout.state, payout.stands) == ("expected", True)
    await bank.statement(bank.line(60, "po_12345678"))
    await bank.settles(day, again, fee, reason="it was")
    (payout,) = await bank.payouts(open_=True)
    assert (payout.state, payout.stands) == ("arrived", False)
    # What it arrived as was something else, then: the provider sends no more than its files say.
    await bank.ask(payout, Action.UNDO)
    (payout,) = await bank.payouts()
    assert payout.state == "withdrawn"
    assert await in_transit(bank) == (0, 0, 0)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_at_any_transaction_it_arrives_once(
    bank: Bank, after: int, inside: bool
) -> None:
    bank.at += timedelta(days=1)
    await bank.statement(bank.line(60, "po_12345678"))
    bank.at -= timedelta(days=1)
    await bank.pays_out(60)
    with pytest.raises(Killed):
        await bank.match(Dying(bank, after=after, inside=inside))
    assert await in_transit(bank) == (60, 60, 60)
    await bank.match()
    assert await in_transit(bank) == (0, 60, 0)
    assert [each.state for each in await bank.lines()] == [LineState.PAYOUT]
