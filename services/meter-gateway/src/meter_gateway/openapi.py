"""What OpenAPI says of this service's tags, and what its fields are like."""

from collections.abc import Mapping
from typing import Any

TAGS: Mapping[str, str] = {
    "commands": "Relay commands on their way to meters.",
    "devices": "Meters that may speak here, their presence and faults.",
    "replicas": "Gateway processes that share the fleet.",
}

EXAMPLES: Mapping[str, Any] = {
    "action": "disconnect",
    "codec": "canonical",
    "fault": "undecodable",
    "model": "DDZY-100",
    "name": "meter-gateway-0",
    "presence": "online",
    "relay": "open",
    "status": "SUCCEEDED",
}
