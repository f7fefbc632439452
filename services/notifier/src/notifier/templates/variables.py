"""What each template may say, and what it must: by the facts that its event gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from notifier.notices.values import CAMPAIGNS, TOLD_AS, Template


class Kind(StrEnum):
    """What a variable is, for whoever compares it."""

    TEXT = "text"
    """An amount with its currency, a day, a name: to be said, and not to be compared."""
    NUMBER = "number"
    STAGE = "stage"
    """Where a late reconnection stuck, a word of `ReconnectionStage`."""


@dataclass(frozen=True, slots=True)
class Variables:
    """``required``: each notice of the template has them. ``optional``: in groups, each of which is
    there as a whole or not at all. ``must_say``: what no text may leave out."""

    required: Mapping[str, Kind]
    optional: Sequence[Mapping[str, Kind]] = ()
    must_say: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Of all variables that there may be."""
        found = dict(self.required)
        for group in self.optional:
            found |= group
        return found

    def presences(self) -> Sequence[frozenset[str]]:
        """Every set of variables that a notice may have; the one with all of them first."""
        return [
            frozenset(self.required).union(*chosen)
            for chosen in product(
                *((frozenset(group), frozenset[str]()) for group in self.optional)
            )
        ]


_ALWAYS: Mapping[str, Kind] = {
    "utility": Kind.TEXT,
    "account": Kind.TEXT,
    "tail": Kind.TEXT,
    "code": Kind.TEXT,
    "check_at": Kind.TEXT,
    "balance": Kind.TEXT,
}
_TAIL = frozenset({"tail"})
"""Said by the whole number too, which ends with it."""


def _of(
    *,
    required: Mapping[str, Kind] | None = None,
    optional: Sequence[Mapping[str, Kind]] = (),
    must_say: frozenset[str] = frozenset(),
) -> Variables:
    return Variables({**_ALWAYS, **(required or {})}, optional, _TAIL | must_say)


def _without_balance(
    required: Mapping[str, Kind] | None = None, *, tail: bool = False
) -> Variables:
    """One of which nobody said what the balance is."""
    always = {name: kind for name, kind in _ALWAYS.items() if name != "balance"}
    return Variables({**always, **(required or {})}, (), _TAIL if tail else frozenset())


