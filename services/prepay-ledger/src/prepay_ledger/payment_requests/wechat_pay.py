"""A request to WeChat Pay API v3, signed by the merchant; and whether its answer is signed by it.

pay.weixin.qq.com/doc/v3/merchant/4012365342 (ours) and 4012071382 (theirs).
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from prepay_ledger.payment_requests.post import Posted, send
from prepay_ledger.payment_requests.values import NoAnswer
from prepay_ledger.providers.values import BadSignature
from prepay_ledger.providers.wechat_pay_signatures import WeChatPayMerchant, WeChatPaySigners
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPayApi:
    """``nonce``: gives a new one each time."""

    merchant: WeChatPayMerchant
    signers: WeChatPaySigners
    client: httpx.AsyncClient
    clock: Clock
    nonce: Callable[[], str]

    async def call(
        self, method: str, url: str, document: Mapping[str, object] | None = None
    ) -> Posted | NoAnswer:
        """What came back; see `is_signed` before any of it is believed."""
        content = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
        authorization = self.merchant.authorization(
            method=method,
            target=httpx.URL(url).raw_path.decode("ascii"),
            body=content,
            nonce=self.nonce(),
            now=self.clock(),
        )
        headers = {
            "accept": "application/json",
            "authorization": authorization,
            "content-type": "application/json",
            "user-agent": "prewatt",
        }
        # By which key it is to sign what it answers.
        if (serial := next(iter(self.signers.public_keys), None)) is not None:
            headers["wechatpay-serial"] = serial
        return await send(self.client, method, url, headers=headers, content=content)

    def is_signed(self, posted: Posted) -> bool:
        """Loud where it is not."""
        try:
            self.signers.require(posted.headers, posted.body, self.clock())
        except BadSignature as error:
            logger.error("an answer of WeChat Pay is not signed as it has to be: %s", error)
            return False
        return True


NOT_SIGNED = NoAnswer("the answer is not signed by WeChat Pay", is_there=True)
