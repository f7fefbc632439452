"""How whoever does not read, or reads another language, is told of by a campaign."""

from dataclasses import replace

import pytest
from notifier_campaigns import Campaigns
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


@pytest.mark.stack
async def test_the_next_channel_says_it_in_a_language_that_the_campaign_has_there(
    notifier, smtp_peer
):
    campaigns = Campaigns(notifier)
    (number,) = accounts = await campaigns.accounts(1, channels=("email", "log"))
    smtp_peer.answers[f"{number}@home.example"] = "550 nobody here"
    change = "UPDATE contact SET language = 'en' WHERE account_id = $1"
    await campaigns.rows(change, accounts[number])
    made = (await campaigns.draft(channels=["email", "log"])).json()
    await campaigns.upload(made["id"], accounts)
    for language, channel in (("zh-CN", "email"), ("en", "email"), ("zh-CN", "log")):
        await campaigns.publish(made, language, channel)
    for what, state in (("approve", "frozen"), ("start", "ended")):
        assert (await campaigns.decide(what, made["id"])).status_code == 200
        await campaigns.until_state(made["id"], state)

    async def told() -> bool:
        found = await notifier.notices(accounts[number])
        ends = [("email", "failed"), ("log", "delivered")]
        return [(each["channel"], each["status"]) for each in found] == ends

    # A campaign has ended once its last notice was sent; what became of that comes after.
    await notifier.until(told, what="the next channel")
