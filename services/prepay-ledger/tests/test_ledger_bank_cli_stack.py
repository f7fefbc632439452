"""``prewatt bank`` on the running ledger."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ledger_bank import camt, details, entry
from ledger_cli import prewatt

pytestmark = pytest.mark.stack


async def test_a_file_is_imported_once_or_refused_in_one_line(ledger: Any, tmp_path: Path) -> None:
    account = await ledger.open()
    ours = f"CN{uuid4().hex[:16].upper()}"
    tx = [details(text=account["payment_reference"])]
    body = camt(
        entry("50", ref="A1", tx=tx, ccy="CNY"), entry("8", ref="A2", ccy="CNY"),
        account=ours, ccy="CNY",
    )  # fmt: skip
    file = tmp_path / "statement.xml"
    file.write_bytes(body)
    status, said = await prewatt(ledger, "bank", "import", str(file))
    assert (status, "no bank account of ours" in said) == (2, True), said
    told = ("bank", "open", ours, "--currency", "CNY", "--name", "Main", "--reason", "contract")
    assert await prewatt(ledger, *told) == (0, f"statements of {ours} are taken\n")
    status, said = await prewatt(ledger, "bank", "import", str(file))
    assert (status, "1 credited, 1 suspense" in said) == (0, True), said
    status, said = await prewatt(ledger, "bank", "import", str(file))
    assert (status, "the file was known" in said) == (0, True), said
    assert (await ledger.account(account))["balance_micro"] == 50_000_000
    status, said = await prewatt(ledger, "bank", "lines", "--account", ours, "--state", "suspense")
    assert (status, "8.00 CNY" in said, "names no account" in said) == (0, True, True), said
    broken = tmp_path / "broken.xml"
    broken.write_bytes(body[:-20])
    status, said = await prewatt(ledger, "bank", "import", str(broken))
    assert (status, said.count("\n"), "no XML" in said) == (2, 1, True), said
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        f"account: {ours}\ncurrency: CNY\nbooked_on: day\namount: amount\ntext: [text]\n",
        encoding="utf-8",
    )
    export = tmp_path / "export.csv"
    export.write_text("day,amount,text\n2026-03-05,-3,fee\n", encoding="utf-8")
    asked = ("bank", "import", str(export), "--mapping", str(mapping))
    status, said = await prewatt(ledger, *asked)
    assert (status, "1 debit" in said) == (0, True), said
    mapping.write_text("account: [", encoding="utf-8")
    status, said = await prewatt(ledger, *asked)
    assert (status, said.count("\n")) == (2, 1), said
