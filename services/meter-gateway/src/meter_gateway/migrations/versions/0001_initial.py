"""Devices, commands, faults, and what the replicas tell each other."""

from prewatt_common.db.migrations import SHARED_TABLES_0001, execute_all

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE device (
    meter_id text PRIMARY KEY,
    model text NOT NULL,
    codec text NOT NULL,
    presence text,
    -- Since when it is so.
    presence_at timestamptz,
    -- When the newest message came that it rests on; none for a retained one.
    presence_known_at timestamptz,
    session text,
    created_at timestamptz NOT NULL
);
CREATE INDEX device_offline ON device (meter_id) WHERE presence = 'offline';
CREATE TABLE command (
    command_id uuid PRIMARY KEY,
    meter_id text NOT NULL,
    account_id uuid NOT NULL,
    action text NOT NULL,
    sequence bigint NOT NULL,
    status text NOT NULL,
    -- Of its topic.
    partition integer NOT NULL,
    -- What the meter gets, as the ledger signed it.
    signed text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    relay text,
    detail text NOT NULL DEFAULT '',
    caused_at timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sent_at timestamptz,
    -- When it is to be sent or, once it was, to be given up. None once it is finished.
    due_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX command_meter_id ON command (meter_id, sequence);
CREATE INDEX command_due ON command (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE key_message (
    meter_id text PRIMARY KEY,
    sequence bigint NOT NULL,
    signed text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    issued_at timestamptz NOT NULL,
    sent_at timestamptz,
    -- When it is to be sent. None while its meter is waited for.
    due_at timestamptz
);
CREATE INDEX key_message_due ON key_message (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE meter_fault (
    -- Not a reference: meters that are not registered are the ones to find.
    meter_id text NOT NULL,
    reason text NOT NULL,
    messages bigint NOT NULL,
    detail text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- The last good message after a refusal; the fault is over where it is the newer.
    good_at timestamptz,
    PRIMARY KEY (meter_id, reason)
);
CREATE TABLE broker_drops (
    broker text PRIMARY KEY,
    -- What the broker has counted since its start, as last seen; none: it never said.
    counted bigint,
    messages bigint NOT NULL,
    at timestamptz,
    estimated bigint NOT NULL
);
CREATE TABLE replica (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    execute_all(SHARED_TABLES_0001, TABLES)


def downgrade() -> None:
    raise NotImplementedError("restore from a backup")
