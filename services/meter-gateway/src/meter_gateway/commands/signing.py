"""Commands as compact JWS (RFC 7515), signed with Ed25519 (RFC 8037)."""

import msgspec
from jwt.api_jws import PyJWS

from prewatt_common.contracts.mqtt_v1 import CommandClaims

_ALGORITHM = "EdDSA"


class CommandSigner:
    """Signs with one key; its id tells the meter which public key to check with."""

    def __init__(self, *, private_key_pem: str, key_id: str) -> None:
        self._jws = PyJWS(algorithms=[_ALGORITHM])
        self._key = self._jws.get_algorithm_by_name(_ALGORITHM).prepare_key(private_key_pem)
        self._headers = {"kid": key_id}

    def sign(self, claims: CommandClaims) -> bytes:
        """The payload of the MQTT message."""
        payload = msgspec.json.encode(claims)
        return self._jws.encode(
            payload, self._key, algorithm=_ALGORITHM, headers=self._headers
        ).encode()
