"""Accounts, contacts, notices and what they are said with."""

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
    supply_off_since timestamptz,
    limit_w integer CHECK (limit_w > 0),
    -- Of the newest of its events: an older one that comes again takes nothing back.
    balance_number bigint,
    -- Whether that follows from the balance, or tells how it came to be.
    balance_decided boolean,
    -- The latest time that one of its events has told.
    balance_at timestamptz,
    CHECK ((balance_number IS NULL) = (balance_decided IS NULL)),
    CHECK ((balance_number IS NULL) = (balance_at IS NULL))
);
CREATE TABLE contact (
    account_id uuid PRIMARY KEY,
    language text NOT NULL,
    email text,
    phone text,
    channels text[] NOT NULL,
    timezone text,
    wechat_openid text,
    chat text,
    -- Who does not is called first.
    reads boolean NOT NULL DEFAULT true
);
CREATE INDEX account_number ON account (number);
CREATE INDEX contact_phone ON contact (phone);
-- Many are told the same because a person has it told. What happened to it is in campaign_step.
CREATE TABLE campaign (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    purpose text NOT NULL CHECK (purpose IN ('supply', 'news', 'campaigns')),
    -- Over these alone, the first that a contact has.
    channels text[] NOT NULL CHECK (cardinality(channels) > 0),
    -- None: its accounts are uploaded.
    segment jsonb,
    -- In the customer's zone; the last day is told too.
    first_day date NOT NULL,
    last_day date NOT NULL,
    from_time time NOT NULL,
    until_time time NOT NULL,
    per_minute integer NOT NULL CHECK (per_minute BETWEEN 1 AND 60000),
    holdout_ppm integer NOT NULL CHECK (holdout_ppm BETWEEN 0 AND 900000),
    seed bigint NOT NULL,
    respond_days integer NOT NULL CHECK (respond_days BETWEEN 1 AND 90),
    state text NOT NULL CHECK (state IN ('draft', 'approved', 'frozen', 'running', 'paused',
                                         'ended', 'cancelled')),
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    approved_by text CHECK (approved_by <> drafted_by),
    -- Which page of the segment comes next as it is frozen; none: the first.
    segment_cursor text,
    frozen_at timestamptz,
    -- Of its members, as it was frozen.
    zones text[] NOT NULL DEFAULT '{}',
    -- When the next may be told at its pace.
    next_at timestamptz,
    -- When it last had somebody's turn, or nobody to tell.
    told_at timestamptz,
    ended_at timestamptz,
    CHECK (first_day <= last_day),
    CHECK (from_time < until_time),
    CHECK (approved_by IS NOT NULL OR state IN ('draft', 'cancelled')),
    CHECK (frozen_at IS NOT NULL OR state IN ('draft', 'approved', 'cancelled')),
    CHECK ((ended_at IS NOT NULL) = (state IN ('ended', 'cancelled')))
);
CREATE INDEX campaign_at_work ON campaign (id) WHERE state IN ('approved', 'running', 'paused');
-- Who did what with it: what a person was told stays told.
CREATE TABLE campaign_step (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign,
    what text NOT NULL CHECK (what IN ('drafted', 'uploaded', 'approved', 'frozen', 'started',
                                       'paused', 'resumed', 'cancelled', 'ended')),
    -- None: it was no person.
    asked_as text,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL,
    -- Of what was asked, so that the same again is known and anything else refused.
    asked_sha256 bytea CHECK (length(asked_sha256) = 32),
    at timestamptz NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (by, asked_as),
    CHECK ((asked_as IS NULL) = (asked_sha256 IS NULL))
);
CREATE INDEX campaign_step_campaign ON campaign_step (campaign_id, id);
-- An account of a campaign's audience, once.
CREATE TABLE campaign_member (
    campaign_id uuid NOT NULL REFERENCES campaign,
    number text NOT NULL CHECK (number <> ''),
    -- None: not looked up yet, or the notifier knows no such account.
    account_id uuid,
    -- Of its contact as the audience was frozen.
    zone text,
    -- By campaign, seed and number: the order in which they are told.
    place bigint NOT NULL CHECK (place >= 0),
    held_out boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'queued', 'skipped', 'held_out')),
    skipped_for text CHECK (skipped_for IN ('unknown_account', 'no_consent', 'no_channel',
                                            'cancelled', 'not_in_time')),
    -- The position of its next notice: one more for each that a pause has withdrawn.
    position integer NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- When it was told, held out or skipped.
    settled_at timestamptz,
    PRIMARY KEY (campaign_id, number),
    UNIQUE (campaign_id, account_id),
    CHECK ((state = 'skipped') = (skipped_for IS NOT NULL)),
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CHECK (state <> 'held_out' OR held_out),
    CHECK (account_id IS NOT NULL OR state IN ('waiting', 'skipped'))
) WITH (fillfactor = 80);
CREATE INDEX campaign_member_waiting ON campaign_member (campaign_id, place)
    WHERE state = 'waiting';
