"""Every route of every service on real parts, asked by Schemathesis for what OpenAPI allows and for
much that it does not: texts of no characters, huge numbers, wrong types, other methods.

No answer is a 500, and each is as the document says: its status, its media type, its schema. What
the document gives as an example is never refused as a request that is wrong in itself.
"""

import subprocess
import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_apps import SCOPES

from prewatt_cli.target import Target, find_target
from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SERVICES = ("billing", "meter-gateway", "notifier", "prepay-ledger")
SEED = 20261129
SUBJECT = "till-1"
"""Who asks: the seller of the documents' examples, so that sales are reached."""
FIRST = (
    "/v1/tariffs",
    "/v1/accounts",
    "/v1/vendors",
    "/v1/vendors/{code}/sellers",
    "/v1/vendors/{code}/fundings",
)
"""What other requests rest on, made from the document's own examples."""
VENDOR = "corner-shop-7"
EXAMPLES_THAT_REST_ON_MORE = (
    "/v1/meters/{meter_id}/usage",
    "/v1/meters/{meter_id}/usage.csv",
    "/v1/meters/{meter_id}/usage.parquet",
)
"""Their two days are made up, and in no order."""


@pytest.fixture(scope="module")
def running() -> Generator[tuple[Stack, Target]]:
    """The four services on parts that no other test looks at."""
    with session_stack("-answers") as up:
        up.start_services()
        target = find_target(state_dir=up.state_dir)
        _make_what_others_rest_on(target)
        yield up, target


@pytest.mark.parametrize("service", SERVICES)
def test_examples_are_never_wrong_in_themselves(running, service, tmp_path):
    excluded = [f"--exclude-path={path}" for path in EXAMPLES_THAT_REST_ON_MORE]
    _ask(running, service, tmp_path, "--phases=examples", *excluded)


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_as_the_document_says(running, service, tmp_path):
    _ask(
        running, service, tmp_path, "--phases=coverage", "--exclude-checks=positive_data_acceptance"
    )


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("service", SERVICES)
def test_so_is_every_answer_to_requests_at_random(running, service, tmp_path):
    _ask(
        running,
        service,
        tmp_path,
        "--phases=fuzzing,stateful",
        "--max-examples=100",
        "--exclude-checks=positive_data_acceptance",
    )


def _ask(running: tuple[Stack, Target], service: str, tmp_path: Path, *options: str) -> None:
    """``positive_data_acceptance`` is left out where requests are made up: rules that a schema
    cannot say (a cursor is of its list, one field goes with another) refuse them with 422."""
    stack, target = running
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        f"{target.url(service)}/openapi.json",
        "--no-color",
        f"--seed={SEED}",
        "--generation-database=none",
        "--suppress-health-check=all",
        "--continue-on-failure",
        "--request-timeout=60",
        "--warnings=off",
        f"--header=Authorization: Bearer {_token(target)}",
        *options,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " generated, " in done.stdout, done.stdout
    assert stack.running(service)
    assert "unexpected error" not in stack.logs(service)


def _make_what_others_rest_on(target: Target) -> None:
    with httpx.Client(
        base_url=target.url("prepay-ledger"),
        # Whoever decides about a vendor may not sell for it.
        headers={"authorization": f"Bearer {_token(target, 'li.wei')}", "idempotency-key": "first"},
        timeout=60,
    ) as ledger:
        paths: dict[str, Any] = ledger.get("/openapi.json").json()["paths"]
        for path in FIRST:
            body = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
            answer = ledger.post(path.format(code=VENDOR), json=body)
            assert answer.is_success, (path, answer.text)


def _token(target: Target, subject: str = SUBJECT) -> str:
    return target.token(scopes=SCOPES, lifetime=timedelta(hours=2), subject=subject)
