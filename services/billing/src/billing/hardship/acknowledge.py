"""Use case: a person says what they did about a flag. It changes nothing of the account's supply.

After it the account is not shown anew for as long as the policy's ``rest_days``.
"""

from billing.hardship.ports import Desk
from billing.hardship.refusals import OtherRequest, UnknownFlag
from billing.hardship.values import Acknowledgement


async def acknowledge(*, desk: Desk, done: Acknowledgement, key: str) -> Acknowledgement:
    """What is kept. A flag takes any number, also one that has ended meanwhile: a call that was
    made was made. Under one key it is kept once. Raises `UnknownFlag` or `OtherRequest`."""
    if await desk.flag(done.flag_id, lock=True) is None:
        message = f"there is no hardship flag {done.flag_id}; nothing was kept"
        raise UnknownFlag(message)
    if await desk.acknowledge(done, key=key):
        return done
    known = await desk.asked(by=done.by, key=key)
    assert known is not None, "an acknowledgement stays"
    same = (known.flag_id, known.action, known.note) == (done.flag_id, done.action, done.note)
    if not same:
        message = (
            f"the Idempotency-Key {key} came before with another acknowledgement, {known.id}, "
            "which stands"
        )
        raise OtherRequest(message)
    return known
