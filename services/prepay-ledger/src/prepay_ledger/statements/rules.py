"""What a statement says of a period: pure."""

from collections.abc import Mapping

from prepay_ledger.statements.values import Amounts, Ground


def amounts_of(ground: Ground) -> Amounts:
    """All that is owed up to the end of the period is what the balance lacks, without what was
    charged for later ones. What is neither charged, nor corrected, nor a late charge, nor paid is
    the rest, so that a statement begins where the one before ended and nothing is lost between
    them."""
    charged = sum(ground.charged.values())
    before = ground.before
    corrected = ground.posted_micro - charged - before.posted_micro
    paid = ground.paid_micro - before.paid_micro
    late = ground.late_micro - before.late_micro
    owed = -(ground.balance_micro + ground.later_micro)
    return Amounts(
        brought_micro=before.owed_micro,
        charged_micro=charged,
        corrected_micro=corrected,
        paid_micro=paid,
        given_micro=before.owed_micro + charged + corrected + late - paid - owed,
        late_micro=late,
        owed_micro=owed,
    )


def without_nothing(charged: Mapping[str, int]) -> Mapping[str, int]:
    """Components that came to something."""
    return {name: micro for name, micro in sorted(charged.items()) if micro}
