"""Which findings of a look send somebody to the relay."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_looks import DAY, FIRST, LOOK, at, meter

from prepay_ledger.looks.relay_orders import ENERGY_WH_MAX, relay_orders
from prepay_ledger.work_orders.values import WorkOrderKind
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.checks import vee10_gap, vee11_frozen, vee13_use_while_disconnected
from prewatt_metering.vee.findings import Finding

K = WorkOrderKind
USED = {FIRST + DAY * day: 5 for day in range(35)}
WATCHING = replace(LOOK, none_while_closed_days=3)


def flowed(wh: int, *, end: float = 30) -> Finding:
    return vee13_use_while_disconnected.CHECK.finding(
        meter="m", begin_us=at(20), end_us=at(end), before=50, after=50 + wh
    )


def stands(begin: float, end: float) -> Finding:
    return vee11_frozen.CHECK.finding(
        meter="m", begin_us=at(begin), end_us=at(end), before=7, after=7
    )


SILENT = vee10_gap.CHECK.finding(meter="m", begin_us=at(2), end_us=at(35), before=1, after=1)


@pytest.mark.parametrize(
    ("finding", "kind"),
    [
        (flowed(ENERGY_WH_MAX), None),
        (flowed(ENERGY_WH_MAX + 1), K.ENERGY_WHILE_OPEN),
        (stands(32.5, 35), None),
        (stands(32, 35), K.NONE_WHILE_CLOSED),
        # Energy flows again.
        (stands(25, 30), None),
        (
            vee10_gap.CHECK.finding(meter="m", begin_us=at(2), end_us=at(35), before=1, after=1),
            None,
        ),
    ],
)
def test_what_sends_somebody(finding: Finding, kind: WorkOrderKind | None) -> None:
    found = list(relay_orders(meter([], days=USED), [finding], relay_open=(), look=WATCHING))
    assert [each.kind for each in found] == ([] if kind is None else [kind])
    for each in found:
        assert each.known_until == instant_of(finding.end_us)
        assert each.account_id is not None


def test_load_is_expected_of_who_used_every_day_and_where_the_policy_asks() -> None:
    standing = [stands(30, 35)]
    used = dict(USED)
    del used[FIRST + timedelta(days=20)]
    assert list(relay_orders(meter([], days=used), standing, relay_open=(), look=WATCHING)) == []
    assert list(relay_orders(meter([], days=USED), standing, relay_open=(), look=LOOK)) == []
    assert (
        len(list(relay_orders(meter([], days=USED), standing, relay_open=(), look=WATCHING))) == 1
    )


@pytest.mark.parametrize(
    ("relay_open", "orders"),
    [
        ([Span(at(25), at(29))], 1),
        ([Span(at(30), at(31.9))], 1),
        ([Span(at(30), at(32.1))], 0),
        ([Span(at(30), at(31)), Span(at(33), None)], 0),
        ([Span(at(36), None)], 1),
    ],
)
def test_while_the_relay_is_open_nothing_is_expected(relay_open: list[Span], orders: int) -> None:
    found = relay_orders(
        meter([], days=USED), [stands(30, 35)], relay_open=relay_open, look=WATCHING
    )
    assert len(list(found)) == orders
