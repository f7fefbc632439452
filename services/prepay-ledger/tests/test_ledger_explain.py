"""Supply explained in a customer's words: every rule in every language, with the numbers."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from prepay_ledger.balances.values import Account
from prepay_ledger.breakers.values import Cause
from prepay_ledger.policies.values import HoldReason
from prepay_ledger.prepay_agreements.values import Refused
from prepay_ledger.relays.next_step import Waits
from prepay_ledger.supply.decide import Facts, Held, Hold, Rules
from prepay_ledger.supply.explain import LastDecision, explain
from prepay_ledger.supply.explain_texts import (
    CITED,
    HOLDS,
    PAY,
    PAY_AND_PRESS,
    STATES,
    STEP,
    UNTIL,
    Language,
)
from prepay_ledger.supply.replay import Inputs
from prepay_ledger.supply.warning_limits import WarningLimit
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.ledger_events_v1 import SupplyState, WarnedBy

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 1, 14, tzinfo=UTC)
MORNING = datetime(2026, 3, 1, 23, tzinfo=UTC)
ACCOUNT = Account(
    id=UUID(int=1),
    number="H-1",
    currency="CNY",
    balance_micro=-1_230_000,
    low_balance_micro=5_000_000,
    overdraft_micro=0,
    protected=False,
    supply_state=SupplyState.PENDING,
    opened_at=AT,
)
FACTS = Facts(
    state=SupplyState.WARNED,
    balance_micro=-1_230_000,
    warned_at=(WarningLimit(micro=5_000_000, by=WarnedBy.ACCOUNT),),
    overdraft_micro=0,
    protected=False,
    meters=1,
    open_meters=0,
    parked_meters=0,
    untrusted_meters=0,
    holds=(Hold(rule="friendly_hours", until=MORNING), Hold(rule="step:notice-15-days")),
    procedure="in/any/prepay v2",
)


def last(*held: str, facts: Facts = FACTS, rules: Rules | None = None) -> LastDecision:
    inputs = Inputs(facts=facts, relays=(), rules=rules or Rules(policy=3), now=AT)
    return LastDecision(id=UUID(int=7), at=AT, held=held, inputs=inputs)


@pytest.mark.parametrize("language", Language)
def test_every_rule_and_state_has_words_in_every_language(language: Language) -> None:
    rules = {STEP, *Held, *HoldReason, *Cause, *ConditionKind, *Refused, *Waits}
    assert set(HOLDS[language]) == rules
    assert set(STATES[language]) == set(SupplyState)
    for texts in (UNTIL, PAY, PAY_AND_PRESS, CITED):
        names = {frozenset(re.findall(r"{(\w+)}", text)) for text in texts.values()}
        assert len(names) == 1
    for state in SupplyState:
        of = {frozenset(re.findall(r"{(\w+)}", STATES[each][state])) for each in Language}
        assert len(of) == 1, state


def test_a_cut_that_is_held_says_what_holds_it_and_until_when() -> None:
    held = last("friendly_hours", "step:notice-15-days")
    said = explain(ACCOUNT, held, language=Language.EN, zone=ZONE)
    assert said.text.splitlines() == [
        "Account H-1 has supply, though the balance is -1.23 CNY and supply may be cut at "
        "0.00 CNY or less. It is not cut now:",
        "- nobody is cut at this hour, until 2026-03-02 07:00",
        "- a step that the law asks for before a cut has not been done (notice-15-days)",
        "Procedure: in/any/prepay v2. Policy: version 3. Decision "
        "00000000-0000-0000-0000-000000000007 of 2026-03-01 22:00.",
    ]
    assert [each.until for each in said.holds] == [MORNING, None]
    assert said.to_pay_micro is None


@pytest.mark.parametrize(
    ("confirms", "tail"),
    [(False, "supply comes back by itself."), (True, "by the meter's button.")],
)
def test_who_is_dark_is_told_what_to_pay_and_what_then(confirms: bool, tail: str) -> None:
    dark = replace(ACCOUNT, supply_state=SupplyState.DISCONNECTED)
    facts = Facts(
        **{n: getattr(FACTS, n) for n in FACTS.__struct_fields__} | {"confirms": confirms}
    )
    said = explain(dark, last(facts=facts), language=Language.EN, zone=ZONE)
    # A micro-unit more than nothing, told in whole cents that suffice.
    assert said.to_pay_micro == 1_230_001
    assert "off since 2026-03-01 22:00" in said.text
    assert "Top up 1.24 CNY or more" in said.text
    assert said.text.splitlines()[1].endswith(tail)


def test_who_was_never_decided_about_is_told_as_much() -> None:
    calm = replace(ACCOUNT, supply_state=SupplyState.CONNECTED, balance_micro=9_000_000)
    said = explain(calm, None, language=Language.ZH_CN, zone=ZONE)
    assert said.text == "户号H-1正常供电，余额9.00 CNY。"
