"""Whether a link can be paid by, and what may be paid. Pure."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from prepay_ledger.checkouts.values import Checkout
from prepay_ledger.pay_links.values import (
    Attempt,
    AttemptState,
    LinkKeys,
    LinkState,
    Offer,
    Payable,
    PayAmounts,
    PayLink,
)
from prepay_ledger.providers.amounts import THREE_DECIMAL, ZERO_DECIMAL, micro_of_decimal

VALID_FOR = timedelta(days=7)
"""Unless it is said until when."""
VALID_FOR_MAX = timedelta(days=366)
TOLD_FOR = timedelta(days=14)
"""A link that warnings tell unasked. One that would be over within `VALID_FOR` is told no more: the
next warning tells another."""
ASKED_AGAIN_FOR = timedelta(hours=1)
"""For so long the same form asks the provider for the same page."""
PAGE_LASTS = timedelta(hours=2)
"""A provider's page ends by then (Stripe's does); after that the form is an old one."""
ATTEMPTS_A_DAY = 50
"""Payments begun by one link."""
_TAIL = 4
_UNIT_MICRO = 1_000_000
_TYPED = re.compile(r"[0-9]{1,9}([.,][0-9]{1,3})?")
_UNITS = (20, 50, 100, 200)
_MOST_UNITS = 5_000


def state_of(link: PayLink, *, keys: LinkKeys, now: datetime) -> LinkState:
    """A payment that was begun before comes in all the same: it is the payer's money."""
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.valid_until <= now:
        return LinkState.EXPIRED
    return LinkState.VALID if link.key_id in keys else LinkState.KEY_GONE


def amounts_of(currency: str, given: Mapping[str, PayAmounts]) -> PayAmounts:
    """As the settings have them; else some that suit money of which 100 buys a good deal."""
    found = given.get(currency)
    if found is not None:
        return found
    return PayAmounts(
        choices_micro=tuple(units * _UNIT_MICRO for units in _UNITS),
        least_micro=_UNIT_MICRO,
        most_micro=_MOST_UNITS * _UNIT_MICRO,
    )


def offer_of(payable: Payable, given: Mapping[str, PayAmounts]) -> Offer:
    """What its payer may choose. Nothing is told of the balance unless the link's maker let it:
    then what is needed, in whole units that can be paid."""
    amounts, link = amounts_of(payable.currency, given), payable.link
    most = amounts.most_micro if link.most_micro is None else link.most_micro
    most = min(most, amounts.most_micro)
    needed = _rounded_up(payable.needed_micro, payable.currency) if link.shows_needed else 0
    needed = max(needed, amounts.least_micro) if needed else 0
    needed = needed if needed <= most else 0
    choices = {each for each in amounts.choices_micro if each <= most} | ({needed} - {0})
    return Offer(
        tail=tail_of(payable.number),
        currency=payable.currency,
        choices_micro=tuple(sorted(choices)),
        needed_micro=needed,
        least_micro=min(amounts.least_micro, most),
        most_micro=most,
    )


def tail_of(number: str) -> str:
    """The last characters: at most four, and never more than half of the number.

    >>> tail_of("100001"), tail_of("000000017"), tail_of("7")
    ('001', '0017', '')
    """
    return number[-count:] if (count := min(_TAIL, len(number) // 2)) else ""


def typed_micro(text: str, currency: str) -> int | None:
    """An amount as a person types it, in micro-units; none for what is no amount that there is in
    the currency. Either a point or a comma is before the decimals, and nothing between thousands.

    >>> typed_micro(" 12,5 ", "CNY"), typed_micro("１２", "CNY"), typed_micro("1,000", "CNY")
    (12500000, 12000000, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _TYPED.fullmatch(plain)
    if found is None or len((found[1] or ".")[1:]) > decimals_of(currency):
        return None
    return micro_of_decimal(plain.replace(",", "."))


def decimals_of(currency: str) -> int:
    """How many there are in the currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def is_whole(micro: int, currency: str) -> bool:
    """Whether the currency has such an amount.

    >>> is_whole(12_340_000, "CNY"), is_whole(12_345_000, "CNY"), is_whole(500_000, "JPY")
    (True, False, False)
    """
    return micro % _smallest_micro(currency) == 0


def odd_amount(amounts: PayAmounts, currency: str) -> int | None:
    """One of them that the currency does not have, if any."""
    return next((micro for micro in _every(amounts) if not is_whole(micro, currency)), None)


def is_taken(
    currency: str, given: Mapping[str, PayAmounts], checkouts: Collection[Checkout]
) -> bool:
    """Whether any provider takes one of the amounts that a page offers in that currency."""
    every = _every(amounts_of(currency, given))
    return any(not each.refused_amount(micro, currency) for each in checkouts for micro in every)


def _every(amounts: PayAmounts) -> tuple[int, ...]:
    return (amounts.least_micro, *amounts.choices_micro, amounts.most_micro)


def is_scanned(page_url: str) -> bool:
    """Whether the payer scans it, and is sent nowhere.

    >>> is_scanned("weixin://wxpay/bizpayurl?pr=1"), is_scanned("https://pay.example/1")
    (True, False)
    """
    return bool(page_url) and not page_url.startswith(("https://", "http://"))


def can_be_paid(micro: int, offer: Offer) -> bool:
    """Whether one payment may be of that."""
    return is_whole(micro, offer.currency) and offer.least_micro <= micro <= offer.most_micro


def is_old(attempt: Attempt, *, now: datetime) -> bool:
    """Whether its form leads nowhere any more: neither can the provider be asked for the same page
    under the same key, nor is there a page. What is paid leads to that it is, at any time."""
    age = now - attempt.begun_at
    match attempt.state:
        case AttemptState.BEGUN:
            return age >= ASKED_AGAIN_FOR
        case AttemptState.AT_PROVIDER | AttemptState.FAILED:
            return age >= PAGE_LASTS
        case AttemptState.DECLINED | AttemptState.PAID:
            return False


def _rounded_up(micro: int, currency: str) -> int:
    step = _smallest_micro(currency)
    return -(-micro // step) * step


def _smallest_micro(currency: str) -> int:
    return 10 ** (6 - decimals_of(currency))
