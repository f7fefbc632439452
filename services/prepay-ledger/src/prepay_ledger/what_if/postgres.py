"""The ledger's history of all accounts, read in one snapshot that writes nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.policies.in_force import concerning
from prepay_ledger.policies.postgres_protections import PostgresPeriods
from prepay_ledger.policies.values import Area, ProtectedPeriod
from prepay_ledger.prepay_agreements.postgres import to_agreement
from prepay_ledger.relays.postgres import PostgresRelays
from prepay_ledger.supply.decide import Facts, is_low, warning
from prepay_ledger.supply.limit import limit_of
from prepay_ledger.supply.postgres import PostgresSupply
from prepay_ledger.supply.postgres_used import PostgresUsed
from prepay_ledger.supply.replay import Inputs
from prepay_ledger.supply.settle import settle
from prepay_ledger.supply.warning_limits import told_now
from prepay_ledger.what_if.hours import Hours
from prepay_ledger.what_if.other_tariff import Other
from prepay_ledger.what_if.ports import Recorded
from prepay_ledger.what_if.postgres_tariff import PostgresOtherTariff
from prepay_ledger.what_if.values import Account, Begin, Move, Seen
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.db.database import driver

ACCOUNTS_AT_ONCE = 1_000

_DAYS = """
SELECT (SELECT min(day) FROM journal) AS first, coalesce(unsealed, day) AS open FROM posting_day
"""
_ACCOUNTS = """
SELECT id, number, currency, balance_micro, low_balance_micro, overdraft_micro, protected,
       opened_at
FROM account WHERE ($1::uuid IS NULL OR id > $1) AND opened_at < $2 ORDER BY id LIMIT $3
"""
# The balance has what was charged today and is in no entry yet.
_OPEN = """
SELECT account_id, sum(posted_micro - entered_micro)::bigint AS micro FROM charge_state
WHERE account_id = ANY($1::uuid[]) AND posted_micro <> entered_micro GROUP BY account_id
"""
_SINCE = """
SELECT account_id, sum(amount_micro)::bigint AS micro
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
WHERE account_id = ANY($1::uuid[]) AND sub_account = 'credit' AND j.day >= $2
  AND e.journal_id >= $3
GROUP BY account_id
"""
_CHARGES = """
SELECT account_id, j.day, sum(-amount_micro)::bigint AS micro,
       coalesce(sum(energy_wh), 0)::bigint AS wh
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
WHERE account_id = ANY($1::uuid[]) AND sub_account = 'credit' AND kind = 'charge'
  AND j.day BETWEEN $2 AND $3 AND e.journal_id >= $4
GROUP BY account_id, j.day
"""
_MOVES = """
SELECT account_id, j.posted_at, amount_micro, kind IN ('top-up', 'suspense-assigned') AS is_topup
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
WHERE account_id = ANY($1::uuid[]) AND sub_account = 'credit' AND kind <> 'charge'
  AND j.day BETWEEN $2 AND $3 AND e.journal_id >= $4
