"""Why nothing is said of what an account has to pay."""

from prewatt_common.refusals import Refusal


class NotPostPaid(Refusal):
    """The account pays beforehand: nothing of it is due."""

    kind = "not-post-paid"
