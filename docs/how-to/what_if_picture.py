"""The pictures of what-if.md: 2,000 invented households through March, by two policies, and at a
higher price.

    .venv/bin/python docs/how-to/what_if_picture.py

What "really" happened is a simulation too here, with more use in the evening than by day; the other
two sides know of it what a ledger keeps: each day's charge, payments, and the decisions.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.book import BUILT_IN, PolicyBook
from prepay_ledger.prepay_agreements.values import direct_terms, first_agreement
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.what_if.compare import compare
from prepay_ledger.what_if.happened import history_of
from prepay_ledger.what_if.hours import hours_of
from prepay_ledger.what_if.look import Books
from prepay_ledger.what_if.other_tariff import Other
from prepay_ledger.what_if.ports import Reader, Recorded
from prepay_ledger.what_if.report import report_of
from prepay_ledger.what_if.simulate import simulate
from prepay_ledger.what_if.values import Account, Move, Seen
from prewatt_cli.whatif_plot import draw
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.supply_policy_v1 import policy_of

HOUSEHOLDS = 2_000
KWH_MICRO = 600_000
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = hours_of(date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("Asia/Shanghai"))
EVENING = np.array([1] * 6 + [2] * 11 + [5] * 5 + [2] * 2)
NIGHTS = {"friendly_hours": [{"begin": "22:00", "end": "07:00"}]}
TITLE = "no cuts from 17:00 on, nor at week-ends"
WAS = {"calendars": {"city": NIGHTS}, "default": {"calendar": "city"}}
WOULD_BE = {
    "title": TITLE,
    "calendars": {
        "city": {
            "friendly_hours": [{"begin": "17:00", "end": "07:00"}],
            "weekdays": ["sat", "sun"],
        }
    },
    "default": {"calendar": "city"},
}


def books(document: dict[str, object]) -> Books:
    """One policy for ever."""
    policies = PolicyBook([replace(BUILT_IN, document=policy_of(document))])
    return Books(policies=policies, procedures=ProcedureBook())


def household(number: int) -> Recorded:
    """What the ledger would have kept of it."""
    chance = random.Random(number)  # noqa: S311 - the same households each time
    terms = direct_terms(number="1", low_balance_micro=0, overdraft_micro=0, at=LONG_AGO)
    signed = first_agreement(UUID(int=1), terms, Decided(by="-", reason="-", at=LONG_AGO))
    account = Account(
        id=UUID(int=number),
        number=str(number),
        currency="CNY",
        opening_micro=chance.randint(5, 60) * 1_000_000,
        low_balance_micro=10_000_000,
        overdraft_micro=0,
        is_protected=False,
        opened_at=LONG_AGO,
        agreements=[signed],
        serves=[(LONG_AGO, None)],
    )
    mean_wh = chance.randint(3_000, 9_000)
    wh = [int(mean_wh * chance.uniform(0.7, 1.3)) for _ in HOURS.days]
    every = chance.randint(5, 12)
    paid = mean_wh * every * KWH_MICRO // 1_000
    moves = [
        Move(HOURS.at(24 * day + chance.randint(8, 21)), int(paid * chance.uniform(0.8, 1.3)), True)
        for day in range(chance.randint(1, every), len(HOURS.days), every)
    ]
    known = history_of(
        account, charged_micro=[0] * 31, charged_wh=[0] * 31, moves=moves, seen=(), hours=HOURS
    )[0]
    use_wh = np.concatenate([each * EVENING // EVENING.sum() for each in wh])
    shaped = replace(known, use_wh=use_wh, use_micro=use_wh * KWH_MICRO // 1_000)
    happened = simulate(shaped, hours=HOURS, books=books(WAS))
    turns = np.flatnonzero(np.diff(happened.is_dark, prepend=False))
    on_wh = np.where(happened.is_dark, 0, shaped.use_wh).reshape(-1, 24).sum(axis=1)
    return Recorded(
        account=account,
        charged_micro=(on_wh * KWH_MICRO // 1_000).tolist(),
        charged_wh=on_wh.tolist(),
        moves=moves,
        seen=[
            Seen(
                HOURS.at(int(turn)),
                SupplyState.DISCONNECTED if happened.is_dark[turn] else SupplyState.CONNECTED,
                bool(happened.is_dark[turn]),
                int(happened.balance_micro[turn]),
                False,
            )
            for turn in turns
        ],
    )


class Invented:
    """A `Reader`; ``dearer_percent``: of the tariff that is asked for."""

    def __init__(self, dearer_percent: int | None = None) -> None:
        self._percent = dearer_percent

    async def portions(self) -> AsyncIterator[Sequence[Recorded]]:
        """All at once."""
        yield [self._at_its_price(household(number)) for number in range(HOUSEHOLDS)]

    def _at_its_price(self, known: Recorded) -> Recorded:
        if self._percent is None:
            return known
        more = [each * self._percent // 100 for each in known.charged_micro]
        return known._replace(other=Other(more))


def main() -> None:
    """Writes what-if.png and what-if-tariff.png beside this file."""
    picture(Invented(), WOULD_BE, "what-if.png", policy={"title": TITLE})
    dearer = {"title": "a kWh costs a quarter more", "code": "home"}
    picture(Invented(25), WAS, "what-if-tariff.png", tariff=dearer)


def picture(reader: Reader, would_be: dict[str, object], name: str, **asked: object) -> None:
    """One of them."""
    sides = {"was": books(WAS), "would_be": books(would_be)}
    found = asyncio.run(compare(reader, hours=HOURS, **sides))
    report = report_of(found, hours=HOURS, not_simulated={}) | asked
    draw(report, Path(__file__).with_name(name))
    for of_side, side in report["currencies"][0]["sides"].items():
        print(of_side, side["cut"], side["cuts"], side["dark_hours"])


if __name__ == "__main__":
    main()
