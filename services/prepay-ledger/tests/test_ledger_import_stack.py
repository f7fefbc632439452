"""An import leaves behind what the routes for one household leave, and checks what they check."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

COLUMNS = (
    "number,currency,tariff_code,first_day,meter_id,begins_at,opening_wh,opening_balance_micro,"
    "low_balance_micro,overdraft_micro,protected,multiplier,household,serial_number,"
    "modulus_wh,resolution_wh,max_w"
)
PLAIN = "number,currency,tariff_code,first_day,meter_id,begins_at"
MADE = {
    "account": "SELECT * FROM account WHERE id = $1",
    "agreement": "SELECT * FROM agreement WHERE account_id = $1",
    "installation": "SELECT * FROM installation WHERE account_id = $1",
    "meter": "SELECT * FROM meter WHERE meter_id = $2",
    "meter_state": "SELECT * FROM meter_state WHERE meter_id = $2",
    "charge_state": "SELECT * FROM charge_state WHERE account_id = $1 ORDER BY period_first",
    "decision": "SELECT * FROM decision WHERE account_id = $1",
    "command": "SELECT * FROM command WHERE account_id = $1",
    "day_use": "SELECT * FROM day_use WHERE meter_id = $2",
    "unbound_reading": "SELECT * FROM unbound_reading WHERE meter_id = $2",
    "fact": "SELECT kind, subject, body::jsonb - 'at' AS body, decided_by, reason, day FROM fact "
    "WHERE body LIKE '%' || $1::uuid || '%' OR body LIKE '%\"' || $2::text || '\"%' ORDER BY kind",
}
"""What a household is, by its account and its meter."""
OF_THE_ROUTE = {
    # When it was opened, and how often what hangs on its meter was derived anew: each of the
    # single routes does so.
    "account": {"opened_at", "number", "low_since", "exhausted_since", "recheck_at"},
    # An agreement that is set alone may be about the past, so what it changes is entered at once
    # and names it; an import is a beginning, whose charges are entered when the day is over.
    "charge_state": {"entered", "entered_micro"},
    "meter_state": {"version", "day"},
    "decision": {"at", "inputs"},
    "command": {"issued_at", "caused_at", "expires_at"},
}


@pytest.fixture(scope="module")
async def standing(ledger: Any) -> str:
    """A tariff by which time alone costs."""
    code = f"s-{uuid4().hex[:8]}"
    document = {
        "code": code,
        "valid_from": "2026-01-01",
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "components": [
            {"kind": "energy", "name": "energy", "micro_per_kwh": {"all": 520_000}},
            {"kind": "standing", "name": "meter", "micro_per_day": 333_333},
            {"kind": "levy", "name": "tax", "rate_ppm": 60_000},
        ],
    }
    answer = await ledger.api.post("/v1/tariffs", json={"document": document, "reason": "test"})
    assert answer.status_code == 201, answer.text
    return code


async def send(ledger: Any, columns: str, *lines: str) -> Any:
    return await ledger.api.post(
        "/v1/accounts/import",
        params={"prepay_agreement": "direct"},
        content="\n".join([columns, *lines]),
        headers={"content-type": "text/csv"},
    )


async def left_behind(ledger: Any, number: str, meter_id: str) -> dict[str, list[dict[str, Any]]]:
    """The household's rows, its own ids as words."""
    (row,) = await ledger.sql("SELECT id FROM account WHERE number = $1", number)
    account_id = row["id"]
    (agreement,) = await ledger.sql("SELECT id FROM agreement WHERE account_id = $1", account_id)
    (installed,) = await ledger.sql("SELECT id FROM installation WHERE account_id = $1", account_id)
    names = {
        str(account_id): "account",
        str(agreement["id"]): "agreement",
        str(installed["id"]): "installation",
        meter_id: "meter",
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for table, query in MADE.items():
        uses = [account_id, meter_id] if "$1" in query and "$2" in query else None
        values = uses or [account_id if "$1" in query else meter_id]
        rows = await ledger.sql(query if uses else query.replace("$2", "$1"), *values)
        found[table] = [
            {
                column: _named(str(value), names)
                for column, value in row.items()
                if column not in OF_THE_ROUTE.get(table, ()) and not _is_another_id(table, column)
            }
            for row in rows
        ]
    return found


def _named(text: str, names: dict[str, str]) -> str:
    for value, name in names.items():
        text = text.replace(value, name)
    return text


def _is_another_id(table: str, column: str) -> bool:
    return table in {"decision", "command"} and column in {"id", "decision_id"}


HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "a plain one": {},
    "one with limits": {"low_balance_micro": 5, "overdraft_micro": 10**9},
    "a hospital behind transformers": {
        "protected": True, "multiplier": 40, "household": False, "serial_number": "SN-1",
        "modulus_wh": 10**9, "resolution_wh": 1000, "max_w": 500_000, "opening_wh": 123,
    },
    "one that is to begin": {"first": 2},
}  # fmt: skip


