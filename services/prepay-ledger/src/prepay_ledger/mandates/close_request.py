"""Use case: a person has found out that no money comes of a request that nobody answered."""

from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.ports import Unit
from prepay_ledger.mandates.refusals import NotUnanswered, UnknownTopUpRequest
from prepay_ledger.mandates.settle_request import SettleRequest, locked_request
from prepay_ledger.mandates.values import RequestState, TopUpRequest


async def close_request(
    *, unit: Unit, settle: SettleRequest, request_id: UUID, decided: Decided
) -> TopUpRequest:
    """It is open no more, and the next one may be made. If money comes all the same, it is
    credited, and the request is paid. One that is failed stays as it is. Raises
    `UnknownTopUpRequest` or `NotUnanswered`."""
    request = await locked_request(unit, request_id)
    if request is None:
        message = f"there is no top-up request {request_id}"
        raise UnknownTopUpRequest(message)
    if request.state is RequestState.FAILED:
        return request
    if request.state is not RequestState.UNANSWERED:
        message = f"top-up request {request_id} is {request.state}; nothing was changed"
        raise NotUnanswered(message)
    await unit.mandates.add_close(request_id, decided)
    return await settle.close(unit, request, now=decided.at)
