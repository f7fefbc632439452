"""The rotation of command keys on a PostgreSQL of the test's own: its pace, a death in the middle,
who is hung later, a ledger from a backup."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from ledger_scratch import ACCOUNT, Scratch
from ledger_signer import made_key
from ledger_town import Dying, Killed

from prepay_ledger.command_keys.decide_key import add_key, retire_key, roll_key
from prepay_ledger.command_keys.note_keys import note_keys
from prepay_ledger.command_keys.refusals import KeyRefused
from prepay_ledger.command_keys.roll_out import RollOut
from prepay_ledger.epochs.postgres import raise_epoch
from prepay_ledger.facts.values import Decided
from prepay_ledger.relays.signing import CommandSigner, UnknownKey
from prewatt_common.contracts.meter_commands_v1 import KeyMessage
from prewatt_common.contracts.meter_events_v1 import MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEventKind
from prewatt_simulator.commands import CommandKeys, SignedKey

pytestmark = pytest.mark.stack

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = CommandSigner({"k1": made_key(), "k2": made_key()}, first="k1")
AGAIN = timedelta(hours=1)


class Fleet:
    """Meters that follow what they are told, and a ledger that tells them."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch
        self.now = BEGIN
        self.meters: dict[str, CommandKeys] = {}
        self.sequences: dict[str, int] = {}
        self._read_upto = 0

    def rollout(self, *, most: int = 100, signer: CommandSigner = SIGNER, **more: Any) -> RollOut:
        return RollOut(
            open_unit=more.get("open_unit", self.scratch.unit),
            signer=signer,
            most=most,
            again=AGAIN,
            clock=lambda: self.now,
            committed=lambda: None,
        )

    def by(self, name: str) -> Decided:
        return Decided(by=name, reason="r", at=self.now)

    async def hang(self, *meter_ids: str, begins_at: datetime = BEGIN) -> None:
        for meter_id in meter_ids:
            self.meters[meter_id] = CommandKeys.of_raw({"k1": SIGNER.public_key("k1")})
            await self.scratch.sql("INSERT INTO meter_state (meter_id) VALUES ($1)", meter_id)
            await self.scratch.sql(
                "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, "
                "revision) VALUES ($1, $2, $3, $4, 1, 1)",
                uuid4(), ACCOUNT, meter_id, begins_at,
            )  # fmt: skip

    async def begin(self) -> None:
        """The next key is added and rolled by ann."""
        async with self.scratch.unit() as unit:
            await add_key(unit=unit, signer=SIGNER, key_id="k2", decided=self.by("ann"))
            await roll_key(unit=unit, key_id="k2", decided=self.by("ann"))

    async def told(self) -> Sequence[KeyMessage]:
        """What went out since this was asked last."""
        rows = await self.scratch.sql(
            "SELECT id, value FROM outbox WHERE topic = 'meter.commands.v1' AND id > $1 "
            "ORDER BY id",
            self._read_upto,
        )
        self._read_upto = max([self._read_upto, *(row["id"] for row in rows)])
        return [msgspec.json.decode(row["value"], type=KeyMessage) for row in rows]

    async def follow(self, messages: Sequence[KeyMessage]) -> None:
        """Each meter follows what is newer than what it followed, and tells what it holds."""
        reports: list[MeterReported] = []
        for message in messages:
            meter_id = message.meter_id
            checked = self.meters[meter_id].check(message.signed.encode())
            assert isinstance(checked, SignedKey)
            assert checked.claims.sequence == message.sequence
            if message.sequence > self.sequences.get(meter_id, 0):
                self.meters[meter_id] = self.meters[meter_id].after(checked)
                self.sequences[meter_id] = message.sequence
            reports.append(self.report(meter_id))
        async with self.scratch.unit() as unit:
            await note_keys(unit, reports, now=self.now)

    def report(self, meter_id: str) -> MeterReported:
        return MeterReported(
            meter_id=meter_id,
            kind=MqttEventKind.COMMAND_KEYS,
            at=self.now,
            keys=self.meters[meter_id].told,
        )

    async def retire(self, who: str = "bob") -> None:
        async with self.scratch.unit() as unit:
            await retire_key(unit=unit, key_id="k1", decided=self.by(who))

    @property
    def held(self) -> set[tuple[str, ...]]:
        return {each.told for each in self.meters.values()}


@pytest.fixture
async def fleet(own_database_url: str) -> AsyncGenerator[Fleet]:
    scratch = Scratch(own_database_url)
    await scratch.open_account(ACCOUNT)
    yield Fleet(scratch)
    await scratch.database.close()


async def test_each_round_tells_so_many_and_nobody_twice(fleet: Fleet) -> None:
    await fleet.hang(*(f"m-{n:02}" for n in range(25)))
    roll_out = fleet.rollout(most=10)
    await roll_out()
    assert await fleet.told() == []
    await fleet.begin()
    for expected in (10, 10, 5, 0, 0):
        await roll_out()
        messages = await fleet.told()
        assert len({each.meter_id for each in messages}) == len(messages) == expected
        await fleet.follow(messages)
    assert fleet.held == {("k1", "k2")}

    await fleet.retire()
    await roll_out()
    assert await fleet.told() == [], "what was signed before may be on its way"
    fleet.now += timedelta(seconds=10)
    for _ in range(4):
        await roll_out()
        await fleet.follow(await fleet.told())
    assert fleet.held == {("k2",)}
    fleet.now += 2 * AGAIN
    await roll_out()
    assert await fleet.told() == []


