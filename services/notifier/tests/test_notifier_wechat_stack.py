"""Notices over WeChat, on real parts."""

import json
from collections.abc import AsyncGenerator

import pytest
from notifier_events import low
from wechat_api import APP_SECRET, WechatApi, wechat_document

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
async def wechat(notifier) -> AsyncGenerator[WechatApi]:
    """The notifier speaks with it meanwhile."""
    api = WechatApi()
    await api.start()
    before = notifier.environment
    assert await notifier.stop() == 0
    notifier.environment = before | {
        "PREWATT_WECHAT_ACCOUNT": json.dumps(wechat_document(api.url)),
        "PREWATT_WECHAT_SECRET": APP_SECRET,
    }
    await notifier.start()
    try:
        yield api
    finally:
        assert await notifier.stop() == 0
        notifier.environment = before
        await notifier.start()
        await api.stop()


def reader(name: str, *channels: str) -> dict:
    return {
        "language": "zh-CN", "wechat_openid": name, "email": f"{name}@home.example",
        "channels": ["wechat", *channels],
    }  # fmt: skip


async def test_a_reader_is_told_and_one_who_does_not_follow_another_way(notifier, wechat):
    account_id = await notifier.account(**reader("oReader-1"))
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "wechat", "accepted"))
    (message,) = wechat.to("oReader-1")
    assert message["template_id"] == "zh-CN_low-balance"
    assert message["client_msg_id"] == notice["id"].replace("-", "")
    wechat.answers["oReader-2"] = [43004]
    account_id = await notifier.account(**reader("oReader-2", "email"))
    await notifier.publish(low(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "wechat", "failed"), ("low-balance", "email", "accepted")
    )


async def test_killed_between_the_handing_in_and_the_note_of_it_it_says_the_same(notifier, wechat):
    wechat.delay_s = 1
    try:
        account_id = await notifier.account(**reader("oReader-3"))
        await notifier.publish(low(account_id))
        await notifier.until(lambda: len(wechat.to("oReader-3")) == 1, what="handed in")
        notifier.kill()
        await notifier.ended()
    finally:
        wechat.delay_s = 0
    await notifier.start()
    await notifier.until_notices(account_id, ("low-balance", "wechat", "accepted"))
    first, second = wechat.to("oReader-3")
    assert first == second


async def test_no_secret_is_in_the_log(notifier, wechat):
    said = notifier.log.read_text()
    for secret in (APP_SECRET, *wechat.tokens):
        assert secret not in said


async def test_a_contact_is_kept_with_its_openid_and_by_csv(notifier):
    path = "/v1/contacts/018f2f5e-7b6a-7c3a-9d1e-0123456789ad"
    header = "account_id,language,wechat_openid,channels\n"
    async with notifier.http("notifier:read", "notifier:write") as client:
        answer = await client.post(
            "/v1/contacts/import",
            content=f"{header}{path.rpartition('/')[2]},en,oReader-9,wechat\n",
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text
        assert (await client.get(path)).json()["wechat_openid"] == "oReader-9"
        refused = await client.put(path, json={"language": "en", "channels": ["wechat"]})
        assert (refused.status_code, "wechat_openid" in refused.text) == (422, True)
