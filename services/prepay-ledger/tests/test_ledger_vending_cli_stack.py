"""``prewatt vendors`` and ``prewatt vend`` on the running ledger."""

from typing import Any
from uuid import uuid4

import pytest
from ledger_cli import prewatt

pytestmark = pytest.mark.stack


async def test_a_vendor_is_opened_staffed_and_funded_and_sells(ledger: Any) -> None:
    account = await ledger.open()
    code = f"desk-{uuid4().hex[:8]}"
    said = await prewatt(
        ledger, "vendors", "open", code, "--name", "Desk 1", "--kind", "cashier", "--day-limit",
        "500", "--reason", "new desk",
    )  # fmt: skip
    assert said == (0, f"vendor {code} is open\n")
    staffed = await prewatt(ledger, "vendors", "staff", code, f"li-{code}", "--reason", "shift")
    assert staffed == (0, f"li-{code} sells for {code}\n")
    funded = ("vendors", "fund", code, "100", "--reference", "T-1", "--key", "f1")
    for _ in range(2):
        assert (await prewatt(ledger, *funded))[0] == 0
    status, problem = await prewatt(ledger, *funded[:-1], "f2")
    assert (status, "was paid in before" in problem) == (2, True), problem
    till = ("--who", f"li-{code}")
    sell = ("vend", "sell", account["number"], "30", "--key", "s1", *till)
    status, receipt = await prewatt(ledger, *sell)
    assert (status, "30.00 CNY for account" in receipt) == (0, True), receipt
    assert await prewatt(ledger, *sell) == (0, receipt)
    status, problem = await prewatt(ledger, "vend", "sell", account["number"], "71", *till)
    assert (status, "has 70.00 CNY left to sell" in problem) == (2, True), problem
    vend_id = receipt.partition(":")[0]
    status, void = await prewatt(ledger, "vend", "void", vend_id, "--reason", "typo", *till)
    assert (status, f"VOID by li-{code}: typo" in void) == (0, True), void
    status, listed = await prewatt(ledger, "vendors", "list")
    assert (status, code in listed) == (0, True)
    assert (await ledger.account(account))["balance_micro"] == 0
    (paid,) = (await ledger.api.get(f"/v1/vendors/{code}/fundings")).json()["items"]
    back = ("vendors", "reverse-funding", code, paid["id"], "--reason", "bounced")
    assert (await prewatt(ledger, *back))[0] == 2
    assert await prewatt(ledger, *back, "--who", "wang") == (
        0, f"100.00 of {code}, T-1, is reversed\n",
    )  # fmt: skip
    status, listed = await prewatt(ledger, "vendors", "fundings", code)
    assert (status, paid["id"] in listed) == (0, True), listed
