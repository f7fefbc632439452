"""What a policy asks for that a simulation does not know: pure."""

from collections.abc import Iterable, Mapping, Sequence

from prepay_ledger.procedures.values import PublishedProcedure
from prewatt_common.contracts.supply_debts_v1 import CorrectedBills
from prewatt_common.contracts.supply_late_v1 import LatePayments
from prewatt_common.contracts.supply_modes_v1 import ModeChanges
from prewatt_common.contracts.supply_policy_v1 import (
    DEFAULT_CLASS,
    ClassPolicy,
    Commands,
    EvidenceGate,
    FleetBreaker,
    SupplyPolicy,
)

ALWAYS = (
    "what people would have done otherwise: payments are as they were",
    "use while there was really no supply: the mean of the account's other hours, an estimate",
    "charges within a day: one row a day, spread evenly between what its decisions knew; standing"
    " charges stop with the supply",
    "an account's own limits, credit and protection: as they stand now",
    "commands: every relay obeys in the hour, no meter is away; who has to confirm does so at once",
    "cuts that people or the fleet breaker held, and cuts that were undone",
)
"""Of both sides, whatever the policies say."""

OF_TARIFF = (
    "the other tariff's blocks, allowances and minimum: by what was really used, also where its"
    " side would have been dark",
    "the other tariff's charges: on the day of use, also where its readings came later",
    "times of use that the other tariff has anew: between two readings energy is split by time, as"
    " the ledger charges it",
)
"""Of a side with another tariff."""

_EVIDENCE: Mapping[str, str] = {
    "estimated_readings": "estimated readings",
    "failed_readings": "findings of validation that wait for a person",
    "disputed_readings": "disputes",
    "payment_provider_down": "payment providers that are down",
    "balance_view_down": "times in which customers could not see their balance",
    "payment_in_flight": "payments announced and not confirmed",
    "mode_change": "changes between prepaid and post-paid",
}
SIMULATED = frozenset(
    {"protected", "calendar", "grace_days_after_conversion", "coming_back", "load_limit_w"}
)
"""Fields of a class's policy that are decided by as they are."""


def unknown_of(policy: SupplyPolicy) -> tuple[str, ...]:
    """One line each, with the classes that ask for it."""
    asked: dict[str, list[str]] = {}
    for name, terms in (*policy.classes.items(), (DEFAULT_CLASS, policy.default)):
        for each in _of_class(terms):
            asked.setdefault(each, []).append(name)
    lines = [f"{what} ({', '.join(names)})" for what, names in asked.items()]
    if policy.fleet_breaker != FleetBreaker():
        lines.append("fleet_breaker: the pace and the stop of cuts of many at once")
    return tuple(lines)


def unknown_procedures(procedures: Iterable[PublishedProcedure]) -> tuple[str, ...]:
    """Of the law's procedures: that there is one counts, and its steps as done."""
    return tuple(
        f"steps, hindrances and days' lists of procedure {each}: they count as done"
        for each in procedures
        if each.procedure.steps or each.procedure.hindrances or each.procedure.cut_list
    )


def _of_class(terms: ClassPolicy) -> Sequence[str]:
    lines = [
        f"evidence.{field}: {what} hold no cut here"
        for field, what in _EVIDENCE.items()
        if getattr(terms.evidence, field)
    ]
    if terms.evidence.low_balance_notice_minutes is not None:
        lines.append(
            "evidence.low_balance_notice_minutes: a notice counts as delivered in the hour in which"
            " the balance is low"
        )
    if terms.small_load is not None:
        lines.append("small_load: who uses little is cut here like others")
    if terms.warnings.days_left:
        lines.append("warnings.days_left: a day costs the mean of the range, not of the last month")
    if terms.emergency_credit is not None:
        lines.append("emergency_credit: nobody accepts any here")
    if terms.maximum_balance_micro:
        lines.append("maximum_balance_micro: what was paid is credited here as it was")
    if terms.commands != Commands():
        lines.append("commands: answers, pauses and attempts")
    if terms.reconnection.credit_micro:
        lines.append("reconnection.credit_micro: credits for late reconnections are as they were")
    if terms.corrected_bills != CorrectedBills():
        lines.append("corrected_bills: what was kept apart of them is as it was")
    if terms.mode_changes != ModeChanges():
        lines.append("mode_changes: every account pays here as it does now")
    if terms.late_payments != LatePayments():
        lines.append("late_payments: late charges are as they were, and reminders are not told")
    return lines


NAMED = frozenset(
    {
        "small_load", "warnings", "emergency_credit", "maximum_balance_micro", "commands",
        "reconnection", "corrected_bills", "mode_changes", "late_payments",
    }
)  # fmt: skip
"""Fields of a class's policy of which a line says what is not known; `evidence` has its own."""
EVIDENCE_NAMED = frozenset({*_EVIDENCE, "low_balance_notice_minutes"})
assert frozenset(EvidenceGate.__struct_fields__) == EVIDENCE_NAMED, "each is simulated or named"
assert SIMULATED | NAMED | {"evidence"} == frozenset(ClassPolicy.__struct_fields__), (
    "each is simulated or named"
)
