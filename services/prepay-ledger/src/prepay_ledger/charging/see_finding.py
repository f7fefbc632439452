"""Use case: a person has looked at a finding, and it holds no cut any more."""

from http import HTTPStatus

from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.values import SeenFinding
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.refusals import Refusal


class UnknownFinding(Refusal):
    """Nothing like it is found of the meter now."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-finding"


class SeeFinding:
    """Keeps who has looked and why, and decides the supply anew."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(self, *, unit: Unit, seen: SeenFinding) -> None:
        """Raises `UnknownFinding`."""
        await unit.charging.hold([seen.meter_id])
        if not await unit.charging.see_finding(seen):
            message = (
                f"meter {seen.meter_id} has no finding {seen.check} with these times and values; "
                "see GET /v1/meters/{meter_id}/findings"
            )
            raise UnknownFinding(message)
        due = await unit.charging.pending_accounts([seen.meter_id])
        if due:
            await self._review(unit, due, now=seen.at, caused_at=seen.at)
