"""What a comparison says, as JSON types: `prewatt whatif` makes its table and its picture of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from prepay_ledger.what_if.compare import Compared, Name
from prepay_ledger.what_if.hours import Hours
from prepay_ledger.what_if.side import RECOVERED_WITHIN_H, Side


def report_of(
    compared: Compared, *, hours: Hours, not_simulated: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """``not_simulated``: by side, and ``always``."""
    return {
        "from": hours.days[0].isoformat(),
        "to": hours.days[-1].isoformat(),
        "timezone": hours.zone.key,
        "hours": hours.count,
        "recovered_within_hours": RECOVERED_WITHIN_H,
        "days": [each.isoformat() for each in hours.days],
        "not_simulated": {name: list(lines) for name, lines in not_simulated.items()},
        "at_other_tariff": compared.at_other_tariff,
        "left_out": {why: list(numbers) for why, numbers in compared.left_out.items()},
        "currencies": [
            {
                "currency": currency,
                "accounts": each.accounts,
                "cut_as_told": each.cut_as_told,
                "cut_anew": each.cut_anew,
                "spared": each.spared,
                "sides": {name.value: _side(each.sides[name]) for name in Name},
            }
            for currency, each in sorted(compared.by_currency.items())
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "warned": side.warned,
        "limited": side.limited,
        "cut": side.cut,
        "cuts": side.cuts,
        "dark_accounts": len(side.dark_hours),
        "dark_hours": sum(side.dark_hours),
        "dark_hours_p50": side.dark_percentile(50),
        "dark_hours_p95": side.dark_percentile(95),
        "below_end_micro": int(side.below_micro[-1]),
        "below_max_micro": int(side.below_micro.max()),
        "not_sold_wh": side.not_sold_wh,
        "recovered_micro": side.recovered_micro,
        "cuts_by_day": side.cuts_by_day.tolist(),
        "dark_hours_by_day": list(side.dark_by_day),
    }
