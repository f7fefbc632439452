"""Rows for every list: who a list may be of, and a row more of each. Straight into the tables."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from billing.readings.packed import packed_days
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import SECOND_US, us_of
from prewatt_metering.tariffs.document import canonical, tariff_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAYS_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
TURN = datetime(2020, 1, 5, 12, tzinfo=UTC)


def document(code: str, valid_from: date) -> str:
    """A tariff version as it is kept."""
    return canonical(
        tariff_of(
            {
                "code": code,
                "valid_from": valid_from.isoformat(),
                "currency": "CNY",
                "timezone": "UTC",
                "components": [{"name": "energy", "kind": "energy", "micro_per_kwh": {"all": 5}}],
            }
        )
    ).decode()


DOCUMENT = document("home", date(2020, 1, 1))


async def an_account(connection: asyncpg.Connection) -> str:
    account_id = new_id()
    await connection.execute(
        "INSERT INTO account (id, number, currency, low_balance_micro, overdraft_micro, "
        "protected, supply_state, opened_at) VALUES ($1, $2, 'CNY', 0, 0, false, 'connected', $3)",
        account_id, str(account_id), AT,
    )  # fmt: skip
    return str(account_id)


async def a_known_account(connection: asyncpg.Connection) -> str:
    account_id = uuid4()
    await connection.execute("INSERT INTO account (id) VALUES ($1)", account_id)
    return str(account_id)


async def an_agreed_account(connection: asyncpg.Connection) -> str:
    """An account with an agreement since 2020."""
    account_id = await an_account(connection)
    await connection.execute(
        "INSERT INTO tariff_version "
        "VALUES ('home', '2020-01-01', 0, 'CNY', 'UTC', $1, 'w', 'r', $2) ON CONFLICT DO NOTHING",
        DOCUMENT, AT,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO agreement VALUES ($1, $2, 'home', '2020-01-01', NULL, NULL, NULL, 1)",
        new_id(), UUID(account_id),
    )  # fmt: skip
    return account_id


async def a_known_meter(connection: asyncpg.Connection) -> str:
    """A meter that the ledger knows: it serves an account."""
    meter_id = f"m-{uuid4().hex[:12]}"
    await connection.execute("INSERT INTO meter_state (meter_id) VALUES ($1)", meter_id)
    await connection.execute(
        "INSERT INTO installation (id, meter_id, account_id, begins_at, multiplier, revision) "
        "VALUES ($1, $2, $3, $4, 1, 1)",
        new_id(), meter_id, UUID(await an_account(connection)), AT,
    )  # fmt: skip
    return meter_id


async def a_billed_meter(connection: asyncpg.Connection) -> str:
    """Served one account until noon of 5 January 2020, and another from then on."""
    meter_id = f"m-{uuid4().hex[:12]}"
    for begin, end in ((DAYS_BEGIN, TURN), (TURN, None)):
        account_id = uuid4()
        await connection.execute(
            "INSERT INTO agreement VALUES ($1, 1, $2, 'home', '2020-01-01', NULL, NULL, NULL, $3)",
            new_id(), account_id, AT,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO installation VALUES ($1, 1, $2, $3, $4, $5, NULL, NULL, 1, NULL, false, "
            "$6)",
            new_id(), meter_id, account_id, begin, end, AT,
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO tariff_version VALUES ('home', '2020-01-01', 0, $1, $2, $2) "
        "ON CONFLICT DO NOTHING",
        DOCUMENT, AT,
    )  # fmt: skip
    await add_day(connection, meter_id, -1)
    return meter_id


async def add_entry(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    """Three to a journal, as a batch of readings makes them at a month's turn."""
    # A journal is refused whose entries are not there when it is committed.
    await connection.execute("SET session_replication_role = replica")
    if n % 3 == 0:
        await connection.execute(
            "INSERT INTO journal (kind, source, currency, entries, entries_micro, postings, "
            "posted_at) VALUES ('charge', 'test', 'CNY', 3, 15, 0, $1)",
            AT,
        )
    await connection.execute(
        "INSERT INTO entry SELECT max(id), $1, $2, NULL, NULL, 5 FROM journal",
        n % 3, UUID(account_id),
    )  # fmt: skip
    await connection.execute("SET session_replication_role = origin")


