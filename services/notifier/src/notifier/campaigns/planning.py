"""Whose turn it is, and what each of them gets: pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from notifier.campaigns.rules import Zones, zones_at
from notifier.campaigns.values import Campaign, Skipped, Terms, Waiting
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.quiet import QuietHours
from notifier.notices.making import make_notice
from notifier.notices.treatment import SAYS
from notifier.notices.values import NO_MONEY, Facts, Notice
from prewatt_common.ids import new_id


@dataclass(slots=True)
class Turn:
    """What becomes of some members: by their numbers."""

    notices: list[Notice] = field(default_factory=list[Notice])
    told: list[str] = field(default_factory=list[str])
    held_out: list[str] = field(default_factory=list[str])
    skipped: dict[str, Skipped] = field(default_factory=dict[str, Skipped])


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known as a turn begins. ``channels``: those of the campaign that have a text in the
    language ``fallback``; ``open_until``: the zones that may be told."""

    contacts: Mapping[UUID, Contact]
    declined: Mapping[UUID, Collection[Purpose]]
    nobody_declined: Collection[Purpose]
    """What is not told to whoever has said nothing."""
    channels: Sequence[Channel]
    texts: Collection[tuple[Language, Channel]]
    fallback: Language
    open_until: Mapping[str, datetime]
    lifetime: timedelta


def cause_of(campaign_id: UUID, account_id: UUID) -> UUID:
    """What called for the notice of an account: made twice it is the same."""
    return uuid5(campaign_id, str(account_id))


def zones_now(terms: Terms, zones: Sequence[str], quiet: QuietHours | None, now: datetime) -> Zones:
    """Where it may be told now, and until when; and where never again.

    A zone whose night it is on one of the channels waits with all of them, so that nobody is told
    over a later one for the hour's sake.
    """
    found, template = zones_at(terms.window, zones, now), SAYS[terms.purpose]

    def is_awake(zone: str) -> bool:
        return quiet is None or not any(
            quiet.until(now, zone=ZoneInfo(zone), channel=each, template=template)
            for each in terms.channels
        )

    awake = {zone: at for zone, at in found.open_until.items() if is_awake(zone)}
    return Zones(awake, found.over)


def plan_turn(
    campaign: Campaign, members: Sequence[Waiting], known: Known, *, most: int, now: datetime
) -> Turn:
    """In the order of ``members``, until ``most`` are told; whoever comes after waits on.

    Whoever is left out is so only if they would have been told, so that they are the same kind of
    people as those who are.
    """
    turn = Turn()
    for member in members:
        contact = known.contacts.get(member.account_id)
        declined = known.declined.get(member.account_id, known.nobody_declined)
        narrowed = None if contact is None else contact.over(known.channels)
        if campaign.terms.purpose in declined:
            turn.skipped[member.number] = Skipped.NO_CONSENT
        elif narrowed is None or not narrowed.channels:
            turn.skipped[member.number] = Skipped.NO_CHANNEL
        elif member.held_out:
            turn.held_out.append(member.number)
        elif len(turn.told) == most:
            break
        else:
            turn.told.append(member.number)
            turn.notices.append(_notice(campaign, member, narrowed, known, now))
    return turn


def _notice(
    campaign: Campaign, member: Waiting, contact: Contact, known: Known, now: datetime
) -> Notice:
    channel = contact.ways[0]
    if (contact.language, channel) not in known.texts:
        contact = replace(contact, language=known.fallback)
    notice = make_notice(
        cause_id=cause_of(campaign.id, member.account_id),
        template=SAYS[campaign.terms.purpose],
        contact=contact,
        channel=channel,
        facts=Facts(at=now, currency=NO_MONEY),
        settled_above_micro=None,
        position=member.position,
        now=now,
        expires_at=min(known.open_until[member.zone], now + known.lifetime),
        campaign_id=campaign.id,
    )
    # By its channel alone it would be one that a pause has withdrawn.
    return notice if member.position == 0 else replace(notice, id=new_id())
