"""Journals sum to zero or do not exist."""

from uuid import UUID

import pytest

from prepay_ledger.journal.values import (
    Entry,
    Journal,
    SubAccount,
    Unbalanced,
    movements,
    sub_movements,
)

A, B = UUID(int=1), UUID(int=2)


def test_a_journal_that_does_not_sum_to_zero_cannot_be_made() -> None:
    with pytest.raises(Unbalanced, match="off by 1 micro-units"):
        Journal("charge", "s", "CNY", entries=(Entry(A, -9),), postings={"tax": 10})


def test_movements_are_summed_by_account() -> None:
    entries = (Entry(A, -9), Entry(B, 4), Entry(A, 2))
    assert movements(entries) == {A: -7, B: 4}


def test_a_sub_account_moves_apart_from_the_balance_and_names_its_account() -> None:
    entries = (
        Entry(A, -9, sub_account=SubAccount.DEBT),
        Entry(B, 4),
        Entry(A, 2, sub_account=SubAccount.DEBT),
        Entry(B, 3, sub_account=SubAccount.HOLD),
    )
    assert movements(entries) == {A: 0, B: 4}
    assert sub_movements(entries) == {(A, SubAccount.DEBT): -7, (B, SubAccount.HOLD): 3}
