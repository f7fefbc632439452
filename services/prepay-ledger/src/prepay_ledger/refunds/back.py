"""A refund that goes through its provider: when it is asked and asked again, and what becomes of
the refund by what the provider tells. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from prepay_ledger.refunds.values import (
    Back,
    BackState,
    PaidBefore,
    Refund,
    RefundState,
    StepAction,
)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
SEND_WITHIN = timedelta(hours=20)
"""Of the order. Providers forget an idempotency key after a day; after that the same could go
twice."""
LOOK_EVERY = timedelta(hours=1)
TOLD_WITHIN = timedelta(days=14)
"""What goes back to a bank account takes a bank ten days."""
LONGEST_LOOK = timedelta(days=1)
"""So often at least it is looked up what became of one that a person has to close."""
ASKED = (BackState.REQUESTED, BackState.SENDING, BackState.ACCEPTED)
"""What the provider is asked about, when its time has come."""


def requested(refund: Refund, paid: PaidBefore) -> Back:
    """The provider is asked once this is committed, for as long as it knows the key of one that was
    asked at once: a database that was restored has forgotten whether this was."""
    return Back(
        refund_id=refund.id,
        payment=paid.id,
        provider=paid.provider,
        payment_id=paid.payment_id,
        paid_micro=paid.amount_micro,
        state=BackState.REQUESTED,
        code="",
        movement_id="",
        sends=0,
        send_at=refund.ordered_at,
        answer_by=refund.ordered_at + SEND_WITHIN,
    )


def asking(back: Back, *, now: datetime) -> Back | None:
    """As it stands while the provider is asked; none where that is not to be now. Asked again after
    a pause unless an answer is noted: whoever dies in between has not noted one."""
    if back.send_at is None or back.send_at > now:
        return None
    if back.state is BackState.UNANSWERED:
        assert back.answer_by is not None, "it has been so since then"
        pause = min(LONGEST_LOOK, max(LOOK_EVERY, now - back.answer_by))
        return replace(back, send_at=now + pause)
    if back.state not in ASKED:
        return None
    if back.answer_by is not None and back.answer_by <= now:
        return None
    if back.state is BackState.ACCEPTED:
        return replace(back, send_at=now + LOOK_EVERY)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(back.sends, 16))
    return replace(
        back,
        state=BackState.SENDING,
        sends=back.sends + 1,
        send_at=now + pause,
        answer_by=back.answer_by or now + SEND_WITHIN,
    )


def not_answered(back: Back, reason: str) -> Back:
    """It is asked again as noted. What was told since stays."""
    return replace(back, code=reason) if back.state is BackState.SENDING else back


def taken(back: Back, movement_id: str, *, now: datetime, looks: bool) -> Back:
    """The provider has it. ``looks``: it can be asked what became of it. One that is with a person
    stays there where its provider said no more before: or it would be waited for for ever."""
    named = replace(back, movement_id=back.movement_id or movement_id)
    is_new = back.state is BackState.UNANSWERED and not back.movement_id
    if back.state is not BackState.SENDING and not is_new:
        return named
    return replace(
        named,
        state=BackState.ACCEPTED,
        code="",
        send_at=now + LOOK_EVERY if looks else None,
        answer_by=now + TOLD_WITHIN,
    )


def unanswered(back: Back, code: str, *, now: datetime, looks: bool = False) -> Back:
    """A person looks. ``looks``: and it is looked up, ever more seldom, until somebody closes it:
    a bank may take longer than a provider says."""
    return replace(
        back,
        state=BackState.UNANSWERED,
        code=code,
        send_at=now + LOOK_EVERY if looks else None,
        answer_by=now,
    )


def given_otherwise(
    back: Back, movement_id: str, *, given_micro: int, code: str, now: datetime
) -> Back:
    """It gave back another amount: two people have to take that for it."""
    return replace(
        back,
        state=BackState.OTHER_AMOUNT,
        movement_id=back.movement_id or movement_id,
        given_micro=given_micro,
        code=code,
        send_at=None,
        answer_by=now,
    )


def otherwise_reason(movement: str, *, asked_micro: int, given_micro: int) -> str:
    """What a person reads who has to take that for it, or not."""
    return (
        f"{movement} is of a refund that we asked for {asked_micro} micro-units, not {given_micro}"
    )


def agreed(back: Back) -> Back:
    """They have: the provider's word is waited for no more, but taken next."""
    return replace(back, state=BackState.ACCEPTED, code="")


def went_micro(back: Back, refund: Refund) -> int:
    """What its provider is to tell: what was asked for, or what two people have taken for it."""
    if back.given_micro is None or back.state is BackState.OTHER_AMOUNT:
        return refund.amount_micro
    return back.given_micro


def closed(back: Back, state: BackState, code: str = "") -> Back:
    """Nothing more is waited for. Another amount that nobody has taken for it was not it."""
    given_micro = None if back.state is BackState.OTHER_AMOUNT else back.given_micro
    return replace(
        back, state=state, code=code, send_at=None, answer_by=None, given_micro=given_micro
    )


class Follows(NamedTuple):
    """What follows for a refund. ``in_transit``: sign of what was asked for, as it is posted to
    what is in transit; ``clearing``: sign of what went, as it is posted to what the provider owes
    us. The balance has what is left of both."""

    state: RefundState
    action: StepAction
    in_transit: int
    clearing: int

    def balance_micro(self, *, asked_micro: int, went_micro: int) -> int:
        """What is posted to the balance, so that all of it sums to zero."""
        return -self.in_transit * asked_micro - self.clearing * went_micro


_WENT = {
    RefundState.IN_TRANSIT: Follows(RefundState.PAID, StepAction.PAY, -1, 1),
    # The account has had it again since: it went all the same, and is taken off once more.
    RefundState.CANCELLED: Follows(RefundState.PAID, StepAction.PAY, 0, 1),
}
_CAME_BACK = {
    RefundState.IN_TRANSIT: Follows(RefundState.CANCELLED, StepAction.CANCEL, -1, 0),
    RefundState.PAID: Follows(RefundState.RETURNED, StepAction.RETURN, 0, -1),
}


def follows(state: RefundState, *, went: bool) -> Follows | None:
    """By what its provider has told: it ``went``, or it failed, or came back. None: nothing, for it
    is known."""
    return (_WENT if went else _CAME_BACK).get(state)
