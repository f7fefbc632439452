"""The first tables. Accounts, meters' states and charges' leave room on their pages (fillfactor):
what a reading changes in them is not indexed, so that updates stay on their page (HOT)."""

from alembic import op

from prewatt_common.db.migrations import SHARED_TABLES_0001, execute_all

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE account_key (
    id uuid NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE account (
    id uuid NOT NULL,
    number text NOT NULL,
    currency text NOT NULL,
    balance_micro bigint DEFAULT 0 NOT NULL,
    moves bigint DEFAULT 0 NOT NULL,
    low_balance_micro bigint NOT NULL,
    overdraft_micro bigint NOT NULL,
    emergency_credit_micro bigint DEFAULT 0 NOT NULL,
    protected boolean NOT NULL,
    mode text DEFAULT 'prepay' NOT NULL,
    supply_state text NOT NULL,
    review_at_micro bigint,
    review_above_micro bigint,
    top_up_at_micro bigint,
    low_since timestamptz,
    exhausted_since timestamptz,
    held text DEFAULT '' NOT NULL,
    told text DEFAULT '' NOT NULL,
    owed_micro bigint DEFAULT 0 NOT NULL,
    dues_until timestamptz,
    recheck_at timestamptz,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (number),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (overdraft_micro >= 0),
    CHECK (emergency_credit_micro >= 0),
    CHECK (mode IN ('prepay', 'arrears')),
    CHECK (owed_micro >= 0)
) WITH (fillfactor = 60);
CREATE INDEX account_arrears ON account (id) WHERE mode = 'arrears';
CREATE INDEX account_plain_number ON account (
    upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g'))
);
CREATE INDEX account_recheck_at ON account (recheck_at) WHERE recheck_at IS NOT NULL;
CREATE TABLE journal (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    source text NOT NULL,
    currency text NOT NULL,
    entries integer NOT NULL,
    entries_micro bigint NOT NULL,
    postings integer NOT NULL,
    posted_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (entries >= 0),
    CHECK (postings >= 0)
);
CREATE INDEX journal_day ON journal (day, id);
CREATE TABLE entry (
    journal_id bigint NOT NULL,
    number integer NOT NULL,
    account_id uuid NOT NULL,
    agreement_id uuid,
    period_first date,
    amount_micro bigint NOT NULL,
    energy_wh bigint,
    sub_account text DEFAULT 'credit' NOT NULL,
    PRIMARY KEY (journal_id, number),
    CHECK (sub_account IN ('credit', 'debt', 'hold', 'deposit', 'estimate'))
);
CREATE INDEX entry_account_id ON entry (account_id, journal_id);
CREATE INDEX entry_debt ON entry (account_id, journal_id) WHERE sub_account = 'debt';
CREATE TABLE sub_balance (
    account_id uuid NOT NULL,
    sub_account text NOT NULL,
    amount_micro bigint NOT NULL,
    PRIMARY KEY (account_id, sub_account),
    CHECK (CASE WHEN sub_account IN ('hold', 'deposit') THEN amount_micro >= 0
                WHEN sub_account = 'estimate' THEN true
                ELSE sub_account = 'debt' AND amount_micro <= 0 END),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE TABLE payment_event (
    id uuid NOT NULL,
    provider text NOT NULL,
    event_id text NOT NULL,
    event_id_sha256 bytea NOT NULL,
    body_sha256 bytea NOT NULL,
    headers jsonb,
    body bytea,
    plain bytea,
    type text,
    payment_id text,
    outcome text NOT NULL,
    reason text NOT NULL,
    open boolean NOT NULL,
    received_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (provider, event_id_sha256, body_sha256),
    CHECK ((headers IS NULL) = (body IS NULL)),
    CHECK (body IS NOT NULL OR plain IS NULL),
    CHECK (body IS NOT NULL OR NOT open)
);
CREATE INDEX payment_event_body ON payment_event (day, id) WHERE body IS NOT NULL;
CREATE INDEX payment_event_day ON payment_event (day, id);
CREATE INDEX payment_event_open ON payment_event (id) WHERE open;
CREATE INDEX payment_event_outcome ON payment_event (outcome, id);
CREATE TABLE posting (
    journal_id bigint NOT NULL,
    ledger_account text NOT NULL,
    amount_micro bigint NOT NULL,
    PRIMARY KEY (journal_id, ledger_account),
    FOREIGN KEY(journal_id) REFERENCES journal (id)
);
CREATE TABLE tariff_version (
    code text NOT NULL,
    valid_from date NOT NULL,
    correction integer DEFAULT 0 NOT NULL,
    currency text NOT NULL,
    timezone text NOT NULL,
    document text NOT NULL,
    published_by text NOT NULL,
    reason text NOT NULL,
    published_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (code, valid_from, correction),
    CHECK (correction >= 0),
    CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE UNIQUE INDEX tariff_version_correction ON tariff_version (code, correction)
    WHERE correction > 0;
CREATE TABLE fact (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX fact_day ON fact (day, id);
CREATE INDEX fact_subject ON fact (subject, id);
CREATE TABLE meter (
    meter_id text NOT NULL,
    household boolean NOT NULL,
    serial_number text,
    modulus_wh bigint,
    resolution_wh bigint NOT NULL,
    max_w bigint,
    supply_office text,
    station_area text,
    line text,
    revision integer NOT NULL,
    PRIMARY KEY (meter_id),
    CHECK (modulus_wh > 0),
    CHECK (resolution_wh >= 0),
    CHECK (max_w > 0),
    CHECK (revision > 0)
);
CREATE TABLE reading_edit (
    id uuid NOT NULL,
    meter_id text NOT NULL,
    read_at timestamptz NOT NULL,
    kind text NOT NULL,
    register_wh bigint,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    our_fault boolean DEFAULT false NOT NULL,
    PRIMARY KEY (id),
    CHECK (register_wh >= 0)
);
CREATE INDEX reading_edit_meter_id ON reading_edit (meter_id, id);
CREATE TABLE meter_state (
    meter_id text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    day date,
    installation_id uuid,
    agreement_id uuid,
    open_day date,
    since_us bigint,
    quiet_from_us bigint,
    served_until_us bigint,
    limit_w bigint,
    resolution_wh bigint,
    multiplier bigint,
    modulus_wh bigint,
    last_at_us bigint,
    last_wh bigint,
    piece_wh bigint[],
    is_estimated boolean DEFAULT false NOT NULL,
    today bytea DEFAULT '' NOT NULL,
    PRIMARY KEY (meter_id),
    CHECK (version > 0),
    CHECK (limit_w > 0),
    CHECK (resolution_wh >= 0),
    CHECK (multiplier >= 1),
    CHECK (modulus_wh > 0),
    CHECK (last_wh >= 0),
    CHECK (served_until_us > since_us)
) WITH (fillfactor = 50);
CREATE TABLE meter_day (
    meter_id text NOT NULL,
    day date NOT NULL,
    packed bytea NOT NULL,
    PRIMARY KEY (meter_id, day)
);
CREATE INDEX meter_day_day ON meter_day (day);
CREATE TABLE day_use (
    meter_id text NOT NULL,
    agreement_id uuid NOT NULL,
    day date NOT NULL,
    slot text NOT NULL,
    wh bigint NOT NULL,
    PRIMARY KEY (meter_id, agreement_id, day, slot),
    CHECK (wh >= 0)
);
CREATE INDEX day_use_agreement ON day_use (agreement_id, day);
CREATE TABLE charge_state (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    account_id uuid NOT NULL,
    version bigint NOT NULL,
    energy text NOT NULL,
    standing_days integer NOT NULL,
    due_day date,
    posted text NOT NULL,
    posted_micro bigint NOT NULL,
    energy_wh bigint NOT NULL,
    last_read_us bigint,
    day date NOT NULL,
    entered text DEFAULT '{}' NOT NULL,
    entered_micro bigint DEFAULT 0 NOT NULL,
    entered_wh bigint DEFAULT 0 NOT NULL,
    turned text,
    turned_wh bigint,
    PRIMARY KEY (agreement_id, period_first),
    CHECK (period_end > period_first),
    CHECK (version > 0),
    CHECK (standing_days BETWEEN 0 AND period_end - period_first),
    CHECK (energy_wh >= 0)
) WITH (fillfactor = 60);
CREATE INDEX charge_state_account_id ON charge_state (account_id);
CREATE INDEX charge_state_day ON charge_state (day, agreement_id, period_first);
CREATE INDEX charge_state_open ON charge_state (agreement_id) WHERE due_day IS NOT NULL;
CREATE INDEX charge_state_due_day ON charge_state (due_day) WHERE due_day IS NOT NULL;
CREATE TABLE estimate (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    account_id uuid NOT NULL,
    version bigint NOT NULL,
    energy_wh bigint NOT NULL,
    posted text NOT NULL,
    posted_micro bigint NOT NULL,
    meters text NOT NULL,
    until_us bigint NOT NULL,
    PRIMARY KEY (agreement_id, period_first),
    CHECK (period_end > period_first),
    CHECK (version > 0),
    CHECK (energy_wh >= 0),
    CHECK (meters <> '{}' OR (energy_wh, posted, posted_micro) = (0, '{}', 0))
);
CREATE INDEX estimate_standing ON estimate (account_id) WHERE meters <> '{}';
CREATE TABLE finding (
    meter_id text NOT NULL,
    number integer NOT NULL,
    check_id text NOT NULL,
    name text NOT NULL,
    severity text NOT NULL,
    begin_us bigint NOT NULL,
    end_us bigint NOT NULL,
    before bigint,
    after bigint,
    unit text NOT NULL,
    stops_cut boolean NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (meter_id, check_id, number),
    CHECK (end_us >= begin_us),
    CHECK (count > 0)
);
CREATE INDEX finding_stops_cut ON finding (meter_id, begin_us) WHERE stops_cut;
CREATE TABLE finding_seen (
    id uuid NOT NULL,
    meter_id text NOT NULL,
    check_id text NOT NULL,
    begin_us bigint NOT NULL,
    end_us bigint NOT NULL,
    before bigint,
    after bigint,
    seen_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (end_us >= begin_us)
);
CREATE INDEX finding_seen_day ON finding_seen (day, id);
CREATE INDEX finding_seen_meter_id ON finding_seen (meter_id);
CREATE TABLE meter_look (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    after text,
    previous date,
    PRIMARY KEY (only_row),
    CHECK (only_row),
    CHECK (previous < day)
);
CREATE TABLE meter_look_due (
    id bigint GENERATED ALWAYS AS IDENTITY,
    meter_id text NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX meter_look_due_meter_id ON meter_look_due (meter_id);
CREATE TABLE estimate_policy (
    only_row boolean DEFAULT true NOT NULL,
    revision integer NOT NULL,
    after_days integer,
    longest_days integer,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row),
    CHECK (revision > 0),
    CHECK ((after_days IS NULL) = (longest_days IS NULL)),
    CHECK (after_days > 0),
    CHECK (longest_days > 0)
);
CREATE TABLE estimate_run (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    revision integer NOT NULL,
    after uuid,
    is_done boolean NOT NULL,
    done_day date NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row)
);
CREATE TABLE forecast (
    account_id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    timezone text NOT NULL,
    measured_days integer NOT NULL,
    at_us bigint[] NOT NULL,
    low_micro bigint[] NOT NULL,
    middle_micro bigint[] NOT NULL,
    high_micro bigint[] NOT NULL,
    PRIMARY KEY (account_id),
    CHECK (measured_days > 0),
    CHECK (cardinality(at_us) > 1),
    CHECK (cardinality(low_micro) = cardinality(at_us)),
    CHECK (cardinality(middle_micro) = cardinality(at_us)),
    CHECK (cardinality(high_micro) = cardinality(at_us))
);
CREATE TABLE forecast_run (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    after uuid,
    is_done boolean NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row)
);
CREATE TABLE policy_draft (
    id uuid NOT NULL,
    state text NOT NULL,
    document text NOT NULL,
    effective_from timestamptz,
    drafted_by text NOT NULL,
    draft_reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    number integer,
    decided_by text,
    reason text,
    decided_at timestamptz,
    PRIMARY KEY (id),
    CHECK (state IN ('drafted', 'published', 'withdrawn')),
    CHECK ((state = 'published') = (number IS NOT NULL)),
    CHECK ((state = 'drafted') = (decided_at IS NULL)),
    CHECK (state <> 'published' OR decided_by <> drafted_by)
);
CREATE TABLE policy_version (
    id uuid NOT NULL,
    number integer NOT NULL,
    document text NOT NULL,
    sha256 text NOT NULL,
    effective_from timestamptz NOT NULL,
    drafted_by text NOT NULL,
    draft_reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    published_by text NOT NULL,
    reason text NOT NULL,
    published_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (number),
    CHECK (number > 0),
    CHECK (published_by <> drafted_by),
    CHECK (effective_from >= published_at),
    FOREIGN KEY(id) REFERENCES policy_draft (id)
);
CREATE INDEX policy_version_day ON policy_version (day, id);
CREATE TABLE protected_period (
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    area_level text,
    area text,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revision integer NOT NULL,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CHECK ((area_level IS NULL) = (area IS NULL)),
    CHECK (area_level IN ('supply_office', 'station_area', 'line')),
    CHECK (ends_at >= begins_at),
    CHECK (revision > 0)
);
CREATE INDEX protected_period_ends_at ON protected_period (ends_at);
CREATE TABLE account_protection (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    papers text NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revision integer NOT NULL,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CHECK (ends_at >= begins_at),
    CHECK (revision > 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX account_protection_account_id ON account_protection (account_id, id);
CREATE TABLE unbound_reading (
    meter_id text NOT NULL,
    read_at timestamptz NOT NULL,
    import_wh bigint NOT NULL,
    kept_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (meter_id, read_at, import_wh)
);
CREATE TABLE parked_meter (
    meter_id text NOT NULL,
    since timestamptz NOT NULL,
    error text NOT NULL,
    record text NOT NULL,
    waits_for_exports boolean DEFAULT false NOT NULL,
    PRIMARY KEY (meter_id)
);
CREATE TABLE parked_reading (
    meter_id text NOT NULL,
    read_at timestamptz NOT NULL,
    import_wh bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (meter_id, read_at, import_wh),
    FOREIGN KEY(meter_id) REFERENCES parked_meter (meter_id)
);
CREATE TABLE parked_meter_step (
    id bigint GENERATED ALWAYS AS IDENTITY,
    meter_id text NOT NULL,
    since timestamptz NOT NULL,
    error text NOT NULL,
    record text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    readings integer NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (readings >= 0)
);
CREATE INDEX parked_meter_step_day ON parked_meter_step (day, id);
CREATE INDEX parked_meter_step_meter ON parked_meter_step (meter_id, id);
CREATE TABLE agreement (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    tariff_code text NOT NULL,
    first_day date NOT NULL,
    end_day date,
    capacity_va bigint,
    contracted_w bigint,
    revision integer NOT NULL,
    corrections integer DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    CHECK (end_day > first_day),
    CHECK (capacity_va > 0),
    CHECK (contracted_w > 0),
    CHECK (revision > 0),
    CHECK (corrections >= 0),
    CONSTRAINT agreement_one_at_a_time EXCLUDE USING gist
        (account_id WITH =, daterange(first_day, end_day) WITH &&)
);
CREATE INDEX agreement_ended ON agreement (end_day) WHERE end_day IS NOT NULL;
CREATE INDEX agreement_tariff ON agreement (tariff_code, account_id);
CREATE INDEX agreement_corrections ON agreement (tariff_code, corrections, id);
CREATE TABLE correction_run (
    id uuid NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    valid_from date NOT NULL,
    document text NOT NULL,
    drafted_by text NOT NULL,
    reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    our_fault boolean DEFAULT false NOT NULL,
    tariff_rows integer NOT NULL,
    previewed_upto uuid,
    previewed_at timestamptz,
    accounts integer,
    dearer integer,
    cheaper integer,
    difference_micro bigint,
    apart_micro bigint,
    newly_negative integer,
    needs_second_person boolean,
    correction integer,
    released_by text,
    release_reason text,
    released_at timestamptz,
    withdrawn_by text,
    withdrawal_reason text,
    withdrawn_at timestamptz,
    done_at timestamptz,
    trouble text,
    PRIMARY KEY (id),
    CHECK (state IN ('previewing', 'previewed', 'released', 'done', 'withdrawn')),
    CHECK (correction > 0)
);
CREATE UNIQUE INDEX correction_run_released ON correction_run (code) WHERE state = 'released';
CREATE TABLE correction_account (
    run_id uuid NOT NULL,
    account_id uuid NOT NULL,
    balance_micro bigint NOT NULL,
    charge_micro bigint NOT NULL,
    new_charge_micro bigint NOT NULL,
    apart_micro bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY (run_id, account_id),
    FOREIGN KEY(run_id) REFERENCES correction_run (id)
);
CREATE TABLE installation (
    id uuid NOT NULL,
    meter_id text NOT NULL,
    account_id uuid NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz,
    opening_wh bigint,
    closing_wh bigint,
    multiplier integer NOT NULL,
    device text,
    revision integer NOT NULL,
    PRIMARY KEY (id),
    CHECK (ends_at > begins_at),
    CHECK (multiplier >= 1),
    CHECK (opening_wh >= 0),
    CHECK (closing_wh >= 0),
    CHECK (revision > 0)
);
CREATE INDEX installation_meter_id ON installation (meter_id, begins_at);
CREATE INDEX installation_account_id ON installation (account_id);
CREATE TABLE decision (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    state text NOT NULL,
    action text,
    fired text[] NOT NULL,
    held text[] NOT NULL,
    inputs jsonb NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX decision_day ON decision (day, id);
CREATE INDEX decision_account_id ON decision (account_id, id);
CREATE TABLE payment (
    id uuid NOT NULL,
    provider text NOT NULL,
    payment_id text NOT NULL,
    account_id uuid,
    account_number text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    taken_back_micro bigint DEFAULT 0 NOT NULL,
    by_settlement boolean DEFAULT false NOT NULL,
    journal_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (provider, payment_id),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (amount_micro > 0),
    CHECK (taken_back_micro BETWEEN 0 AND amount_micro),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX payment_day ON payment (day, id);
CREATE INDEX payment_account ON payment (account_id, id);
CREATE INDEX payment_outcome ON payment (outcome, id);
CREATE TABLE topup (
    payment uuid NOT NULL,
    account_id uuid NOT NULL,
    journal_id bigint NOT NULL,
    amount_micro bigint NOT NULL,
    repaid_micro bigint NOT NULL,
    debts_micro bigint NOT NULL,
    added_micro bigint NOT NULL,
    paid_off jsonb NOT NULL,
    balance_micro bigint NOT NULL,
    left_micro bigint NOT NULL,
    above_maximum_micro bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (payment),
    CHECK (least(repaid_micro, debts_micro, added_micro) >= 0),
    CHECK (repaid_micro + debts_micro + added_micro = amount_micro),
    CHECK (above_maximum_micro >= 0),
    FOREIGN KEY(payment) REFERENCES payment (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX topup_above_maximum ON topup (payment) WHERE above_maximum_micro > 0;
CREATE INDEX topup_day ON topup (day, payment);
CREATE INDEX payment_received ON payment (provider, received_at);
CREATE TABLE payment_event_step (
    id bigint GENERATED ALWAYS AS IDENTITY,
    payment_event_id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    outcome_before text NOT NULL,
    outcome text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(payment_event_id) REFERENCES payment_event (id)
);
CREATE INDEX payment_event_step_day ON payment_event_step (day, id);
CREATE INDEX payment_event_step_event ON payment_event_step (payment_event_id);
CREATE TABLE command (
    id uuid NOT NULL,
    decision_id uuid NOT NULL,
    account_id uuid NOT NULL,
    meter_id text NOT NULL,
    action text NOT NULL,
    limit_w integer,
    sequence bigint NOT NULL,
    status text NOT NULL,
    status_rank smallint NOT NULL,
    relay text,
    detail text DEFAULT '' NOT NULL,
    caused_at timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    finished_at timestamptz,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (meter_id, sequence),
    CHECK (sequence > 0),
    CHECK (expires_at > issued_at),
    CHECK ((action = 'limit') = (limit_w IS NOT NULL)),
    FOREIGN KEY(decision_id) REFERENCES decision (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX command_day ON command (day, id);
CREATE INDEX command_account_id ON command (account_id, id);
CREATE INDEX command_decision_id ON command (decision_id);
CREATE TABLE relay (
    meter_id text NOT NULL,
    desired text NOT NULL,
    observed text NOT NULL,
    observed_at timestamptz,
    observed_from text NOT NULL,
    limit_w integer,
    observed_limit_w integer,
    command_id uuid,
    action text,
    asked_limit_w integer,
    issued_at timestamptz,
    deadline_at timestamptz,
    sent_at timestamptz,
    expires_at timestamptz,
    failures integer NOT NULL,
    failed_at timestamptz,
    refused boolean NOT NULL,
    openings integer NOT NULL DEFAULT 0,
    opened_at timestamptz,
    PRIMARY KEY (meter_id),
    CHECK (failures >= 0),
    CHECK (openings >= 0 AND (openings = 0 OR opened_at IS NOT NULL)),
    CHECK (desired IN ('closed', 'open', 'armed', 'limited')),
    CHECK (observed IN ('closed', 'open', 'armed', 'limited', 'unknown')),
    CHECK ((desired = 'limited') = (limit_w IS NOT NULL)),
    CHECK (observed = 'limited' OR observed_limit_w IS NULL),
    CHECK ((action IS NOT DISTINCT FROM 'limit') = (asked_limit_w IS NOT NULL)),
    CHECK (num_nulls(command_id, action, issued_at, deadline_at, expires_at) IN (0, 5)),
    CHECK (sent_at IS NULL OR command_id IS NOT NULL)
);
CREATE TABLE meter_presence (
    meter_id text NOT NULL,
    presence text NOT NULL,
    at timestamptz NOT NULL,
    back_at timestamptz,
    PRIMARY KEY (meter_id)
);
CREATE TABLE procedure_draft (
    id uuid NOT NULL,
    state text NOT NULL,
    document text NOT NULL,
    drafted_by text NOT NULL,
    reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    version integer,
    decided_by text,
    decision_reason text,
    decided_at timestamptz,
    PRIMARY KEY (id),
    CHECK (state IN ('drafted', 'published', 'withdrawn')),
    CHECK (version > 0)
);
CREATE TABLE procedure_version (
    jurisdiction text NOT NULL,
    customer_class text NOT NULL,
    mode text NOT NULL,
    version integer NOT NULL,
    valid_from date NOT NULL,
    document text NOT NULL,
    draft_id uuid NOT NULL,
    drafted_by text NOT NULL,
    published_by text NOT NULL,
    reason text NOT NULL,
    published_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (jurisdiction, customer_class, mode, version),
    UNIQUE (draft_id),
    CHECK (mode IN ('prepay', 'arrears')),
    CHECK (version > 0),
    CHECK (published_by <> drafted_by),
    FOREIGN KEY(draft_id) REFERENCES procedure_draft (id)
);
CREATE TABLE procedure_evidence (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    at timestamptz NOT NULL,
    said_at timestamptz,
    by text NOT NULL,
    role text DEFAULT '' NOT NULL,
    form text DEFAULT '' NOT NULL,
    reference text DEFAULT '' NOT NULL,
    cited text DEFAULT '' NOT NULL,
    cause_id text DEFAULT '' NOT NULL,
    takes_back uuid,
    reason text DEFAULT '' NOT NULL,
    recorded_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (takes_back),
    CHECK (kind IN ('step', 'notice', 'hindrance')),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(takes_back) REFERENCES procedure_evidence (id)
);
CREATE UNIQUE INDEX procedure_evidence_notice ON procedure_evidence (reference)
    WHERE kind = 'notice' AND takes_back IS NULL;
CREATE INDEX procedure_evidence_account ON procedure_evidence (account_id, id);
CREATE INDEX procedure_evidence_day ON procedure_evidence (day, id);
CREATE TABLE cut_list (
    id uuid NOT NULL,
    state text NOT NULL,
    cited text NOT NULL,
    local_day date NOT NULL,
    lines integer NOT NULL,
    accounts_sha256 text NOT NULL,
    drafted_by text NOT NULL,
    reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    approved_by text,
    approval_reason text,
    approved_at timestamptz,
    stopped_by text,
    stop_reason text,
    stopped_at timestamptz,
    PRIMARY KEY (id),
    CHECK (state IN ('drafted', 'approved', 'stopped')),
    CHECK (lines > 0),
    CHECK (approved_by <> drafted_by)
);
CREATE TABLE cut_list_line (
    list_id uuid NOT NULL,
    number integer NOT NULL,
    account_id uuid NOT NULL,
    state text NOT NULL,
    at timestamptz,
    PRIMARY KEY (list_id, number),
    UNIQUE (list_id, account_id),
    CHECK (number > 0),
    CHECK (state IN ('waiting', 'aside', 'out', 'done', 'failed', 'dropped')),
    FOREIGN KEY(list_id) REFERENCES cut_list (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX cut_list_line_account ON cut_list_line (account_id, list_id);
CREATE TABLE prepay_agreement (
    account_id uuid NOT NULL,
    version integer NOT NULL,
    jurisdiction text NOT NULL,
    customer_class text NOT NULL,
    mode text NOT NULL,
    warning_micro bigint NOT NULL,
    overdraft_micro bigint NOT NULL,
    cut_micro bigint NOT NULL,
    contacts text[] NOT NULL,
    reconnection text NOT NULL,
    valid_from timestamptz NOT NULL,
    signed_at timestamptz NOT NULL,
    signed_by text NOT NULL,
    paper_reference text NOT NULL,
    paper_sha256 text NOT NULL,
    is_ended boolean NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (account_id, version),
    CHECK (version > 0),
    CHECK (mode IN ('prepay', 'arrears')),
    CHECK (reconnection IN ('direct', 'confirmed')),
    CHECK (overdraft_micro >= 0),
    CHECK (cut_micro <= -overdraft_micro),
    CHECK (warning_micro >= cut_micro),
    CHECK (valid_from >= signed_at),
    CHECK (paper_sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX prepay_agreement_day ON prepay_agreement (day, account_id, version);
CREATE TABLE work_order (
    id uuid NOT NULL,
    kind text NOT NULL,
    meter_id text NOT NULL,
    account_id uuid,
    reason text NOT NULL,
    evidence jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    known_until timestamptz,
    closed_at timestamptz,
    closed_by text,
    result text,
    note text,
    PRIMARY KEY (id),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (result IS NULL)),
    CHECK ((closed_at IS NULL) = (note IS NULL))
);
CREATE UNIQUE INDEX work_order_open ON work_order (meter_id, kind) WHERE closed_at IS NULL;
CREATE INDEX work_order_meter_id ON work_order (meter_id, id);
CREATE INDEX work_order_account_id ON work_order (account_id, id);
CREATE INDEX work_order_open_account ON work_order (account_id, kind) WHERE closed_at IS NULL;
CREATE TABLE site_code (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    meter_id text NOT NULL,
    counter bigint NOT NULL,
    epoch bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (meter_id, counter),
    CHECK (counter >= 0),
    FOREIGN KEY(order_id) REFERENCES work_order (id)
);
CREATE INDEX site_code_order_id ON site_code (order_id, counter);
CREATE INDEX site_code_day ON site_code (day, id);
CREATE TABLE site_code_reading (
    id uuid NOT NULL,
    site_code_id uuid NOT NULL,
    read_by text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(site_code_id) REFERENCES site_code (id)
);
CREATE INDEX site_code_reading_code ON site_code_reading (site_code_id, id);
CREATE INDEX site_code_reading_day ON site_code_reading (day, id);
CREATE TABLE reconnection (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    meter_id text NOT NULL,
    cause text NOT NULL,
    caused_at timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    opened_at timestamptz,
    lifts_limit boolean DEFAULT false NOT NULL,
    load_within_s integer,
    credit_micro bigint NOT NULL,
    deadline_at timestamptz,
    sent_at timestamptz,
    answered_at timestamptz,
    armed_at timestamptz,
    closed_at timestamptz,
    load_at timestamptz,
    base_at timestamptz,
    base_wh bigint,
    breached_at timestamptz,
    breach_stage text,
    journal_id bigint,
    done_at timestamptz,
    superseded_at timestamptz,
    is_timed boolean DEFAULT false NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (journal_id),
    CHECK (caused_at <= issued_at),
    CHECK (credit_micro >= 0),
    CHECK ((base_at IS NULL) = (base_wh IS NULL)),
    CHECK ((breached_at IS NULL) = (breach_stage IS NULL)),
    CHECK (journal_id IS NULL OR breached_at IS NOT NULL),
    CHECK (done_at IS NULL OR superseded_at IS NULL),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE UNIQUE INDEX reconnection_open ON reconnection (meter_id)
    WHERE done_at IS NULL AND superseded_at IS NULL;
CREATE INDEX reconnection_deadline ON reconnection (deadline_at)
    WHERE done_at IS NULL AND superseded_at IS NULL AND breached_at IS NULL;
CREATE INDEX reconnection_meter_id ON reconnection (meter_id, id);
CREATE INDEX reconnection_account_id ON reconnection (account_id, id);
CREATE INDEX reconnection_caused_at ON reconnection (caused_at);
CREATE TABLE debt (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    source text NOT NULL,
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    cause text NOT NULL,
    our_fault boolean NOT NULL,
    used_until date NOT NULL,
    currency text NOT NULL,
    amount_micro bigint NOT NULL,
    paid_micro bigint NOT NULL,
    lowered_micro bigint DEFAULT 0 NOT NULL,
    written_off_micro bigint DEFAULT 0 NOT NULL,
    left_micro bigint NOT NULL
        GENERATED ALWAYS AS (amount_micro - paid_micro - lowered_micro - written_off_micro) STORED,
    created_at timestamptz NOT NULL,
    paused_until date,
    topup_share_ppm integer,
    planned_by text,
    plan_reason text,
    planned_at timestamptz,
    plan_instalments integer,
    plan_first_due date,
    plan_paid_micro bigint DEFAULT 0 NOT NULL,
    taken_month date,
    taken_micro bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (source),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (amount_micro > 0),
    CHECK (topup_share_ppm BETWEEN 1 AND 1000000),
    CHECK (CASE WHEN plan_first_due IS NULL THEN plan_instalments IS NULL
                ELSE coalesce(plan_instalments > 0, false) END),
    CHECK (plan_paid_micro >= 0),
    CHECK (taken_micro >= 0),
    CHECK (paid_micro >= 0 AND lowered_micro >= 0 AND written_off_micro >= 0),
    CHECK (left_micro >= 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(agreement_id) REFERENCES agreement (id)
);
CREATE INDEX debt_account_id ON debt (account_id, id);
CREATE INDEX debt_open ON debt (account_id, agreement_id) WHERE left_micro > 0;
CREATE INDEX debt_origin ON debt (agreement_id, period_first);
CREATE TABLE corrected_bill (
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    account_id uuid NOT NULL,
    given_micro bigint NOT NULL,
    barred_micro bigint NOT NULL,
    PRIMARY KEY (agreement_id, period_first),
    CHECK (given_micro >= 0 AND barred_micro >= 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(agreement_id) REFERENCES agreement (id)
);
CREATE TABLE emergency_credit (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    point_micro bigint NOT NULL,
    policy bigint NOT NULL,
    offered_at timestamptz NOT NULL,
    state text NOT NULL,
    means text,
    key text,
    accepted_by text,
    reason text,
    accepted_at timestamptz,
    over_at timestamptz,
    PRIMARY KEY (id),
    CHECK (amount_micro > 0),
    CHECK (state IN ('offered', 'accepted', 'ended', 'lapsed')),
    CHECK ((over_at IS NOT NULL) = (state IN ('ended', 'lapsed'))),
    CHECK ((accepted_at IS NOT NULL) = (state IN ('accepted', 'ended'))),
    CHECK (num_nulls(means, key, accepted_by, reason, accepted_at) IN (0, 5)
           AND coalesce(means, 'app') IN ('app', 'sms', 'phone', 'desk')),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX emergency_credit_account ON emergency_credit (account_id, id);
CREATE UNIQUE INDEX emergency_credit_key ON emergency_credit (account_id, key);
CREATE UNIQUE INDEX emergency_credit_open ON emergency_credit (account_id) WHERE over_at IS NULL;
CREATE TABLE debt_news (
    account_id uuid NOT NULL,
    news text NOT NULL,
    amount_micro bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (account_id, news),
    CHECK (news IN ('owed', 'lowered', 'written_off', 'paid')),
    CHECK (amount_micro >= 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX debt_news_untold ON debt_news (news, account_id) WHERE amount_micro > 0;
CREATE TABLE deposit (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    issuer text NOT NULL,
    reference text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    drawn_micro bigint DEFAULT 0 NOT NULL,
    received_micro bigint DEFAULT 0 NOT NULL,
    released_micro bigint DEFAULT 0 NOT NULL,
    left_micro bigint NOT NULL
        GENERATED ALWAYS AS (amount_micro - drawn_micro - released_micro) STORED,
    PRIMARY KEY (id),
    CHECK (kind IN ('cash', 'guarantee')),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (amount_micro > 0),
    CHECK (kind <> 'cash' OR issuer = ''),
    CHECK (kind <> 'guarantee' OR issuer <> '' AND valid_until IS NOT NULL),
    CHECK (valid_until >= valid_from),
    CHECK (drawn_micro >= 0 AND released_micro >= 0),
    CHECK (received_micro BETWEEN 0 AND drawn_micro),
    CHECK (left_micro >= 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX deposit_account_id ON deposit (account_id, id);
CREATE UNIQUE INDEX deposit_paper ON deposit (issuer, reference) WHERE kind = 'guarantee';
CREATE TABLE deposit_step (
    id uuid NOT NULL,
    deposit_id uuid NOT NULL,
    action text NOT NULL,
    amount_micro bigint NOT NULL,
    place text NOT NULL,
    debt_id uuid,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (who, key),
    CHECK (action IN ('hold', 'draw', 'receive', 'release')),
    CHECK (amount_micro > 0),
    CHECK (place IN ('', 'bank', 'cash', 'balance')),
    FOREIGN KEY(deposit_id) REFERENCES deposit (id)
);
CREATE INDEX deposit_step_day ON deposit_step (day, id);
CREATE INDEX deposit_step_deposit_id ON deposit_step (deposit_id, id);
CREATE INDEX deposit_paper_reference ON deposit (lower(reference)) WHERE kind = 'guarantee';
CREATE TABLE debt_instalment (
    debt_id uuid NOT NULL,
    number integer NOT NULL,
    due_on date NOT NULL,
    amount_micro bigint NOT NULL,
    PRIMARY KEY (debt_id, number),
    CHECK (amount_micro > 0),
    FOREIGN KEY(debt_id) REFERENCES debt (id)
);
CREATE TABLE cut_gate (
    only_row boolean DEFAULT true NOT NULL,
    changed uuid NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row)
);
INSERT INTO cut_gate (changed) VALUES ('00000000-0000-0000-0000-000000000000');
CREATE TABLE supply_follow (
    only_row boolean DEFAULT true NOT NULL,
    policy bigint NOT NULL,
    upto uuid,
    PRIMARY KEY (only_row),
    CHECK (only_row)
);
INSERT INTO supply_follow (policy) VALUES (0);
CREATE TABLE cut_follow (
    only_row boolean DEFAULT true NOT NULL,
    changed uuid NOT NULL,
    upto uuid,
    is_done boolean NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row)
);
INSERT INTO cut_follow (changed, is_done) VALUES ('00000000-0000-0000-0000-000000000000', true);
CREATE TABLE cut_count (
    minute timestamptz NOT NULL,
    scope text NOT NULL,
    name text NOT NULL,
    wanted integer NOT NULL,
    admitted integer NOT NULL,
    paced integer NOT NULL,
    PRIMARY KEY (minute, scope, name),
    CHECK (wanted >= 0),
    CHECK (admitted >= 0),
    CHECK (paced >= 0)
);
CREATE TABLE cut_wait (
    account_id uuid NOT NULL,
    good_until timestamptz NOT NULL,
    PRIMARY KEY (account_id)
);
CREATE TABLE cut_hold (
    id uuid NOT NULL,
    scope text NOT NULL,
    name text NOT NULL,
    held_until timestamptz,
    tripped_scope text,
    tripped_name text,
    wanted bigint,
    trip_per_min bigint,
    held_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (scope IN ('all', 'tariff', 'supply_office', 'station_area', 'line')),
    CHECK ((scope = 'all') = (name = '')),
    CHECK (held_until > at),
    CHECK (num_nulls(tripped_scope, tripped_name, wanted, trip_per_min) IN (0, 4)),
    CHECK (wanted > trip_per_min)
);
CREATE INDEX cut_hold_day ON cut_hold (day, id);
CREATE TABLE cut_hold_end (
    hold_id uuid NOT NULL,
    ended_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (hold_id),
    FOREIGN KEY(hold_id) REFERENCES cut_hold (id)
);
CREATE INDEX cut_hold_end_day ON cut_hold_end (day, hold_id);
CREATE TABLE mode_change (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    to_mode text NOT NULL,
    first_day date NOT NULL,
    tariff_code text NOT NULL,
    consent_by text NOT NULL,
    consent_reference text NOT NULL,
    consent_at timestamptz NOT NULL,
    notice_days integer NOT NULL,
    without_reading_after_days integer,
    owed text NOT NULL,
    instalments integer NOT NULL,
    due_days integer NOT NULL,
    effective_at timestamptz NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    waits_for text NOT NULL,
    noticed_at timestamptz,
    look_at timestamptz,
    agreement_id uuid,
    closing_micro bigint,
    closing_paid_micro bigint,
    debt_id uuid,
    PRIMARY KEY (id),
    CHECK (to_mode IN ('prepay', 'arrears')),
    CHECK (state IN ('requested', 'noticed', 'waiting', 'done', 'cancelled', 'refused')),
    CHECK (owed IN ('debt', 'at_once')),
    CHECK (notice_days >= 0),
    CHECK (without_reading_after_days > 0),
    CHECK (instalments > 0),
    CHECK (due_days >= 0),
    CHECK (state <> 'done' OR agreement_id IS NOT NULL),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX mode_change_account_id ON mode_change (account_id, id);
CREATE UNIQUE INDEX mode_change_open ON mode_change (account_id)
    WHERE state IN ('requested', 'noticed', 'waiting');
CREATE INDEX mode_change_look_at ON mode_change (look_at) WHERE look_at IS NOT NULL;
CREATE TABLE mode_change_step (
    id uuid NOT NULL,
    change_id uuid NOT NULL,
    action text NOT NULL,
    key text NOT NULL,
    reference text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('request', 'notice', 'wait', 'close', 'cancel', 'refuse')),
    FOREIGN KEY(change_id) REFERENCES mode_change (id)
);
CREATE INDEX mode_change_step_day ON mode_change_step (day, id);
CREATE INDEX mode_change_step_change_id ON mode_change_step (change_id, id);
CREATE UNIQUE INDEX mode_change_step_key ON mode_change_step (who, key) WHERE key <> '';
CREATE TABLE condition (
    id uuid NOT NULL,
    kind text NOT NULL,
    account_id uuid,
    reference text NOT NULL,
    holds_until timestamptz,
    begun_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    CHECK (kind IN ('disputed_readings', 'payment_provider_down', 'balance_view_down',
                    'payment_in_flight', 'mode_change')),
    CHECK ((account_id IS NULL) = (kind IN ('payment_provider_down', 'balance_view_down'))),
    CHECK (kind <> 'payment_in_flight' OR holds_until IS NOT NULL),
    CHECK (holds_until > at)
);
CREATE INDEX condition_day ON condition (day, id);
CREATE UNIQUE INDEX condition_of_account ON condition (account_id, kind, reference)
    WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX condition_of_utility ON condition (kind, reference)
    WHERE account_id IS NULL;
CREATE TABLE condition_end (
    condition_id uuid NOT NULL,
    ended_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (condition_id),
    FOREIGN KEY(condition_id) REFERENCES condition (id)
);
CREATE INDEX condition_end_day ON condition_end (day, condition_id);
CREATE TABLE cut_undo (
    id uuid NOT NULL,
    scope text NOT NULL,
    name text NOT NULL,
    since timestamptz NOT NULL,
    cut_until timestamptz NOT NULL,
    state text NOT NULL,
    accounts integer NOT NULL,
    dark integer NOT NULL,
    drafted_by text NOT NULL,
    reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    released_by text,
    release_reason text,
    released_at timestamptz,
    withdrawn_by text,
    withdrawal_reason text,
    withdrawn_at timestamptz,
    ended_by text,
    end_reason text,
    ended_at timestamptz,
    upto uuid,
    PRIMARY KEY (id),
    CHECK ((scope = 'all') = (name = '')),
    CHECK (cut_until > since),
    CHECK (state IN ('drafted', 'released', 'done', 'ending', 'ended', 'withdrawn')),
    CHECK (dark BETWEEN 0 AND accounts),
    CHECK (released_by <> drafted_by)
);
CREATE INDEX cut_undo_standing ON cut_undo (id) WHERE state IN ('released', 'done', 'ending');
CREATE TABLE cut_undo_account (
    undo_id uuid NOT NULL,
    account_id uuid NOT NULL,
    cut_at timestamptz NOT NULL,
    was_dark boolean NOT NULL,
    PRIMARY KEY (undo_id, account_id),
    FOREIGN KEY(undo_id) REFERENCES cut_undo (id)
);
CREATE INDEX cut_undo_account_account ON cut_undo_account (account_id);
CREATE TABLE command_key (
    key_id text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    public_key text NOT NULL,
    added_by text NOT NULL,
    added_reason text NOT NULL,
    added_at timestamptz NOT NULL,
    rolled_by text,
    rolled_reason text,
    rolled_at timestamptz,
    retired_by text,
    retired_reason text,
    retired_at timestamptz,
    PRIMARY KEY (key_id),
    UNIQUE (number),
    CHECK (rolled_at IS NOT NULL OR retired_at IS NULL)
);
CREATE TABLE meter_key (
    meter_id text NOT NULL,
    key_id text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    PRIMARY KEY (meter_id, key_id),
    FOREIGN KEY(key_id) REFERENCES command_key (key_id)
);
CREATE TABLE key_asked (
    meter_id text NOT NULL,
    sequence bigint NOT NULL,
    action text NOT NULL,
    key_id text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (meter_id)
);
CREATE TABLE payment_movement (
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL,
    payment_id text NOT NULL,
    kind text NOT NULL,
    movement_id text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    is_total boolean NOT NULL,
    happened_at timestamptz,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (amount_micro >= 0),
    CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX payment_movement_day ON payment_movement (day, id);
CREATE INDEX payment_movement_at ON payment_movement (provider, at);
CREATE INDEX payment_movement_payment ON payment_movement (provider, payment_id);
CREATE TABLE payment_resolution (
    payment uuid NOT NULL,
    action text NOT NULL,
    account_id uuid,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (payment),
    FOREIGN KEY(payment) REFERENCES payment (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX payment_resolution_day ON payment_resolution (day, payment);
CREATE TABLE vendor (
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    day_limit_micro bigint NOT NULL,
    credit_limit_micro bigint NOT NULL,
    is_open boolean NOT NULL,
    balance_micro bigint DEFAULT 0 NOT NULL,
    sold_on date,
    sold_micro bigint DEFAULT 0 NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (code),
    CHECK (kind IN ('agency', 'shop', 'atm', 'cashier')),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (day_limit_micro > 0),
    CHECK (credit_limit_micro >= 0),
    CHECK (sold_micro >= 0)
);
CREATE TABLE vendor_seller (
    subject text NOT NULL,
    vendor_id uuid NOT NULL,
    PRIMARY KEY (subject),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE TABLE vendor_step (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    action text NOT NULL,
    decided jsonb NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE INDEX vendor_step_day ON vendor_step (day, id);
CREATE INDEX vendor_step_vendor ON vendor_step (vendor_id, id);
CREATE TABLE vendor_funding (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    key text NOT NULL,
    amount_micro bigint NOT NULL,
    means text NOT NULL,
    reference text NOT NULL,
    who text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (vendor_id, key),
    CHECK (amount_micro > 0),
    CHECK (means IN ('bank', 'cash')),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE INDEX vendor_funding_day ON vendor_funding (day, id);
CREATE INDEX vendor_funding_vendor ON vendor_funding (vendor_id, id);
CREATE INDEX vendor_funding_slip ON vendor_funding (vendor_id, means, reference);
CREATE TABLE vendor_funding_reversal (
    id uuid NOT NULL,
    funding_id uuid NOT NULL,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (funding_id),
    FOREIGN KEY(funding_id) REFERENCES vendor_funding (id)
);
CREATE INDEX vendor_funding_reversal_day ON vendor_funding_reversal (day, id);
CREATE TABLE vend (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    key text NOT NULL,
    account_id uuid NOT NULL,
    account_number text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    tender text NOT NULL,
    reference text NOT NULL,
    sold_by text NOT NULL,
    business_day date NOT NULL,
    balance_before_micro bigint NOT NULL,
    balance_micro bigint NOT NULL,
    owed_micro bigint NOT NULL,
    paid_off jsonb NOT NULL,
    credit_micro bigint NOT NULL,
    supply_state text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (vendor_id, key),
    UNIQUE (sold_by, key),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (tender IN ('cash', 'card', 'transfer', 'cheque')),
    CHECK (owed_micro >= 0),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX vend_day ON vend (day, id);
CREATE INDEX vend_vendor_business_day ON vend (vendor_id, business_day, id);
CREATE INDEX vend_vendor ON vend (vendor_id, id);
CREATE INDEX vend_business_day ON vend (business_day, id);
CREATE TABLE vend_void (
    id uuid NOT NULL,
    vend_id uuid NOT NULL,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    balance_micro bigint NOT NULL,
    business_day date NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (vend_id),
    UNIQUE (who, key),
    FOREIGN KEY(vend_id) REFERENCES vend (id)
);
CREATE INDEX vend_void_day ON vend_void (day, id);
CREATE TABLE vend_bar (
    vendor_id uuid NOT NULL,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (vendor_id, key),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE INDEX vend_bar_day ON vend_bar (day, vendor_id, key);
CREATE INDEX vend_bar_who ON vend_bar (who, key);
CREATE TABLE cash_hand_over (
    id uuid NOT NULL,
    key text NOT NULL,
    vendor_id uuid NOT NULL,
    seller text NOT NULL,
    currency text NOT NULL,
    amount_micro bigint NOT NULL,
    destination text NOT NULL,
    receiver text NOT NULL,
    slip text NOT NULL,
    who text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (who, key),
    UNIQUE (vendor_id, destination, slip),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (amount_micro > 0),
    CHECK (destination IN ('bank', 'person')),
    CHECK ((destination = 'person') = (receiver <> '')),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE INDEX cash_hand_over_day ON cash_hand_over (day, id);
CREATE TABLE cash_receipt (
    id uuid NOT NULL,
    hand_over_id uuid NOT NULL,
    key text NOT NULL,
    received_micro bigint NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (hand_over_id),
    CHECK (received_micro >= 0),
    FOREIGN KEY(hand_over_id) REFERENCES cash_hand_over (id)
);
CREATE INDEX cash_receipt_day ON cash_receipt (day, id);
CREATE TABLE proposal (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    key text,
    parameters jsonb NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (kind, who, key),
    CHECK (kind IN ('adjustment', 'transfer', 'vendor-limits', 'vendor-funding',
        'vendor-funding-reversal', 'bank-line', 'suspense-assignment', 'suspense-return',
        'deposit-hold', 'deposit-draw', 'deposit-release', 'refund', 'refund-match',
        'refund-sum', 'payout-match', 'settlement-difference', 'debt-write-off',
        'late-charge-waiver', 'transfer-file', 'transfer-not-paid', 'refund-given')),
    CHECK (amount_micro >= 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (expires_at > at)
);
CREATE INDEX proposal_day ON proposal (day, id);
CREATE INDEX proposal_subject ON proposal (kind, subject, id);
CREATE TABLE proposal_outcome (
    proposal_id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (proposal_id),
    CHECK (action IN ('approved', 'refused', 'withdrawn')),
    FOREIGN KEY(proposal_id) REFERENCES proposal (id)
);
CREATE INDEX proposal_outcome_day ON proposal_outcome (day, proposal_id);
CREATE TABLE sole_act (
    id uuid NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    also_about text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (kind IN ('adjustment', 'transfer', 'vendor-funding', 'vendor-funding-reversal',
        'bank-line', 'suspense-assignment', 'suspense-return', 'deposit-hold', 'deposit-draw',
        'deposit-release', 'refund', 'refund-match', 'payout-match',
        'settlement-difference', 'late-charge-waiver', 'transfer-not-paid')),
    CHECK (about <> '' AND about <> also_about),
    CHECK (amount_micro >= 0),
    CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX sole_act_day ON sole_act (day, id);
CREATE INDEX sole_act_who ON sole_act (who, at);
CREATE TABLE adjustment (
    id uuid NOT NULL,
    key text NOT NULL,
    account_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    cause text NOT NULL,
    may_overdraw boolean NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    balance_micro bigint NOT NULL,
    proposal_id uuid,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (proposal_id),
    UNIQUE (who, key),
    CHECK (amount_micro <> 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (cause IN ('goodwill', 'compensation', 'fee', 'unmetered-use', 'charge-error',
        'payment-error', 'take-over')),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(proposal_id) REFERENCES proposal (id)
);
CREATE INDEX adjustment_day ON adjustment (day, id);
CREATE INDEX adjustment_account ON adjustment (account_id, id);
CREATE TABLE transfer (
    id uuid NOT NULL,
    key text NOT NULL,
    from_account_id uuid NOT NULL,
    to_account_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    may_overdraw boolean NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    from_balance_micro bigint NOT NULL,
    to_balance_micro bigint NOT NULL,
    proposal_id uuid,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (proposal_id),
    UNIQUE (who, key),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (from_account_id <> to_account_id),
    FOREIGN KEY(from_account_id) REFERENCES account_key (id),
    FOREIGN KEY(to_account_id) REFERENCES account_key (id),
    FOREIGN KEY(proposal_id) REFERENCES proposal (id)
);
CREATE INDEX transfer_day ON transfer (day, id);
CREATE INDEX transfer_from ON transfer (from_account_id, id);
CREATE INDEX transfer_to ON transfer (to_account_id, id);
CREATE TABLE cash_day (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    seller text NOT NULL,
    business_day date NOT NULL,
    currency text NOT NULL,
    expected_micro bigint NOT NULL,
    state text NOT NULL,
    hand_over_id uuid,
    PRIMARY KEY (id),
    UNIQUE (vendor_id, seller, business_day),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (expected_micro >= 0),
    CHECK (state IN ('open', 'counted', 'closed', 'handed_over')),
    CHECK ((state = 'handed_over') = (hand_over_id IS NOT NULL)),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id),
    FOREIGN KEY(hand_over_id) REFERENCES cash_hand_over (id)
);
CREATE INDEX cash_day_seller ON cash_day (seller, business_day) WHERE state <> 'handed_over';
CREATE INDEX cash_day_vendor ON cash_day (vendor_id, id);
CREATE TABLE cash_count (
    id uuid NOT NULL,
    cash_day_id uuid NOT NULL,
    key text NOT NULL,
    expected_micro bigint NOT NULL,
    counted_micro bigint NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (who, key),
    CHECK (expected_micro >= 0),
    CHECK (counted_micro >= 0),
    CHECK (counted_micro = expected_micro OR reason <> ''),
    FOREIGN KEY(cash_day_id) REFERENCES cash_day (id)
);
CREATE INDEX cash_count_day ON cash_count (day, id);
CREATE INDEX cash_count_cash_day ON cash_count (cash_day_id, id);
CREATE TABLE cash_count_outcome (
    count_id uuid NOT NULL,
    action text NOT NULL,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (count_id),
    CHECK (action IN ('closed', 'sent_back')),
    CHECK ((action = 'closed') = (journal_id IS NOT NULL)),
    FOREIGN KEY(count_id) REFERENCES cash_count (id)
);
CREATE INDEX cash_count_outcome_day ON cash_count_outcome (day, count_id);
CREATE TABLE account_check (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    business_day date NOT NULL,
    their_lines integer NOT NULL,
    their_micro bigint NOT NULL,
    our_lines integer NOT NULL,
    our_micro bigint NOT NULL,
    matched_lines integer NOT NULL,
    open_lines integer NOT NULL,
    posted_by text NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (vendor_id, business_day),
    CHECK (matched_lines >= 0),
    CHECK (open_lines >= 0),
    FOREIGN KEY(vendor_id) REFERENCES vendor (id)
);
CREATE INDEX account_check_vendor ON account_check (vendor_id, id);
CREATE TABLE account_check_posting (
    id uuid NOT NULL,
    check_id uuid NOT NULL,
    key text NOT NULL,
    sha256 bytea NOT NULL,
    lines integer NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (check_id, key),
    CHECK (octet_length(sha256) = 32),
    FOREIGN KEY(check_id) REFERENCES account_check (id)
);
CREATE INDEX account_check_posting_day ON account_check_posting (day, id);
CREATE TABLE account_check_line (
    id uuid NOT NULL,
    check_id uuid NOT NULL,
    key text NOT NULL,
    difference text NOT NULL,
    vend_id uuid,
    their_account text,
    their_micro bigint,
    our_account text,
    our_micro bigint,
    PRIMARY KEY (id),
    CHECK (difference IN ('missing_here', 'missing_there', 'other_amount', 'other_account')),
    FOREIGN KEY(check_id) REFERENCES account_check (id),
    FOREIGN KEY(vend_id) REFERENCES vend (id)
);
CREATE INDEX account_check_line_check ON account_check_line (check_id, id);
CREATE TABLE account_check_resolution (
    line_id uuid NOT NULL,
    key text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (line_id),
    FOREIGN KEY(line_id) REFERENCES account_check_line (id)
);
CREATE INDEX account_check_resolution_day ON account_check_resolution (day, line_id);
CREATE TABLE account_holder (
    account_id uuid NOT NULL,
    name text NOT NULL,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE TABLE bank_account (
    account text NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    opened_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (account),
    CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX bank_account_day ON bank_account (day, account);
CREATE TABLE bank_file (
    id uuid NOT NULL,
    key text NOT NULL,
    sha256 bytea NOT NULL,
    name text NOT NULL,
    format text NOT NULL,
    body bytea NOT NULL,
    mapping jsonb,
    statements jsonb NOT NULL,
    uploaded_by text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (sha256),
    CHECK (format IN ('camt', 'mt940', 'csv')),
    CHECK (octet_length(sha256) = 32)
);
CREATE INDEX bank_file_day ON bank_file (day, id);
CREATE TABLE bank_statement (
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    account text NOT NULL,
    statement text NOT NULL,
    opening_micro bigint,
    closing_micro bigint,
    first_day date NOT NULL,
    last_day date NOT NULL,
    accepted_by text,
    accepted_reason text,
    accepted_at timestamptz,
    PRIMARY KEY (id),
    CHECK (last_day >= first_day),
    CHECK (num_nulls(accepted_by, accepted_reason, accepted_at) IN (0, 3)),
    FOREIGN KEY(file_id) REFERENCES bank_file (id),
    FOREIGN KEY(account) REFERENCES bank_account (account)
);
CREATE INDEX bank_statement_day ON bank_statement (account, last_day);
CREATE INDEX bank_statement_closing ON bank_statement (account, closing_micro);
CREATE INDEX bank_statement_opening ON bank_statement (account, opening_micro);
CREATE TABLE bank_line (
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    format text NOT NULL,
    number integer NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    statement text NOT NULL,
    identity text NOT NULL,
    kind text NOT NULL,
    amount_micro bigint NOT NULL,
    booked_on date NOT NULL,
    value_on date,
    booking text NOT NULL,
    transaction text NOT NULL,
    end_to_end_id text NOT NULL,
    structured text NOT NULL,
    text text NOT NULL,
    other_party text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    open boolean NOT NULL,
    known boolean NOT NULL,
    payment uuid,
    refers_to uuid,
    PRIMARY KEY (id),
    CHECK (kind IN ('credit', 'debit', 'charge', 'return', 'returned-to-us', 'batch', 'pending')),
    CHECK (state IN ('waiting', 'credited', 'suspense', 'payout', 'refund',
        'refund-returned', 'collected', 'deposit', 'repeated',
        'doubtful', 'taken-back', 'excess', 'parked', 'batch', 'detailed', 'debit', 'charge',
        'returned-to-us', 'pending', 'no-amount', 'failed')),
    CHECK (state NOT IN ('credited', 'suspense') OR payment IS NOT NULL),
    FOREIGN KEY(file_id) REFERENCES bank_file (id),
    FOREIGN KEY(account) REFERENCES bank_account (account),
    FOREIGN KEY(payment) REFERENCES payment (id),
    FOREIGN KEY(refers_to) REFERENCES bank_line (id)
);
CREATE INDEX bank_line_file ON bank_line (file_id, id);
CREATE INDEX bank_line_state ON bank_line (state, id);
CREATE INDEX bank_line_account ON bank_line (account, id);
CREATE INDEX bank_line_open ON bank_line (id) WHERE open;
CREATE INDEX bank_line_waiting ON bank_line (id) WHERE state = 'waiting';
CREATE UNIQUE INDEX bank_line_known ON bank_line (account, identity) WHERE known;
CREATE INDEX bank_line_booking ON bank_line (account, booking, file_id) WHERE booking <> '';
CREATE INDEX bank_line_sum ON bank_line (account, booking)
    WHERE kind = 'batch' AND booking <> '';
CREATE INDEX bank_line_amount ON bank_line (account, booked_on, amount_micro, file_id);
CREATE INDEX bank_line_payout ON bank_line (currency, amount_micro, booked_on)
    WHERE state IN ('debit', 'suspense');
CREATE INDEX bank_line_end_to_end ON bank_line (account, end_to_end_id) WHERE end_to_end_id <> '';
CREATE INDEX bank_line_refers ON bank_line (refers_to) WHERE refers_to IS NOT NULL;
CREATE TABLE deposit_line (
    step_id uuid NOT NULL,
    bank_line uuid NOT NULL,
    journal_id bigint NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (step_id),
    UNIQUE (bank_line),
    FOREIGN KEY(step_id) REFERENCES deposit_step (id),
    FOREIGN KEY(bank_line) REFERENCES bank_line (id)
);
CREATE INDEX deposit_line_day ON deposit_line (day, step_id);
CREATE TABLE bank_line_step (
    id uuid NOT NULL,
    line_id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    state_before text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('take', 'close', 'refunds')),
    FOREIGN KEY(line_id) REFERENCES bank_line (id)
);
CREATE INDEX bank_line_step_day ON bank_line_step (day, id);
CREATE INDEX bank_line_step_line ON bank_line_step (line_id, id);
CREATE TABLE payout (
    id uuid NOT NULL,
    provider text NOT NULL,
    business_day date NOT NULL,
    reference text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    nth integer NOT NULL,
    stands boolean NOT NULL,
    state text NOT NULL,
    found_at timestamptz NOT NULL,
    found_by text NOT NULL,
    bank_line uuid,
    match_id uuid,
    difference_micro bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (bank_line),
    UNIQUE (provider, business_day, reference, amount_micro, currency, nth),
    CHECK (amount_micro <> 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (nth >= 1),
    CHECK (state IN ('expected', 'arrived', 'accepted', 'withdrawn')),
    CHECK (found_by IN ('', 'reference', 'amount', 'person')),
    CHECK ((state = 'arrived') = (bank_line IS NOT NULL)),
    CHECK ((bank_line IS NULL) = (match_id IS NULL)),
    CHECK (bank_line IS NOT NULL OR difference_micro = 0),
    FOREIGN KEY(bank_line) REFERENCES bank_line (id)
);
CREATE INDEX payout_expected ON payout (currency, business_day) WHERE state = 'expected';
CREATE TABLE payout_step (
    id uuid NOT NULL,
    payout_id uuid NOT NULL,
    key text NOT NULL,
    action text NOT NULL,
    bank_line uuid,
    who text NOT NULL,
    reason text NOT NULL,
    state_before text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    CHECK (action IN ('match', 'undo', 'accept')),
    CHECK (action NOT IN ('match', 'undo') OR bank_line IS NOT NULL),
    FOREIGN KEY(payout_id) REFERENCES payout (id),
    FOREIGN KEY(bank_line) REFERENCES bank_line (id)
);
CREATE INDEX payout_step_day ON payout_step (day, id);
CREATE INDEX payout_step_payout ON payout_step (payout_id, id);
CREATE INDEX payout_step_line ON payout_step (bank_line);
CREATE TABLE mandate (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    provider text NOT NULL,
    reference text NOT NULL,
    threshold_micro bigint NOT NULL,
    amount_micro bigint NOT NULL,
    month_micro_max bigint NOT NULL,
    month_requests_max integer NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    instalment_micro_max bigint,
    statement_micro_max bigint,
    consent_by text NOT NULL,
    consent_reference text NOT NULL,
    consent_at timestamptz NOT NULL,
    state text NOT NULL,
    state_reason text NOT NULL,
    failures integer NOT NULL,
    retry_on date,
    waits text,
    look_at timestamptz,
    PRIMARY KEY (id),
    CHECK (amount_micro > 0),
    CHECK (month_micro_max > 0),
    CHECK (month_requests_max >= 1),
    CHECK (valid_until > valid_from),
    CHECK (instalment_micro_max > 0),
    CHECK (statement_micro_max > 0),
    CHECK (state IN ('active', 'suspended', 'ended')),
    CHECK (failures >= 0),
    CHECK (waits IN ('request-open', 'not-yet-valid', 'no-meter', 'disputed', 'refused-too-often',
        'later-day', 'month-reached')),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE UNIQUE INDEX mandate_one_an_account ON mandate (account_id) WHERE state <> 'ended';
CREATE INDEX mandate_look_at ON mandate (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX mandate_instalments ON mandate (provider, account_id)
    WHERE state = 'active' AND instalment_micro_max IS NOT NULL;
CREATE INDEX mandate_statements ON mandate (provider, account_id)
    WHERE state = 'active' AND statement_micro_max IS NOT NULL;
CREATE INDEX mandate_reference ON mandate (provider, reference);
CREATE TABLE mandate_step (
    id uuid NOT NULL,
    mandate_id uuid NOT NULL,
    action text NOT NULL,
    provider text NOT NULL,
    reference text NOT NULL,
    threshold_micro bigint NOT NULL,
    amount_micro bigint NOT NULL,
    month_micro_max bigint NOT NULL,
    month_requests_max integer NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    instalment_micro_max bigint,
    statement_micro_max bigint,
    consent_by text NOT NULL,
    consent_reference text NOT NULL,
    consent_at timestamptz NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    key text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('open', 'change', 'end', 'suspend')),
    FOREIGN KEY(mandate_id) REFERENCES mandate (id)
);
CREATE INDEX mandate_step_day ON mandate_step (day, id);
CREATE INDEX mandate_step_mandate ON mandate_step (mandate_id, id);
CREATE UNIQUE INDEX mandate_step_key ON mandate_step (who, key) WHERE key <> '';
CREATE TABLE top_up_request (
    id uuid NOT NULL,
    mandate_id uuid NOT NULL,
    account_id uuid NOT NULL,
    provider text NOT NULL,
    reference text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    debt_id uuid,
    statement_id uuid,
    requested_on date NOT NULL,
    requested_at timestamptz NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    payment_id text NOT NULL,
    sends integer NOT NULL,
    send_at timestamptz,
    answer_by timestamptz,
    closed_at timestamptz,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (state IN ('requested', 'sending', 'accepted', 'unanswered', 'paid', 'refused', 'failed',
        'withdrawn')),
    CHECK (sends >= 0),
    CHECK (state NOT IN ('requested', 'sending') OR send_at IS NOT NULL),
    CHECK (state <> 'accepted' OR answer_by IS NOT NULL),
    CHECK (state NOT IN ('paid', 'refused', 'failed', 'withdrawn') OR closed_at IS NOT NULL),
    FOREIGN KEY(mandate_id) REFERENCES mandate (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    CHECK (debt_id IS NULL OR statement_id IS NULL),
    FOREIGN KEY(debt_id) REFERENCES debt (id)
);
CREATE INDEX top_up_request_day ON top_up_request (day, id);
CREATE INDEX top_up_request_account ON top_up_request (account_id, id);
CREATE INDEX top_up_request_state ON top_up_request (state, id);
CREATE UNIQUE INDEX top_up_request_one_open ON top_up_request (account_id)
    WHERE debt_id IS NULL AND statement_id IS NULL
    AND state IN ('requested', 'sending', 'accepted', 'unanswered');
CREATE UNIQUE INDEX top_up_request_one_a_debt ON top_up_request (debt_id)
    WHERE debt_id IS NOT NULL AND state IN ('requested', 'sending', 'accepted', 'unanswered');
CREATE UNIQUE INDEX top_up_request_one_a_statement ON top_up_request (statement_id)
    WHERE statement_id IS NOT NULL
    AND state IN ('requested', 'sending', 'accepted', 'unanswered');
CREATE INDEX top_up_request_send_at ON top_up_request (send_at) WHERE send_at IS NOT NULL;
CREATE INDEX top_up_request_answer_by ON top_up_request (answer_by) WHERE answer_by IS NOT NULL;
CREATE INDEX top_up_request_closed_at ON top_up_request (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX top_up_request_payment ON top_up_request (provider, payment_id)
    WHERE payment_id <> '';
CREATE TABLE top_up_request_close (
    request_id uuid NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (request_id),
    FOREIGN KEY(request_id) REFERENCES top_up_request (id)
);
CREATE INDEX top_up_request_close_day ON top_up_request_close (day, request_id);
CREATE TABLE pay_link (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    key_id text NOT NULL,
    valid_until timestamptz NOT NULL,
    most_micro bigint,
    for_whom text NOT NULL,
    shows_needed boolean NOT NULL,
    made_by text NOT NULL,
    idempotency_key text NOT NULL,
    made_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text NOT NULL,
    revoked_reason text NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (token_sha256),
    UNIQUE (made_by, idempotency_key),
    CHECK (octet_length(token_sha256) = 32),
    CHECK (most_micro > 0),
    CHECK (valid_until > made_at),
    CHECK ((revoked_at IS NULL) = (revoked_by = '')),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX pay_link_account ON pay_link (account_id, id);
CREATE TABLE link_payment (
    id uuid NOT NULL,
    link_id uuid NOT NULL,
    nonce text NOT NULL,
    provider text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    language text NOT NULL,
    state text NOT NULL,
    page_url text NOT NULL,
    code text NOT NULL,
    payment_id text NOT NULL,
    paid_micro bigint,
    begun_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (id),
    UNIQUE (link_id, nonce),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (state IN ('begun', 'at-provider', 'declined', 'failed', 'paid')),
    CHECK (state <> 'at-provider' OR page_url <> ''),
    CHECK (state NOT IN ('declined', 'failed', 'paid') OR closed_at IS NOT NULL),
    CHECK (paid_micro > 0),
    FOREIGN KEY(link_id) REFERENCES pay_link (id)
);
CREATE INDEX link_payment_link ON link_payment (link_id, id);
CREATE INDEX link_payment_begun ON link_payment (link_id, begun_at);
CREATE TABLE top_up_due (
    account_id uuid NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE TABLE settlement_file (
    id uuid NOT NULL,
    provider text NOT NULL,
    business_day date NOT NULL,
    revision integer NOT NULL,
    key text NOT NULL,
    sha256 bytea NOT NULL,
    name text NOT NULL,
    format text NOT NULL,
    body bytea NOT NULL,
    mapping jsonb,
    lines integer NOT NULL,
    uploaded_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (provider, business_day, revision),
    CHECK (revision >= 1),
    CHECK (revision = 1 OR reason <> ''),
    CHECK (lines >= 0),
    CHECK (format IN ('stripe', 'wechat-pay', 'alipay', 'csv')),
    CHECK (octet_length(sha256) = 32)
);
CREATE INDEX settlement_file_day ON settlement_file (day, id);
CREATE TABLE settlement_line (
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    number integer NOT NULL,
    provider text NOT NULL,
    business_day date NOT NULL,
    kind text NOT NULL,
    payment_id text NOT NULL,
    movement_id text NOT NULL,
    amount_micro bigint NOT NULL,
    fee_micro bigint NOT NULL,
    currency text NOT NULL,
    account_number text NOT NULL,
    happened_at timestamptz,
    reference text NOT NULL,
    text text NOT NULL,
    place text NOT NULL,
    stands boolean NOT NULL,
    PRIMARY KEY (id),
    CHECK (kind IN ('payment', 'refund', 'refund-failed', 'reversal', 'chargeback',
        'chargeback-won', 'fee', 'payout', 'other')),
    CHECK (currency ~ '^[A-Z]{3}$'),
    FOREIGN KEY(file_id) REFERENCES settlement_file (id)
);
CREATE INDEX settlement_line_file ON settlement_line (file_id, id);
CREATE INDEX settlement_line_payment ON settlement_line (provider, payment_id) WHERE stands;
CREATE INDEX settlement_line_standing ON settlement_line (provider, business_day) WHERE stands;
CREATE TABLE settlement_difference (
    id uuid NOT NULL,
    provider text NOT NULL,
    business_day date NOT NULL,
    difference text NOT NULL,
    kind text NOT NULL,
    payment_id text NOT NULL,
    movement_id text NOT NULL,
    nth integer NOT NULL,
    their_micro bigint,
    their_currency text,
    our_micro bigint,
    our_currency text,
    line_id uuid,
    payment uuid,
    state text NOT NULL,
    outcome text NOT NULL,
    correction_micro bigint NOT NULL,
    reason text NOT NULL,
    found_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (id),
    CHECK (difference IN ('missing-here', 'missing-there', 'other-amount', 'other-currency',
        'twice-there', 'unknown-line')),
    CHECK (kind IN ('payment', 'refund', 'refund-failed', 'reversal', 'chargeback',
        'chargeback-won', 'other')),
    CHECK (state IN ('open', 'asked', 'resolved', 'gone')),
    CHECK (outcome IN ('', 'taken', 'corrected', 'accepted')),
    CHECK ((state IN ('resolved', 'gone')) = (closed_at IS NOT NULL)),
    CHECK ((their_micro IS NULL) = (their_currency IS NULL)),
    CHECK ((our_micro IS NULL) = (our_currency IS NULL)),
    FOREIGN KEY(line_id) REFERENCES settlement_line (id),
    FOREIGN KEY(payment) REFERENCES payment (id)
);
CREATE INDEX settlement_difference_payment ON settlement_difference (provider, payment_id);
CREATE INDEX settlement_difference_open ON settlement_difference (id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX settlement_difference_once
    ON settlement_difference (provider, payment_id, kind, movement_id, nth)
    WHERE closed_at IS NULL;
CREATE TABLE settlement_step (
    id uuid NOT NULL,
    difference_id uuid NOT NULL,
    key text NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    state_before text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    CHECK (action IN ('take', 'correct', 'ask', 'accept')),
    FOREIGN KEY(difference_id) REFERENCES settlement_difference (id)
);
CREATE INDEX settlement_step_day ON settlement_step (day, id);
CREATE INDEX settlement_step_difference ON settlement_step (difference_id, id);
CREATE TABLE debtor (
    mandate_id uuid NOT NULL,
    holder text NOT NULL,
    bank_account text NOT NULL,
    bank_code text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (mandate_id),
    FOREIGN KEY(mandate_id) REFERENCES mandate (id)
);
CREATE TABLE debit_file (
    id uuid NOT NULL,
    key text NOT NULL,
    provider text NOT NULL,
    currency text NOT NULL,
    collect_on date NOT NULL,
    cut_off timestamptz NOT NULL,
    state text NOT NULL,
    lines integer NOT NULL,
    sum_micro bigint NOT NULL,
    bank_line uuid,
    by_lines boolean DEFAULT false NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (bank_line),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (state IN ('collecting', 'made', 'sent', 'cancelled')),
    CHECK (lines >= 0),
    CHECK (sum_micro >= 0),
    FOREIGN KEY(bank_line) REFERENCES bank_line (id)
);
CREATE UNIQUE INDEX debit_file_one_collecting ON debit_file (provider) WHERE state = 'collecting';
CREATE INDEX debit_file_state ON debit_file (state, id);
CREATE TABLE debit_body (
    file_id uuid NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL,
    lines integer NOT NULL,
    sum_micro bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (file_id),
    CHECK (octet_length(sha256) = 32),
    CHECK (lines > 0),
    CHECK (sum_micro > 0),
    FOREIGN KEY(file_id) REFERENCES debit_file (id)
);
CREATE INDEX debit_body_day ON debit_body (day, file_id);
CREATE TABLE statement (
    id uuid NOT NULL,
    number bigint NOT NULL,
    account_id uuid NOT NULL,
    agreement_id uuid NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    account_number text NOT NULL,
    currency text NOT NULL,
    energy_wh bigint NOT NULL,
    charged jsonb NOT NULL,
    brought_micro bigint NOT NULL,
    charged_micro bigint NOT NULL,
    corrected_micro bigint NOT NULL,
    paid_micro bigint NOT NULL,
    given_micro bigint NOT NULL,
    late_micro bigint NOT NULL,
    owed_micro bigint NOT NULL,
    posted_total_micro bigint NOT NULL,
    paid_total_micro bigint NOT NULL,
    late_total_micro bigint NOT NULL,
    due_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (number),
    UNIQUE (agreement_id, period_first),
    CHECK (number >= 1),
    CHECK (period_end > period_first),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (owed_micro = brought_micro + charged_micro + corrected_micro + late_micro - paid_micro
        - given_micro),
    CHECK (due_on >= period_end),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
ALTER TABLE top_up_request ADD FOREIGN KEY (statement_id) REFERENCES statement (id);
CREATE INDEX statement_day ON statement (day, id);
CREATE INDEX statement_account_id ON statement (account_id, id);
CREATE TABLE late_charge (
    id uuid NOT NULL,
    statement_id uuid NOT NULL,
    account_id uuid NOT NULL,
    number integer NOT NULL,
    through date NOT NULL,
    amount_micro bigint NOT NULL,
    accrued_micro bigint NOT NULL,
    waived_micro bigint NOT NULL,
    currency text NOT NULL,
    policy_number integer NOT NULL,
    customer_class text NOT NULL,
    spans jsonb NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (statement_id, number),
    CHECK (number >= 1),
    CHECK (amount_micro <> 0),
    CHECK (accrued_micro >= 0),
    CHECK (waived_micro >= 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (policy_number >= 0),
    FOREIGN KEY(statement_id) REFERENCES statement (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX late_charge_day ON late_charge (day, id);
CREATE INDEX late_charge_account ON late_charge (account_id, id);
CREATE TABLE late_charge_waiver (
    id uuid NOT NULL,
    key text NOT NULL,
    statement_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    proposal_id uuid,
    charge_id uuid NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (proposal_id),
    UNIQUE (who, key),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    FOREIGN KEY(statement_id) REFERENCES statement (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(proposal_id) REFERENCES proposal (id),
    FOREIGN KEY(charge_id) REFERENCES late_charge (id)
);
CREATE INDEX late_charge_waiver_day ON late_charge_waiver (day, id);
CREATE INDEX late_charge_waiver_account ON late_charge_waiver (account_id, id);
CREATE TABLE payment_reminder (
    id uuid NOT NULL,
    statement_id uuid NOT NULL,
    account_id uuid NOT NULL,
    step_days integer NOT NULL,
    open_micro bigint NOT NULL,
    currency text NOT NULL,
    policy_number integer NOT NULL,
    customer_class text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (statement_id, step_days),
    CHECK (step_days >= 1),
    CHECK (open_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (policy_number >= 0),
    FOREIGN KEY(statement_id) REFERENCES statement (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX payment_reminder_day ON payment_reminder (day, id);
CREATE INDEX payment_reminder_account ON payment_reminder (account_id, id);
CREATE TABLE late_charge_look (
    account_id uuid NOT NULL,
    through date,
    paid_micro bigint DEFAULT 0 NOT NULL,
    look_on date,
    PRIMARY KEY (account_id),
    CHECK (paid_micro >= 0),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX late_charge_look_on ON late_charge_look (look_on, account_id)
    WHERE look_on IS NOT NULL;
CREATE TABLE statement_due (
    account_id uuid NOT NULL,
    look_on date NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX statement_due_look_on ON statement_due (look_on, account_id);
CREATE TABLE statement_number (
    only_row boolean DEFAULT true NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row),
    CHECK (last >= 0)
);
INSERT INTO statement_number (last) VALUES (0);
CREATE TABLE refund_payee (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    holder text NOT NULL,
    bank_account text NOT NULL,
    bank_code text NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (account_id, holder, bank_account, bank_code),
    CHECK (holder <> ''),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE INDEX refund_payee_day ON refund_payee (day, id);
CREATE TABLE refund (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    way text NOT NULL,
    payee_id uuid NOT NULL,
    payment uuid,
    state text NOT NULL,
    ordered_at timestamptz NOT NULL,
    paid_by uuid,
    paid_in_sum boolean DEFAULT false NOT NULL,
    returned_by uuid,
    returned_in_sum boolean DEFAULT false NOT NULL,
    returned_micro bigint DEFAULT 0 NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (amount_micro > 0),
    CHECK (paid_by IS NOT NULL OR NOT paid_in_sum),
    CHECK (returned_by IS NOT NULL OR NOT returned_in_sum),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (way IN ('bank', 'cash', 'provider')),
    CHECK ((way = 'provider') = (payment IS NOT NULL)),
    CHECK (state IN ('in-transit', 'paid', 'returned', 'cancelled')),
    CHECK (returned_micro BETWEEN 0 AND amount_micro),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(payee_id) REFERENCES refund_payee (id),
    FOREIGN KEY(payment) REFERENCES payment (id),
    FOREIGN KEY(paid_by) REFERENCES bank_line (id),
    FOREIGN KEY(returned_by) REFERENCES bank_line (id)
);
CREATE INDEX refund_account_id ON refund (account_id, id);
CREATE INDEX refund_day ON refund (day, id);
CREATE UNIQUE INDEX refund_paid_by ON refund (paid_by) WHERE NOT paid_in_sum;
CREATE UNIQUE INDEX refund_returned_by ON refund (returned_by) WHERE NOT returned_in_sum;
CREATE INDEX refund_in_transit ON refund (ordered_at) WHERE state = 'in-transit';
CREATE TABLE refund_back (
    refund_id uuid NOT NULL,
    payment uuid NOT NULL,
    provider text NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    movement_id text NOT NULL,
    sends integer NOT NULL,
    send_at timestamptz,
    answer_by timestamptz,
    other_micro bigint,
    PRIMARY KEY (refund_id),
    CHECK (state IN ('requested', 'sending', 'accepted', 'unanswered', 'other-amount', 'done',
        'refused')),
    CHECK (other_micro > 0),
    CHECK (state <> 'other-amount' OR other_micro IS NOT NULL),
    CHECK (sends >= 0),
    CHECK (state NOT IN ('requested', 'sending') OR send_at IS NOT NULL),
    CHECK (state NOT IN ('sending', 'accepted') OR answer_by IS NOT NULL),
    FOREIGN KEY(refund_id) REFERENCES refund (id),
    FOREIGN KEY(payment) REFERENCES payment (id)
);
CREATE UNIQUE INDEX refund_back_one_open ON refund_back (payment)
    WHERE state IN ('requested', 'sending', 'accepted', 'unanswered', 'other-amount');
CREATE INDEX refund_back_payment ON refund_back (payment, refund_id);
CREATE INDEX refund_back_send_at ON refund_back (provider, send_at) WHERE send_at IS NOT NULL;
CREATE INDEX refund_back_answer_by ON refund_back (answer_by) WHERE answer_by IS NOT NULL;
CREATE TABLE refund_step (
    id uuid NOT NULL,
    refund_id uuid NOT NULL,
    action text NOT NULL,
    amount_micro bigint NOT NULL,
    key text NOT NULL,
    bank_line uuid,
    slip text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    journal_id bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('order', 'pay', 'hand-out', 'return', 'cancel')),
    CHECK (amount_micro > 0),
    FOREIGN KEY(refund_id) REFERENCES refund (id),
    FOREIGN KEY(bank_line) REFERENCES bank_line (id)
);
CREATE INDEX refund_step_day ON refund_step (day, id);
CREATE INDEX refund_step_refund_id ON refund_step (refund_id, id);
CREATE UNIQUE INDEX refund_step_key ON refund_step (who, key) WHERE key <> '';
CREATE TABLE transfer_file (
    id uuid NOT NULL,
    key text NOT NULL,
    bank text NOT NULL,
    currency text NOT NULL,
    pay_on date NOT NULL,
    made_at timestamptz NOT NULL,
    state text NOT NULL,
    lines integer NOT NULL,
    sum_micro bigint NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (state IN ('proposed', 'made', 'sent', 'cancelled')),
    CHECK (lines > 0),
    CHECK (sum_micro > 0)
);
CREATE TABLE transfer_body (
    file_id uuid NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL,
    lines integer NOT NULL,
    sum_micro bigint NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (file_id),
    CHECK (octet_length(sha256) = 32),
    CHECK (lines > 0),
    CHECK (sum_micro > 0),
    FOREIGN KEY(file_id) REFERENCES transfer_file (id)
);
CREATE INDEX transfer_body_day ON transfer_body (day, file_id);
CREATE TABLE transfer_step (
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('make', 'approve', 'send', 'cancel')),
    FOREIGN KEY(file_id) REFERENCES transfer_file (id)
);
CREATE INDEX transfer_step_day ON transfer_step (day, id);
CREATE UNIQUE INDEX transfer_step_file ON transfer_step (file_id, action);
CREATE TABLE transfer_item (
    file_id uuid NOT NULL,
    number integer NOT NULL,
    refund_id uuid NOT NULL,
    account_id uuid NOT NULL,
    account_number text NOT NULL,
    holder text NOT NULL,
    bank_account text NOT NULL,
    bank_code text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    live boolean NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (file_id, number),
    CHECK (number >= 1),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (state IN ('ordered', 'confirmed', 'refused')),
    CHECK (state <> 'refused' OR NOT live),
    FOREIGN KEY(file_id) REFERENCES transfer_file (id),
    FOREIGN KEY(refund_id) REFERENCES refund (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id)
);
CREATE UNIQUE INDEX transfer_item_one_live ON transfer_item (refund_id) WHERE live;
CREATE INDEX transfer_item_refund ON transfer_item (refund_id);
CREATE TABLE transfer_result (
    id uuid NOT NULL,
    key text NOT NULL,
    sha256 bytea NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    answers integer NOT NULL,
    uploaded_by text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (provider, sha256),
    CHECK (octet_length(sha256) = 32),
    CHECK (answers >= 0)
);
CREATE INDEX transfer_result_day ON transfer_result (day, id);
CREATE TABLE transfer_answer (
    id uuid NOT NULL,
    result_id uuid NOT NULL,
    bank text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    named text NOT NULL,
    code text NOT NULL,
    amount_micro bigint,
    place text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    open boolean NOT NULL,
    refund_id uuid,
    file_id uuid,
    closed_by text,
    closed_reason text,
    PRIMARY KEY (id),
    CHECK (kind IN ('paid', 'refused', 'returned')),
    CHECK (state IN ('applied', 'repeated', 'unknown', 'other-amount', 'otherwise')),
    CHECK (state <> 'applied' OR refund_id IS NOT NULL),
    CHECK ((closed_by IS NULL) = (closed_reason IS NULL)),
    FOREIGN KEY(result_id) REFERENCES transfer_result (id),
    FOREIGN KEY(refund_id) REFERENCES refund (id),
    FOREIGN KEY(file_id) REFERENCES transfer_file (id)
);
CREATE INDEX transfer_answer_open ON transfer_answer (id) WHERE open;
CREATE INDEX transfer_answer_result ON transfer_answer (result_id, id);
CREATE INDEX transfer_answer_refund ON transfer_answer (refund_id) WHERE refund_id IS NOT NULL;
CREATE TABLE debit_step (
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    CHECK (action IN ('begin', 'send', 'cancel')),
    FOREIGN KEY(file_id) REFERENCES debit_file (id)
);
CREATE INDEX debit_step_day ON debit_step (day, id);
CREATE UNIQUE INDEX debit_step_file ON debit_step (file_id, action);
CREATE TABLE debit_item (
    request_id uuid NOT NULL,
    file_id uuid NOT NULL,
    number integer NOT NULL,
    account_id uuid NOT NULL,
    account_number text NOT NULL,
    mandate_reference text NOT NULL,
    signed_on date NOT NULL,
    holder text NOT NULL,
    bank_account text NOT NULL,
    bank_code text NOT NULL,
    amount_micro bigint NOT NULL,
    currency text NOT NULL,
    collected_by uuid,
    returned_by uuid,
    PRIMARY KEY (request_id),
    UNIQUE (collected_by),
    UNIQUE (returned_by),
    UNIQUE (file_id, number),
    CHECK (number >= 1),
    CHECK (amount_micro > 0),
    CHECK (currency ~ '^[A-Z]{3}$'),
    FOREIGN KEY(request_id) REFERENCES top_up_request (id),
    FOREIGN KEY(file_id) REFERENCES debit_file (id),
    FOREIGN KEY(account_id) REFERENCES account_key (id),
    FOREIGN KEY(collected_by) REFERENCES bank_line (id),
    FOREIGN KEY(returned_by) REFERENCES bank_line (id)
);
CREATE TABLE debit_result (
    id uuid NOT NULL,
    key text NOT NULL,
    sha256 bytea NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    answers integer NOT NULL,
    uploaded_by text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (provider, sha256),
    CHECK (octet_length(sha256) = 32),
    CHECK (answers >= 0)
);
CREATE INDEX debit_result_day ON debit_result (day, id);
CREATE TABLE debit_answer (
    id uuid NOT NULL,
    result_id uuid NOT NULL,
    provider text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    named text NOT NULL,
    code text NOT NULL,
    amount_micro bigint,
    place text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    open boolean NOT NULL,
    request uuid,
    closed_by text,
    closed_reason text,
    PRIMARY KEY (id),
    CHECK (kind IN ('paid', 'refused', 'returned')),
    CHECK (state IN ('waiting', 'applied', 'repeated', 'unknown', 'other-amount', 'failed')),
    CHECK (state <> 'applied' OR request IS NOT NULL),
    CHECK ((closed_by IS NULL) = (closed_reason IS NULL)),
    FOREIGN KEY(result_id) REFERENCES debit_result (id),
    FOREIGN KEY(request) REFERENCES debit_item (request_id)
);
CREATE INDEX debit_answer_waiting ON debit_answer (id) WHERE state = 'waiting';
CREATE INDEX debit_answer_open ON debit_answer (id) WHERE open;
CREATE INDEX debit_answer_result ON debit_answer (result_id, id);
CREATE INDEX debit_answer_request ON debit_answer (request) WHERE request IS NOT NULL;
CREATE TABLE command_answer (
    id bigint GENERATED ALWAYS AS IDENTITY,
    command_id uuid NOT NULL,
    status text NOT NULL,
    relay text,
    detail text NOT NULL,
    at timestamptz NOT NULL,
    day date DEFAULT open_day() NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX command_answer_day ON command_answer (day, id)
"""

POSTING_DAY = """
CREATE TABLE posting_day (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    unsealed date,
    turned_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (only_row),
    CHECK (only_row),
    CHECK (unsealed < day)
);
INSERT INTO posting_day (day) VALUES ((now() AT TIME ZONE 'Etc/GMT+12')::date);
CREATE TABLE seal (
    day date NOT NULL,
    previous bytea NOT NULL,
    head bytea NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (day),
    UNIQUE (previous),
    CHECK (octet_length(previous) = 32),
    CHECK (octet_length(head) = 32)
);
CREATE TABLE epoch (
    epoch bigint NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    raised_at timestamptz NOT NULL,
    PRIMARY KEY (epoch),
    CHECK (epoch > 0)
);
CREATE TABLE sealed_sum (
    currency text NOT NULL,
    ledger_account text NOT NULL,
    amount_micro bigint NOT NULL,
    PRIMARY KEY (currency, ledger_account)
);
CREATE TABLE seal_leaves (
    day date NOT NULL,
    sealed_table text NOT NULL,
    number integer NOT NULL,
    prefixes bytea NOT NULL,
    PRIMARY KEY (day, sealed_table, number),
    FOREIGN KEY(day) REFERENCES seal (day)
);
CREATE TABLE left_day (
    day date NOT NULL,
    folder text NOT NULL,
    rows integer NOT NULL,
    root bytea NOT NULL,
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    first_meters text[] NOT NULL,
    begins bigint[] NOT NULL,
    roots bytea[] NOT NULL,
    left_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (day),
    FOREIGN KEY(day) REFERENCES seal (day),
    CHECK (rows >= 0),
    CHECK (octet_length(root) = 32),
    CHECK (octet_length(sha256) = 32),
    CHECK (size >= 0),
    CHECK (cardinality(first_meters) = cardinality(begins)
           AND cardinality(begins) = cardinality(roots))
);
CREATE TABLE left_meter (
    meter_id text NOT NULL,
    since date NOT NULL,
    PRIMARY KEY (meter_id)
);
COMMENT ON TABLE left_day IS 'the owner writes it';
COMMENT ON TABLE left_meter IS 'the owner writes it';
"""

# What is never changed again: by table, the columns (none: all).
SEALED = {
    "journal": "",
    "entry": "",
    "posting": "",
    "payment": "id, provider, payment_id, account_number, amount_micro, currency, reason,"
    " journal_id, received_at, day",
    "topup": "",
    "payment_movement": "",
    "payment_resolution": "",
    "payment_event": "id, provider, event_id, event_id_sha256, body_sha256, received_at, day",
    "payment_event_step": "",
    "parked_meter_step": "",
    "bank_account": "",
    "bank_file": "",
    "bank_line_step": "",
    "payout_step": "",
    "debit_body": "",
    "debit_step": "",
    "debit_result": "",
    "transfer_body": "",
    "transfer_step": "",
    "transfer_result": "",
    "settlement_file": "",
    "settlement_step": "",
    "decision": "",
    "command": "id, decision_id, account_id, meter_id, action, limit_w, sequence, caused_at,"
    " issued_at, expires_at, day",
    "command_answer": "",
    "account_check_posting": "",
    "adjustment": "",
    "proposal": "",
    "proposal_outcome": "",
    "transfer": "",
    "account_check_resolution": "",
    "cash_count": "",
    "cash_count_outcome": "",
    "cash_hand_over": "",
    "cash_receipt": "",
    "condition": "",
    "condition_end": "",
    "cut_hold": "",
    "cut_hold_end": "",
    "deposit_line": "",
    "deposit_step": "",
    "refund": "id, account_id, amount_micro, currency, way, payee_id, payment, ordered_at, day",
    "refund_payee": "",
    "refund_step": "",
    "late_charge": "",
    "late_charge_waiver": "",
    "payment_reminder": "",
    "statement": "",
    "tariff_version": "",
    "policy_version": "",
    "procedure_version": "",
    "procedure_evidence": "",
    "prepay_agreement": "",
    "site_code": "",
    "site_code_reading": "",
    "sole_act": "",
    "vend": "",
    "vend_bar": "",
    "vend_void": "",
    "vendor_funding": "",
    "vendor_funding_reversal": "",
    "vendor_step": "",
    "mandate_step": "",
    "mode_change_step": "",
    "top_up_request": "id, mandate_id, account_id, provider, reference, amount_micro, currency,"
    " debt_id, statement_id, requested_on, requested_at, day",
    "top_up_request_close": "",
    "fact": "",
    "finding_seen": "",
    "meter_day": "",
    "epoch": "",
    "seal": "",
    "seal_leaves": "",
    "left_day": "",
    "left_meter": "",
}
# Whose rows of a whole day may leave, once it is in `left_day`: by the owner alone, as the service
# has no right to delete them.
LEAVES = "meter_day"
OF_A_DAY = [
    name
    for name in SEALED
    if name
    not in {
        "journal",
        "entry",
        "posting",
        "meter_day",
        "epoch",
        "seal",
        "seal_leaves",
        "left_day",
        "left_meter",
    }
]
# The lock and the day are two statements of one function, each with a snapshot of its own: one
# statement that waited for the lock would read the day as it was before.
OPEN_DAY = """
CREATE FUNCTION open_day() RETURNS date LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    open date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(5131523);
    SELECT day INTO STRICT open FROM posting_day;
    RETURN open;
END
$$
"""
# Other tables refer to an account by a row that never changes. Its own changes with each reading,
# and then PostgreSQL would ask of every table that referred to it whether that is another one now.
ACCOUNT_KEYS = """
CREATE FUNCTION keep_account_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_key SELECT id FROM new_rows;
    RETURN NULL;
END
$$
"""
REFUSALS = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused: what was written there stands; correct it by a row of'
            ' its own', TG_OP, TG_TABLE_NAME;
    END
    $$
    """,
    """
    CREATE FUNCTION refuse_other_day() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        today date := open_day();
        other date;
    BEGIN
        SELECT min(n.day) INTO other FROM new_rows AS n WHERE n.day <> today;
        IF other IS NOT NULL THEN
            RAISE EXCEPTION 'a row of % for %, but % is open', TG_TABLE_NAME, other, today;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION refuse_days_that_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM old_rows AS o
                   WHERE NOT EXISTS (SELECT FROM left_day AS l WHERE l.day = o.day))
           OR EXISTS (SELECT FROM meter_day WHERE day IN (SELECT DISTINCT day FROM old_rows)) THEN
            RAISE EXCEPTION '% of % is refused: what was written there stands, but for a whole day'
                ' that was exported', TG_OP, TG_TABLE_NAME;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # An exclusion constraint says the same, at six times the price: GiST compares texts slowly. The
    # meter's row is the lock, and what it guards is read in a statement after it.
    """
    CREATE FUNCTION refuse_two_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        meters bigint;
        held bigint;
        twice text;
    BEGIN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'installations are written at READ COMMITTED: an older snapshot does '
                'not show what another has written meanwhile';
        END IF;
        SELECT count(DISTINCT meter_id) INTO meters FROM new_rows;
        PERFORM FROM meter_state WHERE meter_id IN (SELECT meter_id FROM new_rows)
        ORDER BY meter_id COLLATE "C" FOR NO KEY UPDATE;
        GET DIAGNOSTICS held = ROW_COUNT;
        IF held <> meters THEN
            RAISE EXCEPTION 'an installation of a meter that has no row in meter_state to lock';
        END IF;
        PERFORM FROM new_rows AS n WHERE NOT EXISTS (SELECT FROM account WHERE id = n.account_id);
        IF FOUND THEN
            RAISE EXCEPTION 'an installation of an account that does not exist'
            USING ERRCODE = 'foreign_key_violation';
        END IF;
        SELECT n.meter_id INTO twice
        FROM new_rows AS n JOIN installation AS o ON o.meter_id = n.meter_id AND o.id <> n.id
        WHERE tstzrange(o.begins_at, o.ends_at, '(]') && tstzrange(n.begins_at, n.ends_at, '(]')
        LIMIT 1;
        IF twice IS NOT NULL THEN
            RAISE EXCEPTION 'meter % would serve two accounts at once', twice
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'installation_one_at_a_time';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # A foreign key says the same, at ten times the price: by row, and it writes on the row that it
    # finds. It would say besides that the account stays, which `account_stays` does.
    """
    CREATE FUNCTION refuse_no_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM new_rows AS n WHERE NOT EXISTS (SELECT FROM account WHERE id = n.account_id);
        IF FOUND THEN
            RAISE EXCEPTION 'a row of % of an account that does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # At the end of the transaction, when all of a journal is there.
    """
    CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        found record;
        posted record;
    BEGIN
        SELECT count(*) AS entries, coalesce(sum(e.amount_micro), 0) AS micro,
               count(*) FILTER (WHERE a.currency <> NEW.currency) AS other
        INTO found
        FROM entry AS e JOIN account AS a ON a.id = e.account_id WHERE e.journal_id = NEW.id;
        SELECT count(*) AS postings, coalesce(sum(amount_micro), 0) AS micro INTO posted
        FROM posting WHERE journal_id = NEW.id;
        IF found.entries <> NEW.entries OR found.micro <> NEW.entries_micro
           OR posted.postings <> NEW.postings OR found.micro + posted.micro <> 0
           OR found.other > 0 THEN
            RAISE EXCEPTION 'journal % does not hold together: it says % entries of % micro-units'
                ' and % postings, has % of %, % of them in another currency than %, and % of %',
                NEW.id, NEW.entries, NEW.entries_micro, NEW.postings, found.entries, found.micro,
                found.other, NEW.currency, posted.postings, posted.micro;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # Charges are entered once their day is over, and before it is sealed.
    """
    CREATE FUNCTION refuse_other_day_of_journal() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        open date := open_day();
    BEGIN
        IF NEW.day <> open AND NOT (
            NEW.kind = 'charge' AND EXISTS (SELECT FROM posting_day WHERE unsealed = NEW.day)
        ) THEN
            RAISE EXCEPTION 'a row of % for %, but % is open', TG_TABLE_NAME, NEW.day, open;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE FUNCTION refuse_journals_row() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        open date := open_day();
        full_one bigint;
    BEGIN
        IF EXISTS (SELECT FROM journal
                   WHERE id IN (SELECT journal_id FROM new_rows) AND day <> open
                     AND NOT (kind = 'charge'
                              AND EXISTS (SELECT FROM posting_day WHERE unsealed = journal.day))
        ) THEN
            RAISE EXCEPTION 'rows of % for a journal of another day than %', TG_TABLE_NAME, open;
        END IF;
        -- A journal that was committed has as many rows as it says: there is room for none.
        IF TG_TABLE_NAME = 'entry' THEN
            PERFORM FROM new_rows AS n
            LEFT JOIN account AS a ON a.id = n.account_id
            LEFT JOIN journal AS j ON j.id = n.journal_id
            WHERE a.id IS NULL OR j.id IS NULL;
            IF FOUND THEN
                RAISE EXCEPTION 'an entry of an account or a journal that does not exist'
                USING ERRCODE = 'foreign_key_violation';
            END IF;
            SELECT j.id INTO full_one FROM new_rows AS n JOIN journal AS j ON j.id = n.journal_id
            WHERE n.number NOT BETWEEN 0 AND j.entries - 1 LIMIT 1;
        ELSE
            SELECT j.id INTO full_one FROM journal AS j
            WHERE j.id IN (SELECT journal_id FROM new_rows)
              AND j.postings < (SELECT count(*) FROM posting AS p WHERE p.journal_id = j.id)
            LIMIT 1;
        END IF;
        IF full_one IS NOT NULL THEN
            RAISE EXCEPTION 'more rows of % than journal % says', TG_TABLE_NAME, full_one;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # Readings of a day become rows of it once it was left, until it is sealed.
    """
    CREATE FUNCTION refuse_day_not_left() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        left_day date;
    BEGIN
        PERFORM open_day();
        SELECT unsealed INTO STRICT left_day FROM posting_day;
        IF EXISTS (SELECT FROM new_rows WHERE day IS DISTINCT FROM left_day) THEN
            RAISE EXCEPTION 'rows of % for a day that does not wait for its seal as % does',
                TG_TABLE_NAME, coalesce(left_day::text, 'none');
        END IF;
        RETURN NULL;
    END
    $$
    """,
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    execute_all(SHARED_TABLES_0001, POSTING_DAY)
    op.execute(OPEN_DAY)
    execute_all(TABLES)
    for function in REFUSALS:
        op.execute(function)
    for name, columns in SEALED.items():
        of = f" OF {columns}" if columns else ""
        deletes = "" if name == LEAVES else "DELETE OR "
        op.execute(
            f"CREATE TRIGGER {name}_stands BEFORE UPDATE{of} OR {deletes}TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name in OF_A_DAY:
        op.execute(
            f"CREATE TRIGGER {name}_of_the_open_day AFTER INSERT ON {name} "
            "REFERENCING NEW TABLE AS new_rows "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_day()"
        )
    op.execute(
        "CREATE TRIGGER journal_of_the_open_day BEFORE INSERT ON journal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_other_day_of_journal()"
    )
    # By statement: a trigger by row keeps COPY from writing many rows at once.
    op.execute(ACCOUNT_KEYS)
    op.execute(
        "CREATE TRIGGER account_has_key AFTER INSERT ON account REFERENCING NEW TABLE AS new_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_account_keys()"
    )
    for event in ("insert", "update"):
        op.execute(
            f"CREATE TRIGGER installation_one_at_a_time_{event} AFTER {event} ON installation "
            "REFERENCING NEW TABLE AS new_rows "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_two_at_a_time()"
        )
    for name, events in (("agreement", ("insert", "update")), ("prepay_agreement", ("insert",))):
        for event in events:
            op.execute(
                f"CREATE TRIGGER {name}_of_an_account_{event} AFTER {event} ON {name} "
                "REFERENCING NEW TABLE AS new_rows "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_no_account()"
            )
    op.execute(
        "CREATE TRIGGER account_stays BEFORE UPDATE OF id OR DELETE OR TRUNCATE ON account "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER account_key_stands BEFORE UPDATE OR DELETE OR TRUNCATE ON account_key "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER journal_holds AFTER INSERT ON journal "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced()"
    )
    for name in ("entry", "posting"):
        op.execute(
            f"CREATE TRIGGER {name}_of_the_open_day AFTER INSERT ON {name} "
            "REFERENCING NEW TABLE AS new_rows "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_journals_row()"
        )
    op.execute(
        "CREATE TRIGGER meter_day_of_the_day_left AFTER INSERT ON meter_day "
        "REFERENCING NEW TABLE AS new_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_day_not_left()"
    )
    op.execute(
        f"CREATE TRIGGER {LEAVES}_leaves AFTER DELETE ON {LEAVES} "
        "REFERENCING OLD TABLE AS old_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_days_that_stay()"
    )


def downgrade() -> None:
    raise NotImplementedError("restore from a backup: a ledger is not taken back by dropping it")
