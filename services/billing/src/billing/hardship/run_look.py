"""Use case: once a day all households are looked at, some hundred accounts a transaction.

Two passes: what each used by day, from the registers that were read since the day before; then,
with the neighbours' medians, what is noticed of each. A pass goes by account, and how far it is
stands in the same transaction as what it did: whoever dies, dies between two portions.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from billing.hardship.levels import Step, assess, next_flag
from billing.hardship.metrics import show
from billing.hardship.policy import HardshipPolicy
from billing.hardship.ports import MeterDay, OpenTurn, Turn
from billing.hardship.spans import spans_of, top_ups_of
from billing.hardship.use import sum_of_meters, used_by_day
from billing.hardship.values import AccountEvent, EndedBy, EventKind, Household, Run, Stage
from billing.readings.packed import unpacked_columns
from billing.terms.values import Installation
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar

logger = logging.getLogger(__name__)

ACCOUNTS_MAX = 500
"""In a portion: their readings of some days are held at a time."""
_LATE = timedelta(days=14)
"""Readings that come later than this change no day any more."""
_LONGEST_WINDOWS = timedelta(days=92 + 366 + 7)
"""That a policy may have (`policy.py`): until one is published nothing older is kept for it."""
_OVERLAP = timedelta(minutes=30)
"""A reading is marked with when its transaction began, which may be before the last look and
committed after it."""
_DAY = timedelta(days=1)
_NO_ACCOUNT = UUID(int=0)


class RunLook:
    """Works at the look that is due; rests ``rest_factor`` times as long as a portion took."""

    def __init__(
        self,
        *,
        open_turn: OpenTurn,
        clock: Clock,
        hour: int,
        keep: timedelta,
        rest_factor: float,
    ) -> None:
        """``hour``: of the day, in the policy's zone. ``keep``: ended flags, and who looked."""
        self._open_turn = open_turn
        self._clock = clock
        self._hour = hour
        self._keep = keep
        self._rest_factor = rest_factor

    async def once(self) -> float | None:
        """A portion; gives the seconds to rest where there is more to do. None where nobody has
        published a policy."""
        began = time.monotonic()
        async with self._open_turn() as turn:
            if turn is None:
                return None
            now = self._clock()
            runs = await turn.newest_runs()
            show(runs, await turn.counts() if runs else None)
            if not runs or runs[0].finished_at is not None:
                return await self._begin(turn, runs, now=now)
            run = runs[0]
            portion = _Portion(turn=turn, run=run, policy=await turn.policy(run.policy_version))
            since = runs[1].began_at - _OVERLAP if len(runs) > 1 else None
            done = await portion.work(now=now, since=since, keep=self._keep)
            await turn.save(replace(done, worked_s=run.worked_s + time.monotonic() - began))
        return self._rest_factor * (time.monotonic() - began)

    async def _begin(self, turn: Turn, runs: Sequence[Run], *, now: datetime) -> float | None:
        published = await turn.newest()
        if published is None:
            await turn.forget_unasked(before=now - _LONGEST_WINDOWS)
            return None
        day = last_day(LocalCalendar(published.policy.timezone), now, hour=self._hour)
        if runs and day <= runs[0].day:
            return None
        await turn.begin(day, policy_version=published.version, now=now)
        return 0