ORDER BY e.journal_id, e.number
"""
_LAST_TOPUPS = """
SELECT a.id, t.amount_micro FROM unnest($1::uuid[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT e.amount_micro FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
    WHERE e.account_id = a.id AND j.kind IN ('top-up', 'suspense-assigned') AND j.day < $2
    ORDER BY e.journal_id DESC LIMIT 1) AS t
"""
_BEFORE = """
SELECT a.id, d.state, d.at, d.inputs::text AS inputs FROM unnest($1::uuid[]) AS a (id)
CROSS JOIN LATERAL (SELECT state, at, inputs FROM decision WHERE account_id = a.id AND at < $2
                    ORDER BY id DESC LIMIT 1) AS d
"""
_DECISIONS = """
SELECT account_id, state, at, inputs::text AS inputs FROM decision
WHERE account_id = ANY($1::uuid[]) AND at >= $2 AND at < $3 ORDER BY id
"""
_AGREEMENTS = """
SELECT * FROM prepay_agreement WHERE account_id = ANY($1::uuid[]) AND valid_from < $2
ORDER BY account_id, version
"""
_PROTECTED = """
SELECT account_id, begins_at, ends_at FROM account_protection
WHERE account_id = ANY($1::uuid[]) AND begins_at < $3 AND ends_at > $2
"""
_SERVES = """
SELECT account_id, begins_at, ends_at FROM installation
WHERE account_id = ANY($1::uuid[]) AND begins_at < $3 AND (ends_at IS NULL OR ends_at > $2)
"""
_inputs = msgspec.json.Decoder(Inputs).decode


class NoHistory(ValueError):
    """The ledger has no whole history of the range; the message says which it has."""


class PostgresHistory:
    """A `Reader`. ``books``: the policies of both sides; what none asks is not looked up.
    ``tariff``: of the draft's side, if it is another one."""

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        hours: Hours,
        books: Sequence[PolicyBook],
        tariff: PostgresOtherTariff | None = None,
    ) -> None:
        self._connection = connection
        self._tariff = tariff
        self._hours = hours
        terms = [
            each
            for book in books
            for version in book.versions
            for each in (version.document.default, *version.document.classes.values())
        ]
        self._asks_topups = any(each.warnings.below_topup_ppm for each in terms)
        self._asks_grace = any(each.grace_days_after_conversion for each in terms)

    async def check(self) -> None:
        """Raises `NoHistory`."""
        first, open_day = await (await driver(self._connection)).fetchrow(_DAYS) or (None, None)
        asked, last = self._hours.days[0], self._hours.days[-1]
        if open_day is None or last >= open_day:
            message = f"{last} is not over: the ledger's day {open_day} is not sealed yet"
            raise NoHistory(message)
        if first is None or asked < first:
            begin = f"it begins on {first}" if first is not None else "there is none"
            message = f"the ledger has no history of {asked}: {begin}"
            raise NoHistory(message)

    async def portions(self) -> AsyncIterator[Sequence[Recorded]]:
        """Those that were open before the range's end, in the order of their ids."""
        connection = await driver(self._connection)
        first: date = self._hours.days[0]
        journal = await connection.fetchval("SELECT min(id) FROM journal WHERE day >= $1", first)
        periods = await PostgresPeriods(self._connection).declared(now=self._hours.begins_at)
        after: UUID | None = None
        while True:
            rows = await connection.fetch(_ACCOUNTS, after, self._hours.ends_at, ACCOUNTS_AT_ONCE)
            if not rows:
                return
            yield await self._portion(rows, journal=journal or 0, periods=periods)
            after = rows[-1]["id"]

    async def _portion(
        self, rows: Sequence[Any], *, journal: int, periods: Sequence[ProtectedPeriod]
    ) -> Sequence[Recorded]:
        connection, hours = await driver(self._connection), self._hours
        begin, end, first, last = hours.begins_at, hours.ends_at, hours.days[0], hours.days[-1]
        ids: list[UUID] = [row["id"] for row in rows]
        opened = _one_each(await connection.fetch(_OPEN, ids))
        since = _one_each(await connection.fetch(_SINCE, ids, first, journal))
        charges = _by_account(await connection.fetch(_CHARGES, ids, first, last, journal))
        moves = _by_account(await connection.fetch(_MOVES, ids, first, last, journal))
        seen = _by_account(await connection.fetch(_DECISIONS, ids, begin, end))
        before = {row["id"]: row for row in await connection.fetch(_BEFORE, ids, begin)}
        agreements = _by_account(await connection.fetch(_AGREEMENTS, ids, end))
        protected = _by_account(await connection.fetch(_PROTECTED, ids, begin, end))
        serves = _by_account(await connection.fetch(_SERVES, ids, begin, end))
        areas = await self._areas(ids, periods)
        topups: Mapping[UUID, int] = {}
        if self._asks_topups:
            topups = _one_each(await connection.fetch(_LAST_TOPUPS, ids, first))
        prepaid: Mapping[UUID, datetime] = {}
        if self._asks_grace:
            prepaid = await PostgresUsed(self._connection).prepaid_since(ids, now=end)
        others: Mapping[UUID, Other] = {}
        if self._tariff is not None:
            others = await self._tariff.of(connection, ids)
        number_of = {day: number for number, day in enumerate(hours.days)}
        found: list[Recorded] = []
        for row in rows:
            account_id: UUID = row["id"]
            micro, wh = [0] * len(hours.days), [0] * len(hours.days)
            for charge in charges.get(account_id, ()):
                number = number_of[charge["day"]]
                micro[number], wh[number] = charge["micro"], charge["wh"]
            account = Account(
                id=account_id,
                number=row["number"],
                currency=row["currency"],
                opening_micro=row["balance_micro"]
                + opened.get(account_id, 0)
                - since.get(account_id, 0),
                low_balance_micro=row["low_balance_micro"],
                overdraft_micro=row["overdraft_micro"],
                is_protected=row["protected"],
                opened_at=row["opened_at"],
                begin=_begin(before.get(account_id)),
                last_topup_micro=topups.get(account_id),
                prepaid_since=prepaid.get(account_id),
                agreements=[to_agreement(each) for each in agreements.get(account_id, ())],
                protected=[(each[1], each[2]) for each in protected.get(account_id, ())],
                periods=concerning(periods, areas.get(account_id, frozenset())),
                serves=[(each[1], each[2]) for each in serves.get(account_id, ())],
            )
            found.append(
                Recorded(
                    account=account,
                    charged_micro=micro,
                    charged_wh=wh,
                    moves=[Move(*each[1:]) for each in map(tuple, moves.get(account_id, ()))],
                    seen=[_seen(each) for each in seen.get(account_id, ())],
                    other=others.get(account_id),
                )
            )
        return found

    async def _areas(
        self, ids: Sequence[UUID], periods: Sequence[ProtectedPeriod]
    ) -> Mapping[UUID, frozenset[Area]]:
        if all(each.area is None for each in periods):
            return {}
        supply = PostgresSupply(self._connection, relays=PostgresRelays(self._connection))
        return await supply.areas(ids, now=self._hours.begins_at)


