"""Who runs the parts: containers where an engine and the images are, else native processes."""

import os
import sys
from typing import Literal, get_args

from prewatt_devstack.containers import why_no_containers
from prewatt_devstack.errors import StackError

Chosen = Literal["containers", "native"]
Provider = Literal["auto", "containers", "native"]


def choose_provider(wanted: Provider = "auto") -> Chosen:
    """What ``auto`` comes to: ``PREWATT_PROVIDER`` decides, else what this machine has.

    Images that are not there are fetched, and said on standard error. Raises `StackError` where
    containers are insisted on and there can be none.
    """
    if wanted == "auto":
        wanted = _from_environment()
    if wanted == "native":
        return "native"
    reason = why_no_containers(say=_say)
    if reason is None:
        return "containers"
    if wanted == "containers":
        message = f"there can be no containers here: {reason}"
        raise StackError(message)
    return "native"


def _from_environment() -> Provider:
    named = os.environ.get("PREWATT_PROVIDER") or "auto"
    for provider in get_args(Provider):
        if named == provider:
            return provider
    message = f"PREWATT_PROVIDER is {named}, which is none of {', '.join(get_args(Provider))}"
    raise StackError(message)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
