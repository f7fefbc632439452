"""What a notice of each template always has to say, by the names that texts use. A text that is
approved word by word at a gateway has no conditions: its parameters are of these."""

from collections.abc import Mapping

from notifier.notices.values import CAMPAIGNS, TOLD_AS, Template

_ALWAYS = frozenset({"utility", "tail", "code", "check_at"})
_EVERY = _ALWAYS | {"account", "balance"}
_OF_DEBT = frozenset({"amount", "owed"})
_OF_CREDIT = _EVERY | {"amount", "left"}
_OF_NO_BALANCE = _ALWAYS | {"account"}

PARAMETERS: Mapping[Template, frozenset[str]] = {
    Template.LOW_BALANCE: _EVERY | {"threshold"},
    Template.BALANCE_EXHAUSTED: _EVERY,
    Template.TOPPED_UP: _EVERY | {"amount"},
    Template.PAYMENT_TAKEN_BACK: _EVERY | {"amount"},
    Template.EMERGENCY_CREDIT_OFFERED: _OF_CREDIT,
    Template.EMERGENCY_CREDIT_ACCEPTED: _OF_CREDIT,
    Template.BALANCE_ADDED: _EVERY | {"amount"},
    Template.BALANCE_TAKEN: _EVERY | {"amount"},
    Template.NOW_PREPAID: _EVERY,
    Template.NOW_POSTPAID: _EVERY,
    Template.AUTO_TOP_UP_FAILED: _OF_NO_BALANCE | {"amount", "retry_on"},
    Template.COLLECTION_FAILED: _OF_NO_BALANCE | {"amount", "what", "why", "next"},
    Template.MANDATE_SUSPENDED: _OF_NO_BALANCE,
    Template.SUPPLY_OFF: _EVERY,
    Template.SUPPLY_LIMITED: _EVERY,
    Template.SUPPLY_LIMIT_RAISED: _EVERY | {"limit_w"},
    Template.SUPPLY_ARMED: _EVERY,
    Template.SUPPLY_ON: _EVERY,
    Template.RECONNECTION_LATE: _EVERY | {"stage"},
    Template.SUPPLY_APOLOGY: _EVERY,
    Template.DEBT_OWED: _EVERY | _OF_DEBT,
    Template.DEBT_LOWERED: _EVERY | _OF_DEBT,
    Template.DEBT_WRITTEN_OFF: _EVERY | _OF_DEBT,
    Template.DEBT_PAID: _EVERY | _OF_DEBT,
    Template.PAYMENT_REMINDER: _OF_NO_BALANCE
    | {"amount", "statement", "due_on", "period_first", "period_last"},
    Template.ANSWER_BALANCE: _EVERY | {"left", "as_of"},
    Template.ANSWER_DAYS: _EVERY | {"as_of", "ends_at"},
    Template.ANSWER_DAYS_UNKNOWN: _EVERY | {"as_of"},
    Template.ANSWER_PAY: _OF_NO_BALANCE,
    Template.ANSWER_CREDIT: _OF_CREDIT,
    Template.ANSWER_CREDIT_REFUSED: _EVERY | {"left"},
    Template.ANSWER_STOPPED: _OF_NO_BALANCE | {"purposes"},
    Template.ANSWER_NOT_STOPPED: _OF_NO_BALANCE,
    Template.ANSWER_STARTED: _OF_NO_BALANCE | {"purposes"},
    Template.ANSWER_WHICH: _OF_NO_BALANCE | {"tails"},
    Template.ANSWER_HELP: _OF_NO_BALANCE,
    Template.ANSWER_FAILED: _OF_NO_BALANCE,
    # Not the whole number: whoever holds it can pay in, and ask.
    Template.ANSWER_NOMINATED_STOPPED: _ALWAYS,
    Template.ANSWER_NOMINATED_STARTED: _ALWAYS,
    Template.ANSWER_NOMINATED_HELP: _ALWAYS,
    **dict.fromkeys(TOLD_AS, _ALWAYS),
    **dict.fromkeys(CAMPAIGNS, _OF_NO_BALANCE),
}