def _one_each(rows: Sequence[Any]) -> Mapping[UUID, int]:
    return {row[0]: row[1] for row in rows}


def _by_account(rows: Sequence[Any]) -> Mapping[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(row)
    return found


def _begin(row: Any) -> Begin:
    """By the last decision before the range: what was settled then, from what is stored with it."""
    if row is None:
        return Begin()
    stored = _inputs(row["inputs"])
    facts = stored.facts
    settled = settle(facts, stored.relays, rules=stored.rules, now=stored.now)
    state = SupplyState(row["state"])
    return Begin(
        state=state,
        is_dark=_is_dark(state, facts),
        told=told_now(facts.warned_at, balance_micro=facts.balance_micro, told=facts.told),
        owed_micro=settled.owed_micro,
        dues_until=settled.dues_until,
        low_since=row["at"] if is_low(facts) else None,
        limit_w=limit_of(stored.rules, stored.relays) if state is SupplyState.LIMITED else None,
    )


def _seen(row: Any) -> Seen:
    facts = _inputs(row["inputs"]).facts
    state = SupplyState(row["state"])
    return Seen(
        at=row["at"],
        state=state,
        is_dark=_is_dark(state, facts),
        balance_micro=facts.balance_micro,
        is_warned=warning(facts) is not None,
    )


def _is_dark(state: SupplyState, facts: Facts) -> bool:
    """A relay is open: until it is read back closed, or its customer has closed it."""
    if state in (SupplyState.DISCONNECTING, SupplyState.RECONNECTING):
        return facts.open_meters > 0
    return state in (SupplyState.DISCONNECTED, SupplyState.ARMED)
