"""Whose signature holds, of each kind of provider: vectors made by the providers' own libraries."""

import hmac
import json
from base64 import b64encode
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from ledger_providers import (
    API_V3_KEYS,
    PUBLIC_KEY_IDS,
    STANDARD_SECRETS,
    STRIPE_SECRETS,
    Call,
    alipay_call,
    certificate,
    key,
    ledger_settings,
    notice,
    private_pem,
    public_pem,
    sealed,
    standard_call,
    stripe_call,
    stripe_event,
    transaction,
    wechat_call,
)
from wechatpayv3 import WeChatPay, WeChatPayType

from prepay_ledger.providers.rsa_keys import signed_by
from prepay_ledger.providers.values import BadSignature, Kind, Told
from prewatt_common.clock import utc_now

PROVIDERS = {name: each.provider() for name, each in ledger_settings().payment_providers.items()}
PAID = {
    "id": "evt_1",
    "type": "payment.succeeded",
    "timestamp": "2026-11-28T09:30:00Z",
    "data": {
        "payment_id": "p-1",
        "account_number": "1001",
        "amount_micro": 12_500_000,
        "currency": "CNY",
    },
}
INTENT = stripe_event(
    "payment_intent.succeeded",
    id="pi_1",
    amount=1250,
    amount_received=1250,
    currency="cny",
    metadata={"account_number": "1001"},
)
PLATFORM_SERIAL = certificate("wechat platform")[1]
OTHER_STANDARD = "whsec_" + "QUFB" * 8


def standard(**more):
    return standard_call(PAID, **more)


def stripe(**more):
    return stripe_call(INTENT, **more)


def wechat(**more):
    return wechat_call(sealed(transaction()), **more)


def alipay(*, by="alipay new", at=None, **fields):
    return alipay_call(notice(at=at, **fields), by=by)


CALLS = {"demo": standard, "cards": stripe, "wechat": wechat, "alipay": alipay}
IDS = {
    "demo": "evt_1",
    "cards": "evt_1",
    "wechat": "EV-1",
    "alipay": "ac05099524730693a8b330c5ecf72da9786",
}
GOOD = {
    "standard": ("demo", standard),
    "standard, old secret": ("demo", lambda: standard(secret=STANDARD_SECRETS[1])),
    "stripe": ("cards", stripe),
    "stripe, old secret": ("cards", lambda: stripe(secret=STRIPE_SECRETS[1])),
    "wechat, public key": ("wechat", wechat),
    "wechat, old public key": (
        "wechat",
        lambda: wechat(by="wechat old", serial=PUBLIC_KEY_IDS[1]),
    ),
    "wechat, platform certificate": (
        "wechat",
        lambda: wechat(by="wechat platform", serial=PLATFORM_SERIAL),
    ),
    "wechat, old APIv3 key": (
        "wechat",
        lambda: wechat_call(sealed(transaction(), api_v3_key=API_V3_KEYS[1])),
    ),
    "alipay": ("alipay", alipay),
    "alipay, old key": ("alipay", lambda: alipay(by="alipay old")),
    "alipay, repeated for a day": ("alipay", lambda: alipay(at=utc_now() - timedelta(hours=25))),
    "alipay, parameters in another order": (
        "alipay",
        lambda: Call({}, b"&".join(reversed(alipay().body.split(b"&")))),
    ),
}


@pytest.mark.parametrize(("provider", "made"), GOOD.values(), ids=GOOD)
def test_a_good_call_is_verified_and_tells_of_the_payment(provider, made):
    call = made()
    verified = PROVIDERS[provider].verified(call.headers, call.body, utc_now())
    assert verified.event_id == IDS[provider]
    told = PROVIDERS[provider].read(verified.plain)
    assert isinstance(told, Told), told
    assert (told.kind, told.account_number) == (Kind.PAID, "1001")
    assert (told.amount_micro, told.currency) == (12_500_000, "CNY")
    assert told.movement_id == told.payment_id
    assert PROVIDERS[provider].opened(call.body) == verified.plain


def without(call, header):
    return Call({name: value for name, value in call.headers.items() if name != header}, call.body)


def changed(call, **headers):
    return Call(
        call.headers | {name.replace("_", "-"): value for name, value in headers.items()}, call.body
    )


