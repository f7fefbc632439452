"""Every signed event is kept and answered 2xx; what we do not understand can be replayed."""

import asyncio
import base64
import gzip
import json
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prepay_ledger.payments.read_event import NotApplied, Paid, read_event
from prepay_ledger.payments.values import EventOutcome
from prepay_ledger.providers.standard_webhooks import StandardWebhooks
from prewatt_common.clock import utc_now

PROBLEM = "application/problem+json"
NOTHING = UUID(int=0)
WHY = {"reason": "seen with the bank"}


def payment(**data):
    return {
        "type": "payment.succeeded",
        "timestamp": utc_now().isoformat(),
        "data": {
            "payment_id": "p-1",
            "account_number": "1001",
            "amount_micro": 5,
            "currency": "CNY",
        }
        | data,
    }


def without(field):
    body = payment()
    del body["data"][field]
    return body


REFUND = {"type": "refund.succeeded", "timestamp": "2026-11-25T00:00:00Z", "data": {"of": "p-1"}}
NOT_UNDERSTOOD = {
    "refund": (REFUND, "unknown-type", "events of type refund.succeeded are not known"),
    "type with NUL": ({"type": "a\0b"}, "unknown-type", "a\ufffdb"),
    "long type": ({"type": "t" * 5_000}, "unknown-type", "t" * 200),
    "no type": ({"data": {}}, "unreadable", "type: Field required"),
    "type is no text": ({"type": 7}, "unreadable", "type: Input should be a valid string"),
    "empty": (b"", "unreadable", "Invalid JSON"),
    "no JSON": (b"{", "unreadable", "Invalid JSON"),
    "a form": (b"type=payment.succeeded&amount=5", "unreadable", "Invalid JSON"),
    "list": (b"[]", "unreadable", "should be an object"),
    "null": (b"null", "unreadable", "should be an object"),
    "deep": (b"[" * 5_000, "unreadable", "recursion limit"),
    "long number": (b"1" * 5_000, "unreadable", ""),
    "no UTF-8": (b'{"type": "\xff\xfe"}', "unreadable", "invalid unicode"),
    "NUL bytes": (b"\0" * 40, "unreadable", "Invalid JSON"),
    "lone surrogate": (b'{"type": "\\ud800"}', "unreadable", "Invalid JSON"),
    "data is a list": (payment() | {"data": []}, "unreadable", "data: "),
    "no data": ({"type": "payment.succeeded"}, "unreadable", "data: Field required"),
    "no payment_id": (without("payment_id"), "unreadable", "data/payment_id: Field required"),
    "no account": (without("account_number"), "unreadable", "data/account_number: Field"),
    "no amount": (without("amount_micro"), "unreadable", "data/amount_micro: Field required"),
    "no currency": (without("currency"), "unreadable", "data/currency: Field required"),
} | {
    f"{field} {value!r:.30}": (payment(**{field: value}), "unreadable", f"data/{field}: ")
    for field, values in {
        "amount_micro": [0, -1, 1.5, 10**15 + 1, 2**63, 10**400, "1000000", None, True, 1e300],
        "payment_id": ["", "x" * 201, "nul\0", 5],
        "account_number": ["", "x" * 101, "nul\0", None],
        "currency": ["cny", "", "CNYX", "¥", None],
    }.items()
    for value in values
}


def read(body):
    return read_event(provider="demo", reading=StandardWebhooks([]).read(body))


def raw(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.mark.parametrize(
    ("body", "outcome", "says"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD.keys()
)
def test_what_is_no_payment_is_named(body, outcome, says):
    found = read(raw(body))
    assert isinstance(found, NotApplied)
    assert (found.outcome, says in found.reason) == (outcome, True), found.reason
    assert len(found.reason) <= 1_000
    assert "\0" not in found.reason


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_reading_never_raises(body):
    assert isinstance(read(body), NotApplied)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
        max_leaves=8,
    ),
    st.sampled_from(["payment_id", "account_number", "amount_micro", "currency"]),
)
def test_any_value_in_any_field_is_read_or_named(value, field):
    found = read(json.dumps(payment(**{field: value})).encode())
    if isinstance(found, NotApplied):
        assert found.outcome is EventOutcome.UNREADABLE
        assert found.reason
    else:
        assert getattr(found.payment, field) == value
        assert isinstance(found, Paid)


