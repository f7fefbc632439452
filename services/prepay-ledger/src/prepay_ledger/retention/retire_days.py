"""Use case: days of readings whose time is over are exported, proven and taken out."""

from collections.abc import AsyncIterator
from datetime import date

from prepay_ledger.retention.export_file import ExportWriter, NotTheExport, read_export
from prepay_ledger.retention.ports import ExportFolder, RetentionStore
from prepay_ledger.retention.rules import first_day_kept
from prepay_ledger.retention.values import Export, LeftDay, path_of
from prepay_ledger.seals.values import TableSeal


class NotRetired(Exception):
    """A day stays where it is; the message says why, and what a person should do."""


class RetireDays:
    """A day at a time, the oldest first. Its rows are taken out once its export was read back and
    is what the seal hashed, and not before: who dies on the way leaves the rows, and a file that is
    whole or not there."""

    def __init__(self, *, store: RetentionStore, folder: ExportFolder, folder_name: str) -> None:
        """``folder_name``: where the service and the audit find the folder."""
        self._store = store
        self._folder = folder
        self._folder_name = folder_name

    async def __call__(self, *, months: int, limit: int) -> AsyncIterator[LeftDay]:
        """At most ``limit`` days of those that are due, each once it has left. Raises
        `NotRetired`; what left before has left."""
        before = first_day_kept(await self._store.open_day(), months=months)
        for day in await self._store.due(before=before, limit=limit):
            yield await self._retire(day)

    async def _retire(self, day: date) -> LeftDay:
        sealed = await self._store.sealed(day)
        path = path_of(day)
        # One that is there is of somebody who died after it, or of a database that was restored.
        if not self._folder.exists(path):
            await self._write(day, path, sealed)
        export = self._read_back(day, path)
        if (export.rows, export.root) != (sealed.rows, sealed.root):
            message = (
                f"{path} is there and is not what was sealed of {day}: nothing was taken out. Find "
                "out whose it is, move it away and try again"
            )
            raise NotRetired(message)
        self._folder.make_durable(path)
        left = LeftDay(day=day, folder=self._folder_name, export=export)
        await self._store.take_out(left)
        return left

    async def _write(self, day: date, path: str, sealed: TableSeal) -> None:
        with self._folder.create(path) as sink:
            writer = ExportWriter(sink)
            async for text in self._store.texts(day):
                writer.add(text)
            # Within the block: a file that is not what was sealed is never there by its name.
            if writer.end() != (sealed.rows, sealed.root):
                message = (
                    f"the readings of {day} are not what was sealed: nothing was written or taken "
                    "out. `prewatt audit --seals-only` names the row"
                )
                raise NotRetired(message)

    def _read_back(self, day: date, path: str) -> Export:
        try:
            with self._folder.open(path) as source:
                return read_export(source)
        except NotTheExport as error:
            message = f"{path}, the export of {day}, cannot be read: {error}. Nothing was taken out"
            raise NotRetired(message) from error
