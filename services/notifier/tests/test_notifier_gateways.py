"""SMS gateways by HTTP without one: signatures, what answers mean, mappings, and template codes."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from alibabacloud_openapi_util.client import Client as AliyunSigner
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.common.abstract_client import AbstractClient
from vendor_gateways import aliyun_document, plain_document, tencent_document

from notifier.channels.aliyun import rules as aliyun_rules
from notifier.channels.aliyun import signature as aliyun
from notifier.channels.aliyun import values as aliyun_values
from notifier.channels.callbacks import (
    MessageMapping,
    ReceiptMapping,
    SignatureEncoding,
    SignatureMapping,
    UnreadableCallback,
    reports_in,
    written_in,
)
from notifier.channels.gateway.rules import accepted_as
from notifier.channels.gateway.values import AnswerMapping
from notifier.channels.places import Missing, fill, fill_all, of_document, of_mapping
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure, Verdict
from notifier.channels.tencent import rules as tencent_rules
from notifier.channels.tencent import signature as tencent
from notifier.channels.tencent import values as tencent_values
from notifier.settings import NotifierSettings

NOW = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
URL = "http://gateway:8000/"
bodies = st.text().map(lambda text: json.dumps({"text": text}, ensure_ascii=False).encode())


def settings(**more) -> NotifierSettings:
    return NotifierSettings(
        database_url="postgresql+asyncpg://x", auth_public_key="x", http_port=1, **more
    )


@given(body=bodies, secret=st.text(min_size=1), nonce=st.text("0123456789abcdef", min_size=8))
def test_aliyun_signs_as_its_sdk_does(body, secret, nonce):
    headers = dict(
        aliyun.signed_headers(
            action="SendSms",
            host="dysmsapi.aliyuncs.com",
            body=body,
            key=aliyun.AccessKey("id", secret),
            now=NOW,
            nonce=nonce,
        )
    )
    said = headers.pop("Authorization")
    algorithm = "ACS3-HMAC-SHA256"
    request = SimpleNamespace(pathname="/", method="POST", query={}, headers=headers)
    digest = AliyunSigner.hex_encode(AliyunSigner.hash(body, algorithm))
    assert said == AliyunSigner.get_authorization(request, algorithm, digest, "id", secret)
    assert headers["x-acs-content-sha256"] == digest
    assert headers["x-acs-date"] == "2026-11-29T16:30:00Z"


@given(body=bodies, secret=st.text(min_size=1))
def test_tencent_signs_as_its_sdk_does(body, secret):
    headers = tencent.signed_headers(
        action="SendSms",
        host="sms.tencentcloudapi.com",
        region="ap-guangzhou",
        body=body,
        key=tencent.SecretKey("id", secret),
        now=NOW,
    )
    sdk = SimpleNamespace(method="POST", uri="/", data=body, header=headers)
    right = AbstractClient._get_tc3_signature(None, {}, sdk, "2026-11-29", "sms", secret)
    assert headers["Authorization"].endswith(f"Signature={right}")
    assert "Credential=id/2026-11-29/sms/tc3_request," in headers["Authorization"]


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (200, "isv.BUSINESS_LIMIT_CONTROL", TransientFailure),
        (200, "isv.MOBILE_NUMBER_ILLEGAL", PermanentFailure),
        (200, "isv.BLACK_KEY_CONTROL_LIMIT", PermanentFailure),
        (200, "isv.AMOUNT_NOT_ENOUGH", PeerDown),
        (200, "isv.SMS_TEMPLATE_ILLEGAL", TransientFailure),
        (200, "isv.SMS_SIGNATURE_ILLEGAL", PeerDown),
        (400, "SignatureDoesNotMatch", PeerDown),
        (404, "InvalidAccessKeyId.NotFound", PeerDown),
        (400, "Throttling.User", PeerDown),
        (200, "isv.SOMETHING_NEW", TransientFailure),
    ],
)
def test_what_aliyun_says(status, code, means):
    body = json.dumps({"Code": code, "Message": "m", "RequestId": "r"})
    with pytest.raises(means) as raised:
        aliyun_rules.accepted_as(status=status, body=body)
    assert type(raised.value) is means
    assert code in str(raised.value)


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("LimitExceeded.PhoneNumberDailyLimit", TransientFailure),
        ("LimitExceeded.DeliveryFrequencyLimit", TransientFailure),
        ("LimitExceeded.AppMainlandChinaDailyLimit", PeerDown),
        ("InvalidParameterValue.IncorrectPhoneNumber", PermanentFailure),
        ("FailedOperation.PhoneNumberInBlacklist", PermanentFailure),
        ("FailedOperation.InsufficientBalanceInSmsPackage", PeerDown),
        ("FailedOperation.TemplateIncorrectOrUnapproved", TransientFailure),
        ("FailedOperation.SignatureIncorrectOrUnapproved", PeerDown),
        ("InternalError.Timeout", PeerDown),
        ("FailedOperation.SomethingNew", TransientFailure),
    ],
)
@pytest.mark.parametrize("is_error", [False, True])
def test_what_tencent_says(code, means, is_error):
    said = {"Code": code, "Message": "m"}
    response = {"Error": said} if is_error else {"SendStatusSet": [said | {"Fee": 0}]}
    with pytest.raises(means) as raised:
        tencent_rules.accepted_as(status=200, body=json.dumps({"Response": response}))
    assert type(raised.value) is means
    assert code in str(raised.value)


@pytest.mark.parametrize("rules", [aliyun_rules, tencent_rules])
@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (502, "<html>bad gateway</html>", PeerDown),
        (500, "", TransientFailure),
        (200, "<html>log in</html>", TransientFailure),
        (200, "{}", TransientFailure),
        (200, '{"Response": {}}', TransientFailure),
        (200, '{"Response": {"SendStatusSet": []}}', TransientFailure),
    ],
)
def test_what_a_proxy_on_the_way_says(rules, status, body, means):
    with pytest.raises(means):
        rules.accepted_as(status=status, body=body)


ANSWER = AnswerMapping(
    message_id="{results.0.id}",
    code="{results.0.status}",
    accepted=frozenset({"0", "queued"}),
    refused=frozenset({"7"}),
    ours=frozenset({"no-credit"}),
    detail="{results.0.why}",
)


@pytest.mark.parametrize(
    ("status", "result", "means"),
    [
        (200, {"id": 17, "status": 0}, "17"),
        (200, {"status": "queued"}, ""),
        (200, {"status": 7, "why": "no such number"}, PermanentFailure),
        (400, {"status": 7}, PermanentFailure),
        (200, {"status": "no-credit"}, PeerDown),
        (200, {"status": "busy"}, TransientFailure),
        (200, {"id": 17}, TransientFailure),
        (503, {}, PeerDown),
        (422, {}, PermanentFailure),
        (500, {}, TransientFailure),
    ],
)
def test_what_a_gateway_says_by_its_document(status, result, means):
    body = json.dumps({"results": [result]})
    if isinstance(means, str):
        assert accepted_as(ANSWER, status=status, body=body) == means
        return
    with pytest.raises(means) as raised:
        accepted_as(ANSWER, status=status, body=body)
    assert type(raised.value) is means


def test_without_a_code_the_status_speaks():
    assert accepted_as(AnswerMapping(), status=202, body="queued") == ""
    assert accepted_as(AnswerMapping(message_id="{id}"), status=200, body='{"id": 7}') == "7"
    with pytest.raises(PeerDown):
        accepted_as(AnswerMapping(), status=403, body="")


@given(text=st.text(), more=st.text())
def test_a_value_with_braces_stays_as_it_is(text, more):
    values = of_mapping({"text": text, "to": more})
    assert fill("{to}|{text}|{to}", values) == f"{more}|{text}|{more}"
    filled = fill_all({"a": ["{text}", 1, None, True], "b": {"c": "{to}"}}, values)
    assert filled == {"a": [text, 1, None, True], "b": {"c": more}}


@pytest.mark.parametrize("place", ["a", "a.b.c", "list.2", "list.x", "list", "none", "list.-1"])
def test_a_place_with_nothing_at_it_is_named(place):
    document = {"a": {"b": "text"}, "list": ["x", "y"], "none": None}
    with pytest.raises(Missing, match=place):
        of_document(document)(place)


SMS_REPORT = [
    {
        "phone_number": "13900000001",
        "send_time": "2026-01-01 00:00:00",
        "report_time": "2026-01-01 00:01:00",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": "12345",
        "out_id": "67890",
    },
    {"success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "biz_id": "12346"},
]
"""As Aliyun's documentation of SmsReport has it."""
TENCENT_REPORT = [
    {
        "user_receive_time": "2026-01-01 08:03:04",
        "nationcode": "86",
        "mobile": "13900000001",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": "5000:1045710669157053657849499619",
    },
    {"report_status": "FAIL", "errmsg": "MK:0008", "sid": "x"},
]


