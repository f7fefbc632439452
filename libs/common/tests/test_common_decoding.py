"""What a record must be to be an event: what no database or timezone can hold is none."""

from types import SimpleNamespace

import msgspec
import pytest

from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_events_v1 import MeterBound, TariffPublished
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.kafka.decoding import Undecodable, decode_one

AT = "2026-11-27T12:00:00Z"
ID = "01890000-0000-7000-8000-000000000000"
BOUND = {
    "binding_id": ID, "account_id": ID, "meter_id": "m", "tariff_code": "t",
    "effective_from": AT, "effective_to": None, "opening_wh": 0,
}  # fmt: skip
TARIFF = {
    "tariff_code": "t", "effective_from": "2026-11", "currency": "CNY", "timezone": "UTC",
    "blocks": [{"upto_wh": None, "price_micro_per_kwh": 1}], "standing_micro_per_day": 0,
    "tax_bp": 0, "published_at": AT,
}  # fmt: skip
PROGRESSED = {
    "command_id": ID, "meter_id": "m", "action": "reconnect", "sequence": 1,
    "status": "succeeded", "at": AT,
}  # fmt: skip
POSTED = [ID, ID, "m", "2026-11", 1, 1, AT, 1, 1]


def decoded(event, given):
    return decode_one(event)(SimpleNamespace(value=msgspec.json.encode(given)))


@pytest.mark.parametrize(
    ("event", "given"),
    [
        (MeterBound, BOUND),
        (MeterBound, BOUND | {"effective_to": "2099-12-31T23:59:59Z"}),
        (TariffPublished, TARIFF | {"standing_micro_per_day": 2**63 - 1}),
        (CommandProgressed, PROGRESSED | {"detail": "line\nand \t tab, 户号"}),
        (ChargesPosted, {"posted_at": AT, "charges": [POSTED]}),
    ],
)
def test_what_holds_to_its_contract_is_decoded(event, given):
    assert type(decoded(event, given)) is event


@pytest.mark.parametrize(
    ("event", "given", "because"),
    [
        (MeterBound, BOUND | {"effective_to": "9999-12-31T23:59:59-14:00"}, "effective_to is in"),
        (TariffPublished, TARIFF | {"standing_micro_per_day": 2**63}, r"\$.standing_micro_per_day"),
        (TariffPublished, TARIFF | {"timezone": "U\0TC"}, r"\$.timezone"),
        (CommandProgressed, PROGRESSED | {"sequence": 10**30}, r"\$.sequence"),
        (CommandProgressed, PROGRESSED | {"detail": "\0"}, r"\$.detail"),
        (
            ChargesPosted,
            {"posted_at": AT, "charges": [[*POSTED[:6], "0001-01-01T00:00:00Z", 1, 1]]},
            "last_read_at is in the year 1 ",
        ),
        (ChargesPosted, {"posted_at": AT, "charges": [[*POSTED[:-1], 2**64]]}, "at `"),
    ],
)
def test_what_nobody_could_keep_is_undecodable(event, given, because):
    with pytest.raises(Undecodable, match=because):
        decoded(event, given)
