"""Accounts of which mandates ask for something are gone through, bank by bank, some at a time."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from prepay_ledger.metrics import LEFT_OUT
from prewatt_common.db.odd_ones import odd_among

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 100


async def ask_in_portions(
    name: str,
    *,
    days_ahead: Mapping[str, int],
    accounts: Callable[[str, int, UUID | None], Awaitable[Sequence[UUID]]],
    ask: Callable[[UUID], Awaitable[None]],
) -> None:
    """``name``: the job's. ``days_ahead``: how many days before something is due it is asked for,
    by provider. ``accounts``: up to `ACCOUNTS_AT_ONCE` of a provider, for so many days ahead, after
    an account's id, in the order of their ids. An account of which ``ask`` raises keeps none of the
    others from being asked."""

    async def ask_each(account_ids: Sequence[UUID]) -> None:
        for each in account_ids:
            await ask(each)

    for provider, ahead in days_ahead.items():
        after: UUID | None = None
        while True:
            some = await accounts(provider, ahead, after)
            odd = await odd_among(some, ask_each)
            for account_id, error in odd:
                logger.error("%s: account %s", name, account_id, exc_info=error)
            LEFT_OUT.labels(name).inc(len(odd))
            if len(some) < ACCOUNTS_AT_ONCE:
                break
            after = some[-1]
