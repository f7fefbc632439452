"""Use case: open an account."""

from prepay_ledger.accounts.ports import Unit
from prepay_ledger.balances.values import Account
from prepay_ledger.events import account_event
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import Balance
from prepay_ledger.prepay_agreements.sign_agreement import sign_agreement
from prepay_ledger.prepay_agreements.values import PrepayTerms
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.refusals import Refusal


class DuplicateAccount(Refusal):
    """An account of that number exists."""

    kind = "duplicate-account"


async def open_account(
    *, unit: Unit, account: Account, signed: PrepayTerms | None, decided: Decided
) -> None:
    """``signed``: what the customer signed about prepayment; none: nothing yet, and the account is
    not cut by itself. Raises `DuplicateAccount`, `PrepayAgreementRefused`."""
    if not await unit.accounts.add(account):
        message = f"account {account.number} exists; nothing was changed"
        raise DuplicateAccount(message)
    event = opened(account)
    await unit.publish([account_event(event, account_id=account.id, at=account.opened_at)])
    if signed is not None:
        await sign_agreement(unit=unit, account_id=account.id, terms=signed, decided=decided)
    if (await unit.policies.book()).version(decided.at).document.warns:
        # Limits beside its own are found by a review alone.
        await unit.supply.look_at([account.id], now=decided.at)


def opened(account: Account, balance: Balance | None = None) -> AccountOpened:
    """The event that tells of a new account; ``balance``: what it brought with it."""
    return AccountOpened(
        account_id=account.id,
        number=account.number,
        currency=account.currency,
        opened_at=account.opened_at,
        balance_micro=balance.balance_micro if balance else 0,
        balance_number=balance.number if balance else 0,
    )