def last_day(calendar: LocalCalendar, now: datetime, *, hour: int) -> date:
    """The last local day that is over and may be looked at: from ``hour`` of the next day on, so
    that its last readings have come."""
    return calendar.day_of(us_of(now - timedelta(hours=hour))) - _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portion:
    turn: Turn
    run: Run
    policy: HardshipPolicy

    async def work(self, *, now: datetime, since: datetime | None, keep: timedelta) -> Run:
        """How far the run is after it. ``since``: of the readings; none: all of late."""
        some = await self.turn.accounts(day=self.run.day, after=self.run.after, limit=ACCOUNTS_MAX)
        if not some:
            return await self._next_stage(now=now, keep=keep)
        calendar = LocalCalendar(self.policy.timezone)
        ids = [account_id for account_id, _ in some]
        if self.run.stage is Stage.USE:
            await self._count_use(ids, calendar=calendar, since=since)
            return replace(self.run, after=ids[-1])
        steps = await self._assess(some, calendar=calendar, now=now)
        await self._apply(steps, now=now)
        return replace(
            self.run,
            after=ids[-1],
            accounts=self.run.accounts + len(ids),
            raised=self.run.raised + sum(each.is_new for each in steps),
            ended=self.run.ended + sum(each.ended is not None for each in steps),
        )

    async def _next_stage(self, *, now: datetime, keep: timedelta) -> Run:
        if self.run.stage is Stage.USE:
            await self.turn.take_medians(self.policy, day=self.run.day)
            return replace(self.run, stage=Stage.ASSESS, after=_NO_ACCOUNT)
        left = await self.turn.left(day=self.run.day, limit=ACCOUNTS_MAX)
        if left:
            gone = [
                replace(each, ended_day=self.run.day, ended_by=EndedBy.MOVED_OUT) for each in left
            ]
            await self.turn.end_flags(gone, now=now)
            return replace(self.run, ended=self.run.ended + len(gone))
        await self.turn.forget(policy=self.policy, day=self.run.day, now=now, keep=keep)
        logger.info(
            "hardship of %s: %s accounts, %s raised, %s ended",
            self.run.day, self.run.accounts, self.run.raised, self.run.ended,
        )  # fmt: skip
        return replace(self.run, finished_at=now)

    async def _count_use(
        self, ids: Sequence[UUID], *, calendar: LocalCalendar, since: datetime | None
    ) -> None:
        meters = await self.turn.meters(ids)
        first = self.run.day - _LATE
        if since is None:
            first = self.run.day - timedelta(
                days=self.policy.use_days + self.policy.use_before_days + 1
            )
        days = await self.turn.changed_days(ids, first=first, since=since or instant_of(0))
        await self.turn.put_use(use_rows(meters, days, day=self.run.day, calendar=calendar))

    async def _assess(
        self, some: Sequence[tuple[UUID, str]], *, calendar: LocalCalendar, now: datetime
    ) -> Sequence[Step]:
        turn, policy, day = self.turn, self.policy, self.run.day
        ids = [account_id for account_id, _ in some]
        oldest = day - timedelta(days=policy.window_days + policy.before_days)
        events = await turn.events(ids, since=instant_of(calendar.first_instant_us(oldest)))
        used = await turn.use(ids, since=oldest_use(policy, day))
        medians, standing = await turn.medians(), await turn.standing(ids)
        dealt_with = await turn.dealt_with(ids)
        steps: list[Step] = []
        for account_id, tariff in some:
            known = until(events.get(account_id, ()), end_us=calendar.end_us(day))
            household = Household(
                account_id=account_id,
                day=day,
                top_ups=top_ups_of(known),
                off=spans_of(known, begin=EventKind.SUPPLY_OFF, end=EventKind.SUPPLY_ON),
                credit=spans_of(known, begin=EventKind.CREDIT_TAKEN, end=EventKind.CREDIT_OVER),
                used_wh=used.get(account_id, {}),
                neighbours=medians.get(tariff),
            )
            at = dealt_with.get(account_id)
            steps.append(
                next_flag(
                    account_id=account_id,
                    standing=standing.get(account_id),
                    dealt_with=None if at is None else calendar.day_of(us_of(at)),
                    found=assess(household, policy=policy, calendar=calendar),
                    day=day,
                    policy=policy,
                    policy_version=self.run.policy_version,
                    now=now,
                    new_id=new_id(),
                )
            )
        return steps

    async def _apply(self, steps: Sequence[Step], *, now: datetime) -> None:
        # Ended first: an account has one flag that stands.
        await self.turn.end_flags([x.ended for x in steps if x.ended is not None], now=now)
        standing = [(x.stands, x.is_new) for x in steps if x.stands is not None]
        await self.turn.raise_flags([flag for flag, is_new in standing if is_new], now=now)
        await self.turn.keep_flags(
            [flag for flag, is_new in standing if not is_new and flag.last_true_day == self.run.day]
        )


def until(events: Sequence[AccountEvent], *, end_us: int) -> Sequence[AccountEvent]:
    """What is known of a day does not hang on when it is looked at."""
    return [each for each in events if each.at_us < end_us]


def oldest_use(policy: HardshipPolicy, day: date) -> date:
    """The first day whose use a look at ``day`` may need: of weeks before supply went off."""
    return day - timedelta(days=policy.window_days + policy.use_before_days + 8)


def use_rows(
    meters: Sequence[Installation],
    days: Sequence[MeterDay],
    *,
    day: date,
    calendar: LocalCalendar,
) -> Sequence[tuple[UUID, date, int]]:
    """(account, local day, Wh) of the days whose readings are there, up to ``day``."""
    by_meter: dict[str, list[MeterDay]] = {}
    for each in days:
        by_meter.setdefault(each.meter_id, []).append(each)
    by_account: dict[UUID, list[tuple[Installation, Mapping[date, int]]]] = {}
    for meter in meters:
        read = by_meter.get(meter.meter, [])
        used: Mapping[date, int] = {}
        if read:
            used = used_by_day(
                unpacked_columns([(each.day, each.packed) for each in read]),
                first=read[0].day,
                end=day + _DAY,
                calendar=calendar,
                from_us=meter.from_us,
                to_us=meter.to_us,
                multiplier=meter.multiplier,
            )
        by_account.setdefault(meter.account_id, []).append((meter, used))
    return [
        (account_id, on, wh)
        for account_id, some in sorted(by_account.items())
        for on, wh in sum_of_meters(some, calendar=calendar).items()
    ]
