"""All checks, by id, and their table for people (libs/metering/README.md, held equal by a test)."""

from prewatt_metering.vee.checks import (
    vee01_duplicate,
    vee02_out_of_range,
    vee03_conflict,
    vee04_rollover,
    vee05_glitch,
    vee06_reset,
    vee07_implausible,
    vee08_six_excursions,
    vee09_late,
    vee10_gap,
    vee11_frozen,
    vee12_zero_use,
    vee13_use_while_disconnected,
    vee14_spike,
    vee15_clock_drift,
    vee16_wall_gap,
    vee17_wall_fold,
    vee18_sum_against_register,
    vee19_no_installation,
    vee20_dated_away,
)
from prewatt_metering.vee.findings import Check

CHECKS: tuple[Check, ...] = (
    vee01_duplicate.CHECK,
    vee02_out_of_range.CHECK,
    vee03_conflict.CHECK,
    vee04_rollover.CHECK,
    vee05_glitch.CHECK,
    vee06_reset.CHECK,
    vee07_implausible.CHECK,
    vee08_six_excursions.CHECK,
    vee09_late.CHECK,
    vee10_gap.CHECK,
    vee11_frozen.CHECK,
    vee12_zero_use.CHECK,
    vee13_use_while_disconnected.CHECK,
    vee14_spike.CHECK,
    vee15_clock_drift.CHECK,
    vee16_wall_gap.CHECK,
    vee17_wall_fold.CHECK,
    vee18_sum_against_register.CHECK,
    vee19_no_installation.CHECK,
    vee20_dated_away.CHECK,
)


def table() -> str:
    """The checks as a Markdown table."""
    rows = [
        f"| {each.check_id} | {each.name} | {each.severity} | {'yes' if each.stops_cut else ''} "
        f"| {each.says} | {each.values} ({each.unit}) |"
        for each in CHECKS
    ]
    head = "| id | name | severity | stops cuts | what it says | both values |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows]) + "\n"
