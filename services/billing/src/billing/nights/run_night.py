"""Use case: every agreement with all its months is rated again once a night, a group at a time."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from prometheus_client import Gauge

from billing.archive.ports import Folder
from billing.nights.ports import OpenState, OpenTurn
from billing.nights.rate_group import rate_group
from billing.nights.values import Night, Planned, day_due
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

FINISHED = Gauge(
    "prewatt_billing_night_finished_timestamp_seconds",
    "When the nightly re-rating last finished; before it ever did, when it first began.",
)
AGREEMENTS = Gauge(
    "prewatt_billing_night_agreements", "Agreements that the newest night has rated again."
)
READINGS = Gauge("prewatt_billing_night_readings", "Readings that the newest night has looked at.")
DIFFERENCES = Gauge(
    "prewatt_billing_night_differences",
    "Periods, of any month, on which the newest night and the ledger differ.",
)
ODD_METERS = Gauge(
    "prewatt_billing_night_odd_meters", "Meters that the newest night counted by its scalar code."
)
LEFT = Gauge(
    "prewatt_billing_night_left_agreements",
    "Agreements that moved while the newest night rated them: they are compared as what moves is.",
)
SECONDS = Gauge("prewatt_billing_night_seconds", "What the newest night worked, without its rests.")

METERS_MAX = 1_000
"""In a group, unless one agreement has more: its readings of a week are held at a time."""
AGREEMENTS_MAX = 1_000


class RunNight:
    """Works at the night that is due; rests ``rest_factor`` times as long as a group took."""

    def __init__(
        self,
        *,
        open_turn: OpenTurn,
        open_state: OpenState,
        folder: Folder,
        clock: Clock,
        hour: int,
        settle: timedelta,
        rest_factor: float,
    ) -> None:
        """``hour``: of the day, UTC."""
        self._open_turn = open_turn
        self._open_state = open_state
        self._folder = folder
        self._clock = clock
        self._hour = hour
        self._settle = settle
        self._rest_factor = rest_factor

    async def once(self) -> float | None:
        """A group; gives the seconds to rest where there is more to do. Raises OSError, and
        `pyarrow.ArrowInvalid` for a file of the archive that is none."""
        began = time.monotonic()
        async with self._open_turn() as turn:
            if turn is None:
                return None
            now = self._clock()
            nights = await turn.newest(limit=2)
            _show(nights)
            if not nights or nights[0].finished_at is not None:
                day = day_due(now, hour=self._hour)
                if nights and day <= nights[0].day:
                    return None
                await turn.begin(day, now=now)
                return 0
            group = group_of(await turn.next_planned(limit=AGREEMENTS_MAX))
            if not group:
                await turn.finish(now=now)
                logger.info("night of %s: %s", nights[0].day, nights[0].tally)
                return 0
            await rate_group(
                turn=turn,
                open_state=self._open_state,
                agreement_ids=[each.agreement_id for each in group],
                folder=self._folder,
                clock=self._clock,
                settle=self._settle,
            )
        return self._rest_factor * (time.monotonic() - began)


def group_of(some: Sequence[Planned]) -> list[Planned]:
    """The first of them, of one partition, with as many meters as are held at a time."""
    meters = 0

    def fits(each: Planned) -> bool:
        nonlocal meters
        meters += each.meters
        is_first = each is some[0]
        return is_first or (each.partition == some[0].partition and meters <= METERS_MAX)

    return list(takewhile(fits, some))


def _show(nights: Sequence[Night]) -> None:
    """The newest night; but what the one before found differs until all was looked at again."""
    if not nights:
        return
    tally = nights[0].tally
    finished = (each.finished_at for each in nights if each.finished_at is not None)
    FINISHED.set(next(finished, nights[-1].began_at).timestamp())
    AGREEMENTS.set(tally.agreements)
    READINGS.set(tally.readings)
    DIFFERENCES.set(tally.differences)
    if nights[0].finished_at is None:
        DIFFERENCES.set(max(each.tally.differences for each in nights))
    ODD_METERS.set(tally.odd_meters)
    LEFT.set(tally.left)
    SECONDS.set(tally.worked_s)
