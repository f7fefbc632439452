"""What a payment provider tells of in the town of money, and what each has to move."""

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from ledger_money import ACCOUNTS, How, Moves, Moving
from ledger_settlements import PLAIN, Row, plain_file
from ledger_town import CURRENCIES, ONE_PERSON, REVIEW

from prepay_ledger.journal.values import clearing, payout_in_transit
from prepay_ledger.payments.take_movement import MovementConflict, TakeMovement, movement_of
from prepay_ledger.payments.take_payment import PaymentConflict, PaymentResult, TakePayment
from prepay_ledger.payments.taken_back import Movement, taken_back
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.values import FileFormat, SettledDays
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.keep_file import keep_file as keep_settled
from prepay_ledger.settlements.move_difference import MoveDifference
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.resolve_difference import Asked, ResolveDifference
from prepay_ledger.settlements.values import Action, Terms
from prepay_ledger.unit import PostgresUnit
from prewatt_common.ids import new_id

PAYMENTS = 6
NOBODY = "nobody"
SUSPENSE = "suspense"
_MAPPING = SettlementMapping.model_validate(PLAIN)


@dataclass
class Paid:
    """A payment as it should stand. ``place``: the ledger account, or account, that has what is
    left of it; none: it has not come."""

    payment: Payment
    goes_to: str
    place: str | None = None
    movements: list[Movement] = field(default_factory=list[Movement])

    @property
    def left_micro(self) -> int:
        micro = self.payment.amount_micro
        return micro - taken_back(self.movements, paid_micro=micro).amount_micro

    def comes(self) -> Moves:
        """It is told of for the first time, with what was taken back of it before."""
        return {self.goes_to: self.left_micro, clearing(self.payment.provider): -self.left_micro}


