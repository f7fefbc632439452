"""Every topic, what its key is and which events it carries."""

from dataclasses import dataclass

from prewatt_common.contracts import (
    billing_events_v1,
    cut_facts_v1,
    deposit_facts_v1,
    emergency_credit_v1,
    gathered_v1,
    key_facts_v1,
    ledger_charges_v1,
    ledger_events_v1,
    ledger_facts_v1,
    meter_commands_v1,
    meter_events_v1,
    meter_readings_v1,
    mode_events_v1,
    notice_events_v1,
)
from prewatt_common.contracts.base import Event


@dataclass(frozen=True)
class Topic:
    """A Kafka topic and its dead-letter twin."""

    name: str
    key: str
    events: tuple[type[Event], ...]

    @property
    def dead_letter(self) -> str:
        """Where records go that could not be processed, with the reason in their headers."""
        return f"{self.name}.dlq"


METER_READINGS = Topic("meter.readings.v1", "meter_id", (meter_readings_v1.Readings,))
METER_EVENTS = Topic(
    "meter.events.v1",
    "meter_id",
    (
        meter_events_v1.MeterPresenceChanged,
        meter_events_v1.MeterReported,
        meter_events_v1.CommandProgressed,
    ),
)
METER_COMMANDS = Topic(
    "meter.commands.v1",
    "meter_id",
    (meter_commands_v1.RelayCommand, meter_commands_v1.KeyMessage),
)
LEDGER_EVENTS = Topic(
    "ledger.events.v1",
    "account_id",
    (
        ledger_events_v1.AccountOpened,
        gathered_v1.AccountsOpened,
        ledger_events_v1.ToppedUp,
        ledger_events_v1.PaymentTakenBack,
        ledger_events_v1.PaymentSuspended,
        ledger_events_v1.PaymentReturned,
        ledger_events_v1.LowBalance,
        ledger_events_v1.BalanceExhausted,
        ledger_events_v1.SupplyChanged,
        ledger_events_v1.ReconnectionLate,
        ledger_events_v1.Credited,
        ledger_events_v1.DebtChanged,
        ledger_events_v1.PaymentReminder,
        emergency_credit_v1.EmergencyCreditChanged,
        ledger_events_v1.AutoTopUpRequested,
        ledger_events_v1.AutoTopUpFailed,
        ledger_events_v1.MandateSuspended,
        ledger_events_v1.WorkOrderOpened,
        ledger_events_v1.WorkOrderClosed,
        ledger_events_v1.SupplyApology,
        mode_events_v1.AccountModeChanged,
    ),
)
LEDGER_CHARGES = Topic("ledger.charges.v1", "partition", (ledger_charges_v1.ChargesPosted,))
LEDGER_FACTS = Topic(
    "ledger.facts.v1",
    "subject",
    (
        ledger_facts_v1.TariffPublished,
        ledger_facts_v1.TariffCorrected,
        ledger_facts_v1.TariffCorrectionCompleted,
        ledger_facts_v1.AgreementSet,
        gathered_v1.AgreementsSet,
        ledger_facts_v1.MeterRegistered,
        gathered_v1.MetersRegistered,
        ledger_facts_v1.InstallationSet,
        gathered_v1.InstallationsSet,
        ledger_facts_v1.ReadingEdited,
        ledger_facts_v1.EstimatesSet,
        ledger_facts_v1.PolicyPublished,
        ledger_facts_v1.ProtectionSet,
        ledger_facts_v1.ProtectedPeriodSet,
        cut_facts_v1.ProcedurePublished,
        cut_facts_v1.ProcedureStepTold,
        cut_facts_v1.CutListDecided,
        cut_facts_v1.PrepayAgreementSigned,
        gathered_v1.PrepayAgreementsSigned,
        key_facts_v1.CommandKeyAdded,
        key_facts_v1.CommandKeyRolled,
        key_facts_v1.CommandKeyRetired,
        cut_facts_v1.ConditionBegun,
        cut_facts_v1.ConditionEnded,
        ledger_facts_v1.CutHoldPlaced,
        ledger_facts_v1.CutHoldEnded,
        ledger_facts_v1.CutUndoReleased,
        ledger_facts_v1.CutUndoEnded,
        ledger_facts_v1.DaySealed,
        ledger_facts_v1.DebtPlanned,
        ledger_facts_v1.DebtPaused,
        emergency_credit_v1.EmergencyCreditAccepted,
        ledger_facts_v1.DebtWrittenOff,
        deposit_facts_v1.DepositMoved,
        mode_events_v1.ModeChangeTold,
    ),
)
NOTICE_EVENTS = Topic(
    "notice.events.v1",
    "account_id",
    (
        notice_events_v1.NoticeAccepted,
        notice_events_v1.NoticeDelivered,
        notice_events_v1.NoticeBounced,
        notice_events_v1.NoticeFailed,
        notice_events_v1.NoticeExpired,
        notice_events_v1.NoticeWithdrawn,
        notice_events_v1.DoorNoticeOrdered,
        notice_events_v1.DoorOrderEnded,
    ),
)
BILLING_EVENTS = Topic(
    "billing.events.v1",
    "account_id",
    (billing_events_v1.HardshipFlagged, billing_events_v1.HardshipCleared),
)
TOPICS: tuple[Topic, ...] = (
    METER_READINGS,
    METER_EVENTS,
    METER_COMMANDS,
    LEDGER_EVENTS,
    LEDGER_CHARGES,
    LEDGER_FACTS,
    NOTICE_EVENTS,
    BILLING_EVENTS,
)
