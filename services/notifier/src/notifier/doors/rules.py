"""What is taken for a photo, and when somebody can have been at a door: pure."""

from datetime import datetime, timedelta
from hashlib import sha256

from notifier.doors.values import PHOTO_BYTES_MAX, DoorNotice, DoorReport, Photo, PhotoKind
from notifier.notices.values import Notice, Status
from prewatt_common.contracts.notice_events_v1 import Role

CLOCKS_APART_MAX = timedelta(minutes=5)
"""A phone's clock may be ahead of ours."""
_EDGES = {
    PhotoKind.JPEG: (b"\xff\xd8\xff", b"\xff\xd9"),
    PhotoKind.PNG: (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"IEND\xaeB`\x82"),
}
"""How each begins, and what is in it where it is whole: phones write more after a JPEG's end."""
_TAIL_BYTES = 64 * 1024


def photo_of(octets: bytes) -> Photo | None:
    """None where it is no whole JPEG or PNG, or too large.

    >>> photo_of(b"GIF89a") is None
    True
    """
    if len(octets) > PHOTO_BYTES_MAX:
        return None
    for kind, (begin, end) in _EDGES.items():
        if octets.startswith(begin) and end in octets[max(len(begin), len(octets) - _TAIL_BYTES) :]:
            return Photo(kind, octets, sha256(octets).digest())
    return None


def why_not(report: DoorReport, notice: Notice, *, made_at: datetime, now: datetime) -> str | None:
    """What keeps ``report`` from being written down; none where nothing does."""
    if notice.role is not Role.CUSTOMER:
        return "it was for a person whom the customer named: the customer has one of their own"
    if report.at > now + CLOCKS_APART_MAX:
        return "it was brought after now"
    if report.at < made_at:
        return "it was brought before there was such a notice"
    if report.at >= notice.expires_at:
        return (
            "it was brought after the notice's time was over: what it says may not be so any more"
        )
    return None


def is_late(report: DoorReport, *, within: timedelta, now: datetime) -> bool:
    """Whether it is too long ago to rest on one person's word."""
    return now - report.at > within


def is_true(notice: Notice, *, overtaken: bool) -> bool:
    """Whether it was true until it was recorded. A customer who wants no messages may be told at
    the door all the same."""
    return not overtaken and notice.status is not Status.WITHDRAWN


def is_same(known: DoorNotice, report: DoorReport) -> bool:
    """Whether an Idempotency-Key came again with what it came with before."""
    said = (report.notice_id, report.how, report.place, report.at, report.work_order_id)
    kept = (known.notice_id, known.how, known.place, known.at, known.work_order_id)
    return said == kept and report.photo.sha256 == known.photo_sha256
