"""Seals as pure rules: rows to leaves, days to a chain, and which row differs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.seals.chain import (
    GENESIS,
    check_chain,
    check_published,
    key_of,
    leaf_of,
    row_text,
    seal_of,
    tables_of,
)
from prepay_ledger.seals.comparing import LEAVES_A_CHUNK, Comparing, Leaves
from prepay_ledger.seals.values import SEALED, SEALED_BY_NAME, Seal, TableSeal
from prewatt_common.merkle import root_hash

ENTRY = SEALED_BY_NAME["entry"]
AT = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)


def row(number: int, micro: int = 1) -> tuple[object, ...]:
    return (7, number, "a", None, date(2026, 3, 1), micro, None, "credit")


def chain(days: int) -> list[Seal]:
    seals: list[Seal] = []
    for number in range(days):
        seals.append(
            seal_of(
                day=date(2026, 3, 1) + timedelta(days=number),
                previous=seals[-1].head if seals else GENESIS,
                tables={table.name: TableSeal(number, b"root") for table in SEALED},
                moved_micro={"CNY": {"revenue:energy": 2**60, "customers": -(2**60)}},
                offsets=[{"topic": "t", "partition": 0, "next_offset": 2**60}],
                zone_data="2026a",
                at=AT,
            )
        )
    return seals


def test_a_row_is_its_columns_by_name_and_integers_are_text() -> None:
    assert row_text(ENTRY, row(3, 2**60)) == (
        b'{"account_id":"a","agreement_id":null,"amount_micro":"1152921504606846976",'
        b'"energy_wh":null,"journal_id":"7","number":"3","period_first":"2026-03-01",'
        b'"sub_account":"credit","table":"entry"}'
    )
    assert key_of(ENTRY, row(3)) == "7/3"


def test_two_tables_never_have_the_same_leaf() -> None:
    step, payment = SEALED_BY_NAME["payment_event_step"], SEALED_BY_NAME["payment"]
    assert leaf_of(step, [None] * len(step.columns)) != leaf_of(
        payment, [None] * len(payment.columns)
    )


def test_a_chain_that_was_left_alone_holds() -> None:
    seals = chain(4)
    assert list(check_chain(seals)) == []
    published = [(seal.day, seal.head.hex()) for seal in seals]
    assert list(check_published(seals=seals, published=published)) == []
    assert list(check_published(seals=seals, published=published[:-1])) == []
    (unsaid,) = check_published(seals=seals, published=published[1:])
    assert str(unsaid) == "published: 2026-03-01 the seal was never published"
    assert tables_of(seals[3])["entry"] == TableSeal(3, b"root")


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (lambda s: [s[0], replace(s[1], body=s[1].body.replace("2026a", "2026b")), *s[2:]],
         ["seal: 2026-03-02 the head is not the hash of the body"]),
        (lambda s: [s[0], replace(s[1], day=date(2026, 3, 9)), *s[2:]],
         ["seal: 2026-03-09 the body is of 2026-03-02"]),
        (lambda s: [s[0], s[2], s[3]],
         ["chain: 2026-03-03 does not follow the seal of 2026-03-01"]),
        (lambda s: s[1:], ["chain: 2026-03-02 does not follow the first seal"]),
        (lambda s: [*s[:3], replace(s[3], body="[]")],
         ["seal: 2026-03-04 the head is not the hash of the body",
          "seal: 2026-03-04 the body is of None",
          "chain: 2026-03-04 does not follow the seal of 2026-03-03"]),
    ],
)  # fmt: skip
def test_what_was_done_to_a_chain_is_said(changed, found) -> None:
    assert [str(each) for each in check_chain(changed(chain(4)))] == found


def test_a_chain_that_was_made_anew_is_not_what_was_published() -> None:
    seals = chain(3)
    published = [(seal.day, "0" * 64 if seal is seals[1] else seal.head.hex()) for seal in seals]
    published.append((date(2026, 4, 1), "1" * 64))
    assert [each.day for each in check_published(seals=seals, published=published)] == [
        date(2026, 3, 2),
        date(2026, 4, 1),
    ]


def test_a_body_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no seal's"):
        tables_of(replace(chain(1)[0], body="{}"))


def kept(rows: list[tuple[object, ...]]) -> tuple[list[bytes], bytes]:
    leaves = Leaves()
    for each in rows:
        leaves.add(leaf_of(ENTRY, each))
    assert leaves.rows == len(rows)
    return leaves.chunks(), leaves.root


def compared(chunks: list[bytes], rows: list[tuple[object, ...]]) -> tuple[str, bytes]:
    comparing = Comparing(chunks)
    for each in rows:
        comparing.add(key_of(ENTRY, each), leaf_of(ENTRY, each))
    return comparing.difference(), comparing.root


@given(st.integers(0, 40), st.data())
def test_the_first_row_that_differs_is_named(count: int, data: st.DataObject) -> None:
    rows = [row(number * 2) for number in range(count)]
    chunks, root = kept(rows)
    assert compared(chunks, rows) == ("", root)
    assert root == root_hash(leaf_of(ENTRY, each) for each in rows)

    at = data.draw(st.integers(0, count))
    added = [*rows[:at], row(at * 2 - 1), *rows[at:]]
    said, other = compared(chunks, added)
    assert (said, other != root) == (f"row 7/{at * 2 - 1} was added", True)
    if at == count:
        return
    changed = [*rows[:at], row(at * 2, 2), *rows[at + 1 :]]
    assert compared(chunks, changed)[0] == f"row 7/{at * 2} is not what was sealed"
    missing = rows[:at] + rows[at + 1 :]
    said, other = compared(chunks, missing)
    assert other != root
    if at < count - 1:
        assert said == f"a row before 7/{at * 2 + 2} is missing"
    else:
        assert said.startswith("1 rows are missing, ")


def test_prefixes_are_kept_in_chunks() -> None:
    rows = [row(number) for number in range(LEAVES_A_CHUNK * 2 + 1)]
    chunks, root = kept(rows)
    assert [len(each) for each in chunks] == [8 * LEAVES_A_CHUNK, 8 * LEAVES_A_CHUNK, 8]
    assert compared(chunks, rows) == ("", root)
