"""What is taken for a photo, and when somebody can have been at a door: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_doors import JPEG, PNG
from test_notifier_planning import MAIL

from notifier.doors.rules import is_late, is_same, is_true, photo_of, why_not
from notifier.doors.values import (
    PHOTO_BYTES_MAX,
    Confirmation,
    DoorNotice,
    DoorReport,
    How,
    PhotoKind,
    Place,
)
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Status, Template
from prewatt_common.contracts.notice_events_v1 import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTICE = make_notice(
    cause_id=uuid4(),
    template=Template.SUPPLY_OFF,
    contact=MAIL,
    channel=MAIL.channels[0],
    facts=Facts(at=NOON, currency="CNY", balance_micro=-1),
    settled_above_micro=0,
    position=0,
    now=NOON,
    expires_at=NOON + timedelta(days=2),
)


def report(**changes) -> DoorReport:
    photo = photo_of(JPEG)
    assert photo is not None
    made = DoorReport(
        notice_id=NOTICE.id,
        how=How.IN_PERSON,
        place=Place(31_230_416, 121_473_701, None),
        at=NOON + timedelta(hours=3),
        photo=photo,
        work_order_id=None,
        by="li.wei",
        key="k",
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (JPEG, PhotoKind.JPEG),
        (PNG, PhotoKind.PNG),
        # Phones write more after the picture's end.
        (JPEG + b"\0" * 5_000, PhotoKind.JPEG),
        (JPEG[:-2], None),
        (PNG[:-4], None),
        (b"\xff\xd8\xff", None),
        (b"<svg>\xff\xd9", None),
        (b"", None),
        (JPEG[:3] + bytes(PHOTO_BYTES_MAX) + JPEG[-2:], None),
        (JPEG[:3] + bytes(PHOTO_BYTES_MAX - 5) + JPEG[-2:], PhotoKind.JPEG),
    ],
)
def test_what_is_a_photo(octets, kind):
    photo = photo_of(octets)
    assert (photo and photo.kind) == kind
    assert photo is None or photo.octets == octets


@given(st.binary(max_size=200))
def test_anything_may_be_sent(octets):
    photo = photo_of(octets)
    assert photo is None or photo.octets is octets


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, None),
        ({"at": NOON}, None),
        # The phone's clock is a little ahead.
        ({"at": NOON + timedelta(hours=4, minutes=5)}, None),
        ({"at": NOON + timedelta(hours=4, minutes=6)}, "after now"),
        ({"at": NOON - timedelta(seconds=1)}, "before there was"),
    ],
)
def test_when_it_can_have_been(changes, says):
    why = why_not(report(**changes), NOTICE, made_at=NOON, now=NOON + timedelta(hours=4))
    assert (why is None) if says is None else (says in (why or ""))


def test_after_its_time_it_says_what_was():
    late = report(at=NOTICE.expires_at)
    now = NOTICE.expires_at + timedelta(hours=1)
    assert "time was over" in (why_not(late, NOTICE, made_at=NOON, now=now) or "")
    # Brought in time and recorded in the evening.
    assert why_not(report(), NOTICE, made_at=NOON, now=now) is None


def test_what_a_nominated_person_got_is_not_the_customers():
    theirs = replace(NOTICE, role=Role.NOMINATED)
    now = NOON + timedelta(hours=4)
    assert "named" in (why_not(report(), theirs, made_at=NOON, now=now) or "")


@pytest.mark.parametrize(
    ("status", "overtaken", "holds"),
    [
        (Status.FAILED, False, True),
        (Status.ACCEPTED, False, True),
        (Status.SUPPRESSED, False, True),
        (Status.DECLINED, False, True),
        (Status.FAILED, True, False),
        (Status.WITHDRAWN, False, False),
    ],
)
def test_what_is_overtaken_is_no_evidence(status, overtaken, holds):
    assert is_true(replace(NOTICE, status=status), overtaken=overtaken) is holds


@pytest.mark.parametrize(
    "changes",
    [
        {"how": How.POSTED_AT_PREMISES},
        {"place": Place(None, None, "12 Plum Lane")},
        {"at": NOON},
        {"photo": photo_of(PNG)},
        {"work_order_id": uuid4()},
        {"notice_id": uuid4()},
    ],
)
def test_a_key_is_of_one_record(changes):
    first = report()
    kept = DoorNotice(
        id=uuid4(),
        notice_id=first.notice_id,
        account_id=NOTICE.account_id,
        template=NOTICE.template,
        how=first.how,
        place=first.place,
        at=first.at,
        work_order_id=None,
        photo_sha256=first.photo.sha256,
        by=first.by,
        recorded_at=NOON,
        is_late=False,
        is_evidence=True,
    )
    assert is_same(kept, report())
    assert not is_same(kept, report(**changes))


@pytest.mark.parametrize(
    ("later", "late"),
    [
        (timedelta(0), False),
        (timedelta(hours=48), False),
        (timedelta(hours=48, microseconds=1), True),
        (-timedelta(minutes=5), False),
    ],
)
def test_what_was_brought_long_before_it_is_recorded_is_late(later, late):
    assert is_late(report(), within=timedelta(hours=48), now=report().at + later) is late


def test_it_is_evidence_from_when_the_last_vouched_for_it():
    at = report().at
    kept = DoorNotice(
        id=uuid4(),
        notice_id=NOTICE.id,
        account_id=NOTICE.account_id,
        template=NOTICE.template,
        how=How.IN_PERSON,
        place=report().place,
        at=at,
        work_order_id=None,
        photo_sha256=b"",
        by="li.wei",
        recorded_at=at + timedelta(hours=1),
        is_late=False,
        is_evidence=True,
    )
    assert kept.evidence_from == kept.recorded_at
    assert replace(kept, is_evidence=False, is_late=True).evidence_from is None
    confirmation = Confirmation(
        door_id=kept.id,
        by="wang.fang",
        reason="the list of the round",
        key="k",
        at=at + timedelta(days=4),
        is_evidence=True,
    )
    confirmed = replace(kept, is_late=True, confirmation=confirmation)
    assert confirmed.evidence_from == confirmation.at
