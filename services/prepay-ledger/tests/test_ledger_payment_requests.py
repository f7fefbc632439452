"""How providers are asked for money, against one that checks all of it, over HTTP."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from ledger_asked import BODY, Asked, asked_provider
from ledger_providers import ledger_settings
from pydantic import TypeAdapter, ValidationError

from prepay_ledger.payment_requests.configured import ConfiguredRequester
from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.payment_requests.template import check, filled, places
from prepay_ledger.payment_requests.values import Accepted, NoAnswer, PaymentRequest, Refused

CONFIGURED = TypeAdapter[Any](ConfiguredRequester)


@pytest.fixture
async def provider() -> AsyncGenerator[Asked]:
    async with asked_provider() as asked:
        yield asked


def a_request(reference: str = "cus_1/pm_2") -> PaymentRequest:
    return PaymentRequest(
        id=uuid4(),
        account_id=uuid4(),
        account_number="户-1",
        reference=reference,
        amount_micro=88_800_000,
        currency="CNY",
    )


async def ask(provider: Asked, kind: str, request: PaymentRequest) -> Any:
    async with make_client() as client:
        return (
            await CONFIGURED.validate_python(provider.settings(kind)).requester(client).ask(request)
        )


@pytest.mark.parametrize("kind", ["http-json", "stripe"])
async def test_the_same_key_is_charged_once(provider: Asked, kind: str) -> None:
    request = a_request()
    first, second = [await ask(provider, kind, request) for _ in range(2)]
    assert first == second == Accepted(provider.charged[str(request.id)][1])
    assert provider.calls == [str(request.id)] * 2


@pytest.mark.parametrize(
    ("kind", "status", "body", "expected"),
    [
        (
            "http-json",
            402,
            {"error": {"code": "no_funds"}},
            Refused(code="no_funds", for_good=False),
        ),
        ("http-json", 422, {}, Refused(code="422", for_good=False)),
        (
            "http-json",
            402,
            {"error": {"code": "mandate_revoked"}, "payment": {"id": "p"}},
            Refused(code="mandate_revoked", for_good=True, payment_id="p"),
        ),
        ("http-json", 410, {"error": 7}, Refused(code="410", for_good=True)),
        ("http-json", 202, {"payment": "none"}, Accepted("")),
        ("http-json", 409, {}, NoAnswer("answered 409", is_there=True)),
        ("http-json", 401, {}, NoAnswer("answered 401", is_there=True)),
        ("http-json", 302, {}, NoAnswer("answered 302", is_there=True)),
        ("http-json", 503, {}, NoAnswer("answered 503", is_there=False)),
        (
            "stripe",
            402,
            {
                "error": {
                    "code": "card_declined",
                    "decline_code": "insufficient_funds",
                    "payment_intent": {"id": "pi_1"},
                }
            },
            Refused(code="insufficient_funds", for_good=False, payment_id="pi_1"),
        ),
        (
            "stripe",
            402,
            {"error": {"code": "card_declined", "decline_code": "stolen_card"}},
            Refused(code="stolen_card", for_good=True),
        ),
        (
            "stripe",
            402,
            {"error": {"code": "authentication_required"}},
            Refused(code="authentication_required", for_good=False),
        ),
        (
            "stripe",
            400,
            {"error": {"code": "resource_missing", "param": "payment_method"}},
            Refused(code="resource_missing", for_good=True),
        ),
        (
            "stripe",
            400,
            {"error": {"code": "amount_too_small"}},
            NoAnswer("answered 400", is_there=True),
        ),
        (
            "stripe",
            409,
            {"error": {"code": "idempotency_key_in_use"}},
            NoAnswer("answered 409", is_there=True),
        ),
        (
            "stripe",
            200,
            {"id": "pi_1", "status": "requires_action"},
            Refused(code="requires_action", for_good=False, payment_id="pi_1"),
        ),
        ("stripe", 200, {"id": "pi_1", "status": "processing"}, Accepted("pi_1")),
        ("stripe", 200, {}, NoAnswer("the answer is no payment intent", is_there=True)),
        ("stripe", 500, {}, NoAnswer("answered 500", is_there=False)),
    ],
)
async def test_what_an_answer_means(
    provider: Asked, kind: str, status: int, body: dict[str, object], expected: object
) -> None:
    provider.answers = (status, body)
    assert await ask(provider, kind, a_request()) == expected


async def test_whoever_does_not_listen_has_not_answered(provider: Asked) -> None:
    gone = replace(provider, port=9)
    answer = await ask(gone, "http-json", a_request())
    assert isinstance(answer, NoAnswer)
    assert not answer.is_there


async def test_a_body_is_filled_with_what_is_asked() -> None:
    request = a_request()
    body = {"n": "{amount_micro}", "t": ["No. {request_id} of {currency}", 5, None, "{x}{"]}
    with pytest.raises(ValueError, match=r"\{x\} is none of account_number"):
        check(body)
    body["t"][3] = "{"  # type: ignore[index]
    assert filled(body, places(request)) == {
        "n": 88_800_000,
        "t": [f"No. {request.id} of CNY", 5, None, "{"],
    }
    assert filled("{amount}", places(request)) == "88.80"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"body": {"a": "{amount}"}}, "names no {request_id}"),
        ({"url": "ftp://there/x"}, "https or http"),
        ({"secret": "c2hvcnQ="}, "too short"),
        ({"secrets": ["x"]}, "Extra inputs"),
        ({"code": "a..b"}, "pattern"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object], says: str) -> None:
    settings = Asked(1).settings() | {"body": BODY} | wrong
    with pytest.raises(ValidationError, match=says):
        CONFIGURED.validate_python(settings)


def test_whom_nobody_hears_is_not_asked() -> None:
    with pytest.raises(ValidationError, match="provider deaf could be asked for money and never"):
        ledger_settings(payment_requesters={"deaf": Asked(1).settings()})


@pytest.mark.parametrize(
    ("kind", "reference", "is_right"),
    [
        ("stripe", "cus_1/pm_2", True),
        ("stripe", "pm_2", False),
        ("stripe", "cus_1/card_2", False),
        ("http-json", "whatever it is", True),
    ],
)
async def test_a_reference_is_as_its_provider_wants_it(
    kind: str, reference: str, is_right: bool
) -> None:
    async with make_client() as client:
        requester = CONFIGURED.validate_python(Asked(1).settings(kind)).requester(client)
        assert (requester.refused_reference(reference) is None) is is_right
