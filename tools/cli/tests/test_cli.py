"""The command line: amounts, signatures, quantiles, and errors in one line."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from standardwebhooks.webhooks import Webhook
from typer.testing import CliRunner

from prewatt_cli.__main__ import app
from prewatt_cli.payments import decimal_from, micro_from, signed_payment
from prewatt_cli.readings_of_metrics import Scrape
from prewatt_cli.target import Target
from prewatt_common.http.auth import verify_token
from prewatt_devstack.services import load_or_make_keys

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
runner = CliRunner()


@pytest.mark.parametrize(
    ("text", "micro"), [("12.50", 12_500_000), ("1", 1_000_000), ("0.000001", 1)]
)
def test_amounts(text: str, micro: int) -> None:
    assert micro_from(text) == micro


@pytest.mark.parametrize("text", ["0", "-1", "0.0000001", "twelve", "inf", "nan", ""])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|positive"):
        micro_from(text)


@given(st.integers(min_value=1, max_value=10**15))
def test_money_is_shown_as_it_is(micro: int) -> None:
    assert micro_from(decimal_from(micro)) == micro


def test_the_signature_holds_over_the_bytes_sent() -> None:
    body, headers = signed_payment(
        secret=SECRET, account_number="1", amount_micro=5, currency="CNY", payment_id="p"
    )
    assert Webhook(SECRET).verify(body, headers)["data"]["amount_micro"] == 5
    assert json.loads(body)["type"] == "payment.succeeded"


@pytest.mark.parametrize(
    "secret", [SECRET.removeprefix("whsec_"), SECRET + "\n", "whsec_" + "QUJD" * 8 + "QQ"]
)
def test_a_secret_is_taken_as_the_reference_library_takes_it(secret: str) -> None:
    body, headers = signed_payment(
        secret=secret, account_number="1", amount_micro=5, currency="CNY", payment_id="p"
    )
    assert Webhook(secret).verify(body, headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_A"])
def test_a_secret_that_cannot_be_used_is_said(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        signed_payment(
            secret=secret, account_number="1", amount_micro=5, currency="CNY", payment_id="p"
        )


def test_a_token_carries_its_scopes(tmp_path: Path) -> None:
    keys = load_or_make_keys(tmp_path)
    target = Target({}, keys.auth_private, {})
    token = target.token(scopes=["ledger:read"], lifetime=timedelta(hours=1), subject="me")
    principal = verify_token(token=token, public_key_pem=keys.auth_public)
    assert principal.subject == "me"
    assert principal.scopes == {"ledger:read"}


def test_quantiles_are_those_of_prometheus() -> None:
    text = "\n".join(
        [
            "# TYPE t histogram",
            't_bucket{action="a",le="0.1"} 50',
            't_bucket{action="a",le="0.2"} 100',
            't_bucket{action="a",le="+Inf"} 100',
            't_bucket{action="b",le="+Inf"} 0',
        ]
    )
    scrape = Scrape(
        tuple(
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        )
    )
    assert scrape.quantile("t", 0.5, action="a") == pytest.approx(0.1)
    assert scrape.quantile("t", 0.75, action="a") == pytest.approx(0.15)
    assert scrape.quantile("t", 0.5, action="b") is None
    assert scrape.quantile("none", 0.5) is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["status"], "set PREWATT_GATEWAY_URL"),
        (["topup", "1", "5"], "set PREWATT_LEDGER_URL"),
        (["token", "ledger:read"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["url", "nonsense"], "nonsense is none of"),
        (["mqtt-user", "meter-1"], "start one with `make up`"),
        (["mqtt-user", "meter/1"], "'meter/1' is no meter id"),
        (["audit"], "set PREWATT_DATABASE_URL"),
        (["suspense", "list"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["suspense", "assign", "p-1", "100001", "--reason", "x"], "PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["parked", "list"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["work-orders", "list"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (
            ["work-orders", "close", "1", "--result", "done", "--note", "x"],
            "set PREWATT_AUTH_PRIVATE_KEY_FILE",
        ),
        (["parked", "release", "m-1", "--reason", "x"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["notices", "parked"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (
            ["notices", "drop", str(UUID(int=1)), "--reason", "x"],
            "set PREWATT_AUTH_PRIVATE_KEY_FILE",
        ),
        (["cuts", "status"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["cuts", "hold", "--reason", "x"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["cuts", "release", "h-1", "--reason", "x"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
        (["suspense", "return", "p-1", "--reason", "x"], "set PREWATT_AUTH_PRIVATE_KEY_FILE"),
    ],
)
def test_what_is_missing_is_one_line_and_code_2(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    result = runner.invoke(app, [*arguments, "--state-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert says in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "command",
    [
        ["dlq", "list", "--service", "ledger"],
        ["dlq", "show", "meter.readings.v1:1", "--service", "ledger"],
        ["dlq", "replay", "meter.readings.v1:1", "--service", "ledger", "--reason", "mended"],
        ["offsets", "show", "--service", "ledger"],
        ["offsets", "accept", "--service", "ledger", "--topic", "t", "--reason", "lost"],
    ],
)
def test_a_service_that_is_none_is_said_in_one_line(command, capfd) -> None:
    result = runner.invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "prewatt: ledger is none of meter-gateway, prepay-ledger, notifier, billing"
    ]
