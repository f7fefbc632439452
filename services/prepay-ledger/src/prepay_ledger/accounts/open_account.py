"""Use case: open an account."""

from prepay_ledger.accounts.ports import Unit
from prepay_ledger.balances.values import Account
from prepay_ledger.events import account_event
from prepay_ledger.journal.values import Balance
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.kafka.messages import Message
from prewatt_common.refusals import Refusal


class DuplicateAccount(Refusal):
    """An account of that number exists."""

    kind = "duplicate-account"


async def open_account(*, unit: Unit, account: Account) -> None:
    """Raises `DuplicateAccount`."""
    if not await unit.accounts.add(account):
        message = f"account {account.number} exists; nothing was changed"
        raise DuplicateAccount(message)
    await unit.publish([opened(account)])


def opened(account: Account, balance: Balance | None = None) -> Message:
    """The event that tells of a new account; ``balance``: what it brought with it."""
    event = AccountOpened(
        account_id=account.id,
        number=account.number,
        currency=account.currency,
        opened_at=account.opened_at,
        balance_micro=balance.balance_micro if balance else 0,
        balance_number=balance.number if balance else 0,
    )
    return account_event(event, account_id=account.id, at=account.opened_at)
