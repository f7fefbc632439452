"""What OpenAPI says of this service's tags, and what its fields are like."""

from collections.abc import Mapping
from typing import Any

TAGS: Mapping[str, str] = {
    "hardship": "Households that may run out of money and go without, for a person to look at.",
    "meters": "Use by readings: series, days and files of them.",
    "reconciliation": "What billing charges by its own rating, beside what the ledger charged.",
    "segments": "Which accounts fit what a campaign asks for: numbers, and nothing of a person.",
}

EXAMPLES: Mapping[str, Any] = {
    "by": "wang.fang",
    "note": "called; moves to weekly payments, and is told of the fuel fund",
    "number": "100001",
    "published_by": "li.wei",
    "tariff_code": "cn-residential",
    "text": "Account 100001: since 2026-11-20 this household probably runs out of money and goes "
    "without. Last seen on 2026-11-28.",
    "what": "flag",
}
