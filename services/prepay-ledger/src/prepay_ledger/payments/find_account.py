"""The account that a payment names: by its number, or by the payment reference made from it."""

from prepay_ledger.balances.payment_reference import read_reference
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.balances.values import Account


class NoAccount(Exception):
    """There is none, or no single one; the text says why."""


async def find_account(unit: HasBalances, given: str) -> Account:
    """The account, its row locked. A number of the utility's own goes before a reference.

    Raises `NoAccount`.
    """
    if not given:
        message = "it names no account"
        raise NoAccount(message)
    account = await unit.balances.lock_by_number(given)
    if account is not None:
        return account
    reference = read_reference(given)
    if reference is None:
        message = f"there is no account {given}"
        raise NoAccount(message)
    if not reference.holds:
        message = f"payment reference {given} is mistyped: its check digits do not fit"
        raise NoAccount(message)
    numbers = await unit.balances.numbers_of_plain(reference.plain_number)
    if len(numbers) > 1:
        # How many, not which: the reason is told outside.
        message = f"payment reference {given} fits {len(numbers)} accounts"
        raise NoAccount(message)
    account = await unit.balances.lock_by_number(numbers[0]) if numbers else None
    if account is None:
        message = f"there is no account of payment reference {given}"
        raise NoAccount(message)
    return account
