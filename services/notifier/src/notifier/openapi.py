"""What OpenAPI says of this service's tags, and what its fields are like."""

from collections.abc import Mapping
from typing import Any

TAGS: Mapping[str, str] = {
    "contacts": "Where and in which language an account's people are told.",
    "notices": "What was said to whom, and what became of it.",
    "receipts": "What an SMS network says of a message's delivery.",
}

EXAMPLES: Mapping[str, Any] = {
    "email": "zhang.min@example.org",
    "phone": "+8613800138000",
    "recipient": "+8613800138000",
}