async def test_a_ledger_that_dies_before_it_commits_has_told_nobody(fleet: Fleet) -> None:
    await fleet.hang("m-1", "m-2", "m-3")
    await fleet.begin()
    dying = fleet.rollout(most=2, open_unit=Dying(fleet.scratch, after=0, inside=True))
    with pytest.raises(Killed):
        await dying()
    assert await fleet.told() == []
    again = fleet.rollout(most=2)
    await again()
    await again()
    assert [each.meter_id for each in await fleet.told()] == ["m-1", "m-2", "m-3"]


async def test_two_ledgers_tell_each_meter_once(fleet: Fleet) -> None:
    await fleet.hang("m-1", "m-2")
    await fleet.begin()
    async with fleet.scratch.unit() as unit:
        assert await unit.command_keys.take() is not None
        await fleet.rollout()()
        assert await fleet.told() == []
    await fleet.rollout()()
    await fleet.rollout()()
    assert len(await fleet.told()) == 2


async def test_who_does_not_acknowledge_is_told_again_and_holds_the_retirement_up(
    fleet: Fleet,
) -> None:
    await fleet.hang(*(f"m-{n:02}" for n in range(12)))
    await fleet.begin()
    roll_out = fleet.rollout()
    await roll_out()
    first = await fleet.told()
    with pytest.raises(KeyRefused, match=r"12 of 12 meters .*: m-00, .*, m-09, \.\.\."):
        await fleet.retire()
    await fleet.follow([each for each in first if each.meter_id != "m-07"])
    with pytest.raises(KeyRefused, match=r"1 of 12 meters that serve .* key k2: m-07$"):
        await fleet.retire()
    fleet.now += AGAIN
    await roll_out()
    (once_more,) = await fleet.told()
    assert (once_more.meter_id, once_more.sequence) == ("m-07", first[7].sequence + 1)
    # It is exchanged: it hangs nowhere any more, and counts no more.
    await fleet.scratch.sql(
        "UPDATE installation SET ends_at = $1 WHERE meter_id = 'm-07'", fleet.now
    )
    await fleet.retire()


async def test_who_is_hung_after_the_retirement_gets_both_steps(fleet: Fleet) -> None:
    await fleet.hang("m-1")
    await fleet.begin()
    roll_out = fleet.rollout()
    await roll_out()
    await fleet.follow(await fleet.told())
    await fleet.retire()
    await fleet.hang("m-2")
    for _ in range(3):
        fleet.now += timedelta(seconds=10)
        await roll_out()
        await fleet.follow(await fleet.told())
    assert fleet.held == {("k2",)}


async def test_another_device_under_the_same_id_is_told_anew(fleet: Fleet) -> None:
    await fleet.hang("m-1")
    await fleet.begin()
    roll_out = fleet.rollout()
    await roll_out()
    await fleet.follow(await fleet.told())
    async with fleet.scratch.unit() as unit:
        assert await unit.command_keys.signing_keys(["m-1"]) == {"m-1": "k2"}
        await unit.command_keys.device_changed("m-1")
        assert await unit.command_keys.signing_keys(["m-1"]) == {}
    await roll_out()
    (told,) = await fleet.told()
    assert told.sequence == 2


async def test_a_ledger_from_a_backup_numbers_above_all_and_learns_what_meters_hold(
    fleet: Fleet,
) -> None:
    await fleet.hang("m-1")
    await fleet.begin()
    roll_out = fleet.rollout()
    await roll_out()
    await fleet.follow(await fleet.told())
    # The backup knows of the key, and of nothing that came after.
    await fleet.scratch.sql("DELETE FROM meter_key")
    await fleet.scratch.sql("DELETE FROM key_asked")
    async with fleet.scratch.unit() as unit:
        await raise_epoch(unit.connection, who="w", reason="r", at=fleet.now)
    await roll_out()
    messages = await fleet.told()
    assert messages[0].sequence > 2**24
    await fleet.follow(messages)
    async with fleet.scratch.unit() as unit:
        assert await unit.command_keys.signing_keys(["m-1"]) == {"m-1": "k2"}


async def test_what_a_meter_tells_is_all_that_it_holds(fleet: Fleet) -> None:
    await fleet.hang("m-1")
    await fleet.begin()
    await fleet.rollout()()
    await fleet.follow(await fleet.told())
    since = await fleet.scratch.sql("SELECT * FROM meter_key ORDER BY key_id")
    assert [row["key_id"] for row in since] == ["k1", "k2"]
    fleet.now += timedelta(minutes=5)
    async with fleet.scratch.unit() as unit:
        await note_keys(unit, [fleet.report("m-1")], now=fleet.now)
    assert await fleet.scratch.sql("SELECT * FROM meter_key ORDER BY key_id") == since
    # Reset in a workshop, and one that tells of keys that are not ours.
    lone = MeterReported(
        meter_id="m-1", kind=MqttEventKind.COMMAND_KEYS, at=fleet.now, keys=("k1", "x")
    )
    async with fleet.scratch.unit() as unit:
        await note_keys(unit, [lone], now=fleet.now)
        assert await unit.command_keys.signing_keys(["m-1"]) == {"m-1": "k1"}


async def test_a_key_that_meters_hold_and_the_settings_lack_stops_the_ledger(
    fleet: Fleet,
) -> None:
    await fleet.hang("m-1")
    await fleet.begin()
    forgetful = CommandSigner({"k1": made_key()}, first="k1")
    with pytest.raises(UnknownKey, match="meters hold key k2"):
        await fleet.rollout(signer=forgetful)()
    with pytest.raises(KeyRefused, match="no private key k3 in the settings"):
        async with fleet.scratch.unit() as unit:
            await add_key(unit=unit, signer=SIGNER, key_id="k3", decided=fleet.by("ann"))
