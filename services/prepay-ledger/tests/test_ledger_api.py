"""Accounts, tariffs, agreements, installations and imports over HTTP; what is wrong is named and
stops nothing."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

pytestmark = pytest.mark.stack
PROBLEM = "application/problem+json"
NOBODY = UUID(int=0)
HEADER = "number,currency,meter_id,tariff_code,first_day,begins_at,opening_wh,opening_balance_micro"
FROM = "2026-03-01,2026-03-01T00:00:00Z"


def block(micro_per_kwh, upto_wh=None):
    return {"upto_wh": upto_wh, "micro_per_kwh": micro_per_kwh}


ENERGY = {"kind": "blocks", "name": "energy", "blocks": [block(1)]}


def a_tariff():
    return {
        "code": "t-" + uuid4().hex[:8],
        "valid_from": "2026-01-01",
        "currency": "CNY",
        "timezone": "UTC",
        "components": [ENERGY],
    }


async def publish(ledger, document):
    return await ledger.api.post("/v1/tariffs", json={"document": document, "reason": "test"})


async def import_(ledger, text, *, kind="text/csv"):
    return await ledger.api.post(
        "/v1/accounts/import",
        content=text,
        headers={"content-type": kind},
    )


async def test_an_account_is_opened_once(ledger):
    body = {"number": ledger.number(), "currency": "CNY", "low_balance_micro": 5}
    answers = await asyncio.gather(*(ledger.api.post("/v1/accounts", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.headers["content-type"] == PROBLEM
    assert body["number"] in refused.json()["detail"]
    found = await ledger.api.get("/v1/accounts", params={"number": body["number"]})
    assert found.json()["low_balance_micro"] == 5


async def test_a_token_with_the_scope_is_needed(ledger):
    account = await ledger.open()
    reads = [
        "/v1/tariffs",
        f"/v1/accounts?number={account['number']}",
        f"/v1/accounts/{account['id']}",
        f"/v1/accounts/{account['id']}/entries",
        f"/v1/accounts/{account['id']}/decisions",
        f"/v1/accounts/{account['id']}/commands",
        "/v1/payments",
        "/v1/totals",
    ]
    writes = [
        ("POST", "/v1/tariffs"),
        ("POST", "/v1/accounts"),
        ("POST", "/v1/accounts/import"),
        ("PATCH", f"/v1/accounts/{account['id']}"),
        ("POST", f"/v1/accounts/{account['id']}/agreements"),
        ("POST", f"/v1/accounts/{account['id']}/installations"),
        ("POST", "/v1/meters/m-1/move-out"),
        ("POST", "/v1/meters/m-1/edits"),
        ("PUT", "/v1/meters/m-1"),
    ]
    calls = [("GET", path, "ledger:write") for path in reads]
    calls += [(method, path, "ledger:read") for method, path in writes]
    for method, path, other_scope in calls:
        async with ledger.http() as client:
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), path
        async with ledger.http(other_scope) as client:
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM), path
    for path in ("/healthz", "/readyz", "/readyz/consume", "/metrics"):
        async with ledger.http() as client:
            assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"components": []},
        {"components": [ENERGY | {"blocks": [block(1, upto_wh=5)]}]},
        {"components": [ENERGY | {"blocks": [block(1), block(2)]}]},
        {"components": [ENERGY | {"blocks": [block(10**40)]}]},
        {"components": [ENERGY | {"blocks": [block(1.5)]}]},
        {"components": [ENERGY, ENERGY]},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"timezone": "UTC\0"},
        {"timezone": ""},
        {"valid_from": "2026-13-01"},
        {"valid_from": "2026-02-30"},
        {"currency": "RMB Yuan"},
        {"code": "Bad Code"},
        {"unknown": 1},
    ],
)
async def test_a_bad_tariff_is_refused(ledger, change):
    answer = await publish(ledger, a_tariff() | change)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), answer.text


async def test_a_tariff_is_published_once(ledger):
    tariff = a_tariff()
    answers = await asyncio.gather(*(publish(ledger, tariff) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert {answer.json()["published_by"] for answer in answers} == {"test"}
    for change in (
        {"valid_from": "2026-02-01", "currency": "EUR"},
        {"components": [ENERGY | {"blocks": [block(9)]}]},
    ):
        other = await publish(ledger, tariff | change)
        assert (other.status_code, other.json()["type"]) == (
            409, "urn:prewatt:problem:tariff-refused",
        )  # fmt: skip


async def test_a_day_that_is_charged_keeps_its_prices(ledger):
    tariff = a_tariff()
    await publish(ledger, tariff)
    account = await ledger.open()
    assert (await ledger.agree(account, tariff_code=tariff["code"])).status_code == 201
    past = await publish(ledger, tariff | {"valid_from": "2026-05-01"})
    assert (past.status_code, past.json()["type"]) == (409, "urn:prewatt:problem:tariff-refused")
    coming = await publish(ledger, tariff | {"valid_from": "2099-05-01"})
    assert coming.status_code == 201, coming.text


BAD_INSTANTS = [
    "2026-03-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday",
    1e300, 10**30,
]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        *({"begins_at": instant} for instant in BAD_INSTANTS),
        {"opening_wh": -1},
        {"opening_wh": 2**63},
        {"opening_wh": 10**4000},
        {"meter_id": "no/slash"},
        {"meter_id": "nul\0"},
        {"multiplier": 0},
        {"device": ""},
        {"reason": ""},
    ],
)
async def test_a_bad_installation_is_refused(ledger, change):
    account = await ledger.open()
    answer = await ledger.install(account, **change)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/accounts/{id}/entries?limit=1001", 422),
        ("GET", "/v1/accounts/{id}/entries?limit=0", 422),
        ("GET", f"/v1/accounts/{{id}}/entries?limit={10**30}", 422),
        ("GET", "/v1/accounts/{id}/entries?before=1", 422),
        ("GET", "/v1/accounts/{id}/entries?cursor=1", 422),
        ("GET", f"/v1/accounts/{NOBODY}/entries", 404),
        ("GET", f"/v1/accounts/{NOBODY}/decisions", 404),
        ("GET", f"/v1/accounts/{NOBODY}/commands", 404),
        ("GET", "/v1/accounts/{id}/decisions?limit=99999", 422),
        ("GET", "/v1/accounts/{id}/commands?limit=x", 422),
        ("GET", "/v1/accounts?number=%00", 422),
        ("GET", "/v1/accounts", 422),
        ("GET", "/v1/accounts?number=nobody", 404),
        ("GET", "/v1/accounts/not-a-uuid", 422),
        ("GET", f"/v1/accounts/{NOBODY}", 404),
        ("GET", "/v1/payments?outcome=%00", 422),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/accounts/{id}", 405),
    ],
)
async def test_what_cannot_be_asked_is_refused(ledger, method, path, status):
    account = await ledger.open()
    answer = await ledger.api.request(method, path.format(id=account["id"]))
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text


@pytest.mark.parametrize(
    "terms",
    [{}, {"protected": None}, {"low_balance_micro": None, "overdraft_micro": None}],
)
async def test_a_change_of_nothing_is_refused(ledger, terms):
    account = await ledger.open()
    answer = await ledger.api.patch(f"/v1/accounts/{account['id']}", json=terms)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), answer.text
    assert "at least one" in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"number": ""}, {"number": " x"}, {"number": "a\0b"}, {"number": "\ud800"},
        {"number": "x" * 101}, {"currency": "yuan"}, {"low_balance_micro": -1},
        {"low_balance_micro": 2**63}, {"overdraft_micro": 10**4000}, {"protected": "maybe"},
        {"balance_micro": 5},
    ],
)  # fmt: skip
async def test_a_bad_account_is_refused(ledger, change):
    body = {"number": ledger.number(), "currency": "CNY"} | change
    answer = await ledger.api.post(
        "/v1/accounts",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == PROBLEM


async def test_a_number_of_more_digits_than_are_read_is_refused(ledger):
    text = '{"number": "x", "currency": "CNY", "low_balance_micro": 1' + "0" * 5000 + "}"
    answer = await ledger.api.post(
        "/v1/accounts", content=text, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


async def test_a_meter_serves_one_account_at_a_time(ledger):
    accounts = [await ledger.open() for _ in range(6)]
    meter_id = "m-" + accounts[0]["number"]
    answers = await asyncio.gather(
        *(
            ledger.install(account, meter_id, begins_at=f"2026-03-0{day}T00:00:00Z")
            for day, account in enumerate(accounts, 1)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5

    end = f"/v1/meters/{meter_id}/move-out"
    (served,) = (await ledger.api.get(f"/v1/meters/{meter_id}/installations")).json()
    for at in ("2026-02-01T00:00:00Z", served["begins_at"]):
        early = await ledger.api.post(end, json={"at": at, "reason": "test"})
        assert early.status_code == 409, early.text
    ends = await asyncio.gather(
        *(
            ledger.api.post(end, json={"at": "2026-04-01T00:00:00Z", "reason": "test"})
            for _ in range(3)
        )
    )
    assert sorted(answer.status_code for answer in ends) == [200, 409, 409]
    overlapping = await ledger.install(accounts[0], meter_id, begins_at="2026-03-31T00:00:00Z")
    following = await ledger.install(accounts[0], meter_id, begins_at="2026-04-01T00:00:00Z")
    assert (overlapping.status_code, following.status_code) == (409, 201)


async def test_an_agreement_needs_its_account_and_tariff(ledger):
    account = await ledger.open()
    unknown = await ledger.agree({"id": str(uuid4())})
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, PROBLEM)
    for change in ({"tariff_code": "none"}, {"first_day": "2025-06-01"}):
        refused = await ledger.agree(account, **change)
        assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    euro = await ledger.open(currency="EUR")
    refused = await ledger.agree(euro)
    assert "is in CNY, the account in EUR" in refused.json()["detail"]


async def test_an_account_has_one_agreement_at_a_time(ledger):
    account = await ledger.open()
    answers = await asyncio.gather(*(ledger.agree(account) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    later = await ledger.agree(account, first_day="2026-05-01")
    assert later.status_code == 201, later.text
    found = (await ledger.account(account))["agreements"]
    assert [(each["first_day"], each["end_day"]) for each in found] == [
        ("2026-03-01", "2026-05-01"), ("2026-05-01", None),
    ]  # fmt: skip
    before = await ledger.agree(account, first_day="2026-04-01")
    assert before.status_code == 409


async def test_an_installation_needs_its_account(ledger):
    unknown = await ledger.install({"id": str(uuid4())}, "m-" + ledger.number())
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, PROBLEM)


async def test_an_import_opens_each_account_once(ledger):
    numbers = [ledger.number() for _ in range(50)]
    lines = [f"{n},CNY,m-{n},test-flat,{FROM},100,{i * 7}" for i, n in enumerate(numbers)]
    text = "\ufeff" + "\r\n".join([HEADER, *lines])
    answers = await asyncio.gather(*(import_(ledger, text.encode()) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    assert sorted(answer.json()["opened"] for answer in answers) == [0, 0, 50]
    found = (await ledger.api.get("/v1/accounts", params={"number": numbers[9]})).json()
    assert found["balance_micro"] == 63
    assert [each["opening_wh"] for each in found["installations"]] == [100]
    assert [each["first_day"] for each in found["agreements"]] == ["2026-03-01"]
    await ledger.sums_to_zero()


async def test_an_import_with_errors_names_each_line_and_imports_nothing(ledger):
    good, taken = ledger.number(), (await ledger.household())[1]
    text = "\n".join(
        [
            HEADER,
            f"{good},CNY,m-{good},test-flat,{FROM},0,0",
            f"x1,yuan,m-x1,test-flat,{FROM},0,0",
            f"x2,CNY,m-x2,test-flat,{FROM},-1,0",
            "x3,CNY,m-x3,test-flat,2026-03-01,2026-03-01,0,0",
            f"x4,CNY,m-x4,test-flat,{FROM},0",
            f"x5,CNY,m-x5,test-flat,{FROM},0,{10**30}",
            '"x6',
        ]
    )
    answer = await import_(ledger, text)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    named = [problem.split(":")[0] for problem in answer.json()["problems"]]
    assert named == ["line 3", "line 4", "line 5", "line 6", "line 7", "line 8"]
    text = "\n".join(
        [
            HEADER,
            f"{good},CNY,m-{good},test-flat,{FROM},0,0",
            f"{good},CNY,m-{good},test-flat,{FROM},0,0",
            f"y1-{good},CNY,{taken},test-flat,{FROM},0,0",
            f"y2-{good},CNY,m-y2,none,{FROM},0,0",
            f"y3-{good},EUR,m-y3,test-flat,{FROM},0,0",
        ]
    )
    answer = await import_(ledger, text)
    named = [problem.split(":")[0] for problem in answer.json()["problems"]]
    assert answer.status_code == 422
    assert named == ["line 3", "line 3", "line 4", "line 5", "line 6"]
    assert (await ledger.api.get("/v1/accounts", params={"number": good})).status_code == 404


async def test_what_is_no_file_of_accounts_is_refused(ledger):
    for text, kind, status in (
        (HEADER, "application/json", 415),
        (HEADER, "", 415),
        (HEADER, "text/csv", 422),
        ("", "text/csv", 422),
        (HEADER.encode() + b"\n\xff\xfe", "text/csv", 422),
        (b"PK\x03\x04" + bytes(500), "text/csv", 422),
    ):
        answer = await import_(ledger, text, kind=kind)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), text
