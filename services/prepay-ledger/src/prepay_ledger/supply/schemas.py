"""Decisions and commands over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class DecisionOut(BaseModel, from_attributes=True):
    """Why the supply stayed, went or came back: rules that fired and held, and the inputs."""

    id: UUID
    at: datetime
    state: str
    action: str | None
    fired: list[str]
    held: list[str]
    inputs: dict[str, Any]


class CommandOut(BaseModel, from_attributes=True):
    """A relay command and how far it came. ``limit_w``: of a limit, to how many watts."""

    id: UUID
    decision_id: UUID
    meter_id: str
    action: str
    limit_w: int | None
    sequence: int
    status: str
    relay: str | None
    detail: str
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime
    finished_at: datetime | None


class HeldByOut(BaseModel, from_attributes=True):
    """What holds a cut; ``until``: none, until somebody does something about it."""

    rule: str
    until: datetime | None
    text: str


class ExplanationOut(BaseModel):
    """Why an account has supply or not. ``to_pay_micro``: what brings it back, where only money
    does; ``owed_micro``: by debts, which are no reason for a cut; ``decision_id``: what it rests
    on."""

    account_id: UUID
    state: str
    language: str
    text: str
    balance_micro: int
    owed_micro: int
    to_pay_micro: int | None
    holds: list[HeldByOut]
    decision_id: UUID | None
