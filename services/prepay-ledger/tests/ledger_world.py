"""Two accounts, two meters and a network that loses what it likes, around the ledger's own use
cases on PostgreSQL: what is decided there against where the relays really are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from ledger_devices import (
    Device,
    Household,
    publish_nights,
    relay_of,
    sign_directly,
    takes_supply,
)
from ledger_scratch import Scratch
from ledger_signer import SIGNER
from ledger_world_rows import WorldRows

from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.supply.recheck_supply import RecheckSupply
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.supply.take_meter_events import TakeMeterEvents
from prewatt_common.contracts.base import CommandStatus, Presence, RelayAction, RelayState
from prewatt_common.contracts.meter_events_v1 import (
    CommandProgressed,
    MeterPresenceChanged,
    MeterReported,
)
from prewatt_common.contracts.mqtt_v1 import MqttEventKind
from prewatt_metering.calendar.instants import us_of

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONTH_AGO = BEGIN - timedelta(days=30)


class World(WorldRows):
    """Everything at one instant, which only `pass_time` moves."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch)
        self.now = BEGIN
        self.review = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign)
        self.take = TakeMeterEvents(review=self.review, clock=lambda: self.now)
        self.recheck = RecheckSupply(
            open_unit=scratch.unit,
            review=self.review,
            clock=lambda: self.now,
            committed=lambda: None,
        )
        self.serves: dict[str, Household] = {}
        self._taken = 0
        self._is_reliable = False

    async def begin(self) -> None:
        """Both accounts open, each with a meter; nobody is cut from 22:00 to 07:00."""
        async with self.scratch.unit() as unit:
            await publish_nights(unit, at=MONTH_AGO)
        for each in self.households:
            await self._sql(
                "INSERT INTO account (id, number, currency, low_balance_micro, "
                "overdraft_micro, protected, supply_state, review_at_micro, opened_at) "
                "VALUES ($1, $2, 'CNY', 5, 0, false, 'connected', 5, $3)",
                each.id,
                str(each.id),
                MONTH_AGO,
            )
            async with self.scratch.unit() as unit:
                await sign_directly(unit, each, at=MONTH_AGO)
            await self.pay(each, 100)
        for device, household in zip(self.devices, self.households, strict=True):
            await self.read(device)
            await self.move(device, household)

    async def pay(self, household: Household, amount: int) -> None:
        """Money in, or a charge (negative): only what crosses a threshold is looked at."""
        household.balance_micro += amount
        async with self.scratch.unit() as unit:
            journal = Journal(
                kind="top-up",
                source="test",
                currency="CNY",
                entries=(Entry(household.id, amount),),
                postings={UtilityAccount.REVENUE_ENERGY: -amount},
            )
            _, balances = await unit.journals.post(journal, at=self.now)
            due = [each.account_id for each in balances if each.is_due]
            if due:
                await self.review(unit, due, now=self.now, caused_at=self.now)
        await self._carry()

    async def terms(self, household: Household, **terms: Any) -> None:
        """Emergency credit or protection, as `ChangeTerms` does."""
        for name, value in terms.items():
            setattr(household, name, value)
            await self._sql(
                f"UPDATE account SET {name} = $2 WHERE id = $1",
                household.id,
                value,
            )
        await self._review(household)

    async def limit(self, household: Household, limit_w: int | None) -> None:
        """The household comes into a class that is limited to so much instead of cut, or cut."""
        household.limit_w = limit_w
        async with self.scratch.unit() as unit:
            await sign_directly(unit, household, at=self.now)
        await self._review(household)

    async def overload(self, device: Device) -> None:
        """Its limiter opens the relay of a limited meter, for a while; the meter tells of it."""
        if device.limit_w is not None:
            await self.tell(
                MeterReported(
                    meter_id=device.meter_id,
                    kind=MqttEventKind.RELAY_MOVED_BY_LOAD_LIMIT,
                    at=self.now,
                    relay=RelayState.OPEN,
                )
            )

    async def move(self, device: Device, household: Household | None) -> None:
        """The meter serves somebody else from now on, or nobody."""
        before = self.serves.pop(device.meter_id, None)
        await self._sql(
            "UPDATE installation SET ends_at = $2 WHERE meter_id = $1 AND ends_at IS NULL",
            device.meter_id,
            self.now,
        )
        self.now += timedelta(seconds=1)
        if household is not None:
            self.serves[device.meter_id] = household
            await self._sql(
                "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, "
                "revision) VALUES ($1, $2, $3, $4, 1, 1)",
                uuid4(),
                household.id,
                device.meter_id,
                self.now - timedelta(seconds=1),
            )
        await self._review(*{each.id: each for each in (before, household) if each}.values())

    async def swap(self, device: Device) -> None:
        """Another device under the same id: its relay is closed, and it has executed nothing."""
        device.is_open, device.limit_w, device.executed = False, None, 0
        async with self.scratch.unit() as unit:
            household = self.serves.get(device.meter_id)
            if household is not None:
                await unit.supply.hold([household.id])
            await unit.relays.device_changed(device.meter_id, at=self.now)
            if household is not None:
                await self.review(unit, [household.id], now=self.now, caused_at=self.now)
        await self._carry()

    async def by_hand(self, device: Device) -> None:
        """Somebody moves the relay; the meter tells of it."""
        device.is_open, device.limit_w = not device.is_open, None
        await self.tell(
            MeterReported(
                meter_id=device.meter_id,
                kind=MqttEventKind.RELAY_MOVED_BY_HAND,
                at=self.now,
                relay=relay_of(device),
            )
        )

    async def presence(self, device: Device, *, is_there: bool) -> None:
        """It goes, or comes back with a reading."""
        device.is_there = is_there
        presence = Presence.ONLINE if is_there else Presence.OFFLINE
        await self.tell(
            MeterPresenceChanged(meter_id=device.meter_id, presence=presence, at=self.now)
        )
        if is_there:
            await self.read(device)

    async def read(self, device: Device) -> None:
        """It is read at this instant."""
        await self._sql(
            "INSERT INTO meter_state (meter_id, last_at_us) VALUES ($1, $2) "
            "ON CONFLICT (meter_id) DO UPDATE SET last_at_us = $2",
            device.meter_id,
            us_of(self.now),
        )

    async def deliver(self, device: Device, *, loses: str = "") -> None:
        """What waits at the gateway goes to the meter and its answer comes back, unless the network
        loses the "command" or the "answer"; a cut that has expired is not carried out."""
        command, device.waiting = device.waiting, None
        if command is None:
            return
        if not device.is_there:
            device.waiting = command
            return
        await self._answer(command, CommandStatus.SENT, None)
        if loses == "command":
            return
        if takes_supply(command, device) and command["expires_at"] <= self.now:
            await self._answer(command, CommandStatus.EXPIRED, None)
            return
        if command["sequence"] > device.executed:
            device.executed, device.limit_w = command["sequence"], command["limit_w"]
            device.is_open = command["action"] == RelayAction.DISCONNECT
        if loses != "answer":
            await self._answer(command, CommandStatus.SUCCEEDED, relay_of(device))

    async def late_answer(self, device: Device) -> None:
        """An answer that was under way for long, of a command that another has superseded since:
        what it tells is old."""
        if device.ended:
            command = device.ended.pop()
            await self._answer(command, CommandStatus.SUPERSEDED, None)

    async def pass_time(self, seconds: float) -> None:
        """Whatever is due meanwhile is looked at when it is due."""
        end = self.now + timedelta(seconds=seconds)
        while (at := await self._next_look()) is not None and at <= end:
            self.now = max(self.now, at)
            await self.recheck()
            await self._carry()
            if self._is_reliable:
                for device in self.devices:
                    await self.deliver(device)
        self.now = end

    async def _next_look(self) -> datetime | None:
        rows = await self._sql(
            "SELECT min(recheck_at) AS at FROM account WHERE id = ANY($1)",
            [each.id for each in self.households],
        )
        return rows[0]["at"]

    async def opens_again(self) -> set[str]:
        """The meters that have opened so often that somebody has to look, by their orders."""
        rows = await self._sql(
            "SELECT meter_id FROM relay WHERE openings >= 3 AND observed_from = 'unasked' "
            "AND meter_id IN (SELECT meter_id FROM work_order "
            "WHERE kind = 'relay_opens_unasked' AND closed_at IS NULL)"
        )
        return {each["meter_id"] for each in rows}

    async def settle(self) -> None:
        """The network loses nothing any more and everybody is there: until nothing is left to
        do."""
        for device in self.devices:
            if not device.is_there:
                await self.presence(device, is_there=True)
            await self.read(device)
        quiet, self._is_reliable = 0, True
        while quiet < 2:
            quiet += 1
            for device in self.devices:
                await self.read(device)
                if device.waiting is not None:
                    quiet = 0
                    await self.deliver(device)
            if await self._next_look() is not None:
                quiet = 0
            await self.pass_time(15 * 60)
            if self.now > BEGIN + timedelta(days=30):
                message = "it never comes to rest"
                raise AssertionError(message)

    async def _review(self, *households: Household) -> None:
        async with self.scratch.unit() as unit:
            ids = [each.id for each in households]
            await self.review(unit, ids, now=self.now, caused_at=self.now)
        await self._carry()

    async def _answer(
        self, command: dict[str, Any], status: CommandStatus, relay: RelayState | None
    ) -> None:
        await self.tell(
            CommandProgressed(
                command_id=command["id"],
                meter_id=command["meter_id"],
                action=RelayAction(command["action"]),
                sequence=command["sequence"],
                status=status,
                at=self.now,
                relay=relay,
            )
        )

    async def tell(self, *events: Any) -> None:
        """What is heard of meters."""
        async with self.scratch.unit() as unit:
            batch: Sequence[Any] = [(event, None) for event in events]
            committed = await self.take(unit, batch)
        committed()
        await self._carry()

    async def _carry(self) -> None:
        """The gateway takes new commands: the newest of a meter is the one that waits for it."""
        rows = await self._sql(
            "SELECT * FROM command WHERE meter_id = ANY($1) ORDER BY id OFFSET $2",
            [each.meter_id for each in self.devices],
            self._taken,
        )
        self._taken += len(rows)
        devices = {each.meter_id: each for each in self.devices}
        for row in rows:
            device = devices[row["meter_id"]]
            if device.waiting is not None:
                device.ended.append(device.waiting)
            device.waiting = dict(row)
