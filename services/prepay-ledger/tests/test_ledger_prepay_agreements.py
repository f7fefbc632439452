"""What a signed agreement may say, and what it allows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.prepay_agreements.rules import may_cut, wrong_terms
from prepay_ledger.prepay_agreements.values import (
    PrepayAgreement,
    PrepayTerms,
    Refused,
    direct_terms,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = direct_terms(number="1", low_balance_micro=5, overdraft_micro=10, at=NOW - DAY)


def agreement(terms: PrepayTerms = TERMS, version: int = 1) -> PrepayAgreement:
    return PrepayAgreement(
        account_id=UUID(int=1), version=version, terms=terms, by="li", reason="signed", at=NOW
    )


@pytest.mark.parametrize(
    ("signed", "balance_micro", "refused"),
    [
        (None, -100, Refused.NO_AGREEMENT),
        (agreement(), -10, None),
        (agreement(), -9, Refused.ABOVE_CUT_THRESHOLD),
        (agreement(replace(TERMS, valid_from=NOW)), -10, None),
        (agreement(replace(TERMS, valid_from=NOW + DAY)), -100, Refused.NOT_YET),
        (agreement(replace(TERMS, is_ended=True)), -100, Refused.ENDED),
        (agreement(replace(TERMS, cut_micro=-50)), -49, Refused.ABOVE_CUT_THRESHOLD),
    ],
)
def test_nobody_is_cut_but_by_what_was_signed(signed, balance_micro, refused):
    assert may_cut(signed, at=NOW, balance_micro=balance_micro) is refused


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"signed_at": NOW + DAY, "valid_from": NOW + DAY}, "yet to come"),
        ({"valid_from": NOW - 2 * DAY}, "before it was signed"),
        ({"cut_micro": -9}, "cut_micro is -10 at most"),
        ({"cut_micro": -11}, None),
        ({"warning_micro": -11}, "below the cut"),
        ({"contacts": ()}, "names no contact"),
        ({"contacts": (), "is_ended": True}, None),
    ],
)
def test_terms_that_contradict_themselves_are_refused(change, said):
    wrong = wrong_terms(replace(TERMS, **change), before=None, now=NOW)
    assert (wrong is None) if said is None else (wrong is not None and said in wrong)


@given(days=st.integers(-3, 3))
def test_two_versions_never_hold_at_once(days):
    before = agreement(replace(TERMS, signed_at=NOW - 9 * DAY, valid_from=NOW))
    terms = replace(TERMS, signed_at=NOW - 9 * DAY, valid_from=NOW + days * DAY)
    wrong = wrong_terms(terms, before=before, now=NOW)
    assert (wrong is None) == (days > 0)


def test_a_direct_agreement_is_complete_and_lets_the_account_be_cut_at_its_own_limits():
    assert wrong_terms(TERMS, before=None, now=NOW) is None
    assert (TERMS.warning_micro, TERMS.overdraft_micro, TERMS.cut_micro) == (5, 10, -10)
    assert len(TERMS.paper_sha256) == 64
