"""The access token of an official account, kept while it holds."""

import asyncio
from datetime import datetime, timedelta

import httpx

from notifier.channels.http_peer import ask
from notifier.channels.wechat.rules import token_in
from prewatt_common.clock import Clock

_BEFORE_END = timedelta(minutes=5)


class AccessToken:
    """Asked for as ``stable_token``, which gives every replica the same one: the older way would
    end the others' with each answer."""

    def __init__(
        self, *, app_id: str, secret: str, endpoint: str, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._asked = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        self._url = f"{endpoint.rstrip('/')}/cgi-bin/stable_token"
        self._client = client
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._token: str | None = None
        self._until: datetime | None = None

    async def get(self, *, instead_of: str | None = None) -> str:
        """``instead_of``: one that WeChat does not take any more. Raises `PeerDown`."""
        async with self._one_at_a_time:
            holds = self._until is not None and self._clock() < self._until
            if self._token is None or not holds or self._token == instead_of:
                await self._ask(anew=False)
            if self._token == instead_of:
                # Not at once: of two replicas each would end what the other was given.
                await self._ask(anew=True)
            assert self._token is not None
            return self._token

    async def _ask(self, *, anew: bool) -> None:
        """``anew``: in place of one that holds still, which WeChat does twenty times a day."""
        now = self._clock()
        body = self._asked | {"force_refresh": anew}
        request = self._client.build_request("POST", self._url, json=body)
        answer = await ask(self._client, request)
        self._token, seconds = token_in(status=answer.status_code, body=answer.text)
        self._until = now + max(timedelta(seconds=seconds) - _BEFORE_END, timedelta(seconds=30))
