"""Whether and how silent meters are estimated, over HTTP."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator

from prepay_ledger.estimates.decide_policy import decide_policy
from prepay_ledger.estimates.ports import OpenPolicyUnit
from prepay_ledger.estimates.values import DAYS_MAX, Policy, Terms
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason

DaysField = Annotated[int, Field(ge=1, le=DAYS_MAX)]


class PolicyIn(Reason):
    """After how many days without a trusted reading a meter is estimated, and for how many days of
    such a time at most; both null: none is."""

    after_days: DaysField | None
    longest_days: DaysField | None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.after_days is None) != (self.longest_days is None):
            message = "give both after_days and longest_days, or null for both: no estimates"
            raise ValueError(message)
        return self

    @property
    def terms(self) -> Terms | None:
        """None: nobody is estimated."""
        if self.after_days is None or self.longest_days is None:
            return None
        return Terms(self.after_days, self.longest_days)


class PolicyOut(BaseModel, from_attributes=True):
    """As it was decided last. ``revision`` 0: it never was, and nobody is estimated."""

    revision: int = 0
    after_days: int | None = None
    longest_days: int | None = None
    decided_by: str | None = None
    reason: str | None = None
    at: datetime | None = None


def estimates_router(
    *, open_unit: OpenPolicyUnit, committed: Callable[[], None], clock: Clock
) -> APIRouter:
    """``/v1/estimate-policy``."""
    router = APIRouter(prefix="/v1/estimate-policy", tags=["estimates"])

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def policy() -> PolicyOut:
        """Whether and how silent meters are estimated."""
        async with open_unit() as unit:
            return _out(await unit.estimates.policy())

    @router.put("")
    async def decide(body: PolicyIn, principal: Writer) -> PolicyOut:
        """Decide it. The next run, within seconds, follows: what was estimated is changed by the
        difference, or taken back."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            now = await decide_policy(unit=unit, terms=body.terms, decided=decided)
        committed()
        return _out(now)

    return router


def _out(policy: Policy | None) -> PolicyOut:
    return PolicyOut() if policy is None else PolicyOut.model_validate(policy)
