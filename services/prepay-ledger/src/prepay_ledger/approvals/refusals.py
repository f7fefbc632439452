"""Why a proposal, or a decision about one, is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownProposal(Refusal):
    """No such proposal."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-proposal"


class AnotherWaits(Refusal):
    """Another act of the kind about the same waits for a second person."""

    kind = "another-proposal-waits"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with another act."""

    kind = "idempotency-key-used"


class ProposalDecided(Refusal):
    """Somebody decided about it before, otherwise or somebody else."""

    kind = "proposal-decided"


class ProposalExpired(Refusal):
    """Nobody approved it within its term: it is to be proposed anew."""

    kind = "proposal-expired"
