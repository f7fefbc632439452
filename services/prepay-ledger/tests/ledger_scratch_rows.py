"""Rows of changes of mode and of deposits, for a day that is sealed: straight into the tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows_of_modes_and_deposits(
    first: UUID, second: UUID, number: int, journal_id: int, *, account_id: UUID
) -> Sequence[tuple[str, tuple[Any, ...]]]:
    """Statements with their values, in order."""
    return (
        (
            "INSERT INTO mode_change (id, account_id, to_mode, first_day, tariff_code, "
            "consent_by, consent_reference, consent_at, notice_days, owed, instalments, "
            "due_days, effective_at, state, reason, waits_for) VALUES ($1, $2, 'arrears', "
            "'2026-03-01', 't', 'c', 'd', $3, 0, 'debt', 1, 0, $3, 'cancelled', '', '')",
            (first, account_id, AT),
        ),
        (
            "INSERT INTO mode_change_step (id, change_id, action, key, reference, who, "
            "reason, at) VALUES ($1, $2, 'cancel', $3, 'n', $4, $5, $6)",
            (second, first, f"k{number}", f"w{second}", f"r{number}", AT),
        ),
        (
            "INSERT INTO deposit (id, account_id, kind, amount_micro, currency, issuer, "
            "reference, valid_from) VALUES ($1, $2, 'cash', 9, 'CNY', '', 'r', '2026-03-01')",
            (first, account_id),
        ),
        (
            "INSERT INTO deposit_step (id, deposit_id, action, amount_micro, place, debt_id, "
            "key, who, reason, journal_id, at) "
            "VALUES ($1, $2, 'draw', 9, 'bank', $1, $3, $4, $5, $6, $7)",
            (second, first, f"k{number}", f"w{second}", f"r{number}", journal_id, AT),
        ),
    )


def rows_of_refunds(
    first: UUID, second: UUID, number: int, journal_id: int, *, account_id: UUID, bank_line: UUID
) -> Sequence[tuple[str, tuple[Any, ...]]]:
    """Likewise."""
    return (
        (
            "INSERT INTO statement (id, number, account_id, agreement_id, period_first, "
            "period_end, account_number, currency, energy_wh, charged, brought_micro, "
            "charged_micro, corrected_micro, paid_micro, given_micro, late_micro, owed_micro, "
            "posted_total_micro, paid_total_micro, late_total_micro, due_on, issued_at) SELECT $1, "
            "coalesce(max(number), 0) + 1, $2, $1, '2026-03-01', '2026-04-01', 'n', 'CNY', $3, "
            "'{}', 0, 9, 0, 0, 0, 0, 9, 9, 0, 0, '2026-04-15', $4 FROM statement",
            (first, account_id, number, AT),
        ),
        (
            "INSERT INTO late_charge (id, statement_id, account_id, number, through, amount_micro, "
            "accrued_micro, waived_micro, currency, policy_number, customer_class, spans, "
            "journal_id, at) VALUES ($1, $1, $2, 1, '2026-04-16', 9, 9, 0, 'CNY', 0, $3, '[]', "
            "$4, $5)",
            (first, account_id, f"c{number}", journal_id, AT),
        ),
        (
            "INSERT INTO late_charge_waiver (id, key, statement_id, account_id, amount_micro, "
            "currency, who, reason, proposal_id, charge_id, at) "
            "VALUES ($1, $2, $3, $4, 9, 'CNY', $5, $6, $1, $3, $7)",
            (second, f"k{number}", first, account_id, f"w{second}", f"r{number}", AT),
        ),
        (
            "INSERT INTO payment_reminder (id, statement_id, account_id, step_days, open_micro, "
            "currency, policy_number, customer_class, at) "
            "VALUES ($1, $1, $2, 15, 9, 'CNY', 0, $3, $4)",
            (first, account_id, f"c{number}", AT),
        ),
        (
            "INSERT INTO late_charge_look (account_id, through) VALUES ($1, '2026-04-16') "
            "ON CONFLICT DO NOTHING",
            (account_id,),
        ),
        (
            "INSERT INTO refund_payee (id, account_id, holder, bank_account, bank_code) "
            "VALUES ($1, $2, $3, $4, 'c')",
            (first, account_id, f"h{first}", f"a{number}"),
        ),
        (
            "INSERT INTO refund (id, account_id, amount_micro, currency, way, payee_id, payment, "
            "state, ordered_at) VALUES ($1, $2, 9, 'CNY', 'provider', $1, $1, 'in-transit', $3)",
            (first, account_id, AT),
        ),
        (
            "INSERT INTO deposit_line (step_id, bank_line, journal_id, who, reason, at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            (second, bank_line, journal_id, f"w{second}", f"r{number}", AT),
        ),
        (
            "INSERT INTO transfer_file (id, key, bank, currency, pay_on, made_at, state, lines, "
            "sum_micro) VALUES ($1, $2, 'p', 'CNY', '2026-03-05', $3, 'sent', 1, 9)",
            (first, str(first), AT),
        ),
        (
            "INSERT INTO transfer_body (file_id, body, sha256, lines, sum_micro, at) "
            "VALUES ($1, '', $2, $3, 9, $4)",
            (first, first.bytes * 2, number + 1, AT),
        ),
        (
            "INSERT INTO transfer_step (id, file_id, action, who, reason, at) "
            "VALUES ($1, $2, 'send', 'w', $3, $4)",
            (second, first, f"r{number}", AT),
        ),
        (
            "INSERT INTO transfer_result (id, key, sha256, provider, name, body, answers, "
            "uploaded_by, at) VALUES ($1, $2, $3, 'p', $4, '', 1, 'w', $5)",
            (first, str(first), first.bytes * 2, f"n{number}", AT),
        ),
        (
            "INSERT INTO refund_step (id, refund_id, action, amount_micro, key, bank_line, slip, "
            "who, reason, journal_id, at) VALUES ($1, $2, 'pay', 9, $3, $4, 's', $5, $6, $7, $8)",
            (
                second,
                first,
                f"k{number}",
                bank_line,
                f"w{second}",
                f"r{number}",
                journal_id,
                AT,
            ),
        ),
    )