-- Its words are never changed; what became of it stands beside them.
CREATE TABLE template_text (
    id uuid PRIMARY KEY,
    template text NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    -- Of a campaign's template.
    campaign_id uuid REFERENCES campaign,
    -- Of mail alone.
    subject text,
    body text NOT NULL,
    -- None: from the moment at which it is published.
    effective_from timestamptz,
    asked_as text NOT NULL,
    drafted_by text NOT NULL,
    draft_reason text NOT NULL,
    drafted_at timestamptz NOT NULL,
    -- Of its template, language and channel.
    number integer CHECK (number > 0),
    published_by text,
    publish_reason text,
    published_at timestamptz,
    withdrawn_by text,
    withdraw_reason text,
    withdrawn_at timestamptz,
    -- An Idempotency-Key is its person's.
    UNIQUE (drafted_by, asked_as),
    CHECK ((campaign_id IS NOT NULL) = (template LIKE 'campaign-%')),
    CHECK ((channel = 'email') = (subject IS NOT NULL)),
    CHECK (published_by <> drafted_by),
    CHECK (num_nulls(number, published_by, publish_reason, published_at) IN (0, 4)),
    CHECK (published_at IS NULL OR effective_from >= published_at),
    CHECK (num_nulls(withdrawn_by, withdraw_reason, withdrawn_at) IN (0, 3))
);
CREATE INDEX template_text_in_force
    ON template_text (template, language, channel, effective_from DESC, number DESC)
    WHERE published_at IS NOT NULL AND withdrawn_at IS NULL;
-- Drafts have no number yet.
CREATE UNIQUE INDEX template_text_number
    ON template_text (template, language, channel, campaign_id, number) NULLS NOT DISTINCT
    WHERE number IS NOT NULL;
