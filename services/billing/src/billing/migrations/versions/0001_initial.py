"""Readings, the terms they are rated by, what the ledger posted, how the two compare, and the
manifest of the archive; how far a night is; households that may be in hardship.

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
CREATE TABLE meter_day (
    meter_id text NOT NULL,
    day date NOT NULL,
    packed bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (meter_id, day)
) WITH (fillfactor = 60);
CREATE TABLE account (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    currency text NOT NULL
);
CREATE TABLE tariff_version (
    code text NOT NULL,
    valid_from date NOT NULL,
    correction integer NOT NULL,
    document text NOT NULL,
    published_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (code, valid_from, correction)
);
CREATE TABLE completed_correction (
    code text NOT NULL,
    correction integer NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (code, correction)
);
CREATE TABLE agreement (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    account_id uuid NOT NULL,
    tariff_code text NOT NULL,
    first_day date NOT NULL,
    end_day date,
    capacity_va bigint,
    contracted_w bigint,
    changed_at timestamptz NOT NULL
);
CREATE INDEX agreement_account_id ON agreement (account_id);
CREATE INDEX agreement_tariff_code ON agreement (tariff_code);
CREATE TABLE installation (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    meter_id text NOT NULL,
    account_id uuid NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz,
    opening_wh bigint,
    closing_wh bigint,
    multiplier bigint NOT NULL,
    device text,
    removed boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX installation_meter_id ON installation (meter_id);
CREATE INDEX installation_account_id ON installation (account_id);
CREATE TABLE meter (
    id text PRIMARY KEY,
    revision integer NOT NULL,
    household boolean NOT NULL,
    modulus_wh bigint,
    resolution_wh bigint NOT NULL,
    max_w bigint,
    supply_office text,
    station_area text,
    line text,
    changed_at timestamptz NOT NULL
);
CREATE TABLE reading_edit (
    id uuid PRIMARY KEY,
    meter_id text NOT NULL,
    read_at timestamptz NOT NULL,
    kind text NOT NULL,
    register_wh bigint,
    decided_by text NOT NULL,
    reason text NOT NULL,
    decided_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX reading_edit_meter_id ON reading_edit (meter_id);
CREATE TABLE posted_period (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    account_id uuid NOT NULL,
    version bigint NOT NULL,
    standing_days bigint NOT NULL,
    energy_wh bigint NOT NULL,
    total_micro bigint NOT NULL,
    last_read_at timestamptz,
    balance_number bigint,
    balance_micro bigint,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (agreement_id, period_first)
) WITH (fillfactor = 60);
CREATE TABLE posted_estimate (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    account_id uuid NOT NULL,
    version bigint NOT NULL,
    energy_wh bigint NOT NULL,
    total_micro bigint NOT NULL,
    meters text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (agreement_id, period_first)
);
CREATE TABLE credit (
    account_id uuid NOT NULL,
    source text NOT NULL,
    amount_micro bigint NOT NULL,
    balance_number bigint NOT NULL,
    balance_micro bigint NOT NULL,
    -- Of a top-up.
    paid_at timestamptz,
    PRIMARY KEY (account_id, source)
);
CREATE TABLE stray_balance (
    account_id uuid PRIMARY KEY,
    balance_number bigint NOT NULL,
    balance_micro bigint NOT NULL
);
CREATE TABLE balance_difference (
    account_id uuid PRIMARY KEY,
    ours_micro bigint NOT NULL,
    theirs_micro bigint NOT NULL,
    since timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE moved (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    things integer NOT NULL CHECK (things > 0),
    meters text[] NOT NULL,
    accounts uuid[] NOT NULL,
    agreements uuid[] NOT NULL,
    tariffs text[] NOT NULL
);
-- Read once, seconds later: what is taken to compress them is more than what they take.
ALTER TABLE moved ALTER COLUMN meters SET STORAGE EXTERNAL;
ALTER TABLE moved ALTER COLUMN agreements SET STORAGE EXTERNAL;
CREATE TABLE due (
    agreement_id uuid PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX due_due_at ON due (due_at);
CREATE TABLE comparison (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    month text NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    detail text,
    currency text,
    our_total_micro bigint,
    our_energy_wh bigint,
    our_standing_days bigint,
    our_last_read_at timestamptz,
    their_total_micro bigint,
    their_energy_wh bigint,
    their_standing_days bigint,
    their_last_read_at timestamptz,
    moved_at timestamptz NOT NULL,
    unequal_since timestamptz,
    compared_at timestamptz NOT NULL,
    PRIMARY KEY (agreement_id, period_first)
) WITH (fillfactor = 70);
CREATE INDEX comparison_month ON comparison (month, agreement_id, period_first);
CREATE TABLE archive_pending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    readings integer NOT NULL,
    packed bytea NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);
-- It is compressed when it comes.
ALTER TABLE archive_pending ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE TABLE archive_file (
    path text PRIMARY KEY,
    day date,
    partition smallint,
    level smallint,
    state text NOT NULL,
    readings bigint,
    import_wh_sum numeric,
    size_bytes bigint,
    sha256 bytea,
    changed_at timestamptz NOT NULL,
    unlisted_at timestamptz,
    CHECK (state IN ('begun', 'abandoned', 'live', 'replaced')),
    CHECK (state IN ('begun', 'abandoned')
           OR (day, partition, level, readings, import_wh_sum, size_bytes, sha256) IS NOT NULL),
    CHECK (unlisted_at IS NULL OR state = 'replaced')
);
CREATE INDEX archive_file_day ON archive_file (day, partition);
CREATE TABLE archive_day (
    day date NOT NULL,
    partition smallint NOT NULL,
    readings bigint NOT NULL,
    import_wh_sum numeric NOT NULL,
    listed boolean NOT NULL,
    PRIMARY KEY (day, partition)
);
CREATE INDEX archive_day_unlisted ON archive_day (day) WHERE NOT listed;
CREATE TABLE night (
    day date PRIMARY KEY,
    began_at timestamptz NOT NULL,
    finished_at timestamptz,
    agreements bigint NOT NULL DEFAULT 0,
    periods bigint NOT NULL DEFAULT 0,
    differences bigint NOT NULL DEFAULT 0,
    odd_meters bigint NOT NULL DEFAULT 0,
    left_agreements bigint NOT NULL DEFAULT 0,
    readings bigint NOT NULL DEFAULT 0,
    worked_s double precision NOT NULL DEFAULT 0
);
-- One at a time goes on.
CREATE UNIQUE INDEX night_unfinished ON night ((true)) WHERE finished_at IS NULL;
CREATE TABLE night_work (
    agreement_id uuid PRIMARY KEY,
    partition smallint NOT NULL,
    first_meter text NOT NULL,
    meters integer NOT NULL
);
CREATE INDEX night_work_order ON night_work (partition, first_meter, agreement_id);
CREATE TABLE hardship_policy (
    version integer PRIMARY KEY CHECK (version > 0),
    document text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    reason text NOT NULL,
    asked_as text NOT NULL,
    UNIQUE (published_by, asked_as)
);
CREATE TABLE hardship_event (
    account_id uuid NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL,
    amount_micro bigint,
    PRIMARY KEY (account_id, kind, source),
    CHECK (kind IN ('top_up', 'supply_off', 'supply_on', 'credit_taken', 'credit_over')),
    CHECK ((amount_micro IS NOT NULL) = (kind = 'top_up'))
);
CREATE TABLE hardship_use (
    account_id uuid NOT NULL,
    day date NOT NULL,
    used_wh bigint NOT NULL CHECK (used_wh >= 0),
    PRIMARY KEY (account_id, day)
);
CREATE TABLE hardship_run (
    day date PRIMARY KEY,
    policy_version integer NOT NULL REFERENCES hardship_policy,
    began_at timestamptz NOT NULL,
    finished_at timestamptz,
    stage text NOT NULL DEFAULT 'use' CHECK (stage IN ('use', 'assess')),
    after uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    accounts bigint NOT NULL DEFAULT 0,
    raised bigint NOT NULL DEFAULT 0,
    ended bigint NOT NULL DEFAULT 0,
    worked_s double precision NOT NULL DEFAULT 0
);
-- One at a time goes on.
CREATE UNIQUE INDEX hardship_run_unfinished ON hardship_run ((true)) WHERE finished_at IS NULL;
CREATE TABLE hardship_neighbours (
    tariff_code text PRIMARY KEY,
    households bigint NOT NULL,
    ratio_ppm bigint NOT NULL
);
CREATE TABLE hardship_flag (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    level text NOT NULL CHECK (level IN ('watch', 'likely')),
    doubts text[] NOT NULL,
    evidence text NOT NULL,
    first_day date NOT NULL,
    last_true_day date NOT NULL CHECK (last_true_day >= first_day),
    policy_version integer NOT NULL REFERENCES hardship_policy,
    raised_at timestamptz NOT NULL,
    ended_day date,
    ended_by text CHECK (ended_by IN ('cleared', 'moved_out', 'raised_anew')),
    CHECK ((ended_day IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX hardship_flag_stands ON hardship_flag (account_id) WHERE ended_day IS NULL;
CREATE INDEX hardship_flag_account_id ON hardship_flag (account_id, id);
CREATE TABLE hardship_flag_day (
    flag_id uuid NOT NULL REFERENCES hardship_flag ON DELETE CASCADE,
    day date NOT NULL,
    level text NOT NULL,
    doubts text[] NOT NULL,
    evidence text NOT NULL,
    indicators text[] NOT NULL,
    policy_version integer NOT NULL,
    PRIMARY KEY (flag_id, day)
);
CREATE TABLE hardship_acknowledgement (
    id uuid PRIMARY KEY,
    flag_id uuid NOT NULL REFERENCES hardship_flag ON DELETE CASCADE,
    at timestamptz NOT NULL,
    by text NOT NULL,
    action text NOT NULL,
    note text NOT NULL,
    asked_as text NOT NULL,
    UNIQUE (by, asked_as),
    CHECK (action IN ('called', 'payment_plan', 'vulnerable_register', 'no_action'))
);
CREATE INDEX hardship_acknowledgement_flag_id ON hardship_acknowledgement (flag_id, id);
CREATE TABLE hardship_look (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    by text NOT NULL,
    what text NOT NULL,
    account_id uuid
);
CREATE INDEX hardship_look_account_id ON hardship_look (account_id, id);
"""


def upgrade() -> None:
    execute_all(SHARED_TABLES_0001, TABLES)


def downgrade() -> None:
    for table in (
        "hardship_look", "hardship_acknowledgement", "hardship_flag_day", "hardship_flag",
        "hardship_neighbours", "hardship_run", "hardship_use", "hardship_event",
        "hardship_policy", "night_work", "night", "archive_day", "archive_file", "archive_pending",
        "balance_difference", "stray_balance", "credit", "comparison", "due", "moved",
        "posted_estimate", "posted_period", "reading_edit", "meter",
        "installation", "agreement", "completed_correction", "tariff_version", "account",
        "meter_day", "zone_data", "outbox", "dead_letter_replay", "offset_acceptance",
        "consumer_offset",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
