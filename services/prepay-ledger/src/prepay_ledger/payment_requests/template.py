"""The JSON body that a provider wants, with places for what is asked. Pure."""

import re
from collections.abc import Collection, Mapping

from pydantic import JsonValue

from prepay_ledger.payment_requests.values import PaymentRequest
from prepay_ledger.providers.amounts import decimal_of

_PLACE = re.compile(r"\{([a-z_]+)\}")


def places(request: PaymentRequest) -> dict[str, str | int]:
    """What may stand between braces."""
    return {
        "request_id": str(request.id),
        "account_number": request.account_number,
        "reference": request.reference,
        "amount_micro": request.amount_micro,
        "amount": decimal_of(request.amount_micro),
        "currency": request.currency,
    }


NAMES = frozenset(
    {"request_id", "account_number", "reference", "amount_micro", "amount", "currency"}
)


def check(template: JsonValue, *, names: Collection[str] = NAMES) -> None:
    """Raises ValueError where it names a place that is none of ``names``, or lacks the request's
    id."""
    named = _named(template)
    if unknown := sorted(named - set(names)):
        message = f"{{{unknown[0]}}} is none of {', '.join(sorted(names))}"
        raise ValueError(message)
    if "request_id" not in named:
        message = "the body names no {request_id}: no webhook could say which request was paid"
        raise ValueError(message)


def filled(template: JsonValue, given: Mapping[str, str | int]) -> JsonValue:
    """A text that is one place alone becomes what stands there, a number stays a number."""
    match template:
        case str() as text if (whole := _PLACE.fullmatch(text)) is not None:
            return given[whole[1]]
        case str() as text:
            return _PLACE.sub(lambda place: str(given[place[1]]), text)
        case dict():
            return {name: filled(each, given) for name, each in template.items()}
        case list():
            return [filled(each, given) for each in template]
        case _:
            return template


def _named(template: JsonValue) -> set[str]:
    match template:
        case str() as text:
            return set(_PLACE.findall(text))
        case dict():
            return {name for each in template.values() for name in _named(each)}
        case list():
            return {name for each in template for name in _named(each)}
        case _:
            return set()
