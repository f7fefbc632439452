"""Use case: a notice whose handling raises is parked, so that it stops no other."""

import logging
from collections.abc import Callable
from uuid import UUID

from notifier.deliveries.ports import OpenParking
from notifier.deliveries.values import PARKED_MAX, Doing, Said, set_aside
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)


class ParkNotice:
    """Keeps it with its error, out of every turn, until a person releases or drops it.

    ``blameless``: whether an error is no single notice's, such as a table that is not there.
    """

    def __init__(
        self,
        *,
        open_parking: OpenParking,
        blameless: Callable[[BaseException], bool],
        clock: Clock,
    ) -> None:
        self._open_parking = open_parking
        self._blameless = blameless
        self._clock = clock

    async def __call__(
        self,
        notice_id: UUID,
        error: Exception,
        *,
        doing: Doing,
        peer_has_it: bool = False,
        said: Said | None = None,
    ) -> None:
        """``said``: what could not be written down of it, kept with it. Raises ``error`` where no
        notice is to blame, or `PARKED_MAX` others are parked."""
        if self._blameless(error):
            raise error
        parked = set_aside(
            notice_id,
            error,
            doing=doing,
            since=self._clock(),
            peer_has_it=peer_has_it,
            said=said,
        )
        async with self._open_parking() as store:
            await store.hold()
            is_full = await store.others(notice_id) >= PARKED_MAX
            if not is_full:
                await store.park(parked)
        context = {"notice_id": str(notice_id), "doing": doing}
        if is_full:
            logger.critical(
                "%d notices are parked, and one more raises: deliveries stop", PARKED_MAX,
                extra=context,
            )  # fmt: skip
            raise error
        logger.error("notice parked: its handling raised", exc_info=error, extra=context)
