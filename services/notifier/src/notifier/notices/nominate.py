"""Use cases: a customer has named a person who is warned too, or has not any more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from notifier.contacts.nominations import (
    Nominated,
    Nomination,
    has_not_agreed_since,
    is_same,
)
from notifier.contacts.ports import AgreedTooLate
from notifier.contacts.values import Channel
from notifier.metrics import NOTICES
from notifier.notices.ports import CustomerRecords, OpenCustomerRecords
from notifier.notices.values import Status
from prewatt_common.clock import Clock
from prewatt_common.contracts.notice_events_v1 import Role


class NominatePerson:
    """Writes down whom the customer has named. Who was named before is told nothing any more."""

    def __init__(self, *, open_records: OpenCustomerRecords, clock: Clock) -> None:
        self._open_records = open_records
        self._clock = clock

    async def __call__(self, wanted: Nomination) -> Nominated | None:
        """Who is nominated from now on; none where the account has no contact. The same again
        changes nothing. Where only the addresses are new it is the same person, and their word on
        being told holds until they have agreed anew. Raises `AgreedTooLate`."""
        account_id = wanted.contact.account_id
        now = self._clock()
        if max(each.at for each in wanted.agreements) > now:
            raise AgreedTooLate
        made = Nominated(replace(wanted, at=now))
        suppressed: Sequence[Channel] = ()
        async with self._open_records() as records:
            # First the lock: no batch in progress makes a notice to who was nominated before.
            await records.hold_account(account_id)
            if not await records.hold_contact(account_id):
                return None
            before = await records.nominated(account_id)
            if before is not None:
                if is_same(before.nomination, wanted):
                    return before
                is_same_person = before.nomination.agreements == wanted.agreements
                if not is_same_person and before.contact.phone != wanted.contact.phone:
                    await records.forget_written(account_id, Role.NOMINATED)
                await records.end_nomination(before.nomination.id, by=wanted.by, now=now)
                if has_not_agreed_since(before.nomination, wanted):
                    made = replace(made, is_told=before.is_told)
                if not is_same_person:
                    suppressed = await records.erase_recipients(account_id, Role.NOMINATED)
            await records.add_nomination(made.nomination)
            if not made.is_told:
                await records.say_of_nomination(account_id, told=False, how="as before", now=now)
        _count(suppressed)
        return made


class FindNominated:
    """Whom the customer of an account has named."""

    def __init__(self, *, open_records: OpenCustomerRecords) -> None:
        self._open_records = open_records

    async def __call__(self, account_id: UUID) -> Nominated | None:
        """None where they have named nobody."""
        async with self._open_records() as records:
            return await records.nominated(account_id)


class EndNomination:
    """Ends it, and erases the person's addresses: in past notices too."""

    def __init__(self, *, open_records: OpenCustomerRecords, clock: Clock) -> None:
        self._open_records = open_records
        self._clock = clock

    async def __call__(self, account_id: UUID, *, by: str) -> bool:
        """Whether there was one."""
        async with self._open_records() as records:
            await records.hold_account(account_id)
            await records.hold_contact(account_id)
            if not await end_standing(records, account_id, by=by, now=self._clock()):
                return False
            suppressed = await records.erase_recipients(account_id, Role.NOMINATED)
        _count(suppressed)
        return True


async def end_standing(
    records: CustomerRecords, account_id: UUID, *, by: str, now: datetime
) -> bool:
    """Whether one stood. The caller holds the account."""
    standing = await records.nominated(account_id)
    if standing is None:
        return False
    await records.forget_written(account_id, Role.NOMINATED)
    await records.end_nomination(standing.nomination.id, by=by, now=now)
    return True


def _count(suppressed: Sequence[Channel]) -> None:
    for channel in suppressed:
        NOTICES.labels(channel, Status.SUPPRESSED).inc()