def test_receipts_as_the_vendors_send_them():
    good, bad = reports_in(json.dumps(SMS_REPORT).encode(), aliyun_values.RECEIPT)
    assert (good.message_id, good.verdict) == ("12345", Verdict.DELIVERED)
    assert (bad.message_id, bad.verdict) == ("12346", Verdict.BOUNCED)
    assert bad.reason == "delivery report false, MOBILE_NOT_ON_SERVICE"
    good, bad = reports_in(json.dumps(TENCENT_REPORT).encode(), tencent_values.RECEIPT)
    assert good.message_id == "5000:1045710669157053657849499619"
    assert [each.verdict for each in (good, bad)] == [Verdict.DELIVERED, Verdict.BOUNCED]
    assert bad.reason == "delivery report FAIL, MK:0008"


def test_a_form_is_read_like_json():
    mapping = ReceiptMapping(
        message_id="{id}",
        state="{status}",
        delivered=frozenset({"ok"}),
        bounced=frozenset({"no"}),
    )
    (report,) = reports_in(b"id=7&status=ok&text=a%26b", mapping)
    assert (report.message_id, report.verdict) == ("7", Verdict.DELIVERED)
    (report,) = reports_in(b"id=7&status=buffered", mapping)
    assert report.verdict is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "neither JSON nor a form"),
        (b"\xff\xfe", "neither JSON nor a form"),
        (b'{"event": []}', "nothing at events"),
        (b'{"events": [{"id": "1", "why": "86"}]}', "nothing at state of item 0"),
        (b'{"events": [7]}', "nothing at id of item 0"),
    ],
)
def test_what_does_not_fit_its_mapping_is_named_with_the_place(body, says):
    mapping = ReceiptMapping(
        items="events",
        message_id="{id}",
        state="{state}",
        delivered=frozenset({"ok"}),
        bounced=frozenset({"no"}),
    )
    with pytest.raises(UnreadableCallback, match=says):
        reports_in(body, mapping)


