"""Use case: a customer's addresses are forgotten, and what waits is not sent."""

from uuid import UUID

from notifier.metrics import NOTICES
from notifier.notices.ports import OpenCustomerRecords
from notifier.notices.values import Status


class ForgetCustomer:
    """Deletes the contact and erases the recipients of the account's notices, in one step."""

    def __init__(self, *, open_records: OpenCustomerRecords) -> None:
        self._open_records = open_records

    async def __call__(self, account_id: UUID) -> bool:
        """Whether there was a contact; without one nothing is changed."""
        async with self._open_records() as records:
            # First the lock: no batch in progress makes a notice with the old contact.
            await records.hold_account(account_id)
            if not await records.delete_contact(account_id):
                return False
            suppressed = await records.erase_recipients(account_id)
        for channel in suppressed:
            NOTICES.labels(channel, Status.SUPPRESSED).inc()
        return True
