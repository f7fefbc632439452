"""Use case: a batch of ledger events becomes notices."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from notifier.contacts.values import Language
from notifier.metrics import NOTICES
from notifier.notices.planning import Cause, LedgerEvent, Plan, plan_notices
from notifier.notices.ports import NoticeBook
from notifier.notices.values import Status, Template
from prewatt_common.clock import Clock
from prewatt_common.kafka.batches import AfterCommit
from prewatt_common.kafka.decoding import Delivered

_ENDED = (Status.SUPERSEDED, Status.SUPPRESSED)


class TakeLedgerEvents:
    """Handles batches of the ledger's events; wakes the deliveries after the commit."""

    def __init__(
        self,
        *,
        default_language: Language,
        lifetimes: Mapping[Template, timedelta],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._default_language = default_language
        self._lifetimes = lifetimes
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, book: NoticeBook, batch: Sequence[Delivered[LedgerEvent]]
    ) -> AfterCommit:
        """Handle ``batch``; a repeated event changes nothing."""
        causes = [Cause(delivered.event_id, delivered.event) for delivered in batch]
        account_ids = {cause.event.account_id for cause in causes}
        # First the lock: what is read after it cannot change before the commit.
        accounts = await book.hold_accounts(account_ids)
        now = self._clock()
        plan = plan_notices(
            causes=causes,
            taken=await book.taken({cause.id for cause in causes}),
            accounts=accounts,
            contacts=await book.contacts(account_ids),
            open_notices=await book.open_notices(account_ids),
            default_language=self._default_language,
            lifetimes=self._lifetimes,
            now=now,
        )
        superseded = await book.write(plan, now=now)

        def after_commit() -> None:
            _count(plan)
            for channel in superseded:
                NOTICES.labels(channel, Status.SUPERSEDED).inc()
            self._committed()

        return after_commit


def _count(plan: Plan) -> None:
    for notice in plan.notices:
        if notice.status in _ENDED:
            NOTICES.labels(notice.channel, notice.status).inc()
