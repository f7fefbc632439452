"""Alipay: ``alipay.trade.refund``, signed RSA2 by the app; answers signed by Alipay.

opendocs.alipay.com/open/f60979b3 (asking) and opendocs.alipay.com/open/8c776df6 (looking). The same
``out_request_no`` gives back once, for ever. ``fund_change=Y``: it went back by this call; ``N``
says nothing, and is looked up. The library python-alipay-sdk checks the signature in our tests.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import JsonValue

from prepay_ledger.payment_requests.post import post, text_at, unclear
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.amounts import decimal_of, micro_of_decimal, whole_minor
from prepay_ledger.providers.rsa_keys import signature_of, signed_by
from prepay_ledger.refunders.values import (
    BackAnswer,
    BackRequest,
    NotGiven,
    Taken,
    Through,
    given_back,
)
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

_CHINA = timezone(timedelta(hours=8))
_DONE = "10000"
REFUSALS = frozenset(
    {"ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_HAS_CLOSE", "ACQ.BUYER_ERROR"}
    | {"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "ACQ.REASON_TRADE_REFUND_FEE_ERR"}
    | {"ACQ.TRADE_NOT_ALLOW_REFUND", "ACQ.TRADE_STATUS_ERROR", "ACQ.NOT_ALLOW_PARTIAL_REFUND"}
)
"""Its ``sub_code`` for what no later try mends. `ACQ.SELLER_BALANCE_NOT_ENOUGH` is not among them:
somebody fills the balance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayRefunder:
    """A `Refunder`. ``key``: the app's own private key; ``alipay_keys``: Alipay's public ones."""

    url: str
    app_id: str
    key: RSAPrivateKey
    alipay_keys: Sequence[RSAPublicKey]
    client: httpx.AsyncClient
    clock: Clock
    looks = True

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        """Yuan, in whole fen."""
        return currency != "CNY" or whole_minor(amount_micro, currency) != amount_micro

    async def ask(self, request: BackRequest) -> BackAnswer:
        """Our id is its ``out_request_no``, without hyphens."""
        content = {
            "trade_no": request.payment_id,
            "refund_amount": decimal_of(request.amount_micro),
            "out_request_no": request.id.hex,
        }
        found = await self._call("alipay.trade.refund", content)
        if isinstance(found, NoAnswer):
            return found
        if text_at(found, "code") != _DONE:
            sub_code = text_at(found, "sub_code")
            if sub_code in REFUSALS:
                return NotGiven(sub_code)
            return NoAnswer(f"answered {sub_code or text_at(found, 'code')}", is_there=True)
        total_micro = micro_of_decimal(text_at(found, "refund_fee"))
        if text_at(found, "fund_change") != "Y":
            return _of_total(await self.look(request), total_micro, request)
        is_ours = text_at(found, "trade_no") == request.payment_id
        if not is_ours or total_micro is None or total_micro < request.amount_micro:
            logger.error("Alipay answers refund %s with another one", request.id)
            return NoAnswer("the answer is another refund", is_there=True)
        # All that went back of the trade, as its notice has it (`providers/alipay_events.py`).
        return given_back(request, request.id.hex, total_micro=total_micro)

    async def look(self, request: BackRequest) -> BackAnswer:
        """By our own number of it."""
        content = {"trade_no": request.payment_id, "out_request_no": request.id.hex}
        found = await self._call("alipay.trade.fastpay.refund.query", content)
        if isinstance(found, NoAnswer):
            return found
        if text_at(found, "code") != _DONE:
            code = text_at(found, "sub_code") or text_at(found, "code")
            return NoAnswer(f"answered {code}", is_there=True)
        if text_at(found, "refund_status") != "REFUND_SUCCESS":
            return Taken(request.id.hex)
        is_ours = text_at(found, "out_request_no") == request.id.hex
        micro = micro_of_decimal(text_at(found, "refund_amount"))
        if not is_ours or not micro:
            logger.error("Alipay answers refund %s with another one", request.id)
            return NoAnswer("the answer is another refund", is_there=True)
        # Also of another amount: it went, and two people have to take that for it.
        return given_back(request, request.id.hex, amount_micro=micro)

    async def _call(
        self, method: str, content: Mapping[str, str]
    ) -> Mapping[str, JsonValue] | NoAnswer:
        """What it answers, once its signature is known to hold."""
        parameters = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{self.clock().astimezone(_CHINA):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        signed = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        sign = signature_of(self.key, signed.encode())
        posted = await post(
            self.client,
            f"{self.url}?charset=utf-8",
            headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
            content=urlencode({**parameters, "sign": sign}).encode(),
        )
        if isinstance(posted, NoAnswer):
            return posted
        if not httpx.codes.is_success(posted.status):
            return unclear(posted)
        name = f"{method.replace('.', '_')}_response"
        said = part_of(posted.body, posted.document, name)
        sign = text_at(posted.document, "sign", characters_max=2_000)
        if said is None or not signed_by(self.alipay_keys, signature=sign, message=said):
            logger.error("an answer of Alipay to %s is not signed by its key", method)
            return NoAnswer("the answer is not signed by Alipay", is_there=True)
        found = posted.document.get(name)
        assert isinstance(found, dict), "part_of has found an object"
        return found


def _of_total(found: BackAnswer, total_micro: int | None, request: BackRequest) -> BackAnswer:
    """As its notice tells it, which has all that went back so far: where others went before, this
    one alone is less than is known, and they would seem to have come back."""
    if not isinstance(found, Through) or total_micro is None or total_micro < request.amount_micro:
        return found
    if found.told.amount_micro != request.amount_micro:
        return found
    return given_back(request, request.id.hex, total_micro=total_micro)


def part_of(body: bytes, document: Mapping[str, JsonValue], name: str) -> bytes | None:
    """The object under ``name``, byte for byte as it is signed; none where there is none.
    ``document``: what the body says.

    >>> part_of(b'{"a":{"code": "1"},"sign":"s"}', {"a": {"code": "1"}, "sign": "s"}, "a")
    b'{"code": "1"}'
    """
    if not isinstance(document.get(name), dict):
        return None
    text = body.decode()
    begin = text.find(mark := f'"{name}":')
    if begin < 0:
        return None
    begin += len(mark)
    try:
        found, end = json.JSONDecoder().raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None
    # Not one that stands within another text.
    return text[begin:end].encode() if found == document[name] else None
