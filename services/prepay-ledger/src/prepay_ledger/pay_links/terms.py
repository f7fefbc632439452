"""How pay links are set up."""

from collections.abc import Mapping
from dataclasses import dataclass

from prepay_ledger.pay_links.refusals import PayLinksNotSetUp
from prepay_ledger.pay_links.values import LinkKeys, PayAmounts


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerms:
    """``base_url``: the one domain that links are of, without a slash at the end."""

    base_url: str
    keys: LinkKeys
    amounts: Mapping[str, PayAmounts]
    """By currency."""
    has_checkouts: bool

    @property
    def wanting(self) -> list[str]:
        """The settings without which there are no links."""
        return [
            name
            for name, there in (
                ("PREWATT_PUBLIC_BASE_URL", self.base_url),
                ("PREWATT_PAY_LINK_KEYS", self.keys),
                ("PREWATT_CHECKOUTS", self.has_checkouts),
            )
            if not there
        ]

    def check(self) -> None:
        """Raises `PayLinksNotSetUp`."""
        if self.wanting:
            message = f"pay links are not set up here: {', '.join(self.wanting)}"
            raise PayLinksNotSetUp(message)

    def url_of(self, token: str) -> str:
        """What a payer opens."""
        return f"{self.base_url}/p/{token}"
