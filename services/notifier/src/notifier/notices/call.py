"""A notice that is due, and a link to pay by in what it says."""

from dataclasses import dataclass

import msgspec

from notifier.notices.values import PAGE_CHARS_MAX, Facts, Template
from prewatt_common.contracts.ledger_events_v1 import (
    AutoTopUpFailed,
    BalanceExhausted,
    LowBalance,
    PaymentReminder,
    SupplyChanged,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A notice that is due. ``settled_above_micro``: a balance above it leaves nothing to say, or,
    of an instalment, more than that paid of its debt."""

    template: Template
    facts: Facts
    settled_above_micro: int | None = None


def with_pay_url(
    facts: Facts,
    event: LowBalance | BalanceExhausted | SupplyChanged | AutoTopUpFailed | PaymentReminder,
) -> Facts:
    """A link of the account's own, in place of the utility's page; not one that is too long to be
    told by SMS, as a word of theirs is not answered with one either."""
    url = event.pay_url
    if url is None or len(url) > PAGE_CHARS_MAX:
        return facts
    return msgspec.structs.replace(facts, pay_at=url)
