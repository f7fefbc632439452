"""Receipts as compact JWS (RFC 7515) signed with Ed25519 (RFC 8037)."""

from collections.abc import Mapping, Sequence

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from prepay_ledger.receipts.values import TYPE, Claims
from prepay_ledger.relays.signing import private_key

ReceiptKeys = Mapping[str, Ed25519PrivateKey]
"""By their ids, the one that signs first; the others were used before."""


def receipt_keys_of(pems: Mapping[str, str]) -> ReceiptKeys:
    """Key id to PEM. Raises ValueError where one is no Ed25519 private key."""
    keys: dict[str, Ed25519PrivateKey] = {}
    for key_id, pem in pems.items():
        try:
            keys[key_id] = private_key(pem)
        except ValueError as error:
            message = f"{key_id} {error}"
            raise ValueError(message) from error
    return keys


def sign_receipt(claims: Claims, keys: ReceiptKeys) -> str:
    """By the first of ``keys``. The same claims give the same bytes (RFC 8032, 5.1.6)."""
    key_id, key = next(iter(keys.items()))
    return jwt.api_jws.encode(
        msgspec.json.encode(claims),
        key,
        algorithm="EdDSA",
        headers={"kid": key_id, "typ": TYPE},
    )


def public_keys(keys: ReceiptKeys) -> Sequence[Mapping[str, str]]:
    """As RFC 7517 and RFC 8037 have them."""
    return [
        {
            **OKPAlgorithm.to_jwk(key.public_key(), as_dict=True),
            "kid": key_id,
            "alg": "EdDSA",
            "use": "sig",
        }
        for key_id, key in keys.items()
    ]
