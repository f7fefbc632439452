"""Use case: what a mandate covers beside top-ups is asked for, as far as the month's limits go."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.values import Instalment
from prepay_ledger.events import account_event
from prepay_ledger.mandates.instalments import may_collect
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.ports import Unit
from prepay_ledger.mandates.rules import month_of, next_month
from prepay_ledger.mandates.values import Mandate, RequestState, TopUpPolicy, TopUpRequest
from prepay_ledger.metrics import TOP_UP_REQUESTS
from prewatt_common.contracts.ledger_events_v1 import AutoTopUpRequested
from prewatt_common.ids import new_id


class AskCollection:
    """Asks for an instalment of a debt (``debt_id``), or for what a statement says
    (``statement_id``). ``cap_micro``: up to so much the customer has agreed to it; none: not at
    all. The account is locked."""

    def __init__(self, *, zone: ZoneInfo, policy: TopUpPolicy) -> None:
        self._zone = zone
        self._policy = policy

    async def __call__(
        self,
        unit: Unit,
        account: Account,
        mandate: Mandate,
        found: Instalment,
        *,
        cap_micro: int | None,
        debt_id: UUID | None = None,
        statement_id: UUID | None = None,
        now: datetime,
    ) -> None:
        """Nothing, where the mandate does not cover it now. What was asked for a moment ago counts
        towards the month."""
        standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
        first = month_of(found.due_on)
        month = await unit.mandates.month(account.id, first, next_month(first))
        of_month = replace(standing, month=month)
        if not may_collect(mandate, of_month, found, self._policy, cap_micro=cap_micro):
            return
        request = TopUpRequest(
            id=new_id(),
            mandate_id=mandate.id,
            account_id=account.id,
            provider=mandate.provider,
            reference=mandate.reference,
            amount_micro=found.amount_micro,
            currency=account.currency,
            requested_on=found.due_on,
            requested_at=now,
            state=RequestState.REQUESTED,
            code="",
            payment_id="",
            sends=0,
            send_at=now,
            answer_by=None,
            closed_at=None,
            debt_id=debt_id,
            statement_id=statement_id,
        )
        await unit.mandates.add_request(request)
        TOP_UP_REQUESTS.labels(request.provider, request.state).inc()
        event = AutoTopUpRequested(
            account_id=account.id,
            mandate_id=mandate.id,
            request_id=request.id,
            provider=request.provider,
            amount_micro=request.amount_micro,
            currency=request.currency,
            at=now,
            debt_id=debt_id,
            statement_id=statement_id,
        )
        await unit.publish([account_event(event, account_id=account.id, at=now)])
