"""Why something is refused while an account changes the way in which it pays."""

from prewatt_common.refusals import Refusal


class ModeChangeUnderWay(Refusal):
    """The account is changing between prepaid and post-paid."""

    kind = "mode-change-under-way"
