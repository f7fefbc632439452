"""Why something that wants readings of long ago is refused."""

from prewatt_common.refusals import Refusal


class ReadingsHaveLeft(Refusal):
    """What was asked rests on readings that have left the database, and their export is not to be
    had here, or is not what was sealed."""

    kind = "readings-have-left"
