"""``/n``: the page on which anybody asks whether a notice is ours. Short, for it stands in SMS."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Header
from fastapi.responses import HTMLResponse

from notifier.confirm.find_notice import FindNotice
from notifier.confirm.ports import Page
from notifier.confirm.rules import typed_tail
from notifier.confirm.values import Answer, TooOften
from notifier.contacts.values import Language
from prewatt_common.html_pages import page_headers
from prewatt_common.http.auth import public
from prewatt_common.http.body import KIB, MIB, BodyLimits, RawBody
from prewatt_common.http.problems import Problem
from prewatt_common.http.rate_limits import PublicLimits, Rate, TooManyRequests, Tries
from prewatt_common.languages import wanted_language

_LIMITS = PublicLimits(address=Rate(60, 60))
"""Beyond it there is no page. A mobile network has many phones behind an address."""
OF_A_TAIL = Rate(300, 3600)
"""However many try codes of 40 bits. A thousand accounts may end the same, and a household asks
once or twice."""
_FORM = BodyLimits(
    media_type="application/x-www-form-urlencoded",
    bytes_max=KIB,
    timeout_s=20,
    held_bytes_max=MIB,
)
_FIELDS = {"tail", "code", "lang"}
_BECAUSE = "whoever gets a notice has no token; it tells no more than that and when it was sent"


def confirm_router(
    *, find: FindNotice, page: Page, default_language: Language, of_a_tail: Rate = OF_A_TAIL
) -> APIRouter:
    """``GET`` and ``POST /n``."""
    router = APIRouter(
        tags=["confirm"],
        dependencies=[Depends(public(because=_BECAUSE, limits=_LIMITS))],
        default_response_class=HTMLResponse,
    )
    tries = Tries("tail", of_a_tail)

    def show(language: Language, answer: Answer | None) -> HTMLResponse:
        headers = page_headers(language=language, style=page.style_source)
        status = HTTPStatus.OK
        if isinstance(answer, TooOften):
            status = HTTPStatus.TOO_MANY_REQUESTS
            headers["Retry-After"] = str(answer.wait_s)
        return HTMLResponse(page.show(language, answer), status_code=status, headers=headers)

    @router.get("/n")
    async def ask(
        lang: Language | None = None,
        accept_language: Annotated[str | None, Header(max_length=500)] = None,
    ) -> HTMLResponse:
        """A page for people: is this notice yours?"""
        return show(
            lang or wanted_language(accept_language or "", Language) or default_language, None
        )

    @router.post("/n")
    async def answer(
        body: Annotated[bytes, Depends(RawBody(_FORM))],
        tried: Annotated[Callable[[str], None], Depends(tries)],
    ) -> HTMLResponse:
        """A form of ``tail``, the end of the account's number, and ``code``, which both stand in
        the notice; ``lang`` says in which language the page answers. The answer is a page. A wrong
        tail and a wrong code are answered the same."""
        fields = _fields(body)
        language = _language(fields.get("lang")) or default_language
        tail = fields.get("tail", "")
        try:
            tried(typed_tail(tail))
        except TooManyRequests as refused:
            return show(language, TooOften(int(refused.headers["Retry-After"])))
        return show(language, await find(tail=tail, code=fields.get("code", "")))

    return router


def _fields(body: bytes) -> dict[str, str]:
    try:
        found = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=len(_FIELDS))
    except ValueError as error:
        raise _not_the_form() from error
    fields = dict(found)
    if len(fields) < len(found) or not fields.keys() <= _FIELDS:
        raise _not_the_form()
    return fields


def _not_the_form() -> Problem:
    detail = "The body is a form of tail, code and lang, each once, in UTF-8."
    return Problem(status=HTTPStatus.UNPROCESSABLE_ENTITY, kind="not-the-form", detail=detail)


def _language(name: str | None) -> Language | None:
    return next((each for each in Language if each == name), None)
