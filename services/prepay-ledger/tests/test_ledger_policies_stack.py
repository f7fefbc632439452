"""Policies, protections and protected periods in a real database: who may, and what is kept."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ledger_scratch import ACCOUNT, OTHER, Scratch

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.policies.book import BUILT_IN, PolicyBook
from prepay_ledger.policies.declare_period import declare_period, end_period
from prepay_ledger.policies.protect_account import end_protection, grant_protection
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy, withdraw_policy
from prepay_ledger.policies.refusals import (
    PeriodRefused,
    PolicyRefused,
    ProtectionRefused,
    UnknownPeriod,
    UnknownPolicy,
    UnknownProtection,
)
from prepay_ledger.policies.values import Area, PolicyDraft, ProtectedPeriod, Protection
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.contracts.supply_policy_v1 import canonical, policy_of
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

DAY = timedelta(days=1)
NOW = utc_now().replace(microsecond=0)
DOCUMENT = {
    "title": "a city",
    "calendars": {"city": {"friendly_hours": [{"begin": "22:00", "end": "07:00"}]}},
    "classes": {"household": {"calendar": "city"}},
    "protections": {"medical": {"longest_days": 90}, "other": {"papers": False}},
}


def by(person: str, *, at: Any = NOW) -> Decided:
    return Decided(by=person, reason="test", at=at)


@pytest.fixture
async def scratch(own_database_url: str) -> AsyncGenerator[Scratch]:
    made = Scratch(own_database_url)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    yield made
    await made.database.close()


async def draft(
    scratch: Scratch, document: Any = DOCUMENT, *, person: str = "ann", effective_from: Any = None
) -> PolicyDraft:
    async with scratch.unit() as unit:
        return await draft_policy(
            unit=unit,
            document=policy_of(document),
            effective_from=effective_from,
            decided=by(person),
        )


async def publish(
    scratch: Scratch, policy_id: UUID, person: str = "bob", **more: Any
) -> PolicyDraft:
    async with scratch.unit() as unit:
        return await publish_policy(unit=unit, policy_id=policy_id, decided=by(person, **more))


async def withdraw(scratch: Scratch, policy_id: UUID) -> PolicyDraft:
    async with scratch.unit() as unit:
        return await withdraw_policy(unit=unit, policy_id=policy_id, decided=by("ann"))


async def book(scratch: Scratch) -> PolicyBook:
    async with scratch.unit() as unit:
        return await unit.policies.book()


async def facts(scratch: Scratch, kind: str) -> list[dict[str, Any]]:
    rows = await scratch.sql("SELECT body FROM fact WHERE kind = $1 ORDER BY id", kind)
    return [json.loads(row["body"]) for row in rows]


async def test_an_empty_database_has_what_is_built_in(scratch: Scratch) -> None:
    empty = await book(scratch)
    assert empty.version(NOW) is BUILT_IN
    assert await book(scratch) is empty, "it is made once"


async def test_what_one_drafts_another_publishes_and_it_stands(scratch: Scratch) -> None:
    drafted = await draft(scratch)
    assert (await book(scratch)).version(NOW) is BUILT_IN, "a draft changes nothing"
    with pytest.raises(NeedsSecondPerson, match="somebody else than ann"):
        await publish(scratch, drafted.id, "ann")
    published = await publish(scratch, drafted.id)
    assert (published.state, published.number) == (DraftState.PUBLISHED, 1)
    holding = (await book(scratch)).version(NOW)
    assert (holding.id, holding.number, holding.effective_from) == (drafted.id, 1, NOW)
    assert (holding.drafted.by, holding.published.by) == ("ann", "bob")
    policy = (await book(scratch)).in_force("household", at=NOW)
    assert policy.calendar is not None
    assert policy is (await book(scratch)).in_force("household", at=NOW), "the book is kept"
    again = await publish(scratch, drafted.id, "cid")
    assert again == published, "the same again changes nothing"
    (told,) = await facts(scratch, "prewatt.ledger.policy-published.v1")
    assert (told["by"], told["drafted_by"], told["number"]) == ("bob", "ann", 1)
    assert told["document"] == canonical(policy_of(DOCUMENT)).decode()
    assert told["sha256"] == holding.sha256
    with pytest.raises(PolicyRefused, match="was published and stands"):
        await withdraw(scratch, drafted.id)


async def test_a_version_that_begins_later_holds_from_then_on(scratch: Scratch) -> None:
    first, later = await draft(scratch), await draft(scratch, {}, effective_from=NOW + DAY)
    await publish(scratch, first.id)
    await publish(scratch, later.id)
    held = await book(scratch)
    numbers = [held.version(NOW + n * DAY).number for n in (0, 1)]
    assert (numbers, held.next_change(NOW)) == ([1, 2], NOW + DAY)


async def test_nothing_is_published_for_the_past(scratch: Scratch) -> None:
    with pytest.raises(PolicyRefused, match="which is past"):
        await draft(scratch, effective_from=NOW - timedelta(seconds=1))
    late = await draft(scratch, effective_from=NOW + DAY)
    with pytest.raises(PolicyRefused, match="which is past"):
        await publish(scratch, late.id, at=NOW + 2 * DAY)
    assert await facts(scratch, "prewatt.ledger.policy-published.v1") == []


async def test_what_was_withdrawn_is_not_published(scratch: Scratch) -> None:
    drafted = await draft(scratch)
    assert (await withdraw(scratch, drafted.id)).state is DraftState.WITHDRAWN
    assert (await withdraw(scratch, drafted.id)).state is DraftState.WITHDRAWN
    with pytest.raises(PolicyRefused, match="was withdrawn"):
        await publish(scratch, drafted.id)
    with pytest.raises(UnknownPolicy):
        await publish(scratch, uuid4())


async def test_of_many_at_once_each_has_a_number_and_is_told_once(scratch: Scratch) -> None:
    drafts = [await draft(scratch) for _ in range(4)]
    # Each twice: a person who does not wait for the answer.
    await asyncio.gather(*(publish(scratch, each.id) for each in drafts for _ in range(2)))
    rows = await scratch.sql("SELECT number FROM policy_version ORDER BY number")
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    told = await facts(scratch, "prewatt.ledger.policy-published.v1")
    assert sorted(each["number"] for each in told) == [1, 2, 3, 4]
    assert (await book(scratch)).version(NOW).number == 4


async def test_who_dies_while_publishing_has_published_nothing(scratch: Scratch) -> None:
    drafted = await draft(scratch)
    with pytest.raises(ZeroDivisionError):
        async with scratch.unit() as unit:
            await publish_policy(unit=unit, policy_id=drafted.id, decided=by("bob"))
            assert (await unit.policies.book()).version(NOW).number == 1
            raise ZeroDivisionError
    assert (await book(scratch)).version(NOW) is BUILT_IN
    await publish(scratch, drafted.id)
    assert (await book(scratch)).version(NOW).number == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_version SET document = '{}'",
        "DELETE FROM policy_version",
        "UPDATE policy_draft SET decided_by = 'ann' WHERE state = 'published'",
        "INSERT INTO policy_version SELECT id, 2, document, sha256, effective_from, drafted_by, "
        "draft_reason, drafted_at, drafted_by, reason, published_at, day FROM policy_version",
    ],
)
async def test_the_database_refuses_too(scratch: Scratch, statement: str) -> None:
    await publish(scratch, (await draft(scratch)).id)
    with pytest.raises(asyncpg.PostgresError):
        await scratch.sql(statement)


async def grant(scratch: Scratch, **more: Any) -> Protection:
    asked: dict[str, Any] = {
        "account_id": ACCOUNT,
        "kind": "medical",
        "papers": "file 7",
        "begins_at": None,
        "ends_at": None,
        "decided": by("ann"),
    }
    async with scratch.unit() as unit:
        return await grant_protection(unit=unit, **asked | more)


async def standing(scratch: Scratch, at: Any) -> tuple[tuple[str, ...], Any] | None:
    async with scratch.unit() as unit:
        found = await unit.protections.standing([ACCOUNT, OTHER], now=at)
    assert OTHER not in found
    one = found.get(ACCOUNT)
    return None if one is None else (one.kinds, one.changes_at)


async def test_a_protection_begins_expires_and_is_told_without_papers(scratch: Scratch) -> None:
    await publish(scratch, (await draft(scratch)).id)
    granted = await grant(scratch)
    assert (granted.begins_at, granted.ends_at) == (NOW, NOW + 90 * DAY)
    await grant(scratch, kind="other", papers="", begins_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    assert await standing(scratch, NOW) == (("medical",), NOW + DAY)
    assert await standing(scratch, NOW + DAY) == (("medical", "other"), NOW + 2 * DAY)
    assert await standing(scratch, NOW + 2 * DAY) == (("medical",), NOW + 90 * DAY)
    assert await standing(scratch, NOW + 90 * DAY) is None
    first, _ = await facts(scratch, "prewatt.ledger.protection-set.v1")
    assert (first["kind"], first["by"]) == ("medical", "ann")
    assert "file 7" not in json.dumps(first)


async def test_a_protection_ends_before_its_time_or_before_it_began(scratch: Scratch) -> None:
    now, coming = await grant(scratch), await grant(scratch, begins_at=NOW + 10 * DAY)
    async with scratch.unit() as unit:
        for each in (now, coming):
            ended = await end_protection(
                unit=unit,
                account_id=ACCOUNT,
                protection_id=each.id,
                decided=by("bob", at=NOW + DAY),
            )
            assert (ended.ends_at, ended.revision) == (NOW + DAY, 2)
        again = await end_protection(
            unit=unit, account_id=ACCOUNT, protection_id=now.id, decided=by("c", at=NOW + 2 * DAY)
        )
        assert (again.ends_at, again.decided.by) == (NOW + DAY, "bob")
        with pytest.raises(UnknownProtection):
            await end_protection(
                unit=unit, account_id=OTHER, protection_id=now.id, decided=by("bob")
            )
    assert await standing(scratch, NOW + DAY) is None
    assert await standing(scratch, NOW + 11 * DAY) is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kind": "friend"}, "knows no protection friend, but: important_user, medical"),
        ({"papers": ""}, "takes papers"),
        ({"ends_at": NOW + 367 * DAY}, "lasts 366 days at most"),
        ({"begins_at": NOW - 2 * DAY, "ends_at": NOW - DAY}, "before it protects anybody"),
    ],
)
async def test_a_protection_is_as_the_policy_in_force_allows(
    scratch: Scratch, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProtectionRefused, match=message):
        await grant(scratch, **asked)


async def test_nobody_unknown_is_protected(scratch: Scratch) -> None:
    with pytest.raises(UnknownAccount):
        await grant(scratch, account_id=uuid4())


async def declare(scratch: Scratch, **more: Any) -> ProtectedPeriod:
    asked: dict[str, Any] = {
        "kind": PeriodKind.HEAT,
        "name": "red warning",
        "area": None,
        "begins_at": None,
        "ends_at": NOW + DAY,
        "decided": by("ann"),
    }
    async with scratch.unit() as unit:
        return await declare_period(unit=unit, **asked | more)


async def test_a_period_is_declared_found_and_ended(scratch: Scratch) -> None:
    line = Area(AreaLevel.LINE, "east 7")
    everywhere = await declare(scratch)
    on_line = await declare(scratch, area=line, begins_at=NOW + DAY, ends_at=NOW + 3 * DAY)
    async with scratch.unit() as unit:
        assert await unit.protected_periods.declared(now=NOW) == [everywhere, on_line]
        assert await unit.protected_periods.declared(now=NOW + DAY) == [on_line]
        decided = by("bob", at=NOW + 2 * DAY)
        ended = await end_period(unit=unit, period_id=on_line.id, decided=decided)
        assert (ended.ends_at, ended.revision) == (NOW + 2 * DAY, 2)
        assert await unit.protected_periods.declared(now=NOW + 2 * DAY) == []
        assert (
            await end_period(unit=unit, period_id=on_line.id, decided=by("c", at=NOW + 9 * DAY))
            == ended
        )
        with pytest.raises(UnknownPeriod):
            await end_period(unit=unit, period_id=uuid4(), decided=decided)
    told = await facts(scratch, "prewatt.ledger.protected-period-set.v1")
    assert [(each["area"], each["revision"]) for each in told] == [
        (None, 1),
        ("east 7", 1),
        ("east 7", 2),
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"ends_at": NOW}, "before it holds any cut"),
        ({"ends_at": NOW + 367 * DAY}, "longer than 366 days"),
    ],
)
async def test_a_period_that_holds_nothing_or_for_ever_is_refused(
    scratch: Scratch, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(PeriodRefused, match=message):
        await declare(scratch, **asked)
