"""The ledger, asked over HTTP for a customer who writes to us."""

import asyncio
import logging
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import httpx
import msgspec

from notifier.channels.http_peer import ask
from notifier.channels.ports import PeerDown
from notifier.inbound.ports import LedgerAway, LedgerKnowsNothing, NotOffered
from notifier.inbound.values import CreditAnswer, Lasting, Standing
from prewatt_common.clock import Clock
from prewatt_common.peer_breaker import Breaker, BreakerPolicy

logger = logging.getLogger(__name__)

_REFUSED = "urn:prewatt:problem:emergency-credit-refused"
_UNKNOWN = "urn:prewatt:problem:unknown-account"
_DETAIL_MAX = 200
_ABOUT_US = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}


class _Account(msgspec.Struct, frozen=True):
    currency: str
    balance_micro: int
    overdraft_micro: int
    emergency_credit_micro: int


class _Ends(msgspec.Struct, frozen=True):
    p50: datetime | None = None


class _Basis(msgspec.Struct, frozen=True):
    days_ahead: int


class _Forecast(msgspec.Struct, frozen=True):
    currency: str
    balance_micro: int
    left_micro: int
    ends: _Ends | None = None
    buy_by: datetime | None = None
    basis: _Basis | None = None


class _Credit(msgspec.Struct, frozen=True):
    amount_micro: int


class _CreditStanding(msgspec.Struct, frozen=True):
    currency: str
    balance_micro: int
    left_micro: int


class _PayLink(msgspec.Struct, frozen=True):
    url: str


class _Problem(msgspec.Struct, frozen=True):
    type: str = ""
    detail: str = ""


AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)


class HttpLedger:
    """A `Ledger`. ``token``: a bearer token that carries ``ledger:read``,
    ``ledger:emergency-credit`` and, where pay links are set up, ``ledger:pay-links``. A ledger that
    does not answer is left alone for a while."""

    def __init__(
        self,
        *,
        url: str,
        token: str,
        client: httpx.AsyncClient,
        timeout_s: float,
        clock: Clock,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = client
        self._timeout_s = timeout_s
        self._clock = clock
        self._breaker = Breaker(BreakerPolicy())

    async def standing(self, account_id: UUID) -> Standing:
        """The balance, and what may be used until a cut."""
        found = await self._get(f"/v1/accounts/{account_id}", _Account)
        left_micro = found.balance_micro + found.overdraft_micro + found.emergency_credit_micro
        return Standing(self._clock(), found.currency, found.balance_micro, left_micro)

    async def lasting(self, account_id: UUID) -> Lasting:
        """The forecast's middle: as likely before as after."""
        found = await self._get(f"/v1/accounts/{account_id}/forecast", _Forecast)
        standing = Standing(self._clock(), found.currency, found.balance_micro, found.left_micro)
        if found.ends is None:
            return Lasting(standing, None, None)
        if found.ends.p50 is None:
            return Lasting(standing, None, None, found.basis.days_ahead if found.basis else None)
        return Lasting(standing, found.ends.p50, found.buy_by)

    async def accept_credit(self, account_id: UUID, *, message_id: UUID) -> CreditAnswer:
        """The message's id is the Idempotency-Key: asked again, the ledger answers the same."""
        path = f"/v1/accounts/{account_id}/emergency-credit"
        request = self._client.build_request(
            "POST",
            self._url + path,
            headers=self._headers | {"Idempotency-Key": str(message_id)},
            json={"means": "sms", "reason": f"SMS {message_id}"},
        )
        answer = await self._ask(request)
        if answer.status_code == HTTPStatus.CONFLICT and _problem(answer).type == _REFUSED:
            amount_micro = None
        else:
            amount_micro = _read(answer, _Credit).amount_micro
        found = await self._get(path, _CreditStanding)
        standing = Standing(self._clock(), found.currency, found.balance_micro, found.left_micro)
        return CreditAnswer(standing, amount_micro)

    async def pay_link(self, account_id: UUID, *, message_id: UUID) -> str:
        """The same link for the same message."""
        request = self._client.build_request(
            "POST",
            f"{self._url}/v1/accounts/{account_id}/pay-links",
            headers=self._headers | {"Idempotency-Key": str(message_id)},
            json={"for_whom": f"SMS {message_id}"},
        )
        return _read(await self._ask(request), _PayLink).url

    async def _get(self, path: str, kind: type[AnswerT]) -> AnswerT:
        request = self._client.build_request("GET", self._url + path, headers=self._headers)
        return _read(await self._ask(request), kind)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        now_s = _monotonic_s()
        if not self._breaker.room(now_s=now_s, slots=1, running=0):
            raise LedgerAway("the ledger did not answer of late: it is left alone for a while")
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await ask(self._client, request)
        except (PeerDown, TimeoutError) as down:
            self._breaker.failed(now_s=_monotonic_s())
            raise LedgerAway("the ledger does not answer") from down
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._breaker.failed(now_s=_monotonic_s())
            raise LedgerAway(f"the ledger answers {answer.status_code}")
        self._breaker.answered()
        return answer


class NoLedger:
    """A `Ledger` where none is configured."""

    async def standing(self, account_id: UUID) -> Standing:  # noqa: ARG002
        """None."""
        raise NotOffered

    async def lasting(self, account_id: UUID) -> Lasting:  # noqa: ARG002
        """None."""
        raise NotOffered

    async def accept_credit(self, account_id: UUID, *, message_id: UUID) -> CreditAnswer:  # noqa: ARG002
        """None."""
        raise NotOffered

    async def pay_link(self, account_id: UUID, *, message_id: UUID) -> str:  # noqa: ARG002
        """None."""
        raise NotOffered


def _monotonic_s() -> float:
    return asyncio.get_running_loop().time()


def _read(answer: httpx.Response, kind: type[AnswerT]) -> AnswerT:
    if answer.is_success:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            message = f"the ledger's answer is not what we know: {error}"
            raise LedgerKnowsNothing(message) from error
    problem = _problem(answer)
    said = f"the ledger answers {answer.status_code} {problem.detail}".strip()[:_DETAIL_MAX]
    if answer.status_code == HTTPStatus.NOT_FOUND and problem.type == _UNKNOWN:
        raise LedgerKnowsNothing(said)
    if answer.status_code in _ABOUT_US:
        # Somebody puts the URL or the token right; then it goes on.
        logger.error("%s: PREWATT_LEDGER_URL or PREWATT_LEDGER_TOKEN is wrong", said)
        raise LedgerAway(said)
    raise LedgerKnowsNothing(said)


def _problem(answer: httpx.Response) -> _Problem:
    try:
        return msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.MsgspecError:
        return _Problem()
