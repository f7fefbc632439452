"""What money that comes, or is taken back, does to emergency credit."""

from dataclasses import replace
from datetime import datetime

from prepay_ledger.balances.values import Account
from prepay_ledger.emergency_credits.ports import HasEmergencyCredits, ReopeningUnit
from prepay_ledger.emergency_credits.rules import is_over, used_micro
from prepay_ledger.emergency_credits.tell_credit import credit_event
from prepay_ledger.emergency_credits.values import CreditState, Standing
from prepay_ledger.journal.values import Balance


def repaid_micro(account: Account, topup_micro: int) -> int:
    """What a top-up repays of emergency credit, before anything else. ``account``: as it was before
    it."""
    used = used_micro(
        balance_micro=account.balance_micro,
        overdraft_micro=account.overdraft_micro,
        credit_micro=account.emergency_credit_micro,
    )
    return min(topup_micro, used)


async def active_micro(
    unit: HasEmergencyCredits, account: Account, *, balance_micro: int, now: datetime
) -> int:
    """What of it may be used yet with that balance: nothing, where it is over by that."""
    if account.emergency_credit_micro == 0:
        return 0
    standing = await unit.emergency_credits.standing([account.id], now=now)
    credit = standing.get(account.id, Standing()).open
    assert credit is not None, "the account's row says that one is accepted"
    gone = is_over(credit, balance_micro=balance_micro, overdraft_micro=account.overdraft_micro)
    return 0 if gone else credit.amount_micro


async def reopen_credit(
    unit: ReopeningUnit, account: Account, *, balance: Balance, since: datetime, now: datetime
) -> None:
    """What was repaid by money that is taken back by now, which came at ``since``, may be used as
    before: nobody is cut because a payment went back. The account is locked; ``balance``: as it is
    now."""
    credit = await unit.emergency_credits.newest(account.id)
    if credit is None or credit.state is not CreditState.ENDED or credit.over_at is None:
        return
    if credit.over_at < since or is_over(
        credit, balance_micro=balance.balance_micro, overdraft_micro=account.overdraft_micro
    ):
        return
    credit = replace(credit, state=CreditState.ACCEPTED, over_at=None)
    await unit.emergency_credits.put([credit])
    now_account = replace(
        account, balance_micro=balance.balance_micro, balance_number=balance.number
    )
    await unit.publish([credit_event(credit, now_account, now=now)])
