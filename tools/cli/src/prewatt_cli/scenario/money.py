"""Money of a scenario: a top-up is credited once, and of its refunds the account bears at most it.

What contradicts itself (one id, two contents) counts for neither; refunds whose top-up is not known
are parked until it is; what is refunded beyond the top-up goes to suspense.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from prewatt_cli.scenario.form import Refund, Scenario, TopUp

MoneyT = TypeVar("MoneyT", TopUp, Refund)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Of one account, in micro-units."""

    topups_micro: int
    refunds_micro: int
    suspense_micro: int
    parked_refunds: list[str]
    contradictions: int
    """Of the whole scenario: which account they concern is what is contradicted."""


def money_of(scenario: Scenario, account_id: str) -> Money:
    """What has come in and gone back by ``as_of``."""
    topups, clashing_topups = _by_id(scenario.topups, scenario.as_of)
    refunds, clashing_refunds = _by_id(scenario.refunds, scenario.as_of)
    mine = {name: each for name, each in topups.items() if each.account == account_id}
    asked: dict[str, int] = defaultdict(int)
    parked: list[str] = []
    for name, refund in sorted(refunds.items()):
        if refund.account != account_id:
            continue
        if refund.topup in mine:
            asked[refund.topup] += refund.amount_micro
        else:
            parked.append(name)
    borne = sum(min(mine[name].amount_micro, amount) for name, amount in asked.items())
    return Money(
        topups_micro=sum(each.amount_micro for each in mine.values()),
        refunds_micro=borne,
        suspense_micro=sum(asked.values()) - borne,
        parked_refunds=parked,
        contradictions=clashing_topups + clashing_refunds,
    )


def _by_id(events: Iterable[MoneyT], as_of: datetime) -> tuple[dict[str, MoneyT], int]:
    """Those whose id has one content, and how many ids have more."""
    contents: dict[str, dict[Hashable, MoneyT]] = defaultdict(dict)
    for each in events:
        if each.ts <= as_of:
            contents[each.id][tuple(sorted(each.model_dump().items()))] = each
    single = {name: next(iter(some.values())) for name, some in contents.items() if len(some) == 1}
    return single, len(contents) - len(single)