@pytest.mark.parametrize("household", HOUSEHOLDS.values(), ids=HOUSEHOLDS)
async def test_an_imported_household_is_as_one_that_was_made_by_hand(
    ledger: Any, standing: str, household: dict[str, Any]
) -> None:
    given = {
        "low_balance_micro": 0, "overdraft_micro": 0, "protected": False, "multiplier": 1,
        "household": True, "serial_number": None, "modulus_wh": None, "resolution_wh": 0,
        "max_w": None, "opening_wh": None, "first": -40,
    } | household  # fmt: skip
    first_day = (utc_now() + timedelta(days=given.pop("first"))).date().isoformat()
    begins_at = f"{(utc_now() - timedelta(days=2)).date().isoformat()}T00:00:00Z"

    by_hand, meter_id = ledger.number(), f"m-{uuid4().hex}"
    terms = ("low_balance_micro", "overdraft_micro", "protected")
    account = await ledger.open(number=by_hand, **{each: given[each] for each in terms})
    known = ("household", "serial_number", "modulus_wh", "resolution_wh", "max_w")
    if any(each in household for each in known):
        body = {each: given[each] for each in known} | {"reason": "import"}
        assert (await ledger.api.put(f"/v1/meters/{meter_id}", json=body)).status_code == 200
    # The meter first, as an import has it: by the agreement's time there is something to cut.
    installed = {each: given[each] for each in ("opening_wh", "multiplier")}
    answer = await ledger.install(
        account, meter_id, begins_at=begins_at, reason="import", **installed
    )
    assert answer.status_code == 201, answer.text
    answer = await ledger.agree(account, tariff_code=standing, first_day=first_day, reason="import")
    assert answer.status_code == 201, answer.text

    imported, other_meter = ledger.number(), f"m-{uuid4().hex}"
    columns = [each for each in COLUMNS.split(",") if each in given]
    line = [imported, "CNY", standing, first_day, other_meter, begins_at]
    line += ["" if given[each] is None else str(given[each]) for each in columns]
    answer = await send(ledger, ",".join([PLAIN, *columns]), ",".join(line))
    assert answer.json() == {"opened": 1, "existing": 0}, answer.text

    made = await left_behind(ledger, by_hand, meter_id)
    assert await left_behind(ledger, imported, other_meter) == made
    assert made["charge_state"]
    assert len(made["fact"]) == (3 if made["meter"] else 2)
    owes = int(made["account"][0]["balance_micro"])
    assert owes < -41 * 333_333 if "first" not in household else owes == 0


REFUSED = [
    ("modulus_wh", "0", "modulus_wh"),
    ("modulus_wh", str(10**15 + 1), "modulus_wh"),
    ("modulus_wh", "1.5", "modulus_wh"),
    ("max_w", "0", "max_w"),
    ("max_w", "-5", "max_w"),
    ("max_w", "a lot", "max_w"),
    ("household", "false", "max_w"),
    ("multiplier", "0", "multiplier"),
    ("multiplier", "1000001", "multiplier"),
    ("resolution_wh", "-1", "resolution_wh"),
    ("number", "", "number"),
    ("currency", "EUR", "tariff_code"),
    ("tariff_code", "none", "tariff_code"),
    ("first_day", "2025-12-31", "tariff_code"),
    ("begins_at", "2026-03-01", "begins_at"),
    ("begins_at", "2099-01-01T00:00:00Z", "opening_wh"),
    ("surprise", "1", "surprise"),
]
"""A column, what it may not be, and the column that is named."""


@pytest.mark.parametrize(("column", "value", "named"), REFUSED)
async def test_what_a_column_may_not_be_is_refused_by_line_and_column(
    ledger: Any, standing: str, column: str, value: str, named: str
) -> None:
    good, bad = (
        {
            "number": ledger.number(),
            "currency": "CNY",
            "tariff_code": standing,
            "first_day": "2026-03-01",
            "meter_id": f"m-{uuid4().hex}",
            "begins_at": "2026-03-01T00:00:00Z",
            "opening_wh": "0",
            column: at,
        }
        for at in ("", value)
    )
    # The plain line has the column's default, where it has one.
    columns = ",".join(bad)
    line = ",".join(str(good[each] or bad[each]) for each in bad) if column in PLAIN else None
    lines = [each for each in (line, ",".join(bad.values())) if each]
    answer = await send(ledger, columns, *lines)
    assert answer.status_code == 422, answer.text
    problems = answer.json()["problems"]
    assert problems[-1].startswith(f"line {len(lines) + 1}: {named}: "), problems
    assert not await ledger.sql("SELECT FROM account WHERE number = $1", bad["number"])


async def test_modulus_and_limit_of_an_imported_meter_are_what_its_readings_are_held_to(
    ledger: Any, standing: str
) -> None:
    """A register that begins again at 10 kWh, behind transformers of 20, where 900 kW may flow."""
    number, meter_id = ledger.number(), f"m-{uuid4().hex}"
    answer = await send(
        ledger,
        f"{PLAIN},opening_wh,multiplier,household,modulus_wh,max_w",
        f"{number},CNY,test-flat,2026-03-01,{meter_id},2026-03-01T00:00:00Z,9900,20,false,10000,900000",
    )
    assert answer.status_code == 200, answer.text
    await ledger.read((meter_id, 15, 100))
    (row,) = await ledger.sql("SELECT id, number FROM account WHERE number = $1", number)
    # 200 Wh of the register, over its end, are 4 kWh at 2.00.
    await ledger.until_balance(dict(row), -8_000_000)


async def test_the_readings_that_came_before_are_charged_with_the_import(ledger: Any) -> None:
    number, meter_id = ledger.number(), f"m-{uuid4().hex}"
    await ledger.read((meter_id, 15, 1000), (meter_id, 30, 1500))

    async def waiting() -> bool:
        rows = await ledger.sql("SELECT FROM unbound_reading WHERE meter_id = $1", meter_id)
        return len(rows) == 2

    await ledger.until(waiting, what="both readings wait")
    answer = await send(
        ledger,
        f"{PLAIN},opening_wh,opening_balance_micro",
        f"{number},CNY,test-flat,2026-03-01,{meter_id},2026-03-01T00:00:00Z,0,5000000",
    )
    assert answer.status_code == 200, answer.text
    (row,) = await ledger.sql("SELECT balance_micro, moves FROM account WHERE number = $1", number)
    assert tuple(row) == (2_000_000, 2)
    await ledger.sums_to_zero()
    assert await ledger.audited() == []
