"""Why a reconnection code is not shown."""

from prewatt_common.refusals import Refusal


class SiteCodesNotSetUp(Refusal):
    """There is no master secret in the settings."""

    kind = "site-codes-not-set-up"


class NoSiteCode(Refusal):
    """Nothing is to be closed by a code for this order."""

    kind = "no-site-code"


class TooManySiteCodes(Refusal):
    """The meter would not look ahead so far."""

    kind = "too-many-site-codes"
