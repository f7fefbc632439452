"""Synthetic households, made from a seed: nobody's data. How each kind lives is an assumption of
ours, written here in full, so a rate that is measured on them says how the rules behave and not how
often households are in need."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median_low
from uuid import UUID

from billing.hardship.policy import HardshipPolicy, policy_of
from billing.hardship.use import use_ratio
from billing.hardship.values import Household, Ratio, Span, TopUp
from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.yaml_text import read_yaml

EXAMPLE = Path(__file__).parents[3] / "docs" / "hardship" / "example.yaml"
CALENDAR = LocalCalendar("Asia/Shanghai")
DAY = timedelta(days=1)
CNY = 1_000_000
KINDS = (
    "steady",
    "budgets_weekly",
    "holiday",
    "holiday_ran_out",
    "vacant",
    "solar",
    "car_sold",
    "buys_by_app",
    "forgets",
    "forgets_often",
    "night_worker",
    "rations",
    "struggles",
    "self_disconnects",
)
IN_NEED = ("rations", "self_disconnects")


def example_policy() -> HardshipPolicy:
    """As docs/hardship/example.yaml has it."""
    return policy_of(json.loads(json.dumps(read_yaml(EXAMPLE.read_bytes()))))


@dataclass
class Life:
    """What came of a household in a winter, up to ``day``."""

    kind: str
    day: date
    used_wh: dict[date, int] = field(default_factory=dict)
    top_ups: list[TopUp] = field(default_factory=list)
    off: list[Span] = field(default_factory=list)
    credit: list[Span] = field(default_factory=list)

    def household(self, number: int, neighbours: Ratio | None) -> Household:
        return Household(
            account_id=UUID(int=number),
            day=self.day,
            top_ups=sorted(self.top_ups),
            off=sorted(self.off),
            credit=sorted(self.credit),
            used_wh=self.used_wh,
            neighbours=neighbours,
        )


def at(day: date, hour: float) -> int:
    """An instant of the local day."""
    return CALENDAR.first_instant_us(day) + int(hour * HOUR_US)


def life(kind: str, *, seed: int, day: date) -> Life:
    """Of 120 days up to ``day``: it turns cold over the last six weeks, and in the last four what
    the kind is about happens."""
    chance = random.Random(f"{kind}/{seed}")
    lived = Life(kind, day)
    base_wh = chance.randrange(4_000, 11_000)
    for ago in range(119, -1, -1):
        warmth = 1.0 + 0.6 * max(0, 42 - ago) / 42
        noise = chance.uniform(0.75, 1.25)
        lived.used_wh[day - ago * DAY] = int(base_wh * noise * _share(kind, ago, warmth, chance))
    _buy(lived, chance)
    _go_without(lived, chance)
    return lived


def _share(kind: str, ago: int, warmth: float, chance: random.Random) -> float:
    """Of the base, so many days ago."""
    since, share = {
        "holiday": (18, 0.08 / warmth),
        "holiday_ran_out": (18, 0.08 / warmth),
        "vacant": (90, 0.03 / warmth),
        "car_sold": (20, 0.5),
        "struggles": (25, 0.8),
        "solar": (35, 0.45),
        "rations": (25, 0.55 / warmth),
        "self_disconnects": (21, chance.uniform(0.45, 0.8)),
    }.get(kind, (0, 1.0))
    return warmth * (share if ago < since else 1.0)


def _buy(lived: Life, chance: random.Random) -> None:
    """Of a bigger household more; steady ones about every ten days, by day."""
    usual = chance.randrange(60, 140) * CNY
    every = 7 if lived.kind == "budgets_weekly" else chance.randrange(8, 14)
    night = lived.kind == "night_worker"
    ago = 119.0 - chance.uniform(0, every)
    while ago >= 0:
        day = lived.day - int(ago) * DAY
        in_need = lived.kind in IN_NEED and ago < 28
        away = (lived.kind.startswith("holiday") and ago < 18) or (
            lived.kind == "vacant" and ago < 90
        )
        if lived.kind == "buys_by_app" and ago < 28:
            lived.top_ups.append(TopUp(at(day, chance.uniform(8, 23.5)), int(usual * 0.25)))
            ago -= chance.uniform(1.5, 3.5)
            continue
        if lived.kind == "struggles" and ago < 28:
            share = chance.uniform(0.3, 0.7)
            lived.top_ups.append(TopUp(at(day, chance.uniform(8, 24)), int(usual * share)))
            ago -= chance.uniform(3, 6)
            continue
        if not away:
            late = (night and chance.random() < 0.7) or (in_need and chance.random() < 0.35)
            hour = chance.uniform(23.1, 23.9) if late else chance.uniform(8, 22)
            share = chance.uniform(0.1, 0.3) if in_need else chance.uniform(0.8, 1.2)
            lived.top_ups.append(TopUp(at(day, hour), int(usual * share)))
        ago -= chance.uniform(1.5, 3.0) if in_need else every * chance.uniform(0.8, 1.2)


def _go_without(lived: Life, chance: random.Random) -> None:
    match lived.kind:
        case "self_disconnects":
            for ago in sorted(chance.sample(range(2, 26), 4), reverse=True):
                begin = at(lived.day - ago * DAY, chance.uniform(14, 22))
                lived.off.append(Span(begin, begin + int(chance.uniform(4, 20) * HOUR_US)))
                taken = begin - int(chance.uniform(5, 30) * HOUR_US)
                lived.credit.append(Span(taken, begin + DAY_US))
        case "forgets":
            begin = at(lived.day - chance.randrange(1, 28) * DAY, chance.uniform(9, 20))
            lived.off.append(Span(begin, begin + int(chance.uniform(0.3, 6) * HOUR_US)))
        case "forgets_often":
            for ago in chance.sample(range(1, 27), 2):
                begin = at(lived.day - ago * DAY, chance.uniform(9, 20))
                lived.off.append(Span(begin, begin + int(chance.uniform(0.3, 6) * HOUR_US)))
        case "struggles":
            for ago in chance.sample(range(1, 27), chance.randrange(1, 4)):
                begin = at(lived.day - ago * DAY, chance.uniform(9, 22))
                lived.off.append(Span(begin, begin + int(chance.uniform(1, 12) * HOUR_US)))
        case "holiday_ran_out" if chance.random() < 0.5:
            lived.off.append(Span(at(lived.day - 6 * DAY, 11), None))
        case "vacant" if chance.random() < 0.5:
            lived.off.append(Span(at(lived.day - 20 * DAY, 11), None))
        case _:
            pass


def town(*, day: date, each: int, seed: int = 1) -> Iterator[tuple[str, Household]]:
    """So many of each kind, and ten times as many steady ones, under one tariff: the neighbours'
    median is taken of all of them."""
    policy = example_policy()
    lives = [
        life(kind, seed=seed * 100_000 + number, day=day)
        for kind in KINDS
        for number in range(each * (10 if kind == "steady" else 1))
    ]
    ratios = [use_ratio(one.used_wh, day=day, policy=policy) for one in lives]
    known = [ratio.ppm for ratio in ratios if ratio is not None]
    neighbours = Ratio(len(known), median_low(known))
    for number, one in enumerate(lives):
        yield one.kind, one.household(number, neighbours)


def tallied(found: Mapping[str, list[str | None]], level: str | None) -> dict[str, int]:
    """Of each kind, how many in a hundred are at this level."""
    return {kind: 100 * some.count(level) // len(some) for kind, some in found.items()}
