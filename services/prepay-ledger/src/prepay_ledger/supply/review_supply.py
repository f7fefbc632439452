"""Use case: decide the supply of accounts whose balance, relays or holds have changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from prepay_ledger.breakers.admit_cuts import admit_cuts
from prepay_ledger.emergency_credits.tell_credit import credit_event
from prepay_ledger.events import meter_command
from prepay_ledger.relays.news import look_at
from prepay_ledger.relays.signing import Sign, claims_of
from prepay_ledger.relays.values import NewCommand, Observed, Outstanding, Relay
from prepay_ledger.supply.decide import (
    Facts,
    Hold,
    earliest,
    is_exhausted,
    is_low,
)
from prepay_ledger.supply.decided import Decided
from prepay_ledger.supply.follow_steps import follow_steps
from prepay_ledger.supply.grounds import Grounds, grounds_of, holds_of
from prepay_ledger.supply.money_ends import money_ends
from prepay_ledger.supply.ports import PayUrls, Unit
from prepay_ledger.supply.replay import inputs_of
from prepay_ledger.supply.settle import settle, thresholds_agreed, thresholds_with_credit
from prepay_ledger.supply.supply_events import asks_for_money, events_of
from prepay_ledger.supply.values import NextReview, StoredDecision, SupplyView
from prepay_ledger.supply.warning_limits import told_now
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message


@dataclass(frozen=True, slots=True)
class SupplyReview:
    """Loads the facts, decides, stores why, issues commands and tells. Each step is one statement
    for all accounts: a mass cut is as quick as a batch of readings."""

    zone: ZoneInfo
    """The utility's, in which calendars are read."""
    sign: Sign
    pay_urls: PayUrls | None = None
    """None: pay links are not set up."""

    async def __call__(
        self, unit: Unit, account_ids: Sequence[UUID], *, now: datetime, caused_at: datetime
    ) -> None:
        """Review the accounts, inside the transaction of what made it due.

        ``caused_at``: when the reading, payment or answer behind it reached us.
        """
        views = await unit.supply.lock(account_ids, now=now)
        grounds = await grounds_of(unit, views, zone=self.zone, now=now)
        decided = [_decide(view, each, now=now) for view, each in zip(views, grounds, strict=True)]
        decided = await _admitted(unit, decided, now=now)
        changing = [each for each in decided if each.changes or each.warns or each.is_held_anew]
        commands, relays = await self._commands(unit, decided, now=now, caused_at=caused_at)
        await unit.supply.save(
            reviews=[_next_review(each, relays, now=now) for each in decided],
            decisions=[self._stored(each, now=now) for each in changing],
        )
        await self._follow_credits(unit, decided, now=now)
        await unit.relays.save(list(relays.values()))
        await unit.relays.issue(commands)
        await follow_steps(unit, decided, now=now, caused_at=caused_at)
        if changing:
            # A cut says which reconnection codes are over.
            cuts = [e.meter_id for e in commands if e.action is RelayAction.DISCONNECT]
            codes_from = await unit.site_codes.next_counters(cuts)
            ends = await money_ends(unit, changing, zone=self.zone, now=now)
            asked = [each.view.account.id for each in changing if asks_for_money(each)]
            urls: Mapping[UUID, str] = {}
            if self.pay_urls is not None:
                urls = await self.pay_urls(unit, asked, now=now)
            told = [events_of(each, ends=ends, pay_urls=urls, now=now) for each in changing]
            await unit.publish(
                [
                    *(message for messages in told for message in messages),
                    *(self._command(e, codes_from.get(e.meter_id, 0)) for e in commands),
                ]
            )

    async def _commands(
        self, unit: Unit, decided: Sequence[Decided], *, now: datetime, caused_at: datetime
    ) -> tuple[list[NewCommand], dict[str, Relay]]:
        """What is asked of relays, with each meter's next sequence number; and the relays that are
        not as they are stored."""
        acting = [
            relay.meter_id
            for each in decided
            for relay, step in each.settled.moved
            if step.action is not None
        ]
        sequences = dict(await unit.relays.last_sequences(acting)) if acting else {}
        key_ids = dict(await unit.command_keys.signing_keys(acting)) if acting else {}
        commands: list[NewCommand] = []
        relays: dict[str, Relay] = {}
        for each in decided:
            for before, (relay, step) in zip(each.view.relays, each.settled.moved, strict=True):
                if step.action is None:
                    if relay != before:
                        relays[relay.meter_id] = relay
                    continue
                assert step.expires_at is not None
                assert step.deadline_at is not None
                command = NewCommand(
                    id=new_id(),
                    decision_id=each.id,
                    account_id=each.view.account.id,
                    meter_id=relay.meter_id,
                    action=step.action,
                    limit_w=relay.limit_w,
                    sequence=sequences[relay.meter_id] + 1,
                    caused_at=caused_at,
                    issued_at=now,
                    expires_at=step.expires_at,
                    key_id=key_ids.get(relay.meter_id),
                )
                commands.append(command)
                relays[relay.meter_id] = replace(
                    relay,
                    outstanding=Outstanding(
                        command_id=command.id,
                        action=command.action,
                        limit_w=command.limit_w,
                        issued_at=now,
                        deadline_at=step.deadline_at,
                        expires_at=step.expires_at,
                    ),
                )
        return commands, relays

    async def _follow_credits(
        self, unit: Unit, decided: Sequence[Decided], *, now: datetime
    ) -> None:
        """Emergency credit that is offered by this look, or over."""
        changed = [
            (each.grounds.credit.changed, each.view.account)
            for each in decided
            if each.grounds.credit.changed is not None
        ]
        if not changed:
            return
        await unit.emergency_credits.put([credit for credit, _ in changed])
        await unit.publish([credit_event(*each, now=now) for each in changed])

    def _command(self, command: NewCommand, codes_from: int) -> Message:
        claims = claims_of(
            command_id=command.id,
            meter_id=command.meter_id,
            action=command.action,
            limit_w=command.limit_w,
            sequence=command.sequence,
            issued_at=command.issued_at,
            expires_at=command.expires_at,
            codes_from=codes_from,
        )
        event = RelayCommand(
            command_id=command.id,
            meter_id=command.meter_id,
            account_id=command.account_id,
            action=command.action,
            limit_w=command.limit_w,
            sequence=command.sequence,
            issued_at=command.issued_at,
            expires_at=command.expires_at,
            caused_at=command.caused_at,
            signed=self.sign(claims, key_id=command.key_id),
        )
        return meter_command(
            event, meter_id=command.meter_id, command_id=command.id, at=command.issued_at
        )

    def _stored(self, decided: Decided, *, now: datetime) -> StoredDecision:
        return StoredDecision(
            id=decided.id,
            account_id=decided.view.account.id,
            settled=decided.settled,
            inputs=inputs_of(
                facts=decided.facts,
                relays=decided.view.relays,
                settled=decided.settled,
                rules=decided.grounds.rules,
                now=now,
            ),
            at=now,
        )


