"""``devstack``: bring the local stack up and down."""

import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from prewatt_devstack.errors import StackError
from prewatt_devstack.paths import default_state_dir
from prewatt_devstack.provider import Provider, choose_provider
from prewatt_devstack.stack import Stack

app = typer.Typer(
    help="The local stack of Prewatt.", no_args_is_help=True, pretty_exceptions_enable=False
)
Name = Annotated[str, typer.Option(help="Several stacks live side by side under their names.")]
StateDir = Annotated[Path | None, typer.Option(help="Where its state is kept.")]


@app.command()
def up(
    *,
    name: Name = "dev",
    state_dir: StateDir = None,
    provider: Annotated[Provider, typer.Option()] = "auto",
    prometheus: bool = False,
    services: Annotated[bool, typer.Option(help="Start the four services too.")] = False,
) -> None:
    """Bring it up; what was left by a run that was killed is cleaned up or taken over."""
    started = time.monotonic()
    try:
        stack = Stack(name=name, state_dir=state_dir, provider=provider, with_prometheus=prometheus)
        stack.up()
        if services:
            stack.start_services()
    except StackError as error:
        _fail(f"{error}. What was started goes on; `devstack down` ends it")
    else:
        _say(f"up in {time.monotonic() - started:.1f} s ({stack.provider})")
        _say(f"kafka      {stack.endpoints.kafka_bootstrap}")
        _say(f"mosquitto  {stack.endpoints.mqtt_host}:{stack.endpoints.mqtt_port}")
        _say(f"postgres   {stack.endpoints.postgres_host}:{stack.endpoints.postgres_port}")
        if services:
            for service in stack.endpoints.service_ports:
                _say(f"{service:<14} {stack.endpoints.service_url(service)}/docs")
        _say(f"state      {stack.state_dir}")


@app.command("provider")
def show_provider() -> None:
    """What would run the parts of a new stack, containers or native; fetches images for it."""
    try:
        _say(choose_provider())
    except StackError as error:
        _fail(str(error))


@app.command()
def down(*, name: Name = "dev", state_dir: StateDir = None, remove_data: bool = False) -> None:
    """Stop everything it owns; with --remove-data delete its state too."""
    if not (state_dir or default_state_dir(name)).exists():
        _say("nothing to stop")
        return
    try:
        Stack(name=name, state_dir=state_dir).down(remove_data=remove_data)
    except StackError as error:
        _fail(str(error))
    _say("down")


@app.command()
def status(*, name: Name = "dev", state_dir: StateDir = None) -> None:
    """Which parts run. Exit code 1 unless all do."""
    if not (state_dir or default_state_dir(name)).exists():
        _say("no stack")
        raise typer.Exit(1)
    try:
        states = Stack(name=name, state_dir=state_dir).status()
    except StackError as error:
        _fail(str(error))
    for part, running in states.items():
        _say(f"{part:<14} {'running' if running else 'stopped'}")
    if not all(states.values()):
        raise typer.Exit(1)


@app.command()
def logs(
    part: Annotated[str | None, typer.Argument(help="A part or service; all without it.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    name: Name = "dev",
    state_dir: StateDir = None,
) -> None:
    """What parts and services have printed."""
    if not (state_dir or default_state_dir(name)).exists():
        _fail("no stack")
    try:
        stack = Stack(name=name, state_dir=state_dir)
        names = [part] if part else list(stack.status())
        width = 0 if part else max(map(len, names), default=0)
        shown = dict.fromkeys(names, 0)
        while True:
            for each in names:
                text = stack.logs(each)
                fresh = text[shown[each] : text.rfind("\n") + 1]
                shown[each] += len(fresh)
                for line in fresh.splitlines():
                    _say(f"{each:<{width}} | {line}" if width else line)
            if not follow:
                break
            time.sleep(0.5)
    except FileNotFoundError:
        _fail(f"there is no log of {part}")
    except StackError as error:
        _fail(str(error))


def _say(line: str) -> None:
    print(line)  # noqa: T201


def _fail(message: str) -> NoReturn:
    print(f"devstack: {message}", file=sys.stderr)  # noqa: T201
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
