"""What may be adjusted and transferred, by whom, and the journals of both: pure."""

from uuid import UUID

from prepay_ledger.adjustments.refusals import (
    BalanceTooLow,
    CauseOfOtherSign,
    OtherCurrency,
    SameAccount,
)
from prepay_ledger.adjustments.values import AdjustmentOrder, Cause, TransferOrder, adjusted
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms
from prepay_ledger.balances.values import Account
from prepay_ledger.journal.values import Entry, Journal

_GIVEN_ONLY = frozenset({Cause.GOODWILL, Cause.COMPENSATION})
_TAKEN_ONLY = frozenset({Cause.FEE, Cause.UNMETERED_USE})


def check_sign(cause: Cause, amount_micro: int) -> None:
    """Raises `CauseOfOtherSign`."""
    wrong = _TAKEN_ONLY if amount_micro > 0 else _GIVEN_ONLY
    if cause in wrong:
        how = "takes money, and is below zero" if cause in _TAKEN_ONLY else "gives money"
        message = f"{cause} {how}, not {amount_micro} micro-units; nothing was changed"
        raise CauseOfOtherSign(message)


def check_currencies(from_: Account, to: Account) -> None:
    """Raises `SameAccount` or `OtherCurrency`."""
    if from_.id == to.id:
        message = f"account {from_.number} is both ends of the transfer; nothing was changed"
        raise SameAccount(message)
    if from_.currency != to.currency:
        message = (
            f"account {from_.number} is in {from_.currency}, account {to.number} in "
            f"{to.currency}: money is not changed into another currency; nothing was changed"
        )
        raise OtherCurrency(message)


def overdraws(account: Account, taken_micro: int) -> bool:
    """Whether, less that, the balance is below what was agreed that may be used. Emergency credit
    is for use, not to be moved elsewhere. What gives overdraws nobody."""
    return taken_micro > 0 and account.balance_micro - taken_micro < -account.overdraft_micro


def check_is_there(account: Account, taken_micro: int, *, may_overdraw: bool) -> None:
    """Raises `BalanceTooLow`."""
    if overdraws(account, taken_micro) and not may_overdraw:
        left = account.balance_micro + account.overdraft_micro
        message = (
            f"account {account.number} has {max(0, left)} micro-units to take, not {taken_micro}; "
            "nothing was changed: with may_overdraw a second person may approve it all the same"
        )
        raise BalanceTooLow(message)


def needs_two(
    terms: ApprovalTerms, account: Account, amount_micro: int, *, taken_micro: int
) -> bool:
    """Whether a second person has to approve: it is much, or the account is overdrawn by it."""
    return terms.needs_two(abs(amount_micro)) or overdraws(account, taken_micro)


def act_of_adjustment(asked: AdjustmentOrder, currency: str) -> Act:
    """The act as it is proposed."""
    return Act(
        kind=ActKind.ADJUSTMENT,
        subject=str(asked.account_id),
        key=asked.key,
        parameters={
            "account_id": str(asked.account_id),
            "amount_micro": asked.amount_micro,
            "cause": asked.cause.value,
            "may_overdraw": asked.may_overdraw,
        },
        amount_micro=abs(asked.amount_micro),
        currency=currency,
    )


def act_of_transfer(asked: TransferOrder, currency: str) -> Act:
    """Likewise; it is about the account that money is taken from."""
    return Act(
        kind=ActKind.TRANSFER,
        subject=str(asked.from_account_id),
        key=asked.key,
        parameters={
            "from_account_id": str(asked.from_account_id),
            "to_account_id": str(asked.to_account_id),
            "amount_micro": asked.amount_micro,
            "may_overdraw": asked.may_overdraw,
        },
        amount_micro=asked.amount_micro,
        currency=currency,
    )


def adjustment_of(act: Act, *, who: str, reason: str) -> AdjustmentOrder:
    """What was proposed, read back. ``who``: the proposer."""
    given = act.parameters
    assert act.key is not None, "an adjustment is asked for under a key"
    return AdjustmentOrder(
        key=act.key,
        account_id=UUID(str(given["account_id"])),
        amount_micro=int(given["amount_micro"]),
        cause=Cause(str(given["cause"])),
        may_overdraw=bool(given["may_overdraw"]),
        who=who,
        reason=reason,
    )


def transfer_of(act: Act, *, who: str, reason: str) -> TransferOrder:
    """Likewise."""
    given = act.parameters
    assert act.key is not None, "a transfer is asked for under a key"
    return TransferOrder(
        key=act.key,
        from_account_id=UUID(str(given["from_account_id"])),
        to_account_id=UUID(str(given["to_account_id"])),
        amount_micro=int(given["amount_micro"]),
        may_overdraw=bool(given["may_overdraw"]),
        who=who,
        reason=reason,
    )


def adjustment_journal(asked: AdjustmentOrder, *, adjustment_id: UUID, currency: str) -> Journal:
    """What the account is given is the utility's cost of that cause."""
    return Journal(
        kind=ActKind.ADJUSTMENT.value,
        source=f"adjustment/{adjustment_id}",
        currency=currency,
        entries=(Entry(asked.account_id, asked.amount_micro),),
        postings={adjusted(asked.cause): -asked.amount_micro},
    )


def transfer_journal(asked: TransferOrder, *, transfer_id: UUID, currency: str) -> Journal:
    """Two entries, and nothing of the utility's."""
    return Journal(
        kind=ActKind.TRANSFER.value,
        source=f"transfer/{transfer_id}",
        currency=currency,
        entries=(
            Entry(asked.from_account_id, -asked.amount_micro),
            Entry(asked.to_account_id, asked.amount_micro),
        ),
        postings={},
    )
