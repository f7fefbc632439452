"""Rows of mode changes and their steps, as values."""

from typing import Any, Protocol

from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.values import Consent
from prepay_ledger.mode_changes.values import ChangeState, ModeChange, Step, StepAction, Terms
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_modes_v1 import ModeChanges


class Columns(Protocol):
    """A row: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_change(row: Columns) -> ModeChange:
    """From its row."""
    return ModeChange(
        id=row["id"],
        account_id=row["account_id"],
        terms=Terms(
            to=Mode(row["to_mode"]),
            first_day=row["first_day"],
            tariff_code=row["tariff_code"],
            consent=Consent(
                by=row["consent_by"], reference=row["consent_reference"], at=row["consent_at"]
            ),
        ),
        rules=ModeChanges(
            notice_days=row["notice_days"],
            without_reading_after_days=row["without_reading_after_days"],
            owed=row["owed"],
            instalments=row["instalments"],
            due_days=row["due_days"],
        ),
        effective_at=row["effective_at"],
        state=ChangeState(row["state"]),
        reason=row["reason"],
        noticed_at=row["noticed_at"],
        waits_for=row["waits_for"],
        look_at=row["look_at"],
        agreement_id=row["agreement_id"],
        closing_micro=row["closing_micro"],
        closing_paid_micro=row["closing_paid_micro"],
        debt_id=row["debt_id"],
    )


def to_step(row: Columns) -> Step:
    """From its row."""
    return Step(
        id=row["id"],
        change_id=row["change_id"],
        action=StepAction(row["action"]),
        key=row["key"],
        reference=row["reference"],
        decided=Decided(by=row["who"], reason=row["reason"], at=row["at"]),
    )
