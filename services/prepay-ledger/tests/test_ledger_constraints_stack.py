"""What the database itself refuses: values that cannot be, and sub-accounts of a wrong sign."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from ledger_scratch import ACCOUNT, AT, OTHER, Scratch

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.journal.values import Entry, Journal, SubAccount, UtilityAccount

pytestmark = pytest.mark.stack

NONE = bytes(31)
CANNOT_BE = [
    ("account", "currency", "yuan"),
    ("account", "overdraft_micro", -1),
    ("account", "emergency_credit_micro", -1),
    ("account", "mode", "barter"),
    ("account", "owed_micro", -1),
    ("agreement", "capacity_va", 0),
    ("agreement", "contracted_w", 0),
    ("agreement", "revision", 0),
    ("agreement", "corrections", -1),
    ("agreement", "end_day", "2026-03-01"),
    ("charge_state", "period_end", "2026-03-01"),
    ("charge_state", "version", 0),
    ("charge_state", "standing_days", 2),
    ("charge_state", "energy_wh", -1),
    ("command", "sequence", 0),
    ("condition", "kind", "bad_weather"),
    ("condition", "kind", "payment_provider_down"),
    ("condition", "kind", "payment_in_flight"),
    ("condition", "holds_until", "2026-03-01"),
    ("correction_run", "state", "begun"),
    ("correction_run", "correction", 0),
    ("command", "expires_at", "2026-03-01"),
    ("command", "action", "limit"),
    ("cut_list", "state", "begun"),
    ("cut_list", "lines", 0),
    ("cut_list", "approved_by", "li"),
    ("cut_list_line", "number", 0),
    ("cut_list_line", "state", "begun"),
    ("corrected_bill", "given_micro", -1),
    ("day_use", "wh", -1),
    ("debt", "currency", "yuan"),
    ("debt", "amount_micro", 0),
    ("debt", "topup_share_ppm", 0),
    ("debt", "plan_instalments", 0),
    ("debt", "plan_first_due", "2026-03-01"),
    ("debt", "plan_paid_micro", -1),
    ("debt", "taken_micro", -1),
    ("debt", "paid_micro", -1),
    ("debt", "left_micro", -1),
    ("debt_instalment", "amount_micro", 0),
    ("debt_news", "news", "gossip"),
    ("debt_news", "amount_micro", -1),
    ("deposit", "kind", "gold"),
    ("deposit", "currency", "cny"),
    ("deposit", "amount_micro", 0),
    ("deposit", "kind", "cash"),
    ("deposit", "kind", "guarantee"),
    ("deposit", "valid_until", "2026-02-28"),
    ("deposit", "drawn_micro", -1),
    ("deposit", "received_micro", -1),
    ("deposit", "left_micro", -1),
    ("deposit_step", "action", "burn"),
    ("deposit_step", "amount_micro", 0),
    ("deposit_step", "place", "sea"),
    ("statement", "number", 0),
    ("statement", "period_end", "2026-03-01"),
    ("statement", "currency", "cny"),
    ("statement", "owed_micro", 9),
    ("statement", "due_on", "2026-03-01"),
    ("late_charge", "number", 0),
    ("late_charge", "amount_micro", 0),
    ("late_charge", "accrued_micro", -1),
    ("late_charge", "waived_micro", -1),
    ("late_charge", "currency", "cny"),
    ("late_charge", "policy_number", -1),
    ("late_charge_waiver", "amount_micro", 0),
    ("late_charge_waiver", "currency", "cny"),
    ("payment_reminder", "step_days", 0),
    ("payment_reminder", "open_micro", 0),
    ("payment_reminder", "currency", "cny"),
    ("payment_reminder", "policy_number", -1),
    ("late_charge_look", "paid_micro", -1),
    ("statement_number", "only_row", "false"),
    ("statement_number", "last", -1),
    ("refund_payee", "holder", ""),
    ("refund", "amount_micro", 0),
    ("refund", "currency", "cny"),
    ("refund", "way", "mail"),
    ("refund", "way", "provider"),
    ("refund", "state", "lost"),
    ("refund", "returned_micro", -1),
    ("refund", "paid_in_sum", True),
    ("refund", "returned_in_sum", True),
    ("refund_back", "state", "lost"),
    ("refund_back", "state", "requested"),
    ("refund_back", "state", "accepted"),
    ("refund_back", "sends", -1),
    ("refund_back", "other_micro", 0),
    ("refund_back", "state", "other-amount"),
    ("refund_step", "action", "burn"),
    ("refund_step", "amount_micro", 0),
    ("emergency_credit", "amount_micro", 0),
    ("emergency_credit", "state", "begun"),
    ("emergency_credit", "state", "lapsed"),
    ("emergency_credit", "state", "accepted"),
    ("emergency_credit", "means", "letter"),
    ("emergency_credit", "key", "k"),
    ("entry", "sub_account", "pocket"),
    ("epoch", "epoch", 0),
    ("finding", "end_us", 0),
    ("forecast", "measured_days", 0),
    ("forecast", "at_us", "{1}"),
    ("forecast", "low_micro", "{1}"),
    ("forecast", "middle_micro", "{1}"),
    ("forecast", "high_micro", "{1}"),
    ("forecast_run", "only_row", False),
    ("finding", "count", 0),
    ("finding_seen", "end_us", 0),
    ("installation", "ends_at", "2026-03-01"),
    ("installation", "multiplier", 0),
    ("installation", "opening_wh", -1),
    ("installation", "closing_wh", -1),
    ("installation", "revision", 0),
    ("journal", "currency", "CN"),
    ("journal", "entries", -1),
    ("journal", "postings", -1),
    ("mandate", "amount_micro", 0),
    ("mandate", "month_micro_max", 0),
    ("mandate", "month_requests_max", 0),
    ("mandate", "valid_until", "2026-03-01"),
    ("mandate", "instalment_micro_max", 0),
    ("mandate", "statement_micro_max", 0),
    ("mandate", "state", "asleep"),
    ("mandate", "failures", -1),
    ("mandate", "waits", "for a bus"),
    ("mandate_step", "action", "burn"),
    ("pay_link", "token_sha256", NONE),
    ("pay_link", "most_micro", 0),
    ("pay_link", "valid_until", "2026-02-28"),
    ("pay_link", "revoked_by", "li"),
    ("link_payment", "amount_micro", 0),
    ("link_payment", "currency", "yuan"),
    ("link_payment", "state", "lost"),
    ("link_payment", "state", "at-provider"),
    ("link_payment", "state", "paid"),
    ("link_payment", "paid_micro", 0),
    ("top_up_request", "amount_micro", 0),
    ("top_up_request", "currency", "yuan"),
    ("top_up_request", "state", "lost"),
    ("top_up_request", "state", "sending"),
    ("top_up_request", "state", "accepted"),
    ("top_up_request", "state", "paid"),
    ("top_up_request", "sends", -1),
    ("top_up_request", "statement_id", str(ACCOUNT)),
    ("mode_change", "to_mode", "barter"),
    ("mode_change", "state", "begun"),
    ("mode_change", "state", "done"),
    ("mode_change", "owed", "never"),
    ("mode_change", "notice_days", -1),
    ("mode_change", "without_reading_after_days", 0),
    ("mode_change", "instalments", 0),
    ("mode_change", "due_days", -1),
    ("mode_change_step", "action", "burn"),
    ("meter", "modulus_wh", 0),
    ("meter", "resolution_wh", -1),
    ("meter", "max_w", 0),
    ("meter", "revision", 0),
    ("meter_state", "version", 0),
    ("meter_state", "limit_w", 0),
    ("meter_state", "resolution_wh", -1),
    ("meter_state", "multiplier", 0),
    ("meter_state", "modulus_wh", 0),
    ("meter_state", "last_wh", -1),
    ("meter_state", "served_until_us", 1),
    ("parked_meter_step", "readings", -1),
    ("payment", "currency", "cny"),
    ("payment", "amount_micro", 0),
    ("payment", "taken_back_micro", -1),
    ("payment_movement", "amount_micro", -1),
    ("payment_movement", "currency", "cny"),
    ("left_day", "rows", -1),
    ("left_day", "root", NONE),
    ("left_day", "sha256", NONE),
    ("left_day", "size", -1),
    ("left_day", "begins", "{1}"),
    ("payment_event", "headers", "{}"),
    ("payment_event", "plain", NONE),
    ("payment_event", "open", True),
    ("posting_day", "only_row", False),
    ("prepay_agreement", "version", 0),
    ("prepay_agreement", "mode", "barter"),
    ("prepay_agreement", "reconnection", "never"),
    ("prepay_agreement", "overdraft_micro", -1),
    ("prepay_agreement", "cut_micro", 1),
    ("prepay_agreement", "warning_micro", -1),
    ("prepay_agreement", "valid_from", "2026-02-28"),
    ("prepay_agreement", "paper_sha256", "abc"),
    ("procedure_draft", "state", "begun"),
    ("procedure_draft", "version", 0),
    ("procedure_evidence", "kind", "hearsay"),
    ("procedure_version", "mode", "barter"),
    ("procedure_version", "version", 0),
    ("procedure_version", "published_by", "li"),
    ("posting_day", "unsealed", "2026-03-01"),
    ("reading_edit", "register_wh", -1),
    ("seal", "previous", NONE),
    ("seal", "head", NONE),
    ("sub_balance", "amount_micro", 1),
    ("tariff_version", "currency", ""),
    ("tariff_version", "correction", -1),
    ("account_check", "matched_lines", -1),
    ("account_check", "open_lines", -1),
    ("account_check_line", "difference", "maybe"),
    ("account_check_posting", "sha256", NONE),
    ("cash_count", "expected_micro", -1),
    ("cash_count", "counted_micro", -1),
    ("cash_count", "reason", ""),
    ("cash_count_outcome", "action", "maybe"),
    ("cash_count_outcome", "action", "closed"),
    ("cash_day", "currency", "cny"),
    ("cash_day", "expected_micro", -1),
    ("cash_day", "state", "lost"),
    ("cash_day", "state", "handed_over"),
    ("cash_hand_over", "currency", "cny"),
    ("cash_hand_over", "amount_micro", 0),
    ("cash_hand_over", "destination", "sea"),
    ("cash_hand_over", "receiver", "li"),
    ("cash_receipt", "received_micro", -1),
    ("adjustment", "amount_micro", 0),
    ("adjustment", "currency", "cny"),
    ("adjustment", "cause", "whim"),
    ("bank_account", "currency", "eur"),
    ("bank_file", "format", "pdf"),
    ("bank_file", "sha256", NONE),
    ("bank_statement", "last_day", "2026-02-01"),
    ("bank_statement", "accepted_by", "li"),
    ("bank_line", "kind", "gift"),
    ("bank_line", "state", "lost"),
    ("bank_line", "state", "credited"),
    ("bank_line_step", "action", "burn"),
    ("transfer_file", "currency", "cny"),
    ("transfer_file", "state", "lost"),
    ("transfer_file", "lines", 0),
    ("transfer_file", "sum_micro", 0),
    ("transfer_body", "sha256", NONE),
    ("transfer_body", "lines", 0),
    ("transfer_body", "sum_micro", 0),
    ("transfer_step", "action", "burn"),
    ("transfer_item", "number", 0),
    ("transfer_item", "amount_micro", 0),
    ("transfer_item", "currency", "cny"),
    ("transfer_item", "state", "lost"),
    ("transfer_item", "state", "refused"),
    ("transfer_result", "sha256", NONE),
    ("transfer_result", "answers", -1),
    ("transfer_answer", "kind", "gift"),
    ("transfer_answer", "state", "lost"),
    ("transfer_answer", "state", "applied"),
    ("transfer_answer", "closed_by", "li"),
    ("debit_file", "currency", "cny"),
    ("debit_file", "state", "lost"),
    ("debit_file", "lines", -1),
    ("debit_file", "sum_micro", -1),
    ("debit_body", "sha256", NONE),
    ("debit_body", "lines", 0),
    ("debit_body", "sum_micro", 0),
    ("debit_step", "action", "burn"),
    ("debit_item", "number", 0),
    ("debit_item", "amount_micro", 0),
    ("debit_item", "currency", "cny"),
    ("debit_result", "sha256", NONE),
    ("debit_result", "answers", -1),
    ("debit_answer", "kind", "gift"),
    ("debit_answer", "state", "lost"),
    ("debit_answer", "state", "applied"),
    ("debit_answer", "closed_by", "li"),
    ("payout", "amount_micro", 0),
    ("payout", "currency", "cny"),
    ("payout", "nth", 0),
    ("payout", "state", "lost"),
    ("payout", "state", "arrived"),
    ("payout", "found_by", "chance"),
    ("payout", "match_id", str(OTHER)),
    ("payout", "difference_micro", 1),
    ("payout_step", "action", "burn"),
    ("payout_step", "action", "undo"),
    ("proposal", "kind", "whim"),
    ("proposal", "amount_micro", -1),
    ("proposal", "currency", "cny"),
    ("proposal", "expires_at", "2026-02-28"),
    ("proposal_outcome", "action", "maybe"),
    ("sole_act", "kind", "vendor-limits"),
    ("sole_act", "about", ""),
    ("sole_act", "amount_micro", -1),
    ("sole_act", "currency", "cny"),
    ("topup", "repaid_micro", -1),
    ("transfer", "amount_micro", 0),
    ("transfer", "currency", "cny"),
    ("transfer", "to_account_id", str(ACCOUNT)),
    ("topup", "amount_micro", 8),
    ("topup", "above_maximum_micro", -1),
    ("settlement_file", "revision", 0),
    ("settlement_file", "reason", ""),
    ("settlement_file", "lines", -1),
    ("settlement_file", "format", "pdf"),
    ("settlement_file", "sha256", NONE),
    ("settlement_line", "kind", "gift"),
    ("settlement_line", "currency", "eur"),
    ("settlement_difference", "difference", "odd"),
    ("settlement_difference", "kind", "payout"),
    ("settlement_difference", "state", "lost"),
    ("settlement_difference", "state", "gone"),
    ("settlement_difference", "outcome", "burnt"),
    ("settlement_difference", "their_micro", 1),
    ("settlement_difference", "our_micro", 1),
    ("settlement_step", "action", "burn"),
    ("vend", "amount_micro", 0),
    ("vend", "currency", "cny"),
    ("vend", "tender", "shells"),
    ("vend", "owed_micro", -1),
    ("vendor", "kind", "stall"),
    ("vendor", "currency", "cny"),
    ("vendor", "day_limit_micro", 0),
    ("vendor", "credit_limit_micro", -1),
    ("vendor", "sold_micro", -1),
    ("vendor_funding", "amount_micro", 0),
    ("vendor_funding", "means", "shells"),
]
"""Table, column, and a value that nothing in it may have. The row beside it is `BESIDE`."""

BESIDE = {
    "account_id": str(ACCOUNT),
    "from_account_id": str(ACCOUNT),
    "at": "2026-03-01",
    "at_us": "{1,2}",
    "first_day": "2026-03-01",
    "period_first": "2026-03-01",
    "begins_at": "2026-03-01",
    "valid_from": "2026-03-01",
    "issued_at": "2026-03-01",
    "day": "2026-03-01",
    "begin_us": 1,
    "since_us": 1,
    "sub_account": "debt",
    "period_end": "2026-03-02",
    "overdraft_micro": 0,
    "cut_micro": 0,
    "signed_at": "2026-03-01",
    "made_at": "2026-03-01",
    "page_url": "",
    "drafted_by": "li",
    "expected_micro": 0,
    "counted_micro": 1,
    "destination": "bank",
    "issuer": "a bank",
    "repaid_micro": 0,
    "debts_micro": 0,
    "added_micro": 9,
    "revision": 2,
    "brought_micro": 0,
    "charged_micro": 9,
    "corrected_micro": 0,
    "paid_micro": 1,
    "given_micro": 0,
    "late_micro": 0,
    "live": "true",
    "debt_id": str(ACCOUNT),
    "first_meters": "{}",
    "roots": "{}",
}


@pytest.fixture
async def scratch(own_database_url: str):
    made = Scratch(own_database_url)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    yield made
    await made.database.close()


async def test_every_check_refuses_what_cannot_be_and_each_is_tried(scratch: Scratch) -> None:
    checks = await scratch.sql(
        "SELECT conname, conrelid::regclass::text AS table, "
        "pg_get_expr(conbin, conrelid) AS must FROM pg_constraint WHERE contype = 'c' "
        "AND connamespace = 'public'::regnamespace"
    )
    own = {table for table, _, _ in CANNOT_BE}
    tried = set[str]()
    for table, column, value in CANNOT_BE:
        of_table = [check for check in checks if check["table"] == table]
        broken = [
            check["conname"]
            for check in of_table
            if await _breaks(scratch, table, check["must"], column, value)
        ]
        assert len(broken) == 1, f"{table}.{column} = {value!r} breaks {broken}"
        tried.update(broken)
    assert {check["conname"] for check in checks if check["table"] in own} == tried


async def _breaks(scratch: Scratch, table: str, must: str, column: str, value: object) -> bool:
    columns = await scratch.sql(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
        "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    row = ", ".join(
        f"{_literal(value if name == column else BESIDE.get(name))}::{of} AS {name}"
        for name, of in columns
    )
    (found,) = await scratch.sql(f"SELECT ({must}) IS FALSE AS broken FROM (SELECT {row}) AS t")
    return found["broken"]


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"'\\x{value.hex()}'"
        case bool():
            return str(value)
        case _:
            return f"'{value}'"


def _moving(*entries: Entry) -> Journal:
    total = sum(entry.amount_micro for entry in entries)
    return Journal("adjustment", "test", "CNY", entries, {UtilityAccount.SUSPENSE: -total})


async def test_sub_accounts_move_beside_the_balance_and_are_audited(scratch: Scratch) -> None:
    async with scratch.unit() as unit:
        await unit.journals.post(
            _moving(
                Entry(ACCOUNT, 100),
                Entry(ACCOUNT, -70, sub_account=SubAccount.DEBT),
                Entry(OTHER, 5, sub_account=SubAccount.HOLD),
            ),
            at=AT,
        )
    async with scratch.unit() as unit:  # of the debt, 30 are paid from the balance
        await unit.journals.post(
            _moving(Entry(ACCOUNT, -30), Entry(ACCOUNT, 30, sub_account=SubAccount.DEBT)), at=AT
        )
    queries = AccountQueries(scratch.database)
    view, other = await queries.account(account_id=ACCOUNT), await queries.account(account_id=OTHER)
    assert view is not None and other is not None
    assert (view.account.balance_micro, view.sub_balances_micro) == (70, {"debt": -40})
    assert (other.account.balance_micro, other.sub_balances_micro) == (0, {"hold": 5})
    (totals,) = (await queries.totals()).currencies
    assert (totals.balances_micro, totals.sub_balances_micro) == (70, -35)
    assert totals.imbalance_micro == totals.entries_differ_micro == 0
    await scratch.publish_heads()
    assert await scratch.findings() == []

    await scratch.sql("UPDATE sub_balance SET amount_micro = -41 WHERE sub_account = 'debt'")
    (found,) = await scratch.findings()
    assert "-41 micro-units of debt, its entries come to -40" in str(found)


@pytest.mark.parametrize(
    ("sub_account", "micro"),
    [(SubAccount.DEBT, 1), (SubAccount.HOLD, -1), (SubAccount.DEPOSIT, -1)],
)
async def test_no_sub_account_takes_the_other_sign(
    scratch: Scratch, sub_account: SubAccount, micro: int
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with scratch.unit() as unit:
            await unit.journals.post(_moving(Entry(ACCOUNT, micro, sub_account=sub_account)), at=AT)
    assert await scratch.sql("SELECT * FROM journal") == []


async def test_a_meter_serves_one_account_at_a_time_whoever_is_quicker(scratch: Scratch) -> None:
    """Two install it at once: the second waits for the first, and then sees what it has done."""
    insert = (
        "INSERT INTO installation (id, meter_id, account_id, begins_at, ends_at, multiplier, "
        "revision) VALUES ($1, 'm', $2, $3, $4, 1, 1)"
    )
    later = AT + timedelta(days=1)
    with pytest.raises(asyncpg.RaiseError, match="no row in meter_state"):
        await scratch.sql(insert, uuid4(), ACCOUNT, AT, None)
    await scratch.sql("INSERT INTO meter_state (meter_id) VALUES ('m')")
    first, second = await scratch.connect(), await scratch.connect()
    await first.execute("BEGIN")
    await first.execute(insert, uuid4(), ACCOUNT, AT, later)
    waiting = asyncio.create_task(second.execute(insert, uuid4(), OTHER, AT, None))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await first.execute("COMMIT")
    with pytest.raises(asyncpg.ExclusionViolationError, match="meter m would serve two accounts"):
        await waiting
    # (from, to]: who follows begins where the first ended; and an end may not move past that.
    await second.execute(insert, uuid4(), OTHER, later, None)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await second.execute("UPDATE installation SET ends_at = NULL WHERE begins_at = $1", AT)
    # Who looks at an older snapshot would not see the other.
    await second.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    with pytest.raises(asyncpg.RaiseError, match="written at READ COMMITTED"):
        await second.execute(insert, uuid4(), OTHER, AT - timedelta(days=1), AT)
    await second.execute("ROLLBACK")
    await first.close()
    await second.close()
