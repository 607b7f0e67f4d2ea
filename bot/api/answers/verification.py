"""The proof of a run's history as the API shows it."""

from pydantic import Field

from bot.api.answers.base import Shown
from core.checkpoints.chain import Verified
from core.errors import BrokenChainError


class Verification(Shown):
    """Whether a run's history is as it was written, and where it is not first."""

    run_id: str
    intact: bool
    entries: int = Field(description="how many entries were found as they were")
    checkpoints: int = Field(description="how many checkpoints were compared")
    redacted: int = Field(description="how many states were erased on purpose")
    head: str | None = Field(description="the hash of the last entry")
    broken_seq: int | None = Field(description="the first entry that is not as it was")
    reason: str | None = Field(description="what is wrong with it")

    @classmethod
    def proved(cls, run_id: str, found: Verified) -> "Verification":
        """Return what a proof says."""
        return cls(
            run_id=run_id,
            intact=True,
            entries=found.entries,
            checkpoints=found.checkpoints,
            redacted=found.redacted,
            head=found.head,
            broken_seq=None,
            reason=None,
        )

    @classmethod
    def broken(cls, run_id: str, error: BrokenChainError) -> "Verification":
        """Return what is said when a link is broken."""
        seq = int(str(error.facts["seq"]))
        return cls(
            run_id=run_id,
            intact=False,
            entries=seq - 1,
            checkpoints=0,
            redacted=0,
            head=None,
            broken_seq=seq,
            reason=str(error.facts["reason"]),
        )
