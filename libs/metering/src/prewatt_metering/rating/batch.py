"""Many accounts of one tariff version at once, in numpy. Equal to `charge`, which is its test.

For the ordinary tariff of households: energy by time of use, blocks over the period, standing,
fixed and levies, one version in the period. `batchable` says whether a version is of that kind;
everything else is rated one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.rating.lines import PPM, WH_PER_KWH
from prewatt_metering.tariffs import components as kinds
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period

Ints = NDArray[np.int64]

_INT64_SAFE = 2**62
_BATCHED = (kinds.EnergyPrice, kinds.Blocks, kinds.Standing, kinds.Fixed, kinds.Levy)


class TooLarge(ValueError):
    """A product would leave 64 bits: rate these accounts one by one."""


@dataclass(frozen=True, slots=True)
class BatchCharge:
    """A column for each line that the version can make, in the order of `charge`'s lines.

    ``quantity`` and ``amount_micro`` are (accounts, columns); a column that makes no line for an
    account holds zero.
    """

    columns: tuple[tuple[str, str, str], ...]
    """Kind, component and detail of each column, as on a `Line`."""
    quantity: Ints
    amount_micro: Ints

    @property
    def total_micro(self) -> Ints:
        """What each account owes for the period so far."""
        return self.amount_micro.sum(axis=1)


def batchable(version: TariffVersion) -> bool:
    """Whether `charge_batch` rates it."""
    return (
        version.losses is None
        and version.allowance is None
        and not version.prorate
        and all(isinstance(component, _BATCHED) for component in version.components)
        and not version.has_annual_blocks
    )


def charge_batch(
    *, version: TariffVersion, period: Period, energy_wh: Ints, days: Ints
) -> BatchCharge:
    """The charges of many accounts for a period that has one version.

    ``energy_wh``: (accounts, names) of the period so far, names as in ``version.slot_names``;
    ``days``: (accounts,) with standing charge. Raises `TooLarge`.
    """
    assert batchable(version), f"{version.code} from {version.valid_from} is rated one by one"
    columns = _Columns(len(days))
    for component in version.components:
        match component:
            case kinds.EnergyPrice():
                for name in sorted(component.micro_per_kwh):
                    wh = energy_wh[:, version.slot_names.index(name)]
                    columns.add(component, name, wh, _priced(wh, component.micro_per_kwh[name]))
            case kinds.Blocks():
                names = component.of or version.slot_names
                some = energy_wh[:, [version.slot_names.index(name) for name in names]]
                _fill(columns, component, some.sum(axis=1))
            case kinds.Standing():
                columns.add(component, "", days, _times(days, component.micro_per_day))
            case kinds.Fixed():
                amount = _half_up(_times(days, component.micro_per_period), period.days)
                columns.add(component, "", days, amount)
            case kinds.Levy():
                base = columns.sum_of(component.on)
                amount = _half_up(_times(base, component.rate_ppm), PPM)
                columns.add(component, "", base, amount)
            case _:
                message = f"{component.kind} is rated one by one"
                raise AssertionError(message)
    return columns.done()


def _fill(columns: "_Columns", component: kinds.Blocks, total: Ints) -> None:
    below = 0
    for block in component.blocks:
        upto = total if block.upto_wh is None else np.minimum(total, block.upto_wh)
        wh = np.maximum(upto - below, 0)
        detail = "" if block.upto_wh is None else str(block.upto_wh)
        columns.add(component, detail, wh, _priced(wh, block.micro_per_kwh))
        below = block.upto_wh or below


class _Columns:
    def __init__(self, accounts: int) -> None:
        self._accounts = accounts
        self._of: list[tuple[str, str, str]] = []
        self._quantity: list[Ints] = []
        self._amount: list[Ints] = []

    def add(self, component: kinds.AnyComponent, detail: str, quantity: Ints, amount: Ints) -> None:
        self._of.append((component.kind, component.name, detail))
        self._quantity.append(quantity)
        self._amount.append(amount)

    def sum_of(self, on: Sequence[str] | None) -> Ints:
        total: Ints = np.zeros(self._accounts, np.int64)
        for (_, name, _), amount in zip(self._of, self._amount, strict=True):
            if on is None or name in on:
                total = total + amount
        return total

    def done(self) -> BatchCharge:
        return BatchCharge(
            columns=tuple(self._of),
            quantity=np.stack(self._quantity, axis=1),
            amount_micro=np.stack(self._amount, axis=1),
        )


def _priced(wh: Ints, micro_per_kwh: int) -> Ints:
    return _half_up(_times(wh, micro_per_kwh), WH_PER_KWH)


def _times(values: Ints, factor: int) -> Ints:
    # int64 wraps without a word; the bound leaves room for the doubling in `_half_up`.
    largest = max(abs(int(values.max(initial=0))), abs(int(values.min(initial=0))))
    if largest * abs(factor) * 2 >= _INT64_SAFE:
        message = f"{largest} x {factor} leaves 64 bits"
        raise TooLarge(message)
    return values * np.int64(factor)


def _half_up(numerator: Ints, denominator: int) -> Ints:
    return (2 * numerator + denominator) // (2 * denominator)
