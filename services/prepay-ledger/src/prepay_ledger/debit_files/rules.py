"""When a debit that came to nothing is tried again, and what follows for its mandate: pure."""

from datetime import date
from typing import NamedTuple

from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.values import DebitFileRow, DebitItem
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.reason_codes import Consequence, consequence_of
from prepay_ledger.debit_formats.values import Debit, DebitFile
from prepay_ledger.mandates.rules import next_month


class Follows(NamedTuple):
    """``for_good``: the mandate is suspended. ``is_open``: a person looks."""

    for_good: bool
    retry_on: date
    is_open: bool


def follows_of(
    code: str, *, failures: int, today: date, profile: DebitProfile, days: BusinessDays
) -> Follows:
    """``failures``: how many requests in a row came to nothing before this one. A later day is a
    business day, never ``today``; after the last of the profile it is one of the next month, and so
    it is for a reason that is not known, which a person has to look at."""
    consequence = consequence_of(code)
    after = profile.retry_after_days
    if consequence is Consequence.RETRY and failures < len(after):
        retry_on = days.after(today, after[failures])
    else:
        retry_on = days.on_or_after(next_month(today))
    return Follows(
        for_good=consequence is Consequence.SUSPEND,
        retry_on=retry_on,
        is_open=consequence is Consequence.LOOK,
    )


def file_of(row: DebitFileRow, items: list[DebitItem]) -> DebitFile:
    """As it is written."""
    return DebitFile(
        id=row.name,
        collect_on=row.collect_on,
        made_at=row.cut_off,
        currency=row.currency,
        debits=[
            Debit(
                number=each.number,
                id=each.name,
                mandate_reference=each.mandate_reference,
                signed_on=each.signed_on,
                debtor=each.debtor,
                amount_micro=each.amount_micro,
                account_number=each.account_number,
            )
            for each in sorted(items, key=lambda each: each.number)
        ],
    )