CREATE INDEX template_text_campaign ON template_text (campaign_id) WHERE campaign_id IS NOT NULL;
-- A text that a person had sent to themselves: no notice, and evidence of nothing.
CREATE TABLE template_test (
    id uuid PRIMARY KEY,
    text_id uuid NOT NULL REFERENCES template_text,
    asked_as text NOT NULL,
    -- Hardly any of the address.
    sent_to text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    -- Empty while nobody knows.
    outcome text NOT NULL,
    UNIQUE (asked_by, asked_as)
);
CREATE INDEX template_test_asked_at ON template_test (asked_at);
-- What customers have said, one row each time: of a purpose the newest counts. Kept when the
-- contact is deleted: it holds no address, and who has declined stays so once imported again.
CREATE TABLE consent (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('supply', 'payments', 'news', 'campaigns')),
    given boolean NOT NULL,
    at timestamptz NOT NULL,
    how text NOT NULL CHECK (how <> ''),
    by text NOT NULL CHECK (by <> '')
);
CREATE INDEX consent_account ON consent (account_id, purpose, sequence);
-- Another person, whom a customer has named to be warned too. One that has ended has no addresses.
CREATE TABLE nomination (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    language text NOT NULL,
    email text,
    phone text,
    channels text[] NOT NULL,
    timezone text,
    wechat_openid text,
    chat text,
    reads boolean NOT NULL,
    -- How each of the two has said so, and when.
    customer_agreed text NOT NULL CHECK (customer_agreed <> ''),
    customer_agreed_at timestamptz NOT NULL,
    person_agreed text NOT NULL CHECK (person_agreed <> ''),
    person_agreed_at timestamptz NOT NULL,
    noted_by text NOT NULL CHECK (noted_by <> ''),
    noted_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    CHECK (greatest(customer_agreed_at, person_agreed_at) <= noted_at),
    CHECK (num_nulls(ended_by, ended_at) IN (0, 2)),
    CHECK ((ended_at IS NULL) = (cardinality(channels) > 0)),
    CHECK (ended_at IS NULL OR num_nonnulls(email, phone, timezone, wechat_openid, chat) = 0)
);
CREATE UNIQUE INDEX nomination_standing ON nomination (account_id) WHERE ended_at IS NULL;
CREATE INDEX nomination_phone ON nomination (phone) WHERE phone IS NOT NULL;
-- Whether the person wants to be told, one row each time they said so: the newest counts.
CREATE TABLE nomination_word (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    nomination_id uuid NOT NULL REFERENCES nomination,
    told boolean NOT NULL,
    at timestamptz NOT NULL,
    how text NOT NULL CHECK (how <> '')
);
CREATE INDEX nomination_word_newest ON nomination_word (nomination_id, sequence);
CREATE TABLE notice (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    id uuid PRIMARY KEY,
    cause_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account,
    -- Whom it goes to.
    role text NOT NULL DEFAULT 'customer' CHECK (role IN ('customer', 'nominated')),
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
         'suppressed', 'declined')),
    -- What a notice in flight becomes if this attempt does not deliver it.
    stop_as text CHECK (stop_as IN ('withdrawn', 'suppressed', 'declined')),
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
    -- What its reader types in to learn that it is ours. By chance: who knows a notice, or a key of
    -- ours, does not know it, and there is nothing to rotate.
    code bytea NOT NULL DEFAULT substring(uuid_send(gen_random_uuid()) FOR 5)
        CHECK (length(code) = 5),
    -- So many SMS the network counts for it.
    segments smallint CHECK (segments BETWEEN 1 AND 255),
    -- Which version of the text it was tried with first: 0 is shipped.
    text_version integer CHECK (text_version >= 0),
    -- Of the words that the peer has accepted.
    said_sha256 bytea CHECK (length(said_sha256) = 32),
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    finished_at timestamptz,
    -- Whose words and channels it has; none where an event called for it.
    campaign_id uuid REFERENCES campaign,
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
CREATE INDEX notice_code ON notice (code);
-- Of what a cut waits for, what reached nobody: somebody may have to go to the door.
CREATE INDEX notice_unreached ON notice (expires_at)
    WHERE role = 'customer' AND template IN ('low-balance', 'balance-exhausted', 'payment-reminder')
      AND (status IN ('failed', 'expired', 'bounced', 'suppressed', 'declined')
           OR channel = 'log');
