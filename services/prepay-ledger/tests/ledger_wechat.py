"""WeChat Pay as merchants ask it, over HTTP: it checks each signature by the merchant's public key,
gives an order its code once, and signs what it answers."""

import base64
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from ledger_asked import served
from ledger_providers import (
    MERCHANT_ID,
    PUBLIC_KEY_IDS,
    key,
    private_pem,
    public_pem,
    wechat_call,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prewatt_devstack.ports import free_ports

SERIAL = "5157F09EFDC096DE15EBE81A47057A7200000000"
_PATH = "/v3/pay/transactions"
H5_PAGE = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb"
_REFUNDS = "/v3/refund/domestic/refunds"
_AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="(\w+)",signature="([^"]+)",'
    r'timestamp="(\d+)",serial_no="(\w+)"'
)


@dataclass
class WeChat:
    """What it was asked, and how it answers next."""

    port: int
    orders: dict[str, bytes] = field(default_factory=dict)
    """By ``out_trade_no``: the body."""
    nonces: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    says: tuple[int, dict[str, Any]] | None = None
    """In place of a code."""
    refund_status: str = "PROCESSING"
    signs_by: str = "wechat new"
    asked_for: str = ""
    """The key that the newest request wants the answer to be signed by."""

    def settings(self, **more: object) -> dict[str, object]:
        """Of a ledger that asks it."""
        return {
            "kind": "wechat-pay",
            "app_id": "wx8888888888888888",
            "merchant_id": MERCHANT_ID,
            "serial_no": SERIAL,
            "private_key": private_pem("merchant"),
            "public_keys": {PUBLIC_KEY_IDS[0]: public_pem("wechat new")},
            "notify_url": "https://pay.example/v1/webhooks/payments/wechat",
            "url": f"http://127.0.0.1:{self.port}{_PATH}",
        } | more

    def gives(self) -> dict[str, object]:
        """Of a ledger that asks it to give back."""
        url = f"http://127.0.0.1:{self.port}{_REFUNDS}"
        return {name: it for name, it in self.settings(url=url).items() if name != "app_id"}

    async def _is_ours(self, request: Request) -> bool:
        body = await request.body()
        self.asked_for = request.headers.get("wechatpay-serial", "")
        read = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        assert read is not None
        merchant_id, nonce, signature, timestamp, serial = read.groups()
        target = f"{request.method}\n{request.url.path}\n{timestamp}\n{nonce}\n"
        self.nonces.append(nonce)
        is_ours = (merchant_id, serial) == (MERCHANT_ID, SERIAL)
        return is_ours and _made(signature, target.encode() + body + b"\n")

    async def refund(self, request: Request) -> Response:
        """Asked for, or asked about."""
        if not await self._is_ours(request):
            return self._signed(401, {"code": "SIGN_ERROR"})
        body = await request.body()
        number = request.path_params.get("number") or json.loads(body)["out_refund_no"]
        if request.method == "POST" and self.orders.setdefault(number, body) != body:
            self.faults.append("a refund came again with another body")
        if self.says is not None:
            return self._signed(*self.says)
        asked = json.loads(self.orders[number])
        answer = {
            "refund_id": "5030", "out_refund_no": number, "status": self.refund_status,
            "transaction_id": asked["transaction_id"], "amount": asked["amount"],
        }  # fmt: skip
        return self._signed(200, answer)

    async def native(self, request: Request) -> Response:
        body = await request.body()
        if not await self._is_ours(request):
            return self._signed(401, {"code": "SIGN_ERROR"})
        order = json.loads(body)
        is_h5 = request.url.path.endswith("/h5")
        if is_h5 != ("scene_info" in order):
            self.faults.append("scene_info is of H5, and of H5 alone")
        if self.orders.setdefault(order["out_trade_no"], body) != body:
            self.faults.append("an order came again with another body")
        if self.says is not None:
            return self._signed(*self.says)
        if is_h5:
            return self._signed(200, {"h5_url": f"{H5_PAGE}?prepay_id=wx{len(self.orders)}"})
        return self._signed(200, {"code_url": f"weixin://wxpay/bizpayurl?pr={len(self.orders)}"})

    def _signed(self, status: int, document: dict[str, Any]) -> Response:
        call = wechat_call(json.dumps(document).encode(), by=self.signs_by)
        return Response(call.body, status, call.headers, "application/json")


def _made(signature: str, message: bytes) -> bool:
    try:
        key("merchant").public_key().verify(
            base64.b64decode(signature), message, PKCS1v15(), SHA256()
        )
    except InvalidSignature:
        return False
    return True


@asynccontextmanager
async def wechat_pay() -> AsyncGenerator[WeChat]:
    """It listens until the end, where nothing must have been wrong."""
    (port,) = free_ports(1)
    wechat = WeChat(port)
    routes = [
        Route(f"{_PATH}/native", wechat.native, methods=["POST"]),
        Route(f"{_PATH}/h5", wechat.native, methods=["POST"]),
        Route(_REFUNDS, wechat.refund, methods=["POST"]),
        Route(f"{_REFUNDS}/{{number}}", wechat.refund, methods=["GET"]),
    ]
    async with served(routes, port=port):
        yield wechat
    assert wechat.faults == []
