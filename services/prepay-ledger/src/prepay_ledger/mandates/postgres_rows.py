"""Rows of mandates and requests, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.mandates.values import (
    Consent,
    Mandate,
    MandateState,
    RequestState,
    Terms,
    TopUpRequest,
    Waits,
)

_TERMS = tuple(Terms.__dataclass_fields__)
_PLAIN = ("account_id", "provider", "reference", "state_reason", "failures", "retry_on", "look_at")
_REQUEST = tuple(name for name in TopUpRequest.__dataclass_fields__ if name != "state")
AGREED = ("provider", "reference", *_TERMS, "consent_by", "consent_reference", "consent_at")
"""What the steps of a mandate have too."""


def to_mandate(row: RowMapping) -> Mandate:
    """From its row."""
    return Mandate(
        id=row["id"],
        **{name: row[name] for name in _PLAIN},
        terms=Terms(**{name: row[name] for name in _TERMS}),
        consent=Consent(
            by=row["consent_by"], reference=row["consent_reference"], at=row["consent_at"]
        ),
        state=MandateState(row["state"]),
        waits=Waits(row["waits"]) if row["waits"] else None,
    )


def mandate_values(mandate: Mandate) -> dict[str, Any]:
    """As its row has them."""
    return {
        "id": mandate.id,
        **{name: getattr(mandate, name) for name in (*_PLAIN, "state", "waits")},
        **asdict(mandate.terms),
        "consent_by": mandate.consent.by,
        "consent_reference": mandate.consent.reference,
        "consent_at": mandate.consent.at,
    }


def to_request(row: RowMapping) -> TopUpRequest:
    """From its row."""
    return TopUpRequest(**{name: row[name] for name in _REQUEST}, state=RequestState(row["state"]))


def request_values(request: TopUpRequest) -> dict[str, Any]:
    """As its row has them."""
    return {name: getattr(request, name) for name in (*_REQUEST, "state")}
