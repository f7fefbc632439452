"""Tariffs: prices by block of a month's energy, a daily standing charge and tax, in versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from prewatt_metering.monthly.months import BillingMonth

TAX_BP_MAX = 10_000


class InvalidTariff(ValueError):
    """The tariff contradicts itself; the message says where."""


class NoTariff(LookupError):
    """No version of the tariff is effective in the month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A step of the month's energy, up to and with ``upto_wh`` of it; the last has no end.

    The price is in micro-units of the currency per kWh.
    """

    upto_wh: int | None
    price_micro_per_kwh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What energy costs. A flat tariff is one block without an end.

    Blocks apply to the total of the month, so that the charge does not depend on the order in
    which the energy was seen. Raises `InvalidTariff`.
    """

    blocks: tuple[Block, ...]
    standing_micro_per_day: int
    tax_bp: int

    def __post_init__(self) -> None:
        _check_blocks(self.blocks)
        if self.standing_micro_per_day < 0:
            message = f"the standing charge {self.standing_micro_per_day} is negative"
            raise InvalidTariff(message)
        if not 0 <= self.tax_bp <= TAX_BP_MAX:
            message = f"tax_bp {self.tax_bp} is not within 0 and {TAX_BP_MAX}"
            raise InvalidTariff(message)


def _check_blocks(blocks: tuple[Block, ...]) -> None:
    if not blocks or blocks[-1].upto_wh is not None:
        message = "the last block must have no end (upto_wh none), or energy above has no price"
        raise InvalidTariff(message)
    below = 0
    for number, block in enumerate(blocks, 1):
        if block.price_micro_per_kwh < 0:
            message = f"block {number}: the price {block.price_micro_per_kwh} is negative"
            raise InvalidTariff(message)
        if number == len(blocks):
            return
        if block.upto_wh is None:
            message = f"block {number}: only the last block has no end"
            raise InvalidTariff(message)
        if block.upto_wh <= below:
            message = f"block {number}: upto_wh {block.upto_wh} must be above {below}"
            raise InvalidTariff(message)
        below = block.upto_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffVersion:
    """A tariff for whole billing months from ``effective_from`` until a later version begins.

    ``timezone`` is the IANA zone of its days and months, the same in every version of a code.
    """

    code: str
    effective_from: BillingMonth
    currency: str
    timezone: str
    tariff: Tariff


def version_for(*, versions: Sequence[TariffVersion], month: BillingMonth) -> TariffVersion:
    """The version in force in ``month``: the latest that begins in it or before.

    ``versions`` are of one code, in any order. Raises `NoTariff`.
    """
    best: TariffVersion | None = None
    for version in versions:
        if version.effective_from <= month and (
            best is None or version.effective_from > best.effective_from
        ):
            best = version
    if best is None:
        known = ", ".join(f"{v.code} from {v.effective_from}" for v in versions) or "none at all"
        message = f"no tariff is effective in {month}; known: {known}"
        raise NoTariff(message)
    return best
