"""How whoever does not read, or reads another language, is told of by a campaign."""

from dataclasses import replace

from test_notifier_campaign_rules import AT, campaign, contact, known, waiting

from notifier.campaigns.planning import plan_turn
from notifier.contacts.values import Channel, Language


def test_who_does_not_read_is_called_where_the_campaign_calls_and_not_where_it_does_not():
    reader = replace(contact(1, Channel.SMS), reads=False)
    texts = {(Language.EN, Channel.SMS), (Language.EN, Channel.VOICE)}
    found = known(reader, channels=[Channel.SMS, Channel.VOICE], texts=texts)
    (called,) = plan_turn(campaign(), [waiting("1")], found, most=1, now=AT).notices
    assert called.channel is Channel.VOICE
    found = known(reader, channels=[Channel.SMS], texts=texts)
    (sent,) = plan_turn(campaign(), [waiting("1")], found, most=1, now=AT).notices
    # There is no other channel, which would be given half of its time.
    assert (sent.channel, sent.give_up_at) == (Channel.SMS, sent.expires_at)
