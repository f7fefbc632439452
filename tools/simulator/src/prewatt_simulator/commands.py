"""Whether a command really comes from the utility: its Ed25519 signature, by key id."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple, Self
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from jwt import PyJWS
from jwt.exceptions import InvalidTokenError

from prewatt_common.contracts.base import KeyAction
from prewatt_common.contracts.mqtt_v1 import (
    KEY_MESSAGE_TYPE,
    KEYS_HELD_MAX,
    CommandClaims,
    KeyClaims,
)

_JWS = PyJWS()


class Refusal(NamedTuple):
    """A command that is not to be considered, and its id where that could be read."""

    reason: str
    command_id: UUID | None
    unknown_key: bool = False
    """It is signed with a key that the meter does not hold."""


class SignedKey(NamedTuple):
    """A key message whose signature holds, and the key that has signed it."""

    claims: KeyClaims
    signed_by: str


class _Identified(msgspec.Struct):
    command_id: UUID


class CommandKeys:
    """The utility's public keys that a meter holds; never changed: a meter gets others."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = keys

    @classmethod
    def of_pem(cls, public_keys: Mapping[str, str]) -> Self:
        """As burnt into the meters: key id to PEM. Raises ``ValueError`` if one is no Ed25519
        key."""
        keys: dict[str, Ed25519PublicKey] = {}
        for key_id, pem in public_keys.items():
            key = load_pem_public_key(pem.encode())
            if not isinstance(key, Ed25519PublicKey):
                message = f"command key {key_id} is not an Ed25519 public key"
                raise ValueError(message)
            keys[key_id] = key
        return cls(keys)

    @classmethod
    def of_raw(cls, raw: Mapping[str, str]) -> Self:
        """As `raw` gives them."""
        return cls({key_id: _key_of(text) for key_id, text in raw.items()})

    @property
    def raw(self) -> dict[str, str]:
        """Key id to the 32 bytes of RFC 8032, base64url."""
        return {
            key_id: urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
            .rstrip(b"=")
            .decode()
            for key_id, key in self._keys.items()
        }

    @property
    def told(self) -> tuple[str, ...]:
        """What a meter tells of them: their ids."""
        return tuple(sorted(self._keys))[:KEYS_HELD_MAX]

    def check(self, token: bytes) -> CommandClaims | SignedKey | Refusal:
        """What a compact JWS says whose signature holds, else why not."""
        try:
            header = _JWS.get_unverified_header(token)
            key_id = str(header.get("kid"))
            key = self._keys.get(key_id)
            if key is None:
                return Refusal(f"unknown key {key_id}", _command_id(token), unknown_key=True)
            payload: bytes = _JWS.decode(token, key, algorithms=["EdDSA"])
        except InvalidTokenError as error:
            return Refusal(f"signature: {error}", _command_id(token))
        try:
            if header.get("typ") == KEY_MESSAGE_TYPE:
                claims = msgspec.json.decode(payload, type=KeyClaims)
                if (claims.action is KeyAction.ADD) != bool(claims.public_key):
                    return Refusal("claims: a public key belongs to add, and to nothing else", None)
                return SignedKey(claims, key_id)
            return msgspec.json.decode(payload, type=CommandClaims)
        except msgspec.DecodeError as error:
            return Refusal(f"claims: {error}", _command_id(token))

    def after(self, message: SignedKey) -> Self:
        """What a meter holds once it has followed ``message``."""
        claims, signed_by = message
        cls = type(self)
        if claims.action is KeyAction.ADD:
            return cls(
                {signed_by: self._keys[signed_by], claims.key_id: _key_of(claims.public_key)}
            )
        dropped = claims.key_id if claims.key_id != signed_by else None
        return cls({key_id: key for key_id, key in self._keys.items() if key_id != dropped})


def _key_of(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(text + "="))


def _command_id(token: bytes) -> UUID | None:
    """The id a refused command claims, good for nothing but saying no to it."""
    try:
        unverified = _JWS.decode_complete(token, options={"verify_signature": False})
        return msgspec.json.decode(unverified["payload"], type=_Identified).command_id
    except (InvalidTokenError, msgspec.DecodeError):
        return None
