"""Use case: somebody makes a link for an account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.pay_links.ports import Unit
from prepay_ledger.pay_links.refusals import InvalidPayLink, OtherPayLink, PayLinkKeyGone
from prepay_ledger.pay_links.rules import VALID_FOR, VALID_FOR_MAX, can_be_paid, offer_of
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.tokens import token_of, token_sha256
from prepay_ledger.pay_links.values import Payable, PayLink
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLink:
    """What is asked for, by whom."""

    account_id: UUID
    valid_until: datetime | None
    most_micro: int | None
    for_whom: str
    shows_needed: bool
    who: str
    key: str
    at: datetime


async def make_link(*, unit: Unit, asked: AskedLink, terms: LinkTerms) -> tuple[PayLink, str, bool]:
    """The link, its token, and whether it is new: the same under the same key is told again.

    Raises `PayLinksNotSetUp`, `UnknownAccount`, `OtherPayLink`, `PayLinkKeyGone` or
    `InvalidPayLink`.
    """
    terms.check()
    account = await unit.balances.lock(asked.account_id)
    if account is None:
        message = f"account {asked.account_id} does not exist"
        raise UnknownAccount(message)
    known = await unit.pay_links.asked_as(asked.key, who=asked.who)
    if known is not None:
        return known, _token_again(known, asked, terms), False
    valid_until = asked.valid_until or asked.at + VALID_FOR
    if not asked.at < valid_until <= asked.at + VALID_FOR_MAX:
        message = f"valid_until: it is ahead, by at most {VALID_FOR_MAX.days} days"
        raise InvalidPayLink(message)
    link_id = new_id()
    key_id, key = next(iter(terms.keys.items()))
    token = token_of(link_id, key=key)
    link = PayLink(
        id=link_id,
        account_id=account.id,
        token_sha256=token_sha256(token),
        key_id=key_id,
        valid_until=valid_until,
        most_micro=asked.most_micro,
        for_whom=asked.for_whom,
        shows_needed=asked.shows_needed,
        made_by=asked.who,
        idempotency_key=asked.key,
        made_at=asked.at,
    )
    offer = offer_of(
        Payable(
            link=link,
            number=account.number,
            currency=account.currency,
            needed_micro=0,
            is_closed=False,
        ),
        terms.amounts,
    )
    if asked.most_micro is not None and not can_be_paid(asked.most_micro, offer):
        message = (
            f"most_micro: one payment is of {offer.least_micro} to {offer.most_micro} micro-units, "
            f"in whole parts of {account.currency} that can be paid"
        )
        raise InvalidPayLink(message)
    await unit.pay_links.add(link)
    return link, token, True


def _token_again(known: PayLink, asked: AskedLink, terms: LinkTerms) -> str:
    same = (
        known.account_id == asked.account_id
        and known.most_micro == asked.most_micro
        and known.for_whom == asked.for_whom
        and known.shows_needed == asked.shows_needed
        and asked.valid_until in (known.valid_until, None)
    )
    if not same:
        message = (
            f"the Idempotency-Key {asked.key} came before with something else, which stands; "
            "nothing was changed"
        )
        raise OtherPayLink(message)
    key = terms.keys.get(known.key_id)
    if key is None:
        message = f"the key {known.key_id} that made link {known.id} is gone: make another link"
        raise PayLinkKeyGone(message)
    return token_of(known.id, key=key)
