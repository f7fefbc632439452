"""Why an account has supply or not, in a customer's words with the numbers: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.supply.decide import restored_above_micro
from prepay_ledger.supply.explain_texts import (
    CITED,
    HOLDS,
    LIMITING,
    OWED,
    PAY,
    PAY_AND_LIFT,
    PAY_AND_PRESS,
    STATES,
    UNTIL,
    Language,
)
from prepay_ledger.supply.limit import limit_of
from prepay_ledger.supply.replay import Inputs
from prewatt_common.contracts.ledger_events_v1 import SupplyState

_MICRO = Decimal(1_000_000)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """The newest one that changed something, as it was stored."""

    id: UUID
    at: datetime
    held: tuple[str, ...]
    inputs: Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBy:
    """What holds the cut, in words; ``until``: none, until somebody does something about it."""

    rule: str
    until: datetime | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """``to_pay_micro``: what brings supply back, where only money does."""

    language: Language
    text: str
    holds: tuple[HeldBy, ...]
    to_pay_micro: int | None


def explain(
    account: Account,
    last: LastDecision | None,
    *,
    owed_micro: int = 0,
    language: Language,
    zone: ZoneInfo,
) -> Explanation:
    """``account`` as it is now; ``last``: none where nothing was ever decided; ``owed_micro``: by
    debts, apart from the balance."""

    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    def money(micro: int, rounding: str = ROUND_HALF_UP) -> str:
        return f"{(micro / _MICRO).quantize(_CENT, rounding)} {account.currency}"

    state = account.supply_state
    limit_w = None if last is None else limit_of(last.inputs.rules, last.inputs.relays)
    is_limiting = state is SupplyState.DISCONNECTING and limit_w is not None
    said = LIMITING[language] if is_limiting else STATES[language][state]
    sentences = [
        said.format(
            number=account.number,
            balance=money(account.balance_micro),
            limit=money(-account.credit_micro),
            since=local(last.at) if last else "",
            watts=limit_w or "-",
        )
    ]
    holds: tuple[HeldBy, ...] = ()
    to_pay_micro = None
    is_held = (
        SupplyState.PENDING,
        SupplyState.DISCONNECTING,
        SupplyState.LIMITED,
        SupplyState.RECONNECTING,
    )
    if last is not None and state in is_held:
        holds = tuple(_holds(last, language))
        for each in holds:
            said = each.text
            if each.until is not None:
                said = UNTIL[language].format(why=each.text, until=local(each.until))
            sentences.append(f"- {said}")
    if last is not None and state in (SupplyState.DISCONNECTED, SupplyState.LIMITED):
        above_micro = restored_above_micro(last.inputs.facts, last.inputs.rules)
        to_pay_micro = max(0, above_micro - account.balance_micro + 1)
        how = PAY_AND_PRESS if last.inputs.facts.confirms else PAY
        if state is SupplyState.LIMITED:
            how = PAY_AND_LIFT
        sentences.append(how[language].format(amount=money(to_pay_micro, ROUND_CEILING)))
    if owed_micro:
        sentences.append(OWED[language].format(amount=money(owed_micro)))
    if last is not None:
        facts, rules = last.inputs.facts, last.inputs.rules
        sentences.append(
            CITED[language].format(
                procedure=facts.procedure or "-", policy=rules.policy, decision=last.id,
                at=local(last.at),
            )
        )  # fmt: skip
    return Explanation(
        language=language, text="\n".join(sentences), holds=holds, to_pay_micro=to_pay_micro
    )


def _holds(last: LastDecision, language: Language) -> Iterable[HeldBy]:
    ends = {each.rule: each.until for each in last.inputs.facts.holds}
    for rule in last.held:
        kind, _, name = rule.partition(":")
        text = HOLDS[language][kind if name else rule].format(name=name)
        yield HeldBy(rule=rule, until=ends.get(rule), text=text)
