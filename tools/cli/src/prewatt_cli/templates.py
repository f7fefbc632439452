"""``prewatt templates``: the texts that notices are said with."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.scopes import local
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed

templates = typer.Typer(help="The texts that notices are said with.", no_args_is_help=True)

TemplateName = Annotated[str, typer.Argument(help="Like low-balance.")]
Language = Annotated[str, typer.Argument(help="Like zh-CN.")]
ChannelName = Annotated[str, typer.Argument(help="sms, email or log.")]
TextId = Annotated[UUID, typer.Argument(help="As `draft` prints it.")]
TextFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Subject = Annotated[str | None, typer.Option(help="Of mail, and of nothing else.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_NOTIFIER = "notifier"
_PATH = "/v1/templates"
_console = Console(soft_wrap=True)


@templates.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Drafts and what became of them, the newest first."""
    table = Table("id", "template", "language", "channel", "version", "state", "from", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        for each in items_of(notifier, _PATH, {}):
            table.add_row(
                each["id"],
                each["template"],
                each["language"],
                each["channel"],
                str(each["number"] or ""),
                each["state"],
                each["effective_from"] or "",
            )
    _console.print(table if table.row_count else "only what is shipped")


@templates.command()
def show(
    template: TemplateName,
    language: Language,
    channel: ChannelName,
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What notices are said with now. The body alone can be given to `draft` again."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        query = {"template": template, "language": language, "channel": channel}
        found = answered(notifier.get(f"{_PATH}/in-force", params=query)).json()
        _console.print(f"version {found['number']}" if found["number"] else "as it is shipped")
        _print_text(found)


@templates.command()
def draft(
    template: TemplateName,
    language: Language,
    channel: ChannelName,
    file: TextFile,
    *,
    subject: Subject = None,
    campaign: Annotated[
        UUID | None, typer.Option(help="Whose text it is, of a campaign's template.")
    ] = None,
    reason: Why,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", help="Holds from then on, this machine's time; once published."),
    ] = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Draft a text from a file; another person publishes it. Prints its id."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = _source(template, language, channel, file, subject)
        body |= {"reason": reason, "effective_from": local(from_)}
        body |= {"campaign_id": None if campaign is None else str(campaign)}
        print(keyed(notifier, _PATH, body, key)["id"])  # noqa: T201


@templates.command()
def preview(
    text_id: TextId,
    *,
    notice: Annotated[
        UUID | None, typer.Option(help="As this notice would have said it; else samples.")
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """How a text reads."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        query = {} if notice is None else {"notice_id": str(notice)}
        checked = answered(notifier.get(f"{_PATH}/{text_id}/preview", params=query)).json()
        _print_checked(checked)


@templates.command()
def test(
    text_id: TextId,
    to: Annotated[str, typer.Argument(help="A phone number or address that is yours to use.")],
    *,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Send it to a number or address, marked as a test."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        keyed(notifier, f"{_PATH}/{text_id}/test", {"to": to}, key)
        _console.print(plain(f"sent to {to}"))


@templates.command()
def publish(
    text_id: TextId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Publish what another person drafted."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        answer = notifier.post(f"{_PATH}/{text_id}/publish", json={"reason": reason})
        found = answered(answer).json()
        _console.print(f"version {found['number']} holds from {found['effective_from']} on")


@templates.command()
def withdraw(
    text_id: TextId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """No notice is said with it any more: the one before holds again."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        answered(notifier.post(f"{_PATH}/{text_id}/withdraw", json={"reason": reason}))
        _console.print("withdrawn")


@templates.command()
def check(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Holes: templates that some language and channel has no text for, and texts in force that
    would not be taken today. Exit code 1 if there are any."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        holes = answered(notifier.get(f"{_PATH}/holes")).json()["holes"]
    for each in holes:
        of = f"{each['template']} {each['language']} {each['channel']}"
        _console.print(plain(f"{of}: {each['says']}"))
    if holes:
        raise typer.Exit(1)
    _console.print("every template has a good text in every language, for every channel")


@templates.command("to-register")
def to_register(
    provider: Annotated[str, typer.Argument(help="aliyun, tencent or wechat.")],
    language: Language,
    *,
    document: Annotated[
        bool, typer.Option("--document", help="The part of the account's document, as JSON.")
    ] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The texts that a provider of approved ones is given, with what changes in each, in order."""
    query = {"provider": provider, "language": language}
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        texts = answered(notifier.get(f"{_PATH}/to-register", params=query)).json()["texts"]
    if document:
        made = {each["template"]: _registered(provider, each["places"]) for each in texts}
        print(json.dumps({language: made}, ensure_ascii=False, indent=2))  # noqa: T201
        return
    for each in texts:
        gives = ", ".join(f"{place['written']} {place['gives']}" for place in each["places"])
        _console.print(plain(f"{each['template']}: {gives or 'nothing changes'}"))
        _console.print(plain(f"  {each['text']}"))


def _registered(provider: str, places: list[dict[str, str]]) -> dict[str, Any]:
    """As the account's document has it, but for the number that the provider gives the text."""
    if provider == "tencent":
        return {"id": "", "parameters": [place["gives"] for place in places]}
    named = {place["key"]: place["gives"] for place in places}
    return {"id": "", "data": named} if provider == "wechat" else {"code": "", "parameters": named}


def _source(
    template: str, language: str, channel: str, file: Path, subject: str | None
) -> dict[str, Any]:
    try:
        body = file.read_bytes().decode().strip()
    except UnicodeDecodeError as error:
        message = f"{file} is not UTF-8: {error}"
        raise ValueError(message) from error
    return {
        "template": template,
        "language": language,
        "channel": channel,
        "subject": subject,
        "body": body,
    }


def _print_text(text: dict[str, Any]) -> None:
    if text["subject"] is not None:
        _console.print(plain(f"Subject: {text['subject']}"))
    for line in text["body"].splitlines():
        _console.print(plain(line))


def _print_checked(checked: dict[str, Any]) -> None:
    for each in checked["findings"]:
        where = f", line {each['line']}" if each["line"] else ""
        _console.print(plain(f"wrong: {each['part']}{where}: {each['says']}"))
    for each in checked["samples"]:
        sms = f", {each['segments']} SMS" if each["segments"] else ""
        _console.print(f"--- {each['characters']} characters{sms}")
        _print_text(each)
