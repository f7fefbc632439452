"""What goes wrong outside is one line on standard error and exit code 2."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import typer

from prewatt_cli.target import NoTarget
from prewatt_devstack import StackError
from prewatt_metering.rating.part import Unrated
from prewatt_metering.tariffs.book import NoTariff


@contextmanager
def one_line_errors() -> Generator[None]:
    """For everything that speaks to a service or reads what a person gave."""
    try:
        yield
    except (NoTarget, NoTariff, StackError, Unrated, ValueError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except httpx.HTTPError as error:
        _fail(f"no answer: {error}")


def answered(response: httpx.Response) -> httpx.Response:
    """``response`` where it is good; raises ValueError with what its problem says."""
    if response.is_success:
        return response
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError):
        detail = response.text
    message = f"{response.status_code}: {detail}"
    raise ValueError(message)


def _fail(message: str) -> None:
    print(f"prewatt: {message}", file=sys.stderr)  # noqa: T201
    raise typer.Exit(2)
