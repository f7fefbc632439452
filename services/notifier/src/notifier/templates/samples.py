"""Notices as they might be: each that has all its facts, and each that lacks some."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import msgspec

from notifier.contacts.consents import Purpose
from notifier.notices.values import Facts, Template
from notifier.templates.variables import VARIABLES, Kind
from prewatt_common.contracts.ledger_events_v1 import NotCollected, ReconnectionStage

SAMPLE_NUMBER = "1100023456789"
SAMPLE_AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
_FIELDS: Mapping[str, tuple[str, Any]] = {
    "threshold": ("threshold_micro", 20_000_000),
    "days_left": ("days_left", 7),
    "ends_at": ("ends_at", SAMPLE_AT + timedelta(days=2, hours=10)),
    "buy_by": ("buy_by", SAMPLE_AT + timedelta(days=1, hours=6)),
    "amount": ("amount_micro", 234_560_000),
    "limit_w": ("limit_w", 3000),
    "stage": ("stage", ReconnectionStage.ISSUED),
    "paid_off": ("paid_off_micro", 45_670_000),
    "owed": ("owed_micro", 567_890_000),
    "owed_again": ("owed_again_micro", 67_890_000),
    "left": ("left_micro", 78_900_000),
    "repaid": ("repaid_micro", 56_780_000),
    "after_days": ("after_days", 30),
    "instalments": ("instalments", 12),
    "next_due": ("next_due", date(2026, 4, 1)),
    "retry_on": ("retry_on", date(2026, 3, 3)),
    "why": ("why", NotCollected.ACCOUNT_UNUSABLE),
    "statement": ("statement_number", 1_000_042),
    "period_first": ("period_first", date(2026, 1, 1)),
    "period_last": ("period_last", date(2026, 1, 31)),
    "due_on": ("due_on", date(2026, 2, 14)),
    "late": ("late_micro", 3_450_000),
    "as_of": ("as_of", SAMPLE_AT),
    "purposes": ("purposes", tuple(Purpose)),
    "pay_at": ("pay_at", "https://pay.example.org/p/0123456789abcdef"),
    "tails": ("tails", ("6789", "1234", "0042", "7777", "5310")),
}
"""Each amount another one, so that a text that says the wrong one is found."""


def sample_facts(template: Template, *, currency: str = "CNY") -> Sequence[Facts]:
    """The fullest first. Numbers are many and one, a stage is each that there is."""
    variables = VARIABLES[template]
    found: list[Facts] = []
    for present in variables.presences():
        base = Facts(
            at=SAMPLE_AT,
            currency=currency,
            timezone="Asia/Shanghai",
            balance_micro=-12_340_000 if "balance" in present else None,
            **dict(_FIELDS[name] for name in present if name in _FIELDS),
        )
        stages = list(ReconnectionStage) if "stage" in present else [None]
        numbers = [name for name in sorted(present) if variables.kinds[name] is Kind.NUMBER]
        for stage, one in product(stages, [False, True] if numbers else [False]):
            changes: dict[str, Any] = {_FIELDS[name][0]: 1 for name in numbers} if one else {}
            found.append(msgspec.structs.replace(base, stage=stage, **changes))
    return found
