"""A household that moves out, whose money goes back to its payment by a provider over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from ledger_clearing import PROVIDER
from ledger_giving import SETTINGS, Giver, giver
from ledger_refunds import Leaving, review

from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.payments.apply_payment_event import ApplyPaymentEvent
from prepay_ledger.payments.read_event import Moved
from prepay_ledger.payments.values import EventOutcome
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.refund_requests.accept_given import Asked
from prepay_ledger.refund_requests.send_refunds import SendRefunds
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.refunds.order_refund import OrderRefund
from prepay_ledger.refunds.values import Order, Payee, Refund, Way
from prepay_ledger.unit import PostgresUnit

PAID_MICRO = 1_000_000
"""What came by the payment p-0."""
LATER = timedelta(minutes=61)
"""By then whatever is asked again is due."""


class Giving(Leaving):
    """``asks``: how the provider is asked; empty: it cannot be."""

    giver: Giver
    client: httpx.AsyncClient
    asks: str = "http-json"

    @property
    def refunders(self) -> Refunders:
        if not self.asks:
            return {}
        settings = SETTINGS.validate_python(self.giver.settings(self.asks))
        return {PROVIDER: settings.refunder(self.client)}

    @property
    def order_refund(self) -> OrderRefund[PostgresUnit]:
        return OrderRefund[PostgresUnit](
            zone=ZoneInfo("UTC"), approvals=self.approvals, terms=self.terms,
            refunders=self.refunders,
        )  # fmt: skip

    async def payment(self, payment_id: str = "p-0") -> UUID:
        (row,) = await self.sql("SELECT id FROM payment WHERE payment_id = $1", payment_id)
        return row["id"]

    async def back(
        self, micro: int, *, key: str = "k-1", payment_id: str = "p-0", who: str = "li"
    ) -> Any:
        """It is ordered to go back to that payment."""
        account_id, _ = await self.account()
        asked = Order(
            account_id=account_id, amount_micro=micro, way=Way.PROVIDER, payee=Payee(holder=""),
            key=key, decided=self.by(who), payment=await self.payment(payment_id),
        )  # fmt: skip
        async with self.unit() as unit:
            return await self.order_refund(unit, asked=asked)

    async def send(self, open_unit: Any = None) -> None:
        """The job, once what waits is due."""
        self.at += LATER
        await SendRefunds[PostgresUnit](
            open_unit=open_unit or self.unit, refunders=self.refunders,
            take_movement=self.take_movement, review=review, clock=lambda: self.at,
            committed=lambda: None,
        )()  # fmt: skip

    async def hears(
        self, refund: Refund, kind: Kind = Kind.REFUNDED, *, names: bool = True, micro: int = 0
    ) -> bool:
        """The provider's event; whether it was a repetition. ``names``: it names the refund by our
        id."""
        _, movement_id = self.giver.given[str(refund.id)]
        told = Told(
            kind=kind, type="t", payment_id="p-0", movement_id=movement_id, account_number="",
            amount_micro=micro or refund.amount_micro, currency="CNY", at=None,
            request_id=str(refund.id) if names else "",
        )  # fmt: skip
        async with self.unit() as unit:
            moved = await self.take_movement(unit, provider=PROVIDER, told=told, now=self.at)
        return moved.repeated

    async def given(
        self, refund: Refund, micro: int, *, kind: Kind = Kind.REFUNDED, movement_id: str = ""
    ) -> EventOutcome:
        """A webhook tells that so much of it went; what becomes of that."""
        told = Told(
            kind=kind, type="t", payment_id="p-0",
            movement_id=movement_id or self.giver.given[str(refund.id)][1], account_number="",
            amount_micro=micro, currency="CNY", at=None, request_id=str(refund.id),
        )  # fmt: skip
        apply = ApplyPaymentEvent(
            take_payment=self.take_payment, take_movement=self.take_movement,
            settle=None,  # type: ignore[arg-type] # of payments alone
        )  # fmt: skip
        async with self.unit() as unit:
            read = Moved(type="t", provider=PROVIDER, told=told)
            return (await apply(unit, read=read, now=self.at)).outcome

    async def accepts(self, refund: Refund, *, who: str = "li", key: str = "g-1") -> Any:
        asked = Asked(refund_id=refund.id, key=key, decided=self.by(who))
        async with self.unit() as unit:
            return await self.accept_given(unit, asked=asked)

    async def known(self, refund: Refund) -> tuple[str, str | None, str]:
        """The refund, and how far its provider is."""
        found = await self.found(refund)
        return found.state, found.provider_state, found.provider_code

    async def has(self) -> tuple[int, int, int]:
        """The balance, what is in transit, and what went back through the provider."""
        posted = await self.posted()
        went = posted.get(f"clearing:{PROVIDER}", 0) + PAID_MICRO
        return (await self.account())[1], posted.get("refunds-in-transit", 0), went


@asynccontextmanager
async def giving(own_database_url: str) -> AsyncGenerator[Giving]:
    town = Giving(own_database_url)
    async with giver() as provider, make_client() as client:
        town.giver, town.client = provider, client
        await town.move_in()
        yield town
        await town.holds()
        await town.database.close()
