"""What a meter remembers of the commands that reached it."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from prewatt_common.contracts.mqtt_v1 import MqttResponse


@dataclass(slots=True)
class CommandLog:
    """What a meter did with commands."""

    executions: Counter[UUID] = field(default_factory=Counter[UUID])
    """How often each command id was executed; a count above one is a defect."""
    answers: Counter[UUID] = field(default_factory=Counter[UUID])
    """How often each command id was answered, whatever the answer."""
    responses: dict[UUID, MqttResponse] = field(default_factory=dict[UUID, MqttResponse])
    """The response to each executed command, to be given again."""
    last_sequence: int = 0
    key_sequence: int = 0
    """Of the last key message that it has followed."""