@pytest.mark.stack
@pytest.mark.parametrize(
    "name", ["refund", "no JSON", "no UTF-8", "NUL bytes", "type with NUL", "empty", "deep"]
)
async def test_what_is_not_understood_is_kept_as_it_came(ledger, name):
    body, outcome, says = NOT_UNDERSTOOD[name]
    event_id = f"e-{uuid4()}"
    headers = ledger.signed(raw(body), event_id=event_id) | {"user-agent": "a provider"}
    first = await ledger.deliver(raw(body), headers=headers)
    assert first.status_code == 200, first.text
    told = first.json()
    assert (told["outcome"], told["repeated"], told["balance_micro"]) == (outcome, False, None)
    assert told["detail"].startswith("Kept, not applied: ")
    assert says in told["detail"]
    again = await ledger.deliver(raw(body), headers=headers)
    assert again.json() == told | {"repeated": True}
    (kept,) = await ledger.kept(event_id)
    assert base64.b64decode(kept["body_base64"]) == raw(body)
    assert kept["headers"] == headers
    assert (kept["provider"], kept["event_id"], kept["open"]) == ("demo", event_id, True)
    assert (kept["outcome"], kept["reason"] in told["detail"]) == (outcome, True)
    assert kept["received_at"] is not None


@pytest.mark.stack
@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
async def test_a_signed_payment_counts_whatever_its_content_type(ledger, kind):
    account = await ledger.open()
    answer = await ledger.deliver(
        ledger.payment(account["number"], 5), headers={"content-type": kind}
    )
    assert (answer.status_code, answer.json()["outcome"]) == (200, "credited"), answer.text


@pytest.mark.stack
async def test_a_compressed_body_is_kept_as_it_was_signed(ledger):
    event_id, body = f"e-{uuid4()}", gzip.compress(raw(payment()))
    headers = ledger.signed(body, event_id=event_id) | {"content-encoding": "gzip"}
    answer = await ledger.deliver(body, headers=headers)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "unreadable"), answer.text
    (kept,) = await ledger.kept(event_id)
    assert base64.b64decode(kept["body_base64"]) == body
    assert kept["headers"]["content-encoding"] == "gzip"


@pytest.mark.stack
async def test_a_currency_that_no_account_has_goes_to_suspense(ledger):
    account = await ledger.open()
    answer = await ledger.deliver(ledger.payment(account["number"], 5, currency="XTS"))
    assert (answer.status_code, answer.json()["outcome"]) == (200, "suspense")


@pytest.mark.stack
async def test_an_event_id_may_be_long_and_in_any_letters(ledger):
    account = await ledger.open()
    for at, name in enumerate(["e" * 3_000, "付款"], start=1):
        event_id = f"{name}-{uuid4()}"
        body = json.dumps(ledger.payment(account["number"], 5)).encode()
        headers = {
            key: value.encode() for key, value in ledger.signed(body, event_id=event_id).items()
        }
        answers = [
            await ledger.api.post("/v1/webhooks/payments/demo", content=body, headers=headers)
            for _ in range(2)
        ]
        assert [each.json()["repeated"] for each in answers] == [False, True]
        assert len(await ledger.kept(event_id)) == 1
        assert (await ledger.account(account))["balance_micro"] == 5 * at


@pytest.mark.stack
async def test_a_payment_id_with_other_content_is_kept_as_a_conflict(ledger):
    account, other = await ledger.open(), await ledger.open()
    body = ledger.payment(account["number"], 5)
    assert (await ledger.deliver(body)).status_code == 200
    for changed in ({"amount_micro": 6}, {"account_number": other["number"]}, {"currency": "EUR"}):
        event_id = f"e-{uuid4()}"
        again = await ledger.deliver(body | {"data": body["data"] | changed}, event_id=event_id)
        assert (again.status_code, again.json()["outcome"]) == (200, "conflict"), changed
        assert "5 micro-units CNY" in again.json()["detail"]
        (kept,) = await ledger.kept(event_id)
        assert (kept["outcome"], kept["open"]) == ("conflict", True)
        assert kept["payment_id"] == body["data"]["payment_id"]
    assert (await ledger.account(account))["balance_micro"] == 5
    assert (await ledger.account(other))["balance_micro"] == 0
    await ledger.sums_to_zero()


