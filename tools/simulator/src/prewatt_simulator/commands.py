"""Whether a command really comes from the utility: its Ed25519 signature, by key id."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWS
from jwt.exceptions import InvalidTokenError

from prewatt_common.contracts.mqtt_v1 import CommandClaims

_JWS = PyJWS()


class Refusal(NamedTuple):
    """A command that is not to be considered, and its id where that could be read."""

    reason: str
    command_id: UUID | None


class _Identified(msgspec.Struct):
    command_id: UUID


class CommandKeys:
    """The utility's public keys as burnt into the meters."""

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        """``public_keys`` maps key id to PEM. Raises ``ValueError`` if one is no Ed25519 key."""
        self._keys: dict[str, Ed25519PublicKey] = {}
        for key_id, pem in public_keys.items():
            key = load_pem_public_key(pem.encode())
            if not isinstance(key, Ed25519PublicKey):
                message = f"command key {key_id} is not an Ed25519 public key"
                raise ValueError(message)
            self._keys[key_id] = key

    def check(self, token: bytes) -> CommandClaims | Refusal:
        """The claims of a compact JWS whose signature holds, else why not."""
        try:
            key_id = _JWS.get_unverified_header(token).get("kid")
            key = self._keys.get(str(key_id))
            if key is None:
                return Refusal(f"unknown key {key_id}", _command_id(token))
            payload: bytes = _JWS.decode(token, key, algorithms=["EdDSA"])
        except InvalidTokenError as error:
            return Refusal(f"signature: {error}", _command_id(token))
        try:
            return msgspec.json.decode(payload, type=CommandClaims)
        except msgspec.DecodeError as error:
            return Refusal(f"claims: {error}", _command_id(token))


def _command_id(token: bytes) -> UUID | None:
    """The id a refused command claims, good for nothing but saying no to it."""
    try:
        unverified = _JWS.decode_complete(token, options={"verify_signature": False})
        return msgspec.json.decode(unverified["payload"], type=_Identified).command_id
    except (InvalidTokenError, msgspec.DecodeError):
        return None
