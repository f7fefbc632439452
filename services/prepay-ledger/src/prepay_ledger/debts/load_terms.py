"""What the policy says of debts, to the class that each account has signed for."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from prepay_ledger.debts.ports import TermsUnit
from prepay_ledger.debts.values import DebtTerms
from prepay_ledger.prepay_agreements.values import class_of


async def load_terms(
    unit: TermsUnit, account_ids: Collection[UUID], *, at: datetime
) -> Mapping[UUID, DebtTerms]:
    """Of every one of the accounts; two statements for all."""
    if not account_ids:
        return {}
    book = await unit.policies.book()
    signed = await unit.prepay_agreements.in_force(account_ids, at=at)
    found: dict[UUID, DebtTerms] = {}
    for account_id in account_ids:
        policy = book.in_force(class_of(signed.get(account_id)), at=at).terms
        rules = policy.corrected_bills
        found[account_id] = DebtTerms(
            days=rules.apart_after_days,
            limitation_months=rules.limitation_months,
            paused_while_off=rules.paused_while_off,
            days_after_return=rules.instalments_days_after_return,
            back_above_micro=policy.coming_back.balance_above_micro,
            topup_share_max_ppm=rules.topup_share_max_ppm,
            topup_cap_micro=rules.topup_cap_micro,
            topup_cap_days=rules.topup_cap_days,
            paused_in_emergency=policy.emergency_credit is not None
            and policy.emergency_credit.debts_paused,
        )
    return found