async def _admitted(unit: Unit, decided: list[Decided], *, now: datetime) -> list[Decided]:
    """Cuts of many at once are paced and stopped: whoever is not admitted waits. Whoever is stopped
    already asks too: who has asked once is none of those who come anew."""
    # A cut that is issued anew, because it was lost, was admitted before.
    to_cut = [
        each
        for each in decided
        if (each.cuts and each.facts.state is not SupplyState.DISCONNECTING)
        or _would_cut(each, now=now)
    ]
    if not to_cut:
        return decided
    limits = to_cut[0].grounds.cut_limits
    ids = [each.view.account.id for each in to_cut]
    held = (await admit_cuts(unit, ids, limits=limits, now=now)).held
    return [
        _decide(each.view, each.grounds, now=now, stopped=holds_of(held[account_id]))
        if (account_id := each.view.account.id) in held
        else each
        for each in decided
    ]


def _would_cut(decided: Decided, *, now: datetime) -> bool:
    """But for what people hold, and the fleet breaker."""
    if not decided.grounds.stopped or not decided.settled.decision.is_off:
        return False
    return _decide(decided.view, decided.grounds, now=now, stopped=()).cuts


def _decide(
    view: SupplyView,
    grounds: Grounds,
    *,
    now: datetime,
    stopped: tuple[Hold, ...] | None = None,
) -> Decided:
    """``stopped``: in place of what ``grounds`` say of it."""
    account, relays = view.account, view.relays
    facts = Facts(
        state=account.supply_state,
        balance_micro=account.balance_micro,
        warned_at=grounds.warned_at,
        told=view.told,
        overdraft_micro=account.overdraft_micro,
        emergency_credit_micro=grounds.credit.active_micro,
        owed_micro=view.owed_micro,
        dues_until=view.dues_until if view.dues_until and view.dues_until > now else None,
        protected=account.protected or grounds.protected,
        meters=len(relays),
        open_meters=sum(each.observed is Observed.OPEN for each in relays),
        limited_meters=sum(each.observed is Observed.LIMITED for each in relays),
        parked_meters=view.parked_meters,
        untrusted_meters=view.untrusted_meters,
        estimated_meters=view.estimated_meters,
        confirms=grounds.confirms,
        post_paid=account.mode is Mode.ARREARS,
        holds=(*grounds.holds, *(grounds.stopped if stopped is None else stopped)),
        cut_not_after=grounds.cut_not_after,
        procedure=grounds.procedure,
    )
    settled = settle(facts, relays, rules=grounds.rules, now=now)
    return Decided(new_id(), view, grounds, facts, settled)


_AS_IT_IS = (SupplyState.CONNECTED, SupplyState.WARNED)
"""No rule changes anything before the balance does."""


def _next_review(decided: Decided, relays: dict[str, Relay], *, now: datetime) -> NextReview:
    """By the rules, as commands go unanswered, or as its meters change."""
    view, settled, limits = decided.view, decided.settled, decided.grounds.rules.limits
    deadlines = [
        at
        for each in view.relays
        if each.meter_id in relays
        and (at := look_at(relays[each.meter_id], limits=limits, now=now)) is not None
    ]
    at = [settled.again_at, view.changes_at, decided.grounds.look_at, *deadlines]
    if settled.state not in _AS_IT_IS:
        at.append(decided.grounds.changes_at)
    return NextReview(
        account_id=view.account.id,
        state=settled.state,
        thresholds=thresholds_with_credit(
            thresholds_agreed(settled, cut_micro=decided.grounds.cut_micro), decided.grounds.credit
        ),
        low_since=(view.low_since or now) if is_low(decided.facts) else None,
        exhausted_since=(view.exhausted_since or now) if is_exhausted(decided.facts) else None,
        held=settled.held,
        told=()
        if decided.facts.post_paid
        else told_now(
            decided.facts.warned_at,
            balance_micro=decided.facts.balance_micro,
            told=decided.facts.told,
        ),
        owed_micro=settled.owed_micro,
        dues_until=settled.dues_until,
        recheck_at=earliest(at),
    )
