"""Whether a receipt holds: by its signature, and by the closed day that it is proven in. Pure, and
without the ledger: the customer's side checks it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt

from prewatt_common.merkle import leaf_hash, proves

_TYPE = "prewatt-receipt+jws"


class DoesNotHold(Exception):
    """The receipt is not what it says: why, in words."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A receipt whose signature holds. ``head``: of the closed day that it is in, in hexadecimal;
    none where it came before its day was closed."""

    key_id: str
    day: str
    row: dict[str, Any]
    account_number: str | None
    taken_back_micro: int
    head: str | None
    topup: dict[str, Any] | None
    """Where it went as it reached the account; none where it has not."""
    topup_head: str | None
    """Of the closed day that says so; likewise."""


def check_receipt(receipt: dict[str, Any], keys: dict[str, Any], *, head: str | None) -> Checked:
    """``receipt``: as ``GET /v1/payments/{id}/receipt`` gives it; ``keys``: a JWK set; ``head``: as
    it was published for the receipt's day. Raises `DoesNotHold`, and ValueError for what is no
    receipt or no JWK set."""
    try:
        claims, key_id = _signed(receipt["receipt"], keys)
        checked = Checked(
            key_id=key_id,
            day=claims["day"],
            row=json.loads(claims["row"]),
            account_number=claims["account_number"],
            taken_back_micro=int(claims["taken_back_micro"]),
            head=_proven(claims, receipt["seal"], receipt["proof"]),
            topup=None if claims["topup"] is None else json.loads(claims["topup"]["row"]),
            topup_head=None
            if claims["topup"] is None
            else _proven(claims["topup"], receipt["topup_seal"], receipt["topup_proof"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"this is no receipt or no set of keys: {error!r}"
        raise ValueError(message) from error
    _check_sum(checked)
    if head is not None and checked.head is None:
        message = f"it has no proof yet: fetch it again once {checked.day} is closed"
        raise DoesNotHold(message)
    if head is not None and checked.head != head.lower():
        message = f"{checked.day} was published with another head than the receipt's {checked.head}"
        raise DoesNotHold(message)
    return checked


def _check_sum(checked: Checked) -> None:
    topup = checked.topup
    if topup is None:
        return
    try:
        parts = sum(int(topup[name]) for name in ("repaid_micro", "debts_micro", "added_micro"))
        debts = sum(json.loads(topup["paid_off"]).values())
        amount, of_payment = int(topup["amount_micro"]), int(checked.row["amount_micro"])
    except (KeyError, TypeError, AttributeError) as error:
        message = f"this is no receipt: {error!r}"
        raise ValueError(message) from error
    if parts != amount or debts != int(topup["debts_micro"]) or amount > of_payment:
        message = "what it says of where the money went does not add up"
        raise DoesNotHold(message)


def _signed(signed: str, keys: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What was signed, and the id of the key; a header may name a key, never bring it."""
    by_id = {str(each["kid"]): each for each in keys["keys"]}
    try:
        header = jwt.get_unverified_header(signed)
        key_id = str(header.get("kid"))
        if header.get("typ") != _TYPE:
            message = f"what was signed is no receipt but {header.get('typ')}"
            raise DoesNotHold(message)
        if key_id not in by_id:
            message = f"its key {key_id} is none of {', '.join(sorted(by_id)) or 'no keys'}"
            raise DoesNotHold(message)
        key = jwt.PyJWK(by_id[key_id], algorithm="EdDSA")
        decoded: bytes = jwt.api_jws.decode(signed, key, algorithms=["EdDSA"])
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
        message = f"the signature does not hold: {error}"
        raise DoesNotHold(message) from error
    except jwt.PyJWTError as error:
        message = f"this is no receipt or no set of keys: {error}"
        raise ValueError(message) from error
    return json.loads(decoded), key_id


def _proven(
    claims: dict[str, Any], seal: dict[str, Any] | None, proof: dict[str, Any] | None
) -> str | None:
    """The head, where the row is in the closed day."""
    if seal is None or proof is None:
        return None
    if proof["row"] != claims["row"] or seal["day"] != claims["day"]:
        message = "what is proven is not what was signed"
        raise DoesNotHold(message)
    body = json.loads(seal["body"])
    table = body["tables"][claims["table"]]
    if sha256(seal["body"].encode()).hexdigest() != seal["head"] or body["day"] != claims["day"]:
        message = f"the seal of {claims['day']} is not what its head says"
        raise DoesNotHold(message)
    holds = int(table["rows"]) == proof["count"] and proves(
        leaf=leaf_hash(claims["row"].encode()),
        number=proof["number"],
        count=proof["count"],
        proof=[bytes.fromhex(each) for each in proof["proof"]],
        root=bytes.fromhex(table["root"]),
    )
    if not holds:
        message = f"its proof does not lead to the seal of {claims['day']}"
        raise DoesNotHold(message)
    return seal["head"]
