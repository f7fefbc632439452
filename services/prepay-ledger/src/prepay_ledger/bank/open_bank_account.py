"""Use case: an account of the utility at a bank is told of, so that its statements are taken."""

from prepay_ledger.bank.ports import HasBank
from prepay_ledger.bank.refusals import BankAccountExists
from prepay_ledger.bank.values import BankAccount


async def open_bank_account(*, unit: HasBank, asked: BankAccount) -> BankAccount:
    """The account as it is kept. The same again changes nothing. Raises `BankAccountExists`."""
    if await unit.bank.add_account(asked):
        return asked
    known = await unit.bank.account(asked.account)
    assert known is not None, "a bank account stays"
    if (known.currency, known.name) != (asked.currency, asked.name):
        message = (
            f"bank account {known.account} is known as {known.name}, in {known.currency}, told by "
            f"{known.opened_by} at {known.at:%Y-%m-%d %H:%M} UTC; nothing was changed"
        )
        raise BankAccountExists(message)
    return known
