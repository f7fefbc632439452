"""Accounts and meters of a test, in the running ledger and in truth."""

from datetime import date
from typing import Any, TypeAlias
from uuid import uuid4

from ledger_expected import Agreed, Metered, document, minute_us

from prewatt_common.clock import utc_now
from prewatt_metering.calendar.instants import instant_of

Periods: TypeAlias = list[tuple[date, list[tuple[str, str, int]]]]
"""By first day: component, detail and amount of each line."""
DAY = 24 * 60
"""In minutes, as readings are told."""


def at(minute: int) -> str:
    return instant_of(minute_us(minute)).isoformat()


def steady(days: int, wh_a_step: int = 241, *, first: int = 0, base_wh: int = 0, step: int = 6):
    """Readings every ``step`` hours on so many days from minute ``first`` on."""
    return [
        (first + number * step * 60, base_wh + number * wh_a_step)
        for number in range(1, days * 24 // step + 1)
    ]


class Case:
    """Accounts and meters of a test, in the ledger and in truth."""

    def __init__(self, ledger: Any, **tariff: Any) -> None:
        self.ledger = ledger
        self.code = f"t-{uuid4().hex[:10]}"
        self.documents = [document(self.code, **tariff)]
        self.agreed: dict[str, list[Agreed]] = {}
        self.meters: list[Metered] = []
        self.entries: dict[str, list[dict[str, Any]]] = {}

    async def publish(self, body: dict[str, Any] | None = None) -> None:
        sent = {"document": body or self.documents[0], "reason": "test"}
        answer = await self.ledger.api.post("/v1/tariffs", json=sent)
        assert answer.status_code == 201, answer.text

    async def account(self, **more: Any) -> dict[str, Any]:
        account = await self.ledger.open()
        answer = await self.ledger.agree(account, tariff_code=self.code, **more)
        assert answer.status_code == 201, answer.text
        self.agreed[account["id"]] = [Agreed(documents=self.documents)]
        return account

    def meter(self, name: str = "m") -> Metered:
        self.meters.append(Metered(meter_id=f"{name}-{uuid4().hex[:10]}"))
        return self.meters[-1]

    async def home(self, **more: Any) -> tuple[dict[str, Any], Metered]:
        """An account with a meter that is there from the beginning, register at zero."""
        account = await self.account()
        meter = self.meter().serves(account, opening_wh=0, **more)
        answer = await self.ledger.install(account, meter.meter_id, **more)
        assert answer.status_code == 201, answer.text
        return account, meter

    async def read(self, meter: Metered, readings: list[tuple[int, int]]) -> None:
        await self.ledger.read(*((meter.meter_id, minute, wh) for minute, wh in readings))
        meter.readings += readings

    async def decide(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.ledger.api.request(method, path, json=body | {"reason": "test"})
        assert answer.is_success, answer.text
        return answer.json()

    async def move_out(self, meter: Metered, minute: int, **body: Any) -> Any:
        path = f"/v1/meters/{meter.meter_id}/move-out"
        return await self.decide("POST", path, at=at(minute), **body)

    def owed(self, account: dict[str, Any]) -> Periods:
        """By period, the oldest first: the lines that must be charged."""
        now = utc_now()
        return [
            (each.period.first, [(n.component, n.detail, n.amount_micro) for n in each.lines])
            for agreed in self.agreed[account["id"]]
            for each in agreed.charges(account, self.meters, now=now)
        ]

    def balance(self, account: dict[str, Any]) -> int:
        return -sum(micro for _, lines in self.owed(account) for _, _, micro in lines)

    async def settles(self, *accounts: dict[str, Any]) -> None:
        """Wait until everything is charged, then `holds`."""
        for account in accounts:

            async def there(account: dict[str, Any] = account) -> bool:
                # Lines too: where only months move, the balance is the same at once.
                found = await self.ledger.worth(account)
                return found == self.balance(account) and (
                    await self.told(account) == _without_empty(self.owed(account))
                )

            try:
                await self.ledger.until(there, what=account["number"], timeout_s=30)
            except BaseException:
                print(await self.told(account))
                print(_without_empty(self.owed(account)))
                raise
        await self.holds(*accounts)

    async def told(self, account: dict[str, Any]) -> Periods:
        """What the ledger says of the account's periods; each total is its lines'."""
        periods = await self.ledger.newest(account, "charges")
        for each in periods:
            assert each["total_micro"] == sum(n["amount_micro"] for n in each["lines"])
        return _without_empty(
            [
                (
                    date.fromisoformat(each["period_first"]),
                    [(n["component"], n["detail"], n["amount_micro"]) for n in each["lines"]],
                )
                for each in periods
            ]
        )

    async def holds(self, *accounts: dict[str, Any]) -> None:
        """At once: balances, lines, entries and the ledger's sums are what they must be, and what
        was posted before stands."""
        for account in accounts:
            assert await self.ledger.worth(account) == self.balance(account)
            assert await self.told(account) == _without_empty(self.owed(account))
            entries = (await self.ledger.newest(account, "entries"))[::-1]
            before = self.entries.get(account["id"], [])
            assert entries[: len(before)] == before
            self.entries[account["id"]] = entries
        await self.ledger.sums_to_zero()


def _without_empty(periods: Periods) -> Periods:
    """A period in which nothing came to be owed after all is kept and costs nothing."""
    return sorted(each for each in periods if any(micro for _, _, micro in each[1]))


async def begins(case: Case, first: date) -> None:
    """As if the agreements had begun then, and no sweep had been since: the next one finds them."""
    for change in (
        "UPDATE agreement SET first_day = $2 WHERE tariff_code = $1",
        "UPDATE charge_state SET period_first = date_trunc('month', $2::date), "
        "period_end = date_trunc('month', $2::date) + interval '1 month', due_day = $2::date "
        "WHERE agreement_id IN (SELECT id FROM agreement WHERE tariff_code = $1)",
    ):
        await case.ledger.sql(change, case.code, first)
