"""The settings of SMS: what belongs together, and what excludes the other."""

import pytest

from notifier.channels.segments import ReferenceBits
from notifier.channels.smpp.receipts import IdForm
from notifier.contacts.values import Channel
from notifier.notices.values import ANSWERS, Template
from notifier.settings import NotifierSettings

LOGIN = {"smpp_host": "centre", "smpp_system_id": "prewatt", "smpp_password": "12345678"}


def settings(**more) -> NotifierSettings:
    needed = {
        name: "postgresql+asyncpg://x" if "url" in name else "x"
        for name, field in NotifierSettings.model_fields.items()
        if field.is_required()
    }
    return NotifierSettings(**needed, **more)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"smpp_host": "centre"}, "PREWATT_SMPP_PASSWORD are needed with PREWATT_SMPP_HOST"),
        (LOGIN | {"sms_url": "http://kannel:13013"}, "SMS go one way"),
        # The codec would cut it, and nobody would know why the centre refuses it.
        (LOGIN | {"smpp_password": "123456789"}, "at most 8"),
        (LOGIN | {"smpp_system_id": "a" * 16}, "at most 15"),
        (LOGIN | {"sms_from": "国网"}, "pattern"),
        (LOGIN | {"smpp_reference_bits": "12"}, "8 or 16"),
        (LOGIN | {"smpp_answer_ids": "octal"}, "'text', 'hex' or 'decimal'"),
        (LOGIN | {"smpp_receipts": False, "sms_undisputed_after_h": 24}, "PREWATT_SMPP_RECEIPTS"),
        ({"refusable_purposes": ["news", "supply"]}, "of supply every customer is told"),
        ({"ledger_url": "http://ledger:8082"}, "PREWATT_LEDGER_TOKEN belong together"),
        ({"ledger_token": "x"}, "PREWATT_LEDGER_TOKEN belong together"),
        ({"payment_page": f"https://pay.example.org/{'x' * 60}"}, "over 60 characters"),
        ({"sms_country_code": "+86"}, "pattern"),
        ({"inbound_kept_days": 0}, "greater than or equal to 1"),
        ({"sms_segment_cost_micro": 1}, "belong together"),
        ({"sms_segment_currency": "CNY"}, "belong together"),
        ({"sms_segment_currency": "yuan", "sms_segment_cost_micro": 1}, "pattern"),
    ],
)
def test_what_does_not_fit_is_refused(more, says):
    with pytest.raises(ValueError, match=says):
        settings(**more)


def test_a_centre_as_the_environment_says_it():
    made = settings(
        **LOGIN,
        smpp_port="2776",
        smpp_reference_bits="16",
        smpp_answer_ids="hex",
        sms_undisputed_after_h="24",
    )
    centre, form = made.smpp_centre, made.smpp_form
    assert centre is not None
    assert (centre.host, centre.port, centre.window) == ("centre", 2776, 10)
    assert (form.reference_bits, form.answered_as) == (ReferenceBits.SIXTEEN, IdForm.HEX)
    assert set(made.undisputed_after) == {Channel.SMS}


def test_an_empty_host_is_no_centre():
    """As Compose passes on what nobody has set."""
    assert settings(smpp_host="", smpp_password="", sms_from="").smpp_centre is None


def test_no_quiet_hours_hold_an_answer_whatever_may_wake_somebody():
    """And none needs to outlast a night."""
    quiet = settings(
        quiet_except=[], notice_lifetimes_h=dict.fromkeys(set(Template) - ANSWERS, 48)
    ).quiet_hours
    assert quiet is not None
    assert quiet.excepted == ANSWERS


def test_what_nobody_has_set_is_not_there():
    """Compose passes it on as empty."""
    empty = settings(ledger_url="", ledger_token="", payment_page="")
    assert (empty.ledger_url, empty.ledger_token, empty.payment_page) == (None, None, None)