@pytest.mark.stack
async def test_an_event_id_with_another_payment_waits_for_a_person(ledger):
    account = await ledger.open()
    event_id = f"e-{uuid4()}"
    bodies = [ledger.payment(account["number"], amount) for amount in (5, 8)]
    answers = [await ledger.deliver(body, event_id=event_id) for body in bodies * 2]
    assert [each.status_code for each in answers] == [200] * 4
    assert [each.json()["outcome"] for each in answers] == ["credited", "conflict"] * 2
    assert [each.json()["repeated"] for each in answers] == [False, False, True, True]
    assert (await ledger.account(account))["balance_micro"] == 5
    _, second = await ledger.kept(event_id)
    # A person has found that both were paid.
    replayed = await ledger.api.post(f"/v1/payment-events/{second['id']}/replay", json=WHY)
    assert replayed.json()["outcome"] == "credited"
    assert (await ledger.account(account))["balance_micro"] == 13
    assert (await ledger.deliver(bodies[1], event_id=event_id)).json()["repeated"] is True
    assert (await ledger.account(account))["balance_micro"] == 13


@pytest.mark.stack
async def test_the_same_payment_written_another_way_is_no_conflict(ledger):
    account = await ledger.open()
    event_id = f"e-{uuid4()}"
    body = ledger.payment(account["number"], 5)
    first = await ledger.deliver(body, event_id=event_id)
    spaced = json.dumps(body, indent=2).encode()
    again = await ledger.deliver(spaced, event_id=event_id)
    assert again.json() == first.json() | {"repeated": True}
    assert [kept["outcome"] for kept in await ledger.kept(event_id)] == ["credited", "repeated"]
    assert (await ledger.account(account))["balance_micro"] == 5


@pytest.mark.stack
async def test_one_payment_under_many_events_at_once(ledger):
    """Some equal, some contradicting: one is credited, none twice, each is kept."""
    account = await ledger.open()
    body = ledger.payment(account["number"], 7)
    other = body | {"data": body["data"] | {"amount_micro": 9}}
    answers = await asyncio.gather(*(ledger.deliver(each) for each in [body, other] * 15))
    assert {answer.status_code for answer in answers} == {200}
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert (outcomes.count("credited"), outcomes.count("conflict")) == (15, 15)
    assert [answer.json()["repeated"] for answer in answers].count(False) == 16
    assert (await ledger.account(account))["balance_micro"] in (7, 9)
    (entry,) = await ledger.newest(account, "entries")
    assert entry["amount_micro"] in (7, 9)


