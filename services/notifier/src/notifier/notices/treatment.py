"""How a notice is treated: what it goes before, and how long it is worth saying."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo

from notifier.contacts.consents import Purpose
from notifier.notices.values import ANSWERS, CAMPAIGNS, TOLD_AS, Facts, Priority, Template

_PRIORITIES: Mapping[Template, Priority] = {
    Template.SUPPLY_OFF: Priority.SUPPLY,
    Template.SUPPLY_LIMITED: Priority.SUPPLY,
    Template.SUPPLY_ARMED: Priority.SUPPLY,
    Template.SUPPLY_ON: Priority.SUPPLY,
    Template.RECONNECTION_LATE: Priority.SUPPLY,
    Template.SUPPLY_APOLOGY: Priority.SUPPLY,
    # Good news that wakes nobody.
    Template.SUPPLY_LIMIT_RAISED: Priority.BALANCE,
    Template.LOW_BALANCE: Priority.BALANCE,
    Template.BALANCE_EXHAUSTED: Priority.BALANCE,
    Template.BALANCE_ADDED: Priority.INFORMATION,
    Template.BALANCE_TAKEN: Priority.INFORMATION,
    Template.NOW_PREPAID: Priority.BALANCE,
    Template.NOW_POSTPAID: Priority.BALANCE,
    Template.AUTO_TOP_UP_FAILED: Priority.BALANCE,
    Template.COLLECTION_FAILED: Priority.BALANCE,
    Template.MANDATE_SUSPENDED: Priority.BALANCE,
    Template.EMERGENCY_CREDIT_OFFERED: Priority.BALANCE,
    Template.EMERGENCY_CREDIT_ACCEPTED: Priority.INFORMATION,
    Template.PAYMENT_TAKEN_BACK: Priority.INFORMATION,
    Template.TOPPED_UP: Priority.INFORMATION,
    # Nobody can decline it: a demand that the law asks for may rest on it.
    Template.PAYMENT_REMINDER: Priority.BALANCE,
    Template.DEBT_OWED: Priority.INFORMATION,
    Template.DEBT_PAID: Priority.INFORMATION,
    Template.DEBT_LOWERED: Priority.INFORMATION,
    Template.DEBT_WRITTEN_OFF: Priority.INFORMATION,
    **dict.fromkeys(ANSWERS, Priority.BALANCE),
    **dict.fromkeys(CAMPAIGNS, Priority.CAMPAIGN),
}
PRIORITIES: Mapping[Template, Priority] = {
    **_PRIORITIES,
    **{nominated: _PRIORITIES[of] for nominated, of in TOLD_AS.items()},
}
SAYS: Mapping[Purpose, Template] = {
    Purpose.NEWS: Template.CAMPAIGN_NEWS,
    Purpose.SUPPLY: Template.CAMPAIGN_SERVICE,
    Purpose.CAMPAIGNS: Template.CAMPAIGN_OFFER,
}
"""What a campaign of each purpose says; there are none of payments."""
PURPOSES: Mapping[Template, Purpose] = {
    template: Purpose.PAYMENTS if priority is Priority.INFORMATION else Purpose.SUPPLY
    for template, priority in PRIORITIES.items()
} | {template: purpose for purpose, template in SAYS.items()}
"""What a notice is for: a customer may decline some of these."""
_LIFETIMES: Mapping[Template, timedelta] = {
    # Supply is back: who has no power by tomorrow knows better than this notice.
    Template.SUPPLY_ON: timedelta(hours=12),
    Template.RECONNECTION_LATE: timedelta(hours=12),
    Template.SUPPLY_ARMED: timedelta(hours=24),
    Template.SUPPLY_OFF: timedelta(hours=48),
    Template.SUPPLY_LIMITED: timedelta(hours=48),
    Template.SUPPLY_LIMIT_RAISED: timedelta(hours=48),
    Template.SUPPLY_APOLOGY: timedelta(hours=72),
    # A cut waits for these, so they outlast a weekend's outage.
    Template.LOW_BALANCE: timedelta(hours=72),
    Template.BALANCE_EXHAUSTED: timedelta(hours=72),
    Template.EMERGENCY_CREDIT_OFFERED: timedelta(hours=72),
    Template.AUTO_TOP_UP_FAILED: timedelta(hours=24),
    # Where nothing is tried again: else see `worth_until`.
    Template.COLLECTION_FAILED: timedelta(days=7),
    Template.BALANCE_ADDED: timedelta(days=7),
    Template.BALANCE_TAKEN: timedelta(days=7),
    Template.NOW_PREPAID: timedelta(days=7),
    Template.NOW_POSTPAID: timedelta(days=7),
    Template.MANDATE_SUSPENDED: timedelta(days=7),
    Template.EMERGENCY_CREDIT_ACCEPTED: timedelta(hours=24),
    Template.TOPPED_UP: timedelta(hours=72),
    Template.DEBT_PAID: timedelta(hours=72),
    Template.PAYMENT_TAKEN_BACK: timedelta(days=7),
    Template.PAYMENT_REMINDER: timedelta(days=7),
    Template.DEBT_OWED: timedelta(days=7),
    Template.DEBT_LOWERED: timedelta(days=7),
    Template.DEBT_WRITTEN_OFF: timedelta(days=7),
    # Who has asked and hears nothing for so long asks again.
    **dict.fromkeys(ANSWERS, timedelta(hours=4)),
    # What a campaign could not say within a day it says to others.
    **dict.fromkeys(CAMPAIGNS, timedelta(hours=24)),
}
LIFETIMES: Mapping[Template, timedelta] = {
    **_LIFETIMES,
    **{nominated: _LIFETIMES[of] for nominated, of in TOLD_AS.items()},
}
"""After this a notice is not sent any more: settings may say otherwise."""

NEVER_QUIET = frozenset(
    {template for template, each in PRIORITIES.items() if each is Priority.SUPPLY}
    | {Template.BALANCE_EXHAUSTED, Template.NOMINATED_BALANCE_EXHAUSTED}
    | {Template.EMERGENCY_CREDIT_OFFERED}
    | ANSWERS
)
"""Who has no electricity, or may have none soon, is told at night too, and so is who asks; of all
but answers settings may say otherwise."""


_AT_LEAST = timedelta(hours=12)


def worth_until(
    template: Template,
    facts: Facts,
    *,
    now: datetime,
    lifetimes: Mapping[Template, timedelta],
    zone: tzinfo,
) -> datetime:
    """When a notice is worth nothing any more: mostly after its template's time. That something was
    not collected is told until the day in ``zone`` begins on which it is tried again, be that a
    month away: from then on its money may come. If that day has come by now, for half a day: it is
    withdrawn as the money comes, and nobody else says that it did not.

    >>> from datetime import UTC, date
    >>> at, retry_on = datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 9)
    >>> facts = Facts(at=at, currency="CNY", retry_on=retry_on)
    >>> worth_until(Template.COLLECTION_FAILED, facts, now=at, lifetimes=LIFETIMES, zone=UTC)
    datetime.datetime(2026, 3, 9, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if template is not Template.COLLECTION_FAILED or facts.retry_on is None:
        return now + lifetimes[template]
    begins = datetime.combine(facts.retry_on, time(), zone).astimezone(UTC)
    return max(begins, now + _AT_LEAST)


def gives_up_at(*, now: datetime, expires_at: datetime, channels_left: int) -> datetime:
    """When the next channel gets the notice: those that are left share the time that is left, so
    that an outage of the first one leaves time for the others.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> gives_up_at(now=noon, expires_at=noon + timedelta(hours=6), channels_left=3).hour
    14
    """
    return min(expires_at, now + (expires_at - now) / max(channels_left, 1))
