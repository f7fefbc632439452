"""The payers' pages: open to anybody who has a link."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import HTMLResponse

from prepay_ledger.pay_links.begin_payment import BeginPayment, Chosen
from prepay_ledger.pay_links.draw_page import DrawPage, FormState
from prepay_ledger.pay_links.look_at_link import look_at
from prepay_ledger.pay_links.page_answers import (
    FORM_BODY,
    NOT_THERE,
    OF_FORM,
    Pages,
    how_it_stands,
)
from prepay_ledger.pay_links.ports import OpenUnit
from prepay_ledger.pay_links.read_form import Filled, filled, read_form
from prepay_ledger.pay_links.refusals import (
    LinkIsOver,
    NotPaid,
    OldForm,
    ProviderDeclined,
    ProviderSilent,
    TooManyAttempts,
    UnknownPayLink,
    UnknownWay,
    WrongAmount,
)
from prepay_ledger.pay_links.rules import is_scanned, offer_of, state_of
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.texts import LANGUAGES, language_of
from prepay_ledger.pay_links.tokens import read_token, token_sha256
from prepay_ledger.pay_links.values import Attempt, AttemptState, LinkState, Offer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.client_address import caller_address
from prewatt_common.http.problems import Problem
from prewatt_common.http.rate_limits import PublicLimits, Rate
from prewatt_common.refusals import Refusal

_FORM = BodyLimits(
    media_type="application/x-www-form-urlencoded",
    bytes_max=4 * KIB,
    timeout_s=10,
    held_bytes_max=4 * MIB,
)
_SEEN_WITHIN_S = 3.0
_LOOKS_EACH_S = 0.3
"""A payer is back before the provider's webhook, most often: so long the page waits for it."""
_BECAUSE = "who has a link may pay by it; its token is the secret"
_SAID: dict[type[Refusal], tuple[str, str]] = {
    WrongAmount: ("wrong_amount", "amount"),
    UnknownWay: ("wrong_way", "way"),
    OldForm: ("old_form", ""),
    ProviderDeclined: ("declined", ""),
    NotPaid: ("not_paid", ""),
    ProviderSilent: ("silent", ""),
    TooManyAttempts: ("too_many", ""),
}
"""What the form says, and at which of its fields."""
_SAME_FORM_AGAIN = (ProviderSilent, WrongAmount, UnknownWay, TooManyAttempts)
"""After these the form is sent again as the same payment; after the others it is a new one."""
Language: TypeAlias = Annotated[
    str | None, Query(alias="lang", max_length=20, description="`en` or `zh-CN`")
]
Accepted: TypeAlias = Annotated[str, Header(alias="accept-language", include_in_schema=False)]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the routes need."""

    open_unit: OpenUnit
    begin_payment: BeginPayment
    pages: Pages
    terms: LinkTerms
    clock: Clock
    sleep: Sleep
    proxy_hops: int

    def address_of(self, request: Request) -> str:
        """The payer's."""
        return caller_address(
            peer=request.client.host if request.client else "",
            forwarded=request.headers.getlist("x-forwarded-for"),
            hops=self.proxy_hops,
        )

    async def looked(self, token: str | None) -> Offer:
        """Raises `UnknownPayLink` or `LinkIsOver`."""
        async with self.open_unit() as unit:
            payable = await look_at(unit, token=token, keys=self.terms.keys, now=self.clock())
        return offer_of(payable, self.terms.amounts)

    async def attempt(self, attempt_id: UUID, token: str | None) -> tuple[Attempt | None, bool]:
        """Of that link; also of one that is over by now. And whether the link can be paid by."""
        if token is None:
            return None, False
        now = self.clock()
        async with self.open_unit() as unit:
            found = await unit.pay_links.payable(token_sha256(token), now=now, lock=False)
            attempt = await unit.pay_links.attempt(attempt_id)
        if found is None or attempt is None or attempt.link_id != found.link.id:
            return None, False
        is_valid = state_of(found.link, keys=self.terms.keys, now=now) is LinkState.VALID
        return attempt, is_valid and not found.is_closed


def pay_pages_router(
    *,
    open_unit: OpenUnit,
    begin_payment: BeginPayment,
    draw: DrawPage,
    page_origins: tuple[str, ...],
    terms: LinkTerms,
    clock: Clock,
    sleep: Sleep = asyncio.sleep,
    proxy_hops: int = 0,
) -> APIRouter:
    """``/p/{token}`` and ``/p/{token}/done``. ``proxy_hops``: proxies of ours before it."""
    parts = _Parts(
        open_unit=open_unit,
        begin_payment=begin_payment,
        pages=Pages(draw, page_origins),
        terms=terms,
        clock=clock,
        sleep=sleep,
        proxy_hops=proxy_hops,
    )
    router = APIRouter(tags=["pay links"], prefix="/p/{token}", default_response_class=HTMLResponse)
    _looking(router, parts)
    _paying(router, parts)
    return router