def one_byte_off(call):
    at = call.body.index(b"1001") if b"1001" in call.body else len(call.body) // 2
    return Call(call.headers, call.body[:at] + b"2" + call.body[at + 1 :])


def resigned(call, sign):
    head, _, _ = call.body.partition(b"&sign=")
    return Call(call.headers, head + b"&sign=" + quote_plus(sign).encode() + b"&sign_type=RSA2")


BAD = {
    "standard, another secret": ("demo", lambda: standard(secret=OTHER_STANDARD), "secret"),
    "stripe, another secret": ("cards", lambda: stripe(secret="whsec_of_another"), "secret"),
    "stripe, no header": ("cards", lambda: without(stripe(), "stripe-signature"), "one t and a v1"),
    "stripe, no v1": (
        "cards",
        lambda: changed(
            stripe(), stripe_signature=stripe().headers["stripe-signature"].replace("v1", "v0")
        ),
        "one t and a v1",
    ),
    "stripe, two times": (
        "cards",
        lambda: changed(stripe(), stripe_signature="t=1," + stripe().headers["stripe-signature"]),
        "one t and a v1",
    ),
    "stripe, no number": ("cards", lambda: changed(stripe(), stripe_signature="t=x,v1=y"), "1970"),
    "stripe, digits of another script": (
        "cards",
        lambda: changed(stripe(), stripe_signature="t=\u0661,v1=y"),
        "1970",
    ),
    "stripe, a huge time": (
        "cards",
        lambda: changed(stripe(), stripe_signature=f"t={'9' * 400},v1=y"),
        "1970",
    ),
    "stripe, not ASCII": (
        "cards",
        lambda: changed(
            stripe(), stripe_signature=f"t={int(utc_now().timestamp())},v1=\u00e4\u00ff"
        ),
        "secret",
    ),
    "wechat, another key": ("wechat", lambda: wechat(by="stranger"), "not made by the key"),
    "wechat, the other key's serial": (
        "wechat",
        lambda: wechat(serial=PUBLIC_KEY_IDS[1]),
        "not made by the key",
    ),
    "wechat, an unknown serial": ("wechat", lambda: wechat(serial="5157F09EFDC096DE"), "5157F09"),
    "wechat, no serial": ("wechat", lambda: without(wechat(), "wechatpay-serial"), "no key"),
    "wechat, certificate is over": (
        "wechat",
        lambda: wechat(by="wechat past", serial=certificate("wechat past", days=-1)[1]),
        "holds until",
    ),
    "wechat, no nonce": ("wechat", lambda: without(wechat(), "wechatpay-nonce"), "Nonce"),
    "wechat, no time": ("wechat", lambda: without(wechat(), "wechatpay-timestamp"), "1970"),
    "wechat, no signature": (
        "wechat",
        lambda: without(wechat(), "wechatpay-signature"),
        "not made",
    ),
    "wechat, no base64": ("wechat", lambda: changed(wechat(), wechatpay_signature="!"), "not made"),
    "wechat, a probe": (
        "wechat",
        lambda: changed(wechat(), wechatpay_signature="WECHATPAY/SIGNTEST/abcd"),
        "not made",
    ),
    "alipay, another key": ("alipay", lambda: alipay(by="stranger"), "Alipay's public keys"),
    "alipay, no base64": ("alipay", lambda: resigned(alipay(), "!"), "Alipay's public keys"),
    "alipay, another sign_type": (
        "alipay",
        lambda: Call({}, alipay().body.replace(b"sign_type=RSA2", b"sign_type=RSA")),
        "RSA2",
    ),
    "alipay, a parameter twice": (
        "alipay",
        lambda: Call({}, alipay().body + b"&total_amount=99.00"),
        "twice",
    ),
    "alipay, a parameter more": ("alipay", lambda: Call({}, alipay().body + b"&more=1"), "made by"),
    "alipay, JSON": ("alipay", lambda: Call({}, b'{"app_id": 1}'), "no form"),
    "alipay, no time": ("alipay", lambda: alipay(notify_time="soon"), "notify_time"),
} | {
    f"{provider}, {what}": (provider, made, says)
    for provider, call in CALLS.items()
    for what, made, says in [
        ("one byte off", lambda call=call: one_byte_off(call()), None),
        ("old", lambda call=call: call(at=utc_now() - timedelta(hours=27)), "are allowed"),
        ("ahead", lambda call=call: call(at=utc_now() + timedelta(hours=27)), "are allowed"),
        ("no body", lambda call=call: Call(call().headers, b""), None),
        ("no headers", lambda call=call: Call({}, call().body + b"."), None),
        ("not UTF-8", lambda call=call: Call(call().headers, b"\xff\xfe" + call().body), None),
    ]
}


