"""What a meter is to be told of keys, and what may be decided about them: pure."""

from datetime import datetime, timedelta

from prepay_ledger.command_keys.refusals import KeyRefused, UnknownKeyId
from prepay_ledger.command_keys.values import (
    NOT_RETIRED_MAX,
    CommandKey,
    Keys,
    MeterKeys,
    Missing,
    ToTell,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import KeyAction
from prewatt_common.refusals import NeedsSecondPerson

SETTLES_IN = timedelta(seconds=10)
"""A command that was signed just before its meter acknowledged the next key is on its way for no
longer; only then the meter is told to drop the key before."""


def signing_key(keys: Keys, held: frozenset[str]) -> str | None:
    """The newest key that a meter has told that it holds; none: the one that it was made with."""
    return next((each.key_id for each in reversed(keys.rolled) if each.key_id in held), None)


def to_tell(keys: Keys, meter: MeterKeys, *, again: timedelta, now: datetime) -> ToTell | None:
    """What ``meter`` is to be told now; none where it holds what it should, or was told the same
    less than ``again`` ago."""
    what = _to_tell(keys, meter, now=now)
    asked = meter.asked
    if (
        what is not None
        and asked is not None
        and (asked.action, asked.key_id) == (what.action, what.key_id)
        and now < asked.asked_at + again
    ):
        return None
    return what


def _to_tell(keys: Keys, meter: MeterKeys, *, now: datetime) -> ToTell | None:
    newest = keys.newest
    if newest is None:
        return None
    held = frozenset(meter.held)
    if newest.key_id not in held:
        signed_by = signing_key(keys, held)
        if newest is keys.all[0] and signed_by is None:
            # Meters are made with it.
            return None
        return ToTell(action=KeyAction.ADD, key_id=newest.key_id, signed_by=signed_by)
    if now < meter.held[newest.key_id] + SETTLES_IN:
        return None
    for key in keys.all:
        if key.retired is not None and key.key_id in held:
            return ToTell(action=KeyAction.DROP, key_id=key.key_id, signed_by=newest.key_id)
    return None


def check_add(keys: Keys, key_id: str) -> None:
    """Raises `KeyRefused`."""
    if keys.of(key_id) is not None:
        message = f"key {key_id} was added before; a key that was retired does not come back"
        raise KeyRefused(message)
    if len(keys.standing) >= NOT_RETIRED_MAX:
        names = " and ".join(each.key_id for each in keys.standing)
        message = f"a meter holds two keys, and {names} stand: retire the older one first"
        raise KeyRefused(message)


def known(keys: Keys, key_id: str) -> CommandKey:
    """Raises `UnknownKeyId`."""
    found = keys.of(key_id)
    if found is None:
        message = f"there is no command key {key_id}"
        raise UnknownKeyId(message)
    return found


def check_retire(keys: Keys, key: CommandKey, missing: Missing, decided: Decided) -> CommandKey:
    """The key that takes its place. Raises `KeyRefused`, `NeedsSecondPerson`."""
    newest = keys.newest
    if newest is None or newest is key or key.rolled is None:
        message = f"no newer key than {key.key_id} is rolled out: meters would be left without one"
        raise KeyRefused(message)
    if missing.missing:
        names = ", ".join(missing.first)
        more = ", ..." if missing.missing > len(missing.first) else ""
        message = (
            f"{missing.missing} of {missing.serving} meters that serve have not acknowledged key "
            f"{newest.key_id}: {names}{more}"
        )
        raise KeyRefused(message)
    assert newest.rolled is not None
    if decided.by == newest.rolled.by:
        message = (
            f"somebody else than {newest.rolled.by}, who rolled out key {newest.key_id}, must "
            f"retire key {key.key_id}"
        )
        raise NeedsSecondPerson(message)
    return newest
