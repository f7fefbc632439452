"""What may be paid out of an account, and to whom: pure."""

from collections.abc import Sequence
from uuid import UUID

from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.refunds.values import Ground, Order, PaidBefore, Payee, Way

_IBAN_PREFIX = 4
_IBAN_MIN = 15
_NAMED = 3


def why_not_paid_out(
    ground: Ground, *, amount_micro: int, way: Way, cash_max_micro: int | None
) -> str | None:
    """Why so much cannot leave the account; none: it can."""
    why = why_not_closed(ground)
    if why is not None:
        return why
    if way is Way.CASH and cash_max_micro is not None and amount_micro > cash_max_micro:
        return f"in cash {cash_max_micro} micro-units are paid out at most, not {amount_micro}"
    if amount_micro > ground.refundable_micro:
        return (
            f"{ground.refundable_micro} micro-units are left (balance {ground.balance_micro}, "
            f"deposits in cash {ground.deposits_micro}, debts {ground.debts_micro}), not "
            f"{amount_micro}"
        )
    return None


def why_not_closed(ground: Ground) -> str | None:
    """Why the account may still be charged for what was used; none: its last charge is known."""
    in_the_way = (
        (
            ground.runs or ground.ends_on is None,
            "a tariff charges the account still, or has yet to: end its agreement first",
        ),
        (ground.serving, f"meters serve the account still: {_some(ground.serving)}"),
        (ground.unread, f"final readings are not known of: {_some(ground.unread)}"),
        (ground.parked, f"readings wait after a fault, of: {_some(ground.parked)}"),
        (ground.estimated_micro, "it is charged by an estimate, until its meter is read"),
        (ground.due, "what time alone owes up to its last day is not charged yet"),
        (ground.has_mandate, "a mandate would ask for money as the balance falls: end it first"),
    )
    return next((why for stands, why in in_the_way if stands), None)


def why_not_to(payee: Payee, way: Way, *, payment: UUID | None = None) -> str | None:
    """Why nobody can be paid so; none: it can be tried."""
    if (way is Way.PROVIDER) != (payment is not None):
        return "say to which payment" if way is Way.PROVIDER else f"{way} goes back to no payment"
    if not payee.holder:
        return "say who is paid"
    if (way is Way.BANK) != bool(payee.bank_account):
        return "say to which bank account" if way is Way.BANK else f"{way} has no bank account"
    if way is not Way.BANK and payee.bank_code:
        return f"{way} has no bank"
    if is_iban(payee.bank_account) and not iban_holds(payee.bank_account):
        return "the check digits of the IBAN do not hold: somebody has mistyped it"
    return None


def why_not_back(paid: PaidBefore, asked: Order, *, currency: str) -> str | None:
    """Why so much cannot go back to that payment; none: its provider can be asked."""
    left_micro = paid.amount_micro - paid.taken_back_micro
    in_the_way = (
        (paid.account_id != asked.account_id, "the account does not have that payment's money"),
        (paid.currency != currency, f"the payment was in {paid.currency}, not {currency}"),
        (
            paid.under_way is not None,
            f"refund {paid.under_way} of that payment is under way: wait for its end",
        ),
        (
            asked.amount_micro > left_micro,
            f"of that payment {left_micro} micro-units are left ({paid.amount_micro} paid, "
            f"{paid.taken_back_micro} went back), not {asked.amount_micro}",
        ),
    )
    return next((why for stands, why in in_the_way if stands), None)


def is_iban(number: str) -> bool:
    """Whether it has the form of one: two letters and two digits before the rest.

    >>> is_iban("DE02120300000000202051"), is_iban("6222000011112222")
    (True, False)
    """
    return len(number) >= _IBAN_MIN and number[:2].isalpha() and number[2:_IBAN_PREFIX].isdigit()


def iban_holds(iban: str) -> bool:
    """By its check digits (ISO 13616: ISO 7064 MOD 97-10).

    >>> iban_holds("DE02120300000000202051"), iban_holds("DE02120300000000202015")
    (True, False)
    """
    turned = iban[_IBAN_PREFIX:] + iban[:_IBAN_PREFIX]
    if not (turned.isascii() and turned.isalnum()):
        return False
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def needs_two(terms: ApprovalTerms, ground: Ground, amount_micro: int) -> bool:
    """Whether it takes two people: by all that was paid out of the account, so that nobody pays
    much in small parts; and by its deposits, all of which are given back by the first one, however
    small."""
    return terms.needs_two(max(ground.refunded_micro + amount_micro, ground.deposits_micro))


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
