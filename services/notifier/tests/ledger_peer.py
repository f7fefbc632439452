"""A stand-in for the ledger's API, as strict as it is about tokens, scopes and keys."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import principal_of
from prewatt_common.http.problems import Problem, problem_response
from prewatt_devstack.ports import HOST, free_ports

UNKNOWN = "unknown-account"


@dataclass
class LedgerPeer:
    """``balances`` by account; ``refusing``: accounts without credit and links; ``accepted``: keys
    of acceptances by account, as often as they came. While ``hold`` is cleared nothing is answered,
    though what is asked is done."""

    auth_public: str
    port: int = field(default_factory=lambda: free_ports(1)[0])
    balances: dict[UUID, int] = field(default_factory=dict)
    refusing: set[UUID] = field(default_factory=set)
    accepted: dict[UUID, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None
    """What every request is answered with, where it is set."""
    _server: uvicorn.Server | None = None
    _serving: asyncio.Task | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        self.go_on.set()
        account = "/v1/accounts/{account_id:uuid}"
        app = Starlette(
            routes=[
                Route(account, self._account),
                Route(f"{account}/forecast", self._forecast),
                Route(f"{account}/emergency-credit", self._standing),
                Route(f"{account}/emergency-credit", self._accept, methods=["POST"]),
                Route(f"{account}/pay-links", self._link, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(app, host=HOST, port=self.port, log_level="error")
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self.go_on.set()
        self._server.should_exit = True
        await self._serving

    async def _account(self, request: Request) -> Response:
        return await self._say(
            request,
            "ledger:read",
            lambda balance: (
                {"overdraft_micro": 20_000_000, "emergency_credit_micro": 0}
                | {"currency": "CNY", "balance_micro": balance}
            ),
        )

    async def _forecast(self, request: Request) -> Response:
        ends = utc_now() + timedelta(days=3)
        return await self._say(
            request,
            "ledger:read",
            lambda balance: {
                "currency": "CNY",
                "balance_micro": balance,
                "left_micro": balance,
                "ends": {"p10": None, "p50": ends.isoformat(), "p90": None} if balance else None,
                "buy_by": (ends - timedelta(days=1)).isoformat() if balance else None,
            },
        )

    async def _standing(self, request: Request) -> Response:
        return await self._say(
            request,
            "ledger:emergency-credit",
            lambda balance: {
                "currency": "CNY",
                "balance_micro": balance,
                "left_micro": balance + 50_000_000,
            },
        )

    async def _accept(self, request: Request) -> Response:
        account_id = request.path_params["account_id"]
        assert (await request.json()).keys() == {"means", "reason"}
        if account_id not in self.refusing and self.status is None:
            key = request.headers["idempotency-key"]
            self.accepted.setdefault(account_id, []).append(key)

        def answer(balance: int) -> dict:
            if account_id in self.refusing:
                raise Problem(status=409, kind="emergency-credit-refused", detail="there is none")
            return {"amount_micro": 50_000_000, "account_id": str(account_id)}

        return await self._say(request, "ledger:emergency-credit", answer)

    async def _link(self, request: Request) -> Response:
        assert (await request.json()).keys() == {"for_whom"}
        key = request.headers["idempotency-key"]

        def answer(_: int) -> dict:
            if request.path_params["account_id"] in self.refusing:
                raise Problem(status=409, kind="pay-links-not-set-up", detail="there are none")
            return {"url": f"https://pay.example.org/p/{UUID(key).hex[:16]}", "id": key}

        return await self._say(request, "ledger:pay-links", answer)

    async def _say(self, request: Request, scope: str, answer) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        await self.go_on.wait()
        try:
            if self.status is not None:
                raise Problem(status=self.status, kind="busy", detail="busy")
            principal_of(
                authorization=request.headers.get("authorization", ""),
                scopes=frozenset({scope}),
                public_key_pem=self.auth_public,
            )
            balance = self.balances.get(request.path_params["account_id"])
            if balance is None:
                raise Problem(status=404, kind=UNKNOWN, detail="no such account")
            return JSONResponse(answer(balance))
        except Problem as problem:
            return problem_response(problem)
