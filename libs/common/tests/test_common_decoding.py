"""What a record must be to be an event: what no database or timezone can hold is none."""

from types import SimpleNamespace

import msgspec
import pytest

from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_facts_v1 import InstallationSet, TariffPublished
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.kafka.decoding import Undecodable, decode_one

AT = "2026-11-27T12:00:00Z"
ID = "01890000-0000-7000-8000-000000000000"
INSTALLED = {
    "installation_id": ID, "revision": 1, "meter_id": "m", "account_id": ID, "begins_at": AT,
    "ends_at": None, "opening_wh": 0, "closing_wh": None, "multiplier": 1, "device": None,
    "removed": False, "by": "ann", "reason": "a new house", "at": AT,
}  # fmt: skip
TARIFF = {
    "tariff_code": "t", "valid_from": "2026-11-01", "currency": "CNY", "document": "{}",
    "by": "ann", "reason": "2026's prices", "at": AT,
}  # fmt: skip
PROGRESSED = {
    "command_id": ID, "meter_id": "m", "action": "reconnect", "sequence": 1,
    "status": "succeeded", "at": AT,
}  # fmt: skip
POSTED = [ID, ID, "2026-11-01", "2026-12-01", 1, 1, 1, 1, AT]


def decoded(event, given):
    return decode_one(event)(SimpleNamespace(value=msgspec.json.encode(given)))


@pytest.mark.parametrize(
    ("event", "given"),
    [
        (InstallationSet, INSTALLED),
        (InstallationSet, INSTALLED | {"ends_at": "2099-12-31T23:59:59Z"}),
        (InstallationSet, INSTALLED | {"multiplier": 2**63 - 1}),
        (TariffPublished, TARIFF | {"reason": "line\nand \t tab, 电价"}),
        (CommandProgressed, PROGRESSED | {"detail": "line\nand \t tab, 户号"}),
        (ChargesPosted, {"posted_at": AT, "charges": [POSTED]}),
    ],
)
def test_what_holds_to_its_contract_is_decoded(event, given):
    assert type(decoded(event, given)) is event


@pytest.mark.parametrize(
    ("event", "given", "because"),
    [
        (InstallationSet, INSTALLED | {"ends_at": "9999-12-31T23:59:59-14:00"}, "ends_at is in"),
        (InstallationSet, INSTALLED | {"multiplier": 2**63}, r"\$.multiplier"),
        (InstallationSet, INSTALLED | {"revision": 0}, r"\$.revision"),
        (TariffPublished, TARIFF | {"document": "{\0}"}, r"\$.document"),
        (TariffPublished, TARIFF | {"tariff_code": "Home"}, r"\$.tariff_code"),
        (CommandProgressed, PROGRESSED | {"sequence": 10**30}, r"\$.sequence"),
        (CommandProgressed, PROGRESSED | {"detail": "\0"}, r"\$.detail"),
        (
            ChargesPosted,
            {"posted_at": AT, "charges": [[*POSTED[:-1], "0001-01-01T00:00:00Z"]]},
            "last_read_at is in the year 1 ",
        ),
        (ChargesPosted, {"posted_at": AT, "charges": [[*POSTED[:7], 2**64, AT]]}, "at `"),
    ],
)
def test_what_nobody_could_keep_is_undecodable(event, given, because):
    with pytest.raises(Undecodable, match=because):
        decoded(event, given)
