"""Accounts, contacts and notices."""

from alembic import op

from prewatt_common.db.migrations import SHARED_TABLES_0001, execute_all

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE account (
    id uuid PRIMARY KEY,
    number text,
    supply_off_since timestamptz
);
CREATE TABLE contact (
    account_id uuid PRIMARY KEY,
    language text NOT NULL,
    email text,
    phone text,
    channels text[] NOT NULL,
    timezone text
);
CREATE TABLE notice (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    id uuid PRIMARY KEY,
    cause_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account,
    template text NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    recipient text NOT NULL,
    facts jsonb NOT NULL,
    settled_above_micro bigint,
    -- How many channels were tried for it before: 0 is what the event itself made.
    position integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('queued', 'sending', 'accepted', 'delivered', 'bounced', 'failed', 'expired', 'withdrawn',
         'suppressed')),
    -- What a notice in flight becomes if this attempt does not deliver it.
    stop_as text CHECK (stop_as IN ('withdrawn', 'suppressed')),
    -- 0 goes first.
    priority smallint NOT NULL,
    -- Worth nothing after this; given to the next channel after that.
    expires_at timestamptz NOT NULL,
    give_up_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- When a queued one is due, or when the sender of one being sent counts as dead.
    next_attempt_at timestamptz,
    reason text,
    -- What says that it was delivered.
    proof text CHECK (proof IN ('receipt', 'undisputed', 'log')),
    -- So many SMS the network counts for it.
    segments smallint CHECK (segments BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    finished_at timestamptz,
    -- An event makes a notice once, whatever became of the contact in between.
    UNIQUE (cause_id, template, position),
    CHECK ((status IN ('queued', 'sending')) = (next_attempt_at IS NOT NULL)),
    CHECK (give_up_at <= expires_at),
    CHECK (status <> 'delivered' OR proof IS NOT NULL),
    CHECK (status NOT IN ('accepted', 'delivered', 'bounced') OR accepted_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX notice_due ON notice (channel, priority, next_attempt_at)
    WHERE status IN ('queued', 'sending');
CREATE INDEX notice_overdue ON notice (give_up_at) WHERE status IN ('queued', 'sending');
CREATE INDEX notice_accepted ON notice (channel, accepted_at) WHERE status = 'accepted';
CREATE INDEX notice_stopped ON notice (next_attempt_at)
    WHERE status = 'sending' AND stop_as IS NOT NULL;
CREATE INDEX notice_account ON notice (account_id, sequence);
-- By the SMS centre's number. A receipt may come before we have noted the acceptance.
CREATE TABLE sms_message (
    message_id text PRIMARY KEY,
    notice_id uuid REFERENCES notice,
    verdict text CHECK (verdict IN ('delivered', 'bounced')),
    reason text,
    heard_at timestamptz,
    CHECK ((verdict IS NULL) = (heard_at IS NULL)),
    CHECK ((verdict IS NULL) = (reason IS NULL)),
    CHECK (notice_id IS NOT NULL OR verdict IS NOT NULL)
);
CREATE INDEX sms_message_notice ON sms_message (notice_id);
CREATE INDEX sms_message_unknown ON sms_message (heard_at) WHERE notice_id IS NULL
"""


def upgrade() -> None:
    execute_all(SHARED_TABLES_0001, TABLES)


def downgrade() -> None:
    for table in (
        "sms_message", "notice", "contact", "account", "zone_data", "outbox", "dead_letter_replay",
        "offset_acceptance", "consumer_offset",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
