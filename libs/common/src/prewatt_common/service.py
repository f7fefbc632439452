"""The shell of a service: HTTP, workers, signals, and an orderly stop."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, Protocol

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy import make_url

from prewatt_common.db.migrations import migrate
from prewatt_common.http.server import server_config
from prewatt_common.logging import configure_logging
from prewatt_common.settings import ServiceSettings
from prewatt_common.workers import being_cancelled
from prewatt_common.zone_data import OldZoneData, use_packaged_zone_data

logger = logging.getLogger(__name__)


class Worker(Protocol):
    """Something that runs for the life of the process."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set, then finish what is in hand and return."""
        ...


class ServiceFailed(Exception):
    """A worker ended before it was told to; which and why is in the log."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the service decides the order of the stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve(*, app: FastAPI, settings: ServiceSettings, workers: Sequence[Worker]) -> None:
    """Serve ``app`` and run ``workers`` until SIGTERM or SIGINT.

    A worker that ends before, however it does, ends the service with `ServiceFailed`: what runs
    half is worse than what a supervisor starts again. On a signal the workers finish first, while
    ``/readyz`` still answers.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = _Server(server_config(app, host=settings.http_host, port=settings.http_port))
    # Most of what lives now lives for ever: leave it out of every later collection.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(_supervise(worker, stop), name=worker.name)
            group.create_task(_until(stop, serving))
    except BaseExceptionGroup as group:
        failed = group.subgroup(ServiceFailed)
        raise (failed.exceptions[0] if failed else group) from None
    finally:
        server.should_exit = True
        await serving
    logger.info("stopped")


async def _supervise(worker: Worker, stop: asyncio.Event) -> None:
    """A task group takes one that returns, or is cancelled from inside, for one that is done."""
    try:
        await worker.run(stop)
    except (Exception, asyncio.CancelledError) as error:
        if being_cancelled():
            raise
        logger.critical(
            "worker %s failed, and the service ends: %r", worker.name, error, exc_info=error
        )
        raise ServiceFailed(worker.name) from error
    if not stop.is_set():
        logger.critical("worker %s returned unasked, and the service ends", worker.name)
        raise ServiceFailed(worker.name)


async def _until(stop: asyncio.Event, serving: asyncio.Task[None]) -> None:
    """Waits for ``stop``; an HTTP server that ends before it (a taken port) ends the service."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        stopping.cancel()
        await serving
        message = "the HTTP server ended by itself"
        raise RuntimeError(message)


def run_service(
    *,
    package: str,
    settings_type: type[ServiceSettings],
    run: Callable[[Any], Coroutine[Any, Any, None]],
) -> None:
    """The command line of a service: no argument serves, ``migrate`` migrates its database, as
    the role that owns it, and gives the service's role its rights.

    Wrong settings or arguments: one line on standard error and exit code 2.
    """
    name = package.replace("_", "-")
    try:
        zone_data = use_packaged_zone_data()
        settings = settings_type()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        problems = "; ".join(
            f"PREWATT_{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        )
        print(f"{name}: {problems}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except OldZoneData as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except SettingsError as error:  # a variable that must be JSON and is none
        print(f"{name}: PREWATT_*: {error}: not JSON", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    configure_logging(service=name, level=settings.log_level)
    logger.info("zone data %s of the package tzdata", zone_data)
    match sys.argv[1:]:
        case []:
            try:
                uvloop.run(run(settings))
            except ServiceFailed:
                sys.exit(1)
        case ["migrate"]:
            _migrate(name, package, settings)
        case _:
            print(f"usage: {name} [migrate]", file=sys.stderr)  # noqa: T201
            sys.exit(2)


def _migrate(name: str, package: str, settings: ServiceSettings) -> None:
    """Where one role would be both, the service could switch off what guards its tables."""
    service_role = make_url(settings.database_url.get_secret_value()).username
    owners = settings.migration_database_url
    owner = None if owners is None else make_url(owners.get_secret_value()).username
    if owners is None or owner == service_role:
        print(  # noqa: T201
            f"{name}: PREWATT_MIGRATION_DATABASE_URL: to migrate, the database is needed by the"
            f" role that owns its tables, another than {service_role}",
            file=sys.stderr,
        )
        sys.exit(2)
    migrate(package=package, database_url=owners.get_secret_value(), service_role=service_role)
