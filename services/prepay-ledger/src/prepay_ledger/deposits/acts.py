"""What of deposits may wait for a second person, as it is proposed and read back: pure."""

from datetime import date
from uuid import UUID

from prepay_ledger.approvals.values import Act, ActKind
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, Terms


def act_of_hold(account_id: UUID, terms: Terms, step: Step) -> Act:
    """About the account."""
    until = terms.valid_until
    return Act(
        kind=ActKind.DEPOSIT_HOLD,
        subject=str(account_id),
        key=step.key,
        parameters={
            "account_id": str(account_id),
            "kind": terms.kind.value,
            "amount_micro": terms.amount_micro,
            "currency": terms.currency,
            "issuer": terms.issuer,
            "reference": terms.reference,
            "place": _place(step),
            "valid_from": terms.valid_from.isoformat(),
            "valid_until": "" if until is None else until.isoformat(),
        },
        amount_micro=terms.amount_micro,
        currency=terms.currency,
    )


def act_of_draw(deposit: Deposit, step: Step) -> Act:
    """About the deposit. ``debt_id``: empty where it is what the balance owes."""
    return Act(
        kind=ActKind.DEPOSIT_DRAW,
        subject=str(deposit.id),
        key=step.key,
        parameters={
            **_of(deposit, step),
            "debt_id": "" if step.debt_id is None else str(step.debt_id),
        },
        amount_micro=step.amount_micro,
        currency=deposit.terms.currency,
    )


def act_of_release(deposit: Deposit, step: Step) -> Act:
    """About the deposit. ``place``: empty for a guarantee."""
    return Act(
        kind=ActKind.DEPOSIT_RELEASE,
        subject=str(deposit.id),
        key=step.key,
        parameters={**_of(deposit, step), "place": _place(step)},
        amount_micro=step.amount_micro,
        currency=deposit.terms.currency,
    )


def terms_of(act: Act) -> Terms:
    """What is to be held."""
    given, until = act.parameters, str(act.parameters["valid_until"])
    return Terms(
        kind=DepositKind(str(given["kind"])),
        amount_micro=int(given["amount_micro"]),
        currency=str(given["currency"]),
        issuer=str(given["issuer"]),
        reference=str(given["reference"]),
        valid_from=date.fromisoformat(str(given["valid_from"])),
        valid_until=date.fromisoformat(until) if until else None,
    )


def place_of(act: Act) -> Place | None:
    """Where the money comes from, or goes."""
    place = str(act.parameters["place"])
    return Place(place) if place else None


def debt_of(act: Act) -> UUID | None:
    """What is to be paid by a draw."""
    debt_id = str(act.parameters["debt_id"])
    return UUID(debt_id) if debt_id else None


def key_of(act: Act) -> str:
    """The Idempotency-Key of who proposed it."""
    assert act.key is not None, "what is done with a deposit is asked for under a key"
    return act.key


def _of(deposit: Deposit, step: Step) -> dict[str, str | int]:
    """With what it is about, for who approves to see."""
    return {
        "account_id": str(deposit.account_id),
        "deposit_id": str(deposit.id),
        "kind": deposit.terms.kind.value,
        "amount_micro": step.amount_micro,
    }


def _place(step: Step) -> str:
    return "" if step.place is None else step.place.value
