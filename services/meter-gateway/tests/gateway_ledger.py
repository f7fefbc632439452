"""What the ledger asks of meters, signed as it signs, by a library that is not ours."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
from jwt import PyJWS

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import KeyAction, RelayAction
from prewatt_common.contracts.meter_commands_v1 import KeyMessage, RelayCommand
from prewatt_common.contracts.mqtt_v1 import KEY_MESSAGE_TYPE, CommandClaims, KeyClaims
from prewatt_devstack.services import COMMAND_KEY_ID


def command_of(
    meter_id: str, action: RelayAction, *, sequence: int, lifetime_s: float, private_key_pem: str
) -> RelayCommand:
    """A new command, issued now."""
    now = utc_now()
    expires_at = now + timedelta(seconds=lifetime_s)
    claims = CommandClaims(
        command_id=uuid4(),
        meter_id=meter_id,
        action=action,
        sequence=sequence,
        issued_at=now,
        expires_at=expires_at,
        not_after=expires_at if action is RelayAction.DISCONNECT else None,
    )
    signed = PyJWS().encode(
        msgspec.json.encode(claims),
        private_key_pem,
        algorithm="EdDSA",
        headers={"kid": COMMAND_KEY_ID},
    )
    return RelayCommand(
        command_id=claims.command_id,
        meter_id=meter_id,
        account_id=UUID(int=1),
        action=action,
        sequence=sequence,
        issued_at=now,
        expires_at=expires_at,
        caused_at=now,
        signed=signed,
    )


def key_message_of(
    meter_id: str, *, key_id: str, public_key: str, sequence: int, private_key_pem: str
) -> KeyMessage:
    """A key to be added, told of now."""
    now = utc_now()
    claims = KeyClaims(
        meter_id=meter_id,
        action=KeyAction.ADD,
        key_id=key_id,
        public_key=public_key,
        sequence=sequence,
        issued_at=now,
    )
    signed = PyJWS().encode(
        msgspec.json.encode(claims),
        private_key_pem,
        algorithm="EdDSA",
        headers={"kid": COMMAND_KEY_ID, "typ": KEY_MESSAGE_TYPE},
    )
    return KeyMessage(
        meter_id=meter_id,
        action=claims.action,
        key_id=key_id,
        sequence=sequence,
        issued_at=now,
        signed=signed,
    )
