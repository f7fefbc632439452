"""Rows as notices."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from notifier.notices.postgres_rows import ended_of

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def row(number: int, **changed: object) -> dict[str, object]:
    return {
        "id": UUID(int=number),
        "cause_id": uuid4(),
        "account_id": uuid4(),
        "template": "low-balance",
        "language": "en",
        "channel": "sms",
        "recipient": "+86...00",
        "facts": {"at": AT.isoformat(), "currency": "CNY"},
        "settled_above_micro": None,
        "position": 0,
        "status": "withdrawn",
        "priority": 1,
        "expires_at": AT,
        "give_up_at": AT,
        "role": "customer",
        "code": bytes(5),
        "campaign_id": None,
        "accepted_at": None,
    } | changed


@pytest.mark.parametrize(
    "broken", [{"facts": {"at": 5}}, {"template": "of a newer release"}], ids=["facts", "template"]
)
def test_one_that_cannot_be_read_keeps_no_other_from_ending(broken, caplog):
    """Or a payment that overtakes it would be taken by nobody, ever."""
    ended = ended_of([row(1), row(2, **broken), row(3)])
    assert [notice.id for notice in ended] == [UUID(int=1), UUID(int=3)]
    assert f"notice {UUID(int=2)} has ended and cannot be read" in caplog.text
