"""A job: differences that nobody has resolved are compared again, so that what agrees by now closes
by itself: a webhook that came late."""

import logging
from collections.abc import Sequence
from uuid import UUID

from prepay_ledger.settlements.compare_payments import compare_payments
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.ports import OpenUnit
from prepay_ledger.settlements.refusals import UnknownProvider
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among

logger = logging.getLogger(__name__)

_DIFFERENCES_AT_ONCE = 500


class FollowDifferences:
    """Goes through them again and again, some at a time."""

    def __init__(self, *, open_unit: OpenUnit, read_upload: ReadUpload, clock: Clock) -> None:
        self._open_unit = open_unit
        self._read_upload = read_upload
        self._clock = clock
        self._after: UUID | None = None

    async def __call__(self) -> float | None:
        """One that raises keeps none of the others from closing."""
        async with self._open_unit() as unit:
            some = await unit.settlements.unresolved(after=self._after, limit=_DIFFERENCES_AT_ONCE)
        by_provider: dict[str, list[str]] = {}
        for _, provider, payment_id in some:
            by_provider.setdefault(provider, []).append(payment_id)
        for provider, payment_ids in by_provider.items():
            await self._follow(provider, payment_ids)
        is_more = len(some) == _DIFFERENCES_AT_ONCE
        self._after = some[-1][0] if is_more else None
        return 0.0 if is_more else None

    async def _follow(self, provider: str, payment_ids: Sequence[str]) -> None:
        try:
            days = self._read_upload.terms_of(provider).days
        except UnknownProvider:
            # It was configured once: a person still resolves what is left.
            return

        async def compare(some: Sequence[str]) -> None:
            async with self._open_unit() as unit:
                await unit.settlements.lock(provider)
                await compare_payments(
                    unit=unit, provider=provider, payment_ids=set(some), days=days,
                    now=self._clock(),
                )  # fmt: skip

        for payment_id, error in await odd_among(payment_ids, compare):
            logger.error("differences of payment %s of %s", payment_id, provider, exc_info=error)
