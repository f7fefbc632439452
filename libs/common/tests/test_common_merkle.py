"""Merkle trees against published roots, and proofs of every leaf of trees of all shapes."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_common.merkle import canonical, inclusion_proof, leaf_hash, proves, root_hash

# The leaves and roots that implementations of Certificate Transparency are tested with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("count", range(9))
def test_published_roots(count: int) -> None:
    assert root_hash([leaf_hash(row) for row in LEAVES[:count]]).hex() == ROOTS[count]


@given(st.integers(1, 70), st.data())
def test_each_leaf_is_proven_and_nothing_else_is(count: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(count)]
    root = root_hash(leaves)
    number = data.draw(st.integers(0, count - 1))
    proof = inclusion_proof(leaves, number)
    assert proves(leaf=leaves[number], number=number, count=count, proof=proof, root=root)
    other = data.draw(st.integers(-1, count + 1).filter(lambda it: it != number))
    assert not proves(leaf=leaves[number], number=other, count=count, proof=proof, root=root)
    wrong = leaf_hash(b"another")
    assert not proves(leaf=wrong, number=number, count=count, proof=proof, root=root)
    longer = [*proof, root]
    assert not proves(leaf=leaves[number], number=number, count=count, proof=longer, root=root)
    if proof:
        shorter = proof[:-1]
        assert not proves(leaf=leaves[number], number=number, count=count, proof=shorter, root=root)


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    with pytest.raises(IndexError, match="3 leaves has no leaf 3"):
        inclusion_proof([b"a", b"b", b"c"], 3)


def test_a_row_has_one_form() -> None:
    row = {
        "id": UUID("01890000-0000-7000-8000-000000000001"),
        "at": datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "amount_micro": -(10**15),
        "note": None,
        "text": 'é"\n',
    }
    turned = dict(reversed(row.items()))
    assert (
        canonical(row)
        == canonical(turned)
        == (
            '{"amount_micro":-1000000000000000,"at":"2026-01-02T03:04:05.000600Z","day":"2026-01-02",'
            '"id":"01890000-0000-7000-8000-000000000001","note":null,"text":"é\\"\\n"}'
        ).encode()
    )
