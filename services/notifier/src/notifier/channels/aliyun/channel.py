"""SMS to Aliyun's SendSms."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import httpx

from notifier.channels.aliyun.rules import accepted_as
from notifier.channels.aliyun.signature import AccessKey, signed_headers
from notifier.channels.aliyun.values import AliyunGateway
from notifier.channels.codes import code_of, parameter
from notifier.channels.http_peer import ask, takes_connections
from notifier.channels.ports import Acceptance
from notifier.notices.values import Notice, Text
from prewatt_common.clock import Clock


class AliyunChannel:
    """How many SMS it counts, only its report says: a notice has no segments."""

    def __init__(
        self,
        gateway: AliyunGateway,
        *,
        key: AccessKey,
        receipts: bool,
        client: httpx.AsyncClient,
        clock: Clock,
        nonce: Callable[[], str],
    ) -> None:
        self._gateway = gateway
        self._key = key
        self._receipts = receipts
        self._client = client
        self._clock = clock
        self._nonce = nonce

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """``OutId`` is the notice's id: a repeat is recognised by it in their console."""
        template = code_of(self._gateway.templates, notice)
        parameters = {name: parameter(each, text) for name, each in template.parameters.items()}
        form = {
            "PhoneNumbers": notice.recipient.removeprefix("+"),
            "SignName": self._gateway.sign_name,
            "TemplateCode": template.code,
            "TemplateParam": json.dumps(parameters, ensure_ascii=False),
            "OutId": str(notice.id),
        }
        # In the body and not in the URL: what customers are told is in nobody's log of requests.
        body = urlencode(form).encode()
        url = httpx.URL(str(self._gateway.endpoint))
        headers = signed_headers(
            action="SendSms",
            host=url.netloc.decode("ascii"),
            body=body,
            key=self._key,
            now=self._clock(),
            nonce=self._nonce(),
        )
        request = self._client.build_request("POST", url, content=body, headers=dict(headers))
        answer = await ask(self._client, request)
        message_id = accepted_as(status=answer.status_code, body=answer.text)
        return Acceptance(message_ids=(message_id,) if message_id and self._receipts else ())

    async def check(self) -> str:
        """A readiness check."""
        return await takes_connections(str(self._gateway.endpoint))
