"""What a bank tells of in the town of money, and what each line has to move."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ledger_bank import camt, details, entry, mt940
from ledger_money import How, Moves
from ledger_money_paid import SUSPENSE, Paying
from ledger_town import ONE_PERSON, REVIEW

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
from prepay_ledger.journal.values import clearing, payout_in_transit
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payouts.postgres_queries import PayoutQueries
from prepay_ledger.payouts.values import Action, Payout, PayoutState
from prepay_ledger.unit import PostgresUnit
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.holidays import HolidayCalendar

BOOKINGS = 4
MICRO = 1_000_000


@dataclass
class Booking:
    """Money that reached the bank, however often it is told of. ``people``: how often somebody said
    that it is a payment of its own all the same."""

    micro: int
    number: str
    people: int = 0


class Banking(Paying):
    """Four bookings, of which one names nobody; and providers' payouts."""

    async def move_in(self) -> None:
        self.bank = ""
        await super().move_in()
        self.bank = f"BANK{self.run}"
        self.bookings = [Booking(self.amount(), self.number(2 * n)) for n in range(3)]
        self.bookings.append(Booking(self.amount(), "who knows"))
        self._told = dict[str, int]()
        account = BankAccount(
            account=self.bank, currency="CNY", name="n", opened_by="w", reason="r", at=self.at
        )
        async with self.unit() as unit:
            await open_bank_account(unit=unit, asked=account)

    def make(self) -> None:
        super().make()
        self.receive_payout = ReceivePayout(take_movement=self.take_movement, days=5)
        take_answer = TakeAnswer(
            take_payment=self.take_payment, take_movement=self.take_movement, profiles={},
            days=BusinessDays(HolidayCalendar()), zone=ZoneInfo("UTC"),
        )  # fmt: skip
        self.receive_debit = ReceiveDebit(take_answer=take_answer, profiles={})
        self.take_line = TakeLine(
            take_payment=self.take_payment, take_movement=self.take_movement,
            receive_payout=self.receive_payout, receive_debit=self.receive_debit,
            receive_refund=ReceiveRefund(review=REVIEW),
            receive_deposit=ReceiveDeposit(), clock=lambda: self.at,
        )  # fmt: skip

    async def bank_tells(self, n: int, how: How, *, otherwise: bool, goes_back: bool) -> None:
        """A statement has the booking, with its reference or, ``otherwise``, in another format
        without; or its return, by its reference."""
        booking, named = self.bookings[n], f"E{n}{self.run}"
        amount, day = f"{booking.micro / MICRO:.6f}", self.at.date()
        if otherwise:
            said = mt940(
                f":61:{day:%y%m%d}C{amount.replace('.', ',')}NTRFT{n}{self.run}",
                f":86:{booking.number}",
                opening="0,", closing=amount.replace(".", ","), account=self.bank,
            ).replace("EUR", "CNY")  # fmt: skip
            await self._books(said.encode(), how)
            return
        sign, ref, more = "CRDT", f"R{n}{self.run}", ""
        if goes_back:
            sign, ref = "DBIT", f"B{n}{self.run}"
            more = "<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>"
        text = details(e2e=named, text=booking.number, ccy="CNY", more=more)
        told = entry(amount, ref=ref, day=f"{day}", tx=[text], sign=sign, ccy="CNY")
        await self._books(camt(told, account=self.bank, ccy="CNY", number=str(new_id())), how)

    async def bank_pays_out(self, how: How) -> None:
        """What the provider has sent, or is about to say that it has."""
        payouts = await self._payouts(PayoutState.EXPECTED)
        micro = payouts[0].key.amount_micro if payouts else self.amount()
        text = payouts[0].key.reference if payouts else f"po {micro} {self.run}"
        told = entry(
            f"{micro / MICRO:.6f}", ref=f"P{micro}", day=f"{self.at.date()}", ccy="CNY",
            tx=[details(text=text, ccy="CNY")],
        )  # fmt: skip
        await self._books(camt(told, account=self.bank, ccy="CNY", number=str(new_id())), how)

    async def match_payouts(self) -> None:
        """The job."""
        before = await self._stands()
        await MatchPayouts(
            open_unit=self.unit, receive_payout=self.receive_payout,
            receive_debit=self.receive_debit, committed=lambda: None, clock=lambda: self.at,
        )()  # fmt: skip
        await self._follows(before, "match payouts")

    async def settle_payout(self, how: How, *, undo: bool) -> None:
        """A person says which line it is, or that it is not that one."""
        payouts = await self._payouts(PayoutState.ARRIVED if undo else PayoutState.EXPECTED)
        free = {LineState.SUSPENSE, LineState.DOUBTFUL}
        lines = [each for each in await self._lines() if each.state in free]
        if not payouts or (not undo and not lines):
            return
        asked = Asked(
            payout_id=payouts[0].id, action=Action.UNDO if undo else Action.MATCH,
            key=str(new_id()), who="li", reason="r", bank_line=None if undo else lines[0].id,
        )  # fmt: skip
        settle = SettlePayout(
            receive_payout=self.receive_payout, receive_debit=self.receive_debit,
            receive_refund=ReceiveRefund(review=REVIEW), terms=ONE_PERSON,
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> None:
            await settle(unit, asked=asked, now=self.at)

        before = await self._stands()
        what = "undo a payout" if undo else "match a payout"
        await self.attempt(act, how=how, what=what)
        await self._follows(before, what)

    async def take_doubtful(self, how: How) -> None:
        """A person says of a line in doubt that it is a payment of its own."""
        doubtful = [each for each in await self._lines() if each.open]
        if not doubtful:
            return
        line = doubtful[0]
        settle = SettleLine(take_line=self.take_line, terms=ONE_PERSON)

        async def act(unit: PostgresUnit) -> None:
            await settle(
                unit, line_id=line.id, action=StepAction.TAKE, decided=Decided("li", "r"),
                now=self.at,
            )  # fmt: skip

        before = await self._stands()
        await self.attempt(act, how=how, what="take a line")
        for each in self.bookings:
            if each.micro == line.line.amount_micro:
                each.people += 1
        await self._follows(before, "take a line")

    async def _books(self, body: bytes, how: How) -> None:
        upload = read_upload(body, key=str(new_id()), name="s", mapping=None, who="w")

        async def act(unit: PostgresUnit) -> None:
            await keep_file(unit=unit, upload=upload, now=self.at)

        before = await self._stands()
        await self.attempt(act, how=how, what="bank file")
        await self.has_moved({}, "bank file")
        take = TakeLines(open_unit=self.unit, take_line=self.take_line, committed=lambda: None)
        while await take() is not None:
            pass
        await self._follows(before, "bank line")

    async def _follows(self, before: Moves, what: str) -> None:
        """The books follow what became of the lines; no booking was credited more often than a
        person has said."""
        after = Counter(await self._stands())
        after.subtract(before)
        await self.has_moved(after, what)
        self.done.add(what)
        lines = await self._lines()
        assert LineState.FAILED not in {each.state for each in lines}
        for booking in self.bookings:
            of_it = [each for each in lines if abs(each.line.amount_micro) == booking.micro]
            paid = sum(each.state in _PAID for each in of_it)
            back = sum(each.state is LineState.TAKEN_BACK for each in of_it)
            assert paid <= 1 + booking.people
            assert back <= 1

    async def _stands(self) -> Moves:
        """By the states of its lines: where the bank's money is."""
        is_at = Counter[str]()
        lines = {each.id: each for each in await self._lines()}
        payouts = {each.bank_line: each for each in await self._payouts(None)}
        for line in lines.values():
            micro = line.line.amount_micro
            match line.state:
                case LineState.CREDITED | LineState.SUSPENSE:
                    place = self._place(line)
                case LineState.PAYOUT:
                    place = payout_in_transit(self.provider)
                    # By hand it may be another amount: what is missing was kept on the way.
                    more = micro - payouts[line.id].key.amount_micro
                    is_at[place] -= more
                    is_at["payment-fees"] += more
                case LineState.TAKEN_BACK:
                    assert line.refers_to is not None
                    place = self._place(lines[line.refers_to])
                case _:
                    continue
            is_at[place] += micro
            is_at[clearing(f"bank/{self.bank}")] -= micro
        return is_at

    def _place(self, paid: BankLine) -> str:
        if paid.state is LineState.SUSPENSE:
            return SUSPENSE
        (number,) = [each.number for each in self.bookings if each.micro == paid.line.amount_micro]
        return next(
            str(account_id)
            for n, account_id in enumerate(self.accounts)
            if self.number(n) == number
        )

    async def _lines(self) -> Sequence[BankLine]:
        return await BankQueries(self.database).lines(
            file_id=None, account=self.bank, state=None, open_=None, before=None, limit=100
        )

    async def _payouts(self, state: PayoutState | None) -> Sequence[Payout]:
        return await PayoutQueries(self.database).page(
            provider=self.provider, state=state, open_=None, before=None, limit=99,
            late_before=self.at.date(),
        )  # fmt: skip


_PAID = (LineState.CREDITED, LineState.SUSPENSE)