class Paying(Moving):
    """Six payments by a provider, of which one is for nobody and one in a currency that is not its
    account's."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.payments: list[Paid] = []
        self.provider = ""
        self._amounts = 1_000

    def make(self) -> None:
        super().make()
        self.take_payment = TakePayment(review=REVIEW)
        self.take_movement = TakeMovement(review=REVIEW)
        terms = Terms(format=FileFormat.CSV, days=SettledDays(zone=ZoneInfo("UTC")))
        self.read_settled = ReadUpload({self.provider: terms})

    async def move_in(self) -> None:
        await super().move_in()
        self.provider = f"p-{self.run}"
        self.make()
        self.payments = [self._payment(n) for n in range(PAYMENTS)]
        self.settled_day = self.at.date() - timedelta(days=1)

    def amount(self) -> int:
        """One that nothing else has."""
        self._amounts += 1
        return self._amounts

    def number(self, n: int) -> str:
        """Of a household of the run; the last is nobody's."""
        return NOBODY if n == ACCOUNTS else f"town-{self.opened - ACCOUNTS + n}"

    def _payment(self, n: int) -> Paid:
        who = n % (ACCOUNTS + 1)
        # The last pays in a currency that is not the account's.
        is_other = n == PAYMENTS - 1
        currency = "EUR" if is_other else CURRENCIES[who % 2] if who < ACCOUNTS else "CNY"
        payment = Payment(
            provider=self.provider, payment_id=f"{n}-{self.run}", account_number=self.number(who),
            amount_micro=150 * (n + 1), currency=currency,
        )  # fmt: skip
        in_suspense = who == ACCOUNTS or is_other
        return Paid(payment, SUSPENSE if in_suspense else str(self.accounts[who]))

    async def pay(self, n: int, how: How) -> None:
        """A webhook."""
        paid = self.payments[n]
        moves = {} if paid.place else paid.comes()

        async def act(unit: PostgresUnit) -> PaymentResult:
            return await self.take_payment(unit, payment=paid.payment, now=self.at)

        await self.step(act, lambda _: moves, how=how, what="pay")
        paid.place = paid.place or paid.goes_to

    async def pay_otherwise(self, n: int) -> None:
        """The same payment, it is said, of another amount."""
        paid = self.payments[n]
        if paid.place is None:
            return
        other = Payment(
            provider=self.provider, payment_id=paid.payment.payment_id, amount_micro=1,
            account_number=paid.payment.account_number, currency=paid.payment.currency,
        )  # fmt: skip
        with pytest.raises(PaymentConflict):
            async with self.unit() as unit:
                await self.take_payment(unit, payment=other, now=self.at)
        await self.has_moved({}, "pay otherwise")

    async def tell(self, n: int, kind: Kind, movement: int, micro: int, how: How) -> None:
        """A refund, a reversal, a dispute or its end, before or after the payment."""
        paid = self.payments[n]
        told = Told(
            kind=kind, type="t", payment_id=paid.payment.payment_id, movement_id=f"m{movement}",
            account_number="", amount_micro=micro, currency=paid.payment.currency, at=None,
        )  # fmt: skip
        new, before = movement_of(told), paid.left_micro

        async def act(unit: PostgresUnit) -> None:
            await self.take_movement(unit, provider=self.provider, told=told, now=self.at)

        if any(new.contradicts(each) for each in paid.movements):
            with pytest.raises(MovementConflict):
                await self.attempt(act, how=How.ONCE, what="contradict")
            await self.has_moved({}, "contradict")
            return
        if new not in paid.movements:
            paid.movements.append(new)
        micro = paid.left_micro - before
        moves = {paid.place: micro, clearing(self.provider): -micro} if paid.place else {}
        await self.step(act, lambda _: moves, how=how, what=f"tell {kind}")

    async def settle_provider(self, n: int, how: How) -> None:
        """The file of a day has the payment, which is known or not, a fee and a payout."""
        payment = self.payments[n].payment
        if payment.currency != "CNY":
            return
        day, payout = self.settled_day, self.amount()
        self.settled_day -= timedelta(days=1)
        at = f"{day} 10:00:00"
        number = "" if payment.account_number == NOBODY else payment.account_number
        rows = [
            Row(id=payment.payment_id, micro=payment.amount_micro, fee_micro=1, account=number,
                time=at),
            Row(kind="payout", id="", micro=payout, reference=f"po {payout} {self.run}", time=at),
        ]  # fmt: skip
        upload = self.read_settled(
            plain_file(rows), provider=self.provider, business_day=day, key=str(new_id()),
            name="f", mapping=_MAPPING, who="li", reason=None,
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> None:
            await keep_settled(unit=unit, upload=upload, now=self.at)

        moves = {
            clearing(self.provider): payout + 1,
            payout_in_transit(self.provider): -payout,
            "payment-fees": -1,
        }
        await self.step(act, lambda _: moves, how=how, what="settle")

    async def resolve(self, how: How) -> None:
        """What the provider has settled and nobody told of is taken from its file."""
        found = await SettlementQueries(self.database).differences(
            provider=self.provider, difference=None, state=None, unresolved=True, before=None,
            limit=9,
        )  # fmt: skip
        missing = [each for each in found if each.finding.difference == "missing-here"]
        if not missing:
            return
        asked = Asked(
            difference_id=missing[0].id, action=Action.TAKE, key=str(new_id()), who="li",
            reason="r",
        )  # fmt: skip
        resolve = ResolveDifference(
            move=MoveDifference(
                take_payment=self.take_payment, take_movement=self.take_movement
            ),
            read_upload=self.read_settled, terms=ONE_PERSON,
        )  # fmt: skip
        (paid,) = [
            each for each in self.payments
            if each.payment.payment_id == missing[0].finding.payment_id
        ]  # fmt: skip
        assert paid.place is None, "it is missing here"
        moves = paid.comes()

        async def act(unit: PostgresUnit) -> None:
            await resolve(unit, asked=asked, now=self.at)

        await self.step(act, lambda _: moves, how=how, what="resolve")
        paid.place = paid.goes_to
