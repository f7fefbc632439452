"""The policy table, whole: class, calendar, evidence, balance, protection, each with each other.

Pure; what is expected is worked out in `ledger_policy_table`. The same table goes through
PostgreSQL in test_ledger_policy_table_stack.py.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from ledger_policies import version
from ledger_policy_table import (
    CREDIT,
    HEAT,
    HERE,
    INSTANTS,
    LOW,
    POLICY,
    WARNED_LAW,
    ZONE,
    Expected,
    Home,
    expected,
    expires_at,
    homes_at,
)

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.policies.in_force import concerning, holds, next_hold_begins
from prepay_ledger.policies.values import Area, ProtectedPeriod
from prepay_ledger.prepay_agreements.rules import lawful
from prepay_ledger.prepay_agreements.values import Grounds, first_agreement
from prepay_ledger.procedures.values import (
    DIRECT,
    Evidence,
    EvidenceKind,
    PublishedProcedure,
    Shortfall,
)
from prepay_ledger.relays.values import Desired, Observed, Relay
from prepay_ledger.supply.decide import Facts, Hold, earliest
from prepay_ledger.supply.grounds import rules_of
from prepay_ledger.supply.settle import Settled, settle
from prepay_ledger.supply.warning_limits import warning_limits
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.procedure_v1 import procedure_of
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind

BOOK = PolicyBook([version(1, **POLICY)])
_BY = Decided(by="li", reason="test", at=INSTANTS[0] - timedelta(days=9))
DECLARED = [
    ProtectedPeriod(
        id=uuid4(), kind=PeriodKind.HEAT, name="heat", begins_at=begin, decided=_BY,
        area=Area(AreaLevel.STATION_AREA, area), ends_at=begin + timedelta(days=1),
    )
    for area, begin in HEAT.items()
]  # fmt: skip
LAWS = {
    each.jurisdiction: PublishedProcedure(version=1, procedure=each)
    for each in (DIRECT, procedure_of(WARNED_LAW))
}


@pytest.mark.parametrize("now", INSTANTS, ids=lambda now: f"{now:%a-%d-%b-%H%M}")
def test_every_household_at_this_instant(now: datetime) -> None:
    outcomes: Counter[str] = Counter()
    for home in homes_at(now):
        settled = settled_of(home)
        wanted = expected(home)
        outcomes[wanted.outcome] += 1
        assert became(home, settled) == wanted, str(home)
        for moved in settled.moved:
            if moved.step.action is RelayAction.DISCONNECT:
                assert moved.step.expires_at == expires_at(home), str(home)
    assert sum(outcomes.values()) == 1_080
    everything = {"on", "cut", "held", "dark", "back"}
    assert outcomes.keys() == everything - ({"cut"} if now.date() == HEAT[HERE].date() else set())


def settled_of(home: Home) -> Settled:
    """By the ledger's pure rules."""
    terms = home.terms
    policy = BOOK.in_force(terms.customer_class if home.is_signed else "default", at=home.now)
    declared = concerning(DECLARED, [Area(AreaLevel.STATION_AREA, HERE)])
    signed = first_agreement(home.id, terms, _BY) if home.is_signed else None
    short = Shortfall(*(home.low_since or home.now,) * 2)
    law = lawful(
        Grounds(signed, signed and LAWS[terms.jurisdiction], _evidence(home)),
        short=short, balance_micro=home.balance_micro, now=home.now,
    )  # fmt: skip
    by_the_calendar = holds(policy, at=home.now, zone=ZONE, declared=declared)
    rules = [each.reason.value for each in by_the_calendar]
    rules += [law.refused] if law.refused else [f"step:{each.name}" for each in law.missing]
    facts = Facts(
        state=state_before(home),
        balance_micro=home.balance_micro,
        warned_at=warning_limits(
            policy.terms.warnings, own_micro=LOW, last_topup_micro=None, day_micro=None
        ),
        overdraft_micro=CREDIT,
        protected=policy.terms.protected or home.protection in ("account", "medical"),
        meters=1,
        open_meters=int(home.was_cut),
        parked_meters=int(home.evidence == "parked"),
        untrusted_meters=int(home.evidence == "finding"),
        estimated_meters=int(home.evidence == "estimated"),
        holds=tuple(Hold(rule=each) for each in rules),
        cut_not_after=earliest(
            [next_hold_begins(policy, at=home.now, zone=ZONE, declared=declared), law.not_after]
        ),
    )
    relay = Relay(
        meter_id=home.meter_id,
        desired=Desired.OPEN if home.was_cut else Desired.CLOSED,
        observed=Observed.OPEN if home.was_cut else Observed.CLOSED,
    )
    return settle(facts, [relay], rules=rules_of(policy), now=home.now)


def state_before(home: Home) -> SupplyState:
    if home.was_cut:
        return SupplyState.DISCONNECTED
    return SupplyState.CONNECTED if home.balance_micro > LOW else SupplyState.WARNED


def became(home: Home, settled: Settled) -> Expected:
    if settled.action is RelayAction.DISCONNECT:
        return Expected("cut")
    if settled.action is RelayAction.RECONNECT:
        return Expected("back")
    if settled.state is SupplyState.PENDING:
        return Expected("held", frozenset(settled.held))
    return Expected("dark" if settled.state is SupplyState.DISCONNECTED else "on")


def _evidence(home: Home) -> list[Evidence]:
    notice = home.notice
    if notice is None:
        return []
    return [
        Evidence(
            id=notice.notice_id, account_id=home.id, kind=EvidenceKind.NOTICE,
            name=notice.template, form=notice.channel, at=notice.at, by="notifier",
            recorded_at=notice.at,
        )
    ]  # fmt: skip
