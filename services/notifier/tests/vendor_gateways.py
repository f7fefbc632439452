"""A stand-in for SMS gateways, as strict as they are: it checks signatures by the vendors' own
SDKs, and answers as it is told."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qsl

import uvicorn
from alibabacloud_openapi_util.client import Client as AliyunSigner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tencentcloud.common.abstract_client import AbstractClient

from notifier.notices.parameters import PARAMETERS
from prewatt_devstack.ports import HOST, free_ports

KEY, SECRET = "key-id", "a secret that nobody guesses"
PLAIN_TOKEN = "Bearer a-secret"


def aliyun_document(url: str) -> dict:
    """A template code for each notice, with all that it has as parameters."""
    return {
        "kind": "aliyun",
        "sign_name": "某供电",
        "endpoint": url,
        "templates": {
            language: {
                name: {"code": f"SMS_{language}_{name}", "parameters": _named(PARAMETERS[name])}
                for name in PARAMETERS
            }
            for language in ("zh-CN", "en")
        },
    }


def tencent_document(url: str) -> dict:
    """The same, by template ids."""
    return {
        "kind": "tencent",
        "sdk_app_id": "1400006666",
        "sign_name": "某供电",
        "endpoint": url,
        "templates": {
            language: {
                name: {"id": f"{language}_{name}", "parameters": _two(PARAMETERS[name])}
                for name in PARAMETERS
            }
            for language in ("zh-CN", "en")
        },
    }


def plain_document(url: str) -> dict:
    """A gateway of nobody's in particular, which signs its calls."""
    return {
        "kind": "http",
        "request": {
            "url": f"{url}plain",
            "headers": {"Authorization": "Bearer {secret}"},
            "json": {"messages": [{"to": "{to_digits}", "body": "{text}", "ref": "{notice_id}"}]},
        },
        "answer": {
            "message_id": "{results.0.id}",
            "code": "{results.0.status}",
            "accepted": ["queued"],
            "refused": ["no-such-number"],
            "ours": ["no-credit"],
        },
        "receipt": {
            "items": "events",
            "message_id": "{id}",
            "state": "{state}",
            "delivered": ["delivered"],
            "bounced": ["undeliverable"],
            "reason": "{why}",
        },
        "message": {"items": "messages", "id": "{id}", "sender": "{from}", "text": "{body}"},
        "signature": {"header": "X-Signature", "prefix": "sha256="},
    }


def _two(names: frozenset[str]) -> list[str]:
    """The account as far as it is told, and the balance of what has one."""
    account = "{account}" if "account" in names else "{tail}"
    return [account, *(["{balance}"] if "balance" in names else [])]


def _named(names: frozenset[str]) -> dict[str, str]:
    return {name: f"{{{name}}}" for name in sorted(names)}


@dataclass
class Gateway:
    """``answers`` are codes by number, each given once; else the message is taken."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[dict] = field(default_factory=list)
    delay_s: float = 0
    _server: uvicorn.Server | None = None
    _serving: asyncio.Task | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def to(self, phone: str) -> list[dict]:
        """What was taken for a number."""
        return [each for each in self.taken if each["to"] == phone]

    async def start(self) -> None:
        routes = [
            Route("/", self._vendor, methods=["POST"]),
            Route("/plain", self._plain, methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), host=HOST, port=self.port, log_level="error"
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._serving

    async def _vendor(self, request: Request) -> Response:
        aliyun = "x-acs-action" in request.headers
        return await (self._aliyun(request) if aliyun else self._tencent(request))

    async def _aliyun(self, request: Request) -> Response:
        body = await request.body()
        said = request.headers["authorization"]
        names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        assert {"host", "content-type", "x-acs-action", "x-acs-date"} <= set(names)
        headers = {name: request.headers[name] for name in names}
        digest = AliyunSigner.hex_encode(AliyunSigner.hash(body, "ACS3-HMAC-SHA256"))
        right = AliyunSigner.get_authorization(
            SimpleNamespace(pathname="/", method="POST", query={}, headers=headers),
            "ACS3-HMAC-SHA256",
            digest,
            KEY,
            SECRET,
        )
        if said != right or headers["x-acs-content-sha256"] != digest:
            return JSONResponse({"Code": "SignatureDoesNotMatch", "Message": ""}, 400)
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        code, number = await self._take(
            f"+{form['PhoneNumbers']}",
            template=form["TemplateCode"],
            values=json.loads(form["TemplateParam"]),
            sign=form["SignName"],
            ref=form["OutId"],
        )
        if code:
            return JSONResponse({"Code": code, "Message": "限制", "RequestId": "R"})
        return JSONResponse({"Code": "OK", "Message": "OK", "BizId": number, "RequestId": "R"})

    async def _tencent(self, request: Request) -> Response:
        body = await request.body()
        said = request.headers
        seconds = said["x-tc-timestamp"]
        day = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d")
        sdk = SimpleNamespace(
            method="POST",
            uri="/",
            data=body,
            header={
                "Content-Type": said["content-type"],
                "Host": said["host"],
                "X-TC-Timestamp": seconds,
            },
        )
        signature = AbstractClient._get_tc3_signature(None, {}, sdk, day, "sms", SECRET)
        right = (
            f"TC3-HMAC-SHA256 Credential={KEY}/{day}/sms/tc3_request, "
            f"SignedHeaders=content-type;host, Signature={signature}"
        )
        if said["authorization"] != right or said["x-tc-action"] != "SendSms":
            wrong = {"Code": "AuthFailure.SignatureFailure", "Message": ""}
            return JSONResponse({"Response": {"Error": wrong, "RequestId": "R"}})
        asked = json.loads(body)
        (phone,) = asked["PhoneNumberSet"]
        code, number = await self._take(
            phone,
            template=asked["TemplateId"],
            values=asked["TemplateParamSet"],
            sign=asked["SignName"],
            ref=asked["SessionContext"],
        )
        status = {
            "SerialNo": "" if code else number,
            "PhoneNumber": phone,
            "Fee": 0 if code else 2,
            "SessionContext": asked["SessionContext"],
            "Code": code or "Ok",
            "Message": "限制" if code else "send success",
            "IsoCode": "CN",
        }
        return JSONResponse({"Response": {"SendStatusSet": [status], "RequestId": "R"}})

    async def _plain(self, request: Request) -> Response:
        if request.headers["authorization"] != PLAIN_TOKEN:
            return JSONResponse({"error": "who are you"}, 401)
        (message,) = (await request.json())["messages"]
        code, number = await self._take(
            f"+{message['to']}", text=message["body"], ref=message["ref"]
        )
        return JSONResponse({"results": [{"id": number, "status": code or "queued"}]})

    async def _take(self, phone: str, **said) -> tuple[str | None, str]:
        number = f"{len(self.taken):06d}^{phone[-4:]}"
        codes = self.answers.get(phone)
        code = codes.pop(0) if codes else None
        self.taken.append({"to": phone, "id": number, "code": code, **said})
        await asyncio.sleep(self.delay_s)
        return code, number
