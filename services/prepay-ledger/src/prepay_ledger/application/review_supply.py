"""Use case: decide the supply of accounts whose balance, commands or holds have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.application.events import account_event, meter_command
from prepay_ledger.application.ports import NewCommand, SupplyView, Unit
from prepay_ledger.domain.supply import (
    POLICY_VERSION,
    Decision,
    Facts,
    Fired,
    Policy,
    decide,
    local_time_of,
    review_threshold_micro,
)
from prewatt_common.contracts.ledger_events_v1 import (
    BalanceExhausted,
    LowBalance,
    SupplyChanged,
    SupplyState,
)
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message

_CUT_UNDER_WAY = (SupplyState.PENDING, SupplyState.DISCONNECTING)


@dataclass(frozen=True, slots=True)
class SupplyReview:
    """Loads the facts, decides, stores why, issues commands and tells."""

    policy: Policy
    timezone: ZoneInfo
    command_lifetime: timedelta

    async def __call__(
        self, unit: Unit, account_ids: Sequence[UUID], *, now: datetime, caused_at: datetime
    ) -> None:
        """Review the accounts, inside the transaction of what made it due.

        ``caused_at``: when the reading, payment or answer behind it reached us.
        """
        for view in await unit.supply.lock(account_ids, now=now):
            facts = self._facts(view, now=now)
            decision = decide(facts=facts, policy=self.policy)
            recheck_at = now + decision.recheck_after if decision.recheck_after else None
            await unit.supply.set_state(
                view.account.id,
                decision=decision,
                review_at_micro=review_threshold_micro(decision=decision, facts=facts),
                recheck_at=recheck_at,
            )
            if decision.state is facts.state and decision.action is None:
                continue
            await self._carry_out(unit, view, facts, decision, now=now, caused_at=caused_at)

    def _facts(self, view: SupplyView, *, now: datetime) -> Facts:
        account = view.account
        pause_until = view.failed_at + self.policy.retry_after if view.failed_at else None
        return Facts(
            state=account.supply_state,
            balance_micro=account.balance_micro,
            low_balance_micro=account.low_balance_micro,
            emergency_credit_micro=account.emergency_credit_micro,
            protected=account.protected,
            meters=len(view.meter_ids),
            outcome=view.outcome,
            retry_pause=pause_until is not None and now < pause_until,
            local_time=local_time_of(now.astimezone(self.timezone)),
        )

    async def _carry_out(
        self,
        unit: Unit,
        view: SupplyView,
        facts: Facts,
        decision: Decision,
        *,
        now: datetime,
        caused_at: datetime,
    ) -> None:
        decision_id = new_id()
        await unit.supply.add_decision(
            decision_id=decision_id,
            account_id=view.account.id,
            decision=decision,
            facts=facts,
            policy=self._policy_inputs(),
            at=now,
        )
        messages = _events(view, decision, decision_id=decision_id, now=now)
        if decision.action is not None:
            for meter_id in view.meter_ids:
                command = NewCommand(
                    id=new_id(),
                    meter_id=meter_id,
                    action=decision.action,
                    caused_at=caused_at,
                    issued_at=now,
                    expires_at=now + self.command_lifetime,
                )
                sequence = await unit.supply.add_command(
                    command, decision_id=decision_id, account_id=view.account.id
                )
                messages.append(_command(command, account_id=view.account.id, sequence=sequence))
        await unit.publish(messages)

    def _policy_inputs(self) -> dict[str, object]:
        return {
            "version": POLICY_VERSION,
            "friendly_hours": [
                [start.isoformat(), end.isoformat()] for start, end in self.policy.friendly_hours
            ],
            "retry_after_s": int(self.policy.retry_after.total_seconds()),
        }


def _command(command: NewCommand, *, account_id: UUID, sequence: int) -> Message:
    event = RelayCommand(
        command_id=command.id,
        meter_id=command.meter_id,
        account_id=account_id,
        action=command.action,
        sequence=sequence,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        caused_at=command.caused_at,
    )
    return meter_command(
        event, meter_id=command.meter_id, command_id=command.id, at=command.issued_at
    )


def _events(
    view: SupplyView, decision: Decision, *, decision_id: UUID, now: datetime
) -> list[Message]:
    account = view.account
    messages: list[Message] = []
    if Fired.BALANCE_LOW in decision.fired and account.supply_state is SupplyState.CONNECTED:
        low = LowBalance(
            account_id=account.id,
            balance_micro=account.balance_micro,
            threshold_micro=account.low_balance_micro,
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(low, account_id=account.id, at=now))
    newly_exhausted = account.supply_state not in _CUT_UNDER_WAY
    if Fired.BALANCE_EXHAUSTED in decision.fired and newly_exhausted:
        exhausted = BalanceExhausted(
            account_id=account.id,
            balance_micro=account.balance_micro,
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(exhausted, account_id=account.id, at=now))
    changed = SupplyChanged(
        account_id=account.id,
        meter_ids=view.meter_ids,
        previous=account.supply_state,
        state=decision.state,
        decision_id=decision_id,
        rules=(*decision.fired, *decision.held),
        balance_micro=account.balance_micro,
        currency=account.currency,
        at=now,
    )
    messages.append(account_event(changed, account_id=account.id, at=now))
    return messages
