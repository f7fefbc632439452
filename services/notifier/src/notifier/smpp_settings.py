"""The settings of the way to an SMS centre by SMPP."""

from typing import Self

from pydantic import Field, FilePath, SecretStr, model_validator

from notifier.channels.segments import ReferenceBits
from notifier.channels.smpp.channel import SmppForm
from notifier.channels.smpp.link import SmppCentre
from notifier.channels.smpp.receipts import IdForm
from notifier.channels.smpp.rules import DataCodings
from prewatt_common.settings import ServiceSettings


class SmppSettings(ServiceSettings):
    """Without a host there is no SMPP."""

    sms_from: str | None = Field(default=None, max_length=20, pattern=r"^[ -~]*$")
    """None leaves the sender to the gateway or the SMS centre."""
    smpp_host: str | None = None
    smpp_port: int = Field(default=2775, ge=1, le=65535)
    smpp_system_id: str = Field(default="", max_length=15, pattern=r"^[ -~]*$")
    smpp_password: SecretStr = Field(default=SecretStr(""), max_length=8)
    smpp_system_type: str = Field(default="", max_length=12, pattern=r"^[ -~]*$")
    smpp_tls: bool = False
    smpp_ca_file: FilePath | None = None
    """Certificates to trust, where the centre's is not from a public authority."""
    smpp_window: int = Field(default=10, ge=1, le=1000)
    """Messages that wait for the centre's answer at a time, of each of our replicas."""
    smpp_enquire_link_s: float = Field(default=30, gt=0)
    smpp_gsm_data_coding: int = Field(default=0, ge=0, le=255)
    smpp_ucs2_data_coding: int = Field(default=8, ge=0, le=255)
    """What the centre calls the alphabets."""
    smpp_reference_bits: ReferenceBits = ReferenceBits.EIGHT
    smpp_answer_ids: IdForm = IdForm.TEXT
    smpp_receipt_ids: IdForm = IdForm.TEXT
    """How the centre writes a message's number as it answers, and in the text of a receipt."""
    smpp_receipts: bool = True
    """Whether the centre is asked for them. Without, no SMS counts as delivered."""

    delivery_timeout_s: float = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _smpp_consistent(self) -> Self:
        if self.smpp_host and not (self.smpp_system_id and self.smpp_password.get_secret_value()):
            message = (
                "PREWATT_SMPP_SYSTEM_ID and PREWATT_SMPP_PASSWORD are needed with PREWATT_SMPP_HOST"
            )
            raise ValueError(message)
        if self.smpp_ca_file is not None and not self.smpp_tls:
            # Whoever names it thinks that the password does not go in clear.
            message = "PREWATT_SMPP_CA_FILE needs PREWATT_SMPP_TLS"
            raise ValueError(message)
        return self

    @property
    def smpp_centre(self) -> SmppCentre | None:
        """Where SMS are handed in, if it is there."""
        if not self.smpp_host:
            return None
        return SmppCentre(
            host=self.smpp_host,
            port=self.smpp_port,
            system_id=self.smpp_system_id,
            password=self.smpp_password.get_secret_value(),
            system_type=self.smpp_system_type,
            tls=self.smpp_tls,
            ca_file=self.smpp_ca_file,
            window=self.smpp_window,
            enquire_link_s=self.smpp_enquire_link_s,
            timeout_s=self.delivery_timeout_s,
        )

    @property
    def smpp_form(self) -> SmppForm:
        """How the centre wants them."""
        return SmppForm(
            sender=self.sms_from or "",
            codings=DataCodings(gsm=self.smpp_gsm_data_coding, ucs2=self.smpp_ucs2_data_coding),
            reference_bits=self.smpp_reference_bits,
            answered_as=self.smpp_answer_ids,
            receipts=self.smpp_receipts,
        )
