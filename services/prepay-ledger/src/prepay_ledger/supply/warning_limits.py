"""The limits at which a customer is warned, and which of them is told: pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from prewatt_common.contracts.ledger_events_v1 import WarnedBy
from prewatt_common.contracts.supply_policy_v1 import Warnings
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar

_PPM = 1_000_000
_SPREAD_S = 6 * 3_600
_DAY = timedelta(days=1)


class WarningLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At or below ``micro`` the customer is warned. ``measure``: of a top-up's share ppm, of days
    left days, of the policy's money micro-units."""

    micro: int
    by: WarnedBy
    measure: int | None = None

    @property
    def key(self) -> str:
        """What it is known by while ``micro`` changes from top-up to top-up and day to day."""
        return str(self.by) if self.measure is None else f"{self.by}:{self.measure}"


def warning_limits(
    policy: Warnings,
    *,
    own_micro: int,
    last_topup_micro: int | None = None,
    day_micro: int | None = None,
    days_micro: Mapping[int, int] | None = None,
) -> tuple[WarningLimit, ...]:
    """Those of an account, the highest first; of several of one amount the account's own first.

    ``last_topup_micro``: none where there was none. ``days_micro``: what the next so many days will
    cost, as forecast; of those that it lacks, ``day_micro`` each: what a day costs at the use of
    late, none where nobody knows.
    """
    forecast = days_micro or {}
    limits = [WarningLimit(micro=own_micro, by=WarnedBy.ACCOUNT)]
    limits += [
        WarningLimit(micro=each, by=WarnedBy.MONEY, measure=each) for each in policy.below_micro
    ]
    if last_topup_micro is not None:
        limits += [
            WarningLimit(micro=last_topup_micro * each // _PPM, by=WarnedBy.TOPUP, measure=each)
            for each in policy.below_topup_ppm
        ]
    for days in policy.days_left:
        micro = forecast.get(days, None if day_micro is None else day_micro * days)
        if micro is not None:
            limits.append(WarningLimit(micro=micro, by=WarnedBy.DAYS_LEFT, measure=days))
    return tuple(sorted(limits, key=lambda limit: -limit.micro))


def passed(limits: Sequence[WarningLimit], balance_micro: int) -> tuple[WarningLimit, ...]:
    """Those that the balance has fallen to, the highest first."""
    return tuple(each for each in limits if balance_micro <= each.micro)


def to_tell(
    limits: Sequence[WarningLimit], *, balance_micro: int, told: Sequence[str]
) -> WarningLimit | None:
    """The lowest that is passed, unless it is told already: whoever falls past several at once
    hears of the last alone, which says more than the others."""
    some = passed(limits, balance_micro)
    if not some:
        return None
    lowest = [each for each in some if each.micro == some[-1].micro]
    return None if any(each.key in told for each in lowest) else lowest[0]


def told_now(
    limits: Sequence[WarningLimit], *, balance_micro: int, told: Sequence[str]
) -> tuple[str, ...]:
    """What counts as told from now on: all that is passed. What days cost goes up and down with
    the use: such a limit is told anew only after the balance was a quarter above it."""
    return tuple(
        each.key
        for each in limits
        if balance_micro <= each.micro
        or (
            each.by is WarnedBy.DAYS_LEFT
            and each.key in told
            and 4 * balance_micro <= 5 * each.micro
        )
    )


def next_look(
    policy: Warnings, *, account_id: UUID, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """When limits that follow the use are reckoned anew; none where none do."""
    return tomorrow(account_id, zone=zone, now=now) if policy.days_left else None


def tomorrow(account_id: UUID, *, zone: ZoneInfo, now: datetime) -> datetime:
    """In the first hours of the next local day, each account at its own time."""
    calendar = LocalCalendar(zone)
    begin = calendar.first_instant_us(calendar.day_of(us_of(now)) + _DAY)
    return instant_of(begin) + timedelta(seconds=account_id.int % _SPREAD_S)
