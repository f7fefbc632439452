"""Commands are signed so that any JWS library, and a meter, can check them."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS
from jwt.exceptions import InvalidTokenError
from ledger_signer import made_key

from prepay_ledger.relays.signing import CommandSigner, UnknownKey, claims_of, private_key
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.meter_commands_v1 import CompactJws
from prewatt_common.contracts.mqtt_v1 import CommandClaims
from prewatt_common.ids import new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEMS = {"this": made_key(), "next": made_key()}
SIGNER = CommandSigner(PEMS, first="this")


def claims(
    *,
    command_id: UUID | None = None,
    meter_id: str = "m-1",
    action: RelayAction = RelayAction.DISCONNECT,
    sequence: int = 7,
) -> CommandClaims:
    return claims_of(
        command_id=command_id or new_id(),
        meter_id=meter_id,
        action=action,
        sequence=sequence,
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
    )


def public(key_id: str) -> Ed25519PublicKey:
    return private_key(PEMS[key_id]).public_key()


def checked(token: str, key_id: str) -> CommandClaims:
    """By a library that knows nothing of how we sign."""
    payload = PyJWS().decode(token, public(key_id), algorithms=["EdDSA"])
    return msgspec.json.decode(payload, type=CommandClaims)


@given(
    st.builds(
        claims,
        command_id=st.uuids(),
        meter_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
        action=st.sampled_from(RelayAction),
        sequence=st.integers(1, 2**63 - 1),
    ),
    st.sampled_from(["this", "next", None]),
)
def test_what_is_signed_is_what_a_meter_reads(given_claims: CommandClaims, key_id: str | None):
    token = SIGNER.sign(given_claims, key_id=key_id)
    assert checked(token, key_id or "this") == given_claims
    assert PyJWS().get_unverified_header(token) == {"alg": "EdDSA", "kid": key_id or "this"}
    assert msgspec.convert(token, CompactJws) == token
    assert token == SIGNER.sign(given_claims, key_id=key_id)  # Ed25519 has no chance in it


def test_another_key_and_another_byte_do_not_pass():
    token = SIGNER.sign(claims())
    with pytest.raises(InvalidTokenError):
        checked(token, "next")
    header, _, signature = token.split(".")
    other = SIGNER.sign(claims(meter_id="m-2")).split(".")[1]
    with pytest.raises(InvalidTokenError):
        checked(f"{header}.{other}.{signature}", "this")


@pytest.mark.parametrize("action", RelayAction)
def test_only_what_may_take_supply_away_ends_for_the_meter(action: RelayAction):
    signed = claims(action=action)
    takes = action in (RelayAction.DISCONNECT, RelayAction.LIMIT)
    assert signed.not_after == (signed.expires_at if takes else None)


def test_the_watts_of_a_limit_are_signed():
    """A vector for whoever builds a meter: RFC 8037's key (appendix A.1), and all bytes."""
    pem = Ed25519PrivateKey.from_private_bytes(
        urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    ).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    limit = claims_of(
        command_id=UUID("01a22441-3ead-74bf-8576-084bfbe08fca"),
        meter_id="m-1",
        action=RelayAction.LIMIT,
        limit_w=400,
        sequence=7,
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
    )
    token = CommandSigner({"a": pem.decode()}, first="a").sign(limit)
    header, payload, signature = token.split(".")
    assert urlsafe_b64decode(header + "==") == b'{"alg":"EdDSA","kid":"a"}'
    assert urlsafe_b64decode(payload + "==") == (
        b'{"command_id":"01a22441-3ead-74bf-8576-084bfbe08fca","meter_id":"m-1","action":"limit",'
        b'"sequence":7,"issued_at":"2026-03-01T12:00:00Z","expires_at":"2026-03-01T12:01:00Z",'
        b'"not_after":"2026-03-01T12:01:00Z","limit_w":400,"codes_from":0}'
    )
    assert signature == (
        "YjusQMVSfvcQWhtavn2HbIvU8KyhYcQRiEUHFcWCY6LsFQCQjVvJffrUa_scLZSwRVH5JtrSx262uA5gtbFZDA"
    )
    PyJWS().decode(token, private_key(pem.decode()).public_key(), algorithms=["EdDSA"])


def test_a_key_that_is_not_there_is_named():
    with pytest.raises(UnknownKey, match="no private key third"):
        SIGNER.sign(claims(), key_id="third")


@pytest.mark.parametrize(
    "pem", ["", "x", "-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_is_refused(pem: str):
    with pytest.raises(ValueError, match="no private key"):
        CommandSigner({"this": pem}, first="this")
