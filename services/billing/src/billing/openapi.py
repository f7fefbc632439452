"""What OpenAPI says of this service's tags, and what its fields are like."""

from collections.abc import Mapping
from typing import Any

TAGS: Mapping[str, str] = {
    "meters": "Use by readings: series, days and files of them.",
    "reconciliation": "What billing charges by its own rating, beside what the ledger charged.",
}

EXAMPLES: Mapping[str, Any] = {"tariff_code": "cn-residential"}
