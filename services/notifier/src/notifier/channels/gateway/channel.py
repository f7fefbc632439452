"""SMS to a gateway that a document describes."""

import httpx

from notifier.channels.gateway.rules import accepted_as
from notifier.channels.gateway.values import HttpGateway
from notifier.channels.http_peer import ask, takes_connections
from notifier.channels.places import fill, fill_all, of_mapping
from notifier.channels.ports import Acceptance
from notifier.channels.segments import segments_of
from notifier.notices.values import Notice, Text


class GatewayChannel:
    """Asks as the document says. Its messages' numbers are kept where receipts come."""

    def __init__(
        self,
        gateway: HttpGateway,
        *,
        sender: str,
        key: str,
        secret: str,
        receipts: bool,
        client: httpx.AsyncClient,
    ) -> None:
        self._gateway = gateway
        self._ours = {"sender": sender, "key": key, "secret": secret}
        self._receipts = receipts
        self._client = client

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """Accepted as the answer's code says, or its status."""
        said = of_mapping(
            self._ours
            | {
                "to": notice.recipient,
                "to_digits": notice.recipient.removeprefix("+"),
                "text": text.short,
                "language": notice.language,
                "notice_id": str(notice.id),
            }
        )
        wanted = self._gateway.request
        request = self._client.build_request(
            wanted.method,
            str(wanted.url),
            headers={name: fill(each, said) for name, each in wanted.headers.items()},
            params={name: fill(each, said) for name, each in wanted.query.items()} or None,
            data=None
            if wanted.form is None
            else {k: fill(v, said) for k, v in wanted.form.items()},
            json=None if wanted.json_body is None else fill_all(wanted.json_body, said),
        )
        answer = await ask(self._client, request)
        message_id = accepted_as(self._gateway.answer, status=answer.status_code, body=answer.text)
        return Acceptance(
            segments=len(segments_of(text.short).parts),
            message_ids=(message_id,) if message_id and self._receipts else (),
        )

    async def check(self) -> str:
        """A readiness check."""
        return await takes_connections(str(self._gateway.request.url))
