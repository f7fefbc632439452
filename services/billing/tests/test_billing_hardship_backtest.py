"""Of synthetic households, how many are shown that are not in need, and how many that are. The
households are made up (`hardship_cases`): the rates say how the rules behave, not how people live.
docs/hardship.md has the same figures."""

from collections import Counter, defaultdict
from datetime import date

import pytest
from hardship_cases import CALENDAR, IN_NEED, KINDS, example_policy, town

from billing.hardship.levels import assess
from billing.hardship.values import Level

EACH = 100
NEVER_SHOWN = ("steady", "budgets_weekly", "holiday", "solar", "car_sold", "forgets")
AWAY = ("holiday_ran_out", "vacant")


@pytest.mark.parametrize("day", [date(2026, 12, 15), date(2026, 7, 15)], ids=["winter", "summer"])
def test_who_is_shown(day: date) -> None:
    policy = example_policy()
    found: dict[str, Counter[Level | None]] = defaultdict(Counter)
    for kind, household in town(day=day, each=EACH):
        found[kind][assess(household, policy=policy, calendar=CALENDAR).level] += 1

    def shown(kind: str, *levels: Level) -> float:
        return sum(found[kind][each] for each in levels) / found[kind].total()

    assert set(found) == set(KINDS)
    for kind in NEVER_SHOWN:
        assert shown(kind, Level.WATCH, Level.LIKELY) <= 0.01, kind
    for kind in AWAY:
        assert shown(kind, Level.LIKELY) == 0, "somebody who is away is never called likely"
    for kind in ("buys_by_app", "night_worker"):
        assert shown(kind, Level.LIKELY) == 0
        assert shown(kind, Level.WATCH) <= 0.25, kind
    assert shown("forgets_often", Level.LIKELY) == 0
    for kind in IN_NEED:
        assert shown(kind, Level.WATCH, Level.LIKELY) >= 0.95, kind
    assert shown("self_disconnects", Level.LIKELY) >= 0.95
    assert shown("struggles", Level.WATCH, Level.LIKELY) >= 0.3
