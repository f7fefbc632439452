"""Template messages to WeChat."""

import httpx

from notifier.channels.codes import code_of, parameter
from notifier.channels.http_peer import ask, takes_connections
from notifier.channels.ports import Acceptance, PeerDown
from notifier.channels.wechat.rules import TokenWrong, accepted
from notifier.channels.wechat.token import AccessToken
from notifier.channels.wechat.values import WechatAccount
from notifier.notices.values import Notice, Text


class WechatChannel:
    """Whether it was read, or shown, nobody is told here: such a notice stays accepted."""

    def __init__(
        self, account: WechatAccount, *, token: AccessToken, client: httpx.AsyncClient
    ) -> None:
        self._account = account
        self._token = token
        self._client = client
        self._url = f"{str(account.endpoint).rstrip('/')}/cgi-bin/message/template/send"

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """``client_msg_id`` is the notice's id: WeChat drops a repeat within ten minutes."""
        token = await self._token.get()
        try:
            await self._say(notice, text, token)
        except TokenWrong:
            token = await self._token.get(instead_of=token)
            try:
                await self._say(notice, text, token)
            except TokenWrong as error:
                raise PeerDown(f"WeChat takes no access token: {error}") from error
        return Acceptance()

    async def check(self) -> str:
        """A readiness check."""
        return await takes_connections(str(self._account.endpoint))

    async def _say(self, notice: Notice, text: Text, token: str) -> None:
        template = code_of(self._account.templates, notice)
        body = {
            "touser": notice.recipient,
            "template_id": template.id,
            "url": self._account.page,
            "client_msg_id": notice.id.hex,
            "data": {
                name: {"value": parameter(each, text)} for name, each in template.data.items()
            },
        }
        request = self._client.build_request(
            "POST", self._url, params={"access_token": token}, json=body
        )
        answer = await ask(self._client, request)
        accepted(status=answer.status_code, body=answer.text)