@pytest.mark.stack
async def test_a_kept_event_is_replayed_once_it_is_understood(ledger):
    """As after an upgrade: the row is made to look as if we had not known its type."""
    account = await ledger.open()
    event_id, body = f"e-{uuid4()}", ledger.payment(account["number"], 5)
    await ledger.sql(
        """INSERT INTO payment_event (id, provider, event_id, event_id_sha256, body_sha256, headers,
             body, type, outcome, reason, open, received_at)
           SELECT gen_random_uuid(), 'demo', $1, sha256($1::text::bytea), sha256($2), '{}', $2,
             'payment.succeeded', 'unknown-type', 'not known yet', true, now()""",
        event_id,
        raw(body),
    )
    (kept,) = await ledger.kept(event_id)
    assert (await ledger.deliver(body, event_id=event_id)).json()["outcome"] == "unknown-type"
    path = f"/v1/payment-events/{kept['id']}"
    answers = await asyncio.gather(*(ledger.api.post(f"{path}/replay", json=WHY) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert {answer.json()["outcome"] for answer in answers} == {"credited"}
    (step,) = answers[0].json()["steps"]
    assert (step["action"], step["who"], step["reason"]) == ("replay", "test", WHY["reason"])
    assert (step["outcome_before"], step["outcome"]) == ("unknown-type", "credited")
    assert (await ledger.account(account))["balance_micro"] == 5
    told = (await ledger.deliver(body, event_id=event_id)).json()
    assert (told["outcome"], told["repeated"], told["balance_micro"]) == ("credited", True, 5)
    closed = await ledger.api.post(f"{path}/close", json=WHY)
    assert (closed.status_code, closed.headers["content-type"]) == (409, PROBLEM)


@pytest.mark.stack
async def test_an_event_is_closed_by_a_person_and_not_applied_after(ledger):
    event_id = f"e-{uuid4()}"
    await ledger.deliver(REFUND, event_id=event_id)
    (kept,) = await ledger.kept(event_id)
    path = f"/v1/payment-events/{kept['id']}"
    still = (await ledger.api.post(f"{path}/replay", json=WHY)).json()
    assert (still["outcome"], still["open"], len(still["steps"])) == ("unknown-type", True, 1)
    for _ in range(2):
        closed = (await ledger.api.post(f"{path}/close", json=WHY)).json()
        assert (closed["outcome"], closed["open"]) == ("unknown-type", False)
        assert [step["action"] for step in closed["steps"]] == ["replay", "close"]
    refused = await ledger.api.post(f"{path}/replay", json=WHY)
    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)


@pytest.mark.stack
async def test_a_fault_of_ours_loses_no_event(ledger):
    """The account's balance is at the end of what a row can hold, so crediting raises."""
    account = await ledger.open()
    event_id, body = f"e-{uuid4()}", ledger.payment(account["number"], 5)
    set_balance = "UPDATE account SET balance_micro = $2 WHERE id::text = $1"
    await ledger.sql(set_balance, account["id"], 2**63 - 1)
    try:
        answer = await ledger.deliver(body, event_id=event_id)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "failed"), answer.text
        (kept,) = await ledger.kept(event_id)
        assert (kept["open"], kept["payment_id"]) == (True, body["data"]["payment_id"])
    finally:
        await ledger.sql(set_balance, account["id"], 0)
    assert await ledger.newest(account, "entries") == []
    replayed = await ledger.api.post(f"/v1/payment-events/{kept['id']}/replay", json=WHY)
    assert replayed.json()["outcome"] == "credited"
    assert (await ledger.account(account))["balance_micro"] == 5
    await ledger.sums_to_zero()


@pytest.mark.stack
async def test_kept_events_are_listed_in_pages(ledger):
    ids = [f"e-{uuid4()}" for _ in range(7)]
    for event_id in ids:
        await ledger.deliver(REFUND, event_id=event_id)
    seen, more = [], {}
    while True:
        query = {"outcome": "unknown-type", "open": "true", "provider": "demo", "limit": 3} | more
        page = (await ledger.api.get("/v1/payment-events", params=query)).json()
        seen += [event["event_id"] for event in page["items"]]
        if page["next"] is None or set(ids) <= set(seen):
            break
        more = {"cursor": page["next"]}
    assert [each for each in seen if each in ids] == ids[::-1]
    assert len(set(seen)) == len(seen)
    none = await ledger.api.get("/v1/payment-events?outcome=unknown-type&open=false&provider=x")
    assert none.json() == {"items": [], "next": None}


