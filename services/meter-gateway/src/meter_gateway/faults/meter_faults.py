"""Which meters send what cannot be used: gathered while messages flow, written now and then.

The dead letters have every message; this names the meters, so that a person can go there. An end
between two writes loses some seconds of it, and the meter's next refusal brings it back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from meter_gateway.faults.ports import FaultStore
from meter_gateway.faults.refusals import FAULT_OF, Fault, Reason, Refusals, Refused, Verdict
from meter_gateway.metrics import FAULTY_METER, FAULTY_METERS, UNLISTED_REFUSALS
from prewatt_common.clock import Clock

METERS_MAX = 100_000
"""Meters that are followed; should more be faulty at once, it is not the meters."""
NAMED_MAX = 20
"""Meters of each fault that metrics and alerts name; the API names all."""
CURRENT_FOR = timedelta(days=7)
"""A meter that has sent nothing for this long is gone, not faulty."""
KEPT_FOR = timedelta(days=90)
"""As long as the dead letters."""


class MeterFaults:
    """`note` is called on the hot path, `write` every few seconds."""

    def __init__(self, *, store: FaultStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._refusals: dict[tuple[str, Reason], Refusals] = {}
        self._good_at: dict[str, datetime] = {}
        self.faulty: set[str] = set()
        """Of these a good message is news; to be looked at with every message."""

    def note(self, verdicts: Iterable[Verdict]) -> None:
        """In the order in which the messages came."""
        for meter_id, at, refusal in verdicts:
            if refusal is None:
                if meter_id in self.faulty:
                    self.faulty.discard(meter_id)
                    self._good_at[meter_id] = at
            elif meter_id and refusal.reason in FAULT_OF:
                self._refused(meter_id, at, refusal)

    def _refused(self, meter_id: str, at: datetime, refusal: Refused) -> None:
        if meter_id not in self.faulty and len(self.faulty) >= METERS_MAX:
            UNLISTED_REFUSALS.inc()
            return
        self.faulty.add(meter_id)
        self._good_at.pop(meter_id, None)
        known = self._refusals.get((meter_id, refusal.reason))
        if known is None:
            self._refusals[meter_id, refusal.reason] = Refusals(1, at, at, refusal.detail)
        else:
            known.count += 1
            known.last_at = at
            known.detail = refusal.detail

    async def write(self) -> None:
        """To the database, and read there what the other replicas wrote. After a passing fault
        what was gathered is still here, and is written the next time."""
        now = self._clock()
        refusals, good_at = self._refusals, self._good_at
        self._refusals, self._good_at = {}, {}
        try:
            await self._store.write(refusals, good_at, forget_before=now - KEPT_FOR)
        except BaseException:
            self._refusals = _joined(refusals, self._refusals)
            self._good_at = good_at | self._good_at
            raise
        found = await self._store.faulty(since=now - CURRENT_FOR, limit=METERS_MAX)
        # What came while that was read is newer than it.
        self.faulty = {meter_id for meter_id, _ in [*found, *self._refusals]}
        self.faulty.difference_update(self._good_at)
        _export(found)


def _joined(
    older: dict[tuple[str, Reason], Refusals], newer: dict[tuple[str, Reason], Refusals]
) -> dict[tuple[str, Reason], Refusals]:
    for key, more in newer.items():
        known = older.get(key)
        if known is None:
            older[key] = more
        else:
            known.count += more.count
            known.last_at, known.detail = more.last_at, more.detail
    return older


def _export(found: Sequence[tuple[str, Reason]]) -> None:
    """Without an await between, so no scrape sees it half done."""
    # A dict: each meter once, the newest first.
    meters: dict[Fault, dict[str, None]] = {fault: {} for fault in Fault}
    for meter_id, reason in found:
        meters[FAULT_OF[reason]][meter_id] = None
    FAULTY_METER.clear()
    for fault, ids in meters.items():
        FAULTY_METERS.labels(fault).set(len(ids))
        for meter_id in islice(ids, NAMED_MAX):
            FAULTY_METER.labels(fault, meter_id).set(1)
