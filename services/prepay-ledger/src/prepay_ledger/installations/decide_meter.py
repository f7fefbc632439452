"""Use cases: meters are installed, moved, swapped and described, and readings edited.

Each derives anew what was used and charged, and posts the difference, in its own transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.charging.split_charged import READ, Cause
from prepay_ledger.debts.values import BillCause
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.follow_decision import follow_decision, look_then
from prepay_ledger.installations.ports import Unit
from prepay_ledger.installations.rules import (
    InstallationRefused,
    UnknownInstallation,
    changed_rows,
    check_installation,
    check_meter,
    check_read,
    check_registers,
    edit_event,
    installation_event,
    meter_event,
    open_one,
)
from prepay_ledger.installations.values import InstalledMeter, Meter, ReadingEdit
from prepay_ledger.modes.refuse_meanwhile import refuse_meanwhile
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers import changes
from prewatt_metering.registers.changes import Decision, InstallationChange
from prewatt_metering.registers.installations import Installation

_Change = Callable[[Sequence[Installation], Installation, Decision], InstallationChange]


class DecideMeter:
    """What people decide about meters."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def install(self, *, unit: Unit, new: InstalledMeter, decided: Decided) -> None:
        """Raises `UnknownAccount` or `InstallationRefused`."""
        known = await self._held(unit, new.meter_id, also=new.account_id)
        account = await unit.balances.account(new.account_id)
        if account is None:
            message = f"account {new.account_id} does not exist"
            raise UnknownAccount(message)
        await refuse_meanwhile(unit, [new.account_id])
        check_installation(new, known)
        check_registers(new, now=decided.at)
        await unit.installations.replace([], [new])
        await tell(unit, [(new.meter_id, str(new.id), installation_event(new, decided))], decided)
        await look_then(unit, [new], decided)
        # Its first register may say what whoever was there before has used since they were read.
        # What it has used itself is read for the first time, which corrects no bill.
        accounts = {*_accounts(known), account.id}
        await follow_decision(unit, self._review, new.meter_id, accounts, decided, cause=READ)

    async def move_out(
        self,
        *,
        unit: Unit,
        meter_id: str,
        at: datetime,
        register_wh: int | None,
        next_account_id: UUID | None,
        decided: Decided,
    ) -> Sequence[InstalledMeter]:
        """End the meter's installation at ``at``, whatever was charged since; the meter's
        installations now. Raises `UnknownAccount` or `InstallationRefused`."""
        known = await self._held(unit, meter_id, also=next_account_id)
        if next_account_id is not None and await unit.balances.account(next_account_id) is None:
            message = f"account {next_account_id} does not exist"
            raise UnknownAccount(message)
        leaving = open_one(known, meter_id)
        coming = [next_account_id] if next_account_id else []
        await refuse_meanwhile(unit, [leaving.account_id, *coming])
        return await self._change(
            unit,
            known,
            leaving,
            lambda some, wrong, decision: changes.move_out(
                installations=some,
                installation=wrong,
                at_us=us_of(at),
                register_wh=register_wh,
                next_account=None if next_account_id is None else str(next_account_id),
                decision=decision,
            ),
            decided,
        )

    async def swap(
        self,
        *,
        unit: Unit,
        meter_id: str,
        at: datetime,
        closing_wh: int | None,
        opening_wh: int,
        devices: tuple[str, str],
        decided: Decided,
    ) -> Sequence[InstalledMeter]:
        """At ``at`` another device was hung under the same meter id. Raises
        `InstallationRefused`."""
        known = await self._held(unit, meter_id)

        return await self._change(
            unit,
            known,
            open_one(known, meter_id),
            lambda some, wrong, decision: changes.swap(
                installations=some,
                installation=wrong,
                at_us=us_of(at),
                closing_wh=closing_wh,
                opening_wh=opening_wh,
                devices=devices,
                decision=decision,
            ),
            decided,
            other_device_at=at,
        )

    async def move_end(
        self,
        *,
        unit: Unit,
        installation_id: UUID,
        at: datetime,
        register_wh: int | None,
        decided: Decided,
    ) -> Sequence[InstalledMeter]:
        """The installation ended at ``at``, at this register, and the one that began there begins
        there as well: a move-out or swap that was told of wrongly. Raises `UnknownInstallation` or
        `InstallationRefused`."""
        known, wrong = await self._installation(unit, installation_id)
        if wrong.ends_at is None:
            message = f"installation {installation_id} has not ended; see move-out"
            raise InstallationRefused(message)
        await refuse_meanwhile(unit, _accounts(known))
        return await self._change(
            unit,
            known,
            wrong,
            lambda some, wrong, decision: changes.move_out(
                installations=some,
                installation=wrong,
                at_us=us_of(at),
                register_wh=register_wh,
                decision=decision,
            ),
            decided,
        )

    async def correct_registers(
        self,
        *,
        unit: Unit,
        installation_id: UUID,
        opening_wh: int | None,
        closing_wh: int | None,
        decided: Decided,
    ) -> Sequence[InstalledMeter]:
        """The installation with these registers at its ends (none: not known). Raises
        `UnknownInstallation` or `InstallationRefused`."""
        known, wrong = await self._installation(unit, installation_id)
        return await self._change(
            unit,
            known,
            wrong,
            lambda some, wrong, decision: changes.correct_registers(
                installations=some,
                wrong=wrong,
                opening_wh=opening_wh,
                closing_wh=closing_wh,
                decision=decision,
            ),
            decided,
        )

    async def register(self, *, unit: Unit, meter: Meter, decided: Decided) -> Meter:
        """What is known of the meter by now; as it stands where that says the same. Raises
        `InstallationRefused`."""
        check_meter(meter)
        known = await self._held(unit, meter.meter_id)
        before = await unit.installations.meter(meter.meter_id)
        if before is not None and before == replace(meter, revision=before.revision):
            return before
        now = replace(meter, revision=1 if before is None else before.revision + 1)
        await unit.installations.put_meter(now)
        await tell(unit, [(now.meter_id, now.meter_id, meter_event(now, decided))], decided)
        await follow_decision(unit, self._review, now.meter_id, _accounts(known), decided)
        return now

    async def edit(self, *, unit: Unit, edit: ReadingEdit, decided: Decided) -> ReadingEdit:
        """Set, remove or restore what counts at an instant; what came is kept. The edit that holds
        there now: the one before, where it says the same."""
        check_read(edit.read_at, edit.register_wh, now=decided.at)
        known = await self._held(unit, edit.meter_id)
        before = await unit.installations.last_edit(edit.meter_id, edit.read_at)
        if before is not None and before.says_the_same(edit):
            return before
        await unit.installations.add_edit(edit)
        await tell(unit, [(edit.meter_id, str(edit.id), edit_event(edit))], decided)
        cause = Cause(BillCause.EDIT, our_fault=edit.our_fault)
        await follow_decision(
            unit,
            self._review,
            edit.meter_id,
            _accounts(known),
            decided,
            cause=cause,
            from_us=us_of(edit.read_at),
        )
        return edit

    async def _installation(
        self, unit: Unit, installation_id: UUID
    ) -> tuple[Sequence[InstalledMeter], InstalledMeter]:
        """All installations of its meter, `_held`, and the installation."""
        found = await unit.installations.by_id(installation_id)
        if found is None:
            message = f"there is no installation {installation_id}"
            raise UnknownInstallation(message)
        known = await self._held(unit, found.meter_id)
        for each in known:
            if each.id == installation_id:
                return known, each
        message = f"installation {installation_id} was taken back meanwhile"
        raise InstallationRefused(message)

    async def _held(
        self, unit: Unit, meter_id: str, *, also: UUID | None = None
    ) -> Sequence[InstalledMeter]:
        """The meter's installations, with nobody else deciding about them or their accounts."""
        seen = _accounts(await unit.installations.of_meter(meter_id))
        await unit.charging.hold_accounts({*seen, *([also] if also else [])})
        await unit.charging.hold([meter_id])
        known = await unit.installations.of_meter(meter_id)
        if _accounts(known) != seen:
            message = f"somebody else moved meter {meter_id} at this moment; try again"
            raise InstallationRefused(message)
        return known

    async def _change(
        self,
        unit: Unit,
        known: Sequence[InstalledMeter],
        wrong: InstalledMeter,
        change: _Change,
        decided: Decided,
        *,
        other_device_at: datetime | None = None,
    ) -> Sequence[InstalledMeter]:
        decision = Decision(by=decided.by, reason=decided.reason, decided_us=us_of(decided.at))
        try:
            changed = change(
                [each.installation() for each in known], wrong.installation(), decision
            )
        except ValueError as error:
            raise InstallationRefused(str(error)) from error
        now, gone = changed_rows(known, changed, new_id=new_id)
        for each in now:
            check_registers(each, now=decided.at)
        await unit.installations.replace([*(each.id for each in now), *(g.id for g in gone)], now)
        await tell(
            unit,
            [
                *((e.meter_id, str(e.id), installation_event(e, decided)) for e in now),
                *(
                    (
                        each.meter_id,
                        str(each.id),
                        installation_event(
                            replace(each, revision=each.revision + 1), decided, removed=True
                        ),
                    )
                    for each in gone
                ),
            ],
            decided,
        )
        await look_then(unit, now, decided)
        accounts = _accounts([*known, *now])
        if other_device_at is not None:
            await unit.relays.device_changed(wrong.meter_id, at=other_device_at)
            await unit.command_keys.device_changed(wrong.meter_id)
        await follow_decision(unit, self._review, wrong.meter_id, accounts, decided)
        return await unit.installations.of_meter(wrong.meter_id)


def _accounts(known: Sequence[InstalledMeter]) -> set[UUID]:
    return {each.account_id for each in known}
