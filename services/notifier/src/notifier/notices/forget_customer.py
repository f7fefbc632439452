"""Use case: a customer's addresses are forgotten, those of whom they named too, and what waits is
not sent."""

from uuid import UUID

from notifier.metrics import NOTICES
from notifier.notices.nominate import end_standing
from notifier.notices.ports import OpenCustomerRecords
from notifier.notices.values import Status
from prewatt_common.clock import Clock
from prewatt_common.contracts.notice_events_v1 import Role


class ForgetCustomer:
    """Deletes the contact and erases the recipients of the account's notices, in one step."""

    def __init__(self, *, open_records: OpenCustomerRecords, clock: Clock) -> None:
        self._open_records = open_records
        self._clock = clock

    async def __call__(self, account_id: UUID, *, by: str) -> bool:
        """Whether there was a contact; without one nothing is changed."""
        async with self._open_records() as records:
            # First the lock: no batch in progress makes a notice with the old contact.
            await records.hold_account(account_id)
            if not await records.hold_contact(account_id):
                return False
            await end_standing(records, account_id, by=by, now=self._clock())
            await records.forget_written(account_id, Role.CUSTOMER)
            await records.delete_contact(account_id)
            suppressed = await records.erase_recipients(account_id)
        for channel in suppressed:
            NOTICES.labels(channel, Status.SUPPRESSED).inc()
        return True
