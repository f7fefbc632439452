"""From events to facts: what contradicts itself is refused by name."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from billing.postings.take_charges import UnusableCharge, newest
from billing.terms.facts import (
    UnusableFact,
    UnusableTariff,
    agreement_of,
    edit_of,
    installation_of,
    meter_of,
    tariff_of,
)
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.contracts.ledger_facts_v1 import EditKind

DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"document": "{"}, "neither YAML nor JSON"),
        ({"document": "{}"}, "components"),
        ({"tariff_code": "other"}, "the document is of t-"),
        ({"valid_from": date(2026, 12, 1)}, "the document is of t-"),
        ({"currency": "EUR"}, "in CNY"),
    ],
)
def test_a_tariff_that_cannot_be_rated_by(homes, changes: dict[str, Any], words: str) -> None:
    event = homes(first_day=DAY).tariff
    assert tariff_of(event).valid_from == DAY
    with pytest.raises(UnusableTariff, match=words):
        tariff_of(msgspec.structs.replace(event, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"end_day": date(2026, 10, 31)}, "before it begins"),
        ({"first_day": date(1, 1, 1)}, "first_day is 0001-01-01"),
        ({"end_day": date(9999, 12, 31)}, "end_day is 9999-12-31"),
    ],
)
def test_an_agreement_that_cannot_be(homes, changes: dict[str, Any], words: str) -> None:
    event = homes(first_day=DAY).agreement()
    assert agreement_of(event).first_day == DAY
    with pytest.raises(UnusableFact, match=words):
        agreement_of(msgspec.structs.replace(event, **changes))


def test_an_agreement_may_end_on_the_day_it_begins(homes) -> None:
    assert agreement_of(homes(first_day=DAY).agreement(end_day=DAY)).end_day == DAY


def test_installations_meters_and_edits_that_cannot_be(homes) -> None:
    home = homes(first_day=DAY)
    with pytest.raises(UnusableFact, match="multiplier 0"):
        installation_of(home.installation(multiplier=0))
    with pytest.raises(UnusableFact, match="ends"):
        installation_of(home.installation(ends_at=home.begins_at - timedelta(hours=1)))
    with pytest.raises(UnusableFact, match="max_w is required"):
        meter_of(home.registered(household=False))
    with pytest.raises(UnusableFact, match="only a set has one"):
        edit_of(home.edit(home.begins_at, EditKind.SET))
    with pytest.raises(UnusableFact, match="name of who decides"):
        edit_of(msgspec.structs.replace(home.edit(home.begins_at, EditKind.REMOVE), by=" "))


def charge(first: date, end: date, version: int = 1) -> PostedCharge:
    return PostedCharge(UUID(int=1), UUID(int=2), first, end, version, 1, 2, 3, None)


def test_of_several_totals_the_highest_version_holds() -> None:
    end = date(2026, 12, 1)
    some = [
        charge(DAY, end, 2),
        charge(DAY, end, 3),
        charge(DAY, end, 1),
        charge(end, DAY.max.replace(year=2027)),
    ]
    assert [(each.period_first, each.version) for each in newest(some)] == [(DAY, 3), (end, 1)]


@pytest.mark.parametrize(("first", "end"), [(DAY, DAY), (DAY, date.max), (date.min, DAY)])
def test_a_period_that_is_none(first: date, end: date) -> None:
    with pytest.raises(UnusableCharge, match="is no period"):
        newest([charge(first, end)])