@pytest.mark.parametrize(("provider", "made", "says"), BAD.values(), ids=BAD)
def test_a_call_that_is_not_the_providers_is_refused(provider, made, says):
    call = made()
    with pytest.raises(BadSignature, match=says):
        PROVIDERS[provider].verified(call.headers, call.body, utc_now())


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (295, True), (310, False)])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("provider", ["cards", "wechat"])
def test_a_call_is_fresh_for_five_minutes_either_way(provider, sign, seconds, fresh):
    call, now = CALLS[provider](), utc_now() + timedelta(seconds=sign * seconds)
    if fresh:
        assert PROVIDERS[provider].verified(call.headers, call.body, now)
        return
    with pytest.raises(BadSignature, match="300 are allowed"):
        PROVIDERS[provider].verified(call.headers, call.body, now)


def test_one_good_signature_of_stripe_among_others_is_enough():
    call = stripe()
    timestamp, good = call.headers["stripe-signature"].split(",")
    for parts in ([timestamp, "v1=bad", good, "v0=x"], [good, timestamp], ["x", timestamp, good]):
        headers = {"stripe-signature": ",".join(parts)}
        assert PROVIDERS["cards"].verified(headers, call.body, utc_now()).event_id == "evt_1"


def test_wechats_own_library_reads_our_vectors_the_same():
    library = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid="1900000109",
        private_key=private_pem("merchant"),
        cert_serial_no="1",
        apiv3_key=API_V3_KEYS[0],
        appid="wx",
        public_key=public_pem("wechat new"),
        public_key_id=PUBLIC_KEY_IDS[0],
    )
    call = wechat()
    opened = library.callback(call.headers, call.body)
    plain = PROVIDERS["wechat"].verified(call.headers, call.body, utc_now()).plain
    assert json.loads(plain) == opened


def test_a_notice_in_gbk_is_verified_by_its_bytes():
    """What python-alipay-sdk cannot do: the signature is over the bytes of the form's charset."""
    form = {
        name: value.encode("gbk")
        for name, value in notice(charset="GBK", subject="电费", passback_params="户号一").items()
    }
    signed = b"&".join(name.encode() + b"=" + form[name] for name in sorted(form))
    sign = b64encode(key("alipay new").sign(signed, PKCS1v15(), SHA256()))
    body = b"&".join(
        name.encode() + b"=" + quote_plus(value).encode()
        for name, value in (form | {"sign": sign, "sign_type": b"RSA2"}).items()
    )
    verified = PROVIDERS["alipay"].verified({}, body, utc_now())
    told = PROVIDERS["alipay"].read(verified.plain)
    assert isinstance(told, Told)
    assert told.account_number == "户号一"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 5_000, b"1" * 5_000, b'{"id": 7}'])
def test_any_bytes_that_are_signed_have_an_id_and_are_read(body):
    secret, timestamp = STRIPE_SECRETS[0].encode(), f"{int(utc_now().timestamp())}"
    signature = hmac.digest(secret, timestamp.encode() + b"." + body, "sha256").hex()
    headers = {"stripe-signature": f"t={timestamp},v1={signature}"}
    verified = PROVIDERS["cards"].verified(headers, body, utc_now())
    assert verified.event_id.startswith("sha256:")
    assert not isinstance(PROVIDERS["cards"].read(verified.plain), Told)


@pytest.mark.parametrize("provider", PROVIDERS)
@given(body=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_reading_and_opening_never_raise(provider, body):
    assert not isinstance(PROVIDERS[provider].read(body), Told)
    assert PROVIDERS[provider].opened(body) == body
    with pytest.raises(BadSignature):
        PROVIDERS[provider].verified({}, body, utc_now())


@given(st.text(max_size=400), st.binary(max_size=40))
def test_no_text_is_a_signature_by_chance(signature, message):
    assert not signed_by([key("stranger").public_key()], signature=signature, message=message)
