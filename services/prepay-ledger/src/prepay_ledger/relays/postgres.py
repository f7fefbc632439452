"""Relays, and whether their meters are there."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record
from msgspec.structs import replace

from prepay_ledger.relays.postgres_commands import PostgresCommands
from prepay_ledger.relays.postgres_spans import relay_limited_of, relay_open_of
from prepay_ledger.relays.values import (
    Desired,
    Heard,
    Observed,
    ObservedFrom,
    Outstanding,
    Relay,
    Serving,
)
from prewatt_common.contracts.base import Presence, RelayAction
from prewatt_common.db.database import driver
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.registers.spans import Limited, Span

HOLD_METERS = """
SELECT FROM meter_state WHERE meter_id = ANY($1::text[])
ORDER BY meter_id COLLATE "C" FOR NO KEY UPDATE
"""
"""Lock meters, in the order in which everybody does."""

SERVES = "i.begins_at <= $2 AND (i.ends_at IS NULL OR i.ends_at > $2)"
"""Of installation i: it serves at the instant $2."""

_SERVING = f"""
SELECT i.meter_id, i.account_id FROM installation AS i
WHERE i.meter_id = ANY($1::text[]) AND {SERVES}
"""  # noqa: S608 - of constants

_MOVING = f"""
SELECT a.id FROM account AS a
WHERE a.id = ANY($1::uuid[]) AND (a.supply_state NOT IN ('connected', 'warned') OR EXISTS (
    SELECT FROM installation AS i JOIN relay USING (meter_id)
    WHERE i.account_id = a.id AND {SERVES}))
"""  # noqa: S608 - of constants

_KNOWN = """
    r.desired, r.observed, r.observed_at, r.observed_from, r.command_id, r.action, r.issued_at,
    r.deadline_at, r.sent_at, r.expires_at, r.failures, r.failed_at, r.refused, r.limit_w,
    r.observed_limit_w, r.asked_limit_w, r.openings, r.opened_at, p.presence, p.at AS presence_at,
    p.back_at, m.last_at_us
"""
_JOINS = """
LEFT JOIN relay AS r USING (meter_id)
LEFT JOIN meter_presence AS p USING (meter_id)
LEFT JOIN meter_state AS m USING (meter_id)
"""

_OF_ACCOUNTS = f"""
SELECT i.account_id, i.meter_id, {_KNOWN} FROM installation AS i {_JOINS}
WHERE i.account_id = ANY($1::uuid[]) AND {SERVES}
ORDER BY i.meter_id
"""  # noqa: S608 - of constants

# A row is locked where there is one; a meter without is its account's, whose lock we have.
_LOCK = "SELECT FROM relay WHERE meter_id = ANY($1::text[]) ORDER BY meter_id FOR NO KEY UPDATE"
_OF_METERS = f"""
SELECT meter_id, {_KNOWN} FROM unnest($1::text[]) AS t (meter_id) {_JOINS} ORDER BY meter_id
"""  # noqa: S608 - of constants

_SAVE = """
INSERT INTO relay (meter_id, desired, observed, observed_at, observed_from, command_id, action,
                   issued_at, deadline_at, expires_at, failures, failed_at, refused, limit_w,
                   observed_limit_w, asked_limit_w, openings, opened_at, sent_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[],
                     $6::uuid[], $7::text[], $8::timestamptz[], $9::timestamptz[],
                     $10::timestamptz[], $11::integer[], $12::timestamptz[], $13::boolean[],
                     $14::integer[], $15::integer[], $16::integer[], $17::integer[],
                     $18::timestamptz[], $19::timestamptz[])
ON CONFLICT (meter_id) DO UPDATE SET
    desired = excluded.desired, observed = excluded.observed,
    observed_at = excluded.observed_at, observed_from = excluded.observed_from,
    command_id = excluded.command_id, action = excluded.action,
    issued_at = excluded.issued_at, deadline_at = excluded.deadline_at,
    expires_at = excluded.expires_at, failures = excluded.failures, failed_at = excluded.failed_at,
    refused = excluded.refused, limit_w = excluded.limit_w,
    observed_limit_w = excluded.observed_limit_w, asked_limit_w = excluded.asked_limit_w,
    openings = excluded.openings, opened_at = excluded.opened_at, sent_at = excluded.sent_at
"""

_DEVICE_CHANGED = """
UPDATE relay SET observed = $3, observed_from = $4, observed_at = $2, command_id = NULL,
    action = NULL, issued_at = NULL, deadline_at = NULL, expires_at = NULL, failures = 0,
    failed_at = NULL, refused = false, observed_limit_w = NULL, asked_limit_w = NULL,
    openings = 0, opened_at = NULL, sent_at = NULL
