"""Use case: decide the supply of accounts whose balance, commands or holds have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.events import account_event, meter_command
from prepay_ledger.supply.decide import (
    Decision,
    Facts,
    Policy,
    Warned,
    decide,
    local_time_of,
    review_threshold_micro,
    warnings,
)
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.replay import inputs_of
from prepay_ledger.supply.values import NewCommand, NextReview, StoredDecision, SupplyView
from prewatt_common.contracts.ledger_events_v1 import BalanceExhausted, LowBalance, SupplyChanged
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message


class _Decided(NamedTuple):
    """A decision that changes something."""

    id: UUID
    view: SupplyView
    facts: Facts
    decision: Decision


@dataclass(frozen=True, slots=True)
class SupplyReview:
    """Loads the facts, decides, stores why, issues commands and tells. Each step is one statement
    for all accounts: a mass cut is as quick as a batch of readings."""

    policy: Policy
    timezone: ZoneInfo
    command_lifetime: timedelta

    async def __call__(
        self, unit: Unit, account_ids: Sequence[UUID], *, now: datetime, caused_at: datetime
    ) -> None:
        """Review the accounts, inside the transaction of what made it due.

        ``caused_at``: when the reading, payment or answer behind it reached us.
        """
        reviews: list[NextReview] = []
        decided: list[_Decided] = []
        for view in await unit.supply.lock(account_ids, now=now):
            facts = self._facts(view, now=now)
            decision = decide(facts=facts, policy=self.policy)
            reviews.append(
                NextReview(
                    account_id=view.account.id,
                    state=decision.state,
                    review_at_micro=review_threshold_micro(decision=decision, facts=facts),
                    recheck_at=_recheck_at(view, decision, now=now),
                )
            )
            if decision.state is not facts.state or decision.action is not None:
                decided.append(_Decided(new_id(), view, facts, decision))
        if not decided:
            await unit.supply.save(reviews=reviews, decisions=(), commands=())
            return
        commands = await self._commands(unit, decided, now=now, caused_at=caused_at)
        await unit.supply.save(
            reviews=reviews,
            decisions=[self._stored(each, now=now) for each in decided],
            commands=[command for some in commands for command in some],
        )
        await unit.publish(
            [
                message
                for each, some in zip(decided, commands, strict=True)
                for message in (*_events(each, now=now), *map(_command, some))
            ]
        )

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
            parked_meters=view.parked_meters,
            untrusted_meters=view.untrusted_meters,
            outcome=view.outcome,
            last_action=view.last_action,
            retry_pause=pause_until is not None and now < pause_until,
            local_time=local_time_of(now.astimezone(self.timezone)),
        )

    async def _commands(
        self, unit: Unit, decided: Sequence[_Decided], *, now: datetime, caused_at: datetime
    ) -> list[list[NewCommand]]:
        """Each decision's commands, one a meter, with the meter's next sequence number."""
        acting = [each for each in decided if each.decision.action is not None]
        sequences: dict[str, int] = {}
        if acting:
            meter_ids = [meter_id for each in acting for meter_id in each.view.meter_ids]
            sequences.update(await unit.supply.last_sequences(meter_ids))
        commands: list[list[NewCommand]] = []
        for each in decided:
            some: list[NewCommand] = []
            commands.append(some)
            action = each.decision.action
            if action is None:
                continue
            for meter_id in each.view.meter_ids:
                sequences[meter_id] += 1
                some.append(
                    NewCommand(
                        id=new_id(),
                        decision_id=each.id,
                        account_id=each.view.account.id,
                        meter_id=meter_id,
                        action=action,
                        sequence=sequences[meter_id],
                        caused_at=caused_at,
                        issued_at=now,
                        expires_at=now + self.command_lifetime,
                    )
                )
        return commands

    def _stored(self, decided: _Decided, *, now: datetime) -> StoredDecision:
        return StoredDecision(
            id=decided.id,
            account_id=decided.view.account.id,
            decision=decided.decision,
            inputs=inputs_of(facts=decided.facts, policy=self.policy),
            at=now,
        )


def _recheck_at(view: SupplyView, decision: Decision, *, now: datetime) -> datetime | None:
    """When to look again, if nothing else makes it due: by the rules, or as its meters change."""
    after = decision.recheck_after
    at = [] if after is None else [now + after]
    return min([*at, *([view.changes_at] if view.changes_at else [])], default=None)


def _command(command: NewCommand) -> Message:
    event = RelayCommand(
        command_id=command.id,
        meter_id=command.meter_id,
        account_id=command.account_id,
        action=command.action,
        sequence=command.sequence,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        caused_at=command.caused_at,
    )
    return meter_command(
        event, meter_id=command.meter_id, command_id=command.id, at=command.issued_at
    )


def _events(decided: _Decided, *, now: datetime) -> list[Message]:
    view, decision = decided.view, decided.decision
    account = view.account
    messages: list[Message] = []
    due = warnings(facts=decided.facts, decision=decision)
    if Warned.LOW in due:
        low = LowBalance(
            account_id=account.id,
            balance_micro=account.balance_micro,
            threshold_micro=account.low_balance_micro,
            currency=account.currency,
            at=now,
        )
        messages.append(account_event(low, account_id=account.id, at=now))
    if Warned.EXHAUSTED in due:
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
        decision_id=decided.id,
        rules=(*decision.fired, *decision.held),
        balance_micro=account.balance_micro,
        currency=account.currency,
        at=now,
    )
    messages.append(account_event(changed, account_id=account.id, at=now))
    return messages
