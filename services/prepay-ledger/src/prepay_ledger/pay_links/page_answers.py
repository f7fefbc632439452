"""Answers of the payers' pages, and what OpenAPI says of them."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from prepay_ledger.pay_links.draw_page import DrawPage, FormState, Message, page_headers
from prepay_ledger.pay_links.refusals import LinkIsOver
from prepay_ledger.pay_links.rules import is_old, is_scanned
from prepay_ledger.pay_links.texts import money
from prepay_ledger.pay_links.values import Attempt, AttemptState, Offer
from prewatt_common.http.openapi import PROBLEM
from prewatt_common.refusals import Refusal

_PAGE = {"text/html": {"schema": {"type": "string"}}}
_PROBLEM = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _answers(**said: str) -> dict[int | str, dict[str, Any]]:
    """What is answered by a page, and where the request itself is wrong by a problem."""
    return {
        HTTPStatus[name].value: {"description": text, "content": {**_PAGE, **_PROBLEM}}
        for name, text in said.items()
    }


NOT_THERE = _answers(NOT_FOUND="There is no such link", GONE="The link is over")
_SENT_ON: dict[int | str, dict[str, Any]] = {
    303: {"description": "The payer is sent to the provider's page", "content": {}}
}
OF_FORM = _SENT_ON | _answers(
    CONFLICT="The form is an old one, or the provider declines it or tells that it was not paid",
    UNPROCESSABLE_ENTITY="The form, with what is wrong",
    TOO_MANY_REQUESTS="Too many came of that address, or by this link",
    SERVICE_UNAVAILABLE="The provider does not answer: the same form may be sent again",
)
FORM_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "string"}}},
    }
}


class Pages:
    """Pages with their headers."""

    def __init__(self, draw: DrawPage, page_origins: tuple[str, ...]) -> None:
        self._draw = draw
        self._page_origins = page_origins

    def form(
        self, offer: Offer, state: FormState, *, token: str, language: str, status: int = 200
    ) -> Response:
        action = f"/p/{token}?lang={language}"
        text = self._draw.form(offer, state, action=action, language=language)
        return self._answer(text, language, status)

    def message(self, message: Message, *, language: str, status: int = 200) -> Response:
        return self._answer(self._draw.message(message, language=language), language, status)

    def not_there(self, refusal: Refusal, *, language: str) -> Response:
        """No link, or none any more."""
        name = "over" if isinstance(refusal, LinkIsOver) else "unknown"
        message = Message(mood="bad", heading=f"{name}_title", lines=[name])
        return self.message(message, language=language, status=refusal.status)

    def sent_to(self, url: str, *, language: str) -> Response:
        headers = page_headers(language=language, page_origins=self._page_origins)
        return RedirectResponse(url, HTTPStatus.SEE_OTHER, headers)

    def _answer(self, text: str, language: str, status: int) -> Response:
        headers = page_headers(language=language, page_origins=self._page_origins)
        return HTMLResponse(text, status, headers)


def how_it_stands(
    attempt: Attempt, token: str, *, language: str, may_pay: bool, now: datetime
) -> Message:
    query = f"payment={attempt.id}"
    page, here = f"/p/{token}?lang={language}", f"/p/{token}/done?{query}&lang={language}"
    of_link = [("pay_more", page)] if may_pay else []
    again = [("try_again", page)] if may_pay else []
    match attempt.state:
        case AttemptState.PAID:
            mood, name, lines, links = "good", "paid", ["paid"], of_link
            if attempt.paid_micro is None:
                lines = ["paid_other"]
        case AttemptState.FAILED | AttemptState.DECLINED:
            mood, name, lines, links = "bad", "failed", ["failed"], again
        case AttemptState.AT_PROVIDER if is_scanned(attempt.page_url):
            if is_old(attempt, now=now):
                # Nobody can pay by the code any more; whoever has may not be told of yet.
                mood, name, lines = "waiting", "waiting", ["scan_over", "waiting_2"]
                links = [("look_again", here), *again]
            else:
                mood, name, lines = "waiting", "scan", ["scan", "scan_2"]
                links = [("look_again", here)]
        case AttemptState.BEGUN | AttemptState.AT_PROVIDER:
            mood, name, lines = "waiting", "waiting", ["waiting", "waiting_2"]
            links = [("look_again", here)]
    return Message(
        mood=mood,
        heading=f"{name}_title",
        lines=lines,
        amount=money(attempt.paid_micro or attempt.amount_micro, attempt.currency, language),
        links=links,
        query=query,
        code=attempt.page_url if name == "scan" else "",
    )
