"""What operators decide by the command line, on the running ledger: cuts undone, accounts and areas
protected."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from ledger_cli import prewatt

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

WHY = ("--reason", "a [test]")
LI, WU = (*WHY, "--who", "li"), (*WHY, "--who", "wu")
HOUR = timedelta(hours=1)


def typed(at: datetime) -> str:
    """As a person types it, by this machine's clock."""
    return f"{at.astimezone():%Y-%m-%dT%H:%M:%S}"


async def is_cut(ledger: Any) -> tuple[dict[str, Any], str]:
    """An account that is dark, and the line that its meter hangs on."""
    account, meter_id = await ledger.household(paid_micro=10)
    line = f"line-{uuid4().hex[:8]}"
    described = {"household": True, "line": line, "reason": "test"}
    assert (await ledger.api.put(f"/v1/meters/{meter_id}", json=described)).status_code == 200
    await ledger.read((meter_id, 60, 1_000))
    await ledger.until_state(account, "disconnecting")
    await ledger.answer(*await ledger.newest(account, "commands"))
    await ledger.until_state(account, "disconnected")
    return account, line


async def said(ledger: Any, *arguments: object) -> str:
    code, output = await prewatt(ledger, *arguments)
    assert code == 0, output
    return output


def names(output: str, *what: str) -> None:
    assert [each for each in what if each not in output] == [], output


async def test_cuts_are_undone_by_two_people(ledger: Any) -> None:
    since = typed(utc_now() - timedelta(minutes=1))
    account, line = await is_cut(ledger)
    drafted = await said(ledger, "cuts", "undo", "draft", "--since", since, "--line", line, *LI)
    undo_id = drafted.split()[-1]
    assert drafted.startswith(f"1 cut of line {line}, 1 went dark: ")
    (shown,) = [
        each
        for each in (await said(ledger, "cuts", "undo", "list")).splitlines()
        if undo_id in each
    ]
    assert [
        each for each in (f"line {line}", "drafted", "li", "a [test]") if each not in shown
    ] == []
    accounts = await said(ledger, "cuts", "undo", "accounts", undo_id)
    names(accounts, account["number"], "disconnected", "-1.999990 CNY")
    alone, why_not = await prewatt(ledger, "cuts", "undo", "release", undo_id, *LI)
    assert (alone, len(why_not.splitlines())) == (2, 1)
    assert "somebody else than li" in why_not
    released = await said(ledger, "cuts", "undo", "release", undo_id, *WU)
    assert released == "1 are kept on until `end`\n"
    await ledger.until_state(account, "reconnecting")

    async def done() -> bool:
        return "done" in await said(ledger, "cuts", "undo", "list")

    await ledger.until(done, what="all are reconnected and told")
    assert await said(ledger, "cuts", "undo", "end", undo_id, *WU) == "1 are kept on no more\n"


async def test_an_undo_that_was_drafted_by_mistake_is_withdrawn(ledger: Any) -> None:
    since = typed(utc_now() - timedelta(minutes=1))
    _, line = await is_cut(ledger)
    drafted = await said(ledger, "cuts", "undo", "draft", "--since", since, "--line", line, *LI)
    undo_id = drafted.split()[-1]
    assert await said(ledger, "cuts", "undo", "withdraw", undo_id, *LI) == "withdrawn\n"
    code, why = await prewatt(ledger, "cuts", "undo", "release", undo_id, *WU)
    assert (code, "was withdrawn" in why) == (2, True)


async def test_an_account_is_protected_and_is_so_no_more(ledger: Any) -> None:
    account, _ = await is_cut(ledger)
    number = account["number"]
    assert await said(ledger, "protections", number) == f"nothing protects {number}\n"
    granted = await said(
        ledger, "protect", number, "--kind", "medical", "--papers", "clinic, 17/2026", *LI
    )
    protection_id = granted.split()[-1]
    assert granted.startswith(f"{number} is protected (medical) from ")
    await ledger.until_state(account, "reconnecting")
    shown = await said(ledger, "protections", number)
    assert [
        each for each in (protection_id, "clinic, 17/2026", "a [test]") if each not in shown
    ] == []
    ended = await said(ledger, "unprotect", number, protection_id, *WU)
    assert ended.startswith(f"medical protects {number} until ")


async def test_a_heat_warning_is_declared_for_an_area_and_ends(ledger: Any) -> None:
    area, until = f"area-{uuid4().hex[:8]}", typed(utc_now() + HOUR)
    declared = await said(
        ledger, "protected-periods", "declare", "heat of March", "--kind", "heat",
        "--until", until, "--station-area", area, *LI,
    )  # fmt: skip
    period_id = declared.split()[-1]
    assert declared.startswith(f"nobody is cut in station area {area} from ")
    shown = await said(ledger, "protected-periods", "list")
    names(shown, period_id, area, "heat of March", "li")
    ended = await said(ledger, "protected-periods", "end", period_id, *WU)
    assert ended.startswith("heat of March ends at ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("cuts", "undo", "release", str(uuid4())), "there is no undo of cuts"),
        (("cuts", "undo", "end", str(uuid4())), "there is no undo of cuts"),
        (("cuts", "undo", "draft", "--since", "2026-03-01", "--line", "a", "--tariff", "b"),
         "give one of --tariff --line"),
        (("cuts", "undo", "draft", "--since", "2026-03-01", "--line", "nowhere"), "409: "),
        (("protect", "nobody", "--kind", "medical"), "404: "),
        (("unprotect", "nobody", str(uuid4())), "404: "),
        (("protected-periods", "end", str(uuid4())), "there is no protected period"),
        (("protected-periods", "declare", "heat", "--kind", "heat", "--until", "2026-03-01"),
         "before it holds any cut"),
        (("protected-periods", "declare", "x", "--kind", "heat", "--until", "2026-03-01",
          "--line", "a", "--station-area", "b"), "give one of --station-area --line"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_one_line_and_exit_code_2(
    ledger: Any, arguments: tuple[str, ...], says: str
) -> None:
    code, output = await prewatt(ledger, *arguments, *LI)
    assert (code, len(output.splitlines())) == (2, 1), output
    assert output.startswith("prewatt: ")
    assert says in output


async def test_a_protection_takes_what_the_policy_asks_for(ledger: Any) -> None:
    account = await ledger.open()
    for more, says in (
        (("--kind", "medical"), "takes papers"),
        (("--kind", "royal", "--papers", "p"), "knows no protection royal"),
    ):
        code, output = await prewatt(ledger, "protect", account["number"], *more, *LI)
        assert (code, len(output.splitlines())) == (2, 1), output
        assert says in output
