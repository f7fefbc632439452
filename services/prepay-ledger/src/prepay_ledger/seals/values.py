"""What is sealed, and what a seal is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table whose rows are never changed once they are written: those columns, in the order of
    that key. ``of_journal``: its rows have their journal's day."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    of_journal: bool = False


SEALED = (
    SealedTable(
        "account_check_posting",
        ("id",),
        ("id", "check_id", "key", "sha256", "lines", "who", "at"),
    ),
    SealedTable(
        "account_check_resolution", ("line_id",), ("line_id", "key", "who", "reason", "at")
    ),
    SealedTable(
        "adjustment",
        ("id",),
        (
            "id", "key", "account_id", "amount_micro", "currency", "cause", "may_overdraw", "who",
            "reason", "balance_micro", "proposal_id", "journal_id", "at",
        ),
    ),
    SealedTable(
        "bank_account",
        ("account",),
        ("account", "currency", "name", "opened_by", "reason", "at"),
    ),
    SealedTable(
        "bank_file",
        ("id",),
        (
            "id", "key", "sha256", "name", "format", "mapping", "statements", "uploaded_by", "at",
        ),
    ),
    SealedTable(
        "bank_line_step",
        ("id",),
        ("id", "line_id", "action", "who", "reason", "state_before", "at"),
    ),
    SealedTable(
        "cash_count",
        ("id",),
        (
            "id", "cash_day_id", "key", "expected_micro", "counted_micro", "who", "reason", "at",
        ),
    ),
    SealedTable(
        "cash_count_outcome",
        ("count_id",),
        ("count_id", "action", "key", "who", "reason", "journal_id", "at"),
    ),
    SealedTable(
        "cash_hand_over",
        ("id",),
        (
            "id", "key", "vendor_id", "seller", "currency", "amount_micro", "destination",
            "receiver", "slip", "who", "journal_id", "at",
        ),
    ),
    SealedTable(
        "cash_receipt",
        ("id",),
        ("id", "hand_over_id", "key", "received_micro", "who", "reason", "journal_id", "at"),
    ),
    SealedTable(
        "command",
        ("id",),
        (
            "id", "decision_id", "account_id", "meter_id", "action", "limit_w", "sequence",
            "caused_at", "issued_at", "expires_at",
        ),
    ),
    SealedTable(
        "command_answer", ("id",), ("id", "command_id", "status", "relay", "detail", "at")
    ),
    SealedTable(
        "condition",
        ("id",),
        ("id", "kind", "account_id", "reference", "holds_until", "begun_by", "reason", "at"),
    ),
    SealedTable(
        "condition_end", ("condition_id",), ("condition_id", "ended_by", "reason", "at")
    ),
    SealedTable(
        "cut_hold",
        ("id",),
        (
            "id", "scope", "name", "held_until", "tripped_scope", "tripped_name", "wanted",
            "trip_per_min", "held_by", "reason", "at",
        ),
    ),
    SealedTable("cut_hold_end", ("hold_id",), ("hold_id", "ended_by", "reason", "at")),
    SealedTable(
        "deposit_line",
        ("step_id",),
        ("step_id", "bank_line", "journal_id", "who", "reason", "at"),
    ),
    SealedTable(
        "deposit_step",
        ("id",),
        (
            "id", "deposit_id", "action", "amount_micro", "place", "debt_id", "key", "who",
            "reason", "journal_id", "at",
        ),
    ),
    SealedTable(
        "refund",
        ("id",),
        (
            "id", "account_id", "amount_micro", "currency", "way", "payee_id", "payment",
            "ordered_at",
        ),
    ),
    SealedTable(
        "refund_payee",
        ("id",),
        ("id", "account_id", "holder", "bank_account", "bank_code"),
    ),
    SealedTable(
        "refund_step",
        ("id",),
        (
            "id", "refund_id", "action", "amount_micro", "key", "bank_line", "slip", "who",
            "reason", "journal_id", "at",
        ),
    ),
    SealedTable(
        "late_charge",
        ("id",),
        (
            "id", "statement_id", "account_id", "number", "through", "amount_micro",
            "accrued_micro", "waived_micro", "currency", "policy_number", "customer_class",
            "spans", "journal_id", "at",
        ),
    ),
    SealedTable(
        "late_charge_waiver",
        ("id",),
        (
            "id", "key", "statement_id", "account_id", "amount_micro", "currency", "who",
            "reason", "proposal_id", "charge_id", "at",
        ),
    ),
    SealedTable(
        "payment_reminder",
        ("id",),
        (
            "id", "statement_id", "account_id", "step_days", "open_micro", "currency",
            "policy_number", "customer_class", "at",
        ),
    ),
    SealedTable(
        "statement",
        ("id",),
        (
            "id", "number", "account_id", "agreement_id", "period_first", "period_end",
            "account_number", "currency", "energy_wh", "charged", "brought_micro",
            "charged_micro", "corrected_micro", "paid_micro", "given_micro", "late_micro",
            "owed_micro", "posted_total_micro", "paid_total_micro", "late_total_micro", "due_on",
            "issued_at",
        ),
    ),
    SealedTable(
        "decision",
        ("id",),
        ("id", "account_id", "state", "action", "fired", "held", "inputs", "at"),
    ),
    SealedTable(
        "entry",
        ("journal_id", "number"),
        (
            "journal_id", "number", "account_id", "agreement_id", "period_first", "amount_micro",
            "energy_wh", "sub_account",
        ),
        of_journal=True,
    ),
    SealedTable(
        "fact", ("id",), ("id", "kind", "subject", "body", "decided_by", "reason", "at")
    ),
    SealedTable(
        "finding_seen",
        ("id",),
        (
            "id", "meter_id", "check_id", "begin_us", "end_us", "before", "after", "seen_by",
            "reason", "at",
        ),
    ),
    SealedTable(
        "journal",
        ("id",),
        ("id", "kind", "source", "currency", "entries", "entries_micro", "postings", "posted_at"),
    ),
    SealedTable(
        "mandate_step",
        ("id",),
        (
            "id", "mandate_id", "action", "provider", "reference", "threshold_micro",
            "amount_micro", "month_micro_max", "month_requests_max", "valid_from", "valid_until",
            "instalment_micro_max", "statement_micro_max", "consent_by", "consent_reference",
            "consent_at", "who", "reason", "key", "at",
        ),
    ),
    SealedTable("meter_day", ("meter_id",), ("meter_id", "packed")),
    SealedTable(
        "mode_change_step",
        ("id",),
        ("id", "change_id", "action", "key", "reference", "who", "reason", "at"),
    ),
    SealedTable(
        "parked_meter_step",
        ("id",),
        (
            "id", "meter_id", "since", "error", "record", "who", "reason", "outcome", "detail",
            "readings", "at",
        ),
    ),
    SealedTable(
        "payment",
        ("id",),
        (
            "id", "provider", "payment_id", "account_number", "amount_micro", "currency", "reason",
            "journal_id", "received_at",
        ),
    ),
    SealedTable(
        "payment_event",
        ("id",),
        ("id", "provider", "event_id", "event_id_sha256", "body_sha256", "received_at"),
    ),
    SealedTable(
        "payment_event_step",
        ("id",),
        ("id", "payment_event_id", "action", "who", "reason", "outcome_before", "outcome", "at"),
    ),
    SealedTable(
        "payment_movement",
        ("id",),
        (
            "id", "provider", "payment_id", "kind", "movement_id", "amount_micro", "currency",
            "is_total", "happened_at", "at",
        ),
    ),
    SealedTable(
        "payment_resolution",
        ("payment",),
        ("payment", "action", "account_id", "who", "reason", "journal_id", "at"),
    ),
    SealedTable(
        "debit_body", ("file_id",), ("file_id", "sha256", "lines", "sum_micro", "at")
    ),
    SealedTable(
        "debit_result",
        ("id",),
        ("id", "key", "sha256", "provider", "name", "answers", "uploaded_by", "at"),
    ),
    SealedTable("debit_step", ("id",), ("id", "file_id", "action", "who", "reason", "at")),
    SealedTable(
        "transfer_body", ("file_id",), ("file_id", "sha256", "lines", "sum_micro", "at")
    ),
    SealedTable(
        "transfer_result",
        ("id",),
        ("id", "key", "sha256", "provider", "name", "answers", "uploaded_by", "at"),
    ),
    SealedTable("transfer_step", ("id",), ("id", "file_id", "action", "who", "reason", "at")),
    SealedTable(
        "payout_step",
        ("id",),
        ("id", "payout_id", "key", "action", "bank_line", "who", "reason", "state_before", "at"),
    ),
    SealedTable(
        "policy_version",
        ("id",),
        (
            "id", "number", "document", "sha256", "effective_from", "drafted_by", "draft_reason",
            "drafted_at", "published_by", "reason", "published_at",
        ),
    ),
    SealedTable(
        "posting",
        ("journal_id", "ledger_account"),
        ("journal_id", "ledger_account", "amount_micro"),
        of_journal=True,
    ),
    SealedTable(
        "prepay_agreement",
        ("account_id", "version"),
        (
            "account_id", "version", "jurisdiction", "customer_class", "mode", "warning_micro",
            "overdraft_micro", "cut_micro", "contacts", "reconnection", "valid_from", "signed_at",
            "signed_by", "paper_reference", "paper_sha256", "is_ended", "by", "reason", "at",
        ),
    ),
    SealedTable(
        "procedure_evidence",
        ("id",),
        (
            "id", "account_id", "kind", "name", "at", "said_at", "by", "role", "form", "reference",
            "cited", "cause_id", "takes_back", "reason", "recorded_at",
        ),
    ),
    SealedTable(
        "procedure_version",
        ("jurisdiction", "customer_class", "mode", "version"),
        (
            "jurisdiction", "customer_class", "mode", "version", "valid_from", "document",
            "draft_id", "drafted_by", "published_by", "reason", "published_at",
        ),
    ),
    SealedTable(
        "proposal",
        ("id",),
        (
            "id", "kind", "subject", "key", "parameters", "amount_micro", "currency", "who",
            "reason", "at", "expires_at",
        ),
    ),
    SealedTable(
        "proposal_outcome", ("proposal_id",), ("proposal_id", "action", "who", "reason", "at")
    ),
    SealedTable(
        "settlement_file",
        ("id",),
        (
            "id", "provider", "business_day", "revision", "key", "sha256", "name", "format",
            "mapping", "lines", "uploaded_by", "reason", "at",
        ),
    ),
    SealedTable(
        "settlement_step",
        ("id",),
        ("id", "difference_id", "key", "action", "who", "reason", "state_before", "at"),
    ),
    SealedTable(
        "site_code", ("id",), ("id", "order_id", "meter_id", "counter", "epoch", "issued_at")
    ),
    SealedTable("site_code_reading", ("id",), ("id", "site_code_id", "read_by", "at")),
    SealedTable(
        "sole_act",
        ("id",),
        ("id", "kind", "about", "also_about", "amount_micro", "currency", "who", "at"),
    ),
    SealedTable(
        "tariff_version",
        ("code", "valid_from", "correction"),
        (
            "code", "valid_from", "correction", "currency", "timezone", "document",
            "published_by", "reason", "published_at",
        ),
    ),
    SealedTable(
        "top_up_request",
        ("id",),
        (
            "id", "mandate_id", "account_id", "provider", "reference", "amount_micro", "currency",
            "debt_id", "statement_id", "requested_on", "requested_at",
        ),
    ),
    SealedTable("top_up_request_close", ("request_id",), ("request_id", "who", "reason", "at")),
    SealedTable(
        "topup",
        ("payment",),
        (
            "payment", "account_id", "journal_id", "amount_micro", "repaid_micro", "debts_micro",
            "added_micro", "paid_off", "balance_micro", "left_micro", "above_maximum_micro", "at",
        ),
    ),
    SealedTable(
        "transfer",
        ("id",),
        (
            "id", "key", "from_account_id", "to_account_id", "amount_micro", "currency",
            "may_overdraw", "who", "reason", "from_balance_micro", "to_balance_micro",
            "proposal_id", "journal_id", "at",
        ),
    ),
    SealedTable(
        "vend",
        ("id",),
        (
            "id", "vendor_id", "key", "account_id", "account_number", "amount_micro", "currency",
            "tender", "reference", "sold_by", "business_day", "balance_before_micro",
            "balance_micro", "owed_micro", "paid_off", "credit_micro", "supply_state",
            "at",
        ),
    ),
    SealedTable(
        "vend_bar", ("vendor_id", "key"), ("vendor_id", "key", "who", "reason", "at")
    ),
    SealedTable(
        "vend_void",
        ("id",),
        ("id", "vend_id", "key", "who", "reason", "balance_micro", "business_day", "at"),
    ),
    SealedTable(
        "vendor_funding",
        ("id",),
        (
            "id", "vendor_id", "key", "amount_micro", "means", "reference", "who", "journal_id",
            "at",
        ),
    ),
    SealedTable(
        "vendor_funding_reversal",
        ("id",),
        ("id", "funding_id", "key", "who", "reason", "journal_id", "at"),
    ),
    SealedTable(
        "vendor_step", ("id",), ("id", "vendor_id", "action", "decided", "who", "reason", "at")
    ),
)  # fmt: skip
"""In the order of their names. What is not here of a table may change: an outcome, a status."""

SEALED_BY_NAME: Mapping[str, SealedTable] = {table.name: table for table in SEALED}

READINGS = "meter_day"
"""The table whose rows of a day leave in the end: see the room `retention`."""

CUSTOMERS = "customers"
"""Of all sums by ledger account, the one of the accounts of customers: their entries."""


@dataclass(frozen=True, slots=True)
class TableSeal:
    """A table's day: how many rows, and the root of the tree over them."""

    rows: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """A day that is closed. ``head`` is the SHA-256 of ``body``, which names ``previous``."""

    day: date
    previous: bytes
    head: bytes
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That ``row`` (its canonical text) is leaf ``number``, from 0, of ``count`` of its table's
    tree; ``path``: the hashes from the leaf to ``root``, lowest first."""

    day: date
    table: str
    row: str
    leaf: bytes
    number: int
    count: int
    path: Sequence[bytes]
    root: bytes
    head: bytes


Moved: TypeAlias = Mapping[str, Mapping[str, int]]
"""What a day moved, in micro-units by currency and ledger account; `CUSTOMERS` are one of these,
and each currency sums to zero."""


@dataclass(frozen=True, slots=True)
class PostingDay:
    """``day`` is open; ``unsealed`` was left and waits for its seal."""

    day: date
    unsealed: date | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: what, by which check, of which day (none: no single one).
    ``is_note``: nothing that does not hold, but what could not be checked, and why."""

    check: str
    day: date | None
    what: str
    is_note: bool = False

    def __str__(self) -> str:
        day = "" if self.day is None else f"{self.day} "
        return f"{self.check}: {day}{self.what}"
