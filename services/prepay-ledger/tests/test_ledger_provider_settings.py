"""Providers in the settings: what is wrong is named in a line, and no secret is printed."""

import pytest
from ledger_providers import (
    API_V3_KEYS,
    bare,
    certificate,
    ledger_settings,
    private_pem,
    public_pem,
    settings_documents,
)
from pydantic import ValidationError

STRIPE = settings_documents()["cards"]
WECHAT = settings_documents()["wechat"]
ALIPAY = settings_documents()["alipay"]
ED25519 = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="


def less(document, field):
    return {name: value for name, value in document.items() if name != field}


@pytest.mark.parametrize(
    ("document", "where", "says"),
    [
        ("whsec_abc", (), "dictionary"),
        ({}, (), "kind"),
        ({"kind": "paypal"}, (), "'standard-webhooks', 'stripe', 'wechat-pay', 'alipay'"),
        (STRIPE | {"secrets": []}, ("stripe", "secrets"), "at least 1"),
        (STRIPE | {"secrets": ["short"]}, ("stripe", "secrets", 0), "too short"),
        (STRIPE | {"secrets": "whsec_of_stripe_whole"}, ("stripe", "secrets"), "list"),
        (STRIPE | {"secret": "x"}, ("stripe", "secret"), "Extra inputs"),
        (
            STRIPE | {"secrets": [{"file": "/none"}]},
            ("stripe", "secrets", 0),
            "/none cannot be read",
        ),
        (STRIPE | {"secrets": [{"path": "/none"}]}, ("stripe", "secrets", 0), "string"),
        (WECHAT | {"api_v3_keys": ["x" * 31]}, ("wechat-pay", "api_v3_keys", 0), "32 bytes"),
        (less(WECHAT, "merchant_ids"), ("wechat-pay", "merchant_ids"), "required"),
        (WECHAT | {"public_keys": {}, "certificates": []}, ("wechat-pay",), "public_keys or"),
        (WECHAT | {"certificates": ["x"]}, ("wechat-pay", "certificates", 0), "no certificate"),
        (ALIPAY | {"public_keys": ["MIIB"]}, ("alipay", "public_keys", 0), "no public key"),
        (
            ALIPAY | {"public_keys": [private_pem("merchant")]},
            ("alipay", "public_keys", 0),
            "no public key",
        ),
        (ALIPAY | {"public_keys": [ED25519]}, ("alipay", "public_keys", 0), "no RSA key"),
        (ALIPAY | {"app_ids": [""]}, ("alipay", "app_ids", 0), "at least 1 character"),
    ],
)
def test_a_setting_that_is_wrong_is_named(document, where, says):
    with pytest.raises(ValidationError) as raised:
        ledger_settings({"shop": document})
    (error,) = raised.value.errors()
    assert error["loc"] == ("payment_providers", "shop", *where)
    assert says in error["msg"]
    assert "\n" not in error["msg"]
    assert "PRIVATE KEY" not in error["msg"]


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 65, "微信"])
def test_a_providers_name_stands_in_a_path(name):
    with pytest.raises(ValidationError):
        ledger_settings({name: STRIPE})


def test_secrets_and_keys_come_from_files_too(tmp_path):
    files = {}
    for name, text in {
        "stripe": "whsec_new_secret_of_stripe\n",
        "apiv3": API_V3_KEYS[0] + "\n",
        "wechat": public_pem("wechat new"),
        "platform": certificate("wechat platform")[0],
        "alipay": bare(public_pem("alipay new")) + "\n",
    }.items():
        (tmp_path / name).write_text(text)
        files[name] = {"file": str(tmp_path / name)}
    settings = ledger_settings(
        {
            "cards": STRIPE | {"secrets": [files["stripe"]]},
            "wechat": WECHAT
            | {
                "api_v3_keys": [files["apiv3"]],
                "public_keys": {"PUB_KEY_ID_1": files["wechat"]},
                "certificates": [files["platform"]],
            },
            "alipay": ALIPAY | {"public_keys": [files["alipay"]]},
        }
    )
    as_text = ledger_settings(
        {
            "cards": STRIPE | {"secrets": ["whsec_new_secret_of_stripe"]},
            "wechat": WECHAT
            | {
                "api_v3_keys": [API_V3_KEYS[0]],
                "public_keys": {"PUB_KEY_ID_1": public_pem("wechat new").strip()},
                "certificates": [certificate("wechat platform")[0].strip()],
            },
            "alipay": ALIPAY | {"public_keys": [bare(public_pem("alipay new"))]},
        }
    )
    assert settings.payment_providers == as_text.payment_providers
    assert all(each.provider() for each in settings.payment_providers.values())
    assert API_V3_KEYS[0] not in repr(settings)
