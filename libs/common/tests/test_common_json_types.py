"""What a request's body takes: JSON's types as OpenAPI says them, nothing that is made to fit."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, ValidationError

from prewatt_common.http.fields import Body

UUID_TEXT = "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50"
MicroUnits = Annotated[int, Field(ge=0, le=10**15)]


class Inner(Body):
    """A part of it."""

    amount_micro: MicroUnits


class Request(Body):
    """A body of every type that one has."""

    amount_micro: MicroUnits | None = None
    protected: bool = False
    account_id: UUID | None = None
    at: AwareDatetime | None = None
    day: date | None = None
    lines: list[Inner] = Field(default=[])
    name: str = ""
    by_kind: dict[str, int] = Field(default={})


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"amount_micro": 1}, {"amount_micro": 1}),
        ({"amount_micro": None}, {"amount_micro": None}),
        ({"protected": True}, {"protected": True}),
        ({"account_id": UUID_TEXT}, {"account_id": UUID(UUID_TEXT)}),
        ({"at": "2026-11-29T08:00:00Z"}, {"at": datetime(2026, 11, 29, 8, tzinfo=UTC)}),
        ({"day": "2026-11-29"}, {"day": date(2026, 11, 29)}),
        ({"lines": [{"amount_micro": 1}]}, {"lines": [Inner(amount_micro=1)]}),
    ],
)
def test_what_is_of_its_type_is_taken(given: dict[str, Any], taken: dict[str, Any]):
    assert Request.model_validate(given) == Request(**taken)


@pytest.mark.parametrize(
    "given",
    [
        {"amount_micro": "1"},
        {"amount_micro": True},
        {"amount_micro": 1.0},
        {"amount_micro": -1},
        {"protected": 0},
        {"protected": "no"},
        {"account_id": 1},
        {"at": 1764403200},
        {"at": "1764403200"},
        {"at": " 1764403200.5"},
        {"at": True},
        {"at": "2026-11-29T08:00:00"},
        {"day": 20000},
        {"day": "20000"},
        {"lines": [{"amount_micro": "1"}]},
        {"lines": [{"amount_micro": True}]},
        {"name": 1},
        {"by_kind": {"a": "1"}},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_is_of_another_type_is_refused(given: dict[str, Any]):
    with pytest.raises(ValidationError):
        Request.model_validate(given)
