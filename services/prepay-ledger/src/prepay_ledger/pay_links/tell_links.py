"""Use case: accounts that are warned are told a link of their own, unasked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.checkouts.values import Checkout
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.pay_links.rules import TOLD_FOR, VALID_FOR, is_taken
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.tokens import token_of, token_sha256
from prepay_ledger.pay_links.values import PayLink
from prewatt_common.ids import new_id

LEDGER = "prepay-ledger"
"""Who has made them."""


@dataclass(frozen=True, slots=True)
class TellLinks:
    """``terms`` are set up: whoever has none tells no links. ``checkouts``: at whose pages payers
    pay."""

    terms: LinkTerms
    checkouts: Collection[Checkout]

    async def __call__(
        self, unit: HasPayLinks, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, str]:
        """What a payer of each account opens, in the transaction of what tells it; nothing of those
        that nobody can pay to by a link, or in whose currency no provider takes money. The accounts
        are locked. Two statements for all: one that was told and lasts is told again, so that a
        warning is no row each.
        """
        if not account_ids:
            return {}
        known = await unit.pay_links.telling(
            account_ids, who=LEDGER, keys=self.terms.keys, until=now + VALID_FOR, now=now
        )
        urls: dict[UUID, str] = {}
        made: list[PayLink] = []
        currencies = {each.currency for each in known.values()}
        taken = {each for each in currencies if is_taken(each, self.terms.amounts, self.checkouts)}
        for account_id, (link_id, key_id, currency) in known.items():
            if currency not in taken:
                continue
            if link_id is not None and key_id is not None:
                token = token_of(link_id, key=self.terms.keys[key_id])
            else:
                link, token = self._made(account_id, now=now)
                made.append(link)
            urls[account_id] = self.terms.url_of(token)
        await unit.pay_links.add_all(made)
        return urls

    def _made(self, account_id: UUID, *, now: datetime) -> tuple[PayLink, str]:
        link_id = new_id()
        key_id, key = next(iter(self.terms.keys.items()))
        token = token_of(link_id, key=key)
        link = PayLink(
            id=link_id,
            account_id=account_id,
            token_sha256=token_sha256(token),
            key_id=key_id,
            valid_until=now + TOLD_FOR,
            most_micro=None,
            for_whom="",
            # The customer may give it to others, who are to learn nothing of the balance.
            shows_needed=False,
            made_by=LEDGER,
            idempotency_key=str(link_id),
            made_at=now,
        )
        return link, token
