"""The ledger's settings."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.checkouts.configured import ConfiguredCheckout, misheard
from prepay_ledger.debit_formats.configured import DebitProfile, TransferProfile
from prepay_ledger.fields import CurrencyField
from prepay_ledger.paper.pdf import load_font
from prepay_ledger.pay_links.configured import BaseUrl, LinkKey, key_bytes
from prepay_ledger.pay_links.rules import odd_amount
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.values import PayAmounts
from prepay_ledger.payment_requests.configured import ConfiguredRequester
from prepay_ledger.providers.configured import ConfiguredProvider, ProviderName
from prepay_ledger.receipts.sign_receipt import ReceiptKeys, receipt_keys_of
from prepay_ledger.refunders.configured import ConfiguredRefunder
from prepay_ledger.refunds.values import RefundTerms
from prepay_ledger.relays.signing import private_key
from prepay_ledger.site_codes.rules import masters_of
from prepay_ledger.site_codes.values import Masters
from prewatt_common.settings import ServiceSettings
from prewatt_metering.tariffs.holidays import HolidayCalendar

KeyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


def _known_calendar(calendar: HolidayCalendar) -> HolidayCalendar:
    calendar.lookup()
    return calendar


class LedgerSettings(ServiceSettings):
    """Read from ``PREWATT_*``."""

    http_port: int = Field(default=8082, ge=1, le=65535)
    payment_providers: dict[ProviderName, ConfiguredProvider] = Field(default_factory=dict)
    """By the name in the webhook's path: kind, secrets or keys, merchant's ids."""
    payment_requesters: dict[ProviderName, ConfiguredRequester] = Field(default_factory=dict)
    """Providers that are asked for automatic top-ups, by the name of the webhook that tells whether
    money came: how, and with what keys."""
    public_base_url: BaseUrl = ""
    """Of pages that customers open, as ``https://pay.example``; none: there are no pay links."""
    pay_link_keys: dict[KeyId, LinkKey] = Field(default_factory=dict)
    """Key id to at least 32 bytes in base64 that links are made by, the newest first. Without its
    key a link is over."""
    checkouts: dict[ProviderName, ConfiguredCheckout] = Field(default_factory=dict)
    """Providers at whose pages payers of links pay, by the name of the webhook that tells whether
    money came; payers see them in this order."""
    refunders: dict[ProviderName, ConfiguredRefunder] = Field(default_factory=dict)
    """Providers that are asked to give back what is refunded to a payment, by the name of the
    webhook that tells what came of it."""
    pay_amounts: dict[CurrencyField, PayAmounts] = Field(default_factory=dict)
    """What payers of links may choose of, by currency."""
    second_person_above_micro: int | None = Field(default=None, ge=0)
    """What staff move or let move above it, in micro-units of whatever currency, takes two people:
    money in suspense, differences of settlements, adjustments, transfers, what vendors pay in and
    the credit they have, doubtful lines of banks; none: one."""
    second_person_within_hours: int = Field(default=24, ge=0, le=24 * 31)
    """What the same person did alone so long before, to the same account or vendor, counts with
    what is asked for; 0: each act counts by itself."""
    second_person_in_all_above_micro: int | None = Field(default=None, ge=0)
    """What one person does alone within those hours, to whomever, in micro-units of each currency:
    more takes two; none: no bound."""
    proposal_days: int = Field(default=7, ge=1, le=90)
    """For so long a second person may approve what was proposed."""
    payout_late_days: int = Field(default=5, ge=1, le=60)
    """A provider's payout that no line of the bank's statements is by then is late; until then one
    that no line names is known by its amount."""
    refund_cash_max_micro: int | None = Field(default=None, ge=0)
    """The most that is paid out in cash at once of an account that moved out, in micro-units of
    whatever currency; none: no limit."""
    unclaimed_days: int = Field(default=180, ge=1, le=3_650)
    """What an account has left for so many days after its last one is listed as unclaimed."""
    statement_after_days: int = Field(default=3, ge=0, le=60)
    """So many days after a period of a post-paid account has ended its statement is issued."""
    debit_profiles: dict[ProviderName, DebitProfile] = Field(default_factory=dict)
    transfer_profiles: dict[ProviderName, TransferProfile] = Field(default_factory=dict)
    """Banks that pay refunds by files."""
    """Banks that take batch debits by files, by the name that mandates have for them: in what
    format, and what their answers say."""
    bank_holidays: Annotated[HolidayCalendar, AfterValidator(_known_calendar)] = HolidayCalendar()
    """On which days banks do not work, beside weekends: ``{"country": "CN"}``."""
    statement_late_days: int = Field(default=2, ge=1, le=30)
    """A bank account that no statement has come of for so many business days is silent."""
    command_signing_key: SecretStr
    """Ed25519 private key (PEM) that commands to meters are signed with."""
    command_key_id: KeyId
    """Tells a meter which of its public keys to check with. Meters are made with this key."""
    next_command_signing_key: SecretStr | None = None
    """The key that comes after it, likewise; meters are told of it by ``prewatt keys roll``."""
    next_command_key_id: KeyId | None = None
    key_messages_per_s: int = Field(default=20, ge=1, le=1_000)
    """So many meters a second are told of a key, at most."""
    key_again_s: int = Field(default=3_600, ge=1)
    """A meter that has not acknowledged a key in this time is told again."""
    timezone: str = "Asia/Shanghai"
    """The utility's: of posting days and of the calendars of policies."""
    silence_borne_s: int = Field(default=24 * 3600, ge=3600)
    """A meter that no trusted reading came of for longer is a finding (VEE-10)."""
    none_while_closed_days: Annotated[int, Field(ge=2, le=30)] | None = None
    """Somebody is sent to a meter that used something every day, and nothing for so many days
    though its relay is closed; none: nobody is."""
    receipt_keys: dict[KeyId, SecretStr] = Field(default_factory=dict)
    """Key id to Ed25519 private key (PEM) that receipts are signed with, the newest first; without
    any there are no receipts."""
    utility_name: Annotated[str, Field(min_length=1, max_length=60)] = "Prewatt"
    """At the head of the receipts of payments."""
    paper_font: Path | None = None
    """A TrueType file that receipts on paper are set in and that goes into each; none: fonts that
    readers of PDF have (`prepay_ledger/paper`)."""
    site_code_masters: SecretStr | None = None
    """The master secrets of reconnection codes, as JSON: key id to at least 32 bytes in base64, the
    newest first. Without any there are no codes."""
    site_code_masters_file: Path | None = None
    """A file with the same."""
    batch_records_max: int = Field(default=60, ge=1, le=1_000)
    """Records of readings in one transaction, each of up to 100 readings."""
    remembered_meters_max: int = Field(default=250_000, ge=0, le=10_000_000)
    """Of so many meters a replica remembers where they stand, some 700 bytes each."""
    linger_ms: int = Field(default=50, ge=0, le=5_000)
    """The least time between two batches of readings; payments and meters' answers never wait."""

    @field_validator("next_command_signing_key", "next_command_key_id", mode="before")
    @classmethod
    def _set(cls, value: object) -> object:
        """Compose hands over what is not set as an empty text."""
        return None if value == "" else value

    @field_validator("command_signing_key", "next_command_signing_key")
    @classmethod
    def _signs(cls, pem: SecretStr | None) -> SecretStr | None:
        if pem is None:
            return None
        try:
            private_key(pem.get_secret_value())
        except ValueError as error:
            message = f"the key {error}"
            raise ValueError(message) from error
        return pem

    @field_validator("paper_font")
    @classmethod
    def _can_be_printed(cls, file: Path | None) -> Path | None:
        if file is not None:
            load_font(file)
        return file

    @field_validator("receipt_keys")
    @classmethod
    def _sign_receipts(cls, pems: dict[str, SecretStr]) -> dict[str, SecretStr]:
        receipt_keys_of({key_id: pem.get_secret_value() for key_id, pem in pems.items()})
        return pems

    @field_validator("site_code_masters")
    @classmethod
    def _makes_codes(cls, secrets: SecretStr | None) -> SecretStr | None:
        if secrets is None or not secrets.get_secret_value():
            return None
        masters_of(secrets.get_secret_value())
        return secrets

    @field_validator("site_code_masters_file")
    @classmethod
    def _holds_masters(cls, file: Path | None) -> Path | None:
        if file is not None:
            _masters_in(file)
        return file

    @cached_property
    def site_code_keys(self) -> Masters:
        """Master secrets by key id."""
        if self.site_code_masters is not None:
            return masters_of(self.site_code_masters.get_secret_value())
        return (
            {} if self.site_code_masters_file is None else _masters_in(self.site_code_masters_file)
        )

    @cached_property
    def receipt_signing_keys(self) -> ReceiptKeys:
        """By their ids, the one that signs first."""
        return receipt_keys_of(
            {key_id: pem.get_secret_value() for key_id, pem in self.receipt_keys.items()}
        )

    @model_validator(mode="after")
    def _next_is_whole(self) -> Self:
        if (self.next_command_key_id is None) != (self.next_command_signing_key is None):
            message = "the next command key wants both its id and its private key"
            raise ValueError(message)
        if self.next_command_key_id == self.command_key_id:
            message = "the next command key has the id of the current one"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _hears_of_requests(self) -> Self:
        asked = self.payment_requesters.keys() | self.checkouts.keys() | self.refunders.keys()
        deaf = sorted(asked - self.payment_providers.keys())
        if deaf:
            message = (
                f"provider {deaf[0]} could be asked for money and never be heard: it is not among "
                "payment_providers"
            )
            raise ValueError(message)
        for name, checkout in self.checkouts.items():
            if why := misheard(checkout, self.payment_providers[name]):
                message = f"checkout {name}: what is paid there would be refused here: {why}"
                raise ValueError(message)
        return self

    @field_validator("pay_amounts")
    @classmethod
    def _amounts_are_there(cls, given: dict[str, PayAmounts]) -> dict[str, PayAmounts]:
        for currency, amounts in given.items():
            if odd := odd_amount(amounts, currency):
                message = f"{currency}: nobody could pay {odd} micro-units, a part that it lacks"
                raise ValueError(message)
        return given

    @model_validator(mode="after")
    def _debits_are_apart(self) -> Self:
        taken = self.payment_requesters.keys() | self.payment_providers.keys()
        if both := sorted(self.debit_profiles.keys() & taken):
            message = f"{both[0]} is a provider that is asked, and one that takes files: name one"
            raise ValueError(message)
        return self

    @property
    def command_keys(self) -> Mapping[str, str]:
        """Key id to private key (PEM): what commands may be signed with."""
        keys = {self.command_key_id: self.command_signing_key.get_secret_value()}
        if self.next_command_key_id is not None and self.next_command_signing_key is not None:
            keys[self.next_command_key_id] = self.next_command_signing_key.get_secret_value()
        return keys

    @property
    def key_again(self) -> timedelta:
        """After so long a meter is told of a key again."""
        return timedelta(seconds=self.key_again_s)

    @property
    def approval_terms(self) -> ApprovalTerms:
        """When staff's acts take two people, and for how long they wait for the second."""
        return ApprovalTerms(
            above_micro=self.second_person_above_micro,
            term=timedelta(days=self.proposal_days),
            within=timedelta(hours=self.second_person_within_hours),
            in_all_above_micro=self.second_person_in_all_above_micro,
        )

    @property
    def link_terms(self) -> LinkTerms:
        """How pay links are set up."""
        return LinkTerms(
            base_url=self.public_base_url,
            keys={name: key_bytes(key) for name, key in self.pay_link_keys.items()},
            amounts=self.pay_amounts,
            has_checkouts=bool(self.checkouts),
        )

    @property
    def refund_terms(self) -> RefundTerms:
        """What is paid out how, and what is unclaimed."""
        return RefundTerms(
            cash_max_micro=self.refund_cash_max_micro, unclaimed_days=self.unclaimed_days
        )

    @property
    def silence_borne(self) -> timedelta:
        """How long a meter may be silent."""
        return timedelta(seconds=self.silence_borne_s)


def _masters_in(file: Path) -> Masters:
    try:
        return masters_of(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        message = f"the master secrets cannot be read: {type(error).__name__}"
        raise ValueError(message) from error
