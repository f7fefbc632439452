"""The form that a payer has sent, as it was meant. Pure."""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from prepay_ledger.pay_links.draw_page import FormState
from prepay_ledger.pay_links.rules import can_be_paid, typed_micro
from prepay_ledger.pay_links.values import Offer

_FIELDS = ("nonce", "amount", "other", "way")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CHOSEN = re.compile(r"[1-9][0-9]{0,15}")
_VALUE_CHARACTERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that can be gone by."""

    state: FormState
    amount_micro: int


def read_form(body: bytes) -> FormState | None:
    """What was chosen; none for what no form of ours sends."""
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=2 * len(_FIELDS),
        )
    except ValueError:  # UnicodeDecodeError too
        return None
    given = dict(fields)
    if len(given) != len(fields) or not given.keys() <= set(_FIELDS):
        return None
    if any(len(value) > _VALUE_CHARACTERS_MAX or "\x00" in value for value in given.values()):
        return None
    if not _NONCE.fullmatch(given.get("nonce", "")):
        return None
    return FormState(**given)


def filled(state: FormState, offer: Offer) -> Filled | FormState:
    """What is to be paid; or the form with what is wrong with it. An amount that was typed counts
    without being chosen; two amounts are nobody's guess."""
    typed = state.other.strip()
    if typed and state.amount:
        return replace(state, problem="two_amounts", problem_at="amount")
    micro = typed_micro(typed, offer.currency) if typed else _chosen_micro(state.amount)
    if micro is None or not can_be_paid(micro, offer):
        return replace(state, problem="wrong_amount", problem_at="amount")
    if not state.way:
        return replace(state, problem="wrong_way", problem_at="way")
    return Filled(state, micro)


def _chosen_micro(text: str) -> int | None:
    return int(text) if _CHOSEN.fullmatch(text) else None