CREATE INDEX notice_campaign ON notice (campaign_id, status) WHERE campaign_id IS NOT NULL;
-- A notice that a person had said anew: ``id`` is the new one.
CREATE TABLE notice_resend (
    id uuid PRIMARY KEY REFERENCES notice,
    of uuid NOT NULL REFERENCES notice,
    asked_as text NOT NULL,
    asked_by text NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (asked_by, asked_as),
    CHECK (id <> of)
);
-- A notice whose handling raised: it has no turn until a person releases or drops it.
CREATE TABLE parked_notice (
    notice_id uuid PRIMARY KEY REFERENCES notice,
    since timestamptz NOT NULL,
    doing text NOT NULL CHECK (doing IN ('read', 'send', 'record', 'expire')),
    error text NOT NULL,
    -- A peer had accepted it, which could not be written down.
    peer_has_it boolean NOT NULL,
    -- What was said of it since, which counts once it is let go; nobody says it again.
    verdict text CHECK (verdict IN ('delivered', 'bounced')),
    verdict_reason text,
    CHECK ((verdict IS NULL) = (verdict_reason IS NULL))
);
CREATE TABLE parked_notice_step (
    id uuid PRIMARY KEY,
    notice_id uuid NOT NULL REFERENCES notice,
    since timestamptz NOT NULL,
    doing text NOT NULL CHECK (doing IN ('read', 'send', 'record', 'expire')),
    error text NOT NULL,
    peer_has_it boolean NOT NULL,
    what text NOT NULL CHECK (what IN ('released', 'dropped')),
    asked_as text NOT NULL,
    asked_by text NOT NULL CHECK (asked_by <> ''),
    reason text NOT NULL,
    at timestamptz NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (asked_by, asked_as)
);
-- What a person brought to a customer's door. Never changed.
CREATE TABLE door_notice (
    id uuid PRIMARY KEY,
    notice_id uuid NOT NULL REFERENCES notice,
    how text NOT NULL CHECK (how IN ('in_person', 'posted_at_premises')),
    latitude_micro integer CHECK (latitude_micro BETWEEN -90000000 AND 90000000),
    longitude_micro integer CHECK (longitude_micro BETWEEN -180000000 AND 180000000),
    address text CHECK (address <> ''),
    brought_at timestamptz NOT NULL,
    -- Of the ledger.
    work_order_id uuid,
    photo_sha256 bytea NOT NULL CHECK (length(photo_sha256) = 32),
    asked_as text NOT NULL,
    recorded_by text NOT NULL CHECK (recorded_by <> ''),
    recorded_at timestamptz NOT NULL,
    -- So long after it was brought that another person must confirm it.
    is_late boolean NOT NULL,
    is_evidence boolean NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (recorded_by, asked_as),
    CHECK (NOT (is_late AND is_evidence)),
    CHECK ((latitude_micro IS NULL) = (longitude_micro IS NULL)),
    CHECK (num_nonnulls(latitude_micro, address) > 0)
);
CREATE INDEX door_notice_notice ON door_notice (notice_id);
CREATE INDEX door_notice_recorded ON door_notice (recorded_at);
-- Another person vouches for what was recorded late. Never changed.
CREATE TABLE door_confirmation (
    door_id uuid PRIMARY KEY REFERENCES door_notice,
    confirmed_by text NOT NULL CHECK (confirmed_by <> ''),
    reason text NOT NULL,
    asked_as text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    is_evidence boolean NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (confirmed_by, asked_as)
);
-- As it came, until its time is over.
CREATE TABLE door_photo (
    door_id uuid PRIMARY KEY REFERENCES door_notice,
    kind text NOT NULL CHECK (kind IN ('image/jpeg', 'image/png')),
    octets bytea NOT NULL CHECK (length(octets) BETWEEN 1 AND 3145728)
);
-- A person is to bring to the door what reached the customer over no channel.
CREATE TABLE door_order (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    cause_id uuid NOT NULL,
    template text NOT NULL,
    -- Whose words are to be brought: the last that was tried.
    notice_id uuid NOT NULL REFERENCES notice,
    language text NOT NULL,
    ordered_at timestamptz NOT NULL,
    bring_by timestamptz NOT NULL,
    ended_as text CHECK (ended_as IN ('brought', 'overtaken', 'reached', 'lapsed')),
    door_id uuid REFERENCES door_notice,
    ended_at timestamptz,
    -- However many look at once, and however often they are killed.
    UNIQUE (cause_id, template),
    CHECK (ordered_at < bring_by),
    CHECK ((ended_as IS NULL) = (ended_at IS NULL)),
    CHECK ((ended_as IS NOT DISTINCT FROM 'brought') = (door_id IS NOT NULL))
);
CREATE INDEX door_order_account ON door_order (account_id, id);
CREATE INDEX door_order_open ON door_order (cause_id) WHERE ended_at IS NULL;
-- It is compressed already.
ALTER TABLE door_photo ALTER COLUMN octets SET STORAGE EXTERNAL;
-- By the number of the SMS centre, or of the gateway of SMS or calls. A receipt may come before we
-- have noted the acceptance.
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
CREATE INDEX sms_message_unknown ON sms_message (heard_at) WHERE notice_id IS NULL;
-- Another system that is told of the ledger's events.
CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    url text NOT NULL CHECK (url ~ '^https?://'),
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    status text NOT NULL CHECK (status IN ('active', 'paused', 'off', 'ended')),
    -- Why it stands so: a person's, or what it answered.
    reason text NOT NULL,
    since timestamptz NOT NULL
);
CREATE TABLE webhook_change (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook,
    what text NOT NULL CHECK (what IN
        ('made', 'secret', 'paused', 'resumed', 'pinged', 'ended')),
    asked_as text NOT NULL,
    asked_by text NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    -- An Idempotency-Key is its person's.
    UNIQUE (asked_by, asked_as)
);
CREATE INDEX webhook_change_webhook ON webhook_change (webhook_id, id);
-- The secrets themselves follow from a key of the settings and are kept nowhere.
CREATE TABLE webhook_secret (
    webhook_id uuid NOT NULL REFERENCES webhook,
    number integer NOT NULL CHECK (number > 0),
    -- It signs until then; none: until another one is made.
    ends_at timestamptz,
    PRIMARY KEY (webhook_id, number)
);
CREATE TABLE webhook_message (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    webhook_id uuid NOT NULL REFERENCES webhook,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,
    status text NOT NULL CHECK (status IN
        ('queued', 'sending', 'delivered', 'expired', 'dropped')),
    attempts integer NOT NULL DEFAULT 0,
    -- When a queued one is due, or when the sender of one being sent counts as dead.
    next_attempt_at timestamptz,
    expires_at timestamptz NOT NULL,
    -- What the receiver said last.
    answer text,
    made_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((status IN ('queued', 'sending')) = (next_attempt_at IS NOT NULL)),
    CHECK ((status IN ('queued', 'sending')) = (finished_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX webhook_message_due ON webhook_message (webhook_id, next_attempt_at, sequence)
    WHERE status IN ('queued', 'sending');
CREATE INDEX webhook_message_overdue ON webhook_message (expires_at)
    WHERE status IN ('queued', 'sending');
CREATE INDEX webhook_message_list ON webhook_message (webhook_id, sequence);
CREATE INDEX webhook_message_finished ON webhook_message (finished_at)
    WHERE finished_at IS NOT NULL;
-- What customers write to us: each message once, kept before its gateway is told that we have it.
CREATE TABLE inbound_message (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    gateway text NOT NULL CHECK (gateway <> ''),
    -- None: it gives messages no number.
    gateway_id text,
    sender text NOT NULL,
    text text NOT NULL,
    heard_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('waiting', 'working', 'done')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    faults integer NOT NULL DEFAULT 0 CHECK (faults BETWEEN 0 AND attempts),
    -- When a waiting one is due, or when whoever works on it counts as dead.
    next_attempt_at timestamptz,
    word text,
    outcome text,
    -- The template of its answer, which is a notice with this message as its cause.
    answer text,
    account_id uuid,
    worked_at timestamptz,
    UNIQUE (gateway, gateway_id),
    CHECK ((status = 'done') = (next_attempt_at IS NULL)),
    CHECK ((status = 'done') = (outcome IS NOT NULL)),
    CHECK ((status = 'done') = (worked_at IS NOT NULL)),
    CHECK (answer IS NULL OR account_id IS NOT NULL)
);
CREATE INDEX inbound_message_due ON inbound_message (sequence) WHERE status <> 'done';
CREATE INDEX inbound_message_sender ON inbound_message (sender, sequence);
CREATE INDEX inbound_message_account ON inbound_message (account_id, sequence);
CREATE INDEX inbound_message_heard ON inbound_message (heard_at);
-- Of a long text whose other parts have not come yet.
CREATE TABLE inbound_part (
    gateway text NOT NULL,
    sender text NOT NULL,
    reference integer NOT NULL,
    total smallint NOT NULL,
    number smallint NOT NULL,
    octets bytea NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, sender, reference, total, number),
    CHECK (number BETWEEN 1 AND total)
);
CREATE INDEX inbound_part_heard ON inbound_part (heard_at)
"""

DOOR_NOTICE_STANDS = """
CREATE FUNCTION door_notice_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a door notice is never changed' USING ERRCODE = 'restrict_violation';
END $$
"""
ON_DOOR_NOTICE = """
CREATE TRIGGER door_notice_stands BEFORE UPDATE OR DELETE ON door_notice
    FOR EACH ROW EXECUTE FUNCTION door_notice_stands();
CREATE TRIGGER door_confirmation_stands BEFORE UPDATE OR DELETE ON door_confirmation
    FOR EACH ROW EXECUTE FUNCTION door_notice_stands()
"""


def upgrade() -> None:
    execute_all(SHARED_TABLES_0001, TABLES)
    op.execute(DOOR_NOTICE_STANDS)
    execute_all(ON_DOOR_NOTICE)


def downgrade() -> None:
    for table in (
        "webhook_message", "webhook_secret", "webhook_change", "webhook",
        "inbound_part", "inbound_message", "sms_message", "door_order", "door_photo",
        "door_confirmation", "door_notice",
        "parked_notice_step", "parked_notice", "notice_resend", "notice",
        "template_test", "template_text", "campaign_member", "campaign_step", "campaign",
        "nomination_word", "nomination", "consent", "contact",
        "account", "zone_data", "outbox", "dead_letter_replay", "offset_acceptance",
        "consumer_offset",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION door_notice_stands")
