"""Procedures, agreements and evidence over HTTP and Kafka, with the running ledger."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_law import document, published, somebody_else
from msgspec.structs import replace

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.notice_events_v1 import NoticeDelivered, NoticeFailed, Proof, Role
from prewatt_common.contracts.topics import NOTICE_EVENTS
from prewatt_common.kafka.messages import Source

pytestmark = pytest.mark.stack

PAPER = {
    "jurisdiction": "direct",
    "warning_micro": 5_000_000,
    "overdraft_micro": 0,
    "contacts": ["sms"],
    "signed_at": "2026-03-01T09:00:00+08:00",
    "signed_by": "customer 7",
    "paper_reference": "archive/7",
    "paper_sha256": "ab" * 32,
    "reason": "signed at the counter",
}


async def say(ledger: Any, *events: NoticeDelivered | NoticeFailed) -> None:
    await ledger.producer.send([_message(event) for event in events])


def _message(event: NoticeDelivered | NoticeFailed) -> Any:
    told: Event = event
    return Source("test").message(
        topic=NOTICE_EVENTS, key=str(event.account_id), event=told, at=utc_now()
    )


async def test_a_procedure_from_its_draft_to_the_evidence_of_its_steps(ledger) -> None:
    made = await published(ledger, document())
    account = await ledger.open(prepay_agreement=None)
    path = f"/v1/accounts/{account['id']}"
    step = {"name": "approval", "role": "cost-control-approver", "reason": "ticket 7"}
    early = await ledger.api.post(f"{path}/procedure-steps", json=step)
    assert (early.status_code, early.json()["type"].rpartition(":")[2]) == (
        404,
        "no-prepay-agreement",
    )
    paper = PAPER | {"jurisdiction": made["jurisdiction"]}
    first = await ledger.api.put(f"{path}/prepay-agreement", json=paper)
    assert first.status_code == 201, first.text
    again = await ledger.api.put(f"{path}/prepay-agreement", json=paper)
    assert (again.status_code, again.json()) == (200, first.json())
    (agreed,) = (await ledger.api.get(f"{path}/prepay-agreements")).json()["items"]
    assert (agreed["version"], agreed["cut_micro"], agreed["by"]) == (1, 0, "test")

    approved = await ledger.api.post(f"{path}/procedure-steps", json=step)
    assert approved.status_code == 201, approved.text
    assert approved.json()["cited"] == f"{made['jurisdiction']}/any/prepay v1"
    second = {"name": "second-person", "role": "cost-control-reviewer", "reason": "seen"}
    alone = await ledger.api.post(f"{path}/procedure-steps", json=second)
    assert alone.status_code == 403, alone.text
    async with somebody_else(ledger) as other:
        assert (await other.post(f"{path}/procedure-steps", json=second)).status_code == 201
    evidence_id = approved.json()["id"]
    for _ in range(2):
        back = await ledger.api.post(
            f"{path}/procedure-steps/{evidence_id}/take-back", json={"reason": "wrong ticket"}
        )
        assert (back.status_code, back.json()["id"]) == (200, evidence_id)
    rows = (await ledger.api.get(f"{path}/procedure-steps")).json()["items"]
    # A notifier that runs beside this test warns of the balance of a new account.
    rows = [row for row in rows if row["by"] != "notifier"]
    assert [(row["name"], row["by"], row["takes_back"]) for row in rows] == [
        ("approval", "test", evidence_id),
        ("second-person", "wu", None),
        ("approval", "test", None),
    ]
    ended = await ledger.api.post(f"{path}/prepay-agreement/end", json={"reason": "moved out"})
    assert (ended.status_code, ended.json()["is_ended"]) == (200, True)


async def test_delivered_warnings_are_evidence_once_and_not_once_they_came_back(ledger) -> None:
    account = await ledger.open()
    path = f"/v1/accounts/{account['id']}/procedure-steps"
    now = utc_now()
    sms = NoticeDelivered(
        notice_id=uuid4(), account_id=account["id"], template="low-balance", channel="sms",
        cause_id=str(uuid4()), proof=Proof.RECEIPT, at=now,
    )  # fmt: skip
    back = NoticeFailed(
        notice_id=uuid4(), account_id=account["id"], template="low-balance", channel="email",
        cause_id=sms.cause_id, reason="nobody there", at=now + timedelta(seconds=1),
    )  # fmt: skip

    async def rows(count: int) -> list[dict[str, Any]]:
        async def there() -> list[dict[str, Any]] | None:
            found = (await ledger.api.get(path)).json()["items"]
            return found if len(found) == count else None

        return await ledger.until(there, what=f"{count} rows of evidence")

    await say(ledger, sms, sms)
    (row,) = await rows(1)
    assert (row["kind"], row["name"], row["form"], row["by"]) == (
        "notice",
        "low-balance",
        "sms",
        "notifier",
    )
    await say(ledger, back)
    newest, _ = await rows(2)
    assert (newest["takes_back"], newest["reason"]) == (
        row["id"],
        "no channel could deliver it",
    )
    # What is behind them in the partition is taken after them.
    exhausted = NoticeDelivered(
        notice_id=uuid4(), account_id=account["id"], template="balance-exhausted", channel="log",
        cause_id=str(uuid4()), proof=Proof.RECEIPT, at=now,
    )  # fmt: skip
    await say(ledger, sms, back, exhausted)
    newest, *_ = await rows(3)
    assert (newest["name"], newest["takes_back"]) == ("balance-exhausted", None)


async def test_what_a_nominated_person_was_told_is_no_word_to_the_customer(ledger) -> None:
    account = await ledger.open()
    now = utc_now()
    told = NoticeDelivered(
        notice_id=uuid4(), account_id=account["id"], template="low-balance", channel="sms",
        cause_id=str(uuid4()), proof=Proof.RECEIPT, at=now,
    )  # fmt: skip
    # Whatever its template: the role alone decides.
    theirs = replace(told, notice_id=uuid4(), role=Role.NOMINATED)
    lost = NoticeFailed(
        notice_id=uuid4(), account_id=account["id"], template="low-balance", channel="email",
        cause_id=told.cause_id, reason="nobody", at=now + timedelta(seconds=1),
        role=Role.NOMINATED,
    )  # fmt: skip
    await say(ledger, theirs)
    await say(ledger, told, lost)
    last = replace(told, notice_id=uuid4(), template="balance-exhausted", cause_id=str(uuid4()))
    await say(ledger, last)

    async def there() -> list[dict[str, Any]] | None:
        path = f"/v1/accounts/{account['id']}/procedure-steps"
        found = (await ledger.api.get(path)).json()["items"]
        return found if found and found[0]["name"] == "balance-exhausted" else None

    rows = await ledger.until(there, what="the last notice is evidence")
    assert [(row["name"], row["takes_back"]) for row in rows] == [
        ("balance-exhausted", None),
        ("low-balance", None),
    ]


async def test_what_was_brought_to_the_door_stays_whatever_fails_later(ledger) -> None:
    account = await ledger.open()
    now = utc_now()
    brought = NoticeDelivered(
        notice_id=uuid4(), account_id=account["id"], template="low-balance",
        channel="posted_at_premises", cause_id=str(uuid4()), proof=Proof.BROUGHT, at=now,
    )  # fmt: skip
    lost = NoticeFailed(
        notice_id=uuid4(), account_id=account["id"], template="low-balance", channel="sms",
        cause_id=brought.cause_id, reason="no phone", at=now + timedelta(seconds=1),
    )  # fmt: skip
    last = replace(
        brought, notice_id=uuid4(), channel="sms", template="balance-exhausted",
        cause_id=str(uuid4()), proof=Proof.RECEIPT,
    )  # fmt: skip
    await say(ledger, brought, lost)
    await say(ledger, last)

    async def there() -> list[dict[str, Any]] | None:
        path = f"/v1/accounts/{account['id']}/procedure-steps"
        found = (await ledger.api.get(path)).json()["items"]
        return found if found and found[0]["name"] == "balance-exhausted" else None

    rows = await ledger.until(there, what="the last notice is evidence")
    assert [(row["form"], row["takes_back"]) for row in rows] == [
        ("sms", None),
        ("posted_at_premises", None),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": [{"name": "x", "kind": "pray", "what": "w"}]}, "$.steps[0].kind"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"valid_from": "tomorrow"}, "$.valid_from"),
        ({"more": 1}, "unknown field `more`"),
    ],
)
async def test_a_document_at_fault_is_a_problem_that_names_the_place(ledger, change, said) -> None:
    body = {"document": document(**change), "reason": "r"}
    answer = await ledger.api.post("/v1/procedures", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (
        422,
        "application/problem+json",
    )
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"jurisdiction": "nowhere"}, 409),
        ({"cut_micro": 1}, 409),
        ({"signed_at": "2099-01-01T00:00:00Z"}, 409),
        ({"contacts": []}, 422),
        ({"contacts": ["pigeon"]}, 422),
        ({"paper_sha256": "short"}, 422),
        ({"reconnection": "never"}, 422),
        ({"reason": ""}, 422),
    ],
)
async def test_a_paper_that_says_too_little_or_too_much_is_refused(ledger, change, status) -> None:
    account = await ledger.open(prepay_agreement=None)
    path = f"/v1/accounts/{account['id']}"
    answer = await ledger.api.put(f"{path}/prepay-agreement", json=PAPER | change)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await ledger.api.get(f"{path}/prepay-agreements")).json()["items"] == []


async def test_what_is_of_an_account_that_there_is_not_is_not_found(ledger) -> None:
    path = f"/v1/accounts/{uuid4()}"
    for answer in (
        await ledger.api.put(f"{path}/prepay-agreement", json=PAPER),
        await ledger.api.post(f"{path}/prepay-agreement/end", json={"reason": "r"}),
        await ledger.api.post(
            f"{path}/procedure-steps", json={"name": "complaint_open", "reason": "r"}
        ),
        await ledger.api.get(f"{path}/prepay-agreements"),
        await ledger.api.get(f"{path}/procedure-steps"),
    ):
        assert answer.status_code == 404, answer.text


COLUMNS = "number,currency,meter_id,tariff_code,first_day,begins_at"
SIGNED = ",jurisdiction,contacts,signed_at,signed_by,paper_reference,paper_sha256"


async def test_an_import_brings_agreements_with_it(ledger) -> None:
    number = [ledger.number() for _ in range(4)]

    async def import_(columns: str, *lines: str, **query: str) -> httpx.Response:
        return await ledger.api.post(
            "/v1/accounts/import",
            content="\n".join([columns, *lines]),
            params=query,
            headers={"content-type": "text/csv"},
        )

    def line(number: str, *signed: str) -> str:
        begin = "2026-03-01"
        own = (number, "CNY", f"m-{number}", "test-flat", begin, f"{begin}T00:00:00Z")
        return ",".join((*own, *signed))

    paper = ("direct", "sms email", "2026-03-01T00:00:00Z", "li", "p/1", "ab" * 32)
    answer = await import_(
        COLUMNS + SIGNED, line(number[0], *paper), line(number[1], *[""] * 6),
        prepay_agreement="direct",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert (await import_(COLUMNS, line(number[2]))).status_code == 200
    rows = await ledger.sql(
        "SELECT a.number, p.version, p.contacts, p.signed_by FROM account AS a "
        "LEFT JOIN prepay_agreement AS p ON p.account_id = a.id "
        "WHERE a.number = ANY($1::text[]) ORDER BY array_position($1::text[], a.number)",
        number,
    )
    assert [tuple(row) for row in rows] == [
        (number[0], 1, ["email", "sms"], "li"),
        (number[1], 1, ["log"], number[1]),
        (number[2], None, None, None),
    ]
    for signed, said in (
        (("direct", "sms", "", "", "", ""), "needs signed_at, signed_by"),
        (("nowhere", *paper[1:]), "no procedure nowhere/any/prepay is published"),
        (("direct", "pigeon", *paper[2:]), "pigeon is no channel"),
        (("direct", "sms", "2099-01-01T00:00:00Z", *paper[3:]), "yet to come"),
    ):
        refused = await import_(COLUMNS + SIGNED, line(number[3], *signed))
        assert refused.status_code == 422, refused.text
        assert said in refused.text