@pytest.mark.stack
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/payment-events?outcome=lost", 422),
        ("GET", f"/v1/payment-events?before={NOTHING}", 422),
        ("GET", "/v1/payment-events?cursor=x", 422),
        ("GET", "/v1/payment-events?provider=%00", 422),
        ("GET", "/v1/payment-events?limit=0", 422),
        ("GET", f"/v1/payment-events/{NOTHING}", 404),
        ("POST", f"/v1/payment-events/{NOTHING}/replay", 404),
        ("POST", f"/v1/payment-events/{NOTHING}/close", 404),
        ("POST", "/v1/payment-events/x/close", 422),
    ],
)
async def test_what_is_wrong_about_kept_events_is_named(ledger, method, path, status):
    body = WHY if method == "POST" else None
    answer = await ledger.api.request(method, path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text


@pytest.mark.stack
async def test_unhandled_events_are_counted_until_a_person_has_looked(ledger):
    event_id = f"e-{uuid4()}"
    await ledger.deliver(REFUND, event_id=event_id)
    (kept,) = await ledger.kept(event_id)

    async def unhandled():
        text = (await ledger.api.get("/metrics")).text
        name = 'prewatt_ledger_payment_events_unhandled{outcome="unknown-type"} '
        return next(
            (float(line[len(name) :]) for line in text.splitlines() if line.startswith(name)), 0
        )

    async def in_database():
        return (
            await ledger.sql(
                "SELECT count(*) FROM payment_event WHERE open AND outcome = 'unknown-type'"
            )
        )[0][0]

    async def agree():
        return await unhandled() == await in_database()

    await ledger.until(agree, what="the gauge counts the event")
    before = await in_database()
    assert before >= 1
    await ledger.api.post(f"/v1/payment-events/{kept['id']}/close", json=WHY)
    assert await in_database() == before - 1
    await ledger.until(agree, what="the gauge counts it no more")


fields = st.fixed_dictionaries(
    {},
    optional={
        "payment_id": st.text(max_size=250) | st.none(),
        "account_number": st.text(max_size=120) | st.integers(),
        "amount_micro": st.integers() | st.floats() | st.text(max_size=5),
        "currency": st.sampled_from(["CNY", "EUR", "XXX", "cny", ""]) | st.text(max_size=4),
    },
)
signed_bodies = (
    st.binary(max_size=2_000)
    | st.dictionaries(st.text(max_size=10), st.text(max_size=10)).map(raw)
    | st.builds(lambda kind: raw({"type": kind, "data": {}}), st.text(max_size=300))
    | fields.map(lambda data: raw(payment(payment_id=str(uuid4())) | {"data": data}))
    | fields.map(lambda data: raw(payment(**{"payment_id": str(uuid4())} | data)))
)


@pytest.mark.stack
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=signed_bodies)
async def test_any_signed_bytes_are_kept_and_answered_2xx(ledger, body):
    event_id = f"e-{uuid4()}"
    answer = await ledger.deliver(body, event_id=event_id)
    assert answer.status_code == 200, answer.text
    (kept,) = await ledger.kept(event_id)
    assert base64.b64decode(kept["body_base64"]) == body
    again = await ledger.deliver(body, event_id=event_id)
    assert again.json() == answer.json() | {"repeated": True}


KILLS = 8


@pytest.mark.chaos
@pytest.mark.stack
@pytest.mark.timeout(280)
async def test_an_event_that_was_answered_is_there_whatever_is_killed(ledger):
    accounts = [await ledger.open() for _ in range(5)]
    answered: dict[str, bytes] = {}
    done = asyncio.Event()

    async def provide(worker):
        """As a provider does: again until it is answered."""
        for turn in range(40):
            event_id = f"kill-{uuid4()}"
            number = accounts[turn % 5]["number"]
            body = raw([ledger.payment(number, 3), REFUND, payment(amount_micro=0)][turn % 3])
            headers = ledger.signed(body, event_id=event_id)
            while event_id not in answered:
                try:
                    answer = await ledger.deliver(body, headers=headers)
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                    continue
                assert answer.status_code in (200, 503), answer.text
                if answer.status_code == 200:
                    answered[event_id] = body
        if worker == 0:
            done.set()

    async def kill():
        for _ in range(KILLS):  # and no more, or a slow machine would do nothing but start again
            if done.is_set():
                break
            await asyncio.sleep(0.4)
            await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
            await asyncio.to_thread(ledger.stack.start, "prepay-ledger")

    await asyncio.gather(kill(), *(provide(worker) for worker in range(8)))
    rows = await ledger.sql("SELECT event_id, body FROM payment_event WHERE event_id LIKE 'kill-%'")
    assert {row["event_id"]: row["body"] for row in rows} == answered
    assert len(rows) == 320
    paid = sum(
        b"payment.succeeded" in body and b'"amount_micro": 3' in body for body in answered.values()
    )
    balances = [(await ledger.account(account))["balance_micro"] for account in accounts]
    assert sum(balances) == 3 * paid
    await ledger.sums_to_zero()