WHERE meter_id = $1 AND greatest(observed_at, issued_at) <= $2
"""

_HEARD = """
INSERT INTO meter_presence AS p (meter_id, presence, at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (meter_id) DO UPDATE SET presence = excluded.presence, at = excluded.at,
    back_at = CASE WHEN p.presence = $4 AND excluded.presence <> $4
                        AND excluded.at >= p.at + $5
                   THEN excluded.at ELSE p.back_at END
WHERE excluded.at >= p.at AND excluded.presence <> p.presence
RETURNING p.meter_id
"""
_RESTLESS = """
SELECT meter_id FROM relay
WHERE meter_id = ANY($1::text[]) AND (
    command_id IS NOT NULL OR desired <> observed OR limit_w IS DISTINCT FROM observed_limit_w)
"""


class PostgresRelays(PostgresCommands):
    """A `RelayStore`."""

    async def serving(self, meter_ids: Sequence[str], *, now: datetime) -> Serving:
        """By the installations as they are now."""
        if not meter_ids:
            return {}
        rows = await (await driver(self._connection)).fetch(_SERVING, meter_ids, now)
        return {row["meter_id"]: row["account_id"] for row in rows}

    async def hold_vacant(self, meter_ids: Sequence[str]) -> None:
        """By their rows in `meter_state`, in the order in which decisions about meters do."""
        await (await driver(self._connection)).execute(HOLD_METERS, meter_ids)

    async def moving_accounts(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Sequence[UUID]:
        """By their states and their meters' relays."""
        rows = await (await driver(self._connection)).fetch(_MOVING, account_ids, now)
        return [row["id"] for row in rows]

    async def of_accounts(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Mapping[UUID, Sequence[Relay]]:
        """In one statement."""
        found: dict[UUID, list[Relay]] = {}
        for row in await (await driver(self._connection)).fetch(_OF_ACCOUNTS, account_ids, now):
            found.setdefault(row["account_id"], []).append(_relay(row))
        return found

    async def of_meters(self, meter_ids: Sequence[str]) -> Sequence[Relay]:
        """Locked first, then read: one statement would see what was before it waited."""
        connection = await driver(self._connection)
        await connection.execute(_LOCK, meter_ids)
        return [_relay(row) for row in await connection.fetch(_OF_METERS, meter_ids)]

    async def save(self, relays: Sequence[Relay]) -> None:
        """In one statement, in the meters' order."""
        if not relays:
            return
        rows = sorted(relays, key=lambda each: each.meter_id)
        out = [each.outstanding for each in rows]
        await (await driver(self._connection)).execute(
            _SAVE,
            [each.meter_id for each in rows],
            [each.desired for each in rows],
            [each.observed for each in rows],
            [each.observed_at for each in rows],
            [each.observed_from for each in rows],
            [each and each.command_id for each in out],
            [each and each.action for each in out],
            [each and each.issued_at for each in out],
            [each and each.deadline_at for each in out],
            [each and each.expires_at for each in out],
            [each.failures for each in rows],
            [each.failed_at for each in rows],
            [each.refused for each in rows],
            [each.limit_w for each in rows],
            [each.observed_limit_w for each in rows],
            [each and each.limit_w for each in out],
            [each.openings for each in rows],
            [each.opened_at for each in rows],
            [each and each.sent_at for each in out],
        )

    async def device_changed(self, meter_id: str, *, at: datetime) -> None:
        """Unless something newer is known or asked."""
        await (await driver(self._connection)).execute(
            _DEVICE_CHANGED, meter_id, at, Observed.CLOSED, ObservedFrom.INSTALLED
        )

    async def heard(self, heard: Sequence[Heard], *, absence_borne: timedelta) -> Sequence[str]:
        """Each meter's words in their order: who went and came back within a batch was away."""
        connection = await driver(self._connection)
        moved: set[str] = set()
        waiting: list[Heard] = sorted(heard, key=lambda each: each.at)
        while waiting:
            first = {each.meter_id: each for each in reversed(waiting)}
            some = sorted(first.values(), key=lambda each: each.meter_id)
            waiting = [each for each in waiting if first[each.meter_id] is not each]
            rows = await connection.fetch(
                _HEARD,
                [each.meter_id for each in some],
                [each.presence for each in some],
                [each.at for each in some],
                Presence.OFFLINE,
                absence_borne,
            )
            moved.update(row["meter_id"] for row in rows)
        meter_ids = sorted(moved)
        return [row["meter_id"] for row in await connection.fetch(_RESTLESS, meter_ids)]

    async def relay_open(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Span]]:
        """Of the meters that have had a command."""
        return await relay_open_of(await driver(self._connection), meter_ids)

    async def relay_limited(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Limited]]:
        """The same of limits."""
        return await relay_limited_of(await driver(self._connection), meter_ids)


def _relay(row: Record) -> Relay:
    presence, last_at_us = row["presence"], row["last_at_us"]
    never_told = Relay(
        meter_id=row["meter_id"],
        presence=None if presence is None else Presence(presence),
        presence_at=row["presence_at"],
        back_at=row["back_at"],
        read_at=None if last_at_us is None else instant_of(last_at_us),
    )
    if row["desired"] is None:
        return never_told
    return replace(
        never_told,
        desired=Desired(row["desired"]),
        observed=Observed(row["observed"]),
        observed_at=row["observed_at"],
        observed_from=ObservedFrom(row["observed_from"]),
        outstanding=_outstanding(row),
        failures=row["failures"],
        failed_at=row["failed_at"],
        refused=row["refused"],
        limit_w=row["limit_w"],
        observed_limit_w=row["observed_limit_w"],
        openings=row["openings"],
        opened_at=row["opened_at"],
    )


def _outstanding(row: Record) -> Outstanding | None:
    if row["command_id"] is None:
        return None
    return Outstanding(
        command_id=row["command_id"],
        action=RelayAction(row["action"]),
        limit_w=row["asked_limit_w"],
        issued_at=row["issued_at"],
        deadline_at=row["deadline_at"],
        sent_at=row["sent_at"],
        expires_at=row["expires_at"],
    )
