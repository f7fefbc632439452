"""Whom a webhook may ask, how it is signed, and what answers mean."""

import json
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_events import topped_up
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from notifier.channels.addresses import Reach, is_public
from notifier.notices.calls import LedgerEvent
from notifier.webhooks.messages import message_of, ping
from notifier.webhooks.rules import reached_by, secret_of, signed_headers, wrong_url
from notifier.webhooks.values import EventKind, Reached
from prewatt_common.contracts.ledger_events_v1 import AccountOpened

NOW = datetime.now(UTC)
KEY = b"a key of the settings, long enough"
ID = UUID("018f2f5e-7b6a-7c3a-9d1e-0123456789ab")
PRIVATE = [
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
ANY_PRIVATE = st.one_of([
    st.integers(int(each.network_address), int(each.broadcast_address)).map(IPv4Address)
    for each in PRIVATE
])  # fmt: skip


@given(ANY_PRIVATE)
def test_no_neighbour_is_public_whatever_it_is_written_as(address):
    number = int(address)
    assert not is_public(address)
    for written in (
        IPv6Address(0xFFFF_0000_0000 | number),
        IPv6Address((0x64_FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
    ):
        assert not is_public(written)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("255.255.255.255", False),
    ],
)
def test_public(address, public):
    assert is_public(ip_address(address)) is public


def test_what_was_named_is_asked_however_it_is_written():
    reach = Reach((IPv4Network("10.1.0.0/16"),))
    assert reach.permits(ip_address("10.1.9.9"))
    assert reach.permits(ip_address("::ffff:10.1.9.9"))
    assert not reach.permits(ip_address("10.2.0.1"))
    assert not reach.is_ours(ip_address("93.184.216.34"))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://crm.example.org/hooks", None),
        ("https://crm.example.org:8443/hooks?a=b", None),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]/", None),
        ("http://crm.example.org/", "https"),
        ("ftp://crm.example.org/", "https"),
        ("crm.example.org", "names no host"),
        ("https://", "names no host"),
        ("https://crm.example.org:0/", "names no host"),
        ("https://crm.example.org:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://user:secret@crm.example.org/", "no user"),
        ("https://crm.example.org/#part", "fragment"),
        ("https://localhost/", "not public"),
        ("https://127.0.0.1/", "not public"),
        ("https://169.254.169.254/latest", "not public"),
        ("https://[::ffff:10.0.0.1]/", "not public"),
        ("https://crm.example.org/\u4f60", "ASCII"),
        ("https://crm.example.org/\x07", "ASCII"),
    ],
)
def test_a_url(url, says):
    wrong = wrong_url(url, Reach())
    assert (wrong is None) if says is None else says in (wrong or "")


def test_where_networks_of_ours_are_named_http_may_do():
    reach = Reach((IPv4Network("127.0.0.0/8"),))
    assert wrong_url("http://127.0.0.1:8080/", reach) is None
    assert "not public" in (wrong_url("http://10.0.0.1/", reach) or "")


@given(st.text(max_size=200))
def test_any_text_is_answered(url):
    wrong_url(url, Reach())


def test_each_event_that_is_taken_may_be_wanted():
    assert {each.value for each in EventKind} == {event.ce_type for event in get_args(LedgerEvent)}


def test_the_signature_holds_by_the_standard_with_either_secret():
    secrets = [secret_of(ID, number, key=KEY) for number in (2, 1)]
    message = message_of(ID, topped_up(uuid4()))
    headers = signed_headers(ID, message.body, secrets=secrets, now=datetime.now(UTC))
    for secret in secrets:
        said = Webhook(secret).verify(message.body, dict(headers))
        assert (said["type"], said["data"]["amount_micro"]) == (message.kind, 50_000_000)
    for other in (secret_of(ID, 3, key=KEY), secret_of(uuid4(), 1, key=KEY),
                  secret_of(ID, 1, key=b"another key")):  # fmt: skip
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(message.body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(message.body + " ", dict(headers))


def test_an_account_that_was_opened_and_a_ping():
    opened = AccountOpened(account_id=ID, number="1\0", currency="CNY", opened_at=NOW,
                           balance_micro=0, balance_number=0)  # fmt: skip
    said = json.loads(message_of(ID, opened).body)
    assert datetime.fromisoformat(said["timestamp"]) == NOW
    assert "\0" not in message_of(ID, opened).body
    assert json.loads(ping(uuid4(), webhook_id=ID, at=NOW).body)["data"] == {"webhook_id": str(ID)}


@given(st.integers(100, 599))
def test_only_what_was_taken_is_not_tried_again(status):
    assert (reached_by(status) is Reached.DELIVERED) == (200 <= status < 300)
    assert (reached_by(status) is Reached.GONE) == (status == 410)
