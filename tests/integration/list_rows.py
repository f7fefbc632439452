"""How each list comes by its rows: a row more, what may change in the rows there are, and the key
that they are ordered by. `test_every_list` wants an entry here for every list it finds."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from prewatt_common.ids import new_id

AT = datetime(2026, 3, 1, tzinfo=UTC)
Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list of one service. ``add(connection, owner, n)`` adds the n-th row."""

    add: Callable[[asyncpg.Connection, str, int], Awaitable[None]]
    key: Callable[[Item], Any]
    newest_first: bool
    moves: str | None = None
    """SQL that changes what may change in a row."""
    owner: Callable[[asyncpg.Connection], Awaitable[str]] | None = None
    """Makes a new one and gives its id; none where the list has no owner."""
    unknown: str = "00000000-0000-7000-8000-000000000000"
    """An owner that nobody knows."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What the list is asked with; ``{owner}`` stands for the owner here as in the path."""
    other_query: Mapping[str, str] | None = None
    """The same list with another filter; none where it takes none."""


async def _account(connection: asyncpg.Connection) -> str:
    account_id = new_id()
    await connection.execute(
        "INSERT INTO account (id, number, currency, low_balance_micro, emergency_credit_micro, "
        "protected, supply_state, opened_at) VALUES ($1, $2, 'CNY', 0, 0, false, 'connected', $3)",
        account_id, str(account_id), AT,
    )  # fmt: skip
    return str(account_id)


async def _known_account(connection: asyncpg.Connection) -> str:
    account_id = uuid4()
    await connection.execute("INSERT INTO account (id) VALUES ($1)", account_id)
    return str(account_id)


async def _meter(connection: asyncpg.Connection) -> str:
    """Served by one account until the middle of May 2020 and by another from then on."""
    meter_id = f"m-{uuid4().hex[:12]}"
    turn = datetime(2020, 5, 15, tzinfo=UTC)
    for begin, end in ((datetime(2020, 1, 1, tzinfo=UTC), turn), (turn, None)):
        await connection.execute(
            "INSERT INTO binding VALUES ($1, $2, $3, 'home', $4, $5, 0)",
            new_id(), uuid4(), meter_id, begin, end,
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO tariff_version VALUES ('home', '2020-01', 'CNY', 'UTC', $1, 0, 0) "
        "ON CONFLICT DO NOTHING",
        json.dumps([[None, 500_000]]),
    )
    return meter_id


