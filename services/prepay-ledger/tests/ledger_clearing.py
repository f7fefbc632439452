"""Households, and a provider that settles what they pay, on a database of a test's own."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger_settlements import PLAIN, Row, plain_file
from ledger_town import REVIEW, Dying, Town

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import PaymentResult, TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.values import FileFormat, SettledDays
from prepay_ledger.settlements.follow_differences import FollowDifferences
from prepay_ledger.settlements.keep_file import KeptFile, ReadUpload, keep_file
from prepay_ledger.settlements.move_difference import MoveDifference
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.resolve_difference import Asked, ResolveDifference
from prepay_ledger.settlements.values import Action, Difference, OwedByProvider, State, Terms
from prepay_ledger.unit import PostgresUnit
from prewatt_common.ids import new_id

PROVIDER = "p"
ABOVE = 1_000


class Clearing(Town):
    """It is the afternoon of a day; the provider's days are UTC."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=2)
        self.at = datetime.combine(self.today, time(12), UTC)
        self.first_day = self.today
        terms = Terms(format=FileFormat.CSV, days=SettledDays(zone=ZoneInfo("UTC")))
        self.read_upload = ReadUpload({PROVIDER: terms})
        self.take_payment = TakePayment(review=REVIEW)
        self.take_movement = TakeMovement(review=REVIEW)
        self.resolve_terms = ApprovalTerms(above_micro=ABOVE, term=timedelta(days=7))
        self.follow = FollowDifferences(
            open_unit=self.unit, read_upload=self.read_upload, clock=lambda: self.at
        )
        self.queries = SettlementQueries(self.database)

    async def move_in(self) -> None:
        self.paid_micro = [0] * 2
        await self.settle(self.today)

    async def pay(
        self, payment_id: str, micro: int = 100, *, number: str = "town-0"
    ) -> PaymentResult:
        """A webhook."""
        payment = Payment(
            provider=PROVIDER, payment_id=payment_id, account_number=number, amount_micro=micro,
            currency="CNY",
        )  # fmt: skip
        async with self.unit() as unit:
            return await self.take_payment(unit, payment=payment, now=self.at)

    async def tell(
        self,
        payment_id: str,
        movement_id: str,
        micro: int,
        *,
        kind: Kind = Kind.REFUNDED,
        total: bool = False,
    ) -> None:
        """A webhook about a payment."""
        told = Told(
            kind=kind, type="t", payment_id=payment_id, movement_id=movement_id, account_number="",
            amount_micro=micro, currency="CNY", at=None, cumulative=total,
        )  # fmt: skip
        async with self.unit() as unit:
            await self.take_movement(unit, provider=PROVIDER, told=told, now=self.at)

    async def settles(
        self,
        day: date,
        *rows: Row,
        key: str | None = None,
        reason: str | None = None,
        open_unit: Any = None,
        who: str = "li",
    ) -> KeptFile:
        """The provider's file of a day, taken on the day after it."""
        upload = self.read_upload(
            plain_file([on(each, day) for each in rows]),
            provider=PROVIDER,
            business_day=day,
            key=key or str(new_id()),
            name=f"{day}.csv",
            mapping=SettlementMapping.model_validate(PLAIN),
            who=who,
            reason=reason,
        )
        async with (open_unit or self.unit)() as unit:
            return await keep_file(unit=unit, upload=upload, now=self.at)

    async def next_day(self, days: int = 1) -> None:
        self.at += timedelta(days=days)

    @property
    def resolve(self) -> ResolveDifference:
        return ResolveDifference(
            move=MoveDifference(take_payment=self.take_payment, take_movement=self.take_movement),
            read_upload=self.read_upload,
            terms=self.resolve_terms,
        )

    async def ask_for(
        self, found: Difference, action: Action, *, key: str, who: str = "li"
    ) -> Proposal | None:
        """The proposal that waits, if it takes two."""
        asked = Asked(difference_id=found.id, action=action, key=key, who=who, reason="ticket 1")
        async with self.unit() as unit:
            return await self.resolve(unit, asked=asked, now=self.at)

    async def approve(self, proposal: Proposal, who: str = "chen", *, dies: bool = False) -> None:
        approve = ApproveProposal[PostgresUnit](
            {ActKind.SETTLEMENT_DIFFERENCE: self.resolve.carry_out}
        )
        opened = Dying(self, after=0, inside=True) if dies else self.unit
        async with opened() as unit:
            await approve(
                unit,
                proposal_id=proposal.id,
                decided=Decided(by=who, reason="seen", at=self.at),
            )

    async def do(
        self,
        found: Difference,
        action: Action,
        *,
        who: str = "li",
        key: str | None = None,
        reason: str = "ticket 1",
        open_unit: Any = None,
    ) -> Difference:
        asked = Asked(
            difference_id=found.id, action=action, key=key or str(new_id()), who=who, reason=reason
        )
        async with (open_unit or self.unit)() as unit:
            await self.resolve(unit, asked=asked, now=self.at)
        return await self.difference(found.id)

    async def difference(self, difference_id: UUID) -> Difference:
        view = await self.queries.difference(difference_id)
        assert view is not None
        return view.difference

    async def differences(self, *, unresolved: bool | None = True) -> Sequence[Difference]:
        """Oldest first."""
        found = await self.queries.differences(
            provider=PROVIDER, difference=None, state=None, unresolved=unresolved, before=None,
            limit=1_000,
        )  # fmt: skip
        return found[::-1]

    async def states(self) -> list[tuple[str, str]]:
        """Of all that was ever found, oldest first: how it differs, and how far it is."""
        return [
            (each.finding.difference.value, (each.outcome or each.state).value)
            for each in await self.differences(unresolved=None)
        ]

    async def owed(self) -> OwedByProvider:
        (found,) = await self.queries.owed([PROVIDER])
        return found

    async def balances(self) -> list[int]:
        """Of accounts in their order, without what they used."""
        rows = await self.sql(
            "SELECT coalesce(sum(e.amount_micro), 0)::bigint AS micro FROM account AS a "
            "LEFT JOIN (entry AS e JOIN journal AS j ON j.id = e.journal_id AND j.kind <> 'charge')"
            " ON e.account_id = a.id GROUP BY a.number ORDER BY a.number"
        )
        return [row["micro"] for row in rows]

    async def suspense(self) -> int:
        rows = await self.sql(
            "SELECT coalesce(sum(amount_micro - taken_back_micro), 0)::bigint AS micro "
            "FROM payment WHERE outcome = 'suspense'"
        )
        return rows[0]["micro"]


def on(row: Row, day: date) -> Row:
    """The row at noon of that day, unless it says another time."""
    if row.time != Row.time:
        return row
    return Row(
        kind=row.kind, id=row.id, own_id=row.own_id, micro=row.micro, fee_micro=row.fee_micro,
        account=row.account, time=f"{day} 10:00:00", reference=row.reference,
    )  # fmt: skip


def is_resolved(found: Difference) -> bool:
    return found.state is State.RESOLVED
