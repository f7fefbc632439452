"""Procedures and evidence of a test."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

from prepay_ledger.procedures.rules import missing_steps
from prepay_ledger.procedures.values import Evidence, EvidenceKind, Shortfall
from prewatt_common.contracts.procedure_v1 import Procedure, procedure_of
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.yaml_text import read_yaml

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACCOUNT = UUID(int=1)
LONG_AGO = Shortfall(NOON - timedelta(days=300), NOON - timedelta(days=200))


def shipped(name: str) -> dict[str, Any]:
    """An example's document as it is shipped."""
    text = files("prepay_ledger.procedures").joinpath(f"examples/{name}.yaml").read_text("utf-8")
    document = read_yaml(text)
    assert isinstance(document, dict)
    return document


def procedure(*steps: dict[str, Any], **more: Any) -> Procedure:
    """One of these steps, which need no name of their own."""
    return procedure_of(
        {
            "jurisdiction": "xx",
            "customer_class": "any",
            "mode": "prepay",
            "valid_from": "2026-01-01",
            "timezone": "UTC",
            "title": "A test's",
            "verified": True,
            "steps": [
                {"name": f"{each['kind']}-{number}".replace("_", "-"), "what": "It is done"} | each
                for number, each in enumerate(steps)
            ],
        }
        | more
    )


def done(name: str, at: datetime, by: str = "li", form: str = "letter", **more: Any) -> Evidence:
    """Evidence of a step."""
    return Evidence(
        id=new_id(), account_id=ACCOUNT, name=name, at=at, by=by, form=form, recorded_at=at,
        **{"kind": EvidenceKind.STEP, "role": "head"} | more,
    )  # fmt: skip


def told(
    of: Procedure,
    *evidence: Evidence,
    now: datetime = NOON,
    short: Shortfall = LONG_AGO,
    customer_class: str = "home",
) -> list[tuple[str, str, datetime | None]]:
    """What is missing: name, why, earliest."""
    missing = missing_steps(
        of, customer_class=customer_class, evidence=evidence, short=short, now=now
    )
    return [(each.name, each.why.value, each.earliest) for each in missing]