def _looking(router: APIRouter, parts: _Parts) -> None:
    looking = public(
        because=_BECAUSE,
        limits=PublicLimits(
            address=Rate(120, 60), parameters=(("token", Rate(60, 60)),), meant=_meant
        ),
        strange_parameters=True,
    )

    @router.get("", dependencies=[Depends(looking)], responses=NOT_THERE)
    async def look(token: str, lang: Language = None, accepted: Accepted = "") -> Response:
        """The page of a link: how much, and how to pay. It tells the utility's name, the end of the
        account's number, and nothing else of the account unless the link's maker let it."""
        language, known = _language(lang, accepted), read_token(token)
        try:
            offer = await parts.looked(known)
        except (UnknownPayLink, LinkIsOver) as refusal:
            return parts.pages.not_there(refusal, language=language)
        state = FormState(nonce=_nonce())
        return parts.pages.form(offer, state, token=str(known), language=language)

    @router.get("/done", dependencies=[Depends(looking)], responses=NOT_THERE)
    async def done(
        token: str, payment: UUID, lang: Language = None, accepted: Accepted = ""
    ) -> Response:
        """What is known of a payment, by what the provider's webhook has told and nothing else: not
        by what the provider's page has added to this address."""
        language, known = _language(lang, accepted), read_token(token)
        waited_s = 0.0
        while True:
            attempt, may_pay = await parts.attempt(payment, known)
            if attempt is None:
                return parts.pages.not_there(UnknownPayLink(), language=language)
            # A code is shown at once; who has scanned it looks again.
            seen = attempt.state is AttemptState.PAID or is_scanned(attempt.page_url)
            if seen or waited_s >= _SEEN_WITHIN_S:
                break
            await parts.sleep(_LOOKS_EACH_S)
            waited_s += _LOOKS_EACH_S
        message = how_it_stands(
            attempt, str(known), language=language, may_pay=may_pay, now=parts.clock()
        )
        return parts.pages.message(message, language=language)


def _paying(router: APIRouter, parts: _Parts) -> None:
    paying = public(
        because=_BECAUSE,
        limits=PublicLimits(
            address=Rate(30, 60), parameters=(("token", Rate(10, 60)),), meant=_meant
        ),
        strange_parameters=True,
    )

    @router.post(
        "",
        dependencies=[Depends(paying)],
        status_code=HTTPStatus.SEE_OTHER,
        responses=NOT_THERE | OF_FORM,
        openapi_extra=FORM_BODY,
    )
    async def pay(
        token: str,
        request: Request,
        body: Annotated[bytes, Depends(RawBody(_FORM))],
        lang: Language = None,
        accepted: Accepted = "",
    ) -> Response:
        """Begin a payment and go to the provider's page. The same form again is the same payment:
        it leads to the same page."""
        language, known = _language(lang, accepted), read_token(token)
        state = _read(body)
        try:
            offer = await parts.looked(known)
            token = str(known)
            form = filled(state, offer)
            if not isinstance(form, Filled):
                return parts.pages.form(offer, form, token=token, language=language, status=422)
            address = parts.address_of(request)
            attempt = await _begun(parts, form, token=token, language=language, address=address)
        except (UnknownPayLink, LinkIsOver) as refusal:
            return parts.pages.not_there(refusal, language=language)
        if isinstance(attempt, _Refused):
            return parts.pages.form(
                offer, attempt.state, token=token, language=language, status=attempt.status
            )
        if attempt.state is AttemptState.PAID or is_scanned(attempt.page_url):
            url = f"/p/{token}/done?payment={attempt.id}&lang={language}"
            return parts.pages.sent_to(url, language=language)
        return parts.pages.sent_to(attempt.page_url, language=language)


@dataclass(frozen=True, slots=True)
class _Refused:
    """The form again, with why nothing was begun."""

    state: FormState
    status: int


async def _begun(
    parts: _Parts, form: Filled, *, token: str, language: str, address: str
) -> Attempt | _Refused:
    chosen = Chosen(
        token=token,
        nonce=form.state.nonce,
        provider=form.state.way,
        amount_micro=form.amount_micro,
        language=language,
        payer_address=address,
    )
    try:
        return await parts.begin_payment(chosen)
    except tuple(_SAID) as refusal:
        problem, problem_at = _SAID[type(refusal)]
        nonce = form.state.nonce if isinstance(refusal, _SAME_FORM_AGAIN) else _nonce()
        again = replace(form.state, nonce=nonce, problem=problem, problem_at=problem_at)
        return _Refused(again, refusal.status)


def _read(body: bytes) -> FormState:
    state = read_form(body)
    if state is None:
        raise Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-request",
            detail="The body is no form of this page; nothing was done.",
        )
    return state


def _meant(typed: str) -> str:
    return read_token(typed) or typed


def _language(lang: str | None, accepted: str) -> str:
    return lang if lang is not None and lang in LANGUAGES else language_of(accepted)


def _nonce() -> str:
    return secrets.token_urlsafe(16)
