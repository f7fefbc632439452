"""A household with a mandate, on PostgreSQL: its charges, payments and the jobs of automatic
top-up, by a clock of the test's own, against a provider that is asked over HTTP."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from ledger_asked import Asked
from ledger_checkouts import Takes
from ledger_scratch import UTC_ZONE, Scratch
from ledger_signer import SIGNER
from pydantic import TypeAdapter

from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.mandates.agree_mandate import change_mandate, end_mandate, open_mandate
from prepay_ledger.mandates.ask_when_due import AskWhenDue
from prepay_ledger.mandates.close_request import close_request
from prepay_ledger.mandates.send_requests import SendRequests
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import (
    Consent,
    Mandate,
    MandateState,
    Step,
    StepAction,
    Terms,
    TopUpPolicy,
    TopUpRequest,
)
from prepay_ledger.pay_links.tell_links import TellLinks
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.payment_requests.configured import ConfiguredRequester
from prepay_ledger.payment_requests.values import Requester
from prepay_ledger.payments.apply_payment_event import Applied, ApplyPaymentEvent
from prepay_ledger.payments.read_event import read_event
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.providers.values import Kind, MandateGone, Told
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.unit import PostgresUnit

BEGIN = datetime(2026, 3, 15, 12, tzinfo=UTC)
POLICY = TopUpPolicy()
TERMS = Terms(
    threshold_micro=20_000_000,
    amount_micro=100_000_000,
    month_micro_max=300_000_000,
    month_requests_max=3,
    valid_from=date(2026, 3, 1),
    valid_until=None,
)
LINKS = LinkTerms(base_url="https://pay.example", keys={"k": bytes(32)}, amounts={},
                  has_checkouts=True)  # fmt: skip
Open = Callable[[], AbstractAsyncContextManager[PostgresUnit]]


class Saving:
    """An account of 50, with a meter."""

    def __init__(self, scratch: Scratch, provider: Asked, client: httpx.AsyncClient) -> None:
        self.scratch, self.provider = scratch, provider
        self.now = BEGIN
        self.account_id = uuid4()
        requester = TypeAdapter[Any](ConfiguredRequester).validate_python(provider.settings())
        self.requesters: dict[str, Requester] = {"demo": requester.requester(client)}
        self.settle = SettleRequest(
            zone=UTC_ZONE, policy=POLICY, pay_urls=TellLinks(LINKS, [Takes()])
        )
        review = SupplyReview(zone=UTC_ZONE, sign=SIGNER.sign)
        self.apply = ApplyPaymentEvent(
            take_payment=TakePayment(review=review),
            take_movement=TakeMovement(review=review),
            settle=self.settle,
        )

    async def begin(self) -> None:
        await self.scratch.open_account(self.account_id)
        await self.scratch.sql("INSERT INTO meter_state (meter_id) VALUES ('m')")
        await self.scratch.sql(
            "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, revision) "
            "VALUES ($1, $2, 'm', $3, 1, 1)",
            uuid4(),
            self.account_id,
            BEGIN - timedelta(days=30),
        )
        await self.move(50)

    async def move(self, amount: int) -> int:
        """What of the balance comes or goes, past everything that looks at it."""
        micro = amount * 1_000_000
        async with self.scratch.unit() as unit:
            journal = Journal(
                kind="charge",
                source="test",
                currency="CNY",
                entries=(Entry(self.account_id, micro),),
                postings={UtilityAccount.REVENUE_ENERGY: -micro},
            )
            _, (balance,) = await unit.journals.post(journal, at=self.now)
        return balance.balance_micro

    def step(self, action: StepAction, key: str = "") -> Step:
        return Step(action=action, who="ann", reason="test", key=key, at=self.now)

    async def open(self, **terms: Any) -> Mandate:
        """A mandate by these terms, and the look that follows."""
        asked = Mandate(
            id=uuid4(),
            account_id=self.account_id,
            provider="demo",
            reference=f"m-{uuid4().hex[:8]}",
            terms=Terms(**{n: getattr(TERMS, n) for n in TERMS.__dataclass_fields__} | terms),
            consent=Consent(by="the customer", reference="paper-1", at=BEGIN - timedelta(days=9)),
            state=MandateState.ACTIVE,
            state_reason="",
            failures=0,
            retry_on=None,
            waits=None,
            look_at=None,
        )
        step = self.step(StepAction.OPEN, str(uuid4()))
        async with self.scratch.unit() as unit:
            mandate, _ = await open_mandate(
                unit=unit, asked=asked, step=step, requesters=self.requesters
            )
        await self.ask()
        return mandate

    async def change(
        self, mandate: Mandate, terms: Terms | None = None, consent: str | None = None
    ) -> Mandate:
        given = Consent(by="the customer", reference=consent, at=self.now) if consent else None
        async with self.scratch.unit() as unit:
            return await change_mandate(
                unit=unit,
                mandate_id=mandate.id,
                reference=mandate.reference,
                terms=terms or mandate.terms,
                consent=given,
                step=self.step(StepAction.CHANGE, str(uuid4())),
                requesters=self.requesters,
            )

    async def end(self, mandate: Mandate) -> None:
        async with self.scratch.unit() as unit:
            await end_mandate(unit=unit, mandate_id=mandate.id, step=self.step(StepAction.END))

    def asking(self, open_unit: Open | None = None) -> AskWhenDue:
        return AskWhenDue(
            open_unit=open_unit or self.scratch.unit,
            zone=UTC_ZONE,
            policy=POLICY,
            clock=lambda: self.now,
            committed=lambda: None,
        )

    async def ask(self) -> None:
        await self.asking()()

    def sending(self, open_unit: Open | None = None) -> SendRequests:
        return SendRequests(
            open_unit=open_unit or self.scratch.unit,
            requesters=self.requesters,
            settle=self.settle,
            zone=UTC_ZONE,
            policy=POLICY,
            clock=lambda: self.now,
            committed=lambda: None,
        )

    async def send(self) -> None:
        await self.sending()()

    async def tell(
        self, kind: Kind, *, payment_id: str, request_id: UUID | str = "", micro: int = 100_000_000
    ) -> Applied:
        """A webhook's event, applied."""
        told = Told(
            kind=kind,
            type=kind,
            payment_id=payment_id,
            movement_id=payment_id,
            account_number=str(self.account_id),
            amount_micro=micro,
            currency="CNY",
            at=self.now,
            request_id=str(request_id),
        )
        return await self._apply(read_event(provider="demo", reading=told))

    async def gone(self, reference: str) -> Applied:
        return await self._apply(
            read_event(provider="demo", reading=MandateGone("mandate.revoked", reference))
        )

    async def _apply(self, read: Any) -> Applied:
        async with self.scratch.unit() as unit:
            return await self.apply(unit, read=read, now=self.now)

    async def close(self, request: TopUpRequest) -> TopUpRequest:
        decided = Decided(by="li", reason="asked the provider", at=self.now)
        async with self.scratch.unit() as unit:
            return await close_request(
                unit=unit, settle=self.settle, request_id=request.id, decided=decided
            )

    async def requests(self) -> list[TopUpRequest]:
        """Oldest first."""
        rows = await self.scratch.sql("SELECT id FROM top_up_request ORDER BY id")
        async with self.scratch.unit() as unit:
            found = [await unit.mandates.request(row["id"]) for row in rows]
        return [each for each in found if each]

    async def newest(self) -> TopUpRequest:
        return (await self.requests())[-1]

    async def states(self) -> list[str]:
        return [str(each.state) for each in await self.requests()]

    async def mandate(self, mandate: Mandate) -> Mandate:
        async with self.scratch.unit() as unit:
            found = await unit.mandates.mandate(mandate.id)
        assert found is not None
        return found

    async def balance(self) -> int:
        (row,) = await self.scratch.sql(
            "SELECT balance_micro FROM account WHERE id = $1", self.account_id
        )
        return row["balance_micro"] // 1_000_000

    async def told(self, name: str) -> int:
        """How many events of that type are on their way."""
        rows = await self.scratch.sql("SELECT headers FROM outbox")
        types = [
            value
            for row in rows
            for header, value in msgspec.json.decode(row["headers"], type=list[tuple[str, bytes]])
            if header == "ce_type"
        ]
        return types.count(f"prewatt.ledger.{name}.v1".encode())
