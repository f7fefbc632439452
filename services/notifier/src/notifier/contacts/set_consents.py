"""Use case: what a customer wants to be told, and no more."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from notifier.contacts.consents import ASSUMED, Consent, Purpose
from notifier.contacts.ports import OpenConsents
from prewatt_common.clock import Clock


class MayNotBeRefused(Exception):
    """The utility tells customers of these whatever they want."""

    def __init__(self, purposes: Collection[Purpose]) -> None:
        super().__init__(", ".join(sorted(purposes)))


class SetConsents:
    """Writes down what has changed. The same again changes nothing, so that a request whose answer
    was lost may be sent again. What campaigns have queued of a purpose is not sent once it is
    declined; of other notices, those that were made go."""

    def __init__(
        self, *, open_consents: OpenConsents, refusable: Collection[Purpose], clock: Clock
    ) -> None:
        self._open_consents = open_consents
        self._refusable = refusable
        self._clock = clock

    async def __call__(
        self, account_id: UUID, wanted: Mapping[Purpose, bool], *, how: str, by: str
    ) -> Sequence[Consent] | None:
        """What the customer has said until now; none where there is no contact. Raises
        `MayNotBeRefused`, and nothing is changed then."""
        kept = {p for p, given in wanted.items() if not given and p not in self._refusable}
        if kept:
            raise MayNotBeRefused(kept)
        async with self._open_consents() as store:
            # Of two at a time the second sees the first.
            if not await store.hold(account_id):
                return None
            said = await store.of(account_id)
            stands = {purpose: purpose in ASSUMED for purpose in Purpose}
            stands |= {each.purpose: each.given for each in said}
            heard = {each.purpose for each in said}
            now = self._clock()
            changed = [
                Consent(purpose, given, now, how, by)
                for purpose, given in wanted.items()
                if purpose not in heard or stands[purpose] != given
            ]
            await store.add(account_id, changed)
            stopped = {each.purpose for each in changed if not each.given}
            if stopped:
                await store.stop_campaigns(account_id, stopped)
            return await store.of(account_id)
