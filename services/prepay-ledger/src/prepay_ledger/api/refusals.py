"""The use cases' refusals as problems."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from sqlalchemy.exc import IntegrityError

from prepay_ledger.adapters.postgres.payment_queries import UnknownCursor
from prepay_ledger.application.handle_payment_events import EventApplied, EventClosed, UnknownEvent
from prepay_ledger.application.manage_accounts import (
    BindingRefused,
    DuplicateAccount,
    DuplicateTariff,
    UnknownAccount,
)
from prepay_ledger.application.resolve_suspense import (
    NotInSuspense,
    OtherCurrency,
    UnknownPayment,
)
from prewatt_common.http.problems import Problem

_REFUSALS = {
    DuplicateAccount: (HTTPStatus.CONFLICT, "duplicate-account"),
    DuplicateTariff: (HTTPStatus.CONFLICT, "duplicate-tariff"),
    BindingRefused: (HTTPStatus.CONFLICT, "refused"),
    UnknownAccount: (HTTPStatus.NOT_FOUND, "unknown-account"),
    UnknownPayment: (HTTPStatus.NOT_FOUND, "unknown-payment"),
    NotInSuspense: (HTTPStatus.CONFLICT, "not-in-suspense"),
    OtherCurrency: (HTTPStatus.CONFLICT, "other-currency"),
    UnknownEvent: (HTTPStatus.NOT_FOUND, "unknown-payment-event"),
    EventApplied: (HTTPStatus.CONFLICT, "event-applied"),
    EventClosed: (HTTPStatus.CONFLICT, "event-closed"),
    UnknownCursor: (HTTPStatus.UNPROCESSABLE_ENTITY, "unknown-cursor"),
}


@contextmanager
def refusals() -> Generator[None]:
    """Turns the use cases' refusals into problems."""
    try:
        yield
    except tuple(_REFUSALS) as error:
        status, kind = _REFUSALS[type(error)]
        raise Problem(status=status, kind=kind, detail=f"{error}.") from error
    except IntegrityError as error:
        raise Problem(
            status=HTTPStatus.CONFLICT,
            kind="conflict",
            detail="Somebody else made the same at the same time; nothing was changed.",
        ) from error
