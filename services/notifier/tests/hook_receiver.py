"""A receiver of webhooks: keeps what it is told, and answers as it is told."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prewatt_devstack.ports import HOST, free_ports


@dataclass
class Receiver:
    """``answers``: the statuses that it gives in turn, 204 once there are none left. ``on_taken``
    is called before it answers."""

    answers: list[int] = field(default_factory=list)
    taken: list[dict] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    delay_s: float = 0
    on_taken = None
    host: str = HOST
    certificate: tuple[Path, Path] | None = None
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{self.host}:{self.port}/hook?of=prewatt"

    async def start(self) -> None:
        tls = {}
        if self.certificate:
            tls = {"ssl_certfile": self.certificate[0], "ssl_keyfile": self.certificate[1]}
        app = Starlette(routes=[Route("/{path:path}", self._take, methods=["POST"])])
        config = uvicorn.Config(app, host=HOST, port=self.port, log_level="warning", **tls)
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        headers = dict(request.headers)
        signed = [each for each in self.secrets if _verifies(each, body, headers)]
        status = self.answers.pop(0) if self.answers else 204
        self.taken.append(
            {
                "id": headers["webhook-id"],
                "said": json.loads(body),
                "body": body,
                "host": headers["host"],
                "url": str(request.url),
                "signed": signed,
                "signatures": headers["webhook-signature"].split(" "),
                "status": status,
            }
        )
        await asyncio.sleep(self.delay_s)
        if self.on_taken is not None:
            self.on_taken()
        return Response(f"answer {status}", status, headers={"location": "http://127.0.0.1:1/"})


def _verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True
