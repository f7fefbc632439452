"""A stand-in for WeChat's API: gives access tokens that end, and takes template messages."""

import asyncio
import json
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from notifier.notices.parameters import PARAMETERS
from prewatt_devstack.ports import HOST, free_ports

APP_ID, APP_SECRET = "wx0123456789abcdef", "an app's secret"


def wechat_document(url: str) -> dict:
    """A template for each notice in each language."""
    return {
        "app_id": APP_ID,
        "endpoint": url,
        "page": "https://utility.example/account",
        "templates": {
            language: {
                name: {
                    "id": f"{language}_{name}",
                    "data": {"number1": "{account}" if "account" in has else "{tail}"}
                    | ({"amount2": "{balance}"} if "balance" in has else {}),
                }
                for name, has in PARAMETERS.items()
            }
            for language in ("zh-CN", "en")
        },
    }


@dataclass
class WechatApi:
    """``answers``: by reader, the codes that it gives in turn; else the message is taken."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    answers: dict[str, list[int]] = field(default_factory=dict)
    taken: list[dict] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)
    delay_s: float = 0
    expires_in: int = 7200

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def to(self, reader: str) -> list[dict]:
        return [each for each in self.taken if each["touser"] == reader]

    async def start(self) -> None:
        routes = [
            Route("/cgi-bin/stable_token", self._token, methods=["POST"]),
            Route("/cgi-bin/message/template/send", self._send, methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), host=HOST, port=self.port, log_level="error"
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._serving

    async def _token(self, request: Request) -> JSONResponse:
        asked = await request.json()
        self.asked.append(asked)
        if (asked["appid"], asked["secret"]) != (APP_ID, APP_SECRET):
            return JSONResponse({"errcode": 40125, "errmsg": "invalid appsecret"})
        if asked["force_refresh"] or not self.tokens:
            self.tokens.append(f"token-{len(self.tokens)}")
        return JSONResponse({"access_token": self.tokens[-1], "expires_in": self.expires_in})

    async def _send(self, request: Request) -> JSONResponse:
        if request.query_params["access_token"] != (self.tokens or [None])[-1]:
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
        message = json.loads(await request.body())
        codes = self.answers.get(message["touser"])
        code = codes.pop(0) if codes else 0
        if code:
            return JSONResponse({"errcode": code, "errmsg": "no"})
        self.taken.append(message)
        await asyncio.sleep(self.delay_s)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": len(self.taken)})
