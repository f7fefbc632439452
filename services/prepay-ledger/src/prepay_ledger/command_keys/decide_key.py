"""Use cases: a person adds a key, has meters told of it, and retires the one before."""

from dataclasses import replace

from prepay_ledger.command_keys.ports import Unit
from prepay_ledger.command_keys.refusals import KeyRefused
from prepay_ledger.command_keys.rules import check_add, check_retire, known
from prepay_ledger.command_keys.values import CommandKey, Keys
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.relays.signing import CommandSigner
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.key_facts_v1 import (
    CommandKeyAdded,
    CommandKeyRetired,
    CommandKeyRolled,
)


async def add_key(
    *, unit: Unit, signer: CommandSigner, key_id: str, decided: Decided
) -> CommandKey:
    """We have its private part, and no meter knows of it yet. With the first one comes the key that
    meters are made with, which is there without anybody's decision. Raises `KeyRefused`."""
    keys = await unit.command_keys.hold()
    if key_id not in signer.key_ids:
        message = f"there is no private key {key_id} in the settings: set it, and start again"
        raise KeyRefused(message)
    if not keys.all:
        made_with = CommandKey(
            key_id=signer.first,
            public_key=signer.public_key(signer.first),
            added=replace(decided, reason="the key that meters are made with"),
            rolled=replace(decided, reason="the key that meters are made with"),
        )
        await unit.command_keys.add(made_with)
        await _tell(unit, key_id=signer.first, event=_added(made_with), decided=made_with.added)
        keys = Keys(all=[made_with])
    check_add(keys, key_id)
    key = CommandKey(key_id=key_id, public_key=signer.public_key(key_id), added=decided)
    await unit.command_keys.add(key)
    await _tell(unit, key_id=key_id, event=_added(key), decided=decided)
    return key


async def roll_key(*, unit: Unit, key_id: str, decided: Decided) -> CommandKey:
    """Meters are told of it from our commit on, a bounded number a second. The same again changes
    nothing. Raises `UnknownKeyId`, `KeyRefused`."""
    key = known(await unit.command_keys.hold(), key_id)
    if key.rolled is not None:
        return key
    key = replace(key, rolled=decided)
    await unit.command_keys.change(key)
    event = CommandKeyRolled(key_id=key_id, by=decided.by, reason=decided.reason, at=decided.at)
    await _tell(unit, key_id=key_id, event=event, decided=decided)
    return key


async def retire_key(*, unit: Unit, key_id: str, decided: Decided) -> CommandKey:
    """It signs no more for meters that serve, which all have the next, and they are told to drop
    it. By another person than who rolled out the next. The same again changes nothing. Raises
    `UnknownKeyId`, `KeyRefused`, `NeedsSecondPerson`."""
    keys = await unit.command_keys.hold()
    key = known(keys, key_id)
    if key.retired is not None:
        return key
    wanted = keys.newest or key
    missing = await unit.command_keys.missing(wanted.key_id, now=decided.at)
    successor = check_retire(keys, key, missing, decided)
    key = replace(key, retired=decided)
    await unit.command_keys.change(key)
    event = CommandKeyRetired(
        key_id=key_id,
        successor=successor.key_id,
        meters=missing.serving,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await _tell(unit, key_id=key_id, event=event, decided=decided)
    return key


def _added(key: CommandKey) -> CommandKeyAdded:
    return CommandKeyAdded(
        key_id=key.key_id,
        public_key=key.public_key,
        by=key.added.by,
        reason=key.added.reason,
        at=key.added.at,
    )


async def _tell(unit: Unit, *, key_id: str, event: Event, decided: Decided) -> None:
    await tell(unit, [(key_id, key_id, event)], decided)
