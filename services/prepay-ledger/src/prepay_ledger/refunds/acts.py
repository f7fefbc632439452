"""A refund as it waits for a second person, and as it is read back: pure."""

from uuid import UUID

from prepay_ledger.approvals.values import Act, ActKind
from prepay_ledger.bank_files.values import masked
from prepay_ledger.refunds.values import Order, Way


def act_of(asked: Order, *, payee_id: UUID, currency: str) -> Act:
    """About the account. The payee is kept apart, unchangeable, under ``payee_id``: who approves
    sees the name and the end of the bank account."""
    return Act(
        kind=ActKind.REFUND,
        subject=str(asked.account_id),
        key=asked.key,
        parameters={
            "account_id": str(asked.account_id),
            "amount_micro": asked.amount_micro,
            "way": asked.way.value,
            "payee_id": str(payee_id),
            "holder": asked.payee.holder,
            "bank_account": masked(asked.payee.bank_account),
            **({} if asked.payment is None else {"payment": str(asked.payment)}),
        },
        amount_micro=asked.amount_micro,
        currency=currency,
    )


def payee_of(act: Act) -> UUID:
    """Under which the payee is kept."""
    return UUID(str(act.parameters["payee_id"]))


def way_of(act: Act) -> Way:
    """How it is paid."""
    return Way(str(act.parameters["way"]))


def payment_of(act: Act) -> UUID | None:
    """The payment that it goes back to; none: it goes another way."""
    named = act.parameters.get("payment")
    return None if named is None else UUID(str(named))


def key_of(act: Act) -> str:
    """The Idempotency-Key of who proposed it."""
    assert act.key is not None, "a refund is asked for under a key"
    return act.key
