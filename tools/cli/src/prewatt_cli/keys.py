"""``prewatt keys``: the keys that commands to meters are signed with, and their rotation."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

keys = typer.Typer(help="The keys that commands are signed with.", no_args_is_help=True)

_console = Console()

Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]
KeyId = Annotated[str, typer.Argument(help="As `status` shows it.")]


@keys.command()
def status(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Every key with the meters that hold it, and who has not acknowledged the newest."""
    table = Table("key", "is", "since", "by", "meters", "public key", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        found = answered(ledger.get("/v1/command-keys")).json()
        for key in found["keys"]:
            name, decided = _stands(key)
            shown = (
                key["key_id"], name, decided["at"], decided["by"], str(key["meters"]),
                key["public_key"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    if not table.row_count:
        _console.print("no key was added: meters hold the one that they were made with")
        return
    _console.print(table)
    _console.print(plain(_progress(found)))


@keys.command()
def add(
    key_id: Annotated[str, typer.Argument(help="As PREWATT_NEXT_COMMAND_KEY_ID has it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Add a key whose private part the ledger's settings have. No meter is told of it yet."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"key_id": key_id, "reason": reason}
        made = answered(ledger.post("/v1/command-keys", json=body)).json()
        _console.print(
            plain(f"key {made['key_id']} was added; its public key: {made['public_key']}")
        )


@keys.command()
def roll(
    key_id: KeyId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Tell the meters of a key; each gets commands signed with it once it has acknowledged it."""
    _post(f"{key_id}/roll", reason=reason, who=who, state_dir=state_dir)
    _console.print(
        plain(f"meters are told of key {key_id}; `prewatt keys status` says how many hold it")
    )


@keys.command()
def retire(
    key_id: KeyId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Have the meters drop a key, once every one that serves has acknowledged the next: by
    another person than who rolled that one out."""
    _post(f"{key_id}/retire", reason=reason, who=who, state_dir=state_dir)
    _console.print(plain(f"key {key_id} is retired, and meters are told to drop it"))


def _post(path: str, *, reason: str, who: str | None, state_dir: Any) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        answered(ledger.post(f"/v1/command-keys/{path}", json={"reason": reason}))


def _stands(key: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    for name in ("retired", "rolled"):
        if key[name] is not None:
            return name, key[name]
    return "added", key["added"]


def _progress(found: dict[str, Any]) -> str:
    if not found["missing"]:
        return f"all {found['serving']} meters that serve hold the newest key that is rolled"
    names = ", ".join(found["first_missing"])
    more = ", ..." if found["missing"] > len(found["first_missing"]) else ""
    return (
        f"{found['missing']} of {found['serving']} meters that serve have not acknowledged the "
        f"newest key: {names}{more}"
    )
