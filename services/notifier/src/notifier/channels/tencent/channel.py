"""SMS to Tencent Cloud's SendSms."""

import json

import httpx

from notifier.channels.codes import code_of, parameter
from notifier.channels.http_peer import ask, takes_connections
from notifier.channels.ports import Acceptance
from notifier.channels.tencent.rules import accepted_as
from notifier.channels.tencent.signature import SecretKey, signed_headers
from notifier.channels.tencent.values import TencentGateway
from notifier.notices.values import Notice, Text
from prewatt_common.clock import Clock


class TencentChannel:
    """Its fee of a message is how many SMS it counts."""

    def __init__(
        self,
        gateway: TencentGateway,
        *,
        key: SecretKey,
        receipts: bool,
        client: httpx.AsyncClient,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._key = key
        self._receipts = receipts
        self._client = client
        self._clock = clock

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """``SessionContext`` is the notice's id: a repeat is recognised by it in their console."""
        template = code_of(self._gateway.templates, notice)
        asked = {
            "PhoneNumberSet": [notice.recipient],
            "SmsSdkAppId": self._gateway.sdk_app_id,
            "SignName": self._gateway.sign_name,
            "TemplateId": template.id,
            "TemplateParamSet": [parameter(each, text) for each in template.parameters],
            "SessionContext": str(notice.id),
        }
        body = json.dumps(asked, ensure_ascii=False).encode()
        url = httpx.URL(str(self._gateway.endpoint))
        headers = signed_headers(
            action="SendSms",
            host=url.netloc.decode("ascii"),
            region=self._gateway.region,
            body=body,
            key=self._key,
            now=self._clock(),
        )
        request = self._client.build_request("POST", url, content=body, headers=dict(headers))
        answer = await ask(self._client, request)
        accepted = accepted_as(status=answer.status_code, body=answer.text)
        known = accepted.message_id and self._receipts
        return Acceptance(
            segments=accepted.fee, message_ids=(accepted.message_id,) if known else ()
        )

    async def check(self) -> str:
        """A readiness check."""
        return await takes_connections(str(self._gateway.endpoint))
