"""What customers are told of emergency credit."""

from datetime import datetime

from prepay_ledger.balances.values import Account
from prepay_ledger.emergency_credits.values import CreditState, EmergencyCredit
from prepay_ledger.events import account_event
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.kafka.messages import Message


def credit_event(credit: EmergencyCredit, account: Account, *, now: datetime) -> Message:
    """``account``: as it is before the change, but for its balance."""
    is_accepted = credit.state is CreditState.ACCEPTED
    active_micro = credit.amount_micro if is_accepted else 0
    event = EmergencyCreditChanged(
        emergency_credit_id=credit.id,
        account_id=account.id,
        news=EmergencyCreditNews(credit.state),
        amount_micro=credit.amount_micro,
        balance_micro=account.balance_micro,
        balance_number=account.balance_number,
        left_micro=account.balance_micro + account.overdraft_micro + active_micro,
        currency=account.currency,
        means=credit.acceptance.means if is_accepted and credit.acceptance else None,
        at=now,
    )
    return account_event(event, account_id=account.id, at=now)
