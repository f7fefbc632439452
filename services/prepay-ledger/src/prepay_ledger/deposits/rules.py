"""What may be held, drawn and released: pure."""

from datetime import date

from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Terms


def why_not_held(terms: Terms, *, place: Place | None, today: date) -> str | None:
    """Why such a deposit cannot be taken on ``today``, the utility's day; none: it can."""
    is_guarantee = terms.kind is DepositKind.GUARANTEE
    if is_guarantee != bool(terms.issuer):
        return "a guarantee names its issuer" if is_guarantee else "cash has no issuer"
    if is_guarantee == (place is not None):
        return (
            "nothing is paid for a guarantee: leave the place out"
            if is_guarantee
            else "say where the money came from: bank, cash, or the account's balance"
        )
    if terms.valid_until is None:
        return "say until when the guarantee holds" if is_guarantee else None
    if terms.valid_until < max(terms.valid_from, today):
        return f"it would hold from {terms.valid_from} until {terms.valid_until}, and is over"
    return None


def why_not_drawn(deposit: Deposit, micro: int, *, owed_micro: int, today: date) -> str | None:
    """Why so much cannot be taken of it for what is owed; none: it can."""
    terms = deposit.terms
    if micro > deposit.left_micro:
        return f"{deposit.left_micro} micro-units of it are left, not {micro}"
    if micro > owed_micro:
        return f"{owed_micro} micro-units are owed, not {micro}"
    if terms.kind is DepositKind.CASH:
        # What is in the utility's hands pays what is owed, also where it was to be given back.
        return None
    if today < terms.valid_from:
        return f"the guarantee holds from {terms.valid_from} on"
    if terms.valid_until is not None and today > terms.valid_until:
        return f"the guarantee held until {terms.valid_until}: its issuer owes nothing any more"
    return None


def why_not_received(deposit: Deposit, micro: int) -> str | None:
    """Why its issuer cannot have paid so much; none: it can."""
    if deposit.terms.kind is DepositKind.CASH:
        return "the money of a cash deposit is there already"
    waits_micro = deposit.drawn_micro - deposit.received_micro
    if micro > waits_micro:
        return f"its issuer was called on for {waits_micro} micro-units more, not {micro}"
    return None


def why_not_released(deposit: Deposit, micro: int, *, place: Place | None) -> str | None:
    """Why so much cannot be given back; none: it can."""
    is_guarantee = deposit.terms.kind is DepositKind.GUARANTEE
    if is_guarantee == (place is not None):
        return (
            "no money goes back of a guarantee: leave the place out"
            if is_guarantee
            else "say where the money goes: bank, cash, or the account's balance"
        )
    if micro > deposit.left_micro:
        return f"{deposit.left_micro} micro-units of it are left, not {micro}"
    return None
