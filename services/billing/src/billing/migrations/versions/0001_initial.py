"""Meter-months, the terms they are rated by, and what the ledger posted.

The tables that every reading touches leave room on their pages (fillfactor) and have no index on
what changes, so that updates stay on their page (HOT).
"""

from alembic import op

from prewatt_common.db.migrations import SHARED_TABLES_0001, execute_all

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE tariff_version (
    code text NOT NULL,
    effective_from text NOT NULL,
    currency text NOT NULL,
    timezone text NOT NULL,
    blocks jsonb NOT NULL,
    standing_micro_per_day bigint NOT NULL,
    tax_bp integer NOT NULL,
    PRIMARY KEY (code, effective_from)
);
CREATE TABLE account (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    currency text NOT NULL
);
CREATE TABLE binding (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    meter_id text NOT NULL,
    tariff_code text NOT NULL,
    effective_from timestamptz NOT NULL,
    effective_to timestamptz,
    opening_wh bigint NOT NULL
);
CREATE INDEX binding_meter_id ON binding (meter_id);
CREATE TABLE meter_month (
    binding_id uuid NOT NULL,
    month text NOT NULL,
    max_wh bigint NOT NULL,
    last_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (binding_id, month)
) WITH (fillfactor = 60);
CREATE TABLE posted_month (
    binding_id uuid NOT NULL,
    month text NOT NULL,
    account_id uuid NOT NULL,
    meter_id text NOT NULL,
    version bigint NOT NULL,
    import_wh bigint NOT NULL,
    last_read_at timestamptz NOT NULL,
    energy_wh bigint NOT NULL,
    total_micro bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (binding_id, month)
) WITH (fillfactor = 60);
CREATE TABLE waiting_reading (
    meter_id text NOT NULL,
    read_at timestamptz NOT NULL,
    import_wh bigint NOT NULL,
    PRIMARY KEY (meter_id, read_at, import_wh)
);
CREATE TABLE rederivation (
    meter_id text PRIMARY KEY,
    since timestamptz NOT NULL,
    ticket bigint NOT NULL GENERATED ALWAYS AS IDENTITY
);
"""


def upgrade() -> None:
    execute_all(SHARED_TABLES_0001, TABLES)


def downgrade() -> None:
    for table in (
        "rederivation", "waiting_reading", "posted_month", "meter_month", "binding", "account",
        "tariff_version", "zone_data", "outbox", "dead_letter_replay", "offset_acceptance",
        "consumer_offset",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
