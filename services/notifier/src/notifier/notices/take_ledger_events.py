"""Use case: a batch of ledger events becomes notices."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta, tzinfo
from uuid import UUID

from notifier.contacts.values import Language
from notifier.metrics import NOTICES
from notifier.notices import events
from notifier.notices.calls import LedgerEvent
from notifier.notices.planning import Cause, plan_notices
from notifier.notices.ports import NoticeBook
from notifier.notices.values import Status, Template
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.kafka.batches import AfterCommit
from prewatt_common.kafka.decoding import Delivered

_UNSENT = (Status.SUPPRESSED, Status.DECLINED)
"""What a customer does not want."""


class TakeLedgerEvents:
    """Handles batches of the ledger's events; wakes the deliveries after the commit."""

    def __init__(
        self,
        *,
        default_language: Language,
        lifetimes: Mapping[Template, timedelta],
        zone: tzinfo,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._default_language = default_language
        self._lifetimes = lifetimes
        self._zone = zone
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, book: NoticeBook, batch: Sequence[Delivered[LedgerEvent]]
    ) -> AfterCommit:
        """Handle ``batch``; a repeated event changes nothing."""
        # Most of an import: there is nothing to look up of an account that nobody knew.
        new = await book.open_accounts(_opened_alone(batch))
        batch = [each for each in batch if each.event.account_id not in new]
        if not batch:
            return self._committed
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
            declined=await book.declined(account_ids),
            nominated=await book.nominated(account_ids),
            open_notices=await book.open_notices(account_ids, now=now),
            default_language=self._default_language,
            lifetimes=self._lifetimes,
            zone=self._zone,
            now=now,
        )
        withdrawn = [
            *(notice for notice in plan.notices if notice.status is Status.WITHDRAWN),
            *await book.write(plan, now=now),
        ]
        await book.publish([events.withdrawn(notice, now=now) for notice in withdrawn])

        def after_commit() -> None:
            unsent = [each for each in plan.notices if each.status in _UNSENT]
            for notice in withdrawn:
                NOTICES.labels(notice.channel, Status.WITHDRAWN).inc()
            for notice in unsent:
                NOTICES.labels(notice.channel, notice.status).inc()
            self._committed()

        return after_commit


def _opened_alone(batch: Sequence[Delivered[LedgerEvent]]) -> Mapping[UUID, str]:
    """The numbers of accounts of which the batch tells nothing but that they were opened."""
    counts = Counter(each.event.account_id for each in batch)
    return {
        event.account_id: event.number
        for event in (each.event for each in batch)
        if isinstance(event, AccountOpened) and counts[event.account_id] == 1
    }
