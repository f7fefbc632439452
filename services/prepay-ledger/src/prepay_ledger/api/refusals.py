"""The use cases' refusals as problems."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from sqlalchemy.exc import IntegrityError

from prepay_ledger.application.manage_accounts import (
    BindingRefused,
    DuplicateAccount,
    DuplicateTariff,
    UnknownAccount,
)
from prewatt_common.http.problems import Problem

_REFUSALS = {
    DuplicateAccount: (HTTPStatus.CONFLICT, "duplicate-account"),
    DuplicateTariff: (HTTPStatus.CONFLICT, "duplicate-tariff"),
    BindingRefused: (HTTPStatus.CONFLICT, "refused"),
    UnknownAccount: (HTTPStatus.NOT_FOUND, "unknown-account"),
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
