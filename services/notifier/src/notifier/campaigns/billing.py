"""Billing, asked over HTTP who is in a segment."""

import asyncio
from datetime import date
from http import HTTPStatus

import httpx
import msgspec

from notifier.campaigns.ports import SegmentPage
from notifier.campaigns.refusals import BillingAway, InvalidCampaign
from notifier.campaigns.values import Segment
from notifier.channels.http_peer import ask
from notifier.channels.ports import PeerDown

_PATH = "/v1/segments/accounts"
_LIMIT = 1_000
_DETAIL_MAX = 200
_REFUSED = {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}


class _Account(msgspec.Struct, frozen=True):
    number: str


class _Page(msgspec.Struct, frozen=True):
    items: list[_Account]
    next: str | None


class _Problem(msgspec.Struct, frozen=True):
    detail: str = ""


class HttpSegments:
    """`Segments`. ``token``: a bearer token that carries ``billing:segments``."""

    def __init__(
        self, *, url: str, token: str, client: httpx.AsyncClient, timeout_s: float
    ) -> None:
        self._url = url.rstrip("/") + _PATH
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = client
        self._timeout_s = timeout_s

    async def page(self, segment: Segment, *, as_of: date, cursor: str | None) -> SegmentPage:
        """Of the accounts as of that day."""
        asked = {"as_of": as_of, "limit": _LIMIT, **msgspec.to_builtins(segment)}
        if cursor is not None:
            asked["cursor"] = cursor
        params = {name: _text(value) for name, value in asked.items() if value is not None}
        request = self._client.build_request("GET", self._url, params=params, headers=self._headers)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await ask(self._client, request)
        except (PeerDown, TimeoutError) as down:
            message = "billing does not answer; nothing was changed, try again"
            raise BillingAway(message) from down
        if answer.status_code in _REFUSED:
            message = f"billing refuses the segment: {_detail(answer)}"
            raise InvalidCampaign(message)
        if not answer.is_success:
            message = (
                f"billing answers {answer.status_code} {_detail(answer)}; PREWATT_BILLING_URL or "
                "PREWATT_BILLING_TOKEN may be wrong"
            )
            raise BillingAway(message)
        try:
            page = msgspec.json.decode(answer.content, type=_Page)
        except msgspec.MsgspecError as error:
            message = f"billing's answer is not what we know: {error}"
            raise BillingAway(message) from error
        return SegmentPage([each.number for each in page.items], page.next)


class NoBilling:
    """`Segments` where no billing is configured."""

    async def page(self, segment: Segment, *, as_of: date, cursor: str | None) -> SegmentPage:  # noqa: ARG002
        """None."""
        message = (
            "there are no segments here: PREWATT_BILLING_URL is not set; upload a list of account "
            "numbers instead"
        )
        raise InvalidCampaign(message)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _detail(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).detail[:_DETAIL_MAX]
    except msgspec.MsgspecError:
        return ""
