"""What an amount buys: the units of a token, given what the period has used so far."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prewatt_metering.rating.charge import PartUse, charge
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.tariffs.periods import Period

WH_MAX = 10**12
_HOUSEHOLD = Enterprise()


def wh_bought(
    *,
    amount_micro: int,
    slot_name: str,
    period: Period,
    parts: Sequence[PartUse],
    year_before_wh: Mapping[str, int] | None = None,
    enterprise: Enterprise = _HOUSEHOLD,
) -> int:
    """The most Wh, all used under ``slot_name`` in the last of ``parts``, whose charge is at most
    ``amount_micro``: what the period would cost with them less what it costs without, taxes and
    levies included. At most `WH_MAX`, which is what a price of nothing gives.

    Raises ValueError for a negative amount or a name that the tariff does not have.
    """
    last = parts[-1]
    if amount_micro < 0:
        message = f"{amount_micro} micro-units buy nothing"
        raise ValueError(message)
    if slot_name not in last.version.slot_names:
        message = f"no slot is named {slot_name}; {', '.join(last.version.slot_names)} are"
        raise ValueError(message)

    def cost_micro(wh: int) -> int:
        energy = dict(last.energy_wh)
        energy[slot_name] = energy.get(slot_name, 0) + wh
        return charge(
            period=period,
            parts=[*parts[:-1], replace(last, energy_wh=energy)],
            year_before_wh=year_before_wh,
            enterprise=enterprise,
        ).total_micro

    most_micro = cost_micro(0) + amount_micro
    enough, too_much = 0, 1
    while too_much < WH_MAX and cost_micro(too_much) <= most_micro:
        enough, too_much = too_much, too_much * 2
    too_much = min(too_much, WH_MAX + 1)
    while too_much - enough > 1:
        middle = (enough + too_much) // 2
        if cost_micro(middle) <= most_micro:
            enough = middle
        else:
            too_much = middle
    return enough
