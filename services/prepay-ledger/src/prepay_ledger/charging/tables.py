"""Where meters and charges stand, readings as they came, findings, readings that nobody pays for,
and meters whose readings raised. Nothing that an ordinary reading changes is indexed, and pages
leave room (fillfactor), so that those updates stay HOT."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from prepay_ledger.tables import metadata, posting_day
from prewatt_common.db.tables import instant

# What a reading changes of a meter: one row, in place. A meter has one from its first installation
# or its first reading on, whichever comes first.
meter_state = Table(
    "meter_state",
    metadata,
    Column("meter_id", Text, primary_key=True),
    # Counts changes: an update names the version it read. Facts that it rests on raise it too.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # The posting day on which the readings of `today` came.
    Column("day", Date),
    # The open day, as prewatt_metering.usage.open_day has it; all are none where the next reading
    # takes the slow path. Its slots follow from agreement, day and tariff.
    Column("installation_id", Uuid),
    Column("agreement_id", Uuid),
    Column("open_day", Date),
    Column("since_us", BigInteger),
    Column("quiet_from_us", BigInteger),
    Column("served_until_us", BigInteger),
    # What bounds its steps: prewatt_metering.vee.steps.StepRule.
    Column("limit_w", BigInteger),
    Column("resolution_wh", BigInteger),
    Column("multiplier", BigInteger),
    Column("modulus_wh", BigInteger),
    Column("last_at_us", BigInteger),
    Column("last_wh", BigInteger),
    Column("piece_wh", ARRAY(BigInteger)),
    # Its use is charged by estimate: its next reading takes the slow path, which takes that back.
    Column("is_estimated", Boolean, nullable=False, server_default=text("false")),
    # The readings that came on `day`, packed, the newest in front: PostgreSQL logs only what lies
    # between an equal head and tail of the old row and the new one.
    Column("today", LargeBinary, nullable=False, server_default=text("''")),
)


# Readings as they came, by the posting day on which they did; sealed with that day.
meter_day = Table(
    "meter_day",
    metadata,
    Column("meter_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("meter_id", "day"),
)
Index("meter_day_day", meter_day.c.day)


# Energy by local day and slot at the account that the meter served, without the open day's.
day_use = Table(
    "day_use",
    metadata,
    Column("meter_id", Text, nullable=False),
    Column("agreement_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("slot", Text, nullable=False),
    Column("wh", BigInteger, nullable=False),
    PrimaryKeyConstraint("meter_id", "agreement_id", "day", "slot"),
)
Index("day_use_agreement", day_use.c.agreement_id, day_use.c.day)


# A period of an agreement: what it has cost so far and what of that is posted.
charge_state = Table(
    "charge_state",
    metadata,
    Column("agreement_id", Uuid, nullable=False),
    Column("period_first", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    # {first day of a tariff version's part: {slot: Wh}}, of all meters, the open day included.
    Column("energy", Text, nullable=False),
    Column("standing_days", Integer, nullable=False),
    # The local day on which time alone changes the charge next; none: never again.
    Column("due_day", Date),
    # {ledger account: micro-units}; together they are what the account was charged.
    Column("posted", Text, nullable=False),
    Column("posted_micro", BigInteger, nullable=False),
    Column("energy_wh", BigInteger, nullable=False),
    Column("last_read_us", BigInteger),
    # The posting day on which it changed last.
    Column("day", Date, nullable=False),
    # What of ``posted`` is in entries; the rest is open.
    Column("entered", Text, nullable=False, server_default=text("'{}'")),
    Column("entered_micro", BigInteger, nullable=False, server_default=text("0")),
    Column("entered_wh", BigInteger, nullable=False, server_default=text("0")),
    # ``posted`` and Wh as they were when the posting day before ``day`` was left, until that day's
    # entries are written.
    Column("turned", Text),
    Column("turned_wh", BigInteger),
    PrimaryKeyConstraint("agreement_id", "period_first"),
)
Index("charge_state_account_id", charge_state.c.account_id)
# What a posting day left to enter. Changes once a day and row.
Index(
    "charge_state_day",
    charge_state.c.day,
    charge_state.c.agreement_id,
    charge_state.c.period_first,
)
# What is open of an agreement, and what time has reached: both change once a day and row.
Index(
    "charge_state_open",
    charge_state.c.agreement_id,
    postgresql_where=charge_state.c.due_day.is_not(None),
)
Index(
    "charge_state_due_day",
    charge_state.c.due_day,
    postgresql_where=charge_state.c.due_day.is_not(None),
)
# What is estimated of a period, in no column of `charge_state`. A row stays when nothing is any
# more: its version goes on.
estimate = Table(
    "estimate",
    metadata,
    Column("agreement_id", Uuid, nullable=False),
    Column("period_first", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("energy_wh", BigInteger, nullable=False),
    # {ledger account: micro-units}, all of it in entries.
    Column("posted", Text, nullable=False),
    Column("posted_micro", BigInteger, nullable=False),
    # {meter: its latest trusted reading}: whose use is estimated; the same in all of an
    # agreement's periods. None: nothing is.
    Column("meters", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("agreement_id", "period_first"),
)
Index("estimate_standing", estimate.c.account_id, postgresql_where=text("meters <> '{}'"))
# What validation noticed when it last looked: some checks each time that a meter is derived from
# all of its readings, the others once a day.
finding = Table(
    "finding",
    metadata,
    Column("meter_id", Text, nullable=False),
    # Of several of a check.
    Column("number", Integer, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("begin_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("before", BigInteger),
    Column("after", BigInteger),
    Column("unit", Text, nullable=False),
    Column("stops_cut", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("meter_id", "check_id", "number"),
)


Index(
    "finding_stops_cut",
    finding.c.meter_id,
    finding.c.begin_us,
    postgresql_where=finding.c.stops_cut,
)


# Who has looked at a finding, and why nobody need wait for it any more. Other values of the same
# check are another finding, but of a stretch that goes on: that is known by its begin.
finding_seen = Table(
    "finding_seen",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("meter_id", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("begin_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("before", BigInteger),
    Column("after", BigInteger),
    Column("seen_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("at"),
    posting_day(),
)
Index("finding_seen_day", finding_seen.c.day, finding_seen.c.id)
Index("finding_seen_meter_id", finding_seen.c.meter_id)


# Meters that were derived anew since the daily look: out of turn, or as somebody decided. Nothing
# is unique in it: a change of one whose row is being taken away must leave a row of its own.
meter_look_due = Table(
    "meter_look_due",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("meter_id", Text, nullable=False),
)
Index("meter_look_due_meter_id", meter_look_due.c.meter_id)


unbound_reading = Table(
    "unbound_reading",
    metadata,
    Column("meter_id", Text, nullable=False),
    instant("read_at"),
    Column("import_wh", BigInteger, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("meter_id", "read_at", "import_wh"),
)


parked_meter = Table(
    "parked_meter",
    metadata,
    Column("meter_id", Text, primary_key=True),
    instant("since"),
    Column("error", Text, nullable=False),
    # Where the reading lies that raised: topic/partition/offset.
    Column("record", Text, nullable=False),
    # No fault: a job takes it up once it has read the exports of what has left.
    Column("waits_for_exports", Boolean, nullable=False, server_default=text("false")),
)


parked_reading = Table(
    "parked_reading",
    metadata,
    # A reading behind a release that is under way has no meter to go to, and fails.
    Column("meter_id", Text, ForeignKey("parked_meter.meter_id"), nullable=False),
    instant("read_at"),
    Column("import_wh", BigInteger, nullable=False),
    instant("received_at"),
    PrimaryKeyConstraint("meter_id", "read_at", "import_wh"),
)


# Each time that somebody had a parked meter's readings taken again, whatever came of it.
parked_meter_step = Table(
    "parked_meter_step",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("meter_id", Text, nullable=False),
    # Why and since when it was parked: a released meter's row is gone.
    instant("since"),
    Column("error", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # The error where it is still odd; empty where it was released.
    Column("detail", Text, nullable=False),
    Column("readings", Integer, nullable=False),
    instant("at"),
    posting_day(),
)
Index("parked_meter_step_day", parked_meter_step.c.day, parked_meter_step.c.id)
Index("parked_meter_step_meter", parked_meter_step.c.meter_id, parked_meter_step.c.id)