def test_a_call_is_signed_over_its_body():
    # RFC 4231, test case 2.
    body, key = b"what do ya want for nothing?", b"Jefe"
    right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    signature = SignatureMapping(header="X-Signature", prefix="sha256=")
    assert signature.holds(body, f"sha256={right}", key=key)
    for wrong in (right, f"sha256={right[:-1]}4", "", None, "sha256=é"):
        assert not signature.holds(body, wrong, key=key)
    encoded = SignatureMapping(header="X-Signature", encoding=SignatureEncoding.BASE64)
    assert encoded.holds(body, b64encode(bytes.fromhex(right)).decode(), key=key)


def test_documents_as_the_environment_has_them(monkeypatch):
    keys = {"sms_gateway_key": "id", "sms_gateway_secret": "secret"}
    for document in (aliyun_document(URL), tencent_document(URL)):
        monkeypatch.setenv("PREWATT_SMS_GATEWAY", json.dumps(document))
        made = settings(**keys)
        assert made.sms_gateway.kind == document["kind"]
        assert made.sms_callbacks is None
        assert settings(**keys, sms_callback_secret="s" * 32).gateway_reports
    monkeypatch.setenv("PREWATT_SMS_GATEWAY", "")
    assert settings(sms_callback_secret="", sms_callback_key="").sms_gateway is None


def changed(document: dict, path: str, value) -> dict:
    document = json.loads(json.dumps(document))
    *folders, last = path.split(".")
    found = document
    for folder in folders:
        found = found[folder]
    if value is None:
        del found[last]
    else:
        found[last] = value
    return document


PLAIN = plain_document(URL)
SIGNED = {"sms_callback_key": "k" * 16}
KEYS = {"sms_gateway_key": "id", "sms_gateway_secret": "secret"}


