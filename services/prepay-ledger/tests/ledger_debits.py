"""A household whose bank is told by files what to collect, on PostgreSQL; and what banks answer."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from ledger_asked import Asked as Provider
from ledger_bank import camt, mt940
from ledger_checkouts import Takes
from ledger_saving import LINKS, Open, Saving
from ledger_scratch import UTC_ZONE, Scratch
from ledger_signer import SIGNER
from ledger_town import ONE_PERSON

from prepay_ledger.bank.keep_file import keep_file
from prepay_ledger.bank.keep_file import read_upload as read_statement
from prepay_ledger.bank.open_bank_account import open_bank_account
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_deposit import ReceiveDeposit
from prepay_ledger.bank.receive_payout import ReceivePayout
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.bank.take_lines import TakeLines
from prepay_ledger.bank.values import BankAccount, BankLine
from prepay_ledger.bank.values import StepAction as LineAction
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.begin_file import Asked, begin_file
from prepay_ledger.debit_files.gather_file import GatherFiles
from prepay_ledger.debit_files.keep_result import Kept, keep_result, read_upload
from prepay_ledger.debit_files.mark_file import mark_file
from prepay_ledger.debit_files.postgres_queries import DebitQueries
from prepay_ledger.debit_files.put_debtor import put_debtor
from prepay_ledger.debit_files.take_answer import TakeAnswer
from prepay_ledger.debit_files.take_answers import TakeAnswers
from prepay_ledger.debit_files.values import Answer, DebitFileRow, KnownDebtor, StepAction
from prepay_ledger.debit_formats.as_requester import ByFile
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import Debtor
from prepay_ledger.facts import values as facts
from prepay_ledger.mandates.values import Mandate
from prepay_ledger.pay_links.tell_links import TellLinks
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.holidays import HolidayCalendar

TAKE = LineAction.TAKE
OURS = "DE02120300000000202051"
PROFILE: dict[str, Any] = {
    "kind": "pain.008",
    "currency": "CNY",
    "creditor": {"name": "City Power", "account": OURS, "id": "DE98ZZZ09999999999"},
    "codes": {"余额不足": "AM04", "销户": "AC04"},
    "results": {
        "delimiter": ";", "id": "id", "code": "code", "amount": "amount",
        "outcome": {"column": "outcome", "paid": ["ok"], "refused": ["no"], "returned": ["back"]},
    },
}  # fmt: skip


def nothing() -> None:
    """Nobody waits for what is published."""


class Debits(Saving):
    """The provider is a bank that takes files."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch, Provider(port=1), None)  # type: ignore[arg-type]
        self.requesters = {"demo": ByFile()}
        self.profiles = {"demo": DebitProfile.model_validate(PROFILE)}
        self.days = BusinessDays(HolidayCalendar())
        self.queries = DebitQueries(scratch.database)
        review = SupplyReview(zone=UTC_ZONE, sign=SIGNER.sign)
        self.take_movement = TakeMovement(review=review)
        self.take_payment = TakePayment(review=review)
        self.take_answer = TakeAnswer(
            take_payment=self.take_payment, take_movement=self.take_movement,
            profiles=self.profiles, days=self.days, zone=UTC_ZONE,
            pay_urls=TellLinks(LINKS, [Takes()]),
        )  # fmt: skip
        self.receive_payout = ReceivePayout(take_movement=self.take_movement, days=5)
        self.receive_debit = ReceiveDebit(take_answer=self.take_answer, profiles=self.profiles)
        self.take_line = TakeLine(
            take_payment=self.take_payment, take_movement=self.take_movement,
            receive_payout=self.receive_payout, receive_debit=self.receive_debit,
            receive_refund=ReceiveRefund(review=review),
            receive_deposit=ReceiveDeposit(), clock=lambda: self.now,
        )  # fmt: skip

    async def due(self) -> Mandate:
        """A mandate whose debtor is known, and a balance that has fallen to it."""
        mandate = await self.open()
        await self.debtor(mandate)
        await self.move(-40)
        await self.ask()
        return mandate

    async def debtor(self, mandate: Mandate) -> None:
        debtor = Debtor(holder="张敏", bank_account="DE02500105170137075030", bank_code="")
        known = KnownDebtor(mandate_id=mandate.id, debtor=debtor, who="w", reason="r", at=self.now)
        async with self.scratch.unit() as unit:
            await put_debtor(unit, asked=known, profiles=self.profiles, now=self.now)

    async def begin_file(self, key: str | None = None) -> DebitFileRow:
        today = self.now.date()
        asked = Asked(
            provider="demo", collect_on=self.days.after(today, 1), key=key or str(new_id()),
            who="li", reason="run",
        )  # fmt: skip
        async with self.scratch.unit() as unit:
            return await begin_file(
                unit, asked=asked, profile=self.profiles["demo"], days=self.days, today=today,
                now=self.now,
            )  # fmt: skip

    def gathering(self, open_unit: Open | None = None) -> GatherFiles:
        return GatherFiles(
            open_unit=open_unit or self.scratch.unit, profiles=self.profiles, days=self.days,
            zone=ZoneInfo("UTC"), clock=lambda: self.now, committed=nothing,
        )  # fmt: skip

    async def gather(self) -> None:
        gathering = self.gathering()
        while await gathering() is not None:
            pass

    async def made(self) -> DebitFileRow:
        """A file with all that is due."""
        file = await self.begin_file()
        await self.gather()
        return await self.file(file.id)

    async def sent(self) -> DebitFileRow:
        """One that the bank has."""
        file = await self.made()
        await self.mark(file, StepAction.SEND)
        await self.gather()
        return file

    async def mark(self, file: DebitFileRow, action: StepAction) -> None:
        async with self.scratch.unit() as unit:
            await mark_file(
                unit, file_id=file.id, action=action, who="li", reason="r", now=self.now
            )

    async def file(self, file_id: UUID) -> DebitFileRow:
        view = await self.queries.file(file_id)
        assert view is not None
        return view.file

    async def answers(self, body: bytes, *, open_unit: Open | None = None) -> Kept:
        """What the bank answers is kept and applied."""
        upload = read_upload(
            body, key=str(uuid4()), provider="demo", profile=self.profiles["demo"], name="n",
            who="w",
        )  # fmt: skip
        async with self.scratch.unit() as unit:
            kept = await keep_result(unit=unit, upload=upload, now=self.now)
        await self.apply_answers(open_unit)
        return kept

    async def apply_answers(self, open_unit: Open | None = None) -> None:
        take = TakeAnswers(
            open_unit=open_unit or self.scratch.unit, take_answer=self.take_answer,
            committed=nothing, clock=lambda: self.now,
        )  # fmt: skip
        while await take() is not None:
            pass

    async def told(self, outcome: str, code: str = "", amount: str = "") -> None:
        """By CSV, of the newest request."""
        request = await self.newest()
        line = f"{request.id.hex};{outcome};{code};{amount};{uuid4()}"
        await self.answers(f"id;outcome;code;amount;nonce\n{line}\n".encode())

    async def not_collected(self) -> list[dict[str, Any]]:
        """What customers are told of, oldest first."""
        rows = await self.scratch.sql("SELECT value FROM outbox ORDER BY id")
        events = [msgspec.json.decode(row["value"]) for row in rows]
        return [each for each in events if each.get("why") is not None]

    async def kept_answers(self) -> list[Answer]:
        """Oldest first."""
        found = await self.queries.answers(
            result_id=None, state=None, open_=None, before=None, limit=100
        )
        return list(found)[::-1]

    async def statement(self, *entries: str) -> list[BankLine]:
        """A statement of the bank, applied; its lines."""
        return await self.books(camt(*entries, account=OURS, ccy="CNY", number=str(new_id())))

    async def otherwise(self, amount: str, text: str) -> BankLine:
        """The bank tells of money in another format."""
        said = mt940(
            f":61:260302C{amount},NTRFX//{new_id().hex[:8]}", f":86:{text}",
            opening="0,", closing=f"{amount},", account=OURS,
        )  # fmt: skip
        (line,) = await self.books(said.replace("EUR", "CNY").encode())
        return line

    async def books(self, body: bytes) -> list[BankLine]:
        """A file of the bank, applied; its lines."""
        account = BankAccount(
            account=OURS, currency="CNY", name="n", opened_by="w", reason="r", at=self.now
        )
        upload = read_statement(body, key=str(new_id()), name="s", mapping=None, who="w")
        async with self.scratch.unit() as unit:
            await open_bank_account(unit=unit, asked=account)
            kept = await keep_file(unit=unit, upload=upload, now=self.now)
        take = TakeLines(open_unit=self.scratch.unit, take_line=self.take_line, committed=nothing)
        while await take() is not None:
            pass
        return await self.lines(kept.file.id)

    async def lines(self, file_id: UUID | None = None) -> list[BankLine]:
        """Oldest first."""
        lines = await BankQueries(self.scratch.database).lines(
            file_id=file_id, account=None, state=None, open_=None, before=None, limit=100
        )
        return list(lines)[::-1]

    async def take(self, line: BankLine, *, people: int = 1) -> BankLine:
        """One person, or two, take it for a payment of its own; as it stands then."""
        terms = replace(ONE_PERSON, above_micro=None if people == 1 else 0)
        settle = SettleLine(take_line=self.take_line, terms=terms)
        async with self.scratch.unit() as unit:
            waits = await settle(
                unit, line_id=line.id, action=TAKE, decided=Decided("li", "r"), now=self.now
            )
        if waits is not None:
            approved = facts.Decided(by="wu", reason="r", at=self.now)
            async with self.scratch.unit() as unit:
                await settle.carry_out(unit, waits, approved=approved)
        (after,) = [each for each in await self.lines() if each.id == line.id]
        return after

    async def posted(self) -> dict[str, int]:
        """What the bank owes us of debits, and what it holds of them."""
        rows = await self.scratch.sql(
            "SELECT ledger_account, -sum(amount_micro)::bigint / 1000000 AS units FROM posting "
            "WHERE ledger_account LIKE 'clearing:%' GROUP BY 1 HAVING sum(amount_micro) <> 0"
        )
        return {row["ledger_account"].removeprefix("clearing:"): row["units"] for row in rows}
