"""A reading that comes while older ones are not to be had is no dead letter."""

from types import SimpleNamespace
from typing import Any

import pytest

from prepay_ledger.charging import take_readings
from prepay_ledger.charging.take_readings import OlderOnesLack, TakeReadings
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prewatt_common.clock import utc_now
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.refusals import Refusal


async def test_its_meter_is_parked_and_the_reading_is_not_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def charge_readings(**_: object) -> None:
        message = "their export is not to be had"
        raise ReadingsHaveLeft(message)

    async def gives(answer: object) -> object:
        return answer

    monkeypatch.setattr(take_readings, "charge_readings", charge_readings)
    unit: Any = SimpleNamespace(
        charging=SimpleNamespace(begin_batch=lambda: gives(None), epoch=lambda: gives(0)),
        parking=SimpleNamespace(parked=lambda: gives(())),
        tariffs=SimpleNamespace(book=lambda: gives(SimpleNamespace())),
    )
    forgotten: list[str] = []
    remembered: Any = SimpleNamespace(take=lambda *_, **__: {}, forget=forgotten.extend)
    review: Any = None
    take = TakeReadings(review=review, clock=utc_now, remembered=remembered)
    event: Any = SimpleNamespace(meter_id="m", read_at=utc_now(), import_wh=5)
    record: Any = SimpleNamespace(partition=0)
    with pytest.raises(OlderOnesLack, match="their export is not to be had") as raised:
        await take(unit, [Delivered(event, record)])
    # What a use case refuses is a dead letter; its meter is parked for anything else.
    assert not isinstance(raised.value, Refusal)
    assert forgotten == ["m"]
