"""What the ledger asks of meters, as compact JWS (RFC 7515) signed with Ed25519 (RFC 8037).

A command is signed once, as it is issued: all its copies are the same bytes, and nobody on the way
can change or renew them.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Set
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.mqtt_v1 import KEY_MESSAGE_TYPE, CommandClaims, KeyClaims

_MAY_TAKE_SUPPLY = frozenset({RelayAction.DISCONNECT, RelayAction.LIMIT})
_encode = msgspec.json.Encoder().encode


class UnknownKey(Exception):
    """We are to sign with a key that we do not have: the settings were given without it."""


def private_key(pem: str) -> Ed25519PrivateKey:
    """The key; raises ValueError where ``pem`` is no Ed25519 private key."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = "is no private key in PEM that can be read without a password"
        raise ValueError(message) from error
    if not isinstance(key, Ed25519PrivateKey):
        message = "is no Ed25519 key"
        raise ValueError(message)
    return key


def claims_of(
    *,
    command_id: UUID,
    meter_id: str,
    action: RelayAction,
    limit_w: int | None = None,
    sequence: int,
    issued_at: datetime,
    expires_at: datetime,
    codes_from: int = 0,
) -> CommandClaims:
    """What is signed of a command. Only a cut, or a limit that takes supply away, must not be
    executed after the command's end; the meter knows what a limit does to it.

    ``codes_from``: the counter that the meter's next reconnection code will have, for a cut.
    """
    return CommandClaims(
        command_id=command_id,
        meter_id=meter_id,
        action=action,
        sequence=sequence,
        issued_at=issued_at,
        expires_at=expires_at,
        not_after=expires_at if action in _MAY_TAKE_SUPPLY else None,
        limit_w=limit_w,
        codes_from=codes_from if action is RelayAction.DISCONNECT else 0,
    )


class Sign(Protocol):
    """Signs a command, by the key ``key_id`` or else the one that meters are made with."""

    def __call__(self, claims: CommandClaims, *, key_id: str | None = None) -> str: ...


class CommandSigner:
    """Signs with the key that a meter knows; the key's id tells it which public key to check with.

    The three pieces are put together here and not by a library, which renders the same header anew
    for every command: 4 CPU-us beside the 29 of the signature itself, and not 10.
    """

    def __init__(self, private_keys: Mapping[str, str], *, first: str) -> None:
        """``private_keys``: key id to PEM; ``first``: the one that meters are made with. Raises
        ValueError where one is no Ed25519 private key."""
        self._keys = {
            key_id: (private_key(pem), _header({"alg": "EdDSA", "kid": key_id}))
            for key_id, pem in private_keys.items()
        }
        self.first = first

    @property
    def key_ids(self) -> Set[str]:
        """Of the keys that it can sign with."""
        return self._keys.keys()

    def public_key(self, key_id: str) -> str:
        """The 32 bytes of RFC 8032, base64url. Raises `UnknownKey`."""
        key = self._key(key_id)[0].public_key()
        return _base64(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, claims: CommandClaims, *, key_id: str | None = None) -> str:
        """``claims`` as compact JWS, by the key ``key_id`` or else the one that meters are made
        with.

        Raises `UnknownKey`.
        """
        return _signed(*self._key(key_id), claims)

    def sign_key(self, claims: KeyClaims, *, key_id: str | None) -> str:
        """Likewise; the header's ``typ`` keeps a key message from being taken for a command."""
        key, _ = self._key(key_id)
        names = {"alg": "EdDSA", "kid": key_id or self.first, "typ": KEY_MESSAGE_TYPE}
        return _signed(key, _header(names), claims)

    def _key(self, key_id: str | None) -> tuple[Ed25519PrivateKey, bytes]:
        try:
            return self._keys[key_id or self.first]
        except KeyError:
            message = f"there is no private key {key_id or self.first} in the settings"
            raise UnknownKey(message) from None


def _header(names: Mapping[str, str]) -> bytes:
    return _base64(_encode(names)) + b"."


def _signed(key: Ed25519PrivateKey, header: bytes, claims: msgspec.Struct) -> str:
    signed = header + _base64(_encode(claims))
    return (signed + b"." + _base64(key.sign(signed))).decode()


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
