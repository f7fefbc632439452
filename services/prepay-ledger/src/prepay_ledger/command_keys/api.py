"""Command keys over HTTP."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Depends

from prepay_ledger.command_keys.decide_key import add_key, retire_key, roll_key
from prepay_ledger.command_keys.ports import OpenUnit
from prepay_ledger.command_keys.postgres_queries import CommandKeyQueries
from prepay_ledger.command_keys.schemas import (
    KeyIdField,
    KeyIn,
    KeyOut,
    KeysOut,
    key_out,
    keys_out,
)
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import Writer
from prepay_ledger.relays.signing import CommandSigner
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason


def command_keys_router(
    *,
    open_unit: OpenUnit,
    queries: CommandKeyQueries,
    signer: CommandSigner,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/command-keys``."""
    router = APIRouter(prefix="/v1/command-keys", tags=["supply"])

    def decided(body: Reason, principal: Principal) -> Decided:
        return Decided(by=principal.subject, reason=body.reason, at=clock())

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def status() -> KeysOut:
        """All keys with the meters that hold them, and who has not acknowledged the newest."""
        found, missing = await queries.status(now=clock())
        return keys_out(list(found), missing)

    @router.post("", status_code=HTTPStatus.CREATED)
    async def add(body: KeyIn, principal: Writer) -> KeyOut:
        """Add a key whose private part is in the settings. No meter is told of it yet."""
        async with open_unit() as unit:
            key = await add_key(
                unit=unit, signer=signer, key_id=body.key_id, decided=decided(body, principal)
            )
        committed()
        return key_out(key)

    @router.post("/{key_id}/roll")
    async def roll(key_id: KeyIdField, body: Reason, principal: Writer) -> KeyOut:
        """Tell the meters of it, a bounded number a second; whoever has acknowledged it gets
        commands that it has signed. The same again changes nothing."""
        async with open_unit() as unit:
            key = await roll_key(unit=unit, key_id=key_id, decided=decided(body, principal))
        committed()
        return key_out(key)

    @router.post("/{key_id}/retire")
    async def retire(key_id: KeyIdField, body: Reason, principal: Writer) -> KeyOut:
        """Have the meters drop it. Refused while a meter that serves has not acknowledged the next
        key; by another person than who rolled that one out. The same again changes nothing."""
        async with open_unit() as unit:
            key = await retire_key(unit=unit, key_id=key_id, decided=decided(body, principal))
        committed()
        return key_out(key)

    return router
