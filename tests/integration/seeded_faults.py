"""The ledger with one fault in it, for the proof that billing names every such fault.

``python seeded_faults.py FAULT ACCOUNT`` runs it. A fault is a patch of the ledger's own code, or
of the library that it charges with, in its process alone: billing's is whole. ``ACCOUNT``: whom a
wrong posting goes to.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from prepay_ledger.__main__ import main
from prepay_ledger.charging import (
    charge_agreement,
    charge_readings,
    derive_meter,
    ordinary,
    take_readings,
)
from prepay_ledger.journal.postgres import PostgresJournals
from prepay_ledger.journal.values import Journal
from prepay_ledger.payments import credit
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.rating import energy, shares, time
from prewatt_metering.tariffs.book import TariffBook

VICTIM = ""
FAULTS: dict[str, Callable[[], None]] = {}


def fault(patch: Callable[[], None]) -> Callable[[], None]:
    """By its name, with spaces."""
    FAULTS[patch.__name__.replace("_", " ")] = patch
    return patch


def victim() -> UUID:
    """Whom a wrong posting goes to."""
    return UUID(VICTIM)


@fault
def the_whole_charge_is_posted_each_time() -> None:
    for module in (charge_agreement, ordinary):
        module.difference = lambda _before, after: dict(after)


@fault
def another_account_is_charged() -> None:
    move = PostgresJournals.move

    async def wrong(self: Any, amounts_micro: Mapping[UUID, int]) -> Any:
        charged = {each: micro for each, micro in amounts_micro.items() if micro < 0}
        rest = {each: micro for each, micro in amounts_micro.items() if each not in charged}
        if charged:
            rest[victim()] = rest.get(victim(), 0) + sum(charged.values())
        return await move(self, rest)

    PostgresJournals.move = wrong


@fault
def a_batch_moves_balances_twice() -> None:
    move = PostgresJournals.move

    async def wrong(self: Any, amounts_micro: Mapping[UUID, int]) -> Any:
        return await move(
            self,
            {each: micro * 2 if micro < 0 else micro for each, micro in amounts_micro.items()},
        )

    PostgresJournals.move = wrong


@fault
def a_batch_is_lost() -> None:
    charge = take_readings.charge_readings
    batches = 0

    async def wrong(**given: Any) -> Sequence[UUID]:
        nonlocal batches
        batches += 1
        return () if batches > 1 else await charge(**given)

    take_readings.charge_readings = wrong


@fault
def an_old_tariff_version_goes_on() -> None:
    init = TariffBook.__init__

    def wrong(self: Any, versions: Any) -> None:
        some = sorted(versions, key=lambda each: each.valid_from)
        init(self, some[: max(1, len(some) - 1)])

    TariffBook.__init__ = wrong


@fault
def days_begin_at_another_hour() -> None:
    init = LocalCalendar.__init__
    LocalCalendar.__init__ = lambda self, _zone: init(self, "UTC")


@fault
def amounts_are_rounded_down() -> None:
    energy.priced_wh = lambda wh, micro_per_kwh: wh * micro_per_kwh // 1000
    shares.half_up = lambda numerator, denominator: numerator // denominator


@fault
def standing_charge_is_taken_twice() -> None:
    by_day = time.by_day
    time.by_day = lambda component, part: [*by_day(component, part), *by_day(component, part)]


@fault
def tax_is_forgotten() -> None:
    shares.levied = lambda _component, _before: ()


@fault
def blocks_are_not_filled() -> None:
    by_blocks = energy.by_blocks
    energy.by_blocks = lambda component, part: by_blocks(
        component.model_copy(update={"blocks": component.blocks[-1:]}), part
    )


def _always_derived() -> None:
    charge_readings.follow_meter = lambda **_: None


@fault
def a_true_reading_is_called_a_glitch() -> None:
    _always_derived()
    trusted = derive_meter.trusted
    derive_meter.trusted = lambda *, readings, **rest: trusted(
        readings=sorted(readings)[:-1], **rest
    )


@fault
def an_edit_is_ignored() -> None:
    _always_derived()
    derive_meter.edited = lambda **given: list(given["readings"])


@fault
def a_multiplier_is_ignored() -> None:
    _always_derived()
    day_usage = derive_meter.day_usage
    derive_meter.day_usage = lambda *, installation, **rest: day_usage(
        installation=replace(installation, multiplier=1), **rest
    )


@fault
def a_payment_is_credited_twice() -> None:
    credit.Journal = lambda **given: _times(Journal(**given), 2)


@fault
def a_payment_goes_to_another_account() -> None:
    credit.Journal = lambda **given: replace(
        Journal(**given),
        entries=tuple(replace(each, account_id=victim()) for each in given["entries"]),
    )


@fault
def an_estimate_is_not_reversed() -> None:
    async def wrong(*_: object, **__: object) -> Any:
        return charge_readings.NOTHING

    charge_readings.take_back = wrong


def _times(journal: Journal, factor: int) -> Journal:
    return replace(
        journal,
        entries=tuple(
            replace(each, amount_micro=each.amount_micro * factor) for each in journal.entries
        ),
        postings={name: micro * factor for name, micro in journal.postings.items()},
    )


if __name__ == "__main__":
    NAME, VICTIM = sys.argv[1:]
    FAULTS[NAME]()
    sys.argv = sys.argv[:1]
    main()
