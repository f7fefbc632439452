"""Decisions about meters, and readings that nobody pays for, over HTTP."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import MeterIdField, PageById, Writer
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.ports import OpenUnit
from prepay_ledger.installations.postgres_unbound import UnboundQueries
from prepay_ledger.installations.rules import UnknownMeter
from prepay_ledger.installations.schemas import (
    EditIn,
    EditOut,
    EndIn,
    InstallationIn,
    InstallationOut,
    MeterIn,
    MeterOut,
    MoveOutIn,
    RegistersIn,
    SwapIn,
    UnboundMeterOut,
    UnboundOut,
)
from prepay_ledger.installations.values import InstalledMeter, Meter, ReadingEdit
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.openapi import as_it_was
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.ids import new_id

_READING = [Depends(require("ledger:read"))]


def _decided(body: Reason, principal: Principal, at: datetime) -> Decided:
    return Decided(by=principal.subject, reason=body.reason, at=at)


def installations_router(
    *,
    open_unit: OpenUnit,
    decide: DecideMeter,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """Where meters serve: installed, moved, swapped, put right."""
    router = APIRouter(prefix="/v1", tags=["meters"])

    @router.post("/accounts/{account_id}/installations", status_code=HTTPStatus.CREATED)
    async def install(account_id: UUID, body: InstallationIn, principal: Writer) -> InstallationOut:
        """Have a meter serve the account. Readings that came already are charged at once."""
        new = InstalledMeter(
            id=new_id(), account_id=account_id, **body.model_dump(exclude={"reason"})
        )
        async with open_unit() as unit:
            await decide.install(unit=unit, new=new, decided=_decided(body, principal, clock()))
        committed()
        return InstallationOut.model_validate(new)

    @router.post("/meters/{meter_id}/move-out")
    async def move_out(
        meter_id: MeterIdField, body: MoveOutIn, principal: Writer
    ) -> list[InstallationOut]:
        """End the meter's installation, also at an instant that is past: what was charged beyond
        is given back, and charged to who came after."""
        async with open_unit() as unit:
            now = await decide.move_out(
                unit=unit,
                meter_id=meter_id,
                decided=_decided(body, principal, clock()),
                **body.model_dump(exclude={"reason"}),
            )
        committed()
        return [InstallationOut.model_validate(each) for each in now]

    @router.post("/meters/{meter_id}/swap")
    async def swap(
        meter_id: MeterIdField, body: SwapIn, principal: Writer
    ) -> list[InstallationOut]:
        """Another device under the meter's id, also if nobody said so at the time."""
        async with open_unit() as unit:
            now = await decide.swap(
                unit=unit,
                meter_id=meter_id,
                at=body.at,
                closing_wh=body.closing_wh,
                opening_wh=body.opening_wh,
                devices=(body.old_device, body.new_device),
                decided=_decided(body, principal, clock()),
            )
        committed()
        return [InstallationOut.model_validate(each) for each in now]

    @router.post("/installations/{installation_id}/registers")
    async def registers(
        installation_id: UUID, body: RegistersIn, principal: Writer
    ) -> list[InstallationOut]:
        """Put the registers at an installation's ends right."""
        async with open_unit() as unit:
            now = await decide.correct_registers(
                unit=unit,
                installation_id=installation_id,
                opening_wh=body.opening_wh,
                closing_wh=body.closing_wh,
                decided=_decided(body, principal, clock()),
            )
        committed()
        return [InstallationOut.model_validate(each) for each in now]

    @router.post("/installations/{installation_id}/end")
    async def end(installation_id: UUID, body: EndIn, principal: Writer) -> list[InstallationOut]:
        """Put right when an installation ended, and with what register: the one that followed
        begins there as well."""
        async with open_unit() as unit:
            now = await decide.move_end(
                unit=unit,
                installation_id=installation_id,
                at=body.at,
                register_wh=body.register_wh,
                decided=_decided(body, principal, clock()),
            )
        committed()
        return [InstallationOut.model_validate(each) for each in now]

    @router.get("/meters/{meter_id}/installations", dependencies=_READING)
    async def installations(meter_id: MeterIdField) -> list[InstallationOut]:
        """Where the meter serves and served, the oldest first."""
        async with open_unit() as unit:
            found = await unit.installations.of_meter(meter_id)
        return [InstallationOut.model_validate(each) for each in found]

    return router


def meters_router(
    *,
    open_unit: OpenUnit,
    decide: DecideMeter,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """What is known of a meter, and edits of its readings."""
    router = APIRouter(prefix="/v1/meters/{meter_id}", tags=["meters"])

    @router.put("")
    async def register(meter_id: MeterIdField, body: MeterIn, principal: Writer) -> MeterOut:
        """Say what validation has to know of the meter; what it changes is charged anew."""
        meter = Meter(meter_id=meter_id, **body.model_dump(exclude={"reason"}))
        async with open_unit() as unit:
            now = await decide.register(
                unit=unit, meter=meter, decided=_decided(body, principal, clock())
            )
        committed()
        return MeterOut.model_validate(now)

    @router.get("", dependencies=_READING)
    async def meter(meter_id: MeterIdField) -> MeterOut:
        """What is known of the meter."""
        async with open_unit() as unit:
            found = await unit.installations.meter(meter_id)
        if found is None:
            message = f"nothing is known of meter {meter_id}; it counts as a household's"
            raise UnknownMeter(message)
        return MeterOut.model_validate(found)

    @router.post("/edits", status_code=HTTPStatus.CREATED, responses=as_it_was(EditOut))
    async def edit(
        meter_id: MeterIdField, body: EditIn, principal: Writer, response: Response
    ) -> EditOut:
        """Decide what counts of the meter's readings at an instant; nothing that came is lost. What
        holds there already is answered as it was decided, with 200."""
        now = clock()
        new = ReadingEdit(
            id=new_id(),
            meter_id=meter_id,
            read_at=body.at,
            kind=body.kind,
            register_wh=body.register_wh,
            decided_by=principal.subject,
            reason=body.reason,
            at=now,
            our_fault=body.our_fault,
        )
        async with open_unit() as unit:
            holds = await decide.edit(unit=unit, edit=new, decided=_decided(body, principal, now))
        committed()
        if holds is not new:
            response.status_code = HTTPStatus.OK
        return EditOut.model_validate(holds)

    @router.get("/edits", dependencies=_READING)
    async def edits(meter_id: MeterIdField, page: PageById) -> Page[EditOut]:
        """The meter's edits, in the order in which they were decided."""
        async with open_unit() as unit:
            rows = await unit.installations.edits(meter_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=EditOut.model_validate)

    return router


def unbound_router(*, queries: UnboundQueries) -> APIRouter:
    """``/v1/unbound-readings``. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:read"))])

    @router.get("/unbound-readings", tags=["ledger"])
    async def unbound(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
    ) -> Page[UnboundMeterOut]:
        """Meters with readings that are kept and charged to nobody, and why, in the order of their
        ids. An installation that covers the readings charges them."""
        rows = await queries.page(after=page.after or "", limit=page.rows_max)
        meters = [
            UnboundMeterOut(meter_id=meter_id, unbound=list(map(UnboundOut.model_validate, some)))
            for meter_id, some in groupby(rows, key=lambda row: row.meter_id)
        ]
        return page.of(meters, key=lambda meter: meter.meter_id, item=lambda meter: meter)

    return router
