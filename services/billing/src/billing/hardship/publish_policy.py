"""Use case: a person publishes a version of the policy. The next look goes by it."""

from datetime import datetime

from billing.hardship.policy import HardshipPolicy
from billing.hardship.ports import PolicyStore, Published
from billing.hardship.refusals import OtherRequest


async def publish_policy(
    *,
    store: PolicyStore,
    policy: HardshipPolicy,
    by: str,
    reason: str,
    key: str,
    now: datetime,
) -> Published:
    """The version. One that stands is never changed; under one key it is published once. Raises
    `OtherRequest`."""
    known = await store.asked(by=by, key=key)
    if known is not None:
        if (known.policy, known.reason) == (policy, reason):
            return known
        message = (
            f"the Idempotency-Key {key} came before with another policy, version {known.version}, "
            "which stands"
        )
        raise OtherRequest(message)
    newest = await store.newest()
    version = 1 if newest is None else newest.version + 1
    published = Published(version, policy, now, by, reason)
    await store.add(published, key=key)
    return published
