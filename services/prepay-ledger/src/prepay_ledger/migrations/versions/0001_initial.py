"""The first tables."""

from alembic import op

from prepay_ledger.adapters.postgres.tables import metadata
from prewatt_common.db.migrations import create_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    create_shared_tables(connection)
    metadata.create_all(connection, checkfirst=False)
    for table in ("account", "binding"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 60)")


def downgrade() -> None:
    raise NotImplementedError("restore from a backup: a ledger is not taken back by dropping it")