async def add_decision(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO decision (id, account_id, state, fired, held, inputs, at) "
        "VALUES ($1, $2, 'connected', '{}', '{}', '{}', $3)",
        new_id(), UUID(account_id), AT,
    )  # fmt: skip


async def add_command(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await add_decision(connection, account_id, n)
    await connection.execute(
        "INSERT INTO command (id, decision_id, account_id, meter_id, action, sequence, status, "
        "status_rank, caused_at, issued_at, expires_at) SELECT $1, max(id::text)::uuid, $2, $3, "
        "'disconnect', $4, 'issued', 0, $5, $5, $6 FROM decision "
        "WHERE account_id = $2",
        new_id(), UUID(account_id), f"m-{account_id}", n + 1, AT, AT + timedelta(hours=1),
    )  # fmt: skip


async def add_payment(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO payment VALUES "
        "($1, 'demo', $2, NULL, 'A', 5, 'CNY', 'suspense', '', 0, false, 1, $3)",
        new_id(), str(uuid4()), AT,
    )  # fmt: skip


async def add_payment_event(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO payment_event VALUES ($1, 'demo', 'e', $2, '', '{}', '', NULL, NULL, NULL, "
        "'unreadable', '', true, $3)",
        new_id(), uuid4().bytes, AT,
    )  # fmt: skip


async def add_tariff(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Two versions of a code, one of them corrected: a page may end between any."""
    code = f"t-{uuid4().hex}"
    for day, correction in ((date(2026, 1, 1), 0), (date(2026, 1, 1), 1), (date(2026, 7, 1), 0)):
        await connection.execute(
            "INSERT INTO tariff_version VALUES ($1, $2, $5, 'CNY', 'UTC', $3, 'w', 'r', $4)",
            code, day, document(code, day), AT, correction,
        )  # fmt: skip


async def add_policy(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO policy_draft (id, state, document, drafted_by, draft_reason, drafted_at) "
        "VALUES ($1, 'drafted', '{}', 'd', 'r', $2)",
        new_id(), AT,
    )  # fmt: skip


async def add_period(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO protected_period VALUES ($1, 'heat', 'red', NULL, NULL, $2, $3, 1, 'w', 'r', "
        "$2)",
        new_id(), AT, AT + timedelta(hours=1),
    )  # fmt: skip


async def add_protection(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO account_protection VALUES ($1, $2, 'medical', 'p', $3, $4, 1, 'w', 'r', $3)",
        new_id(), UUID(account_id), AT, AT + timedelta(hours=1),
    )  # fmt: skip


async def add_correction(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_correction(connection)


async def a_correction(connection: asyncpg.Connection) -> str:
    """A correction run whose preview is worked out."""
    run_id, day = new_id(), date(2026, 1, 1)
    await connection.execute(
        "INSERT INTO correction_run (id, state, code, valid_from, document, drafted_by, reason, "
        "drafted_at, tariff_rows) VALUES ($1, 'previewed', 'home', $2, $3, 'w', 'r', $4, 1)",
        run_id, day, document("home", day), AT,
    )  # fmt: skip
    return str(run_id)


async def add_corrected(connection: asyncpg.Connection, run_id: str, n: int) -> None:
    """An account in its preview."""
    await connection.execute(
        "INSERT INTO correction_account VALUES ($1, $2, 5, 10, 20)",
        UUID(run_id), UUID(await an_account(connection)),
    )  # fmt: skip


async def add_work_order(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO work_order (id, kind, meter_id, reason, evidence, opened_at) "
        "VALUES ($1, 'paid_but_dark', $2, 'r', '{}', $3)",
        new_id(), f"m-{uuid4().hex}", AT,
    )  # fmt: skip


async def add_reconnection(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO reconnection (id, account_id, meter_id, cause, caused_at, issued_at, "
        "credit_micro) VALUES ($1, $2, $3, 'payment', $4, $4, 0)",
        new_id(), UUID(await an_account(connection)), f"m-{uuid4().hex}", AT,
    )  # fmt: skip


async def add_debt(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO debt (id, account_id, source, agreement_id, period_first, cause, our_fault, "
        "used_until, currency, amount_micro, paid_micro, created_at) "
        "SELECT $1, account_id, $3, id, $4, 'edit', true, $4, 'CNY', 9, 0, $5 FROM agreement "
        "WHERE account_id = $2",
        new_id(), UUID(await an_agreed_account(connection)), str(uuid4()), AT.date(), AT,
    )  # fmt: skip


async def a_mode_change(connection: asyncpg.Connection) -> str:
    change_id = new_id()
    await connection.execute(
        "INSERT INTO mode_change (id, account_id, to_mode, first_day, tariff_code, consent_by, "
        "consent_reference, consent_at, notice_days, owed, instalments, due_days, effective_at, "
        "state, reason, waits_for) VALUES ($1, $2, 'arrears', $3, 'home', 'c', 'd', $4, 0, "
        "'debt', 1, 0, $4, 'waiting', '', 'readings of m')",
        change_id, UUID(await an_account(connection)), AT.date(), AT,
    )  # fmt: skip
    return str(change_id)


async def add_mode_change(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_mode_change(connection)


async def add_owing(connection: asyncpg.Connection, _: str, n: int) -> None:
    """A post-paid account that owes."""
    account_id = UUID(await an_account(connection))
    await connection.execute(
        "UPDATE account SET mode = 'arrears', balance_micro = -9 WHERE id = $1", account_id
    )
    await connection.execute(
        "INSERT INTO mode_change (id, account_id, to_mode, first_day, tariff_code, consent_by, "
        "consent_reference, consent_at, notice_days, owed, instalments, due_days, effective_at, "
        "state, reason, waits_for, agreement_id) VALUES ($1, $2, 'arrears', '2026-03-01', 't', "
        "'c', 'd', $3, 0, 'debt', 1, 0, $3, 'done', '', '', $1)",
        new_id(), account_id, AT,
    )  # fmt: skip


async def add_mode_change_step(connection: asyncpg.Connection, change_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO mode_change_step (id, change_id, action, key, reference, who, reason, at) "
        "VALUES ($1, $2, 'wait', '', 'r', 'w', 'r', $3)",
        new_id(), UUID(change_id), AT,
    )  # fmt: skip


async def a_deposit(connection: asyncpg.Connection) -> str:
    deposit_id = new_id()
    await connection.execute(
        "INSERT INTO deposit (id, account_id, kind, amount_micro, currency, issuer, reference, "
        "valid_from) VALUES ($1, $2, 'cash', 9, 'CNY', '', 'r', $3)",
        deposit_id, UUID(await an_account(connection)), AT.date(),
    )  # fmt: skip
    return str(deposit_id)


async def add_deposit(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_deposit(connection)


async def add_deposit_step(connection: asyncpg.Connection, deposit_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO deposit_step (id, deposit_id, action, amount_micro, place, key, who, reason, "
        "at) VALUES ($1, $2, 'hold', 9, 'bank', $3, 'w', 'r', $4)",
        new_id(), UUID(deposit_id), uuid4().hex, AT,
    )  # fmt: skip


async def add_cut_hold(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO cut_hold (id, scope, name, held_by, reason, at) "
        "VALUES ($1, 'line', $2, 'w', 'r', $3)",
        new_id(), f"l{n}", AT,
    )  # fmt: skip


async def add_condition(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO condition (id, kind, reference, begun_by, reason, at) "
        "VALUES ($1, 'balance_view_down', $2, 'w', 'r', $3)",
        new_id(), f"o{n}-{uuid4().hex}", AT,
    )  # fmt: skip


async def add_cut_undo(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_cut_undo(connection)


async def a_cut_undo(connection: asyncpg.Connection) -> str:
    """One that was drafted."""
    undo_id = new_id()
    await connection.execute(
        "INSERT INTO cut_undo (id, scope, name, since, cut_until, state, accounts, dark, "
        "drafted_by, reason, drafted_at) "
        "VALUES ($1, 'all', '', $2, $3, 'drafted', 0, 0, 'w', 'r', $3)",
        undo_id, AT - timedelta(days=1), AT,
    )  # fmt: skip
    return str(undo_id)


async def add_undone(connection: asyncpg.Connection, undo_id: str, n: int) -> None:
    """An account in it."""
    await connection.execute(
        "INSERT INTO cut_undo_account VALUES ($1, $2, $3, $4)",
        UUID(undo_id), UUID(await an_account(connection)), AT, n % 2 == 0,
    )  # fmt: skip


async def add_unbound(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO unbound_reading VALUES ($1, $2, 5), ($1, $2, 6)", f"m-{uuid4().hex}", AT
    )


async def add_parked(connection: asyncpg.Connection, _: str, n: int) -> None:
    meter_id = f"m-{uuid4().hex}"
    await connection.execute("INSERT INTO parked_meter VALUES ($1, $2, 'e', 't/0/1')", meter_id, AT)
    await connection.execute("INSERT INTO parked_reading VALUES ($1, $2, 5, $2)", meter_id, AT)


async def add_step(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO parked_meter_step (meter_id, since, error, record, who, reason, outcome, "
        "detail, readings, at) VALUES ('m-1', $1, 'e', 't/0/1', 'w', 'r', 'released', '', 1, $1)",
        AT,
    )


async def add_device(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO device (meter_id, model, codec, created_at) VALUES ($1, 'm', 'canonical', $2)",
        f"m-{uuid4().hex}", AT,
    )  # fmt: skip


async def add_fault(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Two reasons a meter: a page ends between meters."""
    meter_id = f"m-{uuid4().hex}"
    for reason in ("undecodable", "oversized"):
        await connection.execute(
            "INSERT INTO meter_fault VALUES ($1, $2, 1, '', now(), now())", meter_id, reason
        )


async def add_replica(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute("INSERT INTO replica VALUES ($1, now())", f"gw-{uuid4().hex}")


async def add_notice(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO notice (id, cause_id, account_id, template, language, channel, recipient, "
        "facts, position, status, priority, expires_at, give_up_at, next_attempt_at, created_at) "
        "VALUES ($1, $1, $2, 'low-balance', 'en', 'log', '', '{}', 0, 'queued', 1, $3, $3, $3, $3)",
        uuid4(), UUID(account_id), AT + timedelta(hours=n),
    )  # fmt: skip


async def _noticed(connection: asyncpg.Connection) -> UUID:
    """An account of the notifier's."""
    account_id = new_id()
    await connection.execute("INSERT INTO account (id) VALUES ($1)", account_id)
    return account_id


async def add_parked_notice(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "WITH made AS (INSERT INTO notice (id, cause_id, account_id, template, language, channel, "
        "recipient, facts, position, status, priority, expires_at, give_up_at, next_attempt_at, "
        "created_at) VALUES ($1, $1, $2, 'low-balance', 'en', 'log', '', '{}', 0, 'sending', 1, "
        "$3, $3, $3, $3) RETURNING id) "
        "INSERT INTO parked_notice SELECT id, $3, 'read', 'ValidationError: x', false FROM made",
        new_id(), await _noticed(connection), AT,
    )  # fmt: skip


async def add_parked_notice_step(connection: asyncpg.Connection, _: str, n: int) -> None:
    account_id = await _noticed(connection)
    await add_notice(connection, str(account_id), n)
    await connection.execute(
        "INSERT INTO parked_notice_step SELECT $2, id, $3, 'read', 'x', false, 'dropped', $4, "
        "'x', 'r', $3 FROM notice WHERE account_id = $1 LIMIT 1",
        account_id, new_id(), AT, str(uuid4()),
    )  # fmt: skip


async def add_door_notice(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await add_notice(connection, account_id, n)
    await connection.execute(
        "INSERT INTO door_notice (id, notice_id, how, address, brought_at, photo_sha256, asked_as, "
        "recorded_by, recorded_at, is_late, is_evidence) SELECT $2, id, 'in_person', 'x', $3, $4, "
        "$5, 'x', $3, false, true FROM notice WHERE account_id = $1 LIMIT 1",
        UUID(account_id), new_id(), AT, bytes(32), str(uuid4()),
    )  # fmt: skip


async def add_door_order(connection: asyncpg.Connection, _: str, n: int) -> None:
    # Of one notice there is one order.
    await connection.execute(
        "WITH made AS (INSERT INTO notice (id, cause_id, account_id, template, language, channel, "
        "recipient, facts, position, status, priority, expires_at, give_up_at, next_attempt_at, "
        "created_at) VALUES ($1, $1, $2, 'low-balance', 'en', 'sms', '', '{}', 0, 'queued', 1, "
        "$3, $3, $3, $3) RETURNING *) "
        "INSERT INTO door_order (id, account_id, cause_id, template, notice_id, language, "
        "ordered_at, bring_by) SELECT $1, account_id, cause_id, template, id, language, $3, $4 "
        "FROM made",
        new_id(), await _noticed(connection), AT, AT + timedelta(hours=n + 1),
    )  # fmt: skip


async def add_inbound_message(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO inbound_message (id, gateway, sender, text, heard_at, status, word, outcome, "
        "account_id, worked_at) VALUES ($1, 'smpp', '+8613800138000', 'balance', $3, 'done', "
        "'balance', 'done', $2, $3)",
        uuid4(), UUID(account_id), AT + timedelta(hours=n),
    )  # fmt: skip


async def add_template_text(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO template_text (id, template, language, channel, body, asked_as, drafted_by, "
        "draft_reason, drafted_at) VALUES ($1, 'low-balance', 'en', 'sms', 'x', $2, 'x', 'r', $3)",
        new_id(), str(uuid4()), AT,
    )  # fmt: skip


async def add_charge(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    """A month more, from January 2020 on."""
    first, end = (date(2020 + months // 12, months % 12 + 1, 1) for months in (n, n + 1))
    await connection.execute(
        "INSERT INTO charge_state (agreement_id, period_first, period_end, account_id, version, "
        "energy, standing_days, due_day, posted, posted_micro, energy_wh, day) "
        "SELECT id, $2, $3, $1, 1, '{}', 0, NULL, '{}', 0, 0, open_day() FROM agreement "
        "WHERE account_id = $1",
        UUID(account_id), first, end,
    )  # fmt: skip


async def add_finding(connection: asyncpg.Connection, meter_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO finding VALUES ($1, $2, 'VEE-05', 'glitch', 'warn', $3, $3, 5, 6, 'Wh', "
        "false, 1)",
        meter_id, n, us_of(AT) + n * SECOND_US,
    )  # fmt: skip


async def add_waiting_finding(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Two of a meter."""
    meter_id, at_us = f"m-{uuid4().hex}", us_of(AT)
    for number in range(2):
        await connection.execute(
            "INSERT INTO finding VALUES ($1, $2, 'VEE-06', 'reset', 'fail', $3, $4, $5, 0, 'Wh', "
            "true, 1)",
            meter_id, number, at_us + number * SECOND_US, at_us + 9 * SECOND_US,
            None if n % 5 == 0 else n,
        )  # fmt: skip


async def add_edit(connection: asyncpg.Connection, meter_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO reading_edit VALUES ($1, $2, $3, 'set', $4, 'w', 'r', $3)",
        new_id(), meter_id, AT, n,
    )  # fmt: skip


async def add_day(connection: asyncpg.Connection, meter_id: str, n: int) -> None:
    """A reading at noon of the next day; with the one before it a day more has use."""
    noon = TURN + timedelta(days=n - 3)
    (day,) = packed_days([Reading(meter_id, noon, 1_000 * (n + 2), noon)])
    await connection.execute(
        "INSERT INTO meter_day VALUES ($1, $2, $3, $4)", day.meter_id, day.day, day.packed, AT
    )


async def add_balance_difference(connection: asyncpg.Connection, _: str, n: int) -> None:
    """An account that the ledger has 1 micro-unit too much for."""
    await connection.execute(
        "INSERT INTO balance_difference VALUES ($1, $2, $2::bigint + 1, $3, $3)", new_id(), n, AT
    )


async def add_segment_account(connection: asyncpg.Connection, _: str, n: int) -> None:
    """An account with an agreement that does not end."""
    account_id = new_id()
    await connection.execute(
        "INSERT INTO account VALUES ($1, $2, 'CNY')", account_id, str(account_id)
    )
    await connection.execute(
        "INSERT INTO agreement (id, revision, account_id, tariff_code, first_day, changed_at) "
        "VALUES ($1, 1, $2, 'home', '2026-01-01', $3)",
        new_id(), account_id, AT,
    )  # fmt: skip


async def add_difference(connection: asyncpg.Connection, _: str, n: int) -> None:
    """A charge of the ledger's that billing knows nothing of."""
    await connection.execute(
        "INSERT INTO comparison (agreement_id, period_first, period_end, month, account_id, kind, "
        "their_total_micro, their_energy_wh, their_standing_days, moved_at, compared_at) "
        "VALUES ($1, '2026-03-01', '2026-04-01', '2026-03', $2, 'missing_in_billing', 5, 5, 1, "
        "$3, $3)",
        uuid4(), uuid4(), AT,
    )  # fmt: skip
