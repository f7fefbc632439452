"""What is rated: the energy as measured, with losses added and the free allowance taken off."""

from collections.abc import Mapping
from dataclasses import dataclass

from prewatt_metering.rating.lines import PPM, Line, Unit, half_up, shared_out
from prewatt_metering.tariffs.document import TariffVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities:
    """Of one part, by time-of-use name in Wh; ``lines`` say what was added and taken off."""

    energy_wh: dict[str, int]
    allowed_wh: int
    lines: tuple[Line, ...]


def with_losses(
    version: TariffVersion, *, energy_wh: Mapping[str, int], days: int
) -> tuple[dict[str, int], tuple[Line, ...]]:
    """The energy as it left the utility: fixed losses a day and a share of what flowed, over the
    names as the energy is; on the first name of the tariff where nothing flowed."""
    energy = {name: energy_wh.get(name, 0) for name in version.slot_names}
    if version.losses is None:
        return energy, ()
    lost = version.losses.fixed_wh_per_day * days
    lost += half_up(sum(energy.values()) * version.losses.share_ppm, PPM)
    added = shared_out(lost, energy)
    line = _note("losses", lost, None)
    return {name: wh + added[name] for name, wh in energy.items()}, (line,) if lost else ()


def without_allowance(
    version: TariffVersion, *, energy_wh: dict[str, int], period_wh: int, allowed_before_wh: int
) -> Quantities:
    """Takes off what is left of the period's free energy, over the names as the energy is."""
    allowance = version.allowance
    total = sum(energy_wh.values())
    if allowance is None or (
        allowance.total_upto_wh is not None and period_wh > allowance.total_upto_wh
    ):
        return Quantities(energy_wh=energy_wh, allowed_wh=0, lines=())
    allowed = min(total, max(0, allowance.wh_per_period - allowed_before_wh))
    if not allowed:
        return Quantities(energy_wh=energy_wh, allowed_wh=0, lines=())
    taken = shared_out(allowed, energy_wh)
    return Quantities(
        energy_wh={name: wh - taken[name] for name, wh in energy_wh.items()},
        allowed_wh=allowed,
        lines=(_note("allowance", allowed, allowance.paid_by),),
    )


def _note(kind: str, wh: int, paid_by: str | None) -> Line:
    return Line(
        kind=kind,
        component=kind,
        quantity=wh,
        unit=Unit.WH,
        price_micro=0,
        amount_micro=0,
        paid_by=paid_by,
    )