@pytest.mark.parametrize(
    ("document", "more", "says"),
    [
        (
            changed(aliyun_document(URL), "templates.en.supply-on", None),
            KEYS,
            "en has no code for supply-on",
        ),
        (
            changed(tencent_document(URL), "templates.zh-CN", None),
            KEYS,
            "zh-CN has no code for low-balance; zh-CN has no code for",
        ),
        (
            changed(
                aliyun_document(URL),
                "templates.en.low-balance.parameters",
                {"days": "{days_left}"},
            ),
            KEYS,
            r"en low-balance: \{days_left\} is not what each of these notices has",
        ),
        (
            changed(aliyun_document(URL), "templates.en.no-such", {"code": "SMS_1"}),
            KEYS,
            "templates.en.no-such",
        ),
        (aliyun_document(URL), {}, "PREWATT_SMS_GATEWAY_KEY and PREWATT_SMS_GATEWAY_SECRET"),
        (PLAIN, {}, "PREWATT_SMS_CALLBACK_KEY and the signature"),
        (changed(PLAIN, "signature", None), SIGNED, "PREWATT_SMS_CALLBACK_KEY and the signature"),
        (changed(PLAIN, "request.json", {"x": ["{texxt}"]}), SIGNED, r"\{texxt\}: a request can"),
        (changed(PLAIN, "request.form", {"a": "b"}), SIGNED, "one of them is the body"),
        (changed(PLAIN, "answer.code", None), SIGNED, "code says where they stand"),
        (changed(PLAIN, "answer.accepted", []), SIGNED, "accepted names no code"),
        (changed(PLAIN, "answer.ours", ["queued"]), SIGNED, "queued: a code means one thing"),
        (changed(PLAIN, "answer.message_id", None), SIGNED, "none can be joined"),
        (changed(PLAIN, "answers", {}), SIGNED, "Extra inputs"),
        (PLAIN, SIGNED | {"sms_url": "http://kannel:13013"}, "SMS go one way"),
        (PLAIN, SIGNED | {"sms_undisputed_after_h": 24}, "PREWATT_SMS_CALLBACK_SECRET"),
        (PLAIN, SIGNED | {"sms_callback_secret": "short"}, "at least 32"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_at_the_start(document, more, says):
    with pytest.raises(ValueError, match=says):
        settings(sms_gateway=document, **more)


def test_what_customers_write_is_read_as_the_vendors_send_it():
    up = [{"phone_number": "13800138000", "content": "余额", "sequence_id": 540987654}] * 2
    (first, second) = written_in(json.dumps(up).encode(), aliyun_values.MESSAGE, gateway="aliyun")
    assert (first.id, first.sender, first.text) == ("540987654", "13800138000", "余额")
    assert first == second
    said = {"mobile": "13800138000", "nationcode": "86", "text": "TD", "time": 1}
    ids = set()
    for time in (1, 1, 2):
        body = json.dumps(said | {"time": time}).encode()
        (one,) = written_in(body, tencent_values.MESSAGE, gateway="tencent")
        assert (one.sender, one.text) == ("+8613800138000", "TD")
        ids.add(one.id)
    # It numbers none: what is alike in everything is one.
    assert len(ids) == 2
    mapping = MessageMapping(sender="{from}", text="{text}")
    (form,) = written_in(b"from=%2B4915112345678&text=a%26b", mapping, gateway="http")
    assert (form.sender, form.text) == ("+4915112345678", "a&b")
    # Without a number and a time the same words may be another message.
    assert form.id is None
    with pytest.raises(UnreadableCallback, match="item 0"):
        written_in(b'{"from": "+1"}', mapping, gateway="http")


def test_an_item_that_cannot_be_read_takes_nothing_from_the_others(caplog):
    up = [{"phone_number": "1", "content": "TD", "sequence_id": 1}, {"content": None}, {"a": 1}]
    (one,) = written_in(json.dumps(up).encode(), aliyun_values.MESSAGE, gateway="aliyun")
    assert one.id == "1"
    assert [each.split(": ")[-1] for each in caplog.messages] == [
        "nothing at phone_number of item 1", "nothing at phone_number of item 2",
    ]  # fmt: skip
    with pytest.raises(UnreadableCallback, match="item 0"):
        written_in(json.dumps(up[1:]).encode(), aliyun_values.MESSAGE, gateway="aliyun")


@pytest.mark.parametrize(("signs", "key"), [(True, None), (False, "a key of sixteen characters")])
def test_a_gateway_that_calls_signs_and_has_a_key_or_neither(signs, key):
    document = plain_document(URL)
    if not signs:
        del document["signature"]
    with pytest.raises(ValueError, match="PREWATT_VOICE_CALLBACK_KEY and the signature"):
        settings(voice_gateway=document, voice_callback_key=key)


def test_without_a_secret_no_call_is_known_to_be_answered():
    document = plain_document(URL)
    del document["signature"]
    assert not settings(voice_gateway=document).voice_reports
    assert settings(voice_gateway=document, voice_callback_secret="s" * 32).voice_reports
    assert not settings(voice_callback_secret="s" * 32).voice_reports
