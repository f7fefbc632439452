"""Which tariff an account is charged by, over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.ports import OpenUnit
from prepay_ledger.agreements.rules import AgreementRefused
from prepay_ledger.agreements.schemas import AgreementEnd, AgreementIn, AgreementOut
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import Writer
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


def agreements_router(
    *,
    open_unit: OpenUnit,
    decide: DecideAgreement,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/accounts/{account_id}/agreements``."""
    router = APIRouter(prefix="/v1/accounts/{account_id}/agreements", tags=["accounts"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def set_(account_id: UUID, body: AgreementIn, principal: Writer) -> AgreementOut:
        """Charge the account by a tariff from a local day on. An agreement that holds without end
        ends on that day."""
        if body.end_day is not None and body.end_day <= body.first_day:
            message = f"it would end on {body.end_day}, before it begins on {body.first_day}"
            raise AgreementRefused(message)
        agreement = Agreement(
            id=new_id(),
            account_id=account_id,
            tariff_code=body.tariff_code,
            first_day=body.first_day,
            end_day=body.end_day,
            capacity_va=body.capacity_va,
            contracted_w=body.contracted_w,
        )
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            await decide.set(unit=unit, agreement=agreement, decided=decided)
        committed()
        return AgreementOut.model_validate(agreement)

    @router.post("/{agreement_id}/end")
    async def end(
        account_id: UUID, agreement_id: UUID, body: AgreementEnd, principal: Writer
    ) -> AgreementOut:
        """End the agreement on a local day, also one that is past: what was charged beyond is given
        back."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            agreement = await decide.end(
                unit=unit,
                account_id=account_id,
                agreement_id=agreement_id,
                end_day=body.end_day,
                decided=decided,
            )
        committed()
        return AgreementOut.model_validate(agreement)

    return router
