"""Use case: all accounts by what happened, by the policies of then, and by a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from prepay_ledger.what_if.happened import at_other_prices, history_of
from prepay_ledger.what_if.hours import Hours
from prepay_ledger.what_if.look import Books
from prepay_ledger.what_if.ports import Reader, Row
from prepay_ledger.what_if.side import Side
from prepay_ledger.what_if.simulate import simulate


class Name(StrEnum):
    """Of a side."""

    HAPPENED = "happened"
    AS_IT_WAS = "as_it_was"
    """Simulated by the policies that held."""
    AS_IT_WOULD_BE = "as_it_would_be"
    """Simulated by the draft."""


@dataclass(slots=True, kw_only=True)
class OfCurrency:
    """All accounts of one.

    ``cut_as_told``: how many were cut both really and in the simulation of what held;
    ``cut_anew``, ``spared``: how many are cut by the draft alone, and by what held alone.
    """

    hours: Hours
    accounts: int = 0
    cut_as_told: int = 0
    cut_anew: int = 0
    spared: int = 0
    sides: Mapping[Name, Side] = field(init=False)

    def __post_init__(self) -> None:
        self.sides = {name: Side(hours=self.hours) for name in Name}


class Compared(NamedTuple):
    """By currency; how many accounts have the tariff that was asked for; and whose charge by it
    cannot be told: their numbers, by the reason."""

    by_currency: Mapping[str, OfCurrency]
    at_other_tariff: int
    left_out: Mapping[str, Sequence[str]]


async def compare(
    reader: Reader, *, hours: Hours, was: Books, would_be: Books, row: Row | None = None
) -> Compared:
    """``row``: is told of each account and side."""
    found: dict[str, OfCurrency] = {}
    left_out: dict[str, list[str]] = {}
    at_other_tariff = 0
    async for portion in reader.portions():
        for account, charged_micro, charged_wh, moves, seen, other in portion:
            if other is not None and other.why_not is not None:
                left_out.setdefault(other.why_not, []).append(account.number)
                continue
            history, happened = history_of(
                account,
                charged_micro=charged_micro,
                charged_wh=charged_wh,
                moves=moves,
                seen=seen,
                hours=hours,
            )
            priced = history
            if other is not None:
                at_other_tariff += 1
                priced = at_other_prices(
                    history,
                    is_dark=happened.is_dark,
                    charged_micro=charged_micro,
                    more_micro=other.more_micro,
                    hours=hours,
                )
            outcomes = {
                Name.HAPPENED: happened,
                Name.AS_IT_WAS: simulate(history, hours=hours, books=was),
                Name.AS_IT_WOULD_BE: simulate(priced, hours=hours, books=would_be),
            }
            of_currency = found.get(account.currency)
            if of_currency is None:
                of_currency = found[account.currency] = OfCurrency(hours=hours)
            of_currency.accounts += 1
            is_cut = {name: bool(outcome.cuts) for name, outcome in outcomes.items()}
            was_cut, is_cut_anew = is_cut[Name.AS_IT_WAS], is_cut[Name.AS_IT_WOULD_BE]
            of_currency.cut_as_told += is_cut[Name.HAPPENED] and was_cut
            of_currency.cut_anew += is_cut_anew and not was_cut
            of_currency.spared += was_cut and not is_cut_anew
            for name, outcome in outcomes.items():
                one = of_currency.sides[name].add(history, outcome)
                if row is not None:
                    row(history, name, outcome, one)
    return Compared(found, at_other_tariff, left_out)
