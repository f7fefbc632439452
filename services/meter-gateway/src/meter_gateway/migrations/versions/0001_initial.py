"""The first tables."""

from alembic import op

from meter_gateway.adapters.postgres.tables import metadata
from prewatt_common.db.migrations import create_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    create_shared_tables(connection)
    metadata.create_all(connection, checkfirst=False)


def downgrade() -> None:
    raise NotImplementedError("restore from a backup")
