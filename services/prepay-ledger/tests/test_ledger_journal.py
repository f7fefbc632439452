"""Journals sum to zero or do not exist."""

from uuid import UUID

import pytest

from prepay_ledger.journal.values import Entry, Journal, RepeatedEntry, Unbalanced, movements

A, B = UUID(int=1), UUID(int=2)


def test_a_journal_that_does_not_sum_to_zero_cannot_be_made() -> None:
    with pytest.raises(Unbalanced, match="off by 1 micro-units"):
        Journal(kind="charge", source="s", entries=(Entry(A, -9),), postings={"tax": 10})


def test_a_journal_has_one_entry_for_an_accounts_binding_and_month() -> None:
    once = (Entry(A, -9, B, "2026-10"), Entry(A, -9, B, "2026-11"), Entry(A, -9), Entry(B, -9))
    assert len(Journal(kind="charge", source="s", entries=once, postings={"tax": 36}).entries) == 4
    with pytest.raises(RepeatedEntry, match="two entries for one month"):
        Journal(kind="charge", source="s", entries=(*once, once[0]), postings={"tax": 45})


def test_movements_are_summed_by_account() -> None:
    entries = (Entry(A, -9), Entry(B, 4), Entry(A, 2))
    assert movements(entries) == {A: -7, B: 4}
