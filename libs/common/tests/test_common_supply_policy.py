"""A supply policy's document: what it takes, and what is said of one that contradicts itself."""

from typing import Any

import msgspec
import pytest

from prewatt_common.contracts.supply_policy_v1 import (
    InvalidPolicy,
    SupplyPolicy,
    canonical,
    policy_of,
    sha256_of,
)

NIGHT = {"begin": "22:00", "end": "07:00"}
CITY = {"friendly_hours": [NIGHT], "public_holidays": ["2026-10-01"]}


def with_default(**terms: Any) -> dict[str, Any]:
    return {"default": terms}


def with_calendar(**calendar: Any) -> dict[str, Any]:
    return {"calendars": {"city": calendar}, "default": {"calendar": "city"}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "Expected `object`, got `array`"),
        ({"classses": {}}, "Object contains unknown field `classses`"),
        ({"classes": {"Home": {}}}, "classes: Expected `str` matching regex"),
        ({"classes": {"default": {}}}, "default stands beside classes, not among them"),
        ({"classes": {"home": {"calendar": "city"}}}, "class home: there is no calendar city"),
        ({"calendars": {"city": CITY}}, "calendars: no class has city"),
        (
            {"classes": {"home": {"commands": {"first_pause_s": 0}}}},
            "classes.home.commands.first_pause_s: Expected `int` >= 1",
        ),
        ({"classes": {"home": {"commands": {"first_pause_s": 1.5}}}}, "Expected `int`"),
        (
            with_default(commands={"first_pause_s": 600, "longest_pause_s": 60}),
            "default.commands: longest_pause_s is 60, shorter than first_pause_s, 600",
        ),
        (
            with_default(commands={"lifetime_s": 20}),
            "default.commands: lifetime_s is 20, shorter than answer_within_s, 120",
        ),
        (with_default(commands={"cut_lifetime_s": 61}), "Expected `int` <= 60"),
        (
            with_default(coming_back={"dues_share_ppm": 500_000}),
            "default.coming_back: give both dues_share_ppm and dues_days, or neither",
        ),
        (with_default(warnings={"days_left": [1, 3]}), "days_left must fall"),
        (with_default(warnings={"days_left": [3, 3]}), "days_left must fall"),
        (
            with_default(protected=True, load_limit_w=500),
            "default: load_limit_w is given, and a protected class is neither cut nor limited",
        ),
        (with_default(evidence={"low_balance_notice_minutes": -1}), "Expected `int` >= 0"),
        (with_default(reconnection={"credit_micro": -1}), "Expected `int` >= 0"),
        (
            with_calendar(friendly_hours=[{"begin": "22:00", "end": "22:00"}]),
            "calendars.city.friendly_hours[0]: the hours from 22:00 to 22:00 are none",
        ),
        (with_calendar(friendly_hours=[{"begin": "24:00", "end": "07:00"}]), "matching regex"),
        (with_calendar(weekdays=["sat", "sat"]), "weekdays: sat stands twice"),
        (with_calendar(nth_weekdays=[{"nth": 6, "weekday": "sat"}]), "Invalid enum value 6"),
        (with_calendar(public_holidays=["2026-02-30"]), "calendars.city.public_holidays[0]"),
        (with_calendar(public_holidays=["1999-12-31"]), "none of the years 2000 to 2099"),
        (with_calendar(before_holiday_from="12:00"), "public_holidays names none"),
        (
            with_calendar(
                protected_periods=[
                    {"kind": "exam", "name": "g", "first": "2026-06-09", "last": "2026-06-07"}
                ]
            ),
            "g would end on 2026-06-07, before it begins on 2026-06-09",
        ),
        (
            with_calendar(
                weekdays=["sat", "sun"],
                friendly_hours=[
                    {"begin": "08:00", "end": "20:00"},
                    {"begin": "19:00", "end": "08:00"},
                ],
            ),
            "leave no minute of the week",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_in_one_line(document: Any, message: str) -> None:
    with pytest.raises(InvalidPolicy) as raised:
        policy_of(document)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_left_out_is_as_it_was_before_there_were_documents() -> None:
    terms = policy_of({}).of_class("household")
    assert not terms.protected
    assert terms.calendar is None
    assert terms.commands.first_pause_s == 60
    assert terms.commands.lifetime_s == 24 * 3600
    assert terms.evidence.failed_readings
    assert terms.coming_back.balance_above_micro == 0
    switches = msgspec.structs.asdict(terms.evidence)
    assert [name for name, is_on in switches.items() if is_on] == ["failed_readings"]


def test_a_class_that_is_not_named_has_the_default() -> None:
    policy = policy_of(
        {"classes": {"municipal": {"protected": True}}, "default": {"load_limit_w": 500}}
    )
    assert policy.of_class("municipal").protected
    assert policy.of_class("municipal").load_limit_w is None, "nothing comes from the default"
    assert policy.of_class("household").load_limit_w == 500


def test_hours_may_leave_a_minute_only() -> None:
    hours = [{"begin": "00:01", "end": "00:00"}]
    assert policy_of(with_calendar(friendly_hours=hours, weekdays=["sat", "sun"]))


def test_what_is_kept_names_all_that_was_left_out_and_is_read_back_the_same() -> None:
    policy = policy_of(with_calendar(**CITY))
    kept = canonical(policy)
    assert b'"attempts_max":8' in kept
    again = msgspec.json.decode(kept, type=SupplyPolicy)
    assert (again, canonical(again), sha256_of(again)) == (policy, kept, sha256_of(policy))