_NOMINATED = Variables(
    {name: kind for name, kind in _ALWAYS.items() if name not in ("account", "balance")}, (), _TAIL
)
"""Neither the whole number nor any money: those are the customer's to tell."""
_ANSWER_NOMINATED = Variables(_NOMINATED.required, [{"tails": Kind.TEXT}])
_DEBT = _of(
    required={"amount": Kind.TEXT, "owed": Kind.TEXT, "after_days": Kind.NUMBER},
    optional=[{"instalments": Kind.NUMBER, "next_due": Kind.TEXT}],
    must_say=frozenset({"amount"}),
)
_CREDIT = _of(required={"amount": Kind.TEXT, "left": Kind.TEXT}, must_say=frozenset({"amount"}))
_PAY: Mapping[str, Kind] = {"pay_at": Kind.TEXT}
_MOVED = _of(required={"amount": Kind.TEXT}, must_say=frozenset({"amount", "balance"}))
VARIABLES: Mapping[Template, Variables] = {
    Template.LOW_BALANCE: _of(
        required={"threshold": Kind.TEXT},
        optional=[{"days_left": Kind.NUMBER}, {"ends_at": Kind.TEXT, "buy_by": Kind.TEXT}, _PAY],
        must_say=frozenset({"balance"}),
    ),
    Template.BALANCE_EXHAUSTED: _of(optional=[_PAY]),
    Template.TOPPED_UP: _of(
        required={"amount": Kind.TEXT, "left": Kind.TEXT},
        optional=[{"paid_off": Kind.TEXT, "owed": Kind.TEXT}, {"repaid": Kind.TEXT}],
        must_say=frozenset({"amount", "balance"}),
    ),
    Template.PAYMENT_TAKEN_BACK: _of(
        required={"amount": Kind.TEXT},
        optional=[{"owed_again": Kind.TEXT}],
        must_say=frozenset({"amount", "balance"}),
    ),
    Template.SUPPLY_OFF: _of(optional=[_PAY]),
    Template.SUPPLY_LIMITED: _of(optional=[{"limit_w": Kind.NUMBER}, _PAY]),
    Template.SUPPLY_LIMIT_RAISED: _of(required={"limit_w": Kind.NUMBER}),
    Template.SUPPLY_ARMED: _of(),
    Template.SUPPLY_ON: _of(),
    Template.RECONNECTION_LATE: _of(
        required={"stage": Kind.STAGE}, optional=[{"amount": Kind.TEXT}]
    ),
    Template.SUPPLY_APOLOGY: _of(),
    Template.DEBT_OWED: _DEBT,
    Template.DEBT_LOWERED: _DEBT,
    Template.DEBT_WRITTEN_OFF: _DEBT,
    Template.DEBT_PAID: _DEBT,
    Template.PAYMENT_REMINDER: Variables(
        _without_balance(
            dict.fromkeys(
                ("amount", "statement", "due_on", "period_first", "period_last"), Kind.TEXT
            )
        ).required,
        [{"late": Kind.TEXT}, _PAY],
        _TAIL | {"amount", "statement", "due_on"},
    ),
    Template.BALANCE_ADDED: _MOVED,
    Template.BALANCE_TAKEN: _MOVED,
    Template.NOW_PREPAID: _of(must_say=frozenset({"balance"})),
    Template.NOW_POSTPAID: _of(must_say=frozenset({"balance"})),
    Template.AUTO_TOP_UP_FAILED: Variables(
        _without_balance({"amount": Kind.TEXT, "retry_on": Kind.TEXT}).required,
        [_PAY],
        _TAIL | {"amount"},
    ),
    Template.COLLECTION_FAILED: Variables(
        _without_balance(dict.fromkeys(("amount", "what", "why", "next"), Kind.TEXT)).required,
        [{"statement": Kind.TEXT}, {"retry_on": Kind.TEXT}, _PAY],
        _TAIL | {"amount", "what"},
    ),
    Template.MANDATE_SUSPENDED: _without_balance(tail=True),
    Template.EMERGENCY_CREDIT_OFFERED: _CREDIT,
    Template.EMERGENCY_CREDIT_ACCEPTED: _CREDIT,
    Template.ANSWER_BALANCE: _of(
        required={"left": Kind.TEXT, "as_of": Kind.TEXT},
        must_say=frozenset({"balance", "as_of"}),
    ),
    Template.ANSWER_DAYS: _of(
        required={"as_of": Kind.TEXT, "ends_at": Kind.TEXT},
        optional=[{"buy_by": Kind.TEXT}],
        must_say=frozenset({"balance", "as_of", "ends_at"}),
    ),
    Template.ANSWER_DAYS_UNKNOWN: _of(
        required={"as_of": Kind.TEXT},
        optional=[{"days_left": Kind.NUMBER}],
        must_say=frozenset({"balance", "as_of"}),
    ),
    Template.ANSWER_PAY: Variables(_without_balance().required, [_PAY], frozenset({"account"})),
    Template.ANSWER_CREDIT: _CREDIT,
    Template.ANSWER_CREDIT_REFUSED: _of(
        required={"left": Kind.TEXT}, must_say=frozenset({"balance"})
    ),
    Template.ANSWER_STOPPED: _without_balance({"purposes": Kind.TEXT}),
    Template.ANSWER_NOT_STOPPED: _without_balance(),
    Template.ANSWER_STARTED: _without_balance({"purposes": Kind.TEXT}),
    Template.ANSWER_WHICH: _without_balance({"tails": Kind.TEXT}, tail=True),
    Template.ANSWER_HELP: _without_balance(),
    Template.ANSWER_FAILED: _without_balance(),
    Template.ANSWER_NOMINATED_STOPPED: _ANSWER_NOMINATED,
    Template.ANSWER_NOMINATED_STARTED: _ANSWER_NOMINATED,
    Template.ANSWER_NOMINATED_HELP: _ANSWER_NOMINATED,
    **dict.fromkeys(TOLD_AS, _NOMINATED),
    # Whoever is told something unasked is told by whom.
    **dict.fromkeys(CAMPAIGNS, Variables(_without_balance().required, (), frozenset({"utility"}))),
}
