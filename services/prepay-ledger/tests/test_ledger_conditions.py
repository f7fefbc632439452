"""What may be told of whom and for how long, and what stands of each account: by tables and by any
conditions at all."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.conditions.rules import obeyed, standing, why_not
from prepay_ledger.conditions.values import OF_UTILITY, PAYMENT_IN_FLIGHT_LONGEST
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.supply_policy_v1 import EvidenceGate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATEST = NOW + PAYMENT_IN_FLIGHT_LONGEST
HOME, OTHER = UUID(int=1), UUID(int=2)
IN_FLIGHT = ConditionKind.PAYMENT_IN_FLIGHT
OF_ACCOUNTS = sorted(set(ConditionKind) - OF_UTILITY)


@pytest.mark.parametrize(
    ("kind", "account_id", "until", "says"),
    [
        *((kind, None, None, None) for kind in sorted(OF_UTILITY)),
        *((kind, HOME, None, "told of no single account") for kind in sorted(OF_UTILITY)),
        *((kind, None, LATEST, "told of one account") for kind in OF_ACCOUNTS),
        (ConditionKind.MODE_CHANGE, HOME, None, None),
        (ConditionKind.DISPUTED_READINGS, HOME, NOW + timedelta(days=400), None),
        (ConditionKind.DISPUTED_READINGS, HOME, NOW + SECOND, None),
        (ConditionKind.DISPUTED_READINGS, HOME, NOW, "is over"),
        (IN_FLIGHT, HOME, LATEST, None),
        (IN_FLIGHT, HOME, NOW - SECOND, "is over"),
        (IN_FLIGHT, HOME, LATEST + SECOND, "2026-03-06T12:00:00"),
        (IN_FLIGHT, HOME, None, "say until when"),
    ],
)
def test_what_may_be_told(
    kind: ConditionKind, account_id: UUID | None, until: datetime | None, says: str | None
) -> None:
    refused = why_not(kind, account_id=account_id, until=until, now=NOW)
    assert refused is None if says is None else refused is not None and says in refused


TOLD = st.tuples(
    st.sampled_from([None, HOME, OTHER]),
    st.sampled_from(ConditionKind),
    st.sampled_from([None, NOW + SECOND, LATEST]),
)


@given(told=st.lists(TOLD, max_size=12))
def test_each_account_has_its_own_and_the_utilitys_to_the_last_end(
    told: list[tuple[UUID | None, ConditionKind, datetime | None]],
) -> None:
    found = standing(told, [HOME, OTHER])
    for account_id in (HOME, OTHER):
        of_it = [each for each in told if each[0] in (None, account_id)]
        expected: dict[ConditionKind, datetime | None] = {}
        for kind in {kind for _, kind, _ in of_it}:
            ends = [until for _, each, until in of_it if each is kind]
            known = [end for end in ends if end is not None]
            expected[kind] = None if None in ends else max(known)
        assert dict(found.get(account_id, {})) == expected


def test_nothing_stands_of_an_account_that_was_not_asked_for() -> None:
    told = [(HOME, IN_FLIGHT, LATEST), (None, ConditionKind.BALANCE_VIEW_DOWN, None)]
    assert set(standing(told, [OTHER])) == {OTHER}
    assert standing(told, [OTHER])[OTHER] == {ConditionKind.BALANCE_VIEW_DOWN: None}


@pytest.mark.parametrize("kind", ConditionKind)
def test_a_kind_holds_by_the_flag_of_its_name_alone(kind: ConditionKind) -> None:
    assert obeyed(EvidenceGate(**{kind: True})) == {kind}
    assert obeyed(EvidenceGate()) == frozenset()
