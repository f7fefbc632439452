"""What another tariff would have charged, from the use that is stored: read in the same snapshot as
the rest of the history."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from prepay_ledger.charging.audit_charges import HISTORIES_AT_ONCE
from prepay_ledger.charging.derive_meter import derive_meter
from prepay_ledger.charging.follow_meter import open_use
from prepay_ledger.charging.meters import Agreement, sum_of_use
from prepay_ledger.charging.postgres_audit import PostgresAudit
from prepay_ledger.charging.pricing import DAY, Pricings
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.what_if.other_tariff import (
    InItsPlace,
    Other,
    charged_more,
    first_day_of_use,
    other_book,
    use_for,
)
from prewatt_common.db.database import DriverConnection
from prewatt_metering.rating.part import Unrated
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.usage.days import DayUsage

_USE = """
SELECT agreement_id, day, slot, sum(wh)::bigint AS wh FROM day_use
WHERE agreement_id = ANY($1::uuid[]) AND day BETWEEN $2 AND $3
GROUP BY agreement_id, day, slot
"""


class PostgresOtherTariff:
    """``document`` in place of the published tariff of its code, over days. Raises `NotComparable`
    and `UnknownTariff`."""

    def __init__(self, tariffs: Tariffs, document: TariffVersion, days: Sequence[date]) -> None:
        self._days = days
        self._code = document.code
        self._was = Pricings(tariffs)
        book = other_book(tariffs.book(document.code), document, days)
        self._others = Pricings(InItsPlace(tariffs, book))

    async def of(
        self, connection: DriverConnection, account_ids: Collection[UUID]
    ) -> Mapping[UUID, Other]:
        """By account, of those that have the tariff on one of the days."""
        store = PostgresAudit(connection)
        agreements = [
            each
            for each in await store.agreements_of(account_ids)
            if each.tariff_code == self._code
            # What closes on the first day is of the day before.
            and each.first_day <= self._days[-1]
            and (each.end_day is None or self._days[0] <= each.end_day)
        ]
        use = await self._use(connection, store, agreements)
        coarse = {each.account_id for each in agreements if self._other(each, use) is None}
        derived = await self._derived(store, coarse)
        found: dict[UUID, Other] = {}
        for each in agreements:
            other_use = self._other(each, use)
            if other_use is None:
                other_use = derived.get(each.id, {})
            found[each.account_id] = self._added(
                found.get(each.account_id), each, use.get(each.id, {}), other_use
            )
        return found

    def _added(
        self, known: Other | None, agreement: Agreement, use: DayUsage, other_use: DayUsage
    ) -> Other:
        if known is not None and known.why_not is not None:
            return known
        try:
            more = charged_more(
                agreement,
                use=(use, other_use),
                pricing=(self._was[agreement.book], self._others[agreement.book]),
                days=self._days,
            )
        except Unrated as error:
            return Other(why_not=str(error))
        before = known.more_micro if known is not None else [0] * len(more)
        return Other([a + b for a, b in zip(before, more, strict=True)])

    def _other(self, agreement: Agreement, use: Mapping[UUID, DayUsage]) -> DayUsage | None:
        return use_for(
            use.get(agreement.id, {}),
            was=self._was[agreement.book],
            other=self._others[agreement.book],
            until=self._days[-1] + DAY,
        )

    async def _use(
        self, connection: DriverConnection, store: PostgresAudit, agreements: Sequence[Agreement]
    ) -> Mapping[UUID, DayUsage]:
        """Days that ended as they are kept, and the day that each meter is in."""
        found: dict[UUID, DayUsage] = {each.id: {} for each in agreements}
        if not agreements:
            return found
        first = min(
            first_day_of_use(pricings[each.book], self._days[0])
            for each in agreements
            for pricings in (self._was, self._others)
        )
        for row in await connection.fetch(_USE, list(found), first, self._days[-1]):
            found[row["agreement_id"]][row["day"], row["slot"]] = row["wh"]
        meter_ids = await store.meters_of([each.account_id for each in agreements])
        for row in (await store.meters(meter_ids)).values():
            for agreement_id, use in open_use(row, self._was).items():
                if agreement_id in found:
                    found[agreement_id] = sum_of_use(found[agreement_id], use)
        return found

    async def _derived(
        self, store: PostgresAudit, account_ids: Collection[UUID]
    ) -> Mapping[UUID, DayUsage]:
        """By the other tariff's times of use, from readings, as the ledger derives it."""
        found: dict[UUID, DayUsage] = {}
        meter_ids = await store.meters_of(account_ids) if account_ids else ()
        for begin in range(0, len(meter_ids), HISTORIES_AT_ONCE):
            some = meter_ids[begin : begin + HISTORIES_AT_ONCE]
            for history in (await store.histories(some)).values():
                for agreement_id, use in derive_meter(history, self._others).use.items():
                    found[agreement_id] = sum_of_use(found.get(agreement_id, {}), use)
        return found
