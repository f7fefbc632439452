"""Texts that a utility registers with providers, held to what is shipped and to what their
documents take."""

import re

import pytest

from notifier.channels.aliyun.values import AliyunGateway
from notifier.channels.places import names_in
from notifier.channels.tencent.values import TencentGateway
from notifier.channels.wechat.values import WechatAccount
from notifier.contacts.values import Channel, Language
from notifier.notices.parameters import PARAMETERS
from notifier.notices.values import CAMPAIGNS, Template
from notifier.templates.catalogue import built_in
from notifier.templates.language import say
from notifier.templates.registering import Provider, ToRegister, texts_to_register
from notifier.templates.samples import SAMPLE_NUMBER, sample_facts
from notifier.templates.values import TextKey
from notifier.templates.variables import VARIABLES
from notifier.templates.wording import Signature, values_of

SIGNATURE = Signature("Prewatt", "prewatt.example/n")
ALL = [(provider, language) for provider in Provider for language in Language]


def texts(provider: Provider, language: Language) -> dict[Template, ToRegister]:
    found = texts_to_register(provider, language, signature=SIGNATURE)
    assert len({each.template for each in found}) == len(found)
    return {each.template: each for each in found}


@pytest.mark.parametrize(("provider", "language"), ALL)
def test_there_is_one_of_each_whose_places_are_all_told(provider, language):
    found = texts(provider, language)
    assert found.keys() == set(Template) - CAMPAIGNS
    for template, each in found.items():
        assert each.language is language
        left = each.text
        for place in each.places:
            assert place.written in left, each
            (name,) = names_in(place.gives)
            assert name in PARAMETERS[template]
            left = left.replace(place.written, "")
        assert not re.search(r"[{}$\ue000\ue001]", left), left
        assert "Prewatt" not in left[:12], "the provider signs"
        # In order.
        at = [each.text.index(place.written) for place in each.places]
        assert at == sorted(at)


@pytest.mark.parametrize(("provider", "language"), ALL)
def test_filled_in_it_is_what_is_shipped_of_a_notice_that_has_no_more(provider, language):
    for template, each in texts(provider, language).items():
        if template is Template.RECONNECTION_LATE:
            continue
        barest = min(VARIABLES[template].presences(), key=len)
        facts = sample_facts(template)[0]
        values = dict(
            values_of(
                facts, account_number=SAMPLE_NUMBER, signature=SIGNATURE, language=language,
                code=b"Hello",
            )
        )  # fmt: skip
        source = built_in(TextKey(template, language, Channel.SMS))
        assert source is not None
        shipped = say(source.body, {name: values[name] for name in barest})
        filled = each.text
        for place in each.places:
            (name,) = names_in(place.gives)
            filled = filled.replace(place.written, str(values[name]))
        assert shipped.endswith(filled), (shipped, filled)
        assert shipped.removesuffix(filled) in ("", "【Prewatt】", "Prewatt: ")


@pytest.mark.parametrize("language", Language)
def test_a_late_reconnection_says_nothing_that_is_not_always_so(language):
    each = texts(Provider.ALIYUN, language)[Template.RECONNECTION_LATE]
    assert [place.gives for place in each.places] == ["{account}", "{balance}"]


def document(provider: Provider) -> dict:
    """As `prewatt templates to-register --document` writes it, with numbers filled in."""
    found: dict = {}
    for language in Language:
        for template, each in texts(provider, language).items():
            named = {place.key: place.gives for place in each.places}
            found.setdefault(language, {})[template] = {
                Provider.ALIYUN: {"code": "SMS_1", "parameters": named},
                Provider.TENCENT: {"id": "1", "parameters": [p.gives for p in each.places]},
                Provider.WECHAT: {"id": "TM1", "data": named},
            }[provider]
    return found


def test_documents_of_these_are_taken():
    AliyunGateway.model_validate(
        {"kind": "aliyun", "sign_name": "x", "templates": document(Provider.ALIYUN)}
    )
    TencentGateway.model_validate(
        {
            "kind": "tencent", "sdk_app_id": "1", "sign_name": "x",
            "templates": document(Provider.TENCENT),
        }
    )  # fmt: skip
    WechatAccount.model_validate({"app_id": "wx", "templates": document(Provider.WECHAT)})


def test_places_are_numbered_or_named_in_order():
    which = texts(Provider.TENCENT, Language.EN)[Template.ANSWER_WHICH]
    assert [place.written for place in which.places] == ["{1}", "{2}"]
    named = texts(Provider.WECHAT, Language.EN)[Template.TOPPED_UP]
    assert [place.key for place in named.places] == ["amount1", "character_string2", "amount3"]
