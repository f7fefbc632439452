"""Standard Webhooks: what the reference library takes is taken, over any bytes, and no more."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_providers import ledger_settings
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from prepay_ledger.providers.standard_signatures import secret_keys, verify
from prepay_ledger.providers.values import BadSignature
from prewatt_common.clock import utc_now

KEY = b"\xfb\xef\xff" + bytes(range(29))  # in base64 with + and / and padding
PADDED = base64.b64encode(KEY).decode()
URL_SAFE = base64.urlsafe_b64encode(KEY).decode()
SECRETS = {
    "as printed": "whsec_" + PADDED,
    "no padding": "whsec_" + PADDED.rstrip("="),
    "no prefix": PADDED,
    "neither": PADDED.rstrip("="),
    "one = of none": "whsec_" + base64.b64encode(KEY[:30]).decode() + "=",
    "a line break at its end": "whsec_" + PADDED + "\n",
    "broken over lines": "whsec_" + PADDED[:20] + "\n  " + PADDED[20:],
    "URL-safe": "whsec_" + URL_SAFE,
    "URL-safe, no padding": "whsec_" + URL_SAFE.rstrip("="),
}
BODY = b'{"type": "anything"}'


def called(secret, *, body=BODY, event_id="evt_1", **headers):
    """The headers of a call, signed by the reference library."""
    at = utc_now()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
    } | {f"webhook-{name}": value for name, value in headers.items()}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_that_the_reference_library_takes_is_taken(secret):
    headers = called(secret)
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    keys = secret_keys(secret)
    assert verify(keys=keys, headers=headers, body=BODY, now=utc_now()) == "evt_1"


@pytest.mark.parametrize("secret", [SECRETS["URL-safe"], SECRETS["URL-safe, no padding"]])
def test_a_url_safe_secret_is_read_as_others_read_it_too(secret):
    headers = called(SECRETS["as printed"])
    assert verify(keys=secret_keys(secret), headers=headers, body=BODY, now=utc_now()) == "evt_1"


@given(key=st.binary(min_size=16, max_size=80), prefix=st.booleans(), padding=st.integers(0, 2))
def test_any_key_with_any_padding(key, prefix, padding):
    text = base64.b64encode(key).decode().rstrip("=") + "=" * padding
    assert secret_keys("whsec_" * prefix + text) == (key,)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("whsec_", "it is empty"),
        ("whsec_===", "no base64"),
        ("whsec_YWJj", "too short: 3 bytes, at least 16"),
        ("whsec_A", "last character is missing"),
        ("whsec_" + "A" * 25, "last character is missing"),
        ("whsec_${SECRET}", "no base64"),
        ("change me, please, change me", "no base64"),
        ("whsec_" + "Ä" * 40, "no base64"),
        ("whsec_whsec_" + PADDED, "no base64"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_and_not_printed(secret, says):
    with pytest.raises(ValueError, match=says):
        secret_keys(secret)
    with pytest.raises(ValidationError) as raised:
        ledger_settings({"demo": {"kind": "standard-webhooks", "secrets": [secret]}})
    (error,) = raised.value.errors()
    where = ("payment_providers", "demo", "standard-webhooks", "secrets", 0)
    assert (error["loc"], says in error["msg"]) == (where, True)
    assert secret.strip() in ("", "whsec_") or secret not in error["msg"]


OLD = Webhook("whsec_" + base64.b64encode(b"another key, retired").decode())


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "v1,bm90aGluZw== {}",
        "{} v1,bm90aGluZw==",
        "v1a,bm90aGluZw== {} v2,x",
        "v1 {}",
        "nonsense {}",
        " {} ",
    ],
)
def test_one_good_signature_among_others_is_enough(around):
    headers = called(SECRETS["as printed"])
    headers["webhook-signature"] = around.format(headers["webhook-signature"])
    keys = secret_keys(SECRETS["as printed"])
    assert verify(keys=keys, headers=headers, body=BODY, now=utc_now()) == "evt_1"


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": ""},
        {"signature": "v1"},
        {"signature": "v1,"},
        {"signature": "v1,not base64!"},
        {"signature": "v1,A"},
        {"signature": "v9,AAAA"},
        {"signature": OLD.sign("evt_1", datetime.now(UTC), BODY.decode())},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": "nan"},
        {"timestamp": "9" * 400},
        {"timestamp": "-1"},
        {"id": ""},
        {"id": "another"},
    ],
)
def test_a_call_that_is_not_signed_by_us_is_refused(headers):
    secret = SECRETS["as printed"]
    given_headers = called(secret, **headers)
    with pytest.raises(BadSignature):
        verify(keys=secret_keys(secret), headers=given_headers, body=BODY, now=utc_now())


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (299, True), (302, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_call_is_fresh_for_five_minutes_either_way(seconds, sign, fresh):
    secret = SECRETS["as printed"]
    headers, now = called(secret), utc_now() + timedelta(seconds=sign * seconds)
    if fresh:
        assert verify(keys=secret_keys(secret), headers=headers, body=BODY, now=now)
        return
    with pytest.raises(BadSignature, match="300 are allowed"):
        verify(keys=secret_keys(secret), headers=headers, body=BODY, now=now)


def test_an_event_id_of_any_length_and_letters_holds():
    secret = SECRETS["as printed"]
    for event_id in ("x" * 5_000, "付款-1"):
        headers = called(secret, event_id=event_id)
        headers["webhook-id"] = event_id.encode().decode("latin-1")  # as HTTP gives it
        found = verify(keys=secret_keys(secret), headers=headers, body=BODY, now=utc_now())
        assert found == headers["webhook-id"]