async def _add_entry(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    """Three to a journal, as a batch of readings makes them at a month's turn."""
    if n % 3 == 0:
        await connection.execute(
            "INSERT INTO journal (kind, source, entries, entries_micro, posted_at) "
            "VALUES ('charge', 'test', 3, 15, $1)",
            AT,
        )
    await connection.execute(
        "INSERT INTO entry SELECT max(id), $1, $2, NULL, NULL, 5 FROM journal",
        n % 3, UUID(account_id),
    )  # fmt: skip


async def _add_decision(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO decision (id, account_id, state, fired, held, inputs, at) "
        "VALUES ($1, $2, 'connected', '{}', '{}', '{}', $3)",
        new_id(), UUID(account_id), AT,
    )  # fmt: skip


async def _add_command(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await _add_decision(connection, account_id, n)
    await connection.execute(
        "INSERT INTO command (id, decision_id, account_id, meter_id, action, sequence, status, "
        "status_rank, caused_at, issued_at, expires_at) SELECT $1, max(id::text)::uuid, $2, $3, "
        "'disconnect', $4, 'issued', 0, $5, $5, $5 FROM decision WHERE account_id = $2",
        new_id(), UUID(account_id), f"m-{account_id}", n, AT,
    )  # fmt: skip


async def _add_payment(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO payment VALUES ($1, 'demo', $2, NULL, 'A', 5, 'CNY', 'suspense', '', 1, $3)",
        new_id(), str(uuid4()), AT,
    )  # fmt: skip


async def _add_payment_event(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO payment_event VALUES ($1, 'demo', 'e', $2, '', '{}', '', NULL, NULL, "
        "'unreadable', '', true, $3)",
        new_id(), uuid4().bytes, AT,
    )  # fmt: skip


async def _add_tariff(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Two versions of a code: a page may end between them."""
    code = f"t-{uuid4().hex}"
    for month in ("2026-01", "2026-07"):
        await connection.execute(
            "INSERT INTO tariff_version VALUES ($1, $2, 'CNY', 'UTC', '[[null, 5]]', 0, 0, $3)",
            code, month, AT,
        )  # fmt: skip


async def _add_unbound(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO unbound_reading VALUES ($1, $2, 5), ($1, $2, 6)", f"m-{uuid4().hex}", AT
    )


async def _add_parked(connection: asyncpg.Connection, _: str, n: int) -> None:
    meter_id = f"m-{uuid4().hex}"
    await connection.execute("INSERT INTO parked_meter VALUES ($1, $2, 'e', 't/0/1')", meter_id, AT)
    await connection.execute("INSERT INTO parked_reading VALUES ($1, $2, 5, $2)", meter_id, AT)


async def _add_step(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO parked_meter_step (meter_id, since, error, record, who, reason, outcome, "
        "detail, readings, at) VALUES ('m-1', $1, 'e', 't/0/1', 'w', 'r', 'released', '', 1, $1)",
        AT,
    )


async def _add_device(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO device (meter_id, model, codec, created_at) VALUES ($1, 'm', 'canonical', $2)",
        f"m-{uuid4().hex}", AT,
    )  # fmt: skip


async def _add_fault(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Two reasons a meter: a page ends between meters."""
    meter_id = f"m-{uuid4().hex}"
    for reason in ("undecodable", "oversized"):
        await connection.execute(
            "INSERT INTO meter_fault VALUES ($1, $2, 1, '', now(), now())", meter_id, reason
        )


async def _add_replica(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute("INSERT INTO replica VALUES ($1, now())", f"gw-{uuid4().hex}")


async def _add_notice(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO notice (id, cause_id, account_id, template, language, channel, recipient, "
        "facts, position, status, next_attempt_at, created_at) "
        "VALUES ($1, $1, $2, 'low-balance', 'en', 'log', '', '{}', 0, 'queued', $3, $3)",
        uuid4(), UUID(account_id), AT + timedelta(hours=n),
    )  # fmt: skip


async def _add_month(connection: asyncpg.Connection, meter_id: str, n: int) -> None:
    """From January 2020 on; in May both bindings have readings."""
    bindings = await connection.fetch(
        "SELECT id FROM binding WHERE meter_id = $1 ORDER BY effective_from", meter_id
    )
    months = n if n < 5 else n - 1
    year, month = 2020 + months // 12, months % 12 + 1
    day = 10 if n < 5 else 20
    await connection.execute(
        "INSERT INTO meter_month VALUES ($1, $2, $3, $4, $4)",
        bindings[0 if n < 5 else 1]["id"], f"{year}-{month:02}", 1000 * n + 1,
        datetime(year, month, day, tzinfo=UTC),
    )  # fmt: skip


async def _add_difference(connection: asyncpg.Connection, _: str, n: int) -> None:
    """A charge of the ledger's that billing knows nothing of."""
    await connection.execute(
        "INSERT INTO posted_month VALUES ($1, '2026-03', $2, 'm-1', 1, 5, $3, 5, 5, $3)",
        uuid4(), uuid4(), AT,
    )  # fmt: skip


def _id(item: Item) -> str:
    return item["id"]


def _meter_id(item: Item) -> str:
    return item["meter_id"]


ELSEWHERE = {"/v1/dead-letters": "libs/common/tests/test_common_replay.py"}
"""Lists that are not in PostgreSQL, and the test that reads them to their end."""

LISTS: Mapping[str, Mapping[str, Listed]] = {
    "prepay_ledger": {
        "/v1/accounts/{account_id}/entries": Listed(
            add=_add_entry,
            key=lambda each: (each["journal_id"], each["number"]),
            newest_first=True,
            moves="UPDATE account SET balance_micro = balance_micro - 1",
            owner=_account,
        ),
        "/v1/accounts/{account_id}/decisions": Listed(
            add=_add_decision, key=_id, newest_first=True, owner=_account
        ),
        "/v1/accounts/{account_id}/commands": Listed(
            add=_add_command,
            key=_id,
            newest_first=True,
            moves="UPDATE command SET status = 'sent', detail = detail || '.'",
            owner=_account,
        ),
        "/v1/payments": Listed(
            add=_add_payment,
            key=_id,
            newest_first=True,
            moves="UPDATE payment SET outcome = 'credited'",
            query={"provider": "demo"},
            other_query={"provider": "demo", "outcome": "suspense"},
        ),
        "/v1/payment-events": Listed(
            add=_add_payment_event,
            key=_id,
            newest_first=True,
            moves="UPDATE payment_event SET outcome = 'credited', open = NOT open",
            other_query={"open": "true"},
        ),
        "/v1/tariffs": Listed(
            add=_add_tariff,
            key=lambda each: (each["code"], each["effective_from"]),
            newest_first=False,
        ),
        "/v1/unbound-readings": Listed(
            add=_add_unbound,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE unbound_reading SET import_wh = import_wh + 10, kept_at = now()",
        ),
        "/v1/parked-meter-steps": Listed(
            add=_add_step,
            key=_id,
            newest_first=True,
            query={"meter_id": "m-1"},
            other_query={},
        ),
        "/v1/parked-meters": Listed(
            add=_add_parked,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE parked_reading SET import_wh = import_wh + 10",
        ),
    },
    "meter_gateway": {
        "/v1/devices": Listed(
            add=_add_device,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE device SET presence = 'online', presence_at = now()",
        ),
        "/v1/meter-faults": Listed(
            add=_add_fault,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE meter_fault SET messages = messages + 1, last_at = now()",
            query={"fault": "payload"},
            other_query={"fault": "clock"},
        ),
        "/v1/replicas": Listed(
            add=_add_replica,
            key=lambda each: each["name"],
            newest_first=False,
            moves="UPDATE replica SET seen_at = now()",
        ),
    },
    "notifier": {
        "/v1/notices": Listed(
            add=_add_notice,
            key=lambda each: each["created_at"],
            newest_first=True,
            moves="UPDATE notice SET attempts = attempts + 1, reason = 'busy', "
            "next_attempt_at = now()",
            owner=_known_account,
            query={"account_id": "{owner}"},
        ),
    },
    "billing": {
        "/v1/meters/{meter_id}/months": Listed(
            add=_add_month,
            key=lambda each: (each["month"], each["binding_id"]),
            newest_first=True,
            moves="UPDATE meter_month SET max_wh = max_wh + 1",
            owner=_meter,
            unknown="m-nobody",
        ),
        "/v1/reconciliation/{month}": Listed(
            add=_add_difference,
            key=lambda each: each["binding_id"],
            newest_first=False,
            moves="UPDATE posted_month SET total_micro = total_micro + 1, changed_at = now()",
            owner=None,
            query={"kind": "missing_in_billing"},
            other_query={},
        ),
    },
}
