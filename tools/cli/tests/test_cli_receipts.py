"""``prewatt receipts verify``: what holds, and whatever was changed does not; no network."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from prepay_ledger.receipts.sign_receipt import public_keys, sign_receipt
from prepay_ledger.receipts.values import Claims, Leaf
from prepay_ledger.seals.chain import GENESIS, row_text, seal_of
from prepay_ledger.seals.schemas import SealOut
from prepay_ledger.seals.values import SEALED_BY_NAME, TableSeal
from prewatt_cli.__main__ import app
from prewatt_cli.receipt_rules import DoesNotHold, check_receipt
from prewatt_common.merkle import inclusion_proof, leaf_hash, root_hash

KEYS = {"2026": Ed25519PrivateKey.from_private_bytes(bytes(range(32)))}
OTHERS = {"2026": Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))}
PUBLIC = {"keys": list(public_keys(KEYS))}
DAY = date(2026, 11, 28)
TYPE = "prewatt-receipt+jws"


def row(number: int) -> str:
    columns = SEALED_BY_NAME["payment"].columns
    values: dict[str, Any] = dict.fromkeys(columns, "")
    values |= {
        "id": f"p-{number}", "provider": "shop", "payment_id": f"pay-{number}", "currency": "CNY",
        "account_number": "000000001", "amount_micro": 12_500_000 + number, "journal_id": number,
        "received_at": datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
    }  # fmt: skip
    return row_text(SEALED_BY_NAME["payment"], [values[name] for name in columns]).decode()


def receipt(number: int = 3, *, count: int = 7, keys=KEYS, **claims: Any) -> dict[str, Any]:
    said = {"table": "payment", "day": DAY, "row": row(number), "account_number": "000000001",
            "taken_back_micro": "0"}  # fmt: skip
    leaves = [leaf_hash(row(each).encode()) for each in range(count)]
    seal = seal_of(
        day=DAY,
        previous=GENESIS,
        tables={"payment": TableSeal(count, root_hash(leaves))},
        moved_micro={},
        offsets=(),
        zone_data=None,
        at=datetime(2026, 11, 29, 1, tzinfo=UTC),
    )
    proof = {
        "day": DAY.isoformat(), "table": "payment", "row": row(number), "number": number,
        "leaf": leaves[number].hex(), "count": count, "root": root_hash(leaves).hex(),
        "head": seal.head.hex(),
        "proof": [each.hex() for each in inclusion_proof(leaves, number)],
    }  # fmt: skip
    return {
        "receipt": sign_receipt(Claims(**said | claims), keys),
        "seal": SealOut.of(seal).model_dump(mode="json"),
        "proof": proof,
        "topup_seal": None,
        "topup_proof": None,
    }


HEAD = receipt()["seal"]["head"]


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_every_payment_of_a_day_is_proven(count: int) -> None:
    for number in range(count):
        whole = receipt(number, count=count)
        checked = check_receipt(whole, PUBLIC, head=whole["seal"]["head"].upper())
        assert (checked.key_id, checked.day) == ("2026", "2026-11-28")
        assert checked.row["amount_micro"] == str(12_500_000 + number)
        assert checked.head == whole["seal"]["head"]


def changed(path: str, value: Any) -> dict[str, Any]:
    found = deepcopy(receipt())
    *way, last = path.split("/")
    at: Any = found
    for step in way:
        at = at[step]
    at[last] = value(at[last]) if callable(value) else value
    return found


def resigned(**header: Any) -> dict[str, Any]:
    payload = jwt.api_jws.decode(
        receipt()["receipt"], KEYS["2026"].public_key(), algorithms=["EdDSA"]
    )
    key = header.pop("key", KEYS["2026"])
    algorithm = header.pop("algorithm", "EdDSA")
    signed = jwt.api_jws.encode(payload, key, algorithm=algorithm, headers=header)
    nothing = ("seal", "proof", "topup_seal", "topup_proof")
    return {"receipt": signed} | dict.fromkeys(nothing)


FORGED = {
    "another key": (receipt(keys=OTHERS), "signature does not hold"),
    "no algorithm": (
        resigned(kid="2026", typ=TYPE, algorithm="none", key=None),
        "signature does not hold",
    ),
    "a shared secret": (
        resigned(kid="2026", typ=TYPE, algorithm="HS256", key="x" * 32),
        "signature does not hold",
    ),
    "a key that nobody knows": (resigned(kid="2027", typ=TYPE), "key 2027 is none of 2026"),
    "no key named": (resigned(typ=TYPE), "key None is none of 2026"),
    "a command": (resigned(kid="2026"), "is no receipt but JWT"),
    "another row proven": (changed("proof/row", row(4)), "not what was signed"),
    "another day": (changed("seal/day", "2026-11-27"), "not what was signed"),
    "another body": (
        changed("seal/body", lambda body: body.replace('"7"', '"8"')),
        "is not what its head says",
    ),
    "another head": (changed("seal/head", "00" * 32), "is not what its head says"),
    "another place": (changed("proof/number", 2), "does not lead to the seal"),
    "another count": (changed("proof/count", 8), "does not lead to the seal"),
    "a shorter way": (changed("proof/proof", lambda way: way[:-1]), "does not lead to the seal"),
    "no way": (changed("proof/proof", []), "does not lead to the seal"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_was_changed_does_not_hold(name: str) -> None:
    forged, why = FORGED[name]
    with pytest.raises(DoesNotHold, match=why):
        check_receipt(forged, PUBLIC, head=None)


@given(st.integers(0, len(receipt()["receipt"]) - 1), st.characters(codec="ascii"))
def test_not_a_character_of_what_was_signed_can_be_another(at: int, other: str) -> None:
    """But for bits that base64url does not use, which say nothing."""
    whole = receipt()
    text = whole["receipt"]
    whole["receipt"] = text[:at] + other + text[at + 1 :]
    try:
        checked = check_receipt(whole, PUBLIC, head=HEAD)
    except (DoesNotHold, ValueError):
        return
    assert checked == check_receipt(receipt(), PUBLIC, head=HEAD)


BAD: dict[str, Any] = {
    "empty": {}, "a list": [], "text": "a receipt", "no signature": receipt() | {"receipt": "a.b"},
    "a number": receipt() | {"receipt": 7}, "a broken proof": changed("proof/proof", ["zz"]),
    "a broken body": changed("seal/body", "no JSON"),
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    mine, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    mine.write_text(json.dumps(receipt()))
    keys.write_text(json.dumps(PUBLIC))
    return mine, keys


def verify(mine: Path, keys: Path, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["receipts", "verify", str(mine), "--keys", str(keys), *more], env={"COLUMNS": "120"}
    )


def test_what_a_person_reads(files: tuple[Path, Path]) -> None:
    shown = verify(*files, "--head", HEAD)
    assert (shown.exit_code, shown.output.splitlines()) == (
        0,
        [
            "holds: signed with key 2026",
            "12.500003 CNY of 2026-11-28T09:30:00Z by shop, pay-3",
            "the money went to account 000000001",
            "proven: it is in the closed 2026-11-28 whose head was published",
        ],
    )
    unsaid = verify(*files)
    assert unsaid.exit_code == 0
    assert HEAD in unsaid.output
    other = verify(*files, "--head", "ab" * 32)
    assert other.exit_code == 1
    assert "does not hold: 2026-11-28 was published with another head" in other.output


def leaf(**other: Any) -> Leaf:
    """Where 12.5 went: 2 to emergency credit, 1.5 to a debt, and the rest to the balance."""
    columns = SEALED_BY_NAME["topup"].columns
    values: dict[str, Any] = dict.fromkeys(columns, "")
    values |= {
        "amount_micro": 12_500_003, "repaid_micro": 2_000_000, "debts_micro": 1_500_000,
        "added_micro": 9_000_003, "paid_off": '{"d-1": 1500000}', "balance_micro": 9_000_003,
        "left_micro": 14_000_003, "above_maximum_micro": 0,
    } | other  # fmt: skip
    said = row_text(SEALED_BY_NAME["topup"], [values[name] for name in columns]).decode()
    return Leaf(table="topup", day=DAY, row=said)


def test_it_says_what_went_where_and_what_was_left(files: tuple[Path, Path]) -> None:
    files[0].write_text(json.dumps(receipt(topup=leaf())))
    shown = verify(*files)
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines()[3:7] == [
        "2.00 CNY of it repaid emergency credit",
        "1.50 CNY of it went to debt d-1",
        "9.000003 CNY of it went to the balance, then 9.000003 CNY",
        "14.000003 CNY could be used from there until the cut",
    ]


@pytest.mark.parametrize(
    "other", [{"added_micro": 9}, {"paid_off": "{}"}, {"amount_micro": 13_000_000}]
)
def test_what_does_not_add_up_does_not_hold(files: tuple[Path, Path], other: Any) -> None:
    files[0].write_text(json.dumps(receipt(topup=leaf(**other))))
    shown = verify(*files)
    assert (shown.exit_code, "does not add up" in shown.output) == (1, True)


def test_one_of_today_is_signed_and_not_proven_yet(files: tuple[Path, Path]) -> None:
    today = receipt(account_number=None, taken_back_micro="500000") | {"seal": None, "proof": None}
    files[0].write_text(json.dumps(today))
    shown = verify(*files)
    assert (shown.exit_code, shown.output.splitlines()[2:]) == (
        0,
        [
            "the money is on no account",
            "0.50 CNY of it were taken back by the provider",
            "not proven yet: 2026-11-28 was not closed when the receipt was made",
        ],
    )
    asked = verify(*files, "--head", HEAD)
    assert (asked.exit_code, "it has no proof yet" in asked.output) == (1, True)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_receipt_is_one_line_and_exit_code_2(name: str, tmp_path: Path) -> None:
    mine, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    mine.write_text(json.dumps(BAD[name]))
    keys.write_text(json.dumps(PUBLIC))
    shown = verify(mine, keys)
    assert shown.exit_code in (1, 2)
    assert shown.exit_code == 2 or "does not hold" in shown.output
    assert len(shown.output.splitlines()) == 1
    mine.write_text("no JSON")
    assert verify(mine, keys).exit_code == 2
