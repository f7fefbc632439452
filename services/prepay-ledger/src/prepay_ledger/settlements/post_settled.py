"""Use case: what a provider kept as fees, and what it sent to the bank, leaves its clearing
account."""

from datetime import datetime

from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing, payout_in_transit
from prepay_ledger.settlement_files.values import Lines
from prepay_ledger.settlements.rules import settled_by_currency, what_changed
from prepay_ledger.settlements.values import SettlementFile


async def post_settled(
    *, unit: HasJournals, file: SettlementFile, before: Lines, after: Lines, now: datetime
) -> None:
    """A journal a currency, of what is other than by the revision before."""
    moved = what_changed(settled_by_currency(before), settled_by_currency(after))
    for currency, (fees, payouts) in moved.items():
        postings = {
            clearing(file.provider): fees + payouts,
            UtilityAccount.PAYMENT_FEES: -fees,
            payout_in_transit(file.provider): -payouts,
        }
        await unit.journals.post(
            Journal(
                kind="settlement",
                source=f"{file.provider}/{file.business_day}/{file.revision}",
                currency=currency,
                entries=(),
                postings={name: micro for name, micro in postings.items() if micro},
            ),
            at=now,
        )
